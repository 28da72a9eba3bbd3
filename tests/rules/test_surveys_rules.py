"""What may be shown of persons' answers, and how a form, a file and an edited copy are read."""

from __future__ import annotations

import itertools
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from surveyed import BASELINE, REACTION

from config import LANGUAGES, ROOT
from lms.curriculum import check
from lms.surveys import editing, rules, templates
from lms.surveys.questionnaire import Option, Question, Questionnaire, Section, Unreadable, read, said

SMALL = range(1, 5)


def texts(word: str) -> dict[str, str]:
    return {"en": word}


def options(*ids: str, alone: str = "") -> tuple[Option, ...]:
    return tuple(Option(id, texts(id), id in alone) for id in ids)


def asking(*questions: Question, audience: str = "person") -> Questionnaire:
    return Questionnaire("q", audience, 2, texts("T"), {}, (Section(texts("S"), questions),))


ONE = Question("one", "one", texts("One?"), options=options("a", "b", "c"), other=True)
SEVERAL = Question("several", "several", texts("Several?"), options=options("a", "b", "n", alone="n"))
SCALE = Question("scale", "scale", texts("Scale?"), low=texts("low"), high=texts("high"))
NUMBER = Question("number", "number", texts("Number?"), unknown=True, max=500, required=True)
TEXT = Question("text", "text", texts("Text?"))

an_answer = st.fixed_dictionaries(
    {},
    optional={
        "one": st.sampled_from(["a", "b", "c", "other"]),
        "one.other": st.text(min_size=1, max_size=5),
        "several": st.one_of(st.just(["n"]), st.lists(st.sampled_from(["a", "b"]), min_size=1, unique=True)),
        "scale": st.integers(1, 5),
        "text": st.text(min_size=1, max_size=9),
    },
)


# --- What may be shown -----------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(st.lists(an_answer, max_size=30))
def test_no_number_nor_any_sum_or_difference_of_one_question_is_one_to_four(responses):
    found = rules.findings(asking(ONE, SEVERAL, SCALE, TEXT), responses)
    if len(responses) < 5:
        assert found == []
    for finding in found:
        counts = [block.count for block in finding.blocks]
        assert not counts or sum(counts) == len(responses)
        for many in range(1, len(counts) + 1):
            for some in itertools.combinations(counts, many):
                assert sum(some) not in SMALL and len(responses) - sum(some) not in SMALL
        shown = [count for _id, count in finding.counts if count is not None]
        for count in shown:
            assert count not in SMALL and finding.base - count not in SMALL
        if len(shown) == len(finding.counts):
            assert sum(shown) - finding.base not in SMALL  # those who chose more than one
        assert not 0 < len(finding.words) < 5


def tables(total: int, cells: int):
    """Every way to share so many people out over so many cells."""
    if cells == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in tables(total - first, cells - 1):
            yield (first, *rest)


@pytest.mark.parametrize(("cells", "most"), [(2, 24), (3, 22), (4, 18), (5, 14)])
def test_whoever_knows_the_rule_finds_no_count_of_one_to_four_either(cells, most):
    """Ask every table that could be: what is published fits two tables at least that differ in each small cell."""
    for total in range(5, most):
        fitting = defaultdict(list)
        for table in tables(total, cells):
            fitting[rules.partition(dict(zip("abcde", table, strict=False)))].append(table)
        for published, fits in fitting.items():
            for cell in range(cells):
                values = {table[cell] for table in fits}
                assert len(values) > 1 or not values & set(SMALL), (published, fits)


@pytest.mark.parametrize(("choices", "alone", "most"), [("ab", "", 19), ("abn", "n", 15), ("abc", "", 12)])
def test_the_same_where_several_may_be_chosen(choices, alone, most):
    free = [id for id in choices if id not in alone]
    sets = [frozenset(), *(frozenset(id) for id in alone)]
    sets += [frozenset(some) for many in range(1, len(free) + 1) for some in itertools.combinations(free, many)]
    for total in range(5, most):
        fitting = defaultdict(list)
        for table in tables(total, len(sets)):
            people = [one for one, many in zip(sets, table, strict=True) for _ in range(many)]
            fitting[rules.several(choices, frozenset(alone), people)].append(table)
        for published, fits in fitting.items():
            for cell in range(len(sets)):
                values = {table[cell] for table in fits}
                assert len(values) > 1 or not values & set(SMALL), (published, fits)
            for id in choices:
                values = {sum(n for one, n in zip(sets, table, strict=True) if id in one) for table in fits}
                assert len(values) > 1 or not values & set(SMALL), (published, id, fits)
                left = {total - value for value in values}
                assert len(left) > 1 or not left & set(SMALL), (published, id, fits)


def test_a_small_cell_stands_together_with_others_until_they_are_five():
    blocks = rules.partition({"a": 9, "b": 7, "c": 1, "d": 0})
    assert [(block.cells, block.count) for block in blocks] == [(("a",), 9), (("b", "c", "d"), 8)]
    assert rules.partition({"a": 6, "b": 1}) == ()
    assert [block.count for block in rules.partition({"a": 6, "b": 5})] == [6, 5]
    assert rules.partition({"a": 6, "b": 6, "c": 4}) == ()  # which of the two had joined the four would tell


def test_what_people_wrote_is_shown_from_five_on_and_in_an_order_that_says_nothing():
    written = ["one", "two", "three", "four", "five"]
    assert rules.words("q", written[:4]) == ()
    assert set(rules.words("q", written)) == set(written)
    assert rules.words("q", written) == rules.words("q", written[::-1])


# --- When it is over -------------------------------------------------------------------------------


def test_a_survey_is_over_when_its_day_has_begun_everywhere():
    closes_on = date(2026, 3, 2)
    assert not rules.is_over(closes_on, datetime(2026, 3, 2, 11, 59, tzinfo=UTC))
    assert rules.is_over(closes_on, datetime(2026, 3, 2, 12, 0, tzinfo=UTC))


# --- What was typed --------------------------------------------------------------------------------


def typed(*questions: Question, **fields) -> rules.Typed:
    sent = {f"q-{name}": value if isinstance(value, list) else [value] for name, value in fields.items()}
    return rules.typed(asking(*questions, audience="institution"), {k.replace("__", "-"): v for k, v in sent.items()})


@pytest.mark.parametrize(
    ("text", "number"),
    [("1200", 1200), ("1 200", 1200), ("1,200", 1200), ("1.200", 1200), ("١٬٢٠٠", 1200), ("۱۲", 12), ("0", 0),
     ("1.5", None), ("-3", None), ("a few", None), ("1e3", None), ("²", None), ("9" * 12, None)],
)  # fmt: skip
def test_a_whole_number_is_read_as_people_write_it(text, number):
    assert rules.whole_number(text) == number


def test_a_number_that_cannot_be_is_said_beside_its_question():
    assert typed(NUMBER, number="12").answers == {"number": 12}
    assert typed(NUMBER, number="501").wrong == {"number": "range"}
    assert typed(NUMBER, number="twelve").wrong == {"number": "number"}
    assert typed(NUMBER).wrong == {"number": "missing"}
    assert typed(NUMBER, number__unknown="1").answers == {"number": "unknown"}
    assert typed(NUMBER, number="3", number__unknown="1").wrong == {"number": "alone"}


def test_none_of_these_does_not_go_together_with_one_of_them():
    assert typed(SEVERAL, several=["a", "n"]).wrong == {"several": "alone"}
    assert typed(SEVERAL, several=["b", "a", "b"]).answers == {"several": ["a", "b"]}


def test_whoever_fills_in_the_free_line_has_chosen_it_and_an_empty_one_is_asked_for():
    assert typed(ONE, one__other="A tax").answers == {"one": "other", "one.other": "A tax"}
    assert typed(ONE, one="other").wrong == {"one": "other"}
    kept = typed(ONE, one="a", one__other="but rarely")
    assert kept.answers == {"one": "a", "one.other": "but rarely"} and not kept.wrong


def test_a_choice_that_was_not_offered_is_no_answer():
    assert typed(ONE, SCALE, one="z", scale="6").answers == {}
    assert typed(ONE, two="a").answers == {}


def test_signs_that_a_database_refuses_do_not_come_in_and_line_breaks_stay():
    assert typed(TEXT, text="a\x00b\r\nc").answers == {"text": "ab\nc"}
    assert typed(TEXT, text="x" * 2001).wrong == {"text": "long"}


# --- Files -----------------------------------------------------------------------------------------


def test_the_templates_of_the_house_are_whole_in_every_language():
    assert templates.problems(ROOT / "content") == []
    templates.configure(ROOT / "content")
    found = templates.current()
    assert {"institution-baseline", "reaction"} <= set(found)
    for made in found.values():
        assert made.languages == LANGUAGES
        assert read(made.id, made.to_data()).digest == made.digest


def test_the_forms_of_the_tests_answer_the_templates_whole():
    templates.configure(ROOT / "content")
    for id, form in (("reaction", REACTION), ("institution-baseline", BASELINE)):
        sent = {name: value if isinstance(value, list) else [value] for name, value in form.items()}
        assert rules.typed(templates.current()[id], sent).wrong == {}


GOOD = """audience = "person"
minutes = 2
title = { en = "T", fr = "T", ar = "T" }
[[sections]]
[[sections.questions]]
id = "a"
kind = "one"
text = { en = "A", fr = "A", ar = "A" }
options = [ { id = "x", en = "X", fr = "X", ar = "X" }, { id = "y", en = "Y", fr = "Y", ar = "Y" } ]
"""


@pytest.mark.parametrize(
    ("bad", "line", "say"),
    [
        (GOOD.replace('kind = "one"', 'kind = "number"'), 6, "not asked for a number"),
        (GOOD.replace('kind = "one"', 'kind = "rank"'), 6, "kind must be one of"),
        (GOOD.replace('id = "y"', 'id = "x"'), 6, "two options have one id"),
        (GOOD.replace('id = "y"', 'id = "other"'), 6, "which the free line has"),
        (GOOD.replace('fr = "A", ', ""), 8, "missing in fr"),
        (GOOD.replace("minutes = 2", "minutes = 90"), 1, "whole number from 1 to 60"),
        (GOOD.replace("minutes = 2", "minutes 2"), 2, "not TOML"),
        (GOOD.replace("minutes = 2", 'minutes = 2\nclosing = "x"'), 1, "not known here"),
        ('audience = "person"\nminutes = 2\ntitle.en = "T"\n', 1, "asks nothing"),
    ],
)
def test_a_bad_file_is_told_with_its_line(tmp_path: Path, bad, line, say):
    (tmp_path / "surveys").mkdir()
    (tmp_path / "surveys" / "bad.toml").write_text(bad, encoding="utf-8")
    found = templates.problems(tmp_path)
    assert any(problem.line == line and say in problem.message for problem in found), found
    check.also(templates.problems)
    assert found[0] in check.elsewhere(tmp_path)


def test_a_file_that_breaks_goes_on_saying_what_it_said_before(tmp_path: Path):
    (tmp_path / "surveys").mkdir()
    file = tmp_path / "surveys" / "mine.toml"
    file.write_text(GOOD, encoding="utf-8")
    templates.configure(tmp_path)
    assert templates.current()["mine"].minutes == 2
    file.write_text(GOOD + "oops", encoding="utf-8")
    assert templates.current()["mine"].minutes == 2
    file.write_text(GOOD.replace("minutes = 2", "minutes = 3"), encoding="utf-8")
    assert templates.current()["mine"].minutes == 3
    templates.configure(ROOT / "content")


def test_nothing_that_is_no_questionnaire_is_read_as_one():
    for data in ({}, {"sections": "x"}, {"sections": [{"questions": [{"id": 3}]}]}, {"title": {"xx": "T"}}):
        with pytest.raises(Unreadable):
            read("x", data)


# --- Editing ---------------------------------------------------------------------------------------


BOTH = Question(
    "q", "several", {"en": "How?", "fr": "Comment ?"},
    options=(Option("a", {"en": "A", "fr": "A fr"}), Option("b", {"en": "B"}), Option("n", {"en": "None"}, alone=True)),
)  # fmt: skip


def edit(fields: dict[str, str], language: str = "en", made: Questionnaire | None = None) -> editing.Edited:
    made = made or asking(BOTH, TEXT)
    return editing.edited(made, {**editing.fields_of(made, language), **fields}, language)


def test_a_form_sent_back_as_it_was_changes_nothing():
    for made in templates.current().values():
        for language in LANGUAGES:
            assert edit({}, language, made).questionnaire == made


def test_editing_one_language_leaves_the_others_as_they_are():
    (changed, _text) = edit({"q-q": "Comment donc ?"}, "fr").questionnaire.questions
    assert changed.text == {"en": "How?", "fr": "Comment donc ?"}


def test_options_and_questions_are_left_out_and_added_before_none_of_these():
    made = edit({"q-q-o-a-drop": "1", "q-q-add": "C\n\n D ", "q-text-drop": "1"}).questionnaire
    (question,) = made.questions
    assert [option.id for option in question.options] == ["b", "own-1", "own-2", "n"]
    assert question.options[1].texts == {"en": "C"}
    assert read(made.id, made.to_data()) == made


def test_a_question_of_ones_own_is_added_and_falls_back_visibly():
    made = edit({"s0-new": "Wer?", "s0-kind": "scale", "s0-options": "nobody\nall"}).questionnaire
    own = made.questions[-1]
    assert (own.id, own.kind, own.low, own.high) == ("own-1", "scale", {"en": "nobody"}, {"en": "all"})
    assert said(own.text, "ar").language == "en"


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"q-text": " "}, "q-text", "missing"),
        ({"q-q-o-a-drop": "1", "q-q-o-b-drop": "1"}, "q-q", "two"),
        ({"s0-new": "Which?", "s0-kind": "one", "s0-options": "only"}, "s0-options", "two"),
        ({"s0-new": "How?", "s0-kind": "scale", "s0-options": "low"}, "s0-options", "ends"),
        ({"s0-options": "low"}, "s0-new", "missing"),
        ({"q-q-drop": "1", "q-text-drop": "1"}, "title", "empty"),
        ({"title": "x" * 2001}, "title", "long"),
    ],
)
def test_what_an_edit_may_not_do_is_said_beside_its_field(fields, field, code):
    assert edit(fields).wrong[field] == code
