"""What holds for people, as pure functions over plain values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from lms.clock import add_months
from lms.policy import Grant
from lms.text import address_key, clean, search_key

DATA = Path(__file__).parents[1] / "data"

LIFETIMES = {"invitation": timedelta(days=14), "reset": timedelta(hours=2), "address": timedelta(hours=24)}
# How many tries in so many seconds: with one address, and from one IP address, where a whole office may sit.
RATES = {
    "sign_in": ((10, 900), (200, 900)),
    "reset": ((4, 3600), (60, 3600)),
    "renewal": ((4, 3600), (60, 3600)),
    "address": ((6, 3600), (60, 3600)),
    "password": ((10, 900), (200, 900)),
    "export": ((5, 3600), (60, 3600)),
}
LONGEST_NAME = 200
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 500
# Why somebody left an office, and where they went.
REASONS = ("retired", "contract", "offer", "rotation", "study", "personal", "other", "unknown")
DESTINATIONS = ("office", "national", "agency", "abroad", "private", "none", "unknown")
CONFIRMED_EVERY = 6  # months
REMINDED_AFTER = timedelta(days=14)
WORKING_LANGUAGES = ("ar", "en", "es", "fr", "pt", "ru", "zh")

# Over what each role can be held.
ROLE_SCOPES = {
    "administrator": ("programme",),
    "coordinator": ("programme", "region", "country", "cohort"),
    "facilitator": ("programme", "cohort"),
    "focal_point": ("organisation",),
    "observer": ("programme", "region", "country", "organisation"),
}
# Which roles each role can give within its own scope.
GIVES = {
    "administrator": frozenset(ROLE_SCOPES),
    "coordinator": frozenset({"coordinator", "facilitator", "focal_point", "observer"}),
    "focal_point": frozenset({"focal_point"}),
}


@dataclass(frozen=True)
class Fault:
    """What is wrong with something typed: a stable code and, where it helps, the offending part."""

    code: str
    part: str = ""


# --- names ----------------------------------------------------------------------------------------------

_IN_NAMES = frozenset(" '’‘ʼʻ`´\"“”«»-‐‑–.,()·׳״،\u200c\u200d")


def name_fault(typed: str) -> Fault | None:
    """What keeps `typed` from being printed as a person's name; None when nothing does.

    Letters, marks and digits of every script pass, with the signs that names are written with. Emoji, control
    characters and signs such as `=` do not: fonts lack them, or a spreadsheet would compute them.
    """
    if any(unicodedata.category(char) == "Cc" and not char.isspace() for char in typed):
        return Fault("name_control")
    name = clean(typed)
    if not name:
        return Fault("name_missing")
    if len(name) > LONGEST_NAME:
        return Fault("name_long")
    for char in name:
        if unicodedata.category(char)[0] not in "LM" and unicodedata.category(char) != "Nd" and char not in _IN_NAMES:
            return Fault("name_sign", char)
    if not any(char.isalpha() for char in name):
        return Fault("name_letters")
    if name[0] in "-‐‑–.,":
        return Fault("name_sign", name[0])
    return None


def is_latin(name: str) -> bool:
    """Whether every letter of the name is one of the Latin script."""
    return all(
        "LATIN" in unicodedata.name(char, "") or unicodedata.category(char) == "Lm" for char in name if char.isalpha()
    )


# --- addresses ------------------------------------------------------------------------------------------

_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}"
)


def clean_address(typed: str) -> str:
    """A mail address as we keep it: full-width and other compatibility forms made plain, edges trimmed."""
    return unicodedata.normalize("NFKC", typed).strip()


def address_fault(address: str) -> Fault | None:
    """Whether mail can be addressed to it: one @, a domain with a dot, Latin letters, at most 254 of them."""
    local = address.partition("@")[0]
    dots = local.startswith(".") or local.endswith(".") or ".." in local
    if len(address) > 254 or dots or not _ADDRESS.fullmatch(address):
        return Fault("address_form")
    return None


def masked(address: str) -> str:
    """An address for a page that anyone with the link may see: `a…@example.org`."""
    local, _, domain = address.partition("@")
    return f"{local[:1]}…@{domain}"


# --- passwords ------------------------------------------------------------------------------------------

_COMMON = frozenset((DATA / "common-passwords.txt").read_text("ascii").split())
_LEET = str.maketrans("@401357$!", "aaoiestsi")
_ROWS = ("01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "azertyuiop", "abcdefghijklmnopqrstuvwxyz")


def _shortest_unit(text: str) -> str:
    """`abcabcabc` is `abc` three times: the part that is repeated, or the text itself."""
    for size in range(1, len(text) // 2 + 1):
        if (text[:size] * (len(text) // size + 1))[: len(text)] == text:
            return text[:size]
    return text


def _is_common(folded: str) -> bool:
    """Whether it is among the first that an attacker tries: a common word with digits around it, a row of
    keys, something short repeated."""
    unit = _shortest_unit(folded)
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", unit)
    words = {core, re.sub(r"[\W\d_]+", "", core), core.translate(_LEET)}
    rows = any(unit in row or unit in row[::-1] for row in _ROWS)
    return len(unit) <= 3 or not core or rows or bool(words & _COMMON)


def password_fault(password: str, names: Iterable[str] = (), addresses: Iterable[str] = ()) -> Fault | None:
    """Why this password would be guessed soon; None when it would not. There are no rules of composition.

    `names` and `addresses` are the person's own: a password that is little more than those is refused.
    """
    if len(password) < SHORTEST_PASSWORD:
        return Fault("password_short")
    if len(password) > LONGEST_PASSWORD:
        return Fault("password_long")
    folded = search_key(password)
    if _is_common(folded):
        return Fault("password_common")
    own = {word for name in names for word in re.split(r"[\W\d_]+", search_key(name)) if len(word) >= 3}
    for address in map(address_key, addresses):
        local, _, domain = address.partition("@")
        own |= {part for part in (address, local, domain, *re.split(r"[\W\d_]+", local)) if len(part) >= 3}
    rest = folded
    for word in sorted(own, key=len, reverse=True):
        rest = rest.replace(word, "")
    if len(rest) < 6 and rest != folded:
        return Fault("password_own")
    return None


# --- roles ----------------------------------------------------------------------------------------------

Scopes = frozenset[tuple[str, str]]


def covers(grant: Grant, scope: str, scope_id: str, within: Scopes) -> bool:
    """Whether a grant reaches over that scope; `within` are the wider scopes that it lies in (a country, a region)."""
    if grant.scope == "programme":
        return True
    return (grant.scope, grant.scope_id) in within | {(scope, scope_id)} and scope != "programme"


def may_give(giver: Iterable[Grant], role: str, scope: str, scope_id: str, within: Scopes, to_self: bool) -> bool:
    """Whether somebody who holds `giver` may give (or end) that role over that scope.

    Never beyond the own scope; to oneself only what one has: the same role over the same or a wider scope, or
    anything for an administrator of the programme, who holds everything.
    """
    for grant in giver:
        if role not in GIVES.get(grant.role, ()) or not covers(grant, scope, scope_id, within):
            continue
        if not to_self or grant.role in ("administrator", role):
            return True
    return False


# --- memberships ----------------------------------------------------------------------------------------

Period = tuple[date, date | None]


def overlap(one: Period, other: Period) -> bool:
    """Whether two half-open periods share a day; an end of None is open."""
    return (other[1] is None or one[0] < other[1]) and (one[1] is None or other[0] < one[1])


def confirmation_due(last: date | None, first_member: date | None) -> date | None:
    """The day from which an office's staff is to be confirmed: half a year after it was last confirmed or, before
    that, after the first of its people came. None where nobody ever did."""
    since = last or first_member
    return add_months(since, CONFIRMED_EVERY) if since else None


def confirmation_step(today: date, due: date | None) -> int | None:
    """Which letter asks for a confirmation: 0 when it is due, 1 two weeks later; None before."""
    if due is None or today < due:
        return None
    return 0 if today < due + REMINDED_AFTER else 1
