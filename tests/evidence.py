"""Certificates for tests: a completion as learning records it, and what follows from it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from lms import db
from lms.certificates import queries, service
from lms.curriculum import index
from lms.learning import service as learning
from lms.learning.models import Completion, Enrolment
from lms.learning.signals import Completed, completed

NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)


def completion(person_id: UUID, at: datetime = NOON, **given: Any) -> Completed:
    """The row of a completion, and the event that tells of it; the event is not sent."""
    s = db.need_write()
    learning.enrol(person_id, "foundations")
    enrolment = s.scalars(select(Enrolment).where(Enrolment.person_id == person_id)).one()
    lessons = given.get("lessons") or [lesson.id for lesson in index.current().module("concepts").lessons[:3]]
    row = Completion(
        id=db.new_id(),
        enrolment_id=enrolment.id,
        person_id=person_id,
        module=given.get("module", "concepts"),
        extent=given.get("extent", f"lessons:{db.new_id().hex[-12:]}"),
        lessons=lessons,
        minutes=given.get("minutes", 65),
        score=given.get("score", 0.889),
        completed_at=at,
    )
    s.add(row)
    s.flush()
    return Completed(
        row.id, person_id, "foundations", row.module, row.extent, tuple(lessons), row.minutes, row.score, at
    )


def earned(person_id: UUID, at: datetime = NOON, **given: Any) -> UUID:
    """Somebody completes; the id of the certificate that is born."""
    with db.write():
        event = completion(person_id, at, **given)
        completed.send(event)
    newest = max(queries.certificates_of(person_id), key=lambda held: held.id)
    db.end_read()
    return newest.id


def issue_all() -> int:
    """What the worker does until nothing waits; how many it tried."""
    tried = 0
    while service.issue_waiting("test worker"):
        tried += 1
    db.end_read()
    return tried


def issued(person_id: UUID, at: datetime = NOON, **given: Any) -> queries.Listed:
    """A certificate that is issued."""
    certificate = earned(person_id, at, **given)
    issue_all()
    held = queries.by_id(certificate)
    db.end_read()
    assert held.state == "issued"
    return held
