"""Files: bytes first, then the row; what is given out is what was stored."""

import hashlib
import logging
import threading
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from lms import db
from lms.files import service
from lms.files.models import StoredFile
from lms.policy import Refusal


def kept(data: bytes = b"%PDF- a certificate", name: str = "certificate.pdf") -> UUID:
    with db.write():
        return service.store(data, "application/pdf", name)


def test_what_is_stored_is_read_again(db_app: Flask):
    data, row = service.read(kept(b"abc", "a.pdf"))
    assert data == b"abc"
    assert (row.size, row.name, row.media_type) == (3, "a.pdf", "application/pdf")
    path = service.path_of(hashlib.sha256(b"abc").hexdigest())
    assert path.read_bytes() == b"abc"
    assert path.parent.name == "ba" and path.parent.parent == db_app.config["LMS"].data_dir / "files"


def test_equal_bytes_share_one_place_and_keep_their_own_rows(db_app: Flask):
    one, other = kept(b"same bytes", "one.pdf"), kept(b"same bytes", "other.pdf")
    assert one != other
    assert service.read(one)[1].sha256 == service.read(other)[1].sha256
    place = service.path_of(hashlib.sha256(b"same bytes").hexdigest())
    assert [path.name for path in place.parent.iterdir()] == [place.name]


def test_a_file_is_stored_only_inside_of_a_transaction(db_app: Flask):
    with pytest.raises(RuntimeError):
        service.store(b"x", "text/plain", "x.txt")


def test_a_rolled_back_transaction_leaves_no_row(db_app: Flask):
    with pytest.raises(ZeroDivisionError), db.write():
        service.store(b"rolled back", "text/plain", "x.txt")
        raise ZeroDivisionError
    assert db.session().scalar(select(func.count()).select_from(StoredFile)) == 0


def test_a_file_that_is_not_there_is_refused(db_app: Flask):
    with pytest.raises(Refusal) as refusal:
        service.read(db.new_id())
    assert (refusal.value.code, refusal.value.status) == ("no_file", 404)


@pytest.mark.parametrize("harm", ["removed", "shortened", "changed", "a folder"])
def test_damaged_bytes_are_refused_and_logged(db_app: Flask, caplog: pytest.LogCaptureFixture, harm: str):
    key = kept(b"precious bytes")
    path = service.path_of(hashlib.sha256(b"precious bytes").hexdigest())
    path.unlink()
    if harm == "a folder":
        path.mkdir()
    elif harm != "removed":
        path.write_bytes(b"precious" if harm == "shortened" else b"precious byteS")
    try:
        with caplog.at_level(logging.ERROR), pytest.raises(Refusal) as refusal:
            service.read(key)
        assert refusal.value.code == "file_damaged"
        assert str(key) in caplog.text
    finally:
        path.rmdir() if harm == "a folder" else path.unlink(missing_ok=True)


def test_storing_again_repairs_what_was_damaged(db_app: Flask):
    key = kept(b"whole again")
    service.path_of(hashlib.sha256(b"whole again").hexdigest()).write_bytes(b"broken")
    kept(b"whole again")
    assert service.read(key)[0] == b"whole again"


def test_many_threads_that_keep_the_same_bytes_leave_one_file(db_app: Flask):
    data = b"at once" * 10000

    def keep() -> None:
        with db_app.app_context():
            service.keep(data)

    threads = [threading.Thread(target=keep) for _n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    path = service.path_of(hashlib.sha256(data).hexdigest())
    assert path.read_bytes() == data
    assert not list(path.parent.glob("*.tmp"))


def test_a_full_disk_leaves_nothing_half_written(db_app: Flask, monkeypatch: pytest.MonkeyPatch):
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("lms.files.service.os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            kept(b"does not fit")
    path = service.path_of(hashlib.sha256(b"does not fit").hexdigest())
    assert not path.exists() and not list(path.parent.glob("*.tmp"))


def test_a_download_carries_its_name_in_every_script_and_is_never_kept_on_the_way(db_app: Flask):
    key = kept(b"abc", "ليلى حدّاد, DRM-1.pdf")
    with db_app.test_request_context():
        response = service.send(key)
        assert response.get_data() == b"abc"
    disposition = response.headers["Content-Disposition"]
    assert disposition.startswith("attachment") and "filename*=UTF-8''%D9%84" in disposition
    assert disposition.isascii()
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["Content-Length"] == "3"


def test_what_a_killed_process_left_is_swept_after_a_day_and_not_before(db_app: Flask):
    kept(b"stays")
    folder = service.path_of(hashlib.sha256(b"stays").hexdigest()).parent
    left = folder / "half.tmp"
    left.write_bytes(b"half")
    assert service.sweep() == 0 and left.exists()
    assert service.sweep(older_than_seconds=-1) == 1 and not left.exists()
