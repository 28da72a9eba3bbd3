"""Practical exercises: each a module with pure functions, see `frame`."""

from __future__ import annotations

from types import ModuleType
from typing import cast

from lms.assessment.exercises import (
    ages_and_exits,
    balance_closes,
    dual_system,
    emigration_residual,
    four_groups,
    link_registers,
    mirror_flows,
    over_coverage,
    permits_to_arrivals,
    residence_rules,
    sdmx_flows,
    signs_of_life,
    standardised_rate,
    suppress_attack,
)
from lms.assessment.exercises.frame import Exercise

_MODULES: tuple[ModuleType, ...] = (
    ages_and_exits,
    balance_closes,
    dual_system,
    emigration_residual,
    four_groups,
    link_registers,
    mirror_flows,
    over_coverage,
    permits_to_arrivals,
    residence_rules,
    sdmx_flows,
    signs_of_life,
    standardised_rate,
    suppress_attack,
)

ALL: dict[str, Exercise] = {module.ID: cast(Exercise, module) for module in _MODULES}
