"""Answers that could not be sent: said in words, kept on the device, sent again by itself."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from playwright.sync_api import expect

from answering import answer, saved
from lms import db
from lms.assessment import queries as assessments, service as assessment
from lms.people import queries as accounts, service as people
from make import PASSWORD, person
from world import cohort, cohorts, module, study

pytestmark = pytest.mark.browser


@pytest.fixture
def sheet(site, worlds):
    """The open attempt of a person of their own, and its questions with a single choice."""
    with site.app.app_context(), db.write():
        who = person("Saving Person", "saving-%s@example.org" % db.new_id().hex[-8:])
        cohorts.add_member(cohort("Saving"), who)
        study(who)
        attempt = assessment.start(who, module())
        found = assessments.sheet(attempt)
    return SimpleNamespace(id=attempt, seed=found.seed, asked=found.asked, person_id=who)


def choices(sheet):
    return [asked for asked in sheet.asked if asked.question.kind == "single"]


def give(page, sheet, asked) -> None:
    answer(page.locator(f"#q{asked.position}"), asked.question, sheet.seed, f"q{asked.position}")


def state(page, asked):
    return page.locator(f"#q{asked.position} [data-state]")


def kept(site, sheet) -> list[int]:
    with site.app.app_context():
        found = [a.position for a in assessments.sheet(sheet.id).asked if a.answer is not None]
        db.forget()
    return found


def test_without_a_connection_an_answer_waits_and_goes_by_itself_when_there_is_one(site, sheet, browser):
    with site.context(browser, sheet.person_id, locale="en") as context:
        page = context.new_page()
        page.goto(f"/attempts/{sheet.id}")
        first, second = choices(sheet)[:2]
        give(page, sheet, first)
        expect(state(page, first)).to_have_text("Saved")
        context.set_offline(True)
        give(page, sheet, second)
        expect(state(page, second)).to_contain_text("Waiting")
        assert kept(site, sheet) == [first.position]
        context.set_offline(False)
        expect(state(page, second)).to_have_text("Saved", timeout=15000)
        assert kept(site, sheet) == sorted([first.position, second.position])


def test_what_waited_survives_closing_the_page(site, sheet, browser):
    with site.context(browser, sheet.person_id, locale="en") as context:
        page = context.new_page()
        page.goto(f"/attempts/{sheet.id}")
        asked = choices(sheet)[0]
        context.set_offline(True)
        give(page, sheet, asked)
        expect(state(page, asked)).to_contain_text("Waiting")
        page.close(run_before_unload=False)
        context.set_offline(False)
        page = context.new_page()
        page.goto(f"/attempts/{sheet.id}")
        expect(state(page, asked)).to_have_text("Saved")
        assert kept(site, sheet) == [asked.position]


def test_after_the_session_has_ended_one_signs_in_again_and_the_answer_is_there(site, sheet, browser):
    with site.context(browser, sheet.person_id, locale="en") as context:
        page = context.new_page()
        page.goto(f"/attempts/{sheet.id}")
        asked = choices(sheet)[0]
        with site.app.app_context(), db.write():
            people.sign_out_everywhere(sheet.person_id, sheet.person_id)
        give(page, sheet, asked)
        expect(state(page, asked)).to_contain_text("signed out")
        assert kept(site, sheet) == []
        with context.expect_page() as window:
            page.get_by_role("link", name="Sign in again").click()
        with site.app.app_context():
            address = accounts.person(sheet.person_id).addresses[0]
            db.forget()
        door = window.value
        door.get_by_label("Mail address").fill(address)
        door.get_by_label("Password").fill(PASSWORD)
        door.get_by_role("button", name="Sign in").click()
        door.wait_for_url(f"**/attempts/{sheet.id}")
        expect(state(page, asked)).to_have_text("Saved", timeout=20000)
        assert kept(site, sheet) == [asked.position]


def test_a_page_with_an_old_token_still_saves(site, sheet, browser):
    with site.context(browser, sheet.person_id, locale="en") as context:
        page = context.new_page()
        page.goto(f"/attempts/{sheet.id}")
        page.evaluate("document.querySelectorAll('[name=csrf_token]').forEach(e => e.value = 'of yesterday')")
        give(page, sheet, choices(sheet)[0])
        saved(page, 1)


def test_handing_in_from_two_tabs_is_once_and_both_see_the_result(site, sheet, browser):
    with site.context(browser, sheet.person_id, locale="en") as context:
        pages = [context.new_page(), context.new_page()]
        for page in pages:
            page.goto(f"/attempts/{sheet.id}")
        for page in pages:
            page.get_by_role("button", name="Hand in").click()
            if page.get_by_role("button", name="Hand in all the same").count():
                page.get_by_role("button", name="Hand in all the same").click()
            expect(page.locator("h1")).to_contain_text("Not yet")


def test_an_answer_after_the_attempt_was_handed_in_says_so_and_is_not_lost_silently(site, sheet, browser):
    with site.context(browser, sheet.person_id, locale="en") as context:
        page = context.new_page()
        page.goto(f"/attempts/{sheet.id}")
        with site.app.app_context(), db.write():
            assessment.submit(sheet.id)
        asked = choices(sheet)[0]
        give(page, sheet, asked)
        expect(state(page, asked)).to_contain_text("Failed")
