"""Jobs: work that a page does not wait for, as rows that the worker takes; and the server around it."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Kinds and ticks are entered by the rooms that do the work."""
