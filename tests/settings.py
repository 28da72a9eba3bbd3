"""The configuration that tests serve with."""

from __future__ import annotations

from pathlib import Path

from config import ROOT, Config

SECRET = "a secret of the tests, long enough to be taken"


def make_config(data_dir: Path, url: str = "", **given: object) -> Config:
    return Config.load(
        {},
        data_dir=data_dir,
        database_url=url,
        secret_key=SECRET,
        public_url="http://localhost",
        mail_url="folder:",
        **{"content_dir": ROOT / "content", **given},
    )
