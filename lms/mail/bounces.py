"""Letters that come back: delivery status notifications (RFC 3464), as a mail server pipes them to us.

Anybody can write such a message, so it is believed only about a letter of ours: the Message-ID that nobody else
knows names it, or, where what was returned holds none, the address of a letter that left not long ago.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes, message_from_string
from email.message import Message
from uuid import UUID

from sqlalchemy import func, select

from lms import clock, db
from lms.mail import delivery
from lms.mail.models import OutboxMessage
from lms.mail.rules import about_the_mailbox

LARGEST = 1024 * 1024  # bytes; ours are small, and what comes back with them is too
RECENT = timedelta(days=14)  # servers try for five days

_OURS = re.compile(r"<outbox-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@", re.I)


@dataclass(frozen=True)
class Report:
    """What a notification says of one letter: its id where it is named, whom it could not reach, and why."""

    letter: UUID | None
    addresses: tuple[str, ...]
    status: str
    said: str


def read(raw: bytes) -> Report | None:
    """What a message says if it is a notification of a failure for good; None for anything else.

    Delays, deliveries, answers of people on leave, damaged and oversized messages are all something else.
    """
    if len(raw) > LARGEST:
        return None
    try:
        message = message_from_bytes(raw)
    except RecursionError:  # parts within parts within parts: nobody's mail server writes so
        return None
    if message.get_content_type() != "multipart/report" or not message.is_multipart():
        return None
    parts = [part for part in message.get_payload() if isinstance(part, Message)]
    for part in parts:
        if part.get_content_type() == "message/delivery-status":
            for block in _blocks(part):
                action = _field(block, "Action").lower().split(" ")[0]
                if action == "failed" and not _field(block, "Status").startswith(("2", "4")):
                    return _report(block, _letter_in(message, parts))
    return None


def _report(block: Message, letter: UUID | None) -> Report:
    named = (_after_type(_field(block, name)) for name in ("Original-Recipient", "Final-Recipient"))
    status = _field(block, "Status")
    said = _after_type(_field(block, "Diagnostic-Code")) or status or "came back"
    return Report(letter, tuple(dict.fromkeys(address for address in named if "@" in address)), status, said)


def _blocks(part: Message) -> Iterator[Message]:
    payload = part.get_payload()
    yield from (block for block in (payload if isinstance(payload, list) else []) if isinstance(block, Message))


def _letter_in(report: Message, parts: list[Message]) -> UUID | None:
    """The letter of ours whose Message-ID what was returned carries; else the one that the report answers to."""
    for part in parts:
        kind, payload = part.get_content_type(), part.get_payload()
        if kind == "message/rfc822" and isinstance(payload, list) and payload and isinstance(payload[0], Message):
            returned = payload[0]
        elif kind == "text/rfc822-headers":
            decoded = part.get_payload(decode=True)
            returned = message_from_string(decoded.decode("utf-8", "replace") if isinstance(decoded, bytes) else "")
        else:
            continue
        if found := _OURS.search(_field(returned, "Message-ID")):
            return UUID(found[1])
    found = _OURS.search(_field(report, "In-Reply-To") + _field(report, "References"))
    return UUID(found[1]) if found else None


def _field(message: Message, name: str) -> str:
    return " ".join(str(message.get(name, "")).split())


def _after_type(value: str) -> str:
    """`rfc822; a@example.org` without its type."""
    return value.partition(";")[2].strip() or value


def record(report: Report) -> str:
    """Mark the letter that came back as failed, and say so upward; what was done, in one line for the log."""
    s = db.need_write()
    if report.letter is not None:
        which = select(OutboxMessage).where(OutboxMessage.id == report.letter)
    else:
        keys = [address.casefold() for address in report.addresses]
        which = (
            select(OutboxMessage)
            .where(
                func.lower(OutboxMessage.address).in_(keys),
                OutboxMessage.state.in_(("sent", "unknown")),
                OutboxMessage.sent_at.is_(None) | (OutboxMessage.sent_at > clock.now() - RECENT),
            )
            .order_by(OutboxMessage.id.desc())
            .limit(1)
        )
    row = s.scalars(which).one_or_none()
    if row is None:
        return "This is about no letter of ours. Nothing was changed."
    if not delivery.came_back(row, report.said, about_the_mailbox(report.status, report.said)):
        return "It is known already that this letter came back. Nothing was changed."
    return f"Letter {row.id} came back."
