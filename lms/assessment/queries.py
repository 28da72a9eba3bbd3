"""What people answered and how they stand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import func, select

from lms import clock
from lms.assessment import rules
from lms.assessment.models import Attempt, Override, QuestionVersion, Response
from lms.assessment.rules import Answer, Standing
from lms.curriculum import index
from lms.curriculum.content import AssessmentRule, Lesson, Module, Question
from lms.db import session
from lms.policy import Target
from lms.web import language, viewer
from lms.web.timeline import Event

CHECKS, ASSESSMENT = "checks:", "assessment:"


# --- Checks ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CheckAnswer:
    """The last answer to a check, and how often it was tried; `question_hash` is the version it answers."""

    answer: Answer | None
    question_hash: str
    tries: int
    fraction: float
    first_fraction: float


def lesson_answers(person_id: UUID, lesson: Lesson) -> dict[str, CheckAnswer]:
    """This person's answers to the lesson's checks, by the question's id: one statement."""
    rows = session().scalars(
        select(Response)
        .join(Attempt, Attempt.id == Response.attempt_id)
        .where(Attempt.person_id == person_id, Attempt.instrument == CHECKS + lesson.id, Response.tries > 0)
    )
    return {
        row.question_id: CheckAnswer(
            row.answer, row.question_hash, row.tries, row.fraction or 0.0, row.first_fraction or 0.0
        )
        for row in rows
    }


def checks_tried_by(person_ids: Collection[UUID]) -> dict[UUID, dict[str, int]]:
    """For each person who began any: the lessons begun, with how many checks were tried. One statement."""
    rows = session().execute(
        select(Attempt.person_id, Attempt.instrument, func.count(Response.id))
        .join(Response, Response.attempt_id == Attempt.id)
        .where(Attempt.person_id.in_(person_ids), Attempt.instrument.startswith(CHECKS), Response.tries > 0)
        .group_by(Attempt.person_id, Attempt.instrument)
    )
    tried: dict[UUID, dict[str, int]] = {}
    for person_id, instrument, count in rows:
        tried.setdefault(person_id, {})[instrument.removeprefix(CHECKS)] = count
    return tried


def checks_tried(person_id: UUID) -> dict[str, int]:
    """The lessons that this person began, with how many of their checks were tried."""
    return checks_tried_by([person_id]).get(person_id, {})


def lessons_begun(person_id: UUID) -> frozenset[str]:
    """The lessons of which this person has tried a check."""
    return frozenset(checks_tried(person_id))


def lessons_begun_by(person_ids: Collection[UUID]) -> dict[UUID, frozenset[str]]:
    """The same for many people: one statement."""
    return {person_id: frozenset(tried) for person_id, tried in checks_tried_by(person_ids).items()}


# --- Attempts -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AttemptLine:
    """An attempt in a list. `score` is 0 to 1 and None until it was handed in."""

    id: UUID
    number: int
    started_at: datetime
    submitted_at: datetime | None
    score: float | None
    passed: bool


def attempts(person_id: UUID, instrument: str) -> list[AttemptLine]:
    """A person's attempts at an instrument, oldest first."""
    rows = session().scalars(
        select(Attempt)
        .where(Attempt.person_id == person_id, Attempt.instrument == instrument)
        .order_by(Attempt.number)
    )
    return [AttemptLine(a.id, a.number, a.started_at, a.submitted_at, a.score, bool(a.passed)) for a in rows]


@dataclass(frozen=True)
class Asked:
    """A question in an attempt, as it was when drawn. `fraction` is filled once the attempt is handed in."""

    position: int
    question: Question
    answer: Answer | None
    seq: int
    fraction: float | None


@dataclass(frozen=True)
class Head:
    """An attempt at a module's assessment, without its questions. `score` is 0 to 1, at submission."""

    id: UUID
    person_id: UUID
    module: str
    number: int
    pass_percent: int
    minutes: int
    submitted_at: datetime | None
    score: float
    passed: bool


@dataclass(frozen=True)
class Sheet:
    """An attempt with its questions. It holds keys and the seed: for grading, never for a template."""

    head: Head
    seed: str
    asked: tuple[Asked, ...]

    @property
    def unanswered(self) -> tuple[int, ...]:
        """The positions of which something is missing."""
        return tuple(a.position for a in self.asked if not rules.complete(a.question, a.answer))


def attempt_target(attempt_id: UUID, position: int = 0) -> Target | None:
    """Whose attempt at an assessment that is; None where there is none of that id."""
    person_id = session().scalar(
        select(Attempt.person_id).where(Attempt.id == attempt_id, Attempt.instrument.startswith(ASSESSMENT))
    )
    return Target(person=person_id) if person_id else None


def sheet(attempt_id: UUID, position: int | None = None) -> Sheet:
    """An attempt with its questions (or the one at `position`): one statement. Raises LookupError."""
    rows = (
        session()
        .execute(
            select(Attempt, Response, QuestionVersion.data)
            .join(Response, Response.attempt_id == Attempt.id)
            .join(QuestionVersion, QuestionVersion.hash == Response.question_hash)
            .where(
                Attempt.id == attempt_id, *([Response.position == position] if position is not None else [])
            )
            .order_by(Response.position)
        )
        .all()
    )
    if not rows:
        raise LookupError(attempt_id)
    attempt = rows[0][0]
    head = Head(
        attempt.id,
        attempt.person_id,
        attempt.instrument.removeprefix(ASSESSMENT),
        attempt.number,
        attempt.pass_percent,
        attempt.minutes,
        attempt.submitted_at,
        attempt.score or 0.0,
        bool(attempt.passed),
    )
    return Sheet(
        head,
        attempt.seed,
        tuple(
            Asked(row.position, Question.from_data(data), row.answer, row.seq, row.fraction)
            for _attempt, row, data in rows
        ),
    )


def answered_of(attempt_id: UUID) -> tuple[int, int]:
    """How many questions of an attempt have an answer, and how many there are."""
    counts = select(func.count(Response.answer), func.count(Response.id)).where(Response.attempt_id == attempt_id)
    answered, questions = session().execute(counts).one()
    return answered, questions


# --- Standing -------------------------------------------------------------------------------------


def standings(person_ids: Collection[UUID], modules: Iterable[Module]) -> dict[tuple[UUID, str], Standing]:
    """How each of these people stands in each module that has an assessment, by (person, module's id).

    One statement, and one more where somebody has used all their attempts.
    """
    return _standings(person_ids, {module.id: module.assessment for module in modules if module.assessment})


def standing(person_id: UUID, module: Module) -> Standing:
    """How this person stands in the module's assessment; nothing used, nothing allowed where it has none."""
    return standings([person_id], [module]).get((person_id, module.id), Standing(0, 0))


def standing_in(person_id: UUID, module_id: str) -> Standing:
    """The same by the module's id, also where the content no longer has that module."""
    return _standings([person_id], {module_id: rule_of(module_id)})[person_id, module_id]


def _standings(
    person_ids: Collection[UUID], assessed: Mapping[str, AssessmentRule]
) -> dict[tuple[UUID, str], Standing]:
    taken: dict[tuple[UUID, str], list[rules.Taken]] = {}
    rows = session().execute(
        select(
            Attempt.person_id,
            Attempt.instrument,
            Attempt.id,
            Attempt.submitted_at,
            Attempt.score,
            Attempt.passed,
        )
        .where(Attempt.person_id.in_(person_ids), Attempt.instrument.in_(_instruments(assessed)))
        .order_by(Attempt.number)
    )
    for person_id, instrument, key, submitted_at, score, passed in rows:
        attempt = rules.Taken(key, submitted_at, score, bool(passed))
        taken.setdefault((person_id, instrument.removeprefix(ASSESSMENT)), []).append(attempt)
    granted = _granted(
        [(who, module) for (who, module), own in taken.items() if len(own) >= assessed[module].attempts]
    )
    now = clock.now()
    return {
        key: rules.standing(taken.get(key, []), granted.get(key, 0), rule, now)
        for person_id in person_ids
        for module, rule in assessed.items()
        for key in [(person_id, module)]
    }


def _instruments(modules: Iterable[str]) -> list[str]:
    return [ASSESSMENT + module for module in modules]


def _granted(keys: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], int]:
    """How many further attempts were opened for these people and modules: one statement."""
    if not keys:
        return {}
    rows = session().execute(
        select(Override.person_id, Override.instrument, func.count(Override.id))
        .where(
            Override.kind == "attempt",
            Override.person_id.in_({who for who, _module in keys}),
            Override.instrument.in_(_instruments({module for _who, module in keys})),
        )
        .group_by(Override.person_id, Override.instrument)
    )
    return {(person_id, instrument.removeprefix(ASSESSMENT)): count for person_id, instrument, count in rows}


# --- What other rooms tell ------------------------------------------------------------------------


def last_acts(person_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """When each of these people last answered something; nobody who never did. One statement."""
    rows = session().execute(
        select(Attempt.person_id, func.max(Attempt.last_at))
        .where(Attempt.person_id.in_(person_ids))
        .group_by(Attempt.person_id)
    )
    return dict(rows.all())


def module_title(module_id: str) -> str:
    """The module's short title in the page's language; its id where the content no longer has it."""
    try:
        return index.current().module(module_id, language.code()).short
    except KeyError:
        return module_id


def rule_of(module_id: str) -> AssessmentRule:
    """How the module is assessed today; the usual rule where the content no longer says."""
    try:
        return index.current().module(module_id, "en").assessment or AssessmentRule()
    except KeyError:
        return AssessmentRule()


def events_of(person_id: UUID) -> list[Event]:
    """What this room tells of a person's past: assessments handed in, attempts opened for them."""
    s = session()
    handed_in = s.scalars(
        select(Attempt).where(
            Attempt.person_id == person_id,
            Attempt.instrument.startswith(ASSESSMENT),
            Attempt.submitted_at.is_not(None),
        )
    )
    who = viewer.current()
    own = who is not None and who.person_id == person_id
    events = []
    for a in handed_in:
        values = {
            "module": module_title(a.instrument.removeprefix(ASSESSMENT)),
            "number": language.number(a.number),
            "score": language.percent(a.score or 0),
            "needed": language.percent(a.pass_percent / 100),
        }
        text = (
            _("Passed the assessment of %(module)s with %(score)s (attempt %(number)s)", **values)
            if a.passed
            else _(
                "Attempt %(number)s at the assessment of %(module)s: %(score)s, %(needed)s is needed",
                **values,
            )
        )
        link = url_for("assessment.attempt", attempt_id=a.id) if own else ""
        events.append(Event(a.submitted_at or a.last_at, "passed" if a.passed else "tried", text, link))
    for o in s.scalars(select(Override).where(Override.person_id == person_id, Override.kind == "attempt")):
        text = _(
            "Override: another attempt at the assessment of %(module)s was opened. Reason: %(reason)s",
            module=module_title(o.instrument.removeprefix(ASSESSMENT)),
            reason=o.reason,
        )
        events.append(Event(o.at, "override", text))
    return events
