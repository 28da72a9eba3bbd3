"""Coming in: signing in, invitations, new passwords, addresses."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from uuid import uuid4

import make
import pytest
import time_machine
from argon2 import PasswordHasher
from sqlalchemy import func, select

from lms import clock, db
from lms.audit.models import Entry
from lms.mail.models import OutboxMessage
from lms.people import passwords, queries, rules, service, upstairs
from lms.people.models import Address, Person, Token
from lms.policy import Refusal

GOOD = {
    "password": "nine brown kettles",
    "name": "Amina Diallo",
    "name_latin": "",
    "sex": "female",
    "post": "Statistician",
    "language": "en",
    "time_zone": "Africa/Dakar",
}


def invited(name="Amina Diallo", address="amina@example.org", **given):
    """A person who was invited, and the link's token."""
    key = make.person(name, address, joined=False, **given)
    with db.write():
        return key, service.invite(key, None)


def sign_in(client, address, password=make.PASSWORD, **options):
    return make.post(client, "/sign-in", {"address": address, "password": password}, **options)


def signed_in(client) -> bool:
    return client.get("/account").status_code == 200


def said(answer) -> str:
    """The page's text, without tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", unescape(answer.text)).split())


def letters() -> list[OutboxMessage]:
    rows = db.session().scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()
    db.end_read()
    return list(rows)


def token_in(letter: OutboxMessage) -> str:
    return re.search(r"https?://\S+/([\w-]{43})", letter.body)[1]


# --- signing in ---


def test_the_page_itself_signs_in(db_app, client):
    make.person(address="amina@example.org")
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)[1]
    answer = client.post(
        "/sign-in", data={"csrf_token": token, "address": "amina@example.org", "password": make.PASSWORD}
    )
    assert (answer.status_code, answer.location) == (303, "/")
    assert signed_in(client)


def test_a_form_without_its_token_is_refused(db_app, client):
    make.person(address="amina@example.org")
    answer = client.post("/sign-in", data={"address": "amina@example.org", "password": make.PASSWORD})
    assert answer.status_code == 400
    assert not signed_in(client)


def test_an_address_signs_in_however_it_is_capitalised_or_padded(db_app, client):
    make.person(address="Amina.Diallo@Example.org")
    assert sign_in(client, "  amina.diallo@EXAMPLE.org ").status_code == 303


def test_any_confirmed_address_signs_in_and_no_other(db_app, client):
    person = make.person(address="one@example.org")
    with db.write():
        service.add_address(person, "two@example.org", person)
    assert sign_in(client, "two@example.org").status_code == 422
    with db.write():
        service.confirm_address(token_in(letters()[-1]))
    assert sign_in(client, "two@example.org").status_code == 303
    assert sign_in(db_app.test_client(), "one@example.org").status_code == 303


def test_a_wrong_password_and_an_unknown_address_read_the_same(db_app):
    make.person(address="amina@example.org")
    make.person("Not Yet", "invited@example.org", joined=False)
    answers = [
        sign_in(db_app.test_client(), address, "wrong password")
        for address in ("amina@example.org", "nobody@example.org", "invited@example.org")
    ]
    pages = {re.sub(r'value="[^"]*"', "", answer.text) for answer in answers}
    assert {answer.status_code for answer in answers} == {422}
    assert len(pages) == 1
    assert "do not belong together" in pages.pop()


def test_the_wrong_password_costs_the_same_work_for_an_unknown_address(db_app, client, monkeypatch):
    verified = []

    class Counting(PasswordHasher):
        def verify(self, stored, password):
            verified.append(stored)
            return super().verify(stored, password)

    monkeypatch.setattr(passwords, "hasher", Counting(time_cost=1, memory_cost=8, parallelism=1))
    make.person(address="amina@example.org")
    sign_in(client, "amina@example.org", "wrong password")
    sign_in(client, "nobody@example.org", "wrong password")
    assert len(verified) == 2


@pytest.mark.parametrize(
    "typed", ["", "\x00", "a\x00b@example.org", "x" * 5000, "'; --", "🦔@example.org", "٣@example.org"]
)
def test_no_address_that_is_typed_breaks_the_page(db_app, client, typed):
    assert sign_in(client, typed, "some password").status_code == 422


def test_after_sign_in_one_goes_on_where_one_wanted_to_and_never_to_another_site(db_app):
    make.person(address="amina@example.org")
    for wanted, reached in {
        "/account": "/account",
        "//evil.example": "/",
        "https://evil.example": "/",
        "/\\evil.example": "/",
        "": "/",
    }.items():
        client = db_app.test_client()
        answer = make.post(
            client,
            "/sign-in",
            {"address": "amina@example.org", "password": make.PASSWORD},
            query_string={"next": wanted},
        )
        assert answer.location == reached


def test_a_page_that_needs_a_session_leads_back_to_itself_after_signing_in(db_app, client):
    make.person(address="amina@example.org")
    answer = client.get("/account")
    assert answer.status_code == 303
    assert sign_in(client, "amina@example.org").status_code == 303


def test_the_persons_own_language_rules_after_sign_in_unless_the_request_chose_one(db_app):
    make.person(address="amina@example.org", language="fr")
    client = db_app.test_client()
    client.set_cookie("lang", "ar")
    sign_in(client, "amina@example.org")
    assert client.get_cookie("lang") is None
    assert 'lang="fr"' in client.get("/account").text
    other = db_app.test_client()
    other.set_cookie("lang", "ar")
    sign_in(other, "amina@example.org", query_string={"lang": "ar"})
    assert 'lang="ar"' in other.get("/account").text


def test_after_ten_tries_an_address_waits_known_or_not_and_a_restart_forgets_nothing(db_app):
    make.person(address="amina@example.org")
    pages = set()
    with time_machine.travel((clock.now() + timedelta(hours=1)).replace(minute=1), tick=False):
        for address in ("amina@example.org", "nobody@example.org"):
            for _number in range(10):
                assert sign_in(db_app.test_client(), address, "wrong password").status_code == 422
            db.configure(str(db.engine().url.render_as_string(hide_password=False)))  # the server starts again
            answer = sign_in(db_app.test_client(), address)
            assert answer.status_code == 429
            pages.add(re.sub(r'value="[^"]*"', "", answer.text))
    assert len(pages) == 1
    assert "Wait 14 minutes" in pages.pop()
    with time_machine.travel(clock.now() + timedelta(hours=2)):
        assert sign_in(db_app.test_client(), "amina@example.org").status_code == 303


def test_one_address_that_waits_does_not_keep_its_neighbours_out(db_app):
    make.person(address="amina@example.org")
    for _number in range(11):
        sign_in(db_app.test_client(), "nobody@example.org", "wrong password")
    assert sign_in(db_app.test_client(), "amina@example.org").status_code == 303


def test_one_place_that_tries_very_many_addresses_waits(db_app, monkeypatch):
    monkeypatch.setitem(rules.RATES, "sign_in", ((10, 900), (5, 900)))
    with time_machine.travel((clock.now() + timedelta(hours=1)).replace(minute=1), tick=False):
        for number in range(5):
            assert sign_in(db_app.test_client(), f"n{number}@example.org", "wrong password").status_code == 422
        assert sign_in(db_app.test_client(), "n6@example.org", "wrong password").status_code == 429


def test_a_hash_of_older_parameters_is_made_anew_when_its_person_signs_in(db_app, client, monkeypatch):
    person = make.person(address="amina@example.org")
    before = queries.password_hash_of(person)
    monkeypatch.setattr(passwords, "hasher", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert sign_in(client, "amina@example.org").status_code == 303
    after = queries.password_hash_of(person)
    assert before != after
    assert "m=16,t=2" in after
    assert sign_in(db_app.test_client(), "amina@example.org").status_code == 303


def test_signing_out_everywhere_ends_every_other_device(db_app):
    make.person(address="amina@example.org")
    one, other = db_app.test_client(), db_app.test_client()
    sign_in(one, "amina@example.org")
    sign_in(other, "amina@example.org")
    assert signed_in(one) and signed_in(other)
    assert make.post(one, "/account/sign-out-everywhere").status_code == 303
    assert not signed_in(one) and not signed_in(other)


def test_signing_out_ends_this_device_only(db_app):
    make.person(address="amina@example.org")
    one, other = db_app.test_client(), db_app.test_client()
    sign_in(one, "amina@example.org")
    sign_in(other, "amina@example.org")
    make.post(one, "/sign-out")
    assert not signed_in(one) and signed_in(other)


def test_an_archived_person_is_signed_out_and_cannot_sign_in(db_app, client):
    person = make.person(address="amina@example.org")
    sign_in(client, "amina@example.org")
    with db.write() as s:
        s.get_one(Person, person).archived_at = clock.now()
    assert not signed_in(client)
    assert sign_in(db_app.test_client(), "amina@example.org").status_code == 422


# --- invitations ---


def test_an_invitation_is_accepted_and_leads_to_the_first_page_signed_in(db_app, client):
    office = make.organisation("Statistics Tavara")
    person, token = invited(organisation_id=office)
    page = client.get(f"/invitation/{token}")
    assert "Statistics Tavara" in page.text
    answer = make.post(client, f"/invitation/{token}", GOOD)
    assert (answer.status_code, answer.location) == (303, "/")
    assert signed_in(client)
    assert queries.viewer_of(person).name_confirmed
    assert queries.addresses_of(person)[0].confirmed
    assert sign_in(db_app.test_client(), "amina@example.org", GOOD["password"]).status_code == 303


def test_opening_an_invitation_changes_nothing(db_app, client):
    _person, token = invited()
    for _number in range(3):
        assert client.get(f"/invitation/{token}").status_code == 200
    assert db.session().scalar(select(Token.used_at)) is None
    assert db.session().scalar(select(Address.confirmed_at)) is None
    assert not signed_in(client)


def test_the_cohort_and_other_rooms_add_their_sentence_to_the_page_and_the_letter(db_app, client, monkeypatch):
    monkeypatch.setattr(upstairs, "_welcomes", {"test": lambda _person: "The cohort West 3 begins on 1 March."})
    _person, token = invited()
    assert "The cohort West 3 begins on 1 March." in said(client.get(f"/invitation/{token}"))
    assert "The cohort West 3 begins on 1 March." in " ".join(letters()[0].body.split())


def test_an_invitation_speaks_the_language_that_the_person_was_entered_with(db_app, client):
    _person, token = invited(language="ar")
    assert '<html lang="ar" dir="rtl">' in client.get(f"/invitation/{token}").text
    assert '<html lang="fr"' in client.get(f"/invitation/{token}?lang=fr").text


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"password": "short"}, "Use at least 10 characters."),
        ({"password": "password2024"}, "among the first that an attacker tries"),
        ({"password": "aminadiallo1"}, "little more than your own name or address"),
        ({"password": ""}, "Choose a password."),
        ({"name": "   "}, "Write the name as it is to be printed."),
        ({"name": "=SUM(A1)"}, "A name cannot have “=” there."),
        ({"name": "+Amina"}, "A name cannot have “+” there."),
        ({"name": "-Amina"}, "A name cannot have “-” there."),
        ({"name": "@Amina"}, "A name cannot have “@” there."),
        ({"name": "Amina 🦔"}, "A name cannot have “🦔” there."),
        ({"name": "Amina\x00"}, "a sign that cannot be seen"),
        ({"name": "a" * 201}, "A name can have up to 200 letters."),
        ({"name": "123"}, "A name needs at least one letter."),
        ({"name": "ليلى حداد"}, "Write the name in Latin letters too"),
        ({"name": "ليلى حداد", "name_latin": "ليلى"}, "Use Latin letters here"),
        ({"name": "Amina", "name_latin": "=cmd"}, "A name cannot have “=” there."),
        ({"sex": "yes"}, "Not a valid choice"),
        ({"language": "xx"}, "Not a valid choice"),
        ({"time_zone": "Mars/Olympus"}, "Not a valid choice"),
        ({"post": "p" * 201}, "Use at most 200 letters."),
    ],
)
def test_what_is_wrong_with_an_acceptance_is_said_and_nothing_else_typed_is_lost(db_app, client, typed, message):
    person, token = invited()
    answer = make.post(client, f"/invitation/{token}", {**GOOD, "post": "Head of division", **typed})
    assert answer.status_code == 422
    assert message in said(answer)
    if "post" not in typed:
        assert 'value="Head of division"' in answer.text
    assert queries.password_hash_of(person) is None
    assert make.post(client, f"/invitation/{token}", GOOD).status_code == 303


@pytest.mark.parametrize(
    ("name", "latin"),
    [
        ("Ngũgĩ wa Thiong'o", ""),
        ("Siobhán O’Brien-Ní Dhomhnaill", ""),
        ("ليلى حداد", "Layla Haddad"),
        ("ნინო კაპანაძე", "Nino Kapanadze"),
        ("สมชาย ใจดี", "Somchai Jaidee"),
        ("李小龙", "Li Xiaolong"),
        ("नेपाली\u200dनाम", "Nepali Name"),
        ("ﷺ" * 200, "Long Ligature"),
        ("é" * 200, ""),
        ('Robert "Bob" Smith, Jr.', ""),
    ],
)
def test_names_of_the_world_are_taken_as_they_are(db_app, client, name, latin):
    person, token = invited()
    answer = make.post(client, f"/invitation/{token}", {**GOOD, "name": name, "name_latin": latin})
    assert answer.status_code == 303
    assert queries.person(person).name == name


def test_direction_marks_go_from_a_name_in_silence(db_app, client):
    person, token = invited()
    make.post(client, f"/invitation/{token}", {**GOOD, "name": "\u202eAmina\u202c  Diallo\n"})
    assert queries.person(person).name == "Amina Diallo"


def test_eight_at_once_accept_one_invitation_once(db_app):
    person, token = invited()
    before = queries.person(person)
    db.end_read()

    def accept(number):
        client = db_app.test_client()
        return make.post(client, f"/invitation/{token}", {**GOOD, "password": f"kettle number {number}"}).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(accept, range(8)))
    assert sorted(answers)[0] == 303
    assert answers.count(303) == 1
    assert set(answers) <= {303, 410, 422}
    assert before.active is False and queries.person(person).active
    joined = select(func.count()).select_from(Entry).where(Entry.verb == "people.joined")
    assert db.session().scalar(joined) == 1
    winner = answers.index(303)
    assert sign_in(db_app.test_client(), "amina@example.org", f"kettle number {winner}").status_code == 303


def test_two_open_invitations_of_one_person_are_worth_one_account(db_app):
    person, first = invited()
    with db.write():
        second = service.invite(person, None)
    assert make.post(db_app.test_client(), f"/invitation/{first}", GOOD).status_code == 303
    again = make.post(db_app.test_client(), f"/invitation/{second}", {**GOOD, "password": "taken over by me"})
    assert again.status_code == 410
    assert "account is there already" in said(again)
    assert sign_in(db_app.test_client(), "amina@example.org", "taken over by me").status_code == 422


def test_an_expired_invitation_offers_a_new_one_to_the_same_address_and_hides_it(db_app, client):
    _person, token = invited()
    with time_machine.travel(clock.now() + timedelta(days=15)):
        page = client.get(f"/invitation/{token}")
        assert page.status_code == 410
        assert "a…@example.org" in said(page) and "amina@example.org" not in page.text
        assert make.post(client, f"/invitation/{token}", GOOD).status_code == 410
        answer = make.post(client, f"/invitation/{token}/again", follow_redirects=True)
        assert "A new link is on its way to a…@example.org." in said(answer)
        assert "amina@example.org" not in answer.text
        assert letters()[-1].address == "amina@example.org"
        assert make.post(client, f"/invitation/{token_in(letters()[-1])}", GOOD).status_code == 303


def test_new_links_are_not_sent_without_end(db_app, client):
    _person, token = invited()
    with time_machine.travel((clock.now() + timedelta(days=15)).replace(minute=1), tick=False):
        answers = [make.post(client, f"/invitation/{token}/again").status_code for _number in range(5)]
    assert answers == [303, 303, 303, 303, 429]
    assert len(letters()) == 5


def test_a_used_invitation_says_that_the_account_is_there(db_app, client):
    _person, token = invited()
    make.post(client, f"/invitation/{token}", GOOD)
    page = db_app.test_client().get(f"/invitation/{token}")
    assert page.status_code == 410
    assert "Your account is there already" in said(page)
    assert make.post(db_app.test_client(), f"/invitation/{token}/again").status_code == 409


def test_a_link_that_was_cut_off_is_told_kindly(db_app, client):
    _person, token = invited()
    for path in (f"/invitation/{token[:-1]}", "/invitation/x", "/password/x", "/address/x"):
        page = client.get(path)
        assert page.status_code == 404
        assert "This link does not work" in said(page)
    assert make.post(client, f"/invitation/{token[:-1]}/again").status_code == 404


def test_a_link_of_one_purpose_serves_no_other(db_app, client):
    make.person(address="amina@example.org")
    with db.write():
        service.ask_reset("amina@example.org")
    token = token_in(letters()[0])
    assert client.get(f"/password/{token}").status_code == 200
    assert client.get(f"/invitation/{token}").status_code == 404
    assert client.get(f"/address/{token}").status_code == 404


def test_only_hashes_of_links_are_kept_and_the_letter_is_blanked_when_it_was_sent(db_app):
    from lms.mail import delivery

    _person, token = invited()
    assert token not in str(db.session().execute(select(Token.token_hash)).all())
    assert delivery.deliver_due("w") == 1
    assert letters()[0].body == ""


def test_an_address_that_signs_in_elsewhere_is_not_taken_over_by_an_invitation(db_app, client):
    person, token = invited(address="shared@example.org")
    other = make.person(address="other@example.org")
    with db.write():
        service.add_address(other, "shared@example.org", other)
    with db.write():
        service.confirm_address(token_in(letters()[-1]))
    answer = make.post(client, f"/invitation/{token}", GOOD)
    assert answer.status_code == 422
    assert "signs in to another account" in said(answer)
    assert queries.password_hash_of(person) is None


def test_somebody_who_joined_cannot_be_invited_again(db_app):
    person = make.person()
    with pytest.raises(Refusal) as refused, db.write():
        service.invite(person, None)
    assert refused.value.code == "already_joined"


# --- forgotten passwords ---


def test_a_forgotten_password_is_chosen_anew_by_letter_and_ends_every_session(db_app, client):
    make.person(address="amina@example.org")
    sign_in(client, "amina@example.org")
    other = db_app.test_client()
    assert make.post(other, "/password/forgotten", {"address": "Amina@Example.org"}).status_code == 303
    token = token_in(letters()[0])
    assert other.get(f"/password/{token}").status_code == 200
    answer = make.post(other, f"/password/{token}", {"password": "nine brown kettles"})
    assert (answer.status_code, answer.location) == (303, "/")
    assert signed_in(other) and not signed_in(client)
    again = make.post(db_app.test_client(), f"/password/{token}", {"password": "ten brown kettles"})
    assert again.status_code == 410
    assert sign_in(db_app.test_client(), "amina@example.org", "nine brown kettles").status_code == 303


def test_asking_for_a_new_password_tells_nobody_whether_the_address_is_known(db_app):
    make.person(address="amina@example.org")
    answers = [
        make.post(db_app.test_client(), "/password/forgotten", {"address": address}, follow_redirects=True)
        for address in ("amina@example.org", "nobody@example.org")
    ]
    assert len({(a.status_code, re.sub(r'value="[^"]*"', "", a.text)) for a in answers}) == 1
    assert len(letters()) == 1


def test_a_link_for_a_new_password_works_for_two_hours(db_app, client):
    make.person(address="amina@example.org")
    make.post(client, "/password/forgotten", {"address": "amina@example.org"})
    with time_machine.travel(clock.now() + timedelta(hours=2, minutes=1)):
        assert client.get(f"/password/{token_in(letters()[0])}").status_code == 410


def test_a_poor_new_password_is_refused_and_the_link_still_works(db_app, client):
    make.person("Amina Diallo", "amina@example.org")
    make.post(client, "/password/forgotten", {"address": "amina@example.org"})
    token = token_in(letters()[0])
    for poor in ("short", "1234567890", "AminaDiallo", "amina@example.org", "x" * 501):
        assert make.post(client, f"/password/{token}", {"password": poor}).status_code == 422
    assert make.post(client, f"/password/{token}", {"password": "nine brown kettles"}).status_code == 303


def test_who_was_invited_and_asks_for_a_password_gets_the_invitation_again(db_app, client):
    invited(address="amina@example.org")
    make.post(client, "/password/forgotten", {"address": "amina@example.org"})
    assert client.get(f"/invitation/{token_in(letters()[-1])}").status_code == 200


def test_somebody_who_was_entered_and_not_invited_gets_no_letter(db_app, client):
    make.person(address="amina@example.org", joined=False)
    make.post(client, "/password/forgotten", {"address": "amina@example.org"})
    assert letters() == []


def test_forgetting_is_limited_and_tells_nothing_either(db_app):
    make.person(address="amina@example.org")
    with time_machine.travel((clock.now() + timedelta(hours=1)).replace(minute=1), tick=False):
        for address in ("amina@example.org", "nobody@example.org"):
            answers = [
                make.post(db_app.test_client(), "/password/forgotten", {"address": address}).status_code
                for _number in range(5)
            ]
            assert answers == [303, 303, 303, 303, 429]


def test_an_unknown_id_is_answered_like_one_of_somebody_else(db_app, client):
    person = make.person(address="amina@example.org")
    other = make.person(address="other@example.org")
    make.sign_in(client, person)
    theirs = queries.addresses_of(other)[0].id
    db.end_read()
    for path in ("again", "primary", "removal"):
        answers = [make.post(client, f"/account/addresses/{key}/{path}") for key in (theirs, uuid4())]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.text for answer in answers}) == 1
        assert "other@example.org" not in answers[0].text
