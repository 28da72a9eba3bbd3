"""The worker: one process that does what pages do not wait for. It alone renders, and sends mail."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import Flask, current_app

from lms import db
from lms.jobs import service

log = logging.getLogger("lms.worker")

HEARTBEAT_SECONDS = 15
IDLE_SECONDS = 1.0


@dataclass
class Tick:
    """Something to be looked after regularly; `due` on the monotonic clock."""

    seconds: float
    look: Callable[[str], object]
    due: float = 0.0


_ticks: dict[str, Tick] = {}


def every(seconds: float, look: Callable[[str], object]) -> None:
    """Have the worker call `look(name of the worker)` every so many seconds, outside of any transaction.

    What it returns says whether there is more to do: where that is true, it is called again at once, in turn
    with the others. Its errors are logged; nothing of them reaches the others. Named functions only: entering
    one again (a second application in one process) replaces the first.
    """
    place = f"{look.__module__}.{look.__qualname__}"
    if "<lambda>" in place:
        raise ValueError("a tick needs a name, which its errors are logged under")
    _ticks[place] = Tick(seconds, look)


def new_name() -> str:
    """What this worker signs its claims with; never the same twice."""
    return f"{socket.gethostname()[:30]}:{os.getpid()}:{secrets.token_hex(4)}"


def run(stop: threading.Event) -> None:
    """Work until `stop` is set: jobs as they come, ticks when due. Needs an application's context."""
    app, name = current_app._get_current_object(), new_name()  # type: ignore[attr-defined]
    for tick in _ticks.values():
        tick.due = 0.0
    while not stop.is_set():
        busy = _look_around(app, name, stop) | _do_one(app, name)
        if not busy:
            nearest = min((tick.due for tick in _ticks.values()), default=time.monotonic() + IDLE_SECONDS)
            stop.wait(min(IDLE_SECONDS, max(0.01, nearest - time.monotonic())))


def _look_around(app: Flask, name: str, stop: threading.Event) -> bool:
    """Every tick that is due, once; whether one of them has more to do."""
    more_somewhere = False
    for place, tick in list(_ticks.items()):
        if stop.is_set() or time.monotonic() < tick.due:
            continue
        more: object = False
        try:
            with app.app_context():
                more = tick.look(name)
        except Exception:
            log.exception("%s failed", place)
        tick.due = 0.0 if more else time.monotonic() + tick.seconds
        more_somewhere = more_somewhere or bool(more)
    return more_somewhere


def _do_one(app: Flask, name: str) -> bool:
    """One job, if there is one."""
    try:
        with app.app_context():
            if not service.is_any():
                return False
            with db.write():
                job = service.claim(name)
            if job is None:
                return False
            with _kept_alive(app, job):
                error = _error_of(job)
            with db.write():
                if error:
                    service.fail(job, error)
                else:
                    service.finish(job)
    except service.Lost:
        log.warning("another worker took over a job of ours")
    except Exception:
        # The database may be away for a while; the lease gives the job back.
        log.exception("a job could not be taken or finished")
        return False
    return True


def _error_of(job: service.Running) -> str:
    """Do the work; what went wrong, in one line, or nothing."""
    try:
        service.work_of(job.kind)(job)
    except service.Lost:
        raise
    except Exception as error:
        log.exception("job %s (%s) failed at try %s", job.id, job.kind, job.tries)
        return traceback.format_exception_only(error)[-1].strip()
    return ""


@contextmanager
def _kept_alive(app: Flask, job: service.Running) -> Iterator[None]:
    """While the work goes on, a thread prolongs its lease: a long calculation is not taken for a death."""
    over = threading.Event()
    thread = threading.Thread(target=_beat, args=(app, job, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _beat(app: Flask, job: service.Running, over: threading.Event) -> None:
    while not over.wait(HEARTBEAT_SECONDS):
        try:
            with app.app_context(), db.write():
                service.beat(job)
        except service.Lost:
            return
        except Exception:
            log.exception("the lease of job %s could not be prolonged", job.id)


def main() -> None:
    """Run as a process, with the configuration of the environment, until SIGTERM or Ctrl+C."""
    from wsgi import app

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with app.app_context():
        run(stop)
