"""A real Chromium at a real server: the application served from a thread of this process, on SQLite."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from addresses import Worlds, build_worlds
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from settings import make_config
from werkzeug.serving import make_server

from lms import create_app, db, migrate
from lms.people import queries

CHROMIUM = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", "--disable-sync"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        yield chromium
        chromium.close()


class Site:
    """A server of this application in a thread, and people's ways in."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.server = make_server("127.0.0.1", 0, app, threaded=True)
        self.url = f"http://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def cookie(self, person_id: UUID) -> str:
        """The session of somebody who has signed in."""
        with self.app.app_context():
            viewer = queries.viewer_of(person_id)
            db.forget()
        assert viewer is not None
        serializer = SecureCookieSessionInterface().get_signing_serializer(self.app)
        assert serializer is not None
        return str(serializer.dumps({"person": person_id.hex, "epoch": viewer.epoch, "_permanent": True}))

    def context(self, browser: Browser, person_id: UUID | None = None, **given: object) -> BrowserContext:
        """A browser of one's own, signed in or not."""
        context = browser.new_context(base_url=self.url, **given)  # type: ignore[arg-type]
        if person_id is not None:
            context.add_cookies([{"name": "duramen", "value": self.cookie(person_id), "url": self.url}])
        return context


def make_site(folder: Path) -> Site:
    app = create_app(make_config(folder), TESTING=True)
    migrate.upgrade()
    return Site(app)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = make_site(tmp_path_factory.mktemp("site"))
    yield made
    made.server.shutdown()


@pytest.fixture(scope="module")
def worlds(site: Site) -> Worlds:
    with site.app.app_context():
        return build_worlds(crowd=100)  # axe takes a minute for 400 rows, and finds no more in them
