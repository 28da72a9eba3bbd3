"""The cohorts one works with, a cohort's people one line each, and what its staff can do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms import db
from lms.assessment import service as assessment
from lms.cohorts import board as boards
from lms.cohorts import queries, rules, service
from lms.cohorts.forms import ReasonForm
from lms.cohorts.views import blueprint
from lms.curriculum import index
from lms.learning import rules as pace
from lms.policy import OVER_COUNTRIES, Refusal, Target, allows, define
from lms.web import language, sheets
from lms.web.viewer import me, permit

define("cohort.list", "coordinator", "facilitator", "administrator")
define("cohort.create", "coordinator", "administrator", over=OVER_COUNTRIES)
_WORK = _l("your name, office and addresses, the lessons you did and when, your results; never your answers")
define("cohort.see", "coordinator", "facilitator", "administrator", shows=_WORK)
define("cohort.manage", "coordinator", "administrator", shows=_WORK)
define("cohort.override", "coordinator", "facilitator", "administrator", shows=_WORK)

STAGE_NAMES = {
    "call": _l("call open"),
    "selecting": _l("selecting"),
    "coming": _l("to come"),
    "running": _l("running"),
    "ended": _l("ended"),
}


def cohort_target(cohort: UUID) -> Target | None:
    return queries.target_of(cohort)


def member_target(cohort: UUID, person: UUID) -> Target | None:
    return queries.member_target(cohort, person)


@blueprint.get("/cohorts")
@permit("cohort.list")
def cohorts() -> str:
    content = index.current()
    found, stage = queries.cohorts_of(me()), request.args.get("stage", "")
    counts = {name: sum(c.stage == name for c in found) for name in STAGE_NAMES}
    return render_template(
        "cohorts/cohorts.html",
        all=found,
        cohorts=[c for c in found if stage not in STAGE_NAMES or c.stage == stage],
        stage=stage,
        counts={name: count for name, count in counts.items() if count},
        stages=STAGE_NAMES,
        titles={course.id: content.course(course.id, language.code()).title for course in content.courses},
        may_create=allows("cohort.create", me()),
        scope_name=queries.scope_name,
    )


def _board(cohort: UUID) -> boards.Board:
    return boards.board(cohort, request.args.get("state", ""), request.args.get("office", ""))


@blueprint.get("/cohorts/<uuid:cohort>")
@permit("cohort.see", cohort_target)
def cohort(cohort: UUID) -> str:
    board = _board(cohort)
    whole = queries.target(board.view.cohort)
    call = None if board.view.lines else queries.call_of(cohort)  # how a cohort begins, until somebody is in it
    return render_template(
        "cohorts/cohort.html",
        board=board,
        view=board.view,
        staff=queries.staff_of(cohort),
        call=call,
        stage=call and queries.stage_of(board.view.cohort, call),
        undecided=queries.undecided(cohort) if call else 0,
        may_manage=allows("cohort.manage", me(), whole),
        may_invite=lambda line: boards.may_invite(me(), whole, line),
        chips=boards.STATE_CHIPS,
        marks=boards.STATE_MARKS,
        names=boards.NAMES,
        first=boards.SHOWN_FIRST,
        rule=rules,
        pace=pace,
    )


@blueprint.get("/cohorts/<uuid:cohort>/board.csv")
@permit("cohort.see", cohort_target)
def board_csv(cohort: UUID) -> Any:
    """What the board shows under this filter, as a table to take along."""
    table = boards.table(_board(cohort))
    return sheets.csv_response(table.title, table)


@blueprint.get("/cohorts/<uuid:cohort>/board.xlsx")
@permit("cohort.see", cohort_target)
def board_xlsx(cohort: UUID) -> Any:
    table = boards.table(_board(cohort))
    return sheets.xlsx_response(table.title, table)


@blueprint.post("/cohorts/<uuid:cohort>/people/<uuid:person>/withdrawal")
@permit("cohort.manage", lambda cohort, person: queries.member_target(cohort, person, withdrawn=True))
def withdraw(cohort: UUID, person: UUID) -> Any:
    with db.write():
        service.withdraw_member(cohort, person, me().person_id)
    flash(_("Withdrawn. All that was done and earned stays."), "ok")
    return redirect(url_for("cohorts.cohort", cohort=cohort), 303)


@blueprint.post("/cohorts/<uuid:cohort>/people/<uuid:person>/attempts")
@permit("cohort.override", member_target)
def grant_attempt(cohort: UUID, person: UUID) -> Any:
    """Open one more attempt at an assessment: an override, with a reason, for ever shown as one."""
    form = ReasonForm()
    course = index.current().course(queries.cohort(cohort).course, language.code())
    form.module.choices = [(m.id, m.title) for m in course.modules if m.assessment and m.bank] or abort(404)
    db.end_read()
    if not form.validate_on_submit():
        raise Refusal("reason_missing", " ".join(str(e) for errors in form.errors.values() for e in errors))
    with db.write():
        assessment.grant_attempt(person, form.module.data, me().person_id, form.reason.data)
    flash(_("One more attempt is open."), "ok")
    return redirect(url_for("desk.member", cohort=cohort, person=person), 303)
