"""Coming in: signing in and out, a forgotten password, and the links that letters and printed codes carry."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any
from uuid import UUID

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from lms import db
from lms.mail.service import config
from lms.people import forms, passwords, queries, rules, service, upstairs
from lms.people.views import blueprint
from lms.policy import Refusal
from lms.web import viewer
from lms.web.viewer import current, local_path, permit


def count(bucket: str, key: str) -> None:
    """Count a try in a transaction of its own, so that what fails afterwards was still counted."""
    with db.write():
        wait = service.count_try(bucket, key, request.remote_addr or "")
    if wait:
        raise service.too_many(wait)


def enter(person_id: UUID, otherwise: str = "/") -> Response:
    """Begin a session and go on. The person's own language rules, unless this very request chose one."""
    found = queries.viewer_of(person_id) or abort(401)
    viewer.sign_in(found)
    response: Response = redirect(local_path(request.args.get("next"), otherwise), 303)
    if "lang" not in request.args:
        response.delete_cookie("lang")
    return response


def _who(address: str, password: str) -> UUID:
    """Whose address and password these are. The same words and the same work for what we know and do not."""
    count("sign_in", address)
    found = queries.credentials(address)
    db.end_read()
    stored = found.password_hash if found else None
    if not passwords.fits(stored, password) or found is None or stored is None:
        raise Refusal("sign_in_failed", _("This address and this password do not belong together here."))
    if passwords.outdated(stored):
        renewed = passwords.hashed(password)
        with db.write():
            service.renew_hash(found.person_id, stored, renewed)
    return found.person_id


@blueprint.route("/sign-in", methods=["GET", "POST"])
@permit("web.public")
def sign_in() -> Any:
    if current() is not None and request.method == "GET":
        return redirect(local_path(request.args.get("next"), "/"), 303)
    form, status = forms.SignInForm(), 200
    if form.validate_on_submit():
        try:
            return enter(_who(form.address.data, form.password.data))
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return render_template("people/sign_in.html", form=form), status if not form.errors else max(status, 422)


@blueprint.post("/sign-out")
@permit("web.signed_in")
def sign_out() -> Any:
    viewer.sign_out()
    flash(_("You are signed out."), "ok")
    return redirect(url_for("people.sign_in"), 303)


@blueprint.route("/password/forgotten", methods=["GET", "POST"])
@permit("web.public")
def forgotten() -> Any:
    """Ask for a link for a new password. The answer is the same whatever the address is."""
    form, status = forms.AddressForm(), 200
    if form.validate_on_submit():
        try:
            count("reset", form.address.data)
            with db.write():
                service.ask_reset(form.address.data)
            flash(_("If this address signs in here, a letter with a link is on its way. It works for two hours."))
            return redirect(url_for("people.sign_in"), 303)
        except Refusal as refusal:
            form.refuse(refusal)
            status = refusal.status
    return render_template("people/forgotten.html", form=form), status if not form.errors else max(status, 422)


def _gone(purpose: str, token: str, link: queries.Link | None) -> tuple[str, int]:
    """What a link says that does not work (any more), and what to do about it."""
    page = render_template(
        "people/gone.html",
        purpose=purpose,
        token=token,
        link=link,
        masked=rules.masked(link.address) if link else "",
    )
    return page, 404 if link is None else 410


def _spoken_by(link: queries.Link) -> AbstractContextManager[Any]:
    """The language that a person is entered with, for one who has not chosen any in this browser."""
    chosen = request.args.get("lang") or request.cookies.get("lang")
    return nullcontext() if chosen in config().languages else force_locale(link.language)


@blueprint.route("/password/<token>", methods=["GET", "POST"])
@permit("web.public")
def reset(token: str) -> Any:
    """Choose a new password. Opening the link changes nothing: mail filters open links, too."""
    link = queries.link("reset", token)
    if link is None or link.state != "open":
        return _gone("reset", token, link)
    form = forms.PasswordForm()
    form.names, form.addresses = (link.name, link.name_latin), (link.address,)
    if form.validate_on_submit():
        hashed = passwords.hashed(form.password.data)
        with db.write():
            person_id = service.reset_password(token, hashed)
        flash(_("The new password is kept. Every other session of yours has ended."), "ok")
        return enter(person_id)
    return render_template("people/reset.html", form=form, link=link), 422 if form.errors else 200


@blueprint.route("/invitation/<token>", methods=["GET", "POST"])
@permit("web.public")
def invitation(token: str) -> Any:
    """Join: a password, and the name as it will be printed. Opening the link changes nothing."""
    link = queries.link("invitation", token)
    if link is None or link.state != "open" or link.active:
        return _gone("invitation", token, link)
    with _spoken_by(link):
        form = forms.InvitationForm(obj=link)
        form.addresses = (link.address,)
        if form.validate_on_submit() and (person_id := _join(form, token)) is not None:
            return enter(person_id)
        welcome = upstairs.welcome_of(link.person_id)
        page = render_template("people/invitation.html", form=form, link=link, welcome=welcome)
    return page, 422 if form.errors else 200


def _join(form: forms.InvitationForm, token: str) -> UUID | None:
    """Accept; None where the form has to say what stands against it."""
    hashed = passwords.hashed(form.password.data)
    try:
        with db.write():
            return service.accept_invitation(token, hashed, **form.values())
    except Refusal as refusal:
        form.refuse(refusal)
    return None


@blueprint.post("/invitation/<token>/again")
@permit("web.public")
def renew_invitation(token: str) -> Any:
    """Send a new link to the address that this one went to."""
    link = queries.link("invitation", token) or abort(404)
    count("renewal", link.address)
    with db.write():
        service.renew_invitation(token)
    flash(_("A new link is on its way to %(address)s.", address=rules.masked(link.address)), "ok")
    return redirect(url_for("people.invitation", token=token), 303)


@blueprint.route("/address/<token>", methods=["GET", "POST"])
@permit("web.public")
def confirm_address(token: str) -> Any:
    """Confirm an address that was added to an account. Opening the link changes nothing."""
    link = queries.link("address", token)
    if link is None or link.state != "open":
        return _gone("address", token, link)
    if request.method == "GET":
        return render_template("people/confirm_address.html", link=link)
    who = current()
    db.end_read()
    try:
        with db.write():
            service.confirm_address(token, who.person_id if who else None)
    except Refusal as refusal:
        if refusal.code != "sign_in_first" or who is not None:
            raise
        flash(refusal.message, "due")
        return redirect(url_for("people.sign_in", next=request.path), 303)
    flash(_("The address is confirmed. You can sign in with it."), "ok")
    return redirect(url_for("people.account" if current() else "people.sign_in"), 303)
