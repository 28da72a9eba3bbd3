"""Two of everything: an own office and cohort and another's, with people in every role, for tests that go round."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import surveyed
from make import organisation, person, role
from sqlalchemy import select

from demo import answers
from lms import clock, db
from lms.assessment import queries as assessments
from lms.assessment import service as assessment
from lms.certificates.models import Certificate
from lms.cohorts import service as cohorts
from lms.curriculum import index
from lms.mail.models import Notice, OutboxMessage
from lms.people import queries as people
from lms.people import service as people_service
from lms.people.models import Address, Membership, RoleGrant
from lms.surveys import service as surveys

LONG = (
    "Ana María del Carmen de los Ángeles Fernández-Villaverde y González "
    "de Santiago-Echeverría Ruiz Montealegre Zúñiga-Ñ"
)
assert 110 <= len(LONG) <= 120


@dataclass
class Side:
    """One office with its cohort: everything that can stand in an address."""

    office: UUID
    cohort: UUID
    trainee: UUID  # an attempt is open
    graduate: UUID  # holds a certificate
    newcomer: UUID  # invited, has not joined
    focal_point: UUID
    coordinator: UUID
    facilitator: UUID
    attempt: UUID = field(default_factory=uuid4)
    certificate: UUID = field(default_factory=uuid4)
    code: str = ""
    address: UUID = field(default_factory=uuid4)
    membership: UUID = field(default_factory=uuid4)
    grant: UUID = field(default_factory=uuid4)
    token: str = ""
    name: str = ""
    survey: UUID = field(default_factory=uuid4)  # of the cohort's people, closed
    asked: UUID = field(default_factory=uuid4)  # of the cohort's offices, open
    version: UUID = field(default_factory=uuid4)  # the cohort's own copy of a questionnaire


@dataclass
class World:
    own: Side
    other: Side
    admin: UUID
    observer: UUID
    outsider: UUID
    letter: UUID


def module(key: str = "concepts"):
    return index.current().module(key, "en")


def study(person_id: UUID, lessons: int = 3) -> None:
    """Try the checks of the first lessons, all rightly."""
    for lesson in module().written[:lessons]:
        for question in lesson.checks:
            assessment.answer_check(person_id, lesson, question, answers.right(question))


def sit(person_id: UUID, rightly: bool = True, answered: int = 99, hand_in: bool = True) -> UUID:
    """Take the assessment: answer the first so many questions, and hand in."""
    attempt = assessment.start(person_id, module())
    for asked in assessments.sheet(attempt).asked[:answered]:
        answer = (answers.right if rightly else answers.wrong)(asked.question)
        assessment.save_answer(attempt, asked.position, answer)
    if hand_in:
        assessment.submit(attempt)
    return attempt


def cohort(name: str = "West 3", starts_days_ago: int = 30) -> UUID:
    today = clock.today()
    return cohorts.create_cohort(
        name,
        "foundations",
        today - timedelta(days=starts_days_ago),
        today + timedelta(days=120),
        {"concepts": today + timedelta(days=10)},
    )


def side(name: str, tag: str, country: str) -> Side:
    office = organisation(name, country)
    group = cohort(f"Cohort {tag}")
    names = {
        key: f"{key.title()} {tag}"
        for key in ("trainee", "graduate", "newcomer", "focal", "coordinator", "facilitator")
    }
    trainee = person(names["trainee"], organisation_id=office)
    graduate = person(names["graduate"], organisation_id=office)
    newcomer = person(names["newcomer"], joined=False, organisation_id=office)
    focal_point = role(person(names["focal"], organisation_id=office), "focal_point", "organisation", office)
    coordinator = role(person(names["coordinator"]), "coordinator", "cohort", group)
    facilitator = role(person(names["facilitator"]), "facilitator", "cohort", group)
    made = Side(office, group, trainee, graduate, newcomer, focal_point, coordinator, facilitator, name=tag)
    with clock.at(clock.now() - timedelta(days=40)):
        for member in (trainee, graduate, newcomer):
            cohorts.add_member(group, member, coordinator)
    study(trainee)
    made.attempt = sit(trainee, answered=5, hand_in=False)
    study(graduate)
    sit(graduate)
    made.token = people_service.invite(newcomer, coordinator)
    s = db.session()
    s.flush()
    row = s.scalars(select(Certificate).where(Certificate.person_id == graduate)).one()
    made.certificate, made.code = row.id, row.code
    people_service.add_address(trainee, f"second-{tag.lower()}@example.org", trainee)
    s.flush()
    made.address = s.scalars(
        select(Address.id).where(Address.person_id == trainee, Address.confirmed_at.is_(None))
    ).one()
    made.membership = s.scalars(select(Membership.id).where(Membership.person_id == trainee)).one()
    made.grant = s.scalars(select(RoleGrant.id).where(RoleGrant.person_id == focal_point)).one()
    made.survey = surveyed.invited(
        "reaction", "cohort", group, [(None, trainee), (None, graduate)], f"{tag}-person", title=f"Survey {tag}"
    )
    made.asked = surveyed.invited("institution-baseline", "cohort", group, [(office, focal_point)], f"{tag}-office")
    made.version = surveys.copy("reaction", "cohort", str(group), coordinator)
    return made


def build() -> World:
    """The usual world, in one transaction; a test reads its ids from what comes back."""
    with db.write() as s:
        own, other = side("Statistics Tavara", "Ownside", "SN"), side("Statistics Lunavia", "Otherside", "MD")
        admin = role(person("Admin Admin"), "administrator")
        observer = role(person("Observer Observer"), "observer")
        outsider = person("Outsider Outsider")
        notice = Notice(
            kind="people.reset",
            subject="x",
            due_on=clock.today(),
            recipient=str(outsider),
            data={},
            created_at=clock.now(),
        )
        s.add(notice)
        s.flush()
        letter = OutboxMessage(
            notice_id=notice.id, address="a@example.org", language="en", title="T", body="B", state="failed",
            not_before=clock.now(), error="550 no such user",
        )  # fmt: skip
        s.add(letter)
        s.flush()
        made = World(own, other, admin, observer, outsider, letter.id)
    people.person(own.trainee)
    db.end_read()
    return made
