"""The command `lms`: a programme is made whole or not at all, and nothing starts unsafe."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from config import ROOT, Config, Unsafe

ANSWERS = {
    "--public-url": "https://training.example.org/",
    "--admin-name": "Zoë O'Neil",
    "--admin-address": "zoe@example.org",
    "--mail-url": "smtp://localhost:25",
    "--mail-from": "lms@example.org",
    "--languages": "en,ar",
}


def lms(folder, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lms.cli", *words],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
        env={"LMS_DATA_DIR": str(folder), "PATH": "/usr/bin:/bin", **env},
    )  # fmt: skip


def init(folder, **changed: str) -> subprocess.CompletedProcess[str]:
    answers = {**ANSWERS, **{f"--{key.replace('_', '-')}": value for key, value in changed.items()}}
    return lms(folder, "init", *[word for pair in answers.items() for word in pair])


def people_in(folder) -> int:
    with closing(sqlite3.connect(folder / "lms.sqlite")) as database:
        return int(database.execute("SELECT count(*) FROM person").fetchone()[0])


def test_init_makes_an_empty_programme_with_one_administrator(tmp_path):
    done = init(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "https://training.example.org/invitation/" in done.stdout
    assert people_in(tmp_path) == 1
    settings = tmp_path / "lms.toml"
    assert settings.stat().st_mode & 0o077 == 0
    config = Config.load({"LMS_DATA_DIR": str(tmp_path)}).check()
    assert (config.public_url, config.languages) == ("https://training.example.org", ("en", "ar"))
    assert len(config.secret_key) >= 32


def test_init_a_second_time_changes_nothing(tmp_path):
    init(tmp_path)
    before = (tmp_path / "lms.toml").read_text()
    again = init(tmp_path, admin_address="other@example.org")
    assert again.returncode == 1 and "Nothing was changed" in again.stderr
    assert (tmp_path / "lms.toml").read_text() == before and people_in(tmp_path) == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"admin_name": "=cmd"}, "name"),
        ({"admin_address": "nobody"}, "address"),
        ({"public_url": "ftp://example.org"}, "LMS_PUBLIC_URL"),
        ({"languages": "en,xx"}, "xx"),
    ],
)
def test_init_with_a_mistake_says_which_and_can_be_repeated(tmp_path, changed, said):
    wrong = init(tmp_path, **changed)
    assert wrong.returncode == 1 and said in wrong.stderr and "Traceback" not in wrong.stderr
    assert init(tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "LMS_SECRET_KEY"),
        ({"LMS_SECRET_KEY": "short"}, "LMS_SECRET_KEY"),
        ({"LMS_SECRET_KEY": "s" * 40}, "LMS_PUBLIC_URL"),
        ({"LMS_SECRET_KEY": "s" * 40, "LMS_PUBLIC_URL": "https://a.example"}, "LMS_MAIL_URL"),
    ],
)
def test_it_refuses_to_serve_unsafe(tmp_path, given, said):
    refused = lms(tmp_path, "serve", **given)
    assert refused.returncode == 1 and said in refused.stderr and "Traceback" not in refused.stderr


def test_it_refuses_to_serve_on_old_tables(tmp_path):
    init(tmp_path)
    with closing(sqlite3.connect(tmp_path / "lms.sqlite")) as database:
        database.execute("UPDATE alembic_version SET version_num = '0000'")
        database.commit()
    refused = lms(tmp_path, "serve")
    assert refused.returncode == 1 and "lms migrate" in refused.stderr


def test_an_unknown_setting_is_named(tmp_path):
    (tmp_path / "lms.toml").write_text('secret = "x"\n')
    with pytest.raises(Unsafe, match="secret"):
        Config.load({"LMS_DATA_DIR": str(tmp_path)})


def test_content_check_is_clean(tmp_path):
    done = lms(tmp_path, "content", "check")
    assert done.returncode == 0, done.stdout
