"""The index: languages fall back lesson by lesson; a broken file goes on serving what it said before."""

import json
import threading
from pathlib import Path

import pytest
from taught import BANK, BANKED, GOOD, MODULE, PAGE, STOCKS, UNWRITTEN, WHO, lesson, write

from lms.curriculum import index
from lms.curriculum.content import AssessmentRule, Question
from lms.curriculum.index import Library

SVG = GOOD["en/concepts/stays.svg"]
FRENCH = {
    "fr/concepts/module.md": MODULE.replace("Concepts: who counts", "Concepts : qui compte"),
    "fr/concepts/01-qui.md": lesson().replace("Who is a migrant?", "Qui est migrant ?").replace("A lead.", "Un début."),
    "fr/concepts/02-stocks.md": UNWRITTEN.replace("Stocks and flows", "Stocks et flux"),
    "fr/concepts/stays.svg": SVG,
}


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "content", {})


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def library(folder, cache=None):
    return Library(folder, cache, every=0)


def change(folder: Path, path: str, text: str | bytes) -> None:
    (folder / path).write_bytes(text if isinstance(text, bytes) else text.encode())


def test_a_course_has_its_modules_and_they_their_lessons_in_order(folder):
    content = index.load(folder)
    course = content.course("foundations", "fr")
    assert (course.title, course.language) == ("Fondements", "fr")
    module = course.modules[0]
    assert [(one.id, one.number) for one in module.lessons] == [("who", 1), ("stocks", 2)]
    assert [one.id for one in module.written] == ["who"]
    assert not module.complete
    assert module.assessment == AssessmentRule(draw=2, pass_percent=70)
    assert [question.id for question in module.bank] == ["b1", "b2"]
    assert content.courses == (content.course("foundations"),)
    assert content.modules == (content.module("concepts"),)


def test_a_lesson_is_html_and_checks_in_reading_order(folder):
    found = index.load(folder).lesson("who")
    assert [question.id for question in found.checks] == [f"who-c{n}" for n in range(1, 6)]
    assert all(question.lesson == "who" and question.competency == "C1" for question in found.checks)
    assert isinstance(found.body[0], str)
    assert isinstance(found.body[1], Question)
    assert '<section aria-labelledby="sources" class="sources">' in found.body[-1]
    assert found.words > 10
    assert index.load(folder).lesson("stocks").body == ()


def test_what_does_not_exist_raises_or_is_none(folder):
    content = index.load(folder)
    for ask in (content.course, content.module, content.lesson, content.competency):
        with pytest.raises(KeyError):
            ask("no", "en")
    assert content.lesson_or_none("no", "en") is None


def test_a_language_nobody_wrote_in_is_answered_in_english(folder):
    content = index.load(folder)
    assert content.lesson("who", "pt").language == "en"
    assert content.lesson("who", "ar").language == "en"
    assert content.competency("C1", "ar").short == "قواعد"
    assert content.competency("C1", "pt").language == "en"


def test_each_lesson_falls_back_alone_and_a_title_without_text_to_the_english_text(folder):
    write(folder, {**FRENCH, STOCKS: UNWRITTEN + lesson("stocks", "C2").split("+++\n", 2)[2]})
    content = index.load(folder)
    module = content.module("concepts", "fr")
    assert module.title == "Concepts : qui compte"
    assert [(one.language, one.body_language) for one in module.lessons] == [("fr", "fr"), ("fr", "en")]
    assert "Un début" in module.lessons[0].body[0]
    # What is asked of a person does not depend on the language that they read in.
    for language in ("en", "fr", "ar"):
        assert [one.id for one in content.module("concepts", language).written] == ["who", "stocks"]
        assert content.module("concepts", language).assessment == module.assessment


def test_a_bank_is_translated_question_by_question(folder):
    french = BANK.split("\n\n")[1].replace("Which?", "Lequel ?")
    write(folder, {**FRENCH, "fr/concepts/bank.gift": french})
    bank = index.load(folder).module("concepts", "fr").bank
    assert [(question.id, question.language) for question in bank] == [("b1", "en"), ("b2", "fr")]


def test_links_between_lessons_lead_to_their_pages(folder):
    links = "See [it](02-stocks.md), [there](01-who.md#rules), [below](#rules) and [nowhere](03-no.md)."
    change(folder, WHO, lesson().replace("A lead.", links))
    html = index.load(folder).lesson("who").body[0]
    assert 'href="/learn/lessons/stocks"' in html
    assert 'href="/learn/lessons/who#s-rules"' in html
    assert 'href="#s-rules"' in html
    assert "<a>nowhere</a>" in html
    assert "lesson-file" not in html


def test_a_link_follows_a_lesson_whose_id_changes_though_its_own_file_does_not(folder, cache):
    change(folder, WHO, lesson().replace("A lead.", "[it](02-stocks.md)"))
    shelf = library(folder, cache)
    shelf.index()
    change(folder, STOCKS, UNWRITTEN.replace('"stocks"', '"flows"'))
    assert 'href="/learn/lessons/flows"' in shelf.index().lesson("who").body[0]


def test_a_change_is_seen_and_only_that_file_is_read_again(folder, cache, monkeypatch):
    shelf = library(folder, cache)
    shelf.index()
    read = []
    original = index.source.read
    monkeypatch.setattr(index.source, "read", lambda path, *rest: (read.append(path), original(path, *rest))[1])
    assert shelf.index().lesson("stocks").title == "Stocks and flows"
    change(folder, STOCKS, UNWRITTEN.replace("Stocks and flows", "Flows"))
    assert shelf.index().lesson("stocks").title == "Flows"
    assert read == [STOCKS]


def test_an_unchanged_folder_gives_the_very_same_index(folder):
    shelf = library(folder)
    assert shelf.index() is shelf.index()


def test_the_folder_is_looked_at_every_two_seconds_at_most(folder, monkeypatch):
    shelf = Library(folder, None)
    now = [100.0]
    monkeypatch.setattr(index.time, "monotonic", lambda: now[0])
    shelf.index()
    change(folder, STOCKS, UNWRITTEN.replace("Stocks and flows", "Flows"))
    now[0] += 1.9
    assert shelf.index().lesson("stocks").title == "Stocks and flows"
    now[0] += 0.2
    assert shelf.index().lesson("stocks").title == "Flows"


def test_a_changed_figure_is_drawn_again_and_a_missing_one_breaks_the_lesson(folder, cache):
    shelf = library(folder, cache)
    change(folder, "en/concepts/stays.svg", SVG.replace("M0 0", "M1 1"))
    assert "M1 1" in shelf.index().lesson("who").body[0]
    (folder / "en/concepts/stays.narrow.svg").write_text(SVG)
    assert "chart narrow" in shelf.index().lesson("who").body[0]
    (folder / "en/concepts/stays.svg").unlink()
    content = shelf.index()
    assert content.older == (WHO,)
    assert "M1 1" in content.lesson("who").body[0]


BREAKS = {
    "no front matter": (WHO, lambda text: text.replace("+++", "", 1)),
    "bad TOML": (WHO, lambda text: text.replace('id = "who"', "id = who")),
    "no title": (WHO, lambda text: text.replace('title = "Who is a migrant?"', "")),
    "half a file": (WHO, lambda text: text[:30]),
    "an empty file": (WHO, lambda text: ""),
    "no UTF-8": (WHO, lambda text: text.encode("utf-16")),
    "a check without a right answer": (WHO, lambda text: text.replace("=right", "~right", 1)),
    "a formula": (WHO, lambda text: text.replace("A lead.", "$x^$")),
    "a figure": (WHO, lambda text: text.replace("stays.svg", "gone.svg")),
    "a check that does not close": (WHO, lambda text: text[: text.rindex("```")]),
    "a text nested too deep": (WHO, lambda text: text + "\n" + "- " * 2000 + "x"),
    "a module's page": (PAGE, lambda text: "+++\n"),
    "a bank's question": (BANKED, lambda text: text.replace("=a#f", "~a#f", 1)),
    "a bank's id": (BANKED, lambda text: text.replace("b2", "b1")),
    "courses": ("courses.toml", lambda text: "[[course"),
    "a course without an id": ("courses.toml", lambda text: text.replace('id = "foundations"', "")),
    "competencies": ("competencies.toml", lambda text: text.replace("[C1]", "[C1")),
}


@pytest.mark.parametrize("broken", BREAKS)
def test_a_file_that_breaks_goes_on_serving_what_it_said_also_after_a_restart(folder, cache, broken):
    path, breaks = BREAKS[broken]
    shelf = library(folder, cache)
    before = shelf.index()
    change(folder, path, breaks(GOOD[path]))
    for after in (shelf.index(), library(folder, cache).index()):
        assert path in {problem.file for problem in after.problems}
        assert after.older == (path,)
        assert after._tongues == before._tongues
    change(folder, path, GOOD[path])
    for after in (shelf.index(), library(folder, cache).index()):
        assert (after.problems, after.older) == ((), ())


def test_a_file_that_was_never_good_is_served_as_far_as_it_goes(folder, cache):
    change(folder, WHO, lesson().replace("=right", "~right", 1))
    change(folder, STOCKS, "nothing")
    content = library(folder, cache).index()
    assert [question.id for question in content.lesson("who").checks] == [f"who-c{n}" for n in range(2, 6)]
    assert content.lesson_or_none("stocks") is None
    assert content.older == ()


def test_what_is_only_unfinished_is_served_at_once(folder, cache):
    shelf = library(folder, cache)
    shelf.index()
    change(
        folder,
        WHO,
        lesson().replace("A lead.", "A new <script>alert(1)</script> lead.").replace("!!! desk", "!!! note"),
    )
    content = shelf.index()
    assert "A new  lead" in content.lesson("who").body[0]
    assert "script" not in content.lesson("who").body[0]
    assert len(content.problems) == 2
    assert content.older == ()


def test_a_lesson_that_is_taken_away_is_gone(folder, cache):
    shelf = library(folder, cache)
    shelf.index()
    (folder / STOCKS).unlink()
    assert shelf.index().lesson_or_none("stocks") is None


def test_courses_that_are_taken_away_are_not(folder, cache):
    shelf = library(folder, cache)
    shelf.index()
    (folder / "courses.toml").unlink()
    for content in (shelf.index(), library(folder, cache).index()):
        assert content.course("foundations").modules
        assert content.older == ("courses.toml",)


def test_a_folder_that_goes_away_takes_nothing_with_it_and_comes_back(folder, cache):
    shelf = library(folder, cache)
    before = shelf.index()
    folder.rename(folder.with_name("away"))
    gone = shelf.index()
    assert gone._tongues == before._tongues
    assert "cannot be read" in gone.problems[0].message
    folder.with_name("away").rename(folder)
    assert shelf.index().problems == ()


def test_a_second_id_of_a_lesson_or_question_is_told_and_the_first_is_served(folder):
    write(
        folder,
        {
            "en/concepts/03-more.md": lesson().replace("Who is a migrant?", "Another"),
            "en/concepts/z.gift": BANK,
        },
    )
    content = index.load(folder)
    assert content.lesson("who").title == "Who is a migrant?"
    assert [question.id for question in content.module("concepts").bank] == ["b1", "b2"]
    files = {problem.file for problem in content.problems}
    assert files == {"en/concepts/03-more.md", "en/concepts/z.gift"}


def test_a_warm_start_renders_nothing_and_gives_the_same(folder, cache, monkeypatch):
    first = library(folder, cache).index()
    monkeypatch.setattr(index.source, "read", lambda *given: pytest.fail("rendered again"))
    assert library(folder, cache).index() == first


def test_another_renderer_renders_again_and_keeps_the_last_good_version(folder, cache, monkeypatch):
    library(folder, cache).index()
    change(folder, WHO, "")
    monkeypatch.setattr(index, "_renderer", lambda: "another")
    content = library(folder, cache).index()
    assert content.older == (WHO,)
    assert content.lesson("who").written


@pytest.mark.parametrize("spoil", ["", "{", "[]", "{}", '{"format":0}', "null"])
def test_a_spoilt_cache_is_made_anew(folder, cache, spoil):
    first = library(folder, cache).index()
    for file in cache.rglob("*.json"):
        file.write_text(spoil)
    assert library(folder, cache).index() == first
    assert json.loads((cache / f"{WHO}.json").read_text())["whole"]


def test_a_cache_that_cannot_be_written_is_done_without(folder, tmp_path):
    (tmp_path / "file").write_text("")
    assert library(folder, tmp_path / "file" / "cache").index().lesson("who").written


def test_nothing_half_written_is_left_in_the_cache(folder, cache):
    library(folder, cache).index()
    assert {file.suffix for file in cache.rglob("*") if file.is_file()} == {".json"}


def test_files_of_editors_and_other_folders_are_not_content(folder):
    write(
        folder,
        {
            "en/concepts/.01-who.md.swp": "x",
            "en/concepts/01-who.md~": "x",
            "notes/a/b.md": "x",
            "README.md": "x",
        },
    )
    assert index.load(folder).problems == ()


def test_threads_that_ask_while_the_folder_changes_have_one_version_or_the_other(folder, cache):
    shelf = library(folder, cache)
    shelf.index()
    titles = ["Stocks and flows", *(f"Title {n}" for n in range(8))]
    seen: set[str] = set()
    failed: list[BaseException] = []
    stop = threading.Event()

    def ask():
        while not stop.is_set():
            try:
                content = shelf.index()
                seen.add(content.lesson("stocks").title)
                assert content.module("concepts").lessons[1] is content.lesson("stocks")
            except BaseException as error:
                failed.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    [thread.start() for thread in threads]
    for title in titles[1:]:
        file = folder / STOCKS
        new = file.with_name("new.tmp")
        new.write_text(UNWRITTEN.replace("Stocks and flows", title))
        new.replace(file)
        shelf.index()
    stop.set()
    [thread.join() for thread in threads]
    assert failed == []
    assert seen <= set(titles)
    assert shelf.index().lesson("stocks").title == titles[-1]


def test_a_failure_of_our_own_keeps_the_index_that_stands(folder, monkeypatch, caplog):
    shelf = library(folder)
    before = shelf.index()
    change(folder, STOCKS, UNWRITTEN.replace("Stocks and flows", "Flows"))
    monkeypatch.setattr(index, "build", lambda *given: 1 / 0)
    assert shelf.index() is before
    assert "could not be read again" in caplog.text


def test_the_process_has_one_library_once_it_is_configured(folder, cache, monkeypatch):
    monkeypatch.setattr(index, "_library", None)
    with pytest.raises(RuntimeError):
        index.current()
    index.configure(folder, cache)
    assert index.current() is index.current()
