"""People: who, where, since when; how they come in, and what they may."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from lms import db, privacy
from lms.jobs.worker import every
from lms.people import fates, held, queries, service, views
from lms.web import menu, viewer


def end_roles_of_departed(_worker: str) -> None:
    """A departure that was entered ahead of its day takes its roles along when the day comes."""
    with db.write():
        service.end_roles_of_departed()


def init_app(app: Flask) -> None:
    viewer.loaded_by(queries.viewer_of)
    app.register_blueprint(views.blueprint)
    menu.add("people.organisations", _l("Offices"), "office", 70, lambda who: who.has("administrator"))
    menu.add("people.people", _l("People"), "people", 80, lambda who: who.has("administrator"))
    every(3600, end_roles_of_departed)
    privacy.holds("people", 2, held.held_about, service.forget, fates.FATES, fates.KEEPINGS)
