"""What a room can tell of a person's past; the desk merges what all rooms tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Event:
    """Something that happened: when, what sort (a word for its mark), one sentence, where to read more."""

    at: datetime
    kind: str
    text: str
    link: str = ""
