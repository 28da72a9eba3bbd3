"""The cohorts one works with, a cohort's people one line each, and what its staff can do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms import clock, db
from lms.assessment import service as assessment
from lms.cohorts import queries, service
from lms.cohorts.forms import ReasonForm
from lms.cohorts.views import blueprint
from lms.curriculum import index
from lms.learning import rules
from lms.policy import Refusal, Target, allows, define
from lms.web import language
from lms.web.viewer import me, permit

define("cohort.list", "coordinator", "facilitator", "administrator")
define("cohort.create", "coordinator", "administrator", over=("programme", "region", "country"))
define("cohort.see", "coordinator", "facilitator", "administrator")
define("cohort.manage", "coordinator", "administrator")
define("cohort.override", "coordinator", "facilitator", "administrator")

STATE_NAMES = {
    "stuck": _l("stuck"),
    "slowing": _l("slowing"),
    "on_track": _l("on track"),
    "ahead": _l("ahead"),
    "finished": _l("finished"),
    "not_begun": _l("not begun"),
}
STAGE_NAMES = {
    "call": _l("call open"),
    "selecting": _l("selecting"),
    "coming": _l("to come"),
    "running": _l("running"),
    "ended": _l("ended"),
}
STATE_CHIPS = {"stuck": "late", "slowing": "due", "on_track": "ok", "ahead": "info", "finished": "ok", "not_begun": ""}


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


@blueprint.get("/cohorts/<uuid:cohort>")
@permit("cohort.see", cohort_target)
def cohort(cohort: UUID) -> str:
    view = queries.view(cohort)
    return render_template(
        "cohorts/cohort.html",
        view=view,
        staff=queries.staff_of(cohort),
        may_manage=allows("cohort.manage", me(), queries.target(view.cohort)),
        names=STATE_NAMES,
        chips=STATE_CHIPS,
        rule=rules,
        now=clock.now(),
    )


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
