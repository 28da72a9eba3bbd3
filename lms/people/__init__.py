"""People: who, where, since when; how they come in, and what they may."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from lms import db, privacy
from lms.jobs.worker import every
from lms.mail.service import comes_back
from lms.mail.signals import bounced
from lms.people import fates, forms, held, queries, service, signals, upstairs, views, waiting
from lms.policy import Viewer
from lms.web import menu, viewer, worklist

__all__ = ["init_app", "signals", "upstairs"]


def end_roles_of_departed(_worker: str) -> None:
    """A departure that was entered ahead of its day takes its roles along when the day comes."""
    with db.write():
        service.end_roles_of_departed()


def _keeps_records(viewer: Viewer) -> bool:
    return bool(viewer.may_over("people.manage"))


def ask_for_confirmations(_worker: str) -> None:
    """Staff is confirmed twice a year: its focal points are asked when the day has come."""
    with db.write():
        service.ask_for_confirmations()


def init_app(app: Flask) -> None:
    viewer.loaded_by(queries.viewer_of)
    viewer.role_words.update(forms.ROLE_NAMES)
    app.register_blueprint(views.blueprint)
    menu.add("people.people", _l("People"), "people", 80, _keeps_records)
    every(3600, end_roles_of_departed)
    privacy.holds("people", 2, held.held_about, service.forget, fates.FATES, fates.KEEPINGS)
    every(24 * 3600, ask_for_confirmations)
    bounced.connect(2, service.letters_come_back)
    comes_back(service.is_coming_back)
    worklist.add("people.questions", _l("Questions about records"), 10, waiting.questions)
    worklist.add("people.confirmations", _l("Staff confirmations that are due"), 40, waiting.confirmations)
    worklist.add("people.without", _l("Offices without a focal point"), 50, waiting.without_focal_point)
    worklist.add("people.with_one", _l("Offices with only one focal point"), 60, waiting.with_one_focal_point)
