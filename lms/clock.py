"""The one place that knows what time it is.

Tests move it with time-machine; the demonstration lives its past inside `at`. Whatever
is stored is UTC and aware; what is due is a date in a person's zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_shift = timedelta()


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC) + _shift


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let this process live from `moment` on, until the block ends. For building a past, never for serving."""
    global _shift
    before, _shift = _shift, moment - datetime.now(UTC)
    try:
        yield
    finally:
        _shift = before


def zone(name: str) -> ZoneInfo:
    """The time zone of that name; UTC where the name is unknown, so that a page never fails on it."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def today(zone_name: str = "UTC") -> date:
    """Today's date where the person is."""
    return now().astimezone(zone(zone_name)).date()


def without_hour(moment: datetime) -> datetime:
    """The beginning of a moment's day in UTC: where the hour says more of a person than a figure needs."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def add_months(anchor: date, months: int) -> date:
    """`anchor` plus whole months, clamped to the month's last day (31 January + 1 = 28 or 29 February)."""
    month = anchor.month - 1 + months
    year, month = anchor.year + month // 12, month % 12 + 1
    for day in range(anchor.day, anchor.day - 4, -1):
        try:
            return anchor.replace(year=year, month=month, day=day)
        except ValueError:
            continue
    raise ValueError(f"no such month: {anchor} + {months}")  # pragma: no cover
