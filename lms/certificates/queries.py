"""What can be asked of certificates: a person's, an office's, the one under a code, what one says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup
from sqlalchemy import ColumnElement, Select, literal, or_, select
from sqlalchemy.orm import aliased

from lms import clock
from lms.certificates import rules
from lms.certificates.models import Certificate
from lms.db import session
from lms.people import queries as people
from lms.people import upstairs
from lms.people.models import Membership, Organisation, Person, shown_name
from lms.policy import Target
from lms.web import language
from lms.web.timeline import Event

# Written into the statement, not bound: only then does a database see that the partial index serves.
WAITING = literal("waiting", literal_execute=True)


@dataclass(frozen=True)
class Fact:
    """A printed field: what it is, and what it says."""

    label: str
    value: str


@dataclass(frozen=True)
class Taken:
    """A lesson on a certificate: its number in the module (in the digits of the language), title, length."""

    number: str
    title: str
    length: str


@dataclass(frozen=True)
class Printed:
    """Everything that stands on a certificate, in words: the page that proves it shows the same and no more.

    Names, titles and `what` are in the holder's language; labels, dates and numbers in the language in use.
    """

    kind: str
    name: str
    name_latin: str  # empty where the name is in Latin letters itself
    what: str
    course: str
    lessons: tuple[Taken, ...]
    sentence_html: Markup
    facts: tuple[Fact, ...]
    places: tuple[Fact, ...]
    programme: str
    code: str
    language: str

    @property
    def sentence(self) -> str:
        """The sentence without its marks."""
        return str(self.sentence_html.striptags())


def printed(snapshot: dict[str, Any]) -> Printed:
    """A snapshot in words, in the language in use."""
    lessons = tuple(
        Taken(language.number(lesson["number"]), lesson["title"], hours(lesson["minutes"]))
        for lesson in snapshot["lessons"]
    )
    spoken = snapshot["language"]
    tongue = Markup('lang="{}" dir="{}"').format(spoken, language.direction(spoken))
    what = Markup("<strong {}>{}</strong>").format(tongue, snapshot["what"])
    course = Markup("<span {}>{}</span>").format(tongue, snapshot["course"])
    if snapshot["whole"]:
        sentence = _("has completed the module %(what)s of the course %(course)s.", what=what, course=course)
    else:
        sentence = _("has completed %(what)s, from the course %(course)s.", what=what, course=course)
    organisations = snapshot["organisations"]
    places = [Fact(_("Issued by"), snapshot["programme"])]
    if organisations:
        places.insert(0, Fact(_("Office at the time"), _("; ").join(organisations)))
    return Printed(
        kind=_("Certificate of completion"),
        name=shown_name(snapshot["name"]),
        name_latin="" if rules.is_latin(snapshot["name"]) else snapshot["name_latin"],
        what=snapshot["what"],
        course=snapshot["course"],
        lessons=lessons,
        sentence_html=Markup(sentence),  # noqa: S704 - every part of it was escaped above
        facts=(
            Fact(_("Completed"), _day(snapshot["completed_on"])),
            Fact(_("Valid until"), _day(snapshot["valid_until"])),
            Fact(_("Lessons"), language.number(len(lessons))),
            Fact(_("Learning time"), hours(snapshot["minutes"])),
            *([] if snapshot["percent"] is None else [Fact(_("Result"), language.percent(snapshot["percent"] / 100))]),
        ),
        places=tuple(places),
        programme=snapshot["programme"],
        code=snapshot["code"],
        language=spoken,
    )


def _day(iso: str) -> str:
    return language.day(date.fromisoformat(iso), "d MMMM y")


def hours(minutes: int) -> str:
    """Minutes as hours and minutes, in words."""
    whole, rest = divmod(minutes, 60)
    if not rest:
        text = ngettext("%(hours)s h", "%(hours)s h", whole, hours=language.number(whole))
    elif not whole:
        text = ngettext("%(minutes)s min", "%(minutes)s min", rest, minutes=language.number(rest))
    else:
        text = _("%(hours)s h %(minutes)s min", hours=language.number(whole), minutes=language.number(rest))
    return str(text)


def right_to_left(code: str) -> bool:
    return language.direction(code) == "rtl"


@dataclass(frozen=True)
class Listed:
    """A certificate as lists and pages show it."""

    id: UUID
    person_id: UUID
    code: str
    state: str
    snapshot: dict[str, Any]
    completed_on: date
    valid_until: date
    issued_at: datetime | None
    blocked_reason: str
    file_id: UUID | None
    erased_at: datetime | None

    @property
    def status(self) -> str:
        """`valid`, `expired` or `prepared`, on today's date where its holder is."""
        return rules.status(self.state, self.valid_until, clock.today(self.snapshot["time_zone"]))

    @property
    def language(self) -> str:
        """The holder's, in which the title is."""
        return str(self.snapshot["language"])

    @property
    def title(self) -> str:
        """What it certifies, as a heading."""
        what: str = self.snapshot["what"]
        return what[:1].upper() + what[1:]


_COLUMNS = (
    Certificate.id,
    people.human().label("person_id"),
    Certificate.code,
    Certificate.state,
    Certificate.snapshot,
    Certificate.completed_on,
    Certificate.valid_until,
    Certificate.issued_at,
    Certificate.blocked_reason,
    Certificate.file_id,
    Certificate.erased_at,
)


def _listed() -> Select[Any]:
    """Certificates with the record under which their holder is known today."""
    return select(*_COLUMNS).join(Person, Person.id == Certificate.person_id)


def certificates_of(person_id: UUID) -> list[Listed]:
    """A person's certificates, newest first: one statement."""
    query = _listed().where(people.same_person(Certificate.person_id, person_id))
    rows = session().execute(query.order_by(Certificate.completed_on.desc(), Certificate.id.desc()))
    return [Listed(*row) for row in rows]


def held_of(person_ids: list[UUID]) -> upstairs.Held:
    """What these people hold certificates for, to compare two records by: one statement."""
    query = _listed().where(people.among(person_ids)).order_by(Certificate.completed_on.desc())
    titles: dict[UUID, list[str]] = {key: [] for key in person_ids}
    for row in session().execute(query):
        held = Listed(*row)
        when = language.day(held.completed_on, "medium")
        titles[held.person_id].append(_("%(what)s, %(when)s", what=language.isolated(held.title), when=when))
    return {key: [(_("Certificates"), lines)] for key, lines in titles.items()}


def of_organisation(organisation_id: UUID) -> list[Listed]:
    """What was earned while its holder was of that office, also when they left since: one statement."""
    member, holder = aliased(Person), aliased(Person)
    query = (
        _listed()
        .where(
            Certificate.id.in_(
                select(Certificate.id)
                .select_from(Membership)
                .join(member, member.id == Membership.person_id)
                .join(holder, people.of_human(holder, people.human(member)))
                .join(Certificate, Certificate.person_id == holder.id)
                .where(Membership.organisation_id == organisation_id, _then())
            )
        )
        .order_by(Certificate.completed_on.desc(), Certificate.id.desc())
    )
    return [Listed(*row) for row in session().execute(query)]


def _earned_then() -> ColumnElement[bool]:
    """The membership held on the day of completion, under whichever record of the holder (`Person` is theirs)."""
    record = aliased(Person)
    return Membership.person_id.in_(select(record.id).where(people.of_human(record, people.human()))) & _then()


def _then() -> ColumnElement[bool]:
    """That a membership (half-open) held on the day of completion."""
    return (Membership.starts_on <= Certificate.completed_on) & or_(
        Membership.ends_on.is_(None), Membership.ends_on > Certificate.completed_on
    )


def by_code(code: str) -> Listed | None:
    """The certificate under a code as it is printed (see `rules.normalise`): one statement."""
    row = session().execute(_listed().where(Certificate.code == code)).one_or_none()
    return Listed(*row) if row else None


def by_id(certificate_id: UUID) -> Listed:
    """A certificate that is known to exist."""
    return Listed(*session().execute(_listed().where(Certificate.id == certificate_id)).one())


def is_any_waiting() -> bool:
    """Whether the worker has something to render: a read, so that it holds no writer up when there is not."""
    free = or_(Certificate.lease_until.is_(None), Certificate.lease_until < clock.now())
    query = select(Certificate.id).where(Certificate.state == WAITING, free).limit(1)
    return session().scalar(query) is not None


# --- whose a certificate is, for the permissions ---------------------------------------------------------


def target_of(certificate_id: UUID) -> Target | None:
    """Whose it is: its holder's, the offices' of the day it was earned, and the cohorts' its holder is in."""
    query = (
        select(people.human().label("person_id"), Membership.organisation_id, Organisation.country)
        .select_from(Certificate)
        .join(Person, Person.id == Certificate.person_id)
        .outerjoin(Membership, _earned_then())
        .outerjoin(Organisation, Organisation.id == Membership.organisation_id)
        .where(Certificate.id == certificate_id)
    )
    rows = session().execute(query).all()
    if not rows:
        return None
    person: UUID = rows[0].person_id
    offices = (people.scopes_of_office(row.organisation_id, row.country) for row in rows if row.organisation_id)
    return Target(person, frozenset(upstairs.scopes_of(person)).union(*offices))


def events_of(person_id: UUID) -> list[Event]:
    """What this room tells of a person's past: one statement."""
    return [
        Event(
            held.issued_at,
            "certificate",
            _("Certificate issued: %(what)s", what=language.isolated(held.snapshot["what"])),
            url_for("certificates.download", certificate=held.id),
        )
        for held in certificates_of(person_id)
        if held.issued_at is not None
    ]
