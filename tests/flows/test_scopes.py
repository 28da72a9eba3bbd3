"""Roles over a region or a country: what they open, what they give, and where they end."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from make import membership, organisation, person, post, role, sign_in
from sqlalchemy import select
from world import cohort

from lms import clock, db
from lms.audit.models import Entry
from lms.cohorts import queries as cohorts
from lms.people import queries
from lms.people.models import Organisation, RoleGrant


@pytest.fixture
def offices(db_app):
    return {
        "SN": organisation("Statistics Senegal", "SN"),
        "NE": organisation("Statistics Niger", "NE"),
        "MD": organisation("Statistics Moldova", "MD"),
    }


@pytest.fixture
def regional(db_app):
    """A coordinator of ECOWAS, of whom Niger is no member any more."""
    return role(person("Ruth Alvarez"), "coordinator", "region", "ecowas")


def names(page: str, *known: str) -> set[str]:
    return {name for name in known if name in page}


def test_a_regional_coordinator_sees_the_regions_offices_and_people_and_no_others(db_app, offices, regional):
    there = {code: person(f"Trainee {code}", organisation_id=key) for code, key in offices.items()}
    client = sign_in(db_app.test_client(), regional)
    listed = client.get("/admin/organisations").text
    assert names(listed, "Statistics Senegal", "Statistics Niger", "Statistics Moldova") == {"Statistics Senegal"}
    found = client.get("/admin/people").text
    assert names(found, "Trainee SN", "Trainee NE", "Trainee MD") == {"Trainee SN"}
    assert names(client.get("/admin/people?q=Trainee").text, "Trainee NE", "Trainee MD") == set()
    for code, expected in (("SN", 200), ("NE", 404), ("MD", 404)):
        assert client.get(f"/admin/organisations/{offices[code]}").status_code == expected
        assert client.get(f"/admin/people/{there[code]}").status_code == expected


def test_a_country_that_left_a_region_was_in_it_until_that_day(db_app, offices, regional):
    for day, is_in_it in (("2025-01-28", True), ("2025-01-29", False)):
        with time_machine.travel(f"{day}T12:00:00Z", tick=False):
            client = sign_in(db_app.test_client(), regional)
            assert ("Statistics Niger" in client.get("/admin/organisations").text) == is_in_it


def test_an_office_is_entered_only_in_a_country_of_ones_own(db_app, offices, regional):
    client = sign_in(db_app.test_client(), regional)
    form = {
        "name": "Office of Borders",
        "kind": "producer",
        "infrastructure": "permits",
        "weekend": ["6", "7"],
        "time_zone": "",
    }
    assert post(client, "/admin/organisations/new", {**form, "country": "MD"}).status_code == 422
    assert post(client, "/admin/organisations/new", {**form, "country": "GH"}).status_code == 303
    # Nor does an office move out of the region by its form.
    moved = post(client, f"/admin/organisations/{offices['SN']}", {**form, "country": "MD"})
    assert moved.status_code == 422
    countries = set(db.session().scalars(select(Organisation.country)))
    assert countries == {"SN", "NE", "MD", "GH"}


def test_a_new_person_belongs_to_an_office_of_ones_own(db_app, offices, regional):
    client = sign_in(db_app.test_client(), regional)
    form = {"name": "Fatou Sow", "address": "fatou@example.org", "language": "fr"}
    for office in ("", str(offices["MD"])):
        assert post(client, "/admin/people/new", {**form, "organisation": office}).status_code == 422
    assert queries.find_by_address("fatou@example.org") is None
    db.end_read()
    assert post(client, "/admin/people/new", {**form, "organisation": str(offices["SN"])}).status_code == 303


@pytest.mark.parametrize(
    ("scope", "name", "status"),
    [
        ("region:ecowas", "facilitator", 422),  # a facilitator's role is not held over a region
        ("region:ecowas", "observer", 303),
        ("country:SN", "coordinator", 303),
        ("region:011", "observer", 422),  # Western Africa is wider than ECOWAS
        ("region:002", "coordinator", 422),
        ("programme:", "coordinator", 422),
        ("country:MD", "observer", 422),
        ("programme:", "administrator", 422),
    ],
)
def test_a_role_reaches_no_further_than_the_one_who_gives_it(db_app, offices, regional, scope, name, status):
    someone = person("Moses Okello", organisation_id=offices["SN"])
    client = sign_in(db_app.test_client(), regional)
    assert post(client, f"/admin/people/{someone}/roles", {"role": name, "scope": scope}).status_code == status
    assert bool(queries.roles_of(someone)) == (status == 303)
    given = db.session().scalars(select(Entry).where(Entry.verb == "people.role_granted")).all()
    assert any(entry.actor_id == regional for entry in given) == (status == 303)


def test_nobody_gives_themselves_more_than_they_have(db_app, offices):
    ruth = role(person("Ruth Alvarez", organisation_id=offices["SN"]), "coordinator", "country", "SN")
    client = sign_in(db_app.test_client(), ruth)
    for name, scope in (
        ("administrator", "programme:"),
        ("coordinator", "region:ecowas"),
        ("coordinator", "programme:"),
        ("observer", "country:SN"),
        ("focal_point", f"organisation:{offices['SN']}"),
    ):
        refused = post(client, f"/admin/people/{ruth}/roles", {"role": name, "scope": scope})
        assert refused.status_code in (403, 422), (name, scope)
    assert len(queries.roles_of(ruth)) == 1


def test_a_role_that_reaches_further_cannot_be_ended_and_shows_no_button(db_app, offices, regional):
    boss = role(person("Ines Moreau", organisation_id=offices["SN"]), "administrator")
    grant = db.session().scalars(select(RoleGrant.id).where(RoleGrant.person_id == boss)).one()
    db.end_read()
    client = sign_in(db_app.test_client(), regional)
    path = f"/admin/people/{boss}/roles/{grant}/end"
    assert path not in client.get(f"/admin/people/{boss}").text
    assert post(client, path).status_code in (403, 422)
    assert queries.roles_of(boss)


def test_the_invitation_of_somebody_with_a_wider_role_goes_nowhere_else(db_app, offices, regional):
    waiting = role(person("Karin Holm", joined=False, organisation_id=offices["SN"]), "coordinator")
    client = sign_in(db_app.test_client(), regional)
    answer = post(client, f"/admin/people/{waiting}/addresses", {"address": "mine@example.org"})
    assert answer.status_code == 403
    assert "mine@example.org" not in [line.address for line in queries.addresses_of(waiting)]


def test_a_membership_is_ended_by_who_answers_for_that_office(db_app, offices, regional):
    both = person("Two Offices", organisation_id=offices["SN"])
    elsewhere = membership(both, offices["MD"])
    client = sign_in(db_app.test_client(), regional)
    end = {
        f"{elsewhere.hex}-ends_on": str(clock.today() + timedelta(days=1)),
        f"{elsewhere.hex}-reason": "unknown",
    }
    assert post(client, f"/admin/people/{both}/memberships/{elsewhere}/end", end).status_code == 404
    assert all(line.ends_on is None for line in queries.memberships_of(both))


def test_cohorts_of_a_region_are_seen_by_its_coordinators_and_those_of_wider_ones(db_app, regional):
    with db.write():
        made = {
            "whole": cohort("Everybody"),
            "SN": cohort("Of Senegal", country="SN"),
            "MD": cohort("Of Moldova", country="MD"),
        }
    africa = role(person("Continental"), "coordinator", "region", "002")
    country = role(person("National"), "coordinator", "country", "SN")
    for who, expected in ((regional, {"SN"}), (africa, {"SN"}), (country, {"SN"})):
        viewer = queries.viewer_of(who)
        assert {line.id for line in cohorts.cohorts_of(viewer)} == {made[key] for key in expected}
        client = sign_in(db_app.test_client(), who)
        for key, group in made.items():
            assert client.get(f"/cohorts/{group}").status_code == (200 if key in expected else 404)


def test_coordinating_one_cohort_opens_no_records(db_app, offices):
    with db.write():
        group = cohort("Of Senegal", country="SN")
    who = role(person("Cohort Only"), "coordinator", "cohort", group)
    trainee = person("Trainee SN", organisation_id=offices["SN"])
    client = sign_in(db_app.test_client(), who)
    assert client.get("/admin/people").status_code == 403
    assert client.get(f"/admin/people/{trainee}").status_code == 404
