"""The call: made by the coordinator, answered by the offices that it invites."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from lms import clock, db
from lms.cohorts import queries, service
from lms.cohorts.forms import CallForm, NominationForm, SeatsField
from lms.cohorts.models import Call, Cohort
from lms.cohorts.views import blueprint
from lms.cohorts.views.groups import cohort_target
from lms.people import queries as people
from lms.policy import Refusal, define
from lms.web import language
from lms.web.viewer import me, permit

define(
    "office.nominate",
    "focal_point",
    "coordinator",
    "administrator",
    shows=_l("the nominations that this office made of you, and how they ended"),
)


def _form(cohort: Cohort, call: Call | None) -> Any:
    """The form with the seats of each office where the cohort belongs."""
    offices = queries.offices_to_invite(cohort, call)
    seats = {line.organisation_id: line.seats for line in queries.seat_lines(call)} if call else {}

    class Form(CallForm):
        pass

    for office in offices:
        setattr(Form, f"seats_{office.id.hex}", SeatsField(office.name_in(language.code())))
    given: dict[str, Any] = {f"seats_{key.hex}": number for key, number in seats.items()}
    if call is None:
        given |= {"opens_on": clock.today(cohort.time_zone), "seats": cohort.people_wanted}
    return Form(obj=call, data=given)


def _offices(form: Any) -> dict[UUID, int]:
    named = ((name, field.data) for name, field in form._fields.items() if name.startswith("seats_"))
    return {UUID(hex=name.removeprefix("seats_")): number for name, number in named if number}


@blueprint.route("/cohorts/<uuid:cohort>/call", methods=["GET", "POST"])
@permit("cohort.manage", cohort_target)
def call(cohort: UUID) -> Any:
    found, made = queries.cohort(cohort), queries.call_of(cohort)
    form = _form(found, made)
    db.end_read()
    if form.validate_on_submit():
        try:
            with db.write():
                service.save_call(
                    cohort, form.opens_on.data, form.closes_on.data, form.seats.data, form.message.data or "",
                    _offices(form), me().person_id,
                )  # fmt: skip
            flash(_("Saved."), "ok")
            return redirect(url_for("cohorts.call", cohort=cohort), 303)
        except Refusal as refusal:
            form.refuse(refusal)
    page = render_template("cohorts/call.html", form=form, cohort=found, call=made, stage=queries.stage_of(found, made))
    return page, 422 if form.errors or form.form_errors else 200


@blueprint.post("/cohorts/<uuid:cohort>/call/opening")
@permit("cohort.manage", cohort_target)
def open_call(cohort: UUID) -> Any:
    with db.write():
        sent = service.open_call(cohort, me().person_id)
    message = ngettext(
        "The call is open. %(count)s letter is on its way to focal points.",
        "The call is open. %(count)s letters are on their way to focal points.",
        sent,
        count=language.number(sent),
    )
    flash(message if sent else _("The call is open. Letters leave on its first day."), "ok")
    return redirect(url_for("cohorts.nominations", cohort=cohort), 303)


# --- the office --------------------------------------------------------------------------------------------


def _page(organisation: UUID, cohort: UUID, form: Any, status: int = 200) -> tuple[str, int]:
    line = queries.call_line(organisation, cohort) or abort(404)
    page = render_template(
        "cohorts/office_call.html",
        line=line,
        office=people.organisation(organisation),
        nominees=queries.nominees_of_office(cohort, organisation),
        form=form,
    )
    return page, status


def _nomination_form(organisation: UUID, cohort: UUID) -> Any:
    form = NominationForm(data={"language": language.code()})
    staff = queries.staff_to_nominate(organisation, cohort)
    form.person.choices = [
        ("", _("Choose one of the staff")),
        *((str(s.person_id), f"{s.name}, {s.post}" if s.post else s.name) for s in staff),
    ]
    return form


def _chosen(form: Any) -> UUID | None:
    """Who of the staff was chosen; None for somebody new. Raises Refusal (not_staff, both)."""
    if not form.person.data:
        return None
    if form.address.data or form.name.data:
        message = _("Choose one of the staff, or write the name and address of somebody new: not both.")
        raise Refusal("both", message, field="person")
    try:
        return UUID(form.person.data)
    except ValueError:
        raise Refusal("not_staff", _("This person is not one of the office's staff."), field="person") from None


@blueprint.get("/offices/<uuid:organisation>/calls/<uuid:cohort>")
@permit("office.nominate", queries.office_call_target)
def office_call(organisation: UUID, cohort: UUID) -> Any:
    return _page(organisation, cohort, _nomination_form(organisation, cohort))


@blueprint.post("/offices/<uuid:organisation>/calls/<uuid:cohort>")
@permit("office.nominate", queries.office_call_target)
def nominate(organisation: UUID, cohort: UUID) -> Any:
    form = _nomination_form(organisation, cohort)
    db.end_read()
    if not form.validate_on_submit():
        return _page(organisation, cohort, form, 422)
    try:
        who = _chosen(form)
        with db.write():
            service.nominate(
                cohort, organisation, me().person_id, person_id=who,
                name=form.name.data or "", address=form.address.data or "", spoken=form.language.data,
                supervisor=form.supervisor.data, supervisor_agreed=form.supervisor_agreed.data,
                motivation=form.motivation.data or "",
            )  # fmt: skip
    except Refusal as refusal:
        form.refuse(refusal)
        return _page(organisation, cohort, form, refusal.status)
    flash(_("Nominated. You can take it back until something is decided."), "ok")
    return redirect(url_for("cohorts.office_call", organisation=organisation, cohort=cohort), 303)


@blueprint.post("/offices/<uuid:organisation>/calls/<uuid:cohort>/<uuid:nomination>/withdrawal")
@permit("office.nominate", queries.office_nomination_target)
def take_back(organisation: UUID, cohort: UUID, nomination: UUID) -> Any:
    with db.write():
        service.take_back(nomination, me().person_id)
    flash(_("The nomination is taken back."), "ok")
    return redirect(url_for("cohorts.office_call", organisation=organisation, cohort=cohort), 303)


@blueprint.post("/offices/<uuid:organisation>/calls/<uuid:cohort>/<uuid:nomination>/decline")
@permit("office.nominate", queries.office_nomination_target)
def office_decline(organisation: UUID, cohort: UUID, nomination: UUID) -> Any:
    """Somebody of the office does not take the place, as the office says for them."""
    with db.write():
        service.decline(nomination, "office", me().person_id)
    flash(_("It is noted that they do not take the place."), "ok")
    return redirect(url_for("cohorts.office_call", organisation=organisation, cohort=cohort), 303)
