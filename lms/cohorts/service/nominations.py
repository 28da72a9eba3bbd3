"""Nominations: made and taken back by offices, decided by the coordinator, declined by the people themselves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import aliased

from lms import audit, clock, db, text
from lms.cohorts import queries, rules
from lms.cohorts.models import Call, CallSeat, Cohort, Nomination
from lms.cohorts.service import letters, places
from lms.cohorts.service.groups import withdraw_member
from lms.people import queries as people
from lms.people import service as people_service
from lms.people.models import Address, Membership, Person
from lms.policy import Refusal
from lms.text import clean
from lms.web import language


def nominate(
    cohort_id: UUID,
    organisation_id: UUID,
    by: UUID | None,
    *,
    person_id: UUID | None = None,
    name: str = "",
    address: str = "",
    spoken: str = "",
    supervisor: str,
    supervisor_agreed: bool,
    motivation: str = "",
) -> UUID:
    """Nominate somebody of an office's staff, or somebody new by name and address; the nomination's id.

    Whoever is typed by an address that is not one of the staff's is kept as typed: whether it is known elsewhere is
    told to nobody. They become a person when a place is given.
    Raises Refusal (call_closed, not_invited, not_staff, in_cohort, nominated, too_many, supervisor,
    supervisor_agreed, name_…, address_form) with the field.
    """
    s = db.need_write()
    cohort: Cohort = db.locked(Cohort, cohort_id)
    seat = _open_seat(cohort, organisation_id)
    if not (supervisor := clean(supervisor)[:200]):
        raise Refusal("supervisor", _("Whose agreement do you have?"), field="supervisor")
    if not supervisor_agreed:
        message = _("The supervisor has to agree: the course takes working time.")
        raise Refusal("supervisor_agreed", message, field="supervisor_agreed")
    who: dict[str, Any] = {"person_id": person_id, "name": "", "address": "", "address_key": "", "language": ""}
    if person_id is None:
        typed, address = people_service.checked_name(name), people_service.checked_address(address)
        who = {"name": typed, "address": address, "address_key": text.address_key(address), "language": spoken}
        if known := _staff_by_address(organisation_id, text.address_key(address)):
            who = {"person_id": known, "name": "", "address": "", "address_key": "", "language": ""}
    elif not _is_staff(organisation_id, person_id):
        raise Refusal("not_staff", _("This person is not one of the office's staff."), field="person")
    field = "address" if person_id is None else "person"
    again = _free(cohort_id, organisation_id, who, field)
    if not rules.may_nominate_more(seat.seats, _nominated(cohort_id, organisation_id)):
        message = ngettext(
            "Twice as many as there are seats are nominated: %(count)s. Withdraw one first.",
            "Twice as many as there are seats are nominated: %(count)s. Withdraw one first.",
            seat.seats * rules.NOMINATIONS_A_SEAT,
            count=language.number(seat.seats * rules.NOMINATIONS_A_SEAT),
        )
        raise Refusal("too_many", message)
    values = {
        "nominated_by": by,
        "nominated_at": clock.now(),
        "organisation_id": organisation_id,
        "supervisor": supervisor,
        "supervisor_agreed": True,
        "motivation": "\n".join(clean(line) for line in motivation.splitlines()).strip()[:2000],
        "state": "nominated",
    }
    if again is not None:
        for column, value in values.items():
            setattr(again, column, value)
        key = again.id
    else:
        key = db.new_id()
        if not db.insert_once(Nomination, id=key, cohort_id=cohort_id, **who, **values):
            raise Refusal("nominated", _("They are nominated already."), 409, field)
    audit.record("cohorts.nominated", "nomination", key, by, cohort=str(cohort_id), office=str(organisation_id))
    s.flush()
    return key


def _open_seat(cohort: Cohort, organisation_id: UUID) -> CallSeat:
    """The seats of an office in a call that is open today. Refusal (not_invited, call_closed)."""
    found = (
        db.need_write()
        .execute(
            select(Call, CallSeat)
            .join(CallSeat, CallSeat.call_id == Call.id)
            .where(Call.cohort_id == cohort.id, CallSeat.organisation_id == organisation_id)
        )
        .one_or_none()
    )
    if found is None:
        raise Refusal("not_invited", _("This call does not invite your office."), 404)
    call, seat = found
    today = clock.today(cohort.time_zone)
    if rules.is_open(call.opened_at is not None, call.opens_on, call.closes_on, call.selected_at is not None, today):
        return seat
    if today > call.closes_on:
        message = _("The last day of this call was %(day)s. Nothing was changed.", day=language.day(call.closes_on))
    else:
        message = _("This call is not open.")
    raise Refusal("call_closed", message, 409)


def _staff() -> list[ColumnElement[bool]]:
    today = clock.today()
    return [Membership.starts_on <= today, or_(Membership.ends_on.is_(None), Membership.ends_on > today)]


def _is_staff(organisation_id: UUID, person_id: UUID) -> bool:
    found = select(Membership.id).where(
        Membership.organisation_id == organisation_id,
        people.same_person(Membership.person_id, person_id),
        *_staff(),
    )
    return db.need_write().scalar(found.limit(1)) is not None


def _staff_by_address(organisation_id: UUID, key: str) -> UUID | None:
    """Who of the office's staff has this address: a confirmed one, or one that an invitation went to."""
    known = aliased(Person)
    return db.need_write().scalar(
        select(known.id)
        .select_from(Membership)
        .join(Person, Person.id == Membership.person_id)
        .join(known, known.id == people.human())
        .join(Address, people.same_person(Address.person_id, known.id))
        .where(
            Membership.organisation_id == organisation_id,
            Address.key == key,
            or_(Address.confirmed_at.is_not(None), ~people.has_joined(known)),
            *_staff(),
        )
        .limit(1)
    )


def _free(cohort_id: UUID, organisation_id: UUID, who: dict[str, Any], field: str) -> Nomination | None:
    """A nomination that was taken back and is made again, or None for a first one.

    Refusal (in_cohort, nominated) for whoever is in the cohort or nominated already; the other office is not named.
    """
    s, person_id = db.need_write(), who.get("person_id")
    if person_id is None:
        same = [Nomination.address_key == who["address_key"], Nomination.organisation_id == organisation_id]
    else:
        same = [people.same_person(Nomination.person_id, person_id)]
        if places.is_member(cohort_id, person_id):
            raise Refusal("in_cohort", _("They are in this cohort already."), 409, field)
    row = s.scalars(
        select(Nomination)
        .where(Nomination.cohort_id == cohort_id, Nomination.by_hand.is_(False), *same)
        .order_by(Nomination.state == "withdrawn", Nomination.id)
    ).first()
    if row is None or rules.may_move(row.state, "nominated", "office"):
        return row
    if row.organisation_id != organisation_id:
        message = _("They are nominated already, by another office of theirs.")
        raise Refusal("nominated", message, 409, field)
    raise Refusal("nominated", _("They are nominated already."), 409, field)


def _nominated(cohort_id: UUID, organisation_id: UUID) -> int:
    return (
        db.need_write().scalar(
            select(func.count()).where(
                Nomination.cohort_id == cohort_id,
                Nomination.organisation_id == organisation_id,
                Nomination.by_hand.is_(False),
                Nomination.state.in_(("nominated", "selected", "waiting")),
            )
        )
        or 0
    )


def _locked(nomination_id: UUID) -> tuple[Cohort, Nomination]:
    """A nomination and its cohort, which is locked first: whatever is decided in a cohort waits for each other."""
    s = db.need_write()
    cohort_id = s.scalar(select(Nomination.cohort_id).where(Nomination.id == nomination_id))
    if cohort_id is None:
        raise Refusal("no_nomination", _("There is no such nomination."), 404)
    cohort: Cohort = db.locked(Cohort, cohort_id)
    nomination: Nomination = db.locked(Nomination, nomination_id)
    return cohort, nomination


def _move(nomination: Nomination, state: str, who: str, by: UUID | None) -> None:
    """Refusal (moved_on) where its state does not allow it any more."""
    if not rules.may_move(nomination.state, state, who):
        raise Refusal("moved_on", _("This nomination has moved on meanwhile. Reload the page."), 409)
    before, nomination.state = nomination.state, state
    nomination.position = None
    nomination.decided_by, nomination.decided_at = by, clock.now()
    audit.record(f"cohorts.{state}", "nomination", nomination.id, by, before=before)


def take_back(nomination_id: UUID, by: UUID | None) -> None:
    """An office takes a nomination back, as long as nothing was decided. Raises Refusal (moved_on)."""
    _cohort, nomination = _locked(nomination_id)
    _move(nomination, "withdrawn", "office", by)


def decline(nomination_id: UUID, who: str, by: UUID | None) -> None:
    """They do not take the place, as they say themselves (`person`), or their `office`, or the `coordinator` for them.

    Whoever was in the cohort by it is in it no more. A place that the coordinator offered by hand is taken back. Twice
    is once. Raises Refusal (moved_on).
    """
    cohort, nomination = _locked(nomination_id)
    state = "withdrawn" if nomination.by_hand and who == "coordinator" else "declined"
    if nomination.state == state:
        return
    was_selected = nomination.state == "selected"
    _move(nomination, state, who, by)
    db.need_write().flush()
    if was_selected and nomination.person_id is not None and places.is_member(cohort.id, nomination.person_id):
        withdraw_member(cohort.id, nomination.person_id, by)


def decide(cohort_id: UUID, nominations: Iterable[UUID], state: str, reason: str, by: UUID | None) -> int:
    """Select these, put them on the waiting list (in the order given, at its end), or refuse them; how many moved.

    Those that stand there already stay as they are. Selected people are in the cohort, or asked, at once; the others
    are told when the selection is made. Raises Refusal (nobody, moved_on, no_seat, reason_missing).
    """
    s, wanted = db.need_write(), list(dict.fromkeys(nominations))
    cohort: Cohort = db.locked(Cohort, cohort_id)
    rows = {
        row.id: row
        for row in s.scalars(
            select(Nomination)
            .where(Nomination.cohort_id == cohort_id, Nomination.id.in_(wanted))
            .execution_options(populate_existing=True)
        )
    }
    if not rows:
        raise Refusal("nobody", _("Tick at least one person."))
    if state == "refused" and not (reason := clean(reason)[:500]):
        raise Refusal("reason_missing", _("Say why: the office reads it."), field="reason")
    ready = [rows[key] for key in wanted if key in rows and rules.may_move(rows[key].state, state, "coordinator")]
    if not ready:
        raise Refusal("moved_on", _("This was decided meanwhile. Reload the page."), 409)
    if state == "selected":
        _need_seats(cohort_id, len([row for row in ready if not row.by_hand]))
    last = s.scalar(select(func.max(Nomination.position)).where(Nomination.cohort_id == cohort_id)) or 0
    made = s.scalar(select(Call.selected_at).where(Call.cohort_id == cohort_id))
    for number, row in enumerate(ready, 1):
        _move(row, state, "coordinator", by)
        row.reason = reason if state == "refused" else ""
        row.position = last + number if state == "waiting" else None
        if state == "selected":
            places.give_place(cohort, row, by)
    s.flush()
    if made is not None and state == "refused":
        _tell_unselected(cohort, ready)
    return len(ready)


def _need_seats(cohort_id: UUID, wanted: int) -> None:
    """The seats of the call in all are what can be selected; those of an office guide (Refusal no_seat)."""
    s = db.need_write()
    seats = s.scalar(select(Call.seats).where(Call.cohort_id == cohort_id))
    taken = s.scalar(
        select(func.count()).where(
            Nomination.cohort_id == cohort_id, Nomination.by_hand.is_(False), Nomination.state == "selected"
        )
    )
    free = max(0, (seats or 0) - (taken or 0))
    if wanted > free:
        message = ngettext(
            "%(count)s seat is free. Select fewer, or give the call more seats.",
            "%(count)s seats are free. Select fewer, or give the call more seats.",
            free,
            count=language.number(free),
        )
        raise Refusal("no_seat", message, 409)


def move_waiting(nomination_id: UUID, up: bool, by: UUID | None) -> None:
    """Move somebody a place up or down on the waiting list; at its end nothing changes."""
    s = db.need_write()
    cohort, _nomination = _locked(nomination_id)
    waiting = list(
        s.scalars(
            select(Nomination)
            .where(Nomination.cohort_id == cohort.id, Nomination.state == "waiting")
            .order_by(*queries.WAITING_ORDER)
        )
    )
    order = rules.moved([row.id for row in waiting], nomination_id, up)
    for row in waiting:
        row.position = order.index(row.id) + 1
    audit.record("cohorts.waiting_moved", "nomination", nomination_id, by, up=up)


def make_selection(cohort_id: UUID, by: UUID | None) -> int:
    """The selection is made: whoever was refused or waits is told, all at once, once; how many letters.

    Raises Refusal (no_call, undecided, selection_made).
    """
    s = db.need_write()
    cohort: Cohort = db.locked(Cohort, cohort_id)
    call = s.scalars(select(Call).where(Call.cohort_id == cohort_id)).one_or_none()
    if call is None or call.opened_at is None:
        raise Refusal("no_call", _("There is no call whose selection could be made."), 409)
    if call.selected_at is not None:
        raise Refusal("selection_made", _("The selection was made already, and everybody was told."), 409)
    rows = s.scalars(
        select(Nomination).where(
            Nomination.cohort_id == cohort_id,
            Nomination.by_hand.is_(False),
            Nomination.state.in_(("nominated", "refused", "waiting")),
        )
    ).all()
    if undecided := sum(row.state == "nominated" for row in rows):
        message = ngettext(
            "%(count)s person is not decided yet. Select, refuse or put them on the waiting list first.",
            "%(count)s people are not decided yet. Select, refuse or put them on the waiting list first.",
            undecided,
            count=language.number(undecided),
        )
        raise Refusal("undecided", message, 409)
    call.selected_at = clock.now()
    audit.record("cohorts.selection_made", "cohort", cohort_id, by)
    s.flush()
    return _tell_unselected(cohort, rows)


def _tell_unselected(cohort: Cohort, rows: Iterable[Nomination]) -> int:
    """A letter to each; nobody's letter waits for another's address."""
    rows = list(rows)
    known = queries.recipients_of({row.person_id for row in rows if row.person_id is not None})
    for row in rows:
        to = known.get(row.person_id) if row.person_id else None
        if to is not None:
            letters.unselected_letter(cohort, row, to.person_id, to.name, to.address, to.language)
        elif row.address:
            letters.unselected_letter(cohort, row, None, row.name, row.address, row.language)
    return len(rows)
