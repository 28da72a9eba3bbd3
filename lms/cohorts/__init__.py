"""Cohorts: groups of people who take a course together, their staff, the days they aim for."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from lms import privacy
from lms.cohorts import queries, service, views
from lms.people import upstairs
from lms.web import menu


def init_app(app: Flask) -> None:
    upstairs.belongs(queries.scopes_of_person)
    upstairs.welcomes(queries.welcome_of)
    upstairs.names("cohort", queries.names_of)
    upstairs.lies("cohort", queries.wider_than)
    menu.add(
        "cohorts.cohorts",
        _l("Cohorts"),
        "people",
        30,
        lambda viewer: viewer.has("coordinator", "facilitator", "administrator"),
    )
    app.register_blueprint(views.blueprint)
    privacy.holds("cohorts", 5, queries.held_about, service.forget, queries.FATES, queries.KEEPINGS)
