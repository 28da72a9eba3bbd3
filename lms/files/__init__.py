"""Files: what is kept for good. Bytes lie on disk under their SHA-256, and a row says what they are."""

from flask import Flask

from lms.files import service
from lms.jobs.worker import every


def init_app(app: Flask) -> None:
    every(3600, service.sweep)
    every(20, service.sweep_removed)
