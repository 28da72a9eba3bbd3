"""A language that nobody speaks: every sentence of the interface goes through the catalogue, or this finds it."""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from io import BytesIO

import pytest
from addresses import PAGES, build_worlds
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from make import sign_in
from settings import Client, make_config
from world import LONG

from config import LANGUAGES, ROOT
from lms import create_app, db, migrate
from lms.curriculum import glossary, index, library
from lms.extensions import babel
from lms.surveys import templates

OPEN, CLOSE = "⟦", "⟧"


def marked(text: str) -> str:
    return f"{OPEN}{text}{CLOSE}"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The application on SQLite, whose French says the English between brackets."""
    folder = tmp_path_factory.mktemp("pseudo")
    source = ROOT / "lms" / "translations" / "fr" / "LC_MESSAGES" / "messages.po"
    with source.open("rb") as file:
        french = read_po(file, locale="fr")
    pseudo = Catalog(locale="fr")
    for message in french:
        if message.id:
            both = message.id if isinstance(message.id, tuple) else (message.id,)
            pseudo.add(message.id, tuple(map(marked, both)) if len(both) > 1 else marked(both[0]))
    buffer = BytesIO()
    write_mo(buffer, pseudo)
    compiled = folder / "cache" / "translations" / "fr" / "LC_MESSAGES" / "messages.mo"
    compiled.parent.mkdir(parents=True)
    compiled.write_bytes(buffer.getvalue())
    os.utime(compiled, (2**32, 2**32))  # newer than any catalogue, so that it is not compiled anew
    made = create_app(make_config(folder), TESTING=True)
    made.test_client_class = Client
    migrate.upgrade()
    # Flask-Babel keeps what it has read for all applications of a process: ours must be read, and then forgotten.
    with made.app_context():
        kept = babel.domain_instance.cache
    kept.clear()
    yield made
    kept.clear()


class Texts(HTMLParser):
    """What a person reads on a page, without what is not the interface's: content, names, codes."""

    VOID = {"meta", "link", "input", "br", "img", "hr"}
    SAID = ("aria-label", "placeholder", "title", "alt")

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[tuple[str, bool]] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        foreign = given.get("lang") not in (None, "fr") or tag in ("script", "style", "svg", "option", "bdi", "math")
        foreign = foreign or "code" in (given.get("class") or "").split() or "autonym" in (given.get("class") or "")
        hidden = foreign or any(out for _tag, out in self.stack)
        if not hidden:
            self.found += [text for name in self.SAID if (text := given.get(name))]
        if tag not in self.VOID:
            self.stack.append((tag, foreign))

    def handle_endtag(self, tag: str) -> None:
        while self.stack and self.stack.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(out for _tag, out in self.stack):
            self.found.append(data.strip())


def outside(page: str, known: set[str]) -> list[str]:
    """Texts with words that no bracket of the pseudo-language surrounds."""
    page = page[page.index("<body") :]
    # Brackets may open in one text and close in another (a link within a sentence): take them out of the whole first.
    # A sentence may hold another one: from the inside out.
    bare, inner = page, 1
    while inner:
        bare, inner = re.subn(rf"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}", "", bare)
    reader = Texts()
    reader.feed(bare)
    left = []
    for text in reader.found:
        for word in known:
            text = text.replace(word, "")
        if re.search(r"[A-Za-z]{3,}", text) and not re.search(r"\d{1,2} \w+\.? \d{4}|@", text):
            left.append(text)
    return left


def test_no_page_says_anything_that_is_not_in_the_catalogue(app):
    assert "fr" in LANGUAGES
    with app.app_context():
        worlds = build_worlds()
        names = {LONG, LONG[:110], "Duramen", app.config["LMS"].programme_name, *["Français", "English"]}
        names |= {LONG[: 20 + n] for n in range(90)} | {f"{LONG[:100]} Statistics", f"{LONG[:90]} cohort"}
        words = [
            "Ownside",
            "Otherside",
            "Empty",
            "Trainee",
            "Graduate",
            "Newcomer",
            "Focal",
            "Coordinator",
            "Facilitator",
            "Admin",
            "Observer",
            "Outsider",
        ]
        names |= set(words) | {"Statistics Tavara", "Statistics Lunavia", "Statistics Pulaura", "Cohort", "Not begun"}
        names |= {"Nobody yet", "foundations", "West 3", "who-is-a-migrant", "Was ill"}
        # What comes in French from the content and from Babel, not from the catalogue.
        french = Locale("fr")
        names |= set(french.territories.values()) | {
            "UTC",
            "Africa/Dakar",
            "America/Santiago",
        }
        names |= set(french.languages.values()) | set(french.days["format"]["wide"].values())
        content = index.current()
        names |= {text["fr"] for made in templates.current().values() for text in made.texts()}
        names |= {text for one in content.competencies("fr") for text in (one.short, one.title)}
        names |= {content.course("foundations", "fr").title}
        for entry in glossary.current().entries("fr"):
            names |= {entry.name, entry.definition, entry.source}
        for item in library.current():
            names |= {item.title, item.body, item.said("fr")[0], item.symbol, item.source, item.host} - {""}
        names = sorted(names, key=len, reverse=True)
        found = []
        for endpoint, page_of in sorted(PAGES.items()):
            for state in ("empty", "usual", "extreme"):
                client = app.test_client()
                if (who := worlds.who(page_of.role, state)) is not None:
                    sign_in(client, who)
                path = page_of.path(worlds.sides[state], state)
                response = client.get(path + ("&" if "?" in path else "?") + "lang=fr", follow_redirects=True)
                if response.mimetype == "text/html":
                    found += [(endpoint, state, text[:120]) for text in outside(response.get_data(as_text=True), names)]
        db.forget()
    assert not found, "\n".join(map(str, found[:40]))
