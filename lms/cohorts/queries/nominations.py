"""Nominations as the coordinator, the office and the person see them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import aliased

from lms import clock
from lms.cohorts import rules
from lms.cohorts.models import Call, Cohort, CohortMember, Nomination
from lms.cohorts.queries.calls import WAITING_ORDER, SeatLine, call_of, office_call_target, seat_lines
from lms.cohorts.queries.groups import target_of
from lms.db import session
from lms.people import queries as people
from lms.people.models import Address, Membership, Organisation, Person, RoleGrant
from lms.policy import Target
from lms.web import language


@dataclass(frozen=True)
class Nominee:
    """A nomination in a list. `name` is what may be shown: of one who was typed, what was typed, until they joined.

    `joined`: in the cohort; `clash`: the typed address belongs to somebody who is in the cohort already.
    """

    id: UUID
    person_id: UUID | None
    name: str
    address: str
    organisation_id: UUID | None
    office: str
    state: str
    by_hand: bool
    joined: bool
    taken: bool
    clash: bool
    was_selected: bool
    supervisor: str
    motivation: str
    reason: str
    nominated_at: datetime
    decided_at: datetime | None
    position: int | None


def undecided(cohort_id: UUID) -> int:
    """How many nominations for a cohort are to be decided."""
    return session().scalar(_UNDECIDED, {"cohort": cohort_id}) or 0


_UNDECIDED = select(func.count()).where(Nomination.cohort_id == bindparam("cohort"), Nomination.state == "nominated")


def nominees(cohort_id: UUID) -> list[Nominee]:
    """All nominations for a cohort: what is to be decided first, the waiting list in its order, else by name.

    One statement.
    """
    found = _nominees(Nomination.cohort_id == cohort_id)
    return sorted(found, key=lambda n: (rules.STATES.index(n.state), n.position or 0))


def nominees_of_office(cohort_id: UUID, organisation_id: UUID) -> list[Nominee]:
    """Those that an office made: one statement. What an address is elsewhere does not show."""
    return _nominees(
        Nomination.cohort_id == cohort_id,
        Nomination.organisation_id == organisation_id,
        Nomination.by_hand.is_(False),
        typed=True,
    )


def _nominees(*wanted: ColumnElement[bool], typed: bool = False) -> list[Nominee]:
    """`typed`: whoever was typed keeps the typed name even after joining."""
    spoken = language.code()
    theirs, known, has_member = aliased(Address), aliased(Person), _is_member()
    clash = exists(
        select(CohortMember.id)
        .join(theirs, people.same_person(theirs.person_id, CohortMember.person_id))
        .where(
            CohortMember.cohort_id == Nomination.cohort_id,
            CohortMember.withdrawn_at.is_(None),
            Nomination.person_id.is_(None),
            theirs.key == Nomination.address_key,
            theirs.confirmed_at.is_not(None),
        )
        .correlate(Nomination)
    )
    rows = session().execute(
        select(Nomination, known.id, known.name, Organisation.name, Organisation.names, has_member, clash)
        .outerjoin(Person, Person.id == Nomination.person_id)
        .outerjoin(known, known.id == people.human())
        .outerjoin(Organisation, Organisation.id == Nomination.organisation_id)
        .where(*wanted)
        .order_by(func.coalesce(known.sort_key, func.lower(Nomination.name)), *WAITING_ORDER)
    )
    return [_nominee(*row, spoken=spoken, typed=typed) for row in rows]


def _nominee(
    row: Nomination, person_id: UUID | None, name: str | None, office: str | None, names: dict[str, str] | None,
    joined: bool, clash: bool, *, spoken: str, typed: bool,
) -> Nominee:  # fmt: skip
    shown = not row.address_key or (joined and not typed)
    return Nominee(
        id=row.id,
        person_id=person_id if shown else None,
        name=(name or row.name) if shown else row.name,
        address=row.address,
        organisation_id=row.organisation_id,
        office=(names or {}).get(spoken) or office or "",
        state=row.state,
        by_hand=row.by_hand,
        joined=bool(joined),
        taken=row.taken_at is not None,
        clash=bool(clash),
        was_selected=row.selected_at is not None,
        supervisor=row.supervisor,
        motivation=row.motivation,
        reason=row.reason,
        nominated_at=row.nominated_at,
        decided_at=row.decided_at,
        position=row.position,
    )


def _is_member() -> ColumnElement[bool]:
    """That the person of a nomination is in its cohort, under whichever of their records."""
    return exists(
        select(CohortMember.id)
        .where(
            CohortMember.cohort_id == Nomination.cohort_id,
            people.same_person(CohortMember.person_id, Nomination.person_id),
            CohortMember.withdrawn_at.is_(None),
        )
        .correlate(Nomination)
    )


@dataclass(frozen=True)
class Group:
    """An office of a call with its nominations."""

    office: SeatLine
    nominees: list[Nominee]


@dataclass(frozen=True)
class Filling:
    """A free place and who follows: `left` is who had it, where somebody had."""

    left: Nominee | None
    follows: Nominee


@dataclass(frozen=True)
class Selection:
    """All nominations for a cohort: by office, the waiting list in its order, places offered by hand."""

    cohort: Cohort
    call: Call | None
    groups: list[Group]
    waiting: list[Nominee]
    by_hand: list[Nominee]
    selected: int
    undecided: int
    fillings: list[Filling]

    @property
    def free(self) -> int:
        return max(0, self.call.seats - self.selected) if self.call else 0


def selection_of(cohort_id: UUID) -> Selection:
    """What a coordinator decides on: five statements, however many people."""
    cohort, call = session().get_one(Cohort, cohort_id), call_of(cohort_id)
    found = nominees(cohort_id)
    named = [n for n in found if not n.by_hand]
    by_office: dict[UUID | None, list[Nominee]] = {}
    for nominee in named:
        by_office.setdefault(nominee.organisation_id, []).append(nominee)
    groups = [Group(line, by_office.get(line.organisation_id, [])) for line in (seat_lines(call) if call else [])]
    waiting = [n for n in named if n.state == "waiting"]
    selected = sum(n.state == "selected" for n in named)
    free = max(0, call.seats - selected) if call and call.selected_at else 0
    return Selection(
        cohort, call, groups, waiting, [n for n in found if n.by_hand], selected,
        sum(n.state == "nominated" for n in named), _fillings(named, waiting, free),
    )  # fmt: skip


def _fillings(named: list[Nominee], waiting: list[Nominee], free: int) -> list[Filling]:
    """For each free place who follows, the same office first; the places that were left last come first."""
    left: list[Nominee | None] = [n for n in named if n.was_selected and n.state in ("declined", "withdrawn")]
    left.sort(key=lambda n: (n and n.decided_at and -n.decided_at.timestamp()) or 0)
    fillings, still = [], {n.id: n for n in waiting}
    for gone in [*left, *[None] * free][:free]:
        key = rules.next_waiting(
            ((n.id, n.organisation_id) for n in still.values()), gone.organisation_id if gone else None
        )
        if key is None:
            break
        fillings.append(Filling(gone, still.pop(key)))
    return fillings


@dataclass(frozen=True)
class StaffChoice:
    """Somebody of an office's staff who can be nominated."""

    person_id: UUID
    name: str
    post: str


def staff_to_nominate(organisation_id: UUID, cohort_id: UUID) -> list[StaffChoice]:
    """The office's staff of today who are neither in a cohort nor nominated for it, by name: one statement."""
    today, known = clock.today(), aliased(Person)
    taken = or_(
        exists(
            select(CohortMember.id).where(
                CohortMember.cohort_id == cohort_id,
                people.same_person(CohortMember.person_id, known.id),
                CohortMember.withdrawn_at.is_(None),
            )
        ),
        exists(
            select(Nomination.id).where(
                Nomination.cohort_id == cohort_id,
                people.same_person(Nomination.person_id, known.id),
                Nomination.state != "withdrawn",
                # Whose address was typed is nobody's business: they stay in the list.
                Nomination.address_key == "",
            )
        ),
    )
    rows = session().execute(
        select(known.id, known.name, known.post, known.sort_key)
        .select_from(Membership)
        .join(Person, Person.id == Membership.person_id)
        .join(known, known.id == people.human())
        .where(
            Membership.organisation_id == organisation_id,
            Membership.starts_on <= today,
            or_(Membership.ends_on.is_(None), Membership.ends_on > today),
            known.archived_at.is_(None),
            ~taken,
        )
        .distinct()
        .order_by(known.sort_key)
    )
    return [StaffChoice(key, name, post) for key, name, post, _sort_key in rows]


@dataclass(frozen=True)
class StaffLine:
    """A role over a cohort that is held now."""

    grant_id: UUID
    role: str
    name: str


def staff_lines(cohort_id: UUID) -> list[StaffLine]:
    """The cohort's own staff, coordinators first, with what is needed to end a role: one statement."""
    known = aliased(Person)
    rows = session().execute(
        select(RoleGrant.id, RoleGrant.role, known.name)
        .join(Person, Person.id == RoleGrant.person_id)
        .join(known, known.id == people.human())
        .where(RoleGrant.scope == "cohort", RoleGrant.scope_id == str(cohort_id), RoleGrant.ended_at.is_(None))
        .order_by(RoleGrant.role, known.sort_key)
    )
    return [StaffLine(*row) for row in rows]


def staff_target(cohort_id: UUID, grant_id: UUID) -> Target | None:
    """The cohort of a role over it, held or ended; None for any other role."""
    held = select(RoleGrant.id).where(
        RoleGrant.id == grant_id,
        RoleGrant.scope == "cohort",
        RoleGrant.scope_id == str(cohort_id),
    )
    return target_of(cohort_id) if session().scalar(held) is not None else None


# --- one nomination -----------------------------------------------------------------------------------------


def nomination_target(cohort: UUID, nomination: UUID) -> Target | None:
    """The cohort of a nomination that is one of its own: parent and child are looked up together."""
    own = select(Nomination.id).where(Nomination.id == nomination, Nomination.cohort_id == cohort)
    return target_of(cohort) if session().scalar(own) is not None else None


def office_nomination_target(organisation: UUID, cohort: UUID, nomination: UUID) -> Target | None:
    """The office that made a nomination for this cohort."""
    own = select(Nomination.id).where(
        Nomination.id == nomination,
        Nomination.cohort_id == cohort,
        Nomination.organisation_id == organisation,
        Nomination.by_hand.is_(False),
    )
    return office_call_target(organisation, cohort) if session().scalar(own) is not None else None


def offer_target(nomination: UUID) -> Target | None:
    """Whose a nomination is, once a place was given to them; until then it is no page of theirs."""
    person = session().scalar(
        select(people.human())
        .join(Nomination, Nomination.person_id == Person.id)
        .where(Nomination.id == nomination, Nomination.state.in_(("selected", "declined")))
    )
    return Target(person) if person else None


@dataclass(frozen=True)
class Offer:
    """A place that a person has or is asked to take. `joined`: they are in the cohort already."""

    id: UUID
    cohort: str
    course: str
    starts_on: date
    ends_on: date
    office: str
    state: str
    joined: bool
    taken: bool
    over: bool  # the cohort has ended


_OFFERS = (
    select(
        Nomination.id,
        Cohort.name,
        Cohort.course,
        Cohort.starts_on,
        Cohort.ends_on,
        Organisation.name,
        Organisation.names,
        Nomination.state,
        _is_member(),
        Nomination.taken_at.is_not(None),
    )
    .join(Cohort, Cohort.id == Nomination.cohort_id)
    .outerjoin(Organisation, and_(Organisation.id == Nomination.organisation_id, Nomination.by_hand.is_(False)))
    .where(Cohort.archived_at.is_(None))
    .order_by(Cohort.starts_on)
)


# Built once: Today asks it.
_WAITING_OFFERS = _OFFERS.where(
    people.same_person(Nomination.person_id, bindparam("person")),
    Nomination.state == "selected",
    Nomination.taken_at.is_(None),
    Cohort.ends_on >= bindparam("today"),
)


def offers_of(person_id: UUID) -> list[Offer]:
    """The places that wait for a person's answer, of cohorts that have not ended: one statement, for Today."""
    return list(_offers(session().execute(_WAITING_OFFERS, {"person": person_id, "today": clock.today()})))


def offer(nomination_id: UUID) -> Offer:
    """One place; LookupError where there is none."""
    found = list(_offers(session().execute(_OFFERS.where(Nomination.id == nomination_id))))
    if not found:
        raise LookupError(f"no nomination {nomination_id}")
    return found[0]


def _offers(rows: Iterable[Any]) -> Iterable[Offer]:
    spoken, today = language.code(), clock.today()
    for key, cohort, course, starts_on, ends_on, office, names, state, joined, taken in rows:
        named = (names or {}).get(spoken) or office or ""
        yield Offer(key, cohort, course, starts_on, ends_on, named, state, bool(joined), bool(taken), ends_on < today)


def offered_welcome_of(person_id: UUID) -> str:
    """What an invitation says about the places that wait for a person."""
    rows = session().execute(
        select(Cohort.name, Cohort.starts_on, Nomination.is_new)
        .join(Nomination, Nomination.cohort_id == Cohort.id)
        .where(
            people.same_person(Nomination.person_id, person_id),
            Nomination.state == "selected",
            ~_is_member(),
            Cohort.archived_at.is_(None),
        )
        .order_by(Cohort.starts_on)
    )
    sentences = []
    for name, starts_on, is_new in rows:
        values = {"cohort": name, "day": language.day(starts_on)}
        if is_new:
            said = _("By accepting it you take your place in the cohort %(cohort)s, which begins on %(day)s.", **values)
        else:
            said = _("A place in the cohort %(cohort)s, which begins on %(day)s, waits for your answer.", **values)
        sentences.append(said)
    return " ".join(sentences)
