"""Assessment: questions asked, answered, graded. An attempt belongs to person, instrument and number."""

from flask import Flask

from lms import privacy
from lms.assessment import held, queries, service, signals, views
from lms.people import upstairs

__all__ = ["init_app", "signals"]


def init_app(app: Flask) -> None:
    upstairs.holds(3, queries.held_of)
    app.register_blueprint(views.blueprint)
    privacy.holds("assessment", 3, held.held_about, service.forget, held.FATES, held.KEEPINGS)
