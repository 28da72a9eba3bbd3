"""What the desk gathers from the rooms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from lms import clock
from lms.assessment import queries as assessments
from lms.assessment.rules import Standing
from lms.certificates import queries as certificates
from lms.cohorts import queries as cohorts
from lms.curriculum import index
from lms.curriculum.content import Course, Module
from lms.desk import rules
from lms.learning import queries as learning
from lms.learning.rules import extent, remaining_minutes
from lms.people import queries as people
from lms.policy import Viewer, allows
from lms.surveys import queries as surveys
from lms.web import language, worklist
from lms.web.timeline import Event


@dataclass(frozen=True)
class Today:
    """A trainee's day: the next thing, the course with what is done of it, certificates, what is planned."""

    next: rules.Next
    course: Course
    done: frozenset[str]
    begun: frozenset[str]
    standings: dict[str, Standing]
    plan: cohorts.Plan
    completed: frozenset[tuple[str, str]]  # module and extent
    certificates: list[certificates.Listed]

    @property
    def open_module(self) -> Module | None:
        """What still stands before a certificate: the module of the next step, else the first that is open."""
        opened = [
            module
            for module in self.course.modules
            if module.written and module.id in self.standings and (module.id, extent(module)) not in self.completed
        ]
        return self.next.module if self.next.module in opened else opened[0] if opened else None

    @property
    def shares(self) -> list[float]:
        """One number a module, 0 to 1, for the rings: lessons done over all its lessons."""
        return [
            sum(lesson.id in self.done for lesson in module.lessons) / max(1, len(module.lessons))
            for module in self.course.modules
        ]


def today_of(viewer: Viewer) -> Today | None:
    """What a trainee's day holds; None for somebody who takes no course.

    Five statements, one more with an open attempt.
    """
    progress = [p for p in learning.progress_of([viewer.person_id]) if p.state == "active"]
    if not progress:
        return None
    own = progress[0]
    course = index.current().course(own.course, language.code())
    written = [module for module in course.modules if module.written]
    standings = {
        module: standing for (_person, module), standing in assessments.standings([viewer.person_id], written).items()
    }
    tried = assessments.checks_tried(viewer.person_id)
    done = frozenset(own.lessons)
    step = rules.next_step(course.modules, done, tried, standings)
    if step.attempt:
        answered, questions = assessments.answered_of(step.attempt)
        step = replace(step, minutes=remaining_minutes(step.minutes, answered, questions))
    return Today(
        step,
        course,
        done,
        frozenset(tried),
        standings,
        cohorts.plan_for(viewer.person_id),
        frozenset(own.completions),
        certificates.certificates_of(viewer.person_id),
    )


def waits_for(viewer: Viewer) -> int:
    """How many things wait for a viewer; nothing is asked for one who looks after nobody."""
    return sum(len(section.tasks) for section in worklist.waiting(viewer)) if allows("desk.waiting", viewer) else 0


def timeline(person_id: UUID) -> list[Event]:
    """Everything that the rooms tell of a person, newest first."""
    return timeline_in(person_id, learning.progress_of([person_id]))


def timeline_in(person_id: UUID, progress: Iterable[learning.Progress]) -> list[Event]:
    """The same, of the courses whose progress was asked for already."""
    events = learning.events_in(progress)
    for room in (assessments, certificates):
        events += room.events_of(person_id)
    return sorted(events, key=lambda event: event.at, reverse=True)


@dataclass(frozen=True)
class StaffLine:
    """Somebody of an office's staff, present or former, and the certificates earned while there."""

    member: people.Staff
    certificates: list[certificates.Listed]


@dataclass(frozen=True)
class Office:
    """An office as those see it who answer for it: staff, former staff, what was earned there, what it is asked,
    who its focal points are, and when its staff was last confirmed."""

    id: UUID
    name: str
    staff: list[StaffLine]
    former: list[StaffLine]
    questions: list[people.Question]
    focal_points: list[people.RoleLine]
    confirmation: people.Confirmation
    today: date
    calls: list[cohorts.CallLine]
    surveys: list[surveys.OpenForOffice]

    @property
    def issued(self) -> int:
        lines = self.staff + self.former
        return len({c.id for line in lines for c in line.certificates if c.state == "issued"})

    @property
    def trained(self) -> int:
        """How many of those who are there today hold a certificate."""
        return len({x.member.person_id for x in self.staff if any(c.state == "issued" for c in x.certificates)})

    @property
    def is_due(self) -> bool:
        return self.confirmation.is_due(self.today)

    @property
    def gaps(self) -> int:
        """How many have left whom nobody follows yet."""
        return sum(line.member.successor_id is None for line in self.former)


def office(organisation_id: UUID) -> Office:
    """An office as its focal point sees it. Eight statements, one more where a question names another office."""
    found = people.organisation(organisation_id)
    today = clock.today(found.time_zone)
    earned: dict[UUID, list[certificates.Listed]] = {}
    for certificate in certificates.of_organisation(organisation_id):
        earned.setdefault(certificate.person_id, []).append(certificate)
    staff: list[StaffLine] = []
    former: list[StaffLine] = []
    for member in people.people_of_organisation(organisation_id, today):
        own = [
            c
            for c in earned.get(member.person_id, [])
            if member.starts_on <= c.completed_on and (member.ends_on is None or c.completed_on < member.ends_on)
        ]
        has_left = member.ends_on is not None and member.ends_on <= today
        (former if has_left else staff).append(StaffLine(member, own))
    return Office(
        found.id,
        found.name_in(language.code()),
        staff,
        former,
        people.questions_of_office(organisation_id),
        people.focal_points(organisation_id),
        people.confirmations([organisation_id])[organisation_id],
        today,
        cohorts.calls_for([organisation_id]),
        surveys.open_for_offices([organisation_id]),
    )


def offices_of(viewer: Viewer) -> tuple[list[people.OfficeLine], dict[UUID, people.Confirmation]]:
    """The offices that a viewer answers for, with when the staff of each was confirmed. Four statements."""
    lines = people.organisation_lines(people.reach(viewer, "office.see"))
    return lines, people.confirmations([line.id for line in lines])
