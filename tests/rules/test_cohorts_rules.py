"""What holds for calls and nominations, over plain values."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from lms.cohorts import rules
from lms.cohorts.rules import CallDates

DAY = date(2026, 5, 12)


@pytest.mark.parametrize(
    ("before", "after", "who"),
    [
        ("nominated", "selected", "coordinator"),
        ("waiting", "selected", "coordinator"),
        ("refused", "waiting", "coordinator"),
        ("declined", "selected", "coordinator"),
        ("nominated", "withdrawn", "office"),
        ("withdrawn", "nominated", "office"),
        ("selected", "declined", "office"),
        ("selected", "declined", "person"),
        ("waiting", "declined", "person"),
    ],
)
def test_a_nomination_may_move(before, after, who):
    assert rules.may_move(before, after, who)


@pytest.mark.parametrize(
    ("before", "after", "who"),
    [
        ("selected", "withdrawn", "office"),  # decided: no longer theirs to take back
        ("waiting", "withdrawn", "office"),
        ("nominated", "selected", "office"),
        ("nominated", "selected", "person"),
        ("declined", "selected", "person"),
        ("refused", "declined", "person"),
        ("selected", "waiting", "coordinator"),  # a place that was given is not taken away unasked
        ("selected", "refused", "coordinator"),
        ("withdrawn", "waiting", "coordinator"),
    ],
)
def test_a_nomination_may_not_move(before, after, who):
    assert not rules.may_move(before, after, who)


def test_nobody_moves_to_where_they_are():
    assert not [
        (s, who) for s in rules.STATES for who in ("coordinator", "office", "person") if rules.may_move(s, s, who)
    ]


def test_the_last_day_counts_and_the_next_does_not():
    for today, opened in (
        (DAY - timedelta(1), False),
        (DAY, True),
        (DAY + timedelta(5), True),
        (DAY + timedelta(6), False),
    ):
        assert rules.is_open(True, DAY, DAY + timedelta(5), False, today) is opened
    assert not rules.is_open(False, DAY, DAY, False, DAY)
    assert not rules.is_open(True, DAY, DAY, True, DAY)


def test_an_office_nominates_up_to_twice_its_seats():
    assert [rules.may_nominate_more(2, n) for n in range(6)] == [True, True, True, True, False, False]


def test_who_named_nobody_is_reminded_once_for_a_last_day():
    asked = [rules.is_reminded(DAY, DAY - timedelta(days), None, 0) for days in (5, 4, 3, 1, 0, -1)]
    assert asked == [False, False, True, True, True, False]
    assert not rules.is_reminded(DAY, DAY, None, 1)
    assert not rules.is_reminded(DAY, DAY, DAY, 0)
    assert rules.is_reminded(DAY, DAY, DAY - timedelta(7), 0)  # the last day was moved


def test_a_cohort_is_called_selected_runs_and_ends():
    starts, ends = DAY + timedelta(60), DAY + timedelta(200)
    call = CallDates(True, DAY, DAY + timedelta(20), False)
    days = (-1, 0, 20, 21, 59, 60, 200, 201)
    assert [rules.stage(call, starts, ends, DAY + timedelta(n)) for n in days] == [
        "coming", "call", "call", "selecting", "selecting", "running", "running", "ended",
    ]  # fmt: skip
    assert rules.stage(CallDates(True, DAY, DAY, True), starts, ends, DAY + timedelta(9)) == "coming"
    assert rules.stage(CallDates(False, DAY, DAY, False), starts, ends, DAY) == "coming"
    assert rules.stage(None, starts, ends, starts) == "running"


def test_the_next_of_the_same_office_follows_else_the_first():
    here, there, first, second = uuid4(), uuid4(), uuid4(), uuid4()
    assert rules.next_waiting([(first, there), (second, here)], here) == second
    assert rules.next_waiting([(first, there)], here) == first
    assert rules.next_waiting([(first, here), (second, here)], None) == first
    assert rules.next_waiting([], here) is None


def test_the_waiting_list_is_moved_one_place_and_not_beyond_its_ends():
    a, b, c = uuid4(), uuid4(), uuid4()
    assert rules.moved([a, b, c], c, True) == [a, c, b]
    assert rules.moved([a, b, c], a, False) == [b, a, c]
    assert rules.moved([a, b, c], a, True) == [a, b, c]
    assert rules.moved([a, b, c], uuid4(), True) == [a, b, c]


@pytest.mark.parametrize(
    ("name", "after"),
    [("West 3", "West 4"), ("West 09", "West 10"), ("2026 East", "2027 East"), ("West", "West 2"), ("", "")],
)
def test_the_next_cohorts_name_counts_on(name, after):
    assert rules.next_name(name) == after


def test_a_copy_begins_on_the_same_weekday_and_not_in_the_past():
    for old in (DAY, DAY - timedelta(1500), DAY + timedelta(100)):
        new = rules.next_first_day(old, DAY)
        assert new > DAY and (new - old).days % 7 == 0
    assert rules.next_first_day(date(9999, 12, 1), DAY) == date(9999, 12, 1)


def test_a_day_beyond_the_calendar_is_none():
    assert rules.shifted(DAY, 7) == DAY + timedelta(7)
    assert rules.shifted(DAY, 10**7) is None


def test_texts_come_one_a_line_without_repetitions():
    assert rules.lines(" UNSD \n\nIOM\r\nUNSD") == ["UNSD", "IOM"]
