"""SIGKILL of the worker while it makes certificates: nothing is lost, nothing is made twice."""

import hashlib
import multiprocessing
import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import make
import pytest
from evidence import completion
from flask import Flask
from settings import make_config
from sqlalchemy import func, select, update

from lms import create_app, db, migrate
from lms.certificates import rendering  # noqa: F401 - loaded once, before the workers are forked
from lms.certificates.models import Certificate
from lms.files import service as files
from lms.files.models import StoredFile
from lms.jobs import worker
from lms.learning.signals import completed
from lms.mail.models import Notice, OutboxMessage

pytestmark = pytest.mark.kill

CERTIFICATES = 40


def work(app: Flask) -> None:
    """A worker, as a process of its own (forked, so that it need not load everything for each of its lives)."""
    db.engine().dispose(close=False)
    with app.app_context():
        worker.run(threading.Event())


def states() -> Counter[str]:
    db.end_read()
    rows = db.session().execute(select(Certificate.state, func.count()).group_by(Certificate.state)).all()
    db.end_read()
    return Counter(dict(map(tuple, rows)))


def give_claims_back() -> None:
    """Two minutes pass: the claims of dead workers run out. (The worker's clock is the machine's.)"""
    with db.write() as s:
        s.execute(update(Certificate).where(Certificate.state == "waiting").values(lease_until=None))


def test_forty_certificates_and_a_worker_that_is_killed_again_and_again(tmp_path: Path):
    config = make_config(tmp_path)
    app = create_app(config, TESTING=True)
    migrate.upgrade()
    chance = random.Random(8)
    with app.app_context():
        people = [make.person(f"Trainee {n}") for n in range(CERTIFICATES)]
        with db.write():
            for person in people:
                completed.send(completion(person))
        db.forget()
        kills = 0
        end = time.monotonic() + 240
        while states()["issued"] < CERTIFICATES:
            assert time.monotonic() < end
            process = multiprocessing.get_context("fork").Process(target=work, args=(app,))
            db.forget()
            db.engine().dispose()
            process.start()
            # End it anywhere: before it took one up, while it renders, writes, tells. Later lives are longer, or none
            # would ever issue one on a machine that has much else to do.
            time.sleep(chance.uniform(0, 0.6 + kills / 40))
            os.kill(process.pid or 0, signal.SIGKILL)
            process.join()
            kills += 1
            give_claims_back()
        assert kills >= 8, "it was not killed often enough to say anything"
        assert states() == Counter(issued=CERTIFICATES)
        certificates = db.session().scalars(select(Certificate)).all()
        stored = {row.id: row for row in db.session().scalars(select(StoredFile))}
        assert Counter(held.file_id for held in certificates) == Counter(list(stored))
        assert len({held.code for held in certificates}) == CERTIFICATES
        for row in stored.values():
            data = files.proved(row)
            assert data.startswith(b"%PDF-") and hashlib.sha256(data).hexdigest() == row.sha256
        # Killed between the bytes and the row, it made the same bytes again: nothing lies there unclaimed.
        folder = tmp_path / "files"
        lying = {path.parent.name + path.name for path in folder.glob("*/*") if path.suffix != ".tmp"}
        assert lying == {row.sha256 for row in stored.values()}
        assert db.session().scalar(select(func.count()).select_from(Notice)) == CERTIFICATES
        assert db.session().scalar(select(func.count()).select_from(OutboxMessage)) == CERTIFICATES
    db.forget()
    db.engine().dispose()
