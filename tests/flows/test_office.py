"""An office keeps itself right: who is here, who left and where to, who follows, who answers for it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from html import unescape
from uuid import UUID, uuid4

import make
import pytest
import time_machine
from sqlalchemy import func, select

from lms import clock, db
from lms.mail.models import Notice, OutboxMessage
from lms.people import queries, service, waiting
from lms.people.models import Address, Membership, Person, RecordQuestion, RoleGrant, StaffConfirmation, Unit
from lms.policy import Refusal
from lms.web import worklist

JOINED = date(2024, 1, 1)


class Office:
    """An office with its focal point and some staff; each membership by the person's first name."""

    def __init__(self, app, name="Statistics Tavara", country="SN", staff=("Amina", "Bintou", "Cheikh")):
        self.app = app
        self.id = make.organisation(name, country)
        self.people: dict[str, UUID] = {}
        self.members: dict[str, UUID] = {}
        for one in ("Focal", *staff):
            self.people[one] = make.person(f"{one} of {name}")
            self.members[one] = make.membership(self.people[one], self.id, JOINED)
        self.focal = make.role(self.people["Focal"], "focal_point", "organisation", self.id)
        self.client = make.sign_in(app.test_client(), self.focal)
        self.path = f"/offices/{self.id}/staff/confirmation"

    def opened(self, client=None) -> dict[str, str]:
        """What the page sends when nothing is changed on it."""
        page = (client or self.client).get(self.path).text
        return fields(page)

    def confirm(self, client=None, opened=None, **said):
        """Say of people by first name what is new: `Amina={"state": "left", …}`; then press."""
        data = dict(self.opened(client) if opened is None else opened)
        for name, values in said.items():
            data |= {f"{self.members[name].hex}-{field}": value for field, value in values.items()}
        return make.post(client or self.client, self.path, data)

    def label(self, name: str) -> str:
        return f"{name} of Statistics Tavara"


def fields(page: str) -> dict[str, str]:
    sent = {}
    for tag in re.findall(r"<input [^>]*>", page):
        found = {k: unescape(v) for k, v in re.findall(r'(\w+)="([^"]*)"', tag)}
        if found.get("type") in ("radio", "checkbox") and " checked" not in tag:
            continue
        if "name" in found and found["name"] != "csrf_token":
            sent[found["name"]] = found.get("value", "")
    for name, options in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.S):
        sent[name] = re.findall(r'value="([^"]*)" selected', options)[0]
    return sent


def words(page) -> str:
    text = page if isinstance(page, str) else page.get_data(as_text=True)
    main = re.search(r"<main.*?</main>", text, re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main[0] if main else text)).split())


def of(model, key):
    db.end_read()
    return db.session().get(model, key, populate_existing=True)


def refusal_of(act) -> str:
    with pytest.raises(Refusal) as caught, db.write():
        act()
    return caught.value.code


@pytest.fixture
def office(db_app) -> Office:
    return Office(db_app)


# --- why, where to, who follows ---


def test_why_somebody_left_and_where_to_are_two_things(office):
    with db.write():
        service.end_membership(office.members["Amina"], date(2026, 3, 1), "offer", office.focal, destination="agency")
    row = of(Membership, office.members["Amina"])
    assert (row.ends_on, row.end_reason, row.destination) == (date(2026, 3, 1), "offer", "agency")
    assert "an international agency · a better post" in words(office.client.get(f"/offices/{office.id}"))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"reason": "bored"}, "reason"),
        ({"reason": "other", "destination": "moon"}, "destination"),
        ({"reason": "other", "destination": "office"}, "destination_id"),
        ({"reason": "other", "destination": "office", "destination_id": uuid4()}, "destination_id"),
        ({"reason": "other", "on": JOINED}, "order"),
        ({"reason": "other", "on": JOINED - timedelta(days=9)}, "order"),
    ],
)
def test_an_end_that_cannot_be_is_refused(office, given, code):
    given = {"on": date(2026, 3, 1), **given}
    key = office.members["Amina"]
    assert refusal_of(lambda: service.end_membership(key, given.pop("on"), given.pop("reason"), None, **given)) == code


def test_nobody_goes_to_the_office_that_they_leave(office):
    key = office.members["Amina"]
    parting = {"destination": "office", "destination_id": office.id}
    assert refusal_of(lambda: service.end_membership(key, date(2026, 3, 1), "other", **parting)) == "destination_id"


def test_a_membership_ends_once_however_many_end_it(db_app, office):
    def end(number):
        with db_app.app_context():
            try:
                with db.write():
                    service.end_membership(office.members["Amina"], date(2026, 3, number + 1), "retired", office.focal)
                return True
            except Refusal as refusal:
                assert refusal.code == "already_ended"
                return False

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(end, range(8))).count(True) == 1


def test_a_follower_is_a_colleague_who_stays(db_app, office):
    elsewhere = Office(db_app, "Elsewhere", staff=("Dior",))
    gone, key = office.members["Amina"], office.members["Bintou"]
    with db.write():
        service.end_membership(gone, date(2026, 3, 1), "retired")
        service.end_membership(key, clock.today() + timedelta(days=60), "contract")
    tries = {
        "herself": office.people["Amina"],
        "one who leaves": office.people["Bintou"],
        "of another office": elsewhere.people["Dior"],
        "nobody at all": uuid4(),
    }
    for follower in tries.values():
        assert refusal_of(lambda who=follower: service.set_successor(gone, who, office.focal)) == "successor"
    assert refusal_of(lambda: service.set_successor(office.members["Cheikh"], None, office.focal)) == "not_ended"
    with db.write():
        service.set_successor(gone, office.people["Cheikh"], office.focal)
    assert "followed by Cheikh" in words(office.client.get(f"/offices/{office.id}"))


def test_the_office_page_says_that_nobody_follows_and_lets_it_be_said(office):
    with db.write():
        service.end_membership(office.members["Amina"], date(2026, 3, 1), "retired")
    page = words(office.client.get(f"/offices/{office.id}"))
    assert "1 person has left whom nobody follows yet" in page and "nobody follows yet" in page
    path = f"/offices/{office.id}/memberships/{office.members['Amina']}/successor"
    assert make.post(office.client, path, {"successor": "Nobody Known"}).status_code == 422
    assert make.post(office.client, path, {"successor": office.label("Bintou")}).status_code == 303
    assert of(Membership, office.members["Amina"]).successor_id == office.people["Bintou"]
    assert make.post(office.client, path, {"successor": ""}).status_code == 303
    assert of(Membership, office.members["Amina"]).successor_id is None


def test_the_other_office_is_asked_and_says_itself_that_they_came(db_app, office):
    other = Office(db_app, "Statistics Lunavia", "MD", staff=())
    amina, gone = office.people["Amina"], date(2026, 3, 1)
    with db.write():
        parting = {"destination": "office", "destination_id": other.id}
        service.end_membership(office.members["Amina"], gone, "offer", office.focal, **parting)
    assert [line.organisation_id for line in queries.memberships_of(amina)] == [office.id]
    (asked,) = queries.questions_of_office(other.id)
    db.end_read()
    assert (asked.kind, asked.on, asked.elsewhere) == ("came", gone, "Statistics Tavara")
    assert "Is said to have come to you from Statistics Tavara" in words(other.client.get(f"/offices/{other.id}"))
    path = f"/questions/{asked.id}"
    assert office.client.get(path).status_code == 404  # it is the other's to say
    early = make.post(other.client, path, {"answer": "here", "starts_on": "2025-01-01"})
    assert early.status_code == 422 and "They were elsewhere until then" in words(early)
    assert make.post(other.client, path, {"answer": "here", "starts_on": "2026-03-01"}).status_code == 303
    assert make.post(other.client, path, {"answer": "not_here"}).status_code == 409
    assert [line.organisation_id for line in queries.memberships_of(amina)] == [other.id, office.id]


def test_somebody_in_two_offices_leaves_one_and_stays_at_the_other(db_app, office):
    other = Office(db_app, "Statistics Lunavia", "MD", staff=())
    make.membership(office.people["Amina"], other.id, JOINED)
    with db.write():
        parting = {"destination": "office", "destination_id": other.id}
        service.end_membership(office.members["Amina"], date(2026, 3, 1), "offer", office.focal, **parting)
    assert queries.questions_of_office(other.id) == []  # she is there already
    assert queries.office_of(office.people["Amina"]).id == other.id


# --- everybody on one page ---


def test_one_press_confirms_who_is_here_who_moved_who_left_and_who_is_new(office):
    assert "The staff was never confirmed" in words(office.client.get(f"/offices/{office.id}"))
    data = office.opened() | {
        "new-0-name": "Dieynaba Fall",
        "new-0-address": "d.fall@example.org",
        "new-0-starts_on": "2026-02-01",
    }
    answer = office.confirm(
        opened=data,
        Amina={"state": "moved", "post": "Head of division", "unit": "Population"},
        Bintou={
            "state": "left",
            "ends_on": "2026-05-01",
            "destination": "abroad",
            "reason": "study",
            "successor": office.label("Cheikh"),
        },
    )
    assert answer.status_code == 303
    row = db.session().scalars(select(StaffConfirmation)).one()
    assert (row.present, row.moved, row.left, row.added, row.confirmed_by) == (4, 1, 1, 1, office.focal)
    assert of(Person, office.people["Amina"]).post == "Head of division"
    assert db.session().scalar(select(Unit.name)) == "Population"
    left = of(Membership, office.members["Bintou"])
    assert (left.ends_on, left.end_reason, left.destination) == (date(2026, 5, 1), "study", "abroad")
    assert left.successor_id == office.people["Cheikh"]
    names = [line.name for line in queries.people_of_organisation(office.id, clock.today())]
    assert "Dieynaba Fall" in names
    assert db.session().scalar(select(func.count()).select_from(OutboxMessage)) == 0  # not invited unless ticked
    page = words(office.client.get(f"/offices/{office.id}"))
    assert "Staff was last confirmed on" in page and "The next confirmation is due on" in page


def test_whoever_is_added_with_a_tick_is_invited(office):
    data = office.opened() | {
        "new-0-name": "Dieynaba Fall",
        "new-0-address": "d.fall@example.org",
        "new-0-starts_on": "2026-02-01",
        "new-0-invited": "1",
    }
    assert office.confirm(opened=data).status_code == 303
    assert db.session().scalars(select(OutboxMessage.address)).all() == ["d.fall@example.org"]


def test_what_is_wrong_is_said_beside_its_line_and_nothing_is_lost_or_saved(office):
    known = make.person("Known Already", "known@example.org")
    data = office.opened() | {
        "new-0-name": "Somebody <b>New</b>",
        "new-0-address": "not an address",
        "new-0-starts_on": "2026-02-01",
        "new-1-name": "Known Again",
        "new-1-address": "known@example.org",
        "new-1-starts_on": "2026-02-01",
    }
    answer = office.confirm(
        opened=data,
        Amina={"state": "left", "ends_on": "2023-01-01"},
        Bintou={"state": "left", "ends_on": ""},
        Cheikh={"state": "moved", "post": "", "unit": ""},
    )
    assert answer.status_code == 422
    page = words(answer)
    for told in (
        "Nothing was saved yet",
        "The end must come after the start",
        "Write the first day away",
        "Write the new post, the new unit, or both",
        "A name cannot have",
        "Somebody with this address is in the system already",
    ):
        assert told in page, told
    kept = fields(answer.text)
    assert kept["new-1-address"] == "known@example.org" and kept["new-0-name"] == "Somebody <b>New</b>"
    assert kept[f"{office.members['Amina'].hex}-state"] == "left"
    assert kept[f"{office.members['Amina'].hex}-ends_on"] == "2023-01-01"
    assert db.session().scalars(select(StaffConfirmation)).all() == []
    assert queries.office_of(known) is None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"ends_on": "31.3.2026"}, "Write the date as year, month and day"),
        ({"ends_on": "2026-03-01", "destination": "office", "office": "Atlantis"}, "Choose one of the offices"),
        ({"ends_on": "2026-03-01", "destination": "abroad", "office": "Atlantis"}, "Either an office or another place"),
        ({"ends_on": "2026-03-01", "successor": "Nobody Known"}, "Choose somebody of the staff"),
        ({"ends_on": "2026-03-01", "successor": "Amina of Statistics Tavara"}, "Nobody can follow themselves"),
        ({"ends_on": "2026-03-01", "reason": "bored"}, "Choose a reason"),
    ],
)
def test_odd_things_typed_about_one_who_left(office, said, told):
    answer = office.confirm(Amina={"state": "left", **said})
    assert answer.status_code == 422 and told in words(answer)
    assert of(Membership, office.members["Amina"]).ends_on is None


def test_each_mistake_stands_under_its_own_field(office):
    said = {"state": "left", "ends_on": "31.3.2026", "successor": "Nobody Known"}
    page = office.confirm(Amina=said).text
    assert page.count("Write the date as year, month and day") == page.count("Choose somebody of the staff") == 1


def test_nobody_follows_who_leaves_on_the_same_page(office):
    parting = {"state": "left", "ends_on": "2026-03-01"}
    answer = office.confirm(Amina=parting | {"successor": office.label("Bintou")}, Bintou=parting)
    assert answer.status_code == 422 and "who is on the staff and stays" in words(answer)


def test_pressed_twice_it_is_confirmed_once(office):
    opened = office.opened()
    said = {"state": "left", "ends_on": "2026-05-01"}
    assert office.confirm(opened=opened, Amina=said).status_code == 303
    assert office.confirm(opened=opened, Amina=said).status_code == 303
    row = db.session().scalars(select(StaffConfirmation)).one()
    assert (row.present, row.left) == (3, 1)


def test_two_focal_points_who_confirm_at_once_do_not_write_over_each_other(db_app, office):
    second = make.role(make.person(), "focal_point", "organisation", office.id)
    clients = [office.client, make.sign_in(db_app.test_client(), second)]
    pages = [office.opened(client) for client in clients]
    said = [{"state": "left", "ends_on": "2026-05-01"}, {"state": "moved", "post": "Chief"}]

    def press(number):
        return office.confirm(clients[number], pages[number], Amina=said[number]).status_code

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(press, range(2))) == [303, 409]
    assert len(db.session().scalars(select(StaffConfirmation)).all()) == 1
    ended, post = of(Membership, office.members["Amina"]).ends_on, of(Person, office.people["Amina"]).post
    assert (ended is None) == (post == "Chief")


def test_what_changed_since_the_page_was_opened_is_told(office):
    opened = office.opened()
    with db.write():
        service.end_membership(office.members["Amina"], date(2026, 5, 1), "retired")
    newcomer = make.person("Fatou Sow")
    make.membership(newcomer, office.id, JOINED)
    answer = office.confirm(opened=opened, Bintou={"state": "moved", "post": "Chief"})
    page = words(answer)
    assert answer.status_code == 409
    assert "The staff has changed since you opened this page" in page
    assert f"No longer on the staff: {office.label('Amina')}" in page and "Fatou Sow came meanwhile" in page
    again = fields(answer.text)
    assert again[f"{office.members['Bintou'].hex}-post"] == "Chief"
    assert make.post(office.client, office.path, again).status_code == 303


def test_it_may_be_confirmed_again_on_the_same_day(office):
    assert office.confirm(Amina={"state": "left", "ends_on": "2026-05-01"}).status_code == 303
    assert office.confirm(Bintou={"state": "left", "ends_on": "2026-05-01"}).status_code == 303
    row = db.session().scalars(select(StaffConfirmation)).one()
    assert (row.present, row.left) == (2, 2)


def test_one_who_leaves_ahead_of_the_day_stays_on_the_list_until_then(office):
    day = clock.today() + timedelta(days=30)
    assert office.confirm(Amina={"state": "left", "ends_on": day.isoformat()}).status_code == 303
    page = office.client.get(office.path).text
    assert "Leaves: first day away" in page
    assert office.confirm().status_code == 303
    with time_machine.travel(clock.now() + timedelta(days=31)):
        assert office.members["Amina"].hex not in office.client.get(office.path).text


@pytest.mark.parametrize("many", [1, 40, 300])
def test_one_page_and_one_press_for_offices_of_every_size(db_app, many):
    big = Office(db_app, staff=())
    with db.write() as s:
        for number in range(many - 1):
            key = db.new_id()
            name = f"{chr(65 + number % 20)}person {number}"
            s.add(
                Person(id=key, name=name, sort_key=name.lower(), search_key=name, languages=[], created_at=clock.now())
            )
            s.flush()
            s.add(Membership(person_id=key, organisation_id=big.id, starts_on=JOINED))
    page = big.client.get(big.path).text
    assert page.count('-state" value="here"') == many
    assert ("By initial" in page) == (many > 40)
    assert len(page) < 3400 * many + 30_000  # a tenth of it travels
    assert big.confirm().status_code == 303
    assert db.session().scalars(select(StaffConfirmation)).one().present == many
    assert big.client.get(f"/offices/{big.id}").status_code == 200


def test_more_lines_for_more_people_keep_what_was_typed(office):
    data = office.opened() | {"new-0-name": "Dieynaba Fall", "more": "1"}
    answer = make.post(office.client, office.path, data)
    again = fields(answer.text)
    assert answer.status_code == 200 and "new-5-name" in again and again["new-0-name"] == "Dieynaba Fall"


def test_an_empty_or_forged_form_does_no_harm(db_app, office):
    other = Office(db_app, "Statistics Lunavia", "MD")
    assert make.post(office.client, office.path, {}).status_code == 409
    theirs = {f"{other.members['Amina'].hex}-state": "left", f"{other.members['Amina'].hex}-ends_on": "2026-01-01"}
    assert make.post(office.client, office.path, office.opened() | theirs).status_code == 409
    odd = {"opened": "yesterday", "zz-state": "left", f"{'g' * 32}-state": "left"}
    assert make.post(office.client, office.path, office.opened() | odd).status_code in (303, 409)
    assert of(Membership, other.members["Amina"]).ends_on is None
    assert make.post(other.client, office.path, other.opened()).status_code == 404


# --- due twice a year ---


def letters() -> list[str]:
    db.end_read()
    return list(db.session().scalars(select(OutboxMessage.title)))


def ask() -> int:
    with db.write():
        return service.ask_for_confirmations()


def test_focal_points_are_written_to_when_it_is_due_and_once_more(db_app, office):
    second = make.role(make.person("Second"), "focal_point", "organisation", office.id)
    due = date(2024, 7, 1)
    for day, sent in ((-1, 0), (0, 2), (1, 0), (13, 0), (14, 2), (15, 0), (90, 0)):
        with time_machine.travel(f"{due + timedelta(days=day)}T10:00:00Z"):
            assert ask() == sent, day
    assert {n.recipient for n in db.session().scalars(select(Notice))} == {str(office.focal), str(second)}
    assert letters()[0] == "Who works at Statistics Tavara today?"


def test_a_confirmation_ends_the_asking_for_half_a_year(db_app, office):
    with time_machine.travel("2026-07-01T10:00:00Z"):
        assert ask() == 1
        assert office.confirm(make.sign_in(db_app.test_client(), office.focal)).status_code == 303
    with time_machine.travel("2026-12-30T10:00:00Z"):
        assert ask() == 0
    with time_machine.travel("2027-01-01T10:00:00Z"):
        assert ask() == 1
        client = make.sign_in(db_app.test_client(), office.focal)
        assert "confirmation due since" in words(client.get("/today"))
        assert "due since" in words(client.get(f"/offices/{office.id}"))


def test_an_office_that_nobody_belongs_to_is_not_asked(db_app):
    empty = make.organisation()
    make.role(make.person(), "focal_point", "organisation", empty)
    assert ask() == 0


# --- somebody says that they have moved ---


def report(app, office, who="Amina", **given):
    client = make.sign_in(app.test_client(), office.people[who])
    data = {"membership": str(office.members[who]), "ends_on": "2026-06-01", "destination": "abroad", "reason": "study"}
    return client, make.post(client, "/account/moves", data | given)


def test_a_person_reports_their_move_and_the_office_enters_it_with_one_press(db_app, office):
    client, answer = report(db_app, office, word="To Lyon")
    assert answer.status_code == 303
    assert of(Membership, office.members["Amina"]).ends_on is None
    assert "The office has not answered yet" in words(client.get("/account"))
    page = words(office.client.get(f"/offices/{office.id}"))
    assert "1 question waits for you" in page and "To Lyon" in page
    (asked,) = queries.questions_of_office(office.id)
    db.end_read()
    assert make.post(office.client, f"/questions/{asked.id}", {"answer": "ended"}).status_code == 303
    row = of(Membership, office.members["Amina"])
    assert (row.ends_on, row.end_reason, row.destination) == (date(2026, 6, 1), "study", "abroad")
    assert "Your office has entered your end" in words(client.get("/account"))
    assert make.post(office.client, f"/questions/{asked.id}", {"answer": "ended"}).status_code == 409
    assert "Answered by Focal" in words(office.client.get(f"/questions/{asked.id}"))


def test_the_office_may_say_no_with_a_word_that_the_person_reads(db_app, office):
    client, _answer = report(db_app, office)
    (asked,) = queries.questions_of_office(office.id)
    db.end_read()
    path = f"/questions/{asked.id}"
    assert make.post(office.client, path, {"answer": "still_here", "word": " "}).status_code == 422
    assert make.post(office.client, path, {"answer": "still_here", "word": "On leave only"}).status_code == 303
    page = words(client.get("/account"))
    assert "says that you are still at Statistics Tavara" in page and "On leave only" in page
    assert of(Membership, office.members["Amina"]).ends_on is None
    assert report(db_app, office)[1].status_code == 303  # and may say it again


def test_a_report_can_be_taken_back_until_it_is_answered(db_app, office):
    client, _answer = report(db_app, office)
    (asked,) = queries.questions_of_office(office.id)
    db.end_read()
    stranger = make.sign_in(db_app.test_client(), office.people["Bintou"])
    assert make.post(stranger, f"/account/moves/{asked.id}/undo").status_code == 404
    assert make.post(client, f"/account/moves/{asked.id}/undo").status_code == 303
    assert make.post(office.client, f"/questions/{asked.id}", {"answer": "ended"}).status_code == 409
    assert of(Membership, office.members["Amina"]).ends_on is None
    assert make.post(client, f"/account/moves/{asked.id}/undo").status_code == 409


def test_a_report_is_one_question_however_often_it_is_sent(db_app, office):
    assert report(db_app, office)[1].status_code == 303
    assert report(db_app, office)[1].status_code == 409
    assert len(db.session().scalars(select(RecordQuestion)).all()) == 1


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"ends_on": "2020-01-01"}, 422),
        ({"ends_on": ""}, 422),
        ({"destination": "office", "destination_id": ""}, 422),
        ({"destination": "moon"}, 422),
        ({"membership": str(uuid4())}, 422),
        ({"membership": ""}, 422),
    ],
)
def test_odd_reports_are_refused_beside_their_field(db_app, office, given, status):
    _client, answer = report(db_app, office, **given)
    assert answer.status_code == status and db.session().scalars(select(RecordQuestion)).all() == []


def test_nobody_reports_anothers_move(db_app, office):
    client = make.sign_in(db_app.test_client(), office.people["Bintou"])
    data = {"membership": str(office.members["Amina"]), "ends_on": "2026-06-01"}
    assert make.post(client, "/account/moves", data).status_code == 422
    assert db.session().scalars(select(RecordQuestion)).all() == []


def test_an_end_entered_otherwise_settles_the_question(db_app, office):
    report(db_app, office)
    assert office.confirm(Amina={"state": "left", "ends_on": "2026-05-01"}).status_code == 303
    assert queries.questions_of_office(office.id) == []


def test_without_any_focal_point_the_coordinator_answers(db_app, office):
    with db.write():
        grant = db.session().scalars(select(RoleGrant.id)).one()
        service.end_role(grant, None)
    report(db_app, office)
    coordinator = make.role(make.person(), "coordinator", "country", "SN")
    elsewhere = make.role(make.person(), "coordinator", "country", "MD")
    (task,) = tasks(db_app, coordinator, waiting.questions)
    assert tasks(db_app, elsewhere, waiting.questions) == []
    client = make.sign_in(db_app.test_client(), coordinator)
    assert client.get(task.link).status_code == 200
    assert make.post(client, task.link, {"answer": "ended"}).status_code == 303
    assert make.post(make.sign_in(db_app.test_client(), elsewhere), task.link, {"answer": "ended"}).status_code == 404


# --- what waits ---


def tasks(app, person_id, ask):
    viewer = queries.viewer_of(person_id)
    with app.test_request_context("/"):
        found = ask(viewer)
    db.end_read()
    return found


def test_questions_go_to_the_focal_point_and_after_two_weeks_to_the_coordinator_too(db_app, office):
    report(db_app, office)
    coordinator = make.role(make.person(), "coordinator", "country", "SN")
    assert len(tasks(db_app, office.focal, waiting.questions)) == 1
    assert tasks(db_app, coordinator, waiting.questions) == []
    with time_machine.travel(clock.now() + timedelta(days=15)):
        assert len(tasks(db_app, coordinator, waiting.questions)) == 1


def test_the_only_focal_points_own_move_is_the_coordinators_to_see(db_app, office):
    report(db_app, office, "Focal")
    assert len(tasks(db_app, make.role(make.person(), "coordinator", "country", "SN"), waiting.questions)) == 1


def test_offices_with_one_focal_point_or_none_stand_on_the_coordinators_page(db_app, office):
    bare, other = make.organisation("Bare", "SN"), make.organisation("Abroad", "MD")
    coordinator = make.role(make.person(), "coordinator", "country", "SN")
    assert [t.name for t in tasks(db_app, coordinator, waiting.without_focal_point)] == ["Bare"]
    assert [t.name for t in tasks(db_app, coordinator, waiting.with_one_focal_point)] == ["Statistics Tavara"]
    assert [t.name for t in tasks(db_app, coordinator, waiting.confirmations)] == ["Statistics Tavara"]
    assert tasks(db_app, make.person(), worklist.waiting) == []
    assert {t.name for t in tasks(db_app, make.role(make.person(), "administrator"), waiting.without_focal_point)} == {
        "Bare",
        "Abroad",
    }
    client = make.sign_in(db_app.test_client(), coordinator)
    page = words(client.get("/offices"))
    assert "1 office has no focal point" in page and "only one focal point: name a second" in page
    assert client.get(f"/offices/{bare}").status_code == 200
    assert client.get(f"/offices/{other}").status_code == 404
    assert client.get(f"/offices/{office.id}/staff/confirmation").status_code == 200


# --- two focal points ---


def test_a_focal_point_names_a_second_of_the_staff_or_somebody_new(db_app, office):
    path = f"/offices/{office.id}/focal-points"
    assert "Only one focal point: name a second" in words(office.client.get(path))
    address = db.session().scalar(select(Address.address).where(Address.person_id == office.people["Amina"]))
    db.end_read()
    assert make.post(office.client, path, {"address": address}).status_code == 303
    new = {"address": "new@example.org", "name": "Nafissatou Ndiaye"}
    assert make.post(office.client, path, new).status_code == 303
    assert "3 focal points" in words(office.client.get(path))
    assert letters() == ["Your invitation: Global programme of capacity building on migration statistics"]


def test_whoever_is_a_focal_point_is_not_named_again(db_app, office):
    path = f"/offices/{office.id}/focal-points"
    address = db.session().scalar(select(Address.address).where(Address.person_id == office.focal))
    db.end_read()
    answer = make.post(office.client, path, {"address": address}, follow_redirects=True)
    assert "This role was held already" in words(answer) and "Only one focal point" in words(answer)


def test_a_focal_point_does_not_learn_whose_an_address_elsewhere_is(db_app, office):
    make.person("Somebody Secret", "secret@example.org")
    answer = make.post(office.client, f"/offices/{office.id}/focal-points", {"address": "secret@example.org"})
    assert answer.status_code == 422
    assert "not on your staff" in words(answer) and "Secret" not in words(answer)
    assert len(queries.focal_points(office.id)) == 1


def test_a_focal_point_gives_no_other_role_and_over_no_other_office(db_app, office):
    other = make.organisation("Elsewhere", "MD")
    amina = office.people["Amina"]
    for role, scope, scope_id in (
        ("observer", "organisation", office.id),
        ("focal_point", "organisation", other),
        ("coordinator", "country", "SN"),
        ("administrator", "programme", ""),
    ):
        code = refusal_of(lambda r=role, s=scope, i=scope_id: service.grant_role(amina, r, s, str(i), office.focal))
        assert code == "beyond_scope"


def test_the_last_focal_point_names_another_before_going(db_app, office):
    path = f"/offices/{office.id}/focal-points"
    own = db.session().scalars(select(RoleGrant.id)).one()
    db.end_read()
    answer = make.post(office.client, f"{path}/{own}/end")
    assert answer.status_code == 422 and "Name another focal point first" in words(answer)
    second = make.role(office.people["Amina"], "focal_point", "organisation", office.id)
    assert make.post(office.client, f"{path}/{own}/end").headers["Location"] == "/today"
    assert office.client.get(path).status_code == 404
    theirs = db.session().scalars(select(RoleGrant.id).where(RoleGrant.person_id == second)).one()
    db.end_read()
    admin = make.sign_in(db_app.test_client(), make.role(make.person(), "administrator"))
    assert make.post(admin, f"{path}/{theirs}/end").status_code == 303
    assert make.post(admin, f"{path}/{theirs}/end").status_code == 409


def test_two_focal_points_who_go_at_once_do_not_both_go(db_app, office):
    second = make.role(office.people["Amina"], "focal_point", "organisation", office.id)
    grants = db.session().execute(select(RoleGrant.id, RoleGrant.person_id)).all()
    db.end_read()
    assert {row.person_id for row in grants} == {office.focal, second}

    def go(row):
        with db_app.app_context():
            try:
                with db.write():
                    service.end_role(row.id, row.person_id)
                return True
            except Refusal:
                return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(go, grants)) == [False, True]


def test_when_the_only_focal_point_leaves_the_office_stands_on_the_coordinators_page(db_app, office):
    yesterday = (clock.today() - timedelta(days=1)).isoformat()
    assert office.confirm(Focal={"state": "left", "ends_on": yesterday}).status_code == 303
    coordinator = make.role(make.person(), "coordinator", "country", "SN")
    assert [t.name for t in tasks(db_app, coordinator, waiting.without_focal_point)] == ["Statistics Tavara"]
    assert office.client.get(f"/offices/{office.id}").status_code == 404
