"""What is next for a person: one pure decision over plain values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from lms.assessment.rules import Standing
from lms.curriculum.content import Lesson, Module
from lms.learning.rules import lessons_done, remaining_minutes

Act = Literal["continue_assessment", "lesson", "assessment", "wait", "ask", "finished", "nothing"]


@dataclass(frozen=True)
class Next:
    """The one next thing: what, in which module, how many minutes it honestly takes."""

    act: Act
    module: Module | None = None
    lesson: Lesson | None = None
    begun: bool = False
    minutes: int = 0
    attempt: UUID | None = None
    opens_at: datetime | None = None


def next_step(
    modules: Sequence[Module],
    done: Collection[str],
    tried: Mapping[str, int],
    standings: Mapping[str, Standing],
) -> Next:
    """The first thing that stands open, in the order of the course.

    An assessment that was begun comes first: it is half done. Then, module by module, the first lesson that is
    not done, then its assessment. Waiting for an attempt holds nobody up: what comes after it is offered first.

    `tried` counts the checks tried in each lesson that was begun.
    """
    for module in modules:
        standing = standings.get(module.id)
        if standing and standing.open_attempt:
            minutes = module.assessment.minutes if module.assessment else 0
            return Next("continue_assessment", module, minutes=minutes, attempt=standing.open_attempt)
    held: Next | None = None
    for module in modules:
        for lesson in module.written:
            if lesson.id not in done:
                count = tried.get(lesson.id, 0)
                minutes = remaining_minutes(lesson.minutes, count, len(lesson.checks))
                return Next("lesson", module, lesson, count > 0, minutes)
        standing = standings.get(module.id)
        if standing is None or not module.assessment or not module.bank or standing.passed:
            continue
        if not lessons_done(module, done):
            continue
        if standing.may_start:
            return Next("assessment", module, minutes=module.assessment.minutes, begun=standing.used > 0)
        held = held or Next("wait" if standing.next_opens_at else "ask", module, opens_at=standing.next_opens_at)
    if held:
        return held
    return Next("finished" if any(module.written for module in modules) else "nothing")
