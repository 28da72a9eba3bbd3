"""The dialect of GIFT: what is read, what is refused and on which line; nothing makes the parser fall."""

from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms.curriculum import gift
from lms.curriculum.content import Problem, Question


def parse(text: str, **given: object) -> gift.Parsed:
    return gift.parse(dedent(text).lstrip("\n"), "bank.gift", **given)


def one(text: str) -> Question:
    """The only question of a text that has no problem."""
    parsed = parse(text)
    assert parsed.problems == []
    assert len(parsed.found) == 1
    return parsed.questions[0]


def problems(text: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.message) for problem in parse(text).problems]


def test_a_single_choice_has_one_right_answer_and_feedback_on_each():
    question = one(
        """
        // [id:c-1] [tag:lesson=who-is-a-migrant] [tag:competency=C1] [tag:difficulty=2]
        ::Residence::Where is a person resident?{
        =Where they **live**#Yes: that is the rule.
        ~Where they were born#No: that is country of birth.
        }
        """
    )
    assert (question.id, question.kind, question.stem) == ("c-1", "single", "Where is a person resident?")
    assert (question.lesson, question.competency, question.difficulty) == ("who-is-a-migrant", "C1", 2)
    assert [o.fraction for o in question.options] == [1, 0]
    assert question.options[0].html == "Where they <strong>live</strong>"
    assert question.options[1].feedback == "No: that is country of birth."


def test_a_multiple_choice_earns_in_parts_and_loses_in_parts():
    question = one("// [id:c]\nWhich?{~%50%a#x ~%50%b#x ~%-50%c#x ~d#x}")
    assert question.kind == "multiple"
    assert [o.fraction for o in question.options] == [0.5, 0.5, -0.5, 0]


def test_three_thirds_make_a_whole():
    question = one("// [id:c]\nWhich?{~%33.333%a#x ~%33.333%b#x ~%33.333%c#x ~%-100%d#x}")
    assert sum(o.fraction for o in question.options if o.fraction > 0) == pytest.approx(1, abs=1e-5)


def test_matching_has_pairs_and_distractors():
    question = one("// [id:m]\nMatch{=*Tourist* -> mobility#fb one =Nurse -> migration#fb two = -> neither}")
    assert question.kind == "matching"
    assert [(p.left, p.right, p.feedback) for p in question.pairs] == [
        ("<em>Tourist</em>", "mobility", "fb one"),
        ("Nurse", "migration", "fb two"),
    ]
    assert question.distractors == ("neither",)


def test_two_lefts_may_share_a_right():
    assert len(one("// [id:m]\nMatch{=a -> x#f =b -> x#f =c -> y#f}").pairs) == 3


def test_ordering_keeps_the_right_order_one_item_a_line():
    question = one("// [id:o]\nOrder {>\nfirst\n second \nthird\n####Think of time.\n}")
    assert (question.kind, question.items) == ("ordering", ("first", "second", "third"))
    assert question.feedback == "Think of time."


def test_a_number_has_a_tolerance_a_unit_and_named_mistakes():
    question = one(
        """
        // [id:n] [tag:unit=per 1,000]
        Net rate?{#
        =6.96:0.01#Right.
        =%0%7.00:0.005#You took the start population.
        ####Divide by the mean population.
        }
        """
    )
    assert (question.kind, question.unit) == ("numerical", "per 1,000")
    assert [(n.value, n.tolerance, n.fraction) for n in question.numbers] == [
        (6.96, 0.01, 1),
        (7.0, 0.005, 0),
    ]
    assert question.numbers[1].feedback == "You took the start population."
    assert question.feedback == "Divide by the mean population."


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("#3:2#a####b", [(3, 2, 1)]),
        ("#1..5#a####b", [(3, 2, 1)]),
        ("#=-0.5#a####b", [(-0.5, 0, 1)]),
        ("#=1e3:1#a =%50%9..11#c####b", [(1000, 1, 1), (10, 1, 0.5)]),
    ],
)
def test_moodle_s_forms_of_a_number_are_read(body, expected):
    question = one(f"// [id:n]\nHow many?{{{body}}}")
    assert [(n.value, n.tolerance, n.fraction) for n in question.numbers] == expected


def test_a_short_answer_has_accepted_texts_and_named_mistakes():
    question = one("// [id:s]\nCode?{=GE#Yes. =%50%GEO#The long form. =%0%GA#That is Gabon. ####Look at ISO 3166.}")
    assert question.kind == "short"
    assert [(a.text, a.fraction) for a in question.accepted] == [("GE", 1), ("GEO", 0.5), ("GA", 0)]


@pytest.mark.parametrize(("sign", "right"), [("T", "True"), ("TRUE", "True"), ("F", "False"), ("FALSE", "False")])
def test_true_or_false_of_moodle_becomes_a_single_choice(sign, right):
    question = one(f"::q1::It is so.{{{sign}#wrong#right}}")
    chosen = next(o for o in question.options if o.fraction == 1)
    assert (question.kind, chosen.html, chosen.feedback) == ("single", right, "right")
    assert next(o for o in question.options if o.fraction == 0).feedback == "wrong"


def test_true_or_false_speaks_the_file_s_language():
    parsed = gift.parse("::q::C’est vrai.{T#non#oui}", "x", "fr")
    assert [o.html for o in parsed.questions[0].options] == ["Vrai", "Faux"]


def test_escaped_signs_stand_for_themselves():
    question = one(r"::q::Is a\:b \{x\} \= 1 \~ \#2?{=yes \= yes#f \# f ~no \~#g}")
    assert question.stem == "Is a:b {x} = 1 ~ #2?"
    assert [o.html for o in question.options] == ["yes = yes", "no ~"]
    assert question.options[0].feedback == "f # f"


def test_formulas_become_mathml_with_escaped_braces():
    question = one(r"::q::What is $\frac\{a\}\{b\}$?{=$x \= 1$#f ~$x_\{0\}$#g}")
    assert "<mfrac>" in question.stem
    assert all("<math" in option.html for option in question.options)


def test_a_backslash_of_latex_is_no_new_line():
    assert "\\" not in one(r"::q::$a \neq b$, $\nu$?{=a#f ~b#g}").stem


def test_a_stem_marked_markdown_has_paragraphs_and_tables():
    question = one(
        """
        // [id:t]
        ::t::[markdown]Look at the table.

        | a | b |
        |---|--:|
        | 1 | 2 |

        How many?{#=2:0#f####g}
        """
    )
    assert question.stem.count("<p>") == 2
    assert '<td class="num">2</td>' in question.stem
    assert "<table>" in question.stem


def test_text_after_the_braces_makes_a_gap():
    assert one("::q::Two and {=two#f ####g} is four.").stem == "Two and _____ is four."


def test_the_name_is_the_id_where_no_comment_gives_one():
    assert one("::my-name::Q?{=a#f ~b#g}").id == "my-name"


def test_categories_comments_and_windows_line_ends_are_tolerated():
    parsed = gift.parse("$CATEGORY: tom/dick\r\n\r\n// a remark\r\n// [id:a]\r\nQ?{=a#f\r\n// in between\r\n~b#g}\r\n")
    assert parsed.problems == []
    assert parsed.questions[0].id == "a"


def test_questions_follow_each_other_with_or_without_an_empty_line():
    parsed = parse(
        """
        // [id:a]
        A?{=a#f ~b#g}
        // [id:b]
        B?{=a#f ~b#g}

        // [id:c]

        C?{=a#f ~b#g}
        """
    )
    assert [q.id for q in parsed.questions] == ["a", "b", "c"]
    assert [f.line for f in parsed.found] == [2, 4, 8]
    assert [f.tags_line for f in parsed.found] == [1, 3, 6]


def test_lines_are_counted_from_where_the_text_stands_in_its_file():
    parsed = gift.parse("// [id:a]\nA?{=a\n~b#g}", "f.md", first_line=40)
    assert parsed.problems == [Problem("f.md", 41, "The answer “a” has no feedback: #feedback after it.")]


def test_a_bad_question_leaves_the_others_alone():
    parsed = parse(
        """
        // [id:a]
        A?{=a#f ~b#g}

        // [id:bad]
        No brace is closed {=a#f

        // [id:b]
        B?{=a#f ~b#g}

        ::worse::neither opened

        ::c::C?{=a#f ~b#g}
        """
    )
    assert [q.id for q in parsed.questions] == ["a", "b", "c"]
    assert [p.line for p in parsed.problems] == [5, 10]
    assert parsed.left_out == 2


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("// [id:a]\nNothing here", 2, "no answers"),
        ("// [id:a]\nQ?\n{=a#f ~b#g", 3, "not closed"),
        ("// [id:a]\nQ {x} and {=a#f ~b#g}", 2, "braces beside"),
        ("// [id:a]\nQ?{=a#f ~$\\frac{1}{2}$#g}", 2, "braces beside"),
        ("Q?{=a#f ~b#g}", 1, "no id"),
        ("// [id:two words]\nQ?{=a#f ~b#g}", 1, "is no id"),
        ("// [id:a]\n{=a#f ~b#g}", 2, "empty"),
        ("// [id:a]\nQ?{}", 2, "kind"),
        ("// [id:a]\nQ?{some text}", 2, "begins with = or ~"),
        ("// [id:a]\nQ?{~a#f ~b#g}", 2, "No answer is right"),
        ("// [id:a]\nQ?{=a#f =b#f ~c#g}", 2, "single choice"),
        ("// [id:a]\nQ?{=a#f ~%50%c#g}", 2, "single choice"),
        ("// [id:a]\nQ?{\n~%50%a#f\n~%30%b#g\n}", 3, "add to 80 per cent"),
        ("// [id:a]\nQ?{\n~%50%a#f\n~%150%b#g\n}", 4, "between -100 and 100"),
        ("// [id:a]\nQ?{=a#f ~#g}", 2, "empty"),
        ("// [id:a]\nQ?{=a#f ~A#g}", 2, "twice"),
        ("// [id:a]\nQ?{=a -> b#f}", 2, "two pairs"),
        ("// [id:a]\nQ?{=a -> b#f\n=c#f}", 3, "=left -> right"),
        ("// [id:a]\nQ?{=a -> b#f =a -> c#f}", 2, "twice"),
        ("// [id:a]\nQ?{=a -> b#f =d -> c#f = -> c}", 2, "distractor"),
        ("// [id:a]\nQ?{>\none\n}", 2, "two items"),
        ("// [id:a]\nQ?{>\none\none\n####f}", 2, "twice"),
        ("// [id:a]\nQ?{#\n=1,5:0#f\n####g}", 3, "not a number"),
        ("// [id:a]\nQ?{#=nan#f####g}", 2, "not a number"),
        ("// [id:a]\nQ?{#=1:-2#f####g}", 2, "not negative"),
        ("// [id:a]\nQ?{#=%0%1:0#f####g}", 2, "No answer is right"),
        ("// [id:a]\nQ?{# ####g}", 2, "No answer is right"),
        ("// [id:a]\nQ?{=%0%x#f####g}", 2, "No answer is right"),
        ("// [id:a]\nQ $x^$?{=a#f ~b#g}", 2, "left out"),
        ("// [id:lost]\n\n// [id:a]\nQ?{=a#f ~b#g}", 1, "No question follows"),
        ("// [id:lost]\n", 1, "No question follows"),
    ],
)
def test_what_cannot_be_used_is_left_out_and_told_with_its_line(text, line, word):
    parsed = gift.parse(text, "bank.gift")
    assert parsed.left_out == 1
    found = [p for p in parsed.problems if word in p.message]
    assert [p.line for p in found] == [line], parsed.problems


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("// [id:a]\nQ?{=a\n~b#g}", 2, "has no feedback"),
        ("// [id:a]\nQ?{=a#f\n~b}", 3, "“b” has no feedback"),
        ("// [id:a]\nQ?{=a -> b\n=c -> d#f}", 2, "pair has no feedback"),
        ("// [id:a]\nQ?{#=1:0####g}", 2, "has no feedback"),
        ("// [id:a]\nQ?{#=1:0#f}", 2, "not foreseen"),
        ("// [id:a]\nQ?{=one#f}", 2, "not foreseen"),
        ("// [id:a]\nQ?{>\none\ntwo\n}", 2, "not foreseen"),
        ("// [id:a]\nQ?{#\n=1:0.5#f\n=%0%1.8:0.4#g\n####h}", 4, "overlap"),
        ("// [id:a]\nQ?{#\n=6.96:0.01#f\n=%0%6.98:0.01#g\n####h}", 4, "overlap"),
        ("// [id:a] [tag:difficulty=9]\nQ?{=a#f ~b#g}", 1, "difficulty"),
        ("// [id:a]\nQ <script>alert(1)</script>?{=a#f ~b#g}", 2, "<script>"),
        ("// [id:a]\nQ?{=a#f ~b#see [this](javascript:alert(1))}", 2, "not allowed"),
        ("// [id:a]\nCosts 5 $?{=a#f ~b#g}", 2, "A $ stands alone"),
        ("// [id:a]\nQ ![x](y.svg)?{=a#f ~b#g}", 2, "figure"),
        ("// [id:a]\nQ?{=a#f ~b#read [it](01-x.md)}", 2, "cannot link"),
    ],
)
def test_what_is_only_unfinished_is_read_and_told_with_its_line(text, line, word):
    parsed = gift.parse(text, "bank.gift")
    assert (len(parsed.found), parsed.left_out) == (1, 0)
    assert (line, True) in [(p.line, word in p.message) for p in parsed.problems], parsed.problems


def test_equal_earnings_may_overlap():
    assert problems("// [id:a]\nQ?{#=1:0.5#f =1.2:0.5#f ####g}") == []


@pytest.mark.parametrize(
    "evil",
    ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=x>", "<b onclick=x>g</b>"],
)
def test_no_script_comes_out_of_a_question(evil):
    evil = evil.replace("=", r"\=")
    parsed = gift.parse(f"// [id:a]\nStem {evil}?{{=a {evil}#f {evil} ~b#g {evil} ####h {evil}}}")
    assert len(parsed.found) == 1
    assert len(parsed.problems) == 1  # the same on one line is said once
    text = str(parsed.questions[0].to_data())
    assert not any(word in text for word in ("script", "onerror", "onload", "onclick", "<img", "<svg"))


def test_a_question_is_the_same_after_json_and_has_the_same_hash():
    import json

    question = one("// [id:m]\nMatch{=a -> x#f =b -> y#f = -> z}")
    again = Question.from_data(json.loads(json.dumps(question.to_data())))
    assert again == question
    assert again.hash == question.hash


PIECES = st.sampled_from(
    [
        "{",
        "}",
        "=",
        "~",
        "#",
        "####",
        "->",
        "%50%",
        "%-5%",
        ">",
        "\n",
        "\n\n",
        "//",
        "[id:a]",
        "[tag:lesson=x]",
        "::",
        "\\",
    ]
    + [
        "$",
        "$$",
        "1",
        "..",
        ":",
        "a",
        " ",
        "T",
        "[markdown]",
        "| a |\n|--|",
        "<b>",
        "*",
        "`",
        "\ue000",
        "٣",
        "$CATEGORY",
    ]
)


MIXED = st.lists(PIECES, min_size=3, max_size=60).map("".join)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=200), MIXED, MIXED.map(lambda body: f"// [id:a]\nQ?{{{body}}}")))
def test_nothing_makes_the_parser_raise(text):
    parsed = gift.parse(text, "x.gift")
    lines = len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    assert all(1 <= problem.line <= lines for problem in parsed.problems)
    for question in parsed.questions:
        assert question.id
        assert question.stem


@settings(max_examples=100, deadline=None)
@given(MIXED)
def test_a_good_question_survives_whatever_stands_before_it(text):
    good = "// [id:good]\n::good::Q?{=a#f ~b#g}"
    assert "good" in [q.id for q in gift.parse(f"{text}\n\n{good}\n").questions]
