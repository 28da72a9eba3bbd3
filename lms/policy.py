"""Who may do what to what: plain values, one pure function, one table.

A role holds over a scope; a thing belongs to scopes and perhaps to a person. Rooms define their permissions
here at import; `allows` decides; `tests/flows/test_permissions.py` tries every route with every role.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

ROLES = ("administrator", "coordinator", "facilitator", "focal_point", "observer")
SCOPES = ("programme", "region", "country", "organisation", "cohort")
# Kinds of scope that hold countries, and those that hold offices: what a permission may ask to be held over.
OVER_COUNTRIES = ("programme", "region", "country")
OVER_OFFICES = (*OVER_COUNTRIES, "organisation")


@dataclass(frozen=True)
class Grant:
    """A role over a scope; `scope_id` is empty for the whole programme, else an id or an ISO code."""

    role: str
    scope: str
    scope_id: str = ""


@dataclass(frozen=True)
class Target:
    """What a request is about: whose it is (None: nobody's) and the scopes that it belongs to."""

    person: UUID | None = None
    scopes: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Viewer:
    """The signed-in person, frozen at the beginning of the request."""

    person_id: UUID
    name: str
    language: str
    time_zone: str
    epoch: int
    grants: frozenset[Grant] = frozenset()
    name_confirmed: bool = True

    def has(self, *roles: str) -> bool:
        return any(grant.role in roles for grant in self.grants)

    def may_over(self, permission: str) -> frozenset[Grant]:
        """The grants that carry this permission, wherever they hold: what a list is filtered by."""
        rule = PERMISSIONS[permission]
        return frozenset(grant for grant in self.grants if rule.carries(grant))

    def scope_ids(self, role: str, scope: str) -> frozenset[str]:
        """The ids over which this person has that role by that kind of scope."""
        return frozenset(g.scope_id for g in self.grants if g.role == role and g.scope == scope)


@dataclass(frozen=True)
class Permission:
    """Which roles may, within their scope; `own`: a person may with what is theirs; `anyone`: needs no sign-in.

    `over`: the kinds of scope over which a role must be held to count. `shows`: what of a person it opens to
    those who have it (a lazy sentence), for the page that tells people who sees what about them.
    """

    name: str
    roles: frozenset[str] = frozenset()
    own: bool = False
    signed_in: bool = False
    anyone: bool = False
    over: frozenset[str] = frozenset(SCOPES)
    shows: Any = field(default="", compare=False)

    def carries(self, grant: Grant) -> bool:
        return grant.role in self.roles and grant.scope in self.over


PERMISSIONS: dict[str, Permission] = {}


def define(
    name: str,
    *roles: str,
    own: bool = False,
    signed_in: bool = False,
    anyone: bool = False,
    over: Iterable[str] = SCOPES,
    shows: Any = "",
) -> str:
    """Enter a permission into the table; its name, for the route that asks for it."""
    if unknown := (set(roles) - set(ROLES)) | (set(over) - set(SCOPES)):
        raise ValueError(f"unknown roles or scopes {unknown}")
    permission = Permission(name, frozenset(roles), own, signed_in, anyone, frozenset(over), shows)
    if PERMISSIONS.get(name, permission) != permission:
        raise ValueError(f"permission {name} is defined twice, differently")
    PERMISSIONS[name] = permission
    return name


def allows(permission: str, viewer: Viewer | None, target: Target | None = None) -> bool:
    """Whether this viewer may. Without a target, having one of the roles over anything is enough."""
    rule = PERMISSIONS[permission]
    if rule.anyone:
        return True
    if viewer is None:
        return False
    if rule.signed_in:
        return True
    if rule.own and target is not None and target.person == viewer.person_id:
        return True
    return any(_reaches(grant, target) for grant in viewer.may_over(permission))


def reaching(permission: str, viewer: Viewer, target: Target | None = None) -> list[Grant]:
    """The grants by which this viewer may, the narrowest scope first: as whom they act."""
    return sorted(
        (grant for grant in viewer.may_over(permission) if _reaches(grant, target)),
        key=lambda grant: (-SCOPES.index(grant.scope), ROLES.index(grant.role), grant.scope_id),
    )


def _reaches(grant: Grant, target: Target | None) -> bool:
    return target is None or grant.scope == "programme" or (grant.scope, grant.scope_id) in target.scopes


class Refusal(Exception):
    """Something that was asked cannot be done; the message is written for the person who asked.

    `code` is stable (tests and forms name it), `status` the HTTP status, `field` the form's field, if any.
    """

    def __init__(self, code: str, message: str, status: int = 422, field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.field = field
