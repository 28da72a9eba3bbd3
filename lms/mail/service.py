"""What is told by mail: the kinds of letters, and putting one into the outbox.

A room names its kinds once (`kind("people.invitation", …)`) and keeps each one's text in
`templates/people/mail/invitation.txt`: the first line is the subject, the rest the letter.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import current_app, render_template
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, case, func, select, true, update

from config import Config
from lms import audit, clock, db, privacy
from lms.mail.models import Notice, OutboxMessage
from lms.mail.queries import FATES
from lms.policy import Refusal
from lms.text import clean

LINE = 72
OLD = timedelta(days=14)  # for a letter that was held


@dataclass(frozen=True)
class Kind:
    """A kind of letter: its stable name, and what an administrator reads of it (a lazy string).

    One that is `asked` was asked for a moment ago by whoever waits for it: it leaves even where letters to its
    address have come back. `fleeting`: to somebody who is no longer known here: once it has left or failed, nothing
    of it is kept.
    """

    name: str
    label: Any
    asked: bool = False
    fleeting: bool = False

    @property
    def template(self) -> str:
        room, _dot, letter = self.name.partition(".")
        return f"{room}/mail/{letter}.txt"


KINDS: dict[str, Kind] = {}


def kind(name: str, label: Any, *, asked: bool = False, fleeting: bool = False) -> str:
    """Enter a kind of letter; its name, for `notify`."""
    KINDS[name] = Kind(name, label, asked, fleeting)
    return name


_comes_back: Callable[[str], bool] = lambda address: False  # noqa: E731


def comes_back(tell: Callable[[str], bool]) -> None:
    """Say how it is known that letters to an address come back: those wait until somebody says that it works."""
    global _comes_back
    _comes_back = tell


def notify(
    kind: str,
    subject: UUID | str,
    recipient: UUID | None,
    address: str,
    language: str,
    context: dict[str, Any],
    due_on: date | None = None,
    *,
    name: str = "",
    step: int = 0,
    level: int = 0,
) -> bool:
    """Tell `recipient` (a person; None for a bare address) about `subject` by a letter that leaves at once.

    Where letters to that address come back it is held until one says that it works again (`release`).
    Told once for (kind, subject, step, level, due date, recipient), whoever asks and however often; says
    whether this call was the one. The letter is written here, in the recipient's language; `context` is kept
    nowhere else, since it may hold a link that signs in.
    """
    now = clock.now()
    notice = db.new_id()
    told = db.insert_once(
        Notice,
        id=notice,
        kind=kind,
        subject=str(subject),
        step=step,
        level=level,
        due_on=due_on or clock.today(),
        recipient=str(recipient or address)[:80],
        data={},
        created_at=now,
    )
    if told:
        language = language if language in config().languages else config().languages[0]
        title, body = write_letter(kind, language, context)
        held = not KINDS[kind].asked and _comes_back(address)
        db.need_write().add(
            OutboxMessage(
                state="held" if held else "due",
                notice_id=notice,
                address=address,
                name=clean(name),
                language=language,
                title=title,
                body=body,
                not_before=now,
            )
        )
    return told


def write_letter(kind: str, language: str, context: dict[str, Any]) -> tuple[str, str]:
    """The subject (one line, at most 300 letters) and the text of a letter, its lines short."""
    with force_locale(language):
        text = render_template(KINDS[kind].template, programme=config().programme_name, **context)
    title, _newline, body = text.strip().partition("\n")
    paragraphs = [short_lines(part) for part in body.strip().split("\n")]
    return clean(title)[:300], "\n".join(paragraphs) + "\n"


def short_lines(line: str) -> str:
    """A line broken at spaces into lines of 72 letters; an address of a page stays whole."""
    return textwrap.fill(line, LINE, break_long_words=False, break_on_hyphens=False)


def hold(address: str) -> None:
    """Keep the letters back that are on their way to an address, but for those that somebody asked for."""
    asked = [kind.name for kind in KINDS.values() if kind.asked]
    _change_all(address, "due", OutboxMessage.notice_id.not_in(_of_kinds(asked)), state="held")


def release(address: str) -> None:
    """Let the letters leave that were held for an address. What has waited for longer than two weeks is left: the
    links in it are dead, and what it says is old."""
    _leave_old(address)
    _change_all(address, "held", true(), state="due", not_before=clock.now(), tries=0)


def redirect(address: str, recipient: UUID, to: str) -> None:
    """Let the letters to a person that were held for an address leave to another one of theirs."""
    _leave_old(address)
    _change_all(address, "held", _is_for(recipient), state="due", not_before=clock.now(), tries=0, address=to)


def leave_held(address: str, recipient: UUID) -> None:
    """Let the letters to a person rest that were held for an address: what they say is said anew elsewhere."""
    _change_all(address, "held", _is_for(recipient), state="cancelled", body="")


def _leave_old(address: str) -> None:
    old, why = OutboxMessage.not_before < clock.now() - OLD, "held for too long: letters there came back"
    _change_all(address, "held", old, state="cancelled", body="", error=why)


def _is_for(recipient: UUID) -> ColumnElement[bool]:
    return OutboxMessage.notice_id.in_(select(Notice.id).where(Notice.recipient == str(recipient)))


def _of_kinds(names: list[str]) -> Select[UUID]:
    return select(Notice.id).where(Notice.kind.in_(names))


def _change_all(held_for: str, before: str, where: ColumnElement[bool], **values: Any) -> None:
    db.need_write().execute(
        update(OutboxMessage)
        .where(OutboxMessage.state == before, func.lower(OutboxMessage.address) == held_for.lower(), where)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def send_again(message_id: UUID, by: UUID | None) -> None:
    """Let a letter that failed, or whose fate is unknown, leave once more, under its old Message-ID.

    One that came back after a server had taken it has no text any more, and cannot.
    """
    whole = OutboxMessage.body != ""
    _decide(message_id, by, "mail.sent_again", whole, state="due", tries=0, not_before=clock.now(), error=None)


def leave(message_id: UUID, by: UUID | None) -> None:
    """Let a letter that failed, or whose fate is unknown, rest; its text is blanked."""
    _decide(message_id, by, "mail.left", true(), state="cancelled", body="")


def _decide(message_id: UUID, by: UUID | None, verb: str, where: ColumnElement[bool], **values: Any) -> None:
    changed = db.need_write().execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.id == message_id,
            OutboxMessage.state.in_(("failed", "unknown")),
            true() if values["state"] == "cancelled" else OutboxMessage.address != "",  # erased: there is no one there
            where,
        )
        .values(worker=None, lease_until=None, **values)
        .execution_options(synchronize_session=False)
    )
    if not changed.rowcount:  # type: ignore[attr-defined]
        raise Refusal("letter_moved_on", _("This letter has moved on meanwhile. Reload the page."), 409)
    audit.record(verb, "outbox_message", message_id, by)


_BLANK: dict[str, Any] = {"address": "", "name": "", "title": "", "body": "", "error": None}


def forget(person_id: UUID) -> list[privacy.Kept]:
    """Blank every letter to a person. What has not left is not sent; of what is just being handed over nobody can
    say, before the worker does, whether it was."""
    kept = privacy.kept(FATES, person_id)
    theirs = select(Notice.id).where(Notice.recipient == str(person_id))
    db.need_write().execute(
        update(Notice).where(Notice.recipient == str(person_id)).values(data={}),
        execution_options={"synchronize_session": False},
    )
    becomes = case(
        (OutboxMessage.state == "sent", "sent"), (OutboxMessage.state == "sending", "unknown"), else_="cancelled"
    )
    db.need_write().execute(
        update(OutboxMessage).where(OutboxMessage.notice_id.in_(theirs)).values(state=becomes, **_BLANK),
        execution_options={"synchronize_session": False},
    )
    return kept


def forget_fleeting() -> None:
    """Blank the letters that nothing is to be kept of, once they have left or cannot."""
    kinds = [kind.name for kind in KINDS.values() if kind.fleeting]
    ended = OutboxMessage.state.in_(("sent", "failed", "unknown", "cancelled"))
    theirs = select(Notice.id).where(Notice.kind.in_(kinds))
    db.need_write().execute(
        update(OutboxMessage)
        .where(ended, OutboxMessage.address != "", OutboxMessage.notice_id.in_(theirs))
        .values(state=case((OutboxMessage.state == "sent", "sent"), else_="cancelled"), **_BLANK),
        execution_options={"synchronize_session": False},
    )


def sweep_folder(_worker: str = "") -> int:
    """A tick, where letters become files (the demonstration): those that were blanked go from there too; how many."""
    if config().mail_url.startswith(("smtp://", "smtps://")):
        return 0
    blanked = db.session().scalars(select(OutboxMessage.id).where(OutboxMessage.address == "")).all()
    db.end_read()
    paths = [config().data_dir / "mail" / f"outbox-{key}.eml" for key in blanked]
    there = [path for path in paths if path.exists()]
    for path in there:
        path.unlink(missing_ok=True)
    return len(there)


def config() -> Config:
    settings: Config = current_app.config["LMS"]
    return settings


def public_address() -> str:
    """Where people reach this installation, without a slash at the end."""
    return config().public_url or f"http://{config().host}:{config().port}"


def host() -> str:
    """The host name of the public address: Message-IDs and the sender's address carry it."""
    return urlsplit(public_address()).hostname or "localhost"


def link(endpoint: str, **values: Any) -> str:
    """The whole address of a page of ours, for a letter or a printed code; needs no request."""
    return public_address() + current_app.url_map.bind("").build(endpoint, values)
