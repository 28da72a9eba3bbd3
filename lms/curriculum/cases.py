"""Cases by type of data infrastructure: whoever works with one reads that case first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from lms.curriculum.content import Question

_START = re.compile(r'<div class="note case-(\w+)">')
_DIV = re.compile(r"<(/?)div\b")


def own_first(body: Sequence[str | Question], infrastructure: str) -> tuple[str | Question, ...]:
    """A lesson's body with the case of that type (as `people.models.INFRASTRUCTURES` names them) before the other cases
    that stand with it. Nothing else moves."""
    return tuple(_moved(part, infrastructure) if isinstance(part, str) else part for part in body)


def _moved(html: str, infrastructure: str) -> str:
    found = [(start[1], start.start(), _end(html, start.start())) for start in _START.finditer(html)]
    together = all(not html[a[2] : b[1]].strip() for a, b in pairwise(found))
    if len(found) < 2 or not together:
        return html
    cases = sorted(found, key=lambda case: case[0] != infrastructure)
    inside = "\n".join(html[begin:end] for _kind, begin, end in cases)
    return html[: found[0][1]] + inside + html[found[-1][2] :]


def _end(html: str, start: int) -> int:
    """Where the div that begins there ends."""
    depth = 0
    for tag in _DIV.finditer(html, start):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return html.index(">", tag.start()) + 1
    return len(html)
