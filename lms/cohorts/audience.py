"""A cohort as somebody to ask: what the surveys want to know of it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import aliased, lazyload

from lms import clock
from lms.cohorts import queries
from lms.cohorts.models import Cohort, CohortMember
from lms.db import session
from lms.people import queries as people
from lms.people.models import Membership, Person
from lms.policy import Target, Viewer


def joined_of(cohort_id: str) -> list[UUID]:
    """Who is in a cohort and has an account, each human once: one statement."""
    known = aliased(Person)
    rows = session().scalars(
        select(known.id)
        .join(Person, people.human() == known.id)
        .join(CohortMember, CohortMember.person_id == Person.id)
        .where(
            CohortMember.cohort_id == UUID(cohort_id),
            CohortMember.withdrawn_at.is_(None),
            people.has_joined(known),
            known.archived_at.is_(None),
        )
        .distinct()
        .order_by(known.id)
    )
    return list(rows)


def offices_of(cohort_id: str) -> list[UUID]:
    """The offices that a cohort's people belong to today: one statement."""
    today, record = clock.today(), aliased(Person)
    rows = session().scalars(
        select(Membership.organisation_id)
        .join(Person, Person.id == Membership.person_id)
        .join(record, people.human(record) == people.human())
        .join(CohortMember, CohortMember.person_id == record.id)
        .where(
            CohortMember.cohort_id == UUID(cohort_id),
            CohortMember.withdrawn_at.is_(None),
            Membership.starts_on <= today,
            Membership.ends_on.is_(None) | (Membership.ends_on > today),
        )
        .distinct()
    )
    return list(rows)


def targets_of(cohort_ids: list[str]) -> dict[str, Target]:
    """What these cohorts belong to, by their ids; those that are not are left out."""
    rows = session().execute(
        select(Cohort.id, Cohort.scope, Cohort.scope_id).where(Cohort.id.in_([UUID(key) for key in cohort_ids]))
    )
    return {str(row.id): Target(scopes=queries.scopes_of(row.id, row.scope, row.scope_id)) for row in rows}


def choices_for(viewer: Viewer) -> list[tuple[str, str]]:
    """The cohorts that a viewer may send a survey to, as (id, name), the newest first."""
    rows = session().scalars(
        select(Cohort)
        .options(lazyload(Cohort.targets))
        .where(Cohort.archived_at.is_(None), queries.within(viewer, "survey.manage"))
        .order_by(Cohort.starts_on.desc(), Cohort.name)
    )
    return [(str(row.id), row.name) for row in rows]
