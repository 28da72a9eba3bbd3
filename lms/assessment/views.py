"""An attempt at an assessment: answering, handing in, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from lms import clock, db
from lms.assessment import presentation, queries, service
from lms.assessment.forms import fields
from lms.assessment.queries import Sheet, attempt_target
from lms.assessment.rules import unreadable
from lms.assessment.service import Given
from lms.policy import Refusal, define
from lms.web.viewer import permit

blueprint = Blueprint("assessment", __name__, template_folder="templates")

define("assessment.attempt", own=True)


@blueprint.get("/token")
@permit("web.public")
def token() -> dict[str, str]:
    """A fresh CSRF token, for a page that has been open longer than its own lasts."""
    return {"token": generate_csrf()}


@blueprint.get("/attempts/<uuid:attempt_id>")
@permit("assessment.attempt", target=attempt_target)
def attempt(attempt_id: UUID) -> str:
    """The open attempt as one form, or the result of one that was handed in."""
    sheet = queries.sheet(attempt_id)
    return _open(sheet) if sheet.head.submitted_at is None else _result(sheet)


def _open(sheet: Sheet) -> str:
    items = presentation.items(sheet)
    return render_template(
        "assessment/attempt.html",
        attempt=sheet.head,
        title=queries.module_title(sheet.head.module),
        items=items,
        progress=presentation.progress(sum(item.answered for item in items), len(items)),
        now=int(clock.now().timestamp() * 1000),
    )


def _result(sheet: Sheet) -> str:
    standing = queries.standing_in(sheet.head.person_id, sheet.head.module)
    parts, lessons = presentation.findings(sheet)
    return render_template(
        "assessment/result.html",
        attempt=sheet.head,
        title=queries.module_title(sheet.head.module),
        standing=standing,
        parts=parts,
        lessons=lessons,
        # As long as another attempt may come, no result shows a key, not even that of an older one.
        items=presentation.items(sheet, graded=True) if standing.passed else [],
    )


@blueprint.post("/attempts/<uuid:attempt_id>/answers/<int(min=1, max=999):position>")
@permit("assessment.attempt", target=attempt_target)
def save_answer(attempt_id: UUID, position: int) -> dict[str, Any]:
    """Save one answer, for the script. `saved` is said after the database said so."""
    try:
        sheet = queries.sheet(attempt_id, position)
    except LookupError:
        abort(404)
    given = presentation.answers_from_form(sheet, fields(request))
    db.end_read()
    with db.write():
        saved = service.save_answers(attempt_id, given)
    if saved.older or not given:
        raise _nothing_saved(bool(saved.older))
    return presentation.saved(sheet, given, saved)


def _nothing_saved(newer: bool) -> Refusal:
    if newer:
        return Refusal("newer_answer", _("A newer answer from another page stands. Reload this page to see it."), 409)
    return unreadable()


@blueprint.post("/attempts/<uuid:attempt_id>")
@permit("assessment.attempt", target=attempt_target)
def save(attempt_id: UUID) -> Any:
    """Save all answers of the form; hand in if that button was pressed."""
    given = presentation.answers_from_form(queries.sheet(attempt_id), request.form)
    db.end_read()
    if pressed := request.form.get("hand_in"):
        return _hand_in(attempt_id, given, anyway=pressed == "anyway")
    with db.write():
        saved = service.save_answers(attempt_id, given)
    flash(*presentation.saved_in_words(saved))
    return redirect(url_for("assessment.attempt", attempt_id=attempt_id), 303)


def _hand_in(attempt_id: UUID, given: Mapping[int, Given], anyway: bool) -> Any:
    with db.write():
        result = service.hand_in(attempt_id, given, anyway)
    if result is None:
        sheet = queries.sheet(attempt_id)
        return render_template("assessment/unanswered.html", attempt=sheet.head, missing=sheet.unanswered)
    if not result.first:
        flash(_("This attempt was handed in before. Its answers and its result stand as they were."), "due")
    return redirect(url_for("assessment.attempt", attempt_id=attempt_id), 303)
