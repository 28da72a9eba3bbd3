"""Enrolment and what was completed. Whatever can be derived from attempts is not stored here."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Float, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Base, Id


class Enrolment(Id, Base):
    """A person takes a course, once, in whatever language."""

    __tablename__ = "enrolment"
    __table_args__ = (
        UniqueConstraint("person_id", "course"),
        CheckConstraint("state IN ('active','withdrawn')", name="state"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))
    course: Mapped[str] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(10), default="active")
    enrolled_at: Mapped[datetime]


class LessonCompletion(Id, Base):
    """A lesson whose checks have all been tried. Kept when the lesson's text or checks change later."""

    __tablename__ = "lesson_completion"
    __table_args__ = (UniqueConstraint("enrolment_id", "lesson"),)

    enrolment_id: Mapped[UUID] = mapped_column(ForeignKey("enrolment.id", ondelete="RESTRICT"))
    lesson: Mapped[str] = mapped_column(String(80))
    completed_at: Mapped[datetime]


class Completion(Id, Base):
    """Everything asked in a module was done. `extent` is `module`, or `lessons:<hash>` while texts are missing."""

    __tablename__ = "completion"
    __table_args__ = (UniqueConstraint("enrolment_id", "module", "extent"),)

    enrolment_id: Mapped[UUID] = mapped_column(ForeignKey("enrolment.id", ondelete="RESTRICT"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    module: Mapped[str] = mapped_column(String(60))
    extent: Mapped[str] = mapped_column(String(40))
    lessons: Mapped[list[str]]  # ids, in order, as they were required
    minutes: Mapped[int] = mapped_column(Integer)  # nominal, of those lessons
    score: Mapped[float] = mapped_column(Float)  # best assessment, 0 to 1
    completed_at: Mapped[datetime]
