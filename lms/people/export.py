"""All about a person as a ZIP: for machines as JSON, for people as one page, and the files themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from flask import Flask, current_app, render_template
from flask_babel import gettext as _
from markupsafe import Markup

from lms import clock, privacy
from lms.files.zipped import Sink, entry
from lms.mail.service import config
from lms.policy import Refusal
from lms.privacy import Held
from lms.web import language

STYLE = Path(__file__).parent / "about_me.css"
SCHEMA = (
    "Each section has a name, a heading and rows; a row is an object whose keys are the names of its fields. Dates "
    "are ISO 8601, moments in UTC. A period ends on the day before its ends_on. Other people are named by their role. "
    "What signs in (passwords, links) and the keys of questions are not part of it."
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def stream(ids: Sequence[UUID]) -> Iterator[bytes]:
    """The ZIP in pieces. What is read from the database is read now; files are read while it is sent."""
    sections, now = privacy.export(ids), clock.now()
    data = as_json(sections, ids[0], now).encode()
    page = as_page(sections, now).encode()
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return _pieces(app, sections, [("about-me.json", data), ("about-me.html", page)])


def _pieces(app: Flask, sections: Sequence[Held], texts: list[tuple[str, bytes]]) -> Iterator[bytes]:
    sink = Sink()
    with ZipFile(sink, "w", ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        for name, data in texts:
            archive.writestr(entry(name), data, ZIP_DEFLATED)
            yield sink.take()
        for number, file in enumerate((file for held in sections for file in held.files), 1):
            try:
                with app.app_context():  # the request may be over
                    data = file.read()
                archive.writestr(entry(f"files/{number:03} {file.name}"), data, ZIP_STORED)
            except Refusal as refusal:
                archive.writestr(entry(f"files/{number:03} {file.name}.txt"), refusal.message)
            yield sink.take()
    yield sink.take()


def as_json(sections: Sequence[Held], person_id: UUID, now: datetime) -> str:
    told = {
        "system": config().programme_name,
        "as_of": now.isoformat(),
        "person": str(person_id),
        "note": SCHEMA,
        "sections": [
            {
                "name": held.name,
                "heading": str(held.heading),
                "rows": held.rows,
                "files": [file.name for file in held.files],
            }
            for held in sections
        ],
    }
    return json.dumps(told, ensure_ascii=False, indent=1, default=_plain)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


@dataclass(frozen=True)
class Table:
    """A section as people read it: heads and cells are words."""

    heading: str
    heads: list[str]
    rows: list[list[str]]


def as_page(sections: Sequence[Held], now: datetime) -> str:
    """One page that needs nothing beside itself, in the language in use."""
    style = Markup("<style>{}</style>").format(Markup(STYLE.read_text("utf-8")))  # noqa: S704  our own
    return render_template("people/about_me.html", tables=[_table(held) for held in sections], now=now, css=style)


def _table(held: Held) -> Table:
    """A section without what only machines want, and without the fields in which no row says anything."""
    labels = privacy.LABELS | dict(held.labels)
    fields = [key for key in dict.fromkeys(key for row in held.rows for key in row) if labels.get(key, "") is not None]
    fields = [key for key in fields if any(row.get(key) not in (None, "", []) for row in held.rows)]
    heads = [str(labels.get(key) or key.replace("_", " ")) for key in fields]
    rows = [[_cell(_in_words(held, key, row.get(key))) for key in fields] for row in held.rows]
    return Table(str(held.heading), heads, rows)


def _in_words(held: Held, key: str, value: Any) -> Any:
    """What people read for a code; anything else as it is."""
    known = held.words.get(key)
    return str(known[value]) if known and isinstance(value, str) and value in known else value


def _cell(value: Any) -> str:
    """A value as this language writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, datetime):
        return language.moment(value)
    if isinstance(value, date):
        return language.day(value)
    if isinstance(value, int | float):
        return language.number(value)
    if isinstance(value, list | tuple):
        return "\n".join(_cell(one) for one in value)
    if isinstance(value, str) and _MOMENT.match(value):
        return _iso(value, datetime)
    if isinstance(value, str) and _DAY.fullmatch(value):
        return _iso(value, date)
    return str(value)


def _iso(text: str, kind: type[date] | type[datetime]) -> str:
    try:
        return _cell(kind.fromisoformat(text))
    except ValueError:
        return text
