"""What no page of ours sends is answered in words, on both databases: never with a failure of the server."""

from __future__ import annotations

import io
import tomllib
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from make import csrf, person, post, role, sign_in
from sqlalchemy import select

from config import Config, Unsafe, write_settings
from demo import build
from lms import db
from lms.cohorts.models import Cohort
from lms.people.models import Person


def file() -> tuple[io.BytesIO, str]:
    return io.BytesIO(b"x"), "name.txt"


COHORT = {"course": "foundations", "starts_on": "2026-01-01", "ends_on": "2027-01-01", "time_zone": "UTC"}
PROFILE = {"name": "Amina Diallo", "name_latin": "", "sex": "unsaid", "language": "en", "time_zone": "UTC"}


@pytest.mark.parametrize(
    ("path", "field", "rest"),
    [
        ("/sign-in", "address", {"password": "seven quiet herons"}),
        ("/sign-in", "password", {"address": "a@example.org"}),
        ("/password/forgotten", "address", {}),
        ("/account", "name", PROFILE),
        ("/account/addresses", "address", {}),
        ("/admin/people/new", "name", {"address": "a@example.org", "language": "en"}),
        ("/cohorts/new", "name", COHORT),
    ],
)
def test_a_file_or_a_number_where_a_word_belongs_is_a_field_left_empty(
    client: FlaskClient, path: str, field: str, rest: dict[str, Any]
) -> None:
    if not path.startswith(("/sign-in", "/password")):
        sign_in(client, role(person(), "administrator"))
    assert post(client, path, {**rest, field: file()}).status_code in (200, 422)
    for value in (5, ["a"], {"a": 1}, None):
        answer = client.post(path, json={**rest, field: value}, headers={"X-CSRFToken": csrf(client)})
        assert answer.status_code in (200, 422)
    assert db.session().scalar(select(Cohort.id)) is None


def test_a_cohorts_name_is_kept_without_what_cannot_be_seen(client: FlaskClient) -> None:
    sign_in(client, role(person(), "administrator"))
    answer = post(client, "/cohorts/new", {**COHORT, "name": "West\x00\r\n\u202e 4 "})
    assert answer.status_code == 303
    assert db.session().scalar(select(Cohort.name)) == "West 4"


def test_a_cohorts_name_of_nothing_that_can_be_seen_is_refused(client: FlaskClient) -> None:
    sign_in(client, role(person(), "administrator"))
    answer = post(client, "/cohorts/new", {**COHORT, "name": "\x00\u202e"})
    assert answer.status_code == 422 and "Give the cohort a name." in answer.text
    assert db.session().scalar(select(Cohort.id)) is None


def test_who_asks_only_for_the_head_is_sent_to_sign_in_too(client: FlaskClient) -> None:
    answer = client.head("/today")
    assert answer.status_code == 303 and answer.location == "/sign-in?next=/today"


def test_a_file_of_settings_that_cannot_be_read_is_said_with_its_place(tmp_path: Any) -> None:
    (tmp_path / "lms.toml").write_text('mail_from = "x\nfoo"\n')
    with pytest.raises(Unsafe, match=r"lms\.toml cannot be read"):
        Config.load({}, data_dir=tmp_path)
    (tmp_path / "lms.toml").write_bytes(b"mail_from = '\xff'\n")
    with pytest.raises(Unsafe, match=r"lms\.toml cannot be read"):
        Config.load({}, data_dir=tmp_path)


def test_settings_with_every_odd_sign_are_read_back_as_they_were_given(tmp_path: Path) -> None:
    odd = 'a"b\\c\n\r\t\x00\x1b\x7f\x85é\u2028😀'
    write_settings(tmp_path / "odd.toml", {"x": odd})
    assert tomllib.loads((tmp_path / "odd.toml").read_text("utf-8")) == {"x": odd}


def test_of_two_demonstrations_that_begin_at_once_the_second_builds_nothing(db_app: Flask) -> None:
    made = person()
    build.build()
    assert db.session().scalars(select(Person.id)).all() == [made]
