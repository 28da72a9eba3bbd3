"""Figures as they were released: they hold no person, and change only with the next release."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from lms.db import Base, Id


class FigureRelease(Id, Base):
    """The figures of a month, as of the day they were counted. `left_out` are offices too small for any figure."""

    __tablename__ = "figure_release"

    month: Mapped[date] = mapped_column(unique=True)  # its first day: one release a month, whoever makes it
    counted_on: Mapped[date]
    left_out: Mapped[list[str]]


class FigureGroup(Id, Base):
    """Offices that are shown as one ("": people of no office), and the numbers of `disclosure.Number` by name.

    A number is [shown, counted, since]; `counted` is the true one and never leaves the worker.
    """

    __tablename__ = "figure_group"

    release_id: Mapped[UUID] = mapped_column(ForeignKey("figure_release.id", ondelete="RESTRICT"), index=True)
    offices: Mapped[list[str]]
    numbers: Mapped[dict[str, Any]]
