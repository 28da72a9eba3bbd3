"""A file that somebody gives back: what is wrong with it is said, with the row; nothing else of it is believed.

CSV in whatever separator, with or without a byte order mark, in UTF-8, UTF-16 or Windows-1252, and XLSX, told apart by
what they are and not by their names. Spreadsheets are unpacked only after their size was added up.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _

from lms.policy import Refusal
from lms.text import search_key
from lms.web import language

LARGEST = 8 * 1024 * 1024  # bytes of an upload
UNPACKED = 120 * 1024 * 1024  # bytes of a spreadsheet, unpacked
MOST_ROWS = 50_000
FIRST = 5  # faults that are told; of more only their number

Row = tuple[int, dict[str, str]]  # its number in the file (the heads are 1), what stands in the columns asked for


def read(data: bytes, columns: Sequence[str], titles: Mapping[str, Collection[str]]) -> list[Row]:
    """The columns asked for, row by row; other columns are passed over, and so are empty rows.

    `titles` are other words for a column, as the code book has them. Raises Refusal: `empty_file`, `too_large`,
    `not_a_table`, `encoding`, `columns`, `too_many_rows`, each with what is wrong and where.
    """
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise Refusal("empty_file", _("The file is empty."), field="file")
    if len(data) > LARGEST:
        raise too_large()
    lines = _spreadsheet(data) if data.startswith(b"PK") else _text(data, columns)
    return list(_rows(lines, columns, titles))


def too_large() -> Refusal:
    size = language.number(LARGEST // 1024 // 1024)
    return Refusal(
        "too_large",
        _("The file is larger than %(size)s MB. Give back only the columns asked for.", size=size),
        413,
        "file",
    )


def _spreadsheet(data: bytes) -> Iterator[list[str]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > UNPACKED or len(packed.infolist()) > 2000:
                raise too_large()
            names = {entry.filename for entry in packed.infolist()}
        if "xl/workbook.xml" not in names:
            raise _no_table()
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
        for row in sheet.iter_rows():
            yield [_cell(value) for value in row]
    except (zipfile.BadZipFile, CalamineError, RuntimeError, ValueError, KeyError, OSError) as error:
        raise _no_table() from error


def _no_table() -> Refusal:
    message = _("This is no table that we can read. Save it as XLSX or as CSV and send it again.")
    return Refusal("not_a_table", message, 422, "file")


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value).strip()


def _text(data: bytes, columns: Sequence[str]) -> Iterator[list[str]]:
    """The lines of a CSV, with the separator that parts its first line into the most columns."""
    text = _decoded(data)
    if "\0" in text or data.startswith((b"%PDF", b"\xd0\xcf\x11\xe0", b"{", b"<")):
        raise _no_table()
    first = text.partition("\n")[0]
    separator = max(";,\t", key=first.count)
    if len(columns) > 1 and separator not in first:
        raise _no_table()
    try:
        yield from (
            [cell.strip() for cell in line] for line in csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        )
    except csv.Error as error:
        raise _no_table() from error


def _decoded(data: bytes) -> str:
    """UTF-8 with or without its mark, UTF-16 with it, else Windows-1252, in which spreadsheets save."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    else:
        encoding = "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        message = _("Row %(row)s is not in UTF-8. Save the file as CSV in UTF-8, or as XLSX.", row=language.number(row))
        raise Refusal("encoding", message, 422, "file") from None


def _rows(lines: Iterator[list[str]], columns: Sequence[str], titles: Mapping[str, Collection[str]]) -> Iterator[Row]:
    heads: list[str] | None = None
    places: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if number > MOST_ROWS:
            message = _("The file has more than %(count)s rows.", count=language.number(MOST_ROWS))
            raise Refusal("too_many_rows", message, 422, "file")
        if not any(line):
            continue
        if heads is None:
            heads = line
            places = _places(heads, columns, titles)
            continue
        yield number, {column: line[at] if at < len(line) else "" for column, at in places.items()}
    if heads is None:
        raise Refusal("empty_file", _("The file is empty."), field="file")


def _places(heads: list[str], columns: Sequence[str], titles: Mapping[str, Collection[str]]) -> dict[str, int]:
    """Where each column stands. Refusal (columns): which are missing, and which there are."""
    there = {search_key(head): place for place, head in reversed(list(enumerate(heads)))}
    found = {}
    for column in columns:
        names = [search_key(name) for name in (column, *titles.get(column, ()))]
        place = next((there[name] for name in names if name in there), None)
        if place is not None:
            found[column] = place
    missing = [column for column in columns if column not in found]
    if missing:
        message = _(
            "The first row has no column %(missing)s. It has: %(there)s.",
            missing=language.listed(missing),
            there=language.listed([head[:40] for head in heads if head][:12]),
        )
        raise Refusal("columns", message, 422, "file")
    return found


def coded(
    rows: Sequence[Row], key: str, keys: Collection[str], codes: Mapping[str, Collection[str]]
) -> dict[str, tuple[str, ...]]:
    """The codes of each row by its key, in the order of `codes`; a key of several columns has points between them.
    In a column without codes whatever stands there.

    Raises Refusal (rows) for the first rows whose key is none of ours, stands twice, or whose code is not one of the
    column's; how many more there are.
    """
    known = {column: {code.lower(): code for code in own} for column, own in codes.items()}
    wrong: list[tuple[int, str, str, str]] = []  # row, what is wrong, column, what stands there
    found: dict[str, tuple[str, ...]] = {}
    for number, values in rows:
        given = ".".join(values[column] for column in key.split("."))
        if given not in keys:
            wrong.append((number, "unknown", key, given))
        elif given in found:
            wrong.append((number, "twice", key, given))
        else:
            line = found[given] = tuple(_said(values[column].strip(), known[column]) for column in codes)
            wrong += [
                (number, "code", column, code)
                for column, code in zip(codes, line, strict=True)
                if codes[column] and code not in codes[column]
            ]
    if wrong:
        said = " ".join(_wrong(*one, codes) for one in wrong[:FIRST])
        if len(wrong) > FIRST:
            said += " " + _("And %(count)s more.", count=language.number(len(wrong) - FIRST))
        raise Refusal("rows", said, 422, "file")
    return found


def _said(value: str, known: Mapping[str, str]) -> str:
    """A code as it is written in ours; where there are none, the value, a whole number without empty decimals."""
    if known:
        return known.get(value.lower(), value)
    whole, _point, decimals = value.partition(".")
    return whole if whole.isdecimal() and not decimals.strip("0") else value


def _wrong(number: int, what: str, column: str, given: str, codes: Mapping[str, Collection[str]]) -> str:
    row, given = language.number(number), given[:40]
    if what == "unknown":
        return str(_("Row %(row)s: there is no “%(key)s” in the data.", row=row, key=given))
    if what == "twice":
        return str(_("Row %(row)s: “%(key)s” stands there a second time.", row=row, key=given))
    words = {"row": row, "column": column, "code": given, "codes": language.listed(codes[column])}
    return str(_("Row %(row)s, %(column)s: “%(code)s” is none of %(codes)s.", **words))
