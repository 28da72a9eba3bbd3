"""Writing the audit record."""

from __future__ import annotations

from uuid import UUID

from lms import clock, privacy
from lms.audit.models import Entry
from lms.audit.queries import FATES
from lms.db import need_write


def record(
    verb: str, object_kind: str, object_id: UUID | str, actor: UUID | None = None, **data: str | int | bool | None
) -> None:
    """Add an act to the record, in the transaction that it belongs to.

    `verb` is past tense with its room (`people.role_granted`); `data` holds ids and plain facts, never names,
    addresses, answers or secrets.
    """
    need_write().add(
        Entry(at=clock.now(), actor_id=actor, verb=verb, object_kind=object_kind, object_id=str(object_id), data=data)
    )


def forget(person_id: UUID) -> list[privacy.Kept]:
    """Nothing goes: the record holds ids alone, and the database refuses to change it."""
    return privacy.kept(FATES, person_id)
