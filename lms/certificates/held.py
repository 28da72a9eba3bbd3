"""What this room holds about a person, and what anyone who has a code sees of them."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, func, select

from lms.certificates import queries, rules
from lms.certificates.models import Certificate
from lms.db import session
from lms.files import service as files
from lms.files.models import StoredFile
from lms.privacy import Fate, File, Held, Keeping, Published


def _issued(ids: Collection[UUID]) -> ColumnElement[int]:
    return _count(ids, Certificate.state == "issued")


def _count(ids: Collection[UUID], where: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count(Certificate.id)).where(Certificate.person_id.in_(ids), where).scalar_subquery()


FATES = (
    Fate(_l("The files of your certificates, with your name, office and result"), _issued),
    Fate(_l("Certificates that were not made yet"), lambda ids: _count(ids, Certificate.state != "issued")),
    Fate(
        _l("Of each certificate its code, days, state, what it certified, and the fingerprint of the file"),
        _issued,
        _l("Whoever holds a copy can still have it checked. The code leads to these, and to no name."),
    ),
)
KEEPINGS = (
    Keeping(_l("Your certificates"), _l("for good; once you are erased, code, days, state and fingerprint alone")),
)
_PRINTED = ("name", "name_latin", "what", "course", "minutes", "percent", "organisations", "programme", "language")


def held_about(person_id: UUID) -> list[Held]:
    """A person's certificates with all that is printed on them, and their files."""
    rows = session().execute(
        select(Certificate, StoredFile)
        .outerjoin(StoredFile, StoredFile.id == Certificate.file_id)
        .where(Certificate.person_id == person_id)
        .order_by(Certificate.created_at, Certificate.id)
    )
    found, stored = [], []
    for row, file in rows:
        found.append(_row(row, file))
        if file is not None and file.removed_at is None:
            stored.append(File(rules.file_name(row.snapshot["name"], row.code), partial(files.proved, file)))
    labels = {
        "code": _l("Code"),
        "what": _l("What it certifies"),
        "name_latin": _l("Name in Latin letters"),
        "lessons": _l("Lessons"),
        "minutes": _l("Minutes"),
        "percent": _l("Result, per cent"),
        "organisations": _l("Office at the time"),
        "programme": _l("Issued by"),
        "completed_on": _l("Completed"),
        "valid_until": _l("Valid until"),
        "issued_at": _l("Issued"),
        "blocked_reason": _l("Why it waits"),
        "sha256": _l("Fingerprint of the file (SHA-256)"),
    }
    return [Held("certificates", _l("Certificates"), found, tuple(stored), labels)]


def _row(row: Certificate, file: StoredFile | None) -> dict[str, Any]:
    fields = ("id", "code", "state", "completed_on", "valid_until", "created_at", "issued_at", "blocked_reason")
    values = {name: getattr(row, name) for name in fields}
    values |= {name: row.snapshot.get(name) for name in _PRINTED}
    values["lessons"] = [lesson["title"] for lesson in row.snapshot["lessons"]]
    return values | {"sha256": file.sha256 if file else ""}


def published(person_id: UUID) -> Published | None:
    """What stands on the page under each certificate's code: exactly its fields, as that page makes them."""
    held = [one for one in queries.certificates_of(person_id) if one.state == "issued"]
    if not held:
        return None
    printed = queries.printed(held[0].snapshot)
    fields = [_("Name"), _("Name in Latin letters")] if printed.name_latin else [_("Name")]
    fields += [_("What it certifies"), _("Course"), _("Titles and lengths of the lessons")]
    fields += [fact.label for fact in printed.facts + printed.places] + [_("Code")]
    pages = tuple((one.code, url_for("certificates.verify_code", code=one.code)) for one in held)
    sentence = _("Whoever has the code of a certificate of yours sees what is printed on it, and nothing else:")
    return Published(str(sentence), tuple(str(field) for field in fields), pages)
