"""What a cohort is beside its course and days; amounts of money."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from babel.core import get_global
from babel.numbers import get_currency_precision
from flask_babel import gettext as _

from lms.policy import Refusal
from lms.text import clean


@dataclass(frozen=True)
class Facts:
    """What a cohort is beside its course and days. `cost` in the smallest unit of `currency` (ISO 4217)."""

    organisers: tuple[str, ...] = ()
    funders: tuple[str, ...] = ()
    project_code: str = ""
    people_wanted: int | None = None
    graduates_wanted: int | None = None
    cost: int | None = None
    currency: str = ""

    def columns(self) -> dict[str, Any]:
        values = asdict(self)
        return values | {name: [clean(text)[:200] for text in values[name]] for name in ("organisers", "funders")}


def currencies() -> list[str]:
    """The currencies that are legal tender somewhere today, by their codes."""
    tables = get_global("territory_currencies").values()
    return sorted({code for table in tables for code, _since, until, tender in table if tender and until is None})


def smallest_units(amount: Decimal, currency: str) -> int:
    """An amount in the smallest unit of its currency: 12.50 USD are 1250, 500 XOF are 500.

    Raises Refusal (currency, cost) where the currency is unknown or has no unit so small.
    """
    if currency not in currencies():
        raise Refusal("currency", _("Choose the currency of the cost."), field="currency")
    units = amount.scaleb(get_currency_precision(currency))
    if units != units.to_integral_value():
        raise Refusal("cost", _("This currency has no part so small. Round the cost."), field="cost")
    return int(units)
