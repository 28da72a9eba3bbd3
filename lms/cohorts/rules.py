"""What holds for cohorts, their calls and nominations, as pure functions over plain values.

A nomination moves between six states:

    nominated   an office named them, nothing is decided
    selected    a place is theirs; they are in the cohort, or asked whether they take it
    waiting     on the waiting list, in its order
    refused     not this time, with a reason
    declined    they do not take the place, or no longer want one
    withdrawn   the office took the nomination back, or the coordinator took them out of the cohort

An office names and takes back until something is decided, and may say for its people that they decline; a person may
decline at any time; everything else is the coordinator's. What was refused, declined or taken back can be taken up
again: an office may name once more whom it took back, the coordinator may select anyone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from lms.learning.rules import Pace

STATES = ("nominated", "selected", "waiting", "refused", "declined", "withdrawn")
# Nominations that an office may make for each of its seats: the second half is the waiting list.
NOMINATIONS_A_SEAT = 2
REMINDER_DAYS = 3
INVITED_DAYS = 3  # so long an invitation may lie before somebody should ask
LONG_DAYS = 21

_MOVES: dict[str, dict[str, frozenset[str]]] = {
    "coordinator": {
        "nominated": frozenset({"selected", "waiting", "refused", "declined"}),
        "waiting": frozenset({"selected", "refused", "declined"}),
        "refused": frozenset({"selected", "waiting"}),
        "selected": frozenset({"declined", "withdrawn"}),
        "declined": frozenset({"selected", "waiting"}),
        "withdrawn": frozenset({"selected"}),
    },
    "office": {
        "nominated": frozenset({"withdrawn"}),
        "waiting": frozenset({"declined"}),
        "selected": frozenset({"declined"}),
        "withdrawn": frozenset({"nominated"}),
    },
    "person": {
        "nominated": frozenset({"declined"}),
        "waiting": frozenset({"declined"}),
        "selected": frozenset({"declined"}),
    },
}


def may_move(before: str, after: str, who: str) -> bool:
    """Whether a nomination may go from one state to another at the hands of `coordinator`, `office` or `person`."""
    return after in _MOVES[who].get(before, ())


def is_open(opened: bool, opens_on: date, closes_on: date, selection_made: bool, today: date) -> bool:
    """Whether nominations are taken today; `closes_on` is the last day that counts. `today` is in the cohort's zone."""
    return opened and not selection_made and opens_on <= today <= closes_on


def may_nominate_more(seats: int, nominated: int) -> bool:
    """Whether an office may name one more: twice its seats, so that there is a waiting list."""
    return nominated < seats * NOMINATIONS_A_SEAT


def is_reminded(closes_on: date, today: date, reminded_of: date | None, nominated: int) -> bool:
    """Whether an office that has named nobody is reminded today: three days before the last day or later, once for
    that day. `reminded_of`: the last day of which it was reminded already."""
    return (
        not nominated and reminded_of != closes_on and closes_on - timedelta(days=REMINDER_DAYS) <= today <= closes_on
    )


@dataclass(frozen=True)
class CallDates:
    opened: bool
    opens_on: date
    closes_on: date
    selection_made: bool


def stage(call: CallDates | None, starts_on: date, ends_on: date, today: date) -> str:
    """Where a cohort stands: its call is open, its people are being selected, it is to come, runs, or has ended."""
    if today > ends_on:
        return "ended"
    if call and is_open(call.opened, call.opens_on, call.closes_on, call.selection_made, today):
        return "call"
    if today >= starts_on:
        return "running"
    if call and call.opened and not call.selection_made and today > call.closes_on:
        return "selecting"
    return "coming"


def next_waiting(waiting: Iterable[tuple[UUID, UUID | None]], office: UUID | None) -> UUID | None:
    """Who of the waiting list follows for a place of that office: the first of the same office, else the first.

    `waiting`: (nomination, its office) in the order of the list.
    """
    listed = list(waiting)
    same = (key for key, own in listed if office is not None and own == office)
    return next(same, listed[0][0] if listed else None)


def moved(order: Sequence[UUID], which: UUID, up: bool) -> list[UUID]:
    """The order with one moved a place up or down; the same where it stands at that end, or not in it at all."""
    found = list(order)
    if which in found:
        here = found.index(which)
        there = here - 1 if up else here + 1
        if 0 <= there < len(found):
            found[here], found[there] = found[there], found[here]
    return found


def next_name(name: str) -> str:
    """What the cohort after this one may be called: `West 4` after `West 3`, `West 2` after `West`."""
    if found := re.search(r"(\d+)(\D*)$", name):
        number = str(int(found[1]) + 1).zfill(len(found[1]))
        return f"{name[: found.start()]}{number}{found[2]}"
    return f"{name} 2" if name else ""


def next_first_day(starts_on: date, today: date) -> date:
    """A first day for the copy of a cohort: a year of whole weeks later, so that weekdays stay, and not in the past."""
    later = shifted(starts_on, 52 * 7)
    while later is not None and later <= today:
        later = shifted(later, 52 * 7)
    return later or starts_on


def outside(targets: Mapping[str, date], starts_on: date, ends_on: date) -> list[str]:
    """The modules whose target day lies before the first or after the last day."""
    return [module for module, day in targets.items() if not starts_on <= day <= ends_on]


def shifted(day: date, days: int) -> date | None:
    """A day so many days later; None where the calendar ends."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def lines(typed: str) -> list[str]:
    """Several texts, one a line, as they were typed; empty ones and repetitions are left out."""
    return list(dict.fromkeys(filter(None, (line.strip() for line in typed.splitlines()))))


def need(*, joined: bool, used_up: bool, pace: Pace, days_invited: int) -> str:
    """What somebody needs: `attempt` (none is left), `invitation` (sent days ago, not accepted), `word` (stuck), or
    nothing. One thing at a time: the first that keeps them from going on."""
    if used_up:
        return "attempt"
    if not joined:
        return "invitation" if days_invited >= INVITED_DAYS else ""
    return "word" if pace.state == "stuck" else ""
