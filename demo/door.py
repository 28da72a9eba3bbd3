"""The door of the demonstration: choose whom to be, with no password. It exists in the demonstration only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, abort, redirect, render_template, url_for
from sqlalchemy import select

from demo.story import OFFICES, PEOPLE
from lms import db
from lms.people import queries
from lms.people.models import Address
from lms.web.viewer import permit, sign_in

blueprint = Blueprint("demo", __name__, template_folder="templates")


@blueprint.get("/demo")
@permit("web.public")
def doors() -> str:
    """Everybody one can be."""
    addresses = [somebody.address for somebody in PEOPLE]
    there = set(db.session().scalars(select(Address.key).where(Address.key.in_(addresses))))
    people = [somebody for somebody in PEOPLE if somebody.address in there]  # whoever was erased has no door any more
    offices = {office.key: office for office in OFFICES}
    return render_template("demo/doors.html", people=people, offices=offices)


@blueprint.post("/demo/be/<key>")
@permit("web.public")
def be(key: str) -> Any:
    """Become this person: the session is theirs from here on."""
    somebody = next((s for s in PEOPLE if s.key == key), None) or abort(404)
    person = db.session().scalar(select(Address.person_id).where(Address.key == somebody.address))
    viewer = queries.viewer_of(person) if person else None
    if viewer is None:
        abort(404)
    sign_in(viewer)
    response = redirect(url_for("desk.today"), 303)
    response.delete_cookie("lang")
    return response


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
