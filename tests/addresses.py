"""Every page, three times: with nothing in it, as it usually is, and at its extreme.

A GET route without a line here fails the build (`test_pages.py`), and so does a line without a route.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import surveyed
from make import organisation, person, role
from sqlalchemy import insert, select
from world import LONG, Side, World, build, call, cohort, module, move, nomination, practise, sit, study, trained

from lms import clock, db, places
from lms.assessment import service as assessment
from lms.certificates.models import Certificate
from lms.cohorts import service as cohorts
from lms.cohorts.models import CohortMember, Nomination
from lms.db import new_id
from lms.learning.models import Enrolment
from lms.people import service as people_service
from lms.people.models import Membership, Person
from lms.programme import service as programme
from lms.surveys import service as surveys
from lms.text import search_key, sort_key

STATES = ("empty", "usual", "extreme")


@dataclass
class Worlds:
    """The three sides and who looks at them; `admins` differ, since an administrator sees everything."""

    world: World
    sides: dict[str, Side]
    admin: UUID
    nobody: dict[str, UUID]  # signed in, without any role: in an empty, usual and extreme state

    def who(self, role_name: str, state: str) -> UUID | None:
        if role_name == "public":
            return None
        if role_name == "admin":
            return self.admin
        return getattr(self.sides[state], role_name)


def empty_side() -> Side:
    """An office, a cohort, people: and nothing has happened yet."""
    office, group = organisation("Statistics Pulaura", "GH"), cohort("Not begun", starts_days_ago=-5)
    nobody = cohort("Nobody yet")
    people = {
        key: person(f"{key.title()} Empty")
        for key in ("trainee", "graduate", "newcomer", "focal", "coordinator", "facilitator")
    }
    role(people["focal"], "focal_point", "organisation", office)
    for key in ("coordinator", "facilitator"):
        role(people[key], key, "cohort", nobody)
    cohorts.add_member(group, people["trainee"])
    cohorts.add_member(group, people["graduate"])
    study(people["graduate"])
    made = Side(
        office, nobody, people["trainee"], people["graduate"], person("Newcomer Empty", joined=False),
        people["focal"], people["coordinator"], people["facilitator"],
    )  # fmt: skip
    role(people["coordinator"], "coordinator", "cohort", group)
    call(nobody, office)
    made.attempt = assessment.start(people["graduate"], module())
    made.token = people_service.invite(made.newcomer, people["coordinator"])
    return made


def extreme_side(crowd: int) -> Side:
    """Names of 120 characters, a large cohort, an attempt that failed for the third time."""
    office, group = organisation(f"{LONG[:100]} Statistics", "CL"), cohort(f"{LONG[:90]} cohort")
    people = {
        key: person(LONG, organisation_id=office, post=LONG[:110])
        for key in ("trainee", "graduate", "focal", "coordinator", "facilitator")
    }
    newcomer = person(LONG, joined=False, organisation_id=office)
    role(people["focal"], "focal_point", "organisation", office)
    for key in ("coordinator", "facilitator"):
        role(people[key], key, "cohort", group)
        role(people[key], "coordinator" if key == "facilitator" else "facilitator", "cohort", group)
    made = Side(
        office, group, people["trainee"], people["graduate"], newcomer, people["focal"], people["coordinator"],
        people["facilitator"],
    )  # fmt: skip
    for key in ("trainee", "graduate"):
        cohorts.add_member(group, people[key])
        study(people[key])
    start = clock.now()
    for days in (6, 4, 2):
        with clock.at(start - timedelta(days=days)):
            made.attempt = sit(people["trainee"], rightly=False, answered=11)
    sit(people["graduate"])
    s = db.session()
    s.flush()
    row = s.scalars(select(Certificate).where(Certificate.person_id == people["graduate"])).one()
    made.certificate, made.code = row.id, row.code
    made.token = people_service.invite(newcomer, people["coordinator"])
    call(group, office, seats=crowd)
    made.place = nomination(group, office, people["trainee"], "selected", selected_at=clock.now())
    made.twin = person(LONG)
    people_service.merge_records(made.facilitator, made.twin, None, f"{LONG} {LONG}")
    made.task = practise(people["trainee"], "desk")
    _crowd(group, office, crowd)
    for somebody in ("trainee", "graduate", "coordinator"):
        own = s.scalars(select(Membership.id).where(Membership.person_id == people[somebody])).one()
        made.question = move(people[somebody], own)
    _surveys(made)
    return made


def _surveys(side: Side) -> None:
    """A survey that many answered at length, and one that an office has answered."""
    asked = [(None, key) for key in surveyed.people(30)]
    side.survey = surveyed.invited("reaction", "cohort", side.cohort, asked, "Extreme-person", title=LONG)
    long = [{**surveyed.KEPT, "level": ("easy", "right", "difficult")[n % 3], "change.other": LONG, "words": LONG * 9}
            for n in range(24)]  # fmt: skip
    surveyed.answered(side.survey, [{**one, "change": ["time", "other"] if n % 2 else ["none"]}
                                    for n, one in enumerate(long)])  # fmt: skip
    surveys.close(side.survey, None)
    office = [(side.office, side.focal_point)]
    side.asked = surveyed.invited("institution-baseline", "cohort", side.cohort, office, "Extreme-office")
    surveyed.office_answered(side.asked, side.office, {**surveyed.OFFICE_KEPT, "trainings": LONG * 9})
    side.version = surveys.copy("institution-baseline", "cohort", str(side.cohort), side.coordinator)


def _crowd(group: UUID, office: UUID, many: int) -> None:
    """Many people at once, as rows."""
    s, now = db.session(), clock.now()
    rows = []
    for number in range(many):
        name = f"{LONG[: 20 + number % 90]} {number}"
        rows.append({"id": new_id(), "name": name, "sort_key": sort_key(name), "search_key": search_key(name),
                     "languages": [], "created_at": now, "sex": "unsaid", "language": "en"})  # fmt: skip
    s.execute(insert(Person), rows)
    joined = now.date() - timedelta(days=400)
    left = [now.date() - timedelta(days=n % 300 + 1) if n % 3 == 0 else None for n in range(many)]
    s.execute(
        insert(Membership),
        [
            {"person_id": r["id"], "organisation_id": office, "starts_on": joined, "ends_on": day, "end_reason": ""}
            for r, day in zip(rows, left, strict=True)
        ],
    )
    s.execute(
        insert(CohortMember),
        [{"cohort_id": group, "person_id": r["id"], "joined_at": now - timedelta(days=40)} for r in rows],
    )
    s.execute(
        insert(Enrolment),
        [{"person_id": r["id"], "course": "foundations", "state": "active", "enrolled_at": now} for r in rows],
    )
    states = ("nominated", "selected", "waiting", "refused", "declined", "withdrawn")
    s.execute(
        insert(Nomination),
        [
            {"id": new_id(), "cohort_id": group, "organisation_id": office, "person_id": r["id"], "nominated_at": now,
             "supervisor": LONG, "supervisor_agreed": True, "motivation": LONG, "state": states[n % 6],
             "position": n if n % 6 == 2 else None, "reason": LONG if n % 6 == 3 else ""}
            for n, r in enumerate(rows)
        ],
    )  # fmt: skip


def build_worlds(crowd: int = 400) -> Worlds:
    """All three in one database."""
    world = build()
    with db.write():
        sides = {"empty": empty_side(), "usual": world.own, "extreme": extreme_side(crowd)}
        _figures(sides)
    return Worlds(world, sides, world.admin, {})


def _figures(sides: dict[str, Side]) -> None:
    """Figures of few and of many countries, with long names; and who looks at them."""
    trained(organisation("Statistics Tavara, North", "SN"), 24, 18, 11, 6, 13)
    trained(organisation("Statistics Tavara, South", "SN"), 4)
    for number, (country, _name) in enumerate(places.countries("en")[::9]):
        office = organisation(f"{LONG[:90]} {number} Statistics", country)
        trained(office, 5 + number * 3, 5 + number * 2, number * 2, number, number)
    sides["empty"].observer = role(person("Observer Empty"), "observer", "country", "FJ")
    sides["usual"].observer = role(person("Observer Usual"), "observer", "country", "SN")
    sides["extreme"].observer = role(person(LONG), "observer")
    for region in ("ecowas", "002"):
        role(sides["extreme"].observer, "observer", "region", region)
    db.session().flush()
    programme.release(clock.today())


@dataclass(frozen=True)
class Page:
    """Who looks, and at which address, given a side and its state."""

    role: str
    path: Callable[[Side, str], str]


def fixed(path: str) -> Callable[[Side, str], str]:
    return lambda _side, _state: path


def by_state(**paths: str) -> Callable[[Side, str], str]:
    return lambda side, state: paths[state].format(**vars(side))


def of(path: str) -> Callable[[Side, str], str]:
    return lambda side, _state: path.format(**vars(side))


PAGES: dict[str, Page] = {
    "desk.first": Page("public", fixed("/")),
    "desk.today": Page("trainee", fixed("/today")),
    "desk.timeline": Page("trainee", fixed("/timeline")),
    "desk.office": Page("admin", fixed("/office")),
    "desk.one_office": Page("focal_point", of("/offices/{office}")),
    "desk.member": Page("coordinator", by_state(
        empty="/cohorts/{cohort}", usual="/cohorts/{cohort}/people/{trainee}",
        extreme="/cohorts/{cohort}/people/{trainee}")),
    "cohorts.cohorts": Page("coordinator", fixed("/cohorts")),
    "cohorts.new": Page("admin", fixed("/cohorts/new")),
    "cohorts.cohort": Page("coordinator", of("/cohorts/{cohort}")),
    "cohorts.add": Page("coordinator", of("/cohorts/{cohort}/people/new")),
    "cohorts.staff": Page("coordinator", of("/cohorts/{cohort}/staff")),
    "learning.learn": Page("trainee", fixed("/learn")),
    "curriculum.terms": Page("trainee", by_state(
        empty="/glossary?q=zzzzzz", usual="/glossary?q=stock", extreme="/glossary")),
    "curriculum.shelf": Page("trainee", by_state(
        empty="/library?words=zzzzzz", usual="/library?kind=standard", extreme="/library")),
    "certificates.all_competencies": Page("graduate", fixed("/competencies")),
    "certificates.competency": Page("admin", by_state(
        empty="/competencies/C21", usual="/competencies/C1", extreme="/competencies/C3")),
    "learning.module": Page("graduate", by_state(
        empty="/learn/modules/collection", usual="/learn/modules/concepts", extreme="/learn/modules/concepts")),
    "learning.lesson": Page("trainee", by_state(
        empty="/learn/lessons/refugees-stateless-workers", usual="/learn/lessons/who-is-a-migrant",
        extreme="/learn/lessons/stocks-flows-moves-people")),
    "assessment.attempt": Page("trainee", by_state(
        empty="/today", usual="/attempts/{attempt}", extreme="/attempts/{attempt}")),
    "assessment.exercise_list": Page("trainee", fixed("/exercises")),
    "assessment.exercise": Page("trainee", fixed("/exercises/four-groups")),
    "assessment.exercise_task": Page("trainee", by_state(
        empty="/exercises", usual="/exercises/tasks/{task}", extreme="/exercises/tasks/{task}")),
    "certificates.certificates": Page("graduate", fixed("/certificates")),
    "certificates.download": Page("graduate", by_state(
        empty="/certificates", usual="/certificates/{certificate}", extreme="/certificates/{certificate}")),
    "certificates.verify": Page("public", by_state(
        empty="/verify", usual="/verify?code=DRM-0000-0000-0001", extreme="/verify?code=" + "9" * 300)),
    "certificates.verify_code": Page("public", by_state(
        empty="/verify/DRM-0000-0000-0000", usual="/verify/{code}", extreme="/verify/{code}")),
    "people.sign_in": Page("public", fixed("/sign-in?next=/today")),
    "people.forgotten": Page("public", fixed("/password/forgotten")),
    "people.reset": Page("public", fixed("/password/none")),
    "people.invitation": Page("public", by_state(
        empty="/invitation/none", usual="/invitation/{token}", extreme="/invitation/{token}")),
    "people.confirm_address": Page("public", fixed("/address/none")),
    "people.account": Page("trainee", fixed("/account")),
    "people.invitation_page": Page("coordinator", by_state(
        empty="/cohorts", usual="/people/{newcomer}/invitation", extreme="/people/{newcomer}/invitation")),
    "people.organisations": Page("admin", fixed("/admin/organisations")),
    "people.new_organisation": Page("admin", fixed("/admin/organisations/new")),
    "people.organisation": Page("admin", of("/admin/organisations/{office}")),
    "people.people": Page("admin", by_state(
        empty="/admin/people?q=zzzzzz", usual="/admin/people?q=ownside", extreme="/admin/people")),
    "people.new_person": Page("admin", fixed("/admin/people/new")),
    "people.person": Page("admin", of("/admin/people/{trainee}")),
    "people.privacy_page": Page("graduate", fixed("/account/privacy")),
    "people.erasure": Page("focal_point", fixed("/account/erasure")),
    "people.erasure_of": Page("admin", of("/admin/people/{graduate}/erasure")),
    "desk.offices": Page("focal_point", fixed("/offices")),
    "people.confirm_staff": Page("focal_point", of("/offices/{office}/staff/confirmation")),
    "people.focal_points": Page("focal_point", of("/offices/{office}/focal-points")),
    "people.question": Page("focal_point", by_state(
        empty="/office", usual="/questions/{question}", extreme="/questions/{question}")),
    "people.merge": Page("admin", by_state(
        empty="/admin/people/{trainee}/merge", usual="/admin/people/{trainee}/merge?with={graduate}",
        extreme="/admin/people/{trainee}/merge?with={graduate}")),
    "people.part": Page("admin", by_state(
        empty="/admin/people", usual="/admin/people/{facilitator}/records/{twin}/part",
        extreme="/admin/people/{facilitator}/records/{twin}/part")),
    "mail.outbox": Page("admin", fixed("/admin/mail")),
    "curriculum.problems": Page("admin", fixed("/admin/content")),
    "programme.figures": Page("observer", fixed("/figures")),
    "desk.waiting": Page("coordinator", fixed("/waiting")),
    "cohorts.edit": Page("coordinator", of("/cohorts/{cohort}/edit")),
    "cohorts.copy": Page("admin", of("/cohorts/{cohort}/copy")),
    "cohorts.call": Page("coordinator", of("/cohorts/{cohort}/call")),
    "cohorts.nominations": Page("coordinator", of("/cohorts/{cohort}/nominations")),
    "cohorts.office_call": Page("focal_point", of("/offices/{office}/calls/{cohort}")),
    "cohorts.nomination": Page("trainee", by_state(
        empty="/today", usual="/nominations/{place}", extreme="/nominations/{place}")),
    "surveys.surveys": Page("coordinator", fixed("/surveys")),
    "surveys.template": Page("coordinator", by_state(
        empty="/surveys/templates/none", usual="/surveys/templates/reaction",
        extreme="/surveys/templates/institution-baseline")),
    "surveys.edit": Page("coordinator", by_state(
        empty="/surveys", usual="/surveys/versions/{version}/edit", extreme="/surveys/versions/{version}/edit?in=fr")),
    "surveys.new": Page("coordinator", fixed("/surveys/new?version=reaction")),
    "surveys.survey": Page("coordinator", by_state(
        empty="/surveys", usual="/surveys/{asked}", extreme="/surveys/{survey}")),
    "surveys.results": Page("coordinator", by_state(
        empty="/surveys", usual="/surveys/{survey}/results", extreme="/surveys/{survey}/results")),
    "surveys.office": Page("coordinator", by_state(
        empty="/surveys", usual="/surveys/{asked}/organisations/{office}",
        extreme="/surveys/{asked}/organisations/{office}")),
    "surveys.answer": Page("public", by_state(
        empty="/s/none", usual="/s/{name}-person-0", extreme="/s/Extreme-office-0")),
}  # fmt: skip

# What a browser never shows as a page.
NOT_PAGES = {
    "asset",
    "web.health",
    "assessment.token",
    "assessment.exercise_found",
    "assessment.exercise_csv",
    "assessment.exercise_xlsx",
    "certificates.organisation_zip",
    "people.export_own",
    "people.export_of",
    "cohorts.board_csv",
    "cohorts.board_xlsx",
    "programme.figures_csv",
    "surveys.results_csv",
}
