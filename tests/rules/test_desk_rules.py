"""What is next for a trainee: always one thing."""

from datetime import UTC, datetime
from uuid import uuid4

from lms.assessment.rules import Standing
from lms.curriculum.content import AssessmentRule, Lesson, Module, Question
from lms.desk.rules import next_step

FRESH = Standing(0, 3)
OPENS = datetime(2026, 11, 24, 9, tzinfo=UTC)


def module(key: str, lessons: int = 2) -> Module:
    question = Question(id=f"{key}-q", kind="single", stem="?")
    written = tuple(
        Lesson(f"{key}{n}", key, n + 1, "en", key, key, 10, (), (), ("text", question)) for n in range(lessons)
    )
    return Module(key, "en", key, key, "", written, AssessmentRule(), (question,))


A, B = module("a"), module("b")


def test_the_first_lesson_that_is_not_done_comes_first():
    step = next_step([A, B], {"a0"}, {}, {"a": FRESH, "b": FRESH})
    assert (step.act, step.lesson.id, step.begun, step.minutes) == ("lesson", "a1", False, 10)


def test_a_lesson_that_was_begun_says_so():
    assert next_step([A], set(), {"a0": 1}, {"a": FRESH}).begun


def test_after_the_lessons_comes_the_assessment_and_then_the_next_module():
    assert next_step([A, B], {"a0", "a1"}, {}, {"a": FRESH, "b": FRESH}).act == "assessment"
    step = next_step([A, B], {"a0", "a1"}, {}, {"a": Standing(1, 3, 0.9, True), "b": FRESH})
    assert step.lesson.id == "b0"


def test_an_assessment_that_was_begun_comes_before_everything():
    attempt = uuid4()
    step = next_step([A, B], {"b0", "b1"}, {}, {"a": FRESH, "b": Standing(1, 3, open_attempt=attempt)})
    assert (step.act, step.attempt) == ("continue_assessment", attempt)


def test_waiting_for_an_attempt_holds_nobody_up():
    waiting = Standing(1, 3, 0.5, next_opens_at=OPENS)
    assert next_step([A, B], {"a0", "a1"}, {}, {"a": waiting, "b": FRESH}).lesson.id == "b0"
    assert next_step([A], {"a0", "a1"}, {}, {"a": waiting}).opens_at == OPENS


def test_when_all_attempts_are_used_one_is_told_whom_to_ask():
    assert next_step([A], {"a0", "a1"}, {}, {"a": Standing(3, 3, 0.5)}).act == "ask"


def test_when_all_is_done_it_says_so_and_without_any_text_there_is_nothing():
    assert next_step([A], {"a0", "a1"}, {}, {"a": Standing(1, 3, 0.9, True)}).act == "finished"
    assert next_step([module("c", 0)], set(), {}, {"c": FRESH}).act == "nothing"
