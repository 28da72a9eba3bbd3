"""Letters that come back: told at once or later, asked about, held, and never a way into somebody's account."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import timedelta
from uuid import UUID, uuid4

import make
import pytest
import time_machine
from click.testing import CliRunner
from sqlalchemy import select
from test_mail_delivery import free_port, post, row, use  # noqa: F401  the real mail server

from lms import clock, db
from lms.cli import main
from lms.mail import bounces, delivery, rules
from lms.mail import service as mail
from lms.mail.models import OutboxMessage
from lms.people import queries, service
from lms.people.models import Address, RecordQuestion, RoleGrant, Token
from lms.policy import Refusal

ADDRESS = "amina@example.org"


@pytest.fixture
def office(db_app) -> UUID:
    return make.organisation()


@pytest.fixture
def focal(db_app, office):
    return make.role(make.person("Focal", organisation_id=office), "focal_point", "organisation", office)


def tell(person: UUID, address: str = ADDRESS, kind: str = "people.confirm_staff") -> UUID:
    """A letter to a person in the outbox; its id."""
    with db.write() as s:
        asks = {"office": "X", "last": "", "again": False}
        context = {"name": "Amina", "link": "http://localhost/x", "until": clock.today(), **asks}
        assert mail.notify(kind, uuid4(), person, address, "en", context)
        s.flush()
        return s.scalars(select(OutboxMessage.id).order_by(OutboxMessage.id.desc()).limit(1)).one()


def report(
    letter: UUID | None, *, action="failed", status="5.1.1", address=ADDRESS, returned="message/rfc822"
) -> bytes:
    """A notification as mail servers write it (RFC 3464)."""
    identity = f"Message-ID: <outbox-{letter}@localhost>\n" if letter else ""
    return f"""From: MAILER-DAEMON@example.org
To: no-reply@localhost
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

This is the mail system. I'm sorry.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Original-Recipient: rfc822;{address}
Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} no such user

--b
Content-Type: {returned}

{identity}Subject: Hello
To: {address}

--b--
""".encode()


def pipe(app, raw: bytes):
    """What the mail server does: `|lms mail bounced`."""
    config = app.config["LMS"]
    given = {
        "LMS_DATA_DIR": str(config.data_dir),
        "LMS_DATABASE_URL": config.database_url,
        "LMS_SECRET_KEY": config.secret_key,
        "LMS_PUBLIC_URL": config.public_url,
        "LMS_MAIL_URL": "folder:",
        "LMS_CONTENT_DIR": str(config.content_dir),
    }
    result = CliRunner().invoke(main, ["mail", "bounced"], input=raw, env=given)
    db.configure(config.database)
    return result


def sent(letter: UUID) -> None:
    with db.write() as s:
        found = s.get(OutboxMessage, letter)
        found.state, found.body, found.sent_at = "sent", "", clock.now()


def asked() -> list[RecordQuestion]:
    db.end_read()
    found = list(db.session().scalars(select(RecordQuestion).order_by(RecordQuestion.id)))
    db.end_read()
    return found


def address_of(person: UUID, address: str = ADDRESS) -> Address:
    db.end_read()
    found = db.session().scalars(select(Address).where(Address.person_id == person, Address.address == address)).one()
    db.session().expunge(found)
    db.end_read()
    return found


def bounced(person: UUID, address: str = ADDRESS) -> UUID:
    """A letter came back; the question that stands open."""
    letter = tell(person, address)
    sent(letter)
    with db.write():
        bounces.record(bounces.read(report(letter, address=address)))
    return next(q.id for q in reversed(asked()) if q.kind == "bounced" and q.answered_at is None)


# --- what a server's words mean ---


@pytest.mark.parametrize(
    ("said", "gone"),
    [
        ("550 no such user", True),
        ("550 5.1.1 user unknown", True),
        ("552 5.2.2 mailbox full", True),
        ("550 5.4.4 no such domain", True),
        ("554 5.7.1 relay access denied", False),
        ("550 5.7.26 unauthenticated", False),
        ("554 5.6.0 content", False),
    ],
)
def test_only_words_about_the_mailbox_say_that_it_is_gone(said, gone):
    assert rules.about_the_mailbox(said) is gone


# --- refused at once ---


def test_a_mailbox_that_a_server_refuses_raises_a_question_at_the_office(db_app, post, office, focal):  # noqa: F811
    person = make.person("Amina Diallo", ADDRESS, organisation_id=office)
    post.rcpt = "550 5.1.1 no such user here"
    letter = tell(person)
    delivery.deliver_due("w")
    assert row(letter).state == "failed"
    (question,) = asked()
    assert (question.kind, question.person_id, question.organisation_id) == ("bounced", person, office)
    assert address_of(person).bounced_at is not None
    page = make.sign_in(db_app.test_client(), focal).get(f"/offices/{office}").text
    assert "Letters to a…@example.org come back" in page and ADDRESS not in page
    client = make.sign_in(db_app.test_client(), person)
    assert "Letters to you come back" in client.get("/today").text
    assert "letters come back" in client.get("/account").text


@pytest.mark.parametrize("words", ["554 5.7.1 relay access denied", "451 later"])
def test_a_refusal_that_is_about_us_leaves_the_address_alone(db_app, post, office, words):  # noqa: F811
    person = make.person(address=ADDRESS, organisation_id=office)
    post.rcpt = words
    tell(person)
    delivery.deliver_due("w")
    assert asked() == [] and address_of(person).bounced_at is None


def test_a_refused_sender_or_text_leaves_the_address_alone(db_app, post, office):  # noqa: F811
    person = make.person(address=ADDRESS, organisation_id=office)
    post.data = "554 we do not like this"
    letter = tell(person)
    delivery.deliver_due("w")
    assert row(letter).state == "failed" and asked() == []


# --- told later ---


@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers"])
def test_a_notification_that_is_piped_to_us_marks_the_letter_and_asks(db_app, office, focal, returned):
    person = make.person(address=ADDRESS, organisation_id=office)
    letter = tell(person)
    sent(letter)
    result = pipe(db_app, report(letter, returned=returned))
    assert result.exit_code == 0 and str(letter) in result.output
    assert (row(letter).state, row(letter).error) == ("failed", "550 5.1.1 no such user")
    assert len(asked()) == 1
    again = pipe(db_app, report(letter))
    assert again.exit_code == 0 and "known already" in again.output and len(asked()) == 1


def test_without_a_message_id_the_address_of_a_recent_letter_finds_it(db_app, office):
    person = make.person(address=ADDRESS, organisation_id=office)
    letter = tell(person)
    sent(letter)
    with time_machine.travel(clock.now() + timedelta(days=30)), db.write():
        assert "no letter of ours" in bounces.record(bounces.read(report(None)))
    pipe(db_app, report(None, address="AMINA@example.org"))
    assert row(letter).state == "failed"


BOUNDARY = b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff\xfe garbage \r\n\r\n" * 50,
        b"From: a@example.org\nSubject: Out of office\nAuto-Submitted: auto-replied\n\nBack on Monday",
        report(uuid4(), action="delayed", status="4.4.1"),
        report(uuid4(), action="delivered", status="2.0.0"),
        report(uuid4(), action="failed", status="4.4.7"),
        report(uuid4()) + b"x" * 10_000_000,
        BOUNDARY,
        b"Content-Type: message/rfc822\n\n" * 20_000,
        BOUNDARY + b"--b\nContent-Type: message/delivery-status\n\n\n--b--",
        BOUNDARY + b"--b\nContent-Type: message/delivery-status\n\nAction: failed\n" * 3,
        BOUNDARY + b"--b\nContent-Type: message/delivery-status\n\n\xff: \xfe\n\nAction: failed\nStatus: \xff\n",
    ],
)
def test_anything_else_changes_nothing_and_says_so(db_app, office, raw):
    person = make.person(address=ADDRESS, organisation_id=office)
    letter = tell(person)
    sent(letter)
    result = pipe(db_app, raw)
    assert result.exit_code == 0 and "Nothing was changed" in result.output
    assert row(letter).state == "sent" and asked() == []


def test_a_report_about_an_unknown_address_or_letter_changes_nothing(db_app):
    for raw in (report(uuid4(), address="nobody@example.org"), report(None, address="nobody@example.org")):
        result = pipe(db_app, raw)
        assert result.exit_code == 0 and "no letter of ours" in result.output
    assert asked() == []


def test_the_command_reads_to_the_end_as_a_process_of_its_own(db_app):
    config = db_app.config["LMS"]
    command = [sys.executable, "-m", "lms.cli", "mail", "bounced"]
    given = {"LMS_DATA_DIR": str(config.data_dir), "PATH": "/usr/bin", "LMS_DEMO": "1"}
    ran = subprocess.run(command, input=b"x" * 10_000_000, capture_output=True, env=given, timeout=60)
    assert ran.returncode == 0 and b"Nothing was changed" in ran.stdout


def test_a_letter_without_text_cannot_be_sent_again(db_app, office):
    letter = tell(make.person(address=ADDRESS, organisation_id=office))
    sent(letter)
    with db.write():
        bounces.record(bounces.read(report(letter)))
    admin = make.sign_in(db_app.test_client(), make.role(make.person(), "administrator"))
    page = admin.get("/admin/mail").text
    assert "Leave it" in page and "Send again" not in page
    assert make.post(admin, f"/admin/mail/{letter}/again").status_code == 409


# --- who is asked, and who is not ---


def test_a_slip_in_ones_own_account_is_nobody_elses_business(db_app, office):
    person = make.person(address="right@example.org", organisation_id=office)
    with db.write():
        service.add_address(person, ADDRESS, person)
    letter = db.session().scalars(select(OutboxMessage.id)).one()
    sent(letter)
    with db.write():
        bounces.record(bounces.read(report(letter)))
    assert address_of(person).bounced_at is not None and asked() == []


def test_somebody_of_no_office_is_asked_about_by_the_programme(db_app, focal):
    person = make.person(address=ADDRESS)
    question = bounced(person)
    admin = make.sign_in(db_app.test_client(), make.role(make.person(), "administrator"))
    assert admin.get(f"/questions/{question}").status_code == 200
    assert make.sign_in(db_app.test_client(), focal).get(f"/questions/{question}").status_code == 404
    assert make.post(admin, f"/questions/{question}", {"answer": "works"}).status_code == 303


# --- letters wait ---


def test_letters_wait_until_somebody_says_that_the_address_works(db_app, office, focal):
    person = make.person(address=ADDRESS, organisation_id=office)
    on_its_way = tell(person)
    question = bounced(person)
    held = tell(person, "AMINA@example.org")
    assert (row(on_its_way).state, row(held).state) == ("held", "held")
    with db.write():
        service.ask_reset(ADDRESS)  # what one asks for oneself leaves all the same
    assert delivery.deliver_due("w") == 1
    client = make.sign_in(db_app.test_client(), focal)
    assert make.post(client, f"/questions/{question}", {"answer": "works"}).status_code == 303
    assert address_of(person).bounced_at is None
    assert delivery.deliver_due("w") == 2


def test_a_letter_that_was_held_for_too_long_does_not_leave(db_app, office, focal):
    person = make.person(address=ADDRESS, organisation_id=office)
    question = bounced(person)
    held = tell(person)
    with time_machine.travel(clock.now() + timedelta(days=15)):
        with db.write():
            service.say_address_works(question, focal)
        assert row(held).state == "cancelled" and row(held).body == ""


def test_the_person_confirms_the_address_anew(db_app, office):
    person = make.person(address=ADDRESS, organisation_id=office)
    bounced(person)
    held = tell(person)
    client = make.sign_in(db_app.test_client(), person)
    key = address_of(person).id
    assert make.post(client, f"/account/addresses/{key}/again").status_code == 303
    assert make.post(client, link_to(ADDRESS)).status_code == 303
    assert address_of(person).bounced_at is None and row(held).state == "due"
    assert asked()[0].answer == "works"


def test_another_confirmed_address_of_theirs_gets_the_letters_meanwhile(db_app, office):
    person = make.person(address=ADDRESS, organisation_id=office)
    with db.write() as s:
        service.add_address(person, "second@example.org", person)
        s.flush()
        s.scalars(select(Address).where(Address.address == "second@example.org")).one().confirmed_at = clock.now()
    assert queries.recipient(person).address == ADDRESS
    bounced(person)
    assert queries.recipient(person).address == "second@example.org"


# --- another address is no way into the account ---


def link_to(address: str) -> str:
    db.end_read()
    body = db.session().scalars(
        select(OutboxMessage.body).where(OutboxMessage.address == address).order_by(OutboxMessage.id.desc()).limit(1)
    )
    found = re.search(r"http://localhost(/address/\S+)", body.one())
    db.end_read()
    return found[1]


def test_an_address_that_somebody_else_added_is_confirmed_only_by_its_person_signed_in(db_app, client, office, focal):
    person = make.person(address=ADDRESS, organisation_id=office)
    question = bounced(person)
    held = tell(person)
    at_office = make.sign_in(db_app.test_client(), focal)
    mine = "focal-point-reads-this@example.org"
    answer = make.post(at_office, f"/questions/{question}", {"answer": "another", "address": mine})
    assert answer.status_code == 303
    link = link_to(mine)
    stranger = make.post(client, link)
    assert stranger.status_code == 303 and "/sign-in" in stranger.headers["Location"]
    assert make.post(at_office, link).status_code == 403
    assert address_of(person, mine).confirmed_at is None
    with db.write():
        service.ask_reset(mine)
    assert not db.session().scalars(select(Token).where(Token.purpose == "reset")).all()
    db.end_read()
    theirs = make.sign_in(db_app.test_client(), person)
    assert make.post(theirs, link).status_code == 303
    kept = address_of(person, mine)
    assert kept.confirmed_at is not None and kept.is_primary
    assert (row(held).state, row(held).address) == ("due", mine)


def test_an_administrators_address_is_trusted(db_app, client, office):
    person = make.person(address=ADDRESS, organisation_id=office)
    admin = make.sign_in(db_app.test_client(), make.role(make.person(), "administrator"))
    make.post(admin, f"/questions/{bounced(person)}", {"answer": "another", "address": "new@example.org"})
    assert make.post(client, link_to("new@example.org")).status_code == 303
    assert address_of(person, "new@example.org").confirmed_at is not None


def test_one_who_has_not_joined_is_invited_at_the_new_address(db_app, client, office, focal):
    person = make.person(address=ADDRESS, joined=False, organisation_id=office)
    with db.write():
        service.invite(person, focal)
    question = bounced(person)
    at_office = make.sign_in(db_app.test_client(), focal)
    same = make.post(at_office, f"/questions/{question}", {"answer": "another", "address": ADDRESS.upper()})
    assert same.status_code == 422 and "Letters to this address come back" in same.text
    odd = make.post(at_office, f"/questions/{question}", {"answer": "another", "address": "nonsense"})
    assert odd.status_code == 422 and "nonsense" in odd.text
    data = {"answer": "another", "address": "new@example.org"}
    assert make.post(at_office, f"/questions/{question}", data).status_code == 303
    assert address_of(person, "new@example.org").is_primary
    states = dict(db.session().execute(select(OutboxMessage.address, OutboxMessage.state)).all())
    assert states["new@example.org"] == "due"
    db.end_read()


def test_nobody_leads_an_invitation_to_themselves_that_carries_a_role_beyond_theirs(db_app, office, focal):
    person = make.person(address=ADDRESS, joined=False, organisation_id=office)
    make.role(person, "administrator")
    question = bounced(person)
    with pytest.raises(Refusal) as caught, db.write():
        service.give_another_address(question, "mine@example.org", focal)
    assert caught.value.code == "beyond_scope"
    assert len(queries.addresses_of(person)) == 1
    assert db.session().scalars(select(RoleGrant).where(RoleGrant.person_id == person)).one().ended_at is None


def test_an_address_that_is_removed_settles_its_question(db_app, office):
    person = make.person(address=ADDRESS, organisation_id=office)
    bounced(person)
    with db.write() as s:
        service.add_address(person, "second@example.org", person)
        s.flush()
        second = s.scalars(select(Address).where(Address.address == "second@example.org")).one()
        second.confirmed_at = clock.now()
        service.make_primary(second.id, person)
        service.remove_address(s.scalars(select(Address.id).where(Address.address == ADDRESS)).one(), person)
    (question,) = asked()
    assert (question.answer, question.address_id) == ("removed", None)
    admin = make.sign_in(db_app.test_client(), make.role(make.person(), "administrator"))
    assert admin.get(f"/questions/{question.id}").status_code == 200
