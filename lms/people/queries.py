"""What can be asked about people and offices. Small frozen values, few statements."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, reduce
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, String, and_, bindparam, cast, distinct, exists, func, or_, select, true
from sqlalchemy.orm import aliased

from lms import clock, places
from lms.db import session
from lms.people import rules, upstairs
from lms.people.models import (
    Address,
    Membership,
    Organisation,
    Person,
    RecordQuestion,
    RoleGrant,
    StaffConfirmation,
    Token,
    Unit,
)
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
    bounced: bool = False  # letters to it come back


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
    destination: str = ""


@dataclass(frozen=True)
class RoleLine:
    """A role that is held now; `over` names its scope for a reader; `given_by` is empty for the system itself."""

    id: UUID
    person_id: UUID
    name: str
    role: str
    scope: str
    scope_id: str
    over: str
    given_at: datetime
    given_by: str


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
    membership_id: UUID
    unit: str = ""
    reason: str = ""
    destination: str = ""
    destination_name: str = ""  # of the office here that they went to
    successor_id: UUID | None = None
    successor: str = ""


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


# --- one human, several records --------------------------------------------------------------------------
#
# A record that was merged keeps its rows; whoever asks for the one asks for both.


def human(record: Any = Person) -> ColumnElement[UUID]:
    """The id under which a record is known: its own, or that of the one it was merged into."""
    return func.coalesce(record.merged_into, record.id)


def of_human(record: Any, key: Any) -> ColumnElement[bool]:
    """That a record is the human of that id (of a record that is not merged), by either of two indexes."""
    return or_(record.id == key, record.merged_into == key)


def among(people: Any) -> ColumnElement[bool]:
    """That `Person` is a record of one of these humans, for statements that take many; `human()` says of which."""
    return or_(Person.id.in_(people), Person.merged_into.in_(people))


def same_person(column: Any, person_id: Any) -> ColumnElement[bool]:
    """That a column names a record of the human of `person_id`, whichever of their records that is: no statement
    more, and by the index of the column."""
    found: ColumnElement[bool] = column.in_(_SAME.where(_GIVEN.c.id == person_id))
    return found


# Of tables, not of models, and built once: it is part of nearly every statement, and building cost more than asking.
_GIVEN, _RECORD = Person.__table__.alias("given"), Person.__table__.alias("record")
_HUMAN = func.coalesce(_GIVEN.c.merged_into, _GIVEN.c.id)
# Whatever else it names is of a statement around it, however many levels up: the library alone looks one level up only.
_SAME = (
    select(_RECORD.c.id)
    .select_from(_GIVEN.join(_RECORD, or_(_RECORD.c.id == _HUMAN, _RECORD.c.merged_into == _HUMAN)))
    .correlate_except(_GIVEN, _RECORD)
)


def kept(person_id: UUID) -> UUID:
    """The record under which a human is known: the one itself unless it was merged."""
    return session().scalar(select(human()).where(Person.id == person_id)) or person_id


def _password(record: Any) -> ColumnElement[str | None]:
    """The hash by which a human signs in: the kept record's, else that of the merged one that was there first."""
    other = aliased(Person)
    first = (
        select(other.password_hash)
        .where(other.merged_into == record.id, other.password_hash.is_not(None))
        .order_by(other.created_at, other.id)
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(record.password_hash, first)


def has_joined(record: Any) -> ColumnElement[bool]:
    """That somebody (of a record that is not merged) has a password, by whichever record."""
    other = aliased(Person)
    elsewhere = exists().where(other.merged_into == record.id, other.password_hash.is_not(None))
    return or_(record.password_hash.is_not(None), elsewhere)


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
        .outerjoin(RoleGrant, and_(same_person(RoleGrant.person_id, bindparam("person")), RoleGrant.ended_at.is_(None)))
        .where(Person.id == bindparam("person"), Person.archived_at.is_(None), Person.merged_into.is_(None))
    )


def viewer_of(person_id: UUID) -> Viewer | None:
    """The viewer of a person, with every role that is open now under any of their records; None for one who is
    archived, and for a record that was merged: what was begun with it has ended."""
    rows = session().execute(_viewer(), {"person": person_id}).all()
    if not rows:
        return None
    name, spoken, zone, epoch, confirmed_at = rows[0][:5]
    grants = frozenset(Grant(row.role, row.scope, row.scope_id) for row in rows if row.role)
    return Viewer(person_id, name, spoken, zone, epoch, grants, confirmed_at is not None)


def credentials(address: str) -> Credentials | None:
    """Who signs in with this address: it must be confirmed, and its person not archived."""
    known = aliased(Person)
    row = (
        session()
        .execute(
            select(known.id, _password(known))
            .select_from(Address)
            .join(Person, Person.id == Address.person_id)
            .join(known, known.id == human())
            .where(_is_confirmed(address), known.archived_at.is_(None))
        )
        .first()
    )
    return Credentials(*row) if row else None


def password_hash_of(person_id: UUID) -> str | None:
    return session().scalar(select(_password(Person)).where(Person.id == person_id))


def link(purpose: str, token: str) -> Link | None:
    """What a link's token stands for; None for one that we never made. Reading it uses nothing up."""
    known = aliased(Person)
    row = (
        session()
        .execute(
            select(Token, known, Address, has_joined(known))
            .join(Person, Person.id == Token.person_id)
            .join(known, known.id == human())
            .join(Address, Address.id == Token.address_id)
            .where(Token.token_hash == token_hash(token), Token.purpose == purpose)
        )
        .first()
    )
    if row is None:
        return None
    made, person, address, joined = row
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
        joined,
        address.address,
        office_of(person.id),
    )


def token_hash(token: str) -> str:
    """What is kept of a link's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def records_of(person_id: UUID) -> Select[Any]:
    """The ids of all records of a human, as a subselect."""
    return _SAME.where(_GIVEN.c.id == person_id)


def identities(person_id: UUID) -> list[UUID]:
    """All records of a human, the one that is kept first: one statement."""
    return list(session().scalars(records_of(person_id).order_by(_RECORD.c.merged_into.is_not(None), _RECORD.c.id)))


# --- targets ---------------------------------------------------------------------------------------------


def target_of(person_id: UUID) -> Target | None:
    """What a person belongs to: themselves, their offices of today with what those lie in, and what rooms above
    know of (cohorts). None where there is no such person."""
    found = record_target(person_id)
    return Target(found.person, found.scopes | upstairs.scopes_of(person_id)) if found else None


def record_target(person_id: UUID) -> Target | None:
    """The same by their offices alone: whoever keeps a person's record answers for an office of theirs, not merely
    for a cohort. None where there is no such person. A merged record's is the kept one's, whose offices are both's."""
    rows = (
        session()
        .execute(
            select(human(), Organisation.id, Organisation.country)
            .select_from(Person)
            .outerjoin(Membership, and_(same_person(Membership.person_id, person_id), _not_ended(clock.today())))
            .outerjoin(Organisation, Organisation.id == Membership.organisation_id)
            .where(Person.id == person_id, Person.archived_at.is_(None))
        )
        .all()
    )
    if not rows:
        return None
    scopes = (scopes_of_office(key, country) for _human, key, country in rows if key is not None)
    return Target(rows[0][0], frozenset().union(*scopes))


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


EVERYWHERE = Reach(whole=True)


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


def membership_target(person_id: UUID, membership_id: UUID) -> Target | None:
    """The office of a membership, which must be that person's: to end it is for who answers for that office."""
    row = (
        session()
        .execute(
            select(Organisation.id, Organisation.country)
            .join(Membership, Membership.organisation_id == Organisation.id)
            .where(Membership.id == membership_id, Membership.person_id == person_id)
        )
        .one_or_none()
    )
    return Target(scopes=scopes_of_office(*row)) if row else None


def address_target(address_id: UUID) -> Target | None:
    """Whose an address is."""
    owner = session().scalar(
        select(human()).join(Address, Address.person_id == Person.id).where(Address.id == address_id)
    )
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


def organisations(reached: Reach = EVERYWHERE) -> list[Office]:
    """The offices of a reach, by their names in the page's language."""
    return sorted((_office(row) for row in session().scalars(_OFFICES.where(within(reached)))), key=_by_name)


def organisation_lines(reached: Reach = EVERYWHERE) -> list[OfficeLine]:
    """The offices of a reach with the figures of their list: three statements."""
    today = clock.today()
    people = _counts(
        select(Membership.organisation_id, func.count(distinct(human())))
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.starts_on <= today, _not_ended(today))
        .group_by(Membership.organisation_id)
    )
    focal_points = _focal_point_counts()
    lines = [
        OfficeLine(
            **vars(_office(row)), people=people.get(str(row.id), 0), focal_points=focal_points.get(str(row.id), 0)
        )
        for row in session().scalars(_OFFICES.where(within(reached)))
    ]
    return sorted(lines, key=_by_name)


def offices_with_focal_points(reached: Reach, count: int) -> list[Office]:
    """The offices within a reach that have so many focal points, by name. Two statements."""
    held = _focal_point_counts()
    rows = session().scalars(_OFFICES.where(within(reached)))
    return sorted((_office(row) for row in rows if held.get(str(row.id), 0) == count), key=_by_name)


def _focal_point_counts() -> dict[str, int]:
    """How many people are focal points of each office, by its id as roles keep it."""
    return _counts(
        select(RoleGrant.scope_id, func.count(distinct(human())))
        .join(Person, Person.id == RoleGrant.person_id)
        .where(*_FOCAL_POINTS)
        .group_by(RoleGrant.scope_id)
    )


def country_scopes(offices: list[Office]) -> list[tuple[str, str]]:
    """The countries of these offices, as scopes of a role (`country:FR`, France), by name."""
    spoken = language.code()
    named = {office.country: places.name(office.country, spoken) for office in offices}
    return [(f"country:{code}", name) for code, name in sorted(named.items(), key=lambda pair: sort_key(pair[1]))]


def region_scopes(viewer: Viewer, permission: str) -> list[tuple[str, str]]:
    """The regions that a viewer reaches with a permission, as scopes of a role (`region:ecowas`, its name)."""
    spoken, today = language.code(), clock.today()
    own = {(grant.scope, grant.scope_id) for grant in viewer.may_over(permission)}
    whole = any(scope == "programme" for scope, _id in own)
    return [
        (f"region:{region}", name)
        for region, name in places.regions(spoken)
        if whole or own & places.scopes_of_region(region, today)
    ]


_FOCAL_POINTS = (
    RoleGrant.role == "focal_point",
    RoleGrant.scope == "organisation",
    RoleGrant.ended_at.is_(None),
)
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
        .where(same_person(Membership.person_id, person_id), _not_ended(clock.today()))
        .order_by(Membership.starts_on.desc())
        .limit(1)
    )
    return _office(row) if row else None


def people_of_organisation(organisation_id: UUID, on: date) -> list[Staff]:
    """Who belongs to an office on that day or belonged to it earlier: current staff first, then by name."""
    known, follower, elsewhere = aliased(Person), aliased(Person), aliased(Organisation)
    rows = session().execute(
        select(Membership, known, has_joined(known), Unit.name, elsewhere, follower.name)
        .join(Person, Person.id == Membership.person_id)
        .join(known, known.id == human())
        .outerjoin(Unit, Unit.id == Membership.unit_id)
        .outerjoin(elsewhere, elsewhere.id == Membership.destination_id)
        .outerjoin(follower, follower.id == Membership.successor_id)
        .where(Membership.organisation_id == organisation_id, Membership.starts_on <= on)
        .order_by(known.sort_key, Membership.starts_on)
    )
    lines = _one_each(
        Staff(
            person.id,
            person.name,
            person.name_latin,
            person.post if row.ends_on is None or row.ends_on > on else "",
            row.starts_on,
            row.ends_on,
            joined,
            row.id,
            unit or "",
            row.end_reason,
            row.destination,
            _office(office).name_in(language.code()) if office else "",
            row.successor_id,
            successor or "",
        )
        for row, person, joined, unit, office, successor in rows
    )
    return sorted(lines, key=lambda line: line.ends_on is not None and line.ends_on <= on)


def _one_each(lines: Iterable[Staff]) -> list[Staff]:
    """Times under two records of one human that share a day are one line; `lines` come by person and first day."""
    found: list[Staff] = []
    for line in lines:
        last = found[-1] if found and found[-1].person_id == line.person_id else None
        if last is None or not rules.overlap((last.starts_on, last.ends_on), (line.starts_on, line.ends_on)):
            found.append(line)
            continue
        still = next((one for one in (line, last) if one.ends_on is None), None)
        longer = still or max(last, line, key=lambda one: one.ends_on or one.starts_on)
        found[-1] = replace(longer, starts_on=last.starts_on)
    return found


def focal_points(organisation_id: UUID) -> list[RoleLine]:
    """The focal points of an office."""
    return _roles(RoleGrant.role == "focal_point", RoleGrant.scope_id == str(organisation_id), named=False)


# --- persons ---------------------------------------------------------------------------------------------


def person(person_id: UUID) -> Profile:
    """A person; LookupError where there is none. Of a merged record, the one that it was merged into."""
    known = aliased(Person)
    invited = exists().where(same_person(Token.person_id, person_id), Token.purpose == "invitation")
    found = (
        session()
        .execute(
            select(known, has_joined(known), invited)
            .select_from(Person)
            .join(known, known.id == human())
            .where(Person.id == person_id)
        )
        .first()
    )
    if found is None:
        raise LookupError(f"no person {person_id}")
    row, joined, was_invited = found
    return Profile(
        row.id,
        row.name,
        row.name_latin,
        row.name_confirmed_at is not None,
        row.sex,
        row.post,
        row.language,
        row.time_zone,
        joined,
        was_invited,
        addresses_of(row.id),
    )


def addresses_of(person_id: UUID) -> list[AddressLine]:
    """A person's addresses under all their records, the one that letters go to first: it alone is `primary`."""
    rows = session().scalars(
        select(Address)
        .join(Person, Person.id == Address.person_id)
        .where(same_person(Address.person_id, person_id))
        .order_by(*_letters_first(), Address.created_at, Address.id)
    )
    return [
        AddressLine(
            row.id,
            row.address,
            row.confirmed_at is not None,
            row.is_primary and number == 0,
            row.bounced_at is not None,
        )
        for number, row in enumerate(rows)
    ]


def _letters_first() -> tuple[ColumnElement[Any], ...]:
    """Primary addresses first, the kept record's before those of merged ones."""
    return Address.is_primary.desc(), Person.merged_into.is_not(None)


def memberships_of(person_id: UUID) -> list[MembershipLine]:
    """A person's memberships, the newest first."""
    rows = session().execute(
        select(Membership, Organisation)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(same_person(Membership.person_id, person_id))
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
            row.destination,
        )
        for row, office in rows
    ]


def roles_of(person_id: UUID) -> list[RoleLine]:
    """The roles that a person holds now."""
    return _roles(same_person(RoleGrant.person_id, person_id))


def is_role_of(person_id: UUID, grant_id: UUID) -> bool:
    """Whether that grant is one of this person's, also one that has ended."""
    own = select(RoleGrant.id).where(RoleGrant.id == grant_id, same_person(RoleGrant.person_id, person_id))
    return session().scalar(own) is not None


def is_of_office(membership_id: UUID, organisation_id: UUID) -> bool:
    """Whether that membership is of that office."""
    own = select(Membership.id).where(Membership.id == membership_id, Membership.organisation_id == organisation_id)
    return session().scalar(own) is not None


def is_focal_point_of(grant_id: UUID, organisation_id: UUID) -> bool:
    """Whether that grant is or was one of a focal point of that office."""
    own = select(RoleGrant.id).where(
        RoleGrant.id == grant_id, RoleGrant.role == "focal_point", RoleGrant.scope_id == str(organisation_id)
    )
    return session().scalar(own) is not None


def _roles(*where: object, named: bool = True) -> list[RoleLine]:
    """Open roles by the name of who holds them; `named`: with what their scopes are called, which asks once more."""
    known, giver = aliased(Person), aliased(Person)
    rows = (
        session()
        .execute(
            select(RoleGrant, known.id, known.name, giver.name)
            .join(Person, Person.id == RoleGrant.person_id)
            .join(known, known.id == human())
            .outerjoin(giver, giver.id == RoleGrant.granted_by)
            .where(RoleGrant.ended_at.is_(None), *where)  # type: ignore[arg-type]
            .order_by(known.sort_key, RoleGrant.role, Person.merged_into.is_not(None))
        )
        .all()
    )
    names = scope_names({(grant.scope, grant.scope_id) for grant, *_rest in rows}) if named else {}
    found: dict[tuple[UUID, str, str, str], RoleLine] = {}
    for grant, key, name, given_by in rows:  # the same role under two records of one human is one line
        over = names.get((grant.scope, grant.scope_id), "")
        line = RoleLine(
            grant.id, key, name, grant.role, grant.scope, grant.scope_id, over, grant.granted_at, given_by or ""
        )
        found.setdefault((key, grant.role, grant.scope, grant.scope_id), line)
    return list(found.values())


def scope_names(scopes: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What these scopes are called: one statement for all offices, one for each kind that rooms above name."""
    ids: dict[str, list[str]] = {}
    for scope, scope_id in scopes:
        ids.setdefault(scope, []).append(scope_id)
    spoken = language.code()
    names = {("country", code): places.name(code, spoken) for code in ids.pop("country", [])}
    names |= {("region", region): places.region_name(region, spoken) for region in ids.pop("region", [])}
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
    known = aliased(Person)
    return session().scalar(
        select(known.id)
        .select_from(Address)
        .join(Person, Person.id == Address.person_id)
        .join(known, known.id == human())
        .where(
            Address.key == _key(address),
            known.archived_at.is_(None),
            or_(Address.confirmed_at.is_not(None), ~has_joined(known)),
        )
        .order_by(Address.confirmed_at.is_(None), known.created_at)
        .limit(1)
    )


def search(words: str, number: int = 1, reached: Reach = EVERYWHERE) -> Page:
    """People by a part of their name (in either script) or address, 50 a page, by name. Three statements.

    Where the reach is not everywhere: only those who are of one of its offices today.
    """
    wanted = search_key(words)
    query = select(Person, has_joined(Person)).where(Person.archived_at.is_(None), Person.merged_into.is_(None))
    if not reached.whole:
        query = query.where(
            select(Membership.id)
            .join(Organisation, Organisation.id == Membership.organisation_id)
            .where(Membership.person_id == Person.id, _not_ended(clock.today()), within(reached))
            .exists()
        )
    if wanted:
        record = aliased(Person)
        by_address = select(Address.person_id).where(Address.key.contains(_key(words), autoescape=True))
        either = or_(record.search_key.contains(wanted, autoescape=True), record.id.in_(by_address))
        query = query.where(Person.id.in_(select(human(record)).where(either)))
    total = session().scalar(select(func.count()).select_from(query.subquery())) or 0
    number = min(max(1, number), max(1, -(-total // PAGE)))
    rows = session().execute(query.order_by(Person.sort_key).limit(PAGE).offset((number - 1) * PAGE)).all()
    ids = [row.id for row, _joined in rows]
    addresses = session().execute(
        select(human().label("person_id"), Address.address)
        .join(Person, Person.id == Address.person_id)
        .where(among(ids), Address.is_primary)
        .order_by(Person.merged_into.is_(None))  # the kept record's last: it stands
    )
    offices = session().execute(
        select(human(), Organisation)
        .select_from(Membership)
        .join(Person, Person.id == Membership.person_id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(among(ids), _not_ended(clock.today()))
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
            joined,
        )
        for row, joined in rows
    ]
    return Page(lines, total, number)


def recipient(person_id: UUID) -> Recipient | None:
    """Where letters to a person go: the primary address, or the oldest; None without any.

    Where letters to the primary one come back, another that is confirmed comes first.
    """
    known = aliased(Person)
    another = and_(Address.bounced_at.is_(None), or_(Address.confirmed_at.is_not(None), Address.is_primary))
    row = (
        session()
        .execute(
            select(known.id, known.name, Address.address, known.language, known.time_zone)
            .select_from(Address)
            .join(Person, Person.id == Address.person_id)
            .join(known, known.id == human())
            .where(same_person(Address.person_id, person_id))
            .order_by(another.desc(), *_letters_first(), Address.confirmed_at.is_(None), Address.created_at)
            .limit(1)
        )
        .first()
    )
    return Recipient(*row) if row else None


def events_of(person_id: UUID) -> list[Event]:
    """What this room can tell of a person's past: when they joined, and where they worked."""
    joined = session().scalar(
        select(func.min(Token.used_at)).where(same_person(Token.person_id, person_id), Token.purpose == "invitation")
    )
    events = [Event(joined, "joined", _("Accepted the invitation."))] if joined else []
    for line in memberships_of(person_id):
        events.append(Event(noon(line.starts_on), "membership", _("Began at %(office)s.", office=line.organisation)))
        if line.ends_on is not None and line.ends_on <= clock.today():
            events.append(Event(noon(line.ends_on), "membership", _("Left %(office)s.", office=line.organisation)))
    return events


# --- whether records are right ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Confirmation:
    """When an office's staff was last confirmed (None: never), and from when it is to be confirmed again."""

    last: date | None = None
    due_on: date | None = None
    stamp: datetime | None = None  # tells whether it was confirmed again since a page was opened

    def is_due(self, today: date) -> bool:
        return self.due_on is not None and self.due_on <= today


@dataclass(frozen=True)
class ConfirmationDue:
    """An office whose staff is to be confirmed, and who answers for it."""

    office: Office
    last: date | None
    due_on: date
    focal_points: tuple[UUID, ...]


@dataclass(frozen=True)
class Question:
    """Something about somebody's record that somebody has to say.

    `on`, `destination`, `reason` and `word` are what the person said of a move; `elsewhere` is the office that they
    went to (moved) or came from (came); `address` is masked, since it may be shown to an office.
    """

    id: UUID
    kind: str
    person_id: UUID
    person: str
    joined: bool
    organisation_id: UUID | None
    office: str
    address: str
    on: date | None
    destination: str
    elsewhere: str
    reason: str
    word: str
    raised_at: datetime
    answered_at: datetime | None
    answer: str
    answered_by: str
    answer_word: str


def last_confirmed(organisation_ids: Iterable[UUID]) -> dict[UUID, date]:
    """When the staff of these offices was last confirmed; those where it never was are left out. One statement."""
    rows = session().execute(
        select(StaffConfirmation.organisation_id, func.max(StaffConfirmation.confirmed_on))
        .where(StaffConfirmation.organisation_id.in_(list(organisation_ids)))
        .group_by(StaffConfirmation.organisation_id)
    )
    return {row[0]: row[1] for row in rows}


def confirmations(organisation_ids: Iterable[UUID]) -> dict[UUID, Confirmation]:
    """When the staff of each of these offices was confirmed and is to be again. One statement."""
    wanted = Organisation.id.in_(list(organisation_ids))
    rows = session().execute(_confirmations(Organisation.id).where(wanted))
    return {key: _confirmation(last, stamp, first) for key, last, stamp, first in rows}


def confirmations_due(reached: Reach | None = None) -> list[ConfirmationDue]:
    """The offices whose staff is to be confirmed, the longest due first. Two statements."""
    query = _confirmations(Organisation).where(Organisation.archived_at.is_(None))
    due = []
    for row, last, stamp, first in session().execute(query.where(within(reached)) if reached else query):
        office, found = _office(row), _confirmation(last, stamp, first)
        if found.due_on is not None and found.is_due(clock.today(office.time_zone)):
            due.append((office, last, found.due_on))
    held: dict[str, list[UUID]] = {}
    if due:
        for scope_id, person_id in session().execute(
            select(RoleGrant.scope_id, RoleGrant.person_id).where(*_FOCAL_POINTS)
        ):
            held.setdefault(scope_id, []).append(person_id)
    lines = [ConfirmationDue(o, last, day, tuple(held.get(str(o.id), ()))) for o, last, day in due]
    return sorted(lines, key=lambda line: line.due_on)


def _confirmations(*what: Any) -> Select[*tuple[Any, ...]]:
    confirmed = StaffConfirmation.organisation_id == Organisation.id
    last = select(func.max(StaffConfirmation.confirmed_on)).where(confirmed).correlate(Organisation)
    stamp = select(func.max(StaffConfirmation.confirmed_at)).where(confirmed).correlate(Organisation)
    first = (
        select(func.min(Membership.starts_on))
        .where(Membership.organisation_id == Organisation.id)
        .correlate(Organisation)
    )
    return select(*what, last.scalar_subquery(), stamp.scalar_subquery(), first.scalar_subquery())


def _confirmation(last: date | None, stamp: datetime | None, first: date | None) -> Confirmation:
    return Confirmation(last, rules.confirmation_due(last, first), stamp)


def question(question_id: UUID) -> Question:
    """A question that is known to exist."""
    return _questions(RecordQuestion.id == question_id)[0]


def question_target(question_id: UUID) -> Target | None:
    """Who is asked: the office, with what it lies in; the whole programme where the person has none."""
    row = (
        session()
        .execute(
            select(RecordQuestion.organisation_id, Organisation.country)
            .outerjoin(Organisation, Organisation.id == RecordQuestion.organisation_id)
            .where(RecordQuestion.id == question_id)
        )
        .first()
    )
    if row is None:
        return None
    return Target(scopes=scopes_of_office(row[0], row[1]) if row[0] else frozenset())


def own_question_target(question_id: UUID) -> Target | None:
    """Whom a question is about."""
    owner = session().scalar(select(RecordQuestion.person_id).where(RecordQuestion.id == question_id))
    return Target(owner) if owner else None


def questions_of_office(organisation_id: UUID) -> list[Question]:
    """What an office has to answer, the longest waiting first. One statement, another where offices are named."""
    return _questions(RecordQuestion.organisation_id == organisation_id, RecordQuestion.answered_at.is_(None))


def questions_about(person_id: UUID) -> list[Question]:
    """What is or was asked about a person, the oldest first."""
    return _questions(RecordQuestion.person_id == person_id)


def has_silent_address(person_id: UUID) -> bool:
    """Whether letters to the person come back."""
    silent = select(Address.id).where(
        Address.person_id == person_id, Address.bounced_at.is_not(None), Address.is_primary
    )
    return session().scalar(silent) is not None


def open_questions(viewer: Viewer, patience: timedelta) -> list[Question]:
    """What waits for a viewer's answer, the longest waiting first.

    A focal point is asked about their own office; whoever looks after several offices about those that have nobody
    else to ask, and about what has waited for longer than `patience`. Two statements.
    """
    permission = "office.answer"
    reached = reach(viewer, permission)
    own = RecordQuestion.organisation_id.in_(reached.organisations)
    another = (
        select(RoleGrant.id)
        .where(
            *_FOCAL_POINTS,
            RoleGrant.scope_id == _as_scope_id(RecordQuestion.organisation_id),
            RoleGrant.person_id != RecordQuestion.person_id,
        )
        .correlate(RecordQuestion)
        .exists()
    )
    wider = replace(reached, organisations=frozenset())
    nobody = or_(~another, RecordQuestion.raised_at < clock.now() - patience)
    return _questions(RecordQuestion.answered_at.is_(None), or_(own, and_(within(wider), nobody)))


def _as_scope_id(column: Any) -> ColumnElement[str]:
    """A UUID's column as roles keep ids: with hyphens, which SQLite stores none of."""
    plain = func.replace(cast(column, String), "-", "")
    places_of = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    parts: list[ColumnElement[str]] = [func.substr(plain, start, length) for start, length in places_of]
    return reduce(lambda one, other: one + "-" + other, parts)


def _questions(*where: Any) -> list[Question]:
    asked, answering = aliased(Person), aliased(Person)
    rows = (
        session()
        .execute(
            select(RecordQuestion, asked, Organisation, Address.address, answering.name)
            .join(asked, asked.id == RecordQuestion.person_id)
            .outerjoin(Organisation, Organisation.id == RecordQuestion.organisation_id)
            .outerjoin(Address, Address.id == RecordQuestion.address_id)
            .outerjoin(answering, answering.id == RecordQuestion.answered_by)
            .where(*where)
            .order_by(RecordQuestion.id)
        )
        .all()
    )
    named = {UUID(row.data["office"]) for row, *_rest in rows if row.data.get("office")}
    offices: dict[str, str] = {}
    if named:
        for office in session().scalars(select(Organisation).where(Organisation.id.in_(named))):
            offices[str(office.id)] = _office(office).name_in(language.code())
    return [
        Question(
            row.id,
            row.kind,
            person.id,
            person.name,
            person.password_hash is not None,
            row.organisation_id,
            _office(office).name_in(language.code()) if office else "",
            rules.masked(address) if address else "",
            date.fromisoformat(row.data["on"]) if "on" in row.data else None,
            row.data.get("destination", ""),
            offices.get(row.data.get("office") or "", ""),
            row.data.get("reason", ""),
            row.data.get("word", ""),
            row.raised_at,
            row.answered_at,
            row.answer,
            by or "",
            row.word,
        )
        for row, person, office, address, by in rows
    ]


def noon(day: date) -> datetime:
    """A day as a moment that falls on the same date in nearly every time zone."""
    return datetime.combine(day, time(12), UTC)


def _not_ended(on: date) -> ColumnElement[bool]:
    return or_(Membership.ends_on.is_(None), Membership.ends_on > on)


def _is_confirmed(address: str) -> ColumnElement[bool]:
    return and_(Address.key == _key(address), Address.confirmed_at.is_not(None))


def _key(typed: str) -> str:
    """What was typed, as addresses are compared; without the signs that PostgreSQL refuses to look for."""
    return address_key(clean(rules.clean_address(typed)))
