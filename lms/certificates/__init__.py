"""Certificates: evidence. Born waiting with a completion, made by the worker, checked by anyone."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from lms import assessment, learning, mail, people, privacy
from lms.certificates import competencies, held, queries, service, views
from lms.jobs.worker import every
from lms.people.held import offices_ever
from lms.policy import Viewer
from lms.web import menu


def _earns(viewer: Viewer) -> bool:
    """Those who coordinate, administer or look on find their own, if they have any, on Today."""
    return not viewer.has("coordinator", "administrator", "observer")


def init_app(app: Flask) -> None:
    learning.signals.completed.connect(6, service.completed)
    learning.signals.completed.connect(6, competencies.completed)
    assessment.signals.submitted.connect(6, competencies.submitted)
    assessment.signals.passed.connect(6, competencies.passed)
    people.signals.named.connect(6, service.named)
    people.upstairs.holds(6, queries.held_of)
    mail.service.kind(service.READY, _l("Certificate ready"))
    every(0.5, service.issue_waiting)
    every(86400, service.retry_letters)
    menu.add("certificates.certificates", _l("Certificates"), "certificate", 30, _earns)
    app.register_blueprint(views.blueprint)
    privacy.holds("certificates", 6, held.held_about, service.forget, held.FATES, held.KEEPINGS)
    privacy.publishes("certificates", held.published)
    for permission in ("certificate.download", "organisation.certificates"):
        privacy.reaches(permission, offices_ever)
