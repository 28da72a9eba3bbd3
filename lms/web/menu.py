"""The main places, as a registry: a room adds its own; the layout shows those that the viewer may open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lms.policy import Viewer


@dataclass(frozen=True)
class Place:
    """An entry: `icon` names a drawing in `web/icons.html`; `order` places it; `shown` decides by the viewer."""

    endpoint: str
    label: Any  # a lazy string
    icon: str
    order: int
    shown: Callable[[Viewer], bool]


_places: dict[str, Place] = {}


def add(endpoint: str, label: Any, icon: str, order: int, shown: Callable[[Viewer], bool]) -> None:
    _places[endpoint] = Place(endpoint, label, icon, order, shown)


def places(viewer: Viewer | None) -> list[Place]:
    """What this viewer sees, in order; nothing for one who is not signed in."""
    if viewer is None:
        return []
    return sorted((p for p in _places.values() if p.shown(viewer)), key=lambda p: p.order)
