"""Audit: the append-only record of who did what to what."""

from flask import Flask

from lms import privacy
from lms.audit import queries, service
from lms.audit.service import record

__all__ = ["init_app", "record"]


def init_app(_app: Flask) -> None:
    privacy.holds("audit", 1, queries.held_about, service.forget, queries.FATES, queries.KEEPINGS)
