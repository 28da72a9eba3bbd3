"""Bringing letters on their way: due → claimed → sending → sent, or unknown, failed.

A worker claims a letter under a lease and talks to the server up to the point of no return; it then marks
the letter *sending*, hands it over, and marks it *sent*. Where it was killed before that point the letter is
due again; after it nobody can know whether the server took it: the letter is *unknown*, shown to an
administrator, and never sent again by itself. Every step is one short transaction.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import unquote, urlsplit
from uuid import UUID

from sqlalchemy import func, select, update

from lms import clock, db
from lms.mail.models import Notice, OutboxMessage
from lms.mail.rules import about_the_mailbox
from lms.mail.service import config, host
from lms.mail.signals import Bounced, bounced
from lms.text import clean

TIMEOUT = 60.0  # seconds for each answer of the server
LAST_TIMEOUT = 300.0  # for the answer after the letter's text: servers look for viruses first
LEASE = timedelta(minutes=15)  # longer than all of these together
# How long a letter waits after each try that failed for now; after the last it has failed.
WAITS = [timedelta(minutes=m) for m in (1, 5, 15, 60, 120, 240, 480, 720, 1440)]

Result = TypeVar("Result")


class NotNow(Exception):
    """The server is away, or said *later* (4xx): the letter was not taken, and is tried again."""


class Away(NotNow):
    """The server cannot be reached, or sends us away: no letter goes now."""


class Never(Exception):
    """The server refused this letter for good (5xx)."""


class NoMailbox(Never):
    """It refused the address that the letter goes to, and not for a reason of ours."""


class Unclear(Exception):
    """The connection ended after the letter's text had begun to flow: the server may have taken it."""


@dataclass(frozen=True)
class Letter:
    """A claimed letter, as plain values."""

    id: UUID
    address: str
    name: str
    language: str
    title: str
    body: str
    tries: int


# --- the steps, each one transaction --------------------------------------------------------------------


def claim(worker: str) -> Letter | None:
    """Take the letter that has waited longest, for as long as the lease lasts; None when none is due."""
    now = clock.now()
    oldest = (
        select(OutboxMessage.id)
        .where(OutboxMessage.state == "due", OutboxMessage.not_before <= now)
        .order_by(OutboxMessage.not_before, OutboxMessage.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    row = db.need_write().execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == oldest, OutboxMessage.state == "due")
        .values(state="claimed", worker=worker, lease_until=now + LEASE, tries=OutboxMessage.tries + 1)
        .returning(*(getattr(OutboxMessage, name) for name in Letter.__dataclass_fields__))
        .execution_options(synchronize_session=False)
    )
    found = row.one_or_none()
    return Letter(*found) if found else None


def begin(letter: Letter, worker: str) -> bool:
    """The point of no return: False when the letter is no longer this worker's to send."""
    return _move(letter, worker, ("claimed",), state="sending", lease_until=clock.now() + LEASE)


def mark_sent(letter: Letter, worker: str) -> bool:
    """The server has taken it. Also true of a letter that the reaper had given up as unknown meanwhile."""
    return _move(
        letter,
        worker,
        ("sending", "unknown"),
        state="sent",
        sent_at=clock.now(),
        body="",
        error=None,
        lease_until=None,
    )


def put_back(letter: Letter, worker: str, error: str) -> bool:
    """It was not taken, for now: due again after a wait that grows, or failed after the last try."""
    if letter.tries > len(WAITS):
        return give_up(letter, worker, error)
    later = clock.now() + WAITS[letter.tries - 1]
    return _move(
        letter,
        worker,
        ("claimed", "sending"),
        state="due",
        worker=None,
        lease_until=None,
        not_before=later,
        error=error,
    )


def give_up(letter: Letter, worker: str, error: str, *, no_mailbox: bool = False) -> bool:
    """It was refused for good: shown to an administrator with the server's words; upward, where there is no such
    mailbox."""
    moved = _move(letter, worker, ("claimed", "sending"), state="failed", lease_until=None, error=error)
    if moved and no_mailbox:
        _say_bounced(letter.id, letter.address, error)
    return moved


def came_back(row: OutboxMessage, error: str, no_mailbox: bool) -> bool:
    """A letter that a server had taken came back: failed after all. False where that is known already."""
    moved = _changed(
        update(OutboxMessage)
        .where(OutboxMessage.id == row.id, OutboxMessage.state.in_(("claimed", "sending", "unknown", "sent")))
        .values(state="failed", worker=None, lease_until=None, error=clean(error)[:500])
    )
    if moved and no_mailbox:
        _say_bounced(row.id, row.address, clean(error)[:500])
    return bool(moved)


def _say_bounced(letter: UUID, address: str, error: str) -> None:
    notice = select(Notice.recipient).join(OutboxMessage, OutboxMessage.notice_id == Notice.id)
    recipient = db.need_write().scalar(notice.where(OutboxMessage.id == letter)) or ""
    bounced.send(Bounced(address, _person(recipient), error))


def _person(recipient: str) -> UUID | None:
    try:
        return UUID(recipient)
    except ValueError:  # a bare address
        return None


def lose(letter: Letter, worker: str, error: str) -> bool:
    """Nobody can know whether it was taken."""
    return _move(letter, worker, ("sending",), state="unknown", lease_until=None, error=error)


def reap() -> int:
    """Letters of workers that died: claimed ones are due again, those being sent are unknown; how many."""
    now = clock.now()
    reaped = 0
    ends: tuple[tuple[str, dict[str, Any]], ...] = (
        ("claimed", {"state": "due", "worker": None}),
        ("sending", {"state": "unknown", "error": "the worker ended while it was sending"}),
    )
    for state, values in ends:
        reaped += _changed(
            update(OutboxMessage)
            .where(OutboxMessage.state == state, OutboxMessage.lease_until < now)
            .values(lease_until=None, **values)
        )
    return reaped


def _move(letter: Letter, mine: str, states: tuple[str, ...], **values: Any) -> bool:
    if values.get("error"):
        values["error"] = clean(str(values["error"]))[:500]
    mine_still = (
        OutboxMessage.id == letter.id,
        OutboxMessage.worker == mine,
        OutboxMessage.state.in_(states),
    )
    return _changed(update(OutboxMessage).where(*mine_still).values(**values)) == 1


def _changed(statement: Any) -> int:
    result = db.need_write().execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)  # type: ignore[attr-defined]


# --- the letter itself ----------------------------------------------------------------------------------


def sender() -> Address:
    """The From of every letter: `mail_from`, else no-reply at our host, under the programme's name."""
    name, address = parseaddr(config().mail_from)
    if config().mail_from and "@" not in address:
        raise ValueError(f"LMS_MAIL_FROM is not an address: {config().mail_from}")
    return Address(name or clean(config().programme_name), addr_spec=address or f"no-reply@{host()}")


def compose(letter: Letter) -> EmailMessage:
    """The letter as it travels: plain text in UTF-8, and a Message-ID that never changes.

    Raises ValueError or MessageError where the address cannot stand in a header.
    """
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = f"<outbox-{letter.id}@{host()}>"
    message["Date"] = format_datetime(clock.now())
    message["From"] = sender()
    message["To"] = Address(clean(letter.name), addr_spec=letter.address)
    message["Subject"] = clean(letter.title)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.body)
    message["Content-Language"] = letter.language  # after the content, which takes such headers away
    return message


# --- carriers -------------------------------------------------------------------------------------------


class Carrier(Protocol):
    """What takes letters away. `offer` goes up to the point of no return, `hand_over` beyond it."""

    def offer(self, message: EmailMessage, address: str) -> None: ...

    def hand_over(self, message: EmailMessage) -> None: ...

    def close(self) -> None: ...


class Folder:
    """The demonstration's carrier: each letter becomes a file, whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def offer(self, message: EmailMessage, address: str) -> None:
        pass

    def hand_over(self, message: EmailMessage) -> None:
        try:
            self._keep(message)
        except OSError as error:
            raise Away(str(error)) from error

    def _keep(self, message: EmailMessage) -> None:
        path = self.folder / f"{message['Message-ID'].strip('<>').partition('@')[0]}.eml"
        new = path.with_suffix(".new")
        self.folder.mkdir(parents=True, exist_ok=True)
        new.write_bytes(message.as_bytes())
        new.replace(path)

    def close(self) -> None:
        pass


class Smtp:
    """One connection to a mail server, opened when the first letter needs it."""

    def __init__(self, url: str) -> None:
        self.url = urlsplit(url)
        self.smtp: smtplib.SMTP | None = None

    def offer(self, message: EmailMessage, address: str) -> None:
        try:
            smtp = self._ready()
            self._expect(*smtp.mail(sender().addr_spec), 250)
            self._expect_mailbox(*smtp.rcpt(address))
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise Away(str(error)) from error

    def hand_over(self, message: EmailMessage) -> None:
        if self.smtp is None or self.smtp.sock is None:
            raise Away("the connection is closed")
        self.smtp.sock.settimeout(max(TIMEOUT, LAST_TIMEOUT))
        try:
            self._expect(*self.smtp.data(message.as_bytes()), 250)
        except smtplib.SMTPDataError as refused:
            self._expect(refused.smtp_code, refused.smtp_error, 250)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise Unclear(str(error)) from error
        self.smtp.sock.settimeout(TIMEOUT)

    def _expect_mailbox(self, code: int, reply: bytes) -> None:
        try:
            self._expect(code, reply, 250, 251)
        except Never as refused:
            if about_the_mailbox(str(refused)):
                raise NoMailbox(str(refused)) from None
            raise

    def _expect(self, code: int, reply: bytes | str, *good: int) -> None:
        if code in good:
            return
        words = reply if isinstance(reply, str) else reply.decode("utf-8", "replace")
        if code == 421:
            self.close()
            raise Away(f"{code} {words}")
        raise NotNow(f"{code} {words}") if 400 <= code < 500 else Never(f"{code} {words}")

    def _ready(self) -> smtplib.SMTP:
        """The open connection, with nothing begun on it; a new one where there is none, or it has died."""
        if self.smtp is not None:
            try:
                self.smtp.rset()
                return self.smtp
            except (OSError, smtplib.SMTPException):
                self.close()
        self.smtp = self._connect()
        return self.smtp

    def _connect(self) -> smtplib.SMTP:
        url, with_password = self.url, bool(self.url.username)
        context = ssl.create_default_context()
        if not with_password:
            # Servers next door sign their own certificates; a secret channel to one beats an open one.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if url.scheme == "smtps":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                url.hostname or "", url.port or 465, host(), timeout=TIMEOUT, context=context
            )
        else:
            smtp = smtplib.SMTP(url.hostname or "", url.port or 25, host(), timeout=TIMEOUT)
            smtp.ehlo()
            if smtp.has_extn("starttls"):
                smtp.starttls(context=context)
        if with_password:
            smtp.login(unquote(url.username or ""), unquote(url.password or ""))
        smtp.ehlo_or_helo_if_needed()
        return smtp

    def close(self) -> None:
        if self.smtp is not None:
            self.smtp.close()
            self.smtp = None


def carrier() -> Carrier:
    """The carrier that `LMS_MAIL_URL` names; the folder where it names none."""
    url = config().mail_url
    return Smtp(url) if url.startswith(("smtp://", "smtps://")) else Folder(config().data_dir / "mail")


# --- the round ------------------------------------------------------------------------------------------


def deliver_due(worker: str, most: int = 100) -> int:
    """Send what is due, at most so many; how many the server took. No two workers have the same name.

    Stops at the first sign that the server is away: a queue does not wait for it letter by letter.
    """
    if not _any_due():
        return 0
    sender()  # a From that is no address stops the round here, and no letter pays for it
    taken = 0
    away = carrier()
    try:
        for _number in range(most):
            letter = _step(lambda: claim(worker))
            if letter is None:
                break
            outcome = _carry(letter, worker, away)
            if outcome == "away":
                break
            taken += outcome == "sent"
    finally:
        away.close()
    return taken


def _carry(letter: Letter, worker: str, carrier: Carrier) -> str:
    """One letter through all its steps; what came of it: sent, refused, later, unclear, away, or not ours."""
    try:
        message = compose(letter)
        carrier.offer(message, letter.address)
        if not _step(lambda: begin(letter, worker)):
            return "not ours"
        carrier.hand_over(message)
    except NotNow as error:
        said = str(error)
        _step(lambda: put_back(letter, worker, said))
        return "away" if isinstance(error, Away) else "later"
    except (Never, ValueError, MessageError) as error:
        said, no_mailbox = str(error), isinstance(error, NoMailbox)
        _step(lambda: give_up(letter, worker, said, no_mailbox=no_mailbox))
        return "refused"
    except Unclear as error:
        said = str(error)
        _step(lambda: lose(letter, worker, said))
        return "unclear"
    _step(lambda: mark_sent(letter, worker))
    return "sent"


def _any_due() -> bool:
    due = select(func.count()).where(OutboxMessage.state == "due", OutboxMessage.not_before <= clock.now())
    count = db.session().scalar(due)
    db.end_read()
    return bool(count)


def _step(step: Callable[[], Result]) -> Result:
    with db.write():
        return step()
