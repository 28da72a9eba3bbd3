"""The outbox for administrators; in the demonstration, the letters themselves for anyone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms import db
from lms.mail import queries, service
from lms.policy import define
from lms.web.viewer import me, permit

blueprint = Blueprint("mail", __name__, template_folder="templates")

define(
    "mail.manage",
    "administrator",
    shows=_l("what kinds of letters went to which address of yours, and whether they left"),
)


@blueprint.get("/admin/mail")
@permit("mail.manage")
def outbox() -> str:
    """What became of our letters; those that need a decision first."""
    state = request.args.get("state", "")
    shown = (state,) if state in queries.STATES else ("failed", "unknown")
    return render_template(
        "mail/outbox.html",
        counts=queries.counts(),
        lines=queries.lines(shown),
        state=state if state in queries.STATES else "",
        states=queries.STATES,
        kinds=service.KINDS,
    )


@blueprint.post("/admin/mail/<uuid:letter>/again")
@permit("mail.manage")
def send_again(letter: UUID) -> Any:
    with db.write():
        service.send_again(letter, me().person_id)
    flash(_("The letter goes once more."), "ok")
    return redirect(url_for("mail.outbox"), 303)


@blueprint.post("/admin/mail/<uuid:letter>/leave")
@permit("mail.manage")
def leave(letter: UUID) -> Any:
    with db.write():
        service.leave(letter, me().person_id)
    flash(_("The letter is left as it is; its text was removed."), "ok")
    return redirect(url_for("mail.outbox"), 303)


@permit("web.public")
def demo() -> str:
    """The demonstration's letters, newest first: nothing of it is sent to anybody."""
    return render_template("mail/demo.html", letters=queries.received(service.config().data_dir / "mail"))
