"""Questionnaires as they were sent, who was asked, and what was answered.

A person's answer stands in a table of its own that holds nothing of the person: no id, no moment, no order. Its id
is random (not our usual one, which carries a moment), and on SQLite it is the only order of the rows.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Base, Id


class SurveyVersion(Id, Base):
    """A whole questionnaire, never changed: an edit makes the next number.

    `scope` and `scope_id` say whose copy it is, as roles say theirs; both are empty for a template as it stands.
    `origin` is the hash of the template that it was made from.
    """

    __tablename__ = "survey_version"
    __table_args__ = (UniqueConstraint("template", "scope", "scope_id", "number"),)

    template: Mapped[str] = mapped_column(String(60))
    scope: Mapped[str] = mapped_column(String(20), default="")
    scope_id: Mapped[str] = mapped_column(String(40), default="")
    number: Mapped[int] = mapped_column(Integer)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(String(64))
    origin: Mapped[str] = mapped_column(String(64))
    edited_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))
    created_at: Mapped[datetime]


class Survey(Id, Base):
    """A sending: one version to one audience. `closes_on` is the first day on which no answer is taken any more."""

    __tablename__ = "survey"
    __table_args__ = (
        CheckConstraint("closes_on > opened_on", name="order"),
        CheckConstraint("answered_by IN ('person','institution')", name="answered_by"),
        Index("ix_survey_audience", "audience_kind", "audience_id"),
        Index(
            "ix_survey_open", "closes_on",
            sqlite_where=text("closed_at IS NULL"), postgresql_where=text("closed_at IS NULL"),
        ),
    )  # fmt: skip

    version_id: Mapped[UUID] = mapped_column(ForeignKey("survey_version.id", ondelete="RESTRICT"))
    answered_by: Mapped[str] = mapped_column(String(12))  # persons or institutions, as its version says
    audience_kind: Mapped[str] = mapped_column(String(20))
    audience_id: Mapped[str] = mapped_column(String(40), default="")
    title: Mapped[str] = mapped_column(String(200), default="")  # what its sender calls it; may be empty
    opened_on: Mapped[date]
    closes_on: Mapped[date]
    sent_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))
    closed_at: Mapped[datetime | None]


class SurveyInvitation(Id, Base):
    """Somebody was asked, for themselves or for an organisation. That they answered is kept, and not when.

    The reminder carries a link of its own, since only the hash of the first one is kept.
    """

    __tablename__ = "survey_invitation"
    __table_args__ = (
        Index(
            "uq_survey_invitation_person", "survey_id", "recipient_id", unique=True,
            sqlite_where=text("organisation_id IS NULL"), postgresql_where=text("organisation_id IS NULL"),
        ),
        UniqueConstraint("survey_id", "organisation_id", "recipient_id"),
    )  # fmt: skip

    survey_id: Mapped[UUID] = mapped_column(ForeignKey("survey.id", ondelete="RESTRICT"))
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"), index=True)
    recipient_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    reminder_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    sent_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]
    answered: Mapped[bool] = mapped_column(default=False)


class SurveyResponse(Base):
    """What one person answered. Whose it is cannot be found out: there is no column that could tell."""

    __tablename__ = "survey_response"
    __table_args__ = {"sqlite_with_rowid": False}

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    survey_id: Mapped[UUID] = mapped_column(ForeignKey("survey.id", ondelete="RESTRICT"), index=True)
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)


class OfficeAnswer(Id, Base):
    """What an organisation answered, as itself. Amending adds the next number; what was answered before stays."""

    __tablename__ = "office_answer"
    __table_args__ = (UniqueConstraint("survey_id", "organisation_id", "number"),)

    survey_id: Mapped[UUID] = mapped_column(ForeignKey("survey.id", ondelete="RESTRICT"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)
    answered_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    answered_at: Mapped[datetime]
