"""The pages of people: coming in, one's own account, and what administrators do for others."""

from flask import Blueprint

blueprint = Blueprint("people", "lms.people", template_folder="templates")

from lms.people.views import account, entry, offices, persons, privacy, records, staff, twins  # noqa: E402, F401  they add their routes to it
