"""What waits for somebody who looks after others: one page, which the rooms fill.

A room says what waits (`add`); the desk shows it, one section a room, each line with the act in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lms.policy import Viewer


@dataclass(frozen=True)
class Task:
    """One thing that waits: about whom or what, one sentence, since when, where it is done and what that is called."""

    name: str
    text: str
    link: str
    act: str
    since: datetime | None = None


@dataclass(frozen=True)
class Section:
    """`heading` is a lazy string; `ask` gives what waits for a viewer, the longest waiting first, in one statement
    or two, however much it is."""

    heading: Any
    order: int
    ask: Callable[[Viewer], list[Task]]


_sections: dict[str, Section] = {}


def add(name: str, heading: Any, order: int, ask: Callable[[Viewer], list[Task]]) -> None:
    """Enter what a room has waiting, once, under a name of the room's."""
    _sections[name] = Section(heading, order, ask)


@dataclass(frozen=True)
class Waiting:
    """A section that has something for a viewer; `name` is what the room entered it under."""

    name: str
    heading: Any
    tasks: list[Task]


def waiting(viewer: Viewer) -> list[Waiting]:
    """The sections that have something for this viewer, in order: the statements of their rooms."""
    ordered = sorted(_sections.items(), key=lambda entry: entry[1].order)
    asked = (Waiting(name, section.heading, section.ask(viewer)) for name, section in ordered)
    return [section for section in asked if section.tasks]
