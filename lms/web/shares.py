"""Shares of a whole as one bar, drawn as SVG: widths are attributes, since the page allows no inline style."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from markupsafe import Markup, escape

WIDTH, GAP = 420.0, 1.5


class Part(Protocol):
    """Something counted: `key` names what, `count` how many."""

    @property
    def key(self) -> str: ...
    @property
    def count(self) -> int: ...


def share_bar(parts: Iterable[Part], marks: Mapping[str, str], label: str) -> Markup:
    """A part for each count, in order, as wide as its share.

    `marks` has the class of each key; `label` says the same in words.
    """
    shown = [part for part in parts if part.count > 0]
    whole = sum(part.count for part in shown)
    drawn, x = "", 0.0
    for part in shown:
        width = WIDTH * part.count / whole
        # A single person among hundreds stays visible.
        drawn += f'<rect class="{escape(marks[part.key])}" x="{x:.1f}" width="{max(width - GAP, 1):.1f}" height="12"/>'
        x += width
    return Markup(  # noqa: S704
        f'<svg class="share" viewBox="0 0 {WIDTH:g} 12" preserveAspectRatio="none" role="img"'
        f' aria-label="{escape(label)}">{drawn}</svg>'
    )
