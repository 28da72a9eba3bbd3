"""What can be asked about people and offices. Small frozen values, few statements."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select, true

from lms import clock, places
from lms.db import session
from lms.people import rules, upstairs
from lms.people.models import Address, Membership, Organisation, Person, RoleGrant, Token
from lms.policy import Grant, Target, Viewer
from lms.text import address_key, clean, search_key, sort_key
from lms.web import language
from lms.web.timeline import Event

PAGE = 50


@dataclass(frozen=True)
class Office:
    """An organisation. `weekend` are ISO week days; `names` are by language, `name` where one is missing."""

    id: UUID
    name: str
    names: dict[str, str]
    kind: str
    country: str
    infrastructure: str
    languages: list[str]
    time_zone: str
    weekend: list[int]

    def name_in(self, language: str) -> str:
        return self.names.get(language) or self.name


@dataclass(frozen=True)
class OfficeLine(Office):
    """An organisation in the list, with how many belong to it today and how many focal points it has."""

    people: int
    focal_points: int


@dataclass(frozen=True)
class AddressLine:
    id: UUID
    address: str
    confirmed: bool
    primary: bool


@dataclass(frozen=True)
class Profile:
    """A person. `active`: they have accepted their invitation; `addresses`: the primary one first."""

    id: UUID
    name: str
    name_latin: str
    name_confirmed: bool
    sex: str
    post: str
    language: str
    time_zone: str
    active: bool
    invited: bool
    lines: list[AddressLine]

    @property
    def addresses(self) -> list[str]:
        return [line.address for line in self.lines]


@dataclass(frozen=True)
class MembershipLine:
    """A membership; half-open: `ends_on` is the first day that no longer belongs to it."""

    id: UUID
    organisation_id: UUID
    organisation: str
    starts_on: date
    ends_on: date | None
    reason: str


@dataclass(frozen=True)
class RoleLine:
    """A role that is held now; `over` names its scope for a reader."""

    id: UUID
    person_id: UUID
    name: str
    role: str
    scope: str
    over: str


@dataclass(frozen=True)
class Staff:
    """A person of an office, today or formerly. Of one who has left, the office sees no newer post."""

    person_id: UUID
    name: str
    name_latin: str
    post: str
    starts_on: date
    ends_on: date | None
    active: bool


@dataclass(frozen=True)
class Found:
    """A person in the administrator's list."""

    id: UUID
    name: str
    name_latin: str
    address: str
    office: str
    active: bool


@dataclass(frozen=True)
class Page:
    lines: list[Found]
    total: int
    number: int

    @property
    def last(self) -> int:
        return max(1, -(-self.total // PAGE))


@dataclass(frozen=True)
class Recipient:
    """Where letters to a person go."""

    person_id: UUID
    name: str
    address: str
    language: str
    time_zone: str


@dataclass(frozen=True)
class Link:
    """A link that was sent, as the one who opens it sees it. `state`: open, used or expired."""

    state: str
    person_id: UUID
    name: str
    name_latin: str
    sex: str
    post: str
    language: str
    time_zone: str
    active: bool
    address: str
    office: Office | None


@dataclass(frozen=True)
class Credentials:
    person_id: UUID
    password_hash: str | None


# --- who is asking ---------------------------------------------------------------------------------------


@cache
def _viewer() -> Select[*tuple[Any, ...]]:
    """Built once: every page asks it, and building it costs more than asking."""
    return (
        select(
            Person.name,
            Person.language,
            Person.time_zone,
            Person.epoch,
            Person.name_confirmed_at,
            RoleGrant.role,
            RoleGrant.scope,
            RoleGrant.scope_id,
        )
        .outerjoin(RoleGrant, and_(RoleGrant.person_id == Person.id, RoleGrant.ended_at.is_(None)))
        .where(Person.id == bindparam("person"), Person.archived_at.is_(None))
    )


def viewer_of(person_id: UUID) -> Viewer | None:
    """The viewer of a person, with every role that is open now; None for one who is archived."""
    rows = session().execute(_viewer(), {"person": person_id}).all()
    if not rows:
        return None
    name, spoken, zone, epoch, confirmed_at = rows[0][:5]
    grants = frozenset(Grant(row.role, row.scope, row.scope_id) for row in rows if row.role)
    return Viewer(person_id, name, spoken, zone, epoch, grants, confirmed_at is not None)


def credentials(address: str) -> Credentials | None:
    """Who signs in with this address: it must be confirmed, and its person not archived."""
    row = (
        session()
        .execute(
            select(Person.id, Person.password_hash)
            .join(Address, Address.person_id == Person.id)
            .where(_is_confirmed(address), Person.archived_at.is_(None))
        )
        .first()
    )
    return Credentials(*row) if row else None


def password_hash_of(person_id: UUID) -> str | None:
    return session().scalar(select(Person.password_hash).where(Person.id == person_id))


def link(purpose: str, token: str) -> Link | None:
    """What a link's token stands for; None for one that we never made. Reading it uses nothing up."""
    row = (
        session()
        .execute(
            select(Token, Person, Address)
            .join(Person, Person.id == Token.person_id)
            .join(Address, Address.id == Token.address_id)
            .where(Token.token_hash == token_hash(token), Token.purpose == purpose)
        )
        .first()
    )
    if row is None:
        return None
    made, person, address = row
    state = "used" if made.used_at else "open" if made.expires_at > clock.now() else "expired"
    return Link(
        state,
        person.id,
        person.name,
        person.name_latin,
        person.sex,
        person.post,
        person.language,
        person.time_zone,
        person.password_hash is not None,
        address.address,
        office_of(person.id),
    )


def token_hash(token: str) -> str:
    """What is kept of a link's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def identities(person_id: UUID) -> list[UUID]:
    """A person's record and those that were merged into it, directly or through one another: one statement."""
    records = select(Person.id).where(Person.id == person_id).cte("records", recursive=True)
    records = records.union(select(Person.id).join(records, Person.merged_into == records.c.id))
    return list(session().scalars(select(records.c.id).order_by(records.c.id != person_id, records.c.id)))


# --- targets ---------------------------------------------------------------------------------------------


def target_of(person_id: UUID) -> Target | None:
    """What a person belongs to: themselves, their offices of today with what those lie in, and what rooms above
    know of (cohorts). None where there is no such person."""
    found = record_target(person_id)
    return Target(person_id, found.scopes | upstairs.scopes_of(person_id)) if found else None


def record_target(person_id: UUID) -> Target | None:
    """The same by their offices alone: whoever keeps a person's record answers for an office of theirs, not merely
    for a cohort. None where there is no such person."""
    rows = (
        session()
        .execute(
            select(Organisation.id, Organisation.country)
            .select_from(Person)
            .outerjoin(Membership, and_(Membership.person_id == Person.id, _not_ended(clock.today())))
            .outerjoin(Organisation, Organisation.id == Membership.organisation_id)
            .where(Person.id == person_id, Person.archived_at.is_(None))
        )
        .all()
    )
    if not rows:
        return None
    scopes = (scopes_of_office(key, country) for key, country in rows if key is not None)
    return Target(person_id, frozenset().union(*scopes))


def organisation_target(organisation_id: UUID) -> Target | None:
    """What an office belongs to: itself, its country, its regions; None where there is none."""
    found = organisation_or_none(organisation_id)
    return Target(scopes=scopes_of_office(found.id, found.country)) if found else None


def scopes_of_office(organisation_id: UUID, country: str) -> frozenset[tuple[str, str]]:
    """The scopes that an office lies in today: itself, its country, the regions of that."""
    return places.scopes_of_country(country, clock.today()) | {("organisation", str(organisation_id))}


@dataclass(frozen=True)
class Reach:
    """Which offices somebody reaches: all of them, those of some countries, some by themselves."""

    whole: bool = False
    countries: frozenset[str] = frozenset()
    organisations: frozenset[UUID] = frozenset()

    def holds(self, office: Office) -> bool:
        return self.whole or office.country in self.countries or office.id in self.organisations


def reach(viewer: Viewer, permission: str) -> Reach:
    """The offices that a viewer reaches with a permission; grants over cohorts reach none."""
    grants, today = viewer.may_over(permission), clock.today()
    regions = (places.countries_of(grant.scope_id, today) for grant in grants if grant.scope == "region")
    return Reach(
        any(grant.scope == "programme" for grant in grants),
        frozenset({grant.scope_id for grant in grants if grant.scope == "country"}).union(*regions),
        frozenset(UUID(grant.scope_id) for grant in grants if grant.scope == "organisation"),
    )


def within(reach: Reach) -> ColumnElement[bool]:
    """The condition on `Organisation` that a reach means."""
    if reach.whole:
        return true()
    return or_(Organisation.country.in_(reach.countries), Organisation.id.in_(reach.organisations))


def address_target(address_id: UUID) -> Target | None:
    """Whose an address is."""
    owner = session().scalar(select(Address.person_id).where(Address.id == address_id))
    return Target(owner) if owner else None


# --- offices ---------------------------------------------------------------------------------------------


def _office(row: Organisation) -> Office:
    return Office(**{name: getattr(row, name) for name in Office.__dataclass_fields__})


def organisation(organisation_id: UUID) -> Office:
    """An office; LookupError where there is none."""
    found = organisation_or_none(organisation_id)
    if found is None:
        raise LookupError(f"no organisation {organisation_id}")
    return found


def organisation_or_none(organisation_id: UUID) -> Office | None:
    row = session().get(Organisation, organisation_id)
    return _office(row) if row is not None and row.archived_at is None else None


def organisations() -> list[Office]:
    """All offices, by their names in the page's language."""
    return sorted((_office(row) for row in session().scalars(_OFFICES)), key=_by_name)


def organisation_lines() -> list[OfficeLine]:
    """All offices with the figures of their list: three statements."""
    today = clock.today()
    people = _counts(
        select(Membership.organisation_id, func.count())
        .where(Membership.starts_on <= today, _not_ended(today))
        .group_by(Membership.organisation_id)
    )
    focal_points = _counts(
        select(RoleGrant.scope_id, func.count())
        .where(RoleGrant.role == "focal_point", RoleGrant.scope == "organisation", RoleGrant.ended_at.is_(None))
        .group_by(RoleGrant.scope_id)
    )
    lines = [
        OfficeLine(
            **vars(_office(row)), people=people.get(str(row.id), 0), focal_points=focal_points.get(str(row.id), 0)
        )
        for row in session().scalars(_OFFICES)
    ]
    return sorted(lines, key=_by_name)


def country_scopes(offices: list[Office]) -> list[tuple[str, str]]:
    """The countries of these offices, as scopes of a role (`country:FR`, France), by name."""
    spoken = language.code()
    named = {office.country: places.name(office.country, spoken) for office in offices}
    return [(f"country:{code}", name) for code, name in sorted(named.items(), key=lambda pair: sort_key(pair[1]))]


_OFFICES = select(Organisation).where(Organisation.archived_at.is_(None))


def _by_name(office: Office) -> str:
    return sort_key(office.name_in(language.code()))


def _counts(query: Select[UUID, int] | Select[str, int]) -> dict[str, int]:
    return {str(key): count for key, count in session().execute(query)}


def office_of(person_id: UUID) -> Office | None:
    """The office that a person belongs to today (the one begun last, where there are two)."""
    row = session().scalar(
        select(Organisation)
        .join(Membership, Membership.organisation_id == Organisation.id)
        .where(Membership.person_id == person_id, _not_ended(clock.today()))
        .order_by(Membership.starts_on.desc())
        .limit(1)
    )
    return _office(row) if row else None


def people_of_organisation(organisation_id: UUID, on: date) -> list[Staff]:
    """Who belongs to an office on that day or belonged to it earlier: current staff first, then by name."""
    rows = session().execute(
        select(Membership.starts_on, Membership.ends_on, Person)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.organisation_id == organisation_id, Membership.starts_on <= on)
        .order_by(and_(Membership.ends_on.is_not(None), Membership.ends_on <= on), Person.sort_key)
    )
    return [
        Staff(
            person.id,
            person.name,
            person.name_latin,
            person.post if ends_on is None or ends_on > on else "",
            starts_on,
            ends_on,
            person.password_hash is not None,
        )
        for starts_on, ends_on, person in rows
    ]


def focal_points(organisation_id: UUID) -> list[RoleLine]:
    """The focal points of an office."""
    return _roles(RoleGrant.role == "focal_point", RoleGrant.scope_id == str(organisation_id))


# --- persons ---------------------------------------------------------------------------------------------


def person(person_id: UUID) -> Profile:
    """A person; LookupError where there is none."""
    row = session().get(Person, person_id)
    if row is None:
        raise LookupError(f"no person {person_id}")
    invited = select(Token.id).where(Token.person_id == person_id, Token.purpose == "invitation").limit(1)
    return Profile(
        row.id,
        row.name,
        row.name_latin,
        row.name_confirmed_at is not None,
        row.sex,
        row.post,
        row.language,
        row.time_zone,
        row.password_hash is not None,
        session().scalar(invited) is not None,
        addresses_of(person_id),
    )


def addresses_of(person_id: UUID) -> list[AddressLine]:
    """A person's addresses, the primary one first."""
    rows = session().scalars(
        select(Address)
        .where(Address.person_id == person_id)
        .order_by(Address.is_primary.desc(), Address.created_at, Address.id)
    )
    return [AddressLine(row.id, row.address, row.confirmed_at is not None, row.is_primary) for row in rows]


def memberships_of(person_id: UUID) -> list[MembershipLine]:
    """A person's memberships, the newest first."""
    rows = session().execute(
        select(Membership, Organisation)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Membership.person_id == person_id)
        .order_by(Membership.starts_on.desc(), Membership.id.desc())
    )
    return [
        MembershipLine(
            row.id,
            office.id,
            _office(office).name_in(language.code()),
            row.starts_on,
            row.ends_on,
            row.end_reason,
        )
        for row, office in rows
    ]


def roles_of(person_id: UUID) -> list[RoleLine]:
    """The roles that a person holds now."""
    return _roles(RoleGrant.person_id == person_id)


def holds_role(person_id: UUID, grant_id: UUID) -> bool:
    """Whether that grant is one of this person's that is open."""
    held = select(RoleGrant.id).where(
        RoleGrant.id == grant_id, RoleGrant.person_id == person_id, RoleGrant.ended_at.is_(None)
    )
    return session().scalar(held) is not None


def has_membership(person_id: UUID, membership_id: UUID) -> bool:
    own = select(Membership.id).where(Membership.id == membership_id, Membership.person_id == person_id)
    return session().scalar(own) is not None


def _roles(*where: object) -> list[RoleLine]:
    rows = (
        session()
        .execute(
            select(RoleGrant, Person.name)
            .join(Person, Person.id == RoleGrant.person_id)
            .where(RoleGrant.ended_at.is_(None), *where)  # type: ignore[arg-type]
            .order_by(Person.sort_key, RoleGrant.role)
        )
        .all()
    )
    names = scope_names({(grant.scope, grant.scope_id) for grant, _name in rows})
    return [
        RoleLine(g.id, g.person_id, name, g.role, g.scope, names.get((g.scope, g.scope_id), "")) for g, name in rows
    ]


def scope_names(scopes: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What these scopes are called: one statement for all offices, one for each kind that rooms above name."""
    ids: dict[str, list[str]] = {}
    for scope, scope_id in scopes:
        ids.setdefault(scope, []).append(scope_id)
    names = {("country", code): places.name(code, language.code()) for code in ids.pop("country", [])}
    if offices := ids.pop("organisation", []):
        rows = session().scalars(select(Organisation).where(Organisation.id.in_([UUID(key) for key in offices])))
        names |= {("organisation", str(row.id)): _office(row).name_in(language.code()) for row in rows}
    for scope, own in ids.items():
        names |= {(scope, key): name for key, name in upstairs.names_of(scope, own).items()}
    return names


def find_by_address(address: str) -> UUID | None:
    """The person of an address: of a confirmed one, or of one that an unanswered invitation goes to.

    What somebody has added to an account and never confirmed tells nothing about whose it is.
    """
    row = (
        session()
        .execute(
            select(Person.id)
            .join(Address, Address.person_id == Person.id)
            .where(
                Address.key == _key(address),
                Person.archived_at.is_(None),
                or_(Address.confirmed_at.is_not(None), Person.password_hash.is_(None)),
            )
            .order_by(Address.confirmed_at.is_(None), Person.created_at)
            .limit(1)
        )
        .first()
    )
    return row[0] if row else None


def search(words: str, number: int = 1) -> Page:
    """People by a part of their name (in either script) or address, 50 a page, by name. Three statements."""
    wanted = search_key(words)
    query = select(Person).where(Person.archived_at.is_(None))
    if wanted:
        by_address = select(Address.person_id).where(Address.key.contains(_key(words), autoescape=True))
        query = query.where(or_(Person.search_key.contains(wanted, autoescape=True), Person.id.in_(by_address)))
    total = session().scalar(select(func.count()).select_from(query.subquery())) or 0
    number = min(max(1, number), max(1, -(-total // PAGE)))
    rows = session().scalars(query.order_by(Person.sort_key).limit(PAGE).offset((number - 1) * PAGE)).all()
    ids = [row.id for row in rows]
    addresses = session().execute(
        select(Address.person_id, Address.address).where(Address.person_id.in_(ids), Address.is_primary)
    )
    offices = session().execute(
        select(Membership.person_id, Organisation)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Membership.person_id.in_(ids), _not_ended(clock.today()))
        .order_by(Membership.starts_on)
    )
    address_by = {row.person_id: row.address for row in addresses}
    office_by = {key: _office(row).name_in(language.code()) for key, row in offices}
    lines = [
        Found(
            row.id,
            row.name,
            row.name_latin,
            address_by.get(row.id, ""),
            office_by.get(row.id, ""),
            row.password_hash is not None,
        )
        for row in rows
    ]
    return Page(lines, total, number)


def recipient(person_id: UUID) -> Recipient | None:
    """Where letters to a person go: the primary address, or the oldest; None without any."""
    row = (
        session()
        .execute(
            select(Person.name, Address.address, Person.language, Person.time_zone)
            .join(Address, Address.person_id == Person.id)
            .where(Person.id == person_id)
            .order_by(Address.is_primary.desc(), Address.confirmed_at.is_(None), Address.created_at)
            .limit(1)
        )
        .first()
    )
    return Recipient(person_id, *row) if row else None


def events_of(person_id: UUID) -> list[Event]:
    """What this room can tell of a person's past: when they joined, and where they worked."""
    joined = session().scalar(
        select(func.min(Token.used_at)).where(Token.person_id == person_id, Token.purpose == "invitation")
    )
    events = [Event(joined, "joined", _("Accepted the invitation."))] if joined else []
    for line in memberships_of(person_id):
        events.append(Event(_noon(line.starts_on), "membership", _("Began at %(office)s.", office=line.organisation)))
        if line.ends_on is not None and line.ends_on <= clock.today():
            events.append(Event(_noon(line.ends_on), "membership", _("Left %(office)s.", office=line.organisation)))
    return events


def _noon(day: date) -> datetime:
    """A day as a moment that falls on the same date in nearly every time zone."""
    return datetime.combine(day, time(12), UTC)


def _not_ended(on: date) -> ColumnElement[bool]:
    return or_(Membership.ends_on.is_(None), Membership.ends_on > on)


def _is_confirmed(address: str) -> ColumnElement[bool]:
    return and_(Address.key == _key(address), Address.confirmed_at.is_not(None))


def _key(typed: str) -> str:
    """What was typed, as addresses are compared; without the signs that PostgreSQL refuses to look for."""
    return address_key(clean(rules.clean_address(typed)))
