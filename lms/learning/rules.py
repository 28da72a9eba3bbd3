"""What counts as done, what comes next, and how somebody is getting on: pure functions over plain values."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

from flask_babel import gettext as _

from lms.curriculum.content import Module
from lms.policy import Refusal

STUCK_DAYS = 14
SLOWING_DAYS = 7
LESSONS_AHEAD = 2

# Every state of the rule, in the order in which a coordinator wants to see them.
STATES = ("stuck", "slowing", "on_track", "ahead", "finished", "not_begun")


def extent(module: Module) -> str:
    """What a completion of this module covers today.

    `module` once every lesson is written; until then the lessons that are, by a hash of their ids, so that the
    same lessons complete once and further ones complete anew.
    """
    if module.complete:
        return "module"
    ids = "\n".join(lesson.id for lesson in module.written)
    return "lessons:" + hashlib.sha256(ids.encode()).hexdigest()[:12]


def lessons_done(module: Module, done: Collection[str]) -> bool:
    """Whether every lesson that has a text is done; a title without text is no requirement."""
    return bool(module.written) and all(lesson.id in done for lesson in module.written)


def is_complete(module: Module, done: Collection[str], passed: bool) -> bool:
    """A module is complete when its written lessons are done and its assessment is passed."""
    return lessons_done(module, done) and module.assessment is not None and passed


def may_assess(module: Module, *, enrolled: bool, done: Collection[str]) -> None:
    """Whether one may begin the module's assessment.

    Raises `Refusal`: `no_assessment`, `not_enrolled`, `lessons_open` (reading is never locked, certifying is).
    """
    if module.assessment is None or not module.bank:
        raise Refusal("no_assessment", _("This module has no assessment yet."), 404)
    if not enrolled:
        raise Refusal("not_enrolled", _("The assessment is for those who are enrolled in the course."), 403)
    if not lessons_done(module, done):
        raise Refusal("lessons_open", _("The assessment opens when you have tried the checks of every lesson."), 409)


def remaining_minutes(minutes: int, tried: int, checks: int) -> int:
    """Honest minutes for a lesson that was begun: its nominal ones, less the share of checks tried; never under 2."""
    left = 1 - tried / checks if checks else 1.0
    return max(2, ceil(minutes * left))


@dataclass(frozen=True)
class Target:
    """A module's lessons (how many are required) and the day by which the cohort means to have finished them."""

    lessons: int
    due_on: date


def expected_lessons(targets: Sequence[Target], starts_on: date, today: date) -> float:
    """How many lessons the target dates expect by today: spread evenly over the days from one target to the next."""
    expected, begins = 0.0, starts_on
    for target in targets:
        days = (target.due_on - begins).days
        if today >= target.due_on or days <= 0:
            expected += target.lessons if today >= target.due_on else 0
        else:
            expected += target.lessons * max(0, (today - begins).days) / days
        begins = max(begins, target.due_on)
    return expected


@dataclass(frozen=True)
class Pace:
    """How somebody is getting on. `days` since the last act; `ahead` in lessons (negative: behind)."""

    state: str
    days: int
    ahead: float


def pace(
    *,
    done: int,
    targets: Sequence[Target],
    starts_on: date,
    joined_on: date,
    last_act_on: date | None,
    finished: bool,
    today: date,
) -> Pace:
    """The one stated rule.

    *Stuck*: nothing done for 14 days. *Slowing*: nothing for 7 days, or a whole lesson or more behind the target
    dates. *Ahead*: two lessons or more ahead of them. *On track*: everything else. Days count from the last act,
    or from the day one joined, but from no day before the cohort's first; before that day nobody has begun.
    """
    since = max(last_act_on or joined_on, joined_on, starts_on)
    days = max(0, (today - since).days)
    ahead = done - expected_lessons(targets, starts_on, today)
    if finished:
        state = "finished"
    elif today < starts_on and last_act_on is None:
        state = "not_begun"
    elif days >= STUCK_DAYS:
        state = "stuck"
    elif days >= SLOWING_DAYS or ahead <= -1:
        state = "slowing"
    elif ahead >= LESSONS_AHEAD:
        state = "ahead"
    else:
        state = "on_track"
    return Pace(state, days, ahead)
