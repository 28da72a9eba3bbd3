"""Every exercise, for many seeds: the solution grades as right, each mistake as that mistake and no other."""

from __future__ import annotations

import pytest

from lms.assessment import exercises
from lms.assessment.exercises import grading
from lms.assessment.exercises.frame import FORMS, Answer, Dice, Figure

EACH = [(name, form) for name in exercises.ALL for form in FORMS]
SEEDS = [Dice("exercises", str(n)).whole(0, 10**18) for n in range(500)]


def seeds(count: int) -> list[str]:
    return [f"{seed:064x}" for seed in SEEDS[:count]]


@pytest.mark.parametrize(("name", "form"), EACH)
def test_solutions_are_right_and_mistakes_are_told(name, form):
    for seed in seeds(25):
        examine(name, form, seed)


@pytest.mark.deep
@pytest.mark.parametrize(("name", "form"), EACH)
def test_the_same_for_five_hundred_seeds(name, form):
    for seed in seeds(500):
        examine(name, form, seed)


def examine(name: str, form: str, seed: str) -> None:
    exercise = exercises.ALL[name]
    data = exercise.generate(seed, form)
    rows = sum(len(sheet.rows) for sheet in data.sheets)
    assert (rows <= 40) if form == "phone" else (500 <= rows <= 20_000), rows
    assert all(len(row) == len(sheet.heads) for sheet in data.sheets for row in sheet.rows)
    right, wrong = exercise.solve(data), exercise.mistakes(data)
    assert set(right.figures) == {figure.id for figure in exercise.FIGURES}
    assert len(wrong) >= 3
    assert grading.clear(exercise.FIGURES, right, wrong), seed
    expected = grading.freeze(exercise, data)
    assert {f.verdict for f in grading.figures(exercise.FIGURES, expected, right.figures)} == {"right"}
    for mistake, answer in wrong.items():
        told = grading.figures(exercise.FIGURES, expected, {**right.figures, **answer.figures})
        named = {one.mistake for one in told if one.mistake}
        given = {key: codes for key, codes in {**right.rows, **answer.rows}.items() if codes}
        columns = grading.rows(exercise.RETURNS, expected, given) if right.rows else []
        named |= {one.mistake for one in columns if one.mistake}
        assert mistake in named, (seed, mistake, told, columns)
        own = [
            one
            for one in told
            if answer.figures.get(one.figure, right.figures[one.figure]) != right.figures[one.figure]
        ]
        assert all(one.verdict == "mistake" for one in own), (seed, mistake, own)
    if right.rows:
        assert all(one.enough for one in grading.rows(exercise.RETURNS, expected, right.rows))
    for value in right.figures.values():
        assert value == value and abs(value) < 1e12


def structure(data) -> tuple:
    """How many rows there are, and which words stand in them: not the numbers."""
    return tuple(
        (len(sheet.rows), frozenset(value for row in sheet.rows for value in row[:2] if isinstance(value, str)))
        for sheet in data.sheets
    )


@pytest.mark.parametrize(("name", "form"), EACH)
def test_the_same_seed_gives_the_same_data_and_no_other_does(name, form):
    exercise = exercises.ALL[name]
    made = [exercise.generate(seed, form) for seed in seeds(25)]
    assert made[0] == exercise.generate(seeds(1)[0], form)
    assert all(one != other for place, one in enumerate(made) for other in made[:place])
    answers = {tuple(exercise.solve(data).figures.values()) for data in made}
    assert len(answers) >= len(made) - (5 if form == "phone" else 0), "small counts may be alike, their data are not"
    assert len({structure(data) for data in made}) > 5, "the structure varies too"


# --- the rule of grading itself ---

RATE = (Figure("rate", "percent", 1, 0.2),)


def verdict(value: float | None, **mistakes: float) -> tuple[str, str]:
    expected = {
        "figures": {"rate": 12.34},
        "rows": {},
        "mistakes": {name: {"figures": {"rate": number}, "rows": {}} for name, number in mistakes.items()},
    }
    (found,) = grading.figures(RATE, expected, {"rate": value})
    return found.verdict, found.mistake


def test_a_figure_is_right_within_half_a_unit_of_what_was_asked():
    assert verdict(12.3) == ("right", "") and verdict(12.34) == ("right", "")
    assert verdict(12.5) == ("tolerance", "") and verdict(12.6) == ("wrong", "")
    assert verdict(None) == ("missing", "")


def test_the_nearest_mistake_is_named():
    assert verdict(20.1, one=20.0, two=20.3) == ("mistake", "one")
    assert verdict(25.0, one=20.0) == ("wrong", "")


def test_data_in_which_a_mistake_hides_are_not_clear():
    right = Answer({"rate": 12.34})
    assert not grading.clear(RATE, right, {"near": Answer({"rate": 12.6})})
    assert not grading.clear(RATE, right, {"one": Answer({"rate": 20.0}), "two": Answer({"rate": 20.1})})
    assert grading.clear(RATE, right, {"one": Answer({"rate": 20.0}), "two": Answer({"rate": 21.0})})
