"""The tables as lines of JSON, out of either database and into either.

Not `pg_dump` and not SQLite's own copy: a backup needs no client tool that may be missing or too old, is read by either
database (an office that outgrows SQLite moves with it), and can be read by eye in twenty years. It is as consistent as
theirs: everything is read in one transaction that sees one moment (SQLite in WAL mode by itself, PostgreSQL as
REPEATABLE READ, READ ONLY), while others go on writing.

What is read is what stands in the database, not what the models of today say, so that a database is backed up before it
is migrated, and an old backup loads into the tables of its day and is migrated with its rows in them.

A row is a list. Kinds of values, all as the two databases have them in common:

    id        32 hexadecimal digits
    text      a string
    integer   a number without a fraction
    number    a double, in the fewest digits that give it again
    boolean   true or false
    moment    `2026-03-15 12:00:00.000000`, in UTC
    date      `2026-03-15`
    json      the stored text, as it stands (in a string)
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from lms.policy import Refusal

BATCH = 1000
DRIVERS = (sqlite3.Error, psycopg.Error)
VERSIONS = "alembic_version"


def names(connection: Connection) -> list[str]:
    """The tables that are there, but for Alembic's."""
    return sorted(set(sa.inspect(connection).get_table_names()) - {VERSIONS})


def columns(connection: Connection, table: str) -> dict[str, str]:
    """The kinds of a table's columns, in their order. Raises `Refusal` for one that a backup does not know."""
    return {
        column["name"]: _kind(table, column["name"], column["type"])
        for column in sa.inspect(connection).get_columns(table)
    }


def _kind(table: str, column: str, found: Any) -> str:
    if isinstance(found, sa.Uuid) or (isinstance(found, sa.CHAR) and found.length == 32):
        return "id"
    for kind, known in (
        ("boolean", sa.Boolean),
        ("json", sa.JSON),
        ("moment", sa.DateTime),
        ("date", sa.Date),
        ("integer", sa.Integer),
        ("number", sa.Float),
        ("text", sa.String),
    ):
        if isinstance(found, known):
            return kind
    raise Refusal("column", f"A backup cannot hold the column {column} of the table {table}: it is {found}.")


# --- out ----------------------------------------------------------------------------------------------


def reading(connection: Connection) -> Connection:
    """The connection, so that all that is read on it is of one moment."""
    if connection.dialect.name != "postgresql":
        return connection
    options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    connection = connection.execution_options(**options)
    connection.exec_driver_sql("SET LOCAL TimeZone TO 'UTC'")
    return connection


def rows_out(
    connection: Connection, table: str, kinds: Mapping[str, str], count: Callable[[int], None]
) -> Iterator[bytes]:
    """A table's rows as lines, some hundred kilobytes at a time; `count` hears how many they are, so far."""
    quoted = connection.dialect.identifier_preparer.quote
    postgres = connection.dialect.name == "postgresql"
    listed = ", ".join(
        f"CAST({quoted(name)} AS TEXT)" if postgres and kind == "json" else quoted(name) for name, kind in kinds.items()
    )
    of = [_OUT[kind] for kind in kinds.values()]
    write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    done = 0
    streamed = {"stream_results": True, "max_row_buffer": BATCH}
    statement = f"SELECT {listed} FROM {quoted(table)}"
    with connection.exec_driver_sql(statement, None, execution_options=streamed) as found:
        for some in found.partitions(BATCH):
            lines = [
                write(
                    [value if value is None or out is None else out(value) for out, value in zip(of, row, strict=True)]
                )
                for row in some
            ]
            done += len(lines)
            count(done)
            yield ("\n".join(lines) + "\n").encode()


def _moment_out(value: datetime | str) -> str:
    """SQLite's text as it is; PostgreSQL's moment in the same form."""
    if isinstance(value, str):
        return value
    if value.tzinfo is not None:
        value = value.astimezone(UTC)
    return value.replace(tzinfo=None).isoformat(" ", "microseconds")


def _id_out(value: UUID | str) -> str:
    return value if isinstance(value, str) else value.hex


def _date_out(value: date | str) -> str:
    return value if isinstance(value, str) else value.isoformat()


_OUT: dict[str, Callable[[Any], Any] | None] = {
    "id": _id_out,
    "text": None,
    "integer": None,
    "number": None,
    "boolean": bool,
    "moment": _moment_out,
    "date": _date_out,
    "json": None,
}


# --- in -----------------------------------------------------------------------------------------------


def rows_in(connection: Connection, table: str, kinds: Mapping[str, str], lines: Iterable[bytes]) -> int:
    """Load rows into an empty table; how many. Raises `Refusal` where one does not fit."""
    quoted = connection.dialect.identifier_preparer.quote
    listed, into = ", ".join(map(quoted, kinds)), quoted(table)
    raw: Any = connection.connection.driver_connection
    read, done = _read(table, list(kinds.values()), lines), 0
    try:
        if connection.dialect.name == "postgresql":
            with raw.cursor() as cursor, cursor.copy(f"COPY {into} ({listed}) FROM STDIN") as copy:
                for row in read:
                    copy.write_row(row)
                    done += 1
            return done
        marks = ", ".join("?" * len(kinds))
        return int(raw.executemany(f"INSERT INTO {into} ({listed}) VALUES ({marks})", read).rowcount)
    except Refusal:
        raise
    except (*DRIVERS, DBAPIError, OverflowError) as error:
        first = str(error).strip().splitlines()[0]
        raise Refusal("row", f"A row of the archive's table {table} cannot be loaded here: {first}") from None


def _read(table: str, kinds: list[str], lines: Iterable[bytes]) -> Iterator[list[Any]]:
    fits = [_FITS[kind] for kind in kinds]
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            right = len(row) == len(fits) and all(
                value is None or fit(value) for fit, value in zip(fits, row, strict=True)
            )
        except (ValueError, TypeError, RecursionError):
            right = False
        if not right:
            raise Refusal("row", f"Line {number} of the archive's table {table} is not what its manifest says.")
        yield row


def _matches(pattern: str) -> Callable[[Any], Any]:
    found = re.compile(pattern).fullmatch
    return lambda value: type(value) is str and found(value)


def _is_json(value: Any) -> bool:
    json.loads(value)
    return True


_FITS: dict[str, Callable[[Any], Any]] = {
    "id": _matches(r"[0-9a-f]{32}"),
    "text": lambda value: type(value) is str,
    "integer": lambda value: type(value) is int,
    "number": lambda value: type(value) in (int, float),
    "boolean": lambda value: type(value) is bool,
    "moment": _matches(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?"),
    "date": _matches(r"\d{4}-\d\d-\d\d"),
    "json": _is_json,
}


class Unbound:
    """The tables of a PostgreSQL without their foreign keys while they are loaded: rows come table by table, and some
    tables point at themselves. Given back, each is checked over all rows. SQLite's are off and checked by `migrate`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._keys: list[tuple[str, str, str]] = []

    def __enter__(self) -> None:
        if self._connection.dialect.name != "postgresql":
            return
        self._connection.exec_driver_sql("SET LOCAL TimeZone TO 'UTC'")
        found = self._connection.exec_driver_sql(
            "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY 1, 2"
        )
        self._keys = [(str(row[0]), str(row[1]), str(row[2])) for row in found]
        for table, name, _means in self._keys:
            self._connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")

    def __exit__(self, kind: object, *_rest: object) -> None:
        if kind is not None:
            return
        for table, name, means in self._keys:
            try:
                self._connection.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {name} {means}")
            except DBAPIError as error:
                first = str(error.orig).strip().splitlines()[0]
                raise Refusal(
                    "row", f"The archive's table {table} refers to rows that it does not have: {first}"
                ) from None
