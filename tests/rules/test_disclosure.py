"""Figures that tell of groups and of nobody: an attacker with every release and every scope finds no small number."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms import disclosure
from lms.disclosure import LEAST, Group, Number
from lms.programme.rules import CHAINS, PROGRESS, SEX, STEPS

DAY = date(2026, 11, 1)
COUNTRIES = ("AA", "BB", "CC")
# Regions that overlap, as the real ones do; the second changes its members on the way.
REGIONS = ({"AA", "BB"}, {"BB", "CC"}, {"AA", "CC"})
OFFICES = {f"{country}{n}": country for country in COUNTRIES for n in range(3)} | {"": ""}
PATHS = {key: (country, "north" if country in ("AA", "BB") else "south", "") for key, country in OFFICES.items()}


def counted(people: list[tuple[str, int, bool]]) -> dict[str, dict[str, int]]:
    """True counts by office, of people as (office, step reached, is a woman)."""
    found: dict[str, dict[str, int]] = {}
    for office, step, woman in people:
        numbers = found.setdefault(office, dict.fromkeys((*STEPS, "women"), 0))
        for name in STEPS[: step + 1]:
            numbers[name] += 1
        numbers["women"] += woman
    return found


PERSON = st.tuples(st.sampled_from(sorted(OFFICES)), st.integers(0, 3), st.booleans())


@st.composite
def histories(draw):
    """Months of a programme, each as all its people: who come, go on, move to another office, are erased."""
    people = draw(st.lists(PERSON, min_size=0, max_size=90))
    months = [people]
    for _month in range(draw(st.integers(1, 4))):
        kept = []
        for office, step, woman in people:
            fate = draw(st.sampled_from(("stays", "stays", "stays", "goes on", "moves", "erased")))
            if fate == "moves":
                office = draw(st.sampled_from(sorted(OFFICES)))
            if fate != "erased":
                kept.append((office, min(3, step + (fate == "goes on")), woman))
        people = kept + draw(st.lists(PERSON, max_size=25))
        months.append(people)
    return months


def released(months) -> list[list[Group]]:
    """Every release of a history, each made with the last one in view."""
    made, last = [], []
    for number, people in enumerate(months):
        last, _left_out = disclosure.release(counted(people), PATHS, CHAINS, last, DAY + timedelta(days=31 * number))
        made.append(last)
    return made


def scopes(month: int) -> dict[str, set[str] | None]:
    """All that an observer may hold, by name, as offices: the programme, regions, countries, each office."""
    found: dict[str, set[str] | None] = {"programme": None}
    for number, members in enumerate(REGIONS):
        if month > 1 and number == 1:
            members = members | {"AA"}
        found[f"region {number}"] = {key for key, country in OFFICES.items() if country in members}
    for country in COUNTRIES:
        found[country] = {key for key in OFFICES if OFFICES[key] == country}
    return found | {key: {key} for key in OFFICES if key}


def pages(releases) -> list[dict[str, int]]:
    """What every observer sees in every month: totals, and each line of each page."""
    seen = []
    for month, groups in enumerate(releases):
        for offices in scopes(month).values():
            inside = disclosure.inside(groups, offices)
            seen.append(disclosure.totals(inside))
            seen += [disclosure.totals([group]) for group in inside]
    return [page for page in seen if page]


def findings(seen: list[dict[str, int]]) -> set[int]:
    """All that reading and subtracting gives: every number, each less each, and all of these less each other.

    The last are differences of differences (this month's less last month's, here less there), and with them the
    differences between sums of any two numbers.
    """
    numbers = {number for page in seen for number in page.values()}
    steps = {
        outer - inner
        for page in seen
        for outer, inner in combinations([page[name] for name in STEPS if name in page], 2)
    }
    once = {abs(a - b) for a, b in combinations(numbers | steps, 2)} | numbers | steps
    twice = {abs(a - b) for a, b in combinations(once, 2)}
    return once | twice


def small(found: set[int]) -> set[int]:
    return {number for number in found if 0 < abs(number) < LEAST}


@settings(max_examples=150, deadline=None)
@given(histories())
def test_no_number_no_difference_and_no_sum_is_about_fewer_than_five(months):
    assert not small(findings(pages(released(months))))


def test_the_same_attack_finds_people_in_figures_that_are_only_suppressed():
    # Exact numbers, shown when five or more and renewed when they changed by five or more: six people came to one
    # office and five records went from another, and the programme's total tells of the one.
    june = [{"enrolled": 12}, {"enrolled": 15}, {"enrolled": 27}]
    july = [{"enrolled": 18}, {"enrolled": 10}, {"enrolled": 28}]
    assert 1 in small(findings(june + july))
    before = [("AA0", 0, True)] * 12 + [("AA1", 0, True)] * 15
    after = [("AA0", 0, True)] * 18 + [("AA1", 0, True)] * 10
    assert not small(findings(pages(released([before, after]))))


@settings(max_examples=150, deadline=None)
@given(histories())
def test_behind_every_number_and_every_step_between_two_are_five_people_of_the_day(months):
    days = {DAY + timedelta(days=31 * n): counted(people) for n, people in enumerate(months)}
    for groups in released(months):
        for group in groups:
            for name, number in group.numbers.items():
                true = sum(days[number.since].get(key, {}).get(name, 0) for key in group.offices)
                assert number.counted == true >= LEAST
                assert number.shown % LEAST == 0
                assert number.shown == disclosure.fives(true) > 0
            for chain in CHAINS:
                shown = [group.numbers[name] for name in chain.names if name in group.numbers]
                assert all(a.shown - b.shown >= LEAST for a, b in pairwise(shown))
                assert all(a.counted - b.counted >= LEAST for a, b in pairwise(shown))


@settings(max_examples=150, deadline=None)
@given(histories())
def test_a_number_of_a_group_changes_only_when_five_people_changed(months):
    for last, new in pairwise(released(months)):
        before = {group.offices: group.numbers for group in last}
        for group in new:
            for name, number in group.numbers.items():
                old = before.get(group.offices, {}).get(name)
                assert old is None or old == number or abs(number.counted - old.counted) >= LEAST


@settings(max_examples=150, deadline=None)
@given(histories())
def test_every_office_is_in_one_group_or_left_out_and_totals_hold_whole_groups_only(months):
    last: list[Group] = []
    for people in months:
        counts = counted(people)
        last, left_out = disclosure.release(counts, PATHS, CHAINS, last, DAY)
        placed = [key for group in last for key in group.offices]
        assert len(placed) == len(set(placed))
        assert set(counts) <= set(placed) | left_out
        assert not left_out & set(placed)
        for offices in scopes(0).values():
            for group in disclosure.inside(last, offices):
                assert offices is None or group.offices <= offices


def test_who_knows_the_rule_and_tries_every_truth_is_never_sure_of_one_to_four():
    # All that two months can have been for a group of up to 14 people, by what was seen of them.
    chain = disclosure.Chain(("enrolled", "finished"), ("enrolled", "finished"))
    truths = [{"enrolled": e, "finished": f} for e in range(5, 15) for f in range(e + 1)]
    possible: dict[tuple, list[tuple[dict, dict]]] = {}
    for june in truths:
        first = disclosure.chain(june, chain, {}, DAY)
        for july in truths:
            second = disclosure.chain(july, chain, first, DAY)
            seen = tuple((name, number.shown) for month in (first, second) for name, number in month.items())
            possible.setdefault(seen, []).append((june, july))
    for worlds in possible.values():
        for name in chain.names:
            for month in (0, 1):
                assert not {world[month][name] for world in worlds} <= {0, 1, 2, 3, 4}
            assert not {abs(july[name] - june[name]) for june, july in worlds} <= {1, 2, 3, 4}
        for month in (0, 1):
            assert not {world[month]["enrolled"] - world[month]["finished"] for world in worlds} <= {0, 1, 2, 3, 4}


@given(st.integers(0, 10_000))
def test_fives_are_within_two(count):
    assert disclosure.fives(count) % 5 == 0
    assert abs(disclosure.fives(count) - count) <= 2


# --- one by one ------------------------------------------------------------------------------------------


def shown(counts: dict[str, int], last: dict[str, Number] | None = None, chain=PROGRESS) -> dict[str, int]:
    return {name: number.shown for name, number in disclosure.chain(counts, chain, last or {}, DAY).items()}


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((66, 60, 51, 40), {"enrolled": 65, "begun": 60, "finished": 50, "certified": 40}),
        ((66, 64, 51, 51), {"enrolled": 65, "finished": 50}),  # two have not begun; all who finished hold one
        ((12, 9, 4, 4), {"enrolled": 10}),  # three have not begun, four finished
        ((12, 7, 4, 0), {"enrolled": 10, "begun": 5}),
        ((12, 12, 12, 12), {"enrolled": 10}),  # *all* tells of each of them
        ((20, 14, 11, 0), {"enrolled": 20, "finished": 10}),  # finished is wanted more than begun
        ((5, 0, 0, 0), {"enrolled": 5}),
    ],
)
def test_steps_that_would_tell_of_few_are_given_up(counts, expected):
    assert shown(dict(zip(STEPS, counts, strict=True))) == expected


def test_women_are_shown_where_five_are_and_five_are_not():
    assert shown({"enrolled": 12, "women": 6}, chain=SEX) == {"enrolled": 10, "women": 5}
    for women in (0, 4, 8, 12):
        assert shown({"enrolled": 12, "women": women}, chain=SEX) == {"enrolled": 10}


def test_what_was_shown_stands_until_five_changed():
    last = disclosure.chain({"enrolled": 20, "finished": 8}, PROGRESS, {}, DAY)
    assert shown({"enrolled": 24, "finished": 12}, last) == {"enrolled": 20, "finished": 10}
    assert shown({"enrolled": 25, "finished": 13}, last) == {"enrolled": 25, "finished": 15}
    # All but two have finished since: what stood before still tells nothing of the two.
    assert shown({"enrolled": 21, "finished": 19}, last) == {"enrolled": 20, "finished": 10}


def test_small_offices_go_together_with_the_nearest_and_the_rest_is_left_out():
    sizes = {"a": 7, "b": 3, "c": 2, "d": 4, "e": 1, "f": 1}
    paths = {"a": ("SN", "west"), "b": ("SN", "west"), "c": ("SN", "west"), "d": ("ML", "west"), "e": ("NE", "west"),
             "f": ("MD", "east")}  # fmt: skip
    made, left_out = disclosure.groups(sizes, paths)
    assert sorted(map(sorted, made)) == [["a"], ["b", "c"], ["d", "e"]]
    assert left_out == {"f"}


def test_a_group_stands_until_five_people_came_or_went_and_may_then_be_shown_apart():
    def sizes(**people):
        return {key: {"enrolled": count} for key, count in people.items()}

    paths = {"a": ("SN", ""), "b": ("SN", "")}
    june, _none = disclosure.release(sizes(a=3, b=4), paths, CHAINS, [], DAY)
    july, _none = disclosure.release(sizes(a=5, b=6), paths, CHAINS, june, DAY)
    august, _none = disclosure.release(sizes(a=6, b=6), paths, CHAINS, july, DAY)
    assert [group.offices for group in june] == [group.offices for group in july] == [{"a", "b"}]
    assert july == june
    assert sorted(sorted(group.offices) for group in august) == [["a"], ["b"]]
    assert disclosure.totals(june) == {"enrolled": 5}
    assert disclosure.totals(august) == {"enrolled": 10}
