"""Decisions about answers: what was typed, when a survey is over, and what may be shown of it. Pure functions.

What may be shown of persons' answers:
  1. Nothing before the survey is closed, and closing is final: there is one release, so no two can be compared.
  2. Nothing of fewer than five answers, and no breakdown by office, sex or anything else.
  3. Of each question a partition: the cells that everybody falls into exactly one of (the options and *no answer*)
     are shown alone where they hold five or more, and otherwise together, as a group of at least five or of nobody.
     A group is never full of fours, which its total would tell. So no count, complement or difference is 1 to 4.
  4. Where several may be chosen, an option's count is shown if it and its complement hold five or more, and if all
     counts together do not tell that one to four people chose more than one.
  5. Words only where five people or more wrote some, in an order that says nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from lms.surveys.questionnaire import LONGEST, OTHER, UNKNOWN, Question, Questionnaire

LEAST = 5  # people in the smallest group that anything is shown of
REMIND_DAYS = 3
NO_ANSWER, SOME = "", "*"

Answers = Mapping[str, Any]


# --- When it is over -------------------------------------------------------------------------------


def is_over(closes_on: date, now: datetime) -> bool:
    """Whether the day on which a survey closes has begun everywhere on earth (the last zone is UTC-12)."""
    return (now - timedelta(hours=12)).date() >= closes_on


# --- What was typed --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Typed:
    """What came of a form: the answers by question's id (a free line under `<id>.other`), and what is wrong.

    `wrong` has a code a question: missing, alone, other, number, range, long.
    """

    answers: dict[str, Any]
    wrong: dict[str, str]


def typed(questionnaire: Questionnaire, fields: Mapping[str, Sequence[str]]) -> Typed:
    """Read a form, whose fields are `q-<id>`, `q-<id>-other` and `q-<id>-unknown`.

    What cannot be is no answer: a choice that was not offered, another question's field.
    """
    answers: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for question in questionnaire.questions:
        given = [value.strip() for value in fields.get(f"q-{question.id}", [])]
        value, code = _READERS[question.kind](question, given, fields)
        if value is not None:
            answers[question.id] = value
        if question.other and (line := _line(fields, f"q-{question.id}-other")):
            answers[f"{question.id}.{OTHER}"] = line
            code = code or ("long" if len(line) > LONGEST else "")
        if not code and value is None and question.required:
            code = "missing"
        if code:
            wrong[question.id] = code
    return Typed(answers, wrong)


def _line(fields: Mapping[str, Sequence[str]], name: str) -> str:
    """A text as it is kept: without the signs that a database refuses, with its line breaks."""
    lines = " ".join(fields.get(name, [])).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in lines if char == "\n" or char.isprintable() or char in "\u200c\u200d").strip()


def _one(question: Question, given: Sequence[str], fields: Any) -> tuple[Any, str]:
    chosen = [value for value in given if value in question.choices][:1]
    line = _line(fields, f"q-{question.id}-other") if question.other else ""
    if not chosen and line:
        chosen = [OTHER]  # who fills in the line has chosen it
    if chosen == [OTHER] and not line:
        return OTHER, "other"
    return (chosen[0] if chosen else None), ""


def _several(question: Question, given: Sequence[str], fields: Any) -> tuple[Any, str]:
    line = _line(fields, f"q-{question.id}-other") if question.other else ""
    chosen = [id for id in question.choices if id in given or (id == OTHER and line)]
    code = ""
    if OTHER in chosen and not line:
        code = "other"
    if len(chosen) > 1 and question.alone & set(chosen):
        code = "alone"
    return chosen or None, code


def _scale(question: Question, given: Sequence[str], _fields: Any) -> tuple[Any, str]:
    chosen = [value for value in given if value in question.choices][:1]
    return (int(chosen[0]) if chosen else None), ""


def _number(question: Question, given: Sequence[str], fields: Any) -> tuple[Any, str]:
    text = "".join(given)
    if question.unknown and fields.get(f"q-{question.id}-unknown"):
        return UNKNOWN, "alone" if text else ""
    if not text:
        return None, ""
    number = whole_number(text)
    if number is None:
        return None, "number"
    return number, "" if question.min <= number <= question.max else "range"


def _text(question: Question, _given: Sequence[str], fields: Any) -> tuple[Any, str]:
    line = _line(fields, f"q-{question.id}")
    return line or None, "long" if len(line) > LONGEST else ""


_READERS = {"one": _one, "several": _several, "scale": _scale, "number": _number, "text": _text}


def whole_number(text: str) -> int | None:
    """A whole number as people write it: 1200, 1 200, 1,200, 1.200, ١٬٢٠٠. None for anything else."""
    text = re.sub(r"[\s\u00a0\u202f\u066c'’]", "", text)
    if re.fullmatch(r"\d{1,3}([.,]\d{3})+", text):
        text = re.sub("[.,]", "", text)
    return int(text) if re.fullmatch(r"\d{1,9}", text) else None


# --- What may be shown -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Block:
    """Cells that are shown with one number: one cell alone, or several together."""

    cells: tuple[str, ...]
    count: int


@dataclass(frozen=True)
class Finding:
    """What is shown of one question; `blocks` and `counts` are empty where there is too little to show.

    `blocks` share everybody out; `counts` (of `several`) are options' numbers of people, None for one that is not
    shown, out of `base` people; `words` are what people wrote.
    """

    question: str
    blocks: tuple[Block, ...] = ()
    counts: tuple[tuple[str, int | None], ...] = ()
    base: int = 0
    words: tuple[str, ...] = ()


def partition(counts: Mapping[str, int]) -> tuple[Block, ...]:
    """Blocks that share out everybody so that no number of theirs, nor any sum or difference, is 1 to 4.

    `counts`: how many people are in each cell; everybody is in one. Cells of five or more stand alone; the others
    together, joined by the smallest that stand alone for as long as they hold one to four people or only fours
    (which their total would tell). Empty where nothing but the total is left to show. Whoever knows this rule still
    finds no count of one to four: tests/rules/test_surveys_rules.py asks every table that could be.
    """
    small = [cell for cell, count in counts.items() if count < LEAST]
    large = sorted((cell for cell, count in counts.items() if count >= LEAST), key=lambda cell: counts[cell])
    while small and large and _tells(small, counts):
        next_size = counts[large[0]]  # all of one size join, or the order among them would tell
        small += [cell for cell in large if counts[cell] == next_size]
        large = [cell for cell in large if counts[cell] != next_size]
    if not large or (small and _tells(small, counts)):
        return ()
    together = tuple(cell for cell in counts if cell in small)
    blocks = [Block((cell,), counts[cell]) for cell in counts if cell in large]
    return (*blocks, Block(together, sum(counts[cell] for cell in together))) if together else tuple(blocks)


def _tells(cells: Sequence[str], counts: Mapping[str, int]) -> bool:
    """Whether the total of these cells would tell the count of one of them that is 1 to 4."""
    total = sum(counts[cell] for cell in cells)
    return 0 < total < LEAST or total == (LEAST - 1) * len(cells)


def findings(questionnaire: Questionnaire, responses: Sequence[Answers]) -> list[Finding]:
    """What may be shown of persons' answers, a finding a question; nothing of fewer than five answers."""
    if len(responses) < LEAST:
        return []
    return [_finding(question, responses) for question in questionnaire.questions]


def _finding(question: Question, responses: Sequence[Answers]) -> Finding:
    given = [answers.get(question.id) for answers in responses]
    lines = [str(answers[f"{question.id}.{OTHER}"]) for answers in responses if answers.get(f"{question.id}.{OTHER}")]
    if question.kind == "text":
        return Finding(question.id, words=words(question.id, [str(text) for text in given if text]))
    if question.kind == "several":
        blocks, counts, base = several(question.choices, question.alone, [frozenset(one or ()) for one in given])
        return Finding(question.id, blocks, counts, base, words(question.id, lines))
    told = [NO_ANSWER if one is None else str(one) for one in given]
    cells = {cell: told.count(cell) for cell in (*question.choices, NO_ANSWER)}
    return Finding(question.id, partition(cells), (), len(given), words(question.id, lines))


def several(
    choices: Sequence[str], alone: frozenset[str], given: Sequence[frozenset[str]]
) -> tuple[tuple[Block, ...], tuple[tuple[str, int | None], ...], int]:
    """What may be shown where several may be chosen: blocks, counts by option, and out of how many these are.

    First everybody is shared out: those who chose an option that stands alone, those who chose some other
    (`SOME`), those who chose nothing. The counts are out of the block that holds the second.
    """
    standing = [id for id in choices if id in alone]
    free = [id for id in choices if id not in alone]
    cells = {id: sum(id in one for one in given) for id in standing}
    cells[SOME] = sum(bool(one) and not one & alone for one in given)
    cells[NO_ANSWER] = sum(not one for one in given)
    blocks = partition(cells)
    holder = next((block for block in blocks if SOME in block.cells), Block(tuple(cells), len(given)))
    base = holder.count
    counts: dict[str, int | None] = {}
    for id in free:
        count = sum(id in one for one in given)
        counts[id] = count if count >= LEAST and base - count >= LEAST else None
    shown = [count for count in counts.values() if count is not None]
    if holder.cells != (SOME,) and sum(shown) < base:
        return blocks, tuple((id, None) for id in free), base
    if shown and len(shown) == len(counts) and 0 < sum(shown) - base < LEAST:
        counts[min(free, key=lambda id: counts[id] or 0)] = None
    return blocks, tuple(counts.items()), base


def words(question: str, texts: Sequence[str]) -> tuple[str, ...]:
    """What people wrote, if five or more did, in an order that only the texts themselves make."""
    if len(texts) < LEAST:
        return ()
    return tuple(sorted(texts, key=lambda text: hashlib.sha256(f"{question}\n{text}".encode()).digest()))
