"""Desk: pages that show several rooms. Today, a person's timeline, the focal point's home, the first page."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from lms.desk import views
from lms.policy import Viewer
from lms.web import menu


def answers_for_an_office(viewer: Viewer) -> bool:
    """Administrators have a list of their own of all offices."""
    return viewer.has("focal_point") or any(grant.role == "coordinator" for grant in viewer.may_over("office.list"))


def init_app(app: Flask) -> None:
    menu.add("desk.today", _l("Today"), "today", 10, lambda viewer: True)
    menu.add("desk.office", _l("My office"), "office", 40, answers_for_an_office)
    app.register_blueprint(views.blueprint)
