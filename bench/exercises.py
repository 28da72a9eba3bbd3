"""What exercises cost: making data of a task, and grading a file of 20,000 rows as the worker does."""

from __future__ import annotations

import csv
import io
import statistics
import time
from collections.abc import Callable

import xlsxwriter

from lms.assessment import exercises
from lms.assessment.exercises import grading, uploads
from lms.assessment.exercises.frame import FORMS, Column, Dice

ROWS, SEEDS = 20_000, 60
COLUMNS = tuple(Column(f"rule_{n}", ("yes", "no")) for n in range(3))


def took(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[18]


def measure() -> None:
    for name, exercise in exercises.ALL.items():
        for form in FORMS:
            times = [took(lambda n=n, e=exercise, f=form: e.generate(f"{n:064}", f)) for n in range(SEEDS)]
            print(f"exercise {name}, {form}: data made in {p95(times):.0f} ms at p95 of {SEEDS} seeds (budget 200 ms)")
    rows = _rows()
    right = {key: codes for key, *codes in rows}
    mistakes = {f"m{k}": {"figures": {}, "rows": dict(list(right.items())[k::40])} for k in range(4)}
    expected = {"figures": {}, "rows": right, "mistakes": mistakes}
    for kind, data in (("CSV", _csv(rows)), ("XLSX", _xlsx(rows))):
        times = [took(lambda d=data: _graded(d, expected)) for _n in range(5)]
        size = f"{len(data) / 1e6:.1f} MB"
        print(f"exercise file, {kind}, {ROWS} rows, {size}: graded in {max(times):.0f} ms, slowest of 5 (budget 1 s)")


def _rows() -> list[list[str]]:
    dice = Dice("bench")
    return [[f"D{n:05}", *(dice.pick(("yes", "no")) for _c in COLUMNS)] for n in range(ROWS)]


def _csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";").writerows([["person", *(column.id for column in COLUMNS)], *rows])
    return out.getvalue().encode()


def _xlsx(rows: list[list[str]]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    for number, row in enumerate([["person", *(column.id for column in COLUMNS)], *rows]):
        sheet.write_row(number, 0, row)
    book.close()
    return out.getvalue()


def _graded(data: bytes, expected: grading.Expected) -> list[grading.ColumnFound]:
    """What `grade_file` does between reading the bytes and writing what was found; four mistakes are compared."""
    read = uploads.read(data, ["person", *(column.id for column in COLUMNS)], {})
    given = uploads.coded(read, "person", expected["rows"].keys(), {column.id: column.codes for column in COLUMNS})
    return grading.rows(COLUMNS, expected, given)
