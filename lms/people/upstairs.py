"""What rooms above tell about people. They enter themselves at start; nothing here knows them.

`belongs(tell)`: the scopes that a person lies in beside their offices, as {("cohort", id), …}.
`welcomes(tell)`: one sentence for a person's invitation, in the language of the moment; "" for nothing.
`names(scope, tell)`: what scopes of that kind are called, by their ids.
`lies(scope, tell)`: the wider scopes that one of that kind lies in, by its id.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

_scopes: dict[str, Callable[[UUID], set[tuple[str, str]]]] = {}
_welcomes: dict[str, Callable[[UUID], str]] = {}
_names: dict[str, Callable[[list[str]], dict[str, str]]] = {}
_wider: dict[str, Callable[[str], frozenset[tuple[str, str]]]] = {}


def belongs(tell: Callable[[UUID], set[tuple[str, str]]]) -> None:
    _scopes[f"{tell.__module__}.{tell.__qualname__}"] = tell


def welcomes(tell: Callable[[UUID], str]) -> None:
    _welcomes[f"{tell.__module__}.{tell.__qualname__}"] = tell


def names(scope: str, tell: Callable[[list[str]], dict[str, str]]) -> None:
    _names[scope] = tell


def lies(scope: str, tell: Callable[[str], frozenset[tuple[str, str]]]) -> None:
    _wider[scope] = tell


def scopes_of(person_id: UUID) -> set[tuple[str, str]]:
    return {scope for tell in _scopes.values() for scope in tell(person_id)}


def welcome_of(person_id: UUID) -> str:
    return " ".join(filter(None, (tell(person_id) for tell in _welcomes.values())))


def names_of(scope: str, ids: list[str]) -> dict[str, str]:
    return _names[scope](ids) if scope in _names else {}


def wider_than(scope: str, scope_id: str) -> frozenset[tuple[str, str]]:
    return _wider[scope](scope_id) if scope in _wider else frozenset()
