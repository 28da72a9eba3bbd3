"""Names and addresses as the machine compares them, in every script; texts as a spreadsheet may have them."""

from __future__ import annotations

import re
import unicodedata


def clean(text: str) -> str:
    """What a person typed, in one Unicode form (NFC), without control characters, edges trimmed, spaces single.

    Direction marks (U+200E, U+200F, U+202A…U+202E, U+2066…U+2069) go too: they could make a name
    read as something else on a certificate. Joiners (U+200C, U+200D) stay: some scripts need them.
    """
    kept = []
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        if char in "\u200c\u200d" or category not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"):
            kept.append(char)
        elif char in "\t\n\r\x0b\x0c\u2028\u2029":
            kept.append(" ")
    return " ".join("".join(kept).split())


def one_line(text: str) -> str:
    """A text whose lines and runs of spaces are one space each; no-break spaces, which say something, stay."""
    return " ".join(re.split(r"[ \t\n\r\f\v]+", text)).strip(" ")


def search_key(text: str) -> str:
    """For finding: casefolded, compatibility forms and accents removed (`Élise` is found by `elise`)."""
    folded = unicodedata.normalize("NFKD", clean(text).casefold())
    return "".join(char for char in folded if not unicodedata.combining(char))


# What is written one for the other: the apostrophe of a keyboard, œ, æ; in Arabic the last letters ة and ى, the stroke.
_ALIKE = str.maketrans({"’": "'", "œ": "oe", "æ": "ae", "ة": "ه", "ى": "ي", "ـ": ""})


def words_key(text: str) -> str:
    """For finding words in a text: as `search_key`, and letters that are written one for the other are one."""
    return search_key(text).translate(_ALIKE)


def sort_key(text: str) -> str:
    """For ordering: as `search_key`, then the text itself, so that equal keys keep one order."""
    return f"{search_key(text)}\x1f{clean(text)}"


def address_key(address: str) -> str:
    """One mail address, one sign-in: casefolded, NFKC, trimmed."""
    return unicodedata.normalize("NFKC", address).strip().casefold()


def cell(value: str) -> str:
    """A text for a CSV that a spreadsheet opens: what would begin a formula gets an apostrophe before it."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠") else value
