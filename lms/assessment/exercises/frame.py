"""What a practical exercise is: data made from a seed, what they come to, and what typical mistakes come to.

An exercise is a module of this package with pure functions and these names:

    ID          its name in addresses and in `content/<language>/exercises/<ID>.toml`, where its text stands
    VERSION     raised when the same seed would give other data: tasks that are open then begin anew
    COMPETENCY  the code that passing it shows, LESSON the id of the lesson that prepares it
    FIGURES     the figures that are asked for, in their order
    RETURNS     at the desk, the columns of a file to give back; empty where only figures are asked
    KEY         the column whose values name the rows of that file ("" where none is asked); of several columns the
                names with points between them, and a row's key is then their values in the same way, as SDMX writes it

    generate(seed: str, form: Form) -> Data
    solve(data: Data) -> Answer
    mistakes(data: Data) -> dict[str, Answer]      by the mistake's id; what does not differ may be left out

The structure of the data varies with the seed, not only its numbers. `phone` has 40 rows at most in all, `desk` 500 to
20,000. Whatever the seed: no figure of a mistake lies within tolerance of the right one or of another mistake's, and
nothing degenerate appears (an empty group, a share of 0 or 100 %, a denominator of 0).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Literal, Protocol, TypeVar

Form = Literal["desk", "phone"]
FORMS: tuple[Form, ...] = ("phone", "desk")
Value = str | int | float | date | None
T = TypeVar("T")


@dataclass(frozen=True)
class Sheet:
    """A table: `heads` are ids of columns (the text says what people read), the first column is the row's key."""

    name: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True)
class Data:
    """What a trainee is given: tables, and the facts that the text names in braces."""

    sheets: tuple[Sheet, ...]
    facts: Mapping[str, Value]

    def sheet(self, name: str) -> Sheet:
        return next(sheet for sheet in self.sheets if sheet.name == name)


@dataclass(frozen=True)
class Figure:
    """A figure that is asked for, in `unit` (count, percent, per_mille, ratio), to so many `decimals`.

    Within half a unit of the last decimal it is right; within `tolerance` (absolute, at least that half) right within
    tolerance.
    """

    id: str
    unit: str = "count"
    decimals: int = 0
    tolerance: float = 0.0

    @property
    def half(self) -> float:
        return 0.5 * 10.0**-self.decimals


@dataclass(frozen=True)
class Column:
    """A column of the file to give back: for each row's key one of these codes; where there are none, anything."""

    id: str
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What somebody may come to: figures by id; at the desk, codes by the row's key, in the order of RETURNS. Of a
    mistake that leaves a row out, the row has no codes."""

    figures: Mapping[str, float]
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Exercise(Protocol):
    """A module of this package."""

    ID: str
    VERSION: int
    COMPETENCY: str
    LESSON: str
    FIGURES: tuple[Figure, ...]
    RETURNS: tuple[Column, ...]
    KEY: str

    def generate(self, seed: str, form: Form) -> Data: ...

    def solve(self, data: Data) -> Answer: ...

    def mistakes(self, data: Data) -> dict[str, Answer]: ...


def by_file(exercise: Exercise, form: str) -> bool:
    """Whether a file is to be given back, beside the figures."""
    return form == "desk" and bool(exercise.RETURNS)


def keys_are_given(exercise: Exercise) -> bool:
    """Whether an empty file with all keys is handed out. To find those of several columns is part of the task."""
    return "." not in exercise.KEY


class Dice:
    """Chance from a seed: the same on every machine and in every release, since only `random()` is drawn on.

    `purpose` parts the draws of one seed, so that a table that grows does not move another's numbers.
    """

    def __init__(self, seed: str, purpose: str = "") -> None:
        self._draw = Random(hashlib.sha256(f"{seed}/{purpose}".encode()).hexdigest()).random  # noqa: S311

    def share(self, low: float = 0.0, high: float = 1.0) -> float:
        """A number from `low` up to, but without, `high`."""
        return low + (high - low) * self._draw()

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int((high - low + 1) * self._draw())

    def happens(self, chance: float) -> bool:
        return self._draw() < chance

    def pick(self, choices: Sequence[T]) -> T:
        return choices[int(len(choices) * self._draw())]

    def weighted(self, choices: Mapping[T, float]) -> T:
        """One of the keys, with a chance as its value among all."""
        at, last = self.share(0.0, sum(choices.values())), None
        for last, weight in choices.items():  # noqa: B007
            at -= weight
            if at < 0:
                break
        return last  # type: ignore[return-value]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in another order (Fisher and Yates)."""
        mixed = list(items)
        for at in range(len(mixed) - 1, 0, -1):
            other = self.whole(0, at)
            mixed[at], mixed[other] = mixed[other], mixed[at]
        return mixed

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        return self.shuffled(items)[:count]
