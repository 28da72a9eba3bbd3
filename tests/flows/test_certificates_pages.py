"""What people see of certificates: their own, an office's, and the page where anyone checks one."""

import io
import re
import zipfile
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID

import make
import pytest
import time_machine
from evidence import NOON, earned, issue_all, issued
from flask import Flask
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import event, select, update

from lms import clock, db
from lms.certificates import queries
from lms.certificates.models import Certificate
from lms.cohorts import service as cohorts
from lms.files import service as files
from lms.people import service as people
from lms.people.models import Membership, Person, StaffConfirmation
from lms.policy import define


def signed_in(app: Flask, person_id: UUID) -> FlaskClient:
    return make.sign_in(app.test_client(), person_id)


def cohort(*members: UUID) -> UUID:
    with db.write():
        key = cohorts.create_cohort("West 3", "foundations", date(2026, 1, 1), date(2026, 12, 31), {})
        for member in members:
            cohorts.add_member(key, member)
    return key


def words(page: Any) -> str:
    """The text of a page's main part, without marks."""
    main = re.search(r"<main.*?</main>", page.get_data(as_text=True), re.S)
    assert main
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main[0])).split())


def statements(work: Any) -> list[str]:
    seen: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            seen.append(statement)

    event.listen(db.engine(), "before_cursor_execute", listen)
    try:
        work()
    finally:
        event.remove(db.engine(), "before_cursor_execute", listen)
    return seen


# --- one's own ----------------------------------------------------------------------------------------


def test_the_list_says_what_one_holds_and_what_is_on_its_way(db_app: Flask):
    person = make.person()
    client = signed_in(db_app, person)
    assert "You hold no certificate yet" in words(client.get("/certificates"))
    certificate = earned(person)
    page = client.get("/certificates")
    assert "Your certificate is being prepared" in words(page)
    assert f'hx-get="/certificates/{certificate}"' in page.text and "<noscript><meta http-equiv" in page.text
    issue_all()
    page = client.get("/certificates")
    assert "You hold 1 certificate" in words(page) and "Lessons 1 to 3 of Concepts" in words(page)
    assert "hx-get" not in page.text and "http-equiv" not in page.text
    assert f'href="/certificates/{certificate}"' in page.text


def test_the_list_takes_two_statements_however_many_certificates(db_app: Flask):
    person = make.person()
    for days in range(3):
        earned(person, at=NOON + timedelta(days=days))
    client = signed_in(db_app, person)
    assert len(statements(lambda: client.get("/certificates"))) <= 2


def test_a_download_is_the_file_that_was_stored(db_app: Flask):
    person = make.person("Élise Ouédraogo")
    held = issued(person)
    answer = signed_in(db_app, person).get(f"/certificates/{held.id}")
    assert answer.status_code == 200 and answer.data == files.read(held.file_id)[0]
    assert answer.data.startswith(b"%PDF-") and answer.mimetype == "application/pdf"
    assert "filename*=UTF-8''%C3%89lise%20Ou%C3%A9draogo" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_while_it_waits_the_address_is_a_page_that_asks_for_news(db_app: Flask):
    office = make.organisation()
    person = make.person(organisation_id=office, starts_on=date(2025, 1, 1))
    certificate = earned(person)
    path, asking = f"/certificates/{certificate}", {"HX-Request": "true"}
    own = signed_in(db_app, person)
    other = signed_in(db_app, make.role(make.person(), "focal_point", "organisation", office))
    page = own.get(path)
    assert page.status_code == 200 and "being prepared It takes a few seconds" in words(page)
    assert "every 2s" in page.text and '<noscript><meta http-equiv="refresh"' in page.text
    assert own.get(path, headers=asking).status_code == other.get(path, headers=asking).status_code == 204
    issue_all()
    assert own.get(path, headers=asking).headers["HX-Redirect"] == "/certificates"
    line = other.get(path, headers=asking).text
    assert "every 2s" not in line and "Download" in line and "Valid until" in line


def test_what_blocks_it_is_told_to_its_holder_with_what_to_do(db_app: Flask):
    unnamed = make.person("Amina Diallo", joined=False)
    earned(unnamed)
    page = signed_in(db_app, unnamed).get("/certificates")
    assert "Your certificate waits for you" in words(page) and "Confirm your name" in words(page)
    strange = make.person("Amina")
    with db.write() as s:
        s.execute(update(Person).where(Person.id == strange).values(name="Amina ⵣ"))
    certificate = earned(strange)
    issue_all()
    client = signed_in(db_app, strange)
    page = client.get("/certificates")
    assert "Our fonts do not have this letter: ⵣ" in words(page)
    assert 'href="/account"' in page.text
    admin = signed_in(db_app, make.role(make.person(), "administrator"))
    page = admin.get(f"/certificates/{certificate}")
    assert "waits for its holder" in words(page) and "Write your name" not in words(page)


def test_a_damaged_file_is_told_and_not_sent(db_app: Flask):
    person = make.person()
    held = issued(person)
    path = files.path_of(files.read(held.file_id)[1].sha256)
    db.end_read()
    path.write_bytes(b"%PDF- something else")
    answer = signed_in(db_app, person).get(f"/certificates/{held.id}")
    assert answer.status_code == 500 and "damaged" in words(answer)


# --- whose it is --------------------------------------------------------------------------------------


def test_who_may_download_and_who_is_told_that_there_is_nothing(db_app: Flask):
    office, other_office = make.organisation("Here"), make.organisation("Elsewhere")
    holder = make.person(organisation_id=office, starts_on=date(2025, 1, 1))
    colleague = make.person(organisation_id=office, starts_on=date(2025, 1, 1))
    held = issued(holder)
    own_cohort, other_cohort = cohort(holder), cohort(make.person())
    may = [
        holder,
        make.role(make.person(), "focal_point", "organisation", office),
        make.role(make.person(), "facilitator", "cohort", own_cohort),
        make.role(make.person(), "coordinator", "cohort", own_cohort),
        make.role(make.person(), "administrator"),
    ]
    may_not = [
        colleague,
        make.role(make.person(), "focal_point", "organisation", other_office),
        make.role(make.person(), "facilitator", "cohort", other_cohort),
        make.role(make.person(), "coordinator", "cohort", other_cohort),
        make.role(make.person(), "observer"),
    ]
    for person in may:
        assert signed_in(db_app, person).get(f"/certificates/{held.id}").data.startswith(b"%PDF-")
    for person in may_not:
        client = signed_in(db_app, person)
        refused, unknown = client.get(f"/certificates/{held.id}"), client.get(f"/certificates/{db.new_id()}")
        assert refused.status_code == unknown.status_code == 404
        assert refused.data.replace(str(held.id).encode(), b"") == re.sub(rb"[0-9a-f-]{36}", b"", unknown.data)
        fragment = client.get(f"/certificates/{held.id}", headers={"HX-Request": "true"})
        assert fragment.status_code == 404 and held.code not in fragment.text


def test_after_they_left_the_office_keeps_what_was_earned_there_and_sees_nothing_new(db_app: Flask):
    office = make.organisation()
    holder = make.person(organisation_id=office, starts_on=date(2025, 1, 1))
    there = issued(holder)
    with db.write() as s:
        membership = s.scalars(select(Membership.id).where(Membership.person_id == holder)).one()
        people.end_membership(membership, date(2026, 4, 1), "unknown")
    later = issued(holder, at=datetime(2026, 5, 1, tzinfo=UTC))
    focal_point = signed_in(db_app, make.role(make.person(), "focal_point", "organisation", office))
    assert focal_point.get(f"/certificates/{there.id}").status_code == 200
    assert focal_point.get(f"/certificates/{later.id}").status_code == 404
    archive = zipfile.ZipFile(io.BytesIO(focal_point.get(f"/organisations/{office}/certificates.zip").data))
    assert any(there.code in name for name in archive.namelist())
    assert not any(later.code in name for name in archive.namelist())


def test_signed_out_one_is_sent_to_sign_in(db_app: Flask, client: FlaskClient):
    for path in ("/certificates", f"/certificates/{db.new_id()}", f"/organisations/{db.new_id()}/certificates.zip"):
        answer = client.get(path)
        assert answer.status_code == 303 and answer.headers["Location"].startswith("/sign-in?next=")


# --- an office's, as an archive ---------------------------------------------------------------------


def test_an_office_downloads_all_of_its_certificates_with_a_list(db_app: Flask):
    office = make.organisation()
    names = ["Élise Ouédraogo", "N'Guessan d'Almeida", "ليلى حدّاد", "Amina Diallo"]
    held = []
    for name in names:
        person = make.person(name, organisation_id=office, starts_on=date(2025, 1, 1), name_latin="Somebody")
        held.append(issued(person))
    issued(make.person("Of No Office"))
    earned(make.person("Not Yet", organisation_id=office, starts_on=date(2025, 1, 1)))
    with db.write() as s:
        s.execute(
            update(Certificate)
            .where(Certificate.id == held[3].id)
            .values(snapshot=held[3].snapshot | {"name": "=1+1|cmd/../x"})
        )
    focal_point = signed_in(db_app, make.role(make.person(), "focal_point", "organisation", office))
    answer = focal_point.get(f"/organisations/{office}/certificates.zip")
    assert answer.mimetype == "application/zip" and "attachment" in answer.headers["Content-Disposition"]
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert archive.testzip() is None
    assert sorted(archive.namelist()) == sorted(
        [
            f"Élise Ouédraogo, {held[0].code}.pdf",
            f"N'Guessan d'Almeida, {held[1].code}.pdf",
            f"ليلى حدّاد, {held[2].code}.pdf",
            f"=1+1 cmd .. x, {held[3].code}.pdf",
            "index.xlsx",
        ]
    )
    assert all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())
    assert archive.read(f"ليلى حدّاد, {held[2].code}.pdf") == files.read(held[2].file_id)[0]
    above, heads, *lines = sheet_of(archive)
    assert above[0].startswith("Statistics Tavara. As of ") and "The staff was never confirmed." in above[0]
    assert heads[0] == "Name" and len(lines) == 4
    by_code = {line[7]: line for line in lines}
    assert by_code[held[3].code][0] == "=1+1|cmd/../x"  # a text, and not computed
    assert by_code[held[0].code][:7] == [
        "Élise Ouédraogo",
        "Somebody",
        "lessons 1 to 3 of Concepts",
        "Foundations of migration statistics",
        date(2026, 3, 15),
        date(2029, 3, 14),
        88,
    ]
    assert by_code[held[3].code][8] == f"=1+1 cmd .. x, {held[3].code}.pdf"
    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(archive.read("index.xlsx"))).read("xl/worksheets/sheet1.xml")


def sheet_of(archive: zipfile.ZipFile) -> list[list[Any]]:
    """The rows of the sheet in an archive, as a spreadsheet reads them."""
    return CalamineWorkbook.from_filelike(io.BytesIO(archive.read("index.xlsx"))).get_sheet_by_index(0).to_python()


def test_the_sheet_says_when_the_staff_was_confirmed_and_runs_from_right_to_left_in_arabic(db_app: Flask):
    office = make.organisation(names={"ar": "إحصاء تافارا"})
    issued(make.person(organisation_id=office, starts_on=date(2025, 1, 1)))
    admin = make.role(make.person(), "administrator")
    with db.write() as s:
        facts = {"confirmed_at": clock.now(), "present": 1}
        s.add(StaffConfirmation(organisation_id=office, confirmed_on=date(2026, 2, 1), **facts))
    answer = signed_in(db_app, admin).get(f"/organisations/{office}/certificates.zip?lang=ar")
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    above = sheet_of(archive)[0][0]
    assert above.startswith("إحصاء تافارا") and "٢٠٢٦" in above
    inside = zipfile.ZipFile(io.BytesIO(archive.read("index.xlsx"))).read("xl/worksheets/sheet1.xml")
    assert b'rightToLeft="1"' in inside and b'state="frozen"' in inside


def test_a_damaged_file_is_left_out_of_the_archive_and_the_list_says_so(db_app: Flask):
    office = make.organisation()
    whole = issued(make.person("Whole", organisation_id=office, starts_on=date(2025, 1, 1)))
    broken = issued(make.person("Broken", organisation_id=office, starts_on=date(2025, 1, 1)))
    files.path_of(files.read(broken.file_id)[1].sha256).unlink()
    db.end_read()
    admin = signed_in(db_app, make.role(make.person(), "administrator"))
    archive = zipfile.ZipFile(io.BytesIO(admin.get(f"/organisations/{office}/certificates.zip").data))
    assert archive.namelist() == [f"Whole, {whole.code}.pdf", "index.xlsx"]
    assert "left out" in str(sheet_of(archive))


def test_a_large_archive_is_streamed_and_is_the_same(db_app: Flask, monkeypatch: pytest.MonkeyPatch):
    office = make.organisation()
    for n in range(3):
        issued(make.person(f"Person {n}", organisation_id=office, starts_on=date(2025, 1, 1)))
    admin = signed_in(db_app, make.role(make.person(), "administrator"))
    whole = admin.get(f"/organisations/{office}/certificates.zip")
    monkeypatch.setattr("lms.files.zipped.WHOLE", 1000)
    streamed = admin.get(f"/organisations/{office}/certificates.zip")
    assert "Content-Length" in whole.headers and "Content-Length" not in streamed.headers
    one, other = (zipfile.ZipFile(io.BytesIO(answer.data)) for answer in (whole, streamed))
    assert one.namelist() == other.namelist() and len(one.namelist()) == 4
    assert all(one.read(name) == other.read(name) for name in one.namelist() if name.endswith(".pdf"))
    assert sheet_of(one)[1:] == sheet_of(other)[1:]


def test_an_archive_is_for_its_office_and_for_the_administrator(db_app: Flask):
    office, other = make.organisation("Here"), make.organisation("Elsewhere")
    holder = make.person(organisation_id=office, starts_on=date(2025, 1, 1))
    for person, role, scope, scope_id in (
        (holder, None, "", ""),
        (make.person(), "focal_point", "organisation", other),
        (make.person(), "observer", "programme", ""),
        (make.person(), "coordinator", "cohort", cohort(holder)),
    ):
        if role:
            make.role(person, role, scope, scope_id)
        client = signed_in(db_app, person)
        refused = client.get(f"/organisations/{office}/certificates.zip")
        unknown = client.get(f"/organisations/{db.new_id()}/certificates.zip")
        assert refused.status_code == unknown.status_code == 404
        assert re.sub(rb"[0-9a-f-]{36}", b"", refused.data) == re.sub(rb"[0-9a-f-]{36}", b"", unknown.data)


def test_an_office_without_certificates_gets_an_empty_list(db_app: Flask):
    office = make.organisation()
    admin = signed_in(db_app, make.role(make.person(), "administrator"))
    archive = zipfile.ZipFile(io.BytesIO(admin.get(f"/organisations/{office}/certificates.zip").data))
    assert archive.namelist() == ["index.xlsx"] and len(sheet_of(archive)) == 2


# --- checking one -------------------------------------------------------------------------------------


def test_anyone_may_check_a_code_however_it_is_typed(db_app: Flask, client: FlaskClient):
    held = issued(make.person("Élise Ouédraogo"))
    assert "Check a certificate" in words(client.get("/verify"))
    answer = client.get("/verify", query_string={"code": held.code.lower().replace("-", " ")[4:]})
    assert answer.status_code == 302 and answer.headers["Location"] == f"/verify/{held.code}"
    page = client.get(f"/verify/{held.code}")
    assert page.status_code == 200 and page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert re.search(r"<h1[^>]*>✓ Valid</h1>", page.text)


def test_the_page_shows_every_printed_field_and_nothing_else_about_the_person(db_app: Flask, client: FlaskClient):
    office = make.organisation("Statistics Tavara")
    person = make.person(
        "ليلى حدّاد",
        "layla@example.org",
        name_latin="Layla Haddad",
        post="Head of population statistics",
        organisation_id=office,
        starts_on=date(2025, 1, 1),
    )
    held = issued(person)
    text = words(client.get(f"/verify/{held.code}"))
    printed = queries.printed(held.snapshot)
    fields = [printed.kind, printed.name, printed.name_latin, printed.sentence, printed.programme, printed.code]
    fields += [field for fact in printed.facts + printed.places for field in (fact.label, fact.value)]
    fields += [field for lesson in printed.lessons for field in (lesson.number, lesson.title, lesson.length)]
    for field in fields:
        assert "".join(field.split()) in "".join(text.split()), field
    for secret in ("layla@example.org", "Head of population", str(person), str(held.id), "Africa"):
        assert secret not in client.get(f"/verify/{held.code}").text


def test_a_slip_of_the_pen_is_told_without_looking_anything_up(db_app: Flask, client: FlaskClient):
    held = issued(make.person())
    wrong = held.code[:-1] + ("0" if held.code[-1] != "0" else "1")
    for path in (f"/verify/{wrong}", f"/verify?code={wrong}", "/verify?code=hello", "/verify?code=%3Cscript%3E"):
        answers = []
        assert statements(lambda path=path, answers=answers: answers.append(client.get(path))) == []
        assert answers[0].status_code == 422 and "That code has a slip of the pen" in words(answers[0])
        assert "<script>" not in answers[0].text.replace("<script src", "")


def test_a_code_that_is_not_ours_is_answered_neutrally(db_app: Flask, client: FlaskClient):
    answer = client.get("/verify/DRM-0000-0000-0000")
    assert answer.status_code == 404 and "We have no certificate under this code" in words(answer)
    assert answer.headers["X-Robots-Tag"].startswith("noindex")
    for word in ("fake", "forged", "false", "invalid"):
        assert word not in words(answer).lower()


def test_an_expired_certificate_says_so_first_from_the_day_after(db_app: Flask, client: FlaskClient):
    held = issued(make.person())
    with time_machine.travel(datetime(2029, 3, 14, 23, tzinfo=UTC)):
        assert re.search(r"<h1[^>]*>✓ Valid</h1>", client.get(f"/verify/{held.code}").text)
    with time_machine.travel(datetime(2029, 3, 15, 1, tzinfo=UTC)):
        page = client.get(f"/verify/{held.code}")
        assert re.search(r"<h1[^>]*>Expired</h1>", page.text) and "14 March 2029" in words(page)


def test_what_is_not_issued_is_being_prepared_and_shows_nothing_of_its_holder(db_app: Flask, client: FlaskClient):
    waiting = queries.by_id(earned(make.person("Amina Diallo")))
    blocked = queries.by_id(earned(make.person("Moussa Ba", joined=False)))
    for held in (waiting, blocked):
        page = client.get(f"/verify/{held.code}")
        assert page.status_code == 200 and "Being prepared" in words(page)
        assert held.snapshot["name"] not in page.text and "block" not in words(page)


def test_thirty_checks_a_minute_from_one_address(db_app: Flask, client: FlaskClient):
    with time_machine.travel(clock.now().replace(second=1), tick=False) as traveller:
        for _n in range(30):
            assert client.get("/verify/DRM-0000-0000-0000").status_code == 404
        refused = client.get("/verify/DRM-0000-0000-0000")
        assert refused.status_code == 429 and "seconds" in words(refused)
        elsewhere = client.get("/verify/DRM-0000-0000-0000", environ_base={"REMOTE_ADDR": "192.0.2.7"})
        assert elsewhere.status_code == 404
        traveller.shift(timedelta(seconds=60))
        assert client.get("/verify/DRM-0000-0000-0000").status_code == 404


def test_checking_takes_few_statements_and_no_session(db_app: Flask, client: FlaskClient):
    held = issued(make.person())
    client.get(f"/verify/{held.code}")
    answers: list[Any] = []
    assert len(statements(lambda: answers.append(client.get(f"/verify/{held.code}")))) <= 4
    assert "Set-Cookie" not in answers[0].headers


def test_names_are_text_and_speak_their_own_language(db_app: Flask, client: FlaskClient):
    held = issued(make.person())
    with db.write() as s:
        snapshot = held.snapshot | {"name": "<b>Bobby</b>", "language": "ar", "course": "<i>x</i>"}
        s.execute(update(Certificate).where(Certificate.id == held.id).values(snapshot=snapshot))
    text = client.get(f"/verify/{held.code}").text
    assert "&lt;b&gt;Bobby" in text and "<b>Bobby" not in text and "<i>x" not in text
    assert '<h2 class="holder"><bdi lang="ar">' in text


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
@pytest.mark.parametrize("path", ["/verify", "/verify/DRM-0000-0000-0000", "/verify/x"])
def test_the_page_speaks_every_language_of_the_interface(client: FlaskClient, language: str, path: str):
    page = client.get(f"{path}?lang={language}")
    assert f'<html lang="{language}"' in page.text


def test_the_permissions_of_the_room_are_as_the_table_says():
    assert define("certificate.download", "focal_point", "coordinator", "facilitator", "administrator", own=True)
    assert define(
        "organisation.certificates",
        "focal_point",
        "coordinator",
        "administrator",
        over=("programme", "region", "country", "organisation"),
    )
