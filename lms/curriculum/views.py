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

WANTED = ("words", "kind", "body", "language", "competency")

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
    given = {name: " ".join(request.args.get(name, "")[:100].split()) for name in WANTED}
    items, wanted = library.current(), library.Wanted(**given)
    found = library.found(items, wanted)
    return render_template(
        "curriculum/library.html",
        groups=[(KIND_NAMES[kind], list(group)) for kind, group in groupby(found, key=lambda item: item.kind)],
        count=len(found),
        wanted=wanted,
        kinds=[(kind, name) for kind, name in KIND_NAMES.items() if any(item.kind == kind for item in items)],
        bodies=[(body, body) for body in sorted({item.body for item in items})],
        tongues={code: language.name_of(code) for code in sorted({c for item in items for c in item.languages})},
        codes=[(c.code, c.short) for c in index.current().competencies(language.code())],
        competencies={c.code: c for c in index.current().competencies(language.code())},
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
