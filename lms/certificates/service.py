"""A certificate's life: born waiting (or blocked) with a completion, rendered by the worker, issued once."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import current_app
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy import delete, or_, select, update

from config import Config
from lms import audit, clock, db, privacy
from lms.certificates import held, queries, rules
from lms.certificates.models import Certificate, CertifiedCompetency
from lms.curriculum import index
from lms.files import service as files
from lms.learning.signals import Completed
from lms.mail import service as mail
from lms.people import queries as people
from lms.people.models import Address, Membership, Organisation, Person
from lms.people.signals import Named
from lms.web import language

LEASE = timedelta(minutes=2)  # many times what one takes
READY = "certificates.ready"

log = logging.getLogger(__name__)


def completed(event: Completed) -> None:
    """Receiver: a certificate comes into being in the transaction that completed, once for each completion.

    It is blocked while its holder has not confirmed the name that will be printed.
    """
    s = db.need_write()
    person: Person = db.locked(Person, event.person_id)  # a name that is being erased is erased first
    if person.erased_at is not None:
        return
    completed_on = event.at.astimezone(clock.zone(person.time_zone)).date()
    confirmed = person.name_confirmed_at is not None
    while True:
        code = rules.new_code()
        born = db.insert_once(
            Certificate,
            code=code,
            completion_id=event.completion_id,
            person_id=event.person_id,
            state="waiting" if confirmed else "blocked",
            blocked_reason="" if confirmed else "name",
            snapshot=_snapshot(event, person, completed_on, code),
            completed_on=completed_on,
            valid_until=rules.valid_until(completed_on),
            created_at=clock.now(),
        )
        there = select(Certificate.id).where(Certificate.completion_id == event.completion_id)
        if born or s.scalar(there) is not None:
            return
        # Another certificate has this code. That has one chance in 36 thousand million million.


def _snapshot(event: Completed, person: Person, completed_on: date, code: str) -> dict[str, Any]:
    """Every printed field, frozen, in the holder's language."""
    config: Config = current_app.config["LMS"]
    spoken = person.language if person.language in config.languages else config.languages[0]
    content = index.current()
    module = content.module(event.module, spoken)
    lessons = [content.lesson(id, spoken) for id in event.lessons]
    whole = event.extent == "module"
    with force_locale(spoken):
        what = module.title if whole else _lessons_of([lesson.number for lesson in lessons], module.short)
    return {
        "language": spoken,
        "time_zone": person.time_zone,
        "name": person.name,
        "name_latin": person.name_latin,
        "course": content.course(event.course, spoken).title,
        "what": what,
        "whole": whole,
        "lessons": [{"number": n.number, "title": n.short, "minutes": n.minutes} for n in lessons],
        "minutes": event.minutes,
        "percent": rules.percent(event.score),
        "completed_on": completed_on.isoformat(),
        "valid_until": rules.valid_until(completed_on).isoformat(),
        "organisations": _organisations(person.id, completed_on, spoken),
        "programme": config.programme_name,
        "code": code,
    }


def _lessons_of(numbers: list[int], module: str) -> str:
    """*Lessons 1 to 3 of Concepts*: what is certified while a module is not all written."""
    runs = rules.runs(numbers)
    if len(runs) == 1 and len(numbers) > 1:
        first, last = (language.number(number) for number in runs[0])
        return str(_("lessons %(first)s to %(last)s of %(module)s", first=first, last=last, module=module))
    listed = _(", ").join(language.number(number) for number in numbers)
    count = len(numbers)
    text = ngettext(
        "lesson %(numbers)s of %(module)s",
        "lessons %(numbers)s of %(module)s",
        count,
        numbers=listed,
        module=module,
    )
    return str(text)


def _organisations(person_id: UUID, on: date, spoken: str) -> list[str]:
    """The names of the offices that this person was of on that day, in that language."""
    query = (
        select(Organisation)
        .join(Membership, Membership.organisation_id == Organisation.id)
        .where(
            people.same_person(Membership.person_id, person_id),
            Membership.starts_on <= on,
            or_(Membership.ends_on.is_(None), Membership.ends_on > on),
        )
        .order_by(Membership.starts_on, Organisation.sort_key)
    )
    names = (office.names.get(spoken, office.name) for office in db.need_write().scalars(query))
    return list(dict.fromkeys(names))


def named(event: Named) -> None:
    """Receiver: a name was confirmed or changed."""
    retry_blocked(event.person_id)


def retry_blocked(person_id: UUID) -> int:
    """After a name was confirmed or changed: what is not issued yet takes the name as it is now, and is made.

    How many certificates wait anew. One that is being rendered now is rendered again: its claim goes.
    """
    s = db.need_write()
    person = s.get_one(Person, person_id)
    confirmed = person.name_confirmed_at is not None
    rows = s.scalars(
        select(Certificate)
        .where(people.same_person(Certificate.person_id, person_id), Certificate.state != "issued")
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        row.snapshot = row.snapshot | {"name": person.name, "name_latin": person.name_latin}
        row.state, row.blocked_reason = ("waiting", "") if confirmed else ("blocked", "name")
        row.worker, row.lease_until, row.tries = None, None, 0
    s.flush()
    return len(rows) if confirmed else 0


def retry_letters(_worker: str) -> None:
    """A tick, at the worker's start and daily: try those again that wanted a letter; we may have its font by now."""
    with db.write() as s:
        s.execute(
            update(Certificate)
            .where(Certificate.state == "blocked", Certificate.blocked_reason.startswith("letters:"))
            .values(state="waiting", blocked_reason="", worker=None, lease_until=None, tries=0),
            execution_options={"synchronize_session": False},
        )


# --- erasing ------------------------------------------------------------------------------------------


def forget(person_id: UUID) -> list[privacy.Kept]:
    """Of what was issued the code, the days, the state, what was certified and two hashes stay: of the file, and of
    what the snapshot said. What was not issued goes: nobody has it in hands, and it is not made any more."""
    s, now = db.need_write(), clock.now()
    kept = privacy.kept(held.FATES, person_id)
    unissued = select(Certificate.id).where(Certificate.person_id == person_id, Certificate.state != "issued")
    s.execute(
        delete(CertifiedCompetency).where(CertifiedCompetency.certificate_id.in_(unissued)),
        execution_options={"synchronize_session": False},
    )
    s.execute(
        delete(Certificate).where(Certificate.person_id == person_id, Certificate.state != "issued"),
        execution_options={"synchronize_session": False},
    )
    rows = s.scalars(
        select(Certificate)
        .where(Certificate.person_id == person_id, Certificate.erased_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for row in rows:
        row.snapshot_sha256 = sha256(
            json.dumps(row.snapshot, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
        ).hexdigest()
        row.snapshot, row.erased_at = rules.without_holder(row.snapshot), now
        if row.file_id is not None:
            files.remove(row.file_id)
    return kept


# --- issuing: what the worker does --------------------------------------------------------------------


@dataclass(frozen=True)
class Claimed:
    """A certificate that this worker is to render."""

    id: UUID
    person_id: UUID
    snapshot: dict[str, Any]
    created_at: datetime
    tries: int
    worker: str


class _Lost(Exception):
    """The claim is gone: the name changed meanwhile, or another worker took over. Nothing is written."""


def issue_waiting(worker: str) -> bool:
    """The worker's tick, and so an edge with its own transactions: issue one; whether one was tried.

    It is rendered outside of any transaction. A worker killed anywhere leaves a claim that runs out, and at
    most bytes on the disk, which the next one, making the same bytes, finds there.
    """
    if not queries.is_any_waiting():
        return False
    with db.write():
        claimed = claim(worker)
    if claimed is None:
        return False
    try:
        from lms.certificates import rendering  # WeasyPrint: the web never gets here

        letters = rendering.missing_letters(claimed.snapshot)
        if letters:
            with db.write():
                block(claimed, f"letters:{letters}"[:500])
            return True
        data = rendering.pdf(claimed.snapshot, claimed.created_at, mail.public_address())
        files.keep(data)
        with db.write():
            issue(claimed, data)
    except _Lost:
        log.info("certificate %s changed while it was rendered; once more", claimed.id)
    except Exception:
        log.exception("certificate %s could not be made at try %s", claimed.id, claimed.tries)
        with db.write():
            put_off(claimed)
    return True


def claim(worker: str) -> Claimed | None:
    """Take the certificate that has waited longest and that nobody is rendering; None where there is none."""
    now = clock.now()
    free = (Certificate.state == queries.WAITING) & or_(
        Certificate.lease_until.is_(None), Certificate.lease_until < now
    )
    oldest = (
        select(Certificate.id).where(free).order_by(Certificate.created_at).limit(1).with_for_update(skip_locked=True)
    )
    row = (
        db.need_write()
        .execute(
            update(Certificate)
            .where(Certificate.id == oldest.scalar_subquery(), free)
            .values(worker=worker, lease_until=now + LEASE, tries=Certificate.tries + 1)
            .returning(
                Certificate.id,
                Certificate.person_id,
                Certificate.snapshot,
                Certificate.created_at,
                Certificate.tries,
                Certificate.worker,
            ),
            execution_options={"synchronize_session": False},
        )
        .one_or_none()
    )
    return Claimed(*row) if row else None


def issue(claimed: Claimed, data: bytes) -> None:
    """Store the file's row, issue, and tell the holder: all of it, or nothing where the claim is gone."""
    s = db.need_write()
    name = rules.file_name(claimed.snapshot["name"], claimed.snapshot["code"])
    file_id = files.store(data, "application/pdf", name)
    _own(claimed, state="issued", issued_at=clock.now(), file_id=file_id, worker=None, lease_until=None)
    audit.record("certificates.issued", "certificate", claimed.id, file=str(file_id))
    address = s.scalar(
        select(Address.address)
        .join(Person, Person.id == Address.person_id)
        .where(people.same_person(Address.person_id, claimed.person_id), Address.confirmed_at.is_not(None))
        .order_by(Address.is_primary.desc(), Person.merged_into.is_not(None), Address.created_at)
        .limit(1)
    )
    if address:
        snapshot = claimed.snapshot
        context = {
            "name": snapshot["name"],
            "what": snapshot["what"],
            "course": snapshot["course"],
            "certificates": mail.link("certificates.certificates"),
            "check": mail.link("certificates.verify_code", code=snapshot["code"]),
        }
        name = snapshot["name"]
        mail.notify(READY, claimed.id, claimed.person_id, address, snapshot["language"], context, name=name)


def block(claimed: Claimed, reason: str) -> None:
    """It cannot be made as it is: shown to its holder with the reason, until the name or our fonts change."""
    _own(claimed, state="blocked", blocked_reason=reason, worker=None, lease_until=None)
    log.warning("certificate %s is blocked: %s", claimed.id, reason)


def put_off(claimed: Claimed) -> None:
    """It failed for a reason of ours: again in a minute, two, four, up to an hour, until it is made."""
    wait = timedelta(minutes=min(60, 2 ** (claimed.tries - 1)))
    try:
        _own(claimed, worker=None, lease_until=clock.now() + wait)
    except _Lost:
        log.info("certificate %s changed while it was rendered", claimed.id)


def _own(claimed: Claimed, **values: Any) -> None:
    """Change the row if the claim still holds. UNIQUE rests here: of any number of workers one changes it."""
    changed = db.need_write().execute(
        update(Certificate)
        .where(Certificate.id == claimed.id, Certificate.state == "waiting", Certificate.worker == claimed.worker)
        .values(**values),
        execution_options={"synchronize_session": False},
    )
    if not changed.rowcount:  # type: ignore[attr-defined]
        raise _Lost
