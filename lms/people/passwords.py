"""Passwords at rest: argon2id. Slow on purpose, so never called inside `write()`."""

from __future__ import annotations

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's advice of 2024: 19 MiB, two passes, one lane. Tests set cheaper parameters here.
hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hashed(password: str) -> str:
    """The hash to keep. One Unicode form, so that a password typed on another keyboard is the same."""
    return hasher.hash(unicodedata.normalize("NFKC", password))


def fits(stored: str | None, password: str) -> bool:
    """Whether it is the password of that hash; without a hash the same work is done, and the answer is no."""
    try:
        hasher.verify(stored or _nobodys(hasher), unicodedata.normalize("NFKC", password))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def outdated(stored: str) -> bool:
    """Whether it was made with other parameters than today's, so that it is made anew at the next sign-in."""
    return hasher.check_needs_rehash(stored)


@cache
def _nobodys(_hasher: PasswordHasher) -> str:
    return _hasher.hash("the password of nobody")
