"""Learning: who takes which course, what is done, what is next. Reading is never locked; only what certifies is."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from lms import assessment, people, privacy
from lms.learning import queries, service, views
from lms.policy import Viewer
from lms.web import menu


def _learns(viewer: Viewer) -> bool:
    return not viewer.has("administrator", "observer")


def init_app(app: Flask) -> None:
    assessment.signals.answered.connect(4, service.lesson_answered)
    assessment.signals.submitted.connect(4, service.assessment_submitted)
    people.signals.merged.connect(4, service.records_merged)
    people.signals.parted.connect(4, service.records_parted)
    menu.add("learning.learn", _l("Learn"), "learn", 20, _learns)
    app.register_blueprint(views.blueprint)
    privacy.holds("learning", 4, queries.held_about, service.forget, queries.FATES, queries.KEEPINGS)
