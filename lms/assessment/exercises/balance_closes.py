"""The population balance: P1 = P0 + B - D + I - E, by region; and for the foreign-born S1 = S0 + I - E - D.

On the phone one year of a dozen regions; at the desk some twenty years of thirty. One row does not close, because a
figure was keyed with two digits changed round. A correction for a census stands in a column of its own.
"""

from __future__ import annotations

from lms.assessment.exercises.frame import Answer, Data, Dice, Figure, Form, Sheet, Value
from lms.assessment.exercises.grading import drawn

ID = "balance-closes"
VERSION = 1
COMPETENCY = "C2"
LESSON = "the-balance-must-close"
KEY = ""
RETURNS = ()
FIGURES = (
    Figure("region"),
    Figure("gap"),
    Figure("expected_stock"),
    Figure("stock_gap"),
    Figure("coverage", "percent", 1),
)

_HEADS = (
    "region",
    "year",
    "population_start",
    "births",
    "deaths",
    "immigration",
    "emigration",
    "correction",
    "population_end",
)
_FLOWS = ("births", "deaths", "immigration", "emigration")


def generate(seed: str, form: Form) -> Data:
    return drawn(ID, seed, form, _draw, FIGURES, solve, mistakes)


def _draw(dice: Dice, form: Form) -> Data:
    last = dice.whole(2021, 2025)
    regions, years = (dice.whole(9, 14), 1) if form == "phone" else (dice.whole(26, 34), dice.whole(20, 24))
    rows = [row for region in range(1, regions + 1) for row in _region(dice, region, last - years + 1, years)]
    wrong = dice.whole(0, len(rows) - 1)
    rows[wrong] = _miskeyed(dice, rows[wrong])
    facts: dict[str, Value] = {
        "country": dice.pick(("QM", "QN", "QP", "QS", "QT")),
        "year": last,
        "next_year": last + 1,
    }
    return Data((Sheet("regions", _HEADS, tuple(tuple(row) for row in rows)), _foreign_born(dice, last)), facts)


def _region(dice: Dice, region: int, first: int, years: int) -> list[list[Value]]:
    """A region's years, which close; each begins with what the one before ended with."""
    rows: list[list[Value]] = []
    people = dice.whole(60_000, 480_000)
    birth, death = dice.share(0.009, 0.024), dice.share(0.006, 0.013)
    for year in range(first, first + years):
        births, deaths = int(people * birth * dice.share(0.96, 1.04)), int(people * death * dice.share(0.95, 1.05))
        came, left = int(people * dice.share(0.005, 0.02)), int(people * dice.share(0.003, 0.015))
        correction = dice.whole(-900, 900) if dice.happens(0.12) else 0
        end = people + births - deaths + came - left + correction
        rows.append([region, year, people, births, deaths, came, left, correction, end])
        people = end
    return rows


def _miskeyed(dice: Dice, row: list[Value]) -> list[Value]:
    """The row with two neighbouring digits of one flow changed round: a difference that 9 divides."""
    for at in dice.shuffled([3, 4, 5, 6]):
        digits = str(row[at])
        places = [n for n in range(len(digits) - 2) if digits[n] != digits[n + 1] and not (n == 0 and digits[1] == "0")]
        if places:
            n = dice.pick(places)
            changed = int(digits[:n] + digits[n + 1] + digits[n] + digits[n + 2 :])
            return [*row[:at], changed, *row[at + 1 :]]
    return [*row[:5], int(row[5] or 0) + 90, *row[6:]]  # type: ignore[arg-type]


def _foreign_born(dice: Dice, year: int) -> Sheet:
    """The foreign-born between two counts: what was recorded, and what a census then found."""
    start = dice.whole(90_000, 420_000)
    came, left = int(start * dice.share(0.07, 0.15)), int(start * dice.share(0.02, 0.05))
    deaths = int(start * dice.share(0.007, 0.013))
    births, naturalised = int(start * dice.share(0.015, 0.03)), int(start * dice.share(0.02, 0.04))
    missed = int(left * dice.share(0.4, 1.3))
    lines: list[tuple[Value, ...]] = [
        ("stock_start", start),
        ("immigration", came),
        ("emigration", left),
        ("deaths", deaths),
        ("births_to_foreign_born", births),
        ("naturalisations", naturalised),
        ("census_end", start + came - left - deaths - missed),
    ]
    return Sheet("foreign_born", ("item", "persons"), tuple(lines))


def _gaps(data: Data) -> list[tuple[int, int]]:
    """Region and gap (published end less computed end) of the rows that do not close."""
    found = []
    for region, _year, start, births, deaths, came, left, correction, end in data.sheet("regions").rows:
        gap = end - (start + births - deaths + came - left + correction)  # type: ignore[operator]
        if gap:
            found.append((int(region), int(gap)))  # type: ignore[arg-type]
    return found


def _items(data: Data) -> dict[str, int]:
    return {str(name): int(count) for name, count in data.sheet("foreign_born").rows}  # type: ignore[arg-type]


def solve(data: Data) -> Answer:
    """The foreign-born have no births, and naturalisation changes no place of birth. If all who are missing at the
    census left unrecorded, the records caught recorded / (recorded + missing) of emigration."""
    ((region, gap),) = _gaps(data)  # one row, or the draw is not clear
    one = _items(data)
    expected = one["stock_start"] + one["immigration"] - one["emigration"] - one["deaths"]
    missing = expected - one["census_end"]
    return Answer(
        {
            "region": region,
            "gap": gap,
            "expected_stock": expected,
            "stock_gap": -missing,
            "coverage": 100 * one["emigration"] / (one["emigration"] + missing),
        }
    )


def mistakes(data: Data) -> dict[str, Answer]:
    right, one = solve(data).figures, _items(data)

    def of_stock(expected: float) -> Answer:
        missing = expected - one["census_end"]
        return Answer(
            {
                "expected_stock": expected,
                "stock_gap": -missing,
                "coverage": 100 * one["emigration"] / (one["emigration"] + missing),
            }
        )

    expected, missing = right["expected_stock"], -right["stock_gap"]
    return {
        "sign": Answer({"gap": -right["gap"], "stock_gap": missing}),
        "deaths_forgotten": of_stock(expected + one["deaths"]),
        "births_added": of_stock(expected + one["births_to_foreign_born"]),
        "naturalisations_subtracted": of_stock(expected - one["naturalisations"]),
        "over_recorded": Answer({"coverage": 100 * missing / one["emigration"]}),
    }
