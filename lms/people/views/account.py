"""One's own account: name, addresses, password, language, sessions."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _

from lms import clock, db
from lms.people import forms, passwords, queries, service
from lms.people.views import blueprint
from lms.people.views.entry import count
from lms.policy import Refusal, Target, define
from lms.web import language, viewer
from lms.web.viewer import me, permit

define("people.own_address", own=True)


def _address_target(address: UUID) -> Target | None:
    return queries.address_target(address)


def move_form(memberships: list[queries.MembershipLine] | None, **given: Any) -> forms.MoveForm:
    """The form that says of a move, for the offices that one belongs to."""
    form = forms.MoveForm(**given)
    mine = queries.memberships_of(me().person_id) if memberships is None else memberships
    open_ones = [line for line in mine if line.ends_on is None]
    form.membership.choices = [(str(line.id), line.organisation) for line in open_ones]
    own = {line.organisation_id for line in open_ones}
    offices = [office for office in queries.organisations() if len(own) > 1 or office.id not in own]
    form.destination_id.choices = [("", ""), *((str(o.id), o.name_in(language.code())) for o in offices)]
    return form


def account_page(status: int = 200, **given: forms.Form) -> tuple[str, int]:
    """The account with its forms, of which one may carry what is wrong with it."""
    person = queries.person(me().person_id)
    memberships = queries.memberships_of(person.id)
    shown = {
        "profile": forms.ProfileForm(formdata=None, obj=person),
        "address": forms.AddressForm(formdata=None),
        "password": forms.ChangePasswordForm(formdata=None),
    } | given
    if "move" not in shown and any(line.ends_on is None for line in memberships):
        shown["move"] = move_form(memberships, formdata=None, ends_on=clock.today(me().time_zone))
    page = render_template(
        "people/account.html",
        person=person,
        addresses=person.lines,
        memberships=memberships,
        questions=queries.questions_about(person.id),
        reasons=forms.REASON_NAMES,
        destinations=forms.DESTINATION_NAMES,
        **shown,
    )
    return page, status


def back_to_account(message: str) -> Any:
    flash(message, "ok")
    return redirect(url_for("people.account"), 303)


@blueprint.get("/account")
@permit("web.signed_in")
def account() -> Any:
    return account_page()


@blueprint.post("/account")
@permit("web.signed_in")
def save_profile() -> Any:
    form = forms.ProfileForm()
    if not form.validate_on_submit():
        return account_page(422, profile=form)
    with db.write():
        service.change_profile(me().person_id, me().person_id, **form.values())
    response = back_to_account(_("Saved."))
    response.delete_cookie("lang")
    return response


@blueprint.post("/account/password")
@permit("web.signed_in")
def change_password() -> Any:
    form, person = forms.ChangePasswordForm(), queries.person(me().person_id)
    form.names, form.addresses = (person.name, person.name_latin), tuple(person.addresses)
    if not form.validate_on_submit():
        return account_page(422, password=form)
    try:
        _need_password(form.current.data)
    except Refusal as refusal:
        form.refuse(refusal)
        return account_page(refusal.status, password=form)
    hashed = passwords.hashed(form.password.data)
    with db.write():
        service.change_password(person.id, hashed, person.id)
    if (found := queries.viewer_of(person.id)) is not None:
        viewer.sign_in(found)
    return back_to_account(_("The new password is kept. Every other session of yours has ended."))


def _need_password(typed: str) -> None:
    """Refuse unless it is the viewer's password; counted, so that an open session does not help to guess it."""
    count("password", str(me().person_id))
    stored = queries.password_hash_of(me().person_id)
    db.end_read()
    if not passwords.fits(stored, typed):
        raise Refusal("password_wrong", _("This is not your password."), field="current")


@blueprint.post("/account/addresses")
@permit("web.signed_in")
def add_address() -> Any:
    form = forms.AddressForm()
    if not form.validate_on_submit():
        return account_page(422, address=form)
    try:
        count("address", str(me().person_id))
        with db.write():
            service.add_address(me().person_id, form.address.data, me().person_id)
    except Refusal as refusal:
        form.refuse(refusal)
        return account_page(refusal.status, address=form)
    return back_to_account(_("A letter is on its way there. Open the link in it within 24 hours."))


@blueprint.post("/account/addresses/<uuid:address>/again")
@permit("people.own_address", _address_target)
def send_confirmation(address: UUID) -> Any:
    count("address", str(me().person_id))
    with db.write():
        service.send_confirmation(address)
    return back_to_account(_("A letter is on its way there. Open the link in it within 24 hours."))


@blueprint.post("/account/addresses/<uuid:address>/primary")
@permit("people.own_address", _address_target)
def make_primary(address: UUID) -> Any:
    with db.write():
        service.make_primary(address, me().person_id)
    return back_to_account(_("Letters go to this address from now on."))


@blueprint.post("/account/addresses/<uuid:address>/removal")
@permit("people.own_address", _address_target)
def remove_address(address: UUID) -> Any:
    with db.write():
        service.remove_address(address, me().person_id)
    return back_to_account(_("The address is removed."))


@blueprint.post("/account/sign-out-everywhere")
@permit("web.signed_in")
def sign_out_everywhere() -> Any:
    with db.write():
        service.sign_out_everywhere(me().person_id, me().person_id)
    viewer.sign_out()
    flash(_("You are signed out on every device."), "ok")
    return redirect(url_for("people.sign_in"), 303)
