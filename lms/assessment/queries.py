"""What people answered and how they stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import Boolean, ColumnElement, Float, Select, Uuid, bindparam, cast, func, null, select, union_all
from sqlalchemy.orm import aliased

from lms import clock
from lms.assessment import rules
from lms.assessment.models import Attempt, Override, QuestionVersion, Response
from lms.assessment.rules import Answer, Standing
from lms.curriculum import index
from lms.curriculum.content import AssessmentRule, Lesson, Module, Question
from lms.db import UtcDateTime, session
from lms.people import queries as people
from lms.people import upstairs
from lms.people.models import Person
from lms.policy import Target
from lms.web import language, viewer
from lms.web.timeline import Event

CHECKS, ASSESSMENT = "checks:", "assessment:"


@dataclass(frozen=True)
class Earned:
    """What somebody was asked on a competency: `share` (0 to 1) of the points of so many questions was earned."""

    questions: int
    share: float


def asked_by_competency(person_id: UUID) -> dict[str, Earned]:
    """All that a person was asked in assessments that were handed in, by competency: one statement.

    A question that was left out counts as wrong; one that was asked in two attempts counts in both.
    """
    code = QuestionVersion.data["competency"].as_string()
    rows = session().execute(
        select(code, func.count(), func.sum(func.coalesce(Response.fraction, 0.0)))
        .select_from(Response)
        .join(Attempt, Attempt.id == Response.attempt_id)
        .join(QuestionVersion, QuestionVersion.hash == Response.question_hash)
        .where(
            people.same_person(Attempt.person_id, person_id),
            Attempt.instrument.startswith(ASSESSMENT),
            Attempt.submitted_at.is_not(None),
        )
        .group_by(code)
    )
    return {competency: Earned(count, min(1.0, earned / count)) for competency, count, earned in rows if competency}


# --- Checks ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CheckAnswer:
    """The last answer to a check; `question_hash` is the version that it answers.

    `tries` is 0 where the only answer was meant as a number and does not read as one.
    """

    answer: Answer | None
    question_hash: str
    tries: int
    fraction: float
    first_fraction: float


@cache
def _answered() -> Select[Response]:
    """Built once; of two records of one human the later answer comes last, and stands."""
    return (
        select(Response)
        .join(Attempt, Attempt.id == Response.attempt_id)
        .where(
            people.same_person(Attempt.person_id, bindparam("person")),
            Attempt.instrument == bindparam("instrument"),
        )
        .order_by(Response.answered_at)
    )


def tried(person_id: UUID, lesson: Lesson) -> set[str]:
    """The ids of the lesson's checks that this person has tried."""
    return {key for key, answer in lesson_answers(person_id, lesson).items() if answer.tries}


def lesson_answers(person_id: UUID, lesson: Lesson) -> dict[str, CheckAnswer]:
    """This person's answers to the lesson's checks, by the question's id: one statement."""
    rows = session().scalars(_answered(), {"person": person_id, "instrument": CHECKS + lesson.id})
    found: dict[str, CheckAnswer] = {}
    for row in rows:
        here = CheckAnswer(row.answer, row.question_hash, row.tries, row.fraction or 0.0, row.first_fraction or 0.0)
        before = found.get(row.question_id)
        found[row.question_id] = here if before is None else _after(before, here)
    return found


def _after(before: CheckAnswer, here: CheckAnswer) -> CheckAnswer:
    """The later of two answers that one human gave under two records."""
    return replace(
        here,
        tries=before.tries + here.tries,
        fraction=here.fraction if here.tries else before.fraction,
        first_fraction=before.first_fraction if before.tries else here.first_fraction,
    )


@dataclass
class Acts:
    """What somebody has done so far: when last, and how many checks were tried in each lesson begun."""

    last_at: datetime
    tried: dict[str, int] = field(default_factory=dict)


@cache
def _acts() -> Select[*tuple[Any, ...]]:
    return (
        select(
            func.coalesce(Person.merged_into, Attempt.person_id),
            Attempt.instrument,
            func.max(Attempt.last_at),
            func.count(Response.id).filter(Response.tries > 0),
        )
        .join(Person, Person.id == Attempt.person_id)
        .outerjoin(Response, (Response.attempt_id == Attempt.id) & Attempt.instrument.startswith(CHECKS))
        .where(people.among(bindparam("people", expanding=True)))
        .group_by(Attempt.person_id, Person.merged_into, Attempt.instrument)
    )


def acts_of(person_ids: Collection[UUID]) -> dict[UUID, Acts]:
    """The acts of these people; nobody who never answered anything. One statement, however many people.

    Of a lesson begun under two records of one human, as many checks count as were tried under the one that has more.
    """
    rows = session().execute(_acts(), {"people": list(person_ids)})
    found: dict[UUID, Acts] = {}
    for person_id, instrument, last_at, tried in rows:
        acts = found.setdefault(person_id, Acts(last_at))
        acts.last_at = max(acts.last_at, last_at)
        if tried:
            lesson = instrument.removeprefix(CHECKS)
            acts.tried[lesson] = max(tried, acts.tried.get(lesson, 0))
    return found


def held_of(person_ids: list[UUID]) -> upstairs.Held:
    """When these people last answered something, to compare two records by: one statement."""
    acts = acts_of(person_ids)
    return {
        key: [(_("Last answer"), [language.moment(acts[key].last_at, "medium")] if key in acts else [])]
        for key in person_ids
    }


def checks_tried(person_id: UUID) -> dict[str, int]:
    """The lessons that this person began, with how many of their checks were tried. One statement."""
    acts = acts_of([person_id]).get(person_id)
    return acts.tried if acts else {}


def lessons_begun(person_id: UUID) -> frozenset[str]:
    """The lessons of which this person has tried a check."""
    return frozenset(checks_tried(person_id))


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
        .where(people.same_person(Attempt.person_id, person_id), Attempt.instrument == instrument)
        .order_by(Attempt.started_at, Attempt.number)
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
        select(people.human())
        .join(Attempt, Attempt.person_id == Person.id)
        .where(Attempt.id == attempt_id, Attempt.instrument.startswith(ASSESSMENT))
    )
    return Target(person=person_id) if person_id else None


def sheet(attempt_id: UUID, position: int | None = None) -> Sheet:
    """An attempt with its questions (or the one at `position`): one statement. Raises LookupError."""
    rows = (
        session()
        .execute(
            select(Attempt, Response, QuestionVersion.data, people.human())
            .join(Person, Person.id == Attempt.person_id)
            .join(Response, Response.attempt_id == Attempt.id)
            .join(QuestionVersion, QuestionVersion.hash == Response.question_hash)
            .where(Attempt.id == attempt_id, *([Response.position == position] if position is not None else []))
            .order_by(Response.position)
        )
        .all()
    )
    if not rows:
        raise LookupError(attempt_id)
    attempt = rows[0][0]
    head = Head(
        attempt.id,
        rows[0][3],
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
            for _attempt, row, data, _person in rows
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

    One statement, however many people.
    """
    return _standings(person_ids, {module.id: module.assessment for module in modules if module.assessment})


def standing(person_id: UUID, module: Module) -> Standing:
    """How this person stands in the module's assessment; nothing used, nothing allowed where it has none."""
    return standings([person_id], [module]).get((person_id, module.id), Standing(0, 0))


def standing_in(person_id: UUID, module_id: str) -> Standing:
    """The same by the module's id, also where the content no longer has that module."""
    return _standings([person_id], {module_id: rule_of(module_id)})[person_id, module_id]


@cache
def _taken() -> Select[Any]:
    """The attempts of `people` at `instruments`, in order, and a row without one for each opened beside the rule."""
    nothing: ColumnElement[Any] = null()
    made = (
        select(
            people.human().label("person"),
            Attempt.instrument,
            Attempt.id,
            Attempt.submitted_at,
            Attempt.score,
            Attempt.passed,
            Attempt.started_at.label("at"),
        )
        .join(Person, Person.id == Attempt.person_id)
        .where(
            people.among(bindparam("people", expanding=True)),
            Attempt.instrument.in_(bindparam("instruments", expanding=True)),
        )
    )
    opened = (
        select(
            people.human(),
            Override.instrument,
            cast(nothing, Uuid()),
            cast(nothing, UtcDateTime()),
            cast(nothing, Float),
            cast(nothing, Boolean),
            Override.at,
        )
        .join(Person, Person.id == Override.person_id)
        .where(
            people.among(bindparam("people", expanding=True)),
            Override.instrument.in_(bindparam("instruments", expanding=True)),
            Override.kind == "attempt",
        )
    )
    both = union_all(made, opened).subquery()
    return select(both).order_by(both.c.at)


def _standings(
    person_ids: Collection[UUID], assessed: Mapping[str, AssessmentRule]
) -> dict[tuple[UUID, str], Standing]:
    given = {"people": list(person_ids), "instruments": [ASSESSMENT + key for key in assessed]}
    rows = session().execute(_taken(), given)
    taken: dict[tuple[UUID, str], list[rules.Taken]] = {}
    opened: Counter[tuple[UUID, str]] = Counter()
    for person_id, instrument, key, submitted_at, score, passed, _at in rows:
        of = person_id, instrument.removeprefix(ASSESSMENT)
        if key is None:
            opened[of] += 1
        else:
            taken.setdefault(of, []).append(rules.Taken(key, submitted_at, score, bool(passed)))
    now = clock.now()
    return {
        of: rules.standing(taken.get(of, []), opened[of], rule, now)
        for person_id in person_ids
        for module, rule in assessed.items()
        for of in [(person_id, module)]
    }


@dataclass(frozen=True)
class UsedUp:
    """Somebody who has used every attempt at a module's assessment without passing; `since` the last was handed in."""

    person_id: UUID
    module: str
    since: datetime


def used_up_in(humans: Select[Any]) -> list[UsedUp]:
    """Those of these people (a statement that gives the ids they are known by) who can go on only when an attempt is
    opened, the longest waiting first. One statement, however many people; as `Standing.used_up` says it of one."""
    key, since, holder = people.human(), func.max(Attempt.submitted_at), aliased(Person)
    granted = (
        select(people.human(holder).label("who"), Override.instrument, func.count(Override.id).label("more"))
        .join(holder, holder.id == Override.person_id)
        .where(Override.kind == "attempt")
        .group_by(people.human(holder), Override.instrument)
        .subquery()
    )
    opened = func.coalesce(func.max(granted.c.more), 0)
    rows = session().execute(
        select(key, Attempt.instrument, since, func.count(Attempt.id), opened)
        .select_from(Attempt)
        .join(Person, Person.id == Attempt.person_id)
        .outerjoin(granted, (granted.c.who == key) & (granted.c.instrument == Attempt.instrument))
        .where(people.among(humans), Attempt.instrument.startswith(ASSESSMENT))
        .group_by(key, Attempt.instrument)
        .having(
            func.count(Attempt.id).filter(Attempt.passed.is_(True)) == 0,
            func.count(Attempt.id).filter(Attempt.submitted_at.is_(None)) == 0,
        )
        .order_by(since)
    )
    found = ((row[0], row[1].removeprefix(ASSESSMENT), *row[2:]) for row in rows)
    return [
        UsedUp(person_id, module, at)
        for person_id, module, at, used, more in found
        if used >= rule_of(module).attempts + more
    ]


# --- What other rooms tell ------------------------------------------------------------------------


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
    """What this room tells of a person's past: assessments handed in, attempts opened for them. One statement.

    An attempt is only ever opened for somebody who has used all, so that no override stands without an attempt.
    """
    rows = session().execute(
        select(Attempt, Override)
        .outerjoin(
            Override,
            people.same_person(Override.person_id, person_id)
            & (Override.instrument == Attempt.instrument)
            & (Override.kind == "attempt"),
        )
        .where(
            people.same_person(Attempt.person_id, person_id),
            Attempt.instrument.startswith(ASSESSMENT),
            Attempt.submitted_at.is_not(None),
        )
    )
    handed_in, opened = {}, {}
    for attempt, override in rows:
        handed_in[attempt.id] = attempt
        if override is not None:
            opened[override.id] = override
    who = viewer.current()
    own = who is not None and who.person_id == person_id
    return [_handed_in(a, own) for a in handed_in.values()] + [_opened(o) for o in opened.values()]


def _handed_in(attempt: Attempt, own: bool) -> Event:
    values = {
        "module": module_title(attempt.instrument.removeprefix(ASSESSMENT)),
        "number": language.number(attempt.number),
        "score": language.percent(attempt.score or 0),
        "needed": language.percent(attempt.pass_percent / 100),
    }
    if attempt.passed:
        text = _("Passed the assessment of %(module)s with %(score)s (attempt %(number)s)", **values)
    else:
        text = _("Attempt %(number)s at the assessment of %(module)s: %(score)s, %(needed)s is needed", **values)
    link = url_for("assessment.attempt", attempt_id=attempt.id) if own else ""
    return Event(attempt.submitted_at or attempt.last_at, "passed" if attempt.passed else "tried", text, link)


def _opened(override: Override) -> Event:
    text = _(
        "Override: another attempt at the assessment of %(module)s was opened. Reason: %(reason)s",
        module=module_title(override.instrument.removeprefix(ASSESSMENT)),
        reason=override.reason,
    )
    return Event(override.at, "override", text)
