"""Cohorts as their staff see them. The board asks seven statements, however many people are in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Row, and_, distinct, func, or_, select, true
from sqlalchemy.orm import aliased, lazyload

from lms import clock, places
from lms.assessment import queries as assessments
from lms.assessment.rules import Standing
from lms.cohorts.models import Call, Cohort, CohortMember, ModuleTarget
from lms.cohorts.rules import CallDates, need, stage
from lms.curriculum import index
from lms.curriculum.content import Course
from lms.db import session
from lms.learning import queries as learning
from lms.learning import rules
from lms.people import queries as people
from lms.people import upstairs
from lms.people.models import Membership, Organisation, Person, RoleGrant
from lms.policy import Target, Viewer
from lms.web import language

STAFF = ("coordinator", "facilitator", "administrator")


def target_of(cohort_id: UUID) -> Target | None:
    """What a cohort belongs to: itself and where it lies; None where there is none."""
    found = session().get(Cohort, cohort_id)
    return target(found) if found else None


def target(cohort: Cohort) -> Target:
    session().info["cohort"] = cohort  # held, or the session forgets it and the page asks for it a second time
    return Target(scopes=scopes_of(cohort.id, cohort.scope, cohort.scope_id))


def scopes_of(cohort_id: UUID, scope: str, scope_id: str) -> frozenset[tuple[str, str]]:
    """The scopes that a cohort lies in today: itself, and the country or region that it belongs to with all wider."""
    return where(scope, scope_id) | {("cohort", str(cohort_id))}


def where(scope: str, scope_id: str) -> frozenset[tuple[str, str]]:
    """The scopes that a country's or region's cohorts lie in; none for those of the whole programme."""
    return places.scopes_of(scope, scope_id, clock.today())


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
            people.same_person(CohortMember.person_id, person_id),
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


def held_of(person_ids: list[UUID]) -> upstairs.Held:
    """The cohorts that these people are in, by name, to compare two records by: one statement."""
    rows = session().execute(
        select(people.human(), Cohort.name, Cohort.starts_on)
        .select_from(CohortMember)
        .join(Person, Person.id == CohortMember.person_id)
        .join(Cohort, Cohort.id == CohortMember.cohort_id)
        .where(people.among(person_ids), CohortMember.withdrawn_at.is_(None))
        .order_by(Cohort.starts_on)
    )
    named: dict[UUID, list[str]] = {key: [] for key in person_ids}
    for key, name, _starts_on in rows:
        named[key].append(name)
    return {key: [(_("Cohorts"), list(dict.fromkeys(names)))] for key, names in named.items()}


def _cohorts_with(person_id: UUID) -> Sequence[Row[UUID, str, date, str, str]]:
    """Id, name, first day and scope of the cohorts that a person is in."""
    return (
        session()
        .execute(
            select(Cohort.id, Cohort.name, Cohort.starts_on, Cohort.scope, Cohort.scope_id)
            .where(
                Cohort.id.in_(
                    select(CohortMember.cohort_id).where(
                        people.same_person(CohortMember.person_id, person_id), CohortMember.withdrawn_at.is_(None)
                    )
                ),
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
    scope: str
    scope_id: str
    stage: str  # see rules.stage
    closes_on: date | None  # the last day of its call


def cohorts_of(viewer: Viewer) -> list[Listed]:
    """The cohorts that this viewer works with, newest first: one statement."""
    people_in = func.count(distinct(people.human()))
    query = (
        select(Cohort, Call, people_in)
        .options(lazyload(Cohort.targets))
        .outerjoin(Call, Call.cohort_id == Cohort.id)
        .outerjoin(CohortMember, (CohortMember.cohort_id == Cohort.id) & CohortMember.withdrawn_at.is_(None))
        .outerjoin(Person, Person.id == CohortMember.person_id)
        .where(Cohort.archived_at.is_(None))
        .group_by(Cohort.id, Call.id)
        .order_by(Cohort.starts_on.desc(), Cohort.name)
    )
    return [
        Listed(
            row.id, row.name, row.course, row.starts_on, row.ends_on, people, row.scope, row.scope_id,
            stage_of(row, call), call.closes_on if call else None,
        )
        for row, call, people in session().execute(query.where(within(viewer, "cohort.see")))
    ]  # fmt: skip


def stage_of(cohort: Cohort, call: Call | None) -> str:
    """Where a cohort stands today, where it is."""
    dates = None
    if call is not None:
        dates = CallDates(call.opened_at is not None, call.opens_on, call.closes_on, call.selected_at is not None)
    return stage(dates, cohort.starts_on, cohort.ends_on, clock.today(cohort.time_zone))


def scope_name(scope: str, scope_id: str) -> str:
    """Where a cohort belongs, in the page's language."""
    if scope == "region":
        return places.region_name(scope_id, language.code())
    return places.name(scope_id, language.code()) if scope == "country" else str(_("the whole programme"))


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
    module, 0 to 1, for the rings. Dates are days where the cohort is.
    """

    person_id: UUID
    name: str
    active: bool  # has joined
    offices: tuple[tuple[UUID, str], ...]  # id and name
    joined_on: date
    marks: tuple[str, ...]
    shares: tuple[float, ...]
    done: int
    required: int
    best: float | None
    pace: rules.Pace
    last_on: date | None  # of the last answer
    withdrawn: bool
    used_up: tuple[str, ...]  # modules whose attempts are all used
    need: str  # what they need of the cohort's staff: see `rules.need`
    waits: int  # for so many days

    @property
    def office(self) -> str:
        return " · ".join(name for _key, name in self.offices)


@dataclass(frozen=True)
class CohortView:
    cohort: Cohort
    course: Course
    targets: Mapping[str, date]
    lines: tuple[Line, ...]
    progress: Mapping[UUID, learning.Progress]


def cohort(cohort_id: UUID) -> Cohort:
    return session().get_one(Cohort, cohort_id)


@dataclass
class _Member:
    """A person of a cohort before anything is said about their work."""

    name: str
    active: bool
    joined_at: datetime
    withdrawn: bool
    offices: list[tuple[UUID, str]]


def _members(cohort_id: UUID, person_id: UUID | None, today: date) -> dict[UUID, _Member]:
    """Who is or was in a cohort, by name, with the offices of today: one statement.

    A human who is in it under two records is one member, since the earlier day, withdrawn when both are.
    """
    spoken = language.code()
    known, record = aliased(Person), aliased(Person)
    rows = session().execute(
        select(
            known.id,
            known.name,
            record.password_hash.is_not(None),
            CohortMember.joined_at,
            CohortMember.withdrawn_at,
            Organisation.id,
            Organisation.name,
            Organisation.names,
        )
        .select_from(CohortMember)
        .join(Person, Person.id == CohortMember.person_id)
        .join(known, known.id == people.human())
        .join(record, people.of_human(record, known.id))
        .outerjoin(
            Membership,
            (Membership.person_id == record.id)
            & (Membership.starts_on <= today)
            & (Membership.ends_on.is_(None) | (Membership.ends_on > today)),
        )
        .outerjoin(Organisation, Organisation.id == Membership.organisation_id)
        .where(
            CohortMember.cohort_id == cohort_id,
            *([people.same_person(CohortMember.person_id, person_id)] if person_id else []),
        )
        .order_by(known.sort_key)
    )
    found: dict[UUID, _Member] = {}
    for key, name, active, joined_at, withdrawn_at, office_id, office, names in rows:
        member = found.setdefault(key, _Member(name, active, joined_at, withdrawn_at is not None, []))
        member.active = member.active or active
        member.joined_at = min(member.joined_at, joined_at)
        member.withdrawn = member.withdrawn and withdrawn_at is not None
        if office and all(known != office_id for known, _name in member.offices):
            member.offices.append((office_id, names.get(spoken) or office))
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
    joined_on = member.joined_at.astimezone(zone).date()
    last_on = acts.last_at.astimezone(zone).date() if acts else None
    used_up = tuple(module for module, standing in standings.items() if standing.used_up)
    pace = rules.pace(
        done=count,
        targets=[rules.Target(len(module.written), due[module.id]) for module in written if module.id in due],
        starts_on=cohort.starts_on,
        joined_on=joined_on,
        last_act_on=last_on,
        finished=bool(written) and all((m.id, rules.extent(m)) in completed for m in written),
        today=today,
    )
    invited = (today - joined_on).days
    needs = need(joined=member.active, used_up=bool(used_up), pace=pace, days_invited=invited)
    return Line(
        person_id=person_id,
        name=member.name,
        active=member.active,
        offices=tuple(member.offices),
        joined_on=joined_on,
        marks=tuple("done" if x.id in done else "now" if x.id in begun else "" for x in lessons),
        shares=tuple(
            sum(x.id in done for x in module.lessons) / max(1, len(module.lessons)) for module in course.modules
        ),
        done=count,
        required=len(lessons),
        best=max(bests, default=None),
        pace=pace,
        last_on=last_on,
        withdrawn=member.withdrawn,
        used_up=used_up,
        need="" if member.withdrawn else needs,
        waits=invited if needs == "invitation" else pace.days,
    )


def staff_of(cohort_id: UUID) -> list[tuple[str, str]]:
    """The cohort's own staff as (role, name), coordinators first: one statement."""
    known = aliased(Person)
    rows = session().execute(
        select(RoleGrant.role, known.name, known.sort_key, known.id)
        .join(Person, Person.id == RoleGrant.person_id)
        .join(known, known.id == people.human())
        .where(RoleGrant.scope == "cohort", RoleGrant.scope_id == str(cohort_id), RoleGrant.ended_at.is_(None))
        .order_by(RoleGrant.role, known.sort_key)
        .distinct()
    )
    return [(role, name) for role, name, _sort_key, _id in rows]


@dataclass(frozen=True)
class Plan:
    """What a trainee's cohorts have planned: the nearest target date of each module, and which cohorts begin later."""

    targets: dict[str, date]
    begins: list[tuple[str, date]]


def plan_for(person_id: UUID) -> Plan:
    """A person's plan over all their cohorts, for Today: one statement."""
    rows = session().execute(
        select(Cohort.name, Cohort.starts_on, Cohort.time_zone, ModuleTarget.module, ModuleTarget.due_on)
        .join(CohortMember, CohortMember.cohort_id == Cohort.id)
        .outerjoin(ModuleTarget, ModuleTarget.cohort_id == Cohort.id)
        .where(
            people.same_person(CohortMember.person_id, person_id),
            CohortMember.withdrawn_at.is_(None),
            Cohort.archived_at.is_(None),
        )
        .order_by(Cohort.starts_on, Cohort.name)
    )
    targets: dict[str, date] = {}
    begins: dict[tuple[str, date], None] = {}
    for name, starts_on, time_zone, module, due_on in rows:
        if module is not None:
            targets[module] = min(due_on, targets.get(module, due_on))
        if starts_on > clock.today(time_zone):
            begins[name, starts_on] = None
    return Plan(targets, list(begins))
