"""The audit record: who did what to what, by ids. Names are held elsewhere, so that it can be kept for ever."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Base, Id


class Entry(Id, Base):
    """One act. Triggers of the database refuse to change or delete a row (see the first migration)."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_object", "object_kind", "object_id"),)

    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]  # None: the system itself
    verb: Mapped[str] = mapped_column(String(60))
    object_kind: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[str] = mapped_column(String(80))
    data: Mapped[dict[str, Any]]
