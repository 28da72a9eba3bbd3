"""The cohorts one works with, how they come together, and what their staff can do."""

from flask import Blueprint

blueprint: Blueprint = Blueprint("cohorts", "lms.cohorts", template_folder="templates")

from lms.cohorts.views import calls, groups, members, nominations, setup  # noqa: E402, F401  they add their routes
from lms.cohorts.views.groups import member_target  # noqa: E402

__all__ = ["blueprint", "member_target"]
