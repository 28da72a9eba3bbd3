"""The letters of a call: to offices that are invited, to people who have a place, to those who have none this time."""

from __future__ import annotations

from uuid import UUID

from flask_babel import lazy_gettext as _l

from lms.cohorts.models import Call, CallSeat, Cohort, Nomination
from lms.mail.service import kind, link, notify
from lms.people.queries import Recipient

CALL = kind("cohorts.call", _l("Call for nominations"))
REMINDER = kind("cohorts.reminder", _l("Reminder of a call"))
SELECTED = kind("cohorts.selected", _l("A place in a cohort"))
PLACE = kind("cohorts.place", _l("The offer of a place in a cohort"))
UNSELECTED = kind("cohorts.unselected", _l("No place in a cohort this time"))


def call_letter(cohort: Cohort, call: Call, seat: CallSeat, office: str, to: Recipient, *, again: bool = False) -> None:
    """Tell a focal point of a call, or remind them of it: once for its last day."""
    context = {
        "name": to.name,
        "office": office,
        "cohort": cohort,
        "call": call,
        "seats": seat.seats,
        "link": link("cohorts.office_call", organisation=seat.organisation_id, cohort=cohort.id),
    }
    kind, due_on = (REMINDER, call.closes_on) if again else (CALL, call.opens_on)
    notify(kind, seat.id, to.person_id, to.address, to.language, context, due_on, name=to.name)


def place_letter(kind: str, cohort: Cohort, nomination: Nomination, to: Recipient, office: str = "") -> None:
    """Tell somebody that a place is theirs (`SELECTED`), or ask whether they take it (`PLACE`); again where it is asked
    again."""
    nomination.letters += 1
    context = {
        "name": to.name,
        "cohort": cohort,
        "office": office,
        "link": link("cohorts.nomination", nomination=nomination.id),
    }
    step = nomination.letters
    notify(kind, nomination.id, to.person_id, to.address, to.language, context, name=to.name, step=step)


def unselected_letter(
    cohort: Cohort, nomination: Nomination, person_id: UUID | None, name: str, address: str, language: str
) -> None:
    """Tell somebody who was nominated that there is no place for them this time, or that they are waiting for one."""
    context = {"name": name, "cohort": cohort, "waiting": nomination.state == "waiting"}
    # Once for what it says: whoever comes from the waiting list to no place is told that too.
    step = int(nomination.state == "refused")
    notify(UNSELECTED, nomination.id, person_id, address, language, context, cohort.starts_on, name=name, step=step)
