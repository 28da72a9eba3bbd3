"""What this room holds about a person, and what of it an erasure leaves."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, func, or_, select

from lms.cohorts import queries
from lms.cohorts.models import Cohort, CohortMember, Nomination
from lms.db import session
from lms.people import queries as people
from lms.people.models import Address, Organisation
from lms.privacy import Fate, Held, Keeping

NOMINATION_NAMES = {
    "nominated": _l("nominated"),
    "selected": _l("selected"),
    "waiting": _l("on the waiting list"),
    "refused": _l("not this time"),
    "declined": _l("does not take the place"),
    "withdrawn": _l("taken back"),
}


def _memberships(ids: Collection[UUID]) -> ColumnElement[int]:
    return select(func.count(CohortMember.id)).where(CohortMember.person_id.in_(ids)).scalar_subquery()


def _nominations(ids: Collection[UUID]) -> ColumnElement[int]:
    return select(func.count(Nomination.id)).where(is_nominee(ids)).scalar_subquery()


def _acts(ids: Collection[UUID]) -> ColumnElement[int]:
    acted = or_(Nomination.nominated_by.in_(ids), Nomination.decided_by.in_(ids))
    return select(func.count(Nomination.id)).where(acted).scalar_subquery()


def is_nominee(ids: Any) -> ColumnElement[bool]:
    """That a nomination is of one of these records: by itself, or by an address that they have confirmed."""
    keys = select(Address.key).where(Address.person_id.in_(ids), Address.confirmed_at.is_not(None))
    return or_(Nomination.person_id.in_(ids), Nomination.person_id.is_(None) & Nomination.address_key.in_(keys))


FATES = (
    Fate(_l("What was written of somebody in nominations: name, address, supervisor, motivation"), _nominations),
    Fate(
        _l("That somebody was in a cohort, from when to when"),
        _memberships,
        _l("The cohort’s figures would change without it."),
    ),
    Fate(
        _l("That somebody was nominated for a cohort, without name and words, and how that ended"),
        _nominations,
        _l("The cohort’s figures would change without it."),
    ),
    Fate(
        _l("That somebody nominated or chose others for a cohort"),
        _acts,
        _l("Others rely on what was done by these rights."),
    ),
)
KEEPINGS = (
    Keeping(_l("The cohorts that you were in"), _l("for good, since their figures rest on them")),
    Keeping(_l("Your nominations for a cohort"), _l("for good, without name and words once you are erased")),
)


def decided_over(person_id: UUID) -> frozenset[tuple[str, str]]:
    """The scopes of the cohorts for which somebody was nominated: who decides there sees the nomination."""
    rows = session().execute(
        select(Cohort.id, Cohort.scope, Cohort.scope_id)
        .join(Nomination, Nomination.cohort_id == Cohort.id)
        .where(is_nominee(people.records_of(person_id)))
    )
    return frozenset().union(*(queries.scopes_of(*row) for row in rows))


def nominated_by(person_id: UUID) -> frozenset[tuple[str, str]]:
    """The scopes of the offices that nominated somebody."""
    rows = session().execute(
        select(Organisation.id, Organisation.country)
        .join(Nomination, Nomination.organisation_id == Organisation.id)
        .where(is_nominee(people.records_of(person_id)), ~Nomination.by_hand)
    )
    return frozenset().union(*(people.scopes_of_office(*row) for row in rows))


def held_about(person_id: UUID) -> list[Held]:
    """The cohorts that a person is or was in, their nominations, and those of others on which they acted."""
    return [_cohorts(person_id), _nominated(person_id), _acted(person_id)]


def _cohorts(person_id: UUID) -> Held:
    rows = session().execute(
        select(CohortMember, Cohort.name)
        .join(Cohort, Cohort.id == CohortMember.cohort_id)
        .where(CohortMember.person_id == person_id)
        .order_by(CohortMember.joined_at, CohortMember.id)
    )
    found = [
        {"id": row.id, "cohort": name, "joined_at": row.joined_at, "withdrawn_at": row.withdrawn_at}
        for row, name in rows
    ]
    labels = {"cohort": _l("Cohort"), "joined_at": _l("Joined"), "withdrawn_at": _l("Withdrawn")}
    return Held("cohorts", _l("Cohorts"), found, labels=labels)


_FIELDS = (
    "id", "name", "address", "language", "supervisor_agreed", "motivation", "state", "position", "reason",
    "decided_at", "selected_at", "taken_at",
)  # fmt: skip


def _nominated(person_id: UUID) -> Held:
    """The supervisor is somebody else: of them stands there whether they agreed."""
    rows = session().execute(
        select(Nomination, Cohort.name, Organisation.name)
        .join(Cohort, Cohort.id == Nomination.cohort_id)
        .outerjoin(Organisation, Organisation.id == Nomination.organisation_id)
        .where(is_nominee([person_id]))
        .order_by(Nomination.nominated_at, Nomination.id)
    )
    found: list[dict[str, Any]] = [
        {"at": row.nominated_at, "cohort": cohort, "organisation": office or ""}
        | {field: getattr(row, field) for field in _FIELDS}
        for row, cohort, office in rows
    ]
    labels = {
        "cohort": _l("Cohort"),
        "supervisor_agreed": _l("Supervisor agreed"),
        "motivation": _l("Motivation"),
        "position": _l("Place on the waiting list"),
        "decided_at": _l("Decided"),
        "selected_at": _l("Selected"),
        "taken_at": _l("Place taken"),
    }
    words = {"state": NOMINATION_NAMES}
    return Held("nominations", _l("Nominations"), found, labels=labels, words=words)


def _acted(person_id: UUID) -> Held:
    rows = session().execute(
        select(Nomination, Cohort.name)
        .join(Cohort, Cohort.id == Nomination.cohort_id)
        .where(or_(Nomination.nominated_by == person_id, Nomination.decided_by == person_id))
        .order_by(Nomination.nominated_at, Nomination.id)
    )
    found = [
        {
            "id": row.id,
            "cohort": cohort,
            "at": row.nominated_at if row.nominated_by == person_id else row.decided_at,
            "did": str(_("nominated somebody") if row.nominated_by == person_id else _("decided on somebody")),
        }
        for row, cohort in rows
    ]
    labels = {"cohort": _l("Cohort"), "did": _l("What you did")}
    return Held("nominations_of_others", _l("Nominations on which you acted"), found, labels=labels)
