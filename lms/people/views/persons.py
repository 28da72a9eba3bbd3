"""People, for administrators; invitations, for whoever may invite that person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import segno
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from wtforms.validators import InputRequired

from lms import clock, db
from lms.mail.service import link
from lms.people import forms, merging, queries, rules, service
from lms.people.views import blueprint
from lms.people.views.entry import count
from lms.policy import ROLES, Refusal, Target, define
from lms.web import language
from lms.web.viewer import local_path, me, permit

define(
    "people.invite",
    "administrator",
    "coordinator",
    "focal_point",
    shows=_l("your name and addresses, and whether you have joined, to invite you"),
)


def _invitee_target(person: UUID) -> Target | None:
    return queries.target_of(person)


def _person_target(person: UUID) -> Target | None:
    return queries.record_target(person)


def _grant_target(person: UUID, grant: UUID) -> Target | None:
    return queries.record_target(person) if queries.is_role_of(person, grant) else None


def _membership_target(person: UUID, membership: UUID) -> Target | None:
    return queries.membership_target(person, membership)


def _reach() -> queries.Reach:
    return queries.reach(me(), "people.manage")


@blueprint.get("/admin/people")
@permit("people.manage")
def people() -> str:
    words = request.args.get("q", "")[:200]
    page = queries.search(words, request.args.get("page", 1, type=int), _reach())
    return render_template("people/people.html", page=page, words=words)


def _office_choices(offices: list[queries.Office], nothing: str = "") -> list[tuple[str, str]]:
    return [("", nothing), *((str(o.id), o.name_in(language.code())) for o in offices)]


@blueprint.route("/admin/people/new", methods=["GET", "POST"])
@permit("people.manage")
def new_person() -> Any:
    form, reached = forms.NewPersonForm(), _reach()
    form.organisation.choices = _office_choices(queries.organisations(reached), _("none") if reached.whole else "")
    if not reached.whole:  # whoever belongs to no office is in nobody's reach but the whole programme's
        form.organisation.validators = [InputRequired(_("Choose the office."))]
    db.end_read()
    if form.validate_on_submit():
        office = UUID(form.organisation.data) if form.organisation.data else None
        try:
            with db.write():
                key = service.create_person(
                    form.name.data,
                    form.address.data,
                    language=form.language.data,
                    organisation_id=office,
                    by=me().person_id,
                )
            return redirect(url_for("people.person", person=key), 303)
        except Refusal as refusal:
            form.refuse(refusal)
    return render_template("people/new_person.html", form=form), 422 if form.errors else 200


def _scope_choices(offices: list[queries.Office]) -> dict[str, list[tuple[str, str]]]:
    """What the viewer can give a role over, in groups; cohorts name their own staff."""
    groups = {
        _("Programme"): [("programme:", _("the whole programme"))] if _reach().whole else [],
        _("Office"): [(f"organisation:{o.id}", o.name_in(language.code())) for o in offices],
        _("Country"): queries.country_scopes(offices),
        _("Region"): queries.region_scopes(me(), "people.manage"),
    }
    return {name: choices for name, choices in groups.items() if choices}


def _role_choices() -> list[tuple[str, Any]]:
    """The roles that the viewer can give."""
    given = frozenset().union(*(rules.GIVES.get(grant.role, frozenset()) for grant in me().may_over("people.manage")))
    return [("", ""), *((name, forms.ROLE_NAMES[name]) for name in ROLES if name in given)]


def _role_form(offices: list[queries.Office], **given: Any) -> forms.RoleForm:
    form = forms.RoleForm(**given)
    form.role.choices, form.scope.choices = _role_choices(), _scope_choices(offices)
    return form


def _page(
    person: UUID, status: int = 200, endings: dict[UUID, forms.EndForm] | None = None, **given: forms.Form
) -> tuple[str, int]:
    """One person with all that is held about them, and a form for each thing that can be done."""
    memberships = queries.memberships_of(person)
    open_ones = [line.id for line in memberships if line.ends_on is None]
    everywhere, reached = queries.organisations(), _reach()
    offices = [office for office in everywhere if reached.holds(office)]
    fresh = {key: forms.EndForm(formdata=None, prefix=key.hex, ends_on=clock.today()) for key in open_ones}
    for ending in (fresh | (endings or {})).values():
        ending.destination_id.choices = _office_choices(everywhere)
    shown: dict[str, Any] = {
        "role": _role_form(offices, formdata=None),
        "membership": forms.MembershipForm(formdata=None, starts_on=clock.today()),
        "address": forms.AddressForm(formdata=None),
        "endings": fresh | (endings or {}),
        **given,
    }
    profile, form = queries.person(person), shown["role"]
    givable = {name for name, _label in form.role.choices}
    scopes = {scope for choices in form.scope.choices.values() for scope, _name in choices}
    shown["membership"].organisation.choices = _office_choices(offices)
    page = render_template(
        "people/person.html",
        person=profile,
        merges=merging.merges_of(person),
        addresses=profile.lines,
        memberships=memberships,
        roles=[
            (line, line.role in givable and f"{line.scope}:{line.scope_id}" in scopes)
            for line in queries.roles_of(person)
        ],
        role_names=forms.ROLE_NAMES,
        reason_names=forms.REASON_NAMES,
        destination_names=forms.DESTINATION_NAMES,
        **shown,
    )
    return page, status


def _back(person: UUID, message: str) -> Any:
    flash(message, "ok")
    return redirect(url_for("people.person", person=person), 303)


@blueprint.get("/admin/people/<uuid:person>")
@permit("people.manage", _person_target)
def person(person: UUID) -> Any:
    if (kept := queries.kept(person)) != person:
        return redirect(url_for("people.person", person=kept))
    return _page(person)


@blueprint.post("/admin/people/<uuid:person>/roles")
@permit("people.manage", _person_target)
def grant_role(person: UUID) -> Any:
    form = _role_form(queries.organisations(_reach()))
    db.end_read()
    if not form.validate_on_submit():
        return _page(person, 422, role=form)
    scope, _colon, scope_id = form.scope.data.partition(":")
    try:
        with db.write():
            given = service.grant_role(person, form.role.data, scope, scope_id, me().person_id)
    except Refusal as refusal:
        form.refuse(refusal)
        return _page(person, refusal.status, role=form)
    return _back(person, _("The role is given.") if given else _("This role was held already."))


@blueprint.post("/admin/people/<uuid:person>/roles/<uuid:grant>/end")
@permit("people.manage", _grant_target)
def end_role(person: UUID, grant: UUID) -> Any:
    with db.write():
        service.end_role(grant, me().person_id)
    return _back(person, _("The role has ended."))


@blueprint.post("/admin/people/<uuid:person>/memberships")
@permit("people.manage", _person_target)
def start_membership(person: UUID) -> Any:
    form = forms.MembershipForm()
    form.organisation.choices = _office_choices(queries.organisations(_reach()))
    db.end_read()
    if not form.validate_on_submit():
        return _page(person, 422, membership=form)
    office = UUID(form.organisation.data)
    try:
        with db.write():
            service.start_membership(person, office, form.starts_on.data, by=me().person_id)
    except Refusal as refusal:
        form.refuse(refusal)
        return _page(person, refusal.status, membership=form)
    return _back(person, _("The membership is entered."))


@blueprint.post("/admin/people/<uuid:person>/memberships/<uuid:membership>/end")
@permit("people.manage", _membership_target)
def end_membership(person: UUID, membership: UUID) -> Any:
    form = forms.EndForm(prefix=membership.hex)
    form.destination_id.choices = _office_choices(queries.organisations())
    db.end_read()
    if not form.validate_on_submit():
        return _page(person, 422, endings={membership: form})
    try:
        with db.write():
            service.end_membership(membership, form.ends_on.data, by=me().person_id, **form.values())
    except Refusal as refusal:
        form.refuse(refusal)
        return _page(person, refusal.status, endings={membership: form})
    return _back(person, _("The end is entered. What was earned there stays with the office."))


@blueprint.post("/admin/people/<uuid:person>/addresses")
@permit("people.manage", _person_target)
def add_address_of(person: UUID) -> Any:
    form = forms.AddressForm()
    if not form.validate_on_submit():
        return _page(person, 422, address=form)
    try:
        with db.write():
            service.add_address(person, form.address.data, me().person_id)
    except Refusal as refusal:
        form.refuse(refusal)
        return _page(person, refusal.status, address=form)
    return _back(person, _("The address is entered."))


@blueprint.get("/people/<uuid:person>/invitation")
@permit("people.invite", _invitee_target)
def invitation_page(person: UUID) -> Any:
    """Where an invitation is sent again, or made to be printed."""
    profile = queries.person(person)
    if profile.id != person:
        return redirect(url_for("people.invitation_page", person=profile.id))
    return render_template("people/invitation_page.html", person=profile)


@blueprint.post("/people/<uuid:person>/invitation/letter")
@permit("people.invite", _invitee_target)
def send_invitation(person: UUID) -> Any:
    count("renewal", str(person))
    with db.write():
        service.invite(person, me().person_id)
    flash(_("The invitation is on its way."), "ok")
    back = url_for("people.invitation_page", person=person)
    return redirect(local_path(request.form.get("next"), back), 303)


@blueprint.post("/people/<uuid:person>/invitation/paper")
@permit("people.invite", _invitee_target)
def print_invitation(person: UUID) -> str:
    """Make a link to be handed over on paper, and show it once: only its hash is kept."""
    with db.write():
        token = service.print_invitation(person, me().person_id)
    address = link("people.invitation", token=token)
    return render_template(
        "people/printed.html",
        person=queries.person(person),
        office=queries.office_of(person),
        link=address,
        code=Markup(segno.make(address, error="m").svg_inline(light="#fff", omitsize=True)),  # noqa: S704  our own
        until=clock.today(me().time_zone) + rules.LIFETIMES["invitation"],
    )
