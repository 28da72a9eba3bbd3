"""Practical exercises: each a module with pure functions, see `frame`."""

from __future__ import annotations

from lms.assessment.exercises.frame import Exercise

ALL: dict[str, Exercise] = {}
