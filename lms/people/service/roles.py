"""Roles over a scope: given and ended, never beyond what the giver has."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import or_, select

from lms import audit, clock, db, places
from lms.people import queries, rules, upstairs
from lms.people.models import Membership, Person, RoleGrant
from lms.people.service.rows import locked_person, office_row
from lms.people.service.typed import need
from lms.policy import Grant, Refusal


def grant_role(person_id: UUID, role: str, scope: str, scope_id: str, by: UUID | None) -> bool:
    """Give a person a role over a scope; says whether they did not hold it before.

    `by` gives within their own scope only, and to themselves only what they have (Refusal beyond_scope); None
    is the system. Raises Refusal (role_scope, scope_id) for a scope that this role is not held over.
    """
    held_over = rules.ROLE_SCOPES.get(role, ())
    need(scope in held_over, "role_scope", _("Choose over what the role is held."), "scope")
    scope_id = _scope_id(scope, scope_id)
    person_id = locked_person(person_id).id
    need_right(by, role, scope, scope_id, person_id)
    facts = {"role": role, "scope": scope, "scope_id": scope_id}
    if (role, scope, scope_id) in open_roles(person_id):
        return False
    given = db.insert_once(RoleGrant, person_id=person_id, granted_by=by, granted_at=clock.now(), **facts)
    if given:
        audit.record("people.role_granted", "person", person_id, by, **facts)
    return given


def end_role(grant_id: UUID, by: UUID | None) -> None:
    """End a role. Raises Refusal (beyond_scope; last_administrator: a programme keeps one; last_focal_point: an
    office's only one names another before ending their own)."""
    _need_another_administrator(grant_id)
    _need_another_focal_point(grant_id, by)
    grant: RoleGrant | None = db.locked(RoleGrant, grant_id)
    if grant is None or grant.ended_at is not None:
        raise Refusal("already_ended", _("This role has ended already."), 409)
    need_right(by, grant.role, grant.scope, grant.scope_id, grant.person_id)
    same = select(RoleGrant).where(
        queries.same_person(RoleGrant.person_id, grant.person_id),
        RoleGrant.role == grant.role,
        RoleGrant.scope == grant.scope,
        RoleGrant.scope_id == grant.scope_id,
        RoleGrant.ended_at.is_(None),
    )
    for one in db.need_write().scalars(same).all():
        _end(one, by)


def end_roles_of_departed(person_id: UUID | None = None, by: UUID | None = None) -> int:
    """End roles over an office of people who belonged to it and no longer do; how many ended.

    A departure may be entered ahead of its day, so the worker looks at everyone from time to time.
    """
    s = db.need_write()
    over_offices = [RoleGrant.scope == "organisation", RoleGrant.ended_at.is_(None)]
    if person_id is not None:
        over_offices.append(queries.same_person(RoleGrant.person_id, person_id))
    grants = s.execute(
        select(RoleGrant, queries.human()).join(Person, Person.id == RoleGrant.person_id).where(*over_offices)
    ).all()
    holders = {holder for _grant, holder in grants}
    last_days: dict[tuple[UUID, str], list[date | None]] = {}
    for holder, office, ends_on in s.execute(
        select(queries.human(), Membership.organisation_id, Membership.ends_on)
        .select_from(Membership)
        .join(Person, Person.id == Membership.person_id)
        .where(queries.among(holders))
    ):
        last_days.setdefault((holder, str(office)), []).append(ends_on)
    ended, today = 0, clock.today()
    for grant, holder in grants:
        days = last_days.get((holder, grant.scope_id), [])
        if days and all(day is not None and day <= today for day in days):
            _end(grant, by)
            ended += 1
    return ended


def _need_another_administrator(grant_id: UUID) -> None:
    """Lock all administrators' grants, in one order, so that two who end each other's do not both succeed."""
    rows = db.need_write().execute(
        select(RoleGrant.id, queries.human())
        .join(Person, Person.id == RoleGrant.person_id)
        .where(RoleGrant.role == "administrator", RoleGrant.ended_at.is_(None))
        .order_by(RoleGrant.id)
        .with_for_update(of=RoleGrant)
    )
    administrators: dict[UUID, UUID] = {row[0]: row[1] for row in rows}
    message = _("Name another administrator first: a programme needs one.")
    another = grant_id not in administrators or len(set(administrators.values())) > 1
    need(another, "last_administrator", message)


def _need_another_focal_point(grant_id: UUID, by: UUID | None) -> None:
    """Lock all focal points' grants of the office, in one order, so that two who end their own do not both go."""
    s = db.need_write()
    grant = s.get(RoleGrant, grant_id)
    if by is None or grant is None or grant.role != "focal_point" or grant.person_id != by:
        return
    same = select(RoleGrant.id).where(
        RoleGrant.role == "focal_point", RoleGrant.scope_id == grant.scope_id, RoleGrant.ended_at.is_(None)
    )
    left = s.scalars(same.order_by(RoleGrant.id).with_for_update()).all()
    message = _("Name another focal point first: without one, nobody answers for the office.")
    need(list(left) != [grant_id], "last_focal_point", message)


def _end(grant: RoleGrant, by: UUID | None) -> None:
    grant.ended_at = clock.now()
    facts = {"role": grant.role, "scope": grant.scope, "scope_id": grant.scope_id}
    audit.record("people.role_ended", "person", grant.person_id, by, **facts)


def open_roles(person_id: UUID) -> list[tuple[str, str, str]]:
    rows = db.need_write().execute(
        select(RoleGrant.role, RoleGrant.scope, RoleGrant.scope_id).where(
            queries.same_person(RoleGrant.person_id, person_id), RoleGrant.ended_at.is_(None)
        )
    )
    return [(row.role, row.scope, row.scope_id) for row in rows]


def need_right(by: UUID | None, role: str, scope: str, scope_id: str, person_id: UUID) -> None:
    if by is None:
        return
    giver = [Grant(*row) for row in open_roles(by)]
    within = _lies_in(scope, scope_id)
    if not rules.may_give(giver, role, scope, scope_id, within, to_self=by == person_id):
        message = _("This role reaches further than your own. Ask an administrator.")
        raise Refusal("beyond_scope", message, 403, "role")


def need_every_right(by: UUID | None, person_id: UUID) -> None:
    """Refuse (beyond_scope) unless `by` could give every role that this person holds."""
    for role, scope, scope_id in open_roles(person_id):
        need_right(by, role, scope, scope_id, person_id)


def need_colleague(by: UUID | None, organisation_id: UUID, person_id: UUID) -> None:
    """A focal point who has no wider role names colleagues only: whose an address elsewhere is, is not theirs to
    learn (Refusal not_here)."""
    if by is None:
        return
    wider = [Grant(*row) for row in open_roles(by) if row[0] != "focal_point"]
    scope, scope_id = "organisation", str(organisation_id)
    if rules.may_give(wider, "focal_point", scope, scope_id, _lies_in(scope, scope_id), False):
        return
    today = clock.today()
    there = select(Membership.id).where(
        Membership.person_id == person_id,
        Membership.organisation_id == organisation_id,
        or_(Membership.ends_on.is_(None), Membership.ends_on > today),
    )
    here = db.need_write().scalar(there.limit(1)) is not None
    message = _("Somebody with this address is in the system, but not on your staff. Ask whoever coordinates you.")
    need(here, "not_here", message, "address")


def _lies_in(scope: str, scope_id: str) -> frozenset[tuple[str, str]]:
    """The wider scopes that one lies in today."""
    today = clock.today()
    if scope == "organisation":
        return places.scopes_of_country(office_row(UUID(scope_id)).country, today)
    return places.scopes_of(scope, scope_id, today) or upstairs.wider_than(scope, scope_id)


def _scope_id(scope: str, scope_id: str) -> str:
    """A scope's id in its one form. Raises Refusal (scope_id) for one that cannot be."""
    if scope == "programme":
        return ""
    message = _("Choose over what the role is held.")
    if scope == "country":
        need(places.known(scope_id.upper()), "scope_id", message)
        return scope_id.upper()
    if scope in ("organisation", "cohort"):
        try:
            key = UUID(scope_id)
        except ValueError:
            raise Refusal("scope_id", message, field="scope_id") from None
        if scope == "organisation":
            office_row(key)
        return str(key)
    need(scope == "region" and places.known_region(scope_id), "scope_id", message)
    return scope_id
