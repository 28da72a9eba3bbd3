"""Building the demonstration: its past is lived through the same services that people use, on the day it happened."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from sqlalchemy import select

from config import Config
from demo import answers
from demo.story import OFFICES, PEOPLE, WEST_2, WEST_3, Member, Somebody
from lms import clock, db
from lms.assessment import exercises
from lms.assessment import queries as assessments
from lms.assessment import service as assessment
from lms.assessment.exercises import queries as practice_queries
from lms.assessment.exercises import service as practice
from lms.cohorts import service as cohorts
from lms.curriculum import index
from lms.curriculum.content import Module
from lms.people import passwords
from lms.people import queries as people_queries
from lms.people import service as people
from lms.people.models import Person
from lms.programme import service as programme
from lms.surveys import service as surveys

COURSE, MODULE, REGION = "foundations", "concepts", "west-basin"


def configure() -> Config:
    """The demonstration's configuration, put into the environment so that the server's children find it."""
    base = Config.load()
    folder = base.data_dir if "LMS_DATA_DIR" in os.environ else base.data_dir / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / "secret"
    if not secret.exists():
        secret.write_text(secrets.token_urlsafe(32))
        secret.chmod(0o600)
    os.environ.update(
        LMS_DEMO="1",
        LMS_DATA_DIR=str(folder),
        LMS_SECRET_KEY=secret.read_text(),
        LMS_MAIL_URL="folder:",
        LMS_PUBLIC_URL=os.environ.get("LMS_PUBLIC_URL") or f"http://{base.host}:{base.port}",
    )
    return Config.load()


def is_built() -> bool:
    """Whether somebody lives here already; then nothing is built again and nothing is lost."""
    return db.session().scalar(select(Person.id).limit(1)) is not None


class Past:
    """Days before the day of building, at working hours, a minute later with each act."""

    def __init__(self) -> None:
        self.built_at = clock.now()

    def day(self, days_ago: float, hour: int = 9) -> datetime:
        moment = (self.built_at - timedelta(days=days_ago)).replace(hour=hour, minute=0, second=0, microsecond=0)
        return min(moment, self.built_at - timedelta(minutes=90))

    @contextmanager
    def lived(self, days_ago: float, hour: int = 9) -> Iterator[None]:
        with clock.at(self.day(days_ago, hour)):
            yield


def build() -> None:
    """Build it in one transaction: either the whole demonstration is there or nothing of it.

    Runs inside an application context. Takes a few seconds.
    """
    past = Past()
    with db.write():
        if is_built():
            return  # by another start at the same moment
        ids, offices = _people(past)
        cohort = _cohort(past, ids)
        module = index.current().module(MODULE, "en")
        for somebody in PEOPLE:
            if somebody.role == "trainee":
                _live(past, somebody, ids[somebody.key], cohort, module)
        _many(past, ids, offices, cohort, module)
        _next_call(past, ids, offices)
        _open_matters(past, ids, offices, cohort)
        programme.release(clock.today())


def _people(past: Past) -> tuple[dict[str, UUID], dict[str, UUID]]:
    """People and offices by their keys; each person took up their invitation. The door needs no password."""
    nobody_knows = _nobody_knows()
    ids: dict[str, UUID] = {}
    with past.lived(400):
        admin = next(somebody for somebody in PEOPLE if somebody.role == "administrator")
        ids[admin.key] = people.create_administrator(admin.name, admin.address, nobody_knows)
        offices = {
            office.key: people.create_organisation(
                office.name,
                "producer",
                office.country,
                list(office.languages),
                infrastructure=office.infrastructure,
                time_zone=office.time_zone,
                weekend=list(office.weekend),
                names=office.names,
                by=ids[admin.key],
            )
            for office in OFFICES
        }
        for somebody in PEOPLE:
            if somebody is not admin:
                ids[somebody.key] = _join(somebody, offices.get(somebody.office), ids[admin.key], nobody_knows)
            if somebody.role == "focal_point":
                office = str(offices[somebody.office])
                people.grant_role(ids[somebody.key], "focal_point", "organisation", office, ids[admin.key])
        people.grant_role(ids["ruth"], "coordinator", "region", REGION, ids[admin.key])
        people.grant_role(ids["karin"], "observer", "programme", "", ids[admin.key])
    return ids, offices


@cache
def _nobody_knows() -> str:
    """The hash of a password that was never kept: one for all, since hashing is slow on purpose."""
    return passwords.hashed(secrets.token_urlsafe(32))


def _many(past: Past, ids: dict[str, UUID], offices: dict[str, UUID], cohort: UUID, module: Module) -> None:
    """The rest of West 3, at every stage, and West 2, which has finished."""
    today = past.built_at.date()
    with past.lived(230):
        finished = cohorts.create_cohort(
            "West 2",
            COURSE,
            today - timedelta(days=220),
            today - timedelta(days=100),
            {MODULE: today - timedelta(days=150)},
            "Africa/Abidjan",
            by=ids["ruth"],
            scope="region",
            scope_id=REGION,
        )
    for number, member in enumerate(WEST_2):
        with past.lived(225):
            person = _join(member, offices[member.office], ids["admin"], _nobody_knows())
            cohorts.add_member(finished, person, ids["ruth"])
        if number % 2:
            _lessons(past, person, module, (210 - number,))
        else:
            _whole(past, person, module, 210 - number, 190 - number)
            _attempt(past, person, module, 170 - number, right_share=0.8 + number % 5 / 20)
            if number % 4 == 0:
                _practise(past, person, 160 - number, "balance-closes")
                _practise(past, person, 150 - number, "four-groups")
    for number, member in enumerate(WEST_3):
        with past.lived(52):
            person = _join(member, offices[member.office], ids["admin"], _nobody_knows())
            cohorts.add_member(cohort, person, ids["ruth"])
        # Some have finished what there is, some are on track; some are slow, stuck, or have not begun.
        if number % 6 == 0:
            _whole(past, person, module, 35, 15)
            _attempt(past, person, module, 12, right_share=0.9)
            _practise(past, person, 11, "four-groups")
        elif number % 6 == 3:
            _lessons(past, person, module, (20 + number,))
        elif number % 6 == 5:
            _lessons(past, person, module, (30, 9))
        elif number % 6 != 4:
            _lessons(past, person, module, (20, 2 + number % 4))


def _next_call(past: Past, ids: dict[str, UUID], offices: dict[str, UUID]) -> None:
    """West 4 begins as a call: fifteen seats, nominations of two offices."""
    today = past.built_at.date()
    with past.lived(12):
        cohort = cohorts.create_cohort(
            "West 4",
            COURSE,
            today + timedelta(days=21),
            today + timedelta(days=190),
            {MODULE: today + timedelta(days=70)},
            "Africa/Abidjan",
            by=ids["ruth"],
            scope="region",
            scope_id=REGION,
        )
        seats = {offices["tavara"]: 5, offices["marsa-nour"]: 5, offices["pulaura"]: 5}
        cohorts.save_call(cohort, today - timedelta(days=12), today + timedelta(days=9), 15, "", seats, ids["ruth"])
        cohorts.open_call(cohort, ids["ruth"])
    with past.lived(5):
        for office, by, names in (
            ("tavara", "ibrahim", ("Bineta Camara", "Alioune Badji", "Sokhna Diouf")),
            ("marsa-nour", "huda", ("Rana Khalil", "Bassam Aziz")),
        ):
            for name in names:
                address = f"{name.casefold().replace(' ', '.')}@example.org"
                person = people.create_person(name, address, organisation_id=offices[office], by=ids[by])
                cohorts.nominate(
                    cohort, offices[office], ids[by], person_id=person, supervisor="Marie Faye", supervisor_agreed=True
                )


def _open_matters(past: Past, ids: dict[str, UUID], offices: dict[str, UUID], cohort: UUID) -> None:
    """What waits for people: a staff confirmed and others not, a move that was reported, surveys out and in."""
    with past.lived(60):
        staff = people_queries.people_of_organisation(offices["tavara"], clock.today())
        here = [people.Said(line.membership_id) for line in staff]
        people.confirm_staff(offices["tavara"], here, [], opened=None, press="demonstration", by=ids["ibrahim"])
    with past.lived(3):
        membership = people_queries.memberships_of(ids["layla"])[0]
        people.report_move(ids["layla"], membership.id, clock.today() + timedelta(days=20), destination="abroad")
    with past.lived(10):
        last_day = past.built_at.date() + timedelta(days=12)
        baseline = surveys.version_of_template("institution-baseline")
        surveys.send(baseline, "cohort", str(cohort), last_day, ids["ruth"])


def _join(somebody: Somebody | Member, office: UUID | None, admin: UUID, password_hash: str) -> UUID:
    zone = next((o.time_zone for o in OFFICES if o.key == somebody.office), "UTC")
    person = people.create_person(
        somebody.name,
        somebody.address,
        language=getattr(somebody, "language", ""),
        organisation_id=office,
        name_latin=somebody.latin,
        by=admin,
    )
    spoken = people_queries.person(person).language
    return people.accept_invitation(
        people.invite(person, admin),
        password_hash,
        somebody.name,
        somebody.latin,
        sex=somebody.sex,
        post=somebody.post,
        language=spoken,
        time_zone=zone,
    )


def _cohort(past: Past, ids: dict[str, UUID]) -> UUID:
    today = past.built_at.date()
    with past.lived(60):
        cohort = cohorts.create_cohort(
            "West 3",
            COURSE,
            today - timedelta(days=49),
            today + timedelta(days=123),
            {
                "concepts": today + timedelta(days=5),
                "collection": today + timedelta(days=40),
                "processing": today + timedelta(days=80),
                "dissemination": today + timedelta(days=120),
            },
            "Africa/Abidjan",
            by=ids["ruth"],
            scope="region",
            scope_id=REGION,
        )
        people.grant_role(ids["moses"], "facilitator", "cohort", str(cohort), ids["ruth"])
    with past.lived(52):
        for somebody in PEOPLE:
            if somebody.role == "trainee":
                cohorts.add_member(cohort, ids[somebody.key], ids["ruth"])
    return cohort


def _live(past: Past, somebody: Somebody, person: UUID, cohort: UUID, module: Module) -> None:
    match somebody.stage:
        case "half":
            _whole(past, person, module, 20, 4)
            _attempt(past, person, module, 1, right_share=1, answered=6, hand_in=False)
        case "reading":
            _lessons(past, person, module, (6,))
            _lesson(past, person, module, 1, 2, checks=2)
        case "passed":
            _whole(past, person, module, 40, 30)
            _attempt(past, person, module, 28, right_share=0.92)
            _practise(past, person, 26, "four-groups")
        case "failed":
            _whole(past, person, module, 33, 22)
            for days_ago, share in ((20, 0.3), (13, 0.5), (5, 0.58)):
                _attempt(past, person, module, days_ago, right_share=share)
        case "stuck":
            _lessons(past, person, module, (23,))
        case "left":
            _whole(past, person, module, 44, 37)
            _attempt(past, person, module, 35, right_share=1)
            _practise(past, person, 36, "balance-closes")
            with past.lived(9):
                membership = people_queries.memberships_of(person)[0]
                people.end_membership(membership.id, clock.today(), "offer", person, destination="national")


def _whole(past: Past, person: UUID, module: Module, first: int, last: int) -> None:
    """Every lesson of the module, evenly from `first` to `last` days ago."""
    between = max(1, len(module.written) - 1)
    _lessons(
        past, person, module, tuple(first - round((first - last) * n / between) for n in range(len(module.written)))
    )


def _lessons(past: Past, person: UUID, module: Module, days: tuple[int, ...]) -> None:
    for number, days_ago in enumerate(days):
        _lesson(past, person, module, number, days_ago)


def _lesson(past: Past, person: UUID, module: Module, number: int, days_ago: int, checks: int | None = None) -> None:
    """Try a lesson's checks: the first one wrongly, as people do, then right."""
    lesson = module.written[number]
    with past.lived(days_ago):
        for place, question in enumerate(lesson.checks[:checks]):
            if place == 0:
                assessment.answer_check(person, lesson, question, answers.wrong(question))
            assessment.answer_check(person, lesson, question, answers.right(question))


def _attempt(
    past: Past,
    person: UUID,
    module: Module,
    days_ago: int,
    right_share: float,
    answered: int | None = None,
    hand_in: bool = True,
) -> None:
    with past.lived(days_ago, hour=10):
        attempt = assessment.start(person, module)
        asked = assessments.sheet(attempt).asked
        for place, item in enumerate(asked[:answered]):
            known = place < round(right_share * len(asked))
            answer = answers.right(item.question) if known else answers.wrong(item.question)
            assessment.save_answer(attempt, item.position, answer)
        if hand_in:
            assessment.submit(attempt)


def _practise(past: Past, person: UUID, days_ago: int, name: str) -> None:
    """Do an exercise on the phone: first with a typical mistake, as people do, then right."""
    with past.lived(days_ago, hour=11):
        task = practice.begin(person, exercises.ALL[name], "phone")
        expected = practice_queries.expected(task)
        mistake = next(iter(expected["mistakes"].values()))
        for figures in (expected["figures"] | mistake["figures"], expected["figures"]):
            practice.answer(task, figures, {key: f"{value:.10g}" for key, value in figures.items()})
