"""How round the ages of a border file are, and how many of its stays were long although exits are missing.

Whipple's index: 500 (P25 + P30 + ... + P60) / (P23 + ... + P62), for all and for those whose age stood in a paper.
Stays of twelve months: those that are matched to an exit, those without one whom another source saw later, and a stated
share of the rest, between the bounds "all without an exit had left early" and "all had stayed".
On the phone ages in bands and stays by post; at the desk one row for each stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from lms.assessment.exercises.frame import Answer, Data, Dice, Figure, Form, Sheet, Value
from lms.assessment.exercises.grading import drawn

ID = "ages-and-exits"
VERSION = 1
COMPETENCY = "C12"
LESSON = "ages-gaps-revisions"
KEY = ""
RETURNS = ()
FIGURES = (
    Figure("whipple", "ratio", 1),
    Figure("whipple_paper", "ratio", 1),
    Figure("group"),
    Figure("lower"),
    Figure("estimate"),
    Figure("upper"),
)

_ROUND = tuple(range(25, 61, 5))
_POSTS = ("N", "R", "A", "P", "B", "L")
# How many people there are by age, from 15 on, of those who cross a border: per ten-year band, the first from 10.
_SHAPE = (0.35, 1.0, 0.86, 0.6, 0.4, 0.26, 0.12)
# Whoever has one of these last digits may say the round age: its distance, and how strongly it draws (9 and 1 most).
_DRAWN = {9: (1, 1.0), 1: (-1, 1.0), 8: (2, 0.5), 2: (-2, 0.5), 4: (1, 0.7), 6: (-1, 0.7), 3: (2, 0.3), 7: (-2, 0.3)}


def generate(seed: str, form: Form) -> Data:
    return drawn(ID, seed, form, _draw, FIGURES, solve, mistakes)


def _draw(dice: Dice, form: Form) -> Data:
    year = dice.whole(2020, 2023)
    middle = dice.pick((30, 35, 40, 45, 50))
    heaping = {"paper": dice.share(0.01, 0.06), "said": dice.share(0.12, 0.4)}
    facts: dict[str, Value] = {
        "country": dice.pick(("QM", "QN", "QP", "QS", "QT")),
        "year": year,
        "last": date(year + 2, 6, 30),
        "rate": dice.pick((3, 4, 5, 6, 8)),
        "middle": middle,
    }
    posts = [name for name in _POSTS if name in dice.sample(_POSTS, dice.whole(3, 6))]
    if form == "phone":
        return Data((_bands(dice, heaping, middle), _posts(dice, posts)), facts)
    return Data((_stays(dice, heaping, posts, year),), facts)


def _people_at(age: int) -> float:
    """The shape at an age; it changes evenly from the middle of one band to the next."""
    band, part = divmod(age - 15, 10)
    return _SHAPE[band] + (_SHAPE[band + 1] - _SHAPE[band]) * part / 10


def _said(dice: Dice, age: int, heaping: float) -> int:
    """The age that is written down for somebody of that age."""
    step, strength = _DRAWN.get(age % 10, (0, 0.0))
    return age + step if dice.happens(heaping * strength) else age


def _bands(dice: Dice, heaping: Mapping[str, float], middle: int) -> Sheet:
    """Ages 20 to 64: each round age by itself, those between together; around `middle` in twos."""
    counts = {}
    for source, share in (("paper", dice.share(3_000, 9_000)), ("said", dice.share(1_500, 6_000))):
        ages = dict.fromkeys(range(15, 75), 0)
        for age in range(15, 75):
            people = int(share * _people_at(age) / 10 * dice.share(0.96, 1.04))
            step, strength = _DRAWN.get(age % 10, (0, 0.0))
            moved = int(people * heaping[source] * strength) if age + step in ages else 0
            ages[age] += people - moved
            ages[age + step] = ages.get(age + step, 0) + moved
        counts[source] = ages
    starts = [20, 21, 23, *(start for age in _ROUND for start in (age, age + 1)), 63]
    starts += [middle - 2, middle + 3]
    rows: list[tuple[Value, ...]] = []
    for start, after in zip(sorted(starts), [*sorted(starts)[1:], 65], strict=True):
        name = str(start) if after == start + 1 else f"{start}-{after - 1}"
        rows.append((name, *(sum(counts[source][age] for age in range(start, after)) for source in ("paper", "said"))))
    return Sheet("ages", ("age", "paper", "said"), tuple(rows))


def _posts(dice: Dice, posts: list[str]) -> Sheet:
    rows = []
    for name in posts:
        entries = dice.whole(900, 5_200)
        missing = int(entries * dice.share(0.05, 0.2))
        matched = entries - missing
        rows.append(
            (name, entries, matched, int(matched * dice.share(0.015, 0.05)), int(missing * dice.share(0.1, 0.35)))
        )
    return Sheet("posts", ("post", "entries", "with_exit", "long_stays", "seen_later"), tuple(rows))


def _travellers(dice: Dice, heaping: Mapping[str, float], size: int) -> list[tuple[int, str]]:
    """Age as it was written down, and where it comes from. Before rounding both sources have the same ages in the same
    shares, so that what an index shows is rounding and not chance."""
    ages = [age for age in range(15, 75) for _n in range(round(100 * _people_at(age)))]
    on_paper = int(size * dice.share(0.5, 0.75))
    found = []
    for source, count in (("paper", on_paper), ("said", size - on_paper)):
        found += [(_said(dice, ages[n * len(ages) // count], heaping[source]), source) for n in range(count)]
    return dice.shuffled(found)


def _stays(dice: Dice, heaping: Mapping[str, float], posts: list[str], year: int) -> Sheet:
    """A row for each stay. Who stayed is missing an exit more often, and is seen later with an exit or without."""
    missing = {name: dice.share(0.06, 0.2) for name in posts}
    long_stays, seen = dice.share(0.05, 0.1), dice.share(0.5, 0.8)
    lines: list[tuple[date, str, tuple[Value, ...]]] = []
    for age, source in _travellers(dice, heaping, dice.whole(2_400, 4_800)):
        post, entry = dice.pick(posts), date(year, 1, 1) + timedelta(days=dice.whole(0, 364))
        known: tuple[Value, ...] = (age, source) if not dice.happens(0.015) else (None, None)
        stays_on = dice.happens(long_stays)
        length = dice.whole(375, 500) if stays_on else int(3 + 350 * dice.share() * dice.share())
        left = None if dice.happens(missing[post] + (0.3 if stays_on else 0)) else entry + timedelta(days=length)
        later = "yes" if dice.happens(seen if stays_on else 0.02) else None
        lines.append((entry, post, (*known, entry, left, later)))
    lines.sort(key=lambda line: line[0])
    heads = ("stay", "post", "age", "age_source", "entered_on", "left_on", "seen_later")
    return Sheet("stays", heads, tuple((f"S{n:05}", post, *rest) for n, (_entry, post, rest) in enumerate(lines, 1)))


@dataclass(frozen=True)
class _Found:
    """Either form, read: people by source and first age of a band; stays, those matched to an exit, the long ones of
    them, those without an exit whom another source saw. Only at the desk: matched stays that were seen, and those
    whose exit lies in a later calendar year."""

    ages: Mapping[str, Mapping[int, int]]
    entries: int
    matched: int
    long: int
    seen: int
    matched_seen: int
    next_year: int

    @property
    def open(self) -> int:
        return self.entries - self.matched

    def people(self, first: int, last: int, sources: tuple[str, ...] = ("paper", "said")) -> int:
        """People from one age to another, both included, which must be ends of bands."""
        return sum(count for source in sources for age, count in self.ages[source].items() if first <= age <= last)


def _read(data: Data) -> _Found:
    if data.sheets[0].name == "ages":
        ages: dict[str, dict[int, int]] = {"paper": {}, "said": {}}
        for band, paper, said in data.sheet("ages").rows:
            first = int(str(band).split("-")[0])
            ages["paper"][first], ages["said"][first] = _whole(paper), _whole(said)
        entries, matched, long, seen = (sum(_whole(row[at]) for row in data.sheet("posts").rows) for at in range(1, 5))
        return _Found(ages, entries, matched, long, seen, 0, 0)
    return _of_stays(data.sheet("stays"))


def _of_stays(sheet: Sheet) -> _Found:
    ages: dict[str, dict[int, int]] = {"paper": {}, "said": {}}
    matched = long = seen = matched_seen = next_year = 0
    for _stay, _post, age, source, entered, left, later in sheet.rows:
        if source is not None:
            own = ages[str(source)]
            own[_whole(age)] = own.get(_whole(age), 0) + 1
        if isinstance(left, date) and isinstance(entered, date):
            matched += 1
            long += left >= _year_later(entered)
            next_year += left.year > entered.year
            matched_seen += later == "yes"
        else:
            seen += later == "yes"
    return _Found(ages, len(sheet.rows), matched, long, seen, matched_seen, next_year)


def _whole(value: Value) -> int:
    assert isinstance(value, int)  # noqa: S101  columns of counts and ages hold whole numbers
    return value


def _year_later(day: date) -> date:
    """The same day twelve months later; of 29 February the last of the month."""
    return day.replace(year=day.year + 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


Index = Callable[[tuple[str, ...]], float]  # of the people of these sources


def solve(data: Data) -> Answer:
    return Answer(_right(_read(data), _whole(data.facts["middle"]), _rate(data)))


def _right(found: _Found, middle: int, rate: float) -> dict[str, float]:
    return {
        **_both(_whipple(found)),
        "group": found.people(middle - 2, middle + 2),
        "lower": found.long,
        "estimate": found.long + found.seen + rate * (found.open - found.seen),
        "upper": found.long + found.open,
    }


def _rate(data: Data) -> float:
    """The share of those without an exit or sign who are taken to have stayed."""
    return _whole(data.facts["rate"]) / 100


def _both(index: Index) -> dict[str, float]:
    return {"whipple": index(("paper", "said")), "whipple_paper": index(("paper",))}


def _whipple(
    found: _Found, ages: tuple[int, ...] = _ROUND, first: int = 23, last: int = 62, factor: float = 500
) -> Index:
    return lambda sources: (
        factor * sum(found.people(age, age, sources) for age in ages) / found.people(first, last, sources)
    )


def mistakes(data: Data) -> dict[str, Answer]:
    found, middle, rate = _read(data), _whole(data.facts["middle"]), _rate(data)
    right = _right(found, middle, rate)
    long, seen = found.long, found.seen
    wrong = {
        "factor": Answer(_both(_whipple(found, factor=100))),
        "narrow": Answer(_both(_whipple(found, first=25, last=60))),
        "from_twenty": Answer(_both(_whipple(found, (20, *_ROUND), first=20))),
        "tens_only": Answer(_both(_whipple(found, (30, 40, 50, 60)))),
        "said_instead": Answer({"whipple_paper": _whipple(found)(("said",))}),
        "round_first": Answer({"group": found.people(middle, middle + 4)}),
        "all_left": Answer({"estimate": long}),
        "all_stayed": Answer({"estimate": right["upper"]}),
        "like_matched": Answer({"estimate": long + found.open * long / found.matched}),
        "rate_of_all": Answer({"estimate": long + seen + rate * found.open}),
        "rest_left_out": Answer({"estimate": long + seen}),
        "open_only": Answer({"estimate": right["estimate"] - long, "upper": found.open}),
    }
    if found.next_year:
        more = found.next_year - long
        wrong["next_year"] = Answer({name: right[name] + more for name in ("lower", "estimate", "upper")})
        wrong["signs_of_matched"] = Answer({"estimate": right["estimate"] + found.matched_seen})
    return wrong
