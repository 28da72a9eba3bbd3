"""An author's own bank: each question is taken whole or not at all, with a reason; a file is written whole or not."""

import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from taught import write

from lms.curriculum import check, gift, importing, index
from lms.curriculum.commands import content

WHERE = importing.Where("en", "concepts", "own", "who", "C1")
GIFT = """\
// [id:own-1] [tag:difficulty=3]
::One::Who counts?{=who stays#Yes. ~who passes#No: a visitor.}

::Two::Nothing is right{~a#no ~b#no}

::Three::How many?{#=5:0.1#Yes. =%0%7:0.1#You added. ####Subtract.}
"""


def question(kind: str, inner: str, name: str = "Q", text: str = "What is it?") -> str:
    return (
        f'<question type="{kind}"><name><text>{name}</text></name>'
        f'<questiontext format="html"><text>{text}</text></questiontext>{inner}</question>'
    )


def answer(text: str, fraction: str = "0", said: str = "Because.") -> str:
    return f'<answer fraction="{fraction}"><text>{text}</text><feedback><text>{said}</text></feedback></answer>'


def xml(*questions: str, before: str = "") -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>{before}<quiz>{"".join(questions)}</quiz>'.encode()


CHOICE = question("multichoice", "<single>true</single>" + answer("right", "100") + answer("wrong"))


def read(folder: Path, data: bytes | str) -> list[importing.Taken]:
    return importing.read(data if isinstance(data, bytes) else data.encode(), WHERE, folder)


def test_of_a_gift_file_what_is_whole_is_taken_and_the_rest_said_why(tmp_path):
    folder = write(tmp_path, {})
    found = read(folder, GIFT)
    assert [(one.id, bool(one.why)) for one in found] == [("own-1", False), ("own-two", True), ("own-three", False)]
    assert found[1].why and found[1].name == "Two"
    file = importing.write(found, WHERE, folder)
    assert check.problems(folder) == []
    bank = {q.id: q for q in index.load(folder).module("concepts").bank}
    assert bank["own-1"].difficulty == 3 and bank["own-three"].difficulty == 1
    assert bank["own-three"].lesson == "who" and bank["own-three"].competency == "C1"
    assert file.name == "own.gift"


@pytest.mark.parametrize(
    ("kind", "inner", "check"),
    [
        ("multichoice", "<single>true</single>" + answer("right", "100") + answer("wrong"), "single"),
        (
            "multichoice",
            "<single>false</single>" + answer("a", "50") + answer("b", "50") + answer("c", "-100"),
            "multiple",
        ),
        ("truefalse", answer("true", "0") + answer("false", "100"), "single"),
        ("shortanswer", answer("XXA", "100") + answer("*"), "short"),
        ("numerical", answer("5", "100") + answer("*"), "numerical"),
        (
            "matching",
            "<generalfeedback><text>Well.</text></generalfeedback>"
            "<subquestion><text>stock</text><answer><text>on a day</text></answer></subquestion>"
            "<subquestion><text>flow</text><answer><text>in a year</text></answer></subquestion>",
            "matching",
        ),
        (
            "ordering",
            "<generalfeedback><text>Well.</text></generalfeedback>" + answer("one", "1") + answer("two", "2"),
            "ordering",
        ),
    ],
)
def test_each_kind_of_moodle_becomes_one_of_ours(tmp_path, kind, inner, check):
    (one,) = read(write(tmp_path, {}), xml(question(kind, inner)))
    assert one.why == []
    (made,) = gift.parse(gift.composed(one.id, one.tags, one.body)).questions
    assert made.kind == check


@pytest.mark.parametrize(
    ("kind", "inner", "word"),
    [
        ("essay", "", "essay"),
        ("cloze", "", "inside its text"),
        ("calculated", "", "formula"),
        ("newthing", "", "newthing"),
        ("multichoice", "<single>true</single>" + answer("a", "100") + answer("b", "50"), "earns a part"),
        ("multichoice", "<single>true</single>" + answer("a", "100") + answer("b", "100"), "not exactly one"),
        ("multichoice", "<single>true</single>" + answer("a", "much") + answer("b", "0"), "no number"),
        ("multichoice", "<single>true</single>" + answer("", "100") + answer("b", "0"), "empty"),
        ("shortanswer", answer("XX*", "100"), "any text"),
        ("multichoice", answer("a", "nan") + answer("b", "100"), "no number"),
        ("multichoice", answer("a", "100"), "two answers"),
        ("multichoice", answer("a" * 20_001, "100") + answer("b"), "longer than"),
    ],
)
def test_what_cannot_be_taken_says_why_and_the_others_are_taken(tmp_path, kind, inner, word):
    found = read(write(tmp_path, {}), xml(question(kind, inner, "Bad"), CHOICE))
    assert word in " ".join(found[0].why) and found[1].why == []


def test_a_picture_is_refused_by_question(tmp_path):
    picture = question(
        "multichoice", answer("a", "100") + answer("b"), text='&lt;img src="https://x.example/p.png"&gt; What?'
    )
    (one,) = read(write(tmp_path, {}), xml(picture))
    assert "picture" in one.why[0]


@pytest.mark.parametrize(
    "before",
    [
        '<!DOCTYPE quiz [<!ENTITY a "b">]>',
        '<!DOCTYPE quiz SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE quiz [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE quiz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    ],
)
def test_entities_and_what_lies_outside_are_refused(tmp_path, before):
    with pytest.raises(importing.Refused, match="document type or entities"):
        read(write(tmp_path, {}), xml(CHOICE, before=before))


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"<quiz><question>", "well-formed"),
        (b"<html></html>", "no Moodle XML"),
        (b"", "No question"),
        ("été".encode("latin-1"), "not in UTF-8"),
        (b"::a::What\0?{=a ~b}", "no text"),
        (b'<?xml version="1.0" encoding="x-none"?><quiz/>', "encoding"),
        (b'<?xml version="1.0" encoding="utf-7"?><quiz/>', "encoding"),
        (b"x" * (importing.LARGEST + 1), "larger than 5 MB"),
    ],
)
def test_a_file_that_is_none_is_refused_whole(tmp_path, data, word):
    with pytest.raises(importing.Refused, match=word):
        read(write(tmp_path, {}), data)


def test_signs_of_gift_in_a_moodle_text_stay_signs(tmp_path):
    text = "Is {3} = 3 ~ x # y : z?"
    (one,) = read(write(tmp_path, {}), xml(question("multichoice", answer("a = {b}", "100") + answer("c"), text=text)))
    (made,) = gift.parse(gift.composed(one.id, one.tags, one.body)).questions
    assert "{3} = 3 ~ x # y : z?" in made.stem and "a = {b}" in made.options[0].html


def test_nothing_is_written_over_a_file_or_when_nothing_was_taken(tmp_path):
    folder = write(tmp_path, {})
    found = read(folder, GIFT)
    file = importing.write(found, WHERE, folder)
    before = file.read_bytes()
    with pytest.raises(importing.Refused, match="there already"):
        importing.write(found, WHERE, folder)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir() if path.name.startswith(".")] == []
    with pytest.raises(importing.Refused, match="No question could be taken"):
        importing.write([one for one in found if one.why], WHERE, folder)
    again = read(folder, GIFT)  # the same file once more: its ids are taken now
    assert all(one.why for one in again) and "is taken" in again[0].why[0]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--module", "nowhere"], "There is no module nowhere"),
        (["--module", "concepts", "--lesson", "nothing"], "There is no lesson nothing"),
        (["--module", "concepts", "--competency", "C99"], "There is no competency C99"),
        (["--module", "concepts", "--name", "../../x"], "A file’s name is"),
        (["--module", "concepts", "--language", "../en"], "There is no language ../en"),
        (["--module", "concepts", "--language", "de"], "There is no language de"),
    ],
)
def test_the_command_refuses_a_place_that_is_none(tmp_path, options, word):
    folder, file = write(tmp_path / "content", {}), tmp_path / "own.gift"
    file.write_text(GIFT, "utf-8")
    result = CliRunner().invoke(content, ["import", str(file), "--dir", str(folder), *options])
    assert result.exit_code == 1 and word.replace("’", "'") in result.output.replace("’", "'")


def test_the_command_says_question_by_question_and_looks_without_writing(tmp_path):
    folder, file = write(tmp_path / "content", {}), tmp_path / "own.gift"
    file.write_text(GIFT, "utf-8")
    call = ["import", str(file), "--dir", str(folder), "--module", "concepts", "--lesson", "who", "--competency", "C1"]
    result = CliRunner().invoke(content, [*call, "--look"])
    assert result.exit_code == 1 and "2 of 3 questions can be taken" in result.output
    assert "1. One: taken as own-1" in result.output and "2. Two: not taken" in result.output
    assert not (folder / "en/concepts/own.gift").exists()
    result = CliRunner().invoke(content, call)
    assert "taken into" in result.output and (folder / "en/concepts/own.gift").exists()
    assert check.problems(folder) == []


def test_a_question_without_feedback_is_taken_and_its_author_told_what_is_still_to_write(tmp_path):
    folder = write(tmp_path, {})
    (one,) = read(folder, "::Bare::Which?{=a ~b}")
    assert one.why == [] and any("feedback" in note for note in one.notes)
    importing.write([one], WHERE, folder)
    assert any("feedback" in problem.message for problem in check.problems(folder))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_xml_is_read_in_the_encoding_that_it_names(tmp_path, encoding):
    text = xml(CHOICE).decode().replace("UTF-8", "UTF-16" if "16" in encoding else "UTF-8")
    (one,) = read(write(tmp_path, {}), text.encode(encoding))
    assert one.why == []


def test_a_backslash_at_the_end_of_a_text_takes_nothing_with_it(tmp_path):
    (one,) = read(write(tmp_path, {}), xml(question("multichoice", answer("a\\", "100") + answer("b\\"))))
    (made,) = gift.parse(gift.composed(one.id, one.tags, one.body)).questions
    assert [option.html for option in made.options] == ["a\\", "b\\"] and all(o.feedback for o in made.options)


def test_of_two_who_write_at_once_one_is_refused_and_the_file_is_whole(tmp_path):
    folder = write(tmp_path, {})
    found, told = read(folder, GIFT), []

    def take() -> None:
        try:
            told.append(importing.write(found, WHERE, folder).name)
        except importing.Refused as refused:
            told.append(str(refused))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.count("own.gift") == 1 and sum("there already" in one for one in told) == 7, told
    assert len(gift.parse((folder / WHERE.path).read_text("utf-8")).questions) == 2
    assert [path.name for path in (folder / WHERE.path).parent.iterdir() if path.name.startswith(".")] == []
