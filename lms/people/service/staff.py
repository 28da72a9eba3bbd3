"""An office confirms its staff: everybody on one page, in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select, update

from lms import audit, clock, db
from lms.mail.service import kind, link, notify
from lms.people import queries, rules
from lms.people.models import Membership, Organisation, StaffConfirmation
from lms.people.service.invitations import invite
from lms.people.service.memberships import change_place, end_membership, set_successor
from lms.people.service.persons import create_person
from lms.people.service.rows import office_row
from lms.people.service.typed import need
from lms.policy import Refusal
from lms.web import language

CONFIRM_STAFF = kind("people.confirm_staff", _l("Request to confirm the staff of an office"))


@dataclass(frozen=True)
class Said:
    """What is said of one who is on the list: `state` is here, moved (to another post or unit) or left."""

    membership_id: UUID
    state: str = "here"
    post: str = ""
    unit: str = ""
    ends_on: date | None = None
    destination: str = "unknown"
    destination_id: UUID | None = None
    reason: str = "unknown"
    successor_id: UUID | None = None


@dataclass(frozen=True)
class Missing:
    """Somebody who was not on the list."""

    name: str
    address: str
    starts_on: date | None
    invited: bool = False


class RowsRefused(Refusal):
    """Nothing was applied; `rows` says what is wrong, by membership or by the number of the one added."""

    def __init__(self, rows: dict[UUID | int, Refusal]) -> None:
        super().__init__("rows", _("Nothing was saved yet. Look at the lines that are marked."))
        self.rows = rows


class StaffChanged(Refusal):
    """Nothing was applied: who is there has changed since the list was opened."""

    def __init__(self, gone: set[UUID], joined: set[UUID]) -> None:
        message = _("The staff has changed since you opened this page. Nothing was saved yet: look once more.")
        super().__init__("staff_changed", message, 409)
        self.gone, self.joined = gone, joined


def confirm_staff(
    organisation_id: UUID,
    said: Sequence[Said],
    missing: Sequence[Missing],
    *,
    opened: datetime | None,
    press: str,
    by: UUID,
) -> bool:
    """Apply what is said of everybody and keep that the staff was confirmed today; False for a second press.

    `opened` is when it had last been confirmed as the page was opened, `press` what tells one page from another.
    Raises Refusal (confirmed_meanwhile), StaffChanged, RowsRefused; nothing is applied then.
    """
    db.locked(Organisation, organisation_id)
    today = clock.today(office_row(organisation_id).time_zone)
    last = _last(organisation_id)
    if last is not None and last.press == press:
        return False
    if last is not None and last.confirmed_at != opened:
        message = _("Somebody else has confirmed the staff meanwhile. Nothing was saved: look once more.")
        raise Refusal("confirmed_meanwhile", message, 409)
    there = _there(organisation_id, today)
    if {row.membership_id for row in said} != there:
        listed = {row.membership_id for row in said}
        raise StaffChanged(listed - there, there - listed)
    refused = _apply(said, by) | _add(organisation_id, missing, today, by)
    if refused:
        raise RowsRefused(refused)
    _keep(organisation_id, today, said, len(missing), press, by)
    return True


def _last(organisation_id: UUID) -> StaffConfirmation | None:
    rows = select(StaffConfirmation).where(StaffConfirmation.organisation_id == organisation_id)
    return db.need_write().scalars(rows.order_by(StaffConfirmation.confirmed_on.desc()).limit(1)).first()


def _there(organisation_id: UUID, today: date) -> set[UUID]:
    there = select(Membership.id).where(
        Membership.organisation_id == organisation_id,
        Membership.starts_on <= today,
        or_(Membership.ends_on.is_(None), Membership.ends_on > today),
    )
    return set(db.need_write().scalars(there))


def _apply(said: Sequence[Said], by: UUID) -> dict[UUID | int, Refusal]:
    """Ends first, then who follows: nobody follows who leaves on the same page."""
    refused: dict[UUID | int, Refusal] = {}
    for row in said:
        try:
            if row.state == "left":
                if row.ends_on is None:
                    raise Refusal("ends_on", _("Write the first day away."), field="ends_on")
                end_membership(
                    row.membership_id,
                    row.ends_on,
                    row.reason,
                    by,
                    destination=row.destination,
                    destination_id=row.destination_id,
                )
            elif row.state == "moved":
                change_place(row.membership_id, row.post, row.unit, by)
            else:
                need(row.state == "here", "state", _("Say whether this person is here."))
        except Refusal as refusal:
            refused[row.membership_id] = refusal
    for row in said:
        if row.state == "left" and row.successor_id is not None and row.membership_id not in refused:
            try:
                set_successor(row.membership_id, row.successor_id, by)
            except Refusal as refusal:
                refused[row.membership_id] = refusal
    return refused


def _add(organisation_id: UUID, missing: Sequence[Missing], today: date, by: UUID) -> dict[UUID | int, Refusal]:
    refused: dict[UUID | int, Refusal] = {}
    for number, one in enumerate(missing):
        try:
            if one.starts_on is None:
                raise Refusal("starts_on", _("Write since when."), field="starts_on")
            need(one.starts_on <= today, "starts_on", _("Add people once they are there."))
            key = create_person(one.name, one.address, organisation_id=organisation_id, starts_on=one.starts_on, by=by)
            if one.invited:
                invite(key, by)
        except Refusal as refusal:
            refused[number] = _known(refusal) if refusal.code == "address_known" else refusal
    return refused


def _known(refusal: Refusal) -> Refusal:
    message = _(
        "Somebody with this address is in the system already. They can say on their own account page that they have "
        "moved to your office; you are asked then."
    )
    return Refusal(refusal.code, message, refusal.status, refusal.field)


def _keep(organisation_id: UUID, today: date, said: Sequence[Said], added: int, press: str, by: UUID) -> None:
    """One row a day: what is confirmed again on the same day is added to it."""
    states = [row.state for row in said]
    left, moved = states.count("left"), states.count("moved")
    present, now = len(said) - left + added, clock.now()
    facts = {"present": present, "confirmed_at": now, "confirmed_by": by, "press": press}
    made = db.insert_once(
        StaffConfirmation,
        organisation_id=organisation_id,
        confirmed_on=today,
        moved=moved,
        left=left,
        added=added,
        **facts,
    )
    if not made:
        row = StaffConfirmation
        db.need_write().execute(
            update(row)
            .where(row.organisation_id == organisation_id, row.confirmed_on == today)
            .values(moved=row.moved + moved, left=row.left + left, added=row.added + added, **facts)
            .execution_options(synchronize_session=False)
        )
    counts = {"present": present, "moved": moved, "left": left, "added": added}
    audit.record("people.staff_confirmed", "organisation", organisation_id, by, **counts)


def ask_for_confirmations() -> int:
    """Write to the focal points of every office whose staff is to be confirmed; how many letters there are.

    Once when it is due and once more two weeks later: the letters are told apart by that day, so that whoever asks
    and however often, each goes once.
    """
    letters = 0
    for due in queries.confirmations_due():
        step = rules.confirmation_step(clock.today(due.office.time_zone), due.due_on)
        if step is None:
            continue
        for person_id in due.focal_points:
            letters += _ask(due, person_id, step)
    return letters


def _ask(due: queries.ConfirmationDue, person_id: UUID, step: int) -> bool:
    to = queries.recipient(person_id)
    if to is None:
        return False
    with force_locale(to.language):
        last = language.day(due.last) if due.last else ""
    context = {
        "name": to.name,
        "office": due.office.name_in(to.language),
        "last": last,
        "again": step > 0,
        "link": link("people.confirm_staff", organisation=due.office.id),
    }
    return notify(
        CONFIRM_STAFF,
        due.office.id,
        person_id,
        to.address,
        to.language,
        context,
        due.due_on,
        name=to.name,
        step=step,
    )
