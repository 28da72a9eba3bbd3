"""Cohorts: groups of people who take a course together, their staff, the days they aim for."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from lms.cohorts import queries, views
from lms.people import upstairs
from lms.surveys import audiences
from lms.web import menu


def init_app(app: Flask) -> None:
    upstairs.belongs(queries.scopes_of_person)
    upstairs.welcomes(queries.welcome_of)
    upstairs.names("cohort", queries.names_of)
    audiences.register(
        "cohort",
        _l("A cohort"),
        people_of=queries.joined_of,
        offices_of=queries.offices_of,
        targets_of=queries.targets_of,
        names_of=queries.names_of,
        choices=queries.choices_for,
    )
    menu.add(
        "cohorts.cohorts",
        _l("Cohorts"),
        "people",
        30,
        lambda viewer: viewer.has("coordinator", "facilitator", "administrator"),
    )
    app.register_blueprint(views.blueprint)
