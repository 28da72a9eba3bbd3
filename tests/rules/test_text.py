"""Texts as other programs may have them."""

import csv
import io

import pytest

from lms.text import cell


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_never_begins_a_formula(value):
    assert cell(value) == f"'{value}"
    out = io.StringIO()
    csv.writer(out).writerow([cell(value)])
    assert next(csv.reader(io.StringIO(out.getvalue(), newline="")))[0][0] == "'"


def test_other_cells_stay_as_they_are():
    assert [cell(text) for text in ("Amina", "", "1=1", "é")] == ["Amina", "", "1=1", "é"]
