"""The server: a process that looks after the web processes (granian) and a worker, and restarts what dies.

The application is loaded once, here, and the children are forked from it: they start at once and share its
memory. The supervisor itself serves nothing. When it is killed, the kernel ends its children with it.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from config import Config
from lms import db
from lms.jobs import worker

# Measured at 16 connections on two cores: more threads wait for each other's lock, one alone leaves a process
# idle while the database is asked.
BLOCKING_THREADS = 4
STOP_SECONDS = 10
SHORTEST_PAUSE = 0.25
_PR_SET_PDEATHSIG = 1


def serve(config: Config) -> int:
    """Serve the pages and run the worker, until SIGTERM or SIGINT; the exit status.

    The configuration goes to the children by the environment, in LMS_* variables.
    """
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    os.environ.update(environment(config))
    if message := _in_use(config):
        print(message, file=sys.stderr)
        return 1
    load()
    db.engine().dispose()  # a connection is not shared between processes
    gc.collect()
    gc.freeze()  # what is loaded now stays shared: the collector of a child does not touch it
    server = Granian(
        "wsgi:app",
        address=config.host,
        port=config.port,
        interface=Interfaces.WSGI,
        workers=config.workers,
        blocking_threads=BLOCKING_THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        websockets=False,
        log_level=LogLevels.error,
    )
    looked_after = _Worker(lambda: bool(server.interrupt_signal))
    server.on_startup(looked_after.start)
    server.on_startup(lambda: print(f"Duramen: {_address(config)}", flush=True))
    try:
        server.serve(target_loader=load_in_child, wrap_loader=False)
    finally:
        looked_after.stop()
    return 0


def environment(config: Config) -> dict[str, str]:
    """The configuration as the variables that `Config.load` reads it from again."""
    found = {}
    for field in fields(config):
        value = getattr(config, field.name)
        text = ",".join(value) if isinstance(value, tuple) else str(int(value) if value is True else value)
        found[f"LMS_{field.name.upper()}"] = text
    return found


def load() -> Any:
    """The application, as everything that serves imports it."""
    from wsgi import app

    return app


def load_in_child() -> Any:
    """The application in a web process: ends with its parent, and has connections of its own."""
    end_with_parent(signal.SIGKILL)
    app = load()
    db.engine().dispose(close=False)
    return app


def end_with_parent(number: signal.Signals) -> None:
    """Ask the kernel for this signal when the parent ends, however it ends (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(number))
        if (parent := multiprocessing.parent_process()) and os.getppid() != parent.pid:
            os._exit(1)  # it ended before we asked


def _work() -> None:
    end_with_parent(signal.SIGTERM)
    os.nice(5)  # pages come first
    db.engine().dispose(close=False)
    worker.main(alone=False)


class _Worker:
    """The one worker: started, and again whenever it dies, after growing pauses while it dies at once."""

    def __init__(self, told_to_stop: Callable[[], bool]) -> None:
        self._told_to_stop = told_to_stop
        self._over = threading.Event()
        self._process: multiprocessing.process.BaseProcess | None = None
        self._thread = threading.Thread(target=self._look_after, name="worker's keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _look_after(self) -> None:
        # This thread is the parent of the worker, in the kernel's eyes: it lives as long as the supervisor.
        pause = SHORTEST_PAUSE
        while not self._over.is_set():
            began = time.monotonic()
            self._process = multiprocessing.Process(target=_work, name="duramen-worker")
            self._process.start()
            self._process.join()
            # Whoever stops us may have told the worker first: the pause lets the signal reach us too.
            lived_long = time.monotonic() - began > 60
            pause = SHORTEST_PAUSE if lived_long else min(60.0, pause * 2)
            if self._over.wait(pause) or self._told_to_stop():
                return
            text = f"The worker ended ({self._process.exitcode}) and starts again."
            print(text, file=sys.stderr, flush=True)

    def stop(self) -> None:
        self._over.set()
        process = self._process
        if process is not None and process.is_alive():
            process.terminate()
            process.join(STOP_SECONDS)
            if process.is_alive():
                process.kill()


def _address(config: Config) -> str:
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"http://{host}:{config.port}"


def _in_use(config: Config) -> str:
    """What to say where the address cannot be had; nothing where it can."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.host, config.port))
        except OSError as error:
            return (
                f"{_address(config)} cannot be opened: {error.strerror}. "
                "Is it served already? Another port is set with LMS_PORT or --port."
            )
    return ""
