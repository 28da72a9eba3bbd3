"""Duramen: learning and training tracking that carries a person and an office from a lesson to lasting capacity."""

from __future__ import annotations

from typing import Any

from flask import Flask

from config import Config
from lms import db


def create_app(config: Config, **settings: Any) -> Flask:
    """Put the rooms together, in floor order. `settings` go to Flask (tests pass TESTING)."""
    from lms import (
        assessment,
        audit,
        certificates,
        cohorts,
        curriculum,
        desk,
        files,
        jobs,
        learning,
        mail,
        people,
        places,
        programme,
        surveys,
        web,
    )

    config.check()
    app = Flask("lms", static_folder=None)
    app.config.update(LMS=config, **settings)
    config.data_dir.mkdir(parents=True, exist_ok=True)
    db.configure(config.database)
    places.configure(config)
    rooms: tuple[Any, ...] = (
        web,
        audit,
        files,
        mail,
        jobs,
        people,
        curriculum,
        assessment,
        surveys,
        learning,
        cohorts,
        certificates,
        programme,
        desk,
    )
    for room in rooms:
        room.init_app(app)
    if config.demo:
        from demo import door

        door.init_app(app)
    web.check_permissions(app)
    return app
