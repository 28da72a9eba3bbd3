"""Beginning an attempt, answering, handing in; one more attempt by a facilitator's decision."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import CursorResult, delete, func, null, select, update

from lms import audit, clock, db, privacy
from lms.assessment import held, queries, rules
from lms.assessment.exercises import service as exercises
from lms.assessment.models import Attempt, Override, QuestionVersion, Response
from lms.assessment.queries import ASSESSMENT, CHECKS
from lms.assessment.rules import Answer, Graded
from lms.assessment.signals import Answered, Submitted, answered, submitted
from lms.curriculum.content import Lesson, Module, Question
from lms.people import queries as people
from lms.policy import Refusal
from lms.web import language


def start(person_id: UUID, module: Module) -> UUID:
    """Begin an attempt at the module's assessment; the id of the one that is open, if one is.

    However many requests ask at once, one attempt begins: (person, instrument, number) is UNIQUE. Raises
    `Refusal`: `already_passed`, `too_early`, `no_attempts_left` (409), `nothing_to_draw`.
    """
    s = db.need_write()
    rule = module.assessment
    if rule is None:
        raise _nothing_to_draw()
    person_id = people.kept(person_id)
    # Numbers go on after the highest, not the count: after records were merged and parted, this one may hold a higher
    # number than it has attempts. Asked before the standing: what begins in between is then seen there, as open.
    highest = s.scalar(
        select(func.max(Attempt.number)).where(
            people.same_person(Attempt.person_id, person_id), Attempt.instrument == ASSESSMENT + module.id
        )
    )
    standing = queries.standing(person_id, module)
    if standing.open_attempt:
        return standing.open_attempt
    _require_start(standing)
    seed, now = secrets.token_hex(16), clock.now()
    questions = rules.draw(module.bank, rule.draw, seed)
    if not questions:
        raise _nothing_to_draw()
    attempt_id = db.new_id()
    number = max(standing.used, highest or 0) + 1
    key = {"person_id": person_id, "instrument": ASSESSMENT + module.id, "number": number}
    if not db.insert_once(
        Attempt,
        id=attempt_id,
        **key,
        seed=seed,
        pass_percent=rule.pass_percent,
        minutes=rule.minutes,
        started_at=now,
        last_at=now,
    ):
        return s.scalars(select(Attempt.id).filter_by(**key)).one()
    _keep_versions(questions)
    s.add_all(
        Response(attempt_id=attempt_id, position=position, question_id=question.id, question_hash=question.hash)
        for position, question in enumerate(questions, 1)
    )
    return attempt_id


def _nothing_to_draw() -> Refusal:
    return Refusal("nothing_to_draw", _("This module has no assessment yet."))


def _require_start(standing: rules.Standing) -> None:
    if standing.passed:
        raise Refusal("already_passed", _("You have passed this assessment."), 409)
    if standing.used_up:
        raise Refusal("no_attempts_left", _("All attempts are used. A facilitator can open another."), 409)
    if standing.next_opens_at:
        when = language.moment(standing.next_opens_at)
        raise Refusal("too_early", _("Your next attempt opens on %(when)s.", when=when), 409)


def _keep_versions(questions: Iterable[Question]) -> None:
    """Pin these questions as they are now."""
    versions = {question.hash: question for question in questions}
    known = set(db.session().scalars(select(QuestionVersion.hash).where(QuestionVersion.hash.in_(versions))))
    # In one order everywhere: two transactions that wait for each other's rows would otherwise deadlock.
    for key in sorted(versions.keys() - known):
        question = versions[key]
        db.insert_once(QuestionVersion, hash=key, question_id=question.id, data=question.to_data())


@dataclass(frozen=True)
class Given:
    """An answer as it arrives. `seq` is when the page says that it was given, in milliseconds (None: now)."""

    answer: Answer | None
    seq: int | None = None


@dataclass(frozen=True)
class Saved:
    """What stands after answers were sent: how many of the questions have one.

    `older` are the positions where a newer answer stood already, and stays.
    """

    answered: int
    questions: int
    older: tuple[int, ...]


def save_answer(attempt_id: UUID, position: int, answer: Answer | None, seq: int | None = None) -> Saved:
    """Save the answer to one question of an open attempt: `save_answers` with one."""
    return save_answers(attempt_id, {position: Given(answer, seq)})


def save_answers(attempt_id: UUID, given: Mapping[int, Given]) -> Saved:
    """Save answers of an open attempt, by position; an answer of None takes the answer back.

    The last one given wins, whichever arrives last; what is older than what stands changes nothing, and
    neither does the same again. Raises `Refusal`: `no_attempt`, `no_question` (404), `attempt_closed` (409),
    `unreadable_answer`; then nothing is saved.
    """
    s = db.need_write()
    now = clock.now()
    # This row is what `submit` locks too: an answer comes before handing in, or is refused.
    still_open = (Attempt.id == attempt_id, Attempt.submitted_at.is_(None))
    if not _changed(update(Attempt).where(*still_open).values(last_at=now)):
        raise _closed(s.scalar(select(Attempt.submitted_at).where(Attempt.id == attempt_id)))
    rows = s.execute(
        select(Response, QuestionVersion.data)
        .join(QuestionVersion, QuestionVersion.hash == Response.question_hash)
        .where(Response.attempt_id == attempt_id, Response.position.in_(given))
    ).all()
    if len(rows) < len(given):
        raise Refusal("no_question", _("There is no such question in this attempt."), 404)
    older = []
    for response, data in rows:
        answer, seq = given[response.position].answer, given[response.position].seq
        if answer is not None and not rules.fits(Question.from_data(data), answer):
            raise rules.unreadable()
        if not _replace(response, answer, seq, now):
            older.append(response.position)
    s.flush()
    questions, answered_count = s.execute(
        select(func.count(Response.id), func.count(Response.answered_at)).where(Response.attempt_id == attempt_id)
    ).one()
    return Saved(answered_count, questions, tuple(older))


def _replace(response: Response, answer: Answer | None, seq: int | None, now: datetime) -> bool:
    """Put the answer into its row unless a newer one stands there; says whether it now stands there."""
    millis = int(now.timestamp() * 1000)
    given = millis if seq is None else min(seq, millis)  # a clock that runs ahead may not win for ever
    if answer == response.answer:
        response.seq = max(response.seq, given)
        return True
    if given < response.seq:
        return False
    response.seq = given if given > response.seq else max(millis, response.seq + 1)
    response.answer = answer
    response.answered_at = None if answer is None else now
    response.tries += 1
    return True


def _changed(statement: Any) -> bool:
    result = db.session().execute(statement)
    assert isinstance(result, CursorResult)  # noqa: S101 - an UPDATE gives no other
    return bool(result.rowcount)


def _closed(submitted_at: datetime | None) -> Refusal:
    if submitted_at is None:
        return Refusal("no_attempt", _("There is no such attempt."), 404)
    when = language.moment(submitted_at)
    return Refusal(
        "attempt_closed",
        _("This attempt was handed in on %(when)s. It takes no more answers.", when=when),
        409,
    )


@dataclass(frozen=True)
class Result:
    """What an attempt came to. `first` is True for the one call that handed it in."""

    score: float
    passed: bool
    first: bool


def submit(attempt_id: UUID) -> Result:
    """Hand an attempt in, once and only once: a second call gets the same result and sends no signal.

    Graded against the questions as they were drawn; what has no answer earns 0. Raises `Refusal`:
    `no_attempt`.
    """
    s = db.need_write()
    attempt: Attempt | None = db.locked(Attempt, attempt_id)
    if attempt is None:
        raise _closed(None)
    if attempt.submitted_at is not None:
        return Result(attempt.score or 0.0, bool(attempt.passed), False)
    now = clock.now()
    fractions = []
    for response, data in s.execute(
        select(Response, QuestionVersion.data)
        .join(QuestionVersion, QuestionVersion.hash == Response.question_hash)
        .where(Response.attempt_id == attempt_id)
        .execution_options(populate_existing=True)
    ).all():
        response.fraction = rules.grade(Question.from_data(data), response.answer).fraction
        response.first_fraction = response.fraction
        fractions.append(response.fraction)
    score = sum(fractions) / len(fractions)
    passed = rules.passes(score, attempt.pass_percent)
    values = {"submitted_at": now, "last_at": now, "score": score, "passed": passed}
    if not _changed(update(Attempt).where(Attempt.id == attempt_id, Attempt.submitted_at.is_(None)).values(values)):
        raise RuntimeError("an attempt was handed in twice although its row was locked")
    person_id = people.kept(attempt.person_id)
    submitted.send(Submitted(attempt_id, person_id, attempt.instrument, attempt.number, score, passed, now))
    return Result(score, passed, True)


def hand_in(attempt_id: UUID, given: Mapping[int, Given], anyway: bool = False) -> Result | None:
    """Save what the form brings and hand in; None where something is missing and `anyway` is False.

    What came is saved then too. An attempt that was handed in before keeps its answers and gives its result.
    """
    attempt: Attempt | None = db.locked(Attempt, attempt_id)
    if attempt is not None and attempt.submitted_at is None:
        save_answers(attempt_id, given)
        if not anyway and queries.sheet(attempt_id).unanswered:
            return None
    return submit(attempt_id)


def answer_check(person_id: UUID, lesson: Lesson, question: Question, answer: Answer | None) -> Graded:
    """Answer one of a lesson's checks, as often as one likes; the first result and the last are kept.

    What was meant as a number and does not read as one is kept, so that it can be mended, and is no try. Raises
    `Refusal`: `no_answer`, `unreadable_answer`.
    """
    s = db.need_write()
    if answer is None:
        raise Refusal("no_answer", _("There is no answer yet. Choose or write one, then check it."))
    if not rules.fits(question, answer):
        raise rules.unreadable()
    now = clock.now()
    key = {"person_id": person_id, "instrument": CHECKS + lesson.id, "number": 1}
    db.insert_once(Attempt, **key, seed="", started_at=now, last_at=now)
    attempt = s.scalars(select(Attempt).filter_by(**key).with_for_update()).one()
    rows = s.scalars(select(Response).where(Response.attempt_id == attempt.id)).all()
    _keep_versions([question])
    response = next((row for row in rows if row.question_id == question.id), None)
    if response is None:
        response = Response(attempt_id=attempt.id, position=len(rows) + 1, question_id=question.id, tries=0)
        s.add(response)
    graded = rules.grade(question, answer)
    attempt.last_at = response.answered_at = now
    response.question_hash, response.answer = question.hash, answer
    if not rules.readable(question, answer):
        return graded
    response.tries += 1
    response.fraction = graded.fraction
    if response.first_fraction is None:
        response.first_fraction = graded.fraction
    s.flush()
    tried = queries.tried(person_id, lesson)
    all_tried = all(check.id in tried for check in lesson.checks)
    answered.send(Answered(person_id, attempt.instrument, all_tried, now))
    return graded


def grant_attempt(person_id: UUID, module_id: str, by: UUID, reason: str) -> None:
    """Open one more attempt for somebody who has used all: an override, kept with its reason for ever.

    Two facilitators at once open one: (person, instrument, number) is UNIQUE. Raises `Refusal`:
    `reason_missing`, `own_attempt` (403), `already_passed`, `attempts_left` (409).
    """
    s = db.need_write()
    person_id = people.kept(person_id)
    if people.kept(by) == person_id:
        raise Refusal("own_attempt", _("Nobody opens an attempt for themselves. Ask another facilitator."), 403)
    reason = reason.strip()
    if not reason or len(reason) > 500:
        raise Refusal("reason_missing", _("Give a reason of at most 500 letters: it is kept with the override."))
    instrument = ASSESSMENT + module_id
    taken = [rules.Taken(a.id, a.submitted_at, a.score, a.passed) for a in queries.attempts(person_id, instrument)]
    same = people.same_person(Override.person_id, person_id)
    granted = (Override.kind == "attempt", same, Override.instrument == instrument)
    overrides, highest = s.execute(
        select(func.count(Override.id), func.coalesce(func.max(Override.number), 0)).where(*granted)
    ).one()
    now = clock.now()
    standing = rules.standing(taken, overrides, queries.rule_of(module_id), now)
    if standing.passed:
        raise Refusal("already_passed", _("This assessment is passed already."), 409)
    if not standing.used_up:
        raise Refusal("attempts_left", _("There are attempts left: none needs to be opened."), 409)
    override_id = db.new_id()
    if db.insert_once(
        Override,
        id=override_id,
        kind="attempt",
        person_id=person_id,
        instrument=instrument,
        number=max(overrides, highest) + 1,
        by_id=by,
        at=now,
        reason=reason,
    ):
        audit.record("assessment.attempt_granted", "person", person_id, by, module=module_id, override=str(override_id))


def forget(person_id: UUID) -> list[privacy.Kept]:
    """Answers go, and attempts that were not handed in; what was handed in keeps its day, its result and what each
    question earned, of nobody. Reasons of exceptions made for the person go, too."""
    s = db.need_write()
    kept = privacy.kept(held.FATES, person_id)
    unsynchronized = {"execution_options": {"synchronize_session": False}}
    own = Attempt.person_id == person_id
    unfinished = (own, Attempt.instrument.startswith(ASSESSMENT), Attempt.submitted_at.is_(None))
    theirs = select(Attempt.id).where(own)
    s.execute(theirs.order_by(Attempt.id).with_for_update()).all()  # what is being answered now is answered first
    s.execute(delete(Response).where(Response.attempt_id.in_(theirs.where(*unfinished))), **unsynchronized)
    s.execute(delete(Attempt).where(*unfinished), **unsynchronized)
    s.execute(
        update(Response).where(Response.attempt_id.in_(theirs)).values(answer=null(), answered_at=None, seq=0),
        **unsynchronized,
    )
    for attempt in s.scalars(select(Attempt).where(own)):
        attempt.seed = ""
        attempt.started_at, attempt.last_at = map(clock.without_hour, (attempt.started_at, attempt.last_at))
        attempt.submitted_at = attempt.submitted_at and clock.without_hour(attempt.submitted_at)
    s.execute(update(Override).where(Override.person_id == person_id).values(reason=""), **unsynchronized)
    exercises.forget(person_id)
    return kept
