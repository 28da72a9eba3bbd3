"""What keeps people's records right: a person reports their own move, a letter comes back, an office answers."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select, update

from lms import audit, clock, db, text
from lms.mail import service as mail
from lms.mail.signals import Bounced
from lms.people import queries
from lms.people.models import Address, Membership, Person, RecordQuestion, Token
from lms.people.service.addresses import add_address
from lms.people.service.invitations import invite
from lms.people.service.memberships import checked_parting, end_membership, start_membership
from lms.people.service.questions import answered, raise_question
from lms.people.service.rows import locked_person
from lms.people.service.typed import checked_address, need
from lms.policy import Refusal

# --- somebody has moved ---------------------------------------------------------------------------------


def report_move(
    person_id: UUID,
    membership_id: UUID,
    on: date,
    *,
    destination: str,
    destination_id: UUID | None = None,
    reason: str = "unknown",
    word: str = "",
) -> None:
    """A person says that they leave or have left their office. It ends nothing: the office is asked.

    Raises Refusal (no_membership, order, reason, destination, destination_id, reported) with the field.
    """
    row = db.need_write().get(Membership, membership_id)
    if row is None or row.person_id != person_id or row.ends_on is not None:
        raise Refusal("no_membership", _("You have left this office already."), 409)
    need(on > row.starts_on, "order", _("The end must come after the start."), "ends_on")
    checked_parting(row.organisation_id, reason, destination, destination_id)
    raised = raise_question(
        "moved",
        str(row.id),
        person_id,
        row.organisation_id,
        person_id,
        on=on.isoformat(),
        destination=destination,
        office=str(destination_id) if destination == "office" else None,
        reason=reason,
        word=text.clean(word)[:500],
    )
    if not raised:
        raise Refusal("reported", _("You have said so already; your office has not answered yet."), 409)


def take_back_move(question_id: UUID, by: UUID) -> None:
    """The person takes back what was not answered yet. Raises Refusal (no_question, answered)."""
    answered(question_id, "moved", "withdrawn", by)


def confirm_move(question_id: UUID, by: UUID) -> None:
    """The office agrees: the membership ends as the person said. Raises what `answered` and `end_membership` do."""
    row = answered(question_id, "moved", "ended", by)
    data = row.data
    end_membership(
        UUID(row.about),
        date.fromisoformat(data["on"]),
        data["reason"],
        by,
        destination=data["destination"],
        destination_id=UUID(data["office"]) if data["office"] else None,
    )


def deny_move(question_id: UUID, word: str, by: UUID) -> None:
    """The office says that the person is still there, with a word that they read (Refusal word)."""
    need(bool(text.clean(word)), "word", _("Say in a word why: the person reads it."))
    answered(question_id, "moved", "still_here", by, word)


# --- somebody has come ----------------------------------------------------------------------------------


def confirm_arrival(question_id: UUID, starts_on: date, by: UUID) -> None:
    """Somebody said to have come is here, from that day on: not from before they left where they were.

    Raises Refusal (starts_on, already_member) and what `answered` does.
    """
    row = answered(question_id, "came", "here", by)
    need(
        starts_on >= date.fromisoformat(row.data["on"]),
        "starts_on",
        _("They were elsewhere until then: choose that day or a later one."),
    )
    if row.organisation_id is not None:
        start_membership(row.person_id, row.organisation_id, starts_on, by=by)


def deny_arrival(question_id: UUID, by: UUID) -> None:
    """Somebody said to have come is not here."""
    answered(question_id, "came", "not_here", by)


# --- a letter has come back -----------------------------------------------------------------------------


def letters_come_back(event: Bounced) -> None:
    """A mailbox is gone: its letters wait, and the offices of those who use it are asked which address works.

    What somebody added to their own account and has not confirmed is a slip of theirs, and nobody else's business.
    """
    s, key = db.need_write(), text.address_key(event.address)
    mail.hold(event.address)
    rows = s.execute(
        select(Address, Person)
        .join(Person, Person.id == Address.person_id)
        .where(Address.key == key, Person.archived_at.is_(None))
    ).all()
    for row, person in rows:
        row.bounced_at = clock.now()
        audit.record("people.address_bounced", "address", row.id, None, person=str(person.id))
        anothers = row.added_by is not None and row.added_by != person.id
        if row.confirmed_at is not None or row.is_primary or anothers:
            office = queries.office_of(person.id)
            raise_question("bounced", str(row.id), person.id, office.id if office else None, None, address_id=row.id)


def is_coming_back(address: str) -> bool:
    """Whether letters to that address have come back, and nobody has said since that it works."""
    known = select(Address.id).where(Address.key == text.address_key(address), Address.bounced_at.is_not(None))
    return db.need_write().scalar(known.limit(1)) is not None


def say_address_works(question_id: UUID, by: UUID) -> None:
    """Letters may go to the address again; those that were held leave."""
    row = _of_address(question_id, "works", by)
    db.need_write().execute(
        update(Address)
        .where(Address.key == row.key)
        .values(bounced_at=None)
        .execution_options(synchronize_session="fetch")
    )
    mail.release(row.address)


def give_another_address(question_id: UUID, address: str, by: UUID) -> bool:
    """Enter an address that works; says whether the person has an account, and confirms it there themselves.

    Somebody who has not joined yet is invited at the new one, if they were invited at the old one.
    Raises Refusal (address_form, address_yours, same_address, beyond_scope) and what `answered` does.
    """
    s, address = db.need_write(), checked_address(address)
    old = _of_address(question_id, "replaced", by)
    message = _("Letters to this address come back. Write another one, or say that it works again.")
    need(text.address_key(address) != old.key, "same_address", message, "address")
    add_address(old.person_id, address, by)
    if locked_person(old.person_id).password_hash is not None:
        return True
    mail.leave_held(old.address, old.person_id)
    invited = select(Token.id).where(Token.person_id == old.person_id, Token.purpose == "invitation").limit(1)
    if s.scalar(invited) is not None:
        invite(old.person_id, by)
    return False


def _of_address(question_id: UUID, answer: str, by: UUID) -> Address:
    """The address that a question is about, which is answered by this."""
    question: RecordQuestion = answered(question_id, "bounced", answer, by)
    row = db.need_write().get(Address, question.address_id) if question.address_id else None
    if row is None:
        raise Refusal("no_address", _("This address was removed meanwhile."), 404)
    return row
