"""Groups of people who take a course together. Their staff are role grants over the scope `cohort`."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Base, Id


class Cohort(Id, Base):
    __tablename__ = "cohort"
    __table_args__ = (
        CheckConstraint("ends_on > starts_on", name="order"),
        CheckConstraint("scope IN ('programme','region','country')", name="scope"),
        Index("ix_cohort_scope", "scope", "scope_id"),
    )

    # Whose it is: the whole programme's, a region's, a country's. Those who coordinate there see it.
    scope: Mapped[str] = mapped_column(String(20), default="programme")
    scope_id: Mapped[str] = mapped_column(String(40), default="")
    name: Mapped[str] = mapped_column(String(200))
    course: Mapped[str] = mapped_column(String(60))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    time_zone: Mapped[str] = mapped_column(String(60), default="UTC")
    archived_at: Mapped[datetime | None]

    targets: Mapped[list[ModuleTarget]] = relationship(lazy="joined", order_by="ModuleTarget.due_on")


class CohortMember(Id, Base):
    """A trainee in a cohort; withdrawn, never deleted."""

    __tablename__ = "cohort_member"
    __table_args__ = (UniqueConstraint("cohort_id", "person_id"),)

    cohort_id: Mapped[UUID] = mapped_column(ForeignKey("cohort.id", ondelete="RESTRICT"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    joined_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class ModuleTarget(Id, Base):
    """The day by which a cohort means to have finished a module. It guides; it locks nothing."""

    __tablename__ = "module_target"
    __table_args__ = (UniqueConstraint("cohort_id", "module"),)

    cohort_id: Mapped[UUID] = mapped_column(ForeignKey("cohort.id", ondelete="RESTRICT"))
    module: Mapped[str] = mapped_column(String(60))
    due_on: Mapped[date]
