"""What an erasure does with what this room holds, and what stands in the way of one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import aliased

from lms.db import session
from lms.people import queries
from lms.people.models import (
    Membership,
    Person,
    PersonMerge,
    RecordQuestion,
    RoleGrant,
    StaffConfirmation,
    Token,
)
from lms.privacy import Fate, Keeping


def _count(query: Select[int]) -> ColumnElement[int]:
    return query.scalar_subquery()


def _merge_of(ids: Collection[UUID]) -> ColumnElement[bool]:
    return or_(PersonMerge.kept_id.in_(ids), PersonMerge.merged_id.in_(ids))


def _acts(ids: Collection[UUID]) -> ColumnElement[int]:
    asked = or_(RecordQuestion.raised_by.in_(ids), RecordQuestion.answered_by.in_(ids))
    merged = or_(PersonMerge.merged_by.in_(ids), PersonMerge.parted_by.in_(ids))
    return (
        _count(select(func.count(StaffConfirmation.id)).where(StaffConfirmation.confirmed_by.in_(ids)))
        + _count(select(func.count(RecordQuestion.id)).where(asked))
        + _count(select(func.count(PersonMerge.id)).where(merged))
    )


FATES = (
    Fate(
        _l("Name, addresses, password, post, sex, languages, time zone"),
        lambda ids: _count(select(func.count(Person.id)).where(Person.id.in_(ids))),
    ),
    Fate(
        _l("Links that were sent to you"),
        lambda ids: _count(select(func.count(Token.id)).where(Token.person_id.in_(ids))),
    ),
    Fate(
        _l("Questions about your record, and what was said with them"),
        lambda ids: _count(select(func.count(RecordQuestion.id)).where(RecordQuestion.person_id.in_(ids))),
    ),
    Fate(
        _l("Roles that you hold: they end"),
        lambda ids: _count(
            select(func.count(RoleGrant.id)).where(RoleGrant.person_id.in_(ids), RoleGrant.ended_at.is_(None))
        ),
    ),
    Fate(
        _l("From when to when somebody belonged to an office, without unit, reason and destination"),
        lambda ids: _count(select(func.count(Membership.id)).where(Membership.person_id.in_(ids))),
        _l("It is the history of the office, whose figures over the years would change without it."),
    ),
    Fate(
        _l("Which roles were held, from when to when, and which were given to others"),
        lambda ids: _count(
            select(func.count(RoleGrant.id)).where(or_(RoleGrant.person_id.in_(ids), RoleGrant.granted_by.in_(ids)))
        ),
        _l("Others rely on what was done by these rights."),
    ),
    Fate(
        _l("That somebody confirmed an office’s staff, asked or answered about others’ records, merged them"),
        _acts,
        _l("Others rely on what was done by these rights."),
    ),
    Fate(
        _l("That two records of yours were found to be one, without the reason"),
        lambda ids: _count(select(func.count(PersonMerge.id)).where(_merge_of(ids))),
        _l("It says under which number the rest of the history stands."),
    ),
)
KEEPINGS = (
    Keeping(_l("Your name, addresses and what you say of yourself"), _l("until you change it, or are erased")),
    Keeping(_l("Your offices and roles, with their dates"), _l("for good, since offices’ figures rest on them")),
)


# --- what stands in the way ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Obstacle:
    """Why a person cannot be erased yet: `last_administrator`, `only_focal_point`."""

    code: str
    message: str


def obstacles(ids: Collection[UUID]) -> list[Obstacle]:
    """What must be done before a person (with all records of theirs) can be erased: three statements at most.

    Another focal point counts once they have joined: until then nobody answers for the office, and an invitation may
    have gone to a wrong address. Where that cannot be waited for, an administrator ends the role.
    """
    mine = select(RoleGrant.role, RoleGrant.scope_id).where(
        RoleGrant.person_id.in_(ids),
        RoleGrant.ended_at.is_(None),
        RoleGrant.role.in_(("administrator", "focal_point")),
    )
    own = {(role, scope_id) for role, scope_id in session().execute(mine)}
    if not own:
        return []
    known = aliased(Person)
    others = session().execute(
        select(RoleGrant.role, RoleGrant.scope_id, queries.has_joined(known))
        .join(Person, Person.id == RoleGrant.person_id)
        .join(known, known.id == queries.human())
        .where(
            RoleGrant.person_id.not_in(ids),
            RoleGrant.ended_at.is_(None),
            RoleGrant.role.in_({role for role, _scope_id in own}),
            RoleGrant.scope_id.in_({scope_id for _role, scope_id in own}),
            known.archived_at.is_(None),
        )
    )
    joined: dict[tuple[str, str], bool] = {}
    for role, scope_id, active in others:
        joined[role, scope_id] = joined.get((role, scope_id), False) or bool(active)
    missing = sorted(key for key in own if not joined.get(key))
    names = queries.scope_names({("organisation", scope_id) for role, scope_id in missing if role == "focal_point"})
    return [_obstacle(role, names.get(("organisation", key), ""), (role, key) in joined) for role, key in missing]


def _obstacle(role: str, office: str, invited: bool) -> Obstacle:
    if role == "administrator":
        return Obstacle("last_administrator", _("Name another administrator first: a programme needs one."))
    if invited:
        message = _("Another focal point for %(office)s is named, but has not joined yet.", office=office)
    else:
        message = _("Name another focal point for %(office)s first.", office=office)
    return Obstacle("only_focal_point", message)
