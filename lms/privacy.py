"""What the rooms hold about a person, who is told, and how each room forgets. Rooms enter themselves; nothing here
knows them.

Everything is asked about one record. Where records of one human were merged, whoever asks brings all their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, select

from lms.db import need_write, session


@dataclass(frozen=True)
class File:
    """Something of the person that is stored as bytes: its name, and how it is read once it is wanted, which may be
    after the request (whoever reads it brings the application)."""

    name: str
    read: Callable[[], bytes]


@dataclass(frozen=True)
class Held:
    """One kind of thing that a room holds about a person: its heading (a lazy string) and its rows, oldest first.

    A row is a dict of plain values (texts, numbers, dates, moments, ids, lists of them); its keys are the fields'
    names in the JSON, `labels` what people read instead (lazy strings; those of `LABELS` need not be said again; None
    for what only machines want), `words` what they read for a field's values that are codes. A row that stands in a
    table of ours carries its `id`. Other people stand in it as role words, never by name.
    """

    name: str
    heading: Any
    rows: list[dict[str, Any]]
    files: tuple[File, ...] = ()
    labels: Mapping[str, Any] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


LABELS: dict[str, Any] = {
    "id": None,
    "at": _l("When"),
    "state": _l("State"),
    "course": _l("Course"),
    "module": _l("Module"),
    "lesson": _l("Lesson"),
    "role": _l("Role"),
    "scope": _l("Over"),
    "reason": _l("Reason"),
    "by": _l("By whom"),
    "address": _l("Mail address"),
    "name": _l("Name"),
    "organisation": _l("Office"),
    "starts_on": _l("From"),
    "ends_on": _l("Until before"),
    "language": _l("Language"),
    "time_zone": _l("Time zone"),
    "created_at": _l("Made"),
}


@dataclass(frozen=True)
class Kept:
    """What an erasure takes or leaves, how much of it, and why it stays (lazy strings; no `why`: it goes)."""

    what: Any
    count: int
    why: Any = ""


@dataclass(frozen=True)
class Fate:
    """The same before it is counted: `count` makes a scalar subquery that counts it for records of a person."""

    what: Any
    count: Callable[[Collection[UUID]], ColumnElement[int]]
    why: Any = ""


@dataclass(frozen=True)
class Keeping:
    """How long a room keeps something, for the page that tells people (lazy strings)."""

    what: Any
    how_long: Any


@dataclass(frozen=True)
class Published:
    """What anyone sees of a person: a sentence, the fields exactly, and the pages where they stand."""

    sentence: str
    fields: tuple[str, ...]
    pages: tuple[tuple[str, str], ...] = ()  # what stands on the link, its address


Export = Callable[[UUID], list[Held]]
Erase = Callable[[UUID], list[Kept]]


@dataclass(frozen=True)
class _Room:
    name: str
    floor: int
    export: Export
    erase: Erase
    fates: tuple[Fate, ...]
    keepings: tuple[Keeping, ...]


_rooms: dict[str, _Room] = {}
_publishers: dict[str, Callable[[UUID], Published | None]] = {}
_reaches: dict[str, tuple[Callable[[UUID], frozenset[tuple[str, str]]], bool]] = {}


def holds(
    room: str,
    floor: int,
    export: Export,
    erase: Erase,
    fates: Iterable[Fate] = (),
    keepings: Iterable[Keeping] = (),
) -> None:
    """Enter a room: how it tells all that it holds about one record of a person, and how it forgets it within the
    transaction of the erasure, saying what it had to keep. `fates` say the same before it is done."""
    _rooms[room] = _Room(room, floor, export, erase, tuple(fates), tuple(keepings))


def publishes(room: str, tell: Callable[[UUID], Published | None]) -> None:
    """Enter what a room shows to anyone, of a person; None where that is nothing."""
    _publishers[room] = tell


def reaches(permission: str, tell: Callable[[UUID], frozenset[tuple[str, str]]], *, instead: bool = False) -> None:
    """Where a permission's target is not a person as they are today: over which other scopes it reaches them, beside
    or `instead` of those that they lie in."""
    _reaches[permission] = tell, instead


def rooms() -> frozenset[str]:
    return frozenset(_rooms)


def keepings() -> list[Keeping]:
    """How long what is kept, room by room."""
    return [keeping for room in _told() for keeping in room.keepings]


def published(person_id: UUID) -> list[Published]:
    return [found for tell in _publishers.values() if (found := tell(person_id)) is not None]


def reached(
    person_id: UUID, scopes: frozenset[tuple[str, str]], permissions: Iterable[str]
) -> dict[str, frozenset[tuple[str, str]]]:
    """Over which scopes each of these permissions reaches a person who lies in `scopes`; what shows nothing of them is
    left out."""
    told: dict[Any, frozenset[tuple[str, str]]] = {tell: tell(person_id) for tell, _ in set(_reaches.values())}
    found = dict.fromkeys(permissions, scopes)
    for name, (tell, instead) in _reaches.items():
        if name in found:
            found[name] = told[tell] if instead else scopes | told[tell]
        if instead and not told[tell]:
            found.pop(name, None)  # there is nothing of the person that it could show
    return found


def _told() -> list[_Room]:
    """The rooms in the order in which they are told: what people know first, the ground that they do not see last."""
    return sorted(_rooms.values(), key=lambda room: (room.floor < 2, room.floor))


def export(ids: Collection[UUID]) -> list[Held]:
    """All that is held about the records of a person, in the order of the rooms; what holds nothing is left out."""
    found: dict[str, Held] = {}
    for room in _told():
        for held in (held for key in ids for held in room.export(key)):
            before = found.get(held.name)
            found[held.name] = _together(before, held) if before else held
    return [held for held in found.values() if held.rows or held.files]


def _together(one: Held, other: Held) -> Held:
    """What two records of a person hold of the same kind; a row that both know of stands there once."""
    told = {row["id"] for row in one.rows if "id" in row}
    rows = [row for row in other.rows if row.get("id") not in told]
    return replace(one, rows=one.rows + rows, files=one.files + other.files)


def foretell(ids: Collection[UUID]) -> tuple[list[Kept], list[Kept]]:
    """What would go and what would stay if these records were erased now: one statement."""
    told = [one for one in _counted([fate for room in _told() for fate in room.fates], ids) if one.count]
    return [kept for kept in told if not kept.why], [kept for kept in told if kept.why]


def kept(fates: Iterable[Fate], person_id: UUID) -> list[Kept]:
    """What of these stays with a record, counted in the transaction that is to erase the rest."""
    need_write()
    return _counted([fate for fate in fates if fate.why], [person_id])


def _counted(fates: Sequence[Fate], ids: Collection[UUID]) -> list[Kept]:
    """One statement, and none where there is nothing to count."""
    if not fates:
        return []
    counts = session().execute(select(*(fate.count(ids).label(f"c{n}") for n, fate in enumerate(fates)))).one()
    return [Kept(fate.what, count, fate.why) for fate, count in zip(fates, counts, strict=True)]


def erase(ids: Collection[UUID]) -> list[Kept]:
    """Have every room forget, from the top floor down, so that what rests on a thing goes before the thing.

    What was kept, room by room, each kind once.
    """
    need_write()
    told: dict[str, dict[str, Kept]] = {}
    for room in sorted(_rooms.values(), key=lambda room: -room.floor):
        mine = told.setdefault(room.name, {})
        for one in (one for key in ids for one in room.erase(key)):
            before = mine.get(str(one.what))
            mine[str(one.what)] = replace(one, count=one.count + before.count) if before else one
    return [one for room in _told() for one in told[room.name].values() if one.count]
