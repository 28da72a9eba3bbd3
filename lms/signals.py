"""Signals: how a room speaks upward without knowing who listens.

Receivers are held strongly, called in floor order, inside the sender's transaction; their errors propagate
(what belongs together is written together or not at all), and they only insert rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Event = TypeVar("Event")


class Signal(Generic[Event]):
    """A typed signal; `connect(floor, receiver)` once at start, `send(event)` in a service."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._receivers: list[tuple[int, Callable[[Event], None]]] = []

    def connect(self, floor: int, receiver: Callable[[Event], None]) -> None:
        if all(known is not receiver for _, known in self._receivers):
            self._receivers.append((floor, receiver))
            self._receivers.sort(key=lambda pair: pair[0])

    def send(self, event: Event) -> None:
        for _, receiver in self._receivers:
            receiver(event)
