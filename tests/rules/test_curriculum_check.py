"""Every fault of content is told, all in one run, each with the file and line where it is to be mended."""

import re
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner
from taught import BANK, BANKED, GOOD, MODULE, PAGE, STOCKS, UNWRITTEN, WHO, check_block, lesson, write

from config import ROOT
from lms.curriculum import advice, check, index
from lms.curriculum.commands import content


def told(folder: Path) -> list[tuple[str, int, str]]:
    return [(problem.file, problem.line, problem.message) for problem in check.problems(folder)]


def line_of(text: str, part: str) -> int:
    return next(n for n, line in enumerate(text.split("\n"), 1) if part in line)


def test_good_content_has_no_problem(tmp_path):
    assert told(write(tmp_path, {})) == []


def change(path: str, old: str, new: str) -> tuple[str, str]:
    assert GOOD[path].count(old) >= 1
    return path, GOOD[path].replace(old, new, 1)


@pytest.mark.parametrize(
    ("path", "old", "new", "line", "word"),
    [
        (WHO, "+++\n\n", "+++\n\n<<<<<<< HEAD\n", "<<<<<<< HEAD", "A merge left its mark"),
        # front matter
        (WHO, "+++\nid", "id", 1, "does not begin with its front matter"),
        (WHO, 'title = "Who', "title = Who", 3, "not TOML"),
        (WHO, 'title = "Who is a migrant?"', 'title = ""', 3, "title is empty"),
        (WHO, 'title = "Who is a migrant?"\n', "", 1, "title is missing"),
        (WHO, 'title = "Who is a migrant?"', "title = 7", 3, "title is not a text"),
        (WHO, 'id = "who"', 'id = "Who Is"', 2, "small letters"),
        (WHO, "minutes = 20", "minutes = 0", 5, "whole number"),
        (WHO, "minutes = 20", 'minutes = "20"', 5, "whole number"),
        (WHO, "minutes = 20", "minute = 20", 5, "minute is not known"),
        (WHO, '["define"]', '[""]', 7, "objectives"),
        (WHO, '["define"]', '"define"', 7, "list of texts"),
        (WHO, '["C1"]', "[]", 6, "competencies is empty"),
        (PAGE, 'title = "Concepts: who counts"', 'title = " "', 2, "title is empty"),
        (PAGE, "draw = 2", "draw = 0", 7, "draw is a whole number"),
        (PAGE, "draw = 2", "drawn = 2", 7, "drawn is not known"),
        (PAGE, "pass = 70\n+++\n", "pass = 70\n+++\n\nText.\n", 10, "no text"),
        # names
        (WHO, '["C1"]', '["C9"]', 6, "no competency C9"),
        (STOCKS, 'id = "stocks"', 'id = "who"', 2, "taken by en/concepts/01-who.md"),
        (BANKED, "[tag:lesson=who]", "[tag:lesson=whom]", 1, "no lesson whom"),
        (BANKED, "[tag:lesson=who]", "[tag:lesson=stocks]", 1, "no text yet"),
        (BANKED, "[tag:competency=C1]", "[tag:competency=C7]", 1, "no competency C7"),
        (BANKED, " [tag:competency=C1]", "", 1, "names no competency"),
        (BANKED, " [tag:lesson=who]", "", 1, "names no lesson"),
        (BANKED, "[id:b2]", "[id:b1]", 4, "in this file already, on line 1"),
        (BANKED, "[id:b2]", "[id:who-c1]", 4, "taken in en/concepts/01-who.md"),
        (WHO, "[id:who-c2]", "[id:who-c1] ", "[id:who-c1] ", "in this file already, on line 28"),
        (WHO, "// [id:who-c1]", "// [id:who-c1] [tag:lesson=stocks]", "=stocks", "names the lesson stocks"),
        (WHO, "// [id:who-c1]", "// [id:who-c1] [tag:competency=C8]", "=C8", "no competency C8"),
        ("courses.toml", '["concepts"]', '["concepts", "magic"]', 6, "no module magic"),
        ("courses.toml", 'id = "foundations"\n', "", 1, "id is missing"),
        ("courses.toml", 'title.en = "Foundations"\n', "", 3, "title.en is missing"),
        ("courses.toml", 'title.fr = "Fondements"', 'title.fr = ""', 4, "title.fr is empty"),
        ("courses.toml", "[[course]]", "[course]", 1, "no course"),
        ("courses.toml", "modules = [", "modules = [[", 6, "not TOML"),
        ("competencies.toml", "level = 2", "level = 9", "level = 9", "level"),
        ("competencies.toml", '"5.7"', '"9.9"', "9.9", "gsbpm"),
        ("competencies.toml", 'module = "all"', 'module = "magic"', "magic", "does not exist: magic"),
        ("competencies.toml", 'title.ar = "إقفال"\n', "", "close a balance", "title.ar is missing"),
        ("competencies.toml", 'short.en = "Balance"\n', "", "Bilan", "short.en is missing"),
        # the text
        (WHO, "A lead.[^a]", "A lead.[^b]", 10, "[^b] is cited"),
        (WHO, "A lead.[^a]", "A lead.", "[^a]:", "never cited"),
        (WHO, "A lead.", "A [lead](03-no.md).", 10, "leads nowhere"),
        (WHO, "A lead.", "A [lead](02-stocks.md#no).", 10, "no such heading"),
        (WHO, "A lead.", "A [lead](#no).", 10, "no such heading"),
        (WHO, "A lead.", "A [lead](stays.svg).", 10, "leads nowhere"),
        (WHO, "A lead.", "A [lead](../../../../etc/passwd).", 10, "leads nowhere"),
        (WHO, "](stays.svg", "](gone.svg", 14, "no file gone.svg"),
        (WHO, "](stays.svg", "](stays.png", 14, "SVG"),
        (WHO, "![Three stays]", "![]", 14, "no alt text"),
        (WHO, "??? figure", "???+ tip", 14, "no table as its twin"),
        (WHO, "!!! mistake", "!!! note", 10, "no common mistake"),
        (WHO, "!!! desk", "!!! note", 10, "try at one's desk"),
        (WHO, "A lead.", "A $x^$ lead.", 10, "cannot be drawn"),
        (WHO, "A lead.", "A $\\frac{a$ lead.", 10, "braces do not close"),
        (WHO, "A lead.", "A <script>alert(1)</script> lead.", 10, "<script> is not allowed"),
        (WHO, "=right#yes", "~right#yes", "~right#yes", "No answer is right"),
        (WHO, "=right#yes", "=right", "=right", "has no feedback"),
        (WHO, "=right#yes\n~wrong#no", "~%50%right#yes\n~%-50%wrong#no", "%50%right", "add to 50 per cent"),
        (WHO, "=right#yes\n~wrong#no", "essay", "essay", "begins with = or ~"),
        (WHO, "=right#yes\n~wrong#no\n", "", 30, "kind of this question"),
        (WHO, "=right#yes\n~wrong#no", "#=1:1#a =%0%2:1#b ####c", "#=1:1#a", "overlap"),
        (WHO, check_block("who-c1"), "", 10, "has 4 checks; it needs 5"),
        (
            WHO,
            "```check\n// [id:who-c1]",
            "```check\n::extra::Q?{=a#f ~b#g}\n\n// [id:who-c1]",
            "extra",
            "holds one question",
        ),
        # the bank
        (BANKED, BANK[: BANK.index("\n\n")], "", 7, ""),
        (PAGE, "draw = 2", "draw = 3", 7, "draws 3 questions, and the bank has 2"),
    ],
)
def test_each_fault_is_told_with_its_file_and_line(tmp_path, path, old, new, line, word):
    path, text = change(path, old, new)
    line = line_of(text, line) if isinstance(line, str) else line
    found = told(write(tmp_path, {path: text}))
    if word:
        assert (path, line, True) in [(file, at, word in say) for file, at, say in found], found
    else:
        assert (PAGE, line, "The assessment draws 2 questions, and the bank has 1.") in found


def test_a_module_s_bank_asks_for_every_competency_of_its_written_lessons(tmp_path):
    text = UNWRITTEN + lesson("stocks", "C2").split("+++\n", 2)[2]
    assert told(write(tmp_path, {STOCKS: text})) == [
        ("competencies.toml", 1, "C1 is asked for by 2 questions of concepts; it needs 4."),
        (PAGE, 6, "The module is assessed, and no question asks for C2."),
    ]


def test_a_question_asks_for_what_its_lesson_teaches_and_a_figure_has_its_table(tmp_path):
    bank = GOOD[BANKED].replace("[tag:competency=C1]", "[tag:competency=C2]", 1)
    assert any("which the lesson who does not teach" in say for _f, _n, say in told(write(tmp_path, {BANKED: bank})))
    without = re.sub(r"\?\?\? figure.*?\n\n(?=\S)", "", GOOD[WHO] + "\n\nEnd.\n", flags=re.DOTALL)
    found = told(write(tmp_path, {WHO: without, BANKED: GOOD[BANKED]}))
    assert any("1 figures and 0 tables of figures" in say for _f, _n, say in found), found


def test_advice_says_what_could_be_better_and_stops_nothing(tmp_path):
    long = " ".join(["word"] * 41) + "."
    hard = " ".join(["Internationalisation necessitates interoperability considerations."] * 30)
    folder = write(tmp_path, {WHO: lesson().replace("A lead.", f"{long}\n\n{hard}")})
    notes = [note.message for note in check.advice(folder)]
    assert any("A sentence of 41 words" in note for note in notes) and any("Reading ease" in note for note in notes)
    assert any("minutes" in note for note in notes)
    done = CliRunner().invoke(content, ["check", "--dir", str(folder), "--advice"])
    assert "note: en/concepts/01-who.md" in done.output


def test_a_translation_is_out_of_date_when_its_source_changed(tmp_path):
    def state(folder) -> set[str]:
        return {
            one.state for one in advice.translations(index.Library(folder, None).documents()) if one.lesson == "who"
        }

    folder = write(tmp_path, {})
    digest = index.Library(folder, None).documents()[WHO].digest
    write(folder, {"fr/concepts/01-who.md": lesson().replace("minutes", f'source = "{digest}"\nminutes', 1)})
    assert state(folder) == {"translated"}
    write(folder, {WHO: lesson().replace("A lead.", "Another lead.")})
    assert state(folder) == {"out of date"}
    write(folder, {"fr/concepts/01-who.md": lesson().split("+++\n\n")[0] + "+++\n"})
    assert state(folder) == {"titles only"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"courses.toml": None}, ("courses.toml", 1, "No such file")),
        ({"competencies.toml": None}, ("competencies.toml", 1, "No such file")),
        ({PAGE: None}, ("en/concepts/01-who.md", 1, "no module.md")),
        ({"en/concepts/notes.md": "x"}, ("en/concepts/notes.md", 1, "not read")),
        ({WHO: b'+++\nid = "who"\ntitle = "\xff"\n'}, (WHO, 3, "not in UTF-8")),
        ({WHO: ""}, (WHO, 1, "front matter")),
        ({WHO: GOOD[WHO] + "\n" + "- " * 2000 + "x\n"}, (WHO, 1, "cannot be read")),
    ],
)
def test_files_that_are_missing_or_odd_are_told(tmp_path, files, expected):
    file, line, word = expected
    found = told(write(tmp_path, files))
    assert (file, line, True) in [(f, n, word in say) for f, n, say in found], found


def test_a_translation_is_held_against_the_english_lesson(tmp_path):
    french = {
        "fr/concepts/module.md": MODULE,
        "fr/concepts/01-qui.md": lesson(),
        "fr/concepts/stays.svg": GOOD["en/concepts/stays.svg"],
    }
    assert told(write(tmp_path / "same", french)) == []
    other = {**french, "fr/concepts/01-qui.md": lesson().replace("[id:who-c5]", "[id:who-c9]")}
    assert told(write(tmp_path / "other", other))[0][1:2] == (2,)
    lone = {**french, "fr/concepts/01-qui.md": lesson("autre")}
    assert "no English lesson autre" in told(write(tmp_path / "lone", lone))[0][2]


def test_a_link_to_a_lesson_that_is_not_translated_leads_to_the_english_one(tmp_path):
    french = {
        "fr/concepts/module.md": MODULE,
        "fr/concepts/01-who.md": lesson().replace("A lead.", "[Ici](02-stocks.md)."),
        "fr/concepts/stays.svg": GOOD["en/concepts/stays.svg"],
    }
    assert told(write(tmp_path, french)) == []


def test_everything_is_told_in_one_run_in_the_order_of_files_and_lines(tmp_path):
    write(
        tmp_path,
        {
            WHO: lesson().replace('title = "Who is a migrant?"', 'title = ""').replace("!!! desk", "!!! note"),
            BANKED: BANK.replace("=a#f", "~a#f"),
            "courses.toml": GOOD["courses.toml"].replace('["concepts"]', '["magic"]'),
        },
    )
    found = told(tmp_path)
    assert found == sorted(found)
    assert {file for file, _, _ in found} >= {WHO, BANKED, "courses.toml"}


def test_the_command_prints_one_line_each_a_count_and_exits_with_1(tmp_path):
    write(tmp_path, {WHO: lesson().replace("!!! desk", "!!! note").replace("!!! mistake", "!!! note")})
    result = CliRunner().invoke(content, ["check", "--dir", str(tmp_path)])
    lines = result.output.strip().split("\n")
    assert result.exit_code == 1
    assert all(line.startswith("en/concepts/01-who.md:10: ") for line in lines[:2])
    assert lines[2] == "2 problems in 1 file."


def test_the_command_says_that_all_is_good_and_exits_with_0(tmp_path):
    result = CliRunner().invoke(content, ["check", "--dir", str(write(tmp_path, {}))])
    assert (result.exit_code, result.output) == (0, f"All content in {tmp_path} is good.\n")


def test_a_folder_that_is_not_there_is_told(tmp_path):
    result = CliRunner().invoke(content, ["check", "--dir", str(tmp_path / "no")])
    assert result.exit_code == 1
    assert "cannot be read" in result.output


def test_the_content_that_we_ship_has_no_problem():
    assert [str(problem) for problem in check.problems(ROOT / "content")] == []


def test_dedent_is_not_needed_by_authors(tmp_path):
    text = dedent(GOOD[WHO]).replace("\n", "\r\n")
    assert told(write(tmp_path, {WHO: "\ufeff" + text})) == []
