"""Data of an exercise as files: CSV as the person's spreadsheet reads it, XLSX with its code book."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date
from io import BytesIO, StringIO

from flask_babel import gettext as _

from lms.assessment.exercises.frame import Column, Data, Sheet, Value
from lms.assessment.exercises.texts import Text
from lms.assessment.numbers import decimal_sign
from lms.text import cell


def separator(language: str) -> str:
    """What stands between the cells of a CSV: a semicolon where the comma writes decimals."""
    return ";" if decimal_sign(language) == "," else ","


def as_csv(sheet: Sheet, language: str) -> bytes:
    """UTF-8 with its mark; days as ISO 8601, numbers with the language's decimal sign and western digits."""
    out, sign = StringIO(newline=""), decimal_sign(language)
    writer = csv.writer(out, delimiter=separator(language))
    writer.writerow(sheet.heads)
    writer.writerows([_plain(value, sign) for value in row] for row in sheet.rows)
    return ("\ufeff" + out.getvalue()).encode()


def _plain(value: Value, sign: str) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value).replace(".", sign)
    return cell(value) if isinstance(value, str) else str(value)


def as_xlsx(data: Data, text: Text, returns: tuple[Column, ...]) -> bytes:
    """A sheet for each table, one for the file to give back where one is asked, and the code book."""
    import xlsxwriter

    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True})
    bold = book.add_format({"bold": True, "bottom": 1})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for table in data.sheets:
        sheet = book.add_worksheet(table.name[:31])
        for column, head in enumerate(table.heads):
            sheet.set_column(column, column, max(11, len(head) + 2))
            sheet.write_string(0, column, head, bold)
        for number, row in enumerate(table.rows, 1):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    sheet.write_string(number, column, value)
                elif isinstance(value, date):
                    sheet.write_datetime(number, column, value, day)
                elif value is not None:
                    sheet.write_number(number, column, value)
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, len(table.rows), len(table.heads) - 1)
    notes = book.add_worksheet(_("code book")[:31])
    notes.set_column(0, 1, 18)
    notes.set_column(2, 3, 44, wrapped)
    for column, head in enumerate((_("Table"), _("Column"), _("Meaning"), _("Remark"))):
        notes.write_string(0, column, head, bold)
    for number, line in enumerate(code_book(data, text, returns), 1):
        for column, words in enumerate(line):
            notes.write_string(number, column, words)
    book.close()
    return out.getvalue()


def code_book(data: Data, text: Text, returns: tuple[Column, ...] = ()) -> list[tuple[str, str, str, str]]:
    """Lines of table, column, meaning and remark; the codes of a column follow it."""
    lines = []
    for table in data.sheets:
        for head in table.heads:
            title, note = text.columns.get(head, (head, ""))
            lines.append((table.name, head, title, note))
            lines += [(table.name, head, code, says) for code, says in text.codes.get(head, {}).items()]
    for column in returns:
        codes = ", ".join(column.codes)
        lines.append((_("file to give back"), column.id, text.returns.get(column.id, column.id), codes))
    return lines


def template_of(key: str, keys: Iterable[str], returns: tuple[Column, ...]) -> Sheet:
    """The file to give back, with its keys and empty columns."""
    return Sheet(
        "give-back", (key, *(column.id for column in returns)), tuple((one, *("" for _c in returns)) for one in keys)
    )
