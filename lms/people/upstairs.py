"""What rooms above tell about people. They enter themselves at start; nothing here knows them.

`belongs(tell)`: the scopes that a person lies in beside their offices, as {("cohort", id), …}.
`welcomes(tell)`: one sentence for a person's invitation, in the language of the moment; "" for nothing.
`names(scope, tell)`: what scopes of that kind are called, by their ids.
`holds(place, tell)`: what rooms above hold of these people, to compare two records by: for each person some
headings with what stands under them. `place` orders the rooms.
`lies(scope, tell)`: the wider scopes that one of that kind lies in, by its id.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

_scopes: dict[str, Callable[[UUID], set[tuple[str, str]]]] = {}
_welcomes: dict[str, Callable[[UUID], str]] = {}
_names: dict[str, Callable[[list[str]], dict[str, str]]] = {}
Held = dict[UUID, list[tuple[str, list[str]]]]
_holdings: dict[int, Callable[[list[UUID]], Held]] = {}
_wider: dict[str, Callable[[str], frozenset[tuple[str, str]]]] = {}


def belongs(tell: Callable[[UUID], set[tuple[str, str]]]) -> None:
    _scopes[f"{tell.__module__}.{tell.__qualname__}"] = tell


def welcomes(tell: Callable[[UUID], str]) -> None:
    _welcomes[f"{tell.__module__}.{tell.__qualname__}"] = tell


def names(scope: str, tell: Callable[[list[str]], dict[str, str]]) -> None:
    _names[scope] = tell


def lies(scope: str, tell: Callable[[str], frozenset[tuple[str, str]]]) -> None:
    _wider[scope] = tell


def holds(place: int, tell: Callable[[list[UUID]], Held]) -> None:
    _holdings[place] = tell


def holdings_of(person_ids: list[UUID]) -> Held:
    found: Held = {key: [] for key in person_ids}
    for _place, tell in sorted(_holdings.items()):
        for key, lines in tell(person_ids).items():
            found[key] += lines
    return found


def scopes_of(person_id: UUID) -> set[tuple[str, str]]:
    return {scope for tell in _scopes.values() for scope in tell(person_id)}


def welcome_of(person_id: UUID) -> str:
    return " ".join(filter(None, (tell(person_id) for tell in _welcomes.values())))


def names_of(scope: str, ids: list[str]) -> dict[str, str]:
    return _names[scope](ids) if scope in _names else {}


def wider_than(scope: str, scope_id: str) -> frozenset[tuple[str, str]]:
    return _wider[scope](scope_id) if scope in _wider else frozenset()
