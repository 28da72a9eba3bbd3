"""Releasing figures: the worker counts, `lms.disclosure` decides what of it may be seen."""

from __future__ import annotations

from datetime import date

from lms import clock, db, disclosure, places
from lms.programme import queries, rules
from lms.programme.models import FigureGroup, FigureRelease


def release_due(_worker: str) -> None:
    """A tick: release the figures of this month unless they are. Looks first, to hold no writer up in vain."""
    today = clock.today()
    last = queries.last_release()
    if rules.is_due(last.counted_on if last else None, today):
        with db.write():
            release(today)


def release(today: date) -> bool:
    """Release the figures as of `today`; says whether this call did: not where another did so this month, and
    not before there is a first group to show.
    """
    s = db.need_write()
    last = queries.last_release()
    before = queries.groups_of(last.id) if last else []
    offices = queries.counts(today)
    found, left_out = disclosure.release(
        {key: office.numbers for key, office in offices.items()},
        {key: _path(office.country, today) for key, office in offices.items()},
        rules.CHAINS,
        before,
        today,
    )
    if not (last or found):
        return False
    key = db.new_id()
    month = rules.month_of(today)
    if not db.insert_once(FigureRelease, id=key, month=month, counted_on=today, left_out=sorted(left_out)):
        return False
    s.add_all(
        FigureGroup(
            release_id=key,
            offices=sorted(group.offices),
            numbers={name: [n.shown, n.counted, n.since.isoformat()] for name, n in group.numbers.items()},
        )
        for group in found
    )
    return True


def _path(country: str, on: date) -> tuple[str, ...]:
    """With whom a small office is put together: its country's, then its part of the world's, then anybody."""
    regions = [region for region in places.regions_of(country, on) if region.isdigit()]  # M49's never overlap askew
    regions.sort(key=lambda region: (len(places.countries_of(region, on)), region))
    return (country, *regions, "")
