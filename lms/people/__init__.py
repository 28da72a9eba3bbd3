"""People: who, where, since when; how they come in, and what they may."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from lms import db
from lms.jobs.worker import every
from lms.people import forms, queries, service, views
from lms.policy import Viewer
from lms.web import menu, viewer


def end_roles_of_departed(_worker: str) -> None:
    """A departure that was entered ahead of its day takes its roles along when the day comes."""
    with db.write():
        service.end_roles_of_departed()


def _keeps_records(viewer: Viewer) -> bool:
    return bool(viewer.may_over("people.manage"))


def init_app(app: Flask) -> None:
    viewer.loaded_by(queries.viewer_of)
    viewer.role_words.update(forms.ROLE_NAMES)
    app.register_blueprint(views.blueprint)
    menu.add("people.organisations", _l("Offices"), "office", 70, _keeps_records)
    menu.add("people.people", _l("People"), "people", 80, _keeps_records)
    every(3600, end_roles_of_departed)
