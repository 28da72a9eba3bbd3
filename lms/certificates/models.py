"""Certificates: a frozen snapshot, the file that was rendered from it once, and the competencies that it certifies."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Base, Id


class Certificate(Id, Base):
    """Born *waiting* in the transaction that completed; the worker renders it and stores the file once.

    `blocked_reason` is `name` (not confirmed yet) or `letters:` and those that no font of ours has.
    `worker` holds the claim of the one that renders, until `lease_until`; a changed name takes it away.
    """

    __tablename__ = "certificate"
    __table_args__ = (
        CheckConstraint("state IN ('waiting','issued','blocked')", name="state"),
        CheckConstraint("(state = 'issued') = (file_id IS NOT NULL)", name="file"),
        Index(
            "ix_certificate_waiting",
            "created_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    code: Mapped[str] = mapped_column(String(20), unique=True)
    completion_id: Mapped[UUID] = mapped_column(ForeignKey("completion.id", ondelete="RESTRICT"), unique=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    snapshot: Mapped[dict[str, Any]]  # every printed field, as of completion
    completed_on: Mapped[date]
    valid_until: Mapped[date]  # the last day
    created_at: Mapped[datetime]
    issued_at: Mapped[datetime | None]
    file_id: Mapped[UUID | None] = mapped_column(ForeignKey("stored_file.id", ondelete="RESTRICT"))
    blocked_reason: Mapped[str] = mapped_column(String(500), default="")
    worker: Mapped[str | None] = mapped_column(String(60))
    lease_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(Integer, default=0)
    # Its holder was erased: the snapshot names nobody any more, and this is the hash of what it said (sorted JSON).
    erased_at: Mapped[datetime | None]
    snapshot_sha256: Mapped[str] = mapped_column(String(64), default="")


class CertifiedCompetency(Id, Base):
    """A competency that a certificate certifies, from the day on which the rule (`rules.certifies`) was first met.

    What was met stays written: later questions, or an exercise that is added to the content, take nothing back.
    `share` (0 to 1) of `questions` was right; `exercise` is the one that was passed, empty where there was none.
    """

    __tablename__ = "certified_competency"
    __table_args__ = (
        UniqueConstraint("certificate_id", "competency"),
        CheckConstraint("share >= 0 AND share <= 1", name="share"),
    )

    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificate.id", ondelete="RESTRICT"))
    competency: Mapped[str] = mapped_column(String(20), index=True)
    questions: Mapped[int] = mapped_column(Integer)
    share: Mapped[float] = mapped_column(Float)
    exercise: Mapped[str] = mapped_column(String(60), default="")
    at: Mapped[datetime]
