"""Questions about people's records, for whoever answers for an office; a person's own report of a move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms import db
from lms.people import forms, queries, service
from lms.people.views import blueprint
from lms.people.views.account import account_page, back_to_account, move_form
from lms.policy import OVER_OFFICES, Refusal, Target, define
from lms.web.viewer import me, permit

define(
    "office.answer",
    "focal_point",
    "coordinator",
    "administrator",
    over=OVER_OFFICES,
    shows=_l("questions about your record: a move that you reported, an address from which letters come back"),
)
define("people.own_question", own=True)


def _question_target(question: UUID) -> Target | None:
    return queries.question_target(question)


def _own_question(question: UUID) -> Target | None:
    return queries.own_question_target(question)


def _page(question: UUID, status: int = 200, **given: forms.Form) -> tuple[str, int]:
    row = queries.question(question)
    shown = {
        "arrival": forms.ArrivalForm(formdata=None, starts_on=row.on),
        "word": forms.WordForm(formdata=None),
        "address": forms.RepliedForm(formdata=None),
    } | given
    names = {"reasons": forms.REASON_NAMES, "destinations": forms.DESTINATION_NAMES}
    return render_template("people/question.html", question=row, **shown, **names), status


@blueprint.get("/questions/<uuid:question>")
@permit("office.answer", _question_target)
def question(question: UUID) -> Any:
    return _page(question)


@blueprint.post("/questions/<uuid:question>")
@permit("office.answer", _question_target)
def answer(question: UUID) -> Any:
    """One press answers; what a form adds to it is checked first."""
    row = queries.question(question)
    db.end_read()
    act = _ANSWERS.get((row.kind, request.form.get("answer", ""))) or abort(400)
    form, do = act
    typed = form() if form else None
    name = _NAMES.get(form, "") if form else ""
    if typed is not None and not typed.validate_on_submit():
        return _page(question, 422, **{name: typed})
    try:
        with db.write():
            message = do(question, typed, me().person_id)
    except Refusal as refusal:
        if typed is None or refusal.status != 422:
            raise
        typed.refuse(refusal)
        return _page(question, 422, **{name: typed})
    flash(message, "ok")
    place = url_for("desk.one_office", organisation=row.organisation_id) if row.organisation_id else "/today"
    return redirect(place, 303)


def _ended(question: UUID, _form: Any, by: UUID) -> Any:
    service.confirm_move(question, by)
    return _("The end is entered. What was earned there stays with the office.")


def _still_here(question: UUID, form: forms.WordForm, by: UUID) -> Any:
    service.deny_move(question, form.word.data, by)
    return _("The person reads your answer on their account page.")


def _here(question: UUID, form: forms.ArrivalForm, by: UUID) -> Any:
    service.confirm_arrival(question, form.starts_on.data, by)
    return _("The person is on your staff now.")


def _not_here(question: UUID, _form: Any, by: UUID) -> Any:
    service.deny_arrival(question, by)
    return _("Noted. Nothing was changed.")


def _works(question: UUID, _form: Any, by: UUID) -> Any:
    service.say_address_works(question, by)
    return _("Letters go there again.")


def _another(question: UUID, form: forms.RepliedForm, by: UUID) -> Any:
    if service.give_another_address(question, form.address.data, by):
        return _("A letter is on its way there. Letters go there once the person has confirmed it, signed in.")
    return _("The address is entered.")


_NAMES: dict[type[forms.Form], str] = {
    forms.ArrivalForm: "arrival",
    forms.WordForm: "word",
    forms.RepliedForm: "address",
}
_ANSWERS: dict[tuple[str, str], tuple[type[forms.Form] | None, Callable[..., str]]] = {
    ("moved", "ended"): (None, _ended),
    ("moved", "still_here"): (forms.WordForm, _still_here),
    ("came", "here"): (forms.ArrivalForm, _here),
    ("came", "not_here"): (None, _not_here),
    ("bounced", "works"): (None, _works),
    ("bounced", "another"): (forms.RepliedForm, _another),
}


# --- one's own ------------------------------------------------------------------------------------------


@blueprint.post("/account/moves")
@permit("web.signed_in")
def report_move() -> Any:
    form = move_form(None)
    db.end_read()
    if not form.validate_on_submit():
        return account_page(422, move=form)
    try:
        with db.write():
            service.report_move(
                me().person_id,
                UUID(form.membership.data),
                form.ends_on.data,
                word=form.word.data or "",
                **form.values(),
            )
    except Refusal as refusal:
        form.refuse(refusal)
        return account_page(refusal.status, move=form)
    return back_to_account(_("Said. Your office is asked, and nothing changes before it has answered."))


@blueprint.post("/account/moves/<uuid:question>/undo")
@permit("people.own_question", _own_question)
def undo_move(question: UUID) -> Any:
    with db.write():
        service.take_back_move(question, me().person_id)
    return back_to_account(_("Taken back."))
