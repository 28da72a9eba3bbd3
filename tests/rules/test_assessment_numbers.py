"""Numbers as people write them are read as what they meant."""

from decimal import Decimal

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from lms.assessment.numbers import Reading, read_number, write_number

DIGITS = {
    "western": "0123456789",
    "arabic": "٠١٢٣٤٥٦٧٨٩",
    "persian": "۰۱۲۳۴۵۶۷۸۹",
    "devanagari": "०१२३४५६७८९",
    "bengali": "০১২৩৪৫৬৭৮৯",
    "thai": "๐๑๒๓๔๕๖๗๘๙",
}
LANGUAGES = ("en", "fr", "ar", "de", "hi", "fa")


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("12,5", "fr", 12.5),
        ("12,5", "en", 12.5),
        ("12.5", "fr", 12.5),
        ("١٢٫٥", "ar", 12.5),
        ("١٢،٥", "ar", 12.5),
        ("١٬٢٣٤٫٥", "ar", 1234.5),
        ("۱۲", "fa", 12),
        ("१२.५", "hi", 12.5),
        ("1 234,5", "fr", 1234.5),
        ("1\u00a0234,5", "fr", 1234.5),
        ("1\u202f234,5", "fr", 1234.5),
        ("1\u2009234.5", "en", 1234.5),
        ("1'234.5", "de-CH", 1234.5),
        ("1’234.5", "de-CH", 1234.5),
        ("1.234,5", "de", 1234.5),
        ("1.234,5", "en", 1234.5),
        ("1,234.5", "fr", 1234.5),
        ("1.234.567", "en", 1234567),
        ("12,34,567.5", "hi", 1234567.5),
        ("−3", "en", -3),
        ("\u200e-3", "fa", -3),
        ("+7", "en", 7),
        ("12.5 %", "en", 12.5),
        ("12,5\u00a0%", "fr", 12.5),
        ("٪١٢", "ar", 12),
        (" 198 ", "en", 198),
        ("0,500", "en", 0.5),
        ("1234,500", "en", 1234.5),
        (".5", "en", 0.5),
        ("12.", "en", 12),
        ("１２．５", "en", 12.5),
    ],
)
def test_a_number_is_read_in_every_form(text, language, value):
    assert read_number(text, language) == Reading(value)


@pytest.mark.parametrize(
    ("text", "language", "value", "other"),
    [
        ("12,500", "en", 12500, 12.5),
        ("12,500", "fr", 12.5, 12500),
        ("12.500", "de", 12500, 12.5),
        ("12.500", "en", 12.5, 12500),
        ("12.500", "fr", 12.5, 12500),
        ("١٢،٥٠٠", "ar", 12500, 12.5),
        ("-1,234", "en", -1234, -1.234),
    ],
)
def test_a_sign_that_could_be_either_is_read_as_usual_in_the_language_and_both_readings_are_told(
    text, language, value, other
):
    reading = read_number(text, language)
    assert reading == Reading(value, other)
    assert reading.ambiguous


@pytest.mark.parametrize(
    "text",
    ["", " ", "-", "%", "abc", "12a", "1,2,3", "1.2.3,4", "12 5", "1 2345", "1e5", "½", "12²", "Ⅻ", "nan",
     "inf",
     "1/2", "--3", "3-", "٫", "1٫2٫3", "1\x002", "😀", "9" * 100],
)  # fmt: skip
def test_what_is_no_number_is_none_and_never_an_error(text):
    assert read_number(text, "en") == Reading()


def test_a_language_that_nobody_knows_is_read_like_english():
    assert read_number("12,500", "xx") == Reading(12500, 12.5)
    assert read_number("12,500", "not a language") == Reading(12500, 12.5)


@given(st.text(max_size=70), st.sampled_from(LANGUAGES))
def test_no_text_whatever_is_an_error(text, language):
    read_number(text, language)


@given(
    st.decimals(-(10**12), 10**12, places=4, allow_nan=False),
    st.sampled_from(LANGUAGES),
    st.sampled_from(sorted(DIGITS)),
    st.booleans(),
)
def test_what_babel_writes_is_read_back(value, language, digits, native):
    """In each language's own separators, grouped, in any script's digits."""
    systems = {"ar": "arab", "fa": "arabext", "hi": "deva"} if native else {}
    system = systems.get(language, "default")
    written = format_decimal(value, locale=language, decimal_quantization=False, numbering_system=system)
    written = written.translate(str.maketrans(DIGITS["western"], DIGITS[digits]))
    assert read_number(written, language).value == float(value)


@given(st.decimals(-(10**12), 10**12, places=6, allow_nan=False).map(float), st.sampled_from(LANGUAGES))
def test_what_the_page_says_it_understood_reads_as_the_same_number(value, language):
    assert read_number(write_number(value, language), language).value == value


def test_understood_numbers_are_written_as_the_language_does():
    assert write_number(1234.5, "en") == "1,234.5"
    assert write_number(1234.5, "fr") == "1\u202f234,5"
    assert write_number(1234.5, "ar") == "١٬٢٣٤٫٥"
    assert write_number(float(Decimal("0.1")), "en") == "0.1"
