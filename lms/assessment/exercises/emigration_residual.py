"""Net migration as a residual of two censuses, cohort by cohort: P2(x + n) - S(x) P1(x); P2(under n) - S(b) B for those
born between; emigration of the foreign-born = immigration - net. Nobody is born into the foreign-born.

On the phone one table in ten-year groups; at the desk both censuses by region, sex and single age, a life table in
five-year groups and the flows of each year, with a year more on either side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lms.assessment.exercises.frame import Answer, Data, Dice, Figure, Form, Sheet, Value
from lms.assessment.exercises.grading import drawn

ID = "emigration-residual"
VERSION = 1
COMPETENCY = "C16"
LESSON = "residuals-and-reconciliation"
KEY = ""
RETURNS = ()
FIGURES = (
    Figure("born_between", tolerance=1),
    Figure("cohort_net", tolerance=1),
    Figure("expected", tolerance=5),
    Figure("net", tolerance=5),
    Figure("emigration", tolerance=5),
    Figure("if_missed", tolerance=5),
)

# By ten-year age, of a population whose group 0-9 is 1: how many there are, and what part leaves in ten years.
_NATIVE = (1.0, 0.97, 0.93, 0.86, 0.76, 0.63, 0.46, 0.29, 0.13, 0.04)
_FOREIGN = (0.24, 0.52, 1.0, 0.98, 0.74, 0.5, 0.31, 0.18, 0.08, 0.02)
_NATIVE_NET = (-0.02, -0.06, -0.09, -0.04, -0.015, -0.005, 0.004, 0.002, 0.001, 0.001)
_FOREIGN_LEAVE = (0.15, 0.22, 0.3, 0.24, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02)
_ARRIVE = (0.12, 0.17, 0.3, 0.21, 0.1, 0.05, 0.03, 0.013, 0.005, 0.002)  # by age at the second census
# Deaths a year among 10,000 people, by five-year age (shape of a life table at a life expectancy of about 70).
_DEATHS = (18, 6, 6, 10, 14, 16, 20, 27, 38, 55, 82, 122, 184, 280, 430, 680, 1_060, 1_650, 2_400)

Key = tuple[str, int]  # sex ("" on the phone), first age of a group
Count = tuple[int, int]  # native-born, foreign-born


def generate(seed: str, form: Form) -> Data:
    return drawn(ID, seed, form, _draw, FIGURES, solve, mistakes)


@dataclass(frozen=True)
class _Plan:
    """How the censuses are laid out: `years` between them, ages in steps of `step` up to `open` (and over), survival
    for groups of `width` years."""

    years: int
    step: int
    width: int
    open: int
    survival: Mapping[Key, float]
    of_births: float

    @property
    def ages(self) -> range:
        return range(0, self.open + 1, self.step)

    def ten(self, shape: tuple[float, ...], age: int) -> float:
        """How many people `shape` has at an age of the plan; at the last one all who are older, too."""
        if age < self.open:
            return shape[age // 10] * self.step / 10
        return shape[age // 10] * (10 - age % 10) / 10 + sum(shape[age // 10 + 1 :])

    def share(self, sex: str, age: int) -> float:
        return self.survival[sex, age // self.width * self.width]


def _draw(dice: Dice, form: Form) -> Data:
    phone = form == "phone"
    second, years = dice.whole(2019, 2025), 10 if phone or dice.happens(0.5) else 5
    step, width = (10, 10) if phone else (1, 5)
    sexes = ("",) if phone else ("F", "M")
    last = dice.pick((60, 70, 80) if phone else (75, 80, 85, 90))
    frailty = dice.share(0.8, 1.5)
    survival = {
        (sex, age): _survival(age, years, width, last, frailty * (0.8 if sex == "F" else 1.0))
        for sex in sexes
        for age in range(0, last + 1, width)
    }
    plan = _Plan(years, step, width, last, survival, round(1 - dice.share(0.008, 0.05), 3))
    young = dice.pick([age for age in (20, 30) if age + width <= last]) if phone else dice.pick((20, 25, 30, 35))
    facts: dict[str, Value] = {
        "country": dice.pick(("QM", "QN", "QP", "QS", "QT")),
        "first": second - years,
        "last": second,
        "last_year": second - 1,
        "years": years,
        "children": f"0-{years - 1}",
        "cohort": f"{young}-{young + width - 1}",
        "open_age": last,
        "of_births": plan.of_births,
        "missed": dice.pick((0.5, 1, 1.5, 2)),
    }
    sheets = _few(dice, plan) if phone else _many(dice, plan, second)
    return Data(sheets, facts)


def _survival(age: int, years: int, width: int, last: int, frailty: float) -> float:
    """The share of a group that is alive so many years later, from the age in its middle."""
    alive, middle = 1.0, age + (4 if age == last else width // 2)
    for later in range(years):
        alive *= 1 - min(0.3, frailty * _DEATHS[min((middle + later) // 5, len(_DEATHS) - 1)] / 10_000)
    return round(alive, 3)


@dataclass(frozen=True)
class _Place:
    """What is known of a place and sex: both censuses by age; births, of them to mothers born abroad; arrivals."""

    first: Mapping[int, Count]
    second: Mapping[int, Count]
    births: int
    abroad: int
    arrivals: int


@dataclass(frozen=True)
class _Country:
    """What is so in the whole country: how strongly people leave and come, and how well children are counted."""

    leave: float
    foreign_leave: float
    foreign: float
    arrive: float
    children: float
    mothers_abroad: float


def _country(dice: Dice, years: int) -> _Country:
    part, foreign = years / 10, dice.share(0.04, 0.16)
    return _Country(
        dice.share(0.6, 1.7) * part * (1 if dice.happens(0.8) else -0.5),
        dice.share(0.6, 1.7) * part,
        foreign,
        dice.share(0.25, 0.7) * part,
        1 + dice.share(-0.08, 0.02),
        foreign * dice.share(0.9, 1.7),
    )


def _place(dice: Dice, plan: _Plan, sex: str, size: float, one: _Country) -> _Place:
    """`size` are those of 0 to 9 years at the first census. Cohorts go forward, some leave and some come."""
    first: dict[int, Count] = {}
    second = dict.fromkeys(plan.ages, (0.0, 0.0))
    for age in plan.ages:
        native = int(size * plan.ten(_NATIVE, age) * dice.share(0.96, 1.04))
        foreign = int(size * one.foreign * plan.ten(_FOREIGN, age) * dice.share(0.9, 1.1))
        first[age] = (native, foreign)
        alive, later, ten = plan.share(sex, age), min(age + plan.years, plan.open), min(age // 10, 9)
        stay = alive * (1 + one.leave * _NATIVE_NET[ten] * dice.share(0.8, 1.2))
        foreign_stay = alive * (1 - min(0.6, one.foreign_leave * _FOREIGN_LEAVE[ten] * dice.share(0.8, 1.2)))
        second[later] = (second[later][0] + native * stay, second[later][1] + foreign * foreign_stay)
    births, arrivals = int(size * dice.share(0.9, 1.1) * plan.years / 10), 0
    for age in plan.ages:
        came = int(size * one.foreign * one.arrive * 4.6 * plan.ten(_ARRIVE, age) * dice.share(0.85, 1.15))
        arrivals += came
        here, foreign_here = second[age]
        if age < plan.years:
            here = births * plan.of_births * one.children * plan.step / plan.years * dice.share(0.97, 1.03)
        second[age] = (here, foreign_here + came)
    counted = {age: (int(native), int(foreign)) for age, (native, foreign) in second.items()}
    return _Place(first, counted, births, int(births * one.mothers_abroad), arrivals)


def _few(dice: Dice, plan: _Plan) -> tuple[Sheet, ...]:
    one = _place(dice, plan, "", dice.whole(140_000, 980_000), _country(dice, plan.years))
    rows = []
    for age in plan.ages:
        name = f"{age}+" if age == plan.open else f"{age}-{age + plan.step - 1}"
        (native, foreign), (native_later, foreign_later) = one.first[age], one.second[age]
        rows.append((name, native, native_later, foreign, foreign_later, plan.share("", age)))
    items: list[tuple[Value, ...]] = [
        ("births", one.births),
        ("births_mothers_abroad", one.abroad),
        ("immigration", one.arrivals),
    ]
    if dice.happens(0.6):
        items.append(("deregistered", int(one.arrivals * dice.share(0.1, 0.3))))
    if dice.happens(0.5):
        items.append(("naturalised", int(one.arrivals * dice.share(0.1, 0.4))))
    heads = ("age", "native_first", "native_second", "foreign_first", "foreign_second", "survival")
    return Sheet("cohorts", heads, tuple(rows)), Sheet("items", ("item", "persons"), tuple(items))


def _many(dice: Dice, plan: _Plan, second: int) -> tuple[Sheet, ...]:
    country = _country(dice, plan.years)
    places = {}
    for region in range(1, dice.whole(4, 8) + 1):
        size = dice.whole(9_000, 70_000)
        for sex in ("F", "M"):
            places[region, sex] = _place(dice, plan, sex, size * (1.0 if sex == "F" else 1.04), country)
    lines: list[tuple[Value, ...]] = []
    for (region, sex), one in places.items():
        for census, counts in ((second - plan.years, one.first), (second, one.second)):
            lines += [(census, region, sex, age, *counts[age]) for age in plan.ages]
    orders: tuple[Callable[[], list[tuple[Value, ...]]], ...] = (
        lambda: lines,
        lambda: sorted(lines, key=lambda line: (str(line[2]), line[1], line[0], line[3])),
        lambda: dice.shuffled(lines),
    )
    heads = ("census", "region", "sex", "age", "native_born", "foreign_born")
    table = [
        (sex, age, None if age == plan.open else age + plan.width - 1, share)
        for (sex, age), share in plan.survival.items()
    ]
    return (
        Sheet("population", heads, tuple(dice.pick(orders)())),
        Sheet("survival", ("sex", "age_from", "age_to", "survival"), tuple(table)),
        _flows(dice, plan, second, list(places.values())),
    )


def _flows(dice: Dice, plan: _Plan, second: int, places: list[_Place]) -> Sheet:
    """Births and arrivals spread over the years between the censuses, and of a year before and after."""
    years = range(second - plan.years - 1, second + 1)

    def spread(total: int, sway: float) -> dict[int, int]:
        weights = {year: dice.share(1 - sway, 1 + sway) for year in years}
        whole = sum(weights[year] for year in years[1:-1])
        found = {year: int(total * weights[year] / whole) for year in years}
        found[second - 1] += total - sum(found[year] for year in years[1:-1])
        return found

    births = spread(sum(one.births for one in places), 0.04)
    abroad = spread(sum(one.abroad for one in places), 0.07)
    arrivals = spread(sum(one.arrivals for one in places), 0.25)
    gone = dice.share(0.1, 0.3)
    rows = [
        (year, births[year], abroad[year], arrivals[year], int(arrivals[year] * gone * dice.share(0.8, 1.2)))
        for year in years
    ]
    return Sheet("flows", ("year", "births", "births_mothers_abroad", "immigration", "deregistered"), tuple(rows))


@dataclass(frozen=True)
class _Counts:
    """Either form, read: both censuses and survival by sex and group; flows of the years between, and of all years."""

    first: Mapping[Key, Count]
    second: Mapping[Key, Count]
    survival: Mapping[Key, float]
    births: int
    abroad: int
    arrivals: int
    gone: int | None
    all_births: int
    all_arrivals: int
    years: int
    cohort: int  # its first age at the second census
    of_births: float
    missed: float  # per cent

    def native(self, when: Mapping[Key, Count], holds: Callable[[int], bool]) -> int:
        return sum(count[0] for (_sex, age), count in when.items() if holds(age))

    def foreign(self, holds: Callable[[int], bool] = lambda _age: True) -> int:
        """Foreign-born of the second census at these ages."""
        return sum(count[1] for (_sex, age), count in self.second.items() if holds(age))


def _read(data: Data) -> _Counts:
    first: dict[Key, Count] = {}
    second: dict[Key, Count] = {}
    survival: dict[Key, float] = {}
    if data.sheets[0].name == "cohorts":
        for age, *row, share in data.sheet("cohorts").rows:
            key = ("", int(str(age).rstrip("+").split("-")[0]))
            before, after, foreign_before, foreign_after = (_whole(value) for value in row)
            first[key], second[key], survival[key] = (before, foreign_before), (after, foreign_after), _number(share)
        items = {str(item): _whole(count) for item, count in data.sheet("items").rows}
        births, abroad, arrivals = items["births"], items["births_mothers_abroad"], items["immigration"]
        gone, all_births, all_arrivals = items.get("deregistered"), births, arrivals
    else:
        for sex, age, _to, share in data.sheet("survival").rows:
            survival[str(sex), _whole(age)] = _number(share)
        for census, _region, sex, age, native, foreign in data.sheet("population").rows:
            when, key = first if census == data.facts["first"] else second, (str(sex), _whole(age) // 5 * 5)
            had = when.get(key, (0, 0))
            when[key] = (had[0] + _whole(native), had[1] + _whole(foreign))
        flows = data.sheet("flows").rows
        between = [row for row in flows if _whole(data.facts["first"]) <= _whole(row[0]) < _whole(data.facts["last"])]
        births, abroad, arrivals, gone = (sum(_whole(row[at]) for row in between) for at in range(1, 5))
        all_births, all_arrivals = (sum(_whole(row[at]) for row in flows) for at in (1, 3))
    facts = data.facts
    return _Counts(
        first, second, survival, births, abroad, arrivals, gone, all_births, all_arrivals, _whole(facts["years"]),
        int(str(facts["cohort"]).split("-")[0]), _number(facts["of_births"]), _number(facts["missed"]),
    )  # fmt: skip


def _whole(value: Value) -> int:
    assert isinstance(value, int)  # noqa: S101  columns of counts hold whole numbers
    return value


def _number(value: Value) -> float:
    assert isinstance(value, int | float)  # noqa: S101  columns of numbers hold numbers
    return float(value)


def solve(data: Data) -> Answer:
    """Forward survival. Both the last group and those who grow into it are expected in the open one."""
    c = _read(data)
    return Answer({**_natives(c, lambda count, share: count * share), **_foreigners(c, _expected(c))})


Forward = Callable[[float, float], float]  # people and their survival to people at the second census


def _natives(c: _Counts, forward: Forward) -> dict[str, float]:
    found = c.native(c.second, lambda age: age == c.cohort)
    before = {key: count[0] for key, count in c.first.items() if key[1] == c.cohort - c.years}
    return {
        "born_between": c.native(c.second, lambda age: age < c.years) - forward(c.births, c.of_births),
        "cohort_net": found - sum(forward(count, c.survival[key]) for key, count in before.items()),
    }


def _expected(c: _Counts, forward: Forward = lambda count, share: count * share) -> float:
    return sum(forward(count[1], c.survival[key]) for key, count in c.first.items())


def _foreigners(
    c: _Counts, expected: float, *, found: float | None = None, arrivals: int | None = None
) -> dict[str, float]:
    counted = c.foreign() if found is None else found
    came = c.arrivals if arrivals is None else arrivals
    net, full = counted - expected, counted / (1 - c.missed / 100)
    return {"expected": expected, "net": net, "emigration": came - net, "if_missed": came - (full - expected)}


def mistakes(data: Data) -> dict[str, Answer]:
    c = _read(data)
    right, expected = solve(data).figures, _expected(c)
    net, grown = right["net"], c.foreign(lambda age: age >= c.years)
    last = max(age for _sex, age in c.first)
    oldest = sum(count[1] * c.survival[key] for key, count in c.first.items() if key[1] == last)
    children = c.abroad * c.of_births

    def carried(forward: Forward) -> Answer:
        return Answer({**_natives(c, forward), **_foreigners(c, _expected(c, forward))})

    def same(holds: Callable[[int], bool]) -> float:
        return c.native(c.second, holds) - c.native(c.first, holds)

    def without(figures: dict[str, float], *names: str) -> dict[str, float]:
        return {name: value for name, value in figures.items() if name not in names}

    found = {
        "same_age": Answer(
            {"born_between": same(lambda age: age < c.years), "cohort_net": same(lambda age: age == c.cohort)}
        ),
        "deaths_ignored": carried(lambda count, _share: count),
        "survival_divided": carried(lambda count, share: count / share),
        "open_group": Answer(_foreigners(c, expected - oldest)),
        "children_left_out": Answer(without(_foreigners(c, expected, found=grown), "expected")),
        "children_of_foreign_born": Answer(
            {"born_between": right["born_between"] + children, **_foreigners(c, expected + children)}
        ),
        "sign": Answer(
            {
                **{name: -right[name] for name in ("born_between", "cohort_net", "net")},
                "emigration": c.arrivals + net,
                "if_missed": 2 * c.arrivals - right["if_missed"],
            }
        ),
        "missed_taken_off": Answer({"if_missed": c.arrivals - (c.foreign() * (1 - c.missed / 100) - expected)}),
    }
    if c.gone is not None:
        found["deregistered"] = Answer({"emigration": c.gone})
    if c.all_births != c.births:
        found["all_years"] = Answer(
            {
                "born_between": right["born_between"] - (c.all_births - c.births) * c.of_births,
                **without(_foreigners(c, expected, arrivals=c.all_arrivals), "expected", "net"),
            }
        )
    return found
