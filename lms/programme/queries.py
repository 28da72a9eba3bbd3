"""What is counted for a release, and what a page shows of it. The page asks four statements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Row, and_, case, exists, func, or_, select

from lms import disclosure, places
from lms.assessment.models import Attempt
from lms.certificates.models import Certificate
from lms.db import session
from lms.learning.models import Completion, Enrolment
from lms.people.models import Membership, Organisation, Person
from lms.policy import Viewer
from lms.programme import rules
from lms.programme.models import FigureGroup, FigureRelease
from lms.text import sort_key
from lms.web import language

# --- counting, for the worker ----------------------------------------------------------------------------


@dataclass
class Counted:
    """An office and the true counts of the people who joined from it, by `rules.NAMES`."""

    country: str
    numbers: dict[str, int] = field(default_factory=lambda: dict.fromkeys(rules.NAMES, 0))


def counts(on: date) -> dict[str, Counted]:
    """The true counts by office ("" for people of none): one statement. For `disclosure` alone, never for a page.

    A human counts once, with two enrolments or two records that were merged. Withdrawn enrolments count; who
    only teaches has none. The office is the one they were of when they first enrolled, else the first they came
    to after: of several at once the one they had been in longest.
    """
    human = func.coalesce(Person.merged_into, Person.id)
    step = case(
        (
            exists().where(
                Certificate.person_id == Person.id, Certificate.state == "issued", Certificate.valid_until >= on
            ),
            3,
        ),
        (exists().where(Completion.person_id == Person.id), 2),
        (exists().where(Attempt.person_id == Person.id), 1),
        else_=0,
    )
    records = (
        select(human.label("human"), Enrolment.enrolled_at.label("at"), step.label("step"))
        .join(Enrolment, Enrolment.person_id == Person.id)
        .subquery()
    )
    humans = (
        select(records.c.human, func.min(records.c.at).label("at"), func.max(records.c.step).label("step"))
        .group_by(records.c.human)
        .subquery()
    )
    owner = Person.__table__.alias()
    in_order = func.row_number().over(
        partition_by=humans.c.human, order_by=(Membership.starts_on, Membership.organisation_id)
    )
    homes = (
        select(humans.c.human, Membership.organisation_id.label("office"), in_order.label("place"))
        .join(owner, or_(owner.c.id == humans.c.human, owner.c.merged_into == humans.c.human))
        .join(Membership, Membership.person_id == owner.c.id)
        .where(or_(Membership.ends_on.is_(None), Membership.ends_on > humans.c.at))
        .subquery()
    )
    rows = session().execute(
        select(homes.c.office, Organisation.country, Person.sex, humans.c.step, func.count())
        .select_from(humans)
        .join(Person, Person.id == humans.c.human)
        .outerjoin(homes, and_(homes.c.human == humans.c.human, homes.c.place == 1))
        .outerjoin(Organisation, Organisation.id == homes.c.office)
        .group_by(homes.c.office, Organisation.country, Person.sex, humans.c.step)
    )
    found: dict[str, Counted] = {}
    for office, country, sex, reached, people in rows:
        numbers = found.setdefault(str(office or ""), Counted(country or "")).numbers
        for name in rules.STEPS[: reached + 1]:
            numbers[name] += people
        numbers["women"] += people if sex == "female" else 0
    return found


# --- what was released -----------------------------------------------------------------------------------


def last_release() -> Row[UUID, date, list[str]] | None:
    """Id, day and offices left out of the newest release; None before the first."""
    query = select(FigureRelease.id, FigureRelease.counted_on, FigureRelease.left_out)
    return session().execute(query.order_by(FigureRelease.month.desc()).limit(1)).one_or_none()


def groups_of(release_id: UUID) -> list[disclosure.Group]:
    """The groups of a release with their numbers."""
    rows = session().execute(
        select(FigureGroup.offices, FigureGroup.numbers).where(FigureGroup.release_id == release_id)
    )
    return [disclosure.Group(frozenset(row.offices), _numbers(row.numbers)) for row in rows]


def _numbers(stored: Mapping[str, Any]) -> dict[str, disclosure.Number]:
    return {
        name: disclosure.Number(shown, counted, date.fromisoformat(since))
        for name, (shown, counted, since) in stored.items()
    }


# --- what a page shows -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scope:
    """Over what figures are shown: `value` stands in the address, as `country:SN`."""

    kind: str
    id: str
    label: str

    @property
    def value(self) -> str:
        return f"{self.kind}:{self.id}" if self.id else self.kind


@dataclass(frozen=True)
class Line:
    """A line of the table: shown numbers by name; a name that is missing is too few to show."""

    label: str
    numbers: dict[str, int]


@dataclass(frozen=True)
class Place:
    """A country with its groups, or what lies in several or in none. Its own numbers are theirs, added up."""

    total: Line
    groups: list[Line]
    is_country: bool


@dataclass(frozen=True)
class Figures:
    """A page of figures. `names` are those that at least one group shows; `left_out` counts offices."""

    scopes: list[Scope]
    scope: Scope
    counted_on: date | None = None
    next_on: date | None = None
    headline: str = ""
    places: list[Place] = field(default_factory=list)
    total: Line = field(default_factory=lambda: Line("", {}))
    names: list[str] = field(default_factory=list)
    left_out: int = 0

    @property
    def largest(self) -> Line | None:
        """The country with the most people, where there is one: two may have as many, and others lie in none."""
        ordered = sorted(self.places, key=lambda place: -place.total.numbers["enrolled"])
        if len(ordered) < 2 or not ordered[0].is_country:
            return None
        first, second = (place.total for place in ordered[:2])
        return first if first.numbers["enrolled"] > second.numbers["enrolled"] else None

    @property
    def gaps(self) -> bool:
        """Whether a number of some line is too few to show."""
        return any(name not in line.numbers for place in self.places for line in place.groups for name in self.names)


@dataclass(frozen=True)
class _Office:
    name: str
    country: str


def _offices() -> dict[str, _Office]:
    """All offices by their id, archived ones too."""
    rows = session().execute(select(Organisation.id, Organisation.name, Organisation.names, Organisation.country))
    code = language.code()
    return {str(row.id): _Office(row.names.get(code) or row.name, row.country) for row in rows}


def figures(viewer: Viewer, asked: str | None) -> Figures | None:
    """The figures that this viewer asks for, over the first of their scopes if they name none.

    None for a scope that is not theirs. Three statements.
    """
    offices = _offices()
    scopes = _scopes_of(viewer, offices)
    scope = next((scope for scope in scopes if asked in (None, scope.value)), None)
    if scope is None:
        return None
    release = last_release()
    if release is None:
        return Figures(scopes, scope)
    within = _within(scope, offices, release.counted_on)
    groups = disclosure.inside(groups_of(release.id), within)
    totals = disclosure.totals(groups)
    left_out = [key for key in release.left_out if key and (within is None or key in within)]
    countries = {offices[key].country for group in groups for key in group.offices if key in offices}
    return Figures(
        scopes,
        scope,
        release.counted_on,
        rules.next_on(release.counted_on),
        rules.headline(
            totals,
            len(countries) if scope.kind in ("programme", "region") else 0,
            all("finished" in group.numbers for group in groups),
        )
        if groups
        else "",
        _places(groups, offices),
        Line(_("All together"), totals),
        [name for name in rules.NAMES if name in totals],
        len(left_out),
    )


def _scopes_of(viewer: Viewer, offices: Mapping[str, _Office]) -> list[Scope]:
    """The viewer's own scopes, the widest first."""
    code = language.code()
    widest = ("programme", "region", "country", "organisation")
    names: dict[str, Callable[[str], str]] = {
        "programme": lambda _id: _("The whole programme"),
        "region": lambda key: places.region_name(key, code),
        "country": lambda key: places.name(key, code),
        "organisation": lambda key: offices[key].name if key in offices else key,
    }
    held = {(grant.scope, grant.scope_id) for grant in viewer.may_over("figures.see")}
    scopes = [Scope(kind, key, names[kind](key)) for kind, key in held]
    return sorted(scopes, key=lambda scope: (widest.index(scope.kind), sort_key(scope.label), scope.id))


def _within(scope: Scope, offices: Mapping[str, _Office], on: date) -> frozenset[str] | None:
    """The offices of a scope on the day the figures were counted; None for all of them and people of none."""
    if scope.kind == "programme":
        return None
    if scope.kind == "organisation":
        return frozenset({scope.id})
    countries = places.countries_of(scope.id, on) if scope.kind == "region" else {scope.id}
    return frozenset(key for key, office in offices.items() if office.country in countries)


def _places(groups: list[disclosure.Group], offices: Mapping[str, _Office]) -> list[Place]:
    """The groups by country, in the order of their names; what lies in several countries or none comes last."""

    def in_order(group: disclosure.Group) -> tuple[bool, str]:
        return len(group.offices) > 1, sort_key(_label(group, offices))

    by_country: dict[tuple[bool, str, str], list[disclosure.Group]] = {}
    for group in groups:
        found = {offices[key].country if key in offices else "" for key in group.offices}
        name = places.name(next(iter(found)), language.code()) if len(found) == 1 and "" not in found else ""
        label = name or (_("No office") if found == {""} else _("Several countries"))
        by_country.setdefault((not name, sort_key(label), label), []).append(group)
    return [
        Place(
            Line(label, disclosure.totals(members)),
            [Line(_label(group, offices), disclosure.totals([group])) for group in sorted(members, key=in_order)],
            not last,
        )
        for (last, _key, label), members in sorted(by_country.items())
    ]


def _label(group: disclosure.Group, offices: Mapping[str, _Office]) -> str:
    """The name of an office; of several that are shown as one, how many they are."""
    if len(group.offices) > 1:
        count = len(group.offices)
        return str(
            ngettext("%(count)s office together", "%(count)s offices together", count, count=language.number(count))
        )
    key = next(iter(group.offices))
    return offices[key].name if key in offices else _("No office")
