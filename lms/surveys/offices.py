"""The audiences that this room can tell by itself: one office, and every office of the programme."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from lms import clock
from lms.db import session
from lms.people import queries as people
from lms.people.models import Membership, Organisation, Person, RoleGrant
from lms.policy import Target, Viewer, allows
from lms.surveys import audiences
from lms.web import language

EVERYWHERE = "programme"


def enter() -> None:
    """Enter both."""
    audiences.register(
        "organisation", _l("An office"), people_of=staff_of, offices_of=lambda id: [UUID(id)],
        targets_of=targets_of, names_of=names_of, choices=_offices_for,
    )  # fmt: skip
    audiences.register(
        EVERYWHERE, _l("The programme"), people_of=lambda _id: [], offices_of=lambda _id: _all(),
        targets_of=lambda ids: {id: Target() for id in ids if id == ""},
        names_of=lambda ids: dict.fromkeys(ids, _("All offices")),
        choices=lambda viewer: [("", _("All offices"))] if allows("survey.manage", viewer, Target()) else [],
    )  # fmt: skip


def staff_of(organisation_id: str) -> list[UUID]:
    """Who belongs to an office today and has an account."""
    today = clock.today()
    members = select(Membership.person_id).where(
        Membership.organisation_id == UUID(organisation_id),
        Membership.starts_on <= today,
        or_(Membership.ends_on.is_(None), Membership.ends_on > today),
    )
    here = select(Person.id).where(
        Person.id.in_(members), Person.password_hash.is_not(None), Person.archived_at.is_(None)
    )
    return list(session().scalars(here.order_by(Person.id)))


def targets_of(ids: list[str]) -> dict[str, Target]:
    """What offices belong to: themselves and their countries."""
    return {
        str(row.id): Target(scopes=frozenset({("organisation", str(row.id)), ("country", row.country)}))
        for row in _rows(ids)
    }


def names_of(ids: Iterable[str]) -> dict[str, str]:
    """Offices' names in the page's language."""
    return {str(row.id): row.names.get(language.code()) or row.name for row in _rows(ids)}


def focal_points_of(organisation_ids: Iterable[UUID]) -> list[tuple[UUID, UUID]]:
    """The focal points of these offices who have an account, as (office, person): one statement."""
    rows = session().execute(
        select(RoleGrant.scope_id, RoleGrant.person_id)
        .join(Person, Person.id == RoleGrant.person_id)
        .where(
            RoleGrant.role == "focal_point",
            RoleGrant.scope == "organisation",
            RoleGrant.ended_at.is_(None),
            RoleGrant.scope_id.in_([str(key) for key in organisation_ids]),
            Person.archived_at.is_(None),
        )
        .order_by(RoleGrant.scope_id, RoleGrant.id)
    )
    return [(UUID(office), person) for office, person in rows]


def _rows(ids: Iterable[str]) -> list[Organisation]:
    keys = [UUID(id) for id in ids]
    return list(
        session().scalars(select(Organisation).where(Organisation.id.in_(keys), Organisation.archived_at.is_(None)))
    )


def _all() -> list[UUID]:
    return list(session().scalars(select(Organisation.id).where(Organisation.archived_at.is_(None))))


def _offices_for(viewer: Viewer) -> list[tuple[str, str]]:
    """The offices within a viewer's reach, by name."""
    return [
        (str(office.id), office.name_in(language.code()))
        for office in people.organisations()
        if allows(
            "survey.manage",
            viewer,
            Target(scopes=frozenset({("organisation", str(office.id)), ("country", office.country)})),
        )
    ]
