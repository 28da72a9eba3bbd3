"""One's own account, and what administrators and others do for a person."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from html import unescape
from uuid import uuid4

import make
import pytest
import time_machine
from sqlalchemy import event, select

from lms import clock, db
from lms.audit.models import Entry
from lms.mail.models import OutboxMessage
from lms.people import queries, service, upstairs
from lms.people.models import RoleGrant
from lms.policy import Grant, Refusal, Target, allows

PROFILE = {
    "name": "Amina Diallo",
    "name_latin": "",
    "sex": "female",
    "post": "Statistician",
    "language": "en",
    "time_zone": "Africa/Dakar",
}


def said(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", unescape(answer.text)).split())


def last_token() -> str:
    body = db.session().scalar(select(OutboxMessage.body).order_by(OutboxMessage.id.desc()).limit(1))
    db.end_read()
    return re.search(r"https?://\S+/([\w-]{43})", body)[1]


def signed_in_as(app, person):
    return make.sign_in(app.test_client(), person)


def refusal_of(call) -> str:
    with pytest.raises(Refusal) as refused, db.write():
        call()
    return refused.value.code


@pytest.fixture
def admin(db_app):
    return signed_in_as(db_app, make.role(make.person("Root Admin", "root@example.org"), "administrator"))


# --- one's own account ---


def test_saving_the_profile_confirms_the_name_and_goes_on_in_the_chosen_language(db_app, client):
    person = make.person("Amina", joined=False)
    make.sign_in(client, person)
    assert "saving confirms it" in said(client.get("/account"))
    client.set_cookie("lang", "ar")
    answer = make.post(client, "/account", {**PROFILE, "language": "fr"})
    assert answer.status_code == 303
    profile = queries.person(person)
    assert (profile.name, profile.name_confirmed, profile.language) == ("Amina Diallo", True, "fr")
    assert '<html lang="fr"' in client.get("/account").text


def test_a_profile_that_is_wrong_is_given_back_as_typed(db_app, client):
    make.sign_in(client, make.person("Amina Diallo"))
    answer = make.post(client, "/account", {**PROFILE, "name": "=Amina", "post": "Chief"})
    assert answer.status_code == 422
    assert "A name cannot have “=” there." in said(answer)
    assert 'value="=Amina"' in answer.text and 'value="Chief"' in answer.text
    assert queries.viewer_of(queries.find_by_address("x@y.z") or uuid4()) is None


def test_changing_the_password_needs_the_old_one_and_ends_the_other_sessions(db_app, client):
    person = make.person(address="amina@example.org")
    make.sign_in(client, person)
    other = signed_in_as(db_app, person)
    wrong = make.post(client, "/account/password", {"current": "not mine", "password": "nine brown kettles"})
    assert wrong.status_code == 422 and "This is not your password." in said(wrong)
    right = make.post(client, "/account/password", {"current": make.PASSWORD, "password": "nine brown kettles"})
    assert right.status_code == 303
    assert client.get("/account").status_code == 200
    assert other.get("/account").status_code == 303


def test_an_open_session_does_not_help_to_guess_the_password(db_app, client):
    make.sign_in(client, make.person())
    with time_machine.travel((clock.now() + timedelta(hours=1)).replace(minute=1), tick=False):
        form = {"current": "not mine", "password": "nine brown kettles"}
        answers = [make.post(client, "/account/password", form).status_code for _number in range(11)]
    assert answers == [422] * 10 + [429]


def test_an_address_is_added_confirmed_made_primary_and_the_old_one_removed(db_app, client):
    person = make.person(address="old@example.org")
    make.sign_in(client, person)
    assert make.post(client, "/account/addresses", {"address": "new@example.org"}).status_code == 303
    old, new = queries.addresses_of(person)
    db.end_read()
    assert make.post(client, f"/account/addresses/{new.id}/primary").status_code == 422  # not confirmed yet
    token = last_token()
    visitor = db_app.test_client()
    assert "new@example.org" in visitor.get(f"/address/{token}").text
    assert not queries.addresses_of(person)[1].confirmed
    assert make.post(visitor, f"/address/{token}").status_code == 303
    assert make.post(client, f"/account/addresses/{old.id}/removal").status_code == 422  # letters go there
    assert make.post(client, f"/account/addresses/{new.id}/primary").status_code == 303
    assert make.post(client, f"/account/addresses/{old.id}/removal").status_code == 303
    assert [(a.address, a.confirmed, a.primary) for a in queries.addresses_of(person)] == [
        ("new@example.org", True, True)
    ]


def test_an_address_twice_and_an_address_that_is_none_are_told(db_app, client):
    make.sign_in(client, make.person(address="amina@example.org"))
    assert "is there already" in said(make.post(client, "/account/addresses", {"address": "AMINA@example.org"}))
    for typed in (
        "",
        "amina",
        "a@b",
        "a b@example.org",
        "a@exa\nmple.org",
        "أمينة@example.org",
        "x" * 300 + "@example.org",
    ):
        answer = make.post(client, "/account/addresses", {"address": typed})
        assert answer.status_code == 422
        assert "This is not a mail address." in said(answer)


def test_adding_somebody_elses_address_tells_nothing_and_confirming_it_is_refused(db_app, client):
    make.person(address="theirs@example.org")
    make.sign_in(client, make.person(address="mine@example.org"))
    known = make.post(client, "/account/addresses", {"address": "theirs@example.org"}, follow_redirects=True)
    token = last_token()
    unknown = make.post(client, "/account/addresses", {"address": "nobodys@example.org"}, follow_redirects=True)
    assert known.status_code == unknown.status_code == 200
    assert "A letter is on its way there" in said(known) and "A letter is on its way there" in said(unknown)
    answer = make.post(client, f"/address/{token}")
    assert answer.status_code == 409
    assert "signs in to another account" in said(answer)


def test_what_somebody_added_without_confirming_does_not_make_the_address_theirs(db_app):
    intruder = make.person(address="intruder@example.org")
    with db.write():
        service.add_address(intruder, "victim@example.org", intruder)
    assert queries.find_by_address("victim@example.org") is None


def test_eight_confirm_one_address_for_eight_accounts_and_one_has_it(db_app):
    tokens = []
    for number in range(8):
        person = make.person(address=f"n{number}@example.org")
        with db.write():
            service.add_address(person, "shared@example.org", person)
        tokens.append(last_token())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda t: make.post(db_app.test_client(), f"/address/{t}").status_code, tokens))
    assert sorted(answers) == [303] + [409] * 7


# --- roles ---


def test_a_viewer_is_loaded_in_one_statement_with_every_open_role(db_app):
    office = make.organisation()
    person = make.role(make.person(), "focal_point", "organisation", office)
    make.role(person, "observer", "country", "SN")
    statements = []
    event.listen(db.engine(), "before_cursor_execute", lambda *a: statements.append(a[2]))
    viewer = queries.viewer_of(person)
    assert len([text for text in statements if not text.startswith("BEGIN")]) == 1
    assert viewer.grants == {
        Grant("focal_point", "organisation", str(office)),
        Grant("observer", "country", "SN"),
    }


def test_a_role_is_given_once_and_ended_and_given_again(db_app, admin):
    person = make.person()
    form = {"role": "observer", "scope": "programme:"}
    assert "The role is given." in said(make.post(admin, f"/admin/people/{person}/roles", form, follow_redirects=True))
    assert "was held already" in said(make.post(admin, f"/admin/people/{person}/roles", form, follow_redirects=True))
    (role,) = queries.roles_of(person)
    db.end_read()
    assert make.post(admin, f"/admin/people/{person}/roles/{role.id}/end").status_code == 303
    assert queries.roles_of(person) == []
    db.end_read()
    assert make.post(admin, f"/admin/people/{person}/roles", form).status_code == 303
    assert len(queries.roles_of(person)) == 1


def test_a_role_is_held_only_over_what_it_can_be_held_over(db_app, admin):
    person, office = make.person(), make.organisation()
    answer = make.post(
        admin, f"/admin/people/{person}/roles", {"role": "administrator", "scope": f"organisation:{office}"}
    )
    assert answer.status_code == 422
    assert "Choose over what the role is held." in said(answer)
    for scope, scope_id in (("organisation", "x"), ("country", "ZZ"), ("organisation", str(uuid4()))):
        role = "observer"
        assert refusal_of(lambda: service.grant_role(person, role, scope, scope_id, None)) in (  # noqa: B023
            "scope_id",
            "no_organisation",
        )


def test_nobody_gives_beyond_their_own_scope(db_app):
    here, there = make.organisation("Here", "SN"), make.organisation("There", "FR")
    coordinator = make.role(make.person(), "coordinator", "country", "SN")
    someone = make.person()
    with db.write():
        assert service.grant_role(someone, "focal_point", "organisation", str(here), coordinator)
    for role, scope, scope_id in (
        ("focal_point", "organisation", str(there)),
        ("observer", "programme", ""),
        ("coordinator", "country", "FR"),
        ("administrator", "programme", ""),
    ):
        call = lambda: service.grant_role(someone, role, scope, scope_id, coordinator)  # noqa: E731, B023
        assert refusal_of(call) == "beyond_scope"
    focal_point = make.role(make.person(), "focal_point", "organisation", here)
    give = lambda: service.grant_role(someone, "observer", "organisation", str(here), focal_point)  # noqa: E731
    assert refusal_of(give) == "beyond_scope"


def test_to_oneself_one_gives_only_what_one_has(db_app):
    office = make.organisation("Here", "SN")
    coordinator = make.role(make.person(), "coordinator", "country", "SN")
    for role, scope, scope_id in (
        ("focal_point", "organisation", str(office)),
        ("observer", "country", "SN"),
    ):
        call = lambda: service.grant_role(coordinator, role, scope, scope_id, coordinator)  # noqa: E731, B023
        assert refusal_of(call) == "beyond_scope"


def test_the_last_administrator_stays_even_when_two_end_each_other_at_once(db_app):
    one = make.role(make.person(), "administrator")
    other = make.role(make.person(), "administrator")
    grants = {row.person_id: row.id for row in db.session().scalars(select(RoleGrant))}
    db.end_read()

    def end(by, whose):
        with db_app.app_context():
            try:
                with db.write():
                    service.end_role(grants[whose], by)
                return "ended"
            except Refusal as refusal:
                return refusal.code

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda pair: end(*pair), [(one, other), (other, one)]))
    assert answers.count("ended") == 1
    assert set(answers) - {"ended"} <= {"last_administrator", "beyond_scope"}


def test_eight_give_one_role_at_once_and_it_is_held_once(db_app):
    person = make.person()

    def give(_number):
        with db_app.app_context(), db.write():
            return service.grant_role(person, "observer", "programme", "", None)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(give, range(8))).count(True) == 1


# --- memberships ---


def test_a_membership_is_half_open_and_the_office_keeps_the_line(db_app):
    office, next_office = make.organisation("Old"), make.organisation("New")
    person = make.person("Nino Kapanadze", post="Analyst")
    first = make.membership(person, office, date(2024, 1, 1))
    with db.write():
        service.end_membership(first, date(2025, 3, 1), "offer", destination="national")
        service.start_membership(person, next_office, date(2025, 3, 1))
    day_before, that_day = (
        queries.people_of_organisation(office, date(2025, 2, 28)),
        queries.people_of_organisation(office, date(2025, 3, 1)),
    )
    assert (day_before[0].ends_on, day_before[0].post) == (date(2025, 3, 1), "Analyst")
    assert that_day[0].post == ""  # where they went is not the old office's to see
    assert queries.people_of_organisation(office, date(2023, 12, 31)) == []
    target = queries.target_of(person)
    assert ("organisation", str(next_office)) in target.scopes
    assert ("organisation", str(office)) not in target.scopes


def test_current_staff_come_before_former_and_both_by_name(db_app):
    office = make.organisation()
    for name, ended in (("Zoé", None), ("Ámina", None), ("Bintou", date(2025, 1, 1))):
        key = make.membership(make.person(name), office)
        if ended:
            with db.write():
                service.end_membership(key, ended, "retired")
    assert [line.name for line in queries.people_of_organisation(office, clock.today())] == [
        "Ámina",
        "Zoé",
        "Bintou",
    ]


def test_memberships_refuse_what_cannot_be(db_app):
    office, person = make.organisation(), make.person()
    key = make.membership(person, office, date(2024, 1, 1))
    assert refusal_of(lambda: service.start_membership(person, office, date(2025, 1, 1))) == "already_member"
    assert refusal_of(lambda: service.end_membership(key, date(2024, 1, 1), "retired")) == "order"
    assert refusal_of(lambda: service.end_membership(key, date(2025, 1, 1), "bored")) == "reason"
    with db.write():
        service.end_membership(key, date(2025, 1, 1), "retired")
    assert refusal_of(lambda: service.end_membership(key, date(2025, 2, 1), "retired")) == "already_ended"
    with db.write():
        service.start_membership(person, office, date(2025, 1, 1))  # back on the very day


def test_a_focal_point_who_leaves_is_none_any_more(db_app):
    office = make.organisation()
    person = make.role(make.person(), "focal_point", "organisation", office)
    outsider = make.role(make.person(), "focal_point", "organisation", office)
    key = make.membership(person, office)
    with db.write():
        service.end_membership(key, clock.today() + timedelta(days=3), "study", destination="abroad")
    assert queries.viewer_of(person).grants
    with time_machine.travel(clock.now() + timedelta(days=3)), db.write():
        assert service.end_roles_of_departed() == 1
    assert not queries.viewer_of(person).grants
    assert queries.viewer_of(outsider).grants  # was never on the staff, and was named all the same


# --- administrators' pages ---


def test_an_office_is_entered_changed_and_gets_a_focal_point_who_is_invited(db_app, admin):
    form = {
        "name": "Statistics Tavara",
        "name_fr": "Statistique Tavara",
        "country": "SN",
        "kind": "producer",
        "infrastructure": "mixed",
        "languages": ["fr"],
        "time_zone": "",
        "weekend": ["5", "6"],
    }
    answer = make.post(admin, "/admin/organisations/new", form)
    assert answer.status_code == 303
    (office,) = queries.organisations()
    db.end_read()
    assert (office.time_zone, office.weekend, office.name_in("fr")) == (
        "Africa/Dakar",
        [5, 6],
        "Statistique Tavara",
    )
    url = f"/admin/organisations/{office.id}"
    assert make.post(admin, url, {**form, "country": "QQ"}).status_code == 422
    assert make.post(admin, url, {**form, "weekend": [str(n) for n in range(1, 8)]}).status_code == 422
    assert make.post(admin, url, {**form, "kind": "agency"}).status_code == 303
    point = make.post(admin, f"{url}/focal-points", {"address": "amina@example.org", "name": "Amina Diallo"})
    assert point.status_code == 303
    person = queries.find_by_address("amina@example.org")
    assert queries.person(person).language == "fr"
    assert [line.person_id for line in queries.focal_points(office.id)] == [person]
    assert queries.office_of(person).id == office.id
    db.end_read()
    assert last_token()
    assert make.post(admin, f"{url}/focal-points", {"address": "b@example.org", "name": ""}).status_code == 422


def test_a_known_address_makes_its_person_the_focal_point(db_app, admin):
    office, person = make.organisation(), make.person(address="amina@example.org")
    url = f"/admin/organisations/{office}/focal-points"
    assert make.post(admin, url, {"address": "AMINA@example.org"}).status_code == 303
    assert [line.person_id for line in queries.focal_points(office)] == [person]


def test_a_focal_point_who_was_entered_and_never_invited_is_invited_now(db_app, admin):
    office, person = make.organisation(), make.person(address="amina@example.org", joined=False)
    answer = make.post(
        admin, f"/admin/organisations/{office}/focal-points", {"address": "amina@example.org"}, follow_redirects=True
    )
    assert "named and invited" in said(answer)
    assert queries.person(person).invited and last_token()


def test_people_are_found_by_either_script_by_address_and_page_by_page(db_app, admin):
    with db.write():
        for number in range(60):
            service.create_person(f"Person {number:02}", f"p{number}@example.org")
        service.create_person("ليلى حداد", "layla@example.org", name_latin="Layla Haddad")
        service.create_person("Élise Ouédraogo", "elise@example.org")
    for words, name in {
        "layla": "ليلى حداد",
        "حداد": "ليلى حداد",
        "ELISE oued": "Élise Ouédraogo",
        "layla@ex": "ليلى حداد",
    }.items():
        page = admin.get("/admin/people", query_string={"q": words})
        assert name in page.text and "1 person found" in said(page)
    first, second = admin.get("/admin/people"), admin.get("/admin/people?page=2")
    assert "63 people" in said(first) and "page 1 of 2" in said(first)
    assert "Person 59" in second.text and "Person 59" not in first.text
    for odd in ("?page=0", "?page=99", "?page=x", "?q=%25", "?q=_", "?q=%00", "?q=" + "x" * 500):
        assert admin.get("/admin/people" + odd).status_code == 200
    assert "Nobody found" in said(admin.get("/admin/people?q=%25"))


def test_somebody_new_is_entered_once(db_app, admin):
    form = {"name": "Amina Diallo", "address": "amina@example.org", "organisation": "", "language": "fr"}
    answer = make.post(admin, "/admin/people/new", form)
    assert answer.status_code == 303
    assert admin.get(answer.location).status_code == 200
    again = make.post(admin, "/admin/people/new", form)
    assert again.status_code == 422
    assert "is in the system already" in said(again)


def test_a_persons_page_enters_memberships_ends_them_and_sends_the_invitation(db_app, admin):
    office, person = make.organisation(), make.person("Amina Diallo", "typo@example.org", joined=False)
    url = f"/admin/people/{person}"
    assert (
        make.post(admin, f"{url}/memberships", {"organisation": str(office), "starts_on": "2024-01-01"}).status_code
        == 303
    )
    assert (
        make.post(admin, f"{url}/memberships", {"organisation": str(office), "starts_on": "2024-02-01"}).status_code
        == 422
    )
    (line,) = queries.memberships_of(person)
    db.end_read()
    end = f"{url}/memberships/{line.id}/end"
    bad = make.post(admin, end, {f"{line.id.hex}-ends_on": "2023-01-01", f"{line.id.hex}-reason": "retired"})
    assert bad.status_code == 422 and "The end must come after the start." in said(bad)
    assert (
        make.post(admin, end, {f"{line.id.hex}-ends_on": "2025-01-01", f"{line.id.hex}-reason": "retired"}).status_code
        == 303
    )
    assert "retired" in said(admin.get(url))
    assert make.post(admin, f"{url}/addresses", {"address": "amina@example.org"}).status_code == 303
    assert make.post(admin, f"/people/{person}/invitation/letter").status_code == 303
    assert db.session().scalar(select(OutboxMessage.address)) == "amina@example.org"


def test_a_child_is_looked_up_through_its_parent(db_app, admin):
    one, other, office = make.person(), make.person(), make.organisation()
    make.role(other, "observer")
    membership = make.membership(other, office)
    grant = queries.roles_of(other)[0].id
    db.end_read()
    assert make.post(admin, f"/admin/people/{one}/roles/{grant}/end").status_code == 404
    assert make.post(admin, f"/admin/people/{one}/memberships/{membership}/end").status_code == 404
    assert queries.roles_of(other)


def test_only_those_who_keep_records_reach_the_pages_for_it(db_app):
    office, person = make.organisation(), make.person()
    roles = [
        ("coordinator", "cohort", uuid4()),
        ("facilitator", "programme", ""),
        ("focal_point", "organisation", office),
        ("observer", "programme", ""),
    ]
    clients = [signed_in_as(db_app, make.person())] + [
        signed_in_as(db_app, make.role(make.person(), *role)) for role in roles
    ]
    for client in clients:
        for path in (
            "/admin/people",
            "/admin/people/new",
            "/admin/organisations",
            "/admin/organisations/new",
            "/admin/mail",
        ):
            assert client.get(path).status_code == 403
        for kind, key in (("people", person), ("organisations", office)):
            real, unreal = client.get(f"/admin/{kind}/{key}"), client.get(f"/admin/{kind}/{uuid4()}")
            assert real.status_code == unreal.status_code == 404
            assert real.text == unreal.text
        assert (
            make.post(
                client, f"/admin/people/{person}/roles", {"role": "administrator", "scope": "programme:"}
            ).status_code
            == 404
        )


# --- printed invitations ---


def test_whoever_answers_for_a_person_prints_their_invitation_and_nobody_else(db_app):
    here, there = make.organisation("Here", "SN"), make.organisation("There", "FR")
    person = make.person("Amina Diallo", joined=False, organisation_id=here)
    allowed = [
        ("focal_point", "organisation", here),
        ("coordinator", "country", "SN"),
        ("administrator", "programme", ""),
    ]
    denied = [
        ("focal_point", "organisation", there),
        ("coordinator", "country", "FR"),
        ("observer", "programme", ""),
    ]
    for role in allowed:
        client = signed_in_as(db_app, make.role(make.person(), *role))
        assert client.get(f"/people/{person}/invitation").status_code == 200
        page = make.post(client, f"/people/{person}/invitation/paper")
        link = re.search(r"http://localhost(/invitation/[\w-]{43})", page.text)[1]
        assert "<svg" in page.text and "Amina Diallo" in page.text
        assert db_app.test_client().get(link).status_code == 200
    for role in denied:
        client = signed_in_as(db_app, make.role(make.person(), *role))
        for path in (f"/people/{person}/invitation", f"/people/{uuid4()}/invitation"):
            assert client.get(path).status_code == 404
        assert make.post(client, f"/people/{person}/invitation/paper").status_code == 404
        assert make.post(client, f"/people/{person}/invitation/letter").status_code == 404
    assert db.session().scalar(select(OutboxMessage.id).limit(1)) is None  # paper sends no letter


def test_rooms_above_say_to_which_scopes_a_person_belongs(db_app, monkeypatch):
    cohort = uuid4()
    monkeypatch.setattr(upstairs, "_scopes", {"test": lambda _person: {("cohort", str(cohort))}})
    person = make.person(joined=False)
    coordinator = make.role(make.person(), "coordinator", "cohort", cohort)
    assert signed_in_as(db_app, coordinator).get(f"/people/{person}/invitation").status_code == 200


def test_a_paper_is_not_a_way_to_a_role_that_one_could_not_give(db_app):
    office = make.organisation()
    person = make.person(joined=False, organisation_id=office)
    make.role(person, "administrator")
    client = signed_in_as(db_app, make.role(make.person(), "focal_point", "organisation", office))
    answer = make.post(client, f"/people/{person}/invitation/paper")
    assert answer.status_code == 403
    assert "/invitation/" not in answer.text


def test_nobody_prints_a_way_into_an_account_that_is_there(db_app):
    office = make.organisation()
    person = make.person(organisation_id=office)
    client = signed_in_as(db_app, make.role(make.person(), "focal_point", "organisation", office))
    assert make.post(client, f"/people/{person}/invitation/paper").status_code == 409


# --- the record ---


def test_the_audit_record_tells_who_did_what_and_holds_no_name_and_no_address(db_app, admin):
    form = {
        "name": "Statistics Tavara",
        "country": "SN",
        "kind": "producer",
        "infrastructure": "mixed",
        "languages": ["en"],
    }
    make.post(admin, "/admin/organisations/new", {**form, "time_zone": "", "weekend": ["6", "7"]})
    (office,) = queries.organisations()
    db.end_read()
    url = f"/admin/organisations/{office.id}/focal-points"
    make.post(admin, url, {"address": "amina@example.org", "name": "Amina Diallo"})
    person = queries.find_by_address("amina@example.org")
    db.end_read()
    client = db_app.test_client()
    accepted = {**PROFILE, "password": "nine brown kettles", "name": "Amina D. Diallo"}
    assert make.post(client, f"/invitation/{last_token()}", accepted).status_code == 303
    make.post(client, "/account/addresses", {"address": "second@example.org"})
    make.post(client, f"/address/{last_token()}")
    make.post(client, "/account/password", {"current": "nine brown kettles", "password": "ten brown kettles"})
    make.post(client, "/account/sign-out-everywhere")
    make.post(client, "/password/forgotten", {"address": "second@example.org"})
    entries = db.session().scalars(select(Entry).order_by(Entry.id)).all()
    verbs = [entry.verb for entry in entries]
    for verb in (
        "people.organisation_created",
        "people.person_created",
        "people.membership_started",
        "people.role_granted",
        "people.invited",
        "people.joined",
        "people.name_confirmed",
        "people.address_added",
        "people.address_confirmed",
        "people.password_changed",
        "people.signed_out_everywhere",
        "people.reset_asked",
    ):
        assert verb in verbs
    granted = entries[verbs.index("people.role_granted", verbs.index("people.person_created"))]
    assert granted.data.keys() == {"role", "scope", "scope_id"}
    kept = " ".join(
        str(value) for entry in entries for value in (entry.verb, entry.object_kind, entry.object_id, entry.data)
    )
    for secret in ("Amina", "Diallo", "@", "Tavara", "kettles", "argon2"):
        assert secret not in kept
    assert {str(entry.actor_id) for entry in entries if entry.verb == "people.password_changed"} == {str(person)}


def test_a_letter_to_a_person_knows_where_to_go(db_app):
    person = make.person("Amina Diallo", "amina@example.org", language="fr")
    found = queries.recipient(person)
    assert (found.name, found.address, found.language) == ("Amina Diallo", "amina@example.org", "fr")
    assert queries.recipient(uuid4()) is None


def test_a_persons_past_is_told_in_sentences(db_app):
    office = make.organisation("Statistics Tavara")
    person = make.person()
    key = make.membership(person, office, date(2024, 1, 1))
    with db.write():
        service.end_membership(key, date(2025, 1, 1), "retired")
    assert {event.text for event in queries.events_of(person)} == {
        "Began at Statistics Tavara.",
        "Left Statistics Tavara.",
    }


def test_the_first_administrator_signs_in_at_once_or_is_invited(db_app, client):
    from lms.people import passwords

    with db.write():
        service.create_administrator("Root Admin", "root@example.org", passwords.hashed(make.PASSWORD))
        later = service.create_administrator("Later Admin", "later@example.org", None)
    assert make.post(client, "/sign-in", {"address": "root@example.org", "password": make.PASSWORD}).status_code == 303
    assert client.get("/admin/people").status_code == 200
    with db.write():
        assert service.invite(later, None)


def test_what_a_target_belongs_to_decides(db_app):
    office = make.organisation("Here", "SN")
    person = make.person(organisation_id=office)
    scopes = {("organisation", str(office)), ("country", "SN")}
    scopes |= {("region", code) for code in ("002", "202", "011", "ecowas")}
    assert queries.target_of(person) == Target(person, frozenset(scopes))
    assert queries.organisation_target(office) == Target(None, frozenset(scopes))
    assert queries.target_of(uuid4()) is None and queries.organisation_target(uuid4()) is None
    focal_point = queries.viewer_of(make.role(make.person(), "focal_point", "organisation", office))
    assert allows("people.invite", focal_point, queries.target_of(person))
