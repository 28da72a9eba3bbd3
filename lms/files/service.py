"""Keeping files: bytes first, then the row; what is given out is what was stored, or it is not given out."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

from flask import Response, current_app
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import aliased

from lms import clock, db
from lms.files.models import StoredFile
from lms.policy import Refusal


def path_of(sha256: str) -> Path:
    """Where the bytes of that hash lie: `files/ab/cdef…` in the data folder."""
    folder: Path = current_app.config["LMS"].data_dir / "files" / sha256[:2]
    return folder / sha256[2:]


def keep(data: bytes) -> str:
    """Put bytes on the disk, and be sure that they lie there; their SHA-256.

    Needs no transaction and holds none up: large bytes are best kept before `write()` is opened. Written to
    a temporary file in the same folder, synced, renamed, and the folders synced, so that a place on disk
    holds all of its bytes or does not exist. Raises `OSError` where the disk is full or read-only.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    path = path_of(sha256)
    if path.exists() and path.read_bytes() == data:
        os.utime(path)  # wanted anew: the sweep leaves it alone
        return sha256
    _place(path, [data])
    for folder in (path.parent, path.parent.parent):
        _sync(folder)
    return sha256


def keep_all(given: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[Path]:
    """Put many on the disk, whose bytes come in pieces and are proved by whoever gives them with their hash; where
    those lie that were not there yet. As `keep`, but all folders are synced at the end: two thirds of the time."""
    folders: set[Path] = set()
    for sha256, pieces in given:
        path = path_of(sha256)
        if not _holds(path, sha256):
            _place(path, pieces)
            folders |= {path.parent, path.parent.parent}
            yield path
    for folder in folders:
        _sync(folder)


def _holds(path: Path, sha256: str) -> bool:
    if not path.exists():
        return False
    with path.open("rb") as there:
        return hashlib.file_digest(there, "sha256").hexdigest() == sha256


def _place(path: Path, pieces: Iterable[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def store(data: bytes, media_type: str, name: str) -> UUID:
    """Keep a file: its bytes, and then its row in the transaction that is open; the row's id."""
    s = db.need_write()
    row = StoredFile(
        id=db.new_id(),
        sha256=keep(data),
        size=len(data),
        media_type=media_type,
        name=name[:255],
        created_at=clock.now(),
    )
    s.add(row)
    s.flush()
    return row.id


def read(file_id: UUID) -> tuple[bytes, StoredFile]:
    """A file's bytes and its row.

    Raises `Refusal("no_file")` where there is no such row, and what `proved` raises.
    """
    row = rows([file_id]).get(file_id)
    if row is None:
        raise Refusal("no_file", _("There is no such file."), status=404)
    return proved(row), row


def rows(file_ids: Collection[UUID]) -> dict[UUID, StoredFile]:
    """The rows of files, by their ids: one statement."""
    found = db.session().scalars(select(StoredFile).where(StoredFile.id.in_(file_ids)))
    return {row.id: row for row in found}


def proved(row: StoredFile) -> bytes:
    """The bytes of a file, proved to be those that were stored.

    Raises `Refusal`: `file_removed`, where they were taken away at their owner's request; `file_damaged`, logged,
    where the disk no longer holds them.
    """
    if row.removed_at is not None:
        raise Refusal("file_removed", _("This file was removed for good, at the request of whom it was about."), 410)
    try:
        data = path_of(row.sha256).read_bytes()
    except OSError as error:
        wrong = f"cannot be read: {error.strerror}"
    else:
        if len(data) == row.size and hashlib.sha256(data).hexdigest() == row.sha256:
            return data
        wrong = f"holds {len(data)} bytes that are not the {row.size} stored"
    current_app.logger.error("file %s: %s %s", row.id, path_of(row.sha256), wrong)
    raise Refusal(
        "file_damaged",
        _("This file is damaged on our disk and is not handed out. Whoever runs the system can restore it."),
        status=500,
    )


def send(file_id: UUID) -> Response:
    """A file as a download: an attachment under its name, never guessed at, never kept on the way."""
    data, row = read(file_id)
    response = Response(data, mimetype=row.media_type)
    # RFC 5987: the name in UTF-8, and what is left of it in ASCII for those who read only that.
    names = {
        "filename": row.name.encode("ascii", "ignore").decode(),
        "filename*": f"UTF-8''{quote(row.name)}",
    }
    response.headers.set("Content-Disposition", "attachment", **names)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def remove(file_id: UUID) -> None:
    """Take a file's bytes away for good. From this transaction on nobody is handed them; the sweep takes them off the
    disk, unless another file has the very same. Its row stays, with hash and size and without a name."""
    row = db.need_write().get_one(StoredFile, file_id)
    row.name, row.removed_at = "", row.removed_at or clock.now()


def sweep(_worker: str = "", older_than_seconds: float = 86400) -> int:
    """A tick: remove temporary files that a killed process left behind, and bytes that no file has any more; how
    many. What was removed goes at once; what never had a row may be about to get one, and waits a day."""
    before = clock.now().timestamp() - older_than_seconds
    folder = current_app.config["LMS"].data_dir / "files"
    left = [path for path in folder.glob("*/*.tmp") if path.stat().st_mtime < before]
    left += [path for path in _unwanted(folder) if path.stat().st_mtime < before]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left) + sweep_removed()


def _unwanted(folder: Path) -> list[Path]:
    """What lies on the disk and no row knows: the bytes of a worker that was killed, or came too late."""
    there = {path.parent.name + path.name: path for path in folder.glob("??/*") if path.suffix != ".tmp"}
    known = set(db.session().scalars(select(StoredFile.sha256).where(StoredFile.removed_at.is_(None))))
    db.end_read()
    return [path for sha256, path in there.items() if sha256 not in known]


def sweep_removed(_worker: str = "") -> int:
    """A tick: take the bytes of removed files off the disk, where no other file has the same; how many."""
    other = aliased(StoredFile)
    wanted = select(other.id).where(other.sha256 == StoredFile.sha256, other.removed_at.is_(None)).exists()
    hashes = db.session().scalars(select(StoredFile.sha256).where(StoredFile.removed_at.is_not(None), ~wanted)).all()
    db.end_read()
    there = [path for path in map(path_of, set(hashes)) if path.exists()]
    for path in there:
        path.unlink(missing_ok=True)
        _sync(path.parent)
    return len(there)
