"""A real server on this machine: the demonstration as `lms demo` serves it, in processes of its own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path

from config import ROOT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """`lms demo` on a data folder; `start` waits for the first page, `kill` is SIGKILL to every process of it."""

    def __init__(self, data_dir: Path, port: int | None = None, env: dict[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {**os.environ, "LMS_DATA_DIR": str(data_dir), "LMS_PORT": str(self.port), **(env or {})}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, command: str = "demo") -> Server:
        self.log = (self.data_dir.parent / f"server-{self.port}.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lms.cli", command], cwd=ROOT, env=self.env, start_new_session=True,
            stdout=self.log, stderr=self.log,
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/health", timeout=5).read()
                return self
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.02)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        self._signal(signal.SIGTERM)

    def _signal(self, number: int) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(15)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(5)
            self.log.close()
            self.process = None


@contextlib.contextmanager
def served(data_dir: Path, **given: object) -> Iterator[Server]:
    server = Server(data_dir, **given)  # type: ignore[arg-type]
    try:
        yield server.start()
    finally:
        server.stop()


class Browser:
    """A person at the server without a browser: cookies, forms with their token."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.jar = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, path: str) -> str:
        with self.opener.open(self.server.url + path, timeout=20) as response:
            self.path = urllib.parse.urlsplit(response.url).path
            return str(response.read().decode())

    def post(self, path: str, token: str, **fields: str) -> str:
        data = urllib.parse.urlencode({"csrf_token": token, **fields}).encode()
        request = urllib.request.Request(self.server.url + path, data, {"X-Requested-With": "duramen"})
        with self.opener.open(request, timeout=20) as response:
            return str(response.read().decode())

    def be(self, key: str) -> Browser:
        token = token_of(self.get("/demo"))
        data = urllib.parse.urlencode({"csrf_token": token}).encode()
        self.opener.open(f"{self.server.url}/demo/be/{key}", data, timeout=20).read()
        return self


def token_of(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, "the page has no form"
    return found[1]
