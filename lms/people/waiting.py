"""What waits for whoever looks after offices: questions, confirmations that are due, offices with one focal point
or none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from lms.people import queries
from lms.policy import Viewer
from lms.web import language
from lms.web.worklist import Task

PATIENCE = timedelta(days=14)  # then a question is shown to those above the focal points too


def questions(viewer: Viewer) -> list[Task]:
    """Questions about records. Two statements."""
    if not viewer.may_over("office.answer"):
        return []
    return [
        Task(
            row.person,
            says(row),
            url_for("people.question", question=row.id),
            _("Answer"),
            row.raised_at,
        )
        for row in queries.open_questions(viewer, PATIENCE)
    ]


def says(row: queries.Question) -> Any:
    """A question in one sentence, whoever reads it."""
    day = language.day(row.on, "medium") if row.on else ""
    if row.kind == "moved":
        return _("says that they leave %(office)s: first day away %(day)s.", office=row.office, day=day)
    if row.kind == "came":
        return _("is said to have come to %(office)s on %(day)s. Is that so?", office=row.office, day=day)
    return _("Letters to %(address)s come back. Which address works?", address=row.address)


def confirmations(viewer: Viewer) -> list[Task]:
    """Staff confirmations that are due. Two statements."""
    if not viewer.may_over("office.confirm"):
        return []
    return [
        Task(
            due.office.name_in(language.code()),
            _("Staff was last confirmed on %(day)s.", day=language.day(due.last, "medium"))
            if due.last
            else _("The staff was never confirmed."),
            url_for("people.confirm_staff", organisation=due.office.id),
            _("Confirm the staff"),
            queries.noon(due.due_on),
        )
        for due in queries.confirmations_due(queries.reach(viewer, "office.confirm"))
    ]


def without_focal_point(viewer: Viewer) -> list[Task]:
    """Offices that nobody answers for. Two statements."""
    return _by_focal_points(viewer, 0, _("Nobody answers for this office."), _("Name a focal point"))


def with_one_focal_point(viewer: Viewer) -> list[Task]:
    """Offices that hang on one person. Two statements."""
    return _by_focal_points(viewer, 1, _("Only one focal point: name a second."), _("Name a second"))


def _by_focal_points(viewer: Viewer, count: int, text: str, act: str) -> list[Task]:
    if not viewer.may_over("office.focal_points"):
        return []
    return [
        Task(office.name_in(language.code()), text, url_for("people.focal_points", organisation=office.id), act)
        for office in queries.offices_with_focal_points(queries.reach(viewer, "office.focal_points"), count)
    ]
