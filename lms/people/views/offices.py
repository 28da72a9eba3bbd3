"""Offices, for administrators."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms import db, places
from lms.people import forms, queries, service
from lms.people.views import blueprint
from lms.policy import OVER_COUNTRIES, Refusal, Target, define
from lms.web import language
from lms.web.viewer import me, permit

# Whoever coordinates a cohort alone keeps no records: a cohort's people are of offices that others answer for.
define(
    "people.manage",
    "administrator",
    "coordinator",
    over=OVER_COUNTRIES,
    shows=_l("your name, addresses, post, sex, language, offices and roles, and whether you have joined"),
)


def _office_target(organisation: UUID) -> Target | None:
    return queries.organisation_target(organisation)


@blueprint.get("/admin/organisations")
@permit("people.manage")
def organisations() -> str:
    return render_template(
        "people/organisations.html",
        offices=queries.organisation_lines(queries.reach(me(), "people.manage")),
        kinds=forms.KIND_NAMES,
        infrastructures=forms.INFRASTRUCTURE_NAMES,
        country=lambda code: places.name(code, language.code()),
    )


@blueprint.route("/admin/organisations/new", methods=["GET", "POST"])
@permit("people.manage")
def new_organisation() -> Any:
    form = _form()
    if form.validate_on_submit():
        try:
            with db.write():
                key = service.create_organisation(**form.values(), by=me().person_id)
            flash(_("The office is there. Name its focal point."), "ok")
            return redirect(url_for("people.organisation", organisation=key), 303)
        except Refusal as refusal:
            form.refuse(refusal)
    return render_template("people/new_organisation.html", form=form), 422 if form.errors else 200


def _form(**given: Any) -> forms.OfficeForm:
    """The form of an office, whose country must be one that the viewer answers for."""
    form, reached = forms.OfficeForm(**given), queries.reach(me(), "people.manage")
    if not reached.whole:
        form.country.choices = [pair for pair in form.country.choices if pair[0] in reached.countries | {""}]
    return form


def _page(organisation: UUID, status: int = 200, **given: forms.Form) -> tuple[str, int]:
    """One office, with its form and its focal points."""
    office = queries.organisation(organisation)
    names = {f"name_{code}": name for code, name in office.names.items()}
    shown = {
        "form": _form(formdata=None, obj=office, data=names),
        "focal_point": forms.FocalPointForm(formdata=None),
    } | given
    focal_points = queries.focal_points(organisation)
    return render_template("people/organisation.html", office=office, focal_points=focal_points, **shown), status


@blueprint.get("/admin/organisations/<uuid:organisation>")
@permit("people.manage", _office_target)
def organisation(organisation: UUID) -> Any:
    return _page(organisation)


@blueprint.post("/admin/organisations/<uuid:organisation>")
@permit("people.manage", _office_target)
def save_organisation(organisation: UUID) -> Any:
    form = _form()
    if not form.validate_on_submit():
        return _page(organisation, 422, form=form)
    try:
        with db.write():
            service.change_organisation(organisation, me().person_id, **form.values())
    except Refusal as refusal:
        form.refuse(refusal)
        return _page(organisation, refusal.status, form=form)
    flash(_("Saved."), "ok")
    return redirect(url_for("people.organisation", organisation=organisation), 303)


@blueprint.post("/admin/organisations/<uuid:organisation>/focal-points")
@permit("people.manage", _office_target)
def add_focal_point(organisation: UUID) -> Any:
    """Name a focal point: somebody known by this address, or somebody new, who is invited."""
    form = forms.FocalPointForm()
    if not form.validate_on_submit():
        return _page(organisation, 422, focal_point=form)
    try:
        with db.write():
            fate = service.name_focal_point(organisation, form.address.data, form.name.data or "", me().person_id)
    except Refusal as refusal:
        form.refuse(refusal)
        return _page(organisation, refusal.status, focal_point=form)
    flash(forms.FOCAL_POINT_FATES[fate], "ok")
    return redirect(url_for("people.organisation", organisation=organisation), 303)
