"""Lessons as their author sees them: no database, no sign-in, the page renewed when a file is saved."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, abort, render_template, send_from_directory

from config import LANGUAGES
from lms.curriculum import check, index

STATIC = Path(__file__).parent.parent / "web" / "static"
EVERY = 0.4  # seconds between two looks at the folder


def app_for(content_dir: Path) -> Flask:
    """The preview of a content folder, as a WSGI application."""
    app = Flask("lms.curriculum.preview", static_folder=None)
    library = index.Library(content_dir, None, EVERY)

    @app.get("/")
    def lessons() -> str:
        content = library.index()
        problems = [*content.problems, *check.elsewhere(content_dir)]
        return render_template(
            "curriculum/preview.html", tongue="en", title="Preview", modules=content.modules, problems=problems
        )

    @app.get("/<language>/<lesson>")
    def lesson(language: str, lesson: str) -> str:
        content = library.index()
        found = content.lesson_or_none(lesson, language) if language in LANGUAGES else None
        if found is None:
            abort(404)
        own = [problem for problem in content.problems if f"/{found.module}/{found.number:02}-" in problem.file]
        return render_template(
            "curriculum/preview.html",
            tongue=language,
            title=found.title,
            languages=LANGUAGES,
            lesson=found,
            problems=own,
        )

    @app.get("/stamp")
    def stamp() -> str:
        """What changes when a file of the folder does."""
        files = [path for path in content_dir.rglob("*") if path.is_file()]
        return f"{len(files)} {max((path.stat().st_mtime_ns for path in files), default=0)}"

    @app.get("/preview.js")
    def script() -> Response:
        return send_from_directory(Path(__file__).parent, "preview.js")

    @app.get("/static/<path:name>")
    def static(name: str) -> Response:
        return send_from_directory(STATIC, name)

    return app
