"""Calls: which offices they invite, how their seats stand, what waits for whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import lazyload

from lms import clock, places
from lms.cohorts import rules
from lms.cohorts.models import Call, CallSeat, Cohort, CohortMember, Nomination
from lms.cohorts.queries.groups import where, within
from lms.db import session
from lms.people import queries as people
from lms.people.models import Address, Membership, Organisation, Person, RoleGrant
from lms.policy import Target, Viewer, allows
from lms.web import language
from lms.web.worklist import Task

# The waiting list's order, the first to follow first.
WAITING_ORDER = (Nomination.position, Nomination.nominated_at, Nomination.id)
# What an office's seats are counted by.
_NOMINATED = func.count(Nomination.id).filter(Nomination.state.in_(("nominated", "selected", "waiting", "refused")))
_SELECTED = func.count(Nomination.id).filter(Nomination.state == "selected")


# --- where a cohort may belong ----------------------------------------------------------------------------


def scope_target(scope: str, scope_id: str) -> Target:
    """What making a cohort there is about: the scope with all that it lies in; the whole programme lies in nothing."""
    return Target(scopes=where(scope, scope_id))


def scope_choices(viewer: Viewer) -> dict[str, list[tuple[str, str]]]:
    """The scopes over which a viewer may make cohorts, in groups, as (`region:202`, Sub-Saharan Africa)."""
    spoken, whole = language.code(), allows("cohort.create", viewer, Target())
    offices = people.organisations()
    regions = [(f"region:{key}", name) for key, name in places.regions(spoken)]
    countries = people.country_scopes(offices)
    own = [
        (f"country:{g.scope_id}", places.name(g.scope_id, spoken))
        for g in viewer.may_over("cohort.create")
        if g.scope == "country"
    ]
    groups = {
        _("Programme"): [("programme:", _("the whole programme"))] if whole else [],
        _("Region"): [pair for pair in regions if _may_make(viewer, pair[0])],
        _("Country"): [pair for pair in dict.fromkeys([*countries, *own]) if _may_make(viewer, pair[0])],
    }
    return {name: choices for name, choices in groups.items() if choices}


def _may_make(viewer: Viewer, choice: str) -> bool:
    scope, _colon, scope_id = choice.partition(":")
    return allows("cohort.create", viewer, scope_target(scope, scope_id))


# --- offices ----------------------------------------------------------------------------------------------


def offices_in(cohort: Cohort) -> list[people.Office]:
    """The offices that lie where a cohort belongs, by name."""
    found = people.organisations()
    if cohort.scope == "country":
        return [office for office in found if office.country == cohort.scope_id]
    if cohort.scope == "region":
        members = places.countries_of(cohort.scope_id, clock.today())
        return [office for office in found if office.country in members]
    return found


def offices_to_invite(cohort: Cohort, call: Call | None) -> list[people.Office]:
    """The offices that a call may invite: those where the cohort belongs, and those that it has invited already."""
    inside = offices_in(cohort)
    if call is None or cohort.scope == "programme":
        return inside
    invited = set(session().scalars(select(CallSeat.organisation_id).where(CallSeat.call_id == call.id)))
    if gone := invited - {office.id for office in inside}:
        inside += office_names(gone).values()
    return inside


def offices_offered(viewer: Viewer, cohort: Cohort) -> tuple[list[people.Office], bool]:
    """The offices from which a viewer may bring people into a cohort by hand, and whether they reach every office.

    Those where the cohort belongs that the viewer's roles reach; one whose role is over the cohort alone reaches all of
    a region's or country's, and of the whole programme's those that have people in it.
    """
    reach, inside = people.reach(viewer, "cohort.manage"), offices_in(cohort)
    if reach.whole:
        return inside, True
    own = any(g.scope == "cohort" and g.scope_id == str(cohort.id) for g in viewer.may_over("cohort.manage"))
    if own and cohort.scope != "programme":
        return inside, False
    present = _offices_present(cohort.id) if own else set()
    return [office for office in inside if reach.holds(office) or office.id in present], False


def _offices_present(cohort_id: UUID) -> set[UUID]:
    """The offices that people of a cohort belong to today."""
    today = clock.today()
    return set(
        session().scalars(
            select(Membership.organisation_id)
            .join(CohortMember, CohortMember.person_id == Membership.person_id)
            .where(CohortMember.cohort_id == cohort_id, CohortMember.withdrawn_at.is_(None), *_belongs(today))
        )
    )


def _belongs(today: date) -> list[ColumnElement[bool]]:
    return [Membership.starts_on <= today, or_(Membership.ends_on.is_(None), Membership.ends_on > today)]


def belongs_to(person_id: UUID, offices: Collection[UUID]) -> bool:
    """Whether a person belongs to one of these offices today."""
    found = select(Membership.id).where(
        people.same_person(Membership.person_id, person_id),
        Membership.organisation_id.in_(offices),
        *_belongs(clock.today()),
    )
    return session().scalar(found.limit(1)) is not None


def office_names(offices: Iterable[UUID]) -> dict[UUID, people.Office]:
    """These offices, by their ids."""
    wanted = set(offices)
    return {office.id: office for office in people.organisations() if office.id in wanted}


def focal_points_of(offices: Iterable[UUID]) -> dict[UUID, list[people.Recipient]]:
    """Where letters to the focal points of these offices go: one statement."""
    rows = session().execute(
        select(RoleGrant.scope_id, Person.id, Person.name, Address.address, Person.language, Person.time_zone)
        .join(Person, Person.id == RoleGrant.person_id)
        .join(Address, and_(Address.person_id == Person.id, Address.is_primary))
        .where(
            RoleGrant.role == "focal_point",
            RoleGrant.scope == "organisation",
            RoleGrant.scope_id.in_([str(key) for key in offices]),
            RoleGrant.ended_at.is_(None),
            Person.archived_at.is_(None),
        )
        .order_by(Person.sort_key)
    )
    found: dict[UUID, list[people.Recipient]] = {}
    for office, *who in rows:
        found.setdefault(UUID(str(office)), []).append(people.Recipient(*who))  # type: ignore[arg-type]
    return found


def recipients_of(person_ids: Iterable[UUID]) -> dict[UUID, people.Recipient]:
    """Where letters to these people go: one statement."""
    rows = session().execute(
        select(Person.id, Person.name, Address.address, Person.language, Person.time_zone)
        .join(Address, and_(Address.person_id == Person.id, Address.is_primary))
        .where(Person.id.in_(list(person_ids)), Person.archived_at.is_(None))
    )
    return {row.id: people.Recipient(*row) for row in rows}


# --- calls ------------------------------------------------------------------------------------------------


def call_of(cohort_id: UUID) -> Call | None:
    return session().scalars(select(Call).where(Call.cohort_id == cohort_id)).one_or_none()


@dataclass(frozen=True)
class SeatLine:
    """An office that a call invites: its seats and how far they are used; `focal_points`: who answers for it."""

    organisation_id: UUID
    name: str
    seats: int
    nominated: int
    selected: int
    told_at: datetime | None
    focal_points: int


def seat_lines(call: Call) -> list[SeatLine]:
    """The offices of a call, by name: two statements."""
    spoken = language.code()
    rows = session().execute(
        select(Organisation, CallSeat.seats, _NOMINATED, _SELECTED, CallSeat.told_at)
        .join(CallSeat, CallSeat.organisation_id == Organisation.id)
        .outerjoin(Nomination, _of_seat(call.cohort_id))
        .where(CallSeat.call_id == call.id)
        .group_by(Organisation.id, CallSeat.id)
        .order_by(Organisation.sort_key)
    )
    found = [(office, seats, nominated, selected, told) for office, seats, nominated, selected, told in rows]
    answering = focal_points_of([row[0].id for row in found])
    return [
        SeatLine(
            office.id, office.names.get(spoken) or office.name, seats, nominated, selected, told_at,
            len(answering.get(office.id, ())),
        )
        for office, seats, nominated, selected, told_at in found
    ]  # fmt: skip


def _of_seat(cohort_id: Any) -> ColumnElement[bool]:
    """The nominations that an office made for a cohort."""
    return and_(
        Nomination.organisation_id == CallSeat.organisation_id,
        Nomination.cohort_id == cohort_id,
        Nomination.by_hand.is_(False),
    )


@dataclass(frozen=True)
class CallLine:
    """A call as an office that it invites sees it. `state`: to come, open, closed (the last day is over), decided."""

    cohort_id: UUID
    cohort: str
    course: str
    organisation_id: UUID
    starts_on: date
    ends_on: date
    opens_on: date
    closes_on: date
    seats: int
    message: str
    nominated: int
    selected: int
    state: str

    @property
    def most(self) -> int:
        """How many may be nominated."""
        return self.seats * rules.NOMINATIONS_A_SEAT


def calls_for(organisation_ids: Iterable[UUID]) -> list[CallLine]:
    """The calls that invite these offices and were opened, of cohorts that have not ended: open ones first, the next
    to close first. One statement."""
    rows = session().execute(
        select(Cohort, Call, CallSeat, _NOMINATED, _SELECTED)
        .options(lazyload(Cohort.targets))
        .join(Call, Call.cohort_id == Cohort.id)
        .join(CallSeat, CallSeat.call_id == Call.id)
        .outerjoin(Nomination, _of_seat(Cohort.id))
        .where(
            CallSeat.organisation_id.in_(list(organisation_ids)),
            Call.opened_at.is_not(None),
            Cohort.archived_at.is_(None),
            Cohort.ends_on >= clock.today(),
        )
        .group_by(Cohort.id, Call.id, CallSeat.id)
    )
    lines = [_line(*row) for row in rows]
    return sorted(lines, key=lambda line: (line.state != "open", line.closes_on, line.cohort))


def call_line(organisation_id: UUID, cohort_id: UUID) -> CallLine | None:
    """One of them, whether its cohort has ended or not: one statement."""
    row = (
        session()
        .execute(
            select(Cohort, Call, CallSeat, _NOMINATED, _SELECTED)
            .options(lazyload(Cohort.targets))
            .join(Call, Call.cohort_id == Cohort.id)
            .join(CallSeat, CallSeat.call_id == Call.id)
            .outerjoin(Nomination, _of_seat(Cohort.id))
            .where(CallSeat.organisation_id == organisation_id, Cohort.id == cohort_id, Call.opened_at.is_not(None))
            .group_by(Cohort.id, Call.id, CallSeat.id)
        )
        .first()
    )
    return _line(*row) if row else None


def _line(cohort: Cohort, call: Call, seat: CallSeat, nominated: int, selected: int) -> CallLine:
    today, made = clock.today(cohort.time_zone), call.selected_at is not None
    if made:
        state = "decided"
    elif rules.is_open(True, call.opens_on, call.closes_on, made, today):
        state = "open"
    else:
        state = "closed" if today > call.closes_on else "coming"
    return CallLine(
        cohort.id, cohort.name, cohort.course, seat.organisation_id, cohort.starts_on, cohort.ends_on, call.opens_on,
        call.closes_on, seat.seats, call.message, nominated, selected, state,
    )  # fmt: skip


def office_call_target(organisation: UUID, cohort: UUID) -> Target | None:
    """An office that this cohort's open call invites; None where there is no such office, call or invitation."""
    invited = (
        select(CallSeat.id)
        .join(Call, Call.id == CallSeat.call_id)
        .where(Call.cohort_id == cohort, CallSeat.organisation_id == organisation, Call.opened_at.is_not(None))
    )
    found = people.organisation_target(organisation)
    return found if found and session().scalar(invited) is not None else None


# --- what waits -------------------------------------------------------------------------------------------


def to_decide(viewer: Viewer) -> list[Task]:
    """Cohorts whose call is over and that have nominations without a decision, the longest waiting first."""
    if not viewer.may_over("cohort.manage"):
        return []
    rows = session().execute(
        select(
            Cohort.id, Cohort.name, Cohort.time_zone, Call.closes_on, func.count(), func.min(Nomination.nominated_at)
        )
        .join(Call, Call.cohort_id == Cohort.id)
        .join(Nomination, Nomination.cohort_id == Cohort.id)
        .where(
            Nomination.state == "nominated",
            Call.selected_at.is_(None),
            Cohort.archived_at.is_(None),
            within(viewer, "cohort.manage"),
        )
        .group_by(Cohort.id, Call.id)
        .order_by(func.min(Nomination.nominated_at))
    )
    return [
        Task(
            name,
            ngettext(
                "%(count)s nomination is not decided yet.",
                "%(count)s nominations are not decided yet.",
                many,
                count=language.number(many),
            ),
            url_for("cohorts.nominations", cohort=key),
            _("Decide"),
            since,
        )
        for key, name, zone, closes_on, many, since in rows
        if closes_on < clock.today(zone)
    ]


def places_to_fill(viewer: Viewer) -> list[Task]:
    """Cohorts to come or running that have a free place since the selection, and somebody who waits for one."""
    if not viewer.may_over("cohort.manage"):
        return []
    by_call = Nomination.by_hand.is_(False)
    selected = func.count(Nomination.id).filter(Nomination.state == "selected", by_call)
    waiting = func.count(Nomination.id).filter(Nomination.state == "waiting")
    rows = session().execute(
        select(
            Cohort.id,
            Cohort.name,
            Call.seats - selected,
            func.max(Nomination.decided_at).filter(Nomination.state.in_(("declined", "withdrawn"))),
        )
        .join(Call, Call.cohort_id == Cohort.id)
        .join(Nomination, Nomination.cohort_id == Cohort.id)
        .where(
            Call.selected_at.is_not(None),
            Cohort.archived_at.is_(None),
            Cohort.ends_on >= clock.today(),
            within(viewer, "cohort.manage"),
        )
        .group_by(Cohort.id, Call.id)
        .having(and_(Call.seats > selected, waiting > 0))
        .order_by(Cohort.starts_on)
    )
    return [
        Task(
            name,
            ngettext(
                "%(count)s place is free, and somebody waits for it.",
                "%(count)s places are free, and somebody waits for them.",
                free,
                count=language.number(free),
            ),
            url_for("cohorts.nominations", cohort=key),
            _("Fill"),
            since,
        )
        for key, name, free, since in rows
    ]


def to_nominate(viewer: Viewer) -> list[Task]:
    """Open calls that invite the offices that a focal point answers for, and have no nomination of theirs yet."""
    offices = [UUID(key) for key in viewer.scope_ids("focal_point", "organisation")]
    return [
        Task(
            line.cohort,
            _("Nominate until %(day)s.", day=language.day(line.closes_on)),
            url_for("cohorts.office_call", organisation=line.organisation_id, cohort=line.cohort_id),
            _("Nominate"),
        )
        for line in (calls_for(offices) if offices else [])
        if line.state == "open" and not line.nominated
    ]
