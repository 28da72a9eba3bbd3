"""Two registers linked by the weights of Fellegi and Sunter (1969): log2(m/u) where a field agrees, log2((1-m)/(1-u))
where it differs, 0 where it is missing. Twins break the independence of the fields; a rule sends them to a clerk.

On the phone the pairs counted by what agrees; at the desk two files of records, compared within the year of birth. The
personal number stands in both, and only judges the links.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product
from math import log, log2

from lms.assessment.exercises.frame import Answer, Data, Dice, Figure, Form, Sheet, Value
from lms.assessment.exercises.grading import drawn

ID = "link-registers"
VERSION = 1
COMPETENCY = "C13"
LESSON = "linking-weights"
KEY = ""
RETURNS = ()
FIGURES = (
    Figure("pair_weight", "ratio", 2, 0.03),  # ten weights rounded to two decimals first are within it
    Figure("links"),
    Figure("false_twins"),
    Figure("precision_after", "percent", 1),
)

_FIELDS = ("surname", "given_name", "birth_date", "sex", "citizenship")
_AGREE, _DIFFER, _MISSING = _CODES = ("agree", "differ", "missing")

Pattern = tuple[str, ...]  # one of _CODES for each of _FIELDS
Weights = tuple[tuple[float, float], ...]  # for each of _FIELDS what it adds where it agrees, where it differs
Weigh = Callable[[Pattern], float]


@dataclass(frozen=True)
class _Pairs:
    """Pairs that agree alike: all of them, and those of one person."""

    all: int = 0
    one: int = 0

    @property
    def two(self) -> int:
        return self.all - self.one


def generate(seed: str, form: Form) -> Data:
    return drawn(ID, seed, form, _draw, FIGURES, solve, mistakes)


def _draw(dice: Dice, form: Form) -> Data:
    fields, threshold = _model(dice)
    facts: dict[str, Value] = {
        "country": dice.pick(("QM", "QP", "QT")), "year": dice.whole(2022, 2026), "threshold": threshold,
    }  # fmt: skip
    return _table(dice, fields, facts) if form == "phone" else _files(dice, fields, facts)


def _model(dice: Dice) -> tuple[Sheet, float]:
    """m and u, to three decimals at most, and a threshold that no sum comes near, however the weights were rounded.
    Twins lie above it, and cousins of one name, whom no rule finds; below it what agrees in neither surname nor birth
    date."""
    while True:
        rows = (
            ("surname", dice.whole(90, 96) / 100, dice.whole(2, 5) / 1000),
            ("given_name", dice.whole(86, 94) / 100, dice.whole(8, 20) / 1000),
            # Within a year of birth two people share a birthday once in 365 pairs.
            ("birth_date", dice.whole(94, 98) / 100, 0.003),
            ("sex", dice.whole(98, 99) / 100, 0.5),
            ("citizenship", dice.whole(93, 98) / 100, dice.whole(50, 150) / 1000),
        )
        sheet = Sheet("fields", ("field", "m", "u"), rows)
        weigh = _weigh(_weights(sheet, log2))
        sums = [weigh(pattern) for pattern in product(_CODES, repeat=len(_FIELDS))]
        twins = weigh((_AGREE, _DIFFER, _AGREE, _AGREE, _AGREE))
        cousins = weigh((_AGREE, _AGREE, _DIFFER, _AGREE, _AGREE))
        strangers = weigh((_MISSING, _AGREE, _MISSING, _AGREE, _AGREE))
        free = [
            half / 2
            for half in range(20, 40)
            if strangers < half / 2 < min(twins, cousins) and all(abs(one - half / 2) > 0.08 for one in sums)
        ]
        if free:
            return sheet, dice.pick(free)


# --- on the phone: pairs by what agrees ---

# What agrees (A), differs (D) or is missing (M), field by field; how many of a thousand people in both files have it;
# how many pairs of two people for each of a thousand, from - to. The first lines stand in every table.
_ALWAYS = (
    ("AAAAA", (700, 800), (0, 1)), ("AAAAM", (60, 110), (0, 0)), ("ADAAA", (30, 60), (12, 40)),
    ("ADAAM", (4, 10), (2, 6)), ("ADADA", (0, 1), (5, 16)), ("AADAA", (18, 40), (4, 14)), ("DAAAA", (25, 50), (2, 6)),
)  # fmt: skip
_SOMETIMES = (
    ("AADAM", (3, 7), (1, 3)), ("DAAAM", (4, 8), (1, 2)), ("AMAAA", (8, 18), (1, 4)), ("AAADA", (5, 12), (0, 1)),
    ("AAAAD", (10, 24), (0, 1)), ("ADADM", (0, 0), (1, 3)), ("AMAAM", (2, 4), (0, 1)), ("ADDAA", (0, 1), (30, 90)),
    ("DDAAA", (1, 3), (40, 120)), ("DADAA", (1, 3), (60, 150)), ("AADAD", (1, 3), (3, 9)),
)  # fmt: skip
_LETTERS = dict(zip("ADM", _CODES, strict=True))


def _table(dice: Dice, fields: Sheet, facts: dict[str, Value]) -> Data:
    people = dice.whole(1_800, 9_500)
    lines: list[tuple[Value, ...]] = []
    for letters, ones, twos in (*_ALWAYS, *dice.sample(_SOMETIMES, dice.whole(3, 9))):
        one = int(people * dice.share(*ones) / 1000)
        two = int(people * dice.share(*twos) / 1000)
        if one + two:
            lines.append((*(_LETTERS[letter] for letter in letters), one + two, one))
    rows = tuple((f"P{n:02}", *line) for n, line in enumerate(dice.shuffled(lines), 1))
    stated = [str(row[0]) for row in rows if row[1:6].count(_DIFFER) == 1 == row[1:6].count(_MISSING)]
    heads = ("pattern", *(f"on_{field}" for field in _FIELDS), "pairs", "of_whom_one_person")
    return Data((fields, Sheet("patterns", heads, rows)), {**facts, "pattern": dice.pick(stated)})


# --- at the desk: two files of records ---

_STARTS = ("BAR", "DEL", "FEN", "GOR", "HAL", "JAS", "KOR", "LEM", "MAND", "NAV", "OST", "PEL", "RUD", "SAV", "TAR",
           "ULM", "VOR", "WEL", "YAR", "ZAM")  # fmt: skip
_ENDS = ("ADI", "AVU", "ELIN", "EMO", "ESHI", "ILO", "INU", "ORA", "ORETI", "UNE", "USKA", "YAN")
_GIVEN = ("AL", "BEL", "CAR", "DAN", "EM", "FAR", "IL", "JOL", "KAT", "LIN", "MAR", "NAD", "OL", "RAM", "SAM", "TAM",
          "VAL", "YUS", "ZEN")  # fmt: skip
_GIVEN_ENDS = {"F": ("INA", "ELLA", "IRA", "UMA", "ESSA"), "M": ("IREK", "ANDO", "ORIN", "UMIS", "ETTO")}
_COUNTRIES = ("QN", "QR", "QS", "QU", "QV", "QW")


@dataclass(frozen=True)
class _Record:
    number: str
    surname: str
    given_name: str | None
    birth_date: date
    sex: str
    citizenship: str | None

    @property
    def fields(self) -> tuple[Value, ...]:
        return self.surname, self.given_name, self.birth_date, self.sex, self.citizenship


def _files(dice: Dice, fields: Sheet, facts: dict[str, Value]) -> Data:
    people = _People(dice)
    permits: list[_Record] = []
    register: list[_Record] = []
    errors = {str(row[0]): 1 - float(str(row[1])) for row in fields.rows}
    unknown = dice.share(0.09, 0.16)  # citizenship is missing so often on permits

    def in_both(one: _Record) -> None:
        register.append(one)
        permits.append(_written(dice, people, one, errors, unknown))

    both = dice.whole(480, 900)
    for _n in range(both):
        in_both(people.person())
    permits += [people.person() for _n in range(int(both * dice.share(0.12, 0.3)))]
    register += [people.person() for _n in range(int(both * dice.share(0.5, 1.2)))]
    for _n in range(dice.whole(8, 20)):  # twins of one sex
        twins = people.twins(same_sex=True)
        if dice.happens(0.6):
            in_both(twins[0])
            in_both(twins[1])
        else:
            permits.append(_written(dice, people, twins[0], {**errors, "given_name": 0.0}, unknown))
            register.append(twins[1])
    for _n in range(dice.whole(3, 9)):  # a sister and her brother
        for one in people.twins(same_sex=False):
            in_both(one)
    for _n in range(dice.whole(4, 14)):  # cousins of one name, born in one year
        one = people.person()
        permits.append(one)
        register.append(people.cousin(one))
    if dice.happens(0.5):  # one office writes names in one field, and leaves the other empty
        permits = [replace(one, given_name=None) if dice.happens(0.012) else one for one in permits]
    sheets = (_sheet("permits", "A", dice.shuffled(permits)), _sheet("register", "B", dice.shuffled(register)))
    data = Data((fields, *sheets), facts)
    return Data(data.sheets, {**facts, **_stated_records(dice, data)})


def _sheet(name: str, letter: str, records: list[_Record]) -> Sheet:
    rows = tuple((f"{letter}{n:04}", one.number, *one.fields) for n, one in enumerate(records, 1))
    return Sheet(name, ("record", "number", *_FIELDS), rows)


class _People:
    """Makes people. A number is given once."""

    def __init__(self, dice: Dice) -> None:
        self._dice, self._given = dice, dice.whole(1_200, 4_000)
        self._from = dict(zip(dice.sample(_COUNTRIES, dice.whole(4, 6)), (6, 4, 3, 2, 1.5, 1), strict=False))
        self._common = [self.rare_surname() for _n in range(8)]

    def rare_surname(self) -> str:
        return self._dice.pick(_STARTS) + self._dice.pick(_ENDS)

    def surname(self) -> str:
        return self._dice.pick(self._common) if self._dice.happens(0.08) else self.rare_surname()

    def given_name(self, sex: str) -> str:
        return self._dice.pick(_GIVEN) + self._dice.pick(_GIVEN_ENDS[sex])

    def number(self) -> str:
        self._given += self._dice.whole(1, 9)
        return f"{self._dice.whole(10, 99)}-{self._given:05}"

    def person(self) -> _Record:
        sex = self._dice.pick("FM")
        birth = date(1958, 1, 1) + timedelta(days=self._dice.whole(0, 17_500))
        citizenship = self._dice.weighted(self._from)
        return _Record(self.number(), self.surname(), self.given_name(sex), birth, sex, citizenship)

    def twins(self, *, same_sex: bool) -> tuple[_Record, _Record]:
        one = self.person()
        sex = one.sex if same_sex else "FM"[one.sex == "F"]
        name = one.given_name
        while name == one.given_name:
            name = self.given_name(sex)
        return one, replace(one, number=self.number(), given_name=name, sex=sex)

    def cousin(self, one: _Record) -> _Record:
        """Another person of this name, born on another day of the same year."""
        day = one.birth_date
        while day == one.birth_date:
            day = date(day.year, self._dice.whole(1, 12), self._dice.whole(1, 28))
        return replace(one, number=self.number(), birth_date=day)


def _written(dice: Dice, people: _People, one: _Record, errors: Mapping[str, float], unknown: float) -> _Record:
    """A person as the permit file has them: a name of before the marriage, a short name, day and month exchanged, a
    slip in the sex, the citizenship of before, or none."""
    if dice.happens(errors["surname"]):
        one = replace(one, surname=people.rare_surname())
    if one.given_name and dice.happens(errors["given_name"]):
        one = replace(one, given_name=one.given_name[:4])
    if dice.happens(errors["birth_date"]):
        one = replace(one, birth_date=_slip(dice, one.birth_date))
    if dice.happens(errors["sex"]):
        one = replace(one, sex="FM"[one.sex == "F"])
    if dice.happens(errors["citizenship"]):
        one = replace(one, citizenship=dice.pick([code for code in _COUNTRIES if code != one.citizenship]))
    return replace(one, citizenship=None) if dice.happens(unknown) else one


def _slip(dice: Dice, day: date) -> date:
    """Day and month exchanged; the first of January where nobody knew; now and then another year."""
    if dice.happens(0.1):
        return date(day.year - dice.whole(1, 2), day.month, min(day.day, 28))
    if day.day <= 12 and day.day != day.month:
        return date(day.year, day.day, day.month)
    return date(day.year, 1, 1) if (day.month, day.day) != (1, 1) else date(day.year, 1, 11)


def _stated_records(dice: Dice, data: Data) -> dict[str, Value]:
    """A pair with one field that differs and one that is missing."""
    pairs = [
        (a[0], b[0])
        for a, b in _compared(data)
        if (pattern := _pattern(a, b)).count(_DIFFER) == 1 == pattern.count(_MISSING)
    ]
    one, other = dice.pick(pairs)
    return {"record_a": one, "record_b": other}


# --- what they come to ---

Row = tuple[Value, ...]  # record, number and _FIELDS


def _compared(data: Data) -> list[tuple[Row, Row]]:
    """The pairs born in one year that agree in surname or birth date: no others can reach the threshold, even where
    every other field agrees."""
    names: dict[tuple[int, Value], list[Row]] = defaultdict(list)
    days: dict[Value, list[Row]] = defaultdict(list)
    for row in data.sheet("register").rows:
        names[_year(row), row[2]].append(row)
        days[row[4]].append(row)
    found = []
    for row in data.sheet("permits").rows:
        found += [(row, other) for other in names[_year(row), row[2]]]
        found += [(row, other) for other in days[row[4]] if other[2] != row[2]]
    return found


def _year(row: Row) -> int:
    assert isinstance(row[4], date)  # noqa: S101  no birth date is missing
    return row[4].year


def _pattern(one: Row, other: Row) -> Pattern:
    return tuple(
        _MISSING if a is None or b is None else _AGREE if a == b else _DIFFER
        for a, b in zip(one[2:], other[2:], strict=True)
    )


def _found(data: Data) -> tuple[dict[Pattern, _Pairs], int]:
    """Pairs by their pattern, and how many people there are to be found."""
    found: dict[Pattern, _Pairs] = {}
    if data.sheets[-1].name == "patterns":
        for row in data.sheet("patterns").rows:
            found[_of(row)] = _Pairs(int(str(row[-2])), int(str(row[-1])))
        return found, sum(pairs.one for pairs in found.values())
    for a, b in _compared(data):
        pattern = _pattern(a, b)
        pairs = found.get(pattern, _Pairs())
        found[pattern] = _Pairs(pairs.all + 1, pairs.one + (a[1] == b[1]))
    numbers = {row[1] for row in data.sheet("register").rows}
    return found, sum(row[1] in numbers for row in data.sheet("permits").rows)


def _of(row: Row) -> Pattern:
    return tuple(str(code) for code in row[1:6])


def _stated(data: Data) -> Pattern:
    """The pattern of the pair whose weight is asked for."""
    if "pattern" in data.facts:
        return next(_of(row) for row in data.sheet("patterns").rows if row[0] == data.facts["pattern"])
    one = next(row for row in data.sheet("permits").rows if row[0] == data.facts["record_a"])
    return _pattern(one, next(row for row in data.sheet("register").rows if row[0] == data.facts["record_b"]))


def _weights(fields: Sheet, logarithm: Callable[[float], float]) -> Weights:
    numbers = {str(row[0]): (float(str(row[1])), float(str(row[2]))) for row in fields.rows}
    return tuple((logarithm(m / u), logarithm((1 - m) / (1 - u))) for m, u in (numbers[field] for field in _FIELDS))


def _weigh(weights: Weights, *, missing: bool = False, differs: bool = True) -> Weigh:
    """The sum of weights of a pattern. `missing`: a missing field is read as one that differs; without `differs`
    nothing is taken off where a field differs."""

    def weigh(pattern: Pattern) -> float:
        total = 0.0
        for code, (agrees, against) in zip(pattern, weights, strict=True):
            if code == _AGREE:
                total += agrees
            elif code == _DIFFER or missing:
                total += against if differs else 0.0
        return total

    return weigh


def _like_twins(pattern: Pattern) -> bool:
    """The clerk's rule: surname and birth date agree, and both given names are there and differ."""
    return pattern[:3] == (_AGREE, _DIFFER, _AGREE)


def _linked(data: Data, found: Mapping[Pattern, _Pairs], weigh: Weigh) -> dict[Pattern, _Pairs]:
    threshold = float(str(data.facts["threshold"]))
    return {pattern: pairs for pattern, pairs in found.items() if weigh(pattern) >= threshold}


def solve(data: Data) -> Answer:
    found, _people = _found(data)
    weigh = _weigh(_weights(data.sheet("fields"), log2))
    links = _linked(data, found, weigh)
    count, right = sum(pairs.all for pairs in links.values()), sum(pairs.one for pairs in links.values())
    twins = sum(pairs.two for pattern, pairs in links.items() if _like_twins(pattern))
    return Answer(
        {
            "pair_weight": weigh(_stated(data)),
            "links": count,
            "false_twins": twins,
            "precision_after": 100 * right / (count - twins),
        }
    )


def mistakes(data: Data) -> dict[str, Answer]:
    found, people = _found(data)
    base2 = _weights(data.sheet("fields"), log2)
    links = _linked(data, found, _weigh(base2))
    count, right = sum(pairs.all for pairs in links.values()), sum(pairs.one for pairs in links.values())
    asked = sum(pairs.all for pattern, pairs in links.items() if _like_twins(pattern))
    below = sum(pairs.two for pattern, pairs in found.items() if _like_twins(pattern))

    def weighed(weigh: Weigh) -> Answer:
        links = _linked(data, found, weigh)
        return Answer({"pair_weight": weigh(_stated(data)), "links": sum(pairs.all for pairs in links.values())})

    return {
        "natural_logarithm": weighed(_weigh(_weights(data.sheet("fields"), log))),
        "missing_differs": weighed(_weigh(base2, missing=True)),
        "nothing_against": weighed(_weigh(base2, differs=False)),
        # What stays is nearly as precise; what is lost are links of one person.
        "all_alike_false": Answer({"false_twins": asked}),
        "twins_kept": Answer({"precision_after": 100 * right / count}),
        "below_threshold": Answer({"false_twins": below}),
        "every_false_link": Answer({"false_twins": count - right}),
        "recall": Answer({"precision_after": 100 * right / people}),
    }
