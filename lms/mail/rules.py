"""What a mail server's words mean, as pure functions."""

from __future__ import annotations

import re

_STATUS = re.compile(r"\b5\.(\d{1,3})\.\d{1,3}\b")


def about_the_mailbox(status: str, said: str = "") -> bool:
    """Whether a refusal for good is about the mailbox itself: it is gone, closed, full, or its domain is.

    Enhanced codes (RFC 3463) tell: 5.1 addresses, 5.2 mailboxes, 5.4 the way there; 5.7, refused by policy, and 5.6,
    the letter's content, are about us and leave the address as good as it was. Without one it is believed to be.
    """
    found = _STATUS.search(status) or _STATUS.search(said)
    return found is None or found[1] in ("0", "1", "2", "4")
