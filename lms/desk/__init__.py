"""Desk: pages that show several rooms. Today, a person's timeline, the focal point's home, the first page."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from lms import privacy
from lms.desk import views
from lms.people import held
from lms.web import menu


def init_app(app: Flask) -> None:
    menu.add("desk.today", _l("Today"), "today", 10, lambda viewer: True)
    menu.add("desk.office", _l("My office"), "office", 40, lambda viewer: viewer.has("focal_point"))
    app.register_blueprint(views.blueprint)
    privacy.reaches("office.see", held.offices_ever)
