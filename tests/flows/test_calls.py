"""A cohort begins as a call: what offices nominate, what a coordinator decides, who takes a place and who does not."""

from __future__ import annotations

import re
from datetime import date, timedelta
from uuid import UUID

import pytest
from asked import at_once
from flask import current_app
from make import organisation, person, post, role, sign_in
from sqlalchemy import func, select

from lms import clock, db
from lms.cohorts import held, queries, service
from lms.cohorts.models import CallSeat, Cohort, CohortMember, Nomination
from lms.mail.models import OutboxMessage
from lms.people import queries as people
from lms.people import service as people_service
from lms.people.models import Person
from lms.policy import Refusal
from lms.web import worklist

WEST = "011"  # Western Africa, as M49 numbers it


class Scene:
    """A regional cohort with an open call: two offices of the region, one elsewhere, and who answers for them."""

    def __init__(self, seats: int = 2, each: int = 1) -> None:
        today = clock.today()
        with db.write():
            self.dakar, self.accra = organisation("Statistics Dakar", "SN"), organisation("Statistics Accra", "GH")
            self.quito = organisation("Statistics Quito", "EC")
            self.regional = role(person("Regina West"), "coordinator", "region", WEST)
            self.southern = role(person("Sol South"), "coordinator", "region", "005")
            self.focal = role(
                person("Fatou Dakar", organisation_id=self.dakar), "focal_point", "organisation", self.dakar
            )
            self.other = role(
                person("Kofi Accra", organisation_id=self.accra), "focal_point", "organisation", self.accra
            )
            self.staff = [person(f"Awa {n}", organisation_id=self.dakar) for n in "ABCD"]
            self.theirs = [person(f"Esi {n}", organisation_id=self.accra) for n in "AB"]
            self.cohort = service.create_cohort(
                "West 3", "foundations", today + timedelta(60), today + timedelta(200),
                {"concepts": today + timedelta(90)}, "Africa/Dakar", scope="region", scope_id=WEST,
            )  # fmt: skip
            service.save_call(
                self.cohort, today, today + timedelta(10), seats, "Bring data.",
                {self.dakar: each, self.accra: each}, self.regional,
            )  # fmt: skip
            self.sent = service.open_call(self.cohort, self.regional)

    def signed_in(self, who: UUID):
        return sign_in(current_app.test_client(), who)

    def nominate(self, who: UUID, office: UUID | None = None, by: UUID | None = None) -> UUID:
        with db.write():
            return service.nominate(
                self.cohort, office or self.dakar, by or self.focal, person_id=who, supervisor="Salma Haddad",
                supervisor_agreed=True,
            )  # fmt: skip

    def typed(self, address: str, office: UUID | None = None) -> UUID:
        with db.write():
            return service.nominate(
                self.cohort, office or self.dakar, self.focal, name="Somebody New", address=address, spoken="en",
                supervisor="Salma Haddad", supervisor_agreed=True,
            )  # fmt: skip

    def decide(self, state: str, *nominations: UUID, reason: str = "") -> int:
        with db.write():
            return service.decide(self.cohort, nominations, state, reason, self.regional)


def row(nomination: UUID) -> Nomination:
    db.end_read()
    db.session().expire_all()
    return db.session().get_one(Nomination, nomination)


def members(cohort: UUID) -> set[UUID]:
    db.end_read()
    return set(
        db.session().scalars(
            select(CohortMember.person_id).where(CohortMember.cohort_id == cohort, CohortMember.withdrawn_at.is_(None))
        )
    )


def letters(address: str = "") -> list[OutboxMessage]:
    db.end_read()
    found = db.session().scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()
    return [letter for letter in found if not address or letter.address == address]


def address_of(who: UUID) -> str:
    found = people.person(who).addresses[0]
    db.end_read()
    return found


def refused(code: str):
    return pytest.raises(Refusal, check=lambda refusal: refusal.code == code)


@pytest.fixture
def scene(db_app) -> Scene:
    return Scene()


# --- the call -----------------------------------------------------------------------------------------------


def test_opening_a_call_writes_once_to_the_focal_points_of_its_offices(scene):
    assert scene.sent == 2
    (letter,) = letters(address_of(scene.focal))
    assert "Whom do you nominate for West 3?" in letter.title and "Bring data." in letter.body
    assert f"/offices/{scene.dakar}/calls/{scene.cohort}" in letter.body
    with db.write():
        assert service.open_call(scene.cohort, scene.regional) == 0
        assert service.tell_offices() == 0
    assert len(letters()) == 2


def test_three_days_before_the_last_day_who_named_nobody_is_reminded_once(scene):
    scene.nominate(scene.theirs[0], scene.accra, scene.other)
    for days, sent in ((6, 0), (7, 1), (8, 0), (11, 0)):
        with clock.at(clock.now() + timedelta(days)), db.write():
            assert service.tell_offices() == sent, days
    assert "until" in letters(address_of(scene.focal))[-1].title
    assert len(letters(address_of(scene.other))) == 1


def test_an_office_without_a_focal_point_is_told_when_it_has_one(scene):
    with db.write():
        late = organisation("Statistics Lomé", "TG")
        today = clock.today()
        service.save_call(
            scene.cohort, today, today + timedelta(10), 2, "", {scene.dakar: 1, scene.accra: 1, late: 1}, None
        )
        assert service.tell_offices() == 0
        role(person("Lena Lomé", organisation_id=late), "focal_point", "organisation", late)
        assert service.tell_offices() == 1
        assert service.tell_offices() == 0


def test_an_open_call_may_last_longer_but_keeps_what_was_nominated(scene):
    scene.nominate(scene.staff[0])
    today, both = clock.today(), {scene.dakar: 1, scene.accra: 1}
    with db.write():
        service.save_call(scene.cohort, today, today + timedelta(20), 2, "", both, None)
    for opens, closes, seats, offices, code in (
        (today + timedelta(1), today + timedelta(20), 2, both, "dates"),
        (today, today - timedelta(1), 2, both, "dates"),
        (today, today + timedelta(300), 2, both, "dates"),
        (today, today + timedelta(20), 2, {scene.accra: 1}, "offices"),
        (today, today + timedelta(20), 0, both, "seats"),
        (today, today + timedelta(20), 2, {**both, scene.quito: 1}, "offices"),
    ):
        with refused(code), db.write():
            service.save_call(scene.cohort, opens, closes, seats, "", offices, None)


# --- nominating ---------------------------------------------------------------------------------------------


def test_a_nomination_counts_on_the_last_day_where_the_cohort_is_and_not_after(scene):
    with clock.at(clock.now() + timedelta(10)):
        scene.nominate(scene.staff[0])
    with clock.at(clock.now() + timedelta(11)), refused("call_closed"):
        scene.nominate(scene.staff[1])
    with db.write():
        db.session().get_one(Cohort, scene.cohort).time_zone = "Pacific/Kiritimati"
    last_evening = clock.now().replace(hour=12, minute=0) + timedelta(10)
    with clock.at(last_evening), refused("call_closed"):  # there the next day has begun
        scene.nominate(scene.staff[1])


def test_who_is_there_already_is_not_nominated(scene):
    scene.nominate(scene.staff[0])
    with refused("nominated"):
        scene.nominate(scene.staff[0])
    with db.write():
        service.add_member(scene.cohort, scene.staff[1])
    with refused("in_cohort"):
        scene.nominate(scene.staff[1])
    with refused("not_staff"):
        scene.nominate(scene.theirs[0])
    with refused("not_invited"):
        scene.nominate(scene.staff[2], scene.quito)


def test_a_person_of_two_offices_is_nominated_by_one_and_the_other_is_not_told_which(scene):
    with db.write():
        people_service.start_membership(scene.staff[0], scene.accra, date(2024, 1, 1))
    scene.nominate(scene.staff[0])
    with refused("nominated") as refusal:
        scene.nominate(scene.staff[0], scene.accra, scene.other)
    assert "another office of theirs" in refusal.value.message and "Dakar" not in refusal.value.message


def test_an_office_nominates_twice_its_seats_at_most(scene):
    first = scene.nominate(scene.staff[0])
    scene.nominate(scene.staff[1])
    with refused("too_many"):
        scene.nominate(scene.staff[2])
    with db.write():
        service.take_back(first, scene.focal)
    scene.nominate(scene.staff[2])


def test_the_supervisor_has_to_agree(scene):
    client = scene.signed_in(scene.focal)
    path = f"/offices/{scene.dakar}/calls/{scene.cohort}"
    given = {"person": str(scene.staff[0]), "supervisor": "Salma", "language": "en"}
    assert "The supervisor has to agree" in post(client, path, given).text
    assert "Whose agreement" in post(client, path, {**given, "supervisor": " ", "supervisor_agreed": "y"}).text
    assert post(client, path, {**given, "supervisor_agreed": "y"}).status_code == 303
    page = client.get(path).text
    assert "1 nomination" in page and "Awa A" in page


def test_a_nomination_is_taken_back_until_it_is_decided(scene):
    one, two = scene.nominate(scene.staff[0]), scene.nominate(scene.staff[1])
    scene.decide("waiting", two)
    with db.write():
        service.take_back(one, scene.focal)
    with refused("moved_on"), db.write():
        service.take_back(two, scene.focal)
    assert scene.nominate(scene.staff[0]) == one  # once more, the same one


def test_an_address_tells_no_office_whether_it_is_known(scene):
    with db.write():
        person("Known Elsewhere", "known@example.org", organisation_id=scene.quito)
    client, path = scene.signed_in(scene.focal), f"/offices/{scene.dakar}/calls/{scene.cohort}"
    given = {"name": "Somebody New", "language": "en", "supervisor": "Salma", "supervisor_agreed": "y"}
    pages = []
    for address in ("known@example.org", "fresh@example.org"):
        answer = post(client, path, {**given, "address": address})
        assert answer.status_code == 303
        pages.append(client.get(path).text)
        assert "Known Elsewhere" not in pages[-1]
    assert people.find_by_address("fresh@example.org") is None  # nobody is made before a place is given
    db.end_read()
    assert not letters("known@example.org") and not letters("fresh@example.org")
    again = post(client, path, {**given, "address": " KNOWN@example.org"})
    assert again.status_code == 409 and "nominated already" in again.text


def test_it_is_asked_at_once_who_is_nominated(scene):
    client, path = scene.signed_in(scene.focal), f"/offices/{scene.dakar}/calls/{scene.cohort}"
    answer = post(client, path, {"language": "en", "supervisor": "Salma", "supervisor_agreed": "y"})
    assert answer.status_code == 422 and "Who is it?" in answer.text


def test_who_is_written_by_name_stands_among_the_staff_in_the_order_of_the_alphabet(db_app):
    scene = Scene(seats=4, each=2)
    scene.nominate(scene.staff[0])
    for name, address in (("Zzz Last", "z@example.org"), ("AAA First", "a@example.org")):
        with db.write():
            service.nominate(
                scene.cohort, scene.dakar, scene.focal, name=name, address=address, spoken="en", supervisor="S",
                supervisor_agreed=True,
            )  # fmt: skip
    page = scene.signed_in(scene.focal).get(f"/offices/{scene.dakar}/calls/{scene.cohort}").text
    listed = re.findall(r"<h3><bdi>(.*?)</bdi></h3>", page)
    assert len(listed) == 3 and listed[0] == "AAA First" and listed[2] == "Zzz Last"


def test_two_presses_make_one_nomination(db_app, scene):
    results = at_once(
        db_app,
        6,
        lambda: service.nominate(
            scene.cohort, scene.dakar, scene.focal, person_id=scene.staff[0], supervisor="S", supervisor_agreed=True
        ),
    )
    assert sum(isinstance(result, UUID) for result in results) == 1
    assert db.session().scalar(select(func.count()).select_from(Nomination)) == 1


# --- deciding -----------------------------------------------------------------------------------------------


def test_who_is_selected_is_in_the_cohort_and_hears_of_it(scene):
    one = scene.nominate(scene.staff[0])
    assert scene.decide("selected", one) == 1
    assert members(scene.cohort) == {scene.staff[0]}
    (letter,) = letters(address_of(scene.staff[0]))
    assert "You have a place in West 3" in letter.title and f"/nominations/{one}" in letter.body
    with refused("moved_on"):
        scene.decide("selected", one)
    assert len(letters(address_of(scene.staff[0]))) == 1


def test_no_more_are_selected_than_there_are_seats(scene):
    three = [scene.nominate(scene.staff[0]), scene.nominate(scene.staff[1])]
    three.append(scene.nominate(scene.theirs[0], scene.accra, scene.other))
    with refused("no_seat"):
        scene.decide("selected", *three)
    assert members(scene.cohort) == set()
    assert scene.decide("selected", *three[:2]) == 2


def test_eight_who_decide_at_once_fill_two_seats(db_app, scene):
    three = [scene.nominate(scene.staff[0]), scene.nominate(scene.staff[1])]
    three.append(scene.nominate(scene.theirs[0], scene.accra, scene.other))
    at_once(db_app, 6, lambda: [service.decide(scene.cohort, [one], "selected", "", None) for one in three[:1]])
    at_once(db_app, 6, lambda: service.decide(scene.cohort, three[1:], "selected", "", None))
    at_once(db_app, 6, lambda: service.decide(scene.cohort, three[2:], "selected", "", None))
    assert len(members(scene.cohort)) == 2


def test_the_waiting_list_keeps_its_order_and_can_be_moved(scene):
    named = [scene.nominate(scene.staff[0]), scene.nominate(scene.staff[1])]
    named.append(scene.nominate(scene.theirs[0], scene.accra, scene.other))
    scene.decide("waiting", *reversed(named))

    def order() -> list[UUID]:
        db.end_read()
        return [n.id for n in queries.selection_of(scene.cohort).waiting]

    assert order() == [named[2], named[1], named[0]]
    db.end_read()
    with db.write():
        service.move_waiting(named[0], True, None)
        service.move_waiting(named[2], True, None)  # the first stays the first
    assert order() == [named[2], named[0], named[1]]


def test_a_refusal_needs_a_reason(scene):
    one = scene.nominate(scene.staff[0])
    with refused("reason_missing"):
        scene.decide("refused", one)
    scene.decide("refused", one, reason="Has done the course elsewhere")
    assert row(one).reason == "Has done the course elsewhere"
    assert not letters(address_of(scene.staff[0]))  # all are told at once


def test_who_declines_leaves_the_cohort_and_the_next_of_the_same_office_follows_with_one_press(scene):
    first, second = scene.nominate(scene.staff[0]), scene.nominate(scene.staff[1])
    third = scene.nominate(scene.theirs[0], scene.accra, scene.other)
    fourth = scene.nominate(scene.theirs[1], scene.accra, scene.other)
    scene.decide("selected", first, third)
    scene.decide("waiting", fourth, second)
    with db.write():
        service.make_selection(scene.cohort, scene.regional)
    client = scene.signed_in(scene.staff[0])
    assert "A place for you: West 3" in client.get("/today").text
    assert post(client, f"/nominations/{first}", {"answer": "cannot"}).status_code == 303
    assert members(scene.cohort) == {scene.theirs[0]} and row(first).state == "declined"
    desk = scene.signed_in(scene.regional)
    page = desk.get(f"/cohorts/{scene.cohort}/nominations").text
    assert "1 place is to be filled" in page and "follows Awa A" in page
    viewer = people.viewer_of(scene.regional)
    with current_app.test_request_context():
        assert "Places to fill" in [str(section.heading) for section in worklist.waiting(viewer)]
    db.end_read()
    press = {"nomination": str(second), "act": "selected"}
    assert post(desk, f"/cohorts/{scene.cohort}/nominations", press).status_code == 303
    assert members(scene.cohort) == {scene.staff[1], scene.theirs[0]}
    assert post(desk, f"/cohorts/{scene.cohort}/nominations", press).status_code == 409  # the second press


def test_a_place_is_taken_by_its_person_alone(scene):
    one = scene.nominate(scene.staff[0])
    scene.decide("selected", one)
    stranger = scene.signed_in(scene.staff[1])
    assert stranger.get(f"/nominations/{one}").status_code == 404
    assert post(stranger, f"/nominations/{one}", {"answer": "cannot"}).status_code == 404
    own = scene.signed_in(scene.staff[0])
    assert "There is a place for you" in own.get(f"/nominations/{one}").text
    for _press in range(2):
        assert post(own, f"/nominations/{one}", {"answer": "take"}).status_code == 303
    assert row(one).taken_at is not None
    assert "A place for you" not in own.get("/today").text


def test_nobody_sees_a_page_of_a_nomination_that_is_not_decided(scene):
    one = scene.nominate(scene.staff[0])
    own = scene.signed_in(scene.staff[0])
    assert own.get(f"/nominations/{one}").status_code == 404
    assert "West 3" not in own.get("/today").text


def test_when_the_selection_is_made_the_others_are_told_all_at_once_and_once(scene):
    named = [scene.nominate(scene.staff[0]), scene.nominate(scene.staff[1])]
    named.append(scene.typed("typed@example.org", scene.accra))
    scene.decide("selected", named[0])
    scene.decide("waiting", named[1])
    with refused("undecided"), db.write():
        service.make_selection(scene.cohort, None)
    scene.decide("refused", named[2], reason="No seat left")
    with db.write():
        assert service.make_selection(scene.cohort, None) == 2
    assert "waiting list" in letters(address_of(scene.staff[1]))[-1].body.replace("\n", " ")
    assert "no place for you" in letters("typed@example.org")[-1].body.replace("\n", " ")
    with refused("selection_made"), db.write():
        service.make_selection(scene.cohort, None)
    with refused("call_closed"):
        scene.nominate(scene.staff[2])
    with refused("selection_made"), db.write():
        service.save_call(scene.cohort, clock.today(), clock.today() + timedelta(5), 2, "", {scene.dakar: 1}, None)


def test_somebody_new_is_invited_when_a_place_is_given_and_takes_it_by_accepting(scene):
    one = scene.typed("fresh@example.org")
    scene.decide("selected", one)
    (letter,) = letters("fresh@example.org")
    assert "By accepting it you take your place in the cohort West 3" in letter.body.replace("\n", " ")
    who = people.find_by_address("fresh@example.org")
    assert people.office_of(who) is None and members(scene.cohort) == set()
    db.end_read()
    token = re.search(r"/invitation/(\S+)", letter.body)[1]
    with db.write():
        people_service.accept_invitation(token, "hash", "Somebody New", "", language="en", time_zone="UTC")
    assert members(scene.cohort) == {who}
    assert people.office_of(who).id == scene.dakar
    assert row(one).taken_at is not None


def test_somebody_known_elsewhere_is_asked_and_shown_only_after_they_took_the_place(scene):
    with db.write():
        known = person("Known Elsewhere", "known@example.org", organisation_id=scene.quito)
    one = scene.typed("known@example.org")
    scene.decide("selected", one)
    desk = scene.signed_in(scene.regional)
    page = desk.get(f"/cohorts/{scene.cohort}/nominations").text
    assert "has not answered" in page and "Known Elsewhere" not in page
    for sent in (1, 2, 3):
        assert len(letters("known@example.org")) == sent
        again = post(desk, f"/cohorts/{scene.cohort}/nominations/{one}/letter")
        assert again.status_code == (429 if sent == 3 else 303)
    body = letters("known@example.org")[-1].body.replace("\n", " ")
    assert "is kept for you" in body and f"/nominations/{one}" in body and "Statistics Dakar nominated you" in body
    assert members(scene.cohort) == set()
    own = scene.signed_in(known)
    assert "You are in it once you take the place" in own.get("/today").text
    post(own, f"/nominations/{one}", {"answer": "take"})
    assert members(scene.cohort) == {known}
    assert "Known Elsewhere" in desk.get(f"/cohorts/{scene.cohort}/nominations").text
    assert people.office_of(known).id == scene.quito
    office = scene.signed_in(scene.focal).get(f"/offices/{scene.dakar}/calls/{scene.cohort}").text
    assert "Known Elsewhere" not in office and "Somebody New" in office


def test_a_focal_point_may_say_that_their_person_does_not_come(scene):
    one = scene.nominate(scene.staff[0])
    scene.decide("selected", one)
    office = scene.signed_in(scene.focal)
    path = f"/offices/{scene.dakar}/calls/{scene.cohort}/{one}/decline"
    assert post(office, path).status_code == 303
    assert members(scene.cohort) == set()
    elsewhere = scene.signed_in(scene.other)
    assert post(elsewhere, path).status_code == 404
    assert post(elsewhere, path.replace(str(scene.dakar), str(scene.accra))).status_code == 404


def test_withdrawing_somebody_from_the_cohort_frees_their_seat(scene):
    one = scene.nominate(scene.staff[0])
    scene.decide("selected", one)
    with db.write():
        service.withdraw_member(scene.cohort, scene.staff[0], scene.regional)
    assert row(one).state == "withdrawn"
    scene.decide("selected", one)
    assert members(scene.cohort) == {scene.staff[0]}


def test_an_office_that_is_invited_stays_so_where_the_cohort_moves_away(scene):
    scene.nominate(scene.theirs[0], scene.accra, scene.other)
    desk = scene.signed_in(scene.regional)
    assert post(desk, f"/cohorts/{scene.cohort}/edit", {**FORM, "scope": "country:SN"}).status_code == 303
    page = desk.get(f"/cohorts/{scene.cohort}/call").text
    assert "Statistics Accra" in page
    today = clock.today()
    with db.write():
        service.save_call(scene.cohort, today, today + timedelta(12), 2, "", {scene.dakar: 1, scene.accra: 2}, None)


# --- by hand ------------------------------------------------------------------------------------------------


def test_by_hand_an_address_tells_no_coordinator_whether_it_is_known(scene):
    with db.write():
        known = person("Known Elsewhere", "known@example.org", organisation_id=scene.quito)
    desk, path = scene.signed_in(scene.regional), f"/cohorts/{scene.cohort}/people/new"
    given = {"name": "Somebody", "organisation": str(scene.dakar), "language": "en"}
    shown = []
    for address in ("known@example.org", "fresh@example.org"):
        answer = post(desk, path, {**given, "address": address})
        assert answer.status_code == 303
        shown.append(desk.get(f"/cohorts/{scene.cohort}").text)
        listed = desk.get(f"/cohorts/{scene.cohort}/nominations").text
        assert address in listed and "invited, has not answered" in listed and "Known Elsewhere" not in listed
        again = post(desk, path, {**given, "address": address.upper()}, follow_redirects=True)
        assert "was invited already" in again.text
    texts = [re.sub(r'value="[^"]{20,}"', "", page) for page in shown]
    assert texts[0] == texts[1]
    assert members(scene.cohort) == set()
    assert not [m for m in people.people_of_organisation(scene.dakar, clock.today()) if m.name == "Somebody"]
    # Taken back, and offered again.
    offer = db.session().scalar(select(Nomination.id).where(Nomination.person_id == known))
    db.end_read()
    assert post(desk, f"/cohorts/{scene.cohort}/nominations/{offer}/decline").status_code == 303
    assert "taken back" in desk.get(f"/cohorts/{scene.cohort}/nominations").text
    assert scene.signed_in(known).get(f"/nominations/{offer}").status_code == 404
    assert post(desk, path, {**given, "address": "known@example.org"}).status_code == 303
    own = scene.signed_in(known)
    offer = db.session().scalar(select(Nomination.id).where(Nomination.person_id == known))
    db.end_read()
    assert post(own, f"/nominations/{offer}", {"answer": "take"}).status_code == 303
    assert members(scene.cohort) == {known}


def test_by_hand_somebody_of_the_coordinators_offices_is_in_the_cohort_at_once(scene):
    desk, path = scene.signed_in(scene.regional), f"/cohorts/{scene.cohort}/people/new"
    given = {"name": "Whoever", "organisation": "", "language": "en", "address": address_of(scene.staff[0])}
    assert "is now in the cohort" in post(desk, path, given, follow_redirects=True).text
    assert "in the cohort already" in post(desk, path, given, follow_redirects=True).text
    assert members(scene.cohort) == {scene.staff[0]}


def test_only_offices_within_reach_and_where_the_cohort_belongs_are_offered(scene):
    with db.write():
        local = role(person("Lo Cal"), "coordinator", "cohort", scene.cohort)
        senegal = role(person("Sen Egal"), "coordinator", "country", "SN")
        wide = service.create_cohort("Wide", "foundations", clock.today(), clock.today() + timedelta(9), {})
        role(local, "coordinator", "cohort", wide)
        service.add_member(wide, scene.theirs[0])
    both, one = {scene.dakar, scene.accra}, db.session().get_one(Cohort, scene.cohort)
    assert {o.id for o in queries.offices_offered(people.viewer_of(scene.regional), one)[0]} == both
    assert {o.id for o in queries.offices_offered(people.viewer_of(local), one)[0]} == both
    assert {o.id for o in queries.offices_offered(people.viewer_of(senegal), one)[0]} == {scene.dakar}
    whole = db.session().get_one(Cohort, wide)
    assert {o.id for o in queries.offices_offered(people.viewer_of(local), whole)[0]} == {scene.accra}
    db.end_read()
    desk = scene.signed_in(scene.regional)
    answer = post(
        desk,
        f"/cohorts/{scene.cohort}/people/new",
        {"address": "x@example.org", "name": "X", "organisation": str(scene.quito), "language": "en"},
    )
    assert answer.status_code == 200 and people.find_by_address("x@example.org") is None


# --- a cohort's facts ---------------------------------------------------------------------------------------


FORM = {
    "name": "West 4",
    "course": "foundations",
    "starts_on": "2027-01-01",
    "ends_on": "2027-06-01",
    "time_zone": "UTC",
    "organisers": "UNSD\nIOM\n",
    "funders": "ISDB",
    "project_code": "P-7",
    "people_wanted": "20",
    "graduates_wanted": "15",
    "cost": "1250.50",
    "currency": "USD",
    "due_concepts": "2027-02-01",
}


def test_a_regional_coordinator_makes_cohorts_in_the_region_and_nowhere_else(scene):
    desk = scene.signed_in(scene.regional)
    page = desk.get("/cohorts/new").text
    assert f"region:{WEST}" in page and "country:SN" in page and "country:EC" not in page and "programme:" not in page
    assert post(desk, "/cohorts/new", {**FORM, "scope": f"region:{WEST}"}).status_code == 303
    made = db.session().scalars(select(Cohort).where(Cohort.name == "West 4")).unique().one()
    assert (made.scope, made.scope_id, made.cost, made.currency) == ("region", WEST, 125050, "USD")
    assert (made.organisers, made.funders, made.people_wanted) == (["UNSD", "IOM"], ["ISDB"], 20)
    db.end_read()
    for scope in ("programme:", "country:EC", "region:005", "cohort:x", "region:nowhere", ""):
        answer = post(desk, "/cohorts/new", {**FORM, "name": "Beyond", "scope": scope})
        assert answer.status_code in (200, 403, 422)
    assert db.session().scalar(select(Cohort.id).where(Cohort.name == "Beyond")) is None


def test_a_cohort_is_not_moved_to_where_one_does_not_coordinate(scene):
    desk, path = scene.signed_in(scene.regional), f"/cohorts/{scene.cohort}/edit"
    assert post(desk, path, {**FORM, "scope": "country:SN"}).status_code == 303
    assert db.session().get_one(Cohort, scene.cohort).scope_id == "SN"
    db.end_read()
    for scope in ("programme:", "region:005"):
        assert post(desk, path, {**FORM, "scope": scope}).status_code == 422
    with db.write():
        local = role(person("Lo Cal"), "coordinator", "cohort", scene.cohort)
    own = scene.signed_in(local)
    assert post(own, path, {**FORM, "name": "Renamed", "scope": "country:SN"}).status_code == 303
    assert post(own, path, {**FORM, "scope": f"region:{WEST}"}).status_code == 422
    assert db.session().get_one(Cohort, scene.cohort).scope_id == "SN"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ends_on": "2026-12-31"}, "ends after it begins"),
        ({"cost": "12.505"}, "no part so small"),
        ({"cost": "12.5", "currency": "XOF"}, "no part so small"),
        ({"cost": "12", "currency": ""}, "Choose the currency"),
        ({"people_wanted": "0"}, "at least one"),
        ({"people_wanted": "many"}, "valid integer"),
        ({"name": " "}, "Give the cohort a name"),
    ],
)
def test_what_cannot_be_is_said_and_the_form_is_kept(scene, changed, said):
    desk, path = scene.signed_in(scene.regional), f"/cohorts/{scene.cohort}/edit"
    answer = post(desk, path, {**FORM, "scope": f"region:{WEST}", **changed})
    assert answer.status_code == 422 and said in answer.text and "P-7" in answer.text
    db.end_read()
    db.session().expire_all()
    assert db.session().get_one(Cohort, scene.cohort).project_code == ""


def test_a_target_date_outside_of_the_cohort_is_kept_and_said(scene):
    desk, path = scene.signed_in(scene.regional), f"/cohorts/{scene.cohort}/edit"
    given = {**FORM, "scope": f"region:{WEST}", "due_concepts": "2028-01-01"}
    answer = post(desk, path, given, follow_redirects=True)
    assert "lie outside of the cohort" in answer.text and "2028-01-01" in answer.text


def test_a_copy_moves_every_date_and_leaves_the_people(scene):
    scene.decide("selected", scene.nominate(scene.staff[0]))
    with db.write():
        role(person("Fay Cil"), "facilitator", "cohort", scene.cohort)
    desk, path = scene.signed_in(scene.regional), f"/cohorts/{scene.cohort}/copy"
    page = desk.get(path).text
    assert "Every date moves by 364 days" in page and 'value="West 4"' in page
    old = db.session().get_one(Cohort, scene.cohort)
    starts, ends, due = old.starts_on, old.ends_on, old.targets[0].due_on
    db.end_read()
    new_start = (starts + timedelta(371)).isoformat()
    shown = post(desk, path, {"name": "West 4", "starts_on": new_start, "act": "show"})
    assert shown.status_code == 200 and "Every date moves by 371 days" in shown.text
    given = {"name": "West 4", "starts_on": new_start, "staff": "y", "act": "copy"}
    assert post(desk, path, given).status_code == 303
    new = db.session().scalars(select(Cohort).where(Cohort.name == "West 4")).unique().one()
    call = queries.call_of(new.id)
    moved = timedelta(371)
    assert (new.starts_on, new.ends_on, new.targets[0].due_on) == (starts + moved, ends + moved, due + moved)
    assert call.closes_on == clock.today() + timedelta(10) + moved and call.opened_at is None
    assert db.session().scalar(select(func.count()).where(CallSeat.call_id == call.id)) == 2
    assert queries.staff_of(new.id) == [("facilitator", "Fay Cil")]
    assert members(new.id) == set()
    again = post(desk, path, given)
    assert again.status_code == 422 and "begins on this day already" in again.text  # the second press
    far = post(desk, path, {**given, "starts_on": "9999-12-30"})
    assert far.status_code == 422 and "beyond the calendar" in far.text


def test_the_coordinator_of_one_region_finds_nothing_at_anothers_cohort(scene):
    one = scene.nominate(scene.staff[0])
    scene.decide("selected", one)
    south, nothing = scene.signed_in(scene.southern), UUID(int=7)
    for path in ("", "/edit", "/copy", "/call", "/nominations", "/people/new", "/staff"):
        answer = south.get(f"/cohorts/{scene.cohort}{path}")
        assert answer.status_code == 404
        assert answer.data == south.get(f"/cohorts/{nothing}{path}").data
    for path in (
        "/edit", "/copy", "/call", "/call/opening", "/nominations", "/nominations/closing", "/people/new", "/staff",
        f"/nominations/{one}/decline", f"/nominations/{one}/place", f"/nominations/{one}/letter",
        f"/people/{scene.staff[0]}/withdrawal",
    ):  # fmt: skip
        assert post(south, f"/cohorts/{scene.cohort}{path}").status_code == 404
    assert post(south, f"/offices/{scene.dakar}/calls/{scene.cohort}").status_code == 404
    assert members(scene.cohort) == {scene.staff[0]}
    assert "West 3" not in south.get("/cohorts").text
    # A nomination of one's own cohort does not open under another's.
    with db.write():
        other = service.create_cohort(
            "South 1", "foundations", clock.today(), clock.today() + timedelta(9), {}, scope="region", scope_id="005"
        )
    assert post(south, f"/cohorts/{other}/nominations/{one}/decline").status_code == 404


def test_a_role_over_the_cohort_is_ended_by_its_coordinator(scene):
    with db.write():
        facilitator = role(person("Fay Cil"), "facilitator", "cohort", scene.cohort)
    desk, path = scene.signed_in(scene.regional), f"/cohorts/{scene.cohort}/staff"
    (line,) = queries.staff_lines(scene.cohort)
    elsewhere = db.session().scalars(select(people.RoleGrant.id).where(people.RoleGrant.person_id == scene.focal)).one()
    db.end_read()
    assert post(desk, f"{path}/{elsewhere}/end").status_code == 404
    assert post(desk, f"{path}/{line.grant_id}/end").status_code == 303
    assert post(desk, f"{path}/{line.grant_id}/end").status_code == 409
    assert not people.viewer_of(facilitator).grants


def test_what_waits_is_said_to_whom_it_waits_for(scene):
    def headings(who: UUID) -> list[str]:
        viewer = people.viewer_of(who)
        with current_app.test_request_context():
            found = [
                str(section.heading) for section in worklist.waiting(viewer) if section.name.startswith("cohorts.")
            ]
        db.end_read()
        return found

    assert headings(scene.focal) == ["Calls that wait for your nominations"]
    scene.nominate(scene.staff[0])
    assert headings(scene.focal) == []
    assert headings(scene.regional) == []  # offices may still nominate
    with clock.at(clock.now() + timedelta(11)):
        assert headings(scene.regional) == ["Nominations to decide"]
        assert headings(scene.southern) == []


def test_an_office_sees_the_calls_that_invite_it(scene):
    scene.nominate(scene.staff[0])
    (line,) = queries.calls_for([scene.dakar])
    assert (line.cohort, line.seats, line.most, line.nominated, line.state) == ("West 3", 1, 2, 1, "open")
    assert queries.calls_for([scene.quito]) == []
    assert {line.organisation_id for line in queries.calls_for([scene.dakar, scene.accra])} == {
        scene.dakar,
        scene.accra,
    }


def test_a_draft_is_nobodys_to_see(db_app):
    with db.write():
        office = organisation("Statistics Dakar", "SN")
        focal = role(person("Fatou", organisation_id=office), "focal_point", "organisation", office)
        today = clock.today()
        group = service.create_cohort("Draft", "foundations", today, today + timedelta(90), {})
        service.save_call(group, today, today + timedelta(9), 3, "", {office: 3}, None)
    assert queries.calls_for([office]) == []
    db.end_read()
    client = sign_in(db_app.test_client(), focal)
    assert client.get(f"/offices/{office}/calls/{group}").status_code == 404
    assert not letters()


def test_nobody_is_made_twice_for_one_address_that_two_offices_typed(scene):
    one, two = scene.typed("fresh@example.org"), scene.typed("fresh@example.org", scene.accra)
    scene.decide("selected", one)
    with refused("nominated"):
        scene.decide("selected", two)
    assert db.session().scalar(select(func.count()).select_from(Person).where(Person.name == "Somebody New")) == 1


def test_what_was_ticked_and_written_stays_where_it_cannot_be_done(scene):
    one = scene.nominate(scene.staff[0])
    desk, path = scene.signed_in(scene.regional), f"/cohorts/{scene.cohort}/nominations"
    answer = post(desk, path, {"nomination": str(one), "act": "refused", "reason": " "})
    assert answer.status_code == 422 and "Say why" in answer.text and f'value="{one}" checked' in answer.text
    assert post(desk, path, {"act": "selected"}).status_code == 422
    assert post(desk, path, {"nomination": ["x", str(one)], "act": "burnt"}).status_code == 400
    assert row(one).state == "nominated"


def test_one_of_the_staff_or_somebody_new_but_not_both(scene):
    office, path = scene.signed_in(scene.focal), f"/offices/{scene.dakar}/calls/{scene.cohort}"
    given = {"supervisor": "Salma", "supervisor_agreed": "y", "language": "en", "person": str(scene.staff[0])}
    assert "not both" in post(office, path, {**given, "address": "new@example.org"}).text
    assert "not one of the office" in post(office, path, {**given, "person": "nobody"}).text
    assert "not one of the office" in post(office, path, {**given, "person": str(scene.theirs[0])}).text
    assert "Write the name" in post(office, path, {**given, "person": "", "address": "new@example.org"}).text


def test_two_presses_make_one_copy(db_app, scene):
    day = clock.today() + timedelta(70)
    results = at_once(db_app, 4, lambda: service.copy_cohort(scene.cohort, "West 4", day, None, staff=True))
    assert sum(isinstance(result, UUID) for result in results) == 1


def test_a_copy_leaves_out_whom_its_maker_could_not_name(scene):
    with db.write():
        role(scene.regional, "facilitator", "cohort", scene.cohort)
        role(person("Fay Cil"), "facilitator", "cohort", scene.cohort)
        new = service.copy_cohort(scene.cohort, "West 4", clock.today() + timedelta(7), scene.regional, staff=True)
    assert queries.staff_of(new) == [("facilitator", "Fay Cil")]


def test_a_record_that_was_merged_is_nominated_selected_and_in_the_cohort_as_the_human(db_app, scene):
    first, second = scene.staff[:2]
    named = scene.nominate(second)
    with db.write():
        people_service.merge_records(first, second, None, "The same badge")
    offered = {choice.person_id for choice in queries.staff_to_nominate(scene.dakar, scene.cohort)}
    assert offered == {*scene.staff[2:], scene.focal}, "by either record they are nominated, and nobody else is"
    db.end_read()
    with refused("nominated"):
        scene.nominate(first)
    (nominee,) = queries.nominees(scene.cohort)
    assert (nominee.person_id, nominee.name) == (first, "Awa A")
    db.end_read()
    scene.decide("selected", named)
    assert members(scene.cohort) == {first}
    (nominee,) = queries.nominees(scene.cohort)
    assert nominee.joined
    (offer,) = queries.offers_of(first)
    assert offer.id == named and queries.offer_target(named).person == first
    db.end_read()
    page = scene.signed_in(first).get(f"/nominations/{named}")
    assert page.status_code == 200


def test_what_was_written_of_somebody_is_told_and_forgotten(scene):
    with db.write():
        known = person("Known Elsewhere", "known@example.org", organisation_id=scene.quito)
    typed = scene.typed("known@example.org")
    named = scene.nominate(scene.staff[0])
    scene.decide("selected", named)
    told = {section.name: section.rows for section in held.held_about(scene.staff[0])}
    (mine,) = told["nominations"]
    assert (mine["cohort"], mine["organisation"], mine["state"]) == ("West 3", "Statistics Dakar", "selected")
    db.end_read()
    with db.write():
        service.forget(known)
        service.forget(scene.staff[0])
    assert (row(typed).name, row(typed).address, row(typed).state) == ("", "", "withdrawn")
    assert (row(named).supervisor, row(named).state) == ("", "withdrawn")
    desk = scene.signed_in(scene.regional)
    assert desk.get(f"/cohorts/{scene.cohort}/nominations").status_code == 200


def test_more_than_ten_cohorts_are_filtered_by_where_they_stand(scene):
    today = clock.today()
    with db.write():
        for n in range(10):
            service.create_cohort(
                f"Past {n}", "foundations", today - timedelta(90), today - timedelta(9), {},
                scope="country", scope_id="GH",
            )  # fmt: skip
    desk = scene.signed_in(scene.regional)
    page = desk.get("/cohorts").text
    assert "You work with 11 cohorts" in page and "Ghana" in page and "Western Africa" in page
    assert "call open until" in page
    ended = desk.get("/cohorts?stage=ended").text
    assert "Past 3" in ended and "West 3" not in ended
    assert "West 3" in desk.get("/cohorts?stage=nonsense").text


def test_until_somebody_is_in_it_a_cohort_begins_with_its_call(scene):
    scene.nominate(scene.staff[0])
    page = scene.signed_in(scene.regional).get(f"/cohorts/{scene.cohort}").text
    assert "1 person is nominated and waits for your decision" in page
    assert f'class="button" href="/cohorts/{scene.cohort}/nominations"' in page


def test_who_has_taken_a_place_is_told_when_the_cohort_begins(scene):
    nomination, chosen = scene.nominate(scene.staff[0]), scene.staff[0]
    scene.decide("selected", nomination)
    client = scene.signed_in(chosen)
    assert "You have a place in" not in client.get("/today").text, "the place is only offered yet"
    db.end_read()
    with db.write():
        service.take_place(nomination, chosen)
    assert "You have a place in West 3" in client.get("/today").text
