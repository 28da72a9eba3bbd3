"""A residency index from signs of life: R = a R(before) + (1 - a) X, where X adds the weights of the sources that saw
somebody in the year; whoever reaches a threshold is a resident. Newcomers with a strong sign are residents and people
with a recorded exit are not, whatever the index. A check sample of one in k says who is wrong: each counts k times.

Weights and last year's values have one decimal and so has a: every index is a whole number of hundredths. On the phone
people with the same signs stand in one row; at the desk each sign is a record, and some are of another year.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from lms.assessment.exercises.frame import Answer, Data, Dice, Figure, Form, Sheet, Value
from lms.assessment.exercises.grading import drawn

ID = "signs-of-life"
VERSION = 1
COMPETENCY = "C14"
LESSON = "signs-of-life"
KEY = ""
RETURNS = ()
FIGURES = (Figure("residents"), Figure("dropped"), Figure("kept"), Figure("balance", "ratio", 2))

# Sources by letter, how often they see those who live here and those who have left, and in how many records at most.
_SEEN = {
    "S": (0.34, 0.01, 1), "W": (0.55, 0.06, 4), "H": (0.7, 0.07, 3),
    "B": (0.3, 0.1, 3), "L": (0.22, 0.16, 1), "P": (0.2, 0.18, 2),
}  # fmt: skip
_STRONG = ("S", "W")
# Weights in tenths, strong signs first: no draw makes a licence by post worth a school year.
_WEIGHTS = {
    4: ((4, 3, 2, 1), (5, 3, 1, 1), (4, 4, 1, 1)),
    5: ((4, 3, 1, 1, 1), (3, 3, 2, 1, 1), (4, 2, 2, 1, 1)),
}
# Last year's value in tenths: of residents, of those who have left since, of newcomers.
_HERE = {10: 5.0, 9: 4.0, 8: 3.0, 7: 2.5, 6: 2.0, 5: 1.6, 4: 1.2, 3: 0.8, 2: 0.5}
_GONE = {10: 0.6, 9: 1.0, 8: 1.5, 7: 1.8, 6: 1.8, 5: 1.6, 4: 1.3, 3: 1.0, 2: 0.8, 1: 0.5, 0: 0.3}
_NEW = {0: 5.0, 1: 2.0, 2: 1.5, 3: 1.0}


def generate(seed: str, form: Form) -> Data:
    return drawn(ID, seed, form, _draw, FIGURES, solve, mistakes)


@dataclass(frozen=True)
class _Kind:
    """People who are alike: last year's value in tenths, the sources that saw them, their status (settled, new, exit).
    `records`: sources of all records of the year, and `ever`: of all records of the file; both empty on the phone."""

    before: int
    signs: frozenset[str]
    status: str
    records: tuple[str, ...] = ()
    ever: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Many:
    """Of a kind: people in the register, people of the sample found here and abroad."""

    people: int
    here: int
    abroad: int


@dataclass(frozen=True)
class _Rule:
    """Weights in tenths, the part of last year's value in tenths, the threshold in hundredths and those to compare; one
    in how many was drawn."""

    weights: Mapping[str, int]
    memory: int
    threshold: int
    thresholds: tuple[int, ...]
    one_in: int

    @property
    def strong(self) -> frozenset[str]:
        return frozenset(self.weights) & frozenset(_STRONG)


def _draw(dice: Dice, form: Form) -> Data:
    year = dice.whole(2021, 2025)
    rule = _rule(dice, (4, dice.whole(8, 15)) if form == "phone" else (5, dice.whole(2, 3)))
    facts: dict[str, Value] = {
        "country": dice.pick(("QM", "QP", "QT", "QN")),
        "year": year,
        "year_before": year - 1,
        "memory": rule.memory / 10,
        "fresh": (10 - rule.memory) / 10,
        "threshold": rule.threshold / 100,
        "lowest": rule.thresholds[0] / 100,
        "highest": rule.thresholds[-1] / 100,
        "one_in": rule.one_in,
    }
    heads = ("source", "weight", "strong")
    rows = [(name, tenths / 10, "yes" if name in rule.strong else "no") for name, tenths in rule.weights.items()]
    weights = Sheet("weights", heads, tuple(rows))
    sheets = (_kinds(dice, rule),) if form == "phone" else _files(dice, rule, year)
    return Data((weights, *sheets), facts)


def _rule(dice: Dice, size: tuple[int, int]) -> _Rule:
    """`size`: of how many sources at most, one in how many drawn."""
    strong = list(_STRONG) if dice.happens(0.7) else [dice.pick(_STRONG)]
    others = [name for name in _SEEN if name not in _STRONG]
    count = dice.whole(4, size[0])
    names = [*dice.shuffled(strong), *dice.sample(others, count - len(strong))]
    lowest = dice.pick((20, 30))
    thresholds = tuple(range(lowest, lowest + 50, 10))
    return _Rule(
        dict(zip(names, dice.pick(_WEIGHTS[count]), strict=True)),
        dice.whole(6, 8),
        dice.pick(thresholds[1:4]),
        thresholds,
        size[1],
    )


def _signs(dice: Dice, rule: _Rule, at: int, more: float = 0.0) -> frozenset[str]:
    """What sees somebody who is here (`at` 0) or gone (1)."""
    return frozenset(name for name in rule.weights if dice.happens(_SEEN[name][at] + more))


def _kinds(dice: Dice, rule: _Rule) -> Sheet:
    """Kinds of people; the nearer to 1 the index, the more of them there are and the more live here. Some lie on the
    threshold, some newcomers below it and some with a recorded exit above it."""
    found: dict[_Kind, _Many] = {}
    wanted = dice.whole(15, 22)
    for kind in [*_on_threshold(dice, rule), *_exceptions(dice, rule)]:
        found[kind] = _many(dice, rule, kind)
    while len(found) < wanted:
        signs = _signs(dice, rule, 0 if dice.happens(0.6) else 1)
        kind = _Kind(dice.whole(0, 10), signs, "settled")
        found[kind] = _many(dice, rule, kind)
    letters = list(_SEEN)
    rows: list[tuple[Value, ...]] = [
        (kind.before / 10, " ".join(sorted(kind.signs, key=letters.index)) or None, kind.status, many.people, many.here,
         many.abroad)
        for kind, many in found.items()
    ]  # fmt: skip
    heads = ("row", "before", "signs", "status", "people", "found_here", "found_abroad")
    return Sheet("kinds", heads, tuple((n, *row) for n, row in enumerate(dice.shuffled(rows), 1)))


def _on_threshold(dice: Dice, rule: _Rule) -> list[_Kind]:
    """One or two kinds whose index is the threshold itself, where there are any."""
    names = list(rule.weights)
    sets = [frozenset(n for at, n in enumerate(names) if bits >> at & 1) for bits in range(2 ** len(names))]
    kinds = [_Kind(before, signs, "settled") for before in range(11) for signs in sets]
    return dice.sample([kind for kind in kinds if _index(rule, kind) == rule.threshold], dice.whole(1, 2))


def _exceptions(dice: Dice, rule: _Rule) -> list[_Kind]:
    new = [_Kind(dice.weighted(_NEW), _signs(dice, rule, 0), "new") for _n in range(dice.whole(1, 3))]
    new.append(_Kind(dice.whole(0, 1), frozenset(dice.sample(sorted(rule.strong), 1)), "new"))
    gone = [_Kind(dice.whole(6, 10), _signs(dice, rule, 1), "exit") for _n in range(dice.whole(0, 1))]
    return [*new, *gone, _Kind(10, _signs(dice, rule, 1), "exit")]


def _many(dice: Dice, rule: _Rule, kind: _Kind) -> _Many:
    index = _index(rule, kind) / 100
    here = {
        "exit": dice.share(0.05, 0.12),
        "new": dice.share(0.8, 0.93) if kind.signs & rule.strong else dice.share(0.3, 0.6),
        "settled": min(0.96, max(0.06, 1.1 * index + dice.share(-0.1, 0.12))),
    }[kind.status]
    people = int(dice.whole(250, 900) * (3.5 if index > 0.75 else 1.0))
    sample = people // rule.one_in
    return _Many(people, int(sample * here), sample - int(sample * here))


def _files(dice: Dice, rule: _Rule, year: int) -> tuple[Sheet, ...]:
    """The register with last year's value, records of the sources, and what the sample found."""
    share_here, share_new, share_exit = dice.share(0.6, 0.75), dice.share(0.08, 0.16), dice.share(0.12, 0.25)
    people: list[tuple[Value, ...]] = []
    records: list[tuple[Value, ...]] = []
    sample: list[tuple[Value, ...]] = []
    for n in range(1, dice.whole(650, 1_100) + 1):
        key, here = f"R{n:04}", dice.happens(share_here)
        new = dice.happens(share_new if here else 0.03)
        gone = not new and dice.happens(0.012 if here else share_exit)
        first = date(year - 1, 1, 1) if new else date(year - dice.whole(3, 22), 1, 1)
        registered = first + timedelta(days=dice.whole(0, 700 if new else 364))
        before = dice.weighted(_HERE if here else _GONE)
        if new:
            before = 0 if registered.year == year else dice.weighted(_NEW)
        exit = date(year - 1, 7, 1) + timedelta(days=dice.whole(0, 540)) if gone else None
        people.append((key, registered, before / 10, exit))
        records += _records(dice, rule, key, here, max(registered, date(year - 1, 11, 1)), year)
        if dice.happens(1 / rule.one_in):
            found = "untraced" if dice.happens(0.06) else "here" if here else "abroad"
            sample.append((key, found))
    numbered = tuple((n, *line) for n, line in enumerate(sorted(dice.shuffled(records), key=lambda r: str(r[2])), 1))
    return (
        Sheet("people", ("person", "registered_on", "before", "exit_on"), tuple(people)),
        Sheet("signs", ("record", "person", "source", "day"), numbered),
        Sheet("sample", ("person", "found"), tuple(dice.shuffled(sample))),
    )


def _records(dice: Dice, rule: _Rule, key: str, here: bool, since: date, year: int) -> list[tuple[Value, ...]]:
    """A person's records: one or more of each source that saw them in the year, and the odd one of before or after."""
    lines: list[tuple[Value, ...]] = []
    begin = max(since, date(year, 1, 1))
    rest = (date(year, 12, 31) - begin).days
    for name in rule.weights:
        if dice.happens(_SEEN[name][0 if here else 1]):
            lines += [
                (key, name, begin + timedelta(days=dice.whole(0, rest))) for _n in range(dice.whole(1, _SEEN[name][2]))
            ]
        if since.year < year and dice.happens(0.08):
            lines.append((key, name, since + timedelta(days=dice.whole(0, (date(year - 1, 12, 31) - since).days))))
        elif dice.happens(0.03):
            lines.append((key, name, date(year + 1, 1, 1) + timedelta(days=dice.whole(0, 40))))
    return lines


def _read(data: Data) -> tuple[_Rule, dict[_Kind, _Many]]:
    facts = data.facts
    weights = {str(name): _tenths(weight) for name, weight, _strong in data.sheet("weights").rows}
    low, high = 10 * _tenths(facts["lowest"]), 10 * _tenths(facts["highest"])
    rule = _Rule(
        weights,
        _tenths(facts["memory"]),
        10 * _tenths(facts["threshold"]),
        tuple(range(low, high + 1, 10)),
        int(str(facts["one_in"])),
    )
    return rule, _rows(data) if data.sheets[1].name == "kinds" else _people(data)


def _tenths(value: Value) -> int:
    assert isinstance(value, int | float)  # noqa: S101  weights and values hold numbers
    return round(10 * value)


def _rows(data: Data) -> dict[_Kind, _Many]:
    return {
        _Kind(_tenths(before), frozenset(str(signs or "").split()), str(status)): _Many(*(int(str(n)) for n in counts))
        for _row, before, signs, status, *counts in data.sheet("kinds").rows
    }


def _people(data: Data) -> dict[_Kind, _Many]:
    year = int(str(data.facts["year"]))
    in_year: dict[str, list[str]] = {}
    ever: dict[str, set[str]] = {}
    for _record, person, source, day in data.sheet("signs").rows:
        ever.setdefault(str(person), set()).add(str(source))
        if isinstance(day, date) and day.year == year:
            in_year.setdefault(str(person), []).append(str(source))
    found = {str(person): result for person, result in data.sheet("sample").rows}
    people, here, abroad = Counter[_Kind](), Counter[_Kind](), Counter[_Kind]()
    for person, registered, before, exit in data.sheet("people").rows:
        new = isinstance(registered, date) and registered >= date(year - 1, 1, 1)
        own = tuple(sorted(in_year.get(str(person), [])))
        status = "exit" if exit is not None else "new" if new else "settled"
        kind = _Kind(_tenths(before), frozenset(own), status, own, frozenset(ever.get(str(person), ())))
        people[kind] += 1
        here[kind] += found.get(str(person)) == "here"
        abroad[kind] += found.get(str(person)) == "abroad"
    return {kind: _Many(people[kind], here[kind], abroad[kind]) for kind in people}


def _index(rule: _Rule, kind: _Kind) -> int:
    """Hundredths."""
    return rule.memory * kind.before + (10 - rule.memory) * _seen(rule, kind.signs)


def _seen(rule: _Rule, sources: Iterable[str]) -> int:
    """This year's value in tenths."""
    return sum(rule.weights[name] for name in sources)


Decide = Callable[[_Kind, int], bool]  # whether somebody of this kind is a resident at this threshold


def _decide(
    rule: _Rule, index: Callable[[_Kind], float] | None = None, *, new: bool = True, exit: bool = True
) -> Decide:
    """The rule as it is asked for, or with another index, or without one of its two exceptions."""

    def decided(kind: _Kind, threshold: int) -> bool:
        if exit and kind.status == "exit":
            return False
        if new and kind.status == "new" and kind.signs & rule.strong:
            return True
        return (_index(rule, kind) if index is None else index(kind)) >= threshold - 1e-9

    return decided


def _counted(kinds: Mapping[_Kind, _Many], decide: Decide, threshold: int) -> _Many:
    """Residents; people of the sample who live here and are dropped; and who live abroad and are kept."""
    people = dropped = kept = 0
    for kind, many in kinds.items():
        if decide(kind, threshold):
            people += many.people
            kept += many.abroad
        else:
            dropped += many.here
    return _Many(people, dropped, kept)


def _best(rule: _Rule, kinds: Mapping[_Kind, _Many], cost: Callable[[_Many], int]) -> float:
    """The threshold at which what the two errors cost is least; of several the lowest."""
    decide = _decide(rule)
    return min(rule.thresholds, key=lambda threshold: (cost(_counted(kinds, decide, threshold)), threshold)) / 100


def solve(data: Data) -> Answer:
    """A source counts once, and only in its year; the index reaches the threshold where it equals it."""
    return Answer(_right(*_read(data)))


def _right(rule: _Rule, kinds: Mapping[_Kind, _Many]) -> dict[str, float]:
    balance = _best(rule, kinds, lambda many: abs(many.here - many.abroad))
    return {**_figures(rule, kinds, _decide(rule)), "balance": balance}


def _figures(rule: _Rule, kinds: Mapping[_Kind, _Many], decide: Decide) -> dict[str, float]:
    many = _counted(kinds, decide, rule.threshold)
    return {"residents": many.people, "dropped": rule.one_in * many.here, "kept": rule.one_in * many.abroad}


def mistakes(data: Data) -> dict[str, Answer]:
    """The threshold of balance is one of five: another is no sign of a certain mistake, save the one that it names."""
    rule, kinds = _read(data)
    right = _right(rule, kinds)
    equal = 10 / len(rule.weights)

    def with_seen(seen: Callable[[_Kind], float]) -> Decide:
        return _decide(rule, lambda kind: rule.memory * kind.before + (10 - rule.memory) * seen(kind))

    wrong: dict[str, Decide] = {
        "greater_than": _decide(rule, lambda kind: _index(rule, kind) - 1),
        "no_memory": _decide(rule, lambda kind: 10 * _seen(rule, kind.signs)),
        "equal_weights": with_seen(lambda kind: equal * len(kind.signs)),
        "any_sign": lambda kind, _threshold: bool(kind.signs),
        "newcomers_by_index": _decide(rule, new=False),
        "exits_by_index": _decide(rule, exit=False),
    }
    if any(kind.ever for kind in kinds):
        wrong["other_years"] = with_seen(lambda kind: _seen(rule, kind.ever))
        wrong["each_record"] = with_seen(lambda kind: _seen(rule, kind.records))
    found = {name: _figures(rule, kinds, decide) for name, decide in wrong.items()}
    found["all_registered"] = {"residents": sum(many.people for many in kinds.values())}
    found["errors_swapped"] = {"dropped": right["kept"], "kept": right["dropped"]}
    found["sample_only"] = {name: right[name] / rule.one_in for name in ("dropped", "kept")}
    fewest = _best(rule, kinds, lambda many: many.here + many.abroad)
    if fewest != right["balance"]:
        found["fewest_errors"] = {"balance": fewest}
    return {name: Answer({k: v for k, v in own.items() if v != right[k]}) for name, own in found.items()}
