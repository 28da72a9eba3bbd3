"""The glossary, the library; for the administrator whether the content is in order, and what is written."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from flask import Blueprint, current_app, render_template, request
from flask_babel import lazy_gettext as _l

from lms.curriculum import check, glossary, index, library
from lms.policy import define
from lms.web import language
from lms.web.viewer import permit

blueprint = Blueprint("curriculum", __name__, template_folder="templates")

define("content.see", "administrator")
define("reference.read", signed_in=True)

KIND_NAMES = {
    "standard": _l("Standards"),
    "handbook": _l("Handbooks"),
    "data": _l("Data"),
    "tool": _l("Tools"),
}


@blueprint.get("/glossary")
@permit("reference.read")
def terms() -> str:
    """Every term, or those in which certain words stand, in the order of the reader's language."""
    words = " ".join(request.args.get("q", "")[:100].split())
    entries = glossary.current().entries(language.code())
    return render_template(
        "curriculum/glossary.html", entries=glossary.found(entries, words), all=len(entries), words=words
    )


@blueprint.get("/library")
@permit("reference.read")
def shelf() -> str:
    """What the library holds, or what of it was looked for."""
    items, competencies = library.current(), index.current().competencies(language.code())
    choices = {
        "kind": [(kind, name) for kind, name in KIND_NAMES.items() if any(item.kind == kind for item in items)],
        "competency": [(one.code, one.short) for one in competencies],
        "body": [(body, body) for body in sorted({item.body for item in items})],
        "language": [(code, language.name_of(code)) for code in sorted({c for item in items for c in item.languages})],
    }
    # A value that is not among the choices could not be seen on the page, nor taken back: it asks for nothing.
    asked = {name: request.args.get(name, "") for name in choices}
    asked = {name: value for name, value in asked.items() if value in dict(choices[name])}
    wanted = library.Wanted(" ".join(request.args.get("words", "")[:100].split()), **asked)
    found = library.found(items, wanted)
    return render_template(
        "curriculum/library.html",
        groups=[(KIND_NAMES[kind], list(group)) for kind, group in groupby(found, key=lambda item: item.kind)],
        count=len(found),
        wanted=wanted,
        choices=choices,
        tongues=dict(choices["language"]),
        competencies={one.code: one for one in competencies},
    )


@blueprint.get("/admin/content")
@permit("content.see")
def problems() -> str:
    """What `lms content check` says, which files serve an older version, and which lessons have a text."""
    content = index.current()
    modules = [content.module(module.id, language.code()) for module in content.modules]
    problems = [*content.problems, *check.elsewhere(current_app.config["LMS"].content_dir)]
    states: dict[str, Counter[str]] = {}
    for one in content.translations:
        states.setdefault(one.language, Counter())[one.state] += 1
    return render_template(
        "curriculum/problems.html", content=content, problems=problems, modules=modules, translations=states
    )
