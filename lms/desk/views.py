"""The first page, Today, one person of a cohort, an office."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l

from lms import clock, policy
from lms.cohorts import queries as cohorts
from lms.cohorts.board import STATE_CHIPS, STATE_NAMES
from lms.cohorts.forms import ReasonForm
from lms.cohorts.views import member_target
from lms.desk import queries
from lms.people import queries as people
from lms.people.forms import DESTINATION_NAMES, REASON_NAMES, labels
from lms.policy import OVER_OFFICES, define
from lms.web import worklist
from lms.web.viewer import current, me, permit

blueprint = Blueprint("desk", __name__, template_folder="templates")

LOOKS_AFTER = ("coordinator", "facilitator", "focal_point", "administrator")

define("desk.today", signed_in=True)
define("desk.waiting", *LOOKS_AFTER)
define("office.list", "focal_point", "coordinator", "administrator", over=OVER_OFFICES)
define(
    "office.see",
    "focal_point",
    "coordinator",
    "administrator",
    over=OVER_OFFICES,
    shows=_l("your name and post, when you came and left, where to, and the certificates earned while you were there"),
)

NEWEST = 50  # events of a person
SHOWN_FIRST = 10  # of a section; all of them on its own


@blueprint.get("/")
@permit("web.public")
def first() -> Any:
    """Where everybody arrives: signed in, at Today, or at the figures who only looks on; else at what this is."""
    if (viewer := current()) is not None:
        looks_on = {grant.role for grant in viewer.grants} == {"observer"}
        return redirect(url_for("programme.figures" if looks_on else "desk.today"))
    if current_app.config["LMS"].demo:
        return redirect(url_for("demo.doors"))
    return render_template("desk/first.html")


@blueprint.get("/today")
@permit("desk.today")
def today() -> str:
    viewer = me()
    own = queries.today_of(viewer)
    offices = [UUID(key) for key in sorted(viewer.scope_ids("focal_point", "organisation"))]
    return render_template(
        "desk/today.html",
        today=own,
        # Who learns too has a day of their own, and ten statements: what waits is then a link without its number.
        waiting=0 if own else queries.waits_for(viewer),
        offers=cohorts.offers_of(viewer.person_id),
        cohorts=cohorts.cohorts_of(viewer) if viewer.has(*cohorts.STAFF) else [],
        offices=[people.organisation(key) for key in offices],
        confirmations=people.confirmations(offices) if offices else {},
        day=clock.today(viewer.time_zone),
        is_silent=people.has_silent_address(viewer.person_id),
    )


@blueprint.get("/waiting")
@permit("desk.waiting")
def waiting() -> str:
    """What waits for somebody who looks after others: the sections that rooms fill, each with its first ten."""
    return render_template(
        "desk/waiting.html", sections=worklist.waiting(me()), whole=request.args.get("section", ""), first=SHOWN_FIRST
    )


@blueprint.get("/cohorts/<uuid:cohort>/people/<uuid:person>")
@permit("cohort.see", member_target)
def member(cohort: UUID, person: UUID) -> Any:
    """One person of a cohort: how they are getting on, what they did, and the exceptions one may make."""
    view = cohorts.view(cohort, person)
    if (known := view.lines[0].person_id) != person:  # the address of a record that was merged
        return redirect(url_for("desk.member", cohort=cohort, person=known))
    form = ReasonForm()
    used_up = view.lines[0].used_up
    form.module.choices = [(m.id, m.title) for m in view.course.modules if m.id in used_up]
    return render_template(
        "desk/member.html",
        view=view,
        line=view.lines[0],
        addresses=people.addresses_of(person),
        events=queries.timeline_in(person, view.progress.values()),
        first=None if request.args.get("all") else NEWEST,
        form=form,
        may_manage=policy.allows("cohort.manage", me(), cohorts.target(view.cohort)),
        names=STATE_NAMES,
        chips=STATE_CHIPS,
    )


@blueprint.get("/timeline")
@permit("desk.today")
def timeline() -> str:
    """One's own past, in one list."""
    return render_template("desk/timeline.html", events=queries.timeline(me().person_id))


@blueprint.get("/office")
@permit("office.list")
def office() -> Any:
    """The office that one answers for; a choice where there are several."""
    ids = me().scope_ids("focal_point", "organisation")
    if len(ids) == 1:
        return redirect(url_for("desk.one_office", organisation=next(iter(ids))))
    return redirect(url_for("desk.offices"))


@blueprint.get("/offices")
@permit("office.list")
def offices() -> str:
    """Every office that one answers for or looks after, with what it lacks."""
    lines, confirmations = queries.offices_of(me())
    keeps = bool(me().may_over("people.manage"))
    return render_template(
        "desk/offices.html", offices=lines, confirmations=confirmations, today=clock.today(), keeps=keeps
    )


@blueprint.get("/offices/<uuid:organisation>")
@permit("office.see", lambda organisation: people.organisation_target(organisation))
def one_office(organisation: UUID) -> str:
    view = queries.office(organisation)
    return render_template(
        "desk/office.html",
        office=view,
        staff=list(labels([line.member for line in view.staff if line.member.ends_on is None])),
        reasons=REASON_NAMES,
        destinations=DESTINATION_NAMES,
    )
