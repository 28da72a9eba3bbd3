"""Who of a cohort needs its staff: one pure decision over plain values."""

from __future__ import annotations

from lms.learning.rules import Pace

INVITED_DAYS = 3  # so long an invitation may lie before somebody should ask
LONG_DAYS = 21


def need(*, joined: bool, used_up: bool, pace: Pace, days_invited: int) -> str:
    """What somebody needs: `attempt` (none is left), `invitation` (sent days ago, not accepted), `word` (stuck), or
    nothing. One thing at a time: the first that keeps them from going on."""
    if used_up:
        return "attempt"
    if not joined:
        return "invitation" if days_invited >= INVITED_DAYS else ""
    return "word" if pace.state == "stuck" else ""
