"""A census and a register of one population: Chapman's estimate in strata with its interval, before and after those who
had left are taken off the register. In each stratum it is (n1 + 1)(n2 + 1)/(m + 1) - 1, its variance
(n1 + 1)(n2 + 1)(n1 - m)(n2 - m)/((m + 1)^2 (m + 2)) (Seber 1982); estimates and variances of strata are added.

On the phone the counts by stratum; at the desk both lists, matched by a number that each writes in its own way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import sqrt

from lms.assessment.exercises.frame import Answer, Data, Dice, Figure, Form, Sheet, Value
from lms.assessment.exercises.grading import drawn

ID = "dual-system"
VERSION = 1
COMPETENCY = "C15"
LESSON = "dual-system"
KEY = ""
RETURNS = ()
FIGURES = (
    Figure("as_given", tolerance=3),  # strata rounded before they are added are within it
    Figure("cleaned", tolerance=3),
    Figure("standard_error", "count", 1, 0.2),
    Figure("lower", tolerance=3),
    Figure("upper", tolerance=3),
    Figure("bias", "percent", 1),
)

_GROUPS = ("neighbours", "region", "union", "other", "students")
_Z = 1.96


def generate(seed: str, form: Form) -> Data:
    return drawn(ID, seed, form, _draw, FIGURES, solve, mistakes)


@dataclass(frozen=True)
class _Stratum:
    """People of one group on the census, on the register, on both; of the register who left before census day and who
    left after it, and how many of the latter are on both."""

    name: str
    census: int
    register: int
    both: int
    before: int
    after: int
    after_both: int = 0

    @property
    def cleaned(self) -> _Stratum:
        """Without those who left before census day: none of them is on the census, so none is on both."""
        return replace(self, register=self.register - self.before, before=0)

    @property
    def estimate(self) -> float:
        return (self.census + 1) * (self.register + 1) / (self.both + 1) - 1

    @property
    def variance(self) -> float:
        n1, n2, m = self.census, self.register, self.both
        return (n1 + 1) * (n2 + 1) * (n1 - m) * (n2 - m) / ((m + 1) ** 2 * (m + 2))


def _draw(dice: Dice, form: Form) -> Data:
    strata = _strata_drawn(dice, form)
    year = dice.whole(2021, 2026)
    day = date(year, dice.whole(3, 6), dice.pick((1, 5, 10, 15)))
    facts: dict[str, Value] = {
        "country": dice.pick(("QM", "QP", "QS")), "year": year, "day": day, "extract": day + timedelta(days=185),
    }  # fmt: skip
    if form == "phone":
        rows = tuple((s.name, s.census, s.register, s.before, s.after, s.both) for s in strata)
        return Data(
            (Sheet("lists", ("group", "census", "register", "left_before", "left_after", "both"), rows),), facts
        )
    return Data(_lists(dice, strata, day), facts)


def _strata_drawn(dice: Dice, form: Form) -> list[_Stratum]:
    """One or two groups are hard to reach by both lists, the others are not: pooled they would look too few."""
    scale = dice.share(4, 30) if form == "phone" else 1.0
    names = dice.sample(_GROUPS, dice.whole(2, 4))
    hard = 1 if len(names) < 4 else dice.whole(1, 2)
    strata = []
    for place, name in enumerate(names):
        people = int(dice.whole(350, 950) * scale)
        low, high = (0.42, 0.62) if place < hard else (0.76, 0.92)
        census, register = int(people * dice.share(low, high)), int(people * dice.share(low, high))
        both = int(census * register / people * dice.share(0.98, 1.02))
        # Who was about to leave was seldom at home on census day.
        after = int(register * dice.share(0.04, 0.09))
        after_both = int(after * dice.share(0.15, 0.35))
        before = int(register * dice.share(0.05, 0.16))
        strata.append(_Stratum(name, census, register + before, both, before, after, after_both))
    return dice.shuffled(strata)


# --- at the desk: two lists ---


def _lists(dice: Dice, strata: list[_Stratum], day: date) -> tuple[Sheet, Sheet]:
    """Both lists, each in its own order. A person has one number; the register writes it with the country's prefix and
    a check digit, the census without."""
    census: list[tuple[Value, ...]] = []
    register: list[tuple[Value, ...]] = []
    number = dice.whole(1_200_000, 6_500_000)
    for s in strata:
        for is_on_census, left, count in (
            (True, "after", s.after_both),
            (True, "", s.both - s.after_both),
            (False, "after", s.after - s.after_both),
            (False, "before", s.before),
            (False, "", s.register - s.both - s.before - (s.after - s.after_both)),
            (True, "nowhere", s.census - s.both),
        ):
            for _n in range(count):
                number += dice.whole(1, 90)
                sex, born = dice.pick("FM"), day.year - dice.whole(18, 32 if s.name == "students" else 74)
                if is_on_census:
                    census.append((str(number), s.name, sex, born))
                if left != "nowhere":
                    register.append((_written(number), s.name, sex, born, *_days(dice, day, left)))
    return (
        Sheet("census", ("form", "number", "group", "sex", "birth_year"), _numbered("C", dice.shuffled(census))),
        Sheet(
            "register",
            ("record", "register_number", "group", "sex", "birth_year", "registered_on", "left_on"),
            _numbered("R", dice.shuffled(register)),
        ),
    )


def _numbered(letter: str, lines: list[tuple[Value, ...]]) -> tuple[tuple[Value, ...], ...]:
    return tuple((f"{letter}{n:05}", *line) for n, line in enumerate(lines, 1))


def _written(number: int) -> str:
    check = sum(int(digit) * weight for digit, weight in zip(str(number), (3, 1, 3, 1, 3, 1, 3), strict=True)) % 10
    return f"N-{number}-{check}"


def _days(dice: Dice, day: date, left: str) -> tuple[date, date | None]:
    """When a person registered, and when they left by the border's file, which comes late."""
    if left == "before":
        gone = day - timedelta(days=dice.whole(2, 800))
        return gone - timedelta(days=dice.whole(100, 2_500)), gone
    here = day - timedelta(days=dice.whole(20, 3_200))
    return here, day + timedelta(days=dice.whole(1, 175)) if left == "after" else None


# --- what they come to ---


def _strata(data: Data) -> list[_Stratum]:
    if data.sheets[0].name == "lists":
        return [
            _Stratum(str(group), *(int(str(n)) for n in (census, register, both, before, after)))
            for group, census, register, before, after, both in data.sheets[0].rows
        ]
    day = data.facts["day"]
    assert isinstance(day, date)  # noqa: S101  the census has a day
    counted = {row[1] for row in data.sheet("census").rows}
    found: dict[str, list[int]] = {}
    for row in data.sheet("census").rows:
        found.setdefault(str(row[2]), [0] * 6)[0] += 1
    for _record, number, group, _sex, _born, _since, left in data.sheet("register").rows:
        counts = found[str(group)]
        both = str(number)[2:-2] in counted
        before, after = isinstance(left, date) and left < day, isinstance(left, date) and left >= day
        for at, holds in enumerate((True, both, before, after, after and both), 1):
            counts[at] += int(holds)
    return [_Stratum(name, *counts) for name, counts in found.items()]


def solve(data: Data) -> Answer:
    """Chapman's estimate in each stratum, with the register as it is and without those who had left."""
    strata = _strata(data)
    cleaned = [s.cleaned for s in strata]
    total, error = _total(cleaned), _error(cleaned)
    bias = 100 * (_total(strata) - total) / total
    return Answer({"as_given": _total(strata), "cleaned": total, **_interval(total, error), "bias": bias})


def _total(strata: list[_Stratum]) -> float:
    return sum(s.estimate for s in strata)


def _error(strata: list[_Stratum]) -> float:
    """The standard error of the sum: strata are independent, so that variances add."""
    return sqrt(sum(s.variance for s in strata))


def _interval(total: float, error: float, z: float = _Z) -> dict[str, float]:
    return {"standard_error": error, "lower": total - z * error, "upper": total + z * error}


def mistakes(data: Data) -> dict[str, Answer]:
    strata = _strata(data)
    cleaned = [s.cleaned for s in strata]
    given, total, error = _total(strata), _total(cleaned), _error(cleaned)
    left = sum(s.before for s in strata)

    pool = [_pooled(strata)]
    pool_cleaned = [_pooled(cleaned)]
    stayed = [replace(s, register=s.register - s.after, both=s.both - s.after_both) for s in cleaned]
    one_error = _interval(total, error, z=1.0)
    return {
        "pooled": Answer(
            {
                "as_given": _total(pool),
                "cleaned": _total(pool_cleaned),
                **_interval(_total(pool_cleaned), _error(pool_cleaned)),
            }
        ),
        "either_list": Answer(
            {
                "as_given": sum(s.census + s.register - s.both for s in strata),
                "cleaned": sum(s.census + s.register - s.both for s in cleaned),
            }
        ),
        "lists_added": Answer(
            {
                "as_given": sum(s.census + s.register for s in strata),
                "cleaned": sum(s.census + s.register for s in cleaned),
            }
        ),
        "left_kept": Answer({"cleaned": given, **_interval(given, _error(strata))}),
        "taken_off_the_estimate": Answer({"cleaned": given - left}),
        "left_after_removed": Answer({"cleaned": _total(stayed)}),
        "errors_added": Answer(_interval(total, sum(sqrt(s.variance) for s in cleaned))),
        "one_standard_error": Answer({"lower": one_error["lower"], "upper": one_error["upper"]}),
        "bias_of_the_given": Answer({"bias": 100 * (given - total) / given}),
        "bias_turned_round": Answer({"bias": 100 * (total - given) / total}),
    }


def _pooled(strata: list[_Stratum]) -> _Stratum:
    """All strata as if they were one."""
    return _Stratum(
        "all",
        sum(s.census for s in strata),
        sum(s.register for s in strata),
        sum(s.both for s in strata),
        sum(s.before for s in strata),
        sum(s.after for s in strata),
    )
