"""One page for the administrator: is the content in order, and what is written."""

from __future__ import annotations

from collections import Counter

from flask import Blueprint, current_app, render_template

from lms.curriculum import check, index
from lms.policy import define
from lms.web import language
from lms.web.viewer import permit

blueprint = Blueprint("curriculum", __name__, template_folder="templates")

define("content.see", "administrator")


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
