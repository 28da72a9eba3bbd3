"""A task as its page shows it: texts filled with its facts, tables as people read them, what each try came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from markupsafe import Markup

from lms.assessment.exercises import grading, queries, texts
from lms.assessment.exercises.frame import Data, Exercise, Value
from lms.assessment.exercises.queries import Line, Task, Try
from lms.assessment.exercises.texts import Text
from lms.curriculum import index
from lms.web import language

VERDICTS = {
    "right": (_l("Right"), "ok"),
    "tolerance": (_l("Right, within the tolerance"), "ok"),
    "mistake": (_l("Not right"), "late"),
    "wrong": (_l("Not right"), "late"),
    "missing": (_l("Not given"), ""),
}


def text_of(exercise: Exercise) -> Text:
    return texts.text(exercise.ID, language.code())


@dataclass(frozen=True)
class Group:
    """The exercises that a module's lessons prepare."""

    title: str
    language: str
    lines: list[Line]


def groups(person_id: UUID) -> list[Group]:
    """All exercises by module, and how this person stands with them."""
    lines: dict[str, list[Line]] = {}
    for line in queries.lines(person_id):
        lines.setdefault(line.lesson, []).append(line)
    found = []
    for module in index.current().modules:
        own = [line for lesson in module.lessons for line in lines.get(lesson.id, ())]
        if own:
            shown = index.current().module(module.id, language.code())
            found.append(Group(shown.short, shown.language, own))
    return found


@dataclass(frozen=True)
class Table:
    """A table as people read it: heads are (title, note), cells are words; `name` for its file."""

    name: str
    title: str
    rows_in_all: int
    heads: list[tuple[str, str]]
    rows: list[list[str]]
    numeric: list[bool]


@dataclass(frozen=True)
class Field:
    """A figure that is asked for, with what was typed for it last."""

    id: str
    label: str
    unit: str
    decimals: int
    typed: str


@dataclass(frozen=True)
class Said:
    """What a figure or a column of a try came to: in words, the chip's class, which mistake it was."""

    label: str
    typed: str
    verdict: Any
    chip: str
    mistake: str = ""
    more: str = ""


@dataclass(frozen=True)
class Outcome:
    """A try in words."""

    number: int
    at: Any
    state: str
    right: bool
    by_file: bool
    said: list[Said]
    refused: str = ""


@dataclass(frozen=True)
class Page:
    task: Task
    text: Text
    lesson: Any
    situation: Markup
    asked: Markup
    tables: list[Table]
    notes: list[tuple[str, str]]
    codes: list[tuple[str, list[tuple[str, str]]]]
    fields: list[Field]
    outcomes: list[Outcome]


def page(task: Task, typed: Mapping[str, str] | None = None) -> Page:
    """All that the page of a task shows. On the phone the tables whole, at the desk their first rows."""
    text, data = text_of(task.exercise), task.data
    last = next((one.given for one in task.tries if not one.by_file), {})
    before: Mapping[str, str] = typed if typed is not None else last
    fields = [Field(f.id, *text.figures[f.id], f.decimals, before.get(f.id, "")) for f in task.exercise.FIGURES]
    shown = tables(text, data, None if task.form == "phone" else 5)
    return Page(
        task,
        text,
        index.current().lesson_or_none(task.exercise.LESSON, language.code()),
        _html(text.html(text.situation, data)),
        _html(text.html(text.tasks[task.form], data)),
        shown,
        list(dict.fromkeys(head for table in shown for head in table.heads if head[1])),
        _codes(text, data),
        fields,
        [_outcome(text, one, {f.id: f for f in fields}) for one in task.tries],
    )


def _html(html: str) -> Markup:
    return Markup(html)  # noqa: S704  sanitised when it was rendered


def tables(text: Text, data: Data, most: int | None) -> list[Table]:
    """The tables, or their first rows."""
    return [
        Table(
            sheet.name,
            text.sheets.get(sheet.name, sheet.name),
            len(sheet.rows),
            [text.columns.get(head, (head, "")) for head in sheet.heads],
            list(map(list, zip(*(_column_of(cells, most) for cells in zip(*sheet.rows, strict=True)), strict=True))),
            [any(isinstance(row[at], int | float) for row in sheet.rows[:5]) for at in range(len(sheet.heads))],
        )
        for sheet in data.sheets
    ]


def _column_of(cells: Sequence[Value], most: int | None) -> list[str]:
    """The first cells of a column. One of years holds nothing else; a count of 1969 among others is no year."""
    years = all(value is None or (isinstance(value, int) and 1900 <= value <= 2100) for value in cells)
    return [str(value or "") if years else _cell(value) for value in cells[:most]]


def _cell(value: Value) -> str:
    """A cell as the page writes it; days as they stand in files, since tasks speak of them so."""
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return language.number(value)
    return str(value)


def _codes(text: Text, data: Data) -> list[tuple[str, list[tuple[str, str]]]]:
    """What the codes of each column mean, for columns that hold some."""
    heads = dict.fromkeys(head for sheet in data.sheets for head in sheet.heads)
    return [
        (text.columns.get(head, (head, ""))[0], list(text.codes[head].items())) for head in heads if head in text.codes
    ]


def _outcome(text: Text, one: Try, fields: Mapping[str, Field]) -> Outcome:
    said = [
        Said(
            fields[found["figure"]].label,
            one.given.get(found["figure"], ""),
            *VERDICTS[found["verdict"]],
            text.mistakes.get(found["mistake"], ""),
        )
        for found in one.found.get("figures", ())
        if found["figure"] in fields
    ]
    said += _once([_column(text, found) for found in one.found.get("columns", ())])
    return Outcome(one.number, one.at, one.state, one.right, one.by_file, said, one.found.get("refused", ""))


def _once(said: list[Said]) -> list[Said]:
    """Columns of a file, each remark under the first to which it applies: a row that is left out is so in all."""
    told: set[tuple[str, str]] = set()
    found = []
    for one in said:
        remark = (one.mistake, one.more)
        found.append(replace(one, mistake="", more="") if remark in told else one)
        told.add(remark)
    return found


def _column(text: Text, found: Mapping[str, Any]) -> Said:
    enough = grading.enough(found["right"], found["rows"])
    counts = {"right": language.number(found["right"]), "rows": language.number(found["rows"])}
    mistake = text.mistakes.get(found["mistake"], "")
    more = ""
    if mistake:
        count = found["explained"]
        more = ngettext(
            "This explains %(count)s row.", "This explains %(count)s rows.", count, count=language.number(count)
        )
    elif found["examples"]:
        more = _("Look at %(keys)s first.", keys=language.listed(found["examples"][:3]))
    return Said(
        text.returns.get(found["column"], found["column"]),
        "",
        _("%(right)s of %(rows)s rows right", **counts),
        "ok" if enough else "late",
        "" if enough else mistake,
        "" if found["right"] == found["rows"] else more,
    )
