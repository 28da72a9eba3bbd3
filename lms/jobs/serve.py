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
import subprocess
import sys
import threading
import time
from dataclasses import fields
from multiprocessing.process import BaseProcess
from typing import Any

from config import Config
from lms import db
from lms.jobs import worker

# Measured at 16 connections on two cores: one alone is slower by a tenth, from two on the rate is the same, and with
# eight the slowest pages take twice as long. Four leave room for slow lines, which hold a thread while they read.
BLOCKING_THREADS = 4
STOP_SECONDS = 5  # also what a web process gets that did not hear: granian loses a signal in its first moments
SHORTEST_PAUSE = 0.25
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15


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
    keeper = multiprocessing.Process(target=_keep_worker, name="duramen-keeper")
    keeper.start()
    over = threading.Event()
    threading.Thread(target=_stand_in, args=(keeper, over), daemon=True).start()
    server.on_startup(lambda: print(f"Duramen: {_address(config)}", flush=True))
    try:
        server.serve(target_loader=load_in_child, wrap_loader=False)
    finally:
        over.set()
        _end(keeper)
    return 0


def _stand_in(keeper: BaseProcess, over: threading.Event) -> None:
    """A thread of the supervisor: if the keeper itself is killed, start another in its place.

    With exec and not by forking: this process has threads by now.
    """
    keeper.join()
    while not over.wait(SHORTEST_PAUSE):
        print("The worker's keeper ended and starts again.", file=sys.stderr, flush=True)
        with subprocess.Popen([sys.executable, "-m", "lms.jobs.serve"]) as other:
            while other.poll() is None and not over.wait(0.5):
                pass
            other.terminate()


def environment(config: Config) -> dict[str, str]:
    """The configuration as the variables that `Config.load` reads it from again."""
    found = {}
    for field in fields(config):
        value = getattr(config, field.name)
        text = ",".join(value) if isinstance(value, tuple) else str(value)
        found[f"LMS_{field.name.upper()}"] = text
    return found


def load() -> Any:
    """The application, as everything that serves imports it."""
    from wsgi import app

    return app


def load_in_child() -> Any:
    """The application in a web process: ends with its parent, and has connections of its own."""
    _begin_as_child("lms-web", signal.SIGKILL)
    app = load()
    db.engine().dispose(close=False)
    return app


def _keep_worker() -> None:
    """The keeper of the one worker: starts it, and again whenever it dies; after growing pauses if that is soon.

    A process and not a thread: forking is safe only where no other thread can hold a lock at that moment.
    """
    _begin_as_child("lms-keeper", signal.SIGTERM)
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    pause = SHORTEST_PAUSE
    while not over.is_set():
        began = time.monotonic()
        kept = multiprocessing.Process(target=_work, name="duramen-worker")
        kept.start()
        while kept.is_alive() and not over.is_set():
            kept.join(0.2)
        if over.is_set():
            _end(kept)
            return
        pause = SHORTEST_PAUSE if time.monotonic() - began > 60 else min(60.0, pause * 2)
        print(f"The worker ended ({kept.exitcode}) and starts again.", file=sys.stderr, flush=True)
        over.wait(pause)


def _work() -> None:
    _begin_as_child("lms-worker", signal.SIGTERM)
    os.nice(5)  # pages come first
    db.engine().dispose(close=False)
    worker.main()


def _begin_as_child(name: str, number: signal.Signals) -> None:
    """Carry a name that `top` shows; hear of the end from the parent alone, or from the kernel when it is gone.

    A process group of its own: Ctrl+C and `kill` of the group reach the supervisor only. (granian's web processes
    now and then hang when they are told twice; so, under systemd, KillMode=mixed.) Linux's kernel can be asked.
    """
    os.setpgid(0, 0)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_NAME, name.encode())
        libc.prctl(_PR_SET_PDEATHSIG, int(number))
        if (parent := multiprocessing.parent_process()) and os.getppid() != parent.pid:
            os._exit(1)  # it ended before we asked


def _end(process: BaseProcess) -> None:
    """Tell a child to end, again and again (the first may come before it listens); end it if it does not."""
    until = time.monotonic() + STOP_SECONDS
    while process.is_alive() and time.monotonic() < until:
        process.terminate()
        process.join(0.3)
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


if __name__ == "__main__":  # the stand-in of a keeper that was killed
    load()
    _keep_worker()
