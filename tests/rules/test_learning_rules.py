"""What counts as done, and how somebody is getting on."""

from datetime import date, timedelta

import pytest

from lms.curriculum.content import AssessmentRule, Lesson, Module, Question
from lms.learning import rules
from lms.policy import Refusal

DAY = date(2026, 11, 2)


def question(key="q") -> Question:
    return Question(id=key, kind="single", stem="?")


def lesson(key: str, number: int, written: bool = True) -> Lesson:
    body = ("text", question(f"{key}-q")) if written else ()
    return Lesson(key, "m", number, "en", key, key, 10, ("C1",), (), body)


def module(*written: bool) -> Module:
    lessons = tuple(lesson(f"l{n}", n + 1, w) for n, w in enumerate(written))
    return Module("m", "en", "M", "M", "", lessons, AssessmentRule(), (question(),))


def test_a_title_without_text_is_no_requirement():
    assert rules.is_complete(module(True, True, False), {"l0", "l1"}, passed=True)


def test_a_written_lesson_that_is_open_holds_completion_up():
    assert not rules.is_complete(module(True, True), {"l0"}, passed=True)


def test_without_the_assessment_nothing_is_complete():
    assert not rules.is_complete(module(True), {"l0"}, passed=False)


def test_a_module_without_any_text_is_never_complete():
    assert not rules.is_complete(module(False, False), set(), passed=True)


def test_until_all_is_written_the_extent_names_the_lessons_and_changes_when_one_is_added():
    first, second = rules.extent(module(True, False, False)), rules.extent(module(True, True, False))
    assert first.startswith("lessons:") and second.startswith("lessons:") and first != second
    assert rules.extent(module(True, True)) == "module"


@pytest.mark.parametrize(("enrolled", "done", "code"), [(False, {"l0"}, "not_enrolled"), (True, set(), "lessons_open")])
def test_the_assessment_is_for_the_enrolled_who_have_tried_every_lesson(enrolled, done, code):
    with pytest.raises(Refusal) as refusal:
        rules.may_assess(module(True), enrolled=enrolled, done=done)
    assert refusal.value.code == code


def test_minutes_that_remain_shrink_with_the_checks_tried_and_never_reach_nothing():
    assert [rules.remaining_minutes(15, tried, 5) for tried in range(6)] == [15, 12, 9, 6, 3, 2]


def test_target_dates_expect_lessons_evenly_from_one_to_the_next():
    targets = [rules.Target(4, DAY + timedelta(days=8)), rules.Target(2, DAY + timedelta(days=12))]
    expected = [rules.expected_lessons(targets, DAY, DAY + timedelta(days=n)) for n in (0, 4, 8, 10, 12, 90)]
    assert expected == [0, 2, 4, 5, 6, 6]


def pace_of(done=0, last=0, day=0, finished=False, joined=-9):
    """Six lessons, three due after 12 days and three after 24; `last` and `day` count from the first day."""
    return rules.pace(
        done=done,
        targets=[rules.Target(3, DAY + timedelta(days=12)), rules.Target(3, DAY + timedelta(days=24))],
        starts_on=DAY,
        joined_on=DAY + timedelta(days=joined),
        last_act_on=None if last is None else DAY + timedelta(days=last),
        finished=finished,
        today=DAY + timedelta(days=day),
    ).state


@pytest.mark.parametrize(
    ("state", "given"),
    [
        ("stuck", {"done": 6, "last": 0, "day": 14}),
        ("slowing", {"done": 3, "last": 5, "day": 12}),
        ("slowing", {"done": 2, "last": 12, "day": 12}),
        ("on_track", {"done": 3, "last": 12, "day": 12}),
        ("ahead", {"done": 5, "last": 12, "day": 12}),
        ("on_track", {"done": 4, "last": 12, "day": 12}),
        ("finished", {"done": 6, "last": 1, "day": 300, "finished": True}),
        ("not_begun", {"last": None, "day": -1}),
        ("on_track", {"last": None, "day": 3}),
        ("slowing", {"last": None, "day": 7}),
        ("stuck", {"last": None, "day": 14}),
        ("stuck", {"done": 3, "last": 0, "day": 14}),
        ("slowing", {"done": 3, "last": 0, "day": 13}),
    ],
)
def test_how_somebody_is_getting_on_is_one_stated_rule(state, given):
    assert pace_of(**given) == state


def test_days_count_from_the_cohorts_first_day_for_who_worked_before_it():
    assert pace_of(done=1, last=-30, day=3) == "on_track"


def test_whoever_joins_late_is_not_stuck_on_the_first_day():
    assert pace_of(last=None, day=40, joined=40) == "slowing"  # behind the dates, but not silent
    assert pace_of(last=None, day=54, joined=40) == "stuck"
