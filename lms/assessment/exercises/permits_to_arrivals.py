"""From permits to arrivals: first permits, less those to people who were here, less those who never came, less those
who came for under twelve months; each person once. The same walk on the phone (some thirty permits) and at the desk.
"""

from __future__ import annotations

from datetime import date, timedelta

from lms.assessment.exercises.frame import Answer, Data, Dice, Figure, Form, Sheet, Value
from lms.assessment.exercises.grading import drawn

ID = "permits-to-arrivals"
VERSION = 1
COMPETENCY = "C9"
LESSON = "permits-visas-asylum"
KEY = ""
RETURNS = ()
FIGURES = (Figure("first_permits"), Figure("newcomers"), Figure("arrivals"), Figure("long_term"))

_HEADS = ("permit", "person", "kind", "issued_on", "valid_until", "here_before", "first_entry")
_KINDS = ("work", "family", "study", "protection")
# Shares of the people with a permit in the year: who they are, and what they did.
_PARTS = ("long", "short", "never", "here", "renewed", "twice", "next_year")


def generate(seed: str, form: Form) -> Data:
    return drawn(ID, seed, form, _draw, FIGURES, solve, mistakes)


def _draw(dice: Dice, form: Form) -> Data:
    year = dice.whole(2021, 2025)
    counts = _counts(dice, form)
    lines: list[tuple[Value, ...]] = []
    person = 0
    for part, count in counts.items():
        for _n in range(count):
            person += 1
            lines += _permits(dice, year, f"F{person:05}", part)
    rows = tuple((f"A{n:05}", *line) for n, line in enumerate(dice.shuffled(lines), dice.whole(100, 900)))
    facts: dict[str, Value] = {"country": dice.pick(("QN", "QT")), "year": year, "next_year": year + 1}
    return Data((Sheet("permits", _HEADS, rows),), facts)


def _counts(dice: Dice, form: Form) -> dict[str, int]:
    if form == "phone":
        # Never and here lie apart, so that each mistake is told; 40 rows are the most.
        never, here = dice.pick([(a, b) for a in range(2, 8) for b in range(2, 8) if abs(a - b) >= 2])
        rest = 40 - never - here - 3 - 6 - 4
        long = dice.whole(4, min(12, rest - 4))
        few = (long, dice.whole(2, min(8, rest - long - 2)), never, here, 2, dice.whole(2, 3), dice.whole(2, 4))
        return dict(zip(_PARTS, few, strict=True))
    size = dice.whole(1_500, 4_200)
    shares = (dice.share(0.4, 0.5), dice.share(0.1, 0.16), dice.share(0.05, 0.09), dice.share(0.12, 0.2),
              dice.share(0.2, 0.3), dice.share(0.02, 0.04), dice.share(0.03, 0.06))  # fmt: skip
    return {part: int(size * share) for part, share in zip(_PARTS, shares, strict=True)}


def _permits(dice: Dice, year: int, person: str, part: str) -> list[tuple[Value, ...]]:
    """One person's permits of the year, by what became of them."""
    kind = dice.weighted(dict(zip(_KINDS, (5, 4, 3, 1), strict=True)))
    issued = date(year, 1, 3) + timedelta(days=dice.whole(0, 300))
    long = dice.whole(366, 1_100)
    valid = dice.whole(120, 330) if part == "short" else long
    entry: date | None = issued + timedelta(days=dice.whole(3, 50))
    if part == "never":
        entry = None
    if part == "next_year":
        issued = date(year, 11, 20) + timedelta(days=dice.whole(0, 35))
        entry = date(year + 1, 1, 2) + timedelta(days=dice.whole(0, 50))
    if part == "here":
        entry = issued - timedelta(days=dice.whole(200, 2_000))
    until = issued + timedelta(days=valid)
    here = "yes" if part in ("here", "renewed") else "no"
    if part == "renewed":
        entry = issued - timedelta(days=dice.whole(400, 2_400))
        return [(person, f"{kind}-renewal", issued, until, here, entry)]
    first: tuple[Value, ...] = (person, f"{kind}-first", issued, until, here, entry)
    if part == "twice":  # the card was lost, or a word on it was wrong: a second first permit
        again = min(issued + timedelta(days=dice.whole(20, 60)), date(year, 12, 30))
        return [first, (person, f"{kind}-first", again, until, here, entry)]
    return [first]


def _people(data: Data, *, days: int = 365) -> list[dict[str, Value]]:
    """The people with a first permit, each once: whether they were here before, entered in the year, and may stay
    `days` or more from their entry."""
    year = data.facts["year"]
    found: dict[str, dict[str, Value]] = {}
    for _permit, person, kind, _issued, until, here, entry in data.sheet("permits").rows:
        if str(kind).endswith("-first"):
            came = isinstance(entry, date) and entry.year == year
            stays = isinstance(entry, date) and isinstance(until, date) and (until - entry).days >= days
            found[str(person)] = {"here": here == "yes", "came": came, "entered": entry is not None, "stays": stays}
    return list(found.values())


def _walk(people: list[dict[str, Value]]) -> dict[str, float]:
    newcomers = [one for one in people if not one["here"]]
    arrivals = [one for one in newcomers if one["came"]]
    return {
        "first_permits": len(people),
        "newcomers": len(newcomers),
        "arrivals": len(arrivals),
        "long_term": sum(bool(one["stays"]) for one in arrivals),
    }


def solve(data: Data) -> Answer:
    """A permit is granted twelve months or more, counted from the entry, and the entry lies in the year."""
    return Answer(_walk(_people(data)))


def mistakes(data: Data) -> dict[str, Answer]:
    rows, people = data.sheet("permits").rows, _people(data)
    right = _walk(people)
    firsts = sum(str(row[2]).endswith("-first") for row in rows)
    newcomers = [one for one in people if not one["here"]]
    return {
        "renewals_counted": Answer({"first_permits": len(rows)}),
        "permits_for_people": Answer({"first_permits": firsts}),
        "here_before_counted": Answer(
            {"newcomers": right["first_permits"], "arrivals": sum(bool(one["entered"]) for one in people)}
        ),
        "issue_for_entry": Answer({"arrivals": right["newcomers"]}),
        "next_year_counted": Answer({"arrivals": sum(bool(one["entered"]) for one in newcomers)}),
        "short_counted": Answer({"long_term": right["arrivals"]}),
    }
