"""The first page, Today, one person of a cohort, an office."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, redirect, render_template, url_for
from flask_babel import lazy_gettext as _l

from lms import policy
from lms.cohorts import queries as cohorts
from lms.cohorts.forms import ReasonForm
from lms.cohorts.views import STATE_CHIPS, STATE_NAMES, member_target
from lms.desk import queries
from lms.people import queries as people
from lms.policy import define
from lms.web.viewer import current, me, permit

blueprint = Blueprint("desk", __name__, template_folder="templates")

define("desk.today", signed_in=True)
define("office.list", "focal_point", "administrator")
define(
    "office.see",
    "focal_point",
    "administrator",
    shows=_l("your name, from when to when you belonged to the office, your post there, what you earned there"),
)


@blueprint.get("/")
@permit("web.public")
def first() -> Any:
    """Where everybody arrives: signed in, at Today; else at what this is, with the doors in."""
    if current() is not None:
        return redirect(url_for("desk.today"))
    if current_app.config["LMS"].demo:
        return redirect(url_for("demo.doors"))
    return render_template("desk/first.html")


@blueprint.get("/today")
@permit("desk.today")
def today() -> str:
    viewer = me()
    return render_template(
        "desk/today.html",
        today=queries.today_of(viewer),
        cohorts=cohorts.cohorts_of(viewer) if viewer.has(*cohorts.STAFF) else [],
        offices=[people.organisation(UUID(key)) for key in sorted(viewer.scope_ids("focal_point", "organisation"))],
    )


@blueprint.get("/cohorts/<uuid:cohort>/people/<uuid:person>")
@permit("cohort.see", member_target)
def member(cohort: UUID, person: UUID) -> str:
    """One person of a cohort: how they are getting on, what they did, and the exceptions one may make."""
    view = cohorts.view(cohort, person)
    form = ReasonForm()
    used_up = view.lines[0].used_up
    form.module.choices = [(m.id, m.title) for m in view.course.modules if m.id in used_up]
    return render_template(
        "desk/member.html",
        view=view,
        line=view.lines[0],
        addresses=people.addresses_of(person),
        events=queries.timeline_in(person, view.progress.values()),
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
    viewer = me()
    ids = sorted(viewer.scope_ids("focal_point", "organisation"))
    if len(ids) == 1:
        return redirect(url_for("desk.one_office", organisation=ids[0]))
    whole = viewer.has("administrator")
    offices = people.organisations() if whole else [people.organisation(UUID(key)) for key in ids]
    return render_template("desk/offices.html", offices=offices)


@blueprint.get("/offices/<uuid:organisation>")
@permit("office.see", lambda organisation: people.organisation_target(organisation))
def one_office(organisation: UUID) -> str:
    return render_template("desk/office.html", office=queries.office(organisation))
