"""The board: who needs somebody, what the shares hold, and exports that say what the screen says."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import date, timedelta
from html import unescape

import pytest
from make import organisation, person, post, role, sign_in
from python_calamine import CalamineWorkbook
from sqlalchemy import insert
from world import World, build, cohort, sit, study

from lms import clock, db
from lms.assessment import service as assessment
from lms.assessment.models import Attempt
from lms.cohorts import board as boards
from lms.cohorts import rules, service
from lms.learning.rules import Pace
from lms.people import queries as people
from lms.people import service as people_service
from lms.web import worklist


@pytest.fixture
def world(db_app) -> World:
    return build()


def text_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def rows_of(page: str) -> list[dict[str, str]]:
    """The rows of the board as a person reads them."""
    found = []
    for row in re.findall(r"<tr[ >].*?</tr>", page.split("<tbody>")[1], re.S) if "<tbody>" in page else []:
        cells = re.findall(r"<td class=\"([\w ]+)\".*?>(.*?)</td>", row, re.S)
        name = re.search(r"<bdi>(.*?)</bdi>", cells[0][1])
        office = re.search(r"plain\"><bdi>(.*?)</bdi>", cells[0][1])
        assert name is not None
        done, best, last = (text_of(html) for kind, html in cells if kind.startswith("num"))
        state = text_of(next(html for kind, html in cells if kind == "state"))
        found.append(
            {
                "name": unescape(name[1]), "office": unescape(office[1]) if office else "", "done": done,
                "best": best, "last": last, "state": state,
                "marks": [mark or "" for mark in re.findall(r"<i(?: class=\"(\w+)\")?></i>", row)],
            }
        )  # fmt: skip
    return found


def as_shown(row: list, lessons: int) -> dict:
    """A row of an export, in the words of the screen. A CSV's cells are text, a spreadsheet's are typed."""
    name, office, *rest = row
    marks, (done, all_of, best, last, state, days, used_up, accepted, _since) = rest[:lessons], rest[lessons:]
    words = state if days == "" else f"stuck for {int(days)} days"
    if state != "withdrawn":
        words += (" no attempt left" if used_up else "") + ("" if accepted == "yes" else " not joined yet")
    if isinstance(best, float):
        best = f"{best:.0%}"
    return {
        "name": name, "office": office, "done": f"{int(done)} / {int(all_of)}",
        "best": best.replace("%", " %") or "–", "last": shown_day(last), "state": words,
        "marks": [{"done": "done", "begun": "now", "": ""}[mark] for mark in marks],
    }  # fmt: skip


def shown_day(value: str | date | None) -> str:
    if not value:
        return "–"
    day = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{day.day} {day:%b %Y}".replace("Sep ", "Sept ")


def a_mixed_cohort(world: World, name: str = '=West, "3"'):
    """Somebody in each state that a board can show, over two offices; the staff are the own side's."""
    own, start = world.own, clock.now()
    with db.write():
        group = cohort(name)
        for who, what in ((own.coordinator, "coordinator"), (own.facilitator, "facilitator")):
            role(who, what, "cohort", group)
        with clock.at(start - timedelta(days=30)):  # not today: in the second office it may be tomorrow already
            second = organisation("Zoll und Statistik", "DE")
            made = {
                "busy": person("Busy Bee", organisation_id=own.office),
                "finished": person("Fay Finished", organisation_id=second),
                "failed": person("Thrice Failed", organisation_id=second),
                "stuck": person("Sami Stuck", organisation_id=own.office),
                "new": person("Nia New", joined=False, organisation_id=own.office),
                "gone": person("Gone Away", organisation_id=own.office),
                "both": person("Both Offices", organisation_id=own.office),
            }
        people_service.start_membership(made["both"], second, date(2024, 2, 1))
    with clock.at(start - timedelta(days=29)), db.write():
        for who in made.values():
            if who != made["new"]:
                service.add_member(group, who)
        study(made["stuck"], 1)
        study(made["failed"])
    with clock.at(start - timedelta(days=20)), db.write():
        service.add_member(group, made["new"])
    for days in (9, 7, 5):
        with clock.at(start - timedelta(days=days)), db.write():
            sit(made["failed"], rightly=False, answered=11)
    with db.write():
        study(made["busy"], 2)
        study(made["both"], 1)
        study(made["finished"], 99)
        sit(made["finished"])
        study(made["gone"], 1)
        service.withdraw_member(group, made["gone"])
    return group, second, made


FILTERS = ["", "?state=stuck", "?state=no_attempt", "?state=not_joined", "?state=needing", "?office={second}",
           "?state=stuck&office={office}", "?state=ahead", "?state=nonsense", "?office=nonsense"]  # fmt: skip


@pytest.mark.parametrize("role_name", ["coordinator", "facilitator"])
def test_both_exports_hold_row_by_row_what_the_screen_shows(db_app, world, role_name):
    group, second, _made = a_mixed_cohort(world)
    client = sign_in(db_app.test_client(), getattr(world.own, role_name))
    seen = set()
    for asked in FILTERS:
        query = asked.format(second=second, office=world.own.office)
        page = client.get(f"/cohorts/{group}{query}").get_data(as_text=True)
        rows = rows_of(page)
        seen.add(len(rows))
        response = client.get(f"/cohorts/{group}/board.csv{query}")
        assert response.data.startswith(b"\xef\xbb\xbf") and "attachment" in response.headers["Content-Disposition"]
        first, heads, *lines = csv.reader(io.StringIO(response.data.decode("utf-8-sig"), newline=""))
        assert len(first) == 1 and first[0].startswith("'=West") and "(UTC)" in first[0]
        lessons = heads.index("Lessons done") - 2
        assert [as_shown(line, lessons) for line in lines] == rows
        # The same from the spreadsheet, where numbers are numbers and dates are dates.
        response = client.get(f"/cohorts/{group}/board.xlsx{query}")
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(response.data)).get_sheet_by_index(0)
        first, heads_too, *lines = sheet.to_python(skip_empty_area=False)
        assert first[0].startswith("=West") and heads_too == heads
        assert [as_shown(line, lessons) for line in lines] == rows
        for line in lines:
            assert isinstance(line[lessons + 2], float) and isinstance(line[-1], date)
            assert line[lessons + 4] == "" or 0 <= line[lessons + 4] <= 1
    assert {0, 1, 7} <= seen  # nobody, one, all with the withdrawn


def test_a_figure_opens_exactly_the_people_that_it_counts(db_app, world):
    group, _second, _made = a_mixed_cohort(world)
    client = sign_in(db_app.test_client(), world.own.coordinator)
    page = client.get(f"/cohorts/{group}").get_data(as_text=True)
    links = re.findall(r'<a href="([^"]*\?[^"]*)">(?:<i class="\w*"></i>)?<b>(\d+)</b>', page)
    assert len(links) >= 7
    for link, count in links:
        behind = client.get(unescape(link)).get_data(as_text=True)
        present = [row for row in rows_of(behind) if row["state"] != "withdrawn"]
        assert len(present) == int(count), link
        assert 'aria-current="true"' in behind and f'href="/cohorts/{group}">Show everybody' in behind
        for further, number in re.findall(
            r'<a href="([^"]*\?state[^"]*office[^"]*)">(?:<i[^>]*></i>)?<b>(\d+)', behind
        ):
            both = [
                r for r in rows_of(client.get(unescape(further)).get_data(as_text=True)) if r["state"] != "withdrawn"
            ]
            assert len(both) == int(number)


def test_a_person_of_two_offices_counts_once_in_the_whole(db_app, world):
    group, second, made = a_mixed_cohort(world)
    board = boards.board(group, "", "")
    assert sum(f.count for f in board.states()) == 6
    assert {f.key: f.count for f in board.offices()} == {str(world.own.office): 4, str(second): 3}
    assert made["both"] in {x.person_id for x in boards.board(group, "", str(second)).lines()}


def test_who_needs_somebody_comes_first_the_longest_waiting_at_the_top(db_app, world):
    group, _second, made = a_mixed_cohort(world)
    board = boards.board(group, "", "")
    assert [(x.person_id, x.need) for x in board.waiting()] == [
        (made["stuck"], "word"), (made["new"], "invitation"), (made["failed"], "attempt")
    ]  # fmt: skip
    page = sign_in(db_app.test_client(), world.own.coordinator).get(f"/cohorts/{group}").get_data(as_text=True)
    assert "3 people need you" in page and page.index("Who needs you today") < page.index("<table")
    assert f"/cohorts/{group}/people/{made['failed']}#attempt" in page
    assert f"/people/{made['new']}/invitation/letter" in page


def test_only_who_may_invite_is_offered_to_invite_again_and_comes_back_to_the_board(db_app, world):
    group, _second, made = a_mixed_cohort(world)
    facilitator = sign_in(db_app.test_client(), world.own.facilitator)
    assert "/invitation/letter" not in facilitator.get(f"/cohorts/{group}").get_data(as_text=True)
    coordinator = sign_in(db_app.test_client(), world.own.coordinator)
    path = f"/people/{made['new']}/invitation/letter"
    back = f"/cohorts/{group}?state=needing"
    assert post(coordinator, path, {"next": back}).headers["Location"] == back
    assert (
        post(coordinator, path, {"next": "//evil.example"}).headers["Location"] == f"/people/{made['new']}/invitation"
    )


def test_one_invited_today_needs_nobody_yet():
    calm, stuck = Pace("on_track", 0, 0), Pace("stuck", 20, -3)
    asked = {"joined": False, "used_up": False, "pace": calm}
    assert rules.need(**asked, days_invited=0) == ""
    assert rules.need(**asked, days_invited=rules.INVITED_DAYS) == "invitation"
    assert rules.need(joined=True, used_up=False, pace=stuck, days_invited=50) == "word"
    assert rules.need(joined=True, used_up=True, pace=stuck, days_invited=50) == "attempt"


def test_the_withdrawn_stand_at_the_end_without_a_link_and_in_no_share(db_app, world):
    group, _second, made = a_mixed_cohort(world)
    page = sign_in(db_app.test_client(), world.own.coordinator).get(f"/cohorts/{group}").get_data(as_text=True)
    assert rows_of(page)[-1]["name"] == "Gone Away"
    assert str(made["gone"]) not in page


def test_a_filter_that_holds_nobody_says_so_and_leads_back(db_app, world):
    client = sign_in(db_app.test_client(), world.own.coordinator)
    for query in ("?state=finished&office=" + str(world.own.office), f"?office={world.other.office}"):
        page = client.get(f"/cohorts/{world.own.cohort}{query.replace('finished', 'ahead')}").get_data(as_text=True)
        assert "Nobody is here under this filter" in page and "Show everybody" in page
        assert "Otherside" not in page and "Lunavia" not in page


def test_an_empty_cohort_says_what_to_do_to_those_who_can(db_app, world):
    with db.write():
        group = cohort("Nobody yet")
        role(world.own.facilitator, "facilitator", "cohort", group)
        role(world.own.coordinator, "coordinator", "cohort", group)
    for who, said in ((world.own.coordinator, "Add the first person"), (world.own.facilitator, "Its coordinator")):
        client = sign_in(db_app.test_client(), who)
        page = client.get(f"/cohorts/{group}").get_data(as_text=True)
        assert said in page
        assert client.get(f"/cohorts/{group}/board.csv").status_code == 200
        assert client.get(f"/cohorts/{group}/board.xlsx").status_code == 200


def test_an_arabic_sheet_runs_from_right_to_left(db_app, world):
    client = sign_in(db_app.test_client(), world.own.coordinator)
    for code, right in (("ar", True), ("en", False)):
        data = client.get(f"/cohorts/{world.own.cohort}/board.xlsx?lang={code}").data
        sheet = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml").decode()
        assert ('rightToLeft="1"' in sheet) is right
        assert 'state="frozen"' in sheet and "<autoFilter" in sheet


def test_another_cohorts_staff_find_neither_page_nor_exports_nor_acts(db_app, world):
    group, _second, made = a_mixed_cohort(world)
    for who in (world.other.coordinator, world.other.facilitator):
        client = sign_in(db_app.test_client(), who)
        for path in ("", "/board.csv", "/board.xlsx", f"/people/{made['stuck']}"):
            assert client.get(f"/cohorts/{group}{path}").status_code == 404
        assert post(client, f"/cohorts/{group}/people/{made['failed']}/attempts").status_code == 404
        assert post(client, f"/cohorts/{group}/people/{made['failed']}/withdrawal").status_code == 404
        assert post(client, f"/people/{made['new']}/invitation/letter").status_code == 404


def tasks(sections, name: str) -> list:
    return next((section.tasks for section in sections if section.name == name), [])


def waiting_of(person_id):
    return worklist.waiting(people.viewer_of(person_id))


def test_attempts_to_open_wait_for_those_who_may_open_them_and_for_nobody_else(db_app, world):
    group, _second, made = a_mixed_cohort(world)
    with db_app.test_request_context():
        (task,) = tasks(waiting_of(world.own.facilitator), "cohorts.attempts")
        assert task.name == "Thrice Failed" and f"/cohorts/{group}/people/{made['failed']}#attempt" in task.link
        assert len(tasks(waiting_of(world.admin), "cohorts.attempts")) == 1
        for who in (world.other.coordinator, world.own.focal_point, made["failed"]):
            assert tasks(waiting_of(who), "cohorts.attempts") == []
    with db.write():
        assessment.grant_attempt(made["failed"], "concepts", world.own.facilitator, "The power was out")
    with db_app.test_request_context():
        assert tasks(waiting_of(world.own.facilitator), "cohorts.attempts") == []


def test_an_attempt_opened_for_one_is_opened_for_nobody_else(db_app, world):
    failed = []
    with clock.at(clock.now() - timedelta(days=9)), db.write():
        group = cohort("Two fail")
        role(world.own.facilitator, "facilitator", "cohort", group)
        for name in ("First Fails", "Second Fails"):
            failed.append(who := person(name))
            service.add_member(group, who)
            study(who)
    for days in (8, 6, 4):
        with clock.at(clock.now() - timedelta(days=days)), db.write():
            for who in failed:
                sit(who, rightly=False, answered=2)
    with db.write():
        assessment.grant_attempt(failed[0], "concepts", world.own.facilitator, "The power was out")
    with db_app.test_request_context():
        waiting = tasks(waiting_of(world.own.facilitator), "cohorts.attempts")
    assert [task.name for task in waiting] == ["Second Fails"]


def test_two_records_of_one_human_wait_once_under_the_kept_name_and_link(db_app, world):
    group, _second, made = a_mixed_cohort(world)
    with db.write():
        kept = person("Thrice F. Failed")
        service.add_member(group, kept)
        study(kept)
        people_service.merge_records(kept, made["failed"], None, "The same badge")
    with db_app.test_request_context():
        (task,) = tasks(waiting_of(world.own.facilitator), "cohorts.attempts")
        assert task.name == "Thrice F. Failed" and f"/people/{kept}#attempt" in task.link
        long = {t.name: t.text for t in tasks(waiting_of(world.own.facilitator), "cohorts.long")}
    with db.write():
        assessment.grant_attempt(made["failed"], "concepts", world.own.facilitator, "The power was out")
    with db_app.test_request_context():
        assert tasks(waiting_of(world.own.facilitator), "cohorts.attempts") == []
    client = sign_in(db_app.test_client(), world.own.facilitator)
    rows = rows_of(client.get(f"/cohorts/{group}?state=long").get_data(as_text=True))
    assert long['=West, "3"'].startswith(f"{len(rows)} ")


def test_who_is_in_two_cohorts_waits_once_and_nobody_waits_for_themselves(db_app, world):
    _group, _second, made = a_mixed_cohort(world)
    with db.write():
        role(made["failed"], "facilitator", "cohort", world.own.cohort)
        for who in (made["failed"], world.own.trainee):
            service.add_member(world.own.cohort, who)
    with db_app.test_request_context():
        assert len(tasks(waiting_of(world.own.facilitator), "cohorts.attempts")) == 1
        assert tasks(waiting_of(made["failed"]), "cohorts.attempts") == []


def test_the_long_stuck_are_counted_as_the_board_counts_them(db_app, world):
    group, _second, _made = a_mixed_cohort(world)
    with db_app.test_request_context():
        waiting = {task.name: task for task in tasks(waiting_of(world.own.facilitator), "cohorts.long")}
    assert set(waiting) == {'=West, "3"', "Cohort Ownside"}
    client = sign_in(db_app.test_client(), world.own.facilitator)
    for task in waiting.values():
        rows = rows_of(client.get(task.link).get_data(as_text=True))
        assert task.text.startswith(f"{len(rows)} ") and rows
    assert f"/cohorts/{group}?state=long" == waiting['=West, "3"'].link


def test_the_headline_counts_right_and_a_long_section_opens_whole(db_app, world):
    with db.write():
        calm = role(person("Calm Coordinator"), "coordinator", "cohort", cohort("Fresh", starts_days_ago=2))
        busy = role(person("Busy Facilitator"), "facilitator", "cohort", group := cohort("Many", starts_days_ago=10))
    with clock.at(clock.now() - timedelta(days=9)), db.write():
        failed = [person(f"Failed {n:02}") for n in range(12)]
        for who in failed:
            service.add_member(group, who)
            study(who)
    client = sign_in(db_app.test_client(), busy)
    for days in (8, 6, 4):
        with clock.at(clock.now() - timedelta(days=days)), db.write():
            for who in failed[:1] if days == 4 else failed:
                sit(who, rightly=False, answered=2)
    assert "Nothing waits for you" in (sign_in(db_app.test_client(), calm)).get("/waiting").get_data(as_text=True)
    assert "1 thing waits for you" in client.get("/waiting").get_data(as_text=True)
    with clock.at(clock.now() - timedelta(days=4)), db.write():
        for who in failed[1:]:
            sit(who, rightly=False, answered=2)
    page = client.get("/waiting").get_data(as_text=True)
    assert "12 things wait for you" in page and "and 2 more" in page and page.count("#attempt") == 20
    assert client.get("/waiting?section=cohorts.attempts").get_data(as_text=True).count("#attempt") == 24
    assert "12 things wait for you" in client.get("/today").get_data(as_text=True)


def role_said(page: str) -> str:
    found = re.search(r'<span class="role">(.*?)</span>', page)
    return unescape(found[1]) if found else ""


def test_a_page_says_as_whom_one_acts_and_ones_own_pages_do_not(db_app, world):
    own = world.own
    with db.write():
        in_country = service.create_cohort(
            "Of a country", "foundations", clock.today(), clock.today() + timedelta(days=9), {}, scope="country",
            scope_id="SN",
        )  # fmt: skip
        role(own.coordinator, "coordinator", "country", "SN")
        role(own.coordinator, "facilitator", "cohort", world.other.cohort)
    client = sign_in(db_app.test_client(), own.coordinator)
    said = {
        f"/cohorts/{own.cohort}": "coordinator",
        f"/cohorts/{world.other.cohort}": "facilitator",
        f"/cohorts/{in_country}": "coordinator, Senegal",
        "/waiting": "coordinator and facilitator",
        "/today": "",
        "/account": "",
        "/learn/lessons/who-is-a-migrant": "",
    }
    for path, words in said.items():
        assert role_said(client.get(path).get_data(as_text=True)) == words, path


def test_a_person_with_three_hundred_events_shows_the_newest_fifty_and_all_when_asked(db_app, world):
    own, now = world.own, clock.now()
    with db.write() as s:
        s.execute(
            insert(Attempt),
            [
                {"id": db.new_id(), "person_id": own.newcomer, "instrument": "assessment:concepts", "number": n,
                 "seed": "x", "pass_percent": 70, "minutes": 10, "started_at": now, "last_at": now,
                 "submitted_at": now - timedelta(hours=300 - n), "score": 0.1, "passed": False}
                for n in range(1, 301)
            ],
        )  # fmt: skip
    client = sign_in(db_app.test_client(), own.facilitator)
    path = f"/cohorts/{own.cohort}/people/{own.newcomer}"
    page = client.get(path).get_data(as_text=True)
    assert page.count('<li class="tried"') == 50 and "All 301 events" in page and "Attempt 300" in page
    assert client.get(f"{path}?all=1").get_data(as_text=True).count('<li class="tried"') == 300


def test_a_person_with_nothing_yet_has_a_page(db_app, world):
    with db.write():
        group, who = cohort("Fresh"), person("Quite New", joined=False)
        role(world.own.facilitator, "facilitator", "cohort", group)
        service.add_member(group, who)
    page = sign_in(db_app.test_client(), world.own.facilitator).get(f"/cohorts/{group}/people/{who}")
    assert page.status_code == 200 and "not accepted yet" in page.get_data(as_text=True)
