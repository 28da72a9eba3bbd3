"""Surveys from the letter to the results: once for a person, one answer for an office, shown in groups of five."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from uuid import UUID

import pytest
import surveyed
from asked import at_once
from flask_babel import force_locale
from make import organisation, person, post, role, sign_in
from sqlalchemy import func, inspect, select
from surveyed import BASELINE, KEPT, REACTION, invited, letters, links
from world import World, build, cohort

from lms import clock, db
from lms.audit.models import Entry
from lms.cohorts import service as cohorts
from lms.people import queries as people
from lms.people import service as people_service
from lms.policy import Refusal
from lms.surveys import held, queries, rules, service
from lms.surveys.models import OfficeAnswer, Survey, SurveyInvitation, SurveyResponse, SurveyVersion


@pytest.fixture
def world(db_app) -> World:
    return build()


@pytest.fixture
def group(db_app):
    """A cohort of eight who have joined, its coordinator, and a survey that was sent to them."""
    with db.write():
        made = cohort("Asked")
        members = surveyed.people(8)
        for member in members:
            cohorts.add_member(made, member)
        lead = role(person("Lead", "lead@example.org"), "coordinator", "cohort", made)
    return made, members, lead


def told(person_id):
    """What the room holds about a person, by section."""
    return {section.name: section.rows for section in held.held_about(person_id)}


def sent(group, days: int = 10, template: str = "reaction"):
    """Send a template to that cohort; the survey's id."""
    with db.write():
        version = service.version_of_template(template)
        last_day = clock.today() + timedelta(days=days)
        return service.send(version, "cohort", str(group[0]), last_day, group[2])[0]


def count(model, *where) -> int:
    db.end_read()
    return db.session().scalar(select(func.count()).select_from(model).where(*where))


def page(response) -> str:
    return response.get_data(as_text=True)


# --- Sending ---------------------------------------------------------------------------------------


def test_a_coordinator_sends_a_survey_and_everybody_gets_a_letter_in_their_language(db_app, group):
    made, members, lead = group
    with db.write():
        people_service.change_profile(
            members[0], members[0], name="Amina", name_latin="", sex="unsaid", post="", language="fr", time_zone="UTC"
        )
    client = sign_in(db_app.test_client(), lead)
    form = {"version": "reaction", "audience": f"cohort:{made}", "last_day": str(clock.today() + timedelta(days=9))}
    response = post(client, "/surveys/new", form)
    assert response.status_code == 303
    assert "8 letters are on their way" in page(client.get(response.headers["Location"]))
    assert len(letters()) == 8 and len(set(links())) == 8
    assert sorted(link.split("?lang=")[1] for link in links()) == ["en"] * 7 + ["fr"]
    assert "without your name" in letters()[1].body and "lead@example.org" in letters()[1].body


def test_whoever_was_withdrawn_or_has_not_joined_is_not_asked(db_app, group):
    made, members, _lead = group
    with db.write():
        cohorts.add_member(made, person(joined=False))
        cohorts.withdraw_member(made, members[0])
    sent(group)
    assert len(letters()) == 7


@pytest.mark.parametrize("days", [-1, 400])
def test_a_last_day_that_cannot_be_is_said_beside_its_field_and_the_form_is_kept(db_app, group, days):
    client = sign_in(db_app.test_client(), group[2])
    form = {"version": "reaction", "audience": f"cohort:{group[0]}", "title": "Mine",
            "last_day": str(clock.today() + timedelta(days=days))}  # fmt: skip
    response = post(client, "/surveys/new", form)
    assert response.status_code == 422 and "from today on" in page(response) and 'value="Mine"' in page(response)
    assert letters() == []


def test_fewer_than_five_are_not_asked_since_nothing_could_be_shown(db_app, world):
    client = sign_in(db_app.test_client(), world.own.coordinator)
    form = {"version": "reaction", "audience": f"cohort:{world.own.cohort}", "last_day": str(clock.today())}
    response = post(client, "/surveys/new", form)
    assert response.status_code == 422 and "never shown" in page(response)


def test_another_coordinators_cohort_and_copy_cannot_be_chosen(db_app, world):
    client = sign_in(db_app.test_client(), world.own.coordinator)
    day = str(clock.today())
    for form in (
        {"version": "reaction", "audience": f"cohort:{world.other.cohort}", "last_day": day},
        {"version": str(world.other.version), "audience": f"cohort:{world.own.cohort}", "last_day": day},
        {"version": "institution-baseline", "audience": "programme:", "last_day": day},
        {"version": "reaction", "audience": f"organisation:{world.own.office}", "last_day": day},
    ):
        before = count(Survey)
        assert post(client, "/surveys/new", form).status_code == 422
        assert count(Survey) == before


def test_an_administrator_asks_every_office_that_has_a_focal_point(db_app, world):
    with db.write():
        organisation("Nobody there")
    client = sign_in(db_app.test_client(), world.admin)
    form = {"version": "institution-baseline", "audience": "programme:", "last_day": str(clock.today())}
    response = post(client, "/surveys/new", form)
    assert "0 of 2 answered" in page(client.get(response.headers["Location"]))


def test_those_who_have_not_answered_are_reminded_once_three_days_before_the_end(db_app, group):
    survey = sent(group, days=6)
    post(db_app.test_client(), links()[0], REACTION)
    with clock.at(clock.now() + timedelta(days=3)):
        service.remind_due()
        assert len(letters()) == 8
    with clock.at(clock.now() + timedelta(days=4)):
        assert service.remind_due() and not service.remind_due()
    reminders = letters()[8:]
    assert len(reminders) == 7 and all("only reminder" in letter.body for letter in reminders)
    # Both links of a person lead to the same one answer.
    first, again = links()[1], next(link for link in links()[8:] if link)
    assert db_app.test_client().get(first).status_code == db_app.test_client().get(again).status_code == 200
    with db.write():
        assert service.remind(survey, group[2]) == 0


def test_a_survey_that_was_sent_today_for_tomorrow_reminds_nobody_at_once(db_app, group):
    sent(group, days=1)
    assert not service.remind_due()


# --- Answering -------------------------------------------------------------------------------------


def test_opening_a_link_changes_nothing(db_app, group):
    sent(group)
    client = db_app.test_client()
    for _ in range(3):
        assert client.get(links()[0]).status_code == 200
    assert count(SurveyInvitation, SurveyInvitation.answered) == count(SurveyResponse) == 0


def test_a_person_answers_once_without_signing_in_and_hears_calmly_the_second_time(db_app, group):
    sent(group)
    client = db_app.test_client()
    response = post(client, links()[0], REACTION)
    assert response.status_code == 303
    assert "Your answer is there" in page(client.get(response.headers["Location"]))
    second = post(client, links()[0], {**REACTION, "q-useful": "1"})
    assert second.status_code == 409 and "Your answer is there already, nothing is lost" in page(second)
    (kept,) = db.session().scalars(select(SurveyResponse))
    assert kept.answers == {**KEPT, "words": "I will ask who leaves"}


def test_eight_at_once_are_one_answer(db_app, group):
    sent(group)
    token = links()[0].removeprefix("/s/").partition("?")[0]
    db.end_read()
    results = at_once(db_app, 8, lambda: service.answer(token, KEPT))
    assert [r.code for r in results if isinstance(r, Refusal)] == ["answered_already"] * 7
    assert count(SurveyResponse) == 1


def test_what_was_filled_in_survives_a_missing_answer_which_is_said_beside_its_question(db_app, group):
    sent(group)
    response = post(db_app.test_client(), links()[0], {"q-words": "Ask <b>more</b>", "q-level": "easy"})
    text = page(response)
    assert response.status_code == 422 and count(SurveyResponse) == 0
    assert "Ask &lt;b&gt;more&lt;/b&gt;" in text and 'value="easy" checked' in text
    assert 'id="q-useful-wrong"' in text and 'id="q-level-wrong"' not in text and 'href="#q-pace"' in text


def test_nothing_joins_an_answer_to_a_person(db_app, group):
    """Not a column, not an audit entry, not an order: ids are random, and closing writes the rows in their order."""
    survey = sent(group)
    for link in links():
        post(db_app.test_client(), link, REACTION)
    columns = {column["name"] for column in inspect(db.engine()).get_columns("survey_response")}
    assert columns == {"id", "survey_id", "answers"}
    assert {key.version for key in db.session().scalars(select(SurveyResponse.id))} == {4}
    acts = db.session().scalars(select(Entry).where(Entry.actor_id.in_(group[1]))).all()
    assert acts == []
    db.end_read()
    with db.write():
        service.close(survey, None)
    assert [row["answered"] for row in told(group[1][0])["surveys"]] == [True]
    unordered = db.session().scalars(select(SurveyResponse.id)).all()
    assert unordered == sorted(unordered)


def test_a_page_speaks_the_language_of_its_link_and_what_is_not_in_it_says_so(db_app, group):
    made, _members, lead = group
    sent(group)
    link = links()[0].partition("?")[0]
    text = page(db_app.test_client().get(f"{link}?lang=ar"))
    assert '<html lang="ar" dir="rtl">' in text and "كيف كان المستوى؟" in text
    with db.write():
        version = service.copy("reaction", "cohort", str(made), lead)
    client = sign_in(db_app.test_client(), lead)
    edit_path = f"/surveys/versions/{version}/edit"
    saved = post(client, edit_path, {"in": "en", "s0-new": "Who was missing?", "s0-kind": "text"})
    newest = saved.headers["Location"].split("/")[3]
    with db.write():
        service.send(UUID(newest), "cohort", str(made), clock.today(), lead)
    text = page(db_app.test_client().get(f"{links()[-1].partition('?')[0]}?lang=ar"))
    assert '<span lang="en" dir="ltr">Who was missing?</span>' in text


def test_after_the_end_a_link_says_so_and_takes_nothing(db_app, group):
    sent(group, days=0)
    link = links()[0]
    with clock.at(clock.now() + timedelta(days=2)):
        assert "closed" in page(db_app.test_client().get(link))
        response = post(db_app.test_client(), link, REACTION)
        assert response.status_code == 410 and "closed" in page(response)
    assert count(SurveyResponse) == 0


def test_links_that_are_not_ours_are_counted_and_our_own_are_not(db_app, group):
    sent(group)
    client = db_app.test_client()
    assert {client.get(f"/s/none{n}").status_code for n in range(30)} == {404}
    assert client.get("/s/none").status_code == 429
    assert client.get(links()[0]).status_code == 200


# --- Results ---------------------------------------------------------------------------------------


def test_results_are_there_once_closed_and_only_their_number_before(db_app, group):
    survey = sent(group)
    client = sign_in(db_app.test_client(), group[2])
    for link in links()[:6]:
        post(db_app.test_client(), link, REACTION)
    before = page(client.get(f"/surveys/{survey}/results"))
    assert "6 of 8 answered" in before and "I will ask who leaves" not in before
    assert "I will ask who leaves" not in page(client.get(f"/surveys/{survey}/results.csv"))
    assert post(client, f"/surveys/{survey}/closing").status_code == 422  # the mark is needed
    assert post(client, f"/surveys/{survey}/closing", {"sure": "1"}).status_code == 303
    after = page(client.get(f"/surveys/{survey}/results"))
    assert "6 people answered" in after and after.count("I will ask who leaves") == 6
    assert post(client, f"/surveys/{survey}/closing", {"sure": "1"}).status_code == 409
    assert post(db_app.test_client(), links()[7], REACTION).status_code == 410


def test_of_four_answers_nothing_is_shown(db_app, group):
    survey = sent(group)
    for link in links()[:4]:
        post(db_app.test_client(), link, REACTION)
    with db.write():
        service.close(survey, None)
    client = sign_in(db_app.test_client(), group[2])
    text = page(client.get(f"/surveys/{survey}/results"))
    assert "Too few answered" in text and "I will ask" not in text and "Too easy" not in text


def test_the_file_says_what_the_page_says_and_starts_no_formula(db_app, group):
    survey = sent(group)
    with db.write():
        surveyed.answered(survey, [{**KEPT, "level": "easy" if n == 0 else "right", "words": "=1+1"} for n in range(8)])
        service.close(survey, None)
    client = sign_in(db_app.test_client(), group[2])
    rows = list(csv.reader(io.StringIO(page(client.get(f"/surveys/{survey}/results.csv")).removeprefix("\ufeff"))))
    assert rows[2] == ["Answers", "8"] and rows[1][0] == "As of"
    assert ["How was the pace?", "Too fast", "8"] in rows
    assert ["How was the level?", "too few to show", ""] in rows  # seven and one
    assert [row[1] for row in rows if row and row[0].startswith("What will")] == ["'=1+1"] * 8
    assert "Too easy" not in page(client.get(f"/surveys/{survey}/results"))


def test_a_tick_closes_what_is_over(db_app, group):
    survey = sent(group, days=0)
    service.close_over()
    with clock.at(clock.now() + timedelta(days=2)):
        assert db.session().get(Survey, survey).closed_at is None
        db.end_read()
        service.close_over()
        assert db.session().get(Survey, survey).closed_at is not None


def test_an_answer_on_its_way_when_a_survey_closes_is_in_the_results_or_refused(db_app, group):
    survey = sent(group)
    tokens = [link.removeprefix("/s/").partition("?")[0] for link in links()]
    turns = iter([*tokens[:4], None, *tokens[4:7]])
    db.end_read()

    def act():
        token = next(turns)
        return service.close(survey, None) if token is None else service.answer(token, KEPT)

    results = at_once(db_app, 8, act)
    refused = [r for r in results if isinstance(r, Refusal)]
    assert {r.code for r in refused} <= {"closed"}
    db.end_read()
    assert queries.results(survey).answers == 7 - len(refused)


# --- Offices ---------------------------------------------------------------------------------------


def office_link(world) -> str:
    return "/s/Ownside-office-0"


def test_an_office_answers_once_as_itself_and_amends_until_the_end(db_app, world):
    client = db_app.test_client()
    response = post(client, office_link(world), {**BASELINE, "seen": "0"})
    assert response.status_code == 303
    text = page(client.get(office_link(world)))
    assert "This is the answer of your office" in text and 'value="12"' in text and "No law" in text
    assert post(client, office_link(world), {**BASELINE, "seen": "1", "q-staff": "13"}).status_code == 303
    kept = queries.office_answers(world.own.asked, world.own.office)
    assert [(version.number, version.answers["staff"]) for version in kept] == [(2, 13), (1, 12)]


def test_a_double_click_for_an_office_is_one_answer(db_app, world):
    for _ in range(2):
        assert post(db_app.test_client(), office_link(world), {**BASELINE, "seen": "0"}).status_code == 303
    assert count(OfficeAnswer) == 1


def test_two_focal_points_at_once_do_not_overwrite_each_other_unseen(db_app, world):
    client = db_app.test_client()
    post(client, office_link(world), {**BASELINE, "seen": "0"})
    second = sign_in(db_app.test_client(), world.own.focal_point)
    path = f"/surveys/{world.own.asked}/organisations/{world.own.office}"
    late = post(second, path, {**BASELINE, "seen": "0", "q-staff": "99"})
    text = page(late)
    assert late.status_code == 409 and 'value="99"' in text and 'name="seen" value="1"' in text
    assert count(OfficeAnswer) == 1
    assert post(second, path, {**BASELINE, "seen": "1", "q-staff": "99"}).status_code == 303
    assert count(OfficeAnswer) == 2


def test_eight_answers_for_an_office_at_once_are_one_and_seven_are_told(db_app, world):
    turns = iter(range(8))
    results = at_once(
        db_app, 8, lambda: service.answer_for_office(
            world.own.asked, world.own.office, {"staff": next(turns)}, 0, world.own.focal_point
        )
    )  # fmt: skip
    assert [r.code for r in results if isinstance(r, Refusal)] == ["answered_meanwhile"] * 7
    assert count(OfficeAnswer) == 1


def test_an_offices_answer_is_seen_by_it_and_its_coordinator_and_by_nobody_else(db_app, world):
    post(db_app.test_client(), office_link(world), {**BASELINE, "seen": "0"})
    answer = f"/surveys/{world.own.asked}/organisations/{world.own.office}"
    results = f"/surveys/{world.own.asked}/results"
    for who, own, whole in (
        (world.own.focal_point, 200, 404), (world.own.coordinator, 200, 200), (world.admin, 200, 200),
        (world.own.facilitator, 404, 404), (world.observer, 404, 404), (world.own.trainee, 404, 404),
        (world.other.coordinator, 404, 404), (world.other.focal_point, 404, 404),
    ):  # fmt: skip
        client = sign_in(db_app.test_client(), who)
        assert client.get(answer).status_code == own
        assert client.get(results).status_code == client.get(f"{results}.csv").status_code == whole
        assert (str(world.own.asked) in page(client.get("/surveys"))) == (whole == 200)
    told = page(sign_in(db_app.test_client(), world.own.coordinator).get(answer))
    assert "No law" in told and "Household surveys" not in told


def test_an_office_that_was_not_asked_has_no_page_there(db_app, world):
    client = sign_in(db_app.test_client(), world.admin)
    assert client.get(f"/surveys/{world.own.asked}/organisations/{world.other.office}").status_code == 404
    assert client.get(f"/surveys/{world.own.survey}/organisations/{world.own.office}").status_code == 404


def test_a_survey_stands_on_the_page_of_an_office_that_has_answered_too_until_it_closes(db_app, world):
    (waiting,) = queries.open_for_offices([world.own.office])
    assert not waiting.answered and (waiting.survey, waiting.organisation, waiting.minutes) == (
        world.own.asked,
        world.own.office,
        12,
    )
    assert queries.open_for_offices([]) == []
    post(db_app.test_client(), office_link(world), {**BASELINE, "seen": "0"})
    db.end_read()
    (answered,) = queries.open_for_offices([world.own.office])
    assert answered.answered and answered.survey == world.own.asked
    db.end_read()
    with db.write():
        service.close(world.own.asked, world.own.coordinator)
    assert queries.open_for_offices([world.own.office]) == []


def test_the_comparison_has_offices_in_rows_and_a_file(db_app, world):
    post(db_app.test_client(), office_link(world), {**BASELINE, "seen": "0"})
    client = sign_in(db_app.test_client(), world.own.coordinator)
    assert "1 office answered" in page(client.get(f"/surveys/{world.own.asked}/results"))
    rows = list(csv.reader(io.StringIO(page(client.get(f"/surveys/{world.own.asked}/results.csv")))))
    (line,) = [row for row in rows if row and row[0] == "Statistics Tavara"]
    assert "12" in line and "No one clearly" not in line and "Nobody clearly" in line


# --- Copies ----------------------------------------------------------------------------------------


def test_a_version_that_was_sent_stays_as_it_was_when_its_copy_is_edited_after_the_first_answer(db_app, group):
    made, _members, lead = group
    client = sign_in(db_app.test_client(), lead)
    path = post(client, "/surveys/templates/reaction", {"scope": f"cohort:{made}"}).headers["Location"]
    again = post(client, "/surveys/templates/reaction", {"scope": f"cohort:{made}"}).headers["Location"]
    assert path == again  # pressed twice is one copy
    with db.write():
        version = db.session().scalars(select(SurveyVersion.id).where(SurveyVersion.scope == "cohort")).one()
        service.send(version, "cohort", str(made), clock.today(), lead)
    post(db_app.test_client(), links()[0], REACTION)
    saved = post(client, path, {"in": "en", "q-level": "Was it hard?", "q-level-required": "1"})
    assert saved.status_code == 303
    assert "How was the level?" in page(db_app.test_client().get(links()[1]))
    newest = queries.copies(people.viewer_of(lead))[0]
    assert newest.number == 2 and newest.id != version
    db.end_read()
    late = post(client, path, {"in": "en", "q-level": "Mine too"})
    assert late.status_code == 409 and "Mine too" in page(late)


def test_an_edit_that_is_wrong_keeps_what_was_typed(db_app, world):
    client = sign_in(db_app.test_client(), world.own.coordinator)
    path = f"/surveys/versions/{world.own.version}/edit"
    for code in ("en", "fr", "ar"):
        assert client.get(f"{path}?in={code}").status_code == 200
    response = post(client, path, {"in": "en", "s0-new": "Which one?", "s0-kind": "one", "s0-options": "only"})
    assert response.status_code == 422 and "Which one?" in page(response) and "two options" in page(response)
    assert count(SurveyVersion, SurveyVersion.scope_id == str(world.own.cohort)) == 1


def test_two_who_save_the_same_version_do_not_lose_the_first(db_app, world):
    made = queries.version(world.own.version).questionnaire
    db.end_read()
    turns = iter(range(8))

    def save():
        title = {**made.title, "en": f"Title {next(turns)}"}
        return service.edit(world.own.version, type(made)(**{**vars(made), "title": title}), None)

    results = at_once(db_app, 8, save)
    assert [r.code for r in results if isinstance(r, Refusal)] == ["edited_meanwhile"] * 7


def test_a_copy_can_begin_again_from_its_questionnaire_and_keeps_what_was_before(db_app, world):
    client = sign_in(db_app.test_client(), world.own.coordinator)
    path, scope = f"/surveys/versions/{world.own.version}/edit", f"cohort:{world.own.cohort}"
    post(client, path, {"in": "en", "title": "Mine"})
    anew = post(client, "/surveys/templates/reaction", {"scope": scope, "afresh": "1"}).headers["Location"]
    text = page(client.get(anew))
    assert "version 3" in text and "Mine" not in text
    assert count(SurveyVersion, SurveyVersion.scope_id == str(world.own.cohort)) == 3
    foreign = {"scope": f"cohort:{world.other.cohort}", "afresh": "1"}
    assert post(client, "/surveys/templates/reaction", foreign).status_code == 422


# --- Forgetting ------------------------------------------------------------------------------------


def test_a_person_can_be_forgotten_and_what_they_answered_stays(db_app, group):
    survey = sent(group)
    post(db_app.test_client(), links()[0], REACTION)
    with db.write():
        for member in group[1]:
            service.forget(member)
    assert not any(told(group[1][0]).values())
    assert count(SurveyResponse) == 1
    with db.write():
        assert service.remind(survey, None) == 0


def test_what_is_held_of_a_person_says_that_they_were_asked_and_what_they_answered_for_an_office(db_app, world):
    client = sign_in(db_app.test_client(), world.own.focal_point)
    path = f"/surveys/{world.own.asked}/organisations/{world.own.office}"
    post(client, path, {**BASELINE, "seen": "0"})
    rows = told(world.own.focal_point)
    assert [row["answered"] for row in rows["surveys"]] == [True]
    assert [row["number"] for row in rows["office_answers"]] == [1]
    db.end_read()
    with db.write():
        service.forget(world.own.focal_point)
    assert not any(told(world.own.focal_point).values()) and count(OfficeAnswer) == 1


def test_the_rule_speaks_of_five(db_app):
    assert rules.LEAST == 5
    with db.write():
        survey = invited("reaction", "cohort", cohort(), [(None, who) for who in surveyed.people(2)], "few")
        surveyed.answered(survey, [KEPT, KEPT])
        service.close(survey, None)
    assert queries.results(survey).findings == []


def test_a_number_that_a_template_writes_itself_is_in_the_language_of_whoever_reads(db_app):
    template = db_app.jinja_env.from_string("{{ 5|number }}")
    for spoken, written in (("en", "5"), ("ar", "٥"), ("en", "5")):
        with db_app.test_request_context(), force_locale(spoken):
            assert template.render() == written
