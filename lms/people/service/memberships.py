"""Who belongs to which office, from when to when."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from lms import audit, db
from lms.people import queries, rules
from lms.people.models import Membership, Unit
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


def end_membership(membership_id: UUID, on: date, reason: str, by: UUID | None = None) -> None:
    """A membership ends: `on` is the first day that no longer belongs to it. Roles over the office end, too.

    Raises Refusal (already_ended, order, reason) with the field.
    """
    row: Membership | None = db.locked(Membership, membership_id)
    if row is None or row.ends_on is not None:
        raise Refusal("already_ended", _("This membership has ended already."), 409)
    need(on > row.starts_on, "order", _("The end must come after the start."), "ends_on")
    need(reason in rules.END_REASONS, "reason", _("Choose a reason."))
    # Whoever leaves an office leaves it under every record of theirs.
    theirs = select(Membership).where(
        queries.same_person(Membership.person_id, row.person_id),
        Membership.organisation_id == row.organisation_id,
        Membership.ends_on.is_(None),
        Membership.starts_on < on,
    )
    for one in db.need_write().scalars(theirs.with_for_update()).all():
        one.ends_on, one.end_reason = on, reason
        audit.record("people.membership_ended", "membership", one.id, by, person=str(one.person_id), reason=reason)
    db.need_write().flush()
    end_roles_of_departed(row.person_id, by)
