"""Bringing the tables up to date: Alembic, called from `lms migrate`, from `lms init` and from the tests.

Whether there is anything to do is asked at every start, and answered without Alembic, which takes a tenth of a second
to load. A test holds the two answers together.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect

from config import ROOT
from lms import clock, db

FOLDER = ROOT / "migrations"
_REVISION = re.compile(r'^(down_)?revision(?:\s*:[^=]*)?\s*=\s*["\']([^"\']+)["\']', re.M)


def alembic_config() -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config


def current() -> str | None:
    """The revision that the database stands at; None for an empty one."""
    with db.engine().connect() as connection:
        return stands_at(connection)


def stands_at(connection: Connection) -> str | None:
    """As `current`, of a transaction that is open."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return revision


def newest() -> str | None:
    """The revision that this version of the software wants: the one that no other follows. None without migrations."""
    found = [_REVISION.findall(path.read_text("utf-8")) for path in (FOLDER / "versions").glob("*.py")]
    followed = {name for pairs in found for down, name in pairs if down}
    heads = {name for pairs in found for down, name in pairs if not down} - followed
    if len(heads) > 1:
        raise RuntimeError(f"the migrations end in several revisions: {', '.join(sorted(heads))}")
    return next(iter(heads), None)


def known() -> set[str]:
    """Every revision that this version of the software can bring a database from."""
    found = [_REVISION.findall(path.read_text("utf-8")) for path in (FOLDER / "versions").glob("*.py")]
    return {name for pairs in found for down, name in pairs if not down}


@contextmanager
def changing() -> Iterator[Connection]:
    """One transaction in which tables may be made anew: all of what is done in it stays, or nothing.

    On SQLite a table is rebuilt by dropping it, which would fire cascades and break references: foreign keys are
    switched off before the transaction begins and checked before it ends.
    """
    with db.engine().connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        raw = connection.connection.driver_connection
        if sqlite and raw is not None:
            raw.execute("PRAGMA foreign_keys=OFF")
        try:
            connection.execution_options(sqlite_begin="IMMEDIATE")
            with connection.begin():
                yield connection
                if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
                    raise RuntimeError(f"this would leave references to nothing: {broken[:5]}")
        finally:
            if sqlite and raw is not None:
                raw.execute("PRAGMA foreign_keys=ON")


def run(connection: Connection, revision: str, step: str = "upgrade") -> None:
    """Run migrations to `revision`, up or down, in the transaction that `changing` opened."""
    from alembic import command

    config = alembic_config()
    config.attributes["connection"] = connection
    (command.upgrade if step == "upgrade" else command.downgrade)(config, revision)


def move(revision: str, step: str = "upgrade") -> None:
    """Run migrations to `revision`, up or down, in one transaction."""
    with changing() as connection:
        run(connection, revision, step)


def upgrade() -> bool:
    """To the newest revision; says whether there was anything to do."""
    if current() == newest():
        return False
    move("head")
    return True


def keep_copy(database: str) -> Path | None:
    """Before a SQLite file is migrated: a copy beside it, named by the moment. None where there is none to copy."""
    path = Path(database.removeprefix("sqlite:///"))
    if not database.startswith("sqlite:///") or not path.exists() or current() in (None, newest()):
        return None
    with db.engine().connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    copy = path.with_name(f"{path.name}.{clock.now():%Y%m%d-%H%M%S}.before-migration")
    shutil.copy2(path, copy)
    return copy
