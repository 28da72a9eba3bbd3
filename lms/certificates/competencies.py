"""Competencies that certificates certify: when one is met, how somebody stands with it, who holds it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased

from lms import clock, db
from lms.assessment import queries as assessment
from lms.assessment.exercises import queries as exercises
from lms.assessment.signals import Passed, Submitted
from lms.certificates import rules
from lms.certificates.models import Certificate, CertifiedCompetency
from lms.curriculum import index
from lms.curriculum.content import Competency, Lesson, Module
from lms.learning.models import Completion
from lms.learning.signals import Completed
from lms.people import queries as people
from lms.people.models import Membership, Organisation, Person
from lms.people.queries import Office, Reach
from lms.web import language

# --- certifying -------------------------------------------------------------------------------------------


def completed(event: Completed) -> None:
    """Receiver: with a certificate its competencies, as far as they are met on that day."""
    certify(event.person_id)


def submitted(event: Submitted) -> None:
    """Receiver: an assessment says more of competencies, also of a module that was completed before."""
    certify(event.person_id)


def passed(event: Passed) -> None:
    """Receiver: an exercise may be what was missing."""
    certify(event.person_id)


def certify(person_id: UUID) -> None:
    """Write down what this person's certificates certify from today on. Four statements where nothing is to do.

    Of one human one at a time: of an assessment and an exercise that come together, each would not see the other yet.
    """
    s = db.need_write()
    records = select(Person.id).where(people.same_person(Person.id, person_id)).order_by(Person.id)
    s.execute(records.with_for_update(key_share=True)).all()
    rows = s.execute(
        select(Certificate.id, Completion.lessons)
        .join(Completion, Completion.id == Certificate.completion_id)
        .where(people.same_person(Certificate.person_id, person_id), Certificate.erased_at.is_(None))
    ).all()
    if not rows:
        return
    of_certificates = CertifiedCompetency.certificate_id.in_([row.id for row in rows])
    there = set(
        s.execute(select(CertifiedCompetency.certificate_id, CertifiedCompetency.competency).where(of_certificates))
    )
    missing = [(row.id, code) for row in rows for code in _taught_by(row.lessons) if (row.id, code) not in there]
    if not missing:
        return
    earned, done = assessment.asked_by_competency(person_id), exercises.passed(person_id)
    for certificate_id, code in missing:
        shows = [exercise.id for exercise in exercises.of_competency(code)]
        one = earned.get(code)
        if one is not None and rules.certifies(one.questions, one.share, shows, done):
            db.insert_once(
                CertifiedCompetency,
                certificate_id=certificate_id,
                competency=code,
                questions=one.questions,
                share=one.share,
                exercise=min(done.intersection(shows), default=""),
                at=clock.now(),
            )


def _taught_by(lesson_ids: list[str]) -> list[str]:
    """The competencies that these lessons teach, each once. A lesson that is gone from the content teaches none."""
    content = index.current()
    lessons = [lesson for id in lesson_ids if (lesson := content.lesson_or_none(id)) is not None]
    return list(dict.fromkeys(code for lesson in lessons for code in lesson.competencies))


# --- how one stands ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """A competency and how a person stands with it. `until` is the last day on which a certificate certifies it, past
    or to come; `share` (0 to 1) of `questions` was right; `exercises` show it, `passed` are those that were passed."""

    competency: Competency
    questions: int
    share: float
    exercises: tuple[exercises.Line, ...]
    passed: frozenset[str]
    until: date | None
    today: date

    @property
    def state(self) -> str:
        """`certified`, `expired`, `begun` or `new`."""
        if self.until is not None:
            return "certified" if self.until >= self.today else "expired"
        return "begun" if self.questions or self.passed else "new"

    @property
    def enough(self) -> bool:
        """Whether enough of the questions was right."""
        return rules.certifies(self.questions, self.share, (), ())


def standings(person_id: UUID) -> dict[str, Standing]:
    """All competencies by their code, and how a person stands with each: three statements."""
    earned, done, until = assessment.asked_by_competency(person_id), exercises.passed(person_id), _until(person_id)
    nothing = assessment.Earned(0, 0.0)
    found = {}
    for competency in index.current().competencies(language.code()):
        code = competency.code
        one, shows = earned.get(code, nothing), tuple(exercises.of_competency(code))
        mine = done.intersection(exercise.id for exercise in shows)
        found[code] = Standing(competency, one.questions, one.share, shows, mine, until.get(code), clock.today())
    return found


def _until(person_id: UUID) -> dict[str, date]:
    query = (
        select(CertifiedCompetency.competency, func.max(Certificate.valid_until))
        .join(Certificate, Certificate.id == CertifiedCompetency.certificate_id)
        .where(people.same_person(Certificate.person_id, person_id), Certificate.erased_at.is_(None))
        .group_by(CertifiedCompetency.competency)
    )
    return dict(db.session().execute(query).all())


def lessons_that_teach(code: str) -> list[Lesson]:
    """In the order of the courses, in the language in use: no statement."""
    content, spoken = index.current(), language.code()
    lessons = (content.lesson(lesson.id, spoken) for module in content.modules for lesson in module.lessons)
    return [lesson for lesson in lessons if code in lesson.competencies]


# --- who holds it -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Holder:
    """Somebody who is certified, until when, and their name."""

    person_id: UUID
    name: str
    until: date


def holders(code: str, reached: Reach) -> list[tuple[Office, list[Holder]]]:
    """Of each office that is reached who of its staff of today is certified: offices with somebody first, by name.

    Two statements. Only certificates that were issued count: one that waits for a name is in nobody's hands.
    """
    today, member = clock.today(), aliased(Person)
    rows = db.session().execute(
        select(Membership.organisation_id, people.human(), func.max(Certificate.valid_until))
        .select_from(CertifiedCompetency)
        .join(Certificate, Certificate.id == CertifiedCompetency.certificate_id)
        .join(Person, Person.id == Certificate.person_id)
        .join(member, people.of_human(member, people.human()))
        .join(Membership, Membership.person_id == member.id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(
            CertifiedCompetency.competency == code,
            Certificate.state == "issued",
            Certificate.erased_at.is_(None),
            Certificate.valid_until >= today,
            Membership.starts_on <= today,
            or_(Membership.ends_on.is_(None), Membership.ends_on > today),
            people.within(reached),
        )
        .group_by(Membership.organisation_id, people.human())
    )
    until: dict[UUID, dict[UUID, date]] = {}
    for office, person, day in rows:
        until.setdefault(office, {})[person] = day
    names = _names({person for of_office in until.values() for person in of_office})
    told = [
        (office, sorted((Holder(p, names[p][0], d) for p, d in mine.items()), key=lambda one: names[one.person_id][1]))
        for office in people.organisations(reached)
        for mine in [until.get(office.id, {})]
    ]
    return sorted(told, key=lambda pair: not pair[1])


def _names(person_ids: set[UUID]) -> dict[UUID, tuple[str, str]]:
    """Names, and by what they are sorted."""
    query = select(Person.id, Person.name, Person.sort_key).where(Person.id.in_(person_ids))
    return {key: (name, by) for key, name, by in db.session().execute(query)}


def by_module(standings: Iterable[Standing]) -> list[tuple[Module | None, list[Standing]]]:
    """The competencies under their modules, in the language in use; those of all modules last, under None."""
    content, spoken = index.current(), language.code()
    groups: dict[str, list[Standing]] = {id: [] for id in (*(module.id for module in content.modules), "")}
    for one in standings:
        groups[one.competency.module if one.competency.module in groups else ""].append(one)
    return [(content.module(id, spoken) if id else None, group) for id, group in groups.items() if group]
