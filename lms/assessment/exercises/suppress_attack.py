"""A table of small counts: find its unsafe cells, hide others with them, and attack what is left as a reader would.

Where all margins are published, an attacker knows what the hidden cells of each row and column come to, and that none
is negative. What one of them can be is then a question of a transportation problem, whose bounds are whole numbers,
read off sums of rows less sums of columns (max-flow min-cut; Hundepool and others, Statistical Disclosure Control).

On the phone the table itself; at the desk an extract of a register, one row for each person.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from itertools import combinations

from lms.assessment.exercises.frame import Answer, Data, Dice, Figure, Form, Sheet, Value
from lms.assessment.exercises.grading import clear, drawn

ID = "suppress-attack"
VERSION = 1
COMPETENCY = "C17"
LESSON = "confidentiality-suppress-and-attack"
KEY = ""
RETURNS = ()
FIGURES = (
    Figure("unsafe"),
    Figure("exact"),
    Figure("hidden_people"),
    Figure("first_highest"),
    Figure("second_lowest"),
    Figure("second_highest"),
)

_COUNTRIES = ("QM", "QN", "QP", "QS", "QT")
_ORIGINS = ("QM", "QN", "QP", "QR", "QS", "QT", "QU", "QV", "QW")
_DISTRICTS = "ABCDEF"
_BY_HAND = 8  # hidden cells: two unknowns remain, at most three

Cell = tuple[str, str]  # country of birth, district
Table = Mapping[Cell, int]


def generate(seed: str, form: Form) -> Data:
    return drawn(ID, seed, form, _draw, FIGURES, solve, mistakes)


def _draw(dice: Dice, form: Form) -> Data:
    home = dice.pick(_COUNTRIES)
    year, threshold = dice.whole(2021, 2025), dice.pick((3, 3, 4, 5))
    table, first, second = _clear_table(dice, form, home, threshold)
    facts: dict[str, Value] = {
        "country": home, "year": year, "day": date(year, 12, 31), "threshold": threshold,
        "first": _name(first), "second": _name(second),
    }  # fmt: skip
    return Data((_counts(table) if form == "phone" else _register(dice, table, home, year),), facts)


def _clear_table(dice: Dice, form: Form, home: str, threshold: int) -> tuple[Table, Cell, Cell]:
    """A table whose pattern protects all unsafe cells and leaves no choice open, and two of its hidden cells. Cheap to
    draw again, which a file of people is not."""
    for _again in range(500):
        table = _table(dice, form, home, threshold)
        unsafe = _unsafe(table, threshold)
        pattern = _pattern(table, unsafe)
        if pattern is None or len(pattern) == len(unsafe) or (form == "phone" and len(pattern) > _BY_HAND):
            continue
        hidden = {cell: table[cell] for cell in pattern}
        if not _exact(table, unsafe) or any(
            _interval(hidden, cell)[1] < max(threshold, table[cell] + 2) for cell in unsafe
        ):
            continue
        first = dice.pick(unsafe)
        seconds = [cell for cell in sorted(set(pattern) - set(unsafe)) if _interval(hidden, cell)[0] > 1]
        if not seconds:
            continue
        second = dice.pick(seconds)
        if clear(FIGURES, _right(table, threshold, first, second), _wrong(table, threshold, first, second)):
            return table, first, second
    raise RuntimeError("no clear table")


def _table(dice: Dice, form: Form, home: str, threshold: int) -> Table:
    """People by country of birth and district: large origins and large districts, and in some cells hardly anybody. In
    most tables two small origins meet in two small districts, and their four unsafe cells protect one another."""
    phone = form == "phone"
    origins = sorted(dice.sample([code for code in _ORIGINS if code != home], dice.whole(4, 5) if phone else 7))
    districts = _DISTRICTS[: dice.whole(4, 5) if phone else dice.whole(5, 6)]
    size, spread = dice.whole(14, 30) if phone else dice.whole(24, 60), dice.share(1.6, 2.6)
    large = {name: dice.share(1.0, spread) for name in (*origins, *districts)}
    table = {
        (o, d): max(threshold + 2, int(size * large[o] * large[d] * dice.share(0.35, 1.0)))
        for o in origins
        for d in districts
    }
    taken: set[Cell] = set()
    if dice.happens(0.65):
        rows, columns = dice.sample(origins, 2), dice.sample(districts, 2)
        taken |= {(o, d) for o in rows for d in columns}
    rest = dice.shuffled([cell for cell in table if cell not in taken])
    more = dice.whole(1, 2) if taken else dice.whole(3, 4)
    more += 0 if phone else dice.whole(1, 3)
    zeros, just = dice.whole(0, 2), dice.whole(0, 2)
    for cell in (*sorted(taken), *rest[:more]):
        table[cell] = dice.whole(1, threshold - 1)
    for cell in rest[more : more + zeros]:
        table[cell] = 0
    for cell in rest[more + zeros : more + zeros + just]:
        table[cell] = threshold  # the first count that is safe
    return table


def _name(cell: Cell) -> str:
    return f"{cell[0]}\u00a0·\u00a0{cell[1]}"


def _cell(data: Data, fact: str) -> Cell:
    origin, district = str(data.facts[fact]).split("\u00a0·\u00a0")
    return origin, district


def _counts(table: Table) -> Sheet:
    """The table with its margins."""
    origins, districts = _sides(table)
    rows: list[tuple[Value, ...]] = []
    for origin in origins:
        own = [table[origin, district] for district in districts]
        rows.append((origin, *own, sum(own)))
    columns = [sum(table[origin, district] for origin in origins) for district in districts]
    rows.append(("total", *columns, sum(columns)))
    heads = ("birth_country", *(f"district_{district.lower()}" for district in districts), "total")
    return Sheet("table", heads, tuple(rows))


def _sides(table: Collection[Cell]) -> tuple[list[str], list[str]]:
    return sorted({origin for origin, _d in table}), sorted({district for _o, district in table})


def _register(dice: Dice, table: Table, home: str, year: int) -> Sheet:
    """A row for each person who was registered in the year: those of the table, people born in the country, and people
    who had left before the year was over."""
    last = date(year, 12, 31)
    lines: list[tuple[Value, ...]] = []
    origins, districts = _sides(table)
    naturalised = {origin: dice.share(0.1, 0.35) for origin in origins}
    for (origin, district), count in table.items():
        for _n in range(count):
            later = last + timedelta(days=dice.whole(1, 80)) if dice.happens(0.02) else None
            lines.append((origin, home if dice.happens(naturalised[origin]) else origin, district, later))
        for _n in range(dice.whole(0, 3) if count else dice.whole(1, 2)):
            lines.append((origin, origin, district, last - timedelta(days=dice.whole(0, 330))))
    for _n in range(dice.whole(150, 600)):
        citizenship = dice.pick(origins) if dice.happens(0.12) else home
        lines.append((home, citizenship, dice.pick(districts), None))
    rows = tuple((f"R{n:05}", *line) for n, line in enumerate(dice.shuffled(lines), 1))
    return Sheet("register", ("person", "birth_country", "citizenship", "district", "left_on"), rows)


def _read(data: Data, *, by: str = "birth_country", leavers: bool = False) -> Table:
    """The table of residents on the last day of the year; `by` citizenship, or with those who had left, it is wrong."""
    sheet = data.sheets[0]
    if sheet.name == "table":
        names = [head.removeprefix("district_").upper() for head in sheet.heads[1:-1]]
        return {
            (str(row[0]), name): int(str(value))
            for row in sheet.rows[:-1]
            for name, value in zip(names, row[1:], strict=False)
        }
    home, last, place = data.facts["country"], data.facts["day"], sheet.heads.index(by)
    assert isinstance(last, date)  # noqa: S101
    counts: dict[Cell, int] = {}
    for row in sheet.rows:
        left = row[4]
        if row[place] != home and (leavers or not isinstance(left, date) or left > last):
            cell = str(row[place]), str(row[3])
            counts[cell] = counts.get(cell, 0) + 1
    origins, districts = _sides(counts)
    return {(origin, district): counts.get((origin, district), 0) for origin in origins for district in districts}


# --- hiding ---------------------------------------------------------------------------------------------------


def _unsafe(table: Table, threshold: int) -> list[Cell]:
    """Cells with somebody, and fewer than the threshold: row by row, from the left."""
    return sorted(cell for cell, count in table.items() if 0 < count < threshold)


def _pattern(table: Table, unsafe: list[Cell], *, credit: bool = True) -> list[Cell] | None:
    """The hidden cells: for each unsafe one in its turn the rectangle that hides fewest people in addition; what was
    hidden before costs nothing (without `credit`: only unsafe cells cost nothing). None where two rectangles would do
    as well, or none is without a 0."""
    hidden = set(unsafe)
    origins, districts = _sides(table)
    for origin, district in unsafe:
        known = hidden if credit else set(unsafe)
        found: list[tuple[int, tuple[Cell, ...]]] = []
        for other in origins:
            for elsewhere in districts:
                corners = ((origin, elsewhere), (other, district), (other, elsewhere))
                if other != origin and elsewhere != district and all(table[cell] for cell in corners):
                    found.append((sum(table[cell] for cell in corners if cell not in known), corners))
        found.sort()
        if not found or (found[0][0] and len(found) > 1 and found[0][0] == found[1][0]):
            return None
        hidden.update(found[0][1])
    return sorted(hidden)


# --- attacking ------------------------------------------------------------------------------------------------


def _interval(hidden: Table, cell: Cell) -> tuple[int, int]:
    """The lowest and the highest value that a hidden cell can have, for whoever knows all margins.

    Take some rows, the cell's own among them. Their hidden sums, less those of columns that have hidden cells in these
    rows only, are the cell and others that are not negative: no bound from above is lower than the least of these. And
    where all other hidden cells of the rows lie in columns without the cell, the rows' sums less those columns' are the
    cell less others: the greatest of these bounds it from below.
    """
    row, column = cell
    others = sorted({origin for origin, _d in hidden} - {row})
    lowest, highest = 0, sum(hidden.values())
    for count in range(len(others) + 1):
        for some in combinations(others, count):
            chosen = {row, *some}
            inside = {at: value for at, value in hidden.items() if at[0] in chosen}
            open_columns = {d for o, d in hidden if o not in chosen} | {column}
            highest = min(highest, sum(value for at, value in inside.items() if at[1] in open_columns))
            beside = {at[1] for at in inside if at != cell}
            if column not in beside:
                columns = sum(value for at, value in hidden.items() if at[1] in beside)
                lowest = max(lowest, sum(inside.values()) - columns)
    return lowest, highest


def _exact(table: Table, unsafe: list[Cell]) -> int:
    """How many of these cells a reader finds, if they alone are hidden."""
    hidden = {cell: table[cell] for cell in unsafe}
    return sum(low == high for low, high in (_interval(hidden, cell) for cell in unsafe))


# --- answers --------------------------------------------------------------------------------------------------


def solve(data: Data) -> Answer:
    """Unsafe cells, those that are found with nothing else hidden, the people in the hidden cells of the pattern, and
    what an attacker learns of two of them."""
    return _right(_read(data), int(str(data.facts["threshold"])), _cell(data, "first"), _cell(data, "second"))


def _right(table: Table, threshold: int, first: Cell, second: Cell) -> Answer:
    unsafe = _unsafe(table, threshold)
    hidden = {cell: table[cell] for cell in _pattern(table, unsafe) or unsafe}
    lowest, highest = _interval(hidden, second)
    return Answer(
        {
            "unsafe": len(unsafe),
            "exact": _exact(table, unsafe),
            "hidden_people": sum(hidden.values()),
            "first_highest": _interval(hidden, first)[1],
            "second_lowest": lowest,
            "second_highest": highest,
        }
    )


def mistakes(data: Data) -> dict[str, Answer]:
    threshold, first, second = int(str(data.facts["threshold"])), _cell(data, "first"), _cell(data, "second")
    table = _read(data)
    found = _wrong(table, threshold, first, second)
    if data.sheets[0].name == "register":
        right = _right(table, threshold, first, second)
        for name, other in {
            "by_citizenship": _read(data, by="citizenship"),
            "leavers_kept": _read(data, leavers=True),
        }.items():
            unsafe = _unsafe(other, threshold)
            pattern = _pattern(other, unsafe) or []
            figures = {"unsafe": len(unsafe), "exact": _exact(other, unsafe)}
            figures |= {"hidden_people": sum(other[cell] for cell in pattern)} if pattern else {}
            found |= _telling({name: figures}, right)
    return found


def _wrong(table: Table, threshold: int, first: Cell, second: Cell) -> dict[str, Answer]:
    """What goes wrong with a table that is right."""
    unsafe = _unsafe(table, threshold)
    pattern = _pattern(table, unsafe) or unsafe
    hidden = {cell: table[cell] for cell in pattern}
    right = _right(table, threshold, first, second)

    def of_row(cell: Cell) -> int:
        return sum(value for at, value in hidden.items() if at[0] == cell[0])

    def of_column(cell: Cell) -> int:
        return sum(value for at, value in hidden.items() if at[1] == cell[1])

    origins = [origin for origin, _d in unsafe]
    found: dict[str, dict[str, int]] = {
        "zeros_unsafe": {"unsafe": sum(count < threshold for count in table.values())},
        "threshold_unsafe": {"unsafe": sum(0 < count <= threshold for count in table.values())},
        "rows_only": {"exact": sum(origins.count(origin) == 1 for origin in origins)},
        "all_found": {"exact": len(unsafe)},
        "two_in_the_row": {"hidden_people": sum(table[cell] for cell in _row_pairs(table, unsafe))},
        "secondary_only": {"hidden_people": sum(table[cell] for cell in pattern if cell not in unsafe)},
        "row_bound": {"first_highest": of_row(first), "second_highest": of_row(second)},
        "column_bound": {"first_highest": of_column(first), "second_highest": of_column(second)},
        "rule_known": {"first_highest": threshold - 1},
        "from_zero": {"second_lowest": 0},
    }
    apart = _pattern(table, unsafe, credit=False)
    if apart is not None:
        found["rectangles_apart"] = {"hidden_people": sum(table[cell] for cell in apart)}
    return _telling(found, right)


def _telling(found: Mapping[str, Mapping[str, int]], right: Answer) -> dict[str, Answer]:
    """Mistakes with the figures that they get wrong by two or more: a count that is off by one says nothing of why."""
    told = {
        name: {key: float(value) for key, value in figures.items() if abs(value - right.figures[key]) >= 2}
        for name, figures in found.items()
    }
    return {name: Answer(figures) for name, figures in told.items() if figures}


def _row_pairs(table: Table, unsafe: list[Cell]) -> set[Cell]:
    """Unsafe cells, and with each that is alone in its row the smallest other cell of the row that is not 0."""
    hidden = set(unsafe)
    for origin, _district in unsafe:
        if sum(at[0] == origin for at in hidden) == 1:
            hidden.add(
                min(
                    (at for at, count in table.items() if at[0] == origin and at not in hidden and count),
                    key=lambda at: (table[at], at),
                )
            )
    return hidden
