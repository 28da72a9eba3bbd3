"""Numbers as people write them: every locale's form, every script's digits. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.numbers import format_decimal, get_decimal_symbol, get_group_symbol

LONGEST = 60  # letters; no figure of a question comes near

# Signs that only ever mean one thing, brought to one form. Digits are found by Unicode's own table.
_SAME = str.maketrans(
    {
        **dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\ufe63\uff0d", "-"),
        "\uff0b": "+",
        **dict.fromkeys("\u2018\u2019\u02bc\uff07`´", "'"),
        **dict.fromkeys("\u060c\uff0c", ","),  # the Arabic and the wide comma
        "\uff0e": ".",
        **dict.fromkeys("\u066a\ufe6a\uff05", "%"),
    }
)
_ARABIC_DECIMAL = "\u066b"  # never ambiguous, and so is the Arabic grouping sign, \u066c
_ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
# Thousands, or thousands and then hundreds as India groups; one sign between all groups.
_GROUPED = re.compile(r"\d{1,3}(?:([ ',.\u066c])\d{3})(?:\1\d{3})*|\d{1,2}(?:([ ',.\u066c])\d{2})(?:\2\d{2})*\2\d{3}")


@dataclass(frozen=True)
class Reading:
    """What a text says as a number: `value`, or None where it says none.

    `other` is the second reading of a text such as 12,500 that could be either; `value` is the one that is
    usual in the language.
    """

    value: float | None = None
    other: float | None = None

    @property
    def ambiguous(self) -> bool:
        return self.other is not None


def read_number(text: str, language: str) -> Reading:
    """Read a number: 12,5 · 12.5 · ١٢٫٥ · 1 234,5 · 1'234.5 · −3 · 12.5 %.

    A comma or a point before exactly three digits (12,500) may be either sign. The usual one of `language`
    decides; a point where the language uses neither (French) is taken as a decimal one, as calculators write
    it.
    """
    if len(text) > LONGEST:
        return Reading()
    body = "".join(map(_plain, text)).translate(_SAME).strip(" %")
    sign, body = (body[0], body[1:].lstrip(" ")) if body[:1] in ("-", "+") else ("", body)
    whole, decimals, unsure = _split(body)
    if (value := _value(sign, whole, decimals)) is None:
        return Reading()
    if not unsure:
        return Reading(value)
    grouped = _value(sign, whole + decimals, "")
    decimal_sign, group_sign = _usual(language)
    if unsure == group_sign != decimal_sign:
        return Reading(grouped, value)
    return Reading(value, grouped)


def write_number(value: float, language: str) -> str:
    """A number as this language writes it, with all its decimals: 12.5, 12,5, ١٢٫٥."""
    arabic = language.startswith("ar")  # Babel writes Arabic's separators, and western digits between them
    written = format_decimal(
        Decimal(repr(value)).normalize(),
        locale=_locale(language),
        decimal_quantization=False,
        numbering_system="arab" if arabic else "default",
    )
    return str(written).translate(_ARABIC_DIGITS) if arabic else str(written)


def _plain(char: str) -> str:
    """A digit of any script as 0 to 9, any space as a space, marks that are not seen as nothing."""
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    if char.isspace():
        return " "
    return "" if unicodedata.category(char) == "Cf" else char


def _split(body: str) -> tuple[str, str, str]:
    """(digits before, digits after, the separator if it could also group). Not a number: ("", "", "")."""
    nothing = ("", "", "")
    if _ARABIC_DECIMAL in body:
        whole, _sign, decimals = body.partition(_ARABIC_DECIMAL)
        return _ungrouped(whole), decimals, ""
    signs = [char for char in body if char in ",."]
    kinds = set(signs)
    if len(kinds) == 2:
        last = signs[-1]
        if signs.count(last) > 1:
            return nothing
        whole, _sign, decimals = body.partition(last)
        return _ungrouped(whole), decimals, ""
    if len(signs) == 1:
        whole, _sign, decimals = body.partition(signs[0])
        unsure = re.fullmatch(r"[1-9]\d{0,2}", whole) and re.fullmatch(r"\d{3}", decimals)
        return _ungrouped(whole), decimals, signs[0] if unsure else ""
    return _ungrouped(body), "", ""


def _ungrouped(whole: str) -> str:
    """The digits of a whole number, its groups joined; what `_value` refuses if they are no groups."""
    if _GROUPED.fullmatch(whole):
        return re.sub(r"\D", "", whole)
    return whole


def _value(sign: str, whole: str, decimals: str) -> float | None:
    if re.fullmatch(r"\d+\.\d*|\.\d+", f"{whole}.{decimals}", re.ASCII):
        return float(f"{sign}{whole or 0}.{decimals or 0}") + 0.0  # -0 is 0
    return None


def decimal_sign(language: str) -> str:
    """The decimal sign that goes with western digits in a language."""
    return _usual(language)[0]


def _usual(language: str) -> tuple[str, str]:
    """The decimal sign and the grouping sign of a language, with western digits."""
    locale = _locale(language)
    return get_decimal_symbol(locale, numbering_system="latn"), get_group_symbol(locale, numbering_system="latn")


def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return Locale("en")
