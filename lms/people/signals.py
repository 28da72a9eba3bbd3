"""What people says upward."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from lms.signals import Signal


@dataclass(frozen=True)
class Named:
    """A person confirmed or changed the name that is printed."""

    person_id: UUID


named: Signal[Named] = Signal("people.named")


@dataclass(frozen=True)
class Joined:
    """A person accepted their invitation: from now on they can sign in."""

    person_id: UUID


joined: Signal[Joined] = Signal("people.joined")


@dataclass(frozen=True)
class Merged:
    """One record was merged into another: its rows are read with that one's, and new ones go there.

    A receiver makes ready what new rows of the kept record will need, and writes into `prepared` what it is to take
    back when they are parted, under a key of its own.
    """

    kept_id: UUID
    merged_id: UUID
    at: datetime
    prepared: dict[str, Any]


@dataclass(frozen=True)
class Parted:
    """The two are apart again; `prepared` is what receivers of `Merged` had written down."""

    kept_id: UUID
    merged_id: UUID
    merged_at: datetime
    prepared: dict[str, Any]


merged: Signal[Merged] = Signal("people.merged")
parted: Signal[Parted] = Signal("people.parted")
