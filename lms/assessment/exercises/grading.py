"""What a try at an exercise came to: pure, over plain values.

`freeze` turns what an exercise expects into the plain values that are kept with the task, so that a later program
grades it as this one would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from lms.assessment.exercises.frame import Answer, Column, Data, Dice, Exercise, Figure, Form

Verdict = Literal["right", "tolerance", "mistake", "wrong", "missing"]
ENOUGH = 0.99  # the share of rows that must be right in each column of a file: one slip in a hundred is none
MOST = 0.5  # a mistake is named where it explains so much of what is wrong in a column

Expected = dict[str, Any]


@dataclass(frozen=True)
class FigureFound:
    """What a figure came to; `mistake` is the id of the one that gives this figure."""

    figure: str
    verdict: Verdict
    mistake: str = ""


@dataclass(frozen=True)
class ColumnFound:
    """What a column of a file came to: rows that are right, of how many; the mistake that explains most of the rest and
    how many rows it explains; the keys of the first wrong rows."""

    column: str
    right: int
    rows: int
    mistake: str = ""
    explained: int = 0
    examples: tuple[str, ...] = ()

    @property
    def enough(self) -> bool:
        return enough(self.right, self.rows)


def enough(right: int, rows: int) -> bool:
    """Whether so many right rows of a column will do."""
    return right >= ENOUGH * rows


def freeze(exercise: Exercise, data: Data) -> Expected:
    """The figures and rows that are right and those of each mistake; of a mistake's rows only those that differ."""
    right, wrong = exercise.solve(data), exercise.mistakes(data)
    return {
        "figures": dict(right.figures),
        "rows": {key: list(codes) for key, codes in right.rows.items()},
        "mistakes": {
            name: {
                "figures": dict(answer.figures),
                "rows": {key: list(codes) for key, codes in answer.rows.items() if codes != right.rows.get(key)},
            }
            for name, answer in wrong.items()
        },
    }


def figures(asked: Iterable[Figure], expected: Expected, given: Mapping[str, float | None]) -> list[FigureFound]:
    """Each figure in the order in which they are asked. One that was not given is missing."""
    return [_figure(figure, expected, given.get(figure.id)) for figure in asked]


def _figure(figure: Figure, expected: Expected, value: float | None) -> FigureFound:
    if value is None:
        return FigureFound(figure.id, "missing")
    off = abs(value - expected["figures"][figure.id])
    if off <= figure.half + _DUST:
        return FigureFound(figure.id, "right")
    if off <= figure.tolerance + _DUST:
        return FigureFound(figure.id, "tolerance")
    near = [
        (abs(value - answer["figures"][figure.id]), name)
        for name, answer in expected["mistakes"].items()
        if figure.id in answer["figures"]
    ]
    reach = max(figure.half, figure.tolerance) + _DUST
    found = min(((distance, name) for distance, name in near if distance <= reach), default=None)
    return FigureFound(figure.id, "mistake", found[1]) if found else FigureFound(figure.id, "wrong")


_DUST = 1e-9  # what binary fractions leave: 0.1 + 0.2


def rows(columns: Iterable[Column], expected: Expected, given: Mapping[str, tuple[str, ...]]) -> list[ColumnFound]:
    """Each column of a file that was given back. A row that is not in the file is wrong."""
    return [_column(place, column, expected, given) for place, column in enumerate(columns)]


def _column(place: int, column: Column, expected: Expected, given: Mapping[str, tuple[str, ...]]) -> ColumnFound:
    right: dict[str, list[str]] = expected["rows"]
    wrong = [key for key, codes in right.items() if key not in given or given[key][place] != codes[place]]
    explained = {
        name: sum(key in answer["rows"] and _same(answer["rows"][key], given.get(key), place) for key in wrong)
        for name, answer in expected["mistakes"].items()
    }
    name, count = max(explained.items(), key=lambda entry: entry[1], default=("", 0))
    named = bool(count) and count >= MOST * len(wrong)
    return ColumnFound(
        column.id, len(right) - len(wrong), len(right), name if named else "", count if named else 0, tuple(wrong[:5])
    )


def _same(mistaken: Sequence[str], given: Sequence[str] | None, place: int) -> bool:
    """Whether a row of a mistake is what was given; one without codes is a row that is left out."""
    return not mistaken if given is None else bool(mistaken) and mistaken[place] == given[place]


def all_right(found: Iterable[FigureFound]) -> bool:
    return all(one.verdict in ("right", "tolerance") for one in found)


def plain(found: Iterable[FigureFound | ColumnFound]) -> list[dict[str, Any]]:
    """What was found as plain values, to be kept."""
    return [asdict(one) for one in found]


def clear(asked: Iterable[Figure], right: Answer, wrong: Mapping[str, Answer]) -> bool:
    """Whether every mistake can be told: at least one of its figures differs from the right one and from that of every
    other mistake by more than twice the tolerance, or most of its rows are its own. Nothing hides in a tolerance: what
    differs from the right figure at all lies outside it twice."""
    reach = {figure.id: 2 * max(figure.half, figure.tolerance) + _DUST for figure in asked}
    return all(_told(name, answer, right, wrong, reach) for name, answer in wrong.items())


def _told(name: str, answer: Answer, right: Answer, wrong: Mapping[str, Answer], reach: Mapping[str, float]) -> bool:
    told = False
    for figure, value in answer.figures.items():
        off = abs(value - right.figures[figure])
        if _DUST < off <= reach[figure]:
            return False
        others = (other.figures.get(figure) for key, other in wrong.items() if key != name)
        told = told or (off > _DUST and all(one is None or abs(one - value) > reach[figure] for one in others))
    return told or _own_rows(name, answer, right, wrong)


def _own_rows(name: str, answer: Answer, right: Answer, wrong: Mapping[str, Answer]) -> bool:
    """Whether most rows that this mistake gets wrong are so by no other."""
    own = {key: codes for key, codes in answer.rows.items() if codes != right.rows.get(key)}
    shared = sum(
        any(other.rows.get(key) == codes for other_name, other in wrong.items() if other_name != name)
        for key, codes in own.items()
    )
    return bool(own) and shared < MOST * len(own)


def drawn(
    exercise: str,
    seed: str,
    form: Form,
    draw: Callable[[Dice, Form], Data],
    asked: Iterable[Figure],
    solve: Callable[[Data], Answer],
    mistakes: Callable[[Data], dict[str, Answer]],
) -> Data:
    """The first data of a seed in which every mistake can be told. RuntimeError where a hundred draws give none."""
    asked = tuple(asked)
    for again in range(100):
        data = draw(Dice(seed, f"{exercise} {form} {again}"), form)
        if clear(asked, solve(data), mistakes(data)):
            return data
    raise RuntimeError(f"no clear data of {exercise} for the seed {seed}")
