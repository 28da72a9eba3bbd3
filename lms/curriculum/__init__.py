"""Curriculum: what is taught, read from `content/` into an immutable index. No database."""

from flask import Flask
from flask_babel import lazy_gettext as _l

from lms.curriculum import glossary, index, library, views
from lms.web import menu


def init_app(app: Flask) -> None:
    config = app.config["LMS"]
    index.configure(config.content_dir, config.data_dir / "cache" / "content")
    glossary.configure(config.content_dir)
    library.configure(config.content_dir)
    menu.add("curriculum.problems", _l("Content"), "learn", 60, lambda viewer: viewer.has("administrator"))
    app.register_blueprint(views.blueprint)
