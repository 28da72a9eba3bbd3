"""Static files: fingerprinted, immutable, served from memory (they are five), compressed when first asked for."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import brotli
from flask import Flask, Response, abort, request, url_for

from lms.web.viewer import permit

FOLDER = Path(__file__).parent / "static"
# Named here: the system's own list takes 50 ms to read, and is another one on each machine.
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}


@dataclass(frozen=True)
class Asset:
    media_type: str
    etag: str
    plain: bytes

    @cached_property
    def gzip(self) -> bytes:
        return gzip.compress(self.plain, 9, mtime=0)

    @cached_property
    def br(self) -> bytes:
        return bytes(brotli.compress(self.plain))


def load(folder: Path = FOLDER) -> tuple[dict[str, str], dict[str, Asset]]:
    """Read the folder: names to fingerprinted names (`look.1f2e3d4c.css`), and those to their bytes."""
    names, assets = {}, {}
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()[:8]
        printed = f"{path.stem}.{digest}{path.suffix}"
        names[path.name] = printed
        assets[printed] = Asset(MEDIA_TYPES[path.suffix], digest, data)
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
