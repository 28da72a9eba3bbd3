"""Tables that people take along: the rows that a page shows, as CSV and as XLSX, with the page's as-of time.

A cell is typed: text, a whole number or a decimal, a `Share`, a date, a moment, nothing. Numbers stay numbers,
dates stay dates, and no text is ever computed by the spreadsheet that opens it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO, StringIO
from typing import Any

from flask import Response
from flask_babel import gettext as _

from lms import clock
from lms.text import cell
from lms.web import language, viewer

_FORBIDDEN = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]+')
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LONGEST = 32767  # characters in a cell of a spreadsheet


@dataclass(frozen=True)
class Share:
    """A share of 0 to 1: whole per cent, rounded down, as the pages say it."""

    value: float

    @property
    def percent(self) -> int:
        return int(self.value * 100 + 1e-9)


Value = str | int | float | Share | date | datetime | None


@dataclass(frozen=True)
class Table:
    """What a page shows: `title` says of what and how filtered, `as_of` when it was asked."""

    title: str
    as_of: datetime
    heads: Sequence[str]
    rows: Sequence[Sequence[Value]]

    def first_line(self) -> str:
        """Title and as-of time; with the zone's name, since a file is read elsewhere than its page."""
        person = viewer.current()
        zone = (person.time_zone if person else "") or "UTC"
        asked = _("As of %(when)s (%(zone)s)", when=language.moment(self.as_of), zone=zone)
        return str(_(" · ")).join((self.title, asked))


def csv_response(name: str, table: Table) -> Response:
    """UTF-8 with its mark, so that every spreadsheet reads the letters; dates as ISO 8601."""
    out = StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([cell(table.first_line())])
    writer.writerow([cell(head) for head in table.heads])
    writer.writerows([_plain(value) for value in row] for row in table.rows)
    return attachment(("\ufeff" + out.getvalue()).encode(), "text/csv; charset=utf-8", f"{name}.csv")


def _plain(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, Share):
        return f"{value.percent}%"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return cell(value) if isinstance(value, str) else str(value)


def xlsx_response(name: str, table: Table) -> Response:
    """One sheet, written row by row: its heads frozen and ready to filter, from right to left where one reads so."""
    import xlsxwriter

    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True})
    book.set_properties({"title": table.title[:200], "created": table.as_of.replace(tzinfo=None)})
    sheet = book.add_worksheet()
    if language.direction() == "rtl":
        sheet.right_to_left()
    bold = book.add_format({"bold": True})
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    formats = {
        Share: book.add_format({"num_format": "0%"}),
        date: book.add_format({"num_format": "yyyy-mm-dd"}),
        datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
    }
    for column, width in enumerate(_widths(table)):
        sheet.set_column(column, column, width)
    sheet.write_string(0, 0, table.first_line()[:_LONGEST], bold)
    for column, title in enumerate(table.heads):
        sheet.write_string(1, column, title, head)
    for number, row in enumerate(table.rows, 2):
        for column, value in enumerate(row):
            _write(sheet, number, column, value, formats)
    sheet.freeze_panes(2, 1)
    sheet.autofilter(1, 0, max(2, len(table.rows) + 1), max(0, len(table.heads) - 1))
    book.close()
    return attachment(out.getvalue(), XLSX, f"{name}.xlsx")


def _write(sheet: Any, row: int, column: int, value: Value, formats: dict[type, Any]) -> None:
    if isinstance(value, str):
        sheet.write_string(row, column, value[:_LONGEST])
    elif isinstance(value, Share):
        sheet.write_number(row, column, value.percent / 100, formats[Share])
    elif isinstance(value, datetime):
        person = viewer.current()
        there = value.astimezone(clock.zone(person.time_zone if person else "UTC"))
        sheet.write_datetime(row, column, there.replace(tzinfo=None), formats[datetime])
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, formats[date])
    elif value is not None:
        sheet.write_number(row, column, value)


def _widths(table: Table) -> list[int]:
    """How wide each column is, in letters: as its longest cell, within reason."""
    columns = zip(*table.rows, strict=True) if table.rows else ([] for _head in table.heads)
    return [
        min(44, max(9, min(len(head), 16) + 2, *(len(_plain(value)) + 1 for value in column), 0))
        for head, column in zip(table.heads, columns, strict=True)
    ]


def attachment(data: bytes, kind: str, name: str) -> Response:
    """A file as a download; its name without what some system cannot write."""
    response = Response(data, content_type=kind)
    plain = " ".join(_FORBIDDEN.sub(" ", name).split()).lstrip(".-~ ")
    stem, _dot, extension = plain.rpartition(".")
    while len(stem.encode()) > 150:
        stem = stem[:-1]
    response.headers.set("Content-Disposition", "attachment", filename=f"{stem.strip()}.{extension}")
    return response
