"""Saved, waiting, failed: the script in a real Chromium, against a real server."""

import re
import threading
from contextlib import contextmanager

import asked
import make
import pytest
from asked import begin, hand_in, save
from playwright import sync_api
from werkzeug.serving import make_server

from lms import db
from lms.assessment import queries, rules

pytestmark = pytest.mark.browser


@contextmanager
def served(app):
    server = make_server("127.0.0.1", 0, app, threaded=True)
    server.daemon_threads = False  # closing waits for every request: the database is put away afterwards
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Desk:
    """A person at an open attempt, with a browser in front of them."""

    def __init__(self, app, browser, base: str) -> None:
        self.app, self.base = app, base
        self.person = make.person()
        self.attempt = begin(self.person, asked.module())
        self.sheet = queries.sheet(self.attempt)
        db.end_read()
        self.context = browser.new_context()
        self.sign_in()
        self.page = self.context.new_page()
        self.complaints = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: dialog.accept())
        self.open()

    def sign_in(self) -> None:
        cookie = make.sign_in(self.app.test_client(), self.person).get_cookie("duramen")
        self.context.add_cookies([{"name": "duramen", "value": cookie.value, "url": self.base}])

    def open(self) -> None:
        self.page.goto(f"{self.base}/attempts/{self.attempt}")

    def position(self, kind: str) -> int:
        return next(one.position for one in self.sheet.asked if one.question.kind == kind)

    def box(self, kind: str):
        return self.page.locator(f"fieldset[data-name=q{self.position(kind)}]")

    def state(self, kind: str):
        return self.box(kind).locator("[data-state]")

    def choose(self, option: int) -> None:
        """Choose an option of the single choice, by its place in the question itself."""
        question = self.sheet.asked[self.position("single") - 1].question
        shown = rules.shuffle(question, self.sheet.seed).index(option)
        self.box("single").locator(f"input[type=radio][value='{shown}']").check()

    def type(self, text: str, kind: str = "short") -> None:
        self.box(kind).locator("input[type=text]").fill(text)

    def says(self, kind: str, words: str) -> None:
        sync_api.expect(self.state(kind)).to_contain_text(words, timeout=8000)

    def stored(self, kind: str):
        db.end_read()
        return next(one.answer for one in queries.sheet(self.attempt).asked if one.question.kind == kind)

    def kept(self) -> str:
        return self.page.evaluate(f"localStorage['duramen:{self.person}:{self.attempt}'] || '{{}}'")


@pytest.fixture
def desk(db_app, browser):
    with served(db_app) as base:
        desk = Desk(db_app, browser, base)
        yield desk
        desk.context.close()
        assert not desk.complaints


def test_each_answer_is_saved_when_it_is_given(desk):
    desk.choose(0)
    desk.says("single", "Saved")
    assert desk.stored("single") == {"choice": 0}
    desk.type("12,500", "numerical")
    desk.says("numerical", "Saved")
    sync_api.expect(desk.box("numerical").locator("[data-understood]")).to_have_text(
        "Understood as 12,500, not as 12.5."
    )
    for n, select in enumerate(desk.box("ordering").locator("select").all()):
        select.select_option(index=n + 1)
    desk.says("ordering", "Saved")
    for tick in desk.box("multiple").locator("input[type=checkbox]").all():
        tick.check()
    desk.says("multiple", "Saved")
    sync_api.expect(desk.page.locator("h1")).to_have_text("4 of 6 questions answered")
    assert desk.stored("multiple") == {"choices": [0, 1, 2, 3]}
    order = rules.shuffle(desk.sheet.asked[desk.position("ordering") - 1].question, desk.sheet.seed)
    assert desk.stored("ordering") == {"order": [order.index(item) for item in range(4)]}
    assert desk.kept() == "{}"


def test_without_a_connection_an_answer_waits_and_is_sent_by_itself(desk):
    desk.context.set_offline(True)
    desk.choose(0)
    desk.type("QMA")
    desk.says("single", "Waiting")
    desk.says("short", "Waiting")
    assert desk.stored("single") is None
    assert "QMA" in desk.kept()
    desk.context.set_offline(False)
    desk.says("single", "Saved")
    desk.says("short", "Saved")
    assert desk.stored("short") == {"text": "QMA"}
    assert desk.kept() == "{}"


def test_a_server_that_cannot_write_keeps_the_answer_waiting_until_it_can(desk):
    desk.page.route("**/answers/*", lambda route: route.fulfill(status=503, body="no"))
    desk.choose(0)
    desk.says("single", "Waiting")
    desk.page.wait_for_timeout(300)
    desk.page.unroute("**/answers/*")
    desk.says("single", "Saved")
    assert desk.stored("single") == {"choice": 0}


def test_saved_is_not_said_for_a_page_that_only_looks_like_an_answer(desk):
    """A hotel's sign-in page answers everything with 200."""
    welcome = "<html>Welcome to our network</html>"
    desk.page.route("**/answers/*", lambda route: route.fulfill(status=200, body=welcome))
    desk.choose(0)
    desk.page.wait_for_timeout(500)
    desk.says("single", "Waiting")
    assert "q" in desk.kept()


def test_a_page_that_was_open_for_a_day_gets_a_fresh_token_and_saves(desk):
    desk.page.evaluate("document.querySelector('form[data-save]').elements.csrf_token.value = 'stale'")
    desk.choose(0)
    desk.says("single", "Saved")
    assert desk.stored("single") == {"choice": 0}


def test_after_the_session_ended_answers_wait_with_a_link_and_are_sent_after_signing_in(desk):
    desk.context.clear_cookies()
    desk.type("QMA")
    desk.says("short", "signed out")
    link = desk.page.get_by_role("link", name="Sign in again")
    sync_api.expect(link).to_be_visible()
    assert "QMA" in desk.kept()
    desk.sign_in()
    desk.page.evaluate("dispatchEvent(new Event('visibilitychange'))")
    desk.says("short", "Saved")
    sync_api.expect(link).to_be_hidden()
    assert desk.stored("short") == {"text": "QMA"}


def test_after_a_reload_what_was_not_sent_is_in_the_form_again_and_is_sent(desk):
    desk.page.route("**/answers/*", lambda route: route.abort())
    desk.choose(2)
    desk.type("QMA")
    for n, select in enumerate(desk.box("matching").locator("select").all()):
        select.select_option(index=n + 1)
    desk.says("matching", "Waiting")
    desk.page.goto("about:blank")
    desk.page.unroute("**/answers/*")
    desk.open()
    sync_api.expect(desk.box("short").locator("input[type=text]")).to_have_value("QMA")
    for kind in ("single", "short", "matching"):
        desk.says(kind, "Saved")
    assert desk.stored("single") == {"choice": 2}
    assert desk.stored("short") == {"text": "QMA"}
    assert None not in desk.stored("matching")["pairs"]
    assert desk.kept() == "{}"


def test_what_is_newer_on_the_server_is_not_replaced_by_what_was_kept(desk):
    desk.page.route("**/answers/*", lambda route: route.abort())
    desk.type("kept on this device")
    desk.says("short", "Waiting")
    desk.page.unroute("**/answers/*")
    desk.page.goto("about:blank")
    save(desk.attempt, desk.position("short"), {"text": "given later elsewhere"})
    desk.open()
    sync_api.expect(desk.box("short").locator("input[type=text]")).to_have_value("given later elsewhere")
    desk.page.wait_for_timeout(300)
    assert desk.stored("short") == {"text": "given later elsewhere"}
    assert desk.kept() == "{}"


def test_after_handing_in_elsewhere_an_answer_has_failed_and_the_reason_is_said(desk):
    hand_in(desk.attempt)
    desk.type("too late")
    desk.says("short", "Failed")
    desk.says("short", "takes no more answers")
    sync_api.expect(desk.box("short").locator("input[type=text]")).to_have_value("too late")


def test_leaving_while_something_waits_is_asked_about_and_not_otherwise(desk):
    asked_about = []
    desk.page.on("dialog", lambda dialog: asked_about.append(dialog.type))
    desk.choose(0)
    desk.says("single", "Saved")
    desk.open()
    assert asked_about == []
    desk.page.route("**/answers/*", lambda route: route.abort())
    desk.choose(1)
    desk.says("single", "Waiting")
    desk.open()
    assert asked_about == ["beforeunload"]


def test_handing_in_sends_what_still_waits_with_the_form(desk):
    desk.page.route("**/answers/*", lambda route: route.abort())
    desk.choose(0)
    desk.type("QMA")
    desk.says("short", "Waiting")
    desk.page.get_by_role("button", name="Hand in").click()
    desk.page.get_by_role("button", name="Hand in all the same").click()
    sync_api.expect(desk.page.locator("h1")).to_contain_text("Not yet")
    assert desk.stored("single") == {"choice": 0}
    assert desk.stored("short") == {"text": "QMA"}
    desk.page.wait_for_load_state()
    assert desk.kept() == "{}"


def test_two_clicks_on_hand_in_are_one_handing_in(desk):
    for one in desk.sheet.asked:
        save(desk.attempt, one.position, asked.RIGHT[one.question.kind])
    desk.open()
    desk.page.get_by_role("button", name="Hand in").dblclick()
    sync_api.expect(desk.page.locator("h1")).to_contain_text("Passed with 100")


def test_without_javascript_the_form_saves_and_hands_in(desk, browser):
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(desk.context.cookies())
    page = context.new_page()
    page.goto(f"{desk.base}/attempts/{desk.attempt}")
    assert "Save your answers before you leave" in page.content()
    page.locator(f"fieldset[data-name=q{desk.position('short')}] input[type=text]").fill("QMA")
    page.get_by_role("button", name="Save my answers").click()
    assert page.get_by_text("Your answers are saved.").is_visible()
    assert desk.stored("short") == {"text": "QMA"}
    page.get_by_role("button", name="Hand in").click()
    assert "5 questions" in page.locator("h1").inner_text()
    page.get_by_role("button", name="Hand in all the same").click()
    assert "Not yet" in page.locator("h1").inner_text()
    context.close()


def test_two_tabs_do_not_forget_each_others_waiting_answers(desk):
    other = desk.context.new_page()
    for page in (desk.page, other):
        page.route("**/answers/*", lambda route: route.abort())
    other.goto(f"{desk.base}/attempts/{desk.attempt}")
    desk.type("from the first tab")
    n = desk.position("numerical")
    other.locator(f"fieldset[data-name=q{n}] input[type=text]").fill("12.5")
    desk.says("short", "Waiting")
    sync_api.expect(other.locator(f"fieldset[data-name=q{n}] [data-state]")).to_contain_text("Waiting")
    assert {"12.5", "from"} <= set(re.findall(r"12\.5|from", desk.kept()))
