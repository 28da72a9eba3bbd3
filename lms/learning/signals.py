"""What learning says upward."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lms.signals import Signal


@dataclass(frozen=True)
class Completed:
    """A module, or as many of its lessons as are written, was completed.

    `extent` is `module` or `lessons:<hash>`; `lessons` are the required ones in order; `minutes` their nominal
    sum; `score` the best assessment, 0 to 1.
    """

    completion_id: UUID
    person_id: UUID
    course: str
    module: str
    extent: str
    lessons: tuple[str, ...]
    minutes: int
    score: float
    at: datetime


completed: Signal[Completed] = Signal("learning.completed")
