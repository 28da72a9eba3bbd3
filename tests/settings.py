"""The configuration that tests serve with, and the client that asks."""

from __future__ import annotations

import contextvars
from dataclasses import dataclass
from pathlib import Path

from flask.testing import FlaskClient

from config import ROOT, Config

SECRET = "a secret of the tests, long enough to be taken"


@dataclass(frozen=True)
class Place:
    """Where a test session keeps one database and its data folder."""

    kind: str
    url: str
    data_dir: Path


def make_config(data_dir: Path, url: str = "", **given: object) -> Config:
    return Config.load(
        {},
        data_dir=data_dir,
        database_url=url,
        secret_key=SECRET,
        public_url="http://localhost",
        mail_url="folder:",
        **{"content_dir": ROOT / "tests" / "content", **given},
    )


class Client(FlaskClient):
    """A client whose requests see nothing of the test's own context, so that `g` is each request's own."""

    def open(self, *args: object, **given: object) -> object:  # type: ignore[override]
        return contextvars.Context().run(super().open, *args, **given)
