"""Country of birth by citizenship: four groups, and which of them a question is about (census recommendations).

On the phone a table of counts; at the desk an extract of a register, one row for each person.
"""

from __future__ import annotations

from collections.abc import Mapping

from lms.assessment.exercises.frame import Answer, Data, Dice, Figure, Form, Sheet, Value
from lms.assessment.exercises.grading import drawn

ID = "four-groups"
VERSION = 1
COMPETENCY = "C3"
LESSON = "birth-citizenship-background"
KEY = ""
RETURNS = ()
FIGURES = (
    Figure("foreign_born"),
    Figure("foreign_born_share", "percent", 2),
    Figure("foreign_citizens"),
    Figure("foreign_born_citizens"),
)

_COUNTRIES = ("QM", "QN", "QP", "QS", "QT")
_OTHERS = ("QR", "QU", "QV", "QW")
_STATELESS = "XXA"  # ICAO 9303: in the column of citizenship, no country

# A person's birth (home or abroad), citizenship (own, foreign, both, none) and protection.
Kind = tuple[str, str, bool]


def generate(seed: str, form: Form) -> Data:
    return drawn(ID, seed, form, _draw, FIGURES, solve, mistakes)


def _draw(dice: Dice, form: Form) -> Data:
    home = dice.pick(_COUNTRIES)
    abroad = dice.sample([code for code in (*_COUNTRIES, *_OTHERS) if code != home], dice.whole(4, 6))
    facts: dict[str, Value] = {"country": home, "year": dice.whole(2022, 2026)}
    # Not every country has every trap: no stateless people here, no two passports there.
    stateless, dual = dice.happens(0.6), dice.happens(0.7)
    people = _counts(dice, home, abroad, stateless, dual, dice.whole(1_600, 5_200))
    if form == "phone":
        return _table(dice, people, facts, home)
    return _extract(dice, people, facts)


def _counts(
    dice: Dice, home: str, abroad: list[str], stateless: bool, dual: bool, size: int
) -> dict[tuple[str, str, str, bool], int]:
    """How many people there are of each country of birth, citizenship, second citizenship and protection."""
    found: dict[tuple[str, str, str, bool], int] = {}
    foreign = 0
    for place, country in enumerate(abroad):
        group = max(24, int(size * dice.share(0.01, 0.05) / (1 + place / 3)))
        naturalised = max(5, int(group * dice.share(0.14, 0.45)))
        refugees = max(3, int(group * dice.share(0.05, 0.2))) if dice.happens(0.6) or place == 0 else 0
        found[country, home, "", False] = naturalised
        found[country, country, "", False] = group - naturalised - refugees
        if refugees:
            found[country, country, "", True] = refugees
        if dual and dice.happens(0.5):
            found[country, home, country, False] = max(3, int(naturalised * dice.share(0.3, 0.7)))
        foreign += group
    found[home, abroad[0], "", False] = max(9, int(foreign * dice.share(0.08, 0.2)))
    if dice.happens(0.5):
        found[home, abroad[1], "", False] = max(5, int(foreign * dice.share(0.04, 0.1)))
    if dual:
        found[home, home, abroad[-1], False] = max(8, int(foreign * dice.share(0.05, 0.15)))
    if stateless:
        found[abroad[-1], _STATELESS, "", True] = dice.whole(6, 20)
    found[home, home, "", False] = size - sum(found.values())
    return found


def _table(dice: Dice, people: Mapping[tuple[str, str, str, bool], int], facts: dict[str, Value], home: str) -> Data:
    """Counts in the thousands, as a yearbook would have them; protection is a column of its own, inside the count."""
    rows: dict[tuple[str, str, str], list[int]] = {}
    factor = dice.whole(90, 900)
    for (birth, citizenship, second, protected), count in people.items():
        here = count * factor + dice.whole(0, factor - 1)
        row = rows.setdefault((birth, citizenship, second), [0, 0])
        row[0] += here
        row[1] += here if protected else 0
    lines = [(birth, own, second or None, *row) for (birth, own, second), row in rows.items()]
    heads = ("birth_country", "citizenship", "second_citizenship", "persons", "of_whom_refugees")
    return Data((Sheet("population", heads, tuple(dice.shuffled(lines))),), facts)


def _extract(dice: Dice, people: Mapping[tuple[str, str, str, bool], int], facts: dict[str, Value]) -> Data:
    """A row for each person. Where two passports are held, either may stand first."""
    lines: list[tuple[Value, ...]] = []
    for (birth, citizenship, second, protected), count in people.items():
        for _n in range(count):
            first, other = (second, citizenship) if second and dice.happens(0.5) else (citizenship, second)
            lines.append((birth, first, other or None, "R" if protected else None))
    mixed = dice.shuffled(lines)
    rows = tuple((f"P{number:05}", *line) for number, line in enumerate(mixed, 1))
    return Data(
        (Sheet("persons", ("person", "birth_country", "citizenship", "second_citizenship", "protection"), rows),), facts
    )


def _people(data: Data) -> list[tuple[str, str, str, int, int]]:
    """Birth, citizenship, second citizenship, persons and refugees of each line of either form."""
    sheet = data.sheets[0]
    if sheet.name == "population":
        return [(str(r[0]), str(r[1]), str(r[2] or ""), int(r[3] or 0), int(r[4] or 0)) for r in sheet.rows]  # type: ignore[arg-type]
    return [(str(r[1]), str(r[2]), str(r[3] or ""), 1, int(r[4] == "R")) for r in sheet.rows]


def solve(data: Data) -> Answer:
    """Whoever was born abroad is foreign-born; whoever has no citizenship of the country is a foreign citizen, those
    without any among them. A second citizenship takes the first one from nobody."""
    home, lines = data.facts["country"], _people(data)
    born = sum(n for birth, _c, _s, n, _r in lines if birth != home)
    foreign = sum(n for _b, first, second, n, _r in lines if home not in (first, second))
    both = sum(n for birth, first, second, n, _r in lines if birth != home and home in (first, second))
    return _answer(born, sum(n for *_x, n, _r in lines), foreign, both)


def _answer(born: int, population: int, foreign: int, both: int) -> Answer:
    figures = {
        "foreign_born": born,
        "foreign_born_share": 100 * born / population,
        "foreign_citizens": foreign,
        "foreign_born_citizens": both,
    }
    return Answer(figures)


def mistakes(data: Data) -> dict[str, Answer]:
    home, lines = data.facts["country"], _people(data)
    right = solve(data).figures
    population = sum(n for *_x, n, _r in lines)
    born, foreign, both = (right[name] for name in ("foreign_born", "foreign_citizens", "foreign_born_citizens"))
    native_foreign = sum(n for birth, first, second, n, _r in lines if birth == home and home not in (first, second))
    refugees = sum(r for *_x, r in lines)
    dual = sum(n for _b, first, second, n, _r in lines if second and home in (first, second))
    dual_born = sum(n for b, first, second, n, _r in lines if second and home in (first, second) and b != home)

    def of_born(count: float) -> dict[str, float]:
        return {"foreign_born": count, "foreign_born_share": 100 * count / population}

    found = {
        "citizens_for_born": Answer(of_born(foreign)),
        "native_born_added": Answer(of_born(born + native_foreign)),
        "naturalised_dropped": Answer(of_born(born - both)),
        "refugees_added": Answer(of_born(born + refugees)),
        "foreign_born_over_natives": Answer({"foreign_born_share": 100 * born / (population - born)}),
    }
    if dual:
        found["second_passport"] = Answer(
            {"foreign_citizens": foreign + dual, "foreign_born_citizens": both - dual_born}
        )
    return found
