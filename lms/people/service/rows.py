"""The rows that services work on, locked so that what is decided on them stays true until it is written."""

from __future__ import annotations

from uuid import UUID

from flask_babel import gettext as _

from lms import db
from lms.people import queries
from lms.people.models import Address, Organisation, Person
from lms.policy import Refusal


def locked_person(person_id: UUID) -> Person:
    """A person's row, for this transaction alone; of a merged record, the one it was merged into, since that is
    where new things go. Refusal (no_person) where there is none."""
    person: Person | None = None
    while person is None or person.merged_into is not None:  # once more where it was merged while we waited for it
        person = db.locked(Person, queries.kept(person_id))
        if person is None or person.archived_at is not None:
            raise Refusal("no_person", _("There is no such person."), 404)
    return person


def locked_address(address_id: UUID) -> Address:
    """An address's row, for this transaction alone. Refusal (no_address) where it was removed."""
    row: Address | None = db.locked(Address, address_id)
    if row is None:
        raise Refusal("no_address", _("This address was removed meanwhile."), 404)
    return row


def office_row(organisation_id: UUID) -> Organisation:
    """An office's row. Refusal (no_organisation) where there is none."""
    office = db.need_write().get(Organisation, organisation_id)
    if office is None or office.archived_at is not None:
        raise Refusal("no_organisation", _("There is no such office."), 404, "organisation")
    return office
