"""Countries and time zones, in the page's language."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import available_timezones

import pytest

from config import Config
from lms import places

NORMAL = Config()


@pytest.fixture(autouse=True)
def outside_the_demonstration():
    places.configure(NORMAL)
    yield
    places.configure(NORMAL)


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_every_country_has_a_name_in_every_language(language):
    found = places.countries(language)
    assert len(found) == len(dict(found)) == 249
    assert all(name and name != code for code, name in found)


def test_countries_are_sorted_as_their_language_reads():
    assert [code for code, _name in places.countries("fr")][:3] == ["AF", "ZA", "AL"]
    names = [name for _code, name in places.countries("fr")]
    assert names.index("Égypte") < names.index("Espagne") < names.index("Estonie")
    assert places.name("SN", "ar") == "السنغال"
    assert places.name("ZZ", "en") != "" and places.name("Q9", "en") == "Q9"


def test_the_codes_are_those_of_iso_3166():
    assert places.known("SN") and places.known("TL")
    assert not places.known("ZZ") and not places.known("sn") and not places.known("")
    rows = (places.DATA / "countries.csv").read_text().splitlines()
    assert rows[0] == "alpha2,alpha3,numeric" and "SN,SEN,686" in rows


def test_the_invented_countries_are_known_in_the_demonstration_only():
    assert not places.known("QM")
    places.configure(replace(NORMAL, demo=True))
    assert {code for code in ("QM", "QN", "QP", "QS", "QT") if places.known(code)} == set(places.INVENTED)
    assert places.name("QT", "ar") == "مرسى نور"
    assert dict(places.countries("fr"))["QN"] == "Lunavie"
    places.configure(NORMAL)
    assert "QN" not in dict(places.countries("fr"))


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_time_zones_exist_and_are_told_by_country(language):
    zones = dict(places.time_zones(language))
    assert set(zones) <= available_timezones() | {"UTC"}
    assert len(set(zones.values())) == len(zones)
    assert zones["Africa/Dakar"] == places.name("SN", language)


def test_a_country_suggests_its_time_zone():
    assert places.zone_of("SN") == "Africa/Dakar"
    assert places.zone_of("BR") == "America/Sao_Paulo"
    assert places.zone_of("QM") == "UTC"
    assert places.known_zone("UTC") and places.known_zone("Asia/Kolkata") and not places.known_zone("Mars/Olympus")
