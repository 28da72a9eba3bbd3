"""Audit: the append-only record of who did what to what."""

from lms.audit.service import record

__all__ = ["record"]
