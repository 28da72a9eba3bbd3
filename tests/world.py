"""Two of everything: an own office and cohort and another's, with people in every role, for tests that go round."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import surveyed
from make import organisation, person, role
from sqlalchemy import insert, select

from demo import answers
from lms import clock, db
from lms.assessment import exercises
from lms.assessment import queries as assessments
from lms.assessment import service as assessment
from lms.assessment.exercises import queries as practice_queries
from lms.assessment.exercises import service as practice
from lms.assessment.models import Attempt
from lms.certificates.models import Certificate
from lms.cohorts import service as cohorts
from lms.cohorts.models import Call, CallSeat, Nomination
from lms.curriculum import index
from lms.files.models import StoredFile
from lms.learning.models import Completion, Enrolment
from lms.mail.models import Notice, OutboxMessage
from lms.people import queries as people
from lms.people import service as people_service
from lms.people.models import Address, Membership, Person, RecordQuestion, RoleGrant
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
    observer: UUID = field(default_factory=uuid4)  # of figures; set where pages are walked
    nomination: UUID = field(default_factory=uuid4)  # of somebody of the office, not decided
    place: UUID = field(default_factory=uuid4)  # the trainee's, not answered
    staff_grant: UUID = field(default_factory=uuid4)  # the facilitator's role
    question: UUID = field(default_factory=uuid4)  # the trainee says that they leave
    spare: UUID = field(default_factory=uuid4)  # the role of a second focal point
    twin: UUID = field(default_factory=uuid4)  # a second record of the facilitator
    survey: UUID = field(default_factory=uuid4)  # of the cohort's people, closed
    asked: UUID = field(default_factory=uuid4)  # of the cohort's offices, open
    version: UUID = field(default_factory=uuid4)  # the cohort's own copy of a questionnaire
    task: UUID = field(default_factory=uuid4)  # the trainee's exercise, with a try


@dataclass
class World:
    own: Side
    other: Side
    admin: UUID
    regional: UUID  # coordinates the region of the own side
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


def cohort(name: str = "West 3", starts_days_ago: int = 30, country: str = "") -> UUID:
    today = clock.today()
    return cohorts.create_cohort(
        name,
        "foundations",
        today - timedelta(days=starts_days_ago),
        today + timedelta(days=120),
        {"concepts": today + timedelta(days=10)},
        scope="country" if country else "programme",
        scope_id=country,
    )


def call(group: UUID, office: UUID, seats: int = 3, days: int = 20) -> None:
    """An open call of a cohort that invites one office, whose focal points have their letter."""
    s, now = db.session(), clock.now()
    made = Call(
        id=db.new_id(),
        cohort_id=group,
        opens_on=now.date() - timedelta(days=10),
        closes_on=now.date() + timedelta(days=days),
        seats=seats,
        message="",
        opened_at=now,
    )
    s.add(made)
    s.flush()
    s.add(CallSeat(call_id=made.id, organisation_id=office, seats=seats, told_at=now))
    s.flush()


def nomination(group: UUID, office: UUID, person_id: UUID, state: str = "nominated", **given: object) -> UUID:
    """A nomination by an office, as a row."""
    row = Nomination(
        id=db.new_id(),
        cohort_id=group,
        organisation_id=office,
        person_id=person_id,
        nominated_at=clock.now(),
        supervisor="Salma Haddad",
        supervisor_agreed=True,
        state=state,
        **given,
    )
    db.session().add(row)
    db.session().flush()
    return row.id


def side(name: str, tag: str, country: str) -> Side:
    office = organisation(name, country)
    group = cohort(f"Cohort {tag}", country=country)
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
    made.staff_grant = s.scalars(select(RoleGrant.id).where(RoleGrant.person_id == facilitator)).one()
    call(group, office)
    made.nomination = nomination(group, office, person(f"{tag} Observer", organisation_id=office))
    made.place = nomination(group, office, trainee, "selected", selected_at=clock.now())
    second = role(person(f"Second {tag}"), "focal_point", "organisation", office)
    made.spare = s.scalars(select(RoleGrant.id).where(RoleGrant.person_id == second)).one()
    made.question = move(trainee, made.membership)
    made.twin = person(f"Twin {tag}")
    people_service.merge_records(facilitator, made.twin, None, "The same address at work")
    made.survey = surveyed.invited(
        "reaction", "cohort", group, [(None, trainee), (None, graduate)], f"{tag}-person", title=f"Survey {tag}"
    )
    made.asked = surveyed.invited("institution-baseline", "cohort", group, [(office, focal_point)], f"{tag}-office")
    made.version = surveys.copy("reaction", "cohort", str(group), coordinator)
    made.task = practise(trainee)
    return made


def practise(person_id: UUID, form: str = "phone", name: str = "four-groups") -> UUID:
    """Begin an exercise, and try it with figures that a typical mistake gives."""
    task = practice.begin(person_id, exercises.ALL[name], form)
    wrong = next(iter(practice_queries.expected(task)["mistakes"].values()))["figures"]
    practice.answer(task, wrong, {key: str(value) for key, value in wrong.items()})
    return task


def move(person_id: UUID, membership_id: UUID) -> UUID:
    """A person says that they leave; the question that it raises."""
    day = clock.today() + timedelta(days=20)
    people_service.report_move(person_id, membership_id, day, destination="abroad", reason="study", word="I study")
    asked = select(RecordQuestion.id).where(RecordQuestion.about == str(membership_id))
    return db.session().scalars(asked).one()


def build() -> World:
    """The usual world, in one transaction; a test reads its ids from what comes back."""
    with db.write() as s:
        own, other = side("Statistics Tavara", "Ownside", "SN"), side("Statistics Lunavia", "Otherside", "MD")
        admin = role(person("Admin Admin"), "administrator")
        regional = role(person("Regional Regional"), "coordinator", "region", "ecowas")
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
        made = World(own, other, admin, regional, observer, outsider, letter.id)
    people.person(own.trainee)
    db.end_read()
    return made


def trained(office: UUID | None, people: int, begun: int = 0, finished: int = 0, certified: int = 0, women: int = 0):
    """People of an office who have come so far in the course, as rows: each step's count is part of the one before."""
    s, now = db.session(), clock.now()
    keys = [db.new_id() for _n in range(people)]
    enrolments = [db.new_id() for _n in range(people)]
    completions = [db.new_id() for _n in range(finished)]

    def add(model, rows):
        if rows:
            s.execute(insert(model), rows)

    add(
        Person,
        [
            {"id": key, "name": f"Somebody {n}", "sort_key": f"somebody {n}", "search_key": f"somebody {n}",
             "languages": [], "created_at": now, "sex": "female" if n % people < women else "male"}
            for n, key in enumerate(keys)
        ],
    )  # fmt: skip
    if office is not None:
        starts_on = now.date() - timedelta(days=200)
        add(Membership, [{"person_id": key, "organisation_id": office, "starts_on": starts_on} for key in keys])
    add(
        Enrolment,
        [
            {"id": enrolment, "person_id": key, "course": "foundations", "enrolled_at": now - timedelta(days=90)}
            for enrolment, key in zip(enrolments, keys, strict=True)
        ],
    )
    add(
        Attempt,
        [
            {"person_id": key, "instrument": "checks:x", "number": 1, "seed": "", "started_at": now, "last_at": now}
            for key in keys[:begun]
        ],
    )
    add(
        Completion,
        [
            {"id": key, "enrolment_id": enrolments[n], "person_id": keys[n], "module": "concepts",
             "extent": "module", "lessons": [], "minutes": 0, "score": 1.0, "completed_at": now}
            for n, key in enumerate(completions)
        ],
    )  # fmt: skip
    if certified:
        file = db.new_id()
        add(StoredFile, [{"id": file, "sha256": "0", "size": 0, "media_type": "", "name": "", "created_at": now}])
        until = now.date() + timedelta(days=1000)
        add(
            Certificate,
            [
                {"code": f"DRM-{db.new_id().hex[-14:]}", "completion_id": completions[n], "person_id": keys[n],
                 "state": "issued", "snapshot": {}, "completed_on": now.date(), "valid_until": until,
                 "created_at": now, "issued_at": now, "file_id": file}
                for n in range(certified)
            ],
        )  # fmt: skip
    return keys
