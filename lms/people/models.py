"""Who, where, since when: organisations, persons, their addresses, memberships and roles."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from lms.db import Base, Id

KINDS = ("producer", "user", "agency")
INFRASTRUCTURES = ("register", "permits", "census", "mixed", "unknown")
SEXES = ("female", "male", "other", "unsaid")


def shown_name(name: str) -> str:
    """A person's name; of somebody who was erased there is none, and every list says so in these words."""
    return name or str(_("erased person"))


class PersonName(TypeDecorator[str]):
    """A name as pages read it, wherever it is selected: the one place where somebody erased gets words for one."""

    impl = String(200)
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        return value if value is None else shown_name(value)


class Organisation(Id, Base):
    """A statistical office, another producer or user of data, or an agency."""

    __tablename__ = "organisation"
    __table_args__ = (
        CheckConstraint("kind IN ('producer','user','agency')", name="kind"),
        CheckConstraint("infrastructure IN ('register','permits','census','mixed','unknown')", name="infrastructure"),
    )

    name: Mapped[str] = mapped_column(String(200))
    names: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)  # by language; `name` where one is missing
    sort_key: Mapped[str] = mapped_column(String(450))
    kind: Mapped[str] = mapped_column(String(10), default="producer")
    country: Mapped[str] = mapped_column(String(2))  # ISO 3166-1 alpha-2
    infrastructure: Mapped[str] = mapped_column(String(10), default="unknown")
    languages: Mapped[list[str]]
    time_zone: Mapped[str] = mapped_column(String(60), default="UTC")
    weekend: Mapped[list[int]]  # ISO week days, Monday 1 … Sunday 7
    archived_at: Mapped[datetime | None]

    def name_in(self, language: str) -> str:
        return self.names.get(language) or self.name


class Unit(Id, Base):
    """A part of an organisation, such as its division of population statistics."""

    __tablename__ = "unit"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    archived_at: Mapped[datetime | None]


class Person(Id, Base):
    """A human being, once. `name` is as printed, in their own script; `name_latin` the same in Latin."""

    __tablename__ = "person"
    __table_args__ = (CheckConstraint("sex IN ('female','male','other','unsaid')", name="sex"),)

    name: Mapped[str] = mapped_column(PersonName())
    name_latin: Mapped[str] = mapped_column(String(200), default="")
    sort_key: Mapped[str] = mapped_column(String(450), index=True)
    search_key: Mapped[str] = mapped_column(String(450))
    name_confirmed_at: Mapped[datetime | None]
    sex: Mapped[str] = mapped_column(String(10), default="unsaid")
    post: Mapped[str] = mapped_column(String(200), default="")
    language: Mapped[str] = mapped_column(String(10), default="en")
    languages: Mapped[list[str]]
    time_zone: Mapped[str] = mapped_column(String(60), default="UTC")
    password_hash: Mapped[str | None] = mapped_column(String(200))
    epoch: Mapped[int] = mapped_column(Integer, default=0)  # raised by *sign out everywhere*
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
    # Another record of the same human, to which this one was merged: its rows stay its own, and are read with that's.
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    erased_at: Mapped[datetime | None]  # a tombstone: nothing of the person stands here any more


class PersonMerge(Id, Base):
    """Two records of one human were found to be one: `merged_id` is read with `kept_id` until they are parted.

    The rows that stand form a tree; `Person.merged_into` points at its root, so that parting any of them restores
    exactly what was. `prepared` is what rooms above made ready, for them to take back.
    """

    __tablename__ = "person_merge"
    __table_args__ = (
        CheckConstraint("kept_id <> merged_id", name="two"),
        Index(
            "uq_person_merge_open",
            "merged_id",
            unique=True,
            sqlite_where=text("parted_at IS NULL"),
            postgresql_where=text("parted_at IS NULL"),
        ),
    )

    kept_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    merged_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))
    merged_at: Mapped[datetime]
    merged_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))
    reason: Mapped[str] = mapped_column(String(500))
    prepared: Mapped[dict[str, Any]] = mapped_column(default=dict)
    parted_at: Mapped[datetime | None]
    parted_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))


class Address(Id, Base):
    """A mail address of a person. One confirmed address belongs to one person; any of theirs signs in."""

    __tablename__ = "address"
    __table_args__ = (
        Index(
            "uq_address_confirmed_key",
            "key",
            unique=True,
            sqlite_where=text("confirmed_at IS NOT NULL"),
            postgresql_where=text("confirmed_at IS NOT NULL"),
        ),
        Index("uq_address_person_id_key", "person_id", "key", unique=True),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    address: Mapped[str] = mapped_column(String(320))
    key: Mapped[str] = mapped_column(String(320), index=True)
    confirmed_at: Mapped[datetime | None]
    is_primary: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    added_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))
    bounced_at: Mapped[datetime | None]  # a letter to it was refused for good


class Membership(Id, Base):
    """A person belongs to an organisation from `starts_on` until the day before `ends_on` (half-open)."""

    __tablename__ = "membership"
    __table_args__ = (
        CheckConstraint("ends_on IS NULL OR ends_on > starts_on", name="order"),
        Index("ix_membership_organisation_id_ends_on", "organisation_id", "ends_on"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    unit_id: Mapped[UUID | None] = mapped_column(ForeignKey("unit.id", ondelete="RESTRICT"))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    end_reason: Mapped[str] = mapped_column(String(40), default="")  # why
    destination: Mapped[str] = mapped_column(String(20), default="")  # where to
    destination_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    successor_id: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))  # who follows


class StaffConfirmation(Id, Base):
    """An office has looked at the list of its staff on that day: how many were there, and what was changed."""

    __tablename__ = "staff_confirmation"
    __table_args__ = (UniqueConstraint("organisation_id", "confirmed_on"),)

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"))
    confirmed_on: Mapped[date]
    confirmed_at: Mapped[datetime]  # of the last press of that day
    confirmed_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))
    present: Mapped[int] = mapped_column(Integer, default=0)
    moved: Mapped[int] = mapped_column(Integer, default=0)
    left: Mapped[int] = mapped_column(Integer, default=0)
    added: Mapped[int] = mapped_column(Integer, default=0)
    press: Mapped[str] = mapped_column(String(40), default="")  # the page of it: a second press of it is no second one


class RecordQuestion(Id, Base):
    """Something about a person's record that somebody has to say: whether they moved, came, which address works.

    `about` is the one thing that it is about, of which one question of a kind is open at a time.
    """

    __tablename__ = "record_question"
    __table_args__ = (
        Index(
            "uq_record_question_open",
            "kind",
            "about",
            unique=True,
            sqlite_where=text("answered_at IS NULL"),
            postgresql_where=text("answered_at IS NULL"),
        ),
    )

    kind: Mapped[str] = mapped_column(String(20))
    about: Mapped[str] = mapped_column(String(80))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id", ondelete="RESTRICT"), index=True)
    address_id: Mapped[UUID | None] = mapped_column(ForeignKey("address.id", ondelete="RESTRICT"))
    data: Mapped[dict[str, Any]]
    raised_at: Mapped[datetime]
    raised_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))
    answer: Mapped[str] = mapped_column(String(20), default="")
    word: Mapped[str] = mapped_column(String(500), default="")  # what was said with the answer


class RoleGrant(Id, Base):
    """A role over a scope, from when it was granted until it ended."""

    __tablename__ = "role_grant"
    __table_args__ = (
        Index(
            "uq_role_grant_open",
            "person_id",
            "role",
            "scope",
            "scope_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_role_grant_scope", "scope", "scope_id"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))
    role: Mapped[str] = mapped_column(String(20))
    scope: Mapped[str] = mapped_column(String(20))
    scope_id: Mapped[str] = mapped_column(String(40), default="")
    granted_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))
    granted_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Token(Id, Base):
    """A link that was sent: an invitation, a reset, the confirmation of an address. Only its hash is kept."""

    __tablename__ = "token"
    __table_args__ = (CheckConstraint("purpose IN ('invitation','reset','address')", name="purpose"),)

    purpose: Mapped[str] = mapped_column(String(12))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"), index=True)
    address_id: Mapped[UUID] = mapped_column(ForeignKey("address.id", ondelete="RESTRICT"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
