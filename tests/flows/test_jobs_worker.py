"""Jobs: deferred with what needs them, taken once, kept alive, tried again, never lost."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from lms import clock, db
from lms.jobs import service, worker
from lms.jobs.models import Job

seen: list[Any] = []
failing = threading.Event()


@service.kind("test.note")
def note(job: service.Running) -> None:
    seen.append(job.data["n"])


@service.kind("test.count")
def count(job: service.Running) -> None:
    for n in range(3):
        job.progress(n + 1, 3)


@service.kind("test.fail")
def fail(job: service.Running) -> None:
    seen.append(job.tries)
    if failing.is_set():
        raise ValueError("the roster has no header")


@service.kind("test.slow")
def slow(job: service.Running) -> None:
    time.sleep(0.5)


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    seen.clear()
    failing.clear()
    ticks = dict(worker._ticks)
    worker._ticks.clear()
    yield
    worker._ticks.clear()
    worker._ticks.update(ticks)


def deferred(kind: str = "test.note", key: str = "", **data: Any) -> Any:
    with db.write():
        return service.defer(kind, data, key)


def row(job_id: Any) -> Job:
    db.end_read()
    found = db.session().get_one(Job, job_id, populate_existing=True)
    db.end_read()
    return found


def claimed(name: str = "one") -> service.Running | None:
    with db.write():
        return service.claim(name)


def work_until(app: Flask, done: Callable[[], bool], seconds: float = 15) -> None:
    """Run a worker in a thread until something is true."""
    stop = threading.Event()

    def run() -> None:
        with app.app_context():
            worker.run(stop)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, "the worker did not get there"
            time.sleep(0.02)
    finally:
        stop.set()
        thread.join(5)
    assert not thread.is_alive()


def test_a_job_is_done_and_says_so(db_app: Flask):
    job = deferred(n=7)
    work_until(db_app, lambda: row(job).state == "done")
    assert seen == [7]
    done = row(job)
    assert done.finished_at is not None and done.error is None and done.lease_until is None


def test_a_job_belongs_to_the_transaction_that_needs_it(db_app: Flask):
    with pytest.raises(RuntimeError):
        service.defer("test.note", {})
    with pytest.raises(ZeroDivisionError), db.write():
        service.defer("test.note", {"n": 1})
        raise ZeroDivisionError
    assert not service.is_any()


def test_a_kind_that_no_room_knows_is_refused_at_once(db_app: Flask):
    with pytest.raises(KeyError), db.write():
        service.defer("test.unknown", {})
    with pytest.raises(ValueError, match="twice"):
        service.kind("test.note")(slow)


def test_equal_jobs_wait_once_and_wait_again_while_one_runs(db_app: Flask):
    first = deferred(key="west", n=1)
    assert first is not None
    assert deferred(key="west", n=2) is None
    assert deferred(key="east", n=3) is not None
    assert deferred(n=4) is not None and deferred(n=5) is not None
    assert claimed().id == first
    assert deferred(key="west", n=6) is not None


def test_progress_is_seen_while_it_goes_on(db_app: Flask):
    job = deferred("test.count")
    work_until(db_app, lambda: row(job).state == "done")
    assert (row(job).done_count, row(job).total) == (3, 3)


def test_each_job_is_taken_by_one_of_eight_workers(db_app: Flask):
    jobs = {deferred(n=n) for n in range(24)}
    taken: list[Any] = []

    def take(name: str) -> None:
        with db_app.app_context():
            while True:
                with db.write():
                    job = service.claim(name)
                if job is None:
                    return
                taken.append(job.id)

    threads = [threading.Thread(target=take, args=(f"w{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 24 and set(taken) == jobs


def test_a_failure_is_tried_again_later_and_kept_after_the_last_try(db_app: Flask):
    failing.set()
    job = deferred("test.fail")
    with time_machine.travel(clock.now(), tick=True) as traveller:
        for n, pause in enumerate((10, 40, 160, 640), 1):
            work_until(db_app, lambda n=n: row(job).tries == n and row(job).state == "waiting")
            assert row(job).error == "ValueError: the roster has no header"
            assert not service.is_any()
            traveller.shift(timedelta(seconds=pause + 1))
        work_until(db_app, lambda: row(job).state == "failed")
        traveller.shift(timedelta(days=1))
        assert not service.is_any()
    assert seen == [1, 2, 3, 4, 5]
    assert row(job).error == "ValueError: the roster has no header"


def test_a_failure_that_passes_is_forgotten(db_app: Flask):
    failing.set()
    job = deferred("test.fail")
    with time_machine.travel(clock.now(), tick=True) as traveller:
        work_until(db_app, lambda: row(job).state == "waiting" and row(job).tries == 1)
        failing.clear()
        traveller.shift(timedelta(seconds=11))
        work_until(db_app, lambda: row(job).state == "done")
    assert row(job).error is None


def test_a_failed_job_leaves_the_next_try_to_an_equal_one_that_waits(db_app: Flask):
    first = deferred("test.fail", key="west")
    job = claimed()
    second = deferred("test.fail", key="west")
    with db.write():
        service.fail(job, "ValueError: no")
    assert (row(first).state, row(second).state) == ("failed", "waiting")


def test_the_job_of_a_silent_worker_goes_to_another_and_the_first_may_not_end_it(db_app: Flask):
    deferred(n=1)
    first = claimed("first")
    assert claimed("second") is None
    with time_machine.travel(clock.now() + service.LEASE + timedelta(seconds=1), tick=True):
        second = claimed("second")
        assert second.id == first.id and second.tries == 2
        for too_late in (service.finish, service.beat, lambda job: service.fail(job, "late")):
            with pytest.raises(service.Lost), db.write():
                too_late(first)
        with pytest.raises(service.Lost):
            first.progress(1, 2)
        with db.write():
            service.finish(second)
    assert row(first.id).state == "done"


def test_a_job_that_kills_every_worker_is_given_up(db_app: Flask):
    job = deferred(n=1)
    with time_machine.travel(clock.now(), tick=True) as traveller:
        for _n in range(service.TRIES):
            assert claimed().id == job
            traveller.shift(service.LEASE + timedelta(seconds=1))
        assert claimed() is None
    assert row(job).state == "failed" and "each time" in row(job).error


def test_a_long_job_keeps_its_lease(db_app: Flask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(worker, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(service, "LEASE", timedelta(seconds=0.25))
    job = deferred("test.slow")
    work_until(db_app, lambda: row(job).state == "done")
    assert row(job).tries == 1


def test_every_tick_is_called_with_the_name_of_the_worker_and_its_errors_reach_no_other(db_app: Flask, caplog):
    def broken(name: str) -> None:
        raise ValueError("this tick is broken")

    def greedy(name: str) -> bool:
        seen.append(name)
        return len(seen) < 5

    worker.every(3600, broken)
    worker.every(3600, greedy)
    work_until(db_app, lambda: len(seen) >= 5)
    assert len(seen) == 5, "more to do is done at once, and then it waits its hour"
    assert len(set(seen)) == 1 and seen[0].count(":") == 2
    assert "broken failed" in caplog.text


def test_a_tick_has_a_name():
    with pytest.raises(ValueError, match="name"):
        worker.every(1, lambda name: None)


def test_an_idle_worker_writes_nothing(db_app: Flask):
    statements: list[str] = []
    from sqlalchemy import event

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(db.engine(), "before_cursor_execute", listen)
    turns: list[str] = []
    worker.every(0.01, turns.append)
    work_until(db_app, lambda: len(turns) > 3)
    assert statements and all(statement.lstrip().startswith(("SELECT", "BEGIN")) for statement in statements)
    assert not any("IMMEDIATE" in statement for statement in statements)


def test_looking_for_work_uses_the_partial_indexes(db_app: Flask):
    _silent, free = service._free()
    query = select(Job.id).where(free).compile(db.engine(), compile_kwargs={"literal_binds": True})
    connection = db.session().connection()
    if db.engine().dialect.name == "sqlite":
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")]
    else:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # the table is empty: reading it would be cheaper
        plan = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {query}")]
    assert "ix_job_waiting" in str(plan) and "ix_job_running" in str(plan)


def test_hundred_jobs_are_done_by_two_workers_at_once(db_app: Flask):
    with db.write():
        for n in range(100):
            service.defer("test.note", {"n": n})

    def finished() -> bool:
        db.end_read()
        return db.session().scalar(select(func.count()).where(Job.state == "done")) == 100

    stop = threading.Event()

    def run() -> None:
        with db_app.app_context():
            worker.run(stop)

    other = threading.Thread(target=run)
    other.start()
    try:
        work_until(db_app, finished)
    finally:
        stop.set()
        other.join()
    assert sorted(seen) == list(range(100))
