"""Codes, terms and states of certificates, and how their parts are named: pure functions, plain values."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import cos, log2, pi, sin
from random import Random
from typing import Any

from lms import clock

# Crockford's base 32: digits and capitals without I, L, O and U, which are misread or misheard.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 12
PREFIX = "DRM"
VALID_MONTHS = 36
CERTIFIED_SHARE = 60  # per cent of the points of the questions on a competency
_MISREAD = str.maketrans("OIL", "011")


def _powers() -> list[int]:
    """The 31 powers of a generator of GF(32), made with the polynomial x⁵ + x² + 1."""
    powers, value = [], 1
    for _step in range(31):
        powers.append(value)
        value <<= 1
        if value & 0b100000:
            value ^= 0b100101
    return powers


_POWERS = _powers()
_LOG = {value: exponent for exponent, value in enumerate(_POWERS)}


def _times(a: int, b: int) -> int:
    """Multiplication in GF(32)."""
    return _POWERS[(_LOG[a] + _LOG[b]) % 31] if a and b else 0


def _sum(characters: str) -> int:
    total = 0
    for weight, character in zip(_POWERS, characters, strict=False):
        total ^= _times(weight, ALPHABET.index(character))
    return total


def check_character(eleven: str) -> str:
    """The twelfth character, from the eleven before it.

    A linear code over the field of 32 elements: each character is an element, the position *i* has the
    weight *αⁱ*, and the twelve products add up to zero. One wrong character at position *i* changes the sum
    by *αⁱ·e* with *e* ≠ 0, which is never zero. Two characters *a* ≠ *b* exchanged between positions *i* and
    *j* change it by *(αⁱ + αʲ)·(a + b)*, which is not zero either, since the twelve weights all differ. So
    every single error and every exchange of two characters, next to each other or not, is caught; of
    everything else 31 in 32.
    """
    # The sum of the eleven is what the twelfth must cancel: divide it by the twelfth weight.
    return ALPHABET[_times(_sum(eleven), _POWERS[31 - (LENGTH - 1)])]


def new_code() -> str:
    """A code that nobody can guess: 55 random bits and the check character."""
    eleven = "".join(secrets.choice(ALPHABET) for _position in range(LENGTH - 1))
    return _printed(eleven + check_character(eleven))


def _printed(twelve: str) -> str:
    return "-".join((PREFIX, twelve[:4], twelve[4:8], twelve[8:]))


def normalise(typed: str) -> str | None:
    """The code as it is printed, or None where what was typed cannot be a code of ours: a slip of the pen.

    Takes lower case, any digits of Unicode, any spaces and dashes or none, O for 0, I and L for 1, a code
    without its `DRM`, and the whole address of a verification page.
    """
    address = unicodedata.normalize("NFKC", typed[:500]).partition("?")[0]
    text = address.strip().rstrip("/").rpartition("/")[2]
    digits = ((str(unicodedata.decimal(c)) if c.isdecimal() else c) for c in text)
    characters = re.sub(r"[\W_]+", "", "".join(digits)).upper()
    if len(characters) == len(PREFIX) + LENGTH:
        characters = characters.removeprefix(PREFIX)
    characters = characters.translate(_MISREAD)
    if len(characters) != LENGTH or not set(characters) <= set(ALPHABET) or _sum(characters):
        return None
    return _printed(characters)


def valid_until(completed_on: date) -> date:
    """The last day of validity: three years later, less a day."""
    return clock.add_months(completed_on, VALID_MONTHS) - timedelta(days=1)


def status(state: str, valid_until: date, today: date) -> str:
    """What the public is told: `valid`, `expired` or `prepared`. Why it is blocked is the holder's."""
    if state != "issued":
        return "prepared"
    return "valid" if today <= valid_until else "expired"


# What a snapshot says of its holder, and what it says instead once they were erased.
_OF_THE_HOLDER: dict[str, Any] = {
    "name": "",
    "name_latin": "",
    "organisations": [],
    "percent": None,
    "time_zone": "UTC",
}


def without_holder(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """A snapshot that names nobody: what was certified, from when to when, in which language. Unknown fields go."""
    stays = ("language", "course", "what", "whole", "lessons", "minutes", "completed_on", "valid_until", "programme",
             "code")  # fmt: skip
    return {key: snapshot[key] for key in stays if key in snapshot} | _OF_THE_HOLDER


def percent(score: float) -> int:
    """A score of 0 to 1 in whole per cent, rounded down: 69.9 is never printed as 70."""
    return int(score * 100 + 1e-9)


def runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Rising numbers as runs: 1, 2, 3, 5 are (1, 3), (5, 5)."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def missing_letters(texts: Iterable[str], known: Collection[int]) -> str:
    """The characters that no font has (`known`: code points), each once, in order of appearance.

    Spaces need no shape, and joiners only say how their neighbours are drawn.
    """
    letters = dict.fromkeys(c for text in texts for c in unicodedata.normalize("NFC", text))
    return "".join(c for c in letters if ord(c) not in known and not c.isspace() and c not in "\u200c\u200d")


def is_latin(name: str) -> bool:
    """Whether all letters of a name are Latin ones: then its Latin form says nothing new."""
    return all(unicodedata.name(c, "").startswith("LATIN ") for c in name if c.isalpha())


_FORBIDDEN = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]+')


def file_name(name: str, code: str) -> str:
    """`Name, code.pdf`, as every file system takes it.

    Without what Windows forbids, without a leading dot or dash (hidden files, options of commands), and under
    200 bytes in UTF-8.
    """
    plain = _FORBIDDEN.sub(" ", unicodedata.normalize("NFC", name))
    plain = " ".join(plain.split()).lstrip(".-~ ")
    while len(plain.encode()) > 170:
        plain = plain[:-1]
    return f"{plain.rstrip('. ')}, {code}.pdf" if plain.strip(". ") else f"{code}.pdf"


@dataclass(frozen=True)
class Line:
    """A closed line of the rings: points (x, y) in mm from the centre, width in mm, strength 0 to 1."""

    points: tuple[tuple[float, float], ...]
    width: float
    strength: float


def outer_radius(minutes: int) -> float:
    """How far the rings reach, in mm: who grew longer is thicker. 65 minutes 62 mm, 30 hours 97 mm."""
    return min(97.0, 62 + 7.3 * max(0.0, log2(max(minutes, 1) / 65)))


def ring_lines(minutes: Sequence[int], code: str) -> list[Line]:
    """The rings of a certificate: one a lesson, as wide as the lesson is long, with its own code's grain.

    A ring ends in a stronger line (the latewood); the fine lines within it come closer towards that end, as
    in a trunk. All lines share one slow wobble whose amplitude grows outward, so that they never cross.
    """
    total = sum(minutes)
    if total <= 0:
        return []
    random = Random(code)  # noqa: S311 - drawn alike again from the same code; nothing in it is secret
    waves = [(n, random.uniform(0.3, 1.0) / n, random.uniform(0, 2 * pi)) for n in (2, 3, 4, 5, 7)]
    largest = sum(size for _n, size, _phase in waves)
    around = [2 * pi * k / 28 for k in range(28)]
    wobble = [sum(size * sin(n * angle + phase) for n, size, phase in waves) / largest for angle in around]
    heart, outside = 7.0, outer_radius(total)

    def line(radius: float, width: float, strength: float) -> Line:
        shaken = [radius * (1 + 0.055 * (0.35 + 0.65 * radius / outside) * w) for w in wobble]
        points = tuple((r * cos(a), r * sin(a)) for r, a in zip(shaken, around, strict=True))
        return Line(points, width, strength)

    lines = [line(heart, 0.35, 0.3)]
    inner = heart
    for length in minutes:
        breadth = (outside - heart) * length / total
        grains = int(breadth / random.uniform(2.3, 3.0))
        for n in range(1, grains):
            place = (n / grains) ** 0.72 + random.uniform(-0.12, 0.12) / grains
            lines.append(line(inner + breadth * place, random.uniform(0.14, 0.3), random.uniform(0.14, 0.26)))
        inner += breadth
        lines.append(line(inner, min(1.0, 0.45 + breadth / 60), random.uniform(0.36, 0.46)))
    return lines


# --- competencies -----------------------------------------------------------------------------------------


def certifies(questions: int, share: float, exercises: Collection[str], passed: Collection[str]) -> bool:
    """Whether a competency is certified: 60 % of the points of all questions on it that were asked in assessments,
    and, where there are exercises that show it, one of them passed. `share` is 0 to 1."""
    enough = questions > 0 and round(share * 100, 6) >= CERTIFIED_SHARE
    return enough and (not exercises or not set(exercises).isdisjoint(passed))
