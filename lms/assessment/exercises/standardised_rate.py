"""Two groups compared: employment at their own ages and on one standard population (direct standardisation, the sum of
w times rate over the sum of w); and a series as an index, on a base that can be defended (100 times x over its base).

On the phone tables of counts; at the desk a labour force survey with weights, one row for each person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from lms.assessment.exercises.frame import Answer, Data, Dice, Figure, Form, Sheet, Value
from lms.assessment.exercises.grading import drawn

ID = "standardised-rate"
VERSION = 2
COMPETENCY = "C19"
LESSON = "comparing-fairly"
KEY = ""
RETURNS = ()
FIGURES = (
    Figure("crude_gap", "percent", 1, 0.1),  # what rates make of it that were rounded before
    Figure("native_rate", "percent", 1),
    Figure("foreign_rate", "percent", 1),
    Figure("standard_gap", "percent", 1, 0.1),
    Figure("index_year", "ratio", 1),
    Figure("index_mean", "ratio", 1),
)

_COUNTRIES = ("QM", "QN", "QP", "QS", "QT")
_OTHERS = ("QR", "QU", "QV", "QW")
_GROUPS = ((15, 25, 55), (15, 25, 40, 55), (15, 25, 35, 45, 55), (15, 20, 25, 40, 55))  # ages at which a group begins
_END = 65

# Shares of an age group among those of 15 to 64 for each year of age, and employment, by the age at its middle.
_NATIVE_AGES = ((22, 0.8), (30, 0.95), (40, 1.0), (50, 1.1), (60, 1.15))
_FOREIGN_AGES = ((22, 0.7), (30, 1.7), (40, 1.5), (50, 0.8), (60, 0.35))
_RATES = ((18, 0.14), (22, 0.42), (30, 0.82), (40, 0.87), (50, 0.83), (60, 0.56))


@dataclass(frozen=True)
class _Group:
    """Somebody's people and employed by age group."""

    people: tuple[float, ...]
    employed: tuple[float, ...]

    @property
    def crude(self) -> float:
        return 100 * sum(self.employed) / sum(self.people)

    @property
    def rates(self) -> tuple[float, ...]:
        return tuple(100 * working / people for working, people in zip(self.employed, self.people, strict=True))

    def on(self, standard: Sequence[float]) -> float:
        """The rate that the group would have with the ages of `standard`."""
        return sum(w * rate for w, rate in zip(standard, self.rates, strict=True)) / sum(standard)


def generate(seed: str, form: Form) -> Data:
    return drawn(ID, seed, form, _draw, FIGURES, solve, mistakes)


def _draw(dice: Dice, form: Form) -> Data:
    home, starts = dice.pick(_COUNTRIES), dice.pick(_GROUPS)
    names = _names(starts)
    year = dice.whole(2022, 2025)
    series, facts = _series(dice, year)
    facts |= {"country": home, "year": year}
    standard = _standard(dice, starts)
    natives = _employment(dice, starts, 0.0)
    foreign = _employment(dice, starts, dice.share(0.03, 0.13))
    if form == "phone":
        rows = _counts(dice, starts, names, natives, foreign, standard)
        heads = ("age_group", "native_born", "native_employed", "foreign_born", "foreign_employed", "standard")
        return Data((Sheet("ages", heads, rows), series), facts)
    persons = _survey(dice, home, starts, natives, foreign)
    table = Sheet("standard", ("age_group", "standard"), tuple(zip(names, standard, strict=True)))
    return Data((persons, table, series), facts)


def _names(starts: Sequence[int]) -> list[str]:
    return [f"{low}-{high - 1}" for low, high in zip(starts, (*starts[1:], _END), strict=True)]


def _at(points: Sequence[tuple[int, float]], age: float) -> float:
    """What a line through these points is at an age."""
    for (low, before), (high, after) in pairwise(points):
        if age <= high:
            return before + (after - before) * max(0.0, age - low) / (high - low)
    return points[-1][1]


def _middles(starts: Sequence[int]) -> list[tuple[float, int]]:
    """The age at the middle of each group, and how many years of age it has."""
    return [((low + high) / 2, high - low) for low, high in zip(starts, (*starts[1:], _END), strict=True)]


def _employment(dice: Dice, starts: Sequence[int], less: float) -> list[float]:
    """Rates by age group. Those born abroad have lower ones, not everywhere by as much."""
    return [
        min(0.95, max(0.06, _at(_RATES, age) + dice.share(-0.05, 0.05) - less * dice.share(0.3, 1.7)))
        for age, _years in _middles(starts)
    ]


def _structure(dice: Dice, starts: Sequence[int], ages: Sequence[tuple[int, float]]) -> list[float]:
    raw = [_at(ages, age) * years * dice.share(0.85, 1.15) for age, years in _middles(starts)]
    return [weight / sum(raw) for weight in raw]


def _standard(dice: Dice, starts: Sequence[int]) -> list[int]:
    """A standard population of a region: younger or older than either group, to 100,000 or in thousands."""
    tilt = dice.share(-0.012, 0.012)
    raw = [max(0.2, 1 - tilt * (age - 40)) * years * dice.share(0.9, 1.1) for age, years in _middles(starts)]
    size, step = dice.pick(((100_000, 500), (20_000, 100), (64_000, 250)))
    return [max(1, round(weight / sum(raw) * size / step)) * step for weight in raw]


def _counts(
    dice: Dice, starts: Sequence[int], names: Sequence[str], natives: list[float], foreign: list[float],
    standard: list[int],
) -> tuple[tuple[Value, ...], ...]:  # fmt: skip
    """People and employed in thousands, as a yearbook has them."""
    size = dice.whole(1_800, 9_000)
    own = [max(20, round(size * part)) for part in _structure(dice, starts, _NATIVE_AGES)]
    born = [max(10, round(size * dice.share(0.1, 0.2) * part)) for part in _structure(dice, starts, _FOREIGN_AGES)]
    return tuple(
        (name, people, round(people * rate), others, round(others * other), weight)
        for name, people, rate, others, other, weight in zip(names, own, natives, born, foreign, standard, strict=True)
    )


def _survey(dice: Dice, home: str, starts: Sequence[int], natives: list[float], foreign: list[float]) -> Sheet:
    """A row for each person of 15 to 74. Towns were asked at a higher rate than the country, and people who were born
    abroad at a higher one than others: the weights say how many people each stands for."""
    abroad = dice.sample([code for code in (*_COUNTRIES, *_OTHERS) if code != home], dice.whole(3, 5))
    base, better = dice.share(60, 160), dice.share(0.05, 0.1)  # of a weight; employment in town over the country's
    lines: list[tuple[Value, ...]] = []
    for is_native, rates, ages in ((True, natives, _NATIVE_AGES), (False, foreign, _FOREIGN_AGES)):
        weights = dict(enumerate(_structure(dice, starts, ages)))
        for _n in range(dice.whole(1_000, 2_200) if is_native else dice.whole(700, 1_500)):
            group = dice.weighted(weights)
            age = dice.whole(starts[group], (*starts, _END)[group + 1] - 1)
            rate, rural = rates[group], dice.happens(0.35)
            if dice.happens(0.09):
                age, rate = dice.whole(_END, 74), 0.08
            rate += -better if rural else better / 2
            status = "employed" if dice.happens(rate) else "unemployed" if dice.happens(0.22) else "inactive"
            weight = base * (3.2 if rural else 1.0) * (1.0 if is_native else 0.4) * dice.share(0.8, 1.2)
            born = home if is_native else dice.pick(abroad)
            lines.append((age, born, "rural" if rural else "town", status, round(weight)))
    rows = tuple((f"S{n:05}", *line) for n, line in enumerate(dice.shuffled(lines), 1))
    return Sheet("persons", ("person", "age", "birth_country", "area", "status", "weight"), rows)


def _series(dice: Dice, year: int) -> tuple[Sheet, dict[str, Value]]:
    """Immigration of ten to thirteen years, thousands; one year is not like the others (a closed border, or papers for
    those who were there already). The bases that are asked for lie before it."""
    count = dice.whole(10, 13)
    shock = year - dice.whole(2, 3)
    first = year - count + 1
    level, growth = dice.share(18, 90), dice.share(1.01, 1.07)
    values = {when: level * growth ** (when - first) * dice.share(0.9, 1.1) for when in range(first, year + 1)}
    values[shock] *= dice.share(0.3, 0.5) if dice.happens(0.65) else dice.share(1.7, 2.3)
    rows = tuple((when, round(value, 1)) for when, value in values.items())
    end = shock - dice.whole(1, 2)
    facts: dict[str, Value] = {
        "base": dice.whole(first, first + 2), "from": max(first, end - dice.whole(3, 4)), "to": end, "shock": shock,
    }  # fmt: skip
    return Sheet("series", ("year", "immigration"), rows), facts


# --- reading --------------------------------------------------------------------------------------------------


def _n(value: Value) -> float:
    assert isinstance(value, int | float)  # noqa: S101
    return float(value)


def _ages(data: Data) -> tuple[_Group, _Group, list[float]]:
    """The native-born, the foreign-born, and the standard, by age group."""
    if data.sheets[0].name == "ages":
        columns = list(zip(*(map(_n, row[1:]) for row in data.sheets[0].rows), strict=True))
        own, working, born, employed, weights = columns
        return _Group(own, working), _Group(born, employed), list(weights)
    standard = [_n(weight) for _name, weight in data.sheet("standard").rows]
    return (*_persons(data), standard)


def _persons(data: Data, *, weighted: bool = True, active: bool = False) -> tuple[_Group, _Group]:
    """The survey by age group; without weights, or of the labour force alone, it is wrong."""
    starts = [int(str(row[0]).split("-")[0]) for row in data.sheet("standard").rows]
    home = data.facts["country"]
    found = {native: ([0.0] * len(starts), [0.0] * len(starts)) for native in (True, False)}
    for _person, age, born, _area, status, weight in data.sheet("persons").rows:
        years = _n(age)
        if not starts[0] <= years < _END or (active and status == "inactive"):
            continue
        people, employed = found[born == home]
        group = sum(start <= years for start in starts) - 1
        people[group] += _n(weight) if weighted else 1
        employed[group] += (_n(weight) if weighted else 1) * (status == "employed")
    return _Group(*map(tuple, found[True])), _Group(*map(tuple, found[False]))


def _all_ages(data: Data) -> float:
    """The crude gap with those of 65 and over."""
    sums = {True: [0.0, 0.0], False: [0.0, 0.0]}
    for _person, _age, born, _area, status, weight in data.sheet("persons").rows:
        group = sums[born == data.facts["country"]]
        group[0] += _n(weight)
        group[1] += _n(weight) * (status == "employed")
    return 100 * (sums[True][1] / sums[True][0] - sums[False][1] / sums[False][0])


def _values(data: Data) -> dict[int, float]:
    return {int(_n(year)): _n(value) for year, value in data.sheet("series").rows}


# --- answers --------------------------------------------------------------------------------------------------


def solve(data: Data) -> Answer:
    """Rates of both groups on one standard, the gap in points, and the last year over one year and over a mean."""
    natives, foreign, standard = _ages(data)
    values = _values(data)
    last = values[int(_n(data.facts["year"]))]
    return Answer(
        {
            **_rates(natives, foreign, standard),
            "index_year": 100 * last / values[int(_n(data.facts["base"]))],
            "index_mean": 100 * last / _mean(_base_years(data, values)),
        }
    )


def _rates(natives: _Group, foreign: _Group, standard: Sequence[float]) -> dict[str, float]:
    own, born = natives.on(standard), foreign.on(standard)
    return {
        "crude_gap": natives.crude - foreign.crude,
        "native_rate": own,
        "foreign_rate": born,
        "standard_gap": own - born,
    }


def _base_years(data: Data, values: Mapping[int, float]) -> list[float]:
    first, last = int(_n(data.facts["from"])), int(_n(data.facts["to"]))
    return [values[year] for year in range(first, last + 1)]


def _mean(values: Iterable[float]) -> float:
    some = list(values)
    return sum(some) / len(some)


def mistakes(data: Data) -> dict[str, Answer]:
    natives, foreign, standard = _ages(data)
    right = solve(data).figures

    def on(weights: Sequence[float]) -> dict[str, float]:
        return _rates(natives, foreign, weights)

    pooled = [own + born for own, born in zip(natives.people, foreign.people, strict=True)]
    found: dict[str, dict[str, float]] = {
        "mean_of_rates": on([1.0] * len(standard)),
        "native_ages": on(natives.people),
        "foreign_ages": on(foreign.people),
        "pooled_ages": on(pooled),
        "own_ages": {
            "native_rate": natives.crude, "foreign_rate": foreign.crude, "standard_gap": natives.crude - foreign.crude,
        },
        "percent_not_points": {
            "crude_gap": 100 * (1 - foreign.crude / natives.crude),
            "standard_gap": 100 * (1 - right["foreign_rate"] / right["native_rate"]),
        },
        "gap_turned_round": {name: -right[name] for name in ("crude_gap", "standard_gap")},
        **_wrong_indices(data, right),
    }  # fmt: skip
    if data.sheets[0].name == "persons":
        found["unweighted"] = _rates(*_persons(data, weighted=False), standard)
        found["labour_force"] = _rates(*_persons(data, active=True), standard)
        found["all_ages"] = {"crude_gap": _all_ages(data)}
    return _telling(found, right)


def _wrong_indices(data: Data, right: Mapping[str, float]) -> dict[str, dict[str, float]]:
    values = _values(data)
    year, shock = int(_n(data.facts["year"])), int(_n(data.facts["shock"]))
    first, last = int(_n(data.facts["from"])), values[year]
    through = [value for when, value in values.items() if first <= when <= shock]
    return {
        "shock_base": {"index_year": 100 * last / values[shock], "index_mean": 100 * last / _mean(through)},
        "change_not_index": {name: right[name] - 100 for name in ("index_year", "index_mean")},
        "year_before": {"index_year": 100 * last / values[year - 1]},
        "one_year_for_the_mean": {"index_mean": 100 * last / values[int(_n(data.facts["to"]))]},
        "upside_down": {name: 10_000 / right[name] for name in ("index_year", "index_mean")},
    }


def _telling(found: Mapping[str, Mapping[str, float]], right: Mapping[str, float]) -> dict[str, Answer]:
    """Mistakes with the figures that they get wrong by more than a tenth or two: less passes as right."""
    told = {
        name: {key: value for key, value in figures.items() if abs(value - right[key]) > _SEEN}
        for name, figures in found.items()
    }
    return {name: Answer(figures) for name, figures in told.items() if figures}


_SEEN = 0.2
