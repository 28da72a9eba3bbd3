"""What is typed, checked: names, addresses, passwords, and how often somebody may try."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from lms import limits, text
from lms.people import rules
from lms.policy import Refusal
from lms.web import language

FAULTS = {
    "name_missing": _l("Write the name as it is to be printed."),
    "name_long": _l("A name can have up to 200 letters."),
    "name_control": _l("The name holds a sign that cannot be seen. Type it anew."),
    "name_sign": _l("A name cannot have “%(part)s” there. Use letters, spaces, hyphens and apostrophes."),
    "name_letters": _l("A name needs at least one letter."),
    "address_form": _l("This is not a mail address. It looks like name@example.org."),
    "password_short": _l("Use at least 10 characters. A few words that you will remember do well."),
    "password_long": _l("Use at most 500 characters."),
    "password_common": _l("This password is among the first that an attacker tries. Choose another."),
    "password_own": _l("This password is little more than your own name or address. Choose another."),
}


def need(holds: bool, code: str, message: str, field: str = "") -> None:
    """Refuse unless it holds; the field is called like the code unless another is named."""
    if not holds:
        raise Refusal(code, message, field=field or code)


def _refuse(fault: rules.Fault, field: str) -> Refusal:
    message = str(FAULTS[fault.code])
    return Refusal(fault.code, message % {"part": fault.part} if fault.part else message, field=field)


def checked_name(typed: str, field: str = "name") -> str:
    """A name as it is kept and printed. Refusal (name_…) says what is wrong with it."""
    if fault := rules.name_fault(typed):
        raise _refuse(fault, field)
    return text.clean(typed)


def checked_latin(name: str, typed: str) -> str:
    """The name in Latin letters; it may be empty only where the name itself is written in them.

    Raises Refusal (latin_missing, latin_letters, name_…) for the field `name_latin`.
    """
    if not text.clean(typed):
        if rules.is_latin(name):
            return ""
        raise Refusal(
            "latin_missing",
            _("Write the name in Latin letters too: the certificate carries both."),
            field="name_latin",
        )
    latin = checked_name(typed, "name_latin")
    if not rules.is_latin(latin):
        raise Refusal("latin_letters", _("Use Latin letters here, with accents where you want."), field="name_latin")
    return latin


def checked_address(typed: str, field: str = "address") -> str:
    """A mail address as it is kept. Refusal (address_form) where mail cannot be addressed to it."""
    address = rules.clean_address(typed)
    if fault := rules.address_fault(address):
        raise _refuse(fault, field)
    return address


def checked_password(password: str, names: Iterable[str], addresses: Iterable[str]) -> str:
    """A password that is good enough for the person of these names and addresses, as it was typed.

    Raises Refusal (password_…) for the field `password`. What is kept is its hash (`passwords.hashed`), made
    outside of `write()`, since that takes its time.
    """
    if fault := rules.password_fault(password, names, addresses):
        raise _refuse(fault, "password")
    return password


def count_try(bucket: str, key: str, origin: str) -> int:
    """Count a try with a key (an address, a person) from an origin (an IP address), known to us or not.

    0 when it may go on, else the seconds to wait. Inside a `write()` of its own.
    """
    (per_key, key_seconds), (per_origin, origin_seconds) = rules.RATES[bucket]
    wait = limits.take(bucket, text.address_key(key), per_key, key_seconds)
    return wait or limits.take(f"{bucket}_origin", origin, per_origin, origin_seconds)


def too_many(seconds: int) -> Refusal:
    """What is said to somebody who tries too often: the same for what we know and what we do not."""
    minutes = -(-seconds // 60)
    message = ngettext(
        "Too many tries. Wait %(count)s minute, then try again.",
        "Too many tries. Wait %(count)s minutes, then try again.",
        minutes,
        count=language.number(minutes),
    )
    return Refusal("too_many_tries", message, 429)
