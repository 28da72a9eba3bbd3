"""One person is brought in by hand; the staff of a cohort."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _

from lms import db
from lms.cohorts import queries, service
from lms.cohorts.forms import MemberForm, StaffForm
from lms.cohorts.views import blueprint
from lms.cohorts.views.groups import cohort_target
from lms.people import queries as people
from lms.people import service as people_service
from lms.policy import Refusal
from lms.web import language
from lms.web.viewer import me, permit


@blueprint.route("/cohorts/<uuid:cohort>/people/new", methods=["GET", "POST"])
@permit("cohort.manage", cohort_target)
def add(cohort: UUID) -> Any:
    """Bring one person in: somebody of an office within reach at once, anybody else by a letter."""
    found, form = queries.cohort(cohort), MemberForm()
    offices, everywhere = queries.offices_offered(me(), found)
    form.organisation.choices = [("", _("None")), *((str(o.id), o.name_in(language.code())) for o in offices)]
    form.language.choices = list(language.NAMES.items())
    db.end_read()
    if not form.validate_on_submit():
        return render_template("cohorts/add.html", form=form, cohort=found, everywhere=everywhere)
    try:
        with db.write():
            done = service.offer_place(
                cohort, form.name.data, form.address.data, form.language.data,
                UUID(form.organisation.data) if form.organisation.data else None, me().person_id,
                offices={office.id for office in offices}, everywhere=everywhere,
            )  # fmt: skip
    except Refusal as refusal:
        form.refuse(refusal)
        return render_template("cohorts/add.html", form=form, cohort=found, everywhere=everywhere), refusal.status
    flash(*_said(done))
    return redirect(url_for("cohorts.cohort", cohort=cohort), 303)


def _said(done: str) -> tuple[str, str]:
    """What is said about somebody who was brought in, and how."""
    if done == "added":
        return _("The person had an account already and is now in the cohort."), "ok"
    if done == "already":
        return _("That person is in the cohort already; nothing was changed."), "due"
    if done == "asked":
        return _("The invitation is on its way. Until it is answered, it stands under Call."), "ok"
    if done == "asked_already":
        return _("This address was invited already; nothing was changed."), "due"
    return _("The invitation is on its way."), "ok"


@blueprint.route("/cohorts/<uuid:cohort>/staff", methods=["GET", "POST"])
@permit("cohort.manage", cohort_target)
def staff(cohort: UUID) -> Any:
    """Name a coordinator or facilitator of this cohort, who must have an account."""
    form, found = StaffForm(), queries.cohort(cohort)
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
                return redirect(url_for("cohorts.staff", cohort=cohort), 303)
            except Refusal as refusal:
                form.address.errors = [refusal.message]
    page = render_template("cohorts/staff.html", form=form, cohort=found, staff=queries.staff_lines(cohort))
    return page, 422 if form.errors else 200


@blueprint.post("/cohorts/<uuid:cohort>/staff/<uuid:grant>/end")
@permit("cohort.manage", lambda cohort, grant: queries.staff_target(cohort, grant))
def end_staff(cohort: UUID, grant: UUID) -> Any:
    with db.write():
        people_service.end_role(grant, me().person_id)
    flash(_("The role has ended."), "ok")
    return redirect(url_for("cohorts.staff", cohort=cohort), 303)
