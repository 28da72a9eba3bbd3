"""Two records of one human: merged, and parted again.

Nothing moves. Every row stays with the record under which it arose; `Person.merged_into` says with which record it is
read, and new rows go there. So parting has nothing to bring back.
"""

from __future__ import annotations

from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select, update

from lms import audit, clock, db, text
from lms.people import queries, signals
from lms.people.models import Address, Person, PersonMerge, Token
from lms.people.service.roles import need_right, open_roles
from lms.people.service.typed import need
from lms.policy import Refusal

LONGEST_REASON = 500


def merge_records(kept_id: UUID, merged_id: UUID, by: UUID | None, reason: str) -> UUID:
    """Read the record `merged_id` with `kept_id` from now on; the id of the merge.

    The merged record's sessions end; any confirmed address of either signs in to the kept one, with its password, or
    with the merged one's where only that has one. Records that were merged into `merged_id` go along.
    However many ask at once, in either direction, one merge is made. Raises Refusal: same_record, reason, own_record,
    beyond_scope (403), no_person (404), already_merged (409), erased.
    """
    s = db.need_write()
    if kept_id == merged_id:
        raise Refusal("same_record", _("This is one and the same record. Choose another one."))
    reason = text.clean(reason)
    message = _("Say in at most 500 letters how you know: it is kept with the merge.")
    need(0 < len(reason) <= LONGEST_REASON, "reason", message)
    for row in _two(kept_id, merged_id):
        if row.erased_at is not None:
            raise Refusal("erased", _("One of the two was erased: there is nothing of a person to merge."), 409)
        if row.merged_into is not None:
            raise Refusal("already_merged", _("One of the two was merged meanwhile. Open the person again."), 409)
        _need_right(row.id, by)
    now, merge_id, prepared = clock.now(), db.new_id(), dict[str, object]()
    if not db.insert_once(
        PersonMerge,
        id=merge_id,
        kept_id=kept_id,
        merged_id=merged_id,
        merged_at=now,
        merged_by=by,
        reason=reason,
        prepared={},
    ):
        raise Refusal("already_merged", _("One of the two was merged meanwhile. Open the person again."), 409)
    _point(queries.of_human(Person, merged_id), kept_id)
    _end_sessions(merged_id)
    signals.merged.send(signals.Merged(kept_id, merged_id, now, prepared))
    if prepared:
        s.execute(update(PersonMerge).where(PersonMerge.id == merge_id).values(prepared=prepared))
    audit.record("people.merged", "person", merged_id, by, kept=str(kept_id))
    audit.record("people.merged_with", "person", kept_id, by, merged=str(merged_id))
    return merge_id


def part_records(merged_id: UUID, by: UUID | None) -> UUID:
    """Part a record from the one it was merged into; that one's id.

    Each has again what it had; what was done since stays with the record that was kept. Records that were merged into
    this one before go along with it. Sessions of the kept record end: one of them may have been begun with an address
    of the other. Raises Refusal: not_merged (409), own_record, beyond_scope (403).
    """
    s = db.need_write()
    held = PersonMerge.merged_id == merged_id, PersonMerge.parted_at.is_(None)
    row = s.scalars(select(PersonMerge).where(*held)).one_or_none()
    root = s.scalar(select(Person.merged_into).where(Person.id == merged_id))
    if row is None or root is None:
        raise _not_merged()
    for record in _two(root, merged_id):
        _need_right(record.id, by)
    now = clock.now()
    parted = update(PersonMerge).where(PersonMerge.id == row.id, *held).values(parted_at=now, parted_by=by)
    if not s.execute(parted.execution_options(synchronize_session=False)).rowcount:  # type: ignore[attr-defined]
        raise _not_merged()
    own = _under(merged_id)
    _point(Person.id.in_(own), merged_id)
    _point(Person.id == merged_id, None)
    _void_crossed({merged_id, *own}, root)
    for key in (root, merged_id):
        _one_primary(key)
        _end_sessions(key)
    signals.parted.send(signals.Parted(row.kept_id, merged_id, row.merged_at, row.prepared))
    audit.record("people.parted", "person", merged_id, by, kept=str(root))
    audit.record("people.parted_from", "person", root, by, merged=str(merged_id))
    return root


def _not_merged() -> Refusal:
    return Refusal("not_merged", _("These two are parted already."), 409)


def _two(one: UUID, other: UUID) -> list[Person]:
    """Both rows, locked in one order everywhere. Refusal (no_person)."""
    rows = [db.locked(Person, key) for key in sorted((one, other))]
    if any(row is None or row.archived_at is not None for row in rows):
        raise Refusal("no_person", _("There is no such person."), 404)
    return rows


def _need_right(person_id: UUID, by: UUID | None) -> None:
    """Nobody merges or parts their own record, nor one with a role that they could not give."""
    if by is None:
        return
    if queries.kept(person_id) == queries.kept(by):
        raise Refusal("own_record", _("Nobody merges their own record. Ask another administrator."), 403)
    for role, scope, scope_id in open_roles(person_id):
        need_right(by, role, scope, scope_id, person_id)


def _point(which: object, target: UUID | None) -> None:
    db.need_write().execute(
        update(Person)
        .where(which)  # type: ignore[arg-type]
        .values(merged_into=target)
        .execution_options(synchronize_session=False)
    )


def _end_sessions(person_id: UUID) -> None:
    db.need_write().execute(
        update(Person)
        .where(Person.id == person_id)
        .values(epoch=Person.epoch + 1)
        .execution_options(synchronize_session=False)
    )


def _under(person_id: UUID) -> set[UUID]:
    """The records that were merged into this one, and into those."""
    rows = db.need_write().execute(
        select(PersonMerge.kept_id, PersonMerge.merged_id).where(PersonMerge.parted_at.is_(None))
    )
    below: dict[UUID, list[UUID]] = {}
    for kept_id, merged_id in rows:
        below.setdefault(kept_id, []).append(merged_id)
    found, todo = set[UUID](), list(below.get(person_id, ()))
    while todo:
        found.add(key := todo.pop())
        todo += below.get(key, ())
    return found


def _void_crossed(apart: set[UUID], root: UUID) -> None:
    """Links that went to an address of one record and would let into the other stop working."""
    owner = select(Address.person_id).where(Address.id == Token.address_id).scalar_subquery()
    crossed = (Token.person_id.in_(apart) & owner.not_in(apart)) | (Token.person_id.not_in(apart) & owner.in_(apart))
    db.need_write().execute(
        update(Token)
        .where(Token.used_at.is_(None), Token.purpose != "address", crossed)
        .values(used_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def _one_primary(person_id: UUID) -> None:
    """A record whose letters went to an address of the other's has them sent to its oldest one again."""
    s = db.need_write()
    if s.scalar(select(Address.id).where(queries.same_person(Address.person_id, person_id), Address.is_primary)):
        return
    oldest = select(Address.id).where(Address.person_id == person_id)
    first = s.scalar(oldest.order_by(Address.confirmed_at.is_(None), Address.created_at, Address.id).limit(1))
    if first is not None:
        s.execute(
            update(Address)
            .where(Address.id == first)
            .values(is_primary=True)
            .execution_options(synchronize_session=False)
        )
