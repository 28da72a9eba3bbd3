"""The bars of the figures, drawn here as SVG; the table beside them is their text twin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from flask_babel import gettext as _
from markupsafe import Markup, escape

from lms.web import language

MOST = 12
_ROW, _BAR = 46, 9
# The drawing for a wide page and the one for a phone: letters stay 12 px in both. Width, letters of a name.
SIZES = {"wide": (720, 70), "narrow": (320, 30)}


class Bar(Protocol):
    @property
    def label(self) -> str: ...

    @property
    def numbers(self) -> dict[str, int]: ...


def bars(lines: Sequence[Bar]) -> Markup:
    """One pair of bars a line, the largest first, at most twelve: enrolled, and finished where it is shown."""
    largest = sorted(lines, key=lambda line: -line.numbers["enrolled"])[:MOST]
    drawn = "".join(_drawing(largest, kind, *size) for kind, size in SIZES.items())
    return Markup(drawn)  # noqa: S704 - every text in it was escaped


def _drawing(lines: Sequence[Bar], kind: str, width: int, letters: int) -> str:
    most = max((line.numbers["enrolled"] for line in lines), default=1)
    room = width - 48
    parts = []
    for place, line in enumerate(lines):
        top = place * _ROW
        parts.append(_text(width, 0, top + 13, _short(line.label, letters), "label"))
        for row, (name, look) in enumerate((("enrolled", "bar soft"), ("finished", "bar ok"))):
            if (count := line.numbers.get(name)) is not None:
                y, length = top + 19 + row * (_BAR + 2), max(2, round(count / most * room))
                x = width - length if language.direction() == "rtl" else 0
                parts.append(f'<rect class="{look}" x="{x}" y="{y}" width="{length}" height="{_BAR}" rx="2"/>')
                parts.append(_text(width, length + 5, y + _BAR, language.number(count), "muted"))
    height = len(lines) * _ROW
    label = escape(_("People by country: enrolled, and finished a module. The table says the same."))
    return (
        f'<svg class="chart {kind}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"'
        f' aria-label="{label}">{"".join(parts)}</svg>'
    )


def _text(width: int, offset: int, y: int, text: str, look: str) -> str:
    """A text that begins at `offset` from where the page's language begins."""
    if language.direction() == "rtl":
        return f'<text class="{look}" x="{width - offset}" y="{y}" text-anchor="end">{escape(text)}</text>'
    return f'<text class="{look}" x="{offset}" y="{y}">{escape(text)}</text>'


def _short(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"
