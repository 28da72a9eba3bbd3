"""What is held about a person: who sees it, all of it as a file, and its end."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any
from uuid import UUID

from flask import Response, render_template
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms import audit, db, privacy
from lms.files import zipped
from lms.people import export, fates, forms, held, passwords, queries, service
from lms.people.views import blueprint
from lms.people.views.entry import count
from lms.policy import Refusal, Target, define
from lms.web import viewer
from lms.web.viewer import me, permit

_ON_REQUEST = _l("on your request everything that is held about you, to hand it to you or to erase it; it is recorded")
define("people.export", "administrator", over=("programme",), shows=_ON_REQUEST)
define("people.erase", "administrator", over=("programme",), shows=_ON_REQUEST)


def _person_target(person: UUID) -> Target | None:
    return queries.target_of(person)


@blueprint.get("/account/privacy")
@permit("web.signed_in")
def privacy_page() -> str:
    """Who sees what about me, made from the policy table and from the roles that are held today."""
    person_id = me().person_id
    return render_template(
        "people/privacy.html",
        groups=held.who_sees(person_id),
        published=privacy.published(person_id),
        keepings=privacy.keepings(),
        role_names=forms.ROLE_NAMES,
    )


# --- all of it, as a file --------------------------------------------------------------------------------


@blueprint.get("/account/export.zip")
@permit("web.signed_in")
def export_own() -> Response:
    count("export", str(me().person_id))
    return _zip(queries.identities(me().person_id))


@blueprint.get("/admin/people/<uuid:person>/export.zip")
@permit("people.export", _person_target)
def export_of(person: UUID) -> Response:
    """The same on a person's request, in their language; recorded, so that they find it in their own."""
    count("export", str(me().person_id))
    spoken = queries.person(person).language
    with db.write():
        audit.record("people.exported", "person", queries.kept(person), me().person_id)
    return _zip(queries.identities(person), spoken)


def _zip(ids: Sequence[UUID], spoken: str = "") -> Response:
    with force_locale(spoken) if spoken else nullcontext():
        pieces = export.stream(ids)
    db.forget()  # a slow line shall not hold a connection
    return zipped.attachment(pieces, "about-me.zip")


# --- its end ---------------------------------------------------------------------------------------------


def _page(person_id: UUID, form: forms.OwnErasureForm, status: int = 200) -> tuple[str, int]:
    """What an erasure would take and leave, what stands in its way, and the form that does it."""
    ids = queries.identities(person_id)
    goes, stays = privacy.foretell(ids)
    page = render_template(
        "people/erasure.html",
        person=queries.person(person_id),
        own=queries.kept(person_id) == me().person_id,
        goes=goes,
        stays=stays,
        obstacles=fates.obstacles(ids),
        form=form,
    )
    return page, status


@blueprint.get("/account/erasure")
@permit("web.signed_in")
def erasure() -> Any:
    return _page(me().person_id, forms.OwnErasureForm(formdata=None))


@blueprint.post("/account/erasure")
@permit("web.signed_in")
def erase() -> Any:
    return _erase(me().person_id, forms.OwnErasureForm())


@blueprint.get("/admin/people/<uuid:person>/erasure")
@permit("people.erase", _person_target)
def erasure_of(person: UUID) -> Any:
    _refuse_own(person)
    return _page(person, forms.ErasureForm(formdata=None))


@blueprint.post("/admin/people/<uuid:person>/erasure")
@permit("people.erase", _person_target)
def erase_of(person: UUID) -> Any:
    """On a person's request: the same, with a reason, by an administrator who gives their own password."""
    _refuse_own(person)
    return _erase(person, forms.ErasureForm())


def _refuse_own(person: UUID) -> None:
    if queries.kept(person) == me().person_id:
        raise Refusal("own_erasure", _("Nobody erases themselves here. Your own account page has it."), 403)


def _erase(person_id: UUID, form: forms.OwnErasureForm) -> Any:
    if not form.validate_on_submit():
        return _page(person_id, form, 422)
    by, own = me().person_id, queries.kept(person_id) == me().person_id
    try:
        _need_password(form.password.data)
        with db.write():
            kept = service.erase(person_id, by, form.reason.data if isinstance(form, forms.ErasureForm) else "")
    except Refusal as refusal:
        form.refuse(refusal)
        return _page(person_id, form, refusal.status)
    if own:
        viewer.sign_out()
    return render_template("people/erased.html", own=own, kept=kept)


def _need_password(typed: str) -> None:
    """Refuse unless it is the viewer's own password; counted, so that an open session does not help to guess it."""
    count("password", str(me().person_id))
    stored = queries.password_hash_of(me().person_id)
    db.end_read()
    if not passwords.fits(stored, typed):
        raise Refusal("password_wrong", _("This is not your password."), field="password")
