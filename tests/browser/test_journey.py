"""From an invitation to a certificate that anyone can check, in a real browser, on a phone's width."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from uuid import UUID

import pytest
from answering import answer, saved
from playwright.sync_api import Page, expect

from lms.assessment import presentation
from lms.assessment import queries as assessments
from lms.certificates import queries as held_certificates
from lms.certificates import service as certificates
from lms.curriculum import index
from lms.mail import delivery
from lms.people import queries as people

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "locale": "en"}


def letters(site) -> list:
    """The letters in the folder, oldest first, after the post was delivered."""
    with site.app.app_context():
        while delivery.deliver_due("tests"):
            pass
    folder = site.app.config["LMS"].data_dir / "mail"
    return [message_from_bytes(p.read_bytes(), policy=policy.default) for p in sorted(folder.glob("*.eml"))]


def link_in(letter) -> str:
    found = re.search(r"http://localhost(/\S+)", letter.get_content())
    assert found
    return found[1]


def do_lesson(site, page: Page, person_id, lesson) -> None:
    """Answer every check of the lesson that is open, one after the other."""
    with site.app.app_context():
        seed = presentation.check_seed(person_id, lesson)
    for question in lesson.checks:
        form = page.locator(f'form[action$="/checks/{question.id}"]')
        answer(form, question, seed)
        form.locator("button[type=submit], button:not([type])").first.click()
        expect(page.locator(f'form[action$="/checks/{question.id}"] .verdict').first).to_be_visible()


def test_a_newcomer_is_invited_learns_passes_and_holds_a_certificate(site, worlds, browser):
    own = worlds.world.own
    with site.context(browser, own.coordinator, locale="en") as desk:
        page = desk.new_page()
        page.goto(f"/cohorts/{own.cohort}")
        page.get_by_role("link", name="Add a person").click()
        page.get_by_label("Mail address").fill("nadia.o'brien@example.org")
        page.get_by_label("Name", exact=True).fill("Nadia O’Brien")
        page.get_by_role("button", name="Add to the cohort").click()
        expect(page.get_by_role("status")).to_contain_text("invitation is on its way")
        # The same person once more changes nothing.
        page.get_by_role("link", name="Add a person").click()
        page.get_by_label("Mail address").fill("Nadia.O'Brien@Example.org")
        page.get_by_label("Name", exact=True).fill("Somebody Else")
        page.get_by_role("button", name="Add to the cohort").click()
        expect(page.get_by_role("status")).to_contain_text("was invited already")
    letter = next(x for x in reversed(letters(site)) if "nadia.o'brien@example.org" in str(x["To"]))

    with site.context(browser, **PHONE) as phone:
        page = phone.new_page()
        page.goto(link_in(letter))
        page.get_by_label("password").fill("four grey herons at dawn")
        page.get_by_label("Your name, as it will be printed").fill("نادية أوبراين")
        page.get_by_label("Your name in Latin letters").fill("Nadia O’Brien")
        page.locator("form button.button").last.click()
        page.wait_for_url("**/today")
        with site.app.app_context():
            person_id = people.find_by_address("nadia.o'brien@example.org")
            module = index.current().module("concepts", "en")
        # Today's first element is the next thing to do.
        expect(page.locator("main h1").first).to_have_text(module.written[0].title)
        for lesson in module.written:
            page.goto("/today")
            page.locator(".next .button").click()
            expect(page.locator("h1")).to_have_text(lesson.title)
            do_lesson(site, page, person_id, lesson)
        page.goto("/today")
        page.get_by_role("button", name="Begin").click()
        page.wait_for_url("**/attempts/**")
        attempt = page.url.rsplit("/", 1)[1]
        with site.app.app_context():
            sheet = assessments.sheet(UUID(attempt))
        for asked in sheet.asked[:6]:
            answer(page.locator(f"#q{asked.position}"), asked.question, sheet.seed, f"q{asked.position}")
        saved(page, 6)

    # Another device, another day: sign in, every answer is there.
    with site.context(browser, **PHONE) as tablet:
        page = tablet.new_page()
        page.goto("/today")
        page.get_by_label("Mail address").fill("NADIA.O'BRIEN@example.org")
        page.get_by_label("Password").fill("four grey herons at dawn")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/today")
        page.locator(".next .button").click()
        expect(page.locator("[data-progress]")).to_have_text("6 of 12 questions answered")
        for asked in sheet.asked[6:]:
            answer(page.locator(f"#q{asked.position}"), asked.question, sheet.seed, f"q{asked.position}")
        saved(page, 12)
        page.get_by_role("button", name="Hand in").click()
        expect(page.locator("h1")).to_contain_text("100")
        page.goto("/certificates")
        with site.app.app_context():
            while certificates.issue_waiting("tests"):
                pass
        page.reload()
        with page.expect_download() as download:
            page.get_by_role("link", name=re.compile("Download|PDF")).first.click()
        assert download.value.path().read_bytes().startswith(b"%PDF-")
        with site.app.app_context():
            (held,) = held_certificates.certificates_of(person_id)

    with site.context(browser, locale="en") as anyone:
        page = anyone.new_page()
        page.goto("/verify")
        page.get_by_label("Code").fill(held.code.lower().replace("-", " "))
        page.get_by_role("button").first.click()
        expect(page.locator("h1")).to_contain_text("Valid")
        expect(page.locator("main")).to_contain_text("نادية أوبراين")
        wrong = held.code[:-1] + ("0" if held.code[-1] != "0" else "1")
        page.goto(f"/verify?code={wrong}")
        expect(page.locator("main")).to_contain_text("slip of the pen")


def test_the_focal_point_downloads_one_and_all(site, worlds, browser):
    with site.app.app_context():
        while certificates.issue_waiting("tests"):
            pass
    with site.context(browser, worlds.world.own.focal_point, locale="en", accept_downloads=True) as context:
        page = context.new_page()
        page.goto("/today")
        page.get_by_role("link", name="Statistics Tavara").first.click()
        with page.expect_download() as one:
            page.get_by_role("link", name="Download the certificate of Graduate Ownside").click()
        assert one.value.path().read_bytes().startswith(b"%PDF-")
        with page.expect_download() as everything:
            page.get_by_role("link", name="Download all").click()
        assert everything.value.path().read_bytes().startswith(b"PK")


def test_the_coordinator_opens_another_attempt_with_a_reason(site, worlds, browser):
    side = worlds.sides["extreme"]
    with site.context(browser, side.facilitator, locale="en") as context:
        page = context.new_page()
        page.goto(f"/cohorts/{side.cohort}/people/{side.trainee}")
        page.get_by_label("Why").fill("Was ill during the second attempt")
        page.get_by_role("button", name="Open one more attempt").click()
        expect(page.get_by_role("status")).to_contain_text("One more attempt is open")
        expect(page.locator("main")).to_contain_text("Was ill during the second attempt")
    with site.context(browser, side.trainee, locale="en") as context:
        page = context.new_page()
        page.goto("/today")
        expect(page.locator(".next h1")).to_contain_text("is open")


def test_everything_that_certifies_works_without_javascript(site, worlds, browser):
    """Read, answer a check, begin the assessment, save, come back, hand in: forms alone."""
    graduate = worlds.sides["empty"].graduate
    with site.context(browser, graduate, locale="en", java_script_enabled=False) as context:
        page = context.new_page()
        lesson = index.current().lesson("who-is-a-migrant", "en")
        page.goto(f"/learn/lessons/{lesson.id}")
        with site.app.app_context():
            seed = presentation.check_seed(graduate, lesson)
        question = lesson.checks[0]
        form = page.locator(f'form[action$="/checks/{question.id}"]')
        answer(form, question, seed, rightly=False)
        form.locator("button").first.click()
        expect(page.locator(f'form[action$="/checks/{question.id}"] .verdict').first).to_be_visible()
        page.goto("/today")
        page.locator(".next .button").click()
        attempt = page.url.split("#")[0].rsplit("/", 1)[1]
        with site.app.app_context():
            sheet = assessments.sheet(UUID(attempt))
        for asked in sheet.asked[:3]:
            answer(page.locator(f"#q{asked.position}"), asked.question, sheet.seed, f"q{asked.position}")
        page.get_by_role("button", name="Save my answers").click()
        expect(page.locator("[data-progress]")).to_have_text("3 of 12 questions answered")
        page.get_by_role("button", name="Hand in").click()
        expect(page.locator("h1")).to_have_text("9 questions are not fully answered")
        page.get_by_role("button", name="Hand in all the same").click()
        expect(page.locator("h1")).to_contain_text("Not yet")
