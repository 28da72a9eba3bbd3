"""Making a backup while everything runs, and putting one back into an empty place."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, Any

from flask import current_app
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from config import ROOT, Config
from lms import clock, db, migrate
from lms.backup import tables
from lms.backup.archive import FORMAT, PIECE, Damaged, Reader, Writer
from lms.files import service as files
from lms.policy import Refusal

Tell = Callable[[str], None]

# What belongs to the place and not to the programme: where it lies, and how its database is reached.
OF_THE_PLACE = frozenset({"data_dir", "content_dir", "database_url", "demo"})
# Keys that sign certificates, when there are some, are named here too: they leave only where somebody asks for them.
SECRETS = frozenset({"secret_key"})


@dataclass(frozen=True)
class Made:
    """What a backup holds. `damaged`: stored files that are not in it, as (hash, name, what is wrong)."""

    tables: int
    rows: int
    files: int
    damaged: tuple[tuple[str, str, str], ...]
    left_out: tuple[str, ...]  # tables that are not ours


@dataclass(frozen=True)
class Look:
    """What an archive says of itself, proved."""

    version: str
    revision: str
    database: str
    at: str
    tables: dict[str, int]  # their rows
    files: int
    files_size: int
    missing: tuple[str, ...]
    secrets: bool

    @property
    def rows(self) -> int:
        return sum(self.tables.values())


def version() -> str:
    """Duramen's version. From the source, which always lies beside us: an installation may still say an older one."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])


def same_secret(manifest: dict[str, Any], secret: str) -> bool:
    return bool(manifest["secret"] == _trace(secret))


def _trace(secret: str) -> str:
    """By what a secret is known again and cannot be found: slow on purpose."""
    return hashlib.pbkdf2_hmac("sha256", secret.encode(), b"duramen backup", 200_000).hex()


# --- making one ---------------------------------------------------------------------------------------


def make(file: IO[bytes], with_secrets: bool, tell: Tell) -> Made:
    """Write all of it into an open, empty file.

    First the database, as it is at one moment; then the files that it names at that moment: their bytes never change,
    and one that was removed for good meanwhile is not missed. Raises `Refusal` where there is nothing, or something of
    a newer Duramen.
    """
    writer = Writer(file)
    try:
        return _write(writer, current_app.config["LMS"], with_secrets, tell)
    except BaseException:
        writer.abandon()
        raise


def _write(writer: Writer, config: Config, with_secrets: bool, tell: Tell) -> Made:
    at = clock.now()
    with db.engine().connect() as connection:
        tables.reading(connection)
        revision = _revision(connection)
        wanted, left_out = _ours(connection, revision)
        described = {name: _table(writer, connection, name, tell) for name in wanted}
        named = _named(connection, described["stored_file"]["columns"]) if "stored_file" in described else {}
    kept, damaged = 0, []
    for number, (sha256, (size, name)) in enumerate(named.items(), 1):
        tell(f"files: {number} of {len(named)}")
        if wrong := _keep(writer, sha256, size):
            damaged.append((sha256, name, wrong))
        else:
            kept += f"files/{sha256}" in writer.entries
    writer.add("settings.json", [_json(_settings(config))])
    if with_secrets:
        writer.add("secrets.json", [_json(_secrets(config))])
    writer.close(
        {
            "format": FORMAT,
            "version": version(),
            "revision": revision,
            "database": db.engine().dialect.name,
            "at": at.isoformat(timespec="seconds"),
            "secret": _trace(config.secret_key),
            "tables": described,
            "missing": [sha256 for sha256, _name, _wrong in damaged],
        }
    )
    rows = sum(table["rows"] for table in described.values())
    return Made(len(described), rows, kept, tuple(damaged), left_out)


def _revision(connection: Connection) -> str:
    revision = migrate.stands_at(connection)
    if revision is None:
        raise Refusal("empty", "There is nothing to back up: the database has no tables of Duramen.")
    if revision not in migrate.known():
        raise Refusal("newer", f"The database is of a newer Duramen (its tables are {revision}). Back it up with that.")
    return revision


def _ours(connection: Connection, revision: str) -> tuple[list[str], tuple[str, ...]]:
    """The tables to be kept, and those of somebody else. Before a migration it is not known which are ours: all."""
    there = tables.names(connection)
    if revision != migrate.newest():
        return there, ()
    ours = set(db.Base.metadata.tables)
    return [name for name in there if name in ours], tuple(name for name in there if name not in ours)


def _table(writer: Writer, connection: Connection, name: str, tell: Tell) -> dict[str, Any]:
    rows = 0

    def count(done: int) -> None:
        nonlocal rows
        rows = done
        tell(f"{name}: {done} rows")

    kinds = tables.columns(connection, name)
    writer.add(f"tables/{name}.jsonl", tables.rows_out(connection, name, kinds, count))
    return {"rows": rows, "columns": kinds}


def _named(connection: Connection, kinds: dict[str, str]) -> dict[str, tuple[int, str]]:
    """Size and name of the stored files that have their bytes, by hash."""
    where = " WHERE removed_at IS NULL" if "removed_at" in kinds else ""
    found = connection.exec_driver_sql(f"SELECT sha256, size, name FROM stored_file{where}")
    return {str(row[0]): (int(row[1]), str(row[2])) for row in found}


def _keep(writer: Writer, sha256: str, size: int) -> str:
    """Put one stored file into the archive; what is wrong with it, if anything is: then it is not there."""
    try:
        # Held open: were it swept in this instant, its bytes are here still.
        file = files.path_of(sha256).open("rb")
    except OSError as error:
        return "" if _removed_meanwhile(sha256) else f"cannot be read: {error.strerror}"
    with file:
        try:
            found, length = hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        if (found, length) != (sha256, size):
            return f"holds {length} bytes that are not the {size} stored"
        file.seek(0)
        if writer.add(f"files/{sha256}", iter(lambda: file.read(PIECE), b""), packed=False) != sha256:
            raise Refusal("changed", f"The stored file {sha256} changed while it was read. Try again.")
    return ""


def _removed_meanwhile(sha256: str) -> bool:
    with db.engine().connect() as connection:
        if "removed_at" not in tables.columns(connection, "stored_file"):
            return False
        mark = "?" if connection.dialect.name == "sqlite" else "%s"
        query = f"SELECT count(*) FROM stored_file WHERE removed_at IS NULL AND sha256 = {mark}"
        return connection.exec_driver_sql(query, (sha256,)).scalar() == 0


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


def _settings(config: Config) -> dict[str, Any]:
    """The settings that are neither secret nor of the place; a mail server's address without its password."""
    names = [field.name for field in fields(Config) if field.name not in OF_THE_PLACE | SECRETS]
    found = {name: getattr(config, name) for name in names if getattr(config, name) != getattr(Config, name)}
    if _password_in(config.mail_url):
        user, _at, host = config.mail_url.rpartition("@")
        found["mail_url"] = f"{user.rpartition(':')[0]}@{host}"
    return found


def _secrets(config: Config) -> dict[str, Any]:
    found = {name: getattr(config, name) for name in SECRETS}
    if _password_in(config.mail_url):
        found["mail_url"] = config.mail_url
    return found


def _password_in(url: str) -> bool:
    return ":" in url.partition("//")[2].rpartition("@")[0]


def lacks_password(url: str) -> bool:
    """Whether it names an account, as it stands in a backup without secrets."""
    return "@" in url and not _password_in(url)


# --- checking one -------------------------------------------------------------------------------------


def look(reader: Reader, tell: Tell) -> Look:
    """Prove every byte of an archive, and that this Duramen can load it. Raises `Refusal`."""
    manifest = reader.manifest
    if manifest["format"] > FORMAT or _numbers(manifest["version"]) > _numbers(version()):
        raise _newer(manifest)
    if manifest["revision"] not in migrate.known():
        raise _newer(manifest)
    for number, name in enumerate(reader.entries, 1):
        tell(f"checking: {number} of {len(reader.entries)}")
        digest = hashlib.sha256()
        for piece in reader.pieces(name):
            digest.update(piece)
        if name.startswith("files/") and digest.hexdigest() != name.removeprefix("files/"):
            raise Damaged(f"The archive's {name} is not the file of that name.")
    kept = [entry["size"] for name, entry in reader.entries.items() if name.startswith("files/")]
    return Look(
        version=manifest["version"],
        revision=manifest["revision"],
        database=manifest["database"],
        at=manifest["at"],
        tables={name: table["rows"] for name, table in manifest["tables"].items()},
        files=len(kept),
        files_size=sum(kept),
        missing=tuple(str(sha256) for sha256 in manifest["missing"]),
        secrets="secrets.json" in reader.entries,
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _newer(manifest: dict[str, Any]) -> Refusal:
    return Refusal(
        "newer",
        f"This archive is of a newer Duramen ({manifest['version']}, tables {manifest['revision']}); "
        f"here is {version()}. Restore it with that version or a newer one.",
    )


def settings_of(reader: Reader) -> dict[str, Any]:
    """The archive's settings, its secrets among them if it has any; none that is not a programme's.

    Raises `Refusal`.
    """
    found = {**reader.json("settings.json"), **reader.json("secrets.json")}
    known = {field.name for field in fields(Config)} - OF_THE_PLACE
    if wrong := sorted(name for name, value in found.items() if name not in known or not _plain(value)):
        raise Damaged(f"The archive has settings that no programme has: {', '.join(wrong)}.")
    return found


def _plain(value: object) -> bool:
    """Whether it can stand in a file of settings."""
    if isinstance(value, str):
        return not any("\ud800" <= letter <= "\udfff" for letter in value)  # halves of letters, which JSON can say
    if isinstance(value, list):
        return all(isinstance(part, str) and _plain(part) for part in value)
    return isinstance(value, int)


# --- putting one back ---------------------------------------------------------------------------------


@contextmanager
def restoring(reader: Reader, tell: Tell) -> Iterator[None]:
    """Load an archive that `look` has proved. What the caller does inside happens before it is final.

    The rows and the files go in before the one transaction ends, so that a process that is killed leaves an empty
    database, and at most files that a second try finds there; an error leaves neither. Raises `Refusal` where the
    database or the folder of files is not empty, or in use.
    """
    _refuse_files_of_others(reader)
    _refuse_if_too_small(reader)
    _refuse_if_in_use()
    made: list[Path] = []
    try:
        with _failing_in_words(), migrate.changing() as connection:
            _refuse_if_not_empty(connection)
            _load(connection, reader, tell)
            _put_files(reader, made, tell)
            tell("")
            yield
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise


@contextmanager
def _failing_in_words() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        first = str(error.orig).strip().splitlines()[0]
        raise Refusal("database", f"The database did not take it: {first}. Nothing was changed.") from None
    except RuntimeError as error:
        raise Refusal("references", f"The archive cannot be loaded: {error}. Nothing was changed.") from None


def _refuse_files_of_others(reader: Reader) -> None:
    """Files of ours are there already, and not from a try at this very archive that was broken off."""
    folder = current_app.config["LMS"].data_dir / "files"
    for path in folder.glob("*/*"):
        if path.suffix != ".tmp" and f"files/{path.parent.name}{path.name}" not in reader.entries:
            raise Refusal("files", f"{folder} has files already. Restore into an empty place. Nothing was changed.")


def _refuse_if_too_small(reader: Reader) -> None:
    """The disk cannot hold it: better known before than in the middle."""
    folder = current_app.config["LMS"].data_dir
    needed = sum(
        entry["size"]
        for name, entry in reader.entries.items()
        if name.startswith("files/") or db.engine().dialect.name == "sqlite"
    )
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise Refusal("full", f"This needs about {needed} bytes in {folder}, and {free} are free. Nothing was changed.")


def _refuse_if_in_use() -> None:
    """A server runs on this database: it must not find other tables under its feet."""
    engine = db.engine()
    if engine.dialect.name == "sqlite":
        db.forget()
        engine.dispose()
        with closing(sqlite3.connect(str(engine.url.database), timeout=2, isolation_level=None)) as alone:
            try:
                # SQLite leaves its log only for one that is alone; the next connection takes it up again.
                alone.execute("PRAGMA journal_mode=DELETE")
            except sqlite3.OperationalError as error:
                raise Refusal(
                    "in_use", f"The database is in use ({error}). Stop the server first: lms serve."
                ) from None
            except sqlite3.DatabaseError as error:
                raise Refusal("no_database", f"{engine.url.database} is no database of SQLite: {error}.") from None
        return
    with engine.connect() as connection:
        others = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        ).scalar()
    if others:
        raise Refusal("in_use", f"The database is in use by {others} others. Stop the server first: lms serve.")


def _refuse_if_not_empty(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7302013)")  # two at once: the second waits, and sees
    quoted = connection.dialect.identifier_preparer.quote
    for name in tables.names(connection):
        if connection.exec_driver_sql(f"SELECT 1 FROM {quoted(name)} LIMIT 1").first():
            raise Refusal(
                "not_empty",
                f"The database is not empty ({name} has rows). Restore into an empty one. Nothing was changed.",
            )


def _load(connection: Connection, reader: Reader, tell: Tell) -> None:
    """The tables of the archive's day, its rows in them, and then whatever later migrations make of both."""
    manifest = reader.manifest
    stands = migrate.stands_at(connection)
    if stands != manifest["revision"]:
        if stands is not None:
            migrate.run(connection, "base", "downgrade")
        migrate.run(connection, manifest["revision"])
    there = {name: tables.columns(connection, name) for name in tables.names(connection)}
    given = {name: table["columns"] for name, table in manifest["tables"].items()}
    if there.keys() != given.keys() or any(set(there[name]) != set(given[name]) for name in there):
        wrong = sorted(there.keys() ^ given.keys()) or [name for name in there if set(there[name]) != set(given[name])]
        raise Damaged(f"The archive's tables are not those of {manifest['revision']}: {', '.join(wrong)}.")
    with tables.Unbound(connection):
        for name, columns in given.items():
            tell(f"{name}: {manifest['tables'][name]['rows']} rows")
            kinds = {column: there[name][column] for column in columns}
            if kinds != columns:
                raise Damaged(f"The archive's table {name} has other kinds of values than this Duramen's.")
            loaded = tables.rows_in(connection, name, kinds, reader.lines(f"tables/{name}.jsonl"))
            if loaded != manifest["tables"][name]["rows"]:
                raise Damaged(f"The archive's table {name} has not the rows that its manifest says.")
    if manifest["revision"] != migrate.newest():
        migrate.run(connection, "head")


def _put_files(reader: Reader, made: list[Path], tell: Tell) -> None:
    names = [name.removeprefix("files/") for name in reader.entries if name.startswith("files/")]

    def given() -> Iterator[tuple[str, Iterator[bytes]]]:
        for number, sha256 in enumerate(names, 1):
            tell(f"files: {number} of {len(names)}")
            yield sha256, reader.pieces(f"files/{sha256}")

    for path in files.keep_all(given()):
        made.append(path)
