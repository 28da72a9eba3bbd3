"""A disk that is full or read-only: the page says that it could not save, and the answer stays in the form."""

from __future__ import annotations

import pytest
from make import csrf, post, sign_in
from sqlalchemy import event
from world import World, build

from lms import clock, db
from lms.assessment import queries as assessments

# A disk of PostgreSQL's is on its own machine: what is tried on both is a database that is gone.
on_sqlite = pytest.mark.parametrize("place", ["sqlite"], indirect=True)


@pytest.fixture
def world(db_app, place) -> World:
    return build()


def read_only(place) -> None:
    db.configure(f"sqlite:///file:{place.data_dir / 'lms.sqlite'}?mode=ro&uri=true")


def full(place) -> None:
    """No page more than the file has, and none of them half empty."""
    with db.engine().connect() as connection:
        connection.connection.driver_connection.execute("VACUUM")
    engine = db.configure(place.url)

    @event.listens_for(engine, "connect")
    def no_more_pages(connection, _record):
        connection.execute("PRAGMA max_page_count=1")  # SQLite takes it as: not one page more than there are


def long_answers(world: World) -> dict[str, str]:
    """An answer of 190 letters to every question that takes a text, newer than any that is there."""
    sheet = assessments.sheet(world.own.attempt)
    db.end_read()
    names = [f"q{asked.position}" for asked in sheet.asked if asked.question.kind in ("numerical", "short")]
    seq = str(int(clock.now().timestamp() * 1000) + 5000)
    return {key: value for name in names for key, value in ((name, f"{name} " + "9" * 186), (f"{name}-seq", seq))}


@on_sqlite
@pytest.mark.parametrize("broken", [read_only, full])
def test_a_form_that_could_not_be_saved_is_kept_and_can_be_sent_again(db_app, place, world, broken):
    typed, path = long_answers(world), f"/attempts/{world.own.attempt}"
    client = sign_in(db_app.test_client(), world.own.trainee)
    token = csrf(client)
    broken(place)
    response = client.post(path, data={"csrf_token": token, **typed})
    page = response.get_data(as_text=True)
    assert response.status_code == 503
    assert "could not be saved" in page and all(value in page for value in typed.values())
    db.configure(place.url)
    assert client.post(path, data={"csrf_token": token, **typed}).status_code in (302, 303)
    asked = assessments.sheet(world.own.attempt).asked
    kept = {item.answer["text"] for item in asked if "text" in (item.answer or {})}
    assert {value for key, value in typed.items() if not key.endswith("-seq")} <= kept


@on_sqlite
@pytest.mark.parametrize("broken", [read_only, full])
def test_the_script_is_told_that_nothing_was_saved(db_app, place, world, broken):
    typed = long_answers(world)
    client = sign_in(db_app.test_client(), world.own.trainee)
    token = csrf(client)
    broken(place)
    statuses = []
    for name in [key for key in typed if not key.endswith("-seq")]:
        fields = {"csrf_token": token, name: typed[name], f"{name}-seq": typed[f"{name}-seq"]}
        path = f"/attempts/{world.own.attempt}/answers/{name[1:]}"
        response = client.post(path, data=fields, headers={"X-Requested-With": "duramen"})
        statuses.append(response.status_code)
        assert (response.status_code == 200) == ((response.get_json(silent=True) or {}).get("state") == "saved")
    assert 503 in statuses and set(statuses) <= {200, 503}


@on_sqlite
def test_a_read_only_disk_still_lets_people_read(db_app, place, world):
    client = sign_in(db_app.test_client(), world.own.trainee)
    read_only(place)
    assert client.get("/learn/lessons/who-is-a-migrant").status_code == 200
    assert client.get(f"/attempts/{world.own.attempt}").status_code == 200


def test_a_database_that_is_gone_is_said_and_nothing_else_breaks(db_app, place):
    made = build()
    client = sign_in(db_app.test_client(), made.own.trainee)
    token = csrf(client)
    nowhere = "sqlite:////nowhere/lms.sqlite" if place.kind == "sqlite" else "postgresql://nobody@127.0.0.1:1/none"
    db.configure(nowhere)
    response = client.post("/account", data={"csrf_token": token, "name": "Changed Name", "post": "kept"})
    assert response.status_code == 503
    assert "Retry-After" in response.headers
    db.configure(place.url)
    assert post(client, "/account", {}).status_code < 500
