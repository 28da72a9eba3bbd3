"""A cohort's people and staff; an office's view of who left."""

from __future__ import annotations

from datetime import timedelta

import pytest
from make import organisation, person, post, sign_in
from sqlalchemy import func, select
from world import World, build, cohort, sit, study

from lms import clock, db
from lms.assessment import service as assessment
from lms.audit.models import Entry
from lms.cohorts import queries, service
from lms.cohorts.models import CohortMember
from lms.desk import queries as desk
from lms.people import queries as people
from lms.people import service as people_service
from lms.policy import Refusal


@pytest.fixture
def world(db_app) -> World:
    return build()


def test_a_cohort_ends_after_it_begins(db_app):
    today = clock.today()
    with pytest.raises(Refusal), db.write():
        service.create_cohort("Backwards", "foundations", today, today, {})


def test_a_person_added_twice_is_in_it_once_and_comes_back_after_withdrawing(db_app):
    with db.write():
        group, who = cohort(), person()
        assert service.add_member(group, who)
        assert not service.add_member(group, who)
        service.withdraw_member(group, who)
        assert service.add_member(group, who)
        assert db.session().scalar(select(func.count()).select_from(CohortMember)) == 1


def test_adding_by_an_address_in_another_spelling_finds_the_same_person(db_app, world):
    client = sign_in(db_app.test_client(), world.own.coordinator)
    with db.write():
        colleague = person("Colleague Ownside", "colleague@example.org", organisation_id=world.own.office)
    address = people.person(colleague).addresses[0]
    db.end_read()
    path = f"/cohorts/{world.own.cohort}/people/new"
    response = post(
        client, path, {"address": f" {address.upper()} ", "name": "Whoever", "organisation": "", "language": "en"}
    )
    assert response.status_code == 303
    names = {line.person_id for line in queries.view(world.own.cohort).lines}
    assert colleague in names


@pytest.mark.parametrize("name", ["=SUM(A1)", "", "  ", "x" * 201, "Ana 😀"])
def test_a_name_that_cannot_be_is_refused_with_a_message_and_the_form_is_kept(db_app, world, name):
    client = sign_in(db_app.test_client(), world.own.coordinator)
    path = f"/cohorts/{world.own.cohort}/people/new"
    response = post(client, path, {"address": "new@example.org", "name": name, "organisation": "", "language": "en"})
    page = response.get_data(as_text=True)
    assert response.status_code in (200, 422) and 'class="wrong' in page
    assert "new@example.org" in page
    assert people.find_by_address("new@example.org") is None


def test_whoever_joined_early_and_never_answered_counts_from_the_cohorts_first_day(db_app, world):
    line = next(x for x in queries.view(world.own.cohort).lines if x.person_id == world.own.newcomer)
    assert (line.pace.state, line.pace.days) == ("stuck", 30)


def test_the_reason_for_another_attempt_is_needed_and_kept_for_ever(db_app, world):
    with db.write():
        start = clock.now()
        who = person("Thrice Failed")
        service.add_member(world.own.cohort, who)
        study(who)
    for days in (6, 4, 2):
        with clock.at(start - timedelta(days=days)), db.write():
            sit(who, rightly=False)
    client = sign_in(db_app.test_client(), world.own.facilitator)
    path = f"/cohorts/{world.own.cohort}/people/{who}/attempts"
    assert post(client, path, {"module": "concepts", "reason": ""}).status_code == 422
    assert post(client, path, {"module": "concepts", "reason": "The power was out"}).status_code == 303
    page = client.get(f"/cohorts/{world.own.cohort}/people/{who}").get_data(as_text=True)
    assert "The power was out" in page and "Override" in page
    db.end_read()
    entry = db.session().scalars(select(Entry).where(Entry.actor_id == world.own.facilitator)).all()
    assert entry


def test_after_a_departure_the_office_keeps_what_was_earned_there_and_sees_nothing_new(db_app, world):
    own = world.own
    with db.write():
        membership = people.memberships_of(own.graduate)[0]
    db.end_read()
    tomorrow = clock.today() + timedelta(days=1)
    with db.write():
        people_service.end_membership(membership.id, tomorrow, "offer")
        elsewhere = organisation("Office of Borders", "SN")
        people_service.start_membership(own.graduate, elsewhere, tomorrow)
    with clock.at(clock.now() + timedelta(days=40)):
        seen = desk.office(own.office)
        (former,) = [line for line in seen.former if line.member.person_id == own.graduate]
        assert len(former.certificates) == 1
        assert desk.office(elsewhere).staff[0].certificates == []
        client = sign_in(db_app.test_client(), own.focal_point)
        assert client.get(f"/certificates/{own.certificate}").status_code == 200
        # What the same person earns elsewhere is not the office's.
        with db.write():
            who = person("Moves Early", organisation_id=own.office)
            row = people.memberships_of(who)[0]
        db.end_read()
        with clock.at(clock.now() + timedelta(days=10)), db.write():
            people_service.end_membership(row.id, clock.today(), "contract")
            service.add_member(own.cohort, who)
            study(who)
            sit(who)
        with clock.at(clock.now() + timedelta(days=20)):
            (gone,) = [line for line in desk.office(own.office).former if line.member.person_id == who]
            assert gone.certificates == []


def test_a_coordinator_of_one_cohort_sees_only_that_one(db_app, world):
    viewer = people.viewer_of(world.own.coordinator)
    assert [listed.id for listed in queries.cohorts_of(viewer)] == [world.own.cohort]
    everything = queries.cohorts_of(people.viewer_of(world.admin))
    assert {listed.id for listed in everything} >= {world.own.cohort, world.other.cohort}


def test_nobody_opens_an_attempt_for_themselves(db_app, world):
    with db.write(), pytest.raises(Refusal) as refusal:
        assessment.grant_attempt(world.own.trainee, "concepts", world.own.trainee, "I deserve it")
    assert refusal.value.code == "own_attempt"
