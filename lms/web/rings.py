"""The rings: each module a growth ring around the heart, the bark the 24 months after. Drawn as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, sin

from markupsafe import Markup, escape

_MONTHS = (1, 3, 6, 12, 24)


def _ring(radius: float, width: float, share: float, centre: float) -> str:
    circle = f'cx="{centre:g}" cy="{centre:g}" r="{radius:g}" fill="none" stroke-width="{width:g}"'
    drawn = f'<circle class="track" {circle}/>'
    if share > 0:
        around = 2 * pi * radius
        grown = min(share, 1) * around
        drawn += (
            f'<circle class="grown" {circle} stroke-dasharray="{grown:.1f} {around:.1f}" stroke-linecap="round"'
            f' transform="rotate(-90 {centre:g} {centre:g})"/>'
        )
    return drawn


def rings(shares: list[float], label: str = "") -> Markup:
    """The large sign, 190 px: one ring a module (`shares`, 0 to 1 each), the bark with its five milestones."""
    step = min(14.0, 56 / max(len(shares), 1))
    parts = [_ring(22 + step * n, min(8, step * 0.6), share, 100) for n, share in enumerate(shares)]
    parts.append('<circle class="track" cx="100" cy="100" r="88" fill="none" stroke-width="1.5"/>')
    for month in _MONTHS:
        angle = 2 * pi * (month / 24 - 1 / 24) - pi / 2 + 0.25
        x, y = 100 + 88 * cos(angle), 100 + 88 * sin(angle)
        parts.append(f'<circle class="todo" cx="{x:.1f}" cy="{y:.1f}" r="6" stroke-width="1.5"/>')
    role = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    svg = f'<svg class="rings" viewBox="0 0 200 200" width="190" height="190" {role}>{"".join(parts)}</svg>'
    return Markup(svg)  # noqa: S704


def glyph_parts(rings: int) -> Markup:
    """What the glyphs of a long table share, drawn once, without colours: these come from where it is used."""
    step = 13.6 / max(rings, 1)
    parts = tracks = ""
    for n in range(rings):
        circle = f'cx="16" cy="16" r="{3.5 + step * n:g}" fill="none" stroke-width="{min(2.2, step * 0.65):g}"'
        tracks += f"<circle {circle}/>"
        parts += (
            f'<circle id="ring{n}" {circle} pathLength="100" stroke-linecap="round" transform="rotate(-90 16 16)"/>'
        )
    defs = f'<defs><g id="rings">{tracks}</g>{parts}</defs>'
    return Markup(f'<svg class="rings unseen" width="1" height="1" aria-hidden="true">{defs}</svg>')  # noqa: S704


def glyph_row(shares: Sequence[float]) -> Markup:
    """The same sign at 28 px, for a row, of the parts that the page has drawn once; it only repeats what the row says
    in words."""
    grown = "".join(
        f'<use class="grown" href="#ring{n}" stroke-dasharray="{min(share, 1) * 100:.0f} 100"/>'
        for n, share in enumerate(shares)
        if share > 0
    )
    svg = '<svg class="rings" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">'
    return Markup(f'{svg}<use class="track" href="#rings"/>{grown}</svg>')  # noqa: S704
