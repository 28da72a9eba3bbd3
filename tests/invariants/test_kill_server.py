"""SIGKILL of the server in the middle of an assessment: what was acknowledged is there afterwards."""

import contextlib
import json
import random
import re
import sqlite3
import threading
import time
import urllib.error
from http.client import HTTPException

import pytest
from served import Browser, Server, token_of

pytestmark = pytest.mark.kill


def attempt_page(browser: Browser) -> tuple[str, str]:
    today = browser.get("/today")
    path = re.search(r'href="(/attempts/[0-9a-f-]+)"', today)
    assert path, "Élise's assessment is half answered"
    return path[1], browser.get(path[1])


def fields_of(page: str) -> dict[int, str]:
    """For each question of the attempt the name of a field that answers it or a part of it.

    Which kinds are asked is drawn by chance: any kind takes a small number, as a choice, a place or a figure.
    """
    first: dict[int, str] = {}
    for name, position in re.findall(r'name="(q(\d+)(?:-\d+)?)"', page):
        first.setdefault(int(position), name)
    return first


def kept_seqs(server: Server, attempt: str) -> dict[int, int]:
    """What the database itself holds, read past the application."""
    with contextlib.closing(sqlite3.connect(server.data_dir / "lms.sqlite")) as database:
        key = attempt.rsplit("/", 1)[1].replace("-", "")
        rows = database.execute("SELECT position, seq FROM response WHERE attempt_id = ?", (key,))
        return dict(rows.fetchall())


@pytest.mark.parametrize("rounds", [3, pytest.param(40, marks=pytest.mark.deep)])
def test_every_answer_that_was_acknowledged_survives_sigkill(tmp_path, rounds):
    server = Server(tmp_path / "demo")
    chance = random.Random(8)
    acknowledged: dict[int, int] = {}
    seq = int(time.time() * 1000)
    server.start()
    try:
        browser = Browser(server).be("elise")
        path, page = attempt_page(browser)
        token = token_of(page)
        asked = fields_of(page)
        assert len(asked) > 1
        for _round in range(rounds):
            killer = threading.Timer(chance.uniform(0.15, 0.6), server.kill)
            killer.start()
            while killer.is_alive() or server.process is not None:
                position = chance.choice(list(asked))
                seq += 1
                fields = {asked[position]: str(chance.randrange(2)), f"q{position}-seq": str(seq)}
                try:
                    answer = json.loads(browser.post(f"{path}/answers/{position}", token, **fields))
                except urllib.error.HTTPError:
                    raise  # a server that is there takes every answer
                except (OSError, HTTPException, json.JSONDecodeError):
                    break
                if answer["state"] == "saved":
                    acknowledged[position] = seq
            killer.join()
            server.start()
            kept = kept_seqs(server, path)
            lost = {p: s for p, s in acknowledged.items() if kept[p] < s}
            assert not lost
        assert acknowledged
    finally:
        server.stop()


def test_handing_in_while_the_server_is_killed_happens_once(tmp_path):
    server = Server(tmp_path / "demo")
    server.start()
    try:
        browser = Browser(server).be("elise")
        path, page = attempt_page(browser)
        token = token_of(page)
        killer = threading.Timer(0.03, server.kill)
        killer.start()
        with contextlib.suppress(OSError, HTTPException):
            browser.post(path, token, hand_in="anyway")
        killer.join()
        server.start()
        for _again in range(2):
            with contextlib.suppress(urllib.error.HTTPError):
                browser.post(path, token, hand_in="anyway")
        key = path.rsplit("/", 1)[1].replace("-", "")
        with contextlib.closing(sqlite3.connect(server.data_dir / "lms.sqlite")) as database:
            rows = database.execute(
                "SELECT submitted_at, score FROM attempt WHERE id = ? AND submitted_at IS NOT NULL", (key,)
            ).fetchall()
        assert len(rows) == 1
    finally:
        server.stop()
