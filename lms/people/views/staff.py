"""An office's staff: confirmed twice a year on one page; who follows whom; its focal points."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms import clock, db
from lms.people import forms, queries, service
from lms.people.views import blueprint
from lms.policy import OVER_OFFICES, Refusal, Target, define
from lms.web import language
from lms.web.viewer import me, permit

LONG = 40  # from so many people on, the list has a heading for each initial

define(
    "office.confirm",
    "focal_point",
    "coordinator",
    "administrator",
    over=OVER_OFFICES,
    shows=_l("whether you are of the office still, and what was said of where you went and why"),
)
define(
    "office.focal_points",
    "focal_point",
    "coordinator",
    "administrator",
    over=OVER_OFFICES,
    shows=_l("whether you are a focal point of the office"),
)


def _office_target(organisation: UUID) -> Target | None:
    return queries.organisation_target(organisation)


def _membership_target(organisation: UUID, membership: UUID) -> Target | None:
    return queries.organisation_target(organisation) if queries.is_of_office(membership, organisation) else None


def _grant_target(organisation: UUID, grant: UUID) -> Target | None:
    return queries.organisation_target(organisation) if queries.is_focal_point_of(grant, organisation) else None


def _to_office(organisation: UUID, message: str) -> Any:
    flash(message, "ok")
    return redirect(url_for("desk.one_office", organisation=organisation), 303)


# --- everybody on one page ------------------------------------------------------------------------------


class _Page:
    """The staff of an office as it is now, with what was typed about it."""

    def __init__(self, organisation: UUID) -> None:
        self.office = queries.organisation(organisation)
        self.today = clock.today(self.office.time_zone)
        everybody = queries.people_of_organisation(organisation, self.today)
        self.staff = [line for line in everybody if line.ends_on is None or line.ends_on > self.today]
        self.names = {line.membership_id: line.name for line in everybody}
        self.confirmation = queries.confirmations([organisation])[organisation]
        others = {o.name_in(language.code()): o.id for o in queries.organisations() if o.id != organisation}
        self.form = forms.StaffForm(request.form, self.staff, others)

    def show(self, status: int = 200, refusal: Refusal | None = None) -> tuple[str, int]:
        changed = refusal if isinstance(refusal, service.StaffChanged) else None
        page = render_template(
            "people/staff.html",
            page=self,
            form=self.form,
            groups=self._groups(),
            press=db.new_id().hex,
            refusal=refusal,
            gone=[self.names[key] for key in changed.gone if key in self.names] if changed else [],
            joined=changed.joined if changed else set(),
            reasons=forms.REASON_NAMES,
            destinations=forms.DESTINATION_NAMES,
        )
        return page, status

    def _groups(self) -> list[tuple[str, list[queries.Staff]]]:
        if len(self.staff) <= LONG:
            return [("", self.staff)]
        return [(first, list(lines)) for first, lines in groupby(self.staff, _initial)]


def _initial(line: queries.Staff) -> str:
    return (line.name_latin or line.name)[:1].upper()


@blueprint.get("/offices/<uuid:organisation>/staff/confirmation")
@permit("office.confirm", _office_target)
def confirm_staff(organisation: UUID) -> Any:
    return _Page(organisation).show()


@blueprint.post("/offices/<uuid:organisation>/staff/confirmation")
@permit("office.confirm", _office_target)
def save_staff(organisation: UUID) -> Any:
    """Apply all of it, or say beside each line what is wrong."""
    page = _Page(organisation)
    db.end_read()
    if "more" in request.form:
        return page.show()
    said, missing = page.form.said(), page.form.missing()
    if page.form.errors:
        return page.show(422)
    try:
        with db.write():
            service.confirm_staff(
                organisation,
                said,
                [one for _number, one in missing],
                opened=_stamp(request.form.get("opened", "")),
                press=request.form.get("press", "")[:40],
                by=me().person_id,
            )
    except service.RowsRefused as refusal:
        for key, wrong in refusal.rows.items():
            line = missing[key][0] if isinstance(key, int) else key
            page.form.refuse(line, wrong.message, _FIELDS.get(wrong.field, wrong.field))
        return page.show(refusal.status, refusal)
    except Refusal as refusal:
        db.end_read()
        return _Page(organisation).show(refusal.status, refusal)
    return _to_office(organisation, _("The staff is confirmed as of today."))


_FIELDS = {"destination_id": "office"}  # what a field is called on the page


def _stamp(typed: str) -> datetime | None:
    try:
        return datetime.fromisoformat(typed) if typed else None
    except ValueError:
        return None


@blueprint.post("/offices/<uuid:organisation>/memberships/<uuid:membership>/successor")
@permit("office.confirm", _membership_target)
def set_successor(organisation: UUID, membership: UUID) -> Any:
    """Say who follows somebody who left; nobody yet where the field is empty."""
    typed = request.form.get("successor", "").strip()
    staff = queries.people_of_organisation(organisation, clock.today())
    follower = forms.labels([line for line in staff if line.ends_on is None]).get(typed)
    db.end_read()
    if typed and follower is None:
        raise Refusal("successor", _("Choose somebody of the staff, as the list offers them."))
    with db.write():
        service.set_successor(membership, follower, me().person_id)
    return _to_office(organisation, _("Saved."))


# --- focal points ---------------------------------------------------------------------------------------


def _focal_points_page(organisation: UUID, form: forms.FocalPointForm, status: int = 200) -> tuple[str, int]:
    return render_template(
        "people/focal_points.html",
        office=queries.organisation(organisation),
        lines=queries.focal_points(organisation),
        form=form,
    ), status


@blueprint.get("/offices/<uuid:organisation>/focal-points")
@permit("office.focal_points", _office_target)
def focal_points(organisation: UUID) -> Any:
    return _focal_points_page(organisation, forms.FocalPointForm(formdata=None))


@blueprint.post("/offices/<uuid:organisation>/focal-points")
@permit("office.focal_points", _office_target)
def name_focal_point(organisation: UUID) -> Any:
    """Name somebody of the staff, or somebody new, who is invited."""
    form = forms.FocalPointForm()
    if not form.validate_on_submit():
        return _focal_points_page(organisation, form, 422)
    try:
        with db.write():
            fate = service.name_focal_point(organisation, form.address.data, form.name.data or "", me().person_id)
    except Refusal as refusal:
        form.refuse(refusal)
        return _focal_points_page(organisation, form, refusal.status)
    flash(forms.FOCAL_POINT_FATES[fate], "ok")
    return redirect(url_for("people.focal_points", organisation=organisation), 303)


@blueprint.post("/offices/<uuid:organisation>/focal-points/<uuid:grant>/end")
@permit("office.focal_points", _grant_target)
def end_focal_point(organisation: UUID, grant: UUID) -> Any:
    form = forms.FocalPointForm(formdata=None)
    try:
        with db.write():
            service.end_role(grant, me().person_id)
    except Refusal as refusal:
        form.form_errors.append(refusal.message)
        return _focal_points_page(organisation, form, refusal.status)
    flash(_("The role has ended."), "ok")
    still = any(g.scope_id == str(organisation) for g in _grants_now())
    return redirect(url_for("people.focal_points", organisation=organisation) if still else "/today", 303)


def _grants_now() -> frozenset[Any]:
    found = queries.viewer_of(me().person_id)
    return found.grants if found else frozenset()
