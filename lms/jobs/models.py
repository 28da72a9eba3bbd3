"""Work to be done by the worker, as rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Base, Id


class Job(Id, Base):
    """A piece of work: waiting → running (under a lease) → done, or failed after its last try."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("state IN ('waiting','running','done','failed')", name="state"),
        Index(
            "ix_job_waiting",
            "not_before",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_job_running",
            "lease_until",
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
        Index(
            "uq_job_waiting_kind_key",
            "kind",
            "key",
            unique=True,
            sqlite_where=text("state = 'waiting' AND key <> ''"),
            postgresql_where=text("state = 'waiting' AND key <> ''"),
        ),
    )

    kind: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(80), default="")  # jobs with an equal key wait once
    data: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    done_count: Mapped[int] = mapped_column(Integer, default=0)
    total: Mapped[int] = mapped_column(Integer, default=0)
    worker: Mapped[str | None] = mapped_column(String(60))
    lease_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(Integer, default=0)
    not_before: Mapped[datetime]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(1000))
