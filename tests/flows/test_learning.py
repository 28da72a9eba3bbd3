"""From answers to a completion: once, in the transaction that earned it, and never taken back."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from make import person, post, sign_in
from sqlalchemy import func, select
from world import module, sit, study

from config import ROOT
from demo import answers
from lms import clock, db
from lms.assessment import queries as assessments
from lms.assessment import service as assessment
from lms.certificates.models import Certificate
from lms.curriculum import index
from lms.learning import queries, service
from lms.learning.models import Completion, Enrolment
from lms.policy import Refusal


def count(model) -> int:
    found = db.session().scalar(select(func.count()).select_from(model))
    db.end_read()
    return found


@pytest.fixture
def trainee(db_app):
    with db.write():
        key = person()
        service.enrol(key, "foundations")
    return key


def test_enrolling_twice_is_one_enrolment(db_app, trainee):
    with db.write():
        assert not service.enrol(trainee, "foundations")
    assert count(Enrolment) == 1


def test_there_is_no_enrolment_in_a_course_that_does_not_exist(db_app, trainee):
    with pytest.raises(Refusal), db.write():
        service.enrol(trainee, "astrology")


def test_a_lesson_is_done_when_its_checks_were_tried_right_or_wrong(db_app, trainee):
    lesson = module().written[0]
    with db.write():
        for question in lesson.checks[:-1]:
            assessment.answer_check(trainee, lesson, question, answers.wrong(question))
    assert lesson.id not in queries.lessons_done(trainee)
    db.end_read()
    with db.write():
        assessment.answer_check(trainee, lesson, lesson.checks[-1], answers.wrong(lesson.checks[-1]))
    assert lesson.id in queries.lessons_done(trainee)


def test_the_certificate_is_there_the_moment_the_last_requirement_is_met(db_app, trainee):
    with db.write():
        study(trainee)
        attempt = sit(trainee, hand_in=False)
    assert count(Certificate) == 0
    with db.write():
        assessment.submit(attempt)
    assert (count(Completion), count(Certificate)) == (1, 1)


def test_a_failed_assessment_completes_nothing(db_app, trainee):
    with db.write():
        study(trainee)
        sit(trainee, rightly=False)
    assert (count(Completion), count(Certificate)) == (0, 0)


def test_whoever_is_not_enrolled_may_read_and_earns_nothing(db_app):
    with db.write():
        key = person()
        study(key)
        sit(key)
    assert (count(Completion), count(Certificate)) == (0, 0)


def test_handing_in_thirty_times_at_once_makes_one_completion_and_one_certificate(db_app, trainee):
    with db.write():
        study(trainee)
        attempt = sit(trainee, hand_in=False)

    def hand_in(_n: int) -> None:
        with db_app.app_context():
            with db.write():
                assessment.submit(attempt)
            db.forget()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(hand_in, range(30)))
    assert (count(Completion), count(Certificate)) == (1, 1)


def test_if_the_certificate_cannot_be_made_nothing_is_completed_either(db_app, trainee):
    """The signal's receivers run in the sender's transaction: all of it or nothing."""
    from lms.learning.signals import completed

    def fails(_event):
        raise RuntimeError("no disk, no paper")

    with db.write():
        study(trainee)
        attempt = sit(trainee, hand_in=False)
    completed.connect(99, fails)
    try:
        with pytest.raises(RuntimeError), db.write():
            assessment.submit(attempt)
    finally:
        completed._receivers = [pair for pair in completed._receivers if pair[1] is not fails]
    assert (count(Completion), count(Certificate)) == (0, 0)
    assert assessments.standing(trainee, module()).open_attempt == attempt
    db.end_read()
    with db.write():
        assessment.submit(attempt)
    assert count(Certificate) == 1


def test_new_content_takes_nothing_back_and_more_lessons_complete_anew(db_app, trainee, tmp_path):
    with db.write():
        study(trainee)
        sit(trainee)
    content = tmp_path / "content"
    shutil.copytree(ROOT / "tests" / "content", content)
    # Lesson 4 gets the text of lesson 1, with checks of its own.
    one = (content / "en/concepts/01-who-is-a-migrant.md").read_text()
    four = content / "en/concepts/04-refugees-stateless-workers.md"
    body = one.split("+++", 2)[2].replace("[id:who-", "[id:fourth-")
    four.write_text("+++".join([*four.read_text().split("+++")[:2], body]))
    before = db_app.config["LMS"]
    try:
        index.configure(content, tmp_path / "cache")
        assert len(module().written) == 4
        assert (count(Completion), count(Certificate)) == (1, 1)
        lesson = module().written[3]
        with db.write():
            for question in lesson.checks:
                assessment.answer_check(trainee, lesson, question, answers.right(question))
        assert (count(Completion), count(Certificate)) == (2, 2)
    finally:
        index.configure(before.content_dir, before.data_dir / "cache" / "content")


def test_three_attempts_a_day_apart_then_only_with_a_reason(db_app, trainee):
    with db.write():
        study(trainee)
    start = clock.now()
    for day in range(3):
        with clock.at(start + timedelta(days=2 * day)), db.write():
            sit(trainee, rightly=False)
        if day < 2:
            with clock.at(start + timedelta(days=2 * day, hours=23)), pytest.raises(Refusal) as refusal, db.write():
                assessment.start(trainee, module())
            assert refusal.value.code == "too_early"
    with clock.at(start + timedelta(days=9)):
        with pytest.raises(Refusal) as refusal, db.write():
            assessment.start(trainee, module())
        assert refusal.value.code == "no_attempts_left"
        helper = person("Facilitator")
        with db.write():
            assessment.grant_attempt(trainee, "concepts", helper, "Ill in the second week")
            sit(trainee)
    assert count(Certificate) == 1


def test_an_assessment_opens_only_when_every_lesson_was_tried(db_app, trainee):
    client = sign_in(db_app.test_client(), trainee)
    response = post(client, "/learn/modules/concepts/assessment")
    assert response.status_code == 409 and "every lesson" in response.get_data(as_text=True)
