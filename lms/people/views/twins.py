"""Two records of one human: merged, and parted again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from lms import db
from lms.people import forms, merging, queries, service
from lms.people.views import blueprint
from lms.policy import Refusal, Target, allows
from lms.web.viewer import me, permit


def _record_target(person: UUID) -> Target | None:
    return queries.record_target(person)


def _merged_target(person: UUID, merged: UUID) -> Target | None:
    return queries.record_target(person) if merging.is_merged(person, merged) else None


def _other(given: str) -> UUID | None:
    """The other record that an address or a form names; None for none, 404 where it is not the viewer's to manage."""
    try:
        other = UUID(given) if given else None
    except ValueError:
        abort(404)
    if other is not None:
        target = queries.record_target(other)
        if target is None or not allows("people.manage", me(), target):
            abort(404)
    return other


@blueprint.get("/admin/people/<uuid:person>/merge")
@permit("people.manage", _record_target)
def merge(person: UUID) -> Any:
    """Find the other record; with it, the two side by side and what merging them means."""
    other = _other(request.args.get("with", ""))
    if other is not None:
        return _comparison(person, other, forms.MergeForm(formdata=None))
    words = request.args.get("q", "")[:200]
    return render_template(
        "people/find_twin.html",
        person=queries.person(person),
        words=words,
        page=queries.search(words) if words.strip() else None,
        twins=[] if words.strip() else merging.twins(person, queries.reach(me(), "people.manage")),
    )


def _comparison(person: UUID, other: UUID, form: forms.MergeForm, status: int = 200) -> Any:
    found = merging.compare(person, other) if person != other else None
    if found is None:  # one of them was merged, or it is the same: what there is stands on the person's page
        return redirect(url_for("people.person", person=person), 303)
    form.kept.choices = [(str(record.id), record.name) for record in found]
    form.kept.data = form.kept.data or str(merging.suggested(*found))
    page = render_template("people/merge.html", person=found[0], other=found[1], form=form, role_names=forms.ROLE_NAMES)
    return page, status


@blueprint.post("/admin/people/<uuid:person>/merge")
@permit("people.manage", _record_target)
def merge_records(person: UUID) -> Any:
    """Merge the two; the one that was chosen is kept."""
    form = forms.MergeForm()
    other = _other(request.form.get("with", ""))
    if other is None:
        return redirect(url_for("people.merge", person=person), 303)
    form.kept.choices = [(str(key), "") for key in (person, other)]
    if not form.validate_on_submit():
        return _comparison(person, other, form, 422)
    kept, merged = (person, other) if form.kept.data == str(person) else (other, person)
    try:
        with db.write():
            service.merge_records(kept, merged, me().person_id, form.reason.data)
    except Refusal as refusal:
        form.refuse(refusal)
        return _comparison(person, other, form, refusal.status)
    flash(_("The two records are one now. Nothing of either was lost."), "ok")
    return redirect(url_for("people.person", person=kept), 303)


@blueprint.get("/admin/people/<uuid:person>/records/<uuid:merged>/part")
@permit("people.manage", _merged_target)
def part(person: UUID, merged: UUID) -> Any:
    """What goes where when they are parted."""
    kept, apart = merging.sides(person, merged) or abort(404)
    return render_template("people/part.html", kept=kept, apart=apart, role_names=forms.ROLE_NAMES)


@blueprint.post("/admin/people/<uuid:person>/records/<uuid:merged>/part")
@permit("people.manage", _merged_target)
def part_records(person: UUID, merged: UUID) -> Any:
    with db.write():
        service.part_records(merged, me().person_id)
    flash(_("They are two records again, each with its own."), "ok")
    return redirect(url_for("people.person", person=person), 303)
