"""What can be asked about exercises and somebody's tasks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import undefer

from lms.assessment import exercises
from lms.assessment.exercises import texts
from lms.assessment.exercises.frame import FORMS, Data, Exercise, Form, by_file, keys_are_given
from lms.assessment.models import ExerciseAnswer, ExerciseTask
from lms.curriculum import index
from lms.db import session
from lms.people import queries as people
from lms.people.models import Person
from lms.policy import Target
from lms.web import language


@dataclass(frozen=True)
class Line:
    """An exercise in a list, and how one stands with it: tasks that are open by form, when it was passed first."""

    id: str
    title: str
    language: str
    summary: str
    minutes: dict[str, int]
    lesson: str
    competency: str
    open: dict[str, UUID] = field(default_factory=dict)
    passed_at: datetime | None = None
    passes: int = 0


def line(exercise: Exercise) -> Line:
    """An exercise without anybody's standing: no statement."""
    text = texts.text(exercise.ID, language.code())
    return Line(
        exercise.ID, text.title, text.language, text.summary, dict(text.minutes), exercise.LESSON, exercise.COMPETENCY
    )


def of_lessons(lessons: Collection[str]) -> list[Line]:
    """The exercises that these lessons prepare, in the order of the lessons: no statement."""
    order = {lesson: place for place, lesson in enumerate(lessons)}
    found = [exercise for exercise in exercises.ALL.values() if exercise.LESSON in order]
    return [line(exercise) for exercise in sorted(found, key=lambda exercise: order[exercise.LESSON])]


def lines(person_id: UUID) -> list[Line]:
    """All exercises in the order of the lessons, and how this person stands: one statement."""
    order = [lesson.id for module in index.current().modules for lesson in module.lessons]
    place = {lesson: number for number, lesson in enumerate(order)}
    wanted = sorted(exercises.ALL.values(), key=lambda exercise: (place.get(exercise.LESSON, len(order)), exercise.ID))
    return _standing(person_id, wanted)


def standing(person_id: UUID, exercise: Exercise) -> Line:
    """How a person stands with one exercise: one statement."""
    return _standing(person_id, [exercise])[0]


def _standing(person_id: UUID, wanted: Collection[Exercise]) -> list[Line]:
    rows = session().execute(
        select(ExerciseTask.id, ExerciseTask.exercise, ExerciseTask.form, ExerciseTask.version, ExerciseTask.passed_at)
        .where(people.same_person(ExerciseTask.person_id, person_id))
        .order_by(ExerciseTask.started_at, ExerciseTask.id)
    )
    found: dict[str, dict[str, Any]] = {}
    for key, name, form, version, passed_at in rows:
        one = found.setdefault(name, {"open": {}, "passed": []})
        if passed_at is not None:
            one["passed"].append(passed_at)
        elif name in exercises.ALL and version == exercises.ALL[name].VERSION:
            one["open"][form] = key
    told = []
    for exercise in wanted:
        one = found.get(exercise.ID, {"open": {}, "passed": []})
        passed = one["passed"]
        told.append(replace(line(exercise), open=one["open"], passed_at=min(passed, default=None), passes=len(passed)))
    return told


def of_competency(code: str) -> list[Line]:
    """The exercises that show a competency: no statement."""
    return [line(exercise) for exercise in exercises.ALL.values() if code == exercise.COMPETENCY]


def passed(person_id: UUID) -> frozenset[str]:
    """The exercises that a person has passed: one statement."""
    query = select(ExerciseTask.exercise).where(
        people.same_person(ExerciseTask.person_id, person_id), ExerciseTask.passed_at.is_not(None)
    )
    return frozenset(session().scalars(query.distinct()))


def passed_by(person_ids: Collection[UUID], exercise_ids: Collection[str]) -> dict[tuple[UUID, str], datetime]:
    """When people (by the id they are known by) passed exercises for the first time: one statement."""
    rows = session().execute(
        select(people.human(), ExerciseTask.exercise, func.min(ExerciseTask.passed_at))
        .select_from(ExerciseTask)
        .join(Person, Person.id == ExerciseTask.person_id)
        .where(people.among(person_ids), ExerciseTask.exercise.in_(exercise_ids), ExerciseTask.passed_at.is_not(None))
        .group_by(people.human(), ExerciseTask.exercise)
    )
    return {(person_id, name): at for person_id, name, at in rows if at is not None}


# --- one task --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Try:
    """An answer to a task. `found` as `exercises.grading` says it; `given` the figures as they were typed."""

    id: UUID
    number: int
    by_file: bool
    state: str
    right: bool
    given: dict[str, str]
    found: dict[str, Any]
    at: datetime


@dataclass(frozen=True)
class Task:
    """A task of a person with its tries, the newest first."""

    id: UUID
    person_id: UUID
    exercise: Exercise
    form: Form
    number: int
    seed: str
    version: int
    started_at: datetime
    figures_at: datetime | None
    rows_at: datetime | None
    passed_at: datetime | None
    tries: tuple[Try, ...]

    @property
    def data(self) -> Data:
        """What the trainee is given: made again each time, always the same."""
        return data_of(self.exercise.ID, self.form, self.seed)

    @property
    def by_file(self) -> bool:
        """Whether a file is to be given back."""
        return by_file(self.exercise, self.form)

    @property
    def keys_are_given(self) -> bool:
        return self.by_file and keys_are_given(self.exercise)

    @property
    def is_current(self) -> bool:
        """Whether the data are still made as they were when the task began."""
        return self.version == self.exercise.VERSION

    @property
    def waiting(self) -> Try | None:
        """The file that the worker is reading."""
        return next((one for one in self.tries if one.state == "waiting"), None)


@lru_cache(maxsize=32)
def data_of(exercise: str, form: Form, seed: str) -> Data:
    """The data of a task; several requests of one page ask for them in turn."""
    return exercises.ALL[exercise].generate(seed, form)


def task_target(task: UUID) -> Target | None:
    """Whose a task is."""
    owner = session().scalar(
        select(people.human()).join(ExerciseTask, ExerciseTask.person_id == Person.id).where(ExerciseTask.id == task)
    )
    return Target(owner) if owner else None


def task(task_id: UUID, newest: int = 20) -> Task:
    """A task with its newest tries: two statements. LookupError where there is none, or its program is gone."""
    row = session().get(ExerciseTask, task_id)
    if row is None or row.exercise not in exercises.ALL or row.form not in FORMS:
        raise LookupError(f"no task {task_id}")
    tries = session().scalars(
        select(ExerciseAnswer)
        .where(ExerciseAnswer.task_id == task_id)
        .order_by(ExerciseAnswer.number.desc())
        .limit(newest)
    )
    return Task(
        row.id,
        row.person_id,
        exercises.ALL[row.exercise],
        row.form,
        row.number,
        row.seed,
        row.version,
        row.started_at,
        row.figures_at,
        row.rows_at,
        row.passed_at,
        tuple(
            Try(one.id, one.number, one.file_id is not None, one.state, one.right, one.given, one.found, one.at)
            for one in tries
        ),
    )


def expected(task_id: UUID) -> dict[str, Any]:
    """What a task comes to, as it was frozen. It never leaves the server."""
    found = session().get_one(ExerciseTask, task_id, options=[undefer(ExerciseTask.expected)])
    return found.expected
