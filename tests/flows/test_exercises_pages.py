"""Practical exercises as a trainee does them: figures on the phone, files at the desk, and what is wrong is said."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from uuid import UUID

import make
import pytest
import sqlalchemy as sa
from make import post
from python_calamine import CalamineWorkbook

from lms import db
from lms.assessment import exercises
from lms.assessment.exercises import queries, service, texts, uploads
from lms.assessment.models import ExerciseAnswer, ExerciseTask
from lms.jobs import worker as jobs
from lms.policy import Refusal

RULES = "residence-rules"


def said(answer) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


@pytest.fixture
def trainee(db_app) -> UUID:
    return make.person("Awa Ba")


def begun(trainee: UUID, form: str = "phone", name: str = RULES) -> UUID:
    with db.write():
        return service.begin(trainee, exercises.ALL[name], form)


def right(task: UUID) -> dict[str, str]:
    found = queries.expected(task)["figures"]
    db.end_read()
    return {key: f"{value:.4f}" if value % 1 else f"{value:.0f}" for key, value in found.items()}


def client_of(app, person: UUID):
    return make.sign_in(app.test_client(), person)


def passed(task: UUID) -> bool:
    db.session().expire_all()
    at = db.session().get_one(ExerciseTask, task).passed_at
    db.end_read()
    return at is not None


# --- figures ---


@pytest.mark.parametrize("name", list(exercises.ALL))
def test_every_exercise_is_begun_read_and_passed_on_the_phone(db_app, trainee, name):
    client = client_of(db_app, trainee)
    assert name in client.get("/exercises").text
    task = post(client, f"/exercises/{name}", {"form": "phone"}).headers["Location"]
    page = client.get(task)
    assert page.status_code == 200 and not re.search(r"\{\w+\}", said(page)), "every fact is filled in"
    key = UUID(task.rsplit("/", 1)[1])
    mistake, answer = next(iter(queries.expected(key)["mistakes"].items()))
    wrong = answer["figures"]
    db.end_read()
    figure, value = next(iter(wrong.items()))
    answer = post(client, task, {figure: f"{value:.4f}", f"{figure}-meant": "value"})
    assert answer.status_code == 303
    assert texts.text(name, "en").mistakes[mistake] in said(client.get(task))
    assert post(client, task, right(key)).status_code == 303
    assert passed(key) and "Passed on" in said(client.get(task))
    assert "passed" in said(client.get("/exercises"))


def test_what_a_mistake_gives_is_said_and_nothing_of_what_is_right(db_app, trainee):
    task = begun(trainee)
    client = client_of(db_app, trainee)
    found = queries.expected(task)
    db.end_read()
    post(
        client,
        f"/exercises/tasks/{task}",
        {"days_183": str(int(found["mistakes"]["longest_stay"]["figures"]["days_183"]))},
    )
    page = said(client.get(f"/exercises/tasks/{task}"))
    assert "You asked for one stay of 183 days." in page and "Not right" in page and page.count("Not given") == 2
    assert found["figures"] and "expected" not in client.get(f"/exercises/tasks/{task}").text


def test_a_number_that_reads_two_ways_is_asked_about(db_app, trainee):
    task = begun(trainee, name="four-groups")
    client = client_of(db_app, trainee)
    answer = post(client, f"/exercises/tasks/{task}", {"foreign_born_share": "12,500"})
    assert answer.status_code == 422 and "reads as two numbers" in said(answer) and "12.5" in answer.text
    assert db.session().scalar(sa.select(sa.func.count(ExerciseAnswer.id))) == 0
    db.end_read()
    assert (
        post(
            client, f"/exercises/tasks/{task}", {"foreign_born_share": "12,500", "foreign_born_share-meant": "other"}
        ).status_code
        == 303
    )
    counted = post(client, f"/exercises/tasks/{task}", {"foreign_born": "12,500"})
    assert counted.status_code == 303, "a count as English writes it: people have no thousandths"
    assert post(client, f"/exercises/tasks/{task}", {"foreign_born": "twelve"}).status_code == 422
    assert post(client, f"/exercises/tasks/{task}", {}).status_code == 422


def test_numbers_are_read_as_the_language_writes_them(db_app, trainee):
    task = begun(trainee, name="over-coverage")
    client = client_of(db_app, trainee)
    figures = {key: value.replace(".", ",") for key, value in right(task).items()}
    assert post(client, f"/exercises/tasks/{task}?lang=fr", figures).status_code == 303
    assert passed(task)


def test_after_a_pass_the_data_are_others_and_the_old_task_stands(db_app, trainee):
    task = begun(trainee)
    client = client_of(db_app, trainee)
    post(client, f"/exercises/tasks/{task}", right(task))
    again = begun(trainee)
    assert again != task
    assert queries.task(again).data != queries.task(task).data
    db.end_read()
    assert post(client, f"/exercises/tasks/{task}", {"days_183": "1"}).status_code == 409
    assert begun(trainee) == again, "one that is open is gone on with"


def test_no_two_trainees_have_the_same_data_and_nobody_can_guess_anothers(db_app):
    first, second = (begun(make.person()) for _n in "ab")
    assert queries.task(first).data != queries.task(second).data
    one, other = make.person(), make.person()
    assert service.seed_of(one, RULES, "phone", 1) != service.seed_of(other, RULES, "phone", 1)
    db_app.config["SECRET_KEY"], before = "another secret", db_app.config["SECRET_KEY"]
    changed = service.seed_of(one, RULES, "phone", 1)
    db_app.config["SECRET_KEY"] = before
    assert changed != service.seed_of(one, RULES, "phone", 1)
    db.end_read()


def test_eight_that_begin_at_once_begin_one(db_app, trainee):
    clients = [client_of(db_app, trainee) for _n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda client: post(client, f"/exercises/{RULES}", {"form": "desk"}), clients))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 1


def test_a_task_of_an_older_program_is_begun_anew(db_app, trainee, monkeypatch):
    task = begun(trainee)
    monkeypatch.setattr(exercises.ALL[RULES], "VERSION", 2)
    client = client_of(db_app, trainee)
    assert client.get(f"/exercises/tasks/{task}").status_code == 410
    assert begun(trainee) != task


# --- files to take along ---


def test_the_files_hold_what_the_task_is_about_in_the_persons_locale(db_app, trainee):
    task = begun(trainee, "desk", "four-groups")
    client = client_of(db_app, trainee)
    rows = queries.task(task).data.sheet("persons").rows
    db.end_read()
    english = client.get(f"/exercises/tasks/{task}/persons.csv").data.decode("utf-8-sig")
    french = client.get(f"/exercises/tasks/{task}/persons.csv?lang=fr").data.decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(english)))) == len(rows) + 1
    assert list(csv.reader(io.StringIO(french), delimiter=";"))[1][0] == rows[0][0]
    book = CalamineWorkbook.from_filelike(io.BytesIO(client.get(f"/exercises/tasks/{task}/data.xlsx?lang=en").data))
    assert book.sheet_names == ["persons", "code book"]
    assert len(book.get_sheet_by_index(0).to_python()) == len(rows) + 1
    assert client.get(f"/exercises/tasks/{task}/none.csv").status_code == 404


# --- a file to give back ---


def sheet(task: UUID, mistake: str = "", change=lambda rows: rows) -> list[list[str]]:
    """The rows that are right, or those of a mistake."""
    found = queries.expected(task)
    db.end_read()
    codes = {**found["rows"], **(found["mistakes"][mistake]["rows"] if mistake else {})}
    columns = [column.id for column in exercises.ALL[RULES].RETURNS]
    return [["person", *columns], *change([[key, *own] for key, own in codes.items()])]


def as_csv(rows: list[list[str]], delimiter: str = ",") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode()


def give(app, client, task: UUID, data: bytes, name: str = "back.csv"):
    path = f"/exercises/tasks/{task}/file"
    answer = post(client, path, {"file": (io.BytesIO(data), name)}, content_type="multipart/form-data")
    while jobs._do_one(app, "test worker"):
        pass
    return answer


def newest(client, task: UUID) -> str:
    return said(client.get(f"/exercises/tasks/{task}/found"))


def test_a_file_and_figures_together_pass_at_the_desk(db_app, trainee):
    task = begun(trainee, "desk")
    client = client_of(db_app, trainee)
    assert give(db_app, client, task, as_csv(sheet(task))).status_code == 303
    assert not passed(task) and "rows right" in newest(client, task)
    post(client, f"/exercises/tasks/{task}", right(task))
    assert passed(task)


@pytest.mark.parametrize("mistake", ["longest_stay", "calendar_year", "twelve_not_sixteen", "citizens_left_out"])
def test_the_mistake_that_explains_a_file_is_named(db_app, trainee, mistake):
    task = begun(trainee, "desk")
    client = client_of(db_app, trainee)
    give(db_app, client, task, as_csv(sheet(task, mistake), ";"))
    told = newest(client, task)
    assert "This explains" in told and "You " in told
    assert not passed(task)


def xlsx(rows: list[list[str]]) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    page = book.add_worksheet()
    for number, row in enumerate(rows):
        page.write_row(number, 0, row)
    book.close()
    return out.getvalue()


GOOD = {
    "semicolons": lambda rows: as_csv(rows, ";"),
    "tabs": lambda rows: as_csv(rows, "\t"),
    "a byte order mark": lambda rows: b"\xef\xbb\xbf" + as_csv(rows),
    "UTF-16": lambda rows: as_csv(rows).decode().encode("utf-16"),
    "Windows-1252, with another column": lambda rows: as_csv(
        [[*row, "é" if n else "note"] for n, row in enumerate(rows)]
    ).decode().encode("cp1252"),
    "XLSX": xlsx,
    "the heads in words, capitals, and empty rows": lambda rows: as_csv(
        [["Person", "unbroken 12 months", "183 days within 12 months", "365 days within 16 months"], [],
         *[[key, *(code.upper() for code in codes)] for key, *codes in rows[1:]]]
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", list(GOOD))
def test_files_are_read_as_spreadsheets_save_them(db_app, trainee, kind):
    task = begun(trainee, "desk")
    client = client_of(db_app, trainee)
    assert give(db_app, client, task, GOOD[kind](sheet(task)), "back.csv").status_code == 303
    told = newest(client, task)
    assert told.count("rows right") == 3 and "Look at" not in told, told


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", b"<workbook/>")
        packed.writestr("xl/worksheets/sheet1.xml", b" " * (uploads.UNPACKED + 1))
    return out.getvalue()


BAD = {
    "wrong columns": (lambda rows: as_csv([["who", "days"], *[row[:2] for row in rows[1:]]]), "has no column"),
    "one column is missing": (lambda rows: as_csv([row[:3] for row in rows]), "days_365_of_16"),
    "somebody unknown": (lambda rows: as_csv([*rows, ["D9999", "yes", "no", "no"]]), "there is no “D9999”"),
    "somebody twice": (lambda rows: as_csv([*rows, rows[1]]), "a second time"),
    "another word": (
        lambda rows: as_csv([rows[0], [rows[1][0], "maybe", "no", "no"], *rows[2:]]),
        "Row 2, unbroken_12: “maybe”",
    ),
    "a picture": (lambda rows: b"\x89PNG\r\n\x1a\n" + bytes(900), "no table"),
    "an old spreadsheet": (lambda rows: b"\xd0\xcf\x11\xe0" + bytes(900), "no table"),
    "a PDF": (lambda rows: b"%PDF-1.7\n" + bytes(900), "no table"),
    "a ZIP that is no spreadsheet": (lambda rows: _zip({"a.txt": b"x"}), "no table"),
    "a bomb": (lambda rows: bomb(), "larger than"),
    "a broken spreadsheet": (lambda rows: xlsx(rows)[:900], "no table"),
    "nothing but spaces": (lambda rows: b" \n \n", "empty"),
}  # fmt: skip


def _zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize("kind", list(BAD))
def test_what_is_wrong_with_a_file_is_said_and_nothing_is_lost(db_app, trainee, kind):
    task = begun(trainee, "desk")
    client = client_of(db_app, trainee)
    make_file, words = BAD[kind]
    assert give(db_app, client, task, make_file(sheet(task))).status_code == 303
    assert words in newest(client, task)
    row = db.session().scalars(sa.select(ExerciseAnswer)).one()
    assert (row.state, row.right) == ("refused", False)
    db.end_read()
    give(db_app, client, task, as_csv(sheet(task)))
    assert "rows right" in newest(client, task), "the next one is taken"


def test_a_file_that_is_too_large_or_none_is_answered_at_once(db_app, trainee):
    task = begun(trainee, "desk")
    client = client_of(db_app, trainee)
    assert give(db_app, client, task, b"x" * (uploads.LARGEST + 10)).status_code == 413
    assert give(db_app, client, task, b"").status_code == 422
    phone = begun(trainee)
    assert give(db_app, client, phone, b"person\nP1\n").status_code == 422


def test_one_file_at_a_time_is_read_and_twice_is_once(db_app, trainee):
    task = begun(trainee, "desk")
    data = as_csv(sheet(task))
    with db.write():
        service.give_back(task, data, "a.csv")
    with pytest.raises(Refusal) as refused, db.write():
        service.give_back(task, data, "b.csv")
    assert refused.value.code == "still_reading"
    for _again in range(2):
        while jobs._do_one(db_app, "test worker"):
            pass
    assert db.session().scalar(sa.select(sa.func.count(ExerciseAnswer.id))) == 1


def test_what_was_given_back_is_in_the_file_about_me_however_large_that_is(db_app, trainee, monkeypatch):
    client, task = client_of(db_app, trainee), begun(trainee, "desk")
    data = as_csv(sheet(task))
    give(db_app, client, task, data)
    monkeypatch.setattr("lms.files.zipped.WHOLE", 1000)
    answer = client.get("/account/export.zip")
    assert "Content-Length" not in answer.headers
    with ThreadPoolExecutor(1) as server:  # which sends it in pieces, when the request is long over
        parts = zipfile.ZipFile(io.BytesIO(server.submit(answer.get_data).result()))
    assert [parts.read(name) for name in parts.namelist() if name.startswith("files/")] == [data]


def test_the_privacy_of_a_task(db_app, trainee):
    task = begun(trainee)
    other = client_of(db_app, make.person("Somebody Else"))
    for path in ("", "/found", "/stays.csv", "/data.xlsx"):
        assert other.get(f"/exercises/tasks/{task}{path}").status_code == 404
    assert post(other, f"/exercises/tasks/{task}", right(task)).status_code == 404
    assert not passed(task)


# --- a file whose rows have to be found as well: SDMX ---

SDMX = "sdmx-flows"


def test_an_sdmx_file_passes_and_nobody_is_given_its_keys(db_app, trainee):
    task = begun(trainee, "desk", SDMX)
    client = client_of(db_app, trainee)
    page = client.get(f"/exercises/tasks/{task}").data.decode()
    assert "give-back.csv" not in page and "STRUCTURE_ID" in page
    assert client.get(f"/exercises/tasks/{task}/give-back.csv").status_code == 404
    exercise, rows = exercises.ALL[SDMX], queries.expected(task)["rows"]
    db.end_read()
    columns = [column.id for column in exercise.RETURNS]
    heads = [*columns[:3], *exercise.KEY.split("."), *columns[3:]]
    lines = [[*codes[:3], *key.split("."), *codes[3:]] for key, codes in rows.items()]
    without_codes = [[cell if cell != "_T" else "" for cell in line] for line in lines]
    assert give(db_app, client, task, as_csv([heads, *without_codes])).status_code == 303
    assert "there is no" in newest(client, task) and not passed(task)
    assert give(db_app, client, task, xlsx([heads, *lines])).status_code == 303
    assert newest(client, task).count("rows right") == len(columns)
    post(client, f"/exercises/tasks/{task}", right(task))
    assert passed(task)
