"""Who a survey can be sent to. Rooms above enter their groups at start; nothing here knows them.

`people_of(id)`: the persons who would be asked. `offices_of(id)`: the offices that would be, for a questionnaire
that institutions answer. `targets_of(ids)`: what these audiences belong to; ids of nothing are left out.
`names_of(ids)`: what they are called. `choices(viewer)`: those that a viewer may think of, as (id, name).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from lms.policy import Target, Viewer


@dataclass(frozen=True)
class Audience:
    kind: str
    label: Any  # a lazy string
    people_of: Callable[[str], list[UUID]]
    offices_of: Callable[[str], list[UUID]]
    targets_of: Callable[[list[str]], dict[str, Target]]
    names_of: Callable[[list[str]], dict[str, str]]
    choices: Callable[[Viewer], list[tuple[str, str]]]


KINDS: dict[str, Audience] = {}


def register(
    kind: str,
    label: Any,
    *,
    people_of: Callable[[str], list[UUID]],
    offices_of: Callable[[str], list[UUID]],
    targets_of: Callable[[list[str]], dict[str, Target]],
    names_of: Callable[[list[str]], dict[str, str]],
    choices: Callable[[Viewer], list[tuple[str, str]]],
) -> None:
    """Enter a kind of audience; entering it again replaces it."""
    KINDS[kind] = Audience(kind, label, people_of, offices_of, targets_of, names_of, choices)


def target_of(kind: str, id: str) -> Target | None:
    """What an audience belongs to; None where there is none."""
    return KINDS[kind].targets_of([id]).get(id) if kind in KINDS else None


def names_of(audiences: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What these are called: one question a kind."""
    return {(kind, id): name for kind, ids in _by_kind(audiences) for id, name in KINDS[kind].names_of(ids).items()}


def targets_of(audiences: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Target]:
    """What these belong to: one question a kind."""
    return {(kind, id): found for kind, ids in _by_kind(audiences) for id, found in KINDS[kind].targets_of(ids).items()}


def _by_kind(audiences: Iterable[tuple[str, str]]) -> list[tuple[str, list[str]]]:
    ids: dict[str, set[str]] = {}
    for kind, id in audiences:
        if kind in KINDS:
            ids.setdefault(kind, set()).add(id)
    return [(kind, sorted(own)) for kind, own in ids.items()]
