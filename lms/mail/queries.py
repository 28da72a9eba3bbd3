"""The outbox as an administrator sees it, and the demonstration's letters."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, func, select

from lms.db import session
from lms.mail.models import Notice, OutboxMessage
from lms.privacy import Fate, Keeping

STATES = {
    "failed": _l("refused"),
    "unknown": _l("of unknown fate"),
    "held": _l("held: letters there come back"),
    "due": _l("waiting"),
    "claimed": _l("taken up"),
    "sending": _l("on its way"),
    "sent": _l("sent"),
    "cancelled": _l("left"),
}


@dataclass(frozen=True)
class Line:
    """A letter in the list: what kind, to whom, where it stands and why; `whole`: its text is still there."""

    id: UUID
    kind: str
    address: str
    state: str
    created_at: datetime
    sent_at: datetime | None
    tries: int
    error: str | None
    whole: bool


@dataclass(frozen=True)
class Received:
    """A letter in the demonstration's folder."""

    address: str
    title: str
    language: str
    at: datetime
    body: str


def counts() -> dict[str, int]:
    """How many letters stand in each state; states without one are left out."""
    by_state = select(OutboxMessage.state, func.count()).group_by(OutboxMessage.state)
    return {row[0]: row[1] for row in session().execute(by_state)}


def lines(states: Iterable[str], most: int = 50) -> list[Line]:
    """The newest letters in these states."""
    rows = session().execute(
        select(
            OutboxMessage.id,
            Notice.kind,
            OutboxMessage.address,
            OutboxMessage.state,
            Notice.created_at,
            OutboxMessage.sent_at,
            OutboxMessage.tries,
            OutboxMessage.error,
            OutboxMessage.body != "",
        )
        .join(Notice, Notice.id == OutboxMessage.notice_id)
        .where(OutboxMessage.state.in_(list(states)))
        .order_by(OutboxMessage.id.desc())
        .limit(most)
    )
    return [Line(*row) for row in rows]


def received(folder: Path, most: int = 50) -> list[Received]:
    """The newest letters in a folder, whose names are ids that sort by age."""
    letters = []
    for path in sorted(folder.glob("*.eml"), reverse=True)[:most]:
        try:
            message = message_from_bytes(path.read_bytes(), policy=default)
        except OSError:
            continue
        letters.append(
            Received(
                address=str(message["To"]),
                title=str(message["Subject"]),
                language=str(message["Content-Language"]),
                at=parsedate_to_datetime(str(message["Date"])),
                body=message.get_content().replace("\r\n", "\n"),
            )
        )
    return letters


# --- what an erasure does with letters -------------------------------------------------------------------------


def _letters(ids: Collection[UUID]) -> ColumnElement[int]:
    return select(func.count(Notice.id)).where(Notice.recipient.in_([str(key) for key in ids])).scalar_subquery()


FATES = (
    Fate(_l("Addresses, titles and texts of letters to you; those that did not leave yet are not sent"), _letters),
    Fate(
        _l("That a letter of some kind was sent, and when"),
        _letters,
        _l("So that nothing is sent twice, and it can be shown that duties to tell were kept."),
    ),
)
KEEPINGS = (
    Keeping(
        _l("Letters: their text until they have left; their kind, title and address"),
        _l("until you are erased: it proves that you were told"),
    ),
)
