"""Assessment: questions asked, answered, graded. An attempt belongs to person, instrument and number."""

from flask import Flask

from lms import privacy
from lms.assessment import held, queries, service, signals, views
from lms.assessment.exercises import texts
from lms.assessment.exercises import views as exercise_views  # noqa: F401  it adds its routes to the blueprint
from lms.curriculum import check
from lms.people import upstairs

__all__ = ["init_app", "signals"]


def init_app(app: Flask) -> None:
    upstairs.holds(3, queries.held_of)
    texts.configure(app.config["LMS"].content_dir)
    check.also(texts.problems)
    app.register_blueprint(views.blueprint)
    privacy.holds("assessment", 3, held.held_about, service.forget, held.FATES, held.KEEPINGS)
