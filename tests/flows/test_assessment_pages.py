"""Answering an assessment in the browser: with and without the script, with junk, by the wrong person."""

import json
import re
from uuid import UUID, uuid4

import asked
import make
import pytest
from asked import (
    answer_all,
    at_once,
    begin,
    hand_in,
    heard,
    position_of,
    save,
    statements,
)
from flask import render_template
from sqlalchemy import func, select

from lms import clock, db
from lms.assessment import presentation, queries, rules, service, signals
from lms.assessment.models import Attempt
from lms.curriculum import index

MODULE = asked.module()


class Person:
    """Somebody with a browser, signed in, at an open attempt."""

    def __init__(self, app, module=MODULE, language: str = "en") -> None:
        self.id = make.person()
        self.client = make.sign_in(app.test_client(), self.id)
        self.client.set_cookie("lang", language)
        self.attempt = begin(self.id, module)
        self.url = f"/attempts/{self.attempt}"
        self.sheet = queries.sheet(self.attempt)
        db.end_read()

    @property
    def token(self) -> str:
        return self.client.get("/token").json["token"]

    def page(self) -> str:
        answer = self.client.get(self.url)
        assert answer.status_code == 200, answer.text
        return answer.text

    def position(self, kind: str) -> int:
        return next(one.position for one in self.sheet.asked if one.question.kind == kind)

    def fields(self, position: int, answer, seq: int | None = None) -> dict:
        """The fields of one question, as the page holds them."""
        question = self.sheet.asked[position - 1].question
        order = rules.shuffle(question, self.sheet.seed)
        fields = asked.form_of(question, answer, order, f"q{position}") if answer else {}
        now = int(clock.now().timestamp() * 1000)
        return {**fields, f"q{position}-seq": str(now if seq is None else seq)}

    def send(self, position: int, data=None, **how):
        """One answer, as the script sends it."""
        headers = {"X-CSRFToken": self.token, "X-Requested-With": "duramen"}
        return self.client.post(f"{self.url}/answers/{position}", data=data, headers=headers, **how)

    def answer(self, kind: str, answer):
        position = self.position(kind)
        return self.send(position, self.fields(position, answer))

    def post(self, data: dict, **how):
        """The whole form, as a browser without the script sends it."""
        return self.client.post(self.url, data={"csrf_token": self.token, **data}, **how)

    def all_fields(self, answers) -> dict:
        fields: dict = {}
        for one in self.sheet.asked:
            fields |= self.fields(one.position, answers.get(one.question.kind))
        return fields

    def stored(self, kind: str):
        db.end_read()
        return next(one.answer for one in queries.sheet(self.attempt).asked if one.question.kind == kind)


@pytest.fixture
def person(db_app) -> Person:
    return Person(db_app)


# --- What the browser sees ---


def secrets_of(person: Person) -> list[str]:
    return [asked.SECRET, person.sheet.seed, *(one.question.hash for one in person.sheet.asked)]


def test_no_key_no_feedback_and_no_seed_is_in_the_page_of_an_open_attempt(person):
    for answers in ({}, asked.RIGHT, asked.WRONG):
        for one in person.sheet.asked:
            save(person.attempt, one.position, answers.get(one.question.kind))
        page = person.page()
        assert not [secret for secret in secrets_of(person) if secret in page]
        assert not re.search(r"fraction|tolerance|class=\"answer (right|wrong)|verdict", page)


def test_no_key_no_feedback_and_no_seed_is_in_the_answer_to_the_script(person):
    for answers in (asked.RIGHT, asked.WRONG):
        told = []
        for kind, answer in answers.items():
            sent = person.answer(kind, answer)
            assert sent.status_code == 200
            assert not [secret for secret in secrets_of(person) if secret in sent.text]
            told.append({key: value for key, value in sent.json.items() if key in ("state",)})
        assert told == [{"state": "saved"}] * 6


def test_right_and_wrong_answers_are_told_apart_by_nothing(person):
    """Same status, same keys, same headers' names: nothing depends on the key."""
    shapes = set()
    for answers in (asked.RIGHT, asked.WRONG):
        for kind, answer in answers.items():
            sent = person.answer(kind, answer)
            shapes.add((kind, sent.status_code, tuple(sent.json), tuple(sorted(sent.headers.keys()))))
    assert len(shapes) == 6


def test_the_values_in_the_page_are_positions_of_the_shuffled_presentation(person):
    page = person.page()
    n = person.position("single")
    shown = re.findall(rf'name="q{n}" value="(\d)"[^>]*><span>([^<]+)<', page)
    assert [value for value, _text in shown] == ["0", "1", "2", "3"]
    order = rules.shuffle(person.sheet.asked[n - 1].question, person.sheet.seed)
    assert [text for _value, text in shown] == [asked.single().options[index].html for index in order]


def test_a_saved_answer_is_in_the_page_on_whatever_device(person):
    answer_all(person.attempt, asked.RIGHT)
    page = person.page()
    assert "6 of 6 questions answered" in page
    assert page.count("checked") == 3
    assert page.count("selected") == 8
    assert 'value="12.5"' in page
    assert 'value="qma"' in page
    assert page.count("Saved</p>") == 6


def test_an_open_attempt_costs_few_statements(person):
    person.page()
    with statements() as seen:
        person.page()
    assert len([s for s in seen if s.startswith("SELECT")]) <= 4


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_the_page_is_whole_in_every_language(db_app, language):
    person = Person(db_app, language=language)
    page = person.page()
    assert f'lang="{language}"' in page
    assert ('dir="rtl"' in page) == (language == "ar")
    assert page.count("<fieldset") == page.count("<legend") == 6
    if language != "en":
        assert page.count('<fieldset class="question"') == page.count('lang="en" dir="ltr">\n<legend>') == 6
    hand_in(person.attempt)
    assert person.client.get(person.url).status_code == 200


def test_a_control_has_a_label_and_no_id_comes_twice(person):
    page = person.page()
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    labelled = set(re.findall(r'<label for="([^"]+)"', page))
    for control in re.findall(r"<(?:select|input type=\"text\"|input class=\"field\")[^>]*>", page):
        assert re.search(r'id="([^"]+)"', control)[1] in labelled
    described = [key for value in re.findall(r'aria-describedby="([^"]+)"', page) for key in value.split()]
    assert set(described) <= set(ids)


def test_a_stem_with_a_table_stands_outside_of_the_legend(db_app):
    person = Person(db_app, asked.module(asked.single(stem="<p>Look:</p><table><tr><td>1</td></tr></table>")))
    page = person.page()
    assert "<table" not in re.search(r"<legend>.*?</legend>", page, re.DOTALL)[0]
    assert 'aria-describedby="q1-stem"' in page


def test_what_an_author_wrote_as_plain_text_is_escaped(db_app):
    evil = asked.matching(
        pairs=tuple(asked.Pair("left", f"<script>{n}</script>", "") for n in range(3)), distractors=("<b>",)
    )
    order = asked.ordering(items=("<i>a</i>", "b & c", "d"))
    page = Person(db_app, asked.module(evil, order, asked.numerical(unit="<u>%"))).page()
    assert "<script>0" not in page
    assert "&lt;i&gt;a" in page
    assert "&lt;u&gt;%" in page


# --- Saving one answer ---


@pytest.mark.parametrize("kind", asked.RIGHT)
def test_an_answer_is_saved_as_a_form_and_as_json(db_app, kind):
    person = Person(db_app)
    sent = person.answer(kind, asked.RIGHT[kind])
    assert sent.json["state"] == "saved"
    assert sent.json["progress"] == "1 of 6 questions answered"
    assert person.stored(kind) == asked.RIGHT[kind]
    position = person.position(kind)
    sent = person.send(position, json=person.fields(position, asked.WRONG[kind]))
    assert sent.json["state"] == "saved"
    assert person.stored(kind) == asked.WRONG[kind]


@pytest.mark.parametrize(
    ("language", "typed", "told"),
    [
        ("en", "12.5", "Understood as 12.5."),
        ("en", "12,500", "Understood as 12,500, not as 12.5."),
        ("en", "twelve", "Not read as a number. Write digits, such as 12.5."),
        ("en", "<b>1</b>", "Not read as a number. Write digits, such as 12.5."),
    ],
)
def test_a_number_is_shown_back_as_understood(db_app, language, typed, told):
    person = Person(db_app, language=language)
    assert person.answer("numerical", {"text": typed}).json["understood"] == told
    assert told in asked.text_of(person.page())


def test_a_number_in_arabic_is_read_and_written_in_arabic(db_app):
    person = Person(db_app, language="ar")
    assert "١٢٫٥" in person.answer("numerical", {"text": "12.5"}).json["understood"]
    assert person.answer("numerical", {"text": "١٢٫٥"}).status_code == 200
    assert person.stored("numerical") == {"text": "١٢٫٥", "language": "ar"}
    db.end_read()
    hand_in(person.attempt)
    numeric = next(a for a in queries.sheet(person.attempt).asked if a.question.kind == "numerical")
    assert numeric.fraction == 1


def test_a_number_goes_on_being_read_in_the_language_it_was_typed_in(person):
    """12,500 typed on an English page is not made 12.5 by saving the form on a French one."""
    n = person.position("numerical")
    person.answer("numerical", {"text": "12,500"})
    person.client.set_cookie("lang", "fr")
    person.post(person.fields(n, {"text": "12,500"}))
    assert person.stored("numerical") == {"text": "12,500", "language": "en"}
    person.post(person.fields(n, {"text": "12,5"}))
    assert person.stored("numerical") == {"text": "12,5", "language": "fr"}


def test_an_answer_taken_back_is_taken_back(person):
    person.answer("multiple", asked.RIGHT["multiple"])
    n = person.position("multiple")
    assert person.send(n, person.fields(n, None)).json["progress"] == "0 of 6 questions answered"
    assert person.stored("multiple") is None


def test_an_older_answer_is_refused_with_a_sentence(person):
    n = person.position("short")
    person.send(n, person.fields(n, {"text": "newer"}))
    late = person.send(n, person.fields(n, {"text": "older"}, seq=1))
    assert late.status_code == 409
    assert late.headers["X-Refusal"] == "newer_answer"
    assert "Reload" in late.text
    assert person.stored("short") == {"text": "newer"}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "[1]",
        '"x"',
        "{",
        "1e999",
        '{"q1": {"a": 1}}',
        '{"q1": [[1]]}',
        '{"q1": true}',
        "\x00",
        "{}",
    ],
)
def test_junk_json_is_refused_and_nothing_changes(person, body):
    person.answer("single", asked.RIGHT["single"])
    for position in range(1, 7):
        sent = person.send(position, data=body, content_type="application/json")
        assert sent.status_code == 422
        assert sent.headers["X-Refusal"] == "unreadable_answer"
    assert person.stored("single") == asked.RIGHT["single"]


@pytest.mark.parametrize("junk", ["99", "-1", "x", "1.5", "٣", "9" * 4000, "\x00", "😀"])
def test_a_choice_that_is_none_is_refused(person, junk):
    for kind in ("single", "multiple", "matching", "ordering"):
        n = person.position(kind)
        sent = person.send(n, {f"q{n}": junk, f"q{n}-0": junk, f"q{n}-seq": "1"})
        assert (sent.status_code, sent.headers["X-Refusal"]) == (422, "unreadable_answer")


def test_a_hundred_kilobytes_are_refused_and_not_cut(person):
    for kind in ("short", "numerical"):
        sent = person.answer(kind, {"text": "9" * 100_000})
        assert (sent.status_code, sent.headers["X-Refusal"]) == (422, "answer_too_long")
        assert person.stored(kind) is None


def test_two_megabytes_are_too_large(person):
    assert person.answer("short", {"text": "9" * 2_000_000}).status_code == 413


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Q\x00MA", "QMA"),
        ("😀🏳️‍🌈", "😀🏳️\u200d🌈"),
        ("=HYPERLINK(1)", "=HYPERLINK(1)"),
        ("O'Neill", "O'Neill"),
        ("العربية", "العربية"),
    ],
)
def test_whatever_is_typed_is_kept_and_shown_as_text(person, typed, kept):
    assert person.answer("short", {"text": typed}).status_code == 200
    assert person.stored("short") == {"text": kept}
    assert kept in asked.unescape(person.page())


@pytest.mark.parametrize("lone", ["\\ud800", "\\udfff x"])
def test_half_a_character_in_json_is_no_error(person, lone):
    n = person.position("short")
    sent = person.send(n, data=f'{{"q{n}": "a{lone}", "q{n}-seq": 5}}', content_type="application/json")
    assert sent.status_code == 200


@pytest.mark.parametrize("seq", ["", "x", "-5", "1e9", "9" * 30, "\x00"])
def test_a_junk_sequence_number_counts_as_now(person, seq):
    n = person.position("short")
    assert person.send(n, {f"q{n}": "QMA", f"q{n}-seq": seq}).json["state"] == "saved"


@pytest.mark.parametrize("position", [0, 7, 99, 10**30])
def test_an_unknown_position_is_not_there(person, position):
    assert person.send(position, {f"q{position}": "0", f"q{position}-seq": "1"}).status_code == 404


def test_after_handing_in_an_answer_is_refused_with_a_sentence(person):
    hand_in(person.attempt)
    sent = person.answer("short", {"text": "late"})
    assert (sent.status_code, sent.headers["X-Refusal"]) == (409, "attempt_closed")
    assert "takes no more answers" in sent.text
    assert person.stored("short") is None


# --- Who may ---


def test_another_persons_attempt_is_answered_like_one_that_is_not_there(db_app):
    one, other = Person(db_app), Person(db_app)
    token = other.token
    for method, path in (("get", ""), ("post", ""), ("post", "/answers/1")):
        answers = []
        for attempt in (one.attempt, uuid4()):
            answer = getattr(other.client, method)(
                f"/attempts/{attempt}{path}", data={"csrf_token": token, "q1": "0", "q1-seq": "1"}
            )
            body = re.sub(r'value="[\w.-]{40,}"', "", answer.text)
            answers.append((answer.status_code, body, sorted(answer.headers.keys())))
        assert answers[0] == answers[1]
        assert answers[0][0] == 404
    assert all(a.answer is None for a in queries.sheet(one.attempt).asked)


def test_the_checks_of_a_lesson_are_no_assessment_to_open(db_app):
    person = Person(db_app)
    with db.write():
        service.answer_check(person.id, asked.lesson(asked.single()), asked.single(), asked.RIGHT["single"])
    checks = db.session().scalar(select(Attempt.id).where(Attempt.instrument == "checks:l1"))
    assert person.client.get(f"/attempts/{checks}").status_code == 404
    assert person.client.get("/attempts/not-an-id").status_code == 404


def test_who_is_signed_out_is_told_so_and_sent_to_sign_in(db_app):
    person = Person(db_app)
    stranger = db_app.test_client()
    token = stranger.get("/token").json["token"]
    headers = {"X-CSRFToken": token, "X-Requested-With": "duramen"}
    assert stranger.post(f"{person.url}/answers/1", data={}, headers=headers).status_code == 401
    assert stranger.get(person.url).status_code == 303


def test_a_stale_token_is_refused_and_a_fresh_one_is_to_be_had(person):
    n = person.position("short")
    headers = {"X-CSRFToken": "stale", "X-Requested-With": "duramen"}
    fields = person.fields(n, {"text": "QMA"})
    sent = person.client.post(f"{person.url}/answers/{n}", data=fields, headers=headers)
    assert sent.status_code == 400
    assert "X-Refusal" not in sent.headers
    assert person.answer("short", {"text": "QMA"}).status_code == 200
    fresh = person.client.get("/token")
    assert "no-store" in fresh.headers["Cache-Control"]
    assert list(fresh.json) == ["token"]


# --- The whole form, without the script ---


def test_all_answers_are_saved_by_the_button_and_stand_in_the_page(person):
    answer = person.post(person.all_fields(asked.RIGHT), follow_redirects=True)
    assert "Your answers are saved." in answer.text
    assert "6 of 6 questions answered" in answer.text
    for kind, right in asked.RIGHT.items():
        assert person.stored(kind) == right


def test_an_old_tab_does_not_overwrite_what_was_answered_elsewhere(person):
    """The form carries for each question when the answer in it was given."""
    drawn = {f"q{n}-seq": "0" for n in range(1, 7)}
    n, m = person.position("short"), person.position("single")
    person.answer("short", {"text": "on the phone"})
    answer = person.post({**drawn, f"q{n}": "", f"q{m}": "0"}, follow_redirects=True)
    assert person.stored("short") == {"text": "on the phone"}
    assert person.stored("single") is not None
    assert "newer answer from another page" in answer.text
    assert f": {n}" in answer.text or f"except {n}" in answer.text


def test_handing_in_asks_first_when_something_is_unanswered(person):
    begun = {"single": asked.RIGHT["single"], "matching": {"pairs": [0, None, None, None]}}
    fields = person.all_fields(begun)
    answer = person.post({**fields, "hand_in": "ask"})
    assert answer.status_code == 200
    assert "5 questions are not fully answered" in answer.text
    for kind in asked.RIGHT:
        assert (f"#q{person.position(kind)}" in answer.text) == (kind != "single")
    assert "Hand in all the same" in answer.text
    db.end_read()
    assert queries.sheet(person.attempt).head.submitted_at is None
    assert person.stored("single") == asked.RIGHT["single"]
    answer = person.post({"hand_in": "anyway"}, follow_redirects=True)
    assert "Not yet: 20 %, 70 % is needed" in answer.text.replace("\xa0", " ")


def test_one_unanswered_question_is_counted_in_the_singular(person):
    answers = {kind: answer for kind, answer in asked.RIGHT.items() if kind != "short"}
    page = person.post({**person.all_fields(answers), "hand_in": "ask"}).text
    assert "1 question is not fully answered" in page


def test_a_full_form_is_handed_in_at_once(person):
    answer = person.post({**person.all_fields(asked.RIGHT), "hand_in": "ask"}, follow_redirects=True)
    assert "Passed with 100 %" in answer.text.replace("\xa0", " ")


def test_a_second_handing_in_shows_the_same_result_and_says_so(person):
    person.post({**person.all_fields(asked.RIGHT), "hand_in": "ask"})
    with heard(signals.submitted) as sent:
        answer = person.post({**person.all_fields(asked.WRONG), "hand_in": "anyway"}, follow_redirects=True)
    assert answer.status_code == 200
    assert "was handed in before" in answer.text
    assert "Passed with 100 %" in answer.text.replace("\xa0", " ")
    assert person.stored("single") == asked.RIGHT["single"]
    assert not sent


def test_saving_after_handing_in_is_refused_with_a_sentence(person):
    hand_in(person.attempt)
    answer = person.post(person.all_fields(asked.RIGHT))
    assert (answer.status_code, answer.headers["X-Refusal"]) == (409, "attempt_closed")
    assert "was handed in on" in answer.text


def test_eight_browsers_hand_in_at_once_and_all_see_one_result(db_app):
    person = Person(db_app)
    token, cookie = person.token, person.client.get_cookie("duramen").value
    fields = {"csrf_token": token, **person.all_fields(asked.RIGHT), "hand_in": "ask"}
    db.end_read()

    def one():
        db.session().rollback()
        db.session().info.pop("writing", None)
        client = db_app.test_client()
        client.set_cookie("duramen", cookie)
        return client.post(person.url, data=fields, follow_redirects=True).text

    with heard(signals.submitted) as sent:
        pages = at_once(db_app, 8, one)
    assert all("100" in re.search("<h1>(.*?)</h1>", page)[1] for page in pages)
    assert len(sent) == 1


# --- The result ---


def failed(person: Person, **answers) -> str:
    for kind, answer in answers.items():
        save(person.attempt, person.position(kind), answer)
    hand_in(person.attempt)
    return person.page()


def test_a_failed_attempt_shows_the_finding_and_no_key(db_app):
    lesson = next(lesson for lesson in index.current().module("concepts").lessons if lesson.written)
    person = Person(db_app, asked.module(*asked.all_kinds(lesson=lesson.id, competency="C1")))
    page = failed(person, **{**asked.WRONG, "single": asked.RIGHT["single"]})
    assert not [secret for secret in secrets_of(person) if secret in page]
    words = asked.text_of(page).replace("\xa0", " ")
    assert "Not yet: 16 %, 70 % is needed" in words
    assert index.current().competency("C1", "en").short in words
    assert f'href="/learn/lessons/{lesson.id}"' in page
    assert "Your next attempt opens on" in words
    assert "<fieldset" not in page


def test_a_content_that_no_longer_has_the_module_still_shows_the_result(db_app):
    from dataclasses import replace

    gone = replace(asked.module(*asked.all_kinds(lesson="gone", competency="C99")), id="gone")
    page = failed(Person(db_app, gone), **asked.WRONG)
    assert "Not yet" in page
    assert "C99" in page


def test_a_passed_attempt_shows_every_question_with_its_feedback(db_app):
    person = Person(db_app)
    page = failed(person, **{**asked.RIGHT, "single": asked.WRONG["single"]})
    words = asked.text_of(page).replace("\xa0", " ")
    assert "Passed with 83 %" in words
    assert page.count("<fieldset") == 6
    assert page.count("disabled") == 6
    assert "zqkey-neither" in words
    assert "Right, and not chosen. zqkey-yes" in words
    assert "Read this lesson again" not in words
    assert person.sheet.seed not in page
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_the_device_forgets_what_was_kept_once_the_attempt_is_handed_in(person):
    key = f'data-key="{person.id}:{person.attempt}"'
    assert key in person.page()
    hand_in(person.attempt)
    assert key in person.page()


# --- A check of a lesson ---


def check_html(app, person_id: UUID, lesson, question: str, swapped: bool = False) -> str:
    with app.test_request_context("/"):
        check = presentation.checks(lesson, person_id)[question]
        html = render_template("assessment/_check.html", check=check, lesson=lesson, swapped=swapped)
    db.end_read()
    return html


@pytest.mark.parametrize("question", asked.all_kinds(), ids=lambda question: question.kind)
def test_a_check_shows_no_key_before_and_its_feedback_after_the_answer(db_app, question):
    person = make.person()
    lesson = asked.lesson(question)
    before = check_html(db_app, person, lesson, question.id)
    assert asked.SECRET not in before
    assert f'action="/learn/lessons/l1/checks/{question.id}"' in before
    assert 'hx-swap="outerHTML"' in before
    assert "required" in before or question.kind == "multiple"
    for answers, verdict in ((asked.WRONG, "Not right yet."), (asked.RIGHT, "All right.")):
        with db.write():
            service.answer_check(person, lesson, question, answers[question.kind])
        after = check_html(db_app, person, lesson, question.id, swapped=True)
        assert verdict in after
        assert "autofocus" in after
        assert "Check again" in after
        if question.kind != "ordering" or answers is asked.WRONG:
            assert asked.SECRET in after or answers is asked.RIGHT


def test_a_number_that_cannot_be_read_stays_in_its_check_with_a_word_on_what_to_do(db_app):
    person, lesson = make.person(), asked.lesson(asked.numerical())
    with db.write():
        service.answer_check(person, lesson, asked.numerical(), {"text": "about ten", "language": "en"})
    html = check_html(db_app, person, lesson, "numerical")
    assert 'value="about ten"' in html
    assert "Not read as a number" in html
    assert "verdict" not in html
    assert asked.SECRET not in html


def test_a_check_reads_the_answer_of_its_own_form(db_app):
    person, lesson = make.person(), asked.lesson(*asked.all_kinds())
    with db_app.test_request_context("/"):
        seed = presentation.check_seed(person, lesson)
        for question in lesson.checks:
            fields = asked.form_of(question, asked.RIGHT[question.kind], rules.shuffle(question, seed))
            form = rules.MultiDict({**fields, "version": rules.version(question, seed)})
            assert presentation.answer_from_form(question, form, person, lesson) == asked.RIGHT[question.kind]


def test_a_check_whose_text_changed_since_the_page_was_opened_is_not_read_wrongly(db_app):
    person, old, new = make.person(), asked.single(), asked.renamed(asked.single(), "Where else?")
    lesson = asked.lesson(new)
    with db_app.test_request_context("/"):
        seed = presentation.check_seed(person, lesson)
        form = rules.MultiDict({"answer": "0", "version": rules.version(old, seed)})
        with pytest.raises(service.Refusal) as refusal:
            presentation.answer_from_form(new, form, person, lesson)
    assert (refusal.value.code, refusal.value.status) == ("question_changed", 409)


def test_an_answer_to_an_earlier_text_of_a_check_counts_and_is_not_shown_under_the_new_one(db_app):
    person, old, new = make.person(), asked.single(), asked.renamed(asked.single(), "Where else?")
    with db.write():
        service.answer_check(person, asked.lesson(old), old, asked.WRONG["single"])
    html = check_html(db_app, person, asked.lesson(new), "single")
    assert "has a new text since you answered it" in html
    assert "checked" not in html
    assert asked.SECRET not in html


def test_two_people_see_a_check_in_different_orders_and_each_always_in_the_same(db_app):
    lesson = asked.lesson(asked.single())
    with db_app.test_request_context("/"):
        seeds = [presentation.check_seed(uuid4(), lesson) for _ in range(20)]
        person = uuid4()
        assert presentation.check_seed(person, lesson) == presentation.check_seed(person, lesson)
    assert len({rules.shuffle(asked.single(), seed) for seed in seeds}) > 5


def test_the_script_is_small_and_does_nothing_that_the_policy_forbids():
    from config import ROOT

    script = (ROOT / "lms/web/static/save.js").read_bytes()
    assert len(script) <= 4096
    assert not re.search(rb"eval|innerHTML|\.style|setAttribute\(.style|Function\(|disabled", script)


def test_the_count_of_attempts_is_as_it_was(person):
    """Reading pages makes no rows."""
    before = db.session().scalar(select(func.count(Attempt.id)))
    db.end_read()
    person.page()
    assert db.session().scalar(select(func.count(Attempt.id))) == before
    assert json.loads(person.client.get("/token").text)
    assert position_of(person.attempt, "single")
