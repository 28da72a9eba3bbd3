"""Desk: pages that show several rooms. Today, a person's timeline, the focal point's home, the first page."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from lms import privacy
from lms.desk import views
from lms.people import held
from lms.policy import Viewer
from lms.web import menu


def looks_after_offices(viewer: Viewer) -> bool:
    """Administrators, and coordinators of more than a cohort."""
    return any(grant.role in ("coordinator", "administrator") for grant in viewer.may_over("office.list"))


def init_app(app: Flask) -> None:
    menu.add("desk.today", _l("Today"), "today", 10, lambda viewer: True)
    menu.add("desk.waiting", _l("Waiting"), "list", 15, lambda viewer: viewer.has(*views.LOOKS_AFTER))
    menu.add("desk.office", _l("My office"), "office", 40, lambda viewer: viewer.has("focal_point"))
    menu.add("desk.offices", _l("Offices"), "office", 45, looks_after_offices)
    app.register_blueprint(views.blueprint)
    privacy.reaches("office.see", held.offices_ever)
