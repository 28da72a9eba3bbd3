"""Static files: fingerprinted, immutable, compressed once at start and served from memory (they are five)."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

import brotli
from flask import Flask, Response, abort, request, url_for

from lms.web.viewer import permit

FOLDER = Path(__file__).parent / "static"


@dataclass(frozen=True)
class Asset:
    media_type: str
    etag: str
    plain: bytes
    gzip: bytes
    br: bytes


def load(folder: Path = FOLDER) -> tuple[dict[str, str], dict[str, Asset]]:
    """Read the folder: names to fingerprinted names (`look.1f2e3d4c.css`), and those to their bytes."""
    names, assets = {}, {}
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()[:8]
        media_type = mimetypes.guess_type(path.name)[0] or "text/plain"
        printed = f"{path.stem}.{digest}{path.suffix}"
        names[path.name] = printed
        assets[printed] = Asset(media_type, digest, data, gzip.compress(data, 9, mtime=0), brotli.compress(data))
    return names, assets


def init_app(app: Flask) -> None:
    names, assets = load()

    @permit("web.public")
    def asset(name: str) -> Response:
        if (found := assets.get(name)) is None:
            abort(404)
        accepted = request.headers.get("Accept-Encoding", "")
        encoding = next((e for e in ("br", "gzip") if e in accepted), "")
        data = getattr(found, encoding) if encoding else found.plain
        response = Response(data, mimetype=found.media_type)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.headers["Vary"] = "Accept-Encoding"
        if encoding:
            response.headers["Content-Encoding"] = encoding
        return response

    def asset_url(name: str) -> str:
        return url_for("asset", name=names[name])

    app.add_url_rule("/static/<name>", "asset", asset)
    app.jinja_env.globals["asset"] = asset_url
