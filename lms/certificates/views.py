"""One's own certificates, downloads, and the page where anyone checks one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms import db, limits
from lms.certificates import archive, competencies, queries, rules
from lms.curriculum import library
from lms.files import service as files
from lms.files import zipped
from lms.people import queries as people
from lms.policy import OVER_OFFICES, Refusal, Target, define
from lms.web import language
from lms.web.viewer import me, permit, wants_fragment

blueprint = Blueprint("certificates", __name__, template_folder="templates")

define("certificate.list", signed_in=True)
_EARNED = _l("your certificates, to download; those who keep an office those that you earned there")
define("certificate.download", "focal_point", "coordinator", "facilitator", "administrator", own=True, shows=_EARNED)
define(
    "organisation.certificates",
    "focal_point",
    "coordinator",
    "administrator",
    over=OVER_OFFICES,
    shows=_EARNED,
)

define("competency.read", signed_in=True)
define(
    "competency.holders",
    "focal_point",
    "coordinator",
    "administrator",
    over=OVER_OFFICES,
    shows=_l("the competencies that your certificates certify, to those who keep your office of today"),
)

CHECKS_A_MINUTE = 30


def certificate_target(certificate: UUID) -> Target | None:
    return queries.target_of(certificate)


def organisation_target(organisation: UUID) -> Target | None:
    return people.organisation_target(organisation)


@blueprint.get("/certificates")
@permit("certificate.list")
def certificates() -> str:
    return render_template("certificates/certificates.html", certificates=queries.certificates_of(me().person_id))


@blueprint.get("/certificates/<uuid:certificate>")
@permit("certificate.download", certificate_target)
def download(certificate: UUID) -> Any:
    """The PDF; before there is one, a page that waits for it and asks here whether there is news."""
    held = queries.by_id(certificate)
    own = held.person_id == me().person_id
    if wants_fragment():
        return _news(held, own)
    if held.file_id is not None:
        return files.send(held.file_id)
    return render_template("certificates/waiting.html", held=held, own=own)


def _news(held: queries.Listed, own: bool) -> Any:
    """For a page that waits: nothing yet; the holder's list anew; for others the line as it is now."""
    if held.state == "waiting":
        return "", 204
    if own:
        return "", 204, {"HX-Redirect": url_for("certificates.certificates")}
    return render_template("certificates/_line.html", held=held, own=own)


@blueprint.get("/competencies")
@permit("competency.read")
def all_competencies() -> str:
    """What the programme teaches to do, and how one stands with each."""
    standings = competencies.standings(me().person_id)
    certified = sum(one.state == "certified" for one in standings.values())
    return render_template(
        "certificates/competencies.html",
        groups=competencies.by_module(standings.values()),
        certified=certified,
        count=len(standings),
    )


@blueprint.get("/competencies/<code>")
@permit("competency.read")
def competency(code: str) -> str:
    """What it means, what teaches and what shows it, how one stands; who holds it, for those who keep an office."""
    standing = competencies.standings(me().person_id).get(code)
    if standing is None:
        abort(404)
    keeps = bool(me().may_over("competency.holders"))
    return render_template(
        "certificates/competency.html",
        standing=standing,
        lessons=competencies.lessons_that_teach(code),
        read=[item for item in library.current() if code in item.competencies],
        offices=competencies.holders(code, people.reach(me(), "competency.holders")) if keeps else [],
        keeps=keeps,
        share=rules.CERTIFIED_SHARE,
    )


@blueprint.get("/organisations/<uuid:organisation>/certificates.zip")
@permit("organisation.certificates", organisation_target)
def organisation_zip(organisation: UUID) -> Response:
    """Every issued certificate that was earned at an office, in one file that is made while it is sent."""
    issued = [held for held in queries.of_organisation(organisation) if held.file_id is not None]
    rows = files.rows([held.file_id for held in issued if held.file_id is not None])
    office = people.organisation(organisation).name_in(language.code())
    pieces = archive.stream(issued, rows, office, people.last_confirmed([organisation]).get(organisation))
    db.forget()  # a slow line shall not hold a connection
    return zipped.attachment(pieces, "certificates.zip")


@blueprint.get("/verify")
@permit("web.public")
def verify() -> Any:
    """Where anyone types a code. A slip of the pen is told without looking anything up."""
    typed = request.args.get("code", "").strip()
    code = rules.normalise(typed)
    if code is not None:
        return redirect(url_for("certificates.verify_code", code=code))
    return _answer(422 if typed else 200, typed=typed)


@blueprint.get("/verify/<code>")
@permit("web.public")
def verify_code(code: str) -> Any:
    """What stands on the certificate of that code, and whether it holds. The address in the QR code."""
    known = rules.normalise(code)
    if known is None:
        return _answer(422, typed=code)
    _count_this_check()
    held = queries.by_code(known)
    printed = queries.printed(held.snapshot) if held and held.state == "issued" else None
    if held is not None and held.file_id is not None and held.erased_at is not None:
        return _answer(200, code=known, held=held, printed=printed, file=files.rows([held.file_id])[held.file_id])
    return _answer(200 if held else 404, code=known, held=held, printed=printed)


def _answer(status: int, **values: Any) -> tuple[str, int, dict[str, str]]:
    return (
        render_template("certificates/verify.html", **values),
        status,
        {"X-Robots-Tag": "noindex, nofollow"},
    )


def _count_this_check() -> None:
    """Thirty checks a minute from one address, so that nobody tries codes by the thousand."""
    with db.write():
        wait = limits.take("verify", request.remote_addr or "", CHECKS_A_MINUTE, 60)
    if wait:
        message = _("Many codes were checked from here. Go on in %(seconds)s seconds.", seconds=language.number(wait))
        raise Refusal("too_many_checks", message, status=429)
