"""What waits for a cohort's staff, over all their cohorts together: what `web.worklist` asks this room."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import aliased

from lms import clock
from lms.assessment import queries as assessments
from lms.assessment.models import Attempt
from lms.cohorts.models import Cohort, CohortMember
from lms.cohorts.queries import within
from lms.cohorts.rules import LONG_DAYS
from lms.curriculum import index
from lms.db import session
from lms.learning import queries as learning
from lms.people import queries as people
from lms.people.models import Person
from lms.policy import Viewer
from lms.web import language
from lms.web.worklist import Task


def attempts_to_open(viewer: Viewer) -> list[Task]:
    """Those who have used all their attempts, in the cohorts that this viewer may override. Two statements."""
    if not viewer.may_over("cohort.override"):
        return []
    there = (within(viewer, "cohort.override"), CohortMember.withdrawn_at.is_(None), Cohort.archived_at.is_(None))
    member = aliased(Person)
    members = (
        select(people.human(member))
        .join(CohortMember, CohortMember.person_id == member.id)
        .join(Cohort, Cohort.id == CohortMember.cohort_id)
        .where(*there)
    )
    # Nobody opens an attempt for themselves.
    found = [x for x in assessments.used_up_in(members) if x.person_id != viewer.person_id]
    if not found:
        return []
    known = aliased(Person)
    rows = session().execute(
        select(known.id, known.name, Cohort.id, Cohort.name, Cohort.course)
        .select_from(CohortMember)
        .join(Person, Person.id == CohortMember.person_id)
        .join(known, known.id == people.human())
        .join(Cohort, Cohort.id == CohortMember.cohort_id)
        .where(*there, people.among({x.person_id for x in found}))
        .order_by(Cohort.starts_on)
    )
    # Whoever is in two of the cohorts with that module waits once, in the newest.
    places = {
        (person_id, module.id): (name, cohort_id, cohort, module.short)
        for person_id, name, cohort_id, cohort, course in rows
        for module in index.current().course(course, language.code()).modules
    }
    tasks = []
    for waits in found:
        if place := places.get((waits.person_id, waits.module)):
            name, cohort_id, cohort, module = place
            text = _("Every attempt at the assessment of %(module)s is used", module=language.isolated(module))
            page = url_for("desk.member", cohort=cohort_id, person=waits.person_id, _anchor="attempt")
            said = _("%(cohort)s: %(text)s", cohort=language.isolated(cohort), text=text)
            tasks.append(Task(name, said, page, _("Open an attempt"), waits.since))
    return tasks


def long_stuck(viewer: Viewer) -> list[Task]:
    """The running cohorts in which somebody has been stuck for three weeks or more, one task each; its link opens
    those people on the board. One statement."""
    if not viewer.may_over("cohort.see"):
        return []
    now, today = clock.now(), clock.today()
    last = func.max(Attempt.last_at)
    finished = [
        and_(Cohort.course == course.id, people.human().in_(learning.finished_in(course.id)))
        for course in index.current().courses
    ]
    rows = session().execute(
        select(Cohort.id, Cohort.name, Cohort.time_zone, Cohort.starts_on, func.min(CohortMember.joined_at), last)
        .join(CohortMember, CohortMember.cohort_id == Cohort.id)
        .join(Person, Person.id == CohortMember.person_id)
        .outerjoin(Attempt, people.same_person(Attempt.person_id, CohortMember.person_id))
        .where(
            within(viewer, "cohort.see"),
            Cohort.archived_at.is_(None),
            Cohort.ends_on > today,
            Cohort.starts_on <= today - timedelta(days=LONG_DAYS - 1),
            CohortMember.withdrawn_at.is_(None),
            ~or_(*finished),
        )
        .group_by(Cohort.id, people.human())
        # A day's grace for the zone; the rule itself is asked below.
        .having(or_(last.is_(None), last < now - timedelta(days=LONG_DAYS - 2)))
    )
    stuck: dict[tuple[UUID, str], list[datetime]] = defaultdict(list)
    for cohort_id, name, time_zone, starts_on, joined_at, last_at in rows:
        zone = clock.zone(time_zone)
        since = max(last_at or joined_at, joined_at, datetime.combine(starts_on, datetime.min.time(), zone))
        if (clock.today(time_zone) - since.astimezone(zone).date()).days >= LONG_DAYS:
            stuck[cohort_id, name].append(since)
    return [
        Task(
            name,
            ngettext(
                "%(count)s person is stuck", "%(count)s people are stuck", len(days), count=language.number(len(days))
            ),
            url_for("cohorts.cohort", cohort=cohort_id, state="long"),
            _("See who"),
            min(days),
        )
        for (cohort_id, name), days in sorted(stuck.items(), key=lambda entry: min(entry[1]))
    ]
