"""Persons: making them, and what they change about themselves."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select, update

from lms import audit, clock, db, places, text
from lms.mail.service import config
from lms.people import queries, signals
from lms.people.models import SEXES, Address, Person
from lms.people.service.addresses import new_address
from lms.people.service.memberships import start_membership
from lms.people.service.roles import grant_role
from lms.people.service.rows import locked_person, office_row
from lms.people.service.tokens import void
from lms.people.service.typed import checked_address, checked_latin, checked_name, need
from lms.policy import Refusal


def create_person(
    name: str,
    address: str,
    *,
    language: str = "",
    organisation_id: UUID | None = None,
    name_latin: str = "",
    post: str = "",
    time_zone: str = "",
    starts_on: date | None = None,
    by: UUID | None = None,
) -> UUID:
    """Make a person who has not been invited yet, with one unconfirmed address and, if given, an office.

    Language and time zone come from the office where they are not given; the name is confirmed by the person
    alone. Raises Refusal (name_…, address_form, address_known, no_organisation) with the field.
    """
    s = db.need_write()
    name, address = checked_name(name), checked_address(address)
    if queries.find_by_address(address) is not None:
        message = _("Somebody with this address is in the system already.")
        raise Refusal("address_known", message, field="address")
    office = office_row(organisation_id) if organisation_id else None
    offered = config().languages
    usual = next((code for code in (office.languages if office else ()) if code in offered), offered[0])
    person = Person(
        id=db.new_id(),
        post=text.clean(post)[:200],
        language=language if language in offered else usual,
        languages=[],
        time_zone=time_zone or (office.time_zone if office else "UTC"),
        created_at=clock.now(),
    )
    _name(person, name, checked_name(name_latin, "name_latin") if name_latin else "")
    s.add(person)
    s.flush()
    s.add(new_address(person.id, address, primary=True))
    audit.record("people.person_created", "person", person.id, by)
    if office:
        start_membership(person.id, office.id, starts_on or clock.today(office.time_zone), by=by)
    return person.id


def create_administrator(name: str, address: str, password_hash: str | None) -> UUID:
    """Make the first person of a programme: an administrator, confirmed; from the command line.

    Without a password the person is to be invited. Raises what `create_person` does.
    """
    person_id = create_person(name, address)
    grant_role(person_id, "administrator", "programme", "", None)
    if password_hash:
        person = locked_person(person_id)
        person.password_hash, person.name_confirmed_at = password_hash, clock.now()
        for row in db.need_write().scalars(select(Address).where(Address.person_id == person_id)):
            row.confirmed_at = clock.now()
    return person_id


def change_profile(
    person_id: UUID,
    by: UUID | None,
    *,
    name: str,
    name_latin: str,
    sex: str,
    post: str,
    language: str,
    time_zone: str,
) -> None:
    """Change what a person says of themselves; a name that the person saves is confirmed by it.

    Certificates that exist keep the name they were issued with. Raises Refusal (name_…, latin_…, sex,
    language, time_zone) with the field.
    """
    person = locked_person(person_id)
    name = checked_name(name)
    latin = checked_latin(name, name_latin)
    need(sex in SEXES, "sex", _("Choose one of the answers."))
    need(language in config().languages, "language", _("Choose one of the languages."))
    need(places.known_zone(time_zone), "time_zone", _("Choose a time zone."))
    renamed = (name, latin) != (person.name, person.name_latin)
    _name(person, name, latin)
    person.sex, person.post = sex, text.clean(post)[:200]
    person.language, person.time_zone = language, time_zone
    confirmed = by == person_id and (renamed or person.name_confirmed_at is None)
    if confirmed:
        person.name_confirmed_at = clock.now()
        audit.record("people.name_confirmed", "person", person_id, by, changed=renamed)
    # Also for the same name saved again: it may be another than that of a record which was merged into this one.
    if by == person_id or renamed:
        signals.named.send(signals.Named(person_id))


def change_password(person_id: UUID, password_hash: str, by: UUID | None) -> None:
    """Keep a new password; every session that was open ends, and links for a new password no longer work."""
    person = locked_person(person_id)
    person.password_hash = password_hash
    person.epoch += 1
    void(person.id, "reset")
    audit.record("people.password_changed", "person", person.id, by)


def renew_hash(person_id: UUID, old: str, new: str) -> None:
    """The same password, hashed with today's parameters, unless it was changed meanwhile."""
    db.need_write().execute(
        update(Person)
        .where(queries.same_person(Person.id, person_id), Person.password_hash == old)
        .values(password_hash=new)
        .execution_options(synchronize_session=False)
    )


def sign_out_everywhere(person_id: UUID, by: UUID | None) -> None:
    """End every session of a person, on every device."""
    locked_person(person_id).epoch += 1
    audit.record("people.signed_out_everywhere", "person", person_id, by)


def _name(person: Person, name: str, latin: str) -> None:
    person.name, person.name_latin = name, latin
    person.sort_key = text.sort_key(latin or name)[:450]
    person.search_key = text.search_key(f"{name} {latin}")[:450]
