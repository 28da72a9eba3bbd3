"""Cohorts: groups of people who take a course together, how they come together, their staff, the days they aim for."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from lms import db, privacy
from lms.cohorts import audience, held, queries, service, views, waiting
from lms.jobs.worker import every
from lms.people import signals, upstairs
from lms.surveys import audiences
from lms.web import menu, worklist


def tell_offices(_worker: str) -> None:
    """Letters of calls that begin today, and reminders of those that end soon."""
    with db.write():
        service.tell_offices()


def init_app(app: Flask) -> None:
    upstairs.belongs(queries.scopes_of_person)
    upstairs.welcomes(queries.welcome_of)
    upstairs.welcomes(queries.offered_welcome_of)
    upstairs.names("cohort", queries.names_of)
    upstairs.holds(5, queries.held_of)
    upstairs.lies("cohort", queries.wider_than)
    worklist.add("cohorts.attempts", _l("Another attempt to open"), 10, waiting.attempts_to_open)
    worklist.add("cohorts.long", _l("Stuck for three weeks or more"), 60, waiting.long_stuck)
    signals.joined.connect(5, service.person_joined)
    audiences.register(
        "cohort",
        _l("A cohort"),
        people_of=audience.joined_of,
        offices_of=audience.offices_of,
        targets_of=audience.targets_of,
        names_of=queries.names_of,
        choices=audience.choices_for,
    )
    menu.add(
        "cohorts.cohorts",
        _l("Cohorts"),
        "people",
        30,
        lambda viewer: viewer.has("coordinator", "facilitator", "administrator"),
    )
    worklist.add("cohorts.fill", _l("Places to fill"), 20, queries.places_to_fill)
    worklist.add("cohorts.decide", _l("Nominations to decide"), 30, queries.to_decide)
    worklist.add("cohorts.nominate", _l("Calls that wait for your nominations"), 40, queries.to_nominate)
    every(3600, tell_offices)
    app.register_blueprint(views.blueprint)
    privacy.reaches("nomination.decide", held.decided_over, instead=True)
    privacy.reaches("office.nominate", held.nominated_by, instead=True)
    privacy.holds("cohorts", 5, held.held_about, service.forget, held.FATES, held.KEEPINGS)
