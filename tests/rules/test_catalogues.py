"""The interface in French and Arabic: nothing missing, nothing fuzzy, nothing merely copied, every count said right."""

import re
import subprocess
import sys

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from config import ROOT
from lms.web import language

# Words that are the same in both languages, and names.
SAME = {
    "fr": {
        "Code",
        "Invitation",
        "Minutes",
        "Module",
        "Programme",
        "Question",
        "Questionnaire",
        "Questionnaires",
        "Questions",
        "Version",
        "invitation",
    },
    "ar": set(),
}


def catalogue(code: str) -> Catalog:
    with (ROOT / "lms" / "translations" / code / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=code)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory) -> Catalog:
    """Every string of the code and the templates, collected anew."""
    target = tmp_path_factory.mktemp("messages") / "messages.pot"
    subprocess.run(
        [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "-F", "pyproject.toml", "-k", "_l",
         "-k", "lazy_gettext", "-o", str(target), "lms", "demo"],
        cwd=ROOT, check=True,
    )  # fmt: skip
    with target.open("rb") as file:
        return read_po(file)


def strings(message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


def msgid(message) -> str:
    return message.id[0] if isinstance(message.id, tuple) else message.id


@pytest.mark.parametrize("code", ["fr", "ar"])
def test_every_string_is_translated(code, wanted):
    have = catalogue(code)
    missing = [
        msgid(message)
        for message in wanted
        if message.id and (have.get(message.id) is None or not all(strings(have.get(message.id))))
    ]
    assert not missing, f"run `make messages` and translate: {missing[:20]} ({len(missing)})"


@pytest.mark.parametrize("code", ["fr", "ar"])
def test_nothing_is_fuzzy_or_copied(code, wanted):
    wrong = []
    for message in catalogue(code):
        if not message.id:
            continue
        words = re.sub(r"%\(\w+\)s", "", msgid(message))
        if message.fuzzy or (
            strings(message)[0] == msgid(message)
            and re.search(r"[A-Za-z]{2}", words)
            and msgid(message) not in SAME[code]
        ):
            wrong.append(msgid(message))
    assert not wrong


@pytest.mark.parametrize("code", ["fr", "ar"])
def test_placeholders_are_those_of_the_original(code):
    def names(text: str) -> set[str]:
        return set(re.findall(r"%\((\w+)\)s", text))

    wrong = []
    for message in catalogue(code):
        if message.id:
            allowed = names(" ".join(message.id) if isinstance(message.id, tuple) else message.id)
            wrong += [text for text in strings(message) if not names(text) <= allowed]
            if not isinstance(message.id, tuple):
                wrong += [text for text in strings(message) if names(text) != allowed]
    assert not wrong


def test_arabic_has_its_six_forms_in_the_order_that_gettext_reads():
    # Babel's own header has `other` and `many` the other way round; ours is CLDR's order: zero … many, other.
    found = catalogue("ar")
    assert found.num_plurals == 6
    forms = [found.plural_expr and _form(found.plural_expr, n) for n in (0, 1, 2, 3, 11, 100)]
    assert forms == [0, 1, 2, 3, 4, 5]


def _form(expression: str, n: int) -> int:
    from gettext import c2py

    return c2py(expression)(n)


def test_every_language_offered_has_its_own_name():
    assert set(language.NAMES) == {"en", "fr", "ar"}
