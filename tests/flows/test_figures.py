"""Figures for those who look on: released once a month, of groups only, over one's own scope."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta

import pytest
import time_machine
from make import membership, organisation, person, role, sign_in
from sqlalchemy import func, insert, select, update
from test_statements import counted
from world import trained

from lms import clock, db, policy
from lms.learning.models import Enrolment
from lms.people.models import Membership, Person
from lms.programme import queries, rules, service
from lms.programme.models import FigureGroup, FigureRelease
from lms.web import menu

NOVEMBER = "2026-11-25T09:00:00+00:00"


@pytest.fixture(autouse=True)
def november():
    with time_machine.travel(NOVEMBER, tick=False) as traveller:
        yield traveller


def look(app, person_id, path="/figures", status=200) -> str:
    response = sign_in(app.test_client(), person_id).get(path)
    assert response.status_code == status
    return response.get_data(as_text=True)


def observer(scope="programme", scope_id=""):
    return role(person("Ola Observer"), "observer", scope, scope_id)


def headline(page: str) -> str:
    return re.search(r"<h1>(.*?)</h1>", page, re.S)[1]


def sheet(app, person_id, scope="") -> list[dict[str, str]]:
    text = look(app, person_id, f"/figures.csv{scope}")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def release(on: date | None = None) -> bool:
    with db.write():
        return service.release(on or clock.today())


@pytest.fixture
def offices(db_app):
    """Three countries: two offices of five and more, two that are too small, people of no office."""
    with db.write():
        ids = {
            "north": organisation("Statistics North", "SN"),
            "south": organisation("Statistics South", "SN"),
            "coast": organisation("Statistics Coast", "GH"),
            "isle": organisation("Statistics Isle", "FJ"),
        }
        trained(ids["north"], 24, 18, 11, 5, 13)
        trained(ids["south"], 3)
        trained(ids["coast"], 12, 12, 7, women=1)
        trained(ids["isle"], 4)
    return ids


# --- what is counted -------------------------------------------------------------------------------------


def test_people_are_counted_by_office_and_by_how_far_they_came(offices):
    found = queries.counts(clock.today())
    assert found[str(offices["north"])].numbers == {
        "enrolled": 24, "begun": 18, "finished": 11, "certified": 5, "women": 13,
    }  # fmt: skip
    assert found[str(offices["coast"])].country == "GH"
    assert "" not in found


def test_a_human_counts_once_with_two_courses_two_records_and_two_offices(offices):
    isle, coast = offices["isle"], offices["coast"]
    with db.write() as s:
        first, second = trained(isle, 2, 1)
        s.execute(insert(Enrolment), [{"person_id": first, "course": "other", "enrolled_at": clock.now()}])
        s.execute(update(Person).where(Person.id == second).values(merged_into=first))
        membership(first, coast, date(2026, 11, 1))
    found = queries.counts(clock.today())
    assert found[str(isle)].numbers["enrolled"] == 5
    assert found[str(isle)].numbers["begun"] == 1
    assert found[str(coast)].numbers["enrolled"] == 12


def test_who_left_is_of_the_office_they_joined_from_and_who_only_teaches_is_not_counted(offices):
    with db.write() as s:
        (gone,) = trained(offices["isle"], 1)
        s.execute(update(Membership).where(Membership.person_id == gone).values(ends_on=date(2026, 11, 20)))
        s.execute(update(Enrolment).where(Enrolment.person_id == gone).values(state="withdrawn"))
        (late,) = trained(None, 1)
        membership(late, offices["isle"], date(2026, 11, 24))
        (former,) = trained(offices["isle"], 1)  # had left before the course
        s.execute(update(Membership).where(Membership.person_id == former).values(ends_on=date(2026, 8, 1)))
        membership(role(person("Tea Cher"), "facilitator"), offices["isle"])
    found = queries.counts(clock.today())
    assert found[str(offices["isle"])].numbers["enrolled"] == 6
    assert found[""].numbers["enrolled"] == 1


# --- the release -----------------------------------------------------------------------------------------


def test_the_first_release_waits_for_a_group_and_later_ones_for_the_month(db_app, november):
    with db.write():
        office = organisation()
        trained(office, 4)
    service.release_due("worker")
    assert queries.last_release() is None
    with db.write():
        trained(office, 1)
    service.release_due("worker")
    assert queries.last_release().counted_on == date(2026, 11, 25)
    with db.write():
        trained(office, 30)
    november.move_to("2026-11-30T23:00:00+00:00")
    service.release_due("worker")
    assert queries.last_release().counted_on == date(2026, 11, 25)
    november.move_to("2026-12-01T00:30:00+00:00")
    service.release_due("worker")
    service.release_due("worker")
    assert queries.last_release().counted_on == date(2026, 12, 1)
    assert db.session().scalar(select(func.count()).select_from(FigureRelease)) == 2


def test_two_workers_release_a_month_once(offices):
    assert [release(), release(date(2026, 11, 26))] == [True, False]
    assert len(queries.groups_of(queries.last_release().id)) == 2
    assert db.session().scalar(select(func.count()).select_from(FigureGroup)) == 2


def test_one_person_more_or_less_moves_no_figure(db_app, offices, november):
    release()
    who = observer()
    before = look(db_app, who)
    for month, people in (("2026-12-01", 4), ("2027-01-01", 1)):
        november.move_to(f"{month}T09:00:00+00:00")
        with db.write():
            trained(offices["coast"], people)
        service.release_due("worker")
        if people == 4:
            assert headline(look(db_app, who)) == headline(before)
    assert "About 40 people were trained in 2 countries." in headline(look(db_app, who))


# --- the page --------------------------------------------------------------------------------------------


def test_the_page_says_the_finding_and_the_sheet_the_same_numbers(db_app, offices):
    release()
    who = observer()
    page = look(db_app, who)
    assert headline(page) == "About 35 people were trained in 2 countries. About 15 finished a module."
    assert "2 offices are too small to be shown and are in no figure." in page
    assert "25 November 2026" in page
    assert "1 December 2026" in page
    assert "Isle" not in page
    rows = sheet(db_app, who)
    assert [(r["Country"], r["Office"], r["Enrolled"], r["Finished a module"], r["Women"]) for r in rows] == [
        ("Ghana", "Statistics Coast", "10", "5", ""),
        ("Senegal", "Statistics North", "25", "10", "15"),
        ("The whole programme", "All together", "35", "15", "15"),
    ]
    assert {r["As of"] for r in rows} == {"2026-11-25"}
    table = page[page.index("<table") : page.index("</table>")]
    numbers = re.findall(r'<td class="num"[^>]*>(?:<span[^>]*>)?([^<]*)', table)
    shown = [n if n.isdigit() else "" for n in numbers]
    assert shown[: len(shown) // 3] == [v for k, v in rows[0].items() if k not in ("Country", "Office", "As of")]


def test_nothing_of_a_person_and_no_true_count_stands_in_the_page(db_app, offices):
    release()
    for path in ("/figures", "/figures.csv"):
        page = look(db_app, observer(), path)
        assert "Somebody" not in page
        for number in re.findall(r">\s*(\d+)\s*<|,(\d+)(?=,)", page):
            assert int(number[0] or number[1]) % 5 == 0


@pytest.mark.parametrize(
    ("scope", "key", "expected"),
    [
        ("country", "SN", "About 25 people were trained. About 10 finished a module."),
        ("organisation", "coast", "About 10 people were trained. About 5 finished a module."),
        ("region", "ecowas", "About 35 people were trained in 2 countries. About 15 finished a module."),
        ("region", "011", "About 35 people were trained in 2 countries. About 15 finished a module."),
        ("country", "FJ", "Nothing can be shown here yet"),
        ("organisation", "isle", "Nothing can be shown here yet"),
    ],
)
def test_each_scope_shows_the_groups_that_lie_within_it(db_app, offices, scope, key, expected):
    release()
    who = observer(scope, offices.get(key, key))
    assert headline(look(db_app, who)) == expected


def test_small_offices_of_a_country_are_shown_together_and_never_by_name(db_app, offices):
    with db.write():
        trained(organisation("Statistics East", "SN"), 3)
    release()
    page = look(db_app, observer("country", "SN"))
    assert "2 offices together" in page
    assert "Statistics East" not in page
    assert headline(look(db_app, observer("organisation", offices["south"]))) == "Nothing can be shown here yet"


def test_small_offices_of_several_countries_count_in_no_country(db_app, offices):
    with db.write():
        trained(organisation("Statistics River", "ML"), 3)
        trained(None, 9)
    release()
    page = look(db_app, observer())
    assert "Several countries" in page
    assert "No office" in page
    assert headline(page).startswith("About 50 people were trained in 3 countries.")
    assert headline(look(db_app, observer("country", "SN"))).startswith("About 25 people")
    assert headline(look(db_app, observer("region", "011"))).startswith("About 40 people")


def test_before_the_first_release_the_page_says_what_will_be_here(db_app):
    page = look(db_app, observer())
    assert headline(page) == "No figures yet"
    assert "How small groups are protected" in page
    assert sheet(db_app, observer()) == []


def test_one_of_several_scopes_is_chosen_and_anothers_does_not_exist(db_app, offices):
    release()
    who = observer("country", "SN")
    assert "<select" not in look(db_app, who)
    role(who, "observer", "organisation", offices["coast"])
    page = look(db_app, who)
    assert headline(page).startswith("About 25")
    assert "<select" in page
    assert headline(look(db_app, who, f"/figures?scope=organisation:{offices['coast']}")).startswith("About 10")
    for scope in ("programme", "country:GH", "country:XX", "region:ecowas", f"organisation:{offices['north']}",
                  "organisation:", "cohort:1", "", "'"):  # fmt: skip
        look(db_app, who, f"/figures?scope={scope}", 404)
        look(db_app, who, f"/figures.csv?scope={scope}", 404)


def test_who_coordinates_a_country_sees_its_figures_and_who_only_a_cohort_none(db_app, offices):
    release()
    assert headline(look(db_app, role(person(), "coordinator", "country", "GH"))).startswith("About 10")
    look(db_app, role(person(), "coordinator", "cohort", db.new_id()), status=403)
    look(db_app, role(person(), "focal_point", "organisation", offices["north"]), status=403)


def test_the_menu_leads_observers_to_figures(db_app):
    def places(*grant):
        viewer = policy.Viewer(db.new_id(), "", "en", "UTC", 0, frozenset({policy.Grant(*grant)}))
        return {place.endpoint for place in menu.places(viewer)}

    assert "programme.figures" in places("observer", "region", "ecowas")
    assert "programme.figures" in places("administrator", "programme")
    assert "programme.figures" not in places("coordinator", "cohort", "1")
    assert "programme.figures" not in places("focal_point", "organisation", "1")


def test_observers_have_no_other_permission_than_for_figures_and_results_without_names(db_app):
    named = {p.name for p in policy.PERMISSIONS.values() if "observer" in p.roles}
    assert named == {"figures.see", "survey.list", "survey.results"}


def test_an_observer_arrives_at_the_figures_and_everybody_else_at_today(db_app):
    def arrives(who):
        return sign_in(db_app.test_client(), who).get("/").headers["Location"]

    assert arrives(observer("country", "SN")) == "/figures"
    assert arrives(person("Tra Inee")) == "/today"
    assert arrives(role(observer(), "coordinator")) == "/today"


def test_a_name_that_would_be_a_formula_is_a_text_in_the_sheet(db_app):
    with db.write():
        trained(organisation("=SUM(A1:A9) Statistics", "SN"), 6)
    release()
    assert sheet(db_app, observer())[0]["Office"] == "'=SUM(A1:A9) Statistics"


def test_figures_ask_as_much_for_many_as_for_few(db_app, offices):
    release()
    client = sign_in(db_app.test_client(), observer())
    few = counted(db_app, client, "/figures")
    with db.write():
        for country in ("ML", "NE", "TG", "BJ", "CI"):
            trained(organisation(f"Statistics {country}", country), 200, 100, 50)
    with time_machine.travel(clock.now() + timedelta(days=31)):
        release()
        assert "in 7 countries" in headline(look(db_app, observer()))
        client = sign_in(db_app.test_client(), observer())
        assert counted(db_app, client, "/figures") == few <= 5


def test_the_bars_say_what_the_table_says(db_app, offices):
    release()
    page = look(db_app, observer())
    assert "The largest group, about 25 people, is in Senegal" in page
    for drawing in re.findall(r"<svg class=\"chart.*?</svg>", page, re.S):
        assert re.findall(r"<text[^>]*>([^<]*)", drawing) == ["Senegal", "25", "10", "Ghana", "10", "5"]
    assert page.count('<svg class="chart') == 2
    assert '<svg class="chart' not in look(db_app, observer("country", "SN"))


@pytest.mark.parametrize(
    ("people", "countries", "finished", "everywhere", "expected"),
    [
        (5, 1, None, False, "About 5 people were trained in one country."),
        (10, 2, 5, True, "About 10 people were trained in 2 countries. About 5 finished a module."),
        (1005, 0, 100, False, "About 1,005 people were trained. At least 100 finished a module."),
    ],
)
def test_the_headline_reads_right(db_app, people, countries, finished, everywhere, expected):
    totals = {"enrolled": people} | ({"finished": finished} if finished else {})
    assert rules.headline(totals, countries, everywhere) == expected


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_figures_are_written_as_the_language_writes_numbers(db_app, offices, language):
    release()
    page = look(db_app, observer(), f"/figures?lang={language}")
    assert ("٢٥" if language == "ar" else ">25<") in page


def test_an_observers_day_leads_to_the_figures(db_app):
    page = look(db_app, observer(), "/today")
    assert 'href="/figures"' in page and "never who" in page and "You are in no cohort" not in page
