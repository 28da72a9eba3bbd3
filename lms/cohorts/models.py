"""Groups of people who take a course together, and how they come together: the call, the nominations.

Their staff are role grants over the scope `cohort`.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lms.db import Base, Id


class Cohort(Id, Base):
    __tablename__ = "cohort"
    __table_args__ = (
        CheckConstraint("ends_on > starts_on", name="order"),
        CheckConstraint("scope IN ('programme','region','country')", name="scope"),
        CheckConstraint("people_wanted IS NULL OR people_wanted >= 1", name="people_wanted"),
        CheckConstraint("graduates_wanted IS NULL OR graduates_wanted >= 1", name="graduates_wanted"),
        CheckConstraint("cost IS NULL OR (cost >= 0 AND currency <> '')", name="cost"),
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
    organisers: Mapped[list[str]] = mapped_column(default=list)
    funders: Mapped[list[str]] = mapped_column(default=list)
    project_code: Mapped[str] = mapped_column(String(60), default="")
    people_wanted: Mapped[int | None] = mapped_column(Integer)
    graduates_wanted: Mapped[int | None] = mapped_column(Integer)
    cost: Mapped[int | None] = mapped_column(BigInteger)  # in the smallest unit of its currency
    currency: Mapped[str] = mapped_column(String(3), default="")  # ISO 4217

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


class Call(Id, Base):
    """A cohort's call: offices nominate people from `opens_on` to `closes_on`, both included, in the cohort's zone.

    A draft until it is opened; closed for good once the selection is made.
    """

    __tablename__ = "call"
    __table_args__ = (
        UniqueConstraint("cohort_id"),
        CheckConstraint("closes_on >= opens_on", name="order"),
        CheckConstraint("seats >= 1", name="seats"),
    )

    cohort_id: Mapped[UUID] = mapped_column(ForeignKey("cohort.id", ondelete="RESTRICT"))
    opens_on: Mapped[date]
    closes_on: Mapped[date]  # the last day that counts
    seats: Mapped[int] = mapped_column(Integer)  # in all
    message: Mapped[str] = mapped_column(Text, default="")
    opened_at: Mapped[datetime | None]
    selected_at: Mapped[datetime | None]  # the selection was made, and everybody was told


class CallSeat(Id, Base):
    """An office that a call invites, and how many of its people can be selected."""

    __tablename__ = "call_seat"
    __table_args__ = (UniqueConstraint("call_id", "organisation_id"), CheckConstraint("seats >= 1", name="seats"))

    call_id: Mapped[UUID] = mapped_column(ForeignKey("call.id", ondelete="RESTRICT"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"), index=True)
    seats: Mapped[int] = mapped_column(Integer)
    told_at: Mapped[datetime | None]  # its focal points have the letter
    reminded_of: Mapped[date | None]  # the last day of which they were reminded


class Nomination(Id, Base):
    """Somebody who is to be in a cohort: nominated by an office, or offered a place by its coordinator (`by_hand`).

    One who was typed by an address has no person until a place is given: `name` and `address` are what was typed, and
    all that is shown until they joined the cohort. What an address stands for elsewhere is told to nobody.
    """

    __tablename__ = "nomination"
    __table_args__ = (
        UniqueConstraint("cohort_id", "person_id"),
        CheckConstraint("state IN ('nominated','selected','waiting','refused','declined','withdrawn')", name="state"),
        CheckConstraint("person_id IS NOT NULL OR address_key <> ''", name="who"),
        CheckConstraint("by_hand OR organisation_id IS NOT NULL", name="source"),
        Index(
            "uq_nomination_cohort_id_organisation_id_address_key",
            "cohort_id",
            "organisation_id",
            "address_key",
            unique=True,
            sqlite_where=text("address_key <> '' AND NOT by_hand"),
            postgresql_where=text("address_key <> '' AND NOT by_hand"),
        ),
        Index(
            "uq_nomination_cohort_id_address_key",
            "cohort_id",
            "address_key",
            unique=True,
            sqlite_where=text("by_hand"),
            postgresql_where=text("by_hand"),
        ),
    )

    cohort_id: Mapped[UUID] = mapped_column(ForeignKey("cohort.id", ondelete="RESTRICT"))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    # Who nominated them; by hand, the office that somebody new is to belong to.
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"), index=True)
    by_hand: Mapped[bool] = mapped_column(default=False)
    is_new: Mapped[bool] = mapped_column(default=False)  # made for this place: takes it by accepting the invitation
    name: Mapped[str] = mapped_column(String(200), default="")
    address: Mapped[str] = mapped_column(String(320), default="")
    address_key: Mapped[str] = mapped_column(String(320), default="")
    language: Mapped[str] = mapped_column(String(10), default="")
    nominated_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))
    nominated_at: Mapped[datetime]
    supervisor: Mapped[str] = mapped_column(String(200), default="")
    supervisor_agreed: Mapped[bool] = mapped_column(default=False)
    motivation: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(10), default="nominated")
    position: Mapped[int | None] = mapped_column(Integer)  # on the waiting list, the first is the lowest
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(500), default="")
    letters: Mapped[int] = mapped_column(Integer, default=0)  # so many have told of the place
    selected_at: Mapped[datetime | None]
    taken_at: Mapped[datetime | None]  # they said that they take the place
