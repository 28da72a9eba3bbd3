"""Cohorts as their staff see them. The board asks seven statements, however many people are in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Row, and_, func, or_, select, true

from lms import clock, places
from lms.assessment import queries as assessments
from lms.assessment.rules import Standing
from lms.cohorts.models import Cohort, CohortMember, ModuleTarget
from lms.curriculum import index
from lms.curriculum.content import Course
from lms.db import session
from lms.learning import queries as learning
from lms.learning import rules
from lms.people.models import Membership, Organisation, Person, RoleGrant
from lms.policy import Target, Viewer
from lms.privacy import Fate, Held, Keeping
from lms.web import language

STAFF = ("coordinator", "facilitator", "administrator")


def target_of(cohort_id: UUID) -> Target | None:
    """What a cohort belongs to: itself and where it lies; None where there is none."""
    found = session().get(Cohort, cohort_id)
    return target(found) if found else None


def target(cohort: Cohort) -> Target:
    return Target(scopes=scopes_of(cohort.id, cohort.scope, cohort.scope_id))


def scopes_of(cohort_id: UUID, scope: str, scope_id: str) -> frozenset[tuple[str, str]]:
    """The scopes that a cohort lies in today: itself, and the country or region that it belongs to with all wider."""
    return where(scope, scope_id) | {("cohort", str(cohort_id))}


def where(scope: str, scope_id: str) -> frozenset[tuple[str, str]]:
    """The scopes that a country's or region's cohorts lie in; none for those of the whole programme."""
    if scope == "region":
        return places.scopes_of_region(scope_id, clock.today())
    return places.scopes_of_country(scope_id, clock.today()) if scope == "country" else frozenset()


def wider_than(cohort_id: str) -> frozenset[tuple[str, str]]:
    """The scopes that a cohort lies in, by its id as roles keep it."""
    found = session().get(Cohort, UUID(cohort_id))
    return where(found.scope, found.scope_id) if found else frozenset()


def member_target(cohort_id: UUID, person_id: UUID, *, withdrawn: bool = False) -> Target | None:
    """As `target_of`, but only for one who is in that cohort: parent and child are looked up together.

    One who was withdrawn is nobody of the cohort's any more: what they do from then on is not its staff's to see.
    `withdrawn` takes them in, for what may be pressed twice.
    """
    found = session().scalars(
        select(Cohort)
        .join(CohortMember, CohortMember.cohort_id == Cohort.id)
        .where(
            Cohort.id == cohort_id,
            CohortMember.person_id == person_id,
            true() if withdrawn else CohortMember.withdrawn_at.is_(None),
        )
    )
    cohort = found.unique().first()
    return target(cohort) if cohort else None


def scopes_of_person(person_id: UUID) -> set[tuple[str, str]]:
    """The cohorts that a person is in, as scopes, with what those lie in."""
    return {pair for row in _cohorts_with(person_id) for pair in scopes_of(row.id, row.scope, row.scope_id)}


def welcome_of(person_id: UUID) -> str:
    """What an invitation says about the cohorts that wait for a person."""
    return " ".join(
        _("You are in the cohort %(cohort)s, which begins on %(day)s.", cohort=c.name, day=language.day(c.starts_on))
        for c in _cohorts_with(person_id)
    )


def names_of(cohort_ids: list[str]) -> dict[str, str]:
    """What these cohorts are called, by their ids."""
    rows = session().scalars(select(Cohort).where(Cohort.id.in_([UUID(key) for key in cohort_ids]))).unique()
    return {str(row.id): row.name for row in rows}


def _cohorts_with(person_id: UUID) -> Sequence[Row[UUID, str, date, str, str]]:
    """Id, name, first day and scope of the cohorts that a person is in."""
    return (
        session()
        .execute(
            select(Cohort.id, Cohort.name, Cohort.starts_on, Cohort.scope, Cohort.scope_id)
            .join(CohortMember, CohortMember.cohort_id == Cohort.id)
            .where(
                CohortMember.person_id == person_id,
                CohortMember.withdrawn_at.is_(None),
                Cohort.archived_at.is_(None),
            )
            .order_by(Cohort.starts_on)
        )
        .all()
    )


@dataclass(frozen=True)
class Listed:
    """A cohort in a list."""

    id: UUID
    name: str
    course: str
    starts_on: date
    ends_on: date
    people: int


def cohorts_of(viewer: Viewer) -> list[Listed]:
    """The cohorts that this viewer works with, newest first: one statement."""
    query = (
        select(Cohort.id, Cohort.name, Cohort.course, Cohort.starts_on, Cohort.ends_on, func.count(CohortMember.id))
        .outerjoin(CohortMember, (CohortMember.cohort_id == Cohort.id) & CohortMember.withdrawn_at.is_(None))
        .where(Cohort.archived_at.is_(None))
        .group_by(Cohort.id)
        .order_by(Cohort.starts_on.desc(), Cohort.name)
    )
    return [Listed(*row) for row in session().execute(query.where(within(viewer, "cohort.see")))]


def within(viewer: Viewer, permission: str) -> ColumnElement[bool]:
    """The condition on `Cohort` that a viewer's grants with a permission mean."""
    grants, today = viewer.may_over(permission), clock.today()
    if any(grant.scope == "programme" for grant in grants):
        return true()
    regions = {grant.scope_id for grant in grants if grant.scope == "region"}
    narrower = {
        known
        for known, _name in places.regions("en")
        if any(("region", region) in places.scopes_of_region(known, today) for region in regions)
    }
    countries = {grant.scope_id for grant in grants if grant.scope == "country"}
    countries = countries.union(*(places.countries_of(region, today) for region in regions))
    return or_(
        Cohort.id.in_([UUID(grant.scope_id) for grant in grants if grant.scope == "cohort"]),
        and_(Cohort.scope == "region", Cohort.scope_id.in_(regions | narrower)),
        and_(Cohort.scope == "country", Cohort.scope_id.in_(countries)),
    )


@dataclass(frozen=True)
class Line:
    """One trainee in a cohort, as one line of its page.

    `marks` has one word a lesson of the course's written modules: done, now or empty; `shares` one number a
    module, 0 to 1, for the rings.
    """

    person_id: UUID
    name: str
    active: bool  # has joined
    office: str
    marks: tuple[str, ...]
    shares: tuple[float, ...]
    done: int
    required: int
    best: float | None
    pace: rules.Pace
    last_at: datetime | None
    withdrawn: bool
    used_up: tuple[str, ...]  # modules whose attempts are all used


@dataclass(frozen=True)
class CohortView:
    cohort: Cohort
    course: Course
    targets: Mapping[str, date]
    lines: tuple[Line, ...]
    progress: Mapping[UUID, learning.Progress]

    def counts(self) -> list[tuple[str, int]]:
        """How many are in each state, those who need somebody first; states without anybody are left out."""
        states = [line.pace.state for line in self.lines if not line.withdrawn]
        return [(state, states.count(state)) for state in rules.STATES if state in states]


def cohort(cohort_id: UUID) -> Cohort:
    return session().get_one(Cohort, cohort_id)


@dataclass
class _Member:
    """A person of a cohort before anything is said about their work."""

    name: str
    active: bool
    joined_at: datetime
    withdrawn: bool
    offices: list[str]


def _members(cohort_id: UUID, person_id: UUID | None, today: date) -> dict[UUID, _Member]:
    """Who is or was in a cohort, by name, with the offices of today: one statement."""
    spoken = language.code()
    rows = session().execute(
        select(
            Person.id,
            Person.name,
            Person.password_hash.is_not(None),
            CohortMember.joined_at,
            CohortMember.withdrawn_at,
            Organisation.name,
            Organisation.names,
        )
        .join(CohortMember, CohortMember.person_id == Person.id)
        .outerjoin(
            Membership,
            (Membership.person_id == Person.id)
            & (Membership.starts_on <= today)
            & (Membership.ends_on.is_(None) | (Membership.ends_on > today)),
        )
        .outerjoin(Organisation, Organisation.id == Membership.organisation_id)
        .where(CohortMember.cohort_id == cohort_id, *([Person.id == person_id] if person_id else []))
        .order_by(Person.sort_key)
    )
    found: dict[UUID, _Member] = {}
    for key, name, active, joined_at, withdrawn_at, office, names in rows:
        member = found.setdefault(key, _Member(name, active, joined_at, withdrawn_at is not None, []))
        if office:
            member.offices.append(names.get(spoken) or office)
    return found


def view(cohort_id: UUID, person_id: UUID | None = None) -> CohortView:
    """A cohort with a line for each person (or for one), by name: five statements, however many people."""
    found = cohort(cohort_id)
    course = index.current().course(found.course, language.code())
    today = clock.today(found.time_zone)
    members = _members(cohort_id, person_id, today)
    progress = {p.person_id: p for p in learning.progress_of(members, found.course)}
    standings = assessments.standings(members, course.modules)
    acts = assessments.acts_of(members)
    lines = []
    for key, member in members.items():
        own = {module.id: standings[key, module.id] for module in course.modules if (key, module.id) in standings}
        lines.append(_line(key, member, course, found, today, progress.get(key), own, acts.get(key)))
    targets = {target.module: target.due_on for target in found.targets}
    return CohortView(found, course, targets, tuple(lines), progress)


def _line(
    person_id: UUID,
    member: _Member,
    course: Course,
    cohort: Cohort,
    today: date,
    progress: learning.Progress | None,
    standings: Mapping[str, Standing],
    acts: assessments.Acts | None,
) -> Line:
    done = progress.lessons if progress else {}
    completed = progress.completions if progress else {}
    begun = acts.tried if acts else {}
    written = [module for module in course.modules if module.written]
    lessons = [lesson for module in written for lesson in module.written]
    due = {target.module: target.due_on for target in cohort.targets}
    bests = [standing.best for standing in standings.values() if standing.best is not None]
    count = sum(lesson.id in done for lesson in lessons)
    zone = clock.zone(cohort.time_zone)
    return Line(
        person_id=person_id,
        name=member.name,
        active=member.active,
        office=" · ".join(member.offices),
        marks=tuple("done" if x.id in done else "now" if x.id in begun else "" for x in lessons),
        shares=tuple(
            sum(x.id in done for x in module.lessons) / max(1, len(module.lessons)) for module in course.modules
        ),
        done=count,
        required=len(lessons),
        best=max(bests, default=None),
        pace=rules.pace(
            done=count,
            targets=[rules.Target(len(module.written), due[module.id]) for module in written if module.id in due],
            starts_on=cohort.starts_on,
            joined_on=member.joined_at.astimezone(zone).date(),
            last_act_on=acts.last_at.astimezone(zone).date() if acts else None,
            finished=bool(written) and all((m.id, rules.extent(m)) in completed for m in written),
            today=today,
        ),
        last_at=acts.last_at if acts else None,
        withdrawn=member.withdrawn,
        used_up=tuple(module for module, standing in standings.items() if standing.used_up),
    )


def staff_of(cohort_id: UUID) -> list[tuple[str, str]]:
    """The cohort's own staff as (role, name), coordinators first: one statement."""
    rows = session().execute(
        select(RoleGrant.role, Person.name)
        .join(Person, Person.id == RoleGrant.person_id)
        .where(RoleGrant.scope == "cohort", RoleGrant.scope_id == str(cohort_id), RoleGrant.ended_at.is_(None))
        .order_by(RoleGrant.role, Person.sort_key)
    )
    return [(role, name) for role, name in rows]


def targets_for(person_id: UUID) -> dict[str, date]:
    """The nearest target date a person has for each module, over all their cohorts: for Today."""
    rows = session().execute(
        select(ModuleTarget.module, func.min(ModuleTarget.due_on))
        .join(CohortMember, CohortMember.cohort_id == ModuleTarget.cohort_id)
        .where(CohortMember.person_id == person_id, CohortMember.withdrawn_at.is_(None))
        .group_by(ModuleTarget.module)
    )
    return {row[0]: row[1] for row in rows}


# --- what is held about a person -------------------------------------------------------------------------


def _memberships(ids: Collection[UUID]) -> ColumnElement[int]:
    return select(func.count(CohortMember.id)).where(CohortMember.person_id.in_(ids)).scalar_subquery()


FATES = (
    Fate(
        _l("That somebody was in a cohort, from when to when"),
        _memberships,
        _l("The cohort’s figures would change without it."),
    ),
)
KEEPINGS = (Keeping(_l("The cohorts that you were in"), _l("for good, since their figures rest on them")),)


def held_about(person_id: UUID) -> list[Held]:
    """The cohorts that a person is or was in."""
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
    return [Held("cohorts", _l("Cohorts"), found, labels=labels)]
