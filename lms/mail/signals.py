"""What the mail room says upward."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from lms.signals import Signal


@dataclass(frozen=True)
class Bounced:
    """A letter was refused for good by whoever keeps the mailbox that it went to.

    `recipient` is the person it was for, None for a bare address; `said` are the server's words.
    """

    address: str
    recipient: UUID | None
    said: str


bounced: Signal[Bounced] = Signal("mail.bounced")
