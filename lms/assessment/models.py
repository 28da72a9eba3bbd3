"""Attempts and responses. An attempt belongs to person, instrument and number: it knows no enrolment."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, CheckConstraint, Float, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Base, Id

# An instrument is what is answered: `checks:<lesson>` or `assessment:<module>`.


class QuestionVersion(Base):
    """A question as it was when somebody was asked it, by its content's hash; key and feedback included."""

    __tablename__ = "question_version"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    question_id: Mapped[str] = mapped_column(String(80), index=True)
    data: Mapped[dict[str, Any]]


class Attempt(Id, Base):
    """One go at an instrument. `seed` draws and shuffles; it never leaves the server.

    What it takes to pass and the nominal minutes are those of the day it began: a new rule moves no open
    attempt. Checks have one attempt for ever, and neither seed nor mark (`presentation.check_seed` shuffles
    them).
    """

    __tablename__ = "attempt"
    __table_args__ = (
        UniqueConstraint("person_id", "instrument", "number"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("score IS NULL OR (score >= 0 AND score <= 1)", name="score"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))
    instrument: Mapped[str] = mapped_column(String(100))
    number: Mapped[int] = mapped_column(Integer)
    seed: Mapped[str] = mapped_column(String(32))
    pass_percent: Mapped[int] = mapped_column(Integer, default=0)
    minutes: Mapped[int] = mapped_column(Integer, default=0)
    started_at: Mapped[datetime]
    last_at: Mapped[datetime]  # the last answer
    submitted_at: Mapped[datetime | None]
    score: Mapped[float | None] = mapped_column(Float)  # 0 to 1, at submission
    passed: Mapped[bool | None]


class Response(Id, Base):
    """A question in an attempt, and its answer once there is one.

    `answer` is in the question's own order (never the shuffled one): see `assessment.rules`. `fraction` is
    what the last answer earned, 0 to 1; `first_fraction` what the first one did (checks may be tried again).
    `seq` is when the answer was given, in milliseconds by the server's clock as far as the page knows it: an
    older answer that arrives late never replaces a newer one.
    """

    __tablename__ = "response"
    __table_args__ = (
        UniqueConstraint("attempt_id", "position"),
        UniqueConstraint("attempt_id", "question_id"),
    )

    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("attempt.id", ondelete="RESTRICT"))
    position: Mapped[int] = mapped_column(Integer)
    question_id: Mapped[str] = mapped_column(String(80))
    question_hash: Mapped[str] = mapped_column(ForeignKey("question_version.hash", ondelete="RESTRICT"))
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    answered_at: Mapped[datetime | None]
    seq: Mapped[int] = mapped_column(BigInteger, default=0)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    fraction: Mapped[float | None] = mapped_column(Float)
    first_fraction: Mapped[float | None] = mapped_column(Float)


class Override(Id, Base):
    """An exception made by somebody who may: here, one more attempt. Shown as an override for ever."""

    __tablename__ = "override"
    __table_args__ = (UniqueConstraint("kind", "person_id", "instrument", "number"),)

    kind: Mapped[str] = mapped_column(String(20))  # attempt
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    instrument: Mapped[str] = mapped_column(String(100))
    number: Mapped[int] = mapped_column(Integer)  # the first, the second, … for this person and instrument
    by_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))
    at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(500))


class ExerciseTask(Id, Base):
    """A practical exercise as one person got it: data from a seed of their own, and what they come to, frozen.

    `number` goes on after a pass: the same exercise with other data. `version` is the generator's: a task of another
    one is not shown any more, and a new one begins.
    """

    __tablename__ = "exercise_task"
    __table_args__ = (
        UniqueConstraint("person_id", "exercise", "form", "number"),
        CheckConstraint("form IN ('phone','desk')", name="form"),
        CheckConstraint("number >= 1", name="number"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))
    exercise: Mapped[str] = mapped_column(String(60))
    form: Mapped[str] = mapped_column(String(5))
    number: Mapped[int] = mapped_column(Integer)
    seed: Mapped[str] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(Integer)
    expected: Mapped[dict[str, Any]] = mapped_column(JSON, deferred=True)  # as `exercises.grading.freeze` makes it
    started_at: Mapped[datetime]
    figures_at: Mapped[datetime | None]  # when the figures were right for the first time
    rows_at: Mapped[datetime | None]  # when the file given back was
    passed_at: Mapped[datetime | None]


class ExerciseAnswer(Id, Base):
    """One try at a task: figures as they were typed, or a file that the worker reads."""

    __tablename__ = "exercise_answer"
    __table_args__ = (
        UniqueConstraint("task_id", "number"),
        CheckConstraint("state IN ('waiting','graded','refused')", name="state"),
    )

    task_id: Mapped[UUID] = mapped_column(ForeignKey("exercise_task.id", ondelete="RESTRICT"))
    number: Mapped[int] = mapped_column(Integer)
    given: Mapped[dict[str, Any]]  # figures by id as they were typed; empty for a file
    file_id: Mapped[UUID | None] = mapped_column(ForeignKey("stored_file.id", ondelete="RESTRICT"))
    state: Mapped[str] = mapped_column(String(8))
    found: Mapped[dict[str, Any]]  # what it came to, as `exercises.grading` says it; of a refused file, why
    right: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime]
