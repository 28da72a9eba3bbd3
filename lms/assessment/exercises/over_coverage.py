"""Over-coverage of a register by a check sample, in strata: sum over h of N_h a_h / n_h, where N_h have no sign of
life, n_h of them were traced and a_h were found abroad.

On the phone the counts by stratum; at the desk an extract of the register with signs of life and what the sample found.
"""

from __future__ import annotations

from dataclasses import dataclass

from lms.assessment.exercises.frame import Answer, Data, Dice, Figure, Form, Sheet, Value
from lms.assessment.exercises.grading import drawn

ID = "over-coverage"
VERSION = 1
COMPETENCY = "C9"
LESSON = "population-registers"
KEY = ""
RETURNS = ()
FIGURES = (
    Figure("over_coverage", tolerance=3),
    Figure("corrected_stock", tolerance=3),
    Figure("register_rate", "percent", 1),
    Figure("corrected_rate", "percent", 1),
)

_GROUPS = ("neighbours", "region", "union", "other", "students")


def generate(seed: str, form: Form) -> Data:
    return drawn(ID, seed, form, _draw, FIGURES, solve, mistakes)


@dataclass(frozen=True)
class _Stratum:
    """Counts of one group: in the register, employed, without any sign of life, drawn, found abroad, found here."""

    name: str
    register: int
    employed: int
    silent: int
    drawn: int
    abroad: int
    here: int


def _draw(dice: Dice, form: Form) -> Data:
    scale = dice.share(18, 95) if form == "phone" else 1.0
    strata = []
    for name in dice.sample(_GROUPS, dice.whole(3, 5)):
        register = int(dice.whole(480, 1_150) * scale)
        silent = int(register * dice.share(0.1, 0.3))
        taken = min(silent, dice.whole(80, 240)) if form == "phone" else int(silent * dice.share(0.45, 0.7))
        traced = int(taken * dice.share(0.72, 0.93))
        abroad = int(traced * dice.share(0.25, 0.9))
        employed = int((register - silent) * dice.share(0.55, 0.75))
        strata.append(_Stratum(name, register, employed, silent, taken, abroad, traced - abroad))
    facts: dict[str, Value] = {"country": "QP", "year": dice.whole(2022, 2026)}
    return Data((_table(strata) if form == "phone" else _extract(dice, strata),), facts)


_HEADS = ("group", "register", "employed", "no_sign", "sampled", "found_abroad", "found_here", "not_traced")


def _table(strata: list[_Stratum]) -> Sheet:
    rows = tuple(
        (s.name, s.register, s.employed, s.silent, s.drawn, s.abroad, s.here, s.drawn - s.abroad - s.here)
        for s in strata
    )
    return Sheet("strata", _HEADS, rows)


def _extract(dice: Dice, strata: list[_Stratum]) -> Sheet:
    """A row for each person. Whoever has any of three signs is alive to the register; an employer's is one of them."""
    lines: list[tuple[Value, ...]] = []
    for s in strata:
        for n in range(s.register - s.silent):
            employed = n < s.employed
            other = (
                dice.weighted({(1, 0): 5, (0, 1): 3, (1, 1): 2})
                if not employed
                else (dice.whole(0, 1), dice.whole(0, 1))
            )
            lines.append((s.name, int(employed), *other, "", ""))
        for n in range(s.silent):
            found = (
                "" if n >= s.drawn else "abroad" if n < s.abroad else "here" if n < s.abroad + s.here else "untraced"
            )
            lines.append((s.name, 0, 0, 0, 1 if n < s.drawn else "", found))
    rows = tuple((f"R{n:05}", *line) for n, line in enumerate(dice.shuffled(lines), 1))
    empty = tuple(tuple(value if value != "" else None for value in row) for row in rows)
    return Sheet("register", ("person", "group", "sign_work", "sign_health", "sign_school", "sampled", "found"), empty)


def _strata(data: Data) -> list[_Stratum]:
    sheet = data.sheets[0]
    if sheet.name == "strata":
        return [_Stratum(str(r[0]), *(int(v) for v in r[1:7])) for r in sheet.rows]  # type: ignore[arg-type]
    found: dict[str, list[int]] = {}
    for _person, group, work, health, school, sampled, result in sheet.rows:
        counts = found.setdefault(str(group), [0] * 6)
        silent = not (work or health or school)
        for at, holds in enumerate((True, bool(work), silent, bool(sampled), result == "abroad", result == "here")):
            counts[at] += int(holds)
    return [_Stratum(name, *counts) for name, counts in found.items()]


def solve(data: Data) -> Answer:
    """The share found abroad, of those who were traced, group by group, times those without a sign."""
    strata = _strata(data)
    return _answer(strata, sum(s.silent * s.abroad / (s.abroad + s.here) for s in strata))


def _answer(strata: list[_Stratum], over: float) -> Answer:
    register, employed = sum(s.register for s in strata), sum(s.employed for s in strata)
    return Answer(
        {
            "over_coverage": over,
            "corrected_stock": register - over,
            "register_rate": 100 * employed / register,
            "corrected_rate": 100 * employed / (register - over),
        }
    )


def mistakes(data: Data) -> dict[str, Answer]:
    strata = _strata(data)
    register, silent = sum(s.register for s in strata), sum(s.silent for s in strata)
    abroad, traced = sum(s.abroad for s in strata), sum(s.abroad + s.here for s in strata)
    found = {
        "all_removed": _answer(strata, silent),
        "pooled": _answer(strata, silent * abroad / traced),
        "untraced_as_here": _answer(strata, sum(s.silent * s.abroad / s.drawn for s in strata)),
        "untraced_as_abroad": _answer(strata, sum(s.silent * (s.drawn - s.here) / s.drawn for s in strata)),
        "whole_register": _answer(strata, register * abroad / traced),
    }
    rate = solve(data).figures["register_rate"]
    return {name: Answer({k: v for k, v in one.figures.items() if v != rate}) for name, one in found.items()}
