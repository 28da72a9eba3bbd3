"""What people says upward."""

from __future__ import annotations

from dataclasses import dataclass
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
