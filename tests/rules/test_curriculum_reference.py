"""The glossary and the library: what their files may hold, terms in lessons, and what is found."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from taught import WHO, lesson, write

from config import ROOT
from lms.curriculum import glossary, index, library

TERM = """\
[{id}]
term.en = "{en}"
term.fr = "{en} fr"
term.ar = "{en} ar"
definition.en = "What {en} means."
source = "UN, a document (2025)"
"""
BUTTON = re.compile(r'<button type="button" class="term" popovertarget="term-[\w-]+">(.*?)</button>')
ITEM = """\
[census]
title = "Principles of the census"
kind = "standard"
body = "United Nations"
year = 2025
languages = ["en", "fr"]
competencies = ["C1"]
about.en = "How to ask."
"""


def marked(tmp_path: Path, body: str, *terms: str) -> glossary.Marked:
    text = lesson().replace("Text.", body, 1) if "Text." in lesson() else lesson() + "\n" + body
    folder = write(tmp_path, {WHO: text})
    (folder / glossary.FILE).write_text("\n".join(terms), "utf-8")
    glossary.configure(folder)
    return glossary.current().mark(index.load(folder).lesson("who"))


def shown(found: glossary.Marked) -> str:
    return "".join(part for part in found.body if isinstance(part, str))


def test_only_the_first_occurrence_is_a_button_and_it_names_its_definition(tmp_path):
    found = marked(tmp_path, "A stock has a date. Another Stock has another.", TERM.format(id="stock", en="stock"))
    html = shown(found)
    assert html.count("popovertarget") == 1
    assert 'popovertarget="term-stock">stock</button></span> has a date' in html
    assert [entry.id for entry in found.terms] == ["stock"]


def test_the_longest_form_wins_and_a_part_of_a_word_is_none(tmp_path):
    body = "The migrant stock is not a stockpile, nor a stock."
    terms = TERM.format(id="stock", en="stock"), TERM.format(id="migrant-stock", en="migrant stock")
    html = shown(marked(tmp_path, body, *terms))
    assert ">migrant stock</button>" in html and "stockpile" in html and html.count("<button") == 2
    assert html.index("term-migrant-stock") < html.index('"term-stock"')


def test_a_phrase_in_which_the_word_means_something_else_is_passed_over(tmp_path):
    term = TERM.format(id="cohort", en="cohort") + 'unless.en = ["cohort of applicants"]\n'
    html = shown(marked(tmp_path, "A Cohort of\napplicants. A cohort of women.", term))
    assert html.count("<button") == 1 and ">cohort</button></span> of women" in html


@pytest.mark.parametrize(
    ("body", "shows"),
    [
        ("عدد المقيمين والأجانب.", ["المقيمين", "والأجانب"]),
        ("ويبلّغ المكتب رقما. ينظر ويبل إلى الأرقام.", ["ويبل"]),
        ("سمّى الأرقام وسمّاه، ومعه وسم.", ["وسم"]),
        ("وسمِّ الأشخاص أولا. وله وسم.", ["وسم"]),
    ],
    ids=["with what is written before it", "doubled", "doubled within", "vowelled"],
)
def test_an_arabic_word_is_marked_whole_or_not_at_all(shows, body):
    """What is written with it belongs to it; a vowel of its own makes a word another one."""
    glossary.configure(ROOT / "content")
    pattern, ids = glossary._pattern(glossary.current().terms, "ar")
    assert BUTTON.findall("".join(glossary._pieces(f"<p>{body}</p>", pattern, ids, {}))) == shows


@pytest.mark.parametrize(
    "body",
    [
        "## A stock of people\n\nNothing here.",
        "See [the stock](https://example.org/).",
        "| stock |\n|---|\n| stock |",
        "`stock` and $stock$.",
        "Text[^a].\n\n[^a]: The stock, a source.",
    ],
    ids=["heading", "link", "table", "code", "source"],
)
def test_headings_links_tables_code_and_sources_are_passed_over(tmp_path, body):
    assert "popovertarget" not in shown(marked(tmp_path, body, TERM.format(id="stock", en="stock")))


def test_no_line_ends_between_a_button_and_the_signs_beside_it(tmp_path):
    body = "Say “stock”, (**flow**) and *a move*."
    terms = [TERM.format(id=id, en=id) for id in ("stock", "flow", "move")]
    html = BUTTON.sub(r"[\1]", shown(marked(tmp_path, body, *terms)))
    assert 'Say <span class="whole">“[stock]</span>”, ' in html
    assert '<span class="whole">(<strong>[flow]</strong></span>) and ' in html
    assert '<em>a <span class="whole">[move]</span></em>.' in html


class _Nesting(HTMLParser):
    """That every button is closed and none stands in another."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = self.deepest = 0

    def handle_starttag(self, tag, attrs):
        if tag == "button":
            self.depth += 1
            self.deepest = max(self.deepest, self.depth)

    def handle_endtag(self, tag):
        if tag == "button":
            self.depth -= 1


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_marking_changes_no_word_of_any_lesson(language):
    """Over all lessons as they are: the buttons taken out again, the html is what it was."""
    glossary.configure(ROOT / "content")
    terms, content = glossary.current(), index.load(ROOT / "content")
    several = 0
    for module in content.modules:
        for known in module.written:
            one = content.lesson(known.id, language)
            found = terms.mark(one)
            without = re.sub(r'<span class="whole">(.*?)</span>', r"\1", BUTTON.sub(r"\1", shown(found)))
            assert without == "".join(part for part in one.body if isinstance(part, str))
            nesting = _Nesting()
            nesting.feed(shown(found))
            assert nesting.depth == 0 and nesting.deepest <= 1
            assert len({entry.id for entry in found.terms}) == len(found.terms)
            several += len(found.terms) >= 5
    assert several >= 20


def test_the_glossary_has_120_terms_in_three_languages():
    glossary.configure(ROOT / "content")
    for language in ("en", "fr", "ar"):
        entries = glossary.current().entries(language)
        assert len(entries) >= 120
        assert all(entry.language == language and entry.said_in == language for entry in entries)
        assert all(entry.source and entry.see and len(entry.elsewhere) == 2 for entry in entries)
        assert all(len(entry.definition.split()) <= 70 for entry in entries)


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        (TERM.format(id="stock", en="stock").replace('term.fr = "stock fr"\n', ""), 1, "term.fr is missing"),
        (TERM.format(id="stock", en="stock").replace("source", "sauce"), 1, "source is missing"),
        (TERM.format(id="stock", en="stock") + 'see = ["flow"]\n', 1, "see names flow"),
        (TERM.format(id="stock", en="stock") + 'also.en = "stocks"\n', 1, "also.en is a list"),
        (TERM.format(id="a", en="stock") + "\n" + TERM.format(id="b", en="stock"), 8, "stands at a already"),
        ("[stock\n", 1, "not TOML"),
        ('term = "x"\n', 1, "a term is a table"),
    ],
)
def test_what_is_wrong_with_a_term_is_told_with_its_line(tmp_path, text, line, word):
    (tmp_path / glossary.FILE).write_text(text, "utf-8")
    problems = glossary.problems(tmp_path)
    assert any(word in problem.message and problem.line == line for problem in problems), problems


def test_a_term_that_is_wrong_takes_no_other_with_it(tmp_path):
    bad = TERM.format(id="bad", en="bad").replace("source", "sauce")
    good = TERM.format(id="good", en="good") + 'see = ["bad"]\n'
    (tmp_path / glossary.FILE).write_text(bad + "\n" + good, "utf-8")
    glossary.configure(tmp_path)
    assert [entry.id for entry in glossary.current().entries("en")] == ["good"]
    assert glossary.current().entry("good", "en").see == ()


def test_terms_are_found_by_a_word_in_any_language():
    glossary.configure(ROOT / "content")
    entries = glossary.current().entries("en")
    for words in ("usual residence", "RÉSIDENCE habituelle", "residence HABITUELLE", "الإقامة المعتادة"):
        assert "usual-residence" in [entry.id for entry in glossary.found(entries, words)]
    for words, key in (
        ("main-d'oeuvre", "labour-force-survey"),
        ("l'attaquant", "attackers-interval"),
        ("foreigners", "foreign-citizen"),
        ("الاقامه المعتاده", "usual-residence"),
        ("السـجل", "population-register"),
        ("المُغادر", "emigrant"),
    ):
        assert key in [entry.id for entry in glossary.found(entries, words)], words
    assert glossary.found(entries, "zzzz") == []


# --- the library --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ('kind = "standard"', 'kind = "book"', "kind is one of"),
        ("year = 2025", 'year = "2025"', "year is a year"),
        ('title = "Principles of the census"', 'title = " "', "title is missing"),
        ('about.en = "How to ask."', 'about.fr = "Comment."', "about.en is missing"),
        ('about.en = "How to ask."', 'about.en = "x"\nlink = "https://example.org/a"', "which document names this"),
        (
            'about.en = "How to ask."',
            'about.en = "x"\nlink = "javascript:alert(1)"\nsource = "x"',
            "begins with https://",
        ),
        ('languages = ["en", "fr"]', 'languages = "en"', "list of codes"),
    ],
)
def test_what_is_wrong_with_an_entry_is_told(tmp_path, old, new, word):
    (tmp_path / library.FILE).write_text(ITEM.replace(old, new), "utf-8")
    assert any(word in problem.message for problem in library.problems(tmp_path))
    (tmp_path / library.FILE).write_text(ITEM, "utf-8")
    assert library.problems(tmp_path) == []


def test_every_competency_has_something_to_look_it_up_in_and_every_code_is_one():
    library.configure(ROOT / "content")
    codes = {competency.code for competency in index.load(ROOT / "content").competencies()}
    named = [code for item in library.current() for code in item.competencies]
    assert set(named) == codes
    assert min(named.count(code) for code in codes) >= 2


def test_the_library_is_narrowed_down_by_all_that_is_asked():
    library.configure(ROOT / "content")
    items = library.current()
    wanted = library.Wanted(kind="standard", language="fr", competency="C1")
    found = library.found(items, wanted)
    assert found and all(i.kind == "standard" and "fr" in i.languages and "C1" in i.competencies for i in found)
    assert [i.year for i in found] == sorted((i.year for i in found), reverse=True)
    assert library.found(items, library.Wanted(words="recommendations MOBILITY"))
    assert not library.found(items, library.Wanted(words="zzzz"))
