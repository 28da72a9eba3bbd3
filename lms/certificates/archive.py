"""All certificates of an office as one ZIP, written while it is sent: never whole in memory or on disk."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from flask import Flask, current_app
from flask_babel import gettext as _

from lms import clock
from lms.certificates import rules
from lms.certificates.queries import Listed
from lms.files import service as files
from lms.files.models import StoredFile
from lms.policy import Refusal
from lms.text import cell


class _Sink:
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


def stream(certificates: Sequence[Listed], rows: Mapping[UUID, StoredFile]) -> Iterator[bytes]:
    """The ZIP in pieces: each PDF as it was issued (not compressed: PDFs are), then a list for a sheet.

    A file that the disk does not hold as it was stored is left out, and the list says so. What is said is said in
    the language of this moment; the pieces come when the request is long over, and need nothing of it.
    """
    heads = [
        _("Name"),
        _("Name in Latin letters"),
        _("Certificate"),
        _("Course"),
        _("Completed"),
        _("Valid until"),
        _("Result, per cent"),
        _("Code"),
        _("File"),
    ]
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return _pieces(app, certificates, rows, heads, _("The file is damaged and was left out."))


def _pieces(
    app: Flask,
    certificates: Sequence[Listed],
    rows: Mapping[UUID, StoredFile],
    heads: list[str],
    left_out: str,
) -> Iterator[bytes]:
    sink = _Sink()
    lines = [heads]
    with ZipFile(sink, "w", ZIP_STORED) as archive:  # type: ignore[call-overload]
        for held in certificates:
            name = rules.file_name(held.snapshot["name"], held.code)
            try:
                with app.app_context():
                    data = files.proved(rows[held.file_id])  # type: ignore[index]
                archive.writestr(_entry(name, held.issued_at), data)
            except Refusal:
                name = left_out
            lines.append(_line(held, name))
            yield sink.take()
        archive.writestr(_entry("index.csv", None), _sheet(lines))
    yield sink.take()


def _entry(name: str, at: datetime | None) -> ZipInfo:
    entry = ZipInfo(name, (at or clock.now()).timetuple()[:6])
    entry.external_attr = 0o644 << 16
    return entry


def _line(held: Listed, file: str) -> list[str]:
    snapshot = held.snapshot
    return [
        snapshot["name"],
        snapshot["name_latin"],
        snapshot["what"],
        snapshot["course"],
        snapshot["completed_on"],
        snapshot["valid_until"],
        str(snapshot["percent"]),
        held.code,
        file,
    ]


def _sheet(lines: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([[cell(value) for value in line] for line in lines])
    return ("\ufeff" + out.getvalue()).encode()
