"""Who belongs to which office, from when to when, why they left, where to, and who follows them."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import false, or_, select

from lms import audit, clock, db, text
from lms.people import queries, rules
from lms.people.models import Membership, Organisation, Person, Unit
from lms.people.service.questions import raise_question, settle
from lms.people.service.roles import end_roles_of_departed
from lms.people.service.rows import locked_person, office_row
from lms.people.service.typed import need
from lms.policy import Refusal


def start_membership(
    person_id: UUID,
    organisation_id: UUID,
    starts_on: date,
    unit_id: UUID | None = None,
    by: UUID | None = None,
) -> UUID:
    """A person belongs to an office from that day on; the membership's id.

    Raises Refusal (already_member, no_person, no_organisation, no_unit).
    """
    s = db.need_write()
    person_id = locked_person(person_id).id
    office = office_row(organisation_id)
    if unit_id is not None:
        unit = s.get(Unit, unit_id)
        need(
            unit is not None and unit.organisation_id == office.id,
            "no_unit",
            _("There is no such unit."),
            "unit",
        )
    theirs = select(Membership).where(
        queries.same_person(Membership.person_id, person_id), Membership.organisation_id == organisation_id
    )
    for other in s.scalars(theirs):
        if rules.overlap((starts_on, None), (other.starts_on, other.ends_on)):
            raise Refusal(
                "already_member",
                _("This person belongs to this office at that time already."),
                field="starts_on",
            )
    row = Membership(
        id=db.new_id(),
        person_id=person_id,
        organisation_id=organisation_id,
        unit_id=unit_id,
        starts_on=starts_on,
    )
    s.add(row)
    s.flush()
    audit.record("people.membership_started", "membership", row.id, by, person=str(person_id))
    return row.id


def end_membership(
    membership_id: UUID,
    on: date,
    reason: str,
    by: UUID | None = None,
    *,
    destination: str = "unknown",
    destination_id: UUID | None = None,
    successor_id: UUID | None = None,
) -> None:
    """A membership ends: `on` is the first day that no longer belongs to it. Roles over the office end, too.

    `destination_id` is the office here that they went to, which is asked whether they came: it is not for the one
    they left to say. Raises Refusal (already_ended, order, reason, destination, destination_id, successor) with
    the field.
    """
    row: Membership | None = db.locked(Membership, membership_id)
    if row is None or row.ends_on is not None:
        raise Refusal("already_ended", _("This membership has ended already."), 409)
    need(on > row.starts_on, "order", _("The end must come after the start."), "ends_on")
    checked_parting(row.organisation_id, reason, destination, destination_id)
    # Whoever leaves an office leaves it under every record of theirs.
    theirs = select(Membership).where(
        queries.same_person(Membership.person_id, row.person_id),
        Membership.organisation_id == row.organisation_id,
        Membership.ends_on.is_(None),
        Membership.starts_on < on,
    )
    for one in db.need_write().scalars(theirs.with_for_update()).all():
        one.ends_on, one.end_reason = on, reason
        one.destination, one.destination_id = destination, destination_id if destination == "office" else None
        if successor_id is not None:
            _follow(one, successor_id)
        audit.record("people.membership_ended", "membership", one.id, by, person=str(one.person_id), reason=reason)
    db.need_write().flush()
    settle("moved", str(row.id), "ended", by)
    if row.destination_id is not None and not _belongs(row.person_id, row.destination_id, on):
        about, came_from = f"{row.person_id}:{row.destination_id}", str(row.organisation_id)
        raise_question("came", about, row.person_id, row.destination_id, by, on=on.isoformat(), office=came_from)
    end_roles_of_departed(row.person_id, by)


def checked_parting(organisation_id: UUID, reason: str, destination: str, destination_id: UUID | None) -> None:
    """Why somebody leaves an office and where to. Raises Refusal (reason, destination, destination_id)."""
    need(reason in rules.REASONS, "reason", _("Choose a reason."))
    need(destination in rules.DESTINATIONS, "destination", _("Choose where to."))
    if destination == "office":
        office = db.need_write().get(Organisation, destination_id) if destination_id else None
        known = office is not None and office.archived_at is None
        need(known, "destination_id", _("Choose the office that they went to."))
        need(destination_id != organisation_id, "destination_id", _("This is the office that they leave."))


def set_successor(membership_id: UUID, successor_id: UUID | None, by: UUID | None) -> None:
    """Say who follows somebody who has left or will (None: nobody yet).

    Raises Refusal (no_membership, not_ended, successor).
    """
    row: Membership | None = db.locked(Membership, membership_id)
    if row is None:
        raise Refusal("no_membership", _("There is no such membership."), 404)
    need(row.ends_on is not None, "not_ended", _("This person has not left."))
    if successor_id is None:
        row.successor_id = None
    else:
        _follow(row, successor_id)
    follower = str(successor_id) if successor_id else None
    audit.record("people.successor_named", "membership", row.id, by, person=str(row.person_id), successor=follower)


def _follow(row: Membership, successor_id: UUID) -> None:
    """A successor is somebody else of the same office, who is there today and has no end entered."""
    need(successor_id != row.person_id, "successor", _("Nobody can follow themselves."))
    there = _belongs(successor_id, row.organisation_id, clock.today(), to_stay=True)
    need(there, "successor", _("Choose somebody who is on the staff and stays."))
    row.successor_id = successor_id


def _belongs(person_id: UUID, organisation_id: UUID, on: date, *, to_stay: bool = False) -> bool:
    there = (Membership.person_id == person_id, Membership.organisation_id == organisation_id)
    until = or_(Membership.ends_on.is_(None), false() if to_stay else Membership.ends_on > on)
    return db.need_write().scalar(select(Membership.id).where(*there, until).limit(1)) is not None


def change_place(membership_id: UUID, post: str, unit: str, by: UUID | None) -> None:
    """Somebody has another post or works in another unit of their office now; what is empty stays as it is.

    The unit is the office's of that name, or a new one. Raises Refusal (no_membership, place).
    """
    s = db.need_write()
    row: Membership | None = db.locked(Membership, membership_id)
    if row is None:
        raise Refusal("no_membership", _("There is no such membership."), 404)
    post, unit = text.clean(post), text.clean(unit)
    need(bool(post or unit), "place", _("Write the new post, the new unit, or both."), "post")
    need(len(post) <= 200, "post", _("Use at most 200 letters."))
    need(len(unit) <= 200, "unit", _("Use at most 200 letters."))
    if post:
        s.get_one(Person, row.person_id).post = post
    if unit:
        row.unit_id = _unit(row.organisation_id, unit)
    audit.record("people.place_changed", "membership", row.id, by, person=str(row.person_id))


def _unit(organisation_id: UUID, name: str) -> UUID:
    s = db.need_write()
    units = s.scalars(select(Unit).where(Unit.organisation_id == organisation_id, Unit.archived_at.is_(None)))
    same = (unit.id for unit in units if text.search_key(unit.name) == text.search_key(name))
    known = next(same, None)
    if known is None:
        made = Unit(id=db.new_id(), organisation_id=organisation_id, name=name)
        s.add(made)
        s.flush()
        known = made.id
    return known
