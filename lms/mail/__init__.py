"""Mail: notices, the outbox, bringing letters on their way. Knows no feature; rooms name their kinds."""

from flask import Flask

from lms import db, privacy
from lms.jobs.worker import every
from lms.mail import delivery, held, queries, service, views


def reap(_worker: str) -> None:
    """Free what workers that died had taken up; blank what is not to be kept."""
    with db.write():
        delivery.reap()
        service.forget_fleeting()


def init_app(app: Flask) -> None:
    app.register_blueprint(views.blueprint)
    if app.config["LMS"].demo:
        app.add_url_rule("/demo/mail", "mail.demo", views.demo)
    every(2, delivery.deliver_due)
    every(60, reap)
    every(60, service.sweep_folder)
    privacy.holds("mail", 1, held.held_about, service.forget, queries.FATES, queries.KEEPINGS)
