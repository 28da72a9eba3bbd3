"""What the rooms hold about a person, and how each of them forgets. Rooms enter themselves; nothing here knows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True)
class Held:
    """One kind of thing that a room holds about a person: its heading (a lazy string) and its rows, oldest first.

    A row is a dict of plain JSON values (texts, numbers, ISO dates, lists of them); its keys are the field's names.
    `files` are things of the person that are stored as bytes, as (name, bytes).
    """

    name: str
    heading: Any
    rows: list[dict[str, Any]]
    files: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True)
class Kept:
    """What stays after an erasure, how much of it, and why (lazy strings)."""

    what: Any
    count: int
    why: Any


Export = Callable[[UUID], list[Held]]
Erase = Callable[[UUID], list[Kept]]

_rooms: dict[str, tuple[int, Export, Erase]] = {}


def holds(room: str, floor: int, export: Export, erase: Erase) -> None:
    """Enter a room: how it tells all that it holds about a person (record ids merged into theirs included), and
    how it forgets it within the transaction of the erasure, saying what it had to keep."""
    _rooms[room] = (floor, export, erase)


def export(person_id: UUID) -> list[Held]:
    """All that is held about a person, in floor order; what holds nothing is left out."""
    rooms = sorted(_rooms.values(), key=lambda room: room[0])
    return [held for _floor, tell, _erase in rooms for held in tell(person_id) if held.rows or held.files]


def erase(person_id: UUID) -> list[Kept]:
    """Have every room forget, from the top floor down, so that what rests on a thing goes before the thing."""
    rooms = sorted(_rooms.values(), key=lambda room: -room[0])
    return [kept for _floor, _tell, forget in rooms for kept in forget(person_id) if kept.count]
