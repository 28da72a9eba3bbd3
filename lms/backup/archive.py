"""The file of a backup: a ZIP with a manifest, sealed by a hash of all its bytes.

    tables/<table>.jsonl   the rows, a JSON list each (see `tables`)
    files/<sha256>         stored files, as they are
    settings.json          settings that are no secret
    secrets.json           only where it was asked for
    manifest.json          the last entry: what this is, and of every other entry its size and SHA-256

The ZIP's comment, which is the file's end, is `Duramen backup ` and the SHA-256 of every byte before those 64 digits:
one bit that is not as it was written is noticed before anything is read. The seal tells of accidents. It is no
signature, so what an archive says is still tried against what may be in it: nothing is ever written under a name that
comes from it, only entries of the names above are read, and none beyond the size that the manifest gives it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import stat
import zlib
from collections.abc import Iterable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from lms import clock
from lms.policy import Refusal

FORMAT = 1
PIECE = 1 << 18
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 1 << 28  # a million stored files take half of it
LONGEST_LINE = 1 << 26
NAMES = re.compile(r"manifest\.json|settings\.json|secrets\.json|tables/[a-z0-9_]{1,63}\.jsonl|files/[0-9a-f]{64}")
_MARK = b"Duramen backup "
_DIGITS = 64


class Damaged(Refusal):
    """The file is no backup, or not as it was written."""

    def __init__(self, message: str) -> None:
        super().__init__("archive", message)


# --- writing ------------------------------------------------------------------------------------------


class Writer:
    """An archive that is being written; each entry is added once, in pieces, and never whole in memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = ZipFile(file, "w", ZIP_DEFLATED, compresslevel=4)
        self._zip.comment = _MARK + b"0" * _DIGITS
        self.entries: dict[str, dict[str, Any]] = {}

    def add(self, name: str, pieces: Iterable[bytes], packed: bool = True) -> str:
        """Write an entry; its SHA-256. `packed` is for what gets smaller: a PDF does not."""
        size = self._write(name, pieces, packed, digest := hashlib.sha256())
        self.entries[name] = {"size": size, "sha256": digest.hexdigest()}
        return digest.hexdigest()

    def abandon(self) -> None:
        """It failed: have the ZIP not try to end itself when it is cleared away."""
        self._zip.fp = None

    def close(self, manifest: dict[str, Any]) -> None:
        whole = {**manifest, "entries": self.entries}
        text = json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
        self._write(MANIFEST, [text], True, hashlib.sha256())
        self._zip.close()

    def _write(self, name: str, pieces: Iterable[bytes], packed: bool, digest: Any) -> int:
        if not NAMES.fullmatch(name) or name in self.entries:
            raise ValueError(f"no name for an entry: {name}")
        info, size = ZipInfo(name, clock.now().timetuple()[:6]), 0
        info.external_attr = (stat.S_IFREG | 0o600) << 16
        info.compress_type = ZIP_DEFLATED if packed else ZIP_STORED
        with self._zip.open(info, "w", force_zip64=True) as entry:
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                entry.write(piece)
        return size


@contextlib.contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """A file that will be `path` when all of it is on the disk, and is not there before; readable by its owner alone.

    Written beside it. A killed process leaves `.<name>.<letters>.part`, an error nothing. Raises `Refusal` where there
    is such a file already, and `OSError` where the disk is full or cannot be written.
    """
    if path.exists():
        raise Refusal("there", f"{path} is there already. Nothing was changed.")
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            _seal(file)
            os.fsync(file.fileno())
        _name(part, path)
    finally:
        part.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _name(part: Path, path: Path) -> None:
    """Give the finished file its name, and never one that was taken meanwhile."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise Refusal("there", f"{path} came to be meanwhile. Nothing was changed.") from None
    except OSError:  # a disk without hard links
        if path.exists():
            raise Refusal("there", f"{path} came to be meanwhile. Nothing was changed.") from None
        part.rename(path)


def _seal(file: IO[bytes]) -> None:
    size = file.seek(0, os.SEEK_END)
    digits = _digest(file, size - _DIGITS).encode()
    file.seek(size - _DIGITS)
    file.write(digits)
    file.flush()


def _digest(file: IO[bytes], size: int) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while size and (piece := file.read(min(size, PIECE))):
        digest.update(piece)
        size -= len(piece)
    return digest.hexdigest()


# --- reading ------------------------------------------------------------------------------------------


class Reader:
    """An archive that was written before: its manifest, its entries."""

    def __init__(self, file: IO[bytes]) -> None:
        """Raises `Damaged`: no archive, cut off, changed, or with anything in it that no archive has."""
        _check_seal(file)
        with _reading():
            self._zip = ZipFile(file)
            infos = {info.filename: info for info in self._zip.infolist()}
            if len(infos) != len(self._zip.infolist()):
                raise Damaged("The archive holds two entries of one name.")
            for name, info in infos.items():
                if not NAMES.fullmatch(name) or info.orig_filename != name:
                    raise Damaged(f"The archive holds {name!r}, which is none of a backup. Nothing was read from it.")
                kind = stat.S_IFMT(info.external_attr >> 16)
                if kind not in (0, stat.S_IFREG) or info.flag_bits & 1:
                    raise Damaged(f"The archive's {name} is no plain file. Nothing was read from it.")
                if name.startswith("files/") and info.compress_type != ZIP_STORED:
                    raise Damaged(f"The archive's {name} is packed, which stored files are not.")
            if MANIFEST not in infos:
                raise Damaged("The archive has no manifest.")
            if infos[MANIFEST].file_size > LARGEST_MANIFEST:
                raise Damaged("The archive's manifest is too long.")
            with self._zip.open(MANIFEST) as entry:
                text = entry.read(LARGEST_MANIFEST)
            self.manifest: dict[str, Any] = _manifest(text)
            self.entries: dict[str, dict[str, Any]] = self.manifest["entries"]
            if set(self.entries) != set(infos) - {MANIFEST}:
                raise Damaged("The archive's entries are not those of its manifest.")
            for name, given in self.entries.items():
                if infos[name].file_size != given["size"]:
                    raise Damaged(f"The archive's {name} has not the size that its manifest says.")

    def pieces(self, name: str) -> Iterator[bytes]:
        """An entry's bytes, proved while they are read, never more than the manifest says. Raises `Damaged`."""
        left, digest = self.entries[name]["size"], hashlib.sha256()
        with _reading(), self._zip.open(name) as entry:
            while piece := entry.read(min(PIECE, left + 1)):
                left -= len(piece)
                if left < 0:
                    raise Damaged(f"The archive's {name} is longer than its manifest says.")
                digest.update(piece)
                yield piece
        if left or digest.hexdigest() != self.entries[name]["sha256"]:
            raise Damaged(f"The archive's {name} is damaged.")

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of an entry that was proved before."""
        with _reading(), self._zip.open(name) as entry:
            buffered = BufferedReader(cast(Any, entry), PIECE)
            while line := buffered.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE:
                    raise Damaged(f"The archive's {name} has a line that is too long.")
                yield line

    def json(self, name: str) -> dict[str, Any]:
        """A small entry of JSON; {} where there is none."""
        if name not in self.entries:
            return {}
        if self.entries[name]["size"] > PIECE:
            raise Damaged(f"The archive's {name} is too long.")
        with _reading():
            found = json.loads(b"".join(self.pieces(name)))
            if not isinstance(found, dict):
                raise Damaged(f"The archive's {name} is not what a backup has there.")
            return found


@contextlib.contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except (
        BadZipFile,
        zlib.error,
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        NotImplementedError,
        RecursionError,
    ) as e:
        raise Damaged(f"The archive is damaged: {e}") from None


def _check_seal(file: IO[bytes]) -> None:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _DIGITS - len(_MARK)))
    mark, digits = file.read(len(_MARK)), file.read(_DIGITS)
    file.seek(0)
    if mark != _MARK:
        if file.read(2) == b"PK":
            raise Damaged("The archive is cut off or damaged, or it is no backup of Duramen.")
        raise Damaged("This is no backup of Duramen.")
    if _digest(file, size - _DIGITS).encode() != digits:
        raise Damaged("The archive is damaged: its bytes are not those that were written. Take another copy of it.")


def _manifest(text: bytes) -> dict[str, Any]:
    """The manifest, proved in its shape. Raises `Damaged`."""
    found = json.loads(text)
    shape = {"format": int, "version": str, "revision": str, "database": str, "at": str, "secret": str}
    for name, kind in {**shape, "tables": dict, "missing": list, "entries": dict}.items():
        if not isinstance(found, dict) or type(found.get(name)) is not kind:
            raise Damaged(f"The archive's manifest does not say its {name}.")
    for given in found["entries"].values():
        if type(given["size"]) is not int or given["size"] < 0 or not re.fullmatch(r"[0-9a-f]{64}", given["sha256"]):
            raise Damaged("The archive's manifest does not say what is in it.")
    named = {f"tables/{name}.jsonl" for name in found["tables"]}
    if named != {name for name in found["entries"] if name.startswith("tables/")}:
        raise Damaged("The archive's tables are not those of its manifest.")
    for table in found["tables"].values():
        if type(table["rows"]) is not int or not isinstance(table["columns"], dict) or not table["columns"]:
            raise Damaged("The archive's manifest does not say what its tables are.")
    return cast(dict[str, Any], found)
