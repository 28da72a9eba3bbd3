"""Programme: is it working? Figures for those who pay for it and look on, released once a month."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from lms.jobs.worker import every
from lms.programme import service, views
from lms.web import menu


def init_app(app: Flask) -> None:
    every(3600, service.release_due)
    menu.add("programme.figures", _l("Figures"), "list", 50, lambda viewer: bool(viewer.may_over("figures.see")))
    app.register_blueprint(views.blueprint)
