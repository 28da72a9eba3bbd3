"""Surveys: questionnaires in several languages, sent to a cohort or an office, answered on a phone in one page.

What persons answer is anonymous, and shown once, after closing, in groups of at least five. What an institution
answers is its own: seen by it and its coordinator.
"""

from flask import Flask
from flask_babel import lazy_gettext as _l

from lms import privacy
from lms.curriculum import check
from lms.jobs.worker import every
from lms.surveys import held, offices, service, templates, views
from lms.web import menu


def init_app(app: Flask) -> None:
    templates.configure(app.config["LMS"].content_dir)
    check.also(templates.problems)
    offices.enter()
    every(60, service.close_over)
    every(600, service.remind_due)
    menu.add("surveys.surveys", _l("Surveys"), "list", 45, lambda viewer: viewer.has("coordinator", "administrator"))
    privacy.holds("surveys", 3, held.held_about, service.forget, held.FATES, held.KEEPINGS)
    app.register_blueprint(views.blueprint)
