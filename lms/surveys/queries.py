"""What can be asked about surveys: for pages, exports and the rooms above."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, distinct, func, select

from lms import clock, places
from lms.db import session
from lms.people import queries as people
from lms.people.models import Organisation
from lms.policy import Target, Viewer, allows
from lms.surveys import audiences, rules, service, templates
from lms.surveys.models import OfficeAnswer, Survey, SurveyInvitation, SurveyResponse, SurveyVersion
from lms.surveys.questionnaire import Questionnaire, Said, read, said
from lms.web import language

NEWEST = 200


@dataclass(frozen=True)
class Sending:
    """A survey in a list or on its page. `asked` and `answered` count persons, or offices where offices answer.

    `state`: open, over (its day has come and it is being closed) or closed.
    """

    id: UUID
    version_id: UUID
    title: Said
    named: str  # what its sender calls it
    answered_by: str
    kind: str
    audience_id: str
    audience: str
    opened_on: date
    last_day: date
    closed_at: datetime | None
    state: str
    asked: int
    answered: int
    reminded: int
    may_manage: bool

    @property
    def by_offices(self) -> bool:
        return self.answered_by == "institution"


@dataclass(frozen=True)
class Copy:
    """A questionnaire that may be sent or edited: a scope's own copy at its newest."""

    id: UUID
    template: str
    number: int
    title: Said
    audience: str
    edited_at: datetime
    outdated: bool  # the template has changed since


# --- Targets ---------------------------------------------------------------------------------------


def target_of(survey: UUID) -> Target | None:
    """What a survey belongs to: its audience's scopes."""
    row = session().get(Survey, survey)
    return audiences.target_of(row.audience_kind, row.audience_id) if row else None


def version_target(version: UUID) -> Target | None:
    """Whose copy a version is. A template as it stands is nobody's to edit."""
    row = session().get(SurveyVersion, version)
    return scope_target(row.scope, row.scope_id) if row and row.scope else None


def scope_target(scope: str, scope_id: str) -> Target:
    """What a copy made for that scope belongs to."""
    return scope_targets({(scope, scope_id)})[scope, scope_id]


def scope_targets(scopes: set[tuple[str, str]]) -> dict[tuple[str, str], Target]:
    """What copies made for these scopes belong to: each with all wider ones, whose coordinators reach it too. One
    statement a kind of audience."""
    today, asked = clock.today(), audiences.targets_of(pair for pair in scopes if pair[0] in ("cohort", "organisation"))
    return {pair: asked.get(pair) or Target(scopes=places.scopes_of(*pair, today)) for pair in scopes}


def office_target(survey: UUID, organisation: UUID) -> Target | None:
    """What an office's own answer belongs to: the office and whom the survey was sent to. None where the office
    was not asked."""
    asked = select(SurveyInvitation.id).where(
        SurveyInvitation.survey_id == survey, SurveyInvitation.organisation_id == organisation
    )
    if session().scalar(asked.limit(1)) is None:
        return None
    of_survey, of_office = target_of(survey), people.organisation_target(organisation)
    if of_survey is None or of_office is None:
        return None
    return Target(scopes=of_survey.scopes | of_office.scopes)


# --- Lists -----------------------------------------------------------------------------------------


def sendings(viewer: Viewer) -> list[Sending]:
    """The surveys whose results are within a viewer's reach, newest first; those by offices only for who manages."""
    rows = session().execute(_surveys().order_by(Survey.id.desc()).limit(NEWEST)).all()
    return _sendings(rows, viewer)


def sending(survey: UUID, viewer: Viewer) -> Sending:
    """One survey. LookupError where there is none within the viewer's reach."""
    found = _sendings(session().execute(_surveys().where(Survey.id == survey)).all(), viewer)
    if not found:
        raise LookupError(f"no survey {survey}")
    return found[0]


def _surveys() -> Select[Any]:
    return select(Survey, SurveyVersion.template, SurveyVersion.data).join(
        SurveyVersion, SurveyVersion.id == Survey.version_id
    )


def _sendings(rows: Sequence[Any], viewer: Viewer) -> list[Sending]:
    targets = audiences.targets_of((row.Survey.audience_kind, row.Survey.audience_id) for row in rows)
    seen = []
    for row in rows:
        target = targets.get((row.Survey.audience_kind, row.Survey.audience_id))
        if target is None:
            continue
        manages = allows("survey.manage", viewer, target)
        if manages or (row.Survey.answered_by == "person" and allows("survey.results", viewer, target)):
            seen.append((row, manages))
    names = audiences.names_of((row.Survey.audience_kind, row.Survey.audience_id) for row, _manages in seen)
    counts = _counts([row.Survey.id for row, _manages in seen])
    return [
        _sending(row.Survey, row.data, manages, names, counts.get(row.Survey.id, (0, 0, 0))) for row, manages in seen
    ]


def _sending(
    row: Survey, data: dict[str, Any], manages: bool, names: dict[tuple[str, str], str], counts: tuple[int, int, int]
) -> Sending:
    return Sending(
        row.id, row.version_id, said(data["title"], language.code()), row.title, row.answered_by, row.audience_kind,
        row.audience_id, names.get((row.audience_kind, row.audience_id), ""), row.opened_on, service.last_day(row),
        row.closed_at, state_of(row), *counts, may_manage=manages,
    )  # fmt: skip


def state_of(row: Survey) -> str:
    """open, over or closed."""
    if row.closed_at is not None:
        return "closed"
    return "over" if rules.is_over(row.closes_on, clock.now()) else "open"


def _counts(surveys: Collection[UUID]) -> dict[UUID, tuple[int, int, int]]:
    """How many were asked, have answered and were reminded: offices once, however many may answer for them."""
    one = func.coalesce(SurveyInvitation.organisation_id, SurveyInvitation.id)
    rows = session().execute(
        select(
            SurveyInvitation.survey_id,
            func.count(distinct(one)),
            func.count(distinct(case((SurveyInvitation.answered, one)))),
            func.count(SurveyInvitation.reminded_at),
        )
        .where(SurveyInvitation.survey_id.in_(surveys))
        .group_by(SurveyInvitation.survey_id)
    )
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def copies(viewer: Viewer) -> list[Copy]:
    """The newest version of each copy that this viewer may edit."""
    other = SurveyVersion.__table__.alias()
    newest = (
        select(func.max(other.c.number))
        .where(
            other.c.template == SurveyVersion.template,
            other.c.scope == SurveyVersion.scope,
            other.c.scope_id == SurveyVersion.scope_id,
        )
        .scalar_subquery()
    )
    query = select(SurveyVersion).where(SurveyVersion.scope != "", SurveyVersion.number == newest)
    in_order = query.order_by(SurveyVersion.template, SurveyVersion.scope, SurveyVersion.scope_id)
    rows = session().scalars(in_order).all()
    targets = scope_targets({(row.scope, row.scope_id) for row in rows})
    own = [row for row in rows if allows("survey.manage", viewer, targets[row.scope, row.scope_id])]
    names = people.scope_names({(row.scope, row.scope_id) for row in own if row.scope_id})
    known = templates.current()
    return [
        Copy(
            row.id, row.template, row.number, said(row.data["title"], language.code()),
            names.get((row.scope, row.scope_id), ""), row.created_at,
            row.template in known and known[row.template].digest != row.origin,
        )
        for row in own
    ]  # fmt: skip


@dataclass(frozen=True)
class Version:
    """A version with its questionnaire. `newest`: nothing was saved after it; `sent`: how many surveys hold it."""

    id: UUID
    template: str
    number: int
    scope: str
    scope_id: str
    questionnaire: Questionnaire
    newest: bool
    sent: int


def version(key: UUID) -> Version:
    """A version; sqlalchemy's NoResultFound where there is none."""
    row = session().get_one(SurveyVersion, key)
    later = select(SurveyVersion.id).where(
        SurveyVersion.template == row.template, SurveyVersion.scope == row.scope,
        SurveyVersion.scope_id == row.scope_id, SurveyVersion.number > row.number,
    )  # fmt: skip
    sent = session().scalar(select(func.count()).select_from(Survey).where(Survey.version_id == key)) or 0
    newest = session().scalar(later.limit(1)) is None
    return Version(key, row.template, row.number, row.scope, row.scope_id, read(row.template, row.data), newest, sent)


# --- Answering -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OfficeVersion:
    """An answer of an office, at its newest. `number` counts amendments from 1."""

    number: int
    answers: dict[str, Any]
    answered_at: datetime


@dataclass(frozen=True)
class Asked:
    """What one who opens a link, or a focal point, sees: the questionnaire, and where it stands.

    `answered`: a person has answered. `history`: what the office answered, the newest first; `standing` is that.
    """

    survey: UUID
    questionnaire: Questionnaire
    state: str
    last_day: date
    answered: bool
    office: UUID | None = None
    office_name: str = ""
    history: tuple[OfficeVersion, ...] = ()
    sent_to: tuple[str, str] = ("", "")  # the audience's kind and id

    @property
    def standing(self) -> OfficeVersion | None:
        return self.history[0] if self.history else None


def asked_by(token: str) -> Asked | None:
    """What a link's token stands for; None for one that we never made. Reading it uses nothing up."""
    invitation = service.invitation_of(token)
    if invitation is None:
        return None
    by_person = invitation.organisation_id is None
    return _asked(invitation.survey_id, invitation.organisation_id, invitation.answered and by_person)


def asked_of_office(survey: UUID, organisation: UUID) -> Asked:
    """The same for an office that was asked."""
    return _asked(survey, organisation, False)


def _asked(survey: UUID, organisation: UUID | None, answered: bool) -> Asked:
    row, made = _read(survey)
    asked = Asked(survey, made, state_of(row), service.last_day(row), answered)
    if organisation is None:
        return asked
    return replace(
        asked,
        office=organisation,
        office_name=people.organisation(organisation).name_in(language.code()),
        history=tuple(office_answers(survey, organisation)),
        sent_to=(row.audience_kind, row.audience_id),
    )


def _read(survey: UUID) -> tuple[Survey, Questionnaire]:
    """A survey's row and its questionnaire: one statement."""
    row = session().execute(_surveys().where(Survey.id == survey)).one()
    return row.Survey, read(row.template, row.data)


def office_answers(survey: UUID, organisation: UUID) -> list[OfficeVersion]:
    """All that an office answered to a survey, the newest first."""
    rows = session().scalars(
        select(OfficeAnswer)
        .where(OfficeAnswer.survey_id == survey, OfficeAnswer.organisation_id == organisation)
        .order_by(OfficeAnswer.number.desc())
    )
    return [OfficeVersion(row.number, row.answers, row.answered_at) for row in rows]


# --- Results ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Results:
    """What persons answered, as far as it may be shown; `released_at` None: the survey is not closed yet.

    `findings` are empty where fewer than five answered.
    """

    questionnaire: Questionnaire
    released_at: datetime | None
    answers: int
    findings: list[rules.Finding]


def results(survey: UUID) -> Results:
    """The results of a survey of persons: they are there once it is closed, all at once, and never change."""
    row, made = _read(survey)
    if row.closed_at is None:
        return Results(made, None, 0, [])
    answers = list(
        session().scalars(
            select(SurveyResponse.answers).where(SurveyResponse.survey_id == survey).order_by(SurveyResponse.id)
        )
    )
    return Results(made, row.closed_at, len(answers), rules.findings(made, answers))


@dataclass(frozen=True)
class OfficeLine:
    """An office that was asked, and its answer as it stands."""

    id: UUID
    name: str
    standing: OfficeVersion | None


def office_lines(survey: UUID) -> tuple[Questionnaire, list[OfficeLine]]:
    """Every office that a survey asked, by name, with its newest answer: three statements."""
    _row, made = _read(survey)
    answers: dict[UUID, OfficeVersion] = {}
    for one in session().scalars(
        select(OfficeAnswer).where(OfficeAnswer.survey_id == survey).order_by(OfficeAnswer.number)
    ):
        answers[one.organisation_id] = OfficeVersion(one.number, one.answers, one.answered_at)
    asked = select(SurveyInvitation.organisation_id).where(SurveyInvitation.survey_id == survey)
    offices = session().scalars(
        select(Organisation).where(Organisation.id.in_(asked)).order_by(Organisation.sort_key, Organisation.id)
    )
    here = language.code()
    return made, [OfficeLine(o.id, o.names.get(here) or o.name, answers.get(o.id)) for o in offices]


# --- For the rooms above ---------------------------------------------------------------------------


@dataclass(frozen=True)
class OpenForOffice:
    """An open survey that an office answers, or has answered and may amend; its page is `surveys.office`."""

    survey: UUID
    organisation: UUID
    title: Said
    minutes: int
    last_day: date
    answered: bool


def open_for_offices(organisation_ids: Iterable[UUID]) -> list[OpenForOffice]:
    """The open surveys that ask one of these offices, those not answered first, then the soonest: one statement."""
    rows = session().execute(
        select(Survey, SurveyInvitation.organisation_id, SurveyInvitation.answered, SurveyVersion.data)
        .join(SurveyInvitation, SurveyInvitation.survey_id == Survey.id)
        .join(SurveyVersion, SurveyVersion.id == Survey.version_id)
        .where(
            SurveyInvitation.organisation_id.in_(list(organisation_ids)),
            Survey.closed_at.is_(None),
        )
        .order_by(SurveyInvitation.answered, Survey.closes_on, Survey.id)
    )
    found: dict[tuple[UUID, UUID], OpenForOffice] = {}
    for row, office, answered, data in rows:
        if state_of(row) == "open":
            title, last = said(data["title"], language.code()), row.closes_on - timedelta(days=1)
            found[row.id, office] = OpenForOffice(row.id, office, title, data["minutes"], last, answered)
    return list(found.values())
