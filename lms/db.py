"""The database: one base for all models, one way to write, ids and types of ours.

SQLite (WAL) and PostgreSQL run the same models. Only an edge (a view, a command, a job) opens `write()`;
services call `need_write()` and never commit. On SQLite a writing transaction is BEGIN IMMEDIATE, so that
16 writers wait for each other instead of failing with *database is locked*.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    DateTime,
    Engine,
    MetaData,
    Uuid,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, scoped_session, sessionmaker
from sqlalchemy.types import TypeDecorator

from lms import clock

__all__ = ["Base", "Id", "IntegrityError", "UtcDateTime", "new_id", "session", "write"]


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. Refuses naive values; always gives aware UTC back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive moment cannot be stored: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: UtcDateTime(),
        UUID: Uuid(),
        dict[str, Any]: JSON(),
        list[str]: JSON(),
        list[int]: JSON(),
    }


def new_id() -> UUID:
    """A UUID version 7: the first 48 bits are our clock's milliseconds, so that ids sort by age (RFC 9562)."""
    millis = int(clock.now().timestamp() * 1000)
    random = int.from_bytes(os.urandom(10), "big")
    value = (millis & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | (random >> 68) << 64 | 0b10 << 62
    return UUID(int=value | random & 0x3FFF_FFFF_FFFF_FFFF)


class Id:
    """Mixin: a UUID version 7 as the primary key."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


_factory: sessionmaker[Session] = sessionmaker(expire_on_commit=False)
_sessions: scoped_session[Session] = scoped_session(_factory)
_engine: Engine | None = None


def configure(url: str) -> Engine:
    """Bind this process to the database at `url`; a second call moves it (tests do)."""
    global _engine
    if _engine is not None:
        _sessions.remove()
        _engine.dispose()
    options: dict[str, Any] = {"json_serializer": lambda value: json.dumps(value, ensure_ascii=False)}
    if not url.startswith("sqlite"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
        options.update(pool_pre_ping=True, pool_size=8, max_overflow=16)
    _engine = create_engine(url, **options)
    if _engine.dialect.name == "sqlite":
        event.listen(_engine, "connect", _tune_sqlite)
        event.listen(_engine, "begin", _begin_sqlite)
    _factory.configure(bind=_engine)
    return _engine


def _tune_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        "busy_timeout=20000",
        "journal_mode=WAL",
        "foreign_keys=ON",
        "synchronous=FULL",
        "cache_size=-16000",
        "secure_delete=ON",  # what is blanked or erased is not left in the file's free space
    ):
        try:
            connection.execute(f"PRAGMA {pragma}")
        except Exception:
            # A read-only disk refuses journal_mode; reading goes on, and writing says why it cannot.
            if not pragma.startswith("journal_mode"):
                raise


def _begin_sqlite(connection: Any) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


def engine() -> Engine:
    if _engine is None:
        raise RuntimeError("lms.db.configure() was not called")
    return _engine


def session() -> Session:
    """This thread's session. Reading begins a transaction by itself; `end_read()` ends it."""
    return _sessions()


def end_read() -> None:
    """End the read that is open, so that what follows sees the newest rows and `write()` may begin."""
    s = session()
    if s.in_transaction() and not s.info.get("writing"):
        s.rollback()


def forget() -> None:
    """Give the connection back: at the end of a request, a job, a command."""
    _sessions.remove()


@contextmanager
def write() -> Iterator[Session]:
    """One writing transaction: committed at the end, rolled back on any error. Never nested."""
    s = session()
    if s.info.get("writing"):
        raise RuntimeError("write() inside write(): the service that opens it belongs to an edge")
    end_read()
    s.expire_all()
    s.info["writing"] = True
    try:
        s.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
        yield s
        s.commit()
    except BaseException:
        s.rollback()
        raise
    finally:
        s.info.pop("writing", None)


def need_write() -> Session:
    """The session of the transaction that an edge opened; services begin with this."""
    s = session()
    if not s.info.get("writing"):
        raise RuntimeError("a service that writes was called outside of write()")
    return s


def insert_once(model: type[Base], **values: Any) -> bool:
    """Insert a row unless a UNIQUE constraint holds one already; says whether this call made it.

    Rests on ON CONFLICT DO NOTHING, so that thirty requests at once make one row and no error.
    """
    s = need_write()
    insert = postgres_insert if engine().dialect.name == "postgresql" else sqlite_insert
    row = dict(values)
    for column in model.__table__.columns:
        if column.key not in row and column.default is not None:
            row[column.key] = (
                column.default.arg(None) if column.default.is_callable else getattr(column.default, "arg", None)
            )
    # RETURNING and not rowcount, which psycopg leaves at -1 here.
    made = insert(model).values(row).on_conflict_do_nothing().returning(*model.__mapper__.primary_key)
    return s.execute(made).first() is not None


def locked(row: type[Base], key: UUID) -> Any:
    """The row of that id, locked until the transaction ends (PostgreSQL; SQLite's writer is alone anyway)."""
    s = need_write()
    # Of that row alone: what is loaded beside it by an outer join cannot be locked.
    lock = {"of": row} if engine().dialect.name == "postgresql" else None
    return s.get(row, key, with_for_update=lock, populate_existing=True)


def tidy() -> bool:
    """After something was erased for good: have SQLite's log not keep it; whether that was done.

    Waits two seconds at most, since writers wait meanwhile. PostgreSQL vacuums by itself.
    """
    if engine().dialect.name != "sqlite":
        return True
    end_read()
    connection = engine().raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=2000")
        (busy, *_pages) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.invalidate()  # its timeout is not the others'
        connection.close()
    return not busy


def wait_until_ready(seconds: float = 20) -> None:
    """Wait for the database to answer, for as long as a PostgreSQL on another machine may need to start."""
    end = time.monotonic() + seconds
    while True:
        try:
            with engine().connect() as connection:
                connection.execute(text("SELECT 1"))
                return
        except Exception:
            if time.monotonic() > end:
                raise
            time.sleep(0.3)
