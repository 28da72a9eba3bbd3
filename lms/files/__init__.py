"""Files: what is kept for good. Bytes lie on disk under their SHA-256, and a row says what they are."""

from flask import Flask


def init_app(app: Flask) -> None:
    """The folder needs nothing but the configuration's `data_dir`; it is made with the first file."""
