"""Who is asking, and whether they may: the session, the viewer, the guard that every route names.

The session cookie holds a person's id and an epoch; *sign out everywhere* raises the person's epoch, which ends
every cookie that carries an older one. The room `people` says how a viewer is loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from uuid import UUID

from babel import Locale
from babel.lists import format_list
from flask import abort, g, redirect, request, session, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from lms import db, places
from lms.policy import PERMISSIONS, Grant, Target, Viewer, allows, define, reaching

define("web.public", anyone=True)
define("web.signed_in", signed_in=True)

_load: Callable[[UUID], Viewer | None] = lambda person_id: None  # noqa: E731


def loaded_by(load: Callable[[UUID], Viewer | None]) -> None:
    """Say how a person's viewer is loaded: one statement, plain values."""
    global _load
    _load = load


def current() -> Viewer | None:
    """The signed-in person of this request, loaded once; None when nobody is signed in."""
    if "viewer" not in g:
        g.viewer = None
        if (key := session.get("person")) is not None:
            viewer = _load(UUID(hex=key))
            if viewer is not None and viewer.epoch == session.get("epoch"):
                g.viewer = viewer
    return cast(Viewer | None, g.viewer)


def me() -> Viewer:
    """The signed-in person, where the route's permission has made sure that there is one."""
    viewer = current()
    if viewer is None:
        abort(401)
    return viewer


# What roles are called, as lazy words; the room that gives roles fills it.
role_words: dict[str, Any] = {}


def as_whom() -> str:
    """The role by which the page was opened, in words, with the country or region that it holds over; "" for none.

    A cohort or an office is named by its page. A page that gathers from several roles names each.
    """
    reached = cast(list[Grant], g.get("reached", []))
    words = [str(role_words.get(role, role)) for role in dict.fromkeys(grant.role for grant in reached)]
    spoken = (get_locale() or Locale("en")).language
    if len(reached) == 1 and reached[0].scope in ("country", "region"):
        name = places.name if reached[0].scope == "country" else places.region_name
        return str(_("%(role)s, %(place)s", role=words[0], place=name(reached[0].scope_id, spoken)))
    return str(format_list(words, locale=spoken)) if words else ""


def sign_in(viewer: Viewer) -> None:
    """Begin a session for this person. A new session: nothing of the old one is carried over."""
    session.clear()
    session["person"] = viewer.person_id.hex
    session["epoch"] = viewer.epoch
    session.permanent = True
    g.viewer = viewer


def sign_out() -> None:
    session.clear()
    g.viewer = None


def wants_fragment() -> bool:
    """Whether htmx or our own script asks, so that the answer is a fragment and not a page."""
    return "HX-Request" in request.headers or request.headers.get("X-Requested-With") == "duramen"


def permit(name: str, target: Callable[..., Target | None] | None = None) -> Callable[[Any], Any]:
    """Guard a view: it runs only for a viewer who has the permission over its target.

    `target` gets the view's URL values and returns what they are about, or None where there is no such thing.
    What one may not see is answered like what does not exist (404), so that ids tell nothing.
    """
    rule = PERMISSIONS[name]

    def wrap(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(**values: Any) -> Any:
            if not rule.anyone:
                viewer = current()
                if viewer is None:
                    return _sign_in_first()
                found = target(**values) if target else None
                if target and (found is None or not allows(name, viewer, found)):
                    abort(404)
                if not target and not allows(name, viewer):
                    abort(403)
                if not rule.signed_in and not (rule.own and found and found.person == viewer.person_id):
                    reached = reaching(name, viewer, found)
                    g.reached = reached[:1] if target else reached
                if request.method not in ("GET", "HEAD"):
                    db.end_read()
            return view(**values)

        guarded.permission = name  # type: ignore[attr-defined]
        return guarded

    return wrap


def _sign_in_first() -> Response:
    if wants_fragment():
        abort(401)
    if request.method not in ("GET", "HEAD"):
        abort(401)
    return redirect(url_for("people.sign_in", next=request.full_path.rstrip("?")), 303)


def local_path(where: str | None, otherwise: str) -> str:
    """`where` if it is a path of this site, else `otherwise`: a link may not send people elsewhere after sign-in."""
    plain = where is not None and where.startswith("/") and not where.startswith("//")
    return where if where is not None and plain and "\\" not in where and where.isprintable() else otherwise
