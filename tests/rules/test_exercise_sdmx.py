"""The file that the exercise on SDMX asks for, read by a library that is not ours: `sdmx1`."""

from __future__ import annotations

import csv
import io
from itertools import product

import pytest
import sdmx
from sdmx.model import v30
from test_exercises import seeds

from lms.assessment.exercises import grading, sdmx_flows, uploads

DIMENSIONS = sdmx_flows.KEY.split(".")
COLUMNS = [column.id for column in sdmx_flows.RETURNS]


def message(rows: dict[str, tuple[str, ...]], separator: str = ",") -> bytes:
    """The file of an answer, its columns in the order that version 2.0 wants."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator)
    writer.writerow([*COLUMNS[:3], *DIMENSIONS, *COLUMNS[3:]])
    writer.writerows([*codes[:3], *key.split("."), *codes[3:]] for key, codes in rows.items())
    return out.getvalue().encode()


def structure() -> v30.Dataflow:
    found = v30.DataStructureDefinition(id="DS_INFLOW")
    for name in DIMENSIONS:
        found.dimensions.append(v30.Dimension(id=name))
    found.measures.append(v30.Measure(id="OBS_VALUE"))
    for name in ("OBS_STATUS", "CONF_STATUS"):
        found.attributes.append(v30.DataAttribute(id=name))
    return v30.Dataflow(id="DF_INFLOW", structure=found)


@pytest.fixture(scope="module")
def read():
    """The observations of a file by key: value, status and confidentiality; and the action of its data set."""
    dataflow = structure()

    def reader(data: bytes):
        (dataset,) = sdmx.read_sdmx(io.BytesIO(data), format="csv", structure=dataflow).data
        found = {}
        for one in dataset.obs:
            key = tuple(str(one.key[name].value) for name in DIMENSIONS)
            assert key not in found, "each key once"
            found[key] = (
                one.value,
                *(str(one.attached_attribute[name].value) for name in ("OBS_STATUS", "CONF_STATUS")),
            )
        return found, dataset.action

    return reader


def test_a_library_that_is_not_ours_reads_the_solution(read):
    for seed in seeds(10):
        data = sdmx_flows.generate(seed, "desk")
        right = sdmx_flows.solve(data)
        found, action = read(message(dict(right.rows)))
        assert action.name == "append"
        assert len(found) == right.figures["observations"] == len(right.rows)
        assert len({key[:-1] for key in found}) == right.figures["series"]
        assert sum(int(value) for value, *_x in found.values() if value) == right.figures["control"]
        home, year = data.facts["country"], str(data.facts["year"])
        assert int(found["A", home, "_T", "_T", "_T", year][0]) == right.figures["total"]
        for value, status, reason in found.values():
            assert (value == "") == (status == "Q") == (reason in ("A", "D"))


def test_totals_are_the_sums_of_their_parts_where_nothing_is_hidden(read):
    for seed in seeds(10):
        found, _action = read(message(dict(sdmx_flows.solve(sdmx_flows.generate(seed, "desk")).rows)))
        whole = 0
        for key, (value, *_x) in found.items():
            for at in (2, 3, 4):
                parts = [own for own in found if own[:at] == key[:at] and own[at + 1 :] == key[at + 1 :]]
                values = [found[own][0] for own in parts if own[at] != "_T"]
                if key[at] == "_T" and all(values):
                    assert int(value) == sum(map(int, values))
                    whole += 1
        assert whole > 50


def test_no_line_of_the_cube_has_a_single_hidden_cell(read):
    for seed in seeds(25):
        found, _action = read(message(dict(sdmx_flows.solve(sdmx_flows.generate(seed, "desk")).rows)))
        hidden = {key for key, (value, *_x) in found.items() if value == ""}
        assert 0.02 * len(found) < len(hidden), "who forgets them has more than one line in a hundred wrong"
        for key, at in product(hidden, (2, 3, 4)):
            assert sum(own[:at] == key[:at] and own[at + 1 :] == key[at + 1 :] for own in hidden) >= 2


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_our_own_reader_grades_it_as_right(separator):
    right = sdmx_flows.solve(sdmx_flows.generate(seeds(1)[0], "desk"))
    rows = dict(right.rows)
    found = graded(message(rows, separator), rows)
    assert all(one.right == one.rows == len(rows) for one in found)
    with_decimals = {key: (*line[:3], line[3] and f"{line[3]}.0", *line[4:]) for key, line in rows.items()}
    assert all(one.right == one.rows for one in graded(message(with_decimals, separator), rows))


@pytest.mark.parametrize("name", ["totals_left_out", "zeros_left_out", "hidden_left_out", "unknown_left_out"])
def test_a_file_that_lacks_lines_is_told_which_mistake_it_is(name):
    for seed in seeds(10):
        data = sdmx_flows.generate(seed, "desk")
        kept = grading.freeze(sdmx_flows, data)
        gone = sdmx_flows.mistakes(data)[name].rows
        given = {key: tuple(codes) for key, codes in kept["rows"].items() if key not in gone}
        for column in grading.rows(sdmx_flows.RETURNS, kept, given):
            assert column.mistake == name and column.explained == len(gone) and not column.enough


def test_a_file_without_totals_is_short_and_says_where():
    rows = dict(sdmx_flows.solve(sdmx_flows.generate(seeds(1)[0], "desk")).rows)
    found = graded(message({key: line for key, line in rows.items() if "_T" not in key}), rows)
    assert not any(one.enough for one in found)
    assert all("_T" in key for one in found for key in one.examples)


def graded(data: bytes, right: dict[str, tuple[str, ...]]) -> list[grading.ColumnFound]:
    read = uploads.read(data, [*DIMENSIONS, *COLUMNS], {})
    codes = {column.id: column.codes for column in sdmx_flows.RETURNS}
    given = uploads.coded(read, sdmx_flows.KEY, right.keys(), codes)
    return grading.rows(sdmx_flows.RETURNS, {"rows": right, "mistakes": {}}, given)
