"""Letters on their way, through a real mail server that is kind, slow, refusing or dying."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from uuid import uuid4

import make
import pytest
import time_machine
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from flask import render_template
from sqlalchemy import select

from lms import clock, db
from lms.mail import delivery, queries
from lms.mail import service as mail
from lms.mail.models import Notice, OutboxMessage
from lms.people import service

PEM = Path(__file__).parent / "localhost.pem"


class Post:
    """What a mail server does with us: `answers` are what it says to RCPT and DATA, `letters` what it took."""

    def __init__(self):
        self.letters = []
        self.rcpt, self.data = "250 OK", "250 OK"
        self.dies, self.sleeps = "", 0.0

    async def _pause(self, server, at):
        if self.dies == at:
            server.transport.abort()
        if self.dies == f"slow {at}":
            await asyncio.sleep(self.sleeps)

    async def handle_RCPT(self, server, session, envelope, address, options):
        await self._pause(server, "rcpt")
        if self.rcpt.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server, session, envelope):
        if self.data.startswith("2"):
            self.letters.append(
                (envelope.mail_from, envelope.rcpt_tos, message_from_bytes(envelope.content, policy=default))
            )
        await self._pause(server, "data")
        return self.data


@pytest.fixture
def post(db_app, monkeypatch):
    """A real mail server, which the application is told to use."""
    handler = Post()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    use(db_app, monkeypatch, f"smtp://127.0.0.1:{controller.port}")
    yield handler
    controller.stop()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def use(app, monkeypatch, url, **given):
    monkeypatch.setitem(app.config, "LMS", replace(app.config["LMS"], mail_url=url, **given))


def letter(name="Amina Diallo", address="amina@example.org", language="en"):
    """One letter in the outbox; its id."""
    person = make.person(address=address, language=language)
    with db.write() as s:
        token = uuid4().hex
        context = {"name": name, "link": f"http://localhost/password/{token}"}
        assert mail.notify("people.reset", uuid4(), person, address, language, context, name=name)
        s.flush()
        return s.scalar(select(OutboxMessage.id).order_by(OutboxMessage.id.desc()).limit(1))


def text_of(message) -> str:
    return message.get_content().replace("\r\n", "\n")


def row(key) -> OutboxMessage:
    db.end_read()
    found = db.session().get(OutboxMessage, key, populate_existing=True)
    db.session().expunge(found)
    db.end_read()
    return found


# --- every kind, end to end ---


def test_every_kind_of_letter_is_known_to_this_test(db_app):
    assert {name for name in mail.KINDS if name.startswith("people.")} == {
        "people.invitation",
        "people.reset",
        "people.address",
        "people.erased",  # sent end to end in test_privacy
        "people.confirm_staff",
    }


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_each_kind_of_letter_arrives_and_its_link_works(db_app, client, post, language):
    office = make.organisation("Statistics Tavara", languages=[language])
    inviter = make.person("Ruth Alvarez", "ruth@example.org")
    invited = make.person("Amina Diallo", "amina@example.org", joined=False, organisation_id=office)
    member = make.person("Moussa Ba", "moussa@example.org", language=language)
    with db.write():
        service.invite(invited, inviter)
        service.ask_reset("moussa@example.org")
        service.add_address(member, "second@example.org", member)
    assert delivery.deliver_due("w") == 3
    assert [to for _sender, to, _message in post.letters] == [
        ["amina@example.org"],
        ["moussa@example.org"],
        ["second@example.org"],
    ]
    for sender, _to, message in post.letters:
        assert sender == "no-reply@localhost"
        assert message["Content-Language"] == language
        assert message["Auto-Submitted"] == "auto-generated"
        assert message.get_content_type() == "text/plain" and message.get_content_charset() == "utf-8"
        body = text_of(message)
        assert all(len(line) <= 78 or line.startswith("http") for line in body.splitlines())
        assert "{" not in body and "%(" not in body and "&#" not in body
        link = re.search(r"^http://localhost(/\S+)$", body, re.M)[1]
        assert client.get(link).status_code == 200
    invitation = " ".join(text_of(post.letters[0][2]).split())
    for told in ("Ruth Alvarez", "ruth@example.org", "Statistics Tavara"):
        assert told in invitation
    assert {row.state for row in db.session().scalars(select(OutboxMessage))} == {"sent"}
    assert {row.body for row in db.session().scalars(select(OutboxMessage))} == {""}
    assert delivery.deliver_due("w") == 0 and len(post.letters) == 3


def test_an_invitation_without_an_inviter_reads_well_too(db_app, post):
    person = make.person("Amina Diallo", "amina@example.org", joined=False)
    with db.write():
        service.invite(person, None)
    delivery.deliver_due("w")
    body = text_of(post.letters[0][2])
    assert body.startswith("Dear Amina Diallo,\n\nYou are invited to the")
    assert "Questions?" not in body and "\n\n\n" not in body


@pytest.mark.parametrize(
    "name",
    [
        "Diallo, Amina",
        'Amina "Mimi" Diallo',
        "Amina\r\nBcc: everyone@example.org",
        "Élise, Ouédraogo <elise@evil.example>",
        "ليلى، حداد",
        "李小龙; DROP",
        "é" * 200,
    ],
)
def test_no_name_breaks_the_headers_or_adds_a_recipient(db_app, post, name):
    letter(name)
    assert delivery.deliver_due("w") == 1
    _sender, to, message = post.letters[0]
    assert to == ["amina@example.org"]
    (address,) = message["To"].addresses
    assert address.addr_spec == "amina@example.org"
    # Python's own parser puts a space between the parts of a long encoded name; others do not.
    assert "".join(address.display_name.split()) == "".join(name.split())
    assert message["Bcc"] is None


def test_the_sender_is_what_the_configuration_says(db_app, post, monkeypatch):
    use(db_app, monkeypatch, db_app.config["LMS"].mail_url, mail_from="Duramen, West <training@example.org>")
    use(db_app, monkeypatch, db_app.config["LMS"].mail_url, mail_from='"Duramen, West" <training@example.org>')
    letter()
    delivery.deliver_due("w")
    sender, _to, message = post.letters[0]
    assert sender == "training@example.org"
    assert message["From"].addresses[0].display_name == "Duramen, West"


def test_a_sender_that_is_no_address_costs_no_letter(db_app, post, monkeypatch):
    use(db_app, monkeypatch, db_app.config["LMS"].mail_url, mail_from="nonsense@@")
    key = letter()
    with pytest.raises(Exception):  # noqa: B017  the worker logs it
        delivery.deliver_due("w")
    assert row(key).state == "due"


# --- refusing, slow, dying ---


def test_a_letter_refused_for_good_is_kept_with_the_servers_words(db_app, post):
    post.rcpt = "550 no such user here"
    key = letter()
    assert delivery.deliver_due("w") == 0
    kept = row(key)
    assert (kept.state, kept.error) == ("failed", "550 no such user here")
    assert kept.body and kept.lease_until is None


def test_one_refused_recipient_does_not_hold_up_the_next_letter(db_app, post):
    post.rcpt = "550 no"
    first = letter()
    refusing = post.handle_RCPT

    async def only_the_first(server, session, envelope, address, options):
        post.rcpt = "550 no" if address == "amina@example.org" else "250 OK"
        return await refusing(server, session, envelope, address, options)

    post.handle_RCPT = only_the_first
    second = letter(address="second@example.org")
    assert delivery.deliver_due("w") == 1
    assert (row(first).state, row(second).state) == ("failed", "sent")


@pytest.mark.parametrize("at", ["rcpt", "data"])
def test_a_letter_that_the_server_wants_later_goes_later(db_app, post, at):
    setattr(post, at, "451 try again later")
    key = letter()
    assert delivery.deliver_due("w") == 0
    kept = row(key)
    assert (kept.state, kept.error, kept.tries) == ("due", "451 try again later", 1)
    assert delivery.deliver_due("w") == 0 and row(key).tries == 1  # not yet
    setattr(post, at, "250 OK")
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        assert delivery.deliver_due("w") == 1
    assert (row(key).state, row(key).error, len(post.letters)) == ("sent", None, 1)


def test_the_wait_grows_and_has_an_end(db_app, post):
    post.rcpt = "451 greylisted"
    key = letter()
    now, waits = clock.now(), []
    for _try in range(20):
        with time_machine.travel(now, tick=False):
            delivery.deliver_due("w")
        kept = row(key)
        if kept.state != "due":
            break
        waits.append(kept.not_before - now)
        now = kept.not_before
    assert kept.state == "failed"
    assert waits == sorted(waits) and len(waits) == len(delivery.WAITS)
    assert timedelta(days=2) < sum(waits, timedelta()) < timedelta(days=3)


def test_a_server_that_is_away_is_asked_once_a_round(db_app, monkeypatch):
    use(db_app, monkeypatch, "smtp://127.0.0.1:9")
    first, second = letter(), letter(address="second@example.org")
    assert delivery.deliver_due("w") == 0
    assert (row(first).state, row(first).tries) == ("due", 1)
    assert (row(second).state, row(second).tries) == ("due", 0)


def test_a_server_that_dies_before_the_text_gets_the_letter_later(db_app, post):
    post.dies = "rcpt"
    key = letter()
    delivery.deliver_due("w")
    assert row(key).state == "due"
    post.dies = ""
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        assert delivery.deliver_due("w") == 1
    assert len(post.letters) == 1


def test_a_server_that_dies_after_the_text_leaves_the_letter_unknown_and_it_is_never_sent_again(db_app, post):
    post.dies = "data"
    key = letter()
    assert delivery.deliver_due("w") == 0
    assert row(key).state == "unknown"
    post.dies = ""
    with time_machine.travel(clock.now() + timedelta(days=3)):
        with db.write():
            delivery.reap()
        assert delivery.deliver_due("w") == 0
    assert len(post.letters) == 1  # it had taken it


@pytest.mark.parametrize(("at", "state"), [("rcpt", "due"), ("data", "unknown")])
def test_a_server_that_does_not_answer_is_not_waited_for_without_end(db_app, post, monkeypatch, at, state):
    monkeypatch.setattr(delivery, "TIMEOUT", 0.3)
    monkeypatch.setattr(delivery, "LAST_TIMEOUT", 0.3)
    post.dies, post.sleeps = f"slow {at}", 1.0
    key = letter()
    delivery.deliver_due("w")
    assert row(key).state == state


def test_the_lease_outlives_every_wait_for_the_server():
    assert delivery.LEASE.total_seconds() > 3 * delivery.LAST_TIMEOUT - 1
    assert delivery.LEASE.total_seconds() > 8 * delivery.TIMEOUT


# --- killed at each step ---


def test_killed_after_the_claim_the_letter_goes_when_the_lease_has_ended(db_app, post):
    key = letter()
    with db.write():
        claimed = delivery.claim("dead")
    assert claimed.id == key
    assert delivery.deliver_due("w") == 0
    with time_machine.travel(clock.now() + delivery.LEASE + timedelta(seconds=1)):
        with db.write():
            assert delivery.reap() == 1
        assert delivery.deliver_due("w") == 1
    with db.write():  # the dead one wakes: it may no longer send
        assert not delivery.begin(claimed, "dead")
    assert len(post.letters) == 1


def test_killed_while_sending_the_letter_is_unknown_and_shown(db_app, post):
    key = letter()
    with db.write():
        claimed = delivery.claim("dead")
    with db.write():
        assert delivery.begin(claimed, "dead")
    with time_machine.travel(clock.now() + delivery.LEASE + timedelta(seconds=1)):
        with db.write():
            assert delivery.reap() == 1
        assert delivery.deliver_due("w") == 0
    assert row(key).state == "unknown" and row(key).body
    with db.write():  # it was only slow, and the server has taken the letter
        assert delivery.mark_sent(claimed, "dead")
    assert (row(key).state, row(key).body) == ("sent", "")
    assert post.letters == []


def test_killed_after_the_server_took_it_and_before_we_said_so_it_is_not_sent_again(db_app, post, monkeypatch):
    key = letter()

    def killed(_letter, _worker):
        raise KeyboardInterrupt

    monkeypatch.setattr(delivery, "mark_sent", killed)
    with pytest.raises(KeyboardInterrupt):
        delivery.deliver_due("dead")
    monkeypatch.undo()
    assert row(key).state == "sending"
    with time_machine.travel(clock.now() + timedelta(days=1)):
        with db.write():
            delivery.reap()
        delivery.deliver_due("w")
    assert row(key).state == "unknown"
    assert len(post.letters) == 1


def test_a_live_lease_is_left_alone(db_app):
    letter()
    with db.write():
        delivery.claim("w")
    with db.write():
        assert delivery.reap() == 0


def test_eight_workers_send_twenty_letters_once_each(db_app, post):
    for number in range(20):
        letter(address=f"n{number}@example.org")

    def work(number):
        with db_app.app_context():
            return delivery.deliver_due(f"w{number}")

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(work, range(8)))
    assert sum(taken) == 20
    assert len({to[0] for _sender, to, _message in post.letters}) == len(post.letters) == 20


# --- the outbox ---


def test_a_thing_is_told_once_to_one_recipient_however_many_tell_it(db_app):
    person = make.person()
    subject = uuid4()

    def tell(_number):
        with db_app.app_context(), db.write():
            context = {"name": "Amina", "link": "http://localhost/x"}
            return mail.notify("people.reset", subject, person, "amina@example.org", "en", context)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(tell, range(8))).count(True) == 1
    assert len(db.session().scalars(select(OutboxMessage)).all()) == 1
    assert db.session().scalar(select(Notice.data)) == {}


def test_what_was_not_committed_is_not_told(db_app):
    person = make.person()
    with pytest.raises(ZeroDivisionError), db.write():
        mail.notify("people.reset", uuid4(), person, "a@example.org", "en", {"name": "A", "link": "x"})
        raise ZeroDivisionError
    assert queries.counts() == {}


def test_a_language_that_is_not_offered_falls_back(db_app, post):
    letter(language="en")
    person = make.person()
    with db.write():
        mail.notify("people.reset", uuid4(), person, "a@example.org", "xx", {"name": "A", "link": "x"})
    assert delivery.deliver_due("w") == 2
    assert {message["Content-Language"] for _s, _t, message in post.letters} == {"en"}


def test_the_message_id_never_changes(db_app, post):
    post.data = "451 later"
    key = letter()
    ids = set()
    composed = delivery.compose

    def noting(letter):
        message = composed(letter)
        ids.add(message["Message-ID"])
        return message

    delivery.compose = noting
    try:
        for day in range(3):
            with time_machine.travel(clock.now() + timedelta(days=day)):
                delivery.deliver_due(f"w{day}")
    finally:
        delivery.compose = composed
    assert ids == {f"<outbox-{key}@localhost>"}


# --- the administrator's page ---


def admin(app):
    return make.sign_in(app.test_client(), make.role(make.person(), "administrator"))


def test_an_administrator_sees_what_failed_and_sends_it_again_or_leaves_it(db_app, post):
    client = admin(db_app)
    post.rcpt = "550 no such user <b>here</b>"
    first, second = letter(), letter(address="second@example.org")
    delivery.deliver_due("w")
    page = client.get("/admin/mail").text
    assert "2 letters wait for your decision" in page
    assert "550 no such user &lt;b&gt;here&lt;/b&gt;" in page and "amina@example.org" in page
    post.rcpt = "250 OK"
    assert make.post(client, f"/admin/mail/{first}/again").status_code == 303
    assert make.post(client, f"/admin/mail/{second}/leave").status_code == 303
    assert make.post(client, f"/admin/mail/{second}/again").status_code == 409
    assert make.post(client, f"/admin/mail/{uuid4()}/again").status_code == 409
    assert delivery.deliver_due("w") == 1
    assert (row(first).state, row(second).state, row(second).body) == ("sent", "cancelled", "")
    page = client.get("/admin/mail").text
    assert "Every letter arrived or is on its way" in page
    assert "amina@example.org" in client.get("/admin/mail?state=sent").text
    assert "amina@example.org" not in client.get("/admin/mail?state=cancelled").text
    assert client.get("/admin/mail?state=nonsense").status_code == 200


def test_the_page_of_an_empty_outbox_says_what_will_be_here(db_app):
    assert "No letter was written yet" in admin(db_app).get("/admin/mail").text


# --- other carriers ---


def test_the_folder_holds_each_letter_once_even_when_it_is_handed_over_twice(db_app):
    folder = db_app.config["LMS"].data_dir / "mail"
    for old in folder.glob("*"):
        old.unlink()
    key = letter("Diallo, Amina")
    assert delivery.deliver_due("w") == 1
    (kept,) = folder.iterdir()
    assert kept.name == f"outbox-{key}.eml"
    (shown,) = queries.received(folder)
    assert "Diallo, Amina" in shown.body and "amina@example.org" in shown.address


def test_a_folder_that_cannot_be_written_keeps_the_letter(db_app, monkeypatch, tmp_path):
    (tmp_path / "mail").write_text("in the way")
    use(db_app, monkeypatch, "folder:", data_dir=tmp_path)
    key = letter()
    assert delivery.deliver_due("w") == 0
    assert row(key).state == "due"


def test_the_demonstrations_page_shows_letters_and_no_markup_of_theirs(db_app):
    shown = queries.Received(
        "a@example.org", "<b>Title</b>", "ar", clock.now(), "<script>x</script>\nhttp://localhost/x\n"
    )
    with db_app.test_request_context("/"):
        page = render_template("mail/demo.html", letters=[shown])
    assert "<script>x" not in page and "<b>Title" not in page
    assert '<a href="http://localhost/x"' in page
    assert 'lang="ar" dir="rtl"' in page


def server_with_tls(handler, **given) -> Controller:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(PEM)

    class WithTls(Controller):
        def factory(self):
            return SMTP(handler, hostname="localhost", tls_context=context, **given)

    controller = WithTls(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    return controller


def test_a_server_that_offers_encryption_gets_the_letter_encrypted(db_app, monkeypatch):
    handler = Post()
    controller = server_with_tls(handler, require_starttls=True)
    try:
        use(db_app, monkeypatch, f"smtp://127.0.0.1:{controller.port}")
        letter()
        assert delivery.deliver_due("w") == 1
    finally:
        controller.stop()


def test_a_password_is_told_to_a_server_that_proves_its_name_and_to_no_other(db_app, monkeypatch):
    told = []

    def check(_server, _session, _envelope, _mechanism, data):
        told.append((data.login, data.password))
        return AuthResult(success=data.password == b"a:b@c")

    controller = server_with_tls(Post(), authenticator=check, auth_required=True, auth_require_tls=True)
    try:
        use(db_app, monkeypatch, f"smtp://user:a%3Ab%40c@127.0.0.1:{controller.port}")
        key = letter()
        assert delivery.deliver_due("w") == 0
        assert told == [] and "CERTIFICATE_VERIFY_FAILED" in row(key).error
        assert "a:b@c" not in row(key).error
        monkeypatch.setenv("SSL_CERT_FILE", str(PEM))
        with time_machine.travel(clock.now() + timedelta(minutes=2)):
            assert delivery.deliver_due("w") == 1
        assert told == [(b"user", b"a:b@c")]
    finally:
        controller.stop()
