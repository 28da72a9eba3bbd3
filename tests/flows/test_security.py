"""What every answer of the server carries, and what it never does."""

from __future__ import annotations

import pytest
from make import PASSWORD, person, post, sign_in
from settings import Client, make_config

from lms import create_app


def test_every_answer_says_what_a_page_may_load(client):
    for path in ("/", "/sign-in", "/verify", "/nowhere", "/health"):
        policy = client.get(path).headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert client.get(path).headers["X-Content-Type-Options"] == "nosniff"


def test_pages_of_people_are_never_kept_by_anybody(db_app):
    client = sign_in(db_app.test_client(), person())
    for path in ("/today", "/learn", "/account", "/certificates"):
        assert client.get(path).headers["Cache-Control"] == "private, no-store"


def test_static_files_are_kept_for_ever_under_their_fingerprint(client):
    page = client.get("/sign-in").get_data(as_text=True)
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    response = client.get(address)
    assert response.status_code == 200 and "immutable" in response.headers["Cache-Control"]
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("demo", [True, False])
def test_cookies_are_secure_outside_the_demonstration(tmp_path, demo):
    """Made and asked once, without the tests' own setting."""
    from lms import db, migrate

    app = create_app(make_config(tmp_path, demo=demo))
    app.test_client_class = Client
    migrate.upgrade()
    cookie = app.test_client().get("/sign-in").headers.get("Set-Cookie", "")
    db.forget()
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert ("Secure" in cookie) is not demo


@pytest.mark.parametrize(
    "where",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/ok\r\nSet-Cookie: a=b"],
)
def test_after_signing_in_one_stays_on_this_site(db_app, where):
    key = person(address="home@example.org")
    response = post(
        db_app.test_client(),
        "/sign-in?next=" + where,
        {"address": "home@example.org", "password": PASSWORD, "next": where},
    )
    assert response.status_code == 303 and key
    assert response.headers["Location"].startswith("/") and "evil" not in response.headers["Location"]


def test_a_form_of_another_site_is_not_offered_to_be_sent_again(db_app):
    """What a page that went stale typed is kept; what another site wrote is not."""
    client = sign_in(db_app.test_client(), person())
    ours = client.post("/account", data={"name": "typed here"}, headers={"Origin": "http://localhost"})
    theirs = client.post("/account", data={"name": "typed there"}, headers={"Origin": "https://evil.example"})
    assert ours.status_code == theirs.status_code == 400
    assert "typed here" in ours.get_data(as_text=True)
    assert "typed there" not in theirs.get_data(as_text=True)


def test_a_cookie_that_was_tampered_with_is_nobody(db_app):
    client = db_app.test_client()
    client.set_cookie("duramen", "eyJwZXJzb24iOiJ4In0.aaaa.bbbb")
    assert client.get("/today").status_code == 302 or client.get("/today").status_code == 303
