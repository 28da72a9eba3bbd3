"""Jobs: work that a page does not wait for, as rows that the worker takes; and the server around it."""

from flask import Flask

from lms import db, limits
from lms.jobs.worker import every


def sweep_limits(_worker: str) -> None:
    """A tick: remove the windows of rate limits that are over."""
    with db.write():
        limits.sweep()


def init_app(app: Flask) -> None:
    every(3600, sweep_limits)
