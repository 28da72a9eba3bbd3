"""Nominations: decided by the coordinator; the place that a person takes or does not take."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from lms import db
from lms.cohorts import held, queries, service
from lms.cohorts.views import blueprint
from lms.cohorts.views.groups import cohort_target
from lms.policy import Refusal, define
from lms.web import language
from lms.web.viewer import me, permit

define("nomination.own", own=True)
define(
    "nomination.decide",
    "coordinator",
    "administrator",
    shows=_l("your nominations: what your office or you wrote, your supervisor’s agreement, and how they ended"),
)

NOMINATION_CHIPS = {"nominated": "info", "selected": "ok", "waiting": "due", "refused": "", "declined": "late"}


@blueprint.app_template_global("nomination_state")
def nomination_state(state: str) -> tuple[Any, str]:
    """What a nomination's state is called, and the class of its chip."""
    return held.NOMINATION_NAMES[state], NOMINATION_CHIPS.get(state, "")


@blueprint.get("/cohorts/<uuid:cohort>/nominations")
@permit("nomination.decide", cohort_target)
def nominations(cohort: UUID) -> str:
    return _page(cohort)


def _page(cohort: UUID, **given: Any) -> str:
    """`given`: who was ticked and what was written, where it has to be said why that cannot be."""
    return render_template("cohorts/nominations.html", view=queries.selection_of(cohort), **given)


def _back(cohort: UUID, message: str, kind: str = "ok") -> Any:
    flash(message, kind)
    return redirect(url_for("cohorts.nominations", cohort=cohort), 303)


def _ids(values: list[str]) -> list[UUID]:
    """The ids that were ticked; what is no id is left out."""
    found = []
    for value in values[:2000]:
        try:
            found.append(UUID(value))
        except ValueError:
            continue
    return found


@blueprint.post("/cohorts/<uuid:cohort>/nominations")
@permit("nomination.decide", cohort_target)
def decide(cohort: UUID) -> Any:
    """Select, put on the waiting list or refuse whoever is ticked."""
    act = request.form.get("act", "")
    if act not in ("selected", "waiting", "refused"):
        raise Refusal("act", _("Press one of the buttons of the page."), 400)
    ticked, reason = _ids(request.form.getlist("nomination")), request.form.get("reason", "")
    try:
        with db.write():
            moved = service.decide(cohort, ticked, act, reason, me().person_id)
    except Refusal as refusal:
        page = _page(cohort, trouble=refusal.message, ticked=set(ticked), reason=reason)
        return page, refusal.status, {"X-Refusal": refusal.code}
    return _back(cohort, _said(act, moved))


def _said(act: str, moved: int) -> Any:
    """What was decided for how many."""
    count = language.number(moved)
    if act == "selected":
        return ngettext("%(count)s person is selected.", "%(count)s people are selected.", moved, count=count)
    if act == "waiting":
        return ngettext(
            "%(count)s person is on the waiting list.",
            "%(count)s people are put on the waiting list.",
            moved,
            count=count,
        )
    return ngettext("%(count)s person is refused.", "%(count)s people are refused.", moved, count=count)


@blueprint.post("/cohorts/<uuid:cohort>/nominations/<uuid:nomination>/place")
@permit("nomination.decide", queries.nomination_target)
def move_waiting(cohort: UUID, nomination: UUID) -> Any:
    with db.write():
        service.move_waiting(nomination, request.form.get("to") == "up", me().person_id)
    return redirect(url_for("cohorts.nominations", cohort=cohort, _anchor="waiting"), 303)


@blueprint.post("/cohorts/<uuid:cohort>/nominations/<uuid:nomination>/decline")
@permit("nomination.decide", queries.nomination_target)
def decline(cohort: UUID, nomination: UUID) -> Any:
    """Somebody does not take the place, as they told the coordinator."""
    with db.write():
        service.decline(nomination, "coordinator", me().person_id)
    return _back(cohort, _("It is noted that they do not take the place."))


@blueprint.post("/cohorts/<uuid:cohort>/nominations/<uuid:nomination>/letter")
@permit("nomination.decide", queries.nomination_target)
def send_place_again(cohort: UUID, nomination: UUID) -> Any:
    with db.write():
        service.send_place_again(cohort, nomination, me().person_id)
    return _back(cohort, _("The letter is on its way once more."))


@blueprint.post("/cohorts/<uuid:cohort>/nominations/closing")
@permit("nomination.decide", cohort_target)
def make_selection(cohort: UUID) -> Any:
    """The selection is made: whoever was refused or waits is told, all at once."""
    with db.write():
        sent = service.make_selection(cohort, me().person_id)
    message = ngettext(
        "The selection is made. %(count)s letter is on its way to whoever has no place.",
        "The selection is made. %(count)s letters are on their way to those who have no place.",
        sent,
        count=language.number(sent),
    )
    return _back(cohort, message)


# --- the person -------------------------------------------------------------------------------------------


@blueprint.get("/nominations/<uuid:nomination>")
@permit("nomination.own", queries.offer_target)
def nomination(nomination: UUID) -> str:
    return render_template("cohorts/nomination.html", offer=queries.offer(nomination))


@blueprint.post("/nominations/<uuid:nomination>")
@permit("nomination.own", queries.offer_target)
def answer(nomination: UUID) -> Any:
    """They take the place, or do not."""
    takes = request.form.get("answer") == "take"
    if not takes and request.form.get("answer") != "cannot":
        raise Refusal("answer", _("Press one of the buttons of the page."), 400)
    with db.write():
        if takes:
            service.take_place(nomination, me().person_id)
        else:
            service.decline(nomination, "person", me().person_id)
    message = _("The place is yours.") if takes else _("Thank you for saying so. Somebody else can take the place.")
    flash(message, "ok")
    return redirect(url_for("desk.today") if takes else url_for("cohorts.nomination", nomination=nomination), 303)
