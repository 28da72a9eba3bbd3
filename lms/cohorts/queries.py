"""Cohorts as their staff see them. The board asks seven statements, however many people are in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import func, select

from lms import clock
from lms.assessment import queries as assessments
from lms.assessment.rules import Standing
from lms.cohorts.models import Cohort, CohortMember, ModuleTarget
from lms.curriculum import index
from lms.curriculum.content import Course
from lms.db import session
from lms.learning import queries as learning, rules
from lms.people.models import Membership, Organisation, Person, RoleGrant
from lms.policy import Target, Viewer
from lms.web import language

STAFF = ("coordinator", "facilitator", "administrator")


def target_of(cohort_id: UUID) -> Target | None:
    """What a cohort belongs to: itself (and, from the next issue on, its region)."""
    found = session().scalar(select(Cohort.id).where(Cohort.id == cohort_id))
    return Target(scopes=frozenset({("cohort", str(cohort_id))})) if found else None


def member_target(cohort_id: UUID, person_id: UUID) -> Target | None:
    """As `target_of`, but only for one who is or was in that cohort: parent and child are looked up together."""
    found = session().scalar(
        select(CohortMember.id).where(CohortMember.cohort_id == cohort_id, CohortMember.person_id == person_id)
    )
    return Target(scopes=frozenset({("cohort", str(cohort_id))})) if found else None


def scopes_of_person(person_id: UUID) -> set[tuple[str, str]]:
    """The cohorts that a person is in, as scopes."""
    return {("cohort", str(cohort.id)) for cohort in _cohorts_with(person_id)}


def welcome_of(person_id: UUID) -> str:
    """What an invitation says about the cohorts that wait for a person."""
    return " ".join(
        _("You are in the cohort %(cohort)s, which begins on %(day)s.", cohort=c.name, day=language.day(c.starts_on))
        for c in _cohorts_with(person_id)
    )


def name_of(cohort_id: str) -> str:
    """The name of a cohort by its id; empty where there is none."""
    return session().scalar(select(Cohort.name).where(Cohort.id == UUID(cohort_id))) or ""


def _cohorts_with(person_id: UUID) -> Sequence[Cohort]:
    return (
        session()
        .scalars(
            select(Cohort)
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
        select(Cohort, func.count(CohortMember.id))
        .outerjoin(
            CohortMember, (CohortMember.cohort_id == Cohort.id) & CohortMember.withdrawn_at.is_(None)
        )
        .where(Cohort.archived_at.is_(None))
        .group_by(Cohort.id)
        .order_by(Cohort.starts_on.desc(), Cohort.name)
    )
    whole = any(grant.role in STAFF and grant.scope == "programme" for grant in viewer.grants)
    if not whole:
        ids = {UUID(g.scope_id) for g in viewer.grants if g.role in STAFF and g.scope == "cohort"}
        query = query.where(Cohort.id.in_(ids))
    return [
        Listed(cohort.id, cohort.name, cohort.course, cohort.starts_on, cohort.ends_on, people)
        for cohort, people in session().execute(query)
    ]


@dataclass(frozen=True)
class Line:
    """One trainee in a cohort, as one line of its page.

    `marks` has one word a lesson of the course's written modules: done, now or empty; `shares` one number a
    module, 0 to 1, for the rings.
    """

    person_id: UUID
    name: str
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

    def counts(self) -> list[tuple[str, int]]:
        """How many are in each state, those who need somebody first; states without anybody are left out."""
        states = [line.pace.state for line in self.lines if not line.withdrawn]
        return [(state, states.count(state)) for state in rules.STATES if state in states]


def cohort(cohort_id: UUID) -> Cohort:
    return session().get_one(Cohort, cohort_id)


def targets_of(cohort_id: UUID) -> dict[str, date]:
    rows = session().execute(
        select(ModuleTarget.module, ModuleTarget.due_on).where(ModuleTarget.cohort_id == cohort_id)
    )
    return {module: due_on for module, due_on in rows}


def view(cohort_id: UUID, person_id: UUID | None = None) -> CohortView:
    """A cohort with a line for each person (or for one): cohort, targets, people with office, progress, results."""
    found = cohort(cohort_id)
    course = index.current().course(found.course, language.code())
    targets = targets_of(cohort_id)
    today = clock.today(found.time_zone)
    people = (
        session()
        .execute(
            select(Person.id, Person.name, CohortMember.withdrawn_at, Organisation.name)
            .join(CohortMember, CohortMember.person_id == Person.id)
            .outerjoin(
                Membership,
                (Membership.person_id == Person.id)
                & (Membership.starts_on <= today)
                & (Membership.ends_on.is_(None) | (Membership.ends_on > today)),
            )
            .outerjoin(Organisation, Organisation.id == Membership.organisation_id)
            .where(
                CohortMember.cohort_id == cohort_id, *([Person.id == person_id] if person_id else [])
            )
            .order_by(Person.sort_key)
        )
        .all()
    )
    ids = list(dict.fromkeys(row[0] for row in people))
    progress = {p.person_id: p for p in learning.progress_of(ids, found.course)}
    standings = assessments.standings(ids, course.modules)
    last_acts = assessments.last_acts(ids)
    begun = assessments.lessons_begun_by(ids)
    offices: dict[UUID, list[str]] = {}
    for row in people:
        if row[3]:
            offices.setdefault(row[0], []).append(row[3])
    lines = []
    known = {row[0]: row for row in people}
    for key in ids:
        _id, name, withdrawn_at, _office = known[key]
        own = progress.get(key)
        done = own.lessons if own else {}
        stand = {m.id: standings[key, m.id] for m in course.modules if (key, m.id) in standings}
        lines.append(
            _line(key, name, offices.get(key, []), withdrawn_at, course, found, targets, today, done, stand,
                  begun.get(key, frozenset()), last_acts.get(key), own)
        )
    return CohortView(found, course, targets, tuple(lines))


def _line(
    person_id: UUID,
    name: str,
    offices: Sequence[str],
    withdrawn_at: datetime | None,
    course: Course,
    cohort: Cohort,
    targets: Mapping[str, date],
    today: date,
    done: Mapping[str, datetime],
    standings: Mapping[str, Standing],
    begun: frozenset[str],
    last_act: datetime | None,
    progress: learning.Progress | None,
) -> Line:
    written = [module for module in course.modules if module.written]
    lessons = [lesson for module in written for lesson in module.written]
    finished = bool(written) and all(
        progress is not None and (module.id, rules.extent(module)) in progress.completions for module in written
    )
    bests = [standing.best for standing in standings.values() if standing.best is not None]
    count = sum(lesson.id in done for lesson in lessons)
    return Line(
        person_id,
        name,
        " · ".join(offices),
        tuple("done" if x.id in done else "now" if x.id in begun else "" for x in lessons),
        tuple(
            sum(x.id in done for x in module.lessons) / len(module.lessons) if module.lessons else 0.0
            for module in course.modules
        ),
        count,
        len(lessons),
        max(bests) if bests else None,
        rules.pace(
            done=count,
            targets=[rules.Target(len(m.written), targets[m.id]) for m in written if m.id in targets],
            starts_on=cohort.starts_on,
            last_act_on=last_act.astimezone(clock.zone(cohort.time_zone)).date() if last_act else None,
            finished=finished,
            today=today,
        ),
        last_act,
        withdrawn_at is not None,
        tuple(module for module, standing in standings.items() if standing.used_up),
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
    return {module: due_on for module, due_on in rows}
