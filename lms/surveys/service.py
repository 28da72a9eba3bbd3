"""What can be done with surveys: copy and edit a questionnaire, send it, remind, answer, close.

A version is never changed, so that what was answered stays what was asked. Answers are taken and a survey is
closed under one lock, its own row: nothing comes in after the one release of its results.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, insert, select, update

from lms import audit, clock, db, privacy
from lms.mail.service import kind, link, notify
from lms.people import queries as people
from lms.policy import Refusal
from lms.surveys import audiences, held, offices, rules, templates
from lms.surveys.models import OfficeAnswer, Survey, SurveyInvitation, SurveyResponse, SurveyVersion
from lms.surveys.questionnaire import Questionnaire, read, said
from lms.text import clean
from lms.web import language

INVITATION = kind("surveys.invitation", _l("Survey"))
REMINDER = kind("surveys.reminder", _l("Reminder of a survey"))

LONGEST_DAYS = 366
BATCH = 50

Answers = Mapping[str, Any]


# --- Versions --------------------------------------------------------------------------------------


def version_of_template(template: str) -> UUID:
    """The version that holds a template as it stands today; made where there is none. Refusal (no_template)."""
    made = _template(template)
    row = db.need_write().scalars(
        select(SurveyVersion).where(
            SurveyVersion.template == template, SurveyVersion.scope == "", SurveyVersion.digest == made.digest
        )
    )
    found = row.first()
    return found.id if found else _add_version(made, "", "", _newest(template, "", ""), made.digest, None)


def copy(template: str, scope: str, scope_id: str, by: UUID | None, afresh: bool = False) -> UUID:
    """The newest version of a scope's own copy of a template; made where there is none, or where `afresh` asks.

    One copy a scope and template: pressing twice does not make two. Raises Refusal (no_template).
    """
    newest = _newest(template, scope, scope_id)
    if newest is not None and not afresh:
        return newest.id
    made = _template(template)
    if newest is not None and newest.digest == made.digest:
        return newest.id
    return _add_version(made, scope, scope_id, newest, made.digest, by)


def edit(version_id: UUID, edited: Questionnaire, by: UUID | None) -> UUID:
    """Keep an edited questionnaire as the next version of the same copy; the id of what stands now.

    Nothing changed, nothing new. Raises Refusal (edited_meanwhile) where somebody saved another in between.
    """
    base = db.need_write().get_one(SurveyVersion, version_id)
    newest = _newest(base.template, base.scope, base.scope_id)
    if newest is None or newest.id != base.id:
        raise _edited_meanwhile()
    if edited.digest == base.digest:
        return base.id
    return _add_version(edited, base.scope, base.scope_id, newest, base.origin, by)


def _template(id: str) -> Questionnaire:
    found = templates.current().get(id)
    if found is None:
        raise Refusal("no_template", _("There is no such questionnaire."), 404)
    return found


def _newest(template: str, scope: str, scope_id: str) -> SurveyVersion | None:
    return (
        db.need_write()
        .scalars(
            select(SurveyVersion)
            .where(SurveyVersion.template == template, SurveyVersion.scope == scope, SurveyVersion.scope_id == scope_id)
            .order_by(SurveyVersion.number.desc())
            .limit(1)
        )
        .first()
    )


def _add_version(
    made: Questionnaire, scope: str, scope_id: str, after: SurveyVersion | None, origin: str, by: UUID | None
) -> UUID:
    key, number = db.new_id(), after.number + 1 if after else 1
    whose = {"template": made.id, "scope": scope, "scope_id": scope_id}
    added = db.insert_once(
        SurveyVersion, id=key, number=number, data=made.to_data(), digest=made.digest, origin=origin, edited_by=by,
        created_at=clock.now(), **whose,
    )  # fmt: skip
    if not added:
        raise _edited_meanwhile()
    audit.record("surveys.version_made", "survey_version", key, by, number=number, **whose)
    return key


def _edited_meanwhile() -> Refusal:
    message = _("Somebody saved this questionnaire meanwhile. Open it again to see what they changed.")
    return Refusal("edited_meanwhile", message, 409)


# --- Sending ---------------------------------------------------------------------------------------


def send(
    version_id: UUID, kind: str, audience_id: str, last_day: date, by: UUID | None, title: str = ""
) -> tuple[UUID, int]:
    """Send a questionnaire to an audience; the survey, and how many were asked. Letters leave at once.

    Answers are taken until the end of `last_day`. Raises Refusal with the field: no_audience, last_day, too_few
    (persons: fewer than five, of whom nothing could be shown), nobody (no office has a focal point).
    """
    version = db.need_write().get_one(SurveyVersion, version_id)
    questionnaire = read(version.template, version.data)
    if kind not in audiences.KINDS or audiences.target_of(kind, audience_id) is None:
        raise Refusal("no_audience", _("Choose whom to ask."), 422, "audience")
    today = clock.today()
    if not today <= last_day <= today + timedelta(days=LONGEST_DAYS):
        raise Refusal("last_day", _("Choose a day from today on, within a year."), 422, "last_day")
    survey = Survey(
        id=db.new_id(), version_id=version.id, answered_by=questionnaire.audience, audience_kind=kind,
        audience_id=audience_id, title=clean(title)[:200], opened_on=today,
        closes_on=last_day + timedelta(days=1), sent_by=by,
    )  # fmt: skip
    db.need_write().add(survey)
    db.need_write().flush()
    asked = _to_ask(questionnaire, kind, audience_id)
    for office, person in asked:
        _invite(survey, questionnaire, office, person)
    audit.record("surveys.sent", "survey", survey.id, by, audience=kind, asked=len(asked))
    return survey.id, len(asked)


def _to_ask(questionnaire: Questionnaire, kind: str, audience_id: str) -> list[tuple[UUID | None, UUID]]:
    """Whom to ask, as (office they answer for, person)."""
    audience = audiences.KINDS[kind]
    if questionnaire.audience == "institution":
        asked: list[tuple[UUID | None, UUID]] = [*offices.focal_points_of(audience.offices_of(audience_id))]
        if not asked:
            message = _("No office here has a focal point who could answer for it. Name one first.")
            raise Refusal("nobody", message, 422, "audience")
        return asked
    asked = [(None, person) for person in audience.people_of(audience_id)]
    if len(asked) < rules.LEAST:
        message = _("Fewer than five people would be asked, and answers of fewer than five are never shown.")
        raise Refusal("too_few", message, 422, "audience")
    return asked


def _invite(survey: Survey, questionnaire: Questionnaire, office: UUID | None, person: UUID) -> None:
    token, key = secrets.token_urlsafe(32), db.new_id()
    made = db.insert_once(
        SurveyInvitation, id=key, survey_id=survey.id, organisation_id=office, recipient_id=person,
        token_hash=token_hash(token), sent_at=clock.now(), answered=False,
    )  # fmt: skip
    if made:
        _write(INVITATION, key, survey, questionnaire, office, person, token)


def _write(
    letter: str, key: UUID, survey: Survey, questionnaire: Questionnaire, office: UUID | None, person: UUID, token: str
) -> None:
    to = people.recipient(person)
    if to is None:
        return
    found = people.organisation_or_none(office) if office else None
    title = said(questionnaire.title, to.language)
    context = {
        "name": to.name,
        "sender": people.recipient(survey.sent_by) if survey.sent_by else None,
        "title": language.isolated(title.text) if title.language != to.language else title.text,
        "minutes": questionnaire.minutes,
        "office": found.name_in(to.language) if found else "",
        "until": last_day(survey),
        "link": f"{link('surveys.answer', token=token)}?lang={to.language}",
    }
    notify(letter, key, person, to.address, to.language, context, name=to.name)


def last_day(survey: Survey) -> date:
    """The last day on which answers are taken."""
    return survey.closes_on - timedelta(days=1)


def token_hash(token: str) -> str:
    """What is kept of a link's token."""
    return hashlib.sha256(token.encode()).hexdigest()


# --- Reminding -------------------------------------------------------------------------------------


def remind(survey_id: UUID, by: UUID | None, most: int = 10_000) -> int:
    """Remind those who have not answered and were not reminded yet; how many letters. Refusal (closed)."""
    survey = _open(survey_id)
    questionnaire = read_version(survey.version_id)
    waiting = _waiting(survey_id).limit(most)
    rows = db.need_write().scalars(waiting).all()
    for row in rows:
        token, now = secrets.token_urlsafe(32), clock.now()
        row.reminded_at, row.reminder_hash = now, token_hash(token)
        if row.recipient_id is not None:
            _write(REMINDER, row.id, survey, questionnaire, row.organisation_id, row.recipient_id, token)
    if rows:
        audit.record("surveys.reminded", "survey", survey_id, by, reminded=len(rows))
    return len(rows)


def _waiting(survey_id: UUID) -> Any:
    return (
        select(SurveyInvitation)
        .where(
            SurveyInvitation.survey_id == survey_id,
            SurveyInvitation.answered.is_(False),
            SurveyInvitation.reminded_at.is_(None),
            SurveyInvitation.recipient_id.is_not(None),
        )
        .order_by(SurveyInvitation.id)
        .execution_options(populate_existing=True)
    )


# --- Answering -------------------------------------------------------------------------------------


def answer(token: str, answers: Answers, seen: int = 0) -> None:
    """Take the answer of a link. A person's comes once; an office's may be amended until the survey closes.

    `seen` is the number of the office's answer that stood on the page (0: none). Raises Refusal (link_unknown,
    closed, answered_already, answered_meanwhile).
    """
    asked = invitation_of(token)
    if asked is None:
        raise link_unknown()
    survey = _open(asked.survey_id)
    if asked.organisation_id is not None:
        _answer_for_office(survey, asked.organisation_id, answers, seen, asked.recipient_id)
        return
    s = db.need_write()
    first = s.execute(
        update(SurveyInvitation)
        .where(SurveyInvitation.id == asked.id, SurveyInvitation.answered.is_(False))
        .values(answered=True)
        .execution_options(synchronize_session=False)
    )
    if not first.rowcount:  # type: ignore[attr-defined]
        raise Refusal("answered_already", _("Your answer is there already, nothing is lost."), 409)
    s.execute(insert(SurveyResponse).values(survey_id=survey.id, answers=dict(answers)))


def answer_for_office(survey_id: UUID, organisation_id: UUID, answers: Answers, seen: int, by: UUID) -> None:
    """The same for a focal point who is signed in. Raises Refusal (closed, answered_meanwhile)."""
    _answer_for_office(_open(survey_id), organisation_id, answers, seen, by)


def _answer_for_office(survey: Survey, organisation_id: UUID, answers: Answers, seen: int, by: UUID | None) -> None:
    s = db.need_write()
    same = (OfficeAnswer.survey_id == survey.id, OfficeAnswer.organisation_id == organisation_id)
    standing = s.scalars(select(OfficeAnswer).where(*same).order_by(OfficeAnswer.number.desc()).limit(1)).first()
    number = standing.number if standing else 0
    if standing is not None and standing.answers == dict(answers):
        return  # sent twice
    added = number == seen and db.insert_once(
        OfficeAnswer, survey_id=survey.id, organisation_id=organisation_id, number=number + 1,
        answers=dict(answers), answered_by=by, answered_at=clock.now(),
    )  # fmt: skip
    if not added:
        message = _(
            "Your office’s answer was saved by somebody else meanwhile. What you typed stands below and is not saved "
            "yet. Send it to replace theirs, which is kept."
        )
        raise Refusal("answered_meanwhile", message, 409)
    s.execute(
        update(SurveyInvitation)
        .where(SurveyInvitation.survey_id == survey.id, SurveyInvitation.organisation_id == organisation_id)
        .values(answered=True)
        .execution_options(synchronize_session=False)
    )
    verb = "surveys.office_amended" if number else "surveys.office_answered"
    audit.record(verb, "organisation", organisation_id, by, survey=str(survey.id))


def invitation_of(token: str) -> SurveyInvitation | None:
    """The invitation of a link, that of the first letter or of the reminder."""
    hashed = token_hash(token)
    return (
        db.session()
        .scalars(
            select(SurveyInvitation).where(
                (SurveyInvitation.token_hash == hashed) | (SurveyInvitation.reminder_hash == hashed)
            )
        )
        .first()
    )


def link_unknown() -> Refusal:
    return Refusal("link_unknown", _("This link is not one of ours, or was cut off. Open it from the letter."), 404)


def _open(survey_id: UUID) -> Survey:
    """A survey's row, locked, if it takes answers. Refusal (closed)."""
    survey: Survey | None = db.locked(Survey, survey_id)
    if survey is None or survey.closed_at is not None or rules.is_over(survey.closes_on, clock.now()):
        raise Refusal("closed", _("This survey is closed. Thank you for opening it."), 410)
    return survey


def read_version(version_id: UUID) -> Questionnaire:
    """The questionnaire of a version."""
    row = db.session().get_one(SurveyVersion, version_id)
    return read(row.template, row.data)


# --- Closing ---------------------------------------------------------------------------------------


def close(survey_id: UUID, by: UUID | None) -> None:
    """Close a survey for good: no answer comes in after it, and its results are released. Refusal (closed)."""
    survey: Survey = db.locked(Survey, survey_id)
    if survey.closed_at is not None:
        raise Refusal("closed", _("This survey is closed already."), 409)
    survey.closed_at = clock.now()
    _forget_order(survey_id)
    audit.record("surveys.closed", "survey", survey_id, by)


def _forget_order(survey_id: UUID) -> None:
    """Write persons' answers anew in the order of their random ids: a table may keep the order of writing."""
    s = db.need_write()
    rows = s.execute(
        select(SurveyResponse.id, SurveyResponse.survey_id, SurveyResponse.answers)
        .where(SurveyResponse.survey_id == survey_id)
        .order_by(SurveyResponse.id)
    ).all()
    if rows:
        s.execute(delete(SurveyResponse).where(SurveyResponse.survey_id == survey_id))
        s.execute(insert(SurveyResponse), [row._asdict() for row in rows])


# --- The worker ------------------------------------------------------------------------------------


def close_over(_worker: str = "") -> None:
    """A tick: close the surveys whose day has come everywhere."""
    with db.write() as s:
        day = (clock.now() - timedelta(hours=12)).date()
        for key in s.scalars(select(Survey.id).where(Survey.closed_at.is_(None), Survey.closes_on <= day)).all():
            close(key, None)


def remind_due(_worker: str = "") -> bool:
    """A tick: remind those who have not answered, once, three days before a survey closes; whether more wait."""
    with db.write() as s:
        today = clock.today()
        due = (
            select(Survey.id)
            .where(
                Survey.closed_at.is_(None),
                Survey.closes_on <= today + timedelta(days=rules.REMIND_DAYS),
                Survey.closes_on > today,
                Survey.opened_on < today,
                _waiting_in(Survey.id),
            )
            .order_by(Survey.id)
            .limit(1)
        )
        survey = s.scalars(due).first()
        return survey is not None and remind(survey, None, BATCH) > 0


def _waiting_in(survey_id: Any) -> Any:
    return (
        select(func.count())
        .select_from(SurveyInvitation)
        .where(
            SurveyInvitation.survey_id == survey_id,
            SurveyInvitation.answered.is_(False),
            SurveyInvitation.reminded_at.is_(None),
            SurveyInvitation.recipient_id.is_not(None),
        )
        .scalar_subquery()
    ) > 0


# --- Forgetting ------------------------------------------------------------------------------------


def forget(person_id: UUID) -> list[privacy.Kept]:
    """Forget that this person was asked, and that they filled in an office's answer; their links end.

    Their own answers hold nothing of them and stay. An office's answer is the office's and stays.
    """
    s, kept = db.need_write(), privacy.kept(held.FATES, person_id)
    for row in s.scalars(select(SurveyInvitation).where(SurveyInvitation.recipient_id == person_id)):
        row.recipient_id, row.reminder_hash = None, None
        row.token_hash = token_hash(secrets.token_urlsafe(32))  # of a link that nobody has
    s.execute(
        update(OfficeAnswer).where(OfficeAnswer.answered_by == person_id).values(answered_by=None),
        execution_options={"synchronize_session": False},
    )
    s.flush()
    return kept
