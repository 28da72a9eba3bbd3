"""What this room holds about a person, and who else sees it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from lms import clock, policy, privacy
from lms.db import session
from lms.people import forms, queries
from lms.people.models import (
    Address,
    Membership,
    Organisation,
    Person,
    PersonMerge,
    RecordQuestion,
    RoleGrant,
    StaffConfirmation,
    Token,
)
from lms.policy import Grant
from lms.privacy import Held
from lms.web import language

# --- all that is held ------------------------------------------------------------------------------------


_SCOPE_NAMES = {
    "programme": _l("the whole programme"),
    "region": _l("a region"),
    "country": _l("a country"),
    "organisation": _l("an office"),
    "cohort": _l("a cohort"),
}
_ROLE_WORDS = {"role": forms.ROLE_NAMES, "scope": _SCOPE_NAMES}


def held_about(person_id: UUID) -> list[Held]:
    """All of this room about one record; what signs in (hashes of passwords and links) is not in it."""
    mine = queries.identities(person_id)
    return [
        _profile(person_id),
        _addresses(person_id, mine),
        _memberships(person_id, mine),
        _roles(person_id),
        _roles_given(person_id),
        _links(person_id),
        _questions(person_id, mine),
        _confirmations(person_id),
        _merges(person_id),
    ]


def _profile(person_id: UUID) -> Held:
    row = session().get_one(Person, person_id)
    fields = (
        "id", "name", "name_latin", "name_confirmed_at", "sex", "post", "language", "languages", "time_zone",
        "created_at",
    )  # fmt: skip
    values = {name: getattr(row, name) for name in fields}
    values["password"] = str(_("there is one") if row.password_hash else _("there is none"))
    values["merged"] = str(_("merged into another record of yours")) if row.merged_into else ""
    labels = {
        "name_latin": _l("Name in Latin letters"),
        "name_confirmed_at": _l("Name confirmed"),
        "sex": _l("Sex"),
        "post": _l("Post"),
        "languages": _l("Languages"),
        "password": _l("Password"),
        "merged": _l("Remark"),
    }
    return Held(
        "profile", _l("You"), [values], labels=labels, words={"sex": forms.SEX_NAMES, "language": language.NAMES}
    )


def _addresses(person_id: UUID, mine: Collection[UUID]) -> Held:
    """One's addresses, and those of others that one added: of these only that it was done."""
    rows = session().scalars(
        select(Address)
        .where(or_(Address.person_id == person_id, Address.added_by == person_id))
        .order_by(Address.created_at, Address.id)
    )
    found = [
        {
            "id": row.id,
            "address": row.address if row.person_id in mine else str(_("somebody else’s")),
            "created_at": row.created_at,
            "confirmed_at": row.confirmed_at if row.person_id in mine else None,
            "letters_go_here": row.is_primary if row.person_id in mine else None,
            "bounced_at": row.bounced_at if row.person_id in mine else None,
        }
        for row in rows
    ]
    labels = {
        "confirmed_at": _l("Confirmed"),
        "letters_go_here": _l("Letters go here"),
        "bounced_at": _l("A letter came back"),
    }
    return Held("addresses", _l("Addresses"), found, labels=labels)


def _memberships(person_id: UUID, mine: Collection[UUID]) -> Held:
    rows = session().execute(
        select(Membership, Organisation)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(or_(Membership.person_id == person_id, Membership.successor_id == person_id))
        .order_by(Membership.starts_on, Membership.id)
    )
    found = [
        {
            "id": row.id,
            "organisation": office.name_in(language.code()),
            "starts_on": row.starts_on if row.person_id in mine else None,
            "ends_on": row.ends_on,
            "reason": row.end_reason if row.person_id in mine else "",
            "destination": row.destination if row.person_id in mine else "",
            "remark": "" if row.person_id in mine else str(_("somebody left, and you follow")),
        }
        for row, office in rows
    ]
    labels = {"destination": _l("Where to"), "remark": _l("Remark")}
    return Held("offices", _l("Offices"), found, labels=labels, words={"reason": forms.REASON_NAMES})


def _roles(person_id: UUID) -> Held:
    rows = session().scalars(
        select(RoleGrant).where(RoleGrant.person_id == person_id).order_by(RoleGrant.granted_at, RoleGrant.id)
    )
    found = [
        {
            "id": row.id,
            "role": row.role,
            "scope": row.scope,
            "granted_at": row.granted_at,
            "by": str(_("somebody with the right to") if row.granted_by else _("the system")),
            "ended_at": row.ended_at,
        }
        for row in rows
    ]
    labels = {"granted_at": _l("Given"), "ended_at": _l("Ended")}
    return Held("roles", _l("Roles"), found, labels=labels, words=_ROLE_WORDS)


def _roles_given(person_id: UUID) -> Held:
    rows = session().scalars(
        select(RoleGrant).where(RoleGrant.granted_by == person_id).order_by(RoleGrant.granted_at, RoleGrant.id)
    )
    found = [{"id": row.id, "role": row.role, "scope": row.scope, "granted_at": row.granted_at} for row in rows]
    labels = {"granted_at": _l("Given")}
    return Held("roles_given", _l("Roles that you gave to others"), found, labels=labels, words=_ROLE_WORDS)


def _links(person_id: UUID) -> Held:
    rows = session().scalars(select(Token).where(Token.person_id == person_id).order_by(Token.created_at, Token.id))
    fields = ("id", "purpose", "created_at", "expires_at", "used_at")
    found = [{name: getattr(row, name) for name in fields} for row in rows]
    labels = {"purpose": _l("For"), "expires_at": _l("Works until"), "used_at": _l("Used")}
    words = {"invitation": _l("invitation"), "reset": _l("new password"), "address": _l("confirmation of an address")}
    return Held("links", _l("Links that were sent to you"), found, labels=labels, words={"purpose": words})


def _questions(person_id: UUID, mine: Collection[UUID]) -> Held:
    """Questions about one's record, and those about others' that one raised or answered: of these only that."""
    asked = (RecordQuestion.person_id, RecordQuestion.raised_by, RecordQuestion.answered_by)
    rows = session().scalars(
        select(RecordQuestion)
        .where(or_(*(column == person_id for column in asked)))
        .order_by(RecordQuestion.raised_at, RecordQuestion.id)
    )
    found = []
    for row in rows:
        own = row.person_id in mine
        about = str(_("your record")) if own else str(_("somebody else’s"))
        values: dict[str, Any] = {"id": row.id, "about": about, "question": row.kind, "at": row.raised_at}
        if own:
            values |= {"answered_at": row.answered_at, "answer": row.answer, "word": row.word, "data": _said(row.data)}
        found.append(values)
    labels = {
        "about": _l("About"),
        "question": _l("Question"),
        "answered_at": _l("Answered"),
        "answer": _l("Answer"),
        "word": _l("What was said with it"),
        "data": _l("Facts"),
    }
    kinds = {
        "moved": _l("you reported that you leave"),
        "came": _l("whether you have come"),
        "bounced": _l("which address works"),
    }
    return Held("questions", _l("Questions about records"), found, labels=labels, words={"question": kinds})


def _said(data: dict[str, Any]) -> list[str]:
    return [f"{key}: {value}" for key, value in data.items() if value]


def _confirmations(person_id: UUID) -> Held:
    rows = session().execute(
        select(StaffConfirmation.id, StaffConfirmation.confirmed_at, Organisation)
        .join(Organisation, Organisation.id == StaffConfirmation.organisation_id)
        .where(StaffConfirmation.confirmed_by == person_id)
        .order_by(StaffConfirmation.confirmed_at, StaffConfirmation.id)
    )
    found = [{"id": key, "organisation": office.name_in(language.code()), "at": at} for key, at, office in rows]
    return Held("confirmations", _l("Times when you confirmed an office’s staff"), found)


def _merges(person_id: UUID) -> Held:
    """That records of one's own were found to be one, and that one merged or parted others'."""
    own = (PersonMerge.kept_id, PersonMerge.merged_id)
    acted = (PersonMerge.merged_by, PersonMerge.parted_by)
    rows = session().scalars(
        select(PersonMerge)
        .where(or_(*(column == person_id for column in (*own, *acted))))
        .order_by(PersonMerge.merged_at, PersonMerge.id)
    )
    found = []
    for row in rows:
        about = person_id in (row.kept_id, row.merged_id)
        found.append(
            {
                "id": row.id,
                "about": str(_("two records of yours")) if about else str(_("somebody else’s")),
                "at": row.merged_at,
                "reason": row.reason if about or row.merged_by == person_id else "",
                "parted_at": row.parted_at,
            }
        )
    labels = {"about": _l("About"), "parted_at": _l("Parted again")}
    return Held("merges", _l("Records that were merged"), found, labels=labels)


# --- who sees it -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seer:
    """Somebody whose roles reach a person; `roles` are (role, what it is held over, "" for the programme)."""

    name: str
    roles: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Seen:
    """What some people see, who they are. `more`: what they see beyond the people above them, where that is all that
    those see (`above`); else the whole."""

    shows: tuple[str, ...]
    people: tuple[Seer, ...]
    above: bool
    more: tuple[str, ...]


def who_sees(person_id: UUID) -> list[Seen]:
    """Who sees what of a person today, from the policy table and the roles that are open; the nearest first.

    People who see the same stand together. Six statements, however many people.
    """
    target = queries.target_of(person_id)
    if target is None:
        return []
    shown = [name for name, rule in policy.PERMISSIONS.items() if rule.shows]
    scopes = privacy.reached(person_id, target.scopes, shown)
    by_person = _grants_over(person_id, frozenset().union(*scopes.values()))
    names = queries.scope_names({(g.scope, g.scope_id) for _name, grants in by_person.values() for g in grants})
    groups: dict[tuple[str, ...], list[tuple[int, Seer]]] = {}
    for name, grants in by_person.values():
        seen = [key for key in scopes if any(_opens(policy.PERMISSIONS[key], g, scopes[key]) for g in grants)]
        if seen:
            shows = tuple(dict.fromkeys(str(policy.PERMISSIONS[key].shows) for key in seen))
            roles = tuple((g.role, names.get((g.scope, g.scope_id), "")) for g in grants)
            near = max(policy.SCOPES.index(g.scope) for g in grants)
            groups.setdefault(shows, []).append((near, Seer(name, roles)))
    order = sorted(groups.items(), key=lambda group: (-max(near for near, _seer in group[1]), len(group[0])))
    told: set[str] = set()
    seen_by = []
    for shows, seers in order:
        above = bool(told) and told <= set(shows)
        more = tuple(one for one in shows if not above or one not in told)
        seen_by.append(Seen(shows, tuple(seer for _near, seer in seers), above, more))
        told.update(shows)
    return seen_by


def _opens(rule: policy.Permission, grant: Grant, scopes: frozenset[tuple[str, str]]) -> bool:
    return rule.carries(grant) and (grant.scope == "programme" or (grant.scope, grant.scope_id) in scopes)


def _grants_over(person_id: UUID, scopes: frozenset[tuple[str, str]]) -> dict[UUID, tuple[str, list[Grant]]]:
    """Others who hold a role over one of these scopes or the whole programme, by name: one statement."""
    by_kind: dict[str, list[str]] = {}
    for scope, scope_id in scopes:
        by_kind.setdefault(scope, []).append(scope_id)
    over = [and_(RoleGrant.scope == scope, RoleGrant.scope_id.in_(ids)) for scope, ids in by_kind.items()]
    known = aliased(Person)
    rows = session().execute(
        select(known.id, known.name, RoleGrant.role, RoleGrant.scope, RoleGrant.scope_id)
        .join(Person, Person.id == RoleGrant.person_id)
        .join(known, known.id == queries.human())
        .where(
            RoleGrant.ended_at.is_(None),
            known.archived_at.is_(None),
            RoleGrant.person_id.not_in(queries.records_of(person_id)),
            or_(RoleGrant.scope == "programme", *over),
        )
        .order_by(known.sort_key, RoleGrant.role)
    )
    found: dict[UUID, tuple[str, list[Grant]]] = {}
    for key, name, role, scope, scope_id in rows:
        found.setdefault(key, (name, []))[1].append(Grant(role, scope, scope_id))
    return found


def offices_ever(person_id: UUID) -> frozenset[tuple[str, str]]:
    """The scopes of all offices that a person belonged to, at whatever time: who keeps those sees what was then."""
    rows = session().execute(
        select(Organisation.id, Organisation.country)
        .join(Membership, Membership.organisation_id == Organisation.id)
        .where(queries.same_person(Membership.person_id, person_id), Membership.starts_on <= clock.today())
    )
    return frozenset().union(*(queries.scopes_of_office(key, country) for key, country in rows))
