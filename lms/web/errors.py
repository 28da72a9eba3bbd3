"""Errors as a person meets them: what happened, what is safe, what to do. Never a stack trace, never a lost form."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from lms import db
from lms.policy import Refusal
from lms.web.viewer import wants_fragment


def _texts(status: int) -> tuple[str, str]:
    if status == 401:
        return _("You are signed out"), _("Nothing you wrote here was taken away. Sign in again and go on.")
    if status == 403:
        return _("This page is not yours to open"), _(
            "Your account has no role that opens it. Whoever coordinates your programme can give you one."
        )
    if status == 404:
        return _("There is no such page"), _("The address is wrong, or what was here is not for this account.")
    if status == 405:
        return _("That cannot be done at this address"), _("Go back and use the buttons on the page.")
    if status == 413:
        return _("That is too large"), _("Nothing was saved. Send a smaller file or a shorter text.")
    if status == 429:
        return _("Too many tries"), _("Wait a few minutes and try again. Nothing is lost.")
    if status == 503:
        return _("This could not be saved"), _(
            "The system cannot write at the moment. What you typed is kept below: send it again in a minute."
        )
    if status >= 500:
        return _("Something failed on our side"), _(
            "It was recorded and will be looked at. What was saved before is safe. Try again in a minute."
        )
    return _("That could not be understood"), _("Nothing was changed. Go back, reload the page and try again.")


# What a failed form may carry into its page, to be sent again; a password is typed anew.
_SECRET_FIELDS = {"csrf_token", "password", "password_again", "new_password"}


def _ours() -> bool:
    """Whether the form came from a page of this site: another site's must not be offered to be sent again."""
    origin = request.headers.get("Origin")
    return origin in (None, request.host_url.rstrip("/")) and request.headers.get("Sec-Fetch-Site") != "cross-site"


def page(status: int, title: str = "", message: str = "", **headers: str) -> tuple[str, int, dict[str, str]]:
    """The error as a page, or as a fragment for htmx and our own script."""
    default_title, default_message = _texts(status)
    kept = []
    if request.method == "POST" and status in (400, 401, 503) and "password" not in request.form and _ours():
        kept = [(k, v) for k, v in request.form.items(multi=True) if k not in _SECRET_FIELDS]
    values: dict[str, Any] = {
        "status": status,
        "title": title or default_title,
        "message": message or default_message,
        "kept": kept,
    }
    if wants_fragment():
        # What could not be done is said above what was typed, which stays.
        return render_template("web/_error.html", **values), status, {"HX-Reswap": "afterbegin", **headers}
    return render_template("web/error.html", **values), status, headers


def init_app(app: Flask) -> None:
    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> Any:
        db.end_read()
        return page(error.status, error.message, _("Nothing was lost."), **{"X-Refusal": error.code})

    @app.errorhandler(CSRFError)
    def stale(error: CSRFError) -> Any:
        title = _("This page had been open for too long")
        return page(400, title, _("Nothing was lost: what you typed is kept below. Send it again."))

    @app.errorhandler(HTTPException)
    def plain(error: HTTPException) -> Any:
        if error.response is not None:
            return error.response
        headers = {}
        if error.code == 405 and (allowed := getattr(error, "valid_methods", None)):
            headers["Allow"] = ", ".join(allowed)
        return page(error.code or 500, **headers)

    @app.errorhandler(OperationalError)
    def cannot_write(error: OperationalError) -> Any:
        current_app.logger.error("database: %s", error.orig)
        db.forget()
        return page(503, **{"Retry-After": "60"})

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Any:
        if current_app.testing:
            raise error
        current_app.logger.exception("unexpected")
        db.forget()
        return page(500)
