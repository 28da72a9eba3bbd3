"""All certificates of an office as one ZIP, written while it is sent: never whole in memory or on disk."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID
from zipfile import ZIP_STORED, ZipFile

from flask import Flask, current_app
from flask_babel import gettext as _

from lms.certificates import rules
from lms.certificates.queries import Listed
from lms.files import service as files
from lms.files.models import StoredFile
from lms.files.zipped import Sink, entry
from lms.people.models import shown_name
from lms.policy import Refusal


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
    left_out = _("The file is damaged and was left out."), _("Its holder had it erased.")
    return _pieces(app, certificates, rows, heads, *left_out)


def _pieces(
    app: Flask,
    certificates: Sequence[Listed],
    rows: Mapping[UUID, StoredFile],
    heads: list[str],
    left_out: str,
    erased: str,
) -> Iterator[bytes]:
    sink = Sink()
    lines = [heads]
    with ZipFile(sink, "w", ZIP_STORED) as archive:  # type: ignore[call-overload]
        for held in certificates:
            name = rules.file_name(held.snapshot["name"], held.code)
            if held.erased_at is not None:
                lines.append(_line(held, erased))
                continue
            try:
                with app.app_context():
                    data = files.proved(rows[held.file_id])  # type: ignore[index]
                archive.writestr(entry(name, held.issued_at), data)
            except Refusal:
                name = left_out
            lines.append(_line(held, name))
            yield sink.take()
        archive.writestr(entry("index.csv"), _sheet(lines))
    yield sink.take()


def _line(held: Listed, file: str) -> list[str]:
    snapshot = held.snapshot
    return [
        shown_name(snapshot["name"]),
        snapshot["name_latin"],
        snapshot["what"],
        snapshot["course"],
        snapshot["completed_on"],
        snapshot["valid_until"],
        "" if snapshot["percent"] is None else str(snapshot["percent"]),
        held.code,
        file,
    ]


def _sheet(lines: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([[rules.cell(value) for value in line] for line in lines])
    return ("\ufeff" + out.getvalue()).encode()
