"""Figures about people from which nobody can find fewer than five of them, neither by reading nor by difference.

How the figures are made, and why each step is there:

1. *Groups.* People are counted by the office they joined from. An office with fewer than five people is put
   together with others of its kind (`groups`) until there are five; what never reaches five is in no figure.
2. *Chains.* What is said of a group is a chain of counts, each a part of the one before it: enrolled ⊇ begun ⊇
   finished; enrolled ⊇ women. A count is shown only if it, and what is left of each neighbour that is shown,
   is five or more (`chain`): so a difference within a chain is never about one to four people, nor about none
   (*all of them* tells of each).
3. *Fives.* A count is shown rounded to the nearest multiple of five (`fives`).
4. *Rest.* A count that was shown stands until at least five people have been added to it or taken from it since
   it was counted (`chain`, with `last`), and a group stands as long as its first count does (`release`). So one
   person's step moves no figure that somebody watches.
5. *Sums.* Every total, of a country, a region, the programme, is the sum of the shown numbers of groups that
   lie wholly inside it (`totals`). It is never counted anew.

**No number, sum or difference under five.** By 3 and 5 each number that is ever shown is a multiple of five. The
multiples of five are closed under addition and subtraction. So whatever is added to or taken from what: two
scopes that overlap, two months, two levels of a chain, any sum of sums, the result is 0 or at least 5. This holds
without any condition on how groups split, regions change, people move, are merged or erased, since it never asks
which people a number is about.

**Nothing finer is found by combining.** By 5 all totals follow from the groups' own numbers, so that the whole of
what somebody can know of a count is what its group's number says: that it was within two of it when it was
counted. (Were totals rounded by themselves, several of them could narrow a count down to one value.) By 2 the
true count and its true neighbours were five or more, so that also those who know the rule find no small cell
behind a number.

Why not exact numbers, suppressed below five and released only when they changed by five or more: because the
signs mix. When an office gains six people and another loses five, both changes may be shown, and the country's
total has moved by one; when six enrol and five of the others begin, *enrolled less begun* has moved by one. Each
such rule can be mended for one difference and fails for the next. Fives need no mending.

Pure functions over plain values; imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TypeVar

LEAST = 5

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Number:
    """A count as it is shown: a multiple of five. `counted` is the true one of the day `since`; it stays inside."""

    shown: int
    counted: int
    since: date


@dataclass(frozen=True)
class Group:
    """Offices that are shown as one, and what is shown of them, by name. A name that is missing is not shown."""

    offices: frozenset[str]
    numbers: Mapping[str, Number]


@dataclass(frozen=True)
class Chain:
    """Names of counts, each a part of the one before. `wanted` orders them by what is given up last."""

    names: tuple[str, ...]
    wanted: tuple[str, ...]

    @property
    def whole(self) -> str:
        return self.names[0]


def fives(count: int) -> int:
    """The nearest multiple of five: 7 is shown as 5, 8 as 10."""
    return LEAST * ((count + LEAST // 2) // LEAST)


def chain(counts: Mapping[str, int], rule: Chain, last: Mapping[str, Number], on: date) -> dict[str, Number]:
    """What is shown of one chain on the day `on`, after `last` was.

    Names are tried in the order in which they are wanted; one is shown if it keeps a distance of five from zero
    and from every name that is shown already, in what is shown and in what was counted. Where the new count
    does not, the last one may still.
    """
    shown: dict[str, Number] = {}
    for name in rule.wanted:
        for number in _candidates(counts.get(name, 0), last.get(name), on):
            if _fits(name, number, shown, rule.names):
                shown[name] = number
                break
    return {name: shown[name] for name in rule.names if name in shown}


def _candidates(count: int, last: Number | None, on: date) -> list[Number]:
    """The number to show, and what may be shown instead: the last one stands until five people changed."""
    new = Number(fives(count), count, on)
    if last is None:
        return [new]
    return [last] if abs(count - last.counted) < LEAST else [new, last]


def _fits(name: str, number: Number, shown: Mapping[str, Number], names: Sequence[str]) -> bool:
    """Whether the count and all that is left of it between its neighbours is five or more."""
    place = names.index(name)
    ordered = sorted([(names.index(other), found) for other, found in shown.items()] + [(place, number)])
    ordered.append((len(names), Number(0, 0, number.since)))
    return all(
        outer.shown - inner.shown >= LEAST and outer.counted - inner.counted >= LEAST
        for (_here, outer), (_next, inner) in pairwise(ordered)
    )


def groups(sizes: Mapping[Key, int], paths: Mapping[Key, Sequence[str]]) -> tuple[list[frozenset[Key]], frozenset[Key]]:
    """Offices put together until each group has five people, and those that are left over.

    `paths` says with whom an office may be put together, nearest first, as in (country, region, programme).
    An office of five or more stands alone; smaller ones join at the first step at which they are enough.
    """
    made = [frozenset({key}) for key, size in sizes.items() if size >= LEAST]
    small = {key for key, size in sizes.items() if 0 < size < LEAST}
    for step in range(max((len(paths[key]) for key in small), default=0)):
        together: dict[str, set[Key]] = {}
        for key in small:
            if step < len(paths[key]):
                together.setdefault(paths[key][step], set()).add(key)
        for members in together.values():
            if sum(sizes[key] for key in members) >= LEAST:
                made.append(frozenset(members))
                small -= members
    return made, frozenset(small)


def release(
    offices: Mapping[str, Mapping[str, int]],
    paths: Mapping[str, Sequence[str]],
    chains: Sequence[Chain],
    last: Iterable[Group],
    on: date,
) -> tuple[list[Group], frozenset[str]]:
    """The figures of the day `on`: the groups, and the offices that are too small to be in any.

    `offices` has the true counts of each office by name. All chains begin with the same count, the group's
    people. A group that was shown `last` stands until five people have come to it or gone from it: only then may
    its offices be shown apart, or together with others.
    """
    whole = chains[0].whole
    before = {group.offices: group.numbers for group in last}
    standing = [
        members
        for members, numbers in before.items()
        if abs(_sum(offices, members, whole) - numbers[whole].counted) < LEAST
    ]
    taken = frozenset().union(*standing)
    free = {key: counts.get(whole, 0) for key, counts in offices.items() if key not in taken}
    made, left_out = groups(free, paths)
    found = []
    for members in standing + made:
        shown: dict[str, Number] = {}
        for rule in chains:
            counts = {name: _sum(offices, members, name) for name in rule.names}
            shown |= chain(counts, rule, before.get(members, {}), on)
        found.append(Group(members, shown))
    return found, left_out


def _sum(offices: Mapping[str, Mapping[str, int]], members: Collection[str], name: str) -> int:
    return sum(offices[key].get(name, 0) for key in members if key in offices)


def inside(found: Iterable[Group], offices: Collection[str] | None) -> list[Group]:
    """The groups that lie wholly within these offices (None: everywhere)."""
    return [group for group in found if offices is None or group.offices <= frozenset(offices)]


def totals(found: Iterable[Group]) -> dict[str, int]:
    """What is shown of all of these groups, added up by name. A name that no group shows is missing."""
    added: dict[str, int] = {}
    for group in found:
        for name, number in group.numbers.items():
            added[name] = added.get(name, 0) + number.shown
    return added
