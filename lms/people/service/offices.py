"""Offices: organisations of every kind."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_babel import gettext as _

from lms import audit, db, places, text
from lms.mail.service import config
from lms.people.models import INFRASTRUCTURES, KINDS, Organisation
from lms.people.service.rows import office_row
from lms.people.service.typed import need


def create_organisation(
    name: str,
    kind: str,
    country: str,
    languages: list[str],
    *,
    infrastructure: str = "unknown",
    time_zone: str = "",
    weekend: list[int] | None = None,
    names: dict[str, str] | None = None,
    by: UUID | None = None,
) -> UUID:
    """Make an office. `country` is ISO 3166-1 alpha-2; without a time zone the country's is guessed.

    `weekend` are ISO week days (Saturday and Sunday by default). Raises Refusal (name_…, kind, country,
    time_zone, infrastructure, weekend) with the field.
    """
    office = Organisation(id=db.new_id())
    _fill(office, name, kind, country, languages, infrastructure, time_zone, weekend, names)
    db.need_write().add(office)
    audit.record("people.organisation_created", "organisation", office.id, by, kind=kind, country=country)
    return office.id


def change_organisation(organisation_id: UUID, by: UUID | None, **given: Any) -> None:
    """Change an office; takes and raises what `create_organisation` does."""
    office = office_row(organisation_id)
    _fill(office, **given)
    audit.record(
        "people.organisation_changed",
        "organisation",
        organisation_id,
        by,
        kind=office.kind,
        country=office.country,
    )


def _fill(
    office: Organisation,
    name: str,
    kind: str,
    country: str,
    languages: list[str],
    infrastructure: str = "unknown",
    time_zone: str = "",
    weekend: list[int] | None = None,
    names: dict[str, str] | None = None,
) -> None:
    """Write checked values into an office."""
    country = country.upper()
    weekend = [6, 7] if weekend is None else sorted(set(weekend))
    need(places.known(country), "country", _("Choose the country."))
    need(kind in KINDS, "kind", _("Choose what kind of organisation it is."))
    need(infrastructure in INFRASTRUCTURES, "infrastructure", _("Choose where its data come from."))
    need(not time_zone or places.known_zone(time_zone), "time_zone", _("Choose a time zone."))
    need(set(weekend) <= set(range(1, 8)) and len(weekend) < 7, "weekend", _("Leave at least one working day."))
    office.name = checked_title(name)
    office.names = {code: checked_title(given, f"name_{code}") for code, given in (names or {}).items() if given}
    office.sort_key = text.sort_key(office.name)[:450]
    office.kind, office.country, office.infrastructure = kind, country, infrastructure
    office.languages, office.weekend = list(dict.fromkeys(languages)) or [config().languages[0]], weekend
    office.time_zone = time_zone or places.zone_of(country)


def checked_title(typed: str, field: str = "name") -> str:
    """The name of an office: any signs, 1 to 200 letters. Raises Refusal (title) for that field."""
    title = text.clean(typed)
    need(1 <= len(title) <= 200, "title", _("Write a name of 1 to 200 letters."), field)
    return title
