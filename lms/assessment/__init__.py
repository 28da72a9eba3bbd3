"""Assessment: questions asked, answered, graded. An attempt belongs to person, instrument and number."""

from flask import Flask

from lms.assessment import signals, views

__all__ = ["init_app", "signals"]


def init_app(app: Flask) -> None:
    app.register_blueprint(views.blueprint)
