"""What the audit record holds about a person."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, func, or_, select

from lms.audit.models import Entry
from lms.db import session
from lms.privacy import Fate, Held, Keeping


def _about(ids: Collection[UUID]) -> ColumnElement[bool]:
    """Acts of these records, on them, or on something of theirs."""
    texts = [str(key) for key in ids]
    return or_(
        Entry.actor_id.in_(ids),
        and_(Entry.object_kind == "person", Entry.object_id.in_(texts)),
        Entry.data["person"].as_string().in_(texts),
    )


FATES = (
    Fate(
        _l("Entries of the record of acts: who did what, by number"),
        lambda ids: select(func.count(Entry.id)).where(_about(ids)).scalar_subquery(),
        _l("It proves that rights were used rightly, cannot be changed, and holds no name and no word of yours."),
    ),
)
KEEPINGS = (Keeping(_l("The record of acts, by number and without names"), _l("for good: it proves who did what")),)


def held_about(person_id: UUID) -> list[Held]:
    """The acts that a person did or that were done to them. Others are *somebody else*; their ids stay out."""
    rows = session().scalars(select(Entry).where(_about([person_id])).order_by(Entry.at, Entry.id))
    acts = [
        {
            "id": entry.id,
            "at": entry.at,
            "act": entry.verb,
            "by": _who(entry.actor_id, person_id),
            "object": entry.object_kind,
            "facts": _facts(entry.data),
        }
        for entry in rows
    ]
    labels = {"act": _l("Act"), "object": _l("What it was done to"), "facts": _l("Facts")}
    return [Held("acts", _l("The record of acts"), acts, labels=labels)]


def _who(actor: UUID | None, person_id: UUID) -> str:
    if actor is None:
        return str(_("the system"))
    return str(_("you")) if actor == person_id else str(_("somebody else"))


def _facts(data: dict[str, Any]) -> list[str]:
    """What an entry says beside ids, which may be those of others."""
    return [f"{key}: {value}" for key, value in data.items() if value not in (None, "") and not _is_id(value)]


def _is_id(value: Any) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True
