"""The cohorts one works with, a cohort's people one line each, and what its staff can do."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField
from wtforms.validators import Optional

from lms import clock, db, places
from lms.assessment import service as assessment
from lms.cohorts import queries, service
from lms.cohorts.forms import CohortForm, MemberForm, ReasonForm, StaffForm
from lms.curriculum import index
from lms.learning import rules
from lms.people import queries as people
from lms.people import service as people_service
from lms.policy import Refusal, Target, allows, define
from lms.web import language
from lms.web.viewer import me, permit

blueprint = Blueprint("cohorts", __name__, template_folder="templates")

define("cohort.list", "coordinator", "facilitator", "administrator")
define("cohort.create", "coordinator", "administrator")
_WORK = _l("your name, office and addresses, the lessons you did and when, your results; never your answers")
define("cohort.see", "coordinator", "facilitator", "administrator", shows=_WORK)
define("cohort.manage", "coordinator", "administrator", shows=_WORK)
define("cohort.override", "coordinator", "facilitator", "administrator", shows=_WORK)

STATE_NAMES = {
    "stuck": _l("stuck"),
    "slowing": _l("slowing"),
    "on_track": _l("on track"),
    "ahead": _l("ahead"),
    "finished": _l("finished"),
    "not_begun": _l("not begun"),
}
STATE_CHIPS = {"stuck": "late", "slowing": "due", "on_track": "ok", "ahead": "info", "finished": "ok", "not_begun": ""}


def cohort_target(cohort: UUID) -> Target | None:
    return queries.target_of(cohort)


def member_target(cohort: UUID, person: UUID) -> Target | None:
    return queries.member_target(cohort, person)


def whole_programme() -> Target:
    """Making a cohort concerns the whole programme: only a grant over all of it reaches so far."""
    return Target()


@blueprint.get("/cohorts")
@permit("cohort.list")
def cohorts() -> str:
    content = index.current()
    titles = {course.id: content.course(course.id, language.code()).title for course in content.courses}
    return render_template("cohorts/cohorts.html", cohorts=queries.cohorts_of(me()), titles=titles)


def _cohort_form() -> Any:
    """The form with a target date for each module of every course (one course in most programmes)."""
    content = index.current()
    courses = [content.course(course.id, language.code()) for course in content.courses]

    class Form(CohortForm):
        pass

    for course in courses:
        for module in course.modules:
            setattr(Form, f"due_{module.id}", DateField(module.title, [Optional()]))
    form = Form()
    for course in courses:
        for module in course.modules:
            form[f"due_{module.id}"].module = module
    form.course.choices = [(course.id, course.title) for course in courses]
    form.time_zone.choices = places.time_zones(language.code())
    return form


@blueprint.route("/cohorts/new", methods=["GET", "POST"])
@permit("cohort.create", whole_programme)
def new() -> Any:
    form = _cohort_form()
    if not form.validate_on_submit():
        return render_template("cohorts/new.html", form=form)
    targets = {n.removeprefix("due_"): f.data for n, f in form._fields.items() if n.startswith("due_") and f.data}
    try:
        with db.write():
            cohort = service.create_cohort(
                form.name.data, form.course.data, form.starts_on.data, form.ends_on.data, targets,
                form.time_zone.data, me().person_id,
            )  # fmt: skip
    except Refusal as refusal:
        (form.name if refusal.field == "name" else form.ends_on).errors = [refusal.message]
        return render_template("cohorts/new.html", form=form), 422
    flash(_("The cohort is there. Bring its people in."), "ok")
    return redirect(url_for("cohorts.cohort", cohort=cohort), 303)


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


@blueprint.route("/cohorts/<uuid:cohort>/people/new", methods=["GET", "POST"])
@permit("cohort.manage", cohort_target)
def add(cohort: UUID) -> Any:
    """Bring one person in: known by their address, or new and invited at once."""
    form = MemberForm()
    form.organisation.choices = [("", _("None"))] + [(str(o.id), o.name) for o in people.organisations()]
    form.language.choices = [(code, language.NAMES[code]) for code in language.NAMES]
    found = queries.cohort(cohort)
    if not form.validate_on_submit():
        return render_template("cohorts/add.html", form=form, cohort=found)
    office = UUID(form.organisation.data) if form.organisation.data else None
    db.end_read()
    try:
        with db.write():
            known = people.find_by_address(form.address.data)
            person = known or people_service.create_person(
                form.name.data,
                form.address.data,
                language=form.language.data,
                organisation_id=office,
                by=me().person_id,
            )
            joined = service.add_member(cohort, person, me().person_id)
            if not known:
                people_service.invite(person, by=me().person_id)
    except Refusal as refusal:
        (form.address if refusal.field == "address" else form.name).errors = [refusal.message]
        return render_template("cohorts/add.html", form=form, cohort=found), 422
    if not joined:
        flash(_("That person is in the cohort already; nothing was changed."), "due")
    elif known:
        flash(_("The person had an account already and is now in the cohort."), "ok")
    else:
        flash(_("The person is in the cohort; the invitation is on its way."), "ok")
    return redirect(url_for("cohorts.cohort", cohort=cohort), 303)


@blueprint.route("/cohorts/<uuid:cohort>/staff", methods=["GET", "POST"])
@permit("cohort.manage", cohort_target)
def staff(cohort: UUID) -> Any:
    """Name a coordinator or facilitator of this cohort, who must have an account."""
    form = StaffForm()
    found = queries.cohort(cohort)
    if form.validate_on_submit():
        person = people.find_by_address(form.address.data)
        db.end_read()
        if person is None:
            form.address.errors = [_("Nobody with an account has this address. Invite the person first.")]
        else:
            try:
                with db.write():
                    people_service.grant_role(person, form.role.data, "cohort", str(cohort), me().person_id)
                flash(_("The role is granted."), "ok")
                return redirect(url_for("cohorts.cohort", cohort=cohort), 303)
            except Refusal as refusal:
                form.address.errors = [refusal.message]
    return render_template("cohorts/staff.html", form=form, cohort=found, staff=queries.staff_of(cohort)), (
        422 if form.errors else 200
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
