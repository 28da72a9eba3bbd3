"""A cohort is made, changed, copied."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from babel.numbers import format_currency, get_currency_precision
from flask import flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from wtforms import DateField
from wtforms.validators import Optional

from lms import clock, db, places
from lms.cohorts import queries, rules, service
from lms.cohorts.forms import CohortForm, CopyForm
from lms.cohorts.models import Cohort
from lms.cohorts.views import blueprint
from lms.cohorts.views.groups import cohort_target
from lms.curriculum import index
from lms.policy import Refusal, allows
from lms.web import language
from lms.web.viewer import me, permit


def _form(cohort: Cohort | None = None) -> Any:
    """The form with a target date for each module of every course, or of the cohort's own."""
    content = index.current()
    courses = [content.course(c.id, language.code()) for c in content.courses]
    modules = [module for c in courses if cohort is None or c.id == cohort.course for module in c.modules]

    class Form(CohortForm):
        pass

    for module in modules:
        setattr(Form, f"due_{module.id}", DateField(module.title, [Optional()]))
    form = Form(data=_values(cohort) if cohort else None)
    for module in modules:
        form[f"due_{module.id}"].module = module
    form.time_zone.choices = places.time_zones(language.code())
    form.scope.choices = queries.scope_choices(me())
    if cohort is None:
        form.course.choices = [(c.id, c.title) for c in courses]
        if form.scope.data is None:
            form.scope.data = next(iter(form.scope.choices.values()))[0][0]
    else:
        del form.course
        _offer_present_scope(form, cohort)
    return form


def _offer_present_scope(form: Any, cohort: Cohort) -> None:
    """Where a cohort belongs may stay, whoever changes the rest."""
    present = f"{cohort.scope}:{cohort.scope_id}"
    if all(present != value for group in form.scope.choices.values() for value, _name in group):
        name = queries.scope_name(cohort.scope, cohort.scope_id)
        form.scope.choices = {_("As it is"): [(present, name)], **form.scope.choices}


def _values(cohort: Cohort) -> dict[str, Any]:
    """A cohort as its form shows it."""
    names = ("name", "starts_on", "ends_on", "time_zone", "project_code", "people_wanted", "graduates_wanted")
    values = {name: getattr(cohort, name) for name in (*names, "currency")}
    cost = None if cohort.cost is None else Decimal(cohort.cost).scaleb(-get_currency_precision(cohort.currency))
    return values | {
        "scope": f"{cohort.scope}:{cohort.scope_id}",
        "organisers": "\n".join(cohort.organisers),
        "funders": "\n".join(cohort.funders),
        "cost": cost,
        **{f"due_{target.module}": target.due_on for target in cohort.targets},
    }


def _targets(form: Any) -> dict[str, date]:
    return {n.removeprefix("due_"): f.data for n, f in form._fields.items() if n.startswith("due_") and f.data}


def _facts(form: Any) -> service.Facts:
    """Raises Refusal (currency, cost)."""
    cost = None if form.cost.data is None else service.smallest_units(form.cost.data, form.currency.data)
    return service.Facts(
        tuple(rules.lines(form.organisers.data or "")),
        tuple(rules.lines(form.funders.data or "")),
        (form.project_code.data or "").strip(),
        form.people_wanted.data,
        form.graduates_wanted.data,
        cost,
        form.currency.data if cost is not None else "",
    )


def _scope(form: Any, present: Cohort | None = None) -> dict[str, str]:
    """The scope that was chosen, if the viewer makes cohorts there or it is where the cohort lies already.

    Raises Refusal (beyond_scope).
    """
    scope, _colon, scope_id = form.scope.data.partition(":")
    stays = present is not None and (scope, scope_id) == (present.scope, present.scope_id)
    if not stays and not allows("cohort.create", me(), queries.scope_target(scope, scope_id)):
        raise Refusal("beyond_scope", _("You do not coordinate there."), 403, "scope")
    return {"scope": scope, "scope_id": scope_id}


def _warn(form: Any) -> None:
    """Target days outside of the cohort's are kept, and said."""
    targets = _targets(form)
    outside = rules.outside(targets, form.starts_on.data, form.ends_on.data)
    if outside:
        names = [form[f"due_{module}"].label.text for module in outside]
        message = _("Saved. These target dates lie outside of the cohort’s days: %(names)s.")
        flash(message % {"names": language.listed(names)}, "due")


@blueprint.route("/cohorts/new", methods=["GET", "POST"])
@permit("cohort.create")
def new() -> Any:
    form = _form()
    db.end_read()
    if not form.validate_on_submit():
        return render_template("cohorts/new.html", form=form), 422 if form.errors else 200
    try:
        with db.write():
            cohort = service.create_cohort(
                form.name.data, form.course.data, form.starts_on.data, form.ends_on.data, _targets(form),
                form.time_zone.data, me().person_id, **_scope(form), facts=_facts(form),
            )  # fmt: skip
    except Refusal as refusal:
        form.refuse(refusal)
        return render_template("cohorts/new.html", form=form), refusal.status
    flash(_("The cohort is there. Make its call, or bring its people in."), "ok")
    _warn(form)
    return redirect(url_for("cohorts.cohort", cohort=cohort), 303)


def _edit_page(form: Any, cohort: Cohort) -> str:
    may_copy = allows("cohort.create", me(), queries.target(cohort))
    return render_template("cohorts/edit.html", form=form, cohort=cohort, may_copy=may_copy)


@blueprint.app_template_global("money")
def money(units: int, currency: str) -> str:
    """An amount in the smallest units of its currency, as the page's language writes it."""
    amount = Decimal(units).scaleb(-get_currency_precision(currency))
    return language.digits(format_currency(amount, currency, locale=get_locale() or "en"))


@blueprint.route("/cohorts/<uuid:cohort>/edit", methods=["GET", "POST"])
@permit("cohort.manage", cohort_target)
def edit(cohort: UUID) -> Any:
    found = queries.cohort(cohort)
    form = _form(found)
    db.end_read()
    if not form.validate_on_submit():
        return _edit_page(form, found), 422 if form.errors else 200
    try:
        scope, facts = _scope(form, found), _facts(form)
        with db.write():
            service.change_cohort(
                cohort, form.name.data, form.starts_on.data, form.ends_on.data, _targets(form), form.time_zone.data,
                me().person_id, **scope, facts=facts,
            )  # fmt: skip
    except Refusal as refusal:
        form.refuse(refusal)
        return _edit_page(form, queries.cohort(cohort)), refusal.status
    flash(_("Saved."), "ok")
    _warn(form)
    return redirect(url_for("cohorts.edit", cohort=cohort), 303)


@blueprint.route("/cohorts/<uuid:cohort>/copy", methods=["GET", "POST"])
@permit("cohort.create", cohort_target)
def copy(cohort: UUID) -> Any:
    """A cohort like this one, every date moved; the page shows them before and after."""
    found, call = queries.cohort(cohort), queries.call_of(cohort)
    suggested = rules.next_first_day(found.starts_on, clock.today(found.time_zone))
    form = CopyForm(data={"name": rules.next_name(found.name), "starts_on": suggested, "staff": True})
    db.end_read()
    if form.validate_on_submit() and request.form.get("act") == "copy":
        try:
            with db.write():
                made = service.copy_cohort(
                    cohort, form.name.data, form.starts_on.data, me().person_id, staff=form.staff.data
                )
            flash(_("The copy is there. Its people are not: make the call, or bring them in."), "ok")
            return redirect(url_for("cohorts.edit", cohort=made), 303)
        except Refusal as refusal:
            form.refuse(refusal)
    return _copy_page(form, found, call), 422 if form.errors or form.form_errors else 200


def _copy_page(form: CopyForm, cohort: Cohort, call: Any) -> str:
    """The form with every date before and after."""
    days = (form.starts_on.data - cohort.starts_on).days if form.starts_on.data else 0
    moves = [(name, module, day, rules.shifted(day, days)) for name, module, day in _days(cohort, call)]
    return render_template("cohorts/copy.html", form=form, cohort=cohort, moves=moves, days=days)


def _days(cohort: Cohort, call: Any) -> list[tuple[str, Any, date]]:
    """The dates of a cohort, each with what it is: a module, or nothing that a course holds."""
    course = index.current().course(cohort.course, language.code())
    due = {target.module: target.due_on for target in cohort.targets}
    days: list[tuple[str, Any, date]] = [
        (_("First day"), None, cohort.starts_on),
        (_("Last day"), None, cohort.ends_on),
    ]
    days += [(module.title, module, due[module.id]) for module in course.modules if module.id in due]
    if call is not None:
        days += [(_("The call opens"), None, call.opens_on), (_("The last day to nominate"), None, call.closes_on)]
    return days
