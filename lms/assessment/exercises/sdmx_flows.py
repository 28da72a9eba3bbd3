"""Immigration of two years as SDMX-CSV 2.0: a line for each key, totals under a code of their own, hidden cells empty
with their reason; and how many lines a revision has (SDMX technical working group, field guide of SDMX-CSV 2.0.0).

On the phone a table in national codes; at the desk an extract with a row for each arrival, and the file to give back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product

from lms.assessment.exercises.frame import Answer, Column, Data, Dice, Figure, Form, Sheet, Value
from lms.assessment.exercises.grading import drawn

ID = "sdmx-flows"
VERSION = 2
COMPETENCY = "C18"
LESSON = "sdmx-without-fear"
KEY = "FREQ.REF_AREA.SEX.AGE.C_PREV.TIME_PERIOD"
RETURNS = (
    Column("STRUCTURE", ("dataflow", "datastructure", "dataprovision")),
    Column("STRUCTURE_ID", ("NSO:DF_INFLOW(1.0.0)", "NSO:DF_INFLOW(1.0)")),
    Column("ACTION", ("A", "R", "D", "I")),
    Column("OBS_VALUE", ()),
    Column("OBS_STATUS", ("A", "B", "D", "E", "P", "O", "M", "Q")),
    Column("CONF_STATUS", ("F", "A", "C", "D", "N")),
)
FIGURES = (Figure("observations"), Figure("series"), Figure("total"), Figure("control"), Figure("revision"))

_COUNTRIES = ("QM", "QN", "QP", "QS", "QT")
# The country code of the office, and of the code list that is shared; where somebody came from may be unknown.
_NATIONAL = {
    "QM": "101", "QN": "102", "QP": "103", "QR": "104", "QS": "105", "QT": "106", "QU": "107", "QV": "108",
    "QW": "109", "_U": "999",
}  # fmt: skip
_SEX = {"M": "1", "F": "2"}
_BANDS = ((15, 25, 65), (15, 30, 65), (18, 35, 65), (15, 25, 45, 65))  # ages at which a group begins
_TOTAL = "_T"
_SMALL = 3  # the office's threshold: its list of hidden cells is made, the rule is not part of the task

Cell = tuple[str, ...]  # sex, age group (at the desk), country, year
Line = tuple[str, ...]  # the columns of RETURNS


@dataclass(frozen=True)
class _Flows:
    """Counts of cells, those that are hidden and why (A primary, D secondary), those who were registered late; the
    codes of each dimension."""

    counts: Mapping[Cell, int]
    hidden: Mapping[Cell, str]
    late: Mapping[Cell, int]
    codes: tuple[tuple[str, ...], ...]


def generate(seed: str, form: Form) -> Data:
    return drawn(ID, seed, form, _draw, FIGURES, solve, mistakes)


def _draw(dice: Dice, form: Form) -> Data:
    home, year = dice.pick(_COUNTRIES), dice.whole(2022, 2025)
    phone = form == "phone"
    origins = sorted(dice.sample([code for code in _NATIONAL if code not in (home, "_U")], dice.whole(3, 5))) + ["_U"]
    starts = () if phone else dice.pick(_BANDS)
    bands = _bands(starts)
    years = (str(year - 1), str(year))
    groups = [tuple(bands)] if bands else []
    codes = (tuple(_SEX), *groups, tuple(origins), years)
    facts: dict[str, Value] = {"country": home, "year": year, "before": year - 1}
    counts, hidden = _counts(dice, codes, dice.whole(500, 4_000) if phone else dice.whole(700, 2_600))
    late = _late(dice, counts, hidden, years[1])
    if phone:
        return Data((_table(counts), _phone_hidden(hidden), _phone_late(dice, late)), facts)
    sheets = (
        _records(dice, "arrivals", counts, bands, year),
        _records(dice, "late", late, bands, year),
        _hidden(hidden, bands),
        _code_list(home, origins, bands),
    )
    return Data(sheets, facts)


def _bands(starts: tuple[int, ...]) -> dict[str, tuple[int, int]]:
    """Age groups by their code of the shared list: Y0T14, Y_GE65; the first and the last age of each."""
    if not starts:
        return {}
    ages = list(zip((0, *starts), (*(age - 1 for age in starts), 99), strict=True))
    return {f"Y{low}T{high}" if high < 99 else f"Y_GE{low}": (low, high) for low, high in ages}


def _counts(dice: Dice, codes: tuple[tuple[str, ...], ...], size: int) -> tuple[dict[Cell, int], dict[Cell, str]]:
    """Counts with a few cells of one or two people, a few of nobody, and none between; and what is hidden."""
    *parts, years = codes
    while True:
        weights = [{code: dice.share(0.5, 2.0) for code in part} for part in parts]
        growth = {year: dice.share(0.8, 1.3) for year in years}
        raw = {}
        for cell in product(*codes):
            weight = growth[cell[-1]] * dice.share(0.6, 1.4)
            for part, code in zip(weights, cell[:-1], strict=True):
                weight *= part[code]
            raw[cell] = weight
        scale = size / sum(raw.values())
        counts = {cell: max(_SMALL + 1, round(weight * scale)) for cell, weight in raw.items()}
        cells = dice.shuffled([cell for cell in counts if cell[-2] != "_U"])
        more = len(codes) > 3  # at the desk, so that a file without them lacks more than one line in a hundred
        primary, empty = cells[: dice.whole(1, 2)], cells[3 : dice.whole(5 + more, 7 + more)]
        counts |= {cell: dice.whole(1, _SMALL - 1) for cell in primary} | dict.fromkeys(empty, 0)
        hidden = _pattern(counts, primary, codes)
        small = (cell for cell, count in _cube(counts, codes).items() if 0 < count < _SMALL and cell not in primary)
        if hidden is not None and not any(small):
            return counts, hidden


def _pattern(
    counts: Mapping[Cell, int], primary: list[Cell], codes: tuple[tuple[str, ...], ...]
) -> dict[Cell, str] | None:
    """With each unsafe cell those of one more code in each dimension (a rectangle, or a box), where fewest people are
    hidden: every line of the cube has then two hidden cells or none. None where no box is without a 0."""
    found = dict.fromkeys(primary, "A")
    for cell in primary:
        boxes = []
        for others in product(*(part for part in codes[:-1])):
            if all(code != own for code, own in zip(others, cell, strict=False)):
                box = [(*corner, cell[-1]) for corner in product(*zip(cell[:-1], others, strict=True))]
                if all(counts[at] for at in box):
                    boxes.append((sum(counts[at] for at in box if at not in found), box))
        if not boxes:
            return None
        for at in min(boxes)[1]:
            found.setdefault(at, "D")
    return found


def _late(dice: Dice, counts: Mapping[Cell, int], hidden: Mapping[Cell, str], year: str) -> dict[Cell, int]:
    """People of the last year who were registered after the file was sent: in cells that were neither empty nor small,
    and now and then in hidden ones."""
    shown = [cell for cell, count in counts.items() if cell[-1] == year and count > _SMALL and cell not in hidden]
    unseen = [cell for cell in hidden if cell[-1] == year and hidden[cell] == "D"]
    some = dice.sample(shown, dice.whole(2, 5)) + (dice.sample(unseen, 2) if dice.happens(0.6) else [])
    return {cell: dice.whole(1, 4) for cell in sorted(some)}


# --- sheets ---------------------------------------------------------------------------------------------------


def _table(counts: Mapping[Cell, int]) -> Sheet:
    rows = [
        (_NATIONAL[origin], int(year), counts["M", origin, year], counts["F", origin, year])
        for sex, origin, year in counts
        if sex == "M"
    ]
    rows.sort(key=lambda row: (row[1], row[0]))
    return Sheet("flows", ("came_from", "year", "men", "women"), tuple(rows))


def _phone_hidden(hidden: Mapping[Cell, str]) -> Sheet:
    rows = sorted(
        (_NATIONAL[origin], int(year), _SEX[sex], _REASON[why]) for (sex, origin, year), why in hidden.items()
    )
    return Sheet("hidden", ("came_from", "year", "sex", "reason"), tuple(rows))


_REASON = {"A": "primary", "D": "secondary"}


def _phone_late(dice: Dice, late: Mapping[Cell, int]) -> Sheet:
    rows = [(_NATIONAL[origin], int(year), _SEX[sex], count) for (sex, origin, year), count in late.items()]
    return Sheet("late", ("came_from", "year", "sex", "persons"), tuple(dice.shuffled(rows)))


def _records(
    dice: Dice, name: str, counts: Mapping[Cell, int], bands: Mapping[str, tuple[int, int]], year: int
) -> Sheet:
    """A row for each arrival. They register within weeks, and so some of December in January; a few of the first
    January arrived in the year before. Late ones register in spring."""
    lines: list[tuple[Value, ...]] = []
    late = name == "late"
    cells: list[tuple[Cell, int]] = list(counts.items())
    if not late:
        earlier = [cell for cell, count in cells if count > _SMALL and cell[-1] == str(year - 1)]
        cells += [((*dice.pick(earlier)[:-1], str(year - 2)), 1) for _n in range(dice.whole(8, 30))]
    for (sex, band, origin, when), count in cells:
        for _n in range(count):
            first, last = (335, 364) if int(when) < year - 1 else (0, 364)
            came = date(int(when), 1, 1) + timedelta(days=dice.whole(first, last))
            registered = came + timedelta(days=dice.whole(0, 40))
            if late:
                registered = date(year + 1, 3, 1) + timedelta(days=dice.whole(0, 90))
            elif int(when) < year - 1:
                registered = date(year - 1, 1, 2) + timedelta(days=dice.whole(0, 30))
            low, high = bands[band]
            age = dice.whole(low, min(high, 84))
            lines.append((came, registered, _SEX[sex], age, _NATIONAL[origin]))
    letter = "L" if late else "A"
    rows = tuple((f"{letter}{n:05}", *line) for n, line in enumerate(dice.shuffled(lines), 1))
    return Sheet(name, ("person", "arrived_on", "registered_on", "sex", "age", "came_from"), rows)


def _group(low: int, high: int) -> str:
    """An age group as the office writes it."""
    return f"{low}-{high}" if high < 99 else f"{low}+"


def _hidden(hidden: Mapping[Cell, str], bands: Mapping[str, tuple[int, int]]) -> Sheet:
    rows = sorted(
        (int(year), _SEX[sex], _group(*bands[band]), _NATIONAL[origin], _REASON[why])
        for (sex, band, origin, year), why in hidden.items()
    )
    return Sheet("hidden", ("year", "sex", "age_group", "came_from", "reason"), tuple(rows))


def _code_list(home: str, origins: Iterable[str], bands: Mapping[str, tuple[int, int]]) -> Sheet:
    rows = [
        ("FREQ", "year", "A"),
        ("REF_AREA", _NATIONAL[home], home),
        *(("SEX", own, code) for code, own in _SEX.items()),
        *(("AGE", _group(*ages), code) for code, ages in bands.items()),
        *(("C_PREV", _NATIONAL[code], code) for code in origins),
    ]
    return Sheet("codes", ("dimension", "national", "shared"), tuple(rows))


# --- reading what was given -----------------------------------------------------------------------------------


_SEXES = {own: code for code, own in _SEX.items()}
_CODES = {own: code for code, own in _NATIONAL.items()}
_REASONS = {word: code for code, word in _REASON.items()}


def _read(data: Data, *, by: int = 1) -> _Flows:
    """The flows of either form; `by` is the column of the day at the desk: of arrival, or (wrong) of registration."""
    years = (str(data.facts["before"]), str(data.facts["year"]))
    return _read_table(data, years) if data.sheets[0].name == "flows" else _read_records(data, years, by)


def _read_table(data: Data, years: tuple[str, str]) -> _Flows:
    counts: dict[Cell, int] = {}
    for came, year, men, women in data.sheet("flows").rows:
        for sex, count in (("M", men), ("F", women)):
            counts[sex, _CODES[str(came)], str(year)] = int(str(count))

    def cells(name: str) -> dict[Cell, str]:
        rows = data.sheet(name).rows
        return {(_SEXES[str(sex)], _CODES[str(came)], str(year)): str(value) for came, year, sex, value in rows}

    hidden = {cell: _REASONS[why] for cell, why in cells("hidden").items()}
    late = {cell: int(count) for cell, count in cells("late").items()}
    return _Flows(counts, hidden, late, (tuple(_SEX), tuple(dict.fromkeys(cell[1] for cell in counts)), years))


def _read_records(data: Data, years: tuple[str, str], by: int) -> _Flows:
    lines = data.sheet("codes").rows
    groups = {str(own): str(code) for dimension, own, code in lines if dimension == "AGE"}
    origins = tuple(str(code) for dimension, _own, code in lines if dimension == "C_PREV")
    codes = (tuple(_SEX), tuple(groups.values()), origins, years)
    of_age = [groups[_of_age(groups, age)] for age in range(100)]

    def counted(name: str) -> dict[Cell, int]:
        found: dict[Cell, int] = {}
        for row in data.sheet(name).rows:
            day, group = row[by], of_age[int(str(row[4]))]
            assert isinstance(day, date)  # noqa: S101
            cell = (_SEXES[str(row[3])], group, _CODES[str(row[5])], str(day.year))
            found[cell] = found.get(cell, 0) + 1
        return found

    own = counted("arrivals")
    hidden: dict[Cell, str] = {
        (_SEXES[str(sex)], groups[str(group)], _CODES[str(came)], str(year)): _REASONS[str(why)]
        for year, sex, group, came, why in data.sheet("hidden").rows
    }
    counts: dict[Cell, int] = {cell: own.get(cell, 0) for cell in product(*codes)}
    return _Flows(counts, hidden, counted("late"), codes)


def _of_age(groups: Iterable[str], age: int) -> str:
    """The group of an age: the last that begins with it or before."""
    return [group for group in groups if int(group.rstrip("+").split("-")[0]) <= age][-1]


def _cube(counts: Mapping[Cell, int], codes: tuple[tuple[str, ...], ...]) -> dict[Cell, int]:
    """The counts of every key, totals included; a year has no total."""
    found = dict.fromkeys(product(*((*part, _TOTAL) for part in codes[:-1]), codes[-1]), 0)
    for cell, count in counts.items():
        if all(code in part for code, part in zip(cell, codes, strict=True)):
            for key in product(*((code, _TOTAL) for code in cell[:-1]), cell[-1:]):
                found[key] += count
    return found


# --- answers --------------------------------------------------------------------------------------------------


def solve(data: Data) -> Answer:
    """A key for each combination of codes, totals and empty cells among them. What is hidden keeps its line, has no
    value, and is in the totals."""
    flows = _read(data)
    return Answer(_figures(flows), _rows(data, flows) if data.sheets[0].name == "arrivals" else {})


def _figures(flows: _Flows) -> dict[str, float]:
    cube, last = _cube(flows.counts, flows.codes), flows.codes[-1][-1]
    changed = [key for key, count in _cube(flows.late, flows.codes).items() if count]
    return {
        "observations": len(cube),
        "series": len(cube) // len(flows.codes[-1]),
        "total": cube[(*(_TOTAL for _part in flows.codes[:-1]), last)],
        "control": sum(count for key, count in cube.items() if key not in flows.hidden),
        "revision": sum(key not in flows.hidden for key in changed),
    }


def _rows(data: Data, flows: _Flows) -> dict[str, Line]:
    """The lines of the file at the desk: the columns of RETURNS by key."""
    home, last = str(data.facts["country"]), flows.codes[-1][-1]
    found: dict[str, Line] = {}
    for key, count in _cube(flows.counts, flows.codes).items():
        why = flows.hidden.get(key)
        status = "Q" if why else "P" if key[-1] == last else "A"
        line = ("dataflow", RETURNS[1].codes[0], "A", "" if why else str(count), status, why or "F")
        found[_key(home, key)] = line
    return found


def _key(home: str, key: Cell) -> str:
    """As SDMX writes a key: the values of all dimensions with points between them."""
    return ".".join(("A", home, *key))


def mistakes(data: Data) -> dict[str, Answer]:
    flows, right = _read(data), solve(data)
    figures = _wrong_figures(flows, right)
    rows: dict[str, dict[str, Line]] = {}
    if right.rows:
        registered = _read(data, by=2)
        wrong = _figures(registered)
        figures["by_registration"] = {name: wrong[name] for name in ("total", "control")}
        rows = _wrong_rows(data, flows, right) | {"by_registration": _rows(data, registered)}
    return _telling(figures, rows, right)


def _wrong_figures(flows: _Flows, right: Answer) -> dict[str, dict[str, float]]:
    cube, late = _cube(flows.counts, flows.codes), _cube(flows.late, flows.codes)
    last = flows.codes[-1][-1]
    unseen = {cell: flows.counts[cell] for cell in flows.hidden}
    known = _figures(_without_unknown(flows))
    return {
        "totals_left_out": _plain_cells(flows),
        "zeros_left_out": {"observations": sum(count > 0 for count in cube.values())},
        "hidden_left_out": {"observations": len(cube) - len(flows.hidden)},
        "year_as_series": {"series": len(cube)},
        "hidden_out_of_total": {
            "total": right.figures["total"] - sum(count for cell, count in unseen.items() if cell[-1] == last)
        },
        "hidden_sent": {"control": right.figures["control"] + sum(unseen.values())},
        "unknown_left_out": {name: known[name] for name in ("observations", "series", "total", "control")},
        "everything_again": {"revision": sum(key[-1] == last for key in cube)},
        "late_people": {"revision": sum(flows.late.values())},
        "hidden_revised": {"revision": sum(count > 0 for count in late.values())},
    }


def _wrong_rows(data: Data, flows: _Flows, right: Answer) -> dict[str, dict[str, Line]]:
    home, last = str(data.facts["country"]), flows.codes[-1][-1]
    hidden = {_key(home, cell): cell for cell in flows.hidden}
    lines = {key: right.rows[key] for key in hidden}
    return {
        "totals_left_out": {key: () for key in right.rows if _TOTAL in key.split(".")},
        "zeros_left_out": {key: () for key, line in right.rows.items() if line[3] == "0"},
        "hidden_left_out": dict.fromkeys(lines, ()),
        "unknown_left_out": {key: () for key in right.rows if "_U" in key.split(".")},
        "hidden_sent": {key: _with(line, value=str(flows.counts[hidden[key]])) for key, line in lines.items()},
        "hidden_as_zero": {
            key: _with(line, value="0", status="P" if hidden[key][-1] == last else "A", why="F")
            for key, line in lines.items()
        },
        "hidden_as_impossible": {key: _with(line, status="M") for key, line in lines.items()},
        "one_reason": {key: _with(line, why="A") for key, line in lines.items()},
        "final_too_soon": {key: _with(line, status="A") for key, line in right.rows.items() if line[4] == "P"},
        "two_part_version": {key: (line[0], RETURNS[1].codes[1], *line[2:]) for key, line in right.rows.items()},
    }


def _with(line: Line, value: str | None = None, status: str | None = None, why: str | None = None) -> Line:
    """A line with another value, status or reason; what is not named stays."""
    other = zip(line[3:], (value, status, why), strict=True)
    return (*line[:3], *(old if new is None else new for old, new in other))


def _plain_cells(flows: _Flows) -> dict[str, float]:
    """What comes of a file without any total."""
    return {
        "observations": len(flows.counts),
        "series": len(flows.counts) // len(flows.codes[-1]),
        "control": sum(count for cell, count in flows.counts.items() if cell not in flows.hidden),
        "revision": sum(cell not in flows.hidden for cell in flows.late),
    }


def _without_unknown(flows: _Flows) -> _Flows:
    """Those whose country is unknown left out, from lines and from totals."""
    *before, origins, years = flows.codes
    codes = (*before, tuple(code for code in origins if code != "_U"), years)
    return _Flows({c: n for c, n in flows.counts.items() if c[-2] != "_U"}, flows.hidden, flows.late, codes)


def _telling(
    figures: Mapping[str, Mapping[str, float]], rows: Mapping[str, Mapping[str, Line]], right: Answer
) -> dict[str, Answer]:
    """Mistakes with the figures that they get wrong by two or more (a count that is off by one says nothing of why) and
    the rows that they get wrong."""
    told = {}
    for name in {**figures, **rows}:
        own = {key: float(n) for key, n in figures.get(name, {}).items() if abs(n - right.figures[key]) >= 2}
        lines = {key: line for key, line in rows.get(name, {}).items() if right.rows.get(key, line) != line}
        if own or lines:
            told[name] = Answer(own, lines)
    return told
