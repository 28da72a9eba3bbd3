"""Regions: those of UN M49 and the communities, with the days of their memberships."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import replace
from datetime import date

import pytest

from config import Config
from lms import places

NORMAL = Config()
DAY = date(2026, 11, 25)

# M49 puts Antarctica in no region, and does not list Taiwan.
WITHOUT_REGION = {"AQ", "TW"}


@pytest.fixture(autouse=True)
def outside_the_demonstration():
    places.configure(NORMAL)
    yield
    places.configure(NORMAL)


def communities() -> dict:
    return tomllib.loads((places.DATA / "communities.toml").read_text(encoding="utf-8"))


def test_every_country_has_its_regions_or_is_a_named_exception():
    codes = {code for code, _name in places.countries("en")}
    rows = list(csv.DictReader((places.DATA / "m49.csv").open(encoding="ascii", newline="")))
    assert {row["alpha2"] for row in rows} == codes - WITHOUT_REGION and len(rows) == 247
    assert all(places.regions_of(code, DAY) for code in codes - WITHOUT_REGION)
    assert all(not places.regions_of(code, DAY) for code in WITHOUT_REGION)
    assert all(places.known_region(code) for row in rows for key, code in row.items() if key != "alpha2" and code)


@pytest.mark.parametrize(
    ("region", "count"),
    [("002", 60), ("202", 53), ("015", 7), ("011", 17), ("014", 22), ("017", 9), ("018", 5)]
    + [("019", 57), ("419", 52), ("142", 50), ("030", 7), ("150", 51), ("009", 29)],
)
def test_regions_of_m49_have_as_many_countries_as_m49_says(region, count):
    assert len(places.countries_of(region, DAY)) == count


def test_a_country_lies_in_each_of_its_regions_at_once():
    assert places.regions_of("SN", DAY) == {"002", "202", "011", "ecowas"}
    assert places.regions_of("UG", DAY) == {"002", "202", "014", "eac", "igad", "comesa"}
    assert places.regions_of("FR", DAY) == {"150", "155", "eu"}
    assert places.regions_of("ZZ", DAY) == places.regions_of("", DAY) == places.regions_of("sn", DAY) == frozenset()


def test_a_membership_ends_on_the_first_day_that_no_longer_belongs():
    for country in ("BF", "ML", "NE"):
        assert "ecowas" in places.regions_of(country, date(2025, 1, 28))
        assert "ecowas" not in places.regions_of(country, date(2025, 1, 29))
        assert country in places.countries_of("ecowas", date(2025, 1, 28))
    assert len(places.countries_of("ecowas", date(2025, 1, 28))) == 15
    assert len(places.countries_of("ecowas", date(2025, 1, 29))) == 12


def test_a_membership_begins_on_its_first_day():
    assert "SO" not in places.countries_of("eac", date(2024, 3, 3))
    assert "SO" in places.countries_of("eac", date(2024, 3, 4))
    assert "eac" in places.regions_of("SO", date(2024, 3, 4))


def test_communities_have_as_many_members_as_they_say():
    counted = {"ecowas": 12, "eac": 8, "igad": 7, "escwa": 20, "amu": 5, "eccas": 10, "sadc": 16, "comesa": 21}
    counted |= {"asean": 11, "caricom": 15, "gcc": 6, "sica": 8, "mercosur": 6, "eu": 27}
    assert {id: len(places.countries_of(id, DAY)) for id in communities()} == counted
    assert len(places.countries_of("eu", date(2020, 1, 31))) == 28


def test_every_member_is_a_known_country_and_every_list_says_where_it_was_read():
    for table in communities().values():
        spans = [{"country": member} if isinstance(member, str) else member for member in table["members"]]
        assert set(table) == {"en", "fr", "ar", "source", "members"} and table["source"]
        assert all(places.known(span["country"]) and set(span) <= {"country", "from", "until"} for span in spans)
        assert all(span.get("from", date.min) < span.get("until", date.max) for span in spans)
        assert len({(span["country"], span.get("from")) for span in spans}) == len(spans)


def test_both_sides_of_a_membership_agree():
    for region, _name in places.regions("en"):
        for country in places.countries_of(region, DAY):
            assert region in places.regions_of(country, DAY)


def test_scopes_of_a_country_are_itself_and_its_regions():
    assert places.scopes_of_country("SN", DAY) == {("country", "SN")} | {
        ("region", region) for region in ("002", "202", "011", "ecowas")
    }
    assert places.scopes_of_country("TW", DAY) == {("country", "TW")}


def test_scopes_of_a_region_are_itself_and_those_that_hold_all_of_it():
    assert places.scopes_of_region("011", DAY) == {("region", "011"), ("region", "202"), ("region", "002")}
    assert ("region", "002") in places.scopes_of_region("ecowas", DAY)
    assert ("region", "ecowas") not in places.scopes_of_region("011", DAY)
    assert places.scopes_of_region("escwa", DAY) == {("region", "escwa")}
    assert places.scopes_of_region("eu", DAY) == {("region", "eu")}  # Cyprus lies in Western Asia
    assert places.scopes_of_region("002", DAY) == {("region", "002")}


def test_a_region_without_members_lies_nowhere():
    assert places.countries_of("gcc", date(1980, 1, 1)) == frozenset()
    assert places.scopes_of_region("gcc", date(1980, 1, 1)) == {("region", "gcc")}
    assert places.scopes_of_region("nowhere", DAY) == {("region", "nowhere")}


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_every_region_has_a_name_in_every_language(language):
    found = places.regions(language)
    assert len(found) == len(dict(found)) == 30 + len(communities())
    assert len(set(dict(found).values())) == len(found)
    assert all(name.strip() and name != region for region, name in found)
    assert all(name == places.region_name(region, language) for region, name in found)
    if language != "en":
        english = dict(places.regions("en"))
        assert {region for region, name in found if name == english[region]} <= {"150"}


def test_communities_come_first_and_each_kind_is_sorted_as_its_language_reads():
    ids = [region for region, _name in places.regions("fr")]
    assert set(ids[:-30]) == set(communities()) and all(region.isdigit() for region in ids[-30:])
    assert ids[-30:][:3] == ["002", "018", "017"] and ids[-1] == "061"


def test_the_world_and_what_is_unknown_are_not_regions():
    assert places.known_region("002") and places.known_region("ecowas")
    assert not any(places.known_region(region) for region in ("001", "003", "2", "", "ECOWAS", "cen-sad", "SN"))
    assert places.region_name("202", "fr") == "Afrique subsaharienne"
    assert places.region_name("202", "pt") == "Sub-Saharan Africa"
    assert places.region_name("nowhere", "ar") == "nowhere"


def test_the_invented_community_is_known_in_the_demonstration_only():
    assert not places.known_region("west-basin") and places.regions_of("QM", DAY) == frozenset()
    places.configure(replace(NORMAL, demo=True))
    assert places.known_region("west-basin") and "west-basin" in dict(places.regions("fr"))
    assert places.region_name("west-basin", "ar") == "مجموعة حوض الغرب"
    assert places.countries_of("west-basin", date(2026, 1, 24)) == {"QM", "QN", "QP", "QT"}
    assert places.countries_of("west-basin", date(2026, 1, 25)) == {"QM", "QP", "QT"}
    assert places.regions_of("QS", DAY) == places.regions_of("QN", DAY) == frozenset()
    assert places.scopes_of_country("QM", DAY) == {("country", "QM"), ("region", "west-basin")}
    assert places.scopes_of_region("west-basin", DAY) == {("region", "west-basin")}
    places.configure(NORMAL)
    assert not places.known_region("west-basin") and places.countries_of("west-basin", DAY) == frozenset()
    assert places.region_name("west-basin", "en") == "west-basin"
