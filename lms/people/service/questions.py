"""Questions about records: raised once while one is open, answered once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import update

from lms import audit, clock, db, text
from lms.people.models import RecordQuestion
from lms.policy import Refusal


def raise_question(
    kind: str,
    about: str,
    person_id: UUID,
    organisation_id: UUID | None,
    by: UUID | None,
    *,
    address_id: UUID | None = None,
    **data: str | None,
) -> bool:
    """Ask the office (None: the programme) something about a person; False where the same stands open already."""
    raised = db.insert_once(
        RecordQuestion,
        kind=kind,
        about=about,
        person_id=person_id,
        organisation_id=organisation_id,
        address_id=address_id,
        data=data,
        raised_at=clock.now(),
        raised_by=by,
    )
    if raised:
        audit.record("people.question_raised", "person", person_id, by, kind=kind)
    return raised


def answered(question_id: UUID, kind: str, answer: str, by: UUID | None, word: str = "") -> RecordQuestion:
    """Answer a question of that kind; the conditional UPDATE lets one of many through.

    Raises Refusal (no_question, answered).
    """
    s = db.need_write()
    if not _answer((RecordQuestion.id == question_id, RecordQuestion.kind == kind), answer, by, word):
        found = s.get(RecordQuestion, question_id)
        if found is None or found.kind != kind:
            raise Refusal("no_question", _("There is no such question."), 404)
        raise Refusal("answered", _("This question was answered already."), 409)
    row = s.get_one(RecordQuestion, question_id, populate_existing=True)
    audit.record("people.question_answered", "person", row.person_id, by, kind=kind, answer=answer)
    return row


def settle(kind: str, about: str, answer: str, by: UUID | None) -> None:
    """What was asked about this has come about in another way: nobody need answer it any more."""
    _answer((RecordQuestion.kind == kind, RecordQuestion.about == about), answer, by)


def _answer(where: tuple[Any, ...], answer: str, by: UUID | None, word: str = "") -> bool:
    changed = db.need_write().execute(
        update(RecordQuestion)
        .where(*where, RecordQuestion.answered_at.is_(None))
        .values(answered_at=clock.now(), answered_by=by, answer=answer, word=text.clean(word)[:500])
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]
