"""Links that are sent: 32 random bytes, of which only the hash is kept; each is used once."""

from __future__ import annotations

import secrets
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select, update

from lms import clock, db
from lms.people import queries, rules
from lms.people.models import Token
from lms.policy import Refusal


def make_token(purpose: str, person_id: UUID, address_id: UUID) -> tuple[str, UUID]:
    """A new link's token (32 random bytes) and the id of its row, which keeps only the hash."""
    token, now = secrets.token_urlsafe(32), clock.now()
    row = Token(
        id=db.new_id(),
        purpose=purpose,
        person_id=person_id,
        address_id=address_id,
        token_hash=queries.token_hash(token),
        created_at=now,
        expires_at=now + rules.LIFETIMES[purpose],
    )
    db.need_write().add(row)
    return token, row.id


def token_row(purpose: str, token: str) -> Token:
    row = db.need_write().scalars(
        select(Token).where(Token.token_hash == queries.token_hash(token), Token.purpose == purpose)
    )
    found = row.one_or_none()
    if found is None:
        raise Refusal("link_unknown", _("This link is not one of ours, or was cut off. Open it from the letter."), 404)
    return found


def use_token(purpose: str, token: str) -> Token:
    """Use a link up. The conditional UPDATE lets one of many through."""
    row, now = token_row(purpose, token), clock.now()
    used = db.need_write().execute(
        update(Token)
        .where(Token.id == row.id, Token.used_at.is_(None), Token.expires_at > now)
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    if not used.rowcount:  # type: ignore[attr-defined]
        if row.used_at is None and row.expires_at <= now:
            raise Refusal("link_expired", _("This link is too old to be used."), 410)
        raise Refusal("link_used", _("This link was used already."), 410)
    return row


def void(person_id: UUID, purpose: str) -> None:
    """Links of this purpose that are still open stop working."""
    db.need_write().execute(
        update(Token)
        .where(queries.same_person(Token.person_id, person_id), Token.purpose == purpose, Token.used_at.is_(None))
        .values(used_at=clock.now())
        .execution_options(synchronize_session=False)
    )
