"""Erasing a person: what is left is a row without anybody in it, which others' rows go on pointing to."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, or_, select, update

from lms import audit, clock, db, privacy
from lms.jobs import service as jobs
from lms.mail.service import kind, notify
from lms.people import fates, queries
from lms.people.models import Address, Membership, Person, PersonMerge, RecordQuestion, RoleGrant, Token
from lms.policy import Refusal

ERASED = kind("people.erased", _l("Confirmation of an erasure"), fleeting=True)
TIDY = "people.tidy"
# How an administrator was asked to: chosen and not typed, since the record of acts can never forget a word.
REASONS = {
    "asked_in_writing": _l("the person asked in writing"),
    "asked_in_person": _l("the person asked us in person"),
    "asked_through_office": _l("their office passed their request on"),
}


def erase(person_id: UUID, by: UUID, reason: str = "") -> list[privacy.Kept]:
    """Erase a person in every room, with the records that were merged into theirs; what was kept, and why.

    Every session ends at once, and a last letter says the same as what is returned. Twice is once: the second call
    returns nothing. `by` is the person, or an administrator with one of the `REASONS`.
    Raises Refusal (last_administrator, only_focal_point, own_erasure, reason, no_person).
    """
    s, person_id, by = db.need_write(), queries.kept(person_id), queries.kept(by)
    person: Person | None = db.locked(Person, person_id)
    if person is None or person.merged_into is not None:
        raise Refusal("no_person", _("There is no such person."), 404)
    if person.erased_at is not None:
        return []
    if by == person_id and reason:
        raise Refusal("own_erasure", _("Nobody erases themselves here. Your own account page has it."), 403)
    if by != person_id and reason not in REASONS:
        raise Refusal("reason", _("Choose a reason."), field="reason")
    ids = queries.identities(person_id)
    _lock_grants(ids)
    for obstacle in fates.obstacles(ids):
        raise Refusal(obstacle.code, obstacle.message, 409)
    last, name = queries.recipient(person_id), person.name
    kept = privacy.erase(ids)
    audit.record("people.erased", "person", person_id, by, reason=reason)
    jobs.defer(TIDY, {}, "erasure")
    s.flush()
    if last is not None:
        context = {"name": name, "kept": kept}
        notify(ERASED, person_id, person_id, last.address, last.language, context, name=name)
    return kept


@jobs.kind(TIDY)
def tidy(_job: jobs.Running) -> None:
    """A job: what was erased leaves the database's log, too; later, where somebody is reading just now."""
    if not db.tidy():
        raise RuntimeError("the database is being read: its log is tidied later")


def _lock_grants(ids: list[UUID]) -> None:
    """Lock the roles that may be the last of their kind, in one order, so that two who go at once do not both."""
    mine = select(RoleGrant.role + RoleGrant.scope_id).where(
        RoleGrant.person_id.in_(ids), RoleGrant.ended_at.is_(None), RoleGrant.role.in_(("administrator", "focal_point"))
    )
    db.need_write().execute(
        select(RoleGrant.id)
        .where(RoleGrant.ended_at.is_(None), (RoleGrant.role + RoleGrant.scope_id).in_(mine))
        .order_by(RoleGrant.id)
        .with_for_update()
    ).all()


def forget(person_id: UUID) -> list[privacy.Kept]:
    """This room's part: a tombstone, its intervals at offices, its roles, ended."""
    s, now = db.need_write(), clock.now()
    kept = privacy.kept(fates.FATES, person_id)
    addresses = select(Address.id).where(Address.person_id == person_id)
    s.execute(delete(Token).where(or_(Token.person_id == person_id, Token.address_id.in_(addresses))))
    for question in s.scalars(select(RecordQuestion).where(RecordQuestion.person_id == person_id)):
        question.data, question.word, question.address_id = {}, "", None
        if question.answered_at is None:
            question.answered_at, question.answer = now, "erased"
    s.execute(
        update(RecordQuestion).where(RecordQuestion.address_id.in_(addresses)).values(address_id=None),
        execution_options={"synchronize_session": False},
    )
    s.execute(
        update(PersonMerge)
        .where(or_(PersonMerge.kept_id == person_id, PersonMerge.merged_id == person_id))
        .values(reason=""),
        execution_options={"synchronize_session": False},
    )
    s.flush()
    s.execute(delete(Address).where(Address.person_id == person_id))
    s.execute(
        update(RoleGrant).where(RoleGrant.person_id == person_id, RoleGrant.ended_at.is_(None)).values(ended_at=now)
    )
    for row in s.scalars(select(Membership).where(Membership.person_id == person_id)):
        tomorrow = max(clock.today(), row.starts_on) + timedelta(days=1)
        row.ends_on = tomorrow if row.ends_on is None else min(row.ends_on, tomorrow)
        row.unit_id = row.destination_id = row.successor_id = None
        row.end_reason = row.destination = ""
    s.execute(
        update(Person)
        .where(Person.id == person_id)
        .values(
            name="", name_latin="", sort_key="\uffff", search_key="", name_confirmed_at=None, sex="unsaid", post="",
            language="en", languages=[], time_zone="UTC", password_hash=None, epoch=Person.epoch + 1,
            archived_at=func.coalesce(Person.archived_at, now), erased_at=now,
        ),
        execution_options={"synchronize_session": False},
    )  # fmt: skip
    s.flush()
    s.expire_all()
    return kept
