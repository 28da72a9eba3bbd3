"""Web: the layout and the look, error pages, security headers, languages, who is asking. Knows no feature."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from lms import db
from lms.extensions import compress, csrf
from lms.web import assets, errors, language, menu, viewer
from lms.web.rings import glyph_parts, glyph_row, rings
from lms.web.shares import share_bar

blueprint = Blueprint("web", __name__, template_folder="templates")

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@blueprint.get("/health")
@viewer.permit("web.public")
def health() -> tuple[str, dict[str, str]]:
    """For whoever watches the server: the process answers. It reads nothing."""
    return "ok\n", {"Content-Type": "text/plain"}


def init_app(app: Flask) -> None:
    config = app.config["LMS"]
    app.config.update(
        SECRET_KEY=config.secret_key,
        SESSION_COOKIE_NAME="duramen",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=not config.demo and not app.testing,
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=timedelta(days=14),
        WTF_CSRF_TIME_LIMIT=None,  # a page that is a day old can still save what was typed on it
        WTF_CSRF_SSL_STRICT=False,  # the token decides; proxies of offices strip the referrer
        MAX_CONTENT_LENGTH=1024 * 1024,  # a route that takes files sets its own
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_BR_LEVEL=4,
        COMPRESS_LEVEL=5,
        COMPRESS_MIN_SIZE=800,
    )
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    csrf.init_app(app)
    compress.init_app(app)
    language.init_app(app)
    assets.init_app(app)
    errors.init_app(app)
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(
        viewer=viewer.current,
        as_whom=viewer.as_whom,
        places=menu.places,
        lms=config,
        rings=rings,
        glyph_parts=glyph_parts,
        glyph_row=glyph_row,
        share_bar=share_bar,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        if config.public_url.startswith("https://"):
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "private, no-store"
        if request.endpoint == "asset":
            response.headers.pop("Set-Cookie", None)
        return response

    @app.teardown_appcontext
    def forget(_error: BaseException | None) -> None:
        db.forget()


def check_permissions(app: Flask) -> None:
    """Every route names its permission, or the application does not start."""
    bare = [r.endpoint for r in app.url_map.iter_rules() if not hasattr(app.view_functions[r.endpoint], "permission")]
    if bare:
        raise RuntimeError(f"routes without a permission: {', '.join(sorted(bare))}")
