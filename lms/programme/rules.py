"""What is counted, when figures are due, and what they say in one sentence: pure functions over plain values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from flask_babel import gettext as _
from flask_babel import ngettext

from lms import clock
from lms.disclosure import Chain
from lms.web import language

# Somebody at a step was at each step before it: not begun, begun, finished a module, holds a certificate.
STEPS = ("enrolled", "begun", "finished", "certified")
PROGRESS = Chain(STEPS, ("enrolled", "finished", "begun", "certified"))
# Women, and all others: a third number for men would leave those who said neither, and they are few.
SEX = Chain(("enrolled", "women"), ("enrolled", "women"))
CHAINS = (PROGRESS, SEX)
NAMES = (*STEPS, "women")


def month_of(day: date) -> date:
    return day.replace(day=1)


def is_due(last: date | None, today: date) -> bool:
    """Figures are released once a month: from its first day, as soon as the worker is there."""
    return last is None or month_of(last) < month_of(today)


def next_on(counted_on: date) -> date:
    """The day from which the next figures are made."""
    return clock.add_months(month_of(counted_on), 1)


def headline(totals: Mapping[str, int], countries: int, finished_everywhere: bool) -> str:
    """The finding, in a sentence or two. `countries` is 0 where the place is said already."""
    people = totals["enrolled"]
    count = language.number(people)
    if countries:
        where = ngettext("one country", "%(count)s countries", countries, count=language.number(countries))
        first = ngettext(
            "About %(count)s person was trained in %(where)s.",
            "About %(count)s people were trained in %(where)s.",
            people,
            count=count,
            where=where,
        )
    else:
        first = ngettext(
            "About %(count)s person was trained.", "About %(count)s people were trained.", people, count=count
        )
    if not (finished := totals.get("finished")):
        return str(first)
    count = language.number(finished)
    if finished_everywhere:
        second = ngettext(
            "About %(count)s finished a module.", "About %(count)s finished a module.", finished, count=count
        )
    else:
        second = ngettext(
            "At least %(count)s finished a module.", "At least %(count)s finished a module.", finished, count=count
        )
    return str(_("%(first)s %(second)s", first=first, second=second))
