"""The server: one supervisor, its web processes, one worker; what dies comes back, what ends takes all along."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import psutil
import pytest
from served import free_port
from settings import make_config

from config import ROOT, Config
from lms import db, migrate
from lms.jobs import serve

pytestmark = pytest.mark.kill


def until(true: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


class Running:
    """`lms serve` on an empty programme."""

    def __init__(self, folder: Path) -> None:
        self.config = make_config(folder, port=free_port(), workers=2)
        db.configure(self.config.database)
        migrate.upgrade()
        db.forget()
        db.engine().dispose()
        self.log = folder / "log"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lms.cli", "serve"],
            cwd=ROOT,
            env={**os.environ, **serve.environment(self.config)},
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        until(self.answers)
        until(lambda: len(self.children()) == 4 and self.worker())

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.config.port}/health", timeout=5) as page:
                return bool(page.read() == b"ok\n")
        except OSError:
            assert self.process.poll() is None, self.log.read_text()
            return False

    def children(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def worker(self) -> psutil.Process | None:
        """The child that is nice to the others."""
        for child in self.children():
            with suppress(psutil.NoSuchProcess):  # it died since it was listed
                if child.nice() > 0:
                    return child
        return None

    def end(self) -> None:
        for process in [*self.children(), psutil.Process(self.process.pid)] if self.process.poll() is None else []:
            process.kill()
        self.process.wait(5)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    server = Running(tmp_path)
    yield server
    server.end()


def test_the_configuration_goes_to_the_children_whole(tmp_path: Path):
    config = make_config(tmp_path, port=1234, languages=("ar", "en"), demo=True, programme_name="A, b")
    again = Config.load(serve.environment(config))
    assert {f.name: getattr(again, f.name) for f in fields(Config)} == {
        f.name: getattr(config, f.name) for f in fields(Config)
    }


def test_a_worker_that_is_killed_comes_back_and_pages_go_on(running: Running):
    for _n in range(2):
        killed = running.worker()
        assert killed is not None
        killed.kill()
        assert running.answers()
        until(lambda killed=killed: (now := running.worker()) is not None and now.pid != killed.pid)
    assert "starts again" in running.log.read_text()


def test_a_web_process_that_is_killed_comes_back(running: Running):
    # The worker's keeper is started first; granian's children come after it.
    web = max((child for child in running.children() if child.nice() == 0), key=lambda child: child.pid)
    web.kill()
    until(lambda: len(running.children()) == 4 and web.pid not in [child.pid for child in running.children()])
    for _n in range(10):
        assert running.answers()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("whole_group", [False, True])
def test_one_signal_ends_everything(running: Running, number: signal.Signals, whole_group: bool):
    children = running.children()
    (os.killpg if whole_group else os.kill)(running.process.pid, number)
    assert running.process.wait(20) == 0
    psutil.wait_procs(children, timeout=5)
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)
    assert running.log.read_text().splitlines() == [f"Duramen: http://127.0.0.1:{running.config.port}"]


def test_an_idle_connection_does_not_hold_the_end_up(running: Running):
    with socket.create_connection(("127.0.0.1", running.config.port)) as idle:
        idle.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in idle.recv(4096)
        began = time.monotonic()
        running.process.terminate()
        assert running.process.wait(15) == 0
        assert time.monotonic() - began < 10


def test_when_the_supervisor_is_killed_nothing_is_left_of_it(running: Running):
    children = running.children()
    running.process.kill()
    running.process.wait(5)
    _gone, alive = psutil.wait_procs(children, timeout=10)
    assert not [child for child in alive if child.status() != psutil.STATUS_ZOMBIE]


def test_an_address_that_is_taken_is_said_and_nothing_starts(running: Running):
    second = subprocess.run(
        [sys.executable, "-m", "lms.cli", "serve"],
        cwd=ROOT,
        env={**os.environ, **serve.environment(running.config)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert second.returncode == 1
    assert "cannot be opened" in second.stderr and "--port" in second.stderr
    assert "Traceback" not in second.stderr


def test_the_web_never_loads_what_renders(tmp_path: Path):
    config = make_config(tmp_path, demo=True)
    script = (
        "import sys; from wsgi import app; client = app.test_client(); "
        "assert client.get('/verify').status_code == 200; "
        "print([name for name in ('weasyprint', 'pydyf', 'fontTools', 'PIL') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, **serve.environment(config)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_a_keeper_that_is_killed_has_a_successor_and_the_worker_with_it(running):
    keeper = next(child for child in running.children() if child.name() == "lms-keeper")
    worker = running.worker()
    keeper.kill()
    until(lambda: not psutil.pid_exists(worker.pid) or worker.status() == psutil.STATUS_ZOMBIE)
    until(lambda: (other := running.worker()) is not None and other.pid != worker.pid)
    assert running.answers()
    running.process.terminate()
    until(lambda: running.process.poll() is not None and not running.children())
