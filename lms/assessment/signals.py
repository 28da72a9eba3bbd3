"""What assessment says upward."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lms.signals import Signal


@dataclass(frozen=True)
class Answered:
    """A check was answered. `all_tried`: every check that the lesson has today has been tried."""

    person_id: UUID
    instrument: str
    all_tried: bool
    at: datetime


@dataclass(frozen=True)
class Submitted:
    """An assessment was handed in, once. `score` is 0 to 1."""

    attempt_id: UUID
    person_id: UUID
    instrument: str
    number: int
    score: float
    passed: bool
    at: datetime


@dataclass(frozen=True)
class Passed:
    """A practical exercise was passed: for the first time, or once more with other data."""

    person_id: UUID
    exercise: str
    at: datetime


answered: Signal[Answered] = Signal("assessment.answered")
submitted: Signal[Submitted] = Signal("assessment.submitted")
passed: Signal[Passed] = Signal("assessment.passed")
