"""Surveys in words: what a page and a file say of questions, answers and findings."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms.surveys import rules
from lms.surveys.queries import OfficeLine, Results
from lms.surveys.questionnaire import OTHER, UNKNOWN, Question, Questionnaire, Said, Texts, said
from lms.web import language

WRONG = {
    "missing": _l("An answer is needed here."),
    "alone": _l("These two do not go together. Keep one."),
    "other": _l("Write what the other is, or take the mark away."),
    "number": _l("Write a whole number in figures."),
    "range": _l("This number cannot be. Check it."),
    "long": _l("Use at most 2,000 letters."),
}
EDIT_WRONG = {
    "missing": _l("This text is needed."),
    "long": _l("Use at most 2,000 letters."),
    "two": _l("A choice needs two options at least."),
    "ends": _l("Write the two ends of the scale, a line each."),
    "empty": _l("A questionnaire needs one question at least."),
}
KIND_NAMES = {
    "one": _l("One of several answers"),
    "several": _l("Several answers"),
    "scale": _l("A scale from 1 to 5"),
    "text": _l("Answer in words"),
}


def say(texts: Texts) -> Said:
    """A text in the page's language, or visibly in another."""
    return said(texts, language.code())


def fields_of(questionnaire: Questionnaire, answers: Mapping[str, Any]) -> dict[str, list[str]]:
    """An answer as the form's fields, so that it can be amended."""
    fields: dict[str, list[str]] = {}
    for question in questionnaire.questions:
        value = answers.get(question.id)
        if value == UNKNOWN and question.kind == "number":
            fields[f"q-{question.id}-unknown"] = ["1"]
        elif value is not None:
            fields[f"q-{question.id}"] = [str(one) for one in value] if isinstance(value, list) else [str(value)]
        if line := answers.get(f"{question.id}.{OTHER}"):
            fields[f"q-{question.id}-other"] = [str(line)]
    return fields


def label(question: Question, cell: str) -> Said:
    """What a cell of a finding is called, in the page's language where it is ours to say."""
    here = language.code()
    if cell == rules.NO_ANSWER:
        return Said(here, _("no answer"))
    if cell == rules.SOME:
        return Said(here, _("at least one of the others"))
    if cell == OTHER:
        return Said(here, _("Other"))
    if cell == UNKNOWN and question.kind == "number":
        return Said(here, _("not known"))
    if question.kind == "scale":
        end = {"1": question.low, "5": question.high}.get(cell)
        step = language.number(int(cell))
        return Said(say(end).language, f"{step} {say(end).text}") if end else Said(here, step)
    return next((say(option.texts) for option in question.options if option.id == cell), Said(here, cell))


@dataclass(frozen=True)
class Row:
    """A line of a finding: the cells that it is about, and how many people; None: not shown."""

    cells: tuple[Said, ...]
    count: int | None


@dataclass(frozen=True)
class Shown:
    """A question with what may be shown of it."""

    question: Question
    rows: tuple[Row, ...]
    base: int
    words: tuple[str, ...]


def shown(results: Results) -> list[Shown]:
    """Every question of a survey that was released, with its lines."""
    questions = {question.id: question for question in results.questionnaire.questions}
    return [
        Shown(questions[f.question], tuple(_rows(questions[f.question], f)), f.base, f.words) for f in results.findings
    ]


def _rows(question: Question, finding: rules.Finding) -> Iterable[Row]:
    counted = any(count is not None for _id, count in finding.counts)
    if counted:
        for id, count in finding.counts:
            yield Row((label(question, id),), count)
    for block in finding.blocks:
        cells = [cell for cell in block.cells if block.count or cell != rules.NO_ANSWER]
        if cells and not (counted and cells == [rules.SOME]):
            yield Row(tuple(label(question, cell) for cell in cells), block.count)


def answer(question: Question, answers: Mapping[str, Any]) -> list[Said]:
    """What was answered to a question, in words; nothing for no answer."""
    value, here = answers.get(question.id), language.code()
    if value is None:
        return []
    if question.kind == "text":
        return [Said("", str(value))]
    if question.kind == "number":
        unit = say(question.unit)
        if value == UNKNOWN:
            return [label(question, UNKNOWN)]
        return [Said(unit.language if unit else here, f"{language.number(int(value))} {unit.text}".strip())]
    cells = value if isinstance(value, list) else [str(value)]
    told = [label(question, str(cell)) for cell in cells if cell != OTHER]
    if line := answers.get(f"{question.id}.{OTHER}"):
        told.append(Said("", str(line)))
    return told


# --- Files -----------------------------------------------------------------------------------------


def results_file(results: Results, title: str, sent_to: str) -> str:
    """The released results as CSV: the lines of the page, with the moment that they are of."""
    rows: list[Sequence[object]] = [
        [title, sent_to],
        [_("As of"), _moment(results.released_at)],
        [_("Answers"), results.answers],
        [],
        [_("Question"), _("Answer"), _("People")],
    ]
    for one in shown(results):
        text = say(one.question.text).text
        told = [
            [text, _(" · ").join(cell.text for cell in row.cells), _("not shown") if row.count is None else row.count]
            for row in one.rows
        ]
        told += [[text, words, ""] for words in one.words]
        rows += told or [[text, _("too few to show"), ""]]
    return _file(rows)


def offices_file(
    questionnaire: Questionnaire, lines: Sequence[OfficeLine], title: str, sent_to: str, now: datetime
) -> str:
    """Every office's answer as CSV: offices in rows, questions in columns."""
    head = [say(question.text).text for question in questionnaire.questions]
    rows: list[Sequence[object]] = [
        [title, sent_to],
        [_("As of"), _moment(now)],
        [],
        [_("Office"), _("Answered"), *head],
    ]
    for line in lines:
        answers = line.standing.answers if line.standing else {}
        told = [_cell(question, answers) for question in questionnaire.questions]
        rows.append([line.name, _moment(line.standing.answered_at) if line.standing else "", *told])
    return _file(rows)


def _cell(question: Question, answers: Mapping[str, Any]) -> object:
    value = answers.get(question.id)
    if isinstance(value, int):  # numbers are numbers in a spreadsheet
        return value
    return "; ".join(one.text for one in answer(question, answers))


def _moment(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC") if at else ""


def _file(rows: Sequence[Sequence[object]]) -> str:
    """CSV that spreadsheets open as it is; what people wrote is never read as a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows:
        writer.writerow(
            [f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" and cell else cell for cell in row]
        )
    return "\ufeff" + out.getvalue()
