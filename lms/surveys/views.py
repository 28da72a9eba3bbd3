"""Surveys: their pages for coordinators, the page that answers one, and results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from lms import clock, db, limits
from lms.people import queries as people
from lms.policy import Grant, Refusal, Target, allows, define
from lms.surveys import audiences, editing, presentation, queries, rules, service, templates
from lms.surveys.forms import CopyForm, SendForm
from lms.surveys.queries import Asked
from lms.web import language
from lms.web.viewer import me, permit

blueprint = Blueprint("surveys", __name__, template_folder="templates")

define("survey.list", "coordinator", "facilitator", "administrator", "observer")
define("survey.manage", "coordinator", "administrator")
define("survey.results", "coordinator", "facilitator", "administrator", "observer")
define("survey.institution", "focal_point", "coordinator", "administrator")
define("survey.answer", "focal_point")

UNKNOWN_LINKS_A_MINUTE = 30
ANSWERS_A_MINUTE = 20
PRIVATE = {"X-Robots-Tag": "noindex, nofollow"}


def survey_target(survey: UUID) -> Target | None:
    return queries.target_of(survey)


def version_target(version: UUID) -> Target | None:
    return queries.version_target(version)


def office_target(survey: UUID, organisation: UUID) -> Target | None:
    return queries.office_target(survey, organisation)


# --- Coordinators ----------------------------------------------------------------------------------


@blueprint.get("/surveys")
@permit("survey.list")
def surveys() -> str:
    """The surveys in one's reach; for who may send, the questionnaires too."""
    viewer = me()
    sends = allows("survey.manage", viewer)
    return render_template(
        "surveys/surveys.html",
        sendings=queries.sendings(viewer),
        templates=templates.current() if sends else {},
        copies=queries.copies(viewer) if sends else [],
        say=presentation.say,
    )


def _coordinated() -> list[Grant]:
    return [grant for grant in me().grants if grant.role in ("administrator", "coordinator")]


def _scopes() -> list[tuple[str, str]]:
    """Whose copies the viewer may make: the scopes that they coordinate, the whole programme first."""
    scopes = sorted({(grant.scope, grant.scope_id) for grant in _coordinated()}, key=lambda s: (s[0] != "programme", s))
    names = people.scope_names({scope for scope in scopes if scope[1]})
    return [(f"{s}:{id}", names.get((s, id), id) if id else _("The whole programme")) for s, id in scopes]


def _template_page(id: str, form: CopyForm, status: int = 200) -> tuple[str, int]:
    made = templates.current().get(id) or abort(404)
    form.scope.choices = _scopes()
    spoken = [language.NAMES[code] for code in made.languages]
    values = {"made": made, "form": form, "spoken": spoken, "fields": {}}
    return render_template("surveys/template.html", say=presentation.say, **values), status


@blueprint.get("/surveys/templates/<id>")
@permit("survey.manage")
def template(id: str) -> Any:
    """A questionnaire as those see it who are asked."""
    return _template_page(id, CopyForm(formdata=None))


@blueprint.post("/surveys/templates/<id>")
@permit("survey.manage")
def copy(id: str) -> Any:
    """Open one's own copy of it, made where there is none."""
    form = CopyForm()
    form.scope.choices = _scopes()
    db.end_read()
    if not form.validate_on_submit():
        return _template_page(id, form, 422)
    scope, _colon, scope_id = form.scope.data.partition(":")
    with db.write():
        version = service.copy(id, scope, scope_id, me().person_id, afresh="afresh" in request.form)
    return redirect(url_for("surveys.edit", version=version), 303)


def _edit_page(version: UUID, fields: Mapping[str, str], wrong: Mapping[str, str], status: int = 200) -> Any:
    found = queries.version(version)
    spoken = _edited_language()
    return render_template(
        "surveys/edit.html",
        version=found,
        made=found.questionnaire,
        fields=fields or editing.fields_of(found.questionnaire, spoken),
        wrong={field: presentation.EDIT_WRONG[code] for field, code in wrong.items()},
        spoken=spoken,
        say=presentation.say,
        kinds=presentation.KIND_NAMES,
        may_begin_anew=(found.scope, found.scope_id) in {(g.scope, g.scope_id) for g in _coordinated()},
    ), status


def _edited_language() -> str:
    asked = request.values.get("in", "")
    return asked if asked in language.NAMES else language.code()


@blueprint.get("/surveys/versions/<uuid:version>/edit")
@permit("survey.manage", version_target)
def edit(version: UUID) -> Any:
    """Edit a copy, in one language at a time."""
    return _edit_page(version, {}, {})


@blueprint.post("/surveys/versions/<uuid:version>/edit")
@permit("survey.manage", version_target)
def save(version: UUID) -> Any:
    """Keep what was edited as the next version. What is wrong is said beside its field; nothing typed is lost."""
    fields = request.form.to_dict()
    spoken = _edited_language()
    made = editing.edited(queries.version(version).questionnaire, fields, spoken)
    db.end_read()
    if made.wrong:
        return _edit_page(version, fields, made.wrong, 422)
    try:
        with db.write():
            saved = service.edit(version, made.questionnaire, me().person_id)
    except Refusal as refusal:
        flash(refusal.message, "late")
        return _edit_page(version, fields, {}, refusal.status)
    flash(_("Nothing was changed.") if saved == version else _("Saved as a new version."), "ok")
    return redirect(f"{url_for('surveys.edit', version=saved)}?in={spoken}", 303)


def _send_form() -> SendForm:
    """The form with the questionnaires and audiences that the viewer may reach."""
    viewer, form = me(), SendForm()
    own = [(str(copy.id), _("Edited copy: %(title)s", title=copy.title.text)) for copy in queries.copies(viewer)]
    plain = [(made.id, presentation.say(made.title).text) for made in templates.current().values()]
    form.version.choices = [*plain, *own]
    form.audience.choices = {
        str(audience.label): [(f"{audience.kind}:{id}", name) for id, name in choices]
        for audience in audiences.KINDS.values()
        if (choices := audience.choices(viewer))
    }
    if request.method == "GET":
        form.version.data, form.audience.data = request.args.get("version"), request.args.get("audience")
    return form


@blueprint.route("/surveys/new", methods=["GET", "POST"])
@permit("survey.manage")
def new() -> Any:
    """Send a questionnaire."""
    form = _send_form()
    db.end_read()
    if request.method == "POST" and form.validate():
        try:
            survey, asked = _send(form)
            flash(_on_their_way(asked), "ok")
            return redirect(url_for("surveys.survey", survey=survey), 303)
        except Refusal as refusal:
            form[refusal.field or "audience"].errors = [refusal.message]
    return render_template("surveys/new.html", form=form), 422 if form.errors else 200


def _send(form: SendForm) -> tuple[UUID, int]:
    kind, _colon, audience_id = form.audience.data.partition(":")
    by, chosen = me().person_id, form.version.data
    with db.write():
        version = service.version_of_template(chosen) if chosen in templates.current() else UUID(chosen)
        return service.send(version, kind, audience_id, form.last_day.data, by, form.title.data or "")


def _on_their_way(letters: int) -> str:
    number = language.number(letters)
    return str(
        ngettext("%(count)s letter is on its way.", "%(count)s letters are on their way.", letters, count=number)
    )


@blueprint.get("/surveys/<uuid:survey>")
@permit("survey.manage", survey_target)
def survey(survey: UUID) -> str:
    """How it is going: how many of how many, and what can be done."""
    found = queries.sending(survey, me())
    lines = queries.office_lines(survey)[1] if found.by_offices else []
    return render_template("surveys/survey.html", survey=found, lines=lines, least=rules.LEAST)


@blueprint.post("/surveys/<uuid:survey>/reminder")
@permit("survey.manage", survey_target)
def remind(survey: UUID) -> Any:
    """Remind those who have not answered, once; the worker would do it three days before the end."""
    with db.write():
        sent = service.remind(survey, me().person_id)
    flash(_on_their_way(sent) if sent else _("Everybody who has not answered was reminded already."), "ok")
    return redirect(url_for("surveys.survey", survey=survey), 303)


@blueprint.post("/surveys/<uuid:survey>/closing")
@permit("survey.manage", survey_target)
def close(survey: UUID) -> Any:
    """Close it before its day. That is final."""
    if "sure" not in request.form:
        raise Refusal("not_sure", _("Closing is final. Set the mark that says so, and press again."))
    with db.write():
        service.close(survey, me().person_id)
    flash(_("The survey is closed. Its results are released."), "ok")
    return redirect(url_for("surveys.results", survey=survey), 303)


# --- Results ---------------------------------------------------------------------------------------


def _found(survey: UUID) -> queries.Sending:
    """A survey within reach. What offices answered is for those who manage it: for others it is not there."""
    try:
        return queries.sending(survey, me())
    except LookupError:
        abort(404)


@blueprint.get("/surveys/<uuid:survey>/results")
@permit("survey.results", survey_target)
def results(survey: UUID) -> str:
    found = _found(survey)
    if found.by_offices:
        made, lines = queries.office_lines(survey)
        return render_template("surveys/offices.html", survey=found, made=made, lines=lines, say=presentation.say,
                               answer=presentation.answer, now=clock.now())  # fmt: skip
    told = queries.results(survey)
    return render_template("surveys/results.html", survey=found, results=told, findings=presentation.shown(told),
                           say=presentation.say, least=rules.LEAST)  # fmt: skip


@blueprint.get("/surveys/<uuid:survey>/results.csv")
@permit("survey.results", survey_target)
def results_csv(survey: UUID) -> Response:
    """The same as the page, for a spreadsheet."""
    found = _found(survey)
    if found.by_offices:
        made, lines = queries.office_lines(survey)
        text = presentation.offices_file(made, lines, found.title.text, found.audience, clock.now())
    else:
        text = presentation.results_file(queries.results(survey), found.title.text, found.audience)
    response = Response(text, mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename="results.csv")
    return response


# --- Answering -------------------------------------------------------------------------------------


def _answer_page(asked: Asked, action: str, fields: Any, status: int = 200, **more: Any) -> Any:
    standing = asked.standing
    given = fields if fields is not None else presentation.fields_of(
        asked.questionnaire, standing.answers if standing else {}
    )  # fmt: skip
    values = {"seen": standing.number if standing else 0, "wrong": {}, "trouble": "", **more}
    page = render_template("surveys/answer.html", asked=asked, action=action, fields=given, say=presentation.say,
                           least=rules.LEAST, **values)  # fmt: skip
    return page, status, PRIVATE


def _wrong(codes: Mapping[str, str]) -> dict[str, str]:
    return {question: str(presentation.WRONG[code]) for question, code in codes.items()}


def _asked(token: str) -> Asked:
    """What a link asks. Links that are not ours are counted, so that nobody tries them by the thousand; our own are
    not, since a whole classroom may open theirs from one address."""
    asked = queries.asked_by(token)
    if asked is None:
        db.end_read()
        _count("survey.unknown", request.remote_addr or "", UNKNOWN_LINKS_A_MINUTE)
        raise service.link_unknown()
    return asked


def _count(bucket: str, key: str, allowed: int) -> None:
    with db.write():
        wait = limits.take(bucket, key, allowed, 60)
    if wait:
        message = _("That was very often. Go on in %(seconds)s seconds.", seconds=language.number(wait))
        raise Refusal("too_many", message, status=429)


@blueprint.get("/s/<token>")
@permit("web.public")
def answer(token: str) -> Any:
    """The survey that a link asks, in one page. Opening it changes nothing: mail scanners open links too."""
    asked = _asked(token)
    if asked.answered or asked.state != "open":
        return render_template("surveys/done.html", asked=asked, say=presentation.say), 200, PRIVATE
    return _answer_page(asked, url_for("surveys.answer", token=token), None)


@blueprint.post("/s/<token>")
@permit("web.public")
def save_answer(token: str) -> Any:
    """Take the answer. What is wrong is said beside its question, with everything that was typed."""
    asked = _asked(token)
    db.end_read()
    _count("survey.answer", token, ANSWERS_A_MINUTE)
    action = url_for("surveys.answer", token=token)
    return _take(asked, action, lambda answers, seen: service.answer(token, answers, seen))


def _take(asked: Asked, action: str, keep: Any) -> Any:
    fields = request.form.to_dict(flat=False)
    typed = rules.typed(asked.questionnaire, fields)
    seen = request.form.get("seen", 0, type=int)
    if typed.wrong and not asked.answered and asked.state == "open":
        return _answer_page(asked, action, fields, 422, wrong=_wrong(typed.wrong), seen=seen)
    try:
        with db.write():
            keep(typed.answers, seen)
    except Refusal as refusal:
        if refusal.code != "answered_meanwhile" or asked.office is None:
            raise
        db.end_read()
        newer = queries.asked_of_office(asked.survey, asked.office)
        return _answer_page(newer, action, fields, refusal.status, trouble=refusal.message)
    if asked.office is not None:
        flash(_("The answer of your office is saved. Thank you."), "ok")
    return redirect(action, 303)


@blueprint.get("/surveys/<uuid:survey>/organisations/<uuid:organisation>")
@permit("survey.institution", office_target)
def office(survey: UUID, organisation: UUID) -> Any:
    """An office's own answer: for its focal points, who may amend it, and its coordinator."""
    asked = queries.asked_of_office(survey, organisation)
    of_office = Target(scopes=frozenset({("organisation", str(organisation))}))
    if asked.state == "open" and allows("survey.answer", me(), of_office):
        return _answer_page(asked, request.path, None)
    return render_template(
        "surveys/office.html",
        asked=asked,
        earlier=asked.history[1:],
        say=presentation.say,
        answer=presentation.answer,
        may_manage=allows("survey.manage", me(), audiences.target_of(*asked.sent_to)),
    )


@blueprint.post("/surveys/<uuid:survey>/organisations/<uuid:organisation>")
@permit("survey.answer", office_target)
def save_office(survey: UUID, organisation: UUID) -> Any:
    """A focal point answers, signed in."""
    asked = queries.asked_of_office(survey, organisation)
    db.end_read()
    by = me().person_id
    return _take(
        asked, request.path, lambda answers, seen: service.answer_for_office(survey, organisation, answers, seen, by)
    )
