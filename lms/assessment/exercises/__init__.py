"""Practical exercises: each a module with pure functions, see `frame`."""

from __future__ import annotations

from types import ModuleType
from typing import cast

from lms.assessment.exercises import four_groups
from lms.assessment.exercises.frame import Exercise

_MODULES: tuple[ModuleType, ...] = (four_groups,)  # by name

ALL: dict[str, Exercise] = {module.ID: cast(Exercise, module) for module in _MODULES}
