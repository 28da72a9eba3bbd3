"""Beginning, answering, handing in: once and only once, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import asked
import make
import pytest
import time_machine
from asked import answer_all, at_once, begin, hand_in, heard, position_of, save, statements
from sqlalchemy import func, select

from lms import clock, db
from lms.assessment import queries, service, signals
from lms.assessment.models import Attempt, Override, QuestionVersion, Response
from lms.audit.models import Entry
from lms.policy import Refusal

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MODULE = asked.module()


def code_of(call) -> str:
    with pytest.raises(Refusal) as refusal, db.write():
        call()
    return refusal.value.code


# --- Beginning ---


def test_an_attempt_draws_its_questions_and_pins_them(db_app):
    attempt = begin(make.person())
    sheet = queries.sheet(attempt)
    assert len(sheet.asked) == 6
    assert [one.position for one in sheet.asked] == [1, 2, 3, 4, 5, 6]
    assert {one.question for one in sheet.asked} == set(MODULE.bank)
    assert (sheet.head.number, sheet.head.pass_percent, sheet.head.minutes) == (1, 70, 25)
    assert len(sheet.seed) == 32


def test_who_has_an_open_attempt_goes_on_with_it(db_app):
    person = make.person()
    assert begin(person) == begin(person)


def test_eight_simultaneous_starts_make_one_attempt(db_app):
    person = make.person()
    results = at_once(db_app, 8, lambda: service.start(person, MODULE))
    assert len(set(results)) == 1
    assert db.session().scalar(select(func.count(Attempt.id))) == 1
    assert db.session().scalar(select(func.count(Response.id))) == 6


def test_eight_people_who_start_at_once_share_the_versions_of_the_questions(db_app):
    people = [make.person(f"Person {n}") for n in range(8)]
    results = at_once(db_app, 8, lambda: service.start(people.pop(), MODULE))
    assert len(set(results)) == 8
    assert not [r for r in results if isinstance(r, Refusal)]
    assert db.session().scalar(select(func.count(QuestionVersion.hash))) == 6


def test_a_module_without_a_bank_has_nothing_to_draw(db_app):
    person = make.person()
    for module in (replace(MODULE, bank=()), replace(MODULE, assessment=None), asked.module(draw=0)):
        assert code_of(partial(service.start, person, module)) == "nothing_to_draw"


def test_three_attempts_a_day_apart_and_then_a_facilitator_opens_another(db_app):
    person, facilitator = make.person(), make.person("Facilitator")
    with time_machine.travel(NOON, tick=False) as now:
        for number in (1, 2, 3):
            hand_in(begin(person))
            standing = queries.standing(person, MODULE)
            assert standing.used == number
            if number < 3:
                assert standing.next_opens_at == clock.now() + timedelta(hours=24)
                assert code_of(lambda: service.start(person, MODULE)) == "too_early"
                now.shift(timedelta(hours=23, minutes=59))
                assert code_of(lambda: service.start(person, MODULE)) == "too_early"
                now.shift(timedelta(minutes=1))
        assert queries.standing(person, MODULE).used_up
        assert code_of(lambda: service.start(person, MODULE)) == "no_attempts_left"
        with db.write():
            service.grant_attempt(person, "concepts", facilitator, "The power failed during the third.")
        assert queries.standing(person, MODULE).may_start
        fourth = begin(person)
    assert queries.sheet(fourth).head.number == 4
    assert len({queries.sheet(a.id).seed for a in queries.attempts(person, "assessment:concepts")}) == 4


def test_who_has_passed_begins_no_further_attempt(db_app):
    person, facilitator = make.person(), make.person("Facilitator")
    attempt = begin(person)
    answer_all(attempt, asked.RIGHT)
    assert hand_in(attempt).passed
    assert code_of(lambda: service.start(person, MODULE)) == "already_passed"
    assert code_of(lambda: service.grant_attempt(person, "concepts", facilitator, "why")) == "already_passed"


# --- One more attempt ---


def used_up(person: UUID) -> None:
    with time_machine.travel(NOON - timedelta(days=9), tick=False) as now:
        for _ in range(3):
            hand_in(begin(person))
            now.shift(timedelta(days=1))


def test_a_further_attempt_needs_a_reason_and_is_recorded_as_an_override(db_app):
    person, facilitator = make.person(), make.person("Facilitator")
    used_up(person)
    for reason in ("", "  ", "x" * 501):
        granting = partial(service.grant_attempt, person, "concepts", facilitator, reason)
        assert code_of(granting) == "reason_missing"
    with db.write():
        service.grant_attempt(person, "concepts", facilitator, "Ill on the day.")
    override = db.session().scalars(select(Override)).one()
    assert (override.by_id, override.reason, override.number) == (facilitator, "Ill on the day.", 1)
    entry = db.session().scalars(select(Entry).where(Entry.verb == "assessment.attempt_granted")).one()
    assert (entry.actor_id, entry.object_id) == (facilitator, str(person))
    assert "Ill" not in str(entry.data)
    with db_app.test_request_context("/"):
        assert any(e.kind == "override" and "Ill on the day." in e.text for e in queries.events_of(person))


def test_while_attempts_are_left_none_is_opened(db_app):
    person, facilitator = make.person(), make.person("Facilitator")
    assert code_of(lambda: service.grant_attempt(person, "concepts", facilitator, "why")) == "attempts_left"
    hand_in(begin(person))
    assert code_of(lambda: service.grant_attempt(person, "concepts", facilitator, "why")) == "attempts_left"


def test_eight_facilitators_at_once_open_one_attempt(db_app):
    person, facilitator = make.person(), make.person("Facilitator")
    used_up(person)
    at_once(db_app, 8, lambda: service.grant_attempt(person, "concepts", facilitator, "Ill on the day."))
    assert db.session().scalar(select(func.count(Override.id))) == 1
    recorded = select(func.count(Entry.id)).where(Entry.verb == "assessment.attempt_granted")
    assert db.session().scalar(recorded) == 1
    assert queries.standing(person, MODULE).allowed == 4


# --- Answering ---


def stored(attempt: UUID, position: int):
    db.end_read()
    return next(one for one in queries.sheet(attempt).asked if one.position == position)


def test_an_answer_is_saved_changed_and_taken_back(db_app):
    attempt = begin(make.person())
    n = position_of(attempt, "short")
    assert save(attempt, n, {"text": "QMA"}).answered == 1
    assert save(attempt, n, {"text": "QMB"}).answered == 1
    assert stored(attempt, n).answer == {"text": "QMB"}
    saved = save(attempt, n, None)
    assert (saved.answered, saved.questions) == (0, 6)
    assert stored(attempt, n).answer is None


def test_an_older_answer_that_arrives_late_never_replaces_a_newer_one(db_app):
    attempt = begin(make.person())
    n = position_of(attempt, "short")
    millis = int(clock.now().timestamp() * 1000)
    save(attempt, n, {"text": "newer"}, millis - 1000)
    late = save(attempt, n, {"text": "older"}, millis - 2000)
    assert late.older == (n,)
    assert stored(attempt, n).answer == {"text": "newer"}
    assert save(attempt, n, None, millis - 2000).older == (n,)
    assert not save(attempt, n, {"text": "newest"}, millis - 500).older
    assert stored(attempt, n).answer == {"text": "newest"}


def test_the_same_answer_again_changes_nothing_whenever_it_arrives(db_app):
    attempt = begin(make.person())
    n = position_of(attempt, "short")
    millis = int(clock.now().timestamp() * 1000) - 5000
    first = save(attempt, n, {"text": "QMA"}, millis)
    assert save(attempt, n, {"text": "QMA"}, millis) == first
    assert save(attempt, n, {"text": "QMA"}, millis - 1) == first


def test_a_form_that_was_drawn_with_the_newest_answer_may_change_it(db_app):
    """Without the script a form carries the seq that it was drawn with."""
    attempt = begin(make.person())
    n = position_of(attempt, "short")
    save(attempt, n, {"text": "QMA"})
    drawn = stored(attempt, n).seq
    assert not save(attempt, n, {"text": "QMB"}, drawn).older
    assert stored(attempt, n).seq > drawn
    assert save(attempt, n, {"text": "QMC"}, drawn).older == (n,)


def test_a_clock_that_runs_ahead_does_not_win_for_ever(db_app):
    attempt = begin(make.person())
    n = position_of(attempt, "short")
    with time_machine.travel(NOON, tick=False) as now:
        save(attempt, n, {"text": "from the future"}, 10**15)
        now.shift(timedelta(seconds=1))
        assert not save(attempt, n, {"text": "now"}, int(clock.now().timestamp() * 1000)).older
    assert stored(attempt, n).answer == {"text": "now"}


def test_of_eight_answers_at_once_the_newest_stands(db_app):
    attempt = begin(make.person())
    n = position_of(attempt, "short")
    millis = int(clock.now().timestamp() * 1000) - 1000
    numbers = iter(range(8))

    def one():
        k = next(numbers)
        return service.save_answer(attempt, n, {"text": f"answer {k}"}, millis + k)

    at_once(db_app, 8, one)
    assert stored(attempt, n).answer == {"text": "answer 7"}


@pytest.mark.parametrize("junk", [{}, {"choice": 99}, {"pairs": []}, {"text": ""}, {"text": "x" * 201}, {"order": "x"}])
def test_an_answer_of_another_shape_is_refused(db_app, junk):
    attempt = begin(make.person())
    for n in range(1, 7):
        assert code_of(lambda n=n: service.save_answer(attempt, n, junk)) == "unreadable_answer"


def test_an_unknown_question_or_attempt_is_refused_and_nothing_of_the_rest_is_saved(db_app):
    attempt = begin(make.person())
    n = position_of(attempt, "short")
    both = {n: service.Given({"text": "QMA"}), 99: service.Given({"text": "QMA"})}
    assert code_of(lambda: service.save_answers(attempt, both)) == "no_question"
    assert stored(attempt, n).answer is None
    assert code_of(lambda: service.save_answer(uuid4(), 1, None)) == "no_attempt"
    assert code_of(lambda: service.submit(uuid4())) == "no_attempt"


@pytest.mark.parametrize(
    "text", ["😀" * 9, "أحمد العلي", "=1+1", "' OR 1=1 --", "<script>alert(1)</script>", "\\u0000"]
)
def test_whatever_is_typed_is_kept_as_it_is(db_app, text):
    attempt = begin(make.person())
    n = position_of(attempt, "short")
    save(attempt, n, {"text": text})
    assert stored(attempt, n).answer == {"text": text}


# --- Handing in ---


def test_what_is_right_passes_and_what_is_unanswered_earns_nothing(db_app):
    attempt = begin(make.person())
    n = position_of(attempt, "single")
    save(attempt, n, asked.RIGHT["single"])
    result = hand_in(attempt)
    assert result == service.Result(pytest.approx(1 / 6), False, True)
    head = queries.sheet(attempt).head
    assert head.submitted_at
    assert not head.passed


def test_after_handing_in_no_answer_is_taken(db_app):
    attempt = begin(make.person())
    hand_in(attempt)
    assert code_of(lambda: service.save_answer(attempt, 1, None)) == "attempt_closed"
    with pytest.raises(Refusal) as refusal:
        save(attempt, 1, None)
    assert refusal.value.status == 409


def test_eight_at_once_hand_in_once_and_all_get_the_same_result(db_app):
    attempt = begin(make.person())
    answer_all(attempt, asked.RIGHT)
    with heard(signals.submitted) as sent:
        results = at_once(db_app, 8, lambda: service.submit(attempt))
    assert len({(r.score, r.passed) for r in results}) == 1
    assert sum(r.first for r in results) == 1
    assert [(s.attempt_id, s.score, s.passed, s.number) for s in sent] == [(attempt, 1.0, True, 1)]


def test_answers_that_race_with_handing_in_are_in_the_result_or_refused(db_app):
    attempt = begin(make.person())
    n = position_of(attempt, "single")
    turns = iter(range(8))

    def one():
        if next(turns) % 2:
            return service.submit(attempt)
        return service.save_answer(attempt, n, asked.RIGHT["single"])

    results = at_once(db_app, 8, one)
    score = next(r.score for r in results if isinstance(r, service.Result))
    assert any(isinstance(r, service.Saved) for r in results) == (score > 0)


def test_a_receiver_that_fails_leaves_the_attempt_open(db_app):
    attempt = begin(make.person())

    def fails(_event):
        raise RuntimeError("upstairs")

    signals.submitted.connect(9, fails)
    try:
        with pytest.raises(RuntimeError):
            hand_in(attempt)
    finally:
        signals.submitted._receivers[:] = [p for p in signals.submitted._receivers if p[1] is not fails]
    db.end_read()
    assert queries.sheet(attempt).head.submitted_at is None
    assert hand_in(attempt).first


def test_an_attempt_is_graded_by_the_questions_as_they_were_drawn(db_app):
    """The bank is written anew while the attempt is open: another answer is right now."""
    person = make.person()
    attempt = begin(person, asked.module(asked.single()))
    save(attempt, 1, {"choice": 0})
    turned = asked.single(options=tuple(replace(o, fraction=1 - o.fraction) for o in asked.single().options))
    begin(make.person("Another"), asked.module(turned))
    assert hand_in(attempt).passed


def test_the_mark_to_pass_is_that_of_the_day_it_began(db_app):
    person = make.person()
    attempt = begin(person, asked.module(asked.single(), asked.multiple(), pass_percent=50))
    save(attempt, position_of(attempt, "single"), asked.RIGHT["single"])
    assert hand_in(attempt).passed


# --- Checks ---

CHECKS = asked.lesson(*asked.all_kinds())


def check(person: UUID, question, answer, lesson=CHECKS):
    with db.write():
        return service.answer_check(person, lesson, question, answer)


def test_a_check_keeps_its_first_result_and_its_last(db_app):
    person, question = make.person(), CHECKS.checks[0]
    assert check(person, question, asked.WRONG["single"]).fraction == 0
    assert check(person, question, asked.RIGHT["single"]).fraction == 1
    kept = queries.lesson_answers(person, CHECKS)[question.id]
    assert (kept.tries, kept.first_fraction, kept.fraction) == (2, 0.0, 1.0)
    assert kept.answer == asked.RIGHT["single"]


def test_a_lesson_says_so_once_all_its_checks_have_been_tried(db_app):
    person = make.person()
    with heard(signals.answered) as sent:
        for question in CHECKS.checks:
            check(person, question, asked.WRONG[question.kind])
    assert [s.all_tried for s in sent] == [False] * 5 + [True]
    assert {s.instrument for s in sent} == {"checks:l1"}


def test_a_check_that_was_added_later_has_to_be_tried_too_and_one_that_went_does_not(db_app):
    person = make.person()
    check(person, asked.single(), asked.WRONG["single"], asked.lesson(asked.single(), asked.short()))
    with heard(signals.answered) as sent:
        check(person, asked.single(), asked.WRONG["single"], asked.lesson(asked.single(), asked.ordering()))
        check(person, asked.single(), asked.WRONG["single"], asked.lesson(asked.single()))
    assert [s.all_tried for s in sent] == [False, True]


def test_no_answer_and_junk_are_no_try_and_change_nothing(db_app):
    person, ninth = make.person(), {"choice": 9}
    assert code_of(lambda: service.answer_check(person, CHECKS, asked.single(), None)) == "no_answer"
    assert code_of(lambda: service.answer_check(person, CHECKS, asked.single(), ninth)) == "unreadable_answer"
    assert queries.lesson_answers(person, CHECKS) == {}


def test_what_does_not_read_as_a_number_is_kept_to_be_mended_and_is_no_try(db_app):
    person, lesson = make.person(), asked.lesson(asked.numerical())
    with heard(signals.answered) as sent:
        check(person, asked.numerical(), {"text": "about ten", "language": "en"}, lesson)
        assert not sent
        check(person, asked.numerical(), asked.RIGHT["numerical"], lesson)
    assert [s.all_tried for s in sent] == [True]
    kept = queries.lesson_answers(person, lesson)["numerical"]
    assert (kept.tries, kept.first_fraction) == (1, 1.0)


def test_an_unreadable_number_does_not_count_among_the_checks_tried(db_app):
    person, lesson = make.person(), asked.lesson(asked.numerical(), asked.single())
    check(person, asked.numerical(), {"text": "about ten", "language": "en"}, lesson)
    assert queries.checks_tried(person) == {}
    with heard(signals.answered) as sent:
        check(person, asked.single(), asked.RIGHT["single"], lesson)
    assert [s.all_tried for s in sent] == [False]


def test_eight_answers_to_one_check_at_once_are_eight_tries_of_one_row(db_app):
    person = make.person()
    at_once(db_app, 8, lambda: service.answer_check(person, CHECKS, asked.single(), asked.RIGHT["single"]))
    assert queries.lesson_answers(person, CHECKS)["single"].tries == 8
    assert db.session().scalar(select(func.count(Attempt.id))) == 1


def test_eight_different_checks_at_once_all_stand(db_app):
    person, lesson = make.person(), asked.lesson(*(asked.single(f"q{n}") for n in range(8)))
    questions = list(lesson.checks)
    with heard(signals.answered) as sent:
        right = asked.RIGHT["single"]
        at_once(db_app, 8, lambda: service.answer_check(person, lesson, questions.pop(), right))
    assert len(queries.lesson_answers(person, lesson)) == 8
    assert sum(s.all_tried for s in sent) == 1


# --- What other rooms ask ---


def test_many_people_and_modules_cost_one_statement(db_app):
    people = [make.person(f"Person {n}") for n in range(5)]
    other = replace(asked.module(), id="collection")
    attempt = begin(people[0])
    answer_all(attempt, asked.RIGHT)
    hand_in(attempt)
    begin(people[1], other)
    db.end_read()
    with statements() as seen:
        found = queries.standings(people, [MODULE, other, replace(MODULE, id="x", assessment=None)])
    assert len([s for s in seen if s.startswith("SELECT")]) == 1
    assert len(found) == 10
    assert found[people[0], "concepts"].passed
    assert found[people[1], "collection"].open_attempt
    assert found[people[2], "concepts"].may_start


def test_a_lessons_checks_are_read_in_one_statement(db_app):
    person = make.person()
    check(person, asked.single(), asked.RIGHT["single"])
    db.end_read()
    with statements() as seen:
        queries.lesson_answers(person, CHECKS)
    assert len([s for s in seen if s.startswith("SELECT")]) == 1


def test_the_last_act_is_the_last_answer(db_app):
    person, idle = make.person(), make.person("Idle")
    with time_machine.travel(NOON, tick=False) as now:
        check(person, asked.single(), asked.RIGHT["single"])
        now.shift(timedelta(hours=1))
        attempt = begin(person)
        now.shift(timedelta(hours=1))
        save(attempt, position_of(attempt, "short"), {"text": "QMA"})
    assert {who: acts.last_at for who, acts in queries.acts_of([person, idle]).items()} == {
        person: NOON + timedelta(hours=2)
    }
    assert queries.acts_of([]) == {}


def test_the_lessons_begun_are_those_with_a_check_tried(db_app):
    person = make.person()
    check(person, asked.single(), asked.RIGHT["single"])
    check(person, asked.short(), asked.RIGHT["short"])
    begin(person)
    assert queries.checks_tried(person) == {"l1": 2}
    assert queries.lessons_begun(person) == {"l1"}


def test_a_persons_past_tells_each_assessment(db_app):
    person = make.person()
    with db_app.test_request_context("/"):
        with time_machine.travel(NOON, tick=False) as now:
            hand_in(begin(person))
            now.shift(timedelta(days=2))
            attempt = begin(person)
            answer_all(attempt, asked.RIGHT)
            hand_in(attempt)
        events = queries.events_of(person)
    assert [e.kind for e in events] == ["tried", "passed"]
    assert "0\xa0%" in events[0].text
    assert "100\xa0%" in events[1].text
