"""One flow, two countries: A counts who left for B, B counts who came from A. Brought to one definition, B's figure
says what share of its emigration A records.

B publishes by a three-month rule, and knows how long people stayed: on the phone in classes, at the desk person by
person.
"""

from __future__ import annotations

from datetime import date, timedelta

from lms.assessment.exercises.frame import Answer, Data, Dice, Figure, Form, Sheet, Value
from lms.assessment.exercises.grading import drawn

ID = "mirror-flows"
VERSION = 1
COMPETENCY = "C10"
LESSON = "mirrors-phones-platforms"
KEY = ""
RETURNS = ()
FIGURES = (
    Figure("sender"),
    Figure("comparable"),
    Figure("coverage", "percent", 1),
    Figure("factor", "ratio", 2),
)

# Months of stay, and the days that they may be; None: still there when the file was made. Offices differ in classes.
_CLASSES: tuple[dict[str, tuple[int, int] | None], ...] = (
    {"3-5": (92, 180), "6-11": (184, 360), "12-23": (366, 720), "24+": (732, 1_000), "still": None},
    {"3-8": (92, 270), "9-11": (276, 360), "12+": (366, 1_000), "still": None},
    {"3-5": (92, 180), "6-8": (184, 272), "9-11": (276, 360), "12-17": (366, 545), "18+": (550, 1_000), "still": None},
)
_PERIODS = {"quarter": 4, "month": 12, "half": 2}


def generate(seed: str, form: Form) -> Data:
    return drawn(ID, seed, form, _draw, FIGURES, solve, mistakes)


def _draw(dice: Dice, form: Form) -> Data:
    year = dice.whole(2020, 2023)
    sender, receiver = dice.sample(("QM", "QN", "QP", "QS", "QT"), 2)
    arrived = dice.whole(3_000, 14_000) if form == "phone" else dice.whole(1_400, 4_500)
    days = dice.pick(_CLASSES)
    classes = {name: int(arrived * dice.share(0.07, 0.17)) for name in days}
    classes["still"] = arrived - sum(count for name, count in classes.items() if name != "still")
    citizens = dice.share(0.06, 0.16)  # of the receiver, who come home: they are in the flow like everybody
    facts: dict[str, Value] = {"country": sender, "partner": receiver, "year": year}
    stayed = sum(count for name, count in classes.items() if _stays(name))
    departures = _departures(dice, year, int(stayed * dice.share(0.35, 0.75)))
    if form == "phone":
        home = {name: int(count * citizens) for name, count in classes.items()}
        rows: tuple[tuple[Value, ...], ...] = tuple((name, classes[name] - home[name], home[name]) for name in classes)
        arrivals = Sheet("arrivals", ("stay_months", "foreign_citizens", "own_citizens"), rows)
    else:
        arrivals = _persons(dice, year, classes, days, citizens)
    return Data((departures, arrivals), facts)


def _stays(name: str) -> bool:
    """Whether a class of stay is one of twelve months or more."""
    return name == "still" or int(name.rstrip("+").split("-")[0]) >= 12


def _departures(dice: Dice, year: int, recorded: int) -> Sheet:
    """What the sender records, by month, quarter or half-year; how many of these registered again within twelve
    months."""
    period = dice.pick(tuple(_PERIODS))
    shares = [dice.share(0.6, 1.4) for _n in range(_PERIODS[period])]
    counts = [int(recorded * share / sum(shares)) for share in shares]
    rows = tuple(
        (f"{year}-{period[0].upper()}{n:02}", count, int(count * dice.share(0.04, 0.12)))
        for n, count in enumerate(counts, 1)
    )
    return Sheet("departures", ("period", "to_partner", "of_whom_returned"), rows)


def _persons(
    dice: Dice, year: int, classes: dict[str, int], days: dict[str, tuple[int, int] | None], citizens: float
) -> Sheet:
    """A row for each arrival: the day, and the day of leaving where there is one."""
    lines: list[tuple[Value, ...]] = []
    for name, count in classes.items():
        for _n in range(count):
            came = date(year, 1, 1) + timedelta(days=dice.whole(0, 364))
            stay = days[name]
            left = came + timedelta(days=dice.whole(*stay)) if stay else None
            lines.append((came, left, "own" if dice.happens(citizens) else "foreign"))
    rows = tuple((f"B{n:05}", *line) for n, line in enumerate(dice.shuffled(lines), 1))
    return Sheet("arrivals", ("person", "arrived_on", "left_on", "citizenship"), rows)


def _n(value: Value) -> int:
    return value if isinstance(value, int) else 0


def _arrivals(data: Data) -> list[tuple[int, bool, bool, bool]]:
    """Counts with: stayed twelve months; was still there at the end of the year; is a citizen of the receiver."""
    sheet, year = data.sheet("arrivals"), _n(data.facts["year"])
    found = []
    for row in sheet.rows:
        if sheet.heads[0] == "stay_months":
            stays = _stays(str(row[0]))
            found += [(_n(row[1]), stays, stays, False), (_n(row[2]), stays, stays, True)]
        else:
            came, left = row[1], row[2]
            days = (left - came).days if isinstance(left, date) and isinstance(came, date) else 10_000
            until_december = not isinstance(left, date) or left.year > year
            found.append((1, days >= 365, until_december, row[3] == "own"))
    return found


def solve(data: Data) -> Answer:
    """The receiver's arrivals who stayed twelve months are what the sender should have recorded, less nobody: a return
    after more than twelve months is another move, and a return within them no emigration."""
    comparable = sum(n for n, stays, _y, _o in _arrivals(data) if stays)
    return _answer(_sender(data), comparable)


def _sender(data: Data) -> int:
    """Departures less those who were back within twelve months: they did not emigrate by the sender's own rule."""
    return sum(_n(left) - _n(back) for _period, left, back in data.sheet("departures").rows)


def _answer(sender: float, comparable: float) -> Answer:
    return Answer(
        {
            "sender": sender,
            "comparable": comparable,
            "coverage": 100 * sender / comparable,
            "factor": comparable / sender,
        }
    )


def mistakes(data: Data) -> dict[str, Answer]:
    rows, sender = _arrivals(data), _sender(data)
    right = solve(data).figures["comparable"]
    gross = sum(_n(left) for _period, left, _back in data.sheet("departures").rows)

    def only(*names: str, of: Answer) -> Answer:
        return Answer({name: of.figures[name] for name in names})

    foreign = sum(n for n, stays, _y, own in rows if stays and not own)
    found = {
        "returns_kept": only("sender", "coverage", "factor", of=_answer(gross, right)),
        "not_harmonised": only("comparable", "coverage", "factor", of=_answer(sender, sum(n for n, *_x in rows))),
        "own_citizens_dropped": only("comparable", "coverage", "factor", of=_answer(sender, foreign)),
        "mean_of_both": Answer({"comparable": (right + sender) / 2}),
        "upside_down": Answer({"coverage": 100 * right / sender, "factor": sender / right}),
    }
    if data.sheet("arrivals").heads[0] == "person":
        december = sum(n for n, _s, until, _o in rows if until)
        found["calendar_year"] = only("comparable", "coverage", "factor", of=_answer(sender, december))
    return found
