"""Two records of one human, as the one who merges or parts them sees them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, or_, select, true
from sqlalchemy.orm import aliased

from lms import clock
from lms.db import session
from lms.people import upstairs
from lms.people.models import Address, Membership, Organisation, Person, PersonMerge, RoleGrant
from lms.people.queries import Reach, among, human, within
from lms.web import language

MOST = 10


@dataclass
class Record:
    """A record to be compared with another. `roles` are names; `held` is what rooms above hold, under headings."""

    id: UUID
    name: str
    name_latin: str
    post: str
    joined: bool
    created_at: datetime
    addresses: list[str] = field(default_factory=list)
    offices: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    held: list[tuple[str, list[str]]] = field(default_factory=list)


def compare(one: UUID, other: UUID) -> tuple[Record, Record] | None:
    """Two records side by side, with all that was merged into each; None where either is none to be merged."""
    found = _records([one, other], merged_too=True)
    if len(found) < 2:
        return None
    for key, lines in upstairs.holdings_of([one, other]).items():
        found[key].held = lines
    return found[one], found[other]


def sides(kept_id: UUID, merged_id: UUID) -> tuple[Record, Record] | None:
    """The same of two that were merged, each with what is its own alone."""
    found = _records([kept_id, merged_id], merged_too=False)
    return (found[kept_id], found[merged_id]) if len(found) == 2 else None


def _records(ids: list[UUID], merged_too: bool) -> dict[UUID, Record]:
    """Names and addresses, offices, roles: three statements. With `merged_too` only records that are not merged."""
    whose = human() if merged_too else Person.id
    which = among(ids) if merged_too else Person.id.in_(ids)
    found: dict[UUID, Record] = {}
    rows = session().execute(
        select(Person, whose, Address.address)
        .select_from(Person)
        .outerjoin(Address, Address.person_id == Person.id)
        .where(which, Person.archived_at.is_(None), Person.erased_at.is_(None))
        .order_by(Person.merged_into.is_not(None), Address.is_primary.desc(), Address.created_at)
    )
    for row, key, address in rows:
        if row.id == key:
            joined = row.password_hash is not None
            found.setdefault(key, Record(key, row.name, row.name_latin, row.post, joined, row.created_at))
        if key in found:
            found[key].joined = found[key].joined or row.password_hash is not None
            if address:
                found[key].addresses.append(address)
    offices = session().execute(
        select(whose, Organisation)
        .select_from(Membership)
        .join(Person, Person.id == Membership.person_id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(which)
        .order_by(Membership.starts_on)
    )
    spoken = language.code()
    for key, office in offices:
        name = office.names.get(spoken) or office.name
        if key in found and name not in found[key].offices:
            found[key].offices.append(name)
    roles = session().execute(
        select(whose, RoleGrant.role)
        .select_from(RoleGrant)
        .join(Person, Person.id == RoleGrant.person_id)
        .where(which, RoleGrant.ended_at.is_(None))
        .order_by(RoleGrant.role)
        .distinct()
    )
    for key, role in roles:
        if key in found:
            found[key].roles.append(role)
    return found


@dataclass(frozen=True)
class Twin:
    """Somebody who may be the same human."""

    id: UUID
    name: str
    name_latin: str
    address: str


def twins(person_id: UUID, reach: Reach) -> list[Twin]:
    """Who within a reach is called the same in every script, or the same in Latin letters at the same office: one
    statement."""
    own, mine, theirs = aliased(Person), aliased(Membership), aliased(Membership)
    today = clock.today()
    office = (
        select(theirs.id)
        .join(mine, mine.organisation_id == theirs.organisation_id)
        .where(theirs.person_id == Person.id, mine.person_id == own.id, theirs.starts_on <= today)
    )
    reached = (
        select(Membership.person_id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(within(reach), or_(Membership.ends_on.is_(None), Membership.ends_on > today))
    )
    latin = and_(own.name_latin != "", own.name_latin == Person.name_latin, office.exists())
    rows = session().execute(
        select(Person.id, Person.name, Person.name_latin, Address.address)
        .select_from(Person)
        .join(own, own.id == person_id)
        .outerjoin(Address, and_(Address.person_id == Person.id, Address.is_primary))
        .where(
            Person.id != person_id,
            Person.merged_into.is_(None),
            Person.archived_at.is_(None),
            Person.erased_at.is_(None),
            or_(Person.search_key == own.search_key, latin),
            true() if reach.whole else Person.id.in_(reached),
        )
        .order_by(Person.sort_key)
        .limit(MOST)
    )
    return [Twin(key, name, name_latin, address or "") for key, name, name_latin, address in rows]


@dataclass(frozen=True)
class Merge:
    """A record that is merged into a person's: when, by whom (nobody: the system), and how they knew."""

    merged_id: UUID
    name: str
    at: datetime
    by: str
    reason: str


def merges_of(person_id: UUID) -> list[Merge]:
    """The records that are read with this one, the newest first: one statement."""
    by = aliased(Person)
    rows = session().execute(
        select(Person.id, Person.name, PersonMerge.merged_at, by.name, PersonMerge.reason)
        .select_from(PersonMerge)
        .join(Person, Person.id == PersonMerge.merged_id)
        .outerjoin(by, by.id == PersonMerge.merged_by)
        .where(Person.merged_into == person_id, PersonMerge.parted_at.is_(None))
        .order_by(PersonMerge.merged_at.desc())
    )
    return [Merge(key, name, at, giver or "", reason) for key, name, at, giver, reason in rows]


def is_merged(person_id: UUID, merged_id: UUID) -> bool:
    """Whether that record is one of those that are read with this person's."""
    held = select(Person.id).where(Person.id == merged_id, Person.merged_into == person_id)
    return session().scalar(held) is not None


def suggested(one: Record, other: Record) -> UUID:
    """Which of the two to keep: the one that has joined, else the older one."""
    return min((one, other), key=_rank).id


def _rank(record: Record) -> tuple[bool, datetime]:
    return not record.joined, record.created_at
