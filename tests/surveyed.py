"""Surveys to test with: sent, answered, closed; people enough for something to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from make import person
from sqlalchemy import select

from lms import clock, db
from lms.mail.models import OutboxMessage
from lms.surveys import service
from lms.surveys.models import OfficeAnswer, Survey, SurveyInvitation, SurveyResponse

# Forms as a browser sends them.
REACTION = {
    "q-useful": "4", "q-level": "right", "q-language": "well", "q-pace": "fast", "q-change": ["exercises", "time"],
    "q-words": "I will ask who leaves",
}  # fmt: skip
BASELINE = {
    "q-sources": ["census", "permits"], "q-linking": "no", "q-lead": "nobody", "q-staff": "12", "q-trained": "3",
    "q-left": "1", "q-trainers": "iom", "q-challenges-inside": "people", "q-challenges-around": ["sharing", "other"],
    "q-challenges-around-other": "No law", "q-fails": "followup", "q-works": "practical", "q-need-concepts": "2",
    "q-need-collection": "4", "q-need-processing": "5", "q-need-dissemination": "3", "q-languages": "fr",
    "q-formats": "own-data", "q-trainings": "A workshop\nA course", "q-more": "",
}  # fmt: skip
# The same as they are kept.
KEPT = {"useful": 4, "level": "right", "language": "well", "pace": "fast", "change": ["exercises", "time"]}
OFFICE_KEPT = {
    "sources": ["census"], "linking": "no", "lead": "own", "staff": 7, "trained": "unknown", "left": 2,
    "trainers": ["iom"], "trainings": "A workshop", "challenges-inside": ["people"], "fails": ["followup"],
    "works": ["policy"], "need-concepts": 3, "need-collection": 4, "need-processing": 5, "need-dissemination": 1,
    "languages": ["fr"], "formats": ["workshop"],
}  # fmt: skip


def invited(
    template: str, kind: str, audience: UUID | str, asked: Sequence[tuple[UUID | None, UUID]], tag: str = "", **given
) -> UUID:
    """A survey as rows, without letters; the tokens are `<tag>-0`, `<tag>-1` and so on."""
    s, today = db.session(), clock.today()
    who = "institution" if template == "institution-baseline" else "person"
    row = Survey(
        id=db.new_id(), version_id=service.version_of_template(template), answered_by=who, audience_kind=kind,
        audience_id=str(audience),
        **{"opened_on": today, "closes_on": today + timedelta(days=10), **given},
    )  # fmt: skip
    s.add(row)
    s.flush()
    for number, (office, recipient) in enumerate(asked):
        token = service.token_hash(f"{tag or row.id}-{number}")
        s.add(SurveyInvitation(survey_id=row.id, organisation_id=office, recipient_id=recipient, token_hash=token,
                               sent_at=clock.now()))  # fmt: skip
    s.flush()
    return row.id


def answered(survey: UUID, answers: Sequence[dict]) -> None:
    """Answers of persons, with as many of the invitations marked."""
    s = db.session()
    rows = s.scalars(select(SurveyInvitation).where(SurveyInvitation.survey_id == survey)).all()
    for row, given in zip(rows, answers, strict=False):
        row.answered = True
        s.add(SurveyResponse(survey_id=survey, answers=given))
    s.flush()


def office_answered(survey: UUID, office: UUID, answers: dict | None = None) -> None:
    s = db.session()
    s.add(OfficeAnswer(survey_id=survey, organisation_id=office, number=1, answers=answers or OFFICE_KEPT,
                       answered_by=None, answered_at=clock.now()))  # fmt: skip
    for row in s.scalars(select(SurveyInvitation).where(SurveyInvitation.survey_id == survey)):
        row.answered = row.answered or row.organisation_id == office
    s.flush()


def people(many: int, **given) -> list[UUID]:
    return [person(f"Respondent {number}", **given) for number in range(many)]


def letters() -> list[OutboxMessage]:
    db.end_read()
    return list(db.session().scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


def links() -> list[str]:
    """The links of the letters that wait, as paths."""
    return [
        line.strip().removeprefix("http://localhost")
        for letter in letters()
        for line in letter.body.splitlines()
        if "/s/" in line
    ]
