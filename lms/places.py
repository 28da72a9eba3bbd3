"""Countries (ISO 3166-1), the regions they lie in, and time zones, named in the page's language.

Codes stand in `data/countries.csv` (derived once from PyPI's `pycountry`), names come from Babel (CLDR),
zones and their countries from `tzdata`. The demonstration also knows five invented countries, under codes
that ISO leaves to its users, and a community of four of them.

Regions are of two kinds. Those of UN M49 have its three-digit codes: `data/m49.csv` was derived once from PyPI's
`hdx-python-country` (MIT; its table is OCHA's of countries and territories) and agrees with M49's own counts
(Africa 60, Sub-Saharan Africa 53, the world 248). Antarctica has no region in M49, and M49 does not list Taiwan:
neither is in the file. `data/m49-names.csv` has M49's own names: English from that table, French as in M49's French
table, Arabic from CLDR, save where CLDR words it otherwise than the United Nations do (018, 021, 029, 053, 057, 143,
151, 155, 419) or has none (830). "001" is not a region here: the world is the programme. Communities have ids of small
letters; `data/communities.toml` has their names and members, the days on which a membership begins and ends, and the
source of each list.
"""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

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


@dataclass(frozen=True)
class _Community:
    """A community's name by language, and its members: (country, first day, first day that no longer belongs)."""

    names: dict[str, str]
    members: tuple[tuple[str, date, date], ...]


INVENTED_COMMUNITIES = {
    "west-basin": _Community(
        {"en": "West Basin Community", "fr": "Communauté du Bassin de l'Ouest", "ar": "مجموعة حوض الغرب"},
        (
            ("QM", date.min, date.max),
            ("QN", date.min, date(2026, 1, 25)),
            ("QP", date.min, date.max),
            ("QT", date.min, date.max),
        ),
    ),
}

_invented_communities: dict[str, _Community] = {}


def configure(config: Config) -> None:
    """In the demonstration, and only there, the invented countries and their community are known as well."""
    _invented.clear()
    _invented_communities.clear()
    if config.demo:
        _invented.update(INVENTED)
        _invented_communities.update(INVENTED_COMMUNITIES)
    for cached in (countries, regions, _communities, regions_of, countries_of, scopes_of_country, scopes_of_region):
        cached.cache_clear()


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
def _m49() -> dict[str, frozenset[str]]:
    """The M49 regions of each country that M49 puts in one."""
    with (DATA / "m49.csv").open(encoding="ascii", newline="") as file:
        next(rows := csv.reader(file))
        return {code: frozenset(filter(None, found)) for code, *found in rows}


@cache
def _m49_names() -> dict[str, dict[str, str]]:
    with (DATA / "m49-names.csv").open(encoding="utf-8", newline="") as file:
        return {row.pop("code"): row for row in csv.DictReader(file)}


@cache
def _communities() -> dict[str, _Community]:
    with (DATA / "communities.toml").open("rb") as file:
        found = {id: _community(table) for id, table in tomllib.load(file).items()}
    return found | _invented_communities


def _community(table: dict[str, Any]) -> _Community:
    """A community as its table in the file says: a member is a code, or a table with a code and its dates."""
    spans: list[dict[str, Any]] = [{"country": m} if isinstance(m, str) else m for m in table["members"]]
    return _Community(
        {language: table[language] for language in ("en", "fr", "ar")},
        tuple((span["country"], span.get("from", date.min), span.get("until", date.max)) for span in spans),
    )


def known_region(region: str) -> bool:
    """Whether `region` is the code of an M49 region or the id of a community here."""
    return region in _m49_names() or region in _communities()


def region_name(region: str, language: str) -> str:
    """The region's name in that language, in English where it has none; the id itself where it is unknown."""
    community = _communities().get(region)
    names = community.names if community else _m49_names().get(region, {})
    return names.get(language) or names.get("en", region)


@cache
def regions(language: str) -> list[tuple[str, str]]:
    """All regions as (id, name): communities, then those of M49, each sorted by name."""
    return [
        pair
        for ids in (_communities(), _m49_names())
        for pair in sorted(((id, region_name(id, language)) for id in ids), key=lambda pair: sort_key(pair[1]))
    ]


@lru_cache(maxsize=2048)
def regions_of(country: str, on: date) -> frozenset[str]:
    """The ids of every region that the country lies in on that day; none for a country that is unknown."""
    communities = (id for id, community in _communities().items() if country in _members(community, on))
    return _m49().get(country, frozenset()).union(communities)


@lru_cache(maxsize=2048)
def countries_of(region: str, on: date) -> frozenset[str]:
    """The alpha-2 codes of the region's members on that day; none for a region that is unknown."""
    if community := _communities().get(region):
        return frozenset(_members(community, on))
    return frozenset(code for code, found in _m49().items() if region in found)


def _members(community: _Community, on: date) -> set[str]:
    return {country for country, first, end in community.members if first <= on < end}


@lru_cache(maxsize=2048)
def scopes_of_country(country: str, on: date) -> frozenset[tuple[str, str]]:
    """The scopes that hold the country on that day: itself and each of its regions."""
    return frozenset({("country", country)} | {("region", region) for region in regions_of(country, on)})


@lru_cache(maxsize=2048)
def scopes_of_region(region: str, on: date) -> frozenset[tuple[str, str]]:
    """The scopes that hold the whole region on that day: itself and each region that has all of its members."""
    members = countries_of(region, on)
    # What holds every member is among the regions of each of them; a region without members lies nowhere.
    wider = frozenset.intersection(*(regions_of(country, on) for country in members)) if members else frozenset()
    return frozenset(("region", found) for found in wider | {region})


def scopes_of(scope: str, scope_id: str, on: date) -> frozenset[tuple[str, str]]:
    """The scopes that hold a country or a region on that day, itself first of all; none for scopes of other kinds."""
    if scope == "region":
        return scopes_of_region(scope_id, on)
    return scopes_of_country(scope_id, on) if scope == "country" else frozenset()


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
