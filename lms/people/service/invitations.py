"""Invitations and links for a new password: sent, taken up, asked for again."""

from __future__ import annotations

from uuid import UUID

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from lms import audit, clock, db, text
from lms.mail.service import kind, link, notify
from lms.people import queries, rules, signals, upstairs
from lms.people.models import Address, Person, Token
from lms.people.service.addresses import confirm
from lms.people.service.persons import change_password, change_profile, create_person
from lms.people.service.roles import grant_role, need_colleague, need_every_right
from lms.people.service.rows import locked_address, locked_person
from lms.people.service.tokens import make_token, token_row, use_token, void
from lms.people.service.typed import checked_address
from lms.policy import Refusal

INVITATION = kind("people.invitation", _l("Invitation"))
RESET = kind("people.reset", _l("New password"), asked=True)


def invite(person_id: UUID, by: UUID | None) -> str:
    """Send an invitation to a person's primary address; the link's token.

    Raises Refusal (already_joined) for a person who has an account.
    """
    person, row = _invitee(person_id)
    token, made = make_token("invitation", person.id, row.id)
    _send_invitation(person, row, token, made, by)
    audit.record("people.invited", "person", person_id, by)
    return token


def name_focal_point(organisation_id: UUID, address: str, name: str, by: UUID | None) -> str:
    """Name a focal point of an office: whoever has this address, or somebody new.

    Says "named", "held" (they were it before) or "invited": one who has no account is invited.
    A focal point names colleagues, or somebody new. Raises Refusal (name_…, address_form, beyond_scope, not_here)
    with the field.
    """
    person_id = queries.find_by_address(checked_address(address))
    if person_id is None:
        person_id = create_person(name, address, organisation_id=organisation_id, by=by)
    else:
        need_colleague(by, organisation_id, person_id)
    given = grant_role(person_id, "focal_point", "organisation", str(organisation_id), by)
    if queries.password_hash_of(person_id) is not None:
        return "named" if given else "held"
    invite(person_id, by)
    return "invited"


def print_invitation(person_id: UUID, by: UUID) -> str:
    """A link to be printed and handed over; its token. No letter is sent.

    Raises Refusal (already_joined; beyond_scope for a person who has a role that `by` could not give: whoever
    holds the paper could take it up).
    """
    person, row = _invitee(person_id)
    need_every_right(by, person_id)
    token, _made = make_token("invitation", person.id, row.id)
    audit.record("people.invited", "person", person_id, by, printed=True)
    return token


def renew_invitation(token: str) -> None:
    """Send a new link where an old one went. Raises Refusal (link_unknown, already_joined)."""
    old = token_row("invitation", token)
    person = locked_person(old.person_id)
    if queries.password_hash_of(person.id) is not None:
        raise _already_joined()
    row = locked_address(old.address_id)
    new, made = make_token("invitation", person.id, row.id)
    _send_invitation(person, row, new, made, None)
    audit.record("people.invited", "person", person.id, None, renewed=True)


def accept_invitation(
    token: str,
    password_hash: str,
    name: str,
    name_latin: str,
    *,
    sex: str = "unsaid",
    post: str = "",
    language: str,
    time_zone: str,
) -> UUID:
    """Join: keep the password, confirm the address and the name; who it is. Once, however often it is sent.

    Raises Refusal (link_unknown, link_used, link_expired, address_taken) and what `change_profile` does.
    """
    person = locked_person(token_row("invitation", token).person_id)
    if queries.password_hash_of(person.id) is not None:
        raise _already_joined()
    made = use_token("invitation", token)
    person.password_hash = password_hash
    void(person.id, "invitation")
    confirm(locked_address(made.address_id), person.id)
    change_profile(
        person.id,
        person.id,
        name=name,
        name_latin=name_latin,
        sex=sex,
        post=post,
        language=language,
        time_zone=time_zone,
    )
    audit.record("people.joined", "person", person.id, person.id)
    signals.joined.send(signals.Joined(person.id))
    return person.id


def ask_reset(address: str) -> None:
    """Send a link for a new password to this address, if it is one of ours; tells nobody whether it is.

    To somebody who was invited and has not joined yet the invitation goes again: that is what they need.
    """
    s = db.need_write()
    known = queries.credentials(address)
    person_id = known.person_id if known else queries.find_by_address(rules.clean_address(address))
    if person_id is None:
        return
    person, key = locked_person(person_id), text.address_key(rules.clean_address(address))
    own = (queries.same_person(Address.person_id, person.id), Address.key == key)
    row = s.scalars(select(Address).where(*own).order_by(Address.confirmed_at.is_(None), Address.id)).first()
    if row is None:  # removed, or parted from this record, meanwhile
        return
    invited = select(Token.id).where(queries.same_person(Token.person_id, person.id), Token.purpose == "invitation")
    if queries.password_hash_of(person.id) is not None:
        token, made = make_token("reset", person_id, row.id)
        context = {"name": person.name, "link": link("people.reset", token=token)}
        notify(RESET, made, person_id, row.address, person.language, context, name=person.name)
        audit.record("people.reset_asked", "person", person_id)
    elif s.scalar(invited.limit(1)):
        token, made = make_token("invitation", person_id, row.id)
        _send_invitation(person, row, token, made, None)
        audit.record("people.invited", "person", person_id, None, renewed=True)


def reset_password(token: str, password_hash: str) -> UUID:
    """Keep a new password by a link that was sent; who it is. Every open session ends.

    Raises Refusal (link_unknown, link_used, link_expired).
    """
    made = use_token("reset", token)
    person_id = locked_person(made.person_id).id
    change_password(person_id, password_hash, person_id)
    return person_id


def _invitee(person_id: UUID) -> tuple[Person, Address]:
    person = locked_person(person_id)
    if queries.password_hash_of(person.id) is not None:
        raise _already_joined()
    first = next(iter(queries.addresses_of(person.id)), None)
    row = locked_address(first.id) if first else None
    if row is None:
        raise Refusal("no_address", _("This person has no address yet. Add one first."))
    return person, row


def _already_joined() -> Refusal:
    message = _("This invitation was accepted already. Sign in, or ask for a new password.")
    return Refusal("already_joined", message, 409)


def _send_invitation(person: Person, row: Address, token: str, made: UUID, by: UUID | None) -> None:
    office = queries.office_of(person.id)
    until = clock.now() + rules.LIFETIMES["invitation"]
    with force_locale(person.language):
        welcome = upstairs.welcome_of(person.id)
    context = {
        "name": person.name,
        "inviter": queries.recipient(by) if by else None,
        "office": office.name_in(person.language) if office else "",
        "welcome": welcome,
        "link": link("people.invitation", token=token),
        "until": until.astimezone(clock.zone(person.time_zone)).date(),
    }
    notify(INVITATION, made, person.id, row.address, person.language, context, name=person.name)
