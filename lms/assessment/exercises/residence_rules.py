"""Who is an immigrant of a year, under three residence rules: an unbroken stay of twelve months, 183 days within twelve
months of the first entry, 365 days within sixteen. The day of entry counts, the day of exit does not.

On the phone the stays of a dozen people; at the desk a file of crossings, and a file of people to give back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from lms.assessment.exercises.frame import Answer, Column, Data, Dice, Figure, Form, Sheet, Value
from lms.assessment.exercises.grading import drawn

ID = "residence-rules"
VERSION = 1
COMPETENCY = "C9"
LESSON = "borders"
KEY = "person"
RETURNS = (
    Column("unbroken_12", ("yes", "no")),
    Column("days_183", ("yes", "no")),
    Column("days_365_of_16", ("yes", "no")),
)
FIGURES = (Figure("unbroken_12"), Figure("days_183"), Figure("days_365_of_16"))

Stay = tuple[date, date | None]  # entry, exit (None: still there)


@dataclass(frozen=True)
class _Person:
    key: str
    citizen: bool
    stays: tuple[Stay, ...]


# What a person's path is like: the days of the year on which it begins, and its stays as (days from the first entry,
# length in days; 0: still there). Those of `autumn` lie in two calendar years and reach 183 days in neither.
_Path = tuple[tuple[int, int], Callable[[Dice], list[tuple[int, int]]]]
_PATHS: dict[str, _Path] = {
    "settles": ((5, 340), lambda dice: [(0, 0)]),
    "long_stay": ((5, 300), lambda dice: [(0, dice.whole(372, 470))]),
    "spring": ((5, 70), lambda dice: [(0, dice.whole(192, 270))]),
    "autumn": ((222, 262), lambda dice: [(0, dice.whole(192, 260))]),
    "visits": ((5, 340), lambda dice: [(0, dice.whole(8, 60))]),
    "season": ((60, 200), lambda dice: [(0, dice.whole(70, 150))]),
    "twice": ((5, 20), lambda dice: [(0, dice.whole(92, 120)), (dice.whole(150, 180), dice.whole(95, 130))]),
    "breaks": (
        (5, 300),
        lambda dice: [
            (0, dice.whole(140, 170)),
            (dice.whole(185, 205), dice.whole(120, 140)),
            (dice.whole(350, 360), 0),
        ],
    ),
    "commutes": ((5, 60), lambda dice: [(start, dice.whole(12, 24)) for start in range(0, 200, dice.whole(40, 60))]),
    "comes_back": ((5, 200), lambda dice: [(0, dice.whole(20, 50)), (dice.whole(70, 110), 0)]),
}


def generate(seed: str, form: Form) -> Data:
    return drawn(ID, seed, form, _draw, FIGURES, solve, mistakes)


def _draw(dice: Dice, form: Form) -> Data:
    year = dice.whole(2021, 2023)
    phone = form == "phone"
    paths = dice.shuffled(_few(dice) if phone else _many(dice))
    people = []
    for n, (kind, citizen) in enumerate(paths, 1):
        begins, path = _PATHS[kind]
        entry = date(year, 1, 1) + timedelta(days=dice.whole(*begins))
        stays = tuple(
            (entry + timedelta(days=start), entry + timedelta(days=start + length) if length else None)
            for start, length in path(dice)
        )
        people.append(_Person(f"P{n:02}" if phone else f"D{n:04}", citizen, stays))
    facts: dict[str, Value] = {"country": dice.pick(("QN", "QT", "QM")), "year": year, "last": date(year + 2, 6, 30)}
    return Data((_stays(people) if phone else _crossings(dice, people),), facts)


def _few(dice: Dice) -> list[tuple[str, bool]]:
    """So few people that each mistake has to lose another number of them: one those of autumn, one those who come
    in pieces, one the citizens; and of the last rule again others. Two apart, since a figure is right within a half."""
    autumn, pieces, home = dice.shuffled(dice.pick(((2, 4, 6), (2, 4, 7), (2, 5, 7), (3, 5, 7))))
    breaks = min(pieces, dice.whole(2, 3))
    returns = dice.pick([n for n in range(7) if abs(breaks + n - home) >= 2][:2])
    counts = {
        "settles": dice.whole(0, 2), "long_stay": dice.whole(0, 1), "spring": dice.whole(0, 1), "autumn": autumn,
        "breaks": breaks, "twice": pieces - breaks, "visits": dice.whole(1, 2), "season": dice.whole(0, 1),
        "comes_back": returns,
    }  # fmt: skip
    citizens = [("settles", True)] * home
    return [*citizens, *((kind, False) for kind, count in counts.items() for _n in range(count))]


def _many(dice: Dice) -> list[tuple[str, bool]]:
    often = {kind: dice.share(1.0, 6.0) for kind in _PATHS}
    return [(dice.weighted(often), dice.happens(0.22)) for _n in range(dice.whole(420, 900))]


def _stays(people: list[_Person]) -> Sheet:
    rows = [(one.key, "yes" if one.citizen else "no", entry, exit) for one in people for entry, exit in one.stays]
    return Sheet("stays", ("person", "citizen", "entry", "exit"), tuple(rows))


def _crossings(dice: Dice, people: list[_Person]) -> Sheet:
    """Each crossing as the border records it, in the order of days; of a day an exit before an entry."""
    lines: list[tuple[date, str, str, str]] = []
    for one in people:
        for entry, exit in one.stays:
            lines.append((entry, "in", one.key, "yes" if one.citizen else "no"))
            if exit is not None:
                lines.append((exit, "out", one.key, "yes" if one.citizen else "no"))
    lines.sort(key=lambda line: (line[0], line[1] == "in", line[2]))
    posts = ("north", "river", "airport", "port")
    return Sheet(
        "crossings",
        ("person", "citizen", "day", "direction", "post"),
        tuple((person, citizen, day, direction, dice.pick(posts)) for day, direction, person, citizen in lines),
    )


def _people(data: Data) -> list[_Person]:
    sheet = data.sheets[0]
    found: dict[str, list[Stay]] = {}
    citizens = {}
    for row in sheet.rows:
        person, citizens[str(row[0])] = str(row[0]), row[1] == "yes"
        stays = found.setdefault(person, [])
        if sheet.name == "stays":
            stays.append((_day(row[2]), row[3] if isinstance(row[3], date) else None))
        elif row[3] == "in":
            stays.append((_day(row[2]), None))
        else:
            stays[-1] = (stays[-1][0], _day(row[2]))
    return [_Person(key, citizens[key], tuple(stays)) for key, stays in found.items()]


def _day(value: Value) -> date:
    assert isinstance(value, date)  # noqa: S101  columns of days hold days
    return value


def _months_later(day: date, months: int) -> date:
    """The same day so many months later; the last of the month where there is none."""
    year, month = divmod(day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(day.year + year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError(day)


def _within(stays: tuple[Stay, ...], begin: date, end: date) -> int:
    """Days in the country from `begin` up to, but without, `end`."""
    return sum(max(0, (min(end, exit or end) - max(entry, begin)).days) for entry, exit in stays)


Rule = Callable[[_Person, date], bool]


def _unbroken(one: _Person, first: date) -> bool:
    """A stay that begins in the year of the first entry; one that is open reaches the end of the file, months later."""
    return any(
        entry.year == first.year and (exit is None or exit >= _months_later(entry, 12)) for entry, exit in one.stays
    )


def _days(months: int, needed: int) -> Rule:
    return lambda one, entry: _within(one.stays, entry, _months_later(entry, months)) >= needed


_RULES: tuple[tuple[str, Rule], ...] = (
    ("unbroken_12", _unbroken),
    ("days_183", _days(12, 183)),
    ("days_365_of_16", _days(16, 365)),
)


def solve(data: Data) -> Answer:
    """Nobody was a resident before, and every first entry lies in the year; the file reaches beyond all windows."""
    return _answer(_people(data), dict(_RULES), data)


def _answer(
    people: list[_Person], rules: dict[str, Rule], data: Data, *, only: Callable[[_Person], bool] = lambda one: True
) -> Answer:
    rows = {
        one.key: tuple("yes" if only(one) and rule(one, one.stays[0][0]) else "no" for rule in rules.values())
        for one in people
    }
    figures = {name: float(sum(codes[at] == "yes" for codes in rows.values())) for at, name in enumerate(rules)}
    return Answer(figures, rows if data.sheets[0].name == "crossings" else {})


def mistakes(data: Data) -> dict[str, Answer]:
    year = int(str(data.facts["year"]))
    right, people = dict(_RULES), _people(data)
    truth = _answer(people, right, data)

    def longest(one: _Person, entry: date) -> bool:
        end = _months_later(entry, 12)
        return max(_within((stay,), entry, end) for stay in one.stays) >= 183

    def calendar(one: _Person, _entry: date) -> bool:
        return max(_within(one.stays, date(y, 1, 1), date(y + 1, 1, 1)) for y in (year, year + 1)) >= 183

    def twelve(one: _Person, entry: date) -> bool:
        return _within(one.stays, entry, _months_later(entry, 12)) >= 365

    def told(name: str, rule: Rule) -> Answer:
        """Only the column in which this goes wrong has a figure; the rows are those of the right answer elsewhere."""
        at, own = list(right).index(name), _answer(people, {name: rule}, data)
        rows = {key: (*codes[:at], own.rows[key][0], *codes[at + 1 :]) for key, codes in truth.rows.items()}
        return Answer(own.figures, rows)

    entries = float(sum(entry.year == year for one in people for entry, _exit in one.stays))
    found = {
        "longest_stay": told("days_183", longest),
        "calendar_year": told("days_183", calendar),
        "twelve_not_sixteen": told("days_365_of_16", twelve),
        "citizens_left_out": _answer(people, right, data, only=lambda one: not one.citizen),
    }
    if data.sheets[0].name == "stays":
        found["entries"] = Answer({"days_183": entries})
    return found
