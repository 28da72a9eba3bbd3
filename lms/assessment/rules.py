"""What an answer earns, which questions are drawn and in what order they are shown, and who may try again.

Pure functions over plain values. An answer is plain JSON in the question's own order:

    single     {"choice": 1}                        the option chosen
    multiple   {"choices": [0, 2]}                  the options chosen
    matching   {"pairs": [2, null, 1]}              for each left side, one of the distinct right sides
    ordering   {"order": [2, 0, 1]}                 for each item, the place given to it (from 0)
    numerical  {"text": "12,5", "language": "fr"}   as typed
    short      {"text": "QMA"}                      as typed

The browser sees positions of the shuffled presentation only; `parse_form` turns them back.
"""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise, zip_longest
from typing import Any, Literal
from uuid import UUID

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from lms.assessment.numbers import Reading, read_number
from lms.curriculum.content import AssessmentRule, Question
from lms.policy import Refusal
from lms.text import clean

Answer = dict[str, Any]
LONGEST_TEXT = 200  # letters of a typed answer

# What stands beside an answer once it is graded; `missed`: right, and not chosen.
Mark = Literal["", "right", "partly", "wrong", "missed"]


@dataclass(frozen=True)
class Note:
    """What is said beside one option, pair, item or figure. `feedback` is html; empty where there is none."""

    mark: Mark = ""
    feedback: str = ""


@dataclass(frozen=True)
class Graded:
    """What an answer earned (0 to 1), the notes in the question's own order, and a word on the whole.

    `general` (html) is filled where no answer's own feedback fits; `understood` is how a number was read.
    """

    fraction: float
    feedback: tuple[Note, ...]
    general: str = ""
    understood: Reading | None = None


def rights(question: Question) -> tuple[str, ...]:
    """The distinct right sides of a matching question, those that belong to no left side at the end."""
    return tuple(dict.fromkeys([pair.right for pair in question.pairs] + list(question.distractors)))


# --- Grading --------------------------------------------------------------------------------------


def grade(question: Question, answer: Answer | None) -> Graded:
    """Grade an answer that fits its question (`fits`). No answer earns nothing.

    Single choice, number and text earn the fraction of what was chosen or met. Multiple choice earns the sum
    of what was chosen, wrong ones subtracted, never below 0. Matching earns the share of right pairs.
    Ordering earns the share of neighbours that follow each other as they should: one item out of place costs
    little.
    """
    if answer is None:
        return Graded(0.0, (), question.feedback)
    return _GRADERS[question.kind](question, answer)


def _single(question: Question, answer: Answer) -> Graded:
    chosen = answer["choice"]
    notes = []
    for index, option in enumerate(question.options):
        mark: Mark = _mark(option.fraction) if index == chosen else "missed" if option.fraction >= 1 else ""
        notes.append(Note(mark, option.feedback if mark else ""))
    general = "" if notes[chosen].feedback else question.feedback
    return Graded(_share(question.options[chosen].fraction), tuple(notes), general)


def _multiple(question: Question, answer: Answer) -> Graded:
    chosen = set(answer["choices"])
    notes = []
    for index, option in enumerate(question.options):
        right = option.fraction > 0
        mark: Mark = ("right" if right else "wrong") if index in chosen else "missed" if right else ""
        notes.append(Note(mark, option.feedback if mark else ""))
    fraction = _share(sum(question.options[index].fraction for index in chosen))
    return Graded(fraction, tuple(notes), question.feedback if fraction < 1 else "")


def _matching(question: Question, answer: Answer) -> Graded:
    sides = rights(question)
    notes = []
    for pair, chosen in zip(question.pairs, answer["pairs"], strict=True):
        right = chosen is not None and sides[chosen] == pair.right
        notes.append(Note("right") if right else Note("wrong", pair.feedback))
    fraction = sum(note.mark == "right" for note in notes) / len(notes)
    return Graded(fraction, tuple(notes), question.feedback if fraction < 1 else "")


def _ordering(question: Question, answer: Answer) -> Graded:
    places = answer["order"]
    notes = tuple(Note("right" if place == index else "wrong") for index, place in enumerate(places))
    follows = [a is not None and b is not None and b == a + 1 for a, b in pairwise(places)]
    fraction = sum(follows) / len(follows) if follows else 1.0
    return Graded(fraction, notes, question.feedback if fraction < 1 else "")


def _numerical(question: Question, answer: Answer) -> Graded:
    reading = read(question, answer)
    met = None
    if reading.value is not None:
        near = [n for n in question.numbers if _within(reading.value, n.value, n.tolerance)]
        met = max(near, key=lambda n: n.fraction, default=None)
    return _typed(question, met.fraction if met else 0.0, met.feedback if met else "", reading)


def _short(question: Question, answer: Answer) -> Graded:
    key = _text_key(answer["text"])
    same = [accepted for accepted in question.accepted if _text_key(accepted.text) == key]
    met = max(same, key=lambda accepted: accepted.fraction, default=None)
    return _typed(question, met.fraction if met else 0.0, met.feedback if met else "", None)


def _typed(question: Question, fraction: float, feedback: str, reading: Reading | None) -> Graded:
    fraction = _share(fraction)
    general = question.feedback if fraction < 1 and not feedback else ""
    return Graded(fraction, (Note(_mark(fraction), feedback),), general, reading)


_GRADERS: dict[str, Callable[[Question, Answer], Graded]] = {
    "single": _single,
    "multiple": _multiple,
    "matching": _matching,
    "ordering": _ordering,
    "numerical": _numerical,
    "short": _short,
}


def read(question: Question, answer: Answer | None) -> Reading:
    """How the number in an answer reads; the question's own unit behind it is no mistake (`198 days`)."""
    if answer is None:
        return Reading()
    text, unit = answer["text"].strip(), question.unit.strip()
    if unit and text.casefold().endswith(unit.casefold()):
        text = text[: -len(unit)]
    return read_number(text, answer.get("language", "en"))


def _mark(fraction: float) -> Mark:
    return "right" if fraction >= 1 else "partly" if fraction > 0 else "wrong"


def _share(fraction: float) -> float:
    """Between 0 and 1; three thirds written as 33.333 % are a whole."""
    return 1.0 if fraction > 0.9985 else max(0.0, fraction)


def _within(value: float, expected: float, tolerance: float) -> bool:
    # A tolerance of 0.1 around 0.3 holds 0.4, which binary fractions would miss by the last bit.
    return abs(value - expected) <= tolerance + 1e-9 * max(1.0, abs(expected))


def _text_key(text: str) -> str:
    """A phone writes the apostrophe straight, a text has it curved."""
    return unicodedata.normalize("NFKC", clean(text)).casefold().replace("’", "'")


# --- Answers in and out of forms ------------------------------------------------------------------


def fits(question: Question, answer: Any) -> bool:
    """Whether this is an answer to this question, in the shape that this module's head describes."""
    if not isinstance(answer, dict):
        return False
    if question.kind == "single":
        return _index(answer.get("choice"), question.options)
    if question.kind == "multiple":
        chosen = answer.get("choices")
        return isinstance(chosen, list) and bool(chosen) and all(_index(c, question.options) for c in chosen)
    if question.kind in ("matching", "ordering"):
        key, asked, offered = (
            ("pairs", len(question.pairs), rights(question))
            if question.kind == "matching"
            else ("order", len(question.items), question.items)
        )
        given = answer.get(key)
        return isinstance(given, list) and len(given) == asked and all(g is None or _index(g, offered) for g in given)
    text = answer.get("text")
    return isinstance(text, str) and bool(text) and len(text) <= LONGEST_TEXT


def _index(value: Any, among: Sequence[Any]) -> bool:
    return type(value) is int and 0 <= value < len(among)


def readable(question: Question, answer: Answer) -> bool:
    """Whether what should be a number reads as one; every other answer is readable."""
    return question.kind != "numerical" or read(question, answer).value is not None


def complete(question: Question, answer: Answer | None) -> bool:
    """Whether nothing is missing: every pair matched, every item placed, a number that reads as one."""
    if answer is None:
        return False
    return readable(question, answer) and None not in (answer.get("pairs") or answer.get("order") or ())


def shuffle(question: Question, seed: str) -> tuple[int, ...]:
    """The order in which the options (or right sides, or items) are shown; empty where something is typed."""
    count = {
        "single": len(question.options),
        "multiple": len(question.options),
        "matching": len(rights(question)),
        "ordering": len(question.items),
    }.get(question.kind, 0)
    return tuple(sorted(range(count), key=lambda index: _rank(seed, question.id, str(index))))


def version(question: Question, seed: str) -> str:
    """A mark of the question as it is shown, for a form to carry: another text or order has another one."""
    return _rank(seed, "version", question.hash).hex()[:12]


def parse_form(
    question: Question,
    form: MultiDict[str, str],
    order: Sequence[int],
    name: str = "answer",
    language: str = "en",
) -> Answer | None:
    """The answer in a form whose values are positions in `order`; None where nothing was chosen or typed.

    Fields: `name` (once, or once for each option chosen); for matching `name-0`, `name-1`, … by left side;
    for ordering the same by shown item, the value being the place given to it. `language` is the page's, for
    numbers. Raises `Refusal`: `unreadable_answer`, `answer_too_long`.
    """
    answer: Answer
    if question.kind == "single":
        values = form.getlist(name)
        if not values:
            return None
        answer = {"choice": _original(values[0], order)}
    elif question.kind == "multiple":
        answer = {"choices": sorted({_original(value, order) for value in form.getlist(name)})}
        if not answer["choices"]:
            return None
    elif question.kind == "matching":
        shown = [form.get(f"{name}-{left}", "") for left in range(len(question.pairs))]
        if not any(shown):
            return None
        answer = {"pairs": [_original(value, order) if value else None for value in shown]}
    elif question.kind == "ordering":
        places: list[int | None] = [None] * len(order)
        for position, item in enumerate(order):
            if value := form.get(f"{name}-{position}", ""):
                places[item] = _original(value, range(len(order)))
        if all(place is None for place in places):
            return None
        answer = {"order": places}
    else:
        text = form.get(name, "")
        if len(text) > LONGEST_TEXT:
            raise Refusal("answer_too_long", _l("This answer is too long to be one. Shorten it and save it again."))
        answer = {"text": clean(text)}
        if not answer["text"]:
            return None
        if question.kind == "numerical":
            answer["language"] = language
    return answer


def _original(value: str, order: Sequence[int]) -> int:
    """The place in the question's own order of what stands at that position of the page."""
    if not (value.isascii() and value.isdigit() and len(value) < 4 and int(value) < len(order)):
        raise unreadable()
    return order[int(value)]


def unreadable() -> Refusal:
    """The refusal of what no page of ours sends."""
    return Refusal("unreadable_answer", _l("This answer could not be read. Reload the page and answer again."))


# --- Drawing --------------------------------------------------------------------------------------


def _rank(seed: str, *parts: str) -> bytes:
    """Where the seed puts something: the same for ever, and not to be guessed without the seed."""
    return hmac.new(seed.encode(), "\x1f".join(parts).encode(), sha256).digest()


def draw(bank: Iterable[Question], n: int, seed: str) -> list[Question]:
    """`n` questions (all, if there are fewer), even over lessons, in each over competencies, then levels."""
    by: list[Callable[[Question], str]] = [
        lambda q: q.lesson,
        lambda q: q.competency,
        lambda q: str(q.difficulty),
    ]
    drawn = _spread(list(bank), seed, by)[:n]
    return sorted(drawn, key=lambda question: _rank(seed, "shown", question.id))


def _spread(questions: list[Question], seed: str, by: list[Callable[[Question], str]]) -> list[Question]:
    """All questions, one from each group in turn: every beginning is as even as it can be."""
    if not by:
        return sorted(questions, key=lambda question: _rank(seed, question.id))
    groups: dict[str, list[Question]] = {}
    for question in questions:
        groups.setdefault(by[0](question), []).append(question)
    queues = [_spread(groups[key], seed, by[1:]) for key in sorted(groups, key=lambda key: _rank(seed, "group", key))]
    return [question for turn in zip_longest(*queues) for question in turn if question is not None]


# --- Passing, and trying again --------------------------------------------------------------------


def passes(score: float, pass_percent: int) -> bool:
    """Whether a score of 0 to 1 reaches the mark. Never rounded up; the last bit of a sum is forgiven."""
    return score * 100 >= pass_percent - 1e-9


@dataclass(frozen=True)
class Taken:
    """An attempt as `standing` needs it: open while `submitted_at` is None."""

    id: UUID
    submitted_at: datetime | None
    score: float | None = None
    passed: bool = False


@dataclass(frozen=True)
class Standing:
    """Where a person stands in an assessment. `best` is 0 to 1; `next_opens_at`: while one has to wait."""

    used: int
    allowed: int
    best: float | None = None
    passed: bool = False
    open_attempt: UUID | None = None
    next_opens_at: datetime | None = None

    @property
    def used_up(self) -> bool:
        """Nothing is left until a facilitator opens another attempt."""
        return not self.passed and self.open_attempt is None and self.used >= self.allowed

    @property
    def may_start(self) -> bool:
        return not (self.passed or self.open_attempt or self.used_up or self.next_opens_at)


def standing(attempts: Sequence[Taken], overrides: int, rule: AssessmentRule, now: datetime) -> Standing:
    """The rule's attempts lie its hours apart; each override then opens one more, at once."""
    used, allowed = len(attempts), rule.attempts + overrides
    passed = any(attempt.passed for attempt in attempts)
    open_attempt = next((attempt.id for attempt in attempts if attempt.submitted_at is None), None)
    opens_at = None
    if attempts and not passed and not open_attempt and used < rule.attempts:
        handed_in = max(attempt.submitted_at for attempt in attempts if attempt.submitted_at)
        opens_at = handed_in + timedelta(hours=rule.hours_between)
    return Standing(
        used,
        allowed,
        max((attempt.score for attempt in attempts if attempt.score is not None), default=None),
        passed,
        open_attempt,
        opens_at if opens_at and opens_at > now else None,
    )


@dataclass(frozen=True)
class Part:
    """What was earned in one competency: `share` (0 to 1) of `questions`, `right` of them wholly right."""

    competency: str
    questions: int
    right: int
    share: float
    short: bool


@dataclass(frozen=True)
class Shortfall:
    """The competencies of an attempt, weakest first, and the lessons to read again, most lost first."""

    parts: tuple[Part, ...]
    lessons: tuple[str, ...]

    @property
    def competencies(self) -> tuple[str, ...]:
        """The codes of those that fell short."""
        return tuple(part.competency for part in self.parts if part.short)


def shortfall(questions: Sequence[Question], fractions: Sequence[float], pass_percent: int) -> Shortfall:
    """Which competencies fell short of the mark, and in which lessons their points were lost."""
    earned: dict[str, list[float]] = {}
    for question, fraction in zip(questions, fractions, strict=True):
        earned.setdefault(question.competency, []).append(fraction)
    parts = [
        Part(code, len(own), sum(f >= 1 for f in own), share, not passes(share, pass_percent))
        for code, own in earned.items()
        for share in [sum(own) / len(own)]
    ]
    short = {part.competency for part in parts if part.short}
    lost: dict[str, float] = {}
    for question, fraction in zip(questions, fractions, strict=True):
        if question.competency in short and question.lesson and fraction < 1:
            lost[question.lesson] = lost.get(question.lesson, 0.0) + 1 - fraction
    return Shortfall(
        tuple(sorted(parts, key=lambda part: (part.share, part.competency))),
        tuple(sorted(lost, key=lambda lesson: (-lost[lesson], lesson))),
    )
