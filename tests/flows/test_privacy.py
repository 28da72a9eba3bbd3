"""Who sees what about me, all of it as a file, and its end: what goes, what stays, and that nothing else does."""

from __future__ import annotations

import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from uuid import UUID
from zipfile import ZipFile

import evidence
import make
import pytest
import sqlalchemy as sa
import time_machine
from make import PASSWORD, post
from python_calamine import CalamineWorkbook
from sqlalchemy import select
from world import module, sit, study

from demo import answers
from lms import audit, clock, db, policy, privacy
from lms.assessment import queries as assessments
from lms.assessment import service as assessment
from lms.assessment.held import in_words
from lms.assessment.models import Attempt, ExerciseAnswer, ExerciseTask, Override, Response
from lms.certificates import queries as certificates
from lms.certificates.models import Certificate
from lms.cohorts import queries as cohort_queries
from lms.cohorts import service as cohorts
from lms.cohorts.models import CohortMember, Nomination
from lms.files import service as files
from lms.files.models import StoredFile
from lms.jobs import worker as jobs
from lms.learning.models import Enrolment, LessonCompletion
from lms.mail import delivery
from lms.mail import service as mail
from lms.mail.models import Notice, OutboxMessage
from lms.people import held, queries, service
from lms.people.models import (
    Address,
    Membership,
    Person,
    PersonMerge,
    RecordQuestion,
    RoleGrant,
    StaffConfirmation,
)
from lms.policy import Refusal, Target
from lms.surveys.models import OfficeAnswer, Survey, SurveyInvitation, SurveyVersion

TWIN = "q@quillfeather.example"
NAME, LATIN, ADDRESS = "Zéphyrine Quillfeather", "Zephyrine Quillfeather", "zephyrine@quillfeather.example"
TYPED = (
    "Quillfeather",
    "quillfeather",
    "zephyrine",
    "Zephyrine",
    "Zéphyrine",
    "Keeper of odd registers",
    "tried thrice",
)


@dataclass
class Life:
    """Somebody of whom every room holds something."""

    person: UUID
    office: UUID
    former: UUID
    cohort: UUID
    admin: UUID
    coordinator: UUID
    code: str


def said(answer) -> str:
    words = " ".join(re.sub(r"<[^>]+>", " ", unescape(answer.text)).split())
    return words.replace("( ", "(").replace(" )", ")")


def signed_in(app, person):
    return make.sign_in(app.test_client(), person)


def refusal_of(call) -> str:
    with pytest.raises(Refusal) as refused, db.write():
        call()
    return refused.value.code


def live() -> Life:
    """A life with a row in every table that knows people, as the person or as the one who acts."""
    former, office = make.organisation("Statistics Lunavia", "MD"), make.organisation("Statistics Tavara", "SN")
    admin = make.role(make.person("Root Admin", "root@example.org"), "administrator")
    with clock.at(clock.now() - timedelta(days=3)), db.write() as s:
        group = cohorts.create_cohort(
            "West 3", "foundations", clock.today() - timedelta(days=60), clock.today() + timedelta(days=60), {}
        )
        coordinator = make.role(make.person("Ruth Alvarez"), "coordinator", "cohort", group)
        person = make.person(NAME, ADDRESS, organisation_id=former, post="Keeper of odd registers")
        s.flush()
        row = s.scalars(select(Membership).where(Membership.person_id == person)).one()
        row.starts_on, row.ends_on = clock.today() - timedelta(days=900), clock.today() - timedelta(days=300)
        row.end_reason, row.destination, row.successor_id = "abroad", "agency", admin
        service.start_membership(person, office, clock.today() - timedelta(days=300))
        service.add_address(person, "second@quillfeather.example", person)
        service.ask_reset(ADDRESS)
        make.role(person, "facilitator", "cohort", group)
        cohorts.add_member(group, person, coordinator)
        study(person)
        sit(person, answered=0)
        s.add(
            Override(
                kind="attempt", person_id=person, instrument="assessment:concepts", number=1, by_id=coordinator,
                at=clock.now(), reason="Quillfeather tried thrice",
            )
        )  # fmt: skip
    with clock.at(clock.now() - timedelta(days=1)), db.write():  # not today: where she lives it may be tomorrow by now
        sit(person)
    with db.write():
        service.grant_role(coordinator, "facilitator", "cohort", str(group), None)
        given = db.session().scalars(select(RoleGrant).where(RoleGrant.person_id == coordinator)).all()
        given[-1].granted_by = person
        around(person, admin, office, group)
        practise(person)
    evidence.issue_all()
    mail_out()
    held_one = certificates.certificates_of(person)[0]
    db.end_read()
    assert held_one.state == "issued"
    return Life(person, office, former, group, admin, coordinator, held_one.code)


def around(person: UUID, other: UUID, office: UUID, cohort: UUID) -> None:
    """What offices, calls and surveys hold of somebody, as the person and as the one who acts."""
    s, now, today = db.need_write(), clock.now(), clock.today()
    for who, by, word in ((person, other, "Quillfeather tried thrice"), (other, person, "")):
        s.add(
            Nomination(
                cohort_id=cohort, organisation_id=office, person_id=who, nominated_by=by, decided_by=by,
                nominated_at=now, decided_at=now, name=word, motivation=word, supervisor=word, reason=word,
                state="waiting",
            )
        )  # fmt: skip
        s.add(
            RecordQuestion(
                kind="moved", about=str(db.new_id()), person_id=who, organisation_id=office, data={"said": word},
                raised_at=now, raised_by=by, answered_by=by, answered_at=now, word=word,
            )
        )  # fmt: skip
    bounced = s.scalars(select(Address).where(Address.person_id == person)).first()
    s.add(
        RecordQuestion(
            kind="bounced", about=str(bounced.id), person_id=person, address_id=bounced.id, data={"address": ADDRESS},
            raised_at=now,
        )
    )  # fmt: skip
    s.add(StaffConfirmation(organisation_id=office, confirmed_on=today, confirmed_at=now, confirmed_by=person))
    twin, stranger = make.person("Q. Quillfeather", TWIN), make.person("Sam Stranger")
    for kept_id, merged_id, by, reason in (
        (person, twin, other, "Quillfeather tried thrice"), (twin, person, other, "Quillfeather tried thrice"),
        (other, stranger, person, ""),
    ):  # fmt: skip
        s.add(
            PersonMerge(
                kept_id=kept_id, merged_id=merged_id, merged_by=by, merged_at=now, reason=reason, parted_by=by,
                parted_at=now,
            )
        )  # fmt: skip
    s.flush()
    s.execute(sa.update(PersonMerge).where(PersonMerge.merged_id == twin).values(parted_at=None, parted_by=None))
    s.get_one(Person, twin).merged_into = person
    version = SurveyVersion(
        template="baseline", scope="cohort", scope_id=str(cohort), number=1, digest="", origin="",
        data={"title": {"en": "Baseline"}, "minutes": 9}, edited_by=person, created_at=now,
    )  # fmt: skip
    s.add(version)
    s.flush()
    survey = Survey(
        version_id=version.id, answered_by="institution", audience_kind="organisation", audience_id=str(office),
        opened_on=today, closes_on=today + timedelta(days=9), sent_by=person,
    )  # fmt: skip
    s.add(survey)
    s.flush()
    s.add(
        SurveyInvitation(
            survey_id=survey.id, organisation_id=office, recipient_id=person, token_hash="0" * 64, sent_at=now
        )
    )
    s.add(
        OfficeAnswer(
            survey_id=survey.id, organisation_id=office, number=1, answers={}, answered_by=person, answered_at=now
        )
    )


def practise(person: UUID) -> None:
    """A task that was passed at the desk with a file of one's own, and one on the phone that was not."""
    s, now = db.need_write(), clock.now()
    file = files.store(b"id;Quillfeather", "text/plain", "Quillfeather.csv")
    for number, form, passed in ((1, "desk", now), (2, "phone", None)):
        task = ExerciseTask(
            id=db.new_id(), person_id=person, exercise="four-groups", form=form, number=number, seed="5eed", version=1,
            expected={}, started_at=now, passed_at=passed,
        )  # fmt: skip
        s.add(task)
        s.flush()
        s.add(
            ExerciseAnswer(
                task_id=task.id, number=1, given={"foreign_born": "Quillfeather"}, file_id=file if passed else None,
                state="graded", found={}, at=now,
            )
        )  # fmt: skip
    s.flush()


def mail_out() -> None:
    """What the worker does with letters, until none is left."""
    while delivery.deliver_due("test worker"):
        pass
    with db.write():
        mail.forget_fleeting()
    mail.sweep_folder()


def erase(life: Life) -> list[privacy.Kept]:
    with db.write():
        return service.erase(life.person, life.person)


def dump() -> str:
    """Every value of every table, as text."""
    with db.engine().connect() as connection:
        tables = db.Base.metadata.sorted_tables
        return "\n".join(f"{table.name} {row}" for table in tables for row in connection.execute(table.select()))


def everything_on_disk(place) -> bytes:
    """Every file of the data folder with its name, SQLite's own with its log among them."""
    found = [p for p in place.data_dir.rglob("*") if p.is_file()]
    return b"\n".join(str(p).encode() + b" " + p.read_bytes() for p in found)


def zipped(answer) -> dict[str, bytes]:
    assert answer.status_code == 200, answer.text
    with ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


# --- every table is told ---

KNOWS_PEOPLE = re.compile(r"person|actor|recipient")


def columns_about_people() -> list[sa.Column]:
    """Columns that point to a person, or are named as if they did."""
    return [
        column
        for table in db.Base.metadata.sorted_tables
        for column in table.columns
        if any(key.column.table.name == "person" for key in column.foreign_keys)
        or (KNOWS_PEOPLE.search(column.name) and table.name != "person")
    ]


def room_of(table) -> str:
    return next(m.class_.__module__.split(".")[1] for m in db.Base.registry.mappers if m.local_table is table)


def test_every_room_that_knows_people_says_what_it_holds_and_how_it_forgets(db_app):
    assert {room_of(column.table) for column in columns_about_people()} <= privacy.rooms()


def test_every_row_about_a_person_is_in_what_they_are_given(db_app):
    life = live()
    told = zipped(signed_in(db_app, life.person).get("/account/export.zip"))["about-me.json"].decode()
    unseen, missing = [], []
    for column in columns_about_people():
        wanted = str(life.person) if isinstance(column.type, sa.String) else life.person
        key = next(iter(column.table.primary_key))
        ids = db.session().scalars(select(key).where(column == wanted)).all()
        if column.table.name == "person":
            ids = db.session().scalars(select(Person.id).where(Person.merged_into == life.person)).all()
            assert ids and all(str(one) in told for one in ids)
            continue
        if not ids and column.name not in ("added_by", "successor_id"):
            unseen.append(f"{column.table.name}.{column.name}")
        missing += [f"{column.table.name}.{column.name}" for row in ids if str(row) not in told]
    s = db.session()
    rows = [*s.scalars(select(Response.id)), *s.scalars(select(LessonCompletion.id))]  # through what is theirs
    missing += [str(row) for row in rows if str(row) not in told]
    assert rows and not missing
    assert unseen == ["override.by_id"], "make a row of this kind in live(), so that its export is tried"


# --- all of it, as a file ---


def test_the_file_holds_all_of_it_for_machines_and_for_people(db_app):
    life = live()
    answer = signed_in(db_app, life.person).get("/account/export.zip")
    assert answer.headers["Content-Disposition"] == "attachment; filename=about-me.zip"
    parts = zipped(answer)
    told = json.loads(parts["about-me.json"])
    sections = {held_one["name"]: held_one for held_one in told["sections"]}
    assert told["as_of"] and told["note"]
    assert sections["profile"]["rows"][0]["name"] == NAME
    assert {row["address"] for row in sections["addresses"]["rows"]} == {ADDRESS, "second@quillfeather.example", TWIN}
    assert [row["organisation"] for row in sections["offices"]["rows"]] == ["Statistics Lunavia", "Statistics Tavara"]
    assert sections["exceptions"]["rows"][0]["by"] == "a facilitator or coordinator"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*\+00:00", sections["attempts"]["rows"][0]["started_at"])
    page = parts["about-me.html"].decode()
    assert '<html lang="en" dir="ltr">' in page and NAME in page and "Keeper of odd registers" in page
    assert not re.search(r"(src|href)=|url\(|@import|<script|<link", page)
    pdf = next(data for name, data in parts.items() if name.endswith(".pdf"))
    assert pdf.startswith(b"%PDF")


def test_nobody_elses_name_and_no_secret_is_in_it(db_app):
    life = live()
    parts = zipped(signed_in(db_app, life.person).get("/account/export.zip"))
    text = parts["about-me.json"].decode() + parts["about-me.html"].decode()
    stored = db.session().get_one(Person, life.person).password_hash
    for secret in ("Ruth Alvarez", "Root Admin", "root@example.org", stored, "argon2", str(life.admin)):
        assert secret not in text


def test_no_key_of_a_question_leaks_by_what_was_answered(db_app):
    person = make.person()
    with db.write():
        attempt = assessment.start(person, module())
        for asked in assessments.sheet(attempt).asked[:6]:
            assessment.save_answer(attempt, asked.position, answers.right(asked.question))
    parts = zipped(signed_in(db_app, person).get("/account/export.zip"))
    told = {held_one["name"]: held_one["rows"] for held_one in json.loads(parts["about-me.json"])["sections"]}
    assert sum(bool(row["answer"]) for row in told["answers"]) == 6
    assert {row["earned"] for row in told["answers"]} == {None}
    given = {text for row in told["answers"] for text in row["answer"]}
    whole = parts["about-me.json"].decode()
    for asked in assessments.sheet(attempt).asked:
        for option in asked.question.options:
            plain = in_words(asked.question, {"choice": asked.question.options.index(option)})
            plain = plain or in_words(asked.question, {"choices": [asked.question.options.index(option)]})
            assert set(plain) <= given or len(plain[0]) < 12 or plain[0] not in whole
        for feedback in (o.feedback for o in asked.question.options):
            assert not feedback or feedback not in whole


def test_an_answer_stands_there_as_it_was_given(db_app):
    questions = {q.kind: q for q in module().bank}
    for kind, question in questions.items():
        words = in_words(question, answers.right(question))
        assert words and all(words), kind


def test_it_speaks_the_language_of_the_person(db_app):
    person = make.person("أمينة", language="ar")
    page = zipped(signed_in(db_app, person).get("/account/export.zip"))["about-me.html"].decode()
    assert '<html lang="ar" dir="rtl">' in page


def test_five_times_an_hour_is_enough(db_app):
    client = signed_in(db_app, make.person())
    with time_machine.travel((clock.now() + timedelta(hours=1)).replace(minute=1), tick=False):
        codes = [client.get("/account/export.zip").status_code for _n in range(6)]
    assert codes == [200] * 5 + [429]


def test_an_administrator_makes_it_on_request_in_the_persons_language_and_that_is_recorded(db_app):
    admin = make.role(make.person("Root Admin"), "administrator")
    person = make.person("أمينة", language="ar")
    parts = zipped(signed_in(db_app, admin).get(f"/admin/people/{person}/export.zip"))
    assert 'lang="ar"' in parts["about-me.html"].decode()
    own = zipped(signed_in(db_app, person).get("/account/export.zip"))
    acts = next(h["rows"] for h in json.loads(own["about-me.json"])["sections"] if h["name"] == "acts")
    assert acts[-1]["act"] == "people.exported" and acts[-1]["by"] != "you"


# --- who sees what about me ---


def test_each_permission_over_people_says_what_of_them_it_shows(db_app):
    # What institutions answered and tables in which nobody stands alone; a cohort's facts, for a copy; a lesson's text.
    exceptions = {
        "survey.manage", "survey.results", "survey.institution", "survey.answer", "cohort.create", "learning.read"
    }  # fmt: skip
    silent = set()
    for rule in db_app.url_map.iter_rules():
        name = getattr(db_app.view_functions[rule.endpoint], "permission", "")
        if rule.arguments & {
            "person",
            "cohort",
            "office",
            "organisation",
            "certificate",
            "nomination",
            "question",
            "survey",
        }:
            permission = policy.PERMISSIONS[name]
            if not permission.shows and not permission.anyone and (permission.roles or not permission.own):
                silent.add(name)
    assert silent == exceptions


def test_the_page_names_who_sees_what_today_and_their_role(db_app):
    life = live()
    focal = make.role(make.person("Fatou Sow", organisation_id=life.office), "focal_point", "organisation", life.office)
    earlier = make.role(make.person("Ion Ceban"), "focal_point", "organisation", life.former)
    make.role(make.person("Somebody Else"), "coordinator", "country", "MD")
    page = said(signed_in(db_app, life.person).get("/account/privacy"))
    assert "Ruth Alvarez" in page and "coordinator (West 3)" in page
    assert "Fatou Sow focal point (Statistics Tavara)" in page
    assert "Ion Ceban" in page, "the focal point of a former office keeps what was earned there"
    assert "Root Admin administrator (the whole programme)" in page
    assert NAME not in page.split("can see something about you")[1]
    seen = {seer.name: group.shows for group in held.who_sees(life.person) for seer in group.people}
    assert any("lessons you did" in line for line in seen["Ruth Alvarez"])
    assert not any("lessons you did" in line for line in seen["Fatou Sow"])
    db.end_read()
    assert earlier and focal


def test_the_page_says_what_the_permissions_say(db_app):
    """Whoever stands under a sentence on the page may what it says, asked of the policy itself; and nobody else."""
    life = live()
    for name, over, key in (("focal_point", "organisation", life.office), ("coordinator", "country", "SN"),
                            ("observer", "programme", ""), ("facilitator", "programme", "")):  # fmt: skip
        make.role(make.person(f"{name} {over}".replace("_", " ")), name, over, key)
    target = queries.target_of(life.person)
    told = {(seer.name, sentence) for g in held.who_sees(life.person) for seer in g.people for sentence in g.shows}
    expected = set()
    reached = privacy.reached(life.person, target.scopes, policy.PERMISSIONS)
    for row in db.session().scalars(select(Person).where(Person.id != life.person)):
        viewer = queries.viewer_of(row.id)
        for name, rule in policy.PERMISSIONS.items():
            over = Target(life.person, reached.get(name, frozenset()))
            if name in reached and rule.shows and policy.allows(name, viewer, over):
                expected.add((row.name, str(rule.shows)))
    assert told == expected and told


def test_it_tells_exactly_the_fields_of_the_page_that_anyone_sees(db_app):
    life = live()
    with db_app.test_request_context():
        published = privacy.published(life.person)[0]
    page = said(db_app.test_client().get(f"/verify/{life.code}"))
    for label in published.fields[-6:]:
        assert label in page
    assert published.pages == ((life.code, f"/verify/{life.code}"),)


# --- erasure ---


def form(**given):
    return {"password": PASSWORD, "word": "erase", **given}


def test_the_page_before_says_what_the_erasure_then_keeps(db_app):
    life = live()
    client = signed_in(db_app, life.person)
    before = said(client.get("/account/erasure"))
    goes, stays = privacy.foretell([life.person])
    db.end_read()
    after = post(client, "/account/erasure", form())
    assert after.status_code == 200
    for one in stays:
        assert str(one.what) in before and str(one.why) in before and str(one.what) in said(after)
    for one in goes:
        assert str(one.what) in before
    assert client.get("/today").status_code == 303, "signed out"


def test_after_it_nothing_of_the_person_is_anywhere(db_app, place):
    life = live()
    elsewhere = signed_in(db_app, life.person)
    answer = post(signed_in(db_app, life.person), "/account/erasure", form())
    assert "You are erased here" in said(answer)
    assert elsewhere.get("/today").headers["Location"].startswith("/sign-in")
    letters = []
    while delivery.deliver_due("test worker"):
        letters += [p.read_text("utf-8") for p in (place.data_dir / "mail").glob("*.eml")]
    assert any("last letter to this address" in letter for letter in letters)
    mail_out()
    files.sweep_removed()
    while jobs._do_one(db_app, "test worker"):
        pass
    text, disk = dump(), everything_on_disk(place).decode("utf-8", "replace")
    assert [word for word in TYPED if word in text] == []
    assert [word for word in TYPED if word in disk] == []


def test_what_is_left_is_a_row_without_anybody_in_it(db_app):
    life = live()
    kept = erase(life)
    s = db.session()
    row = s.get_one(Person, life.person, populate_existing=True)
    assert s.scalar(sa.text("SELECT name FROM person WHERE erased_at IS NOT NULL")) == ""
    assert (row.name, row.post, row.sex, row.languages, row.password_hash) == ("erased person", "", "unsaid", [], None)
    assert row.erased_at and row.archived_at
    assert not s.scalars(select(Address).where(Address.person_id == life.person)).all()
    intervals = s.scalars(select(Membership).where(Membership.person_id == life.person)).all()
    assert len(intervals) == 2 and all(i.ends_on and not i.end_reason and not i.destination_id for i in intervals)
    assert not queries.roles_of(life.person)
    assert s.scalars(select(CohortMember.withdrawn_at).where(CohortMember.person_id == life.person)).one()
    attempts = s.scalars(select(Attempt).where(Attempt.person_id == life.person)).all()
    assert any(a.passed for a in attempts) and not any(a.seed for a in attempts)
    answered = select(Response.answer).join(Attempt).where(Attempt.person_id == life.person)
    assert set(s.scalars(answered)) == {None}
    assert s.scalars(select(Enrolment).where(Enrolment.person_id == life.person)).one().state == "active"
    assert {str(one.what) for one in kept} >= {"Modules completed, with the result"}


def test_open_attempts_and_certificates_that_were_not_made_go_whole(db_app):
    life = live()
    with db.write():
        certificate = db.session().scalars(select(Certificate)).one()
        certificate.state, certificate.file_id, certificate.issued_at = "waiting", None, None
        db.session().execute(sa.delete(Attempt).where(Attempt.id.not_in(select(Response.attempt_id))))
        db.session().execute(sa.update(Attempt).where(Attempt.instrument == "assessment:concepts")
                             .values(submitted_at=None, passed=None, score=None))  # fmt: skip
    erase(life)
    assert not db.session().scalars(select(Certificate)).all()
    assert not db.session().scalars(select(Attempt).where(Attempt.instrument.startswith("assessment:"))).all()
    assert not evidence.issue_all()


def test_the_verification_page_says_that_details_were_erased_and_how_a_copy_is_compared(db_app):
    life = live()
    file = db.session().scalars(select(StoredFile).where(StoredFile.media_type == "application/pdf")).one()
    hashed, data = file.sha256, files.proved(file)
    db.end_read()
    erase(life)
    page = said(db_app.test_client().get(f"/verify/{life.code}"))
    assert "Valid" in page and "erased at their request" in page and hashed in page
    assert "Concepts" in page and "Quillfeather" not in page and "Statistics" not in page and "Result" not in page
    assert files.path_of(hashed).read_bytes() == data
    assert files.sweep_removed() == 2 and not files.path_of(hashed).exists()
    assert db_app.test_client().get(f"/verify/{life.code}").status_code == 200
    assert len(db.session().scalars(select(Certificate.snapshot_sha256)).one()) == 64


def test_between_the_commit_and_the_sweep_nobody_gets_the_file(db_app):
    """As after a kill between the two: the bytes lie on the disk, and no way through the application leads there."""
    life = live()
    certificate = certificates.certificates_of(life.person)[0]
    db.end_read()
    erase(life)
    assert files.path_of(
        db.session().scalars(select(StoredFile.sha256).where(StoredFile.media_type == "application/pdf")).one()
    ).exists()
    db.end_read()
    admin = signed_in(db_app, life.admin)
    answer = admin.get(f"/certificates/{certificate.id}")
    assert answer.status_code == 410 and "removed for good" in said(answer)
    parts = zipped(admin.get(f"/organisations/{life.office}/certificates.zip"))
    assert list(parts) == ["index.xlsx"]
    rows = CalamineWorkbook.from_filelike(io.BytesIO(parts["index.xlsx"])).get_sheet_by_index(0).to_python()
    index = "\n".join(str(row) for row in rows)
    assert "erased person" in index and "Its holder had it erased." in index and "Quillfeather" not in index
    assert admin.get(f"/admin/people/{life.person}/export.zip").status_code == 404


def test_bytes_that_another_file_has_too_stay(db_app):
    with db.write():
        one, other = files.store(b"the same", "text/plain", "a"), files.store(b"the same", "text/plain", "b")
        files.remove(one)
    assert files.sweep_removed() == 0
    assert files.read(other)[0] == b"the same"
    with pytest.raises(Refusal) as refused:
        files.read(one)
    assert refused.value.code == "file_removed"


def test_bytes_that_no_row_knows_go_after_a_day(db_app):
    files.keep(b"a worker was killed here")
    with db.write():
        files.store(b"wanted", "text/plain", "w")
    assert files.sweep() == 0
    assert files.sweep(older_than_seconds=-1) == 1


def test_everywhere_the_erased_person_stands_under_one_name(db_app):
    life = live()
    with db.write():
        cohorts.add_member(life.cohort, make.person("Awa Ba"))
    erase(life)
    names = [
        [line.name for line in cohort_queries.view(life.cohort).lines],
        [name for _role, name in cohort_queries.staff_of(life.cohort)],
        [line.name for line in queries.people_of_organisation(life.office, clock.today())],
        [line.name for line in queries.people_of_organisation(life.former, clock.today())],
        [line.name for line in queries.search("").lines],
    ]
    db.end_read()
    assert names == [
        ["Awa Ba", "erased person"], ["Ruth Alvarez", "Ruth Alvarez"], ["erased person"], ["erased person"],
        ["Awa Ba", "Root Admin", "Ruth Alvarez", "Sam Stranger"],
    ]  # fmt: skip
    client = signed_in(db_app, life.admin)
    for path in (f"/cohorts/{life.cohort}", f"/offices/{life.office}", f"/offices/{life.former}", "/admin/people"):
        page = client.get(path)
        assert page.status_code == 200 and "Quillfeather" not in page.text
        assert ("erased person" in page.text) == (path != "/admin/people"), path
    assert client.get(f"/cohorts/{life.cohort}/people/{life.person}").status_code == 404
    assert client.get(f"/admin/people/{life.person}").status_code == 404


def test_letters_are_blanked_and_those_that_are_due_do_not_leave(db_app, place):
    person = make.person(NAME, ADDRESS)
    make.role(make.person("Root Admin"), "administrator")
    states = ("due", "claimed", "sending", "sent", "failed", "unknown", "cancelled")
    with db.write() as s:
        for number, state in enumerate(states):
            notice = Notice(kind="people.reset", subject=str(number), due_on=clock.today(), recipient=str(person),
                            data={}, created_at=clock.now())  # fmt: skip
            s.add(notice)
            s.flush()
            s.add(OutboxMessage(notice_id=notice.id, address=ADDRESS, name=NAME, language="en", title=NAME, body=NAME,
                                state=state, not_before=clock.now(), error=f"550 <{ADDRESS}>"))  # fmt: skip
    with db.write():
        service.erase(person, person)
    rows = (
        db.session()
        .execute(select(Notice.subject, OutboxMessage).join(Notice).where(Notice.kind == "people.reset"))
        .all()
    )
    assert {(r.address, r.name, r.title, r.body, r.error) for _n, r in rows} == {("", "", "", "", None)}
    assert {states[int(n)]: r.state for n, r in rows} == {
        "due": "cancelled", "claimed": "cancelled", "sending": "unknown", "sent": "sent", "failed": "cancelled",
        "unknown": "cancelled", "cancelled": "cancelled",
    }  # fmt: skip
    lost = next(r.id for n, r in rows if states[int(n)] == "sending")
    db.end_read()
    assert refusal_of(lambda: mail.send_again(lost, None)) == "letter_moved_on"
    assert delivery.deliver_due("test worker") == 1  # the last letter, and no other


def test_the_last_letter_is_not_kept_when_it_cannot_be_delivered_either(db_app):
    person = make.person(NAME, ADDRESS)
    make.role(make.person("Root Admin"), "administrator")
    with db.write():
        service.erase(person, person)
    with db.write() as s:
        s.execute(sa.update(OutboxMessage).values(state="failed", error=f"550 <{ADDRESS}> is unknown"))
    mail_out()
    row = db.session().scalars(select(OutboxMessage)).one()
    assert (row.state, row.address, row.name, row.title, row.body, row.error) == ("cancelled", "", "", "", "", None)


# --- what is refused ---


def test_the_last_administrator_stays(db_app):
    admin = make.role(make.person(), "administrator")
    client = signed_in(db_app, admin)
    page = client.get("/account/erasure")
    assert "Name another administrator first" in said(page) and 'name="password"' not in page.text
    answer = post(client, "/account/erasure", form())
    assert answer.status_code == 409 and "Name another administrator first" in said(answer)
    assert queries.viewer_of(admin) is not None


def test_the_only_focal_point_of_an_office_names_another_first_who_must_have_joined(db_app):
    office = make.organisation("Statistics Tavara")
    focal = make.role(make.person(organisation_id=office), "focal_point", "organisation", office)
    client = signed_in(db_app, focal)
    assert "Name another focal point for Statistics Tavara first." in said(post(client, "/account/erasure", form()))
    second = make.role(make.person(joined=False), "focal_point", "organisation", office)
    assert "is named, but has not joined yet" in said(post(client, "/account/erasure", form()))
    with db.write() as s:
        s.get_one(Person, second).password_hash = "x"
    assert post(client, "/account/erasure", form()).status_code == 200


def test_two_administrators_who_go_at_once_leave_one(db_app):
    pair = [make.role(make.person(f"Admin {n}"), "administrator") for n in "ab"]
    clients = [signed_in(db_app, person) for person in pair]
    with ThreadPoolExecutor(2) as pool:
        codes = sorted(pool.map(lambda client: post(client, "/account/erasure", form()).status_code, clients))
    assert codes == [200, 409]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"password": "not my password"}, "This is not your password."),
        ({"password": ""}, "Write your password."),
        ({"word": "yes"}, "Write the word"),
        ({"word": ""}, "Write the word."),
    ],
)
def test_a_wrong_password_or_word_erases_nobody(db_app, given, words):
    person = make.person()
    client = signed_in(db_app, person)
    answer = post(client, "/account/erasure", form(**given))
    assert answer.status_code == 422 and words in said(answer)
    assert client.get("/account").status_code == 200


def test_the_word_is_taken_in_capitals(db_app):
    assert post(signed_in(db_app, make.person()), "/account/erasure", form(word=" ERASE ")).status_code == 200


def test_an_administrator_erases_on_request_with_a_reason_and_never_themselves(db_app):
    life = live()
    other = make.role(make.person("Second Admin"), "administrator")
    client = signed_in(db_app, life.admin)
    path = f"/admin/people/{life.person}/erasure"
    assert "Zéphyrine" in client.get(path).text
    assert post(client, path, form()).status_code == 422, "a reason"
    answer = post(client, path, form(reason="asked_in_writing"))
    assert answer.status_code == 200 and "The person is erased" in said(answer)
    assert post(client, path, form(reason="asked_in_writing")).status_code == 404, "twice is once"
    assert client.get(f"/admin/people/{life.admin}/erasure").status_code == 403
    assert post(client, f"/admin/people/{life.admin}/erasure", form(reason="asked_in_person")).status_code == 403
    assert queries.viewer_of(life.admin) and queries.viewer_of(other)


def test_who_is_being_erased_completes_nothing_any_more(db_app):
    """A completion that waited for the erasure's lock finds nobody to certify."""
    life = live()
    erase(life)
    with db.write():
        evidence.completed.send(evidence.completion(life.person))
    assert db.session().scalar(select(sa.func.count(Certificate.id))) == 1


def test_twice_is_once(db_app):
    life = live()
    assert erase(life) and erase(life) == []
    told = select(sa.func.count(Notice.id)).where(Notice.kind == "people.erased")
    assert db.session().scalar(told) == 1


def test_eight_at_once_are_one(db_app):
    life = live()
    clients = [signed_in(db_app, life.person) for _n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda client: post(client, "/account/erasure", form()).status_code, clients))
    assert codes.count(200) >= 1 and set(codes) <= {200, 303, 401, 422}
    entries = select(sa.func.count(audit.models.Entry.id)).where(audit.models.Entry.verb == "people.erased")
    assert db.session().scalar(entries) == 1


def test_a_failure_in_the_last_room_leaves_everything_as_it_was(db_app, monkeypatch):
    life = live()
    before = dump()

    def fails(*_given, **_named):
        raise RuntimeError("killed")

    monkeypatch.setattr("lms.people.service.erasure.notify", fails)
    with pytest.raises(RuntimeError):
        erase(life)
    assert dump() == before


def test_records_that_were_merged_go_and_are_told_together(db_app):
    life = live()
    with db.write():
        triplet = make.person("Z. Quillfeather", "z@quillfeather.example")
        service.merge_records(life.person, triplet, life.admin, "Quillfeather both times")
    ids = queries.identities(triplet)
    assert ids[0] == life.person and triplet in ids and len(ids) == 3
    db.end_read()
    told = zipped(signed_in(db_app, life.person).get("/account/export.zip"))["about-me.json"].decode()
    assert "z@quillfeather.example" in told and "q@quillfeather.example" in told
    with db.write():
        assert service.erase(triplet, life.person), "by any of their records it is the human who goes"
    mail_out()
    assert "uillfeather" not in dump()


def test_an_administrator_does_not_erase_themselves_through_a_record_of_theirs_that_was_merged(db_app):
    admin = make.role(make.person("Root Admin"), "administrator")
    other = make.role(make.person("Second Admin"), "administrator")
    twin = make.person("R. Admin")
    with db.write():
        service.merge_records(admin, twin, other, "The same passport")
    client = signed_in(db_app, admin)
    assert client.get(f"/admin/people/{twin}/erasure").status_code == 403
    assert post(client, f"/admin/people/{twin}/erasure", form(reason="asked_in_writing")).status_code == 403
    assert refusal_of(lambda: service.erase(twin, admin, "asked_in_writing")) == "own_erasure"


def test_a_focal_point_who_joined_by_a_merged_record_answers_for_the_office(db_app):
    office = make.organisation("Statistics Tavara")
    admin = make.role(make.person("Root Admin"), "administrator")
    focal = make.role(make.person(organisation_id=office), "focal_point", "organisation", office)
    second = make.role(make.person(joined=False), "focal_point", "organisation", office)
    twin = make.person("The one who joined")
    with db.write():
        service.merge_records(second, twin, admin, "The same passport")
    assert post(signed_in(db_app, focal), "/account/erasure", form()).status_code == 200


def test_a_survey_link_of_somebody_erased_is_none_of_ours(db_app):
    life = live()
    erase(life)
    row = db.session().scalars(select(SurveyInvitation)).one()
    assert row.recipient_id is None and row.token_hash != "0" * 64
    assert db.session().scalars(select(OfficeAnswer.answered_by)).one() is None


def test_who_decides_on_a_nomination_and_who_made_it_stand_on_the_page(db_app):
    life = live()
    abroad = make.organisation("Statistics Abroad", "CL")
    nominee = make.person("Nominee", organisation_id=abroad)
    focal = make.role(make.person("Focal Abroad", organisation_id=abroad), "focal_point", "organisation", abroad)
    with db.write() as s:
        s.add(
            Nomination(
                cohort_id=life.cohort, organisation_id=abroad, person_id=nominee, nominated_by=focal,
                nominated_at=clock.now(), state="nominated",
            )
        )  # fmt: skip
    seen = {seer.name: " ".join(g.shows) for g in held.who_sees(nominee) for seer in g.people}
    assert "how they ended" in seen["Ruth Alvarez"] and "lessons you did" not in seen["Ruth Alvarez"]
    assert "this office made of you" in seen["Focal Abroad"]
