"""What this room holds about a person. What they answered for themselves cannot be told apart from others'."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, func, select

from lms.db import session
from lms.people.models import Organisation
from lms.privacy import Fate, Held, Keeping
from lms.surveys.models import OfficeAnswer, Survey, SurveyInvitation, SurveyVersion
from lms.surveys.questionnaire import said
from lms.web import language


def _asked(ids: Collection[UUID]) -> ColumnElement[int]:
    own = SurveyInvitation.recipient_id.in_(ids)
    return select(func.count(SurveyInvitation.id)).where(own).scalar_subquery()


def _filled_in(ids: Collection[UUID]) -> ColumnElement[int]:
    return select(func.count(OfficeAnswer.id)).where(OfficeAnswer.answered_by.in_(ids)).scalar_subquery()


def _answered(ids: Collection[UUID]) -> ColumnElement[int]:
    own = (SurveyInvitation.recipient_id.in_(ids), SurveyInvitation.organisation_id.is_(None))
    return select(func.count(SurveyInvitation.id)).where(*own, SurveyInvitation.answered).scalar_subquery()


def _sent(ids: Collection[UUID]) -> ColumnElement[int]:
    sent = select(func.count(Survey.id)).where(Survey.sent_by.in_(ids)).scalar_subquery()
    edited = select(func.count(SurveyVersion.id)).where(SurveyVersion.edited_by.in_(ids)).scalar_subquery()
    return sent + edited


FATES = (
    Fate(_l("That you were asked in a survey, and your links to it"), _asked),
    Fate(_l("That it was you who filled in an office’s answer"), _filled_in),
    Fate(
        _l("What was answered in surveys of persons"),
        _answered,
        _l("Nobody can tell which answer was whose, so nobody can take one out."),
    ),
    Fate(
        _l("Surveys that somebody sent or wrote"),
        _sent,
        _l("Others have answered them, and read the answers beside the questions."),
    ),
)
KEEPINGS = (
    Keeping(
        _l("That you were asked in a survey, and whether you answered; what you answered is nobody’s"),
        _l("until you are erased"),
    ),
)


def held_about(person_id: UUID) -> list[Held]:
    """The surveys that a person was asked, the answers of offices that they filled in, what they sent and wrote."""
    return [_invitations(person_id), _office_answers(person_id), _made(person_id)]


def _title(data: dict[str, Any]) -> str:
    return said(data["title"], language.code()).text


def _invitations(person_id: UUID) -> Held:
    rows = session().execute(
        select(SurveyInvitation, SurveyVersion.data, Organisation)
        .join(Survey, Survey.id == SurveyInvitation.survey_id)
        .join(SurveyVersion, SurveyVersion.id == Survey.version_id)
        .outerjoin(Organisation, Organisation.id == SurveyInvitation.organisation_id)
        .where(SurveyInvitation.recipient_id == person_id)
        .order_by(SurveyInvitation.sent_at, SurveyInvitation.id)
    )
    found = [
        {
            "id": row.id,
            "survey": _title(data),
            "organisation": _office(office),
            "at": row.sent_at,
            "reminded_at": row.reminded_at,
            "answered": row.answered,
        }
        for row, data, office in rows
    ]
    labels = {
        "survey": _l("Survey"),
        "organisation": _l("For the office"),
        "reminded_at": _l("Reminded"),
        "answered": _l("Answered"),
    }
    return Held("surveys", _l("Surveys that you were asked"), found, labels=labels)


def _office_answers(person_id: UUID) -> Held:
    rows = session().execute(
        select(OfficeAnswer, SurveyVersion.data, Organisation)
        .join(Survey, Survey.id == OfficeAnswer.survey_id)
        .join(SurveyVersion, SurveyVersion.id == Survey.version_id)
        .join(Organisation, Organisation.id == OfficeAnswer.organisation_id)
        .where(OfficeAnswer.answered_by == person_id)
        .order_by(OfficeAnswer.answered_at, OfficeAnswer.id)
    )
    found = [
        {
            "id": row.id,
            "survey": _title(data),
            "organisation": _office(office),
            "number": row.number,
            "at": row.answered_at,
            "answers": row.answers,
        }
        for row, data, office in rows
    ]
    labels = {"survey": _l("Survey"), "number": _l("Version"), "answers": None}
    return Held("office_answers", _l("Answers of an office that you filled in"), found, labels=labels)


def _made(person_id: UUID) -> Held:
    versions = session().execute(
        select(SurveyVersion.id, SurveyVersion.created_at, SurveyVersion.data).where(
            SurveyVersion.edited_by == person_id
        )
    )
    sent = session().execute(
        select(Survey.id, SurveyVersion.data, Survey.opened_on)
        .join(SurveyVersion, SurveyVersion.id == Survey.version_id)
        .where(Survey.sent_by == person_id)
    )
    found: list[dict[str, Any]] = [
        {"id": key, "survey": _title(data), "did": str(_("wrote a version")), "at": at} for key, at, data in versions
    ]
    found += [
        {"id": key, "survey": _title(data), "did": str(_("sent it")), "opened_on": day} for key, data, day in sent
    ]
    labels = {"survey": _l("Survey"), "did": _l("What you did"), "opened_on": _l("Opened")}
    return Held("surveys_made", _l("Surveys that you sent or wrote"), found, labels=labels)


def _office(row: Organisation | None) -> str:
    return row.name_in(language.code()) if row else ""
