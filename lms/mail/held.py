"""What this room holds about a person."""

from __future__ import annotations

from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from lms.db import session
from lms.mail.models import Notice, OutboxMessage
from lms.mail.queries import STATES
from lms.mail.service import KINDS
from lms.privacy import Held


def held_about(person_id: UUID) -> list[Held]:
    """The letters to a person. Their texts are gone once they left, and before that may hold a link that signs in."""
    rows = session().execute(
        select(Notice, OutboxMessage)
        .outerjoin(OutboxMessage, OutboxMessage.notice_id == Notice.id)
        .where(Notice.recipient == str(person_id))
        .order_by(Notice.created_at, Notice.id)
    )
    letters = [
        {
            "id": notice.id,
            "kind": notice.kind,
            "created_at": notice.created_at,
            "address": letter.address if letter else "",
            "title": letter.title if letter else "",
            "state": letter.state if letter else "",
            "sent_at": letter.sent_at if letter else None,
        }
        for notice, letter in rows
    ]
    labels = {"kind": _l("Kind"), "title": _l("Title"), "sent_at": _l("Sent")}
    words = {"state": STATES, "kind": {kind.name: kind.label for kind in KINDS.values()}}
    return [Held("letters", _l("Letters to you"), letters, labels=labels, words=words)]
