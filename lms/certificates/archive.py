"""All certificates of an office as one ZIP, written while it is sent: never whole in memory or on disk."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zipfile import ZIP_STORED, ZipFile

from flask import Flask, current_app
from flask_babel import gettext as _

from lms import clock
from lms.certificates import rules
from lms.certificates.queries import Listed
from lms.files import service as files
from lms.files.models import StoredFile
from lms.files.zipped import Sink, entry
from lms.people.models import shown_name
from lms.policy import Refusal
from lms.web import language


@dataclass(frozen=True)
class _Words:
    """What the sheet says, in the language of the request: the pieces come when that is long over."""

    above: str
    heads: list[str]
    left_out: str
    erased: str
    title: str
    right_to_left: bool


# Name, in Latin letters, certificate, course, completed, valid until, result, code, file.
WIDTHS = (30, 30, 34, 38, 13, 13, 10, 24, 48)


def stream(
    certificates: Sequence[Listed], rows: Mapping[UUID, StoredFile], office: str, confirmed_on: date | None
) -> Iterator[bytes]:
    """The ZIP in pieces: each PDF as it was issued (not compressed: PDFs are), then a sheet that lists them.

    A file that the disk does not hold as it was stored is left out, and the sheet says so. Above its columns stands
    the office, as of when it is, and when the staff was last confirmed.
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
    confirmed = (
        _("Staff was last confirmed on %(day)s.", day=language.day(confirmed_on))
        if confirmed_on
        else _("The staff was never confirmed.")
    )
    as_of = _("As of %(when)s.", when=language.moment(clock.now()))
    words = _Words(
        f"{office}. {as_of} {confirmed}",
        heads,
        _("The file is damaged and was left out."),
        _("Its holder had it erased."),
        _("Certificates"),
        language.direction() == "rtl",
    )
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return _pieces(app, certificates, rows, words)


def _pieces(
    app: Flask,
    certificates: Sequence[Listed],
    rows: Mapping[UUID, StoredFile],
    words: _Words,
) -> Iterator[bytes]:
    sink = Sink()
    lines: list[list[Any]] = []
    with ZipFile(sink, "w", ZIP_STORED) as archive:  # type: ignore[call-overload]
        for held in certificates:
            name = rules.file_name(held.snapshot["name"], held.code)
            if held.erased_at is not None:
                lines.append(_line(held, words.erased))
                continue
            try:
                with app.app_context():
                    data = files.proved(rows[held.file_id])  # type: ignore[index]
                archive.writestr(entry(name, held.issued_at), data)
            except Refusal:
                name = words.left_out
            lines.append(_line(held, name))
            yield sink.take()
        archive.writestr(entry("index.xlsx"), _sheet(lines, words))
    yield sink.take()


def _line(held: Listed, file: str) -> list[Any]:
    snapshot = held.snapshot
    return [
        shown_name(snapshot["name"]),
        snapshot["name_latin"],
        snapshot["what"],
        snapshot["course"],
        held.completed_on,
        held.valid_until,
        snapshot["percent"],
        held.code,
        file,
    ]


def _sheet(lines: list[list[Any]], words: _Words) -> bytes:
    """The list as a spreadsheet: dates are dates, numbers are numbers, and no text is ever computed."""
    import xlsxwriter

    out = io.BytesIO()
    plain = {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, {"in_memory": True, **plain}) as book:
        sheet = book.add_worksheet(words.title[:31])
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        if words.right_to_left:
            sheet.right_to_left()
        for column, width in enumerate(WIDTHS):
            sheet.set_column(column, column, width)
        sheet.write_string(0, 0, words.above)
        for column, head in enumerate(words.heads):
            sheet.write_string(1, column, head, bold)
        sheet.freeze_panes(2, 0)
        for row, line in enumerate(lines, 2):
            for column, value in enumerate(line):
                if isinstance(value, date):
                    sheet.write_datetime(row, column, datetime(value.year, value.month, value.day), day)  # noqa: DTZ001
                elif isinstance(value, int):
                    sheet.write_number(row, column, value)
                else:
                    sheet.write_string(row, column, "" if value is None else str(value))
    return out.getvalue()
