"""A certificate's life: born once, frozen, rendered by the worker, issued once, told once."""

import io
import logging
import threading
from datetime import UTC, date, datetime, timedelta

import make
import pytest
import time_machine
from evidence import NOON, completion, earned, issue_all, issued
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import func, select, update

from lms import clock, db
from lms.audit.models import Entry
from lms.certificates import queries, rules, service
from lms.certificates.models import Certificate
from lms.curriculum import index
from lms.files import service as files
from lms.files.models import StoredFile
from lms.learning.signals import completed
from lms.mail.models import Notice, OutboxMessage
from lms.people import rules as people_rules
from lms.people import service as people
from lms.people.models import Membership, Person

REASON = sorted(people_rules.REASONS)[0]


def count(model: type[db.Base]) -> int:
    db.end_read()
    return db.session().scalar(select(func.count()).select_from(model)) or 0


def rename(person_id, name: str, latin: str = "Amina Diallo") -> None:
    with db.write():
        people.change_profile(
            person_id,
            person_id,
            name=name,
            name_latin=latin,
            sex="unsaid",
            post="",
            language="en",
            time_zone="UTC",
        )


def test_a_completion_brings_a_waiting_certificate_with_every_printed_field(db_app: Flask):
    office = make.organisation("Statistics Tavara", time_zone="Africa/Lagos")
    person = make.person("Élise Ouédraogo", organisation_id=office, starts_on=date(2024, 1, 1))
    held = queries.by_id(earned(person))
    lessons = index.current().module("concepts").lessons[:3]
    assert held.state == "waiting" and held.file_id is None and held.status == "prepared"
    assert held.snapshot == {
        "language": "en",
        "time_zone": "Africa/Lagos",
        "name": "Élise Ouédraogo",
        "name_latin": "",
        "course": "Foundations of migration statistics",
        "what": "lessons 1 to 3 of Concepts",
        "whole": False,
        "lessons": [{"number": n.number, "title": n.short, "minutes": n.minutes} for n in lessons],
        "minutes": 65,
        "percent": 88,
        "completed_on": "2026-03-15",
        "valid_until": "2029-03-14",
        "organisations": ["Statistics Tavara"],
        "programme": db_app.config["LMS"].programme_name,
        "code": held.code,
    }
    assert rules.normalise(held.code) == held.code


def test_a_whole_module_is_named_and_not_its_lessons(db_app: Flask):
    module = index.current().module("concepts")
    held = queries.by_id(earned(make.person(), extent="module", lessons=[n.id for n in module.lessons]))
    assert held.snapshot["whole"] and held.snapshot["what"] == module.title
    assert held.title == module.title


def test_scattered_lessons_are_counted_up(db_app: Flask):
    lessons = index.current().module("concepts").lessons
    one = queries.by_id(earned(make.person(), lessons=[lessons[1].id]))
    two = queries.by_id(earned(make.person(), lessons=[lessons[0].id, lessons[3].id]))
    assert one.snapshot["what"] == "lesson 2 of Concepts"
    assert two.title == "Lessons 1, 4 of Concepts"


def test_the_day_is_the_day_where_the_holder_is(db_app: Flask):
    late = datetime(2026, 3, 15, 22, 30, tzinfo=UTC)
    held = queries.by_id(earned(make.person(time_zone="Asia/Manila"), at=late))
    assert held.completed_on == date(2026, 3, 16) and held.valid_until == date(2029, 3, 15)


def test_only_the_office_of_that_day_is_named(db_app: Flask):
    former, present = make.organisation("Former Office"), make.organisation("Present Office")
    person = make.person(organisation_id=former, starts_on=date(2024, 1, 1))
    with db.write() as s:
        membership = s.scalars(select(Membership.id).where(Membership.person_id == person)).one()
        people.end_membership(membership, date(2026, 3, 15), REASON)
        people.start_membership(person, present, date(2026, 3, 15))
    assert queries.by_id(earned(person)).snapshot["organisations"] == ["Present Office"]
    yesterday = queries.by_id(earned(person, at=NOON - timedelta(days=1)))
    assert yesterday.snapshot["organisations"] == ["Former Office"]


def test_the_name_of_an_office_is_in_the_language_of_the_holder(db_app: Flask):
    office = make.organisation("Statistics Tavara", names={"fr": "Statistique Tavara"})
    person = make.person(language="fr", organisation_id=office, starts_on=date(2024, 1, 1))
    snapshot = queries.by_id(earned(person)).snapshot
    assert snapshot["organisations"] == ["Statistique Tavara"]
    assert snapshot["course"] == "Fondements des statistiques des migrations"


def test_thirty_at_once_make_one_certificate(db_app: Flask):
    person = make.person()
    with db.write():
        event = completion(person)
    errors: list[BaseException] = []
    together = threading.Barrier(30)

    def complete() -> None:
        with db_app.app_context():
            together.wait()
            try:
                with db.write():
                    completed.send(event)
            except BaseException as error:
                errors.append(error)

    threads = [threading.Thread(target=complete) for _n in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert count(Certificate) == 1


def test_a_code_that_is_taken_is_drawn_again(db_app: Flask, monkeypatch: pytest.MonkeyPatch):
    first = queries.by_id(earned(make.person()))
    drawn = iter([first.code, first.code, "DRM-0000-0000-0000"])
    monkeypatch.setattr("lms.certificates.rules.new_code", lambda: next(drawn))
    other = make.person()
    earned(other)
    assert queries.certificates_of(other)[0].code == "DRM-0000-0000-0000"


def test_a_certificate_and_its_completion_are_written_together_or_not_at_all(db_app: Flask):
    person = make.person()
    with pytest.raises(ZeroDivisionError), db.write():
        completed.send(completion(person))
        raise ZeroDivisionError
    assert count(Certificate) == 0


def test_the_worker_issues_it_once_stores_one_file_and_tells_once(db_app: Flask):
    person = make.person("Amina Diallo", "amina@example.org")
    certificate = earned(person)
    assert issue_all() == 1 and issue_all() == 0
    held = queries.by_id(certificate)
    assert held.state == "issued" and held.issued_at is not None
    data, row = files.read(held.file_id)
    assert row.name == f"Amina Diallo, {held.code}.pdf" and row.media_type == "application/pdf"
    text = PdfReader(io.BytesIO(data)).pages[0].extract_text()
    assert "Amina Diallo" in text and held.code in text
    assert (count(StoredFile), count(Notice), count(OutboxMessage)) == (1, 1, 1)
    letter = db.session().scalars(select(OutboxMessage)).one()
    assert letter.address == "amina@example.org"
    assert "lessons 1 to 3 of Concepts" in letter.title
    assert f"http://localhost/verify/{held.code}" in letter.body and "http://localhost/certificates" in letter.body
    verbs = db.session().scalars(select(Entry.verb).where(Entry.object_kind == "certificate")).all()
    assert verbs == ["certificates.issued"]


def test_a_name_that_is_not_confirmed_blocks_and_confirming_it_unblocks(db_app: Flask):
    person = make.person("Amina Dialo", joined=False)
    certificate = earned(person)
    held = queries.by_id(certificate)
    assert (held.state, held.blocked_reason, held.status) == ("blocked", "name", "prepared")
    assert issue_all() == 0
    rename(person, "Amina Diallo")
    assert queries.by_id(certificate).state == "waiting"
    assert issue_all() == 1
    held = queries.by_id(certificate)
    assert held.state == "issued" and held.snapshot["name"] == "Amina Diallo"


def test_a_letter_that_no_font_has_blocks_and_another_name_unblocks(db_app: Flask):
    person = make.person("Amina")
    with db.write() as s:
        s.execute(update(Person).where(Person.id == person).values(name="Amina ⵣⵉ", name_latin="Amina Zi"))
    certificate = earned(person)
    assert issue_all() == 1
    held = queries.by_id(certificate)
    assert (held.state, held.blocked_reason) == ("blocked", "letters:ⵣⵉ")
    assert count(StoredFile) == 0 and count(OutboxMessage) == 0
    rename(person, "Amina Zi")
    assert issue_all() == 1
    assert queries.by_id(certificate).state == "issued"


def test_a_letter_is_tried_again_when_the_worker_starts_anew(db_app: Flask):
    person = make.person("Amina")
    with db.write() as s:
        s.execute(update(Person).where(Person.id == person).values(name="Amina ⵣ"))
    certificate = earned(person)
    assert issue_all() == 1
    service.retry_letters("a worker")
    assert queries.by_id(certificate).state == "waiting"
    assert issue_all() == 1
    assert queries.by_id(certificate).state == "blocked", "the font is still not there"


def test_looking_for_what_waits_uses_the_partial_index(db_app: Flask):
    query = select(Certificate.id).where(Certificate.state == queries.WAITING).limit(1)
    text = query.compile(db.engine(), compile_kwargs={"literal_binds": True})
    connection = db.session().connection()
    if db.engine().dialect.name == "sqlite":
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").fetchall()
    else:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = connection.exec_driver_sql(f"EXPLAIN {text}").fetchall()
    assert "ix_certificate_waiting" in str(plan)


def test_what_is_issued_keeps_its_name_for_ever(db_app: Flask):
    person = make.person("Amina Diallo")
    held = issued(person)
    rename(person, "Amina Traoré")
    assert issue_all() == 0
    again = queries.by_id(held.id)
    assert again.snapshot == held.snapshot and again.file_id == held.file_id


def test_a_name_that_changes_while_it_is_rendered_is_the_name_that_is_printed(db_app: Flask):
    person = make.person("Amina Diallo")
    certificate = earned(person)
    with db.write():
        claimed = service.claim("one")
    rename(person, "Amina Traoré")
    with pytest.raises(service._Lost), db.write():
        service.issue(claimed, b"%PDF of the old name")
    assert count(StoredFile) == 0
    assert issue_all() == 1
    held = queries.by_id(certificate)
    assert held.snapshot["name"] == "Amina Traoré"
    assert "Amina Traoré" in PdfReader(io.BytesIO(files.read(held.file_id)[0])).pages[0].extract_text()


def test_a_worker_that_went_silent_is_replaced_and_its_late_work_changes_nothing(db_app: Flask):
    certificate = earned(make.person())
    with db.write():
        first = service.claim("first")
    with db.write():
        assert service.claim("second") is None
    db.end_read()
    assert not service.issue_waiting("second")
    with time_machine.travel(clock.now() + service.LEASE + timedelta(seconds=1), tick=True):
        assert issue_all() == 1
        for late in (lambda: service.issue(first, b"%PDF late"), lambda: service.block(first, "letters:x")):
            with pytest.raises(service._Lost), db.write():
                late()
        with db.write():
            service.put_off(first)
    assert queries.by_id(certificate).state == "issued"
    assert (count(StoredFile), count(OutboxMessage)) == (1, 1)


def test_eight_workers_claim_each_certificate_once(db_app: Flask):
    born = {earned(make.person()) for _n in range(12)}
    taken: list[object] = []

    def take(name: str) -> None:
        with db_app.app_context():
            while True:
                with db.write():
                    claimed = service.claim(name)
                if claimed is None:
                    return
                taken.append(claimed.id)

    threads = [threading.Thread(target=take, args=(f"w{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 12 and set(taken) == born


def test_one_that_cannot_be_made_is_logged_and_put_off_and_holds_no_other_up(db_app: Flask, caplog):
    broken, good = earned(make.person()), earned(make.person())
    with db.write() as s:
        s.execute(update(Certificate).where(Certificate.id == broken).values(snapshot={"language": "en"}))
    with caplog.at_level(logging.ERROR):
        assert issue_all() == 2
    assert str(broken) in caplog.text
    assert db.session().get_one(Certificate, good).state == "issued"
    waits = db.session().get_one(Certificate, broken)
    assert waits.state == "waiting" and waits.lease_until > clock.now()
    db.end_read()
    with time_machine.travel(clock.now() + timedelta(seconds=61), tick=True):
        assert issue_all() == 1
    assert db.session().get_one(Certificate, broken, populate_existing=True).tries == 2


def test_an_office_has_what_was_earned_there_and_nothing_newer(db_app: Flask):
    office = make.organisation()
    person = make.person(organisation_id=office, starts_on=date(2026, 1, 1))
    there = earned(person)
    before = earned(person, at=datetime(2025, 12, 31, 12, tzinfo=UTC))
    with db.write() as s:
        membership = s.scalars(select(Membership.id).where(Membership.person_id == person)).one()
        people.end_membership(membership, date(2026, 4, 1), REASON)
    after = earned(person, at=datetime(2026, 4, 1, 12, tzinfo=UTC))
    assert [held.id for held in queries.of_organisation(office)] == [there]
    assert {held.id for held in queries.certificates_of(person)} == {there, before, after}
    assert ("organisation", str(office)) in queries.target_of(there).scopes
    assert ("organisation", str(office)) not in queries.target_of(after).scopes


def test_what_it_tells_of_a_persons_past(db_app: Flask):
    person = make.person()
    held = issued(person)
    earned(person)
    with db_app.test_request_context():
        (event,) = queries.events_of(person)
    assert (event.at, event.kind, event.link) == (held.issued_at, "certificate", f"/certificates/{held.id}")
    assert "lessons 1 to 3 of Concepts" in event.text
