"""What is to be said to whom (Notice) and the letter that says it (OutboxMessage)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Base, Id


class Notice(Id, Base):
    """One thing to tell one recipient. Told once for what it speaks of: so says the UNIQUE constraint."""

    __tablename__ = "notice"
    __table_args__ = (UniqueConstraint("kind", "subject", "step", "level", "due_on", "recipient"),)

    kind: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(80))  # the id of what it speaks of
    step: Mapped[int] = mapped_column(Integer, default=0)
    level: Mapped[int] = mapped_column(Integer, default=0)
    due_on: Mapped[date]
    recipient: Mapped[str] = mapped_column(String(80))  # a person's id, or an address without a person
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class OutboxMessage(Id, Base):
    """A letter on its way: due → claimed → sending → sent, or unknown, failed, cancelled (never silent).

    It is *held* while letters to its address come back.

    `body` is blanked once the letter was accepted or cancelled: it may hold a link that signs in.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (
        CheckConstraint(
            "state IN ('due','held','claimed','sending','sent','unknown','failed','cancelled')", name="state"
        ),
        Index(
            "ix_outbox_message_due",
            "not_before",
            sqlite_where=text("state = 'due'"),
            postgresql_where=text("state = 'due'"),
        ),
    )

    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notice.id", ondelete="RESTRICT"), unique=True)
    address: Mapped[str] = mapped_column(String(320))
    name: Mapped[str] = mapped_column(String(200), default="")  # as the letter's To says it
    language: Mapped[str] = mapped_column(String(10))
    title: Mapped[str] = mapped_column(String(300))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default="due")
    not_before: Mapped[datetime]
    worker: Mapped[str | None] = mapped_column(String(60))
    lease_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(Integer, default=0)
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(String(500))
