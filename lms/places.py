"""Countries (ISO 3166-1) and time zones, named in the page's language.

Codes stand in `data/countries.csv` (derived once from PyPI's `pycountry`), names come from Babel (CLDR),
zones and their countries from `tzdata`. The demonstration also knows five invented countries, under codes
that ISO leaves to its users.
"""

from __future__ import annotations

import csv
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path

from babel import Locale, UnknownLocaleError

from config import Config
from lms.text import sort_key

DATA = Path(__file__).parent / "data"

INVENTED = {
    "QM": {"en": "Tavara", "fr": "Tavara", "ar": "تافارا"},
    "QN": {"en": "Lunavia", "fr": "Lunavie", "ar": "لونافيا"},
    "QP": {"en": "Pulaura", "fr": "Pulaura", "ar": "بولاورا"},
    "QS": {"en": "Maneerat", "fr": "Manirat", "ar": "مانيرات"},
    "QT": {"en": "Marsa Nour", "fr": "Marsa Nour", "ar": "مرسى نور"},
}

# Where the zone that `tzdata` lists first is not where most people of the country live.
_USUAL_ZONE = {
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "RU": "Europe/Moscow",
}

_invented: dict[str, dict[str, str]] = {}


def configure(config: Config) -> None:
    """In the demonstration, and only there, the invented countries are known as well."""
    _invented.clear()
    if config.demo:
        _invented.update(INVENTED)
    countries.cache_clear()


@cache
def _iso() -> dict[str, tuple[str, str]]:
    with (DATA / "countries.csv").open(encoding="ascii", newline="") as file:
        return {row["alpha2"]: (row["alpha3"], row["numeric"]) for row in csv.DictReader(file)}


@cache
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def known(code: str) -> bool:
    """Whether `code` is a country's alpha-2 code here."""
    return code in _iso() or code in _invented


def name(code: str, language: str) -> str:
    """The country's name in that language; the code itself where it is unknown, so that no page fails."""
    if code in _invented:
        names = _invented[code]
        return names.get(language, names["en"])
    return str(_locale(language).territories.get(code) or code)


@cache
def countries(language: str) -> list[tuple[str, str]]:
    """All countries as (alpha-2 code, name), sorted by name."""
    named = [(code, name(code, language)) for code in (*_iso(), *_invented)]
    return sorted(named, key=lambda pair: sort_key(pair[1]))


@cache
def _zones() -> dict[str, str]:
    """Time zones and the country of each, in the order of `tzdata`'s table."""
    table = files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return {row[2]: row[0] for row in rows}


def known_zone(zone: str) -> bool:
    return zone == "UTC" or zone in _zones()


def zone_of(country: str) -> str:
    """A guess at the time zone of a country, for a form to begin with; UTC where there is none."""
    first = next((zone for zone, code in _zones().items() if code == country), "UTC")
    return _USUAL_ZONE.get(country, first)


@cache
def time_zones(language: str) -> list[tuple[str, str]]:
    """Time zones as (name, label), sorted by label: the country, and the city where a country has several."""
    locale = _locale(language)
    of_country = list(_zones().values())
    labelled = []
    for zone, code in _zones().items():
        country = str(locale.territories.get(code) or code)
        city = locale.time_zones.get(zone, {}).get("city") or zone.rsplit("/", 1)[-1].replace("_", " ")
        labelled.append((zone, country if of_country.count(code) == 1 else f"{country} – {city}"))
    return [("UTC", "UTC"), *sorted(labelled, key=lambda pair: sort_key(pair[1]))]


def regions_of(country: str, on: date) -> frozenset[str]:
    return frozenset()


def countries_of(region: str, on: date) -> frozenset[str]:
    return frozenset()


def known_region(region: str) -> bool:
    return False


def region_name(region: str, language: str) -> str:
    return region


def regions(language: str) -> list[tuple[str, str]]:
    return []


def scopes_of_country(country: str, on: date) -> frozenset[tuple[str, str]]:
    return frozenset({("country", country)})


def scopes_of_region(region: str, on: date) -> frozenset[tuple[str, str]]:
    return frozenset({("region", region)})
