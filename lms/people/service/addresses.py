"""Mail addresses of a person: several, each confirmed by a letter, any of them signs in."""

from __future__ import annotations

from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select, update

from lms import audit, clock, db, text
from lms.mail.service import kind, link, notify, redirect, release
from lms.people import queries
from lms.people.models import Address, Person, RecordQuestion, Token
from lms.people.service.questions import settle
from lms.people.service.roles import need_every_right, open_roles
from lms.people.service.rows import locked_address, locked_person
from lms.people.service.tokens import make_token, use_token
from lms.people.service.typed import checked_address
from lms.policy import Refusal

ADDRESS = kind("people.address", _l("Confirmation of an address"), asked=True)


def add_address(person_id: UUID, address: str, by: UUID | None) -> UUID:
    """Add an address to a person; a letter asks there for its confirmation.

    Whether it is anyone else's is not told. For a person who has not joined yet it becomes the primary one at
    once, and the next invitation goes there: whoever reads it takes the account up, with every role that waits in it,
    so that only those who could give those roles may say where it goes.
    Raises Refusal (address_form, address_yours, beyond_scope) with the field.
    """
    s = db.need_write()
    person, address = locked_person(person_id), checked_address(address)
    person_id, joined = person.id, queries.password_hash_of(person.id) is not None
    if not joined:
        need_every_right(by, person_id)
    own = (Address.key == text.address_key(address), queries.same_person(Address.person_id, person_id))
    row = s.scalars(select(Address).where(*own).order_by(Address.confirmed_at.is_(None), Address.id)).first()
    if row is not None and row.confirmed_at is not None:
        raise Refusal("address_yours", _("This address is there already."), field="address")
    if row is None:
        row = new_address(person_id, address)
        row.added_by = by
        s.add(row)
        s.flush()
        audit.record("people.address_added", "address", row.id, by, person=str(person_id))
    if not joined:
        _set_primary(row)
    else:
        _send_confirmation(person, row)
    return row.id


def send_confirmation(address_id: UUID) -> None:
    """Send the letter that asks for an address's confirmation once more."""
    row = locked_address(address_id)
    if row.confirmed_at is None or row.bounced_at is not None:
        _send_confirmation(locked_person(row.person_id), row)


def confirm_address(token: str, by: UUID | None = None) -> UUID:
    """Confirm the address that this link went to; whose it is now. `by` is who is signed in, if anybody.

    An address that somebody else added is confirmed by its person, signed in: whoever reads the mailbox could
    else ask there for a new password of theirs. An administrator's is trusted.
    Raises Refusal (link_unknown, link_used, link_expired, address_taken, sign_in_first).
    """
    made = use_token("address", token)
    row = locked_address(made.address_id)
    if by != made.person_id and _is_anothers(row):
        message = _("Somebody else added this address to your account. Sign in first, then open the link again.")
        raise Refusal("sign_in_first", message, 403)
    confirm(row, made.person_id)
    return made.person_id


def _is_anothers(row: Address) -> bool:
    """Whether somebody added it who is neither its person nor an administrator."""
    if row.added_by is None or row.added_by == row.person_id:
        return False
    return ("administrator", "programme", "") not in open_roles(row.added_by)


def make_primary(address_id: UUID, by: UUID | None) -> None:
    """Have letters go to this address, which must be confirmed (Refusal address_unconfirmed)."""
    row = locked_address(address_id)
    if row.confirmed_at is None:
        raise Refusal("address_unconfirmed", _("Confirm this address first: open the link that was sent there."))
    _set_primary(row)
    audit.record("people.address_made_primary", "address", row.id, by, person=str(row.person_id))


def remove_address(address_id: UUID, by: UUID | None) -> None:
    """Take an address away. The primary one stays (Refusal address_primary): letters need somewhere to go."""
    s = db.need_write()
    row = locked_address(address_id)
    first = queries.addresses_of(row.person_id)[0]
    if row.is_primary and first.id == row.id:
        raise Refusal("address_primary", _("Letters go to this address. Make another one primary first."))
    audit.record("people.address_removed", "address", row.id, by, person=str(row.person_id))
    settle("bounced", str(row.id), "removed", by)
    s.execute(update(RecordQuestion).where(RecordQuestion.address_id == row.id).values(address_id=None))
    s.execute(delete(Token).where(Token.address_id == row.id))
    s.delete(row)


def new_address(person_id: UUID, address: str, primary: bool = False) -> Address:
    return Address(
        id=db.new_id(),
        person_id=person_id,
        address=address,
        key=text.address_key(address),
        is_primary=primary,
        created_at=clock.now(),
    )


def _set_primary(row: Address) -> None:
    db.need_write().execute(
        update(Address)
        .where(queries.same_person(Address.person_id, row.person_id))
        .values(is_primary=Address.id == row.id)
        .execution_options(synchronize_session=False)
    )


def confirm(row: Address, by: UUID) -> None:
    """A confirmed address signs in to one account: the UNIQUE index decides (Refusal address_taken).

    Letters go there again if they had come back; they go there from now on if they come back from the primary one.
    """
    s = db.need_write()
    _end_silence(row, by)
    if row.confirmed_at is not None:
        return
    # Worded before it is needed: after a failed flush nothing more can be read, the viewer's language neither.
    taken = _("This address signs in to another account: use that one, or ask there for a new password.")
    row.confirmed_at = clock.now()
    audit.record("people.address_confirmed", "address", row.id, by, person=str(row.person_id))
    try:
        s.flush()
    except db.IntegrityError:
        raise Refusal("address_taken", taken, 409) from None


def _end_silence(row: Address, by: UUID) -> None:
    if row.bounced_at is not None:
        row.bounced_at = None
        settle("bounced", str(row.id), "works", by)
        release(row.address)
    own = select(Address).where(Address.person_id == row.person_id, Address.is_primary, Address.id != row.id)
    for primary in db.need_write().scalars(own.where(Address.bounced_at.is_not(None))).all():
        _set_primary(row)
        settle("bounced", str(primary.id), "replaced", by)
        redirect(primary.address, row.person_id, row.address)


def _send_confirmation(person: Person, row: Address) -> None:
    token, made = make_token("address", person.id, row.id)
    context = {
        "name": person.name,
        "link": link("people.confirm_address", token=token),
        "anothers": _is_anothers(row),
    }
    notify(ADDRESS, made, person.id, row.address, person.language, context, name=person.name)
