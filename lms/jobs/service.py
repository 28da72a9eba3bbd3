"""Deferring work and taking it up: a row is claimed under a lease, kept alive, finished, or tried again.

A job may run more than once (its worker may be killed after the work and before the row says so): what it
does rests on its own conditions and UNIQUE constraints, as everything here does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, exists, literal, or_, select, update
from sqlalchemy.orm import aliased

from lms import clock, db
from lms.jobs.models import Job

LEASE = timedelta(seconds=60)
TRIES = 5
# Written into the statement, not bound: only then does a database see that the partial indexes serve.
_WAITING = literal("waiting", literal_execute=True)
_RUNNING = literal("running", literal_execute=True)
# After the first, second, third and fourth failure.
_BACKOFF = (10, 40, 160, 640)


class Lost(Exception):
    """Another worker has taken this job over: stop, it is no longer ours."""


@dataclass(frozen=True)
class Running:
    """A job in our hands."""

    id: UUID
    kind: str
    data: dict[str, Any]
    tries: int
    worker: str

    def progress(self, done: int, total: int) -> None:
        """Say how far it is. In a transaction of its own; raises `Lost` where the job is no longer ours."""
        with db.write():
            _own(self, done_count=done, total=total, lease_until=clock.now() + LEASE)


Work = Callable[[Running], None]
_kinds: dict[str, Work] = {}


def kind(name: str) -> Callable[[Work], Work]:
    """Enter a kind of job: `kind("people.import")(function)`. The function opens its own transactions."""

    def enter(work: Work) -> Work:
        if _kinds.setdefault(name, work) is not work:
            raise ValueError(f"the kind of job {name} is entered twice")
        return work

    return enter


def work_of(name: str) -> Work:
    """The function of that kind. Raises `KeyError` where no room knows it."""
    return _kinds[name]


def defer(kind: str, data: dict[str, Any], key: str = "") -> UUID | None:
    """Put work off, in the transaction that needs it; the job's id.

    Jobs of one kind and one `key` wait once: None where such a job waits already.
    """
    if kind not in _kinds:
        raise KeyError(f"there is no kind of job {kind}")
    job_id, now = db.new_id(), clock.now()
    made = db.insert_once(Job, id=job_id, kind=kind, key=key, data=data, not_before=now, created_at=now)
    return job_id if made else None


def is_any() -> bool:
    """Whether there is something to claim: a read, so that an idle worker holds no writer up."""
    _silent, free = _free()
    return db.session().scalar(select(Job.id).where(free).limit(1)) is not None


def claim(worker: str) -> Running | None:
    """Take the oldest job that may be done now, or whose worker went silent; None where there is nothing.

    One conditional UPDATE: of any number of workers, one gets it.
    """
    s = db.need_write()
    silent, free = _free()
    _give_up(silent)
    oldest = select(Job.id).where(free).order_by(Job.not_before, Job.id).limit(1).with_for_update(skip_locked=True)
    row = s.execute(
        update(Job)
        .where(Job.id == oldest.scalar_subquery(), free)
        .values(state="running", worker=worker, lease_until=clock.now() + LEASE, tries=Job.tries + 1)
        .returning(Job.id, Job.kind, Job.data, Job.tries),
        execution_options={"synchronize_session": False},
    ).one_or_none()
    return Running(row.id, row.kind, row.data, row.tries, worker) if row else None


def _free() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The conditions *its worker went silent* and *may be taken now*."""
    now = clock.now()
    silent = and_(Job.state == _RUNNING, Job.lease_until < now)
    return silent, or_(and_(Job.state == _WAITING, Job.not_before <= now), silent)


def _give_up(silent: ColumnElement[bool]) -> None:
    """A job whose worker died each time is not tried for ever: it may be what kills it."""
    db.need_write().execute(
        update(Job)
        .where(silent, Job.tries >= TRIES)
        .values(state="failed", finished_at=clock.now(), error="Its worker ended in the middle of it, each time."),
        execution_options={"synchronize_session": False},
    )


def beat(job: Running) -> None:
    """Prolong the lease. Raises `Lost`."""
    _own(job, lease_until=clock.now() + LEASE)


def finish(job: Running) -> None:
    """The work is done. Raises `Lost`."""
    _own(job, state="done", finished_at=clock.now(), lease_until=None, error=None)


def fail(job: Running, error: str) -> None:
    """The work failed: again later, or, after the last try, failed for good with its error. Raises `Lost`.

    Where another job of its kind and key waits by now, that one is the next try.
    """
    values: dict[str, Any] = {"lease_until": None, "error": error[:1000]}
    if job.tries >= TRIES:
        _own(job, state="failed", finished_at=clock.now(), **values)
        return
    other = aliased(Job)
    another_waits = exists().where(
        other.kind == Job.kind, other.key == Job.key, other.key != "", other.state == "waiting"
    )
    later = clock.now() + timedelta(seconds=_BACKOFF[job.tries - 1])
    _own(job, state=case((another_waits, "failed"), else_="waiting"), not_before=later, **values)


def _own(job: Running, **values: Any) -> None:
    changed = db.need_write().execute(
        update(Job).where(Job.id == job.id, Job.worker == job.worker, Job.state == "running").values(**values),
        execution_options={"synchronize_session": False},
    )
    if not changed.rowcount:  # type: ignore[attr-defined]
        raise Lost(f"job {job.id} is no longer ours")
