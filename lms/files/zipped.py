"""A ZIP that is written while it is sent: never whole in memory or on disk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from zipfile import ZipInfo

from flask import Response

from lms import clock

WHOLE = 32 * 1024 * 1024


class Sink:
    """Where the ZIP is written to: holds what was not sent yet, and cannot go back in it."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._waiting.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        data = b"".join(self._waiting)
        self._waiting.clear()
        return data


def entry(name: str, at: datetime | None = None) -> ZipInfo:
    made = ZipInfo(name, (at or clock.now()).timetuple()[:6])
    made.external_attr = 0o644 << 16
    return made


def attachment(pieces: Iterator[bytes], name: str) -> Response:
    """The ZIP as a download under that name."""
    response = Response(_whole_if_small(pieces), mimetype="application/zip")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _whole_if_small(pieces: Iterator[bytes]) -> bytes | Iterator[bytes]:
    """Up to 32 MB at once: what is streamed holds one of the server's few threads for as long as the line is slow."""
    ready, size = [], 0
    for piece in pieces:
        ready.append(piece)
        size += len(piece)
        if size > WHOLE:
            return chain(ready, pieces)
    return b"".join(ready)
