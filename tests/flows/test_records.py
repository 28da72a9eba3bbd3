"""Two records of one human: merged and read as one, parted again with nothing lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from asked import at_once
from make import PASSWORD, organisation, person, post, role, sign_in
from sqlalchemy import func, select
from world import cohort, module, sit, study

from demo import answers
from lms import clock, db
from lms.assessment import queries as assessments
from lms.assessment import service as assessment
from lms.audit.models import Entry
from lms.certificates import queries as certificates
from lms.certificates import service as issuing
from lms.certificates.models import Certificate
from lms.cohorts import queries as cohorts
from lms.cohorts import service as cohorts_service
from lms.desk import queries as desk
from lms.learning import queries as learning
from lms.learning.models import Completion, Enrolment
from lms.people import merging, service
from lms.people import queries as people
from lms.people.models import Membership, Person, PersonMerge, RoleGrant
from lms.policy import Refusal, allows

APART = {"person_merge", "audit_entry"}


def merge(kept: UUID, merged: UUID, by: UUID | None = None, reason: str = "Asked both addresses") -> UUID:
    with db.write():
        return service.merge_records(kept, merged, by, reason)


def part(merged: UUID, by: UUID | None = None) -> UUID:
    with db.write():
        return service.part_records(merged, by)


def refused(code: str, call: Any, *given: Any) -> None:
    with pytest.raises(Refusal) as caught:
        call(*given)
    assert caught.value.code == code


def dump() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, but the merges themselves, the audit record, and epochs."""
    db.end_read()
    found = {}
    with db.engine().connect() as connection:
        for table in db.Base.metadata.sorted_tables:
            if table.name not in APART:
                columns = [column for column in table.columns if column.name != "epoch"]
                rows = connection.execute(select(*columns))
                found[table.name] = sorted((tuple(row) for row in rows), key=repr)
    return found


class Two:
    """One human under two records, with overlapping work in every room."""

    def __init__(self) -> None:
        with db.write() as s:
            self.office, self.group = organisation(), cohort()
            self.admin = role(person("Admin Admin"), "administrator")
            self.kept = person("Ana Lima", "ana@example.org", organisation_id=self.office)
            self.other = person("Ana Lima", "lima@example.org", organisation_id=self.office)
            role(self.other, "facilitator", "cohort", self.group)
            with clock.at(clock.now() - timedelta(days=20)):
                for who in (self.kept, self.other):
                    cohorts_service.add_member(self.group, who)
                study(self.other, 1)
            study(self.kept, 2)
            s.flush()
        self.lessons = module().written

    @property
    def line(self) -> cohorts.Line:
        (line,) = (x for x in cohorts.view(self.group).lines if x.person_id in (self.kept, self.other))
        return line


@pytest.fixture
def two(db_app) -> Two:
    return Two()


def earn(who: UUID) -> None:
    """Everything that the first module asks for."""
    with db.write():
        study(who)
        sit(who)


# --- as one ----------------------------------------------------------------------------------------------


def test_one_human_is_one_line_on_the_board_and_counted_once_everywhere(two):
    merge(two.kept, two.other, two.admin)
    assert two.line.person_id == two.kept
    assert two.line.office == "Statistics Tavara"
    assert [listed.people for listed in cohorts.cohorts_of(people.viewer_of(two.admin))] == [1]
    assert [line.people for line in people.organisation_lines()] == [1]
    (staff,) = people.people_of_organisation(two.office, clock.today())
    assert (staff.person_id, staff.name) == (two.kept, "Ana Lima")
    assert [line.id for line in people.search("lima").lines] == [two.kept]
    assert [line.id for line in people.search("lima@example.org").lines] == [two.kept]


def test_lessons_are_the_union_with_the_earlier_date(two):
    apart = {p.person_id: p.lessons for p in learning.progress_of([two.kept, two.other])}
    first = two.lessons[0].id
    assert set(apart[two.kept]) == {first, two.lessons[1].id}
    merge(two.kept, two.other)
    (progress,) = learning.progress_of([two.kept])
    assert set(progress.lessons) == {first, two.lessons[1].id}
    assert progress.lessons[first] == apart[two.other][first] < apart[two.kept][first]
    own = db.session().scalar(select(Enrolment.id).where(Enrolment.person_id == two.kept))
    assert progress.enrolment_id == own
    assert learning.lessons_done(two.kept) == set(progress.lessons)
    assert assessments.lessons_begun(two.kept) == set(progress.lessons)
    assert two.line.done == 2


def test_attempts_of_both_count_and_the_best_of_both_stands(two):
    now = clock.now()
    with clock.at(now - timedelta(days=3)), db.write():
        sit(two.other, rightly=False)
    with clock.at(now - timedelta(days=1)), db.write():
        sit(two.kept, rightly=False, answered=9)
        open_one = sit(two.other, answered=3, hand_in=False)
    merge(two.kept, two.other)
    standing = assessments.standing(two.kept, module())
    assert (standing.used, standing.open_attempt) == (3, open_one)
    assert len(assessments.attempts(two.kept, "assessment:concepts")) == 3
    assert allows("assessment.attempt", people.viewer_of(two.kept), assessments.attempt_target(open_one))
    with db.write():
        assert assessment.start(two.kept, module()) == open_one
        assessment.submit(open_one)
    assert assessments.standing(two.kept, module()).used_up
    with db.write():
        assessment.grant_attempt(two.kept, "concepts", two.admin, "Two records, one human")
    assert assessments.standing(two.kept, module()).allowed == 4


def test_checks_tried_under_either_record_finish_a_lesson(db_app):
    lesson = next(x for x in module().written if len(x.checks) > 1)
    with db.write():
        one, other = person("Ana Lima"), person("Ana Lima")
        group = cohort()
        for who in (one, other):
            cohorts_service.add_member(group, who)
        for check in lesson.checks[1:]:
            assessment.answer_check(other, lesson, check, answers.right(check))
    merge(one, other)
    with db.write():
        assessment.answer_check(one, lesson, lesson.checks[0], answers.right(lesson.checks[0]))
    assert learning.lessons_done(one) == {lesson.id}
    assert set(assessments.lesson_answers(one, lesson)) == {check.id for check in lesson.checks}
    part(other)
    assert learning.lessons_done(one) == {lesson.id}, "what was done since the merge stays with the kept record"
    assert learning.lessons_done(other) == set()


def test_two_certificates_for_the_same_thing_stay_valid_and_both_are_listed(two):
    earn(two.kept)
    earn(two.other)
    merge(two.kept, two.other)
    held = certificates.certificates_of(two.kept)
    assert len(held) == 2
    assert {line.person_id for line in held} == {two.kept}
    viewer = people.viewer_of(two.kept)
    for line in held:
        assert certificates.by_code(line.code) is not None
        assert allows("certificate.download", viewer, certificates.target_of(line.id))
    (progress,) = learning.progress_of([two.kept])
    assert len(progress.completions) == 1
    (staff,) = desk.office(two.office).staff
    assert len(staff.certificates) == 2
    with db.write():
        study(two.kept)
    assert len(certificates.certificates_of(two.kept)) == 2, "what was completed once is not completed again"


def test_what_the_work_of_both_completes_is_complete(two):
    with db.write():
        sit(two.other)
        for lesson in two.lessons[2:]:
            for check in lesson.checks:
                assessment.answer_check(two.other, lesson, check, answers.right(check))
    assert certificates.certificates_of(two.kept) == certificates.certificates_of(two.other) == []
    merge(two.kept, two.other)
    assert len(certificates.certificates_of(two.kept)) == 1
    part(two.other)
    assert len(certificates.certificates_of(two.kept)) == 1
    assert certificates.certificates_of(two.other) == []


def test_both_addresses_sign_in_with_the_roles_of_both(two, client):
    merge(two.kept, two.other)
    for address in ("ana@example.org", "lima@example.org"):
        assert people.credentials(address).person_id == two.kept
        assert people.find_by_address(address) == two.kept
        db.end_read()
        response = post(client, "/sign-in", {"address": address, "password": PASSWORD})
        assert response.status_code == 303
        with client.session_transaction() as session:
            assert session["person"] == two.kept.hex
        post(client, "/sign-out")
    assert people.viewer_of(two.kept).has("facilitator")
    assert [line.role for line in people.roles_of(two.kept)] == ["facilitator"]
    assert {line.address for line in people.addresses_of(two.kept)} == {"ana@example.org", "lima@example.org"}
    assert [line.primary for line in people.addresses_of(two.kept)] == [True, False]
    assert people.recipient(two.other).address == "ana@example.org"


def test_the_password_of_the_merged_record_signs_in_where_only_that_has_joined(db_app):
    kept, other = person("Ana Lima", "ana@example.org", joined=False), person("Ana Lima", "lima@example.org")
    with db.write():
        token = service.invite(kept, None)
    merge(kept, other)
    found = people.credentials("lima@example.org")
    assert (found.person_id, found.password_hash) == (kept, people.password_hash_of(other))
    assert people.person(kept).active
    db.end_read()
    with db.write():
        refused("already_joined", service.invite, kept, None)
        refused(
            "already_joined", lambda: service.accept_invitation(token, "x", "A", "", language="en", time_zone="UTC")
        )
        service.change_password(kept, "new", kept)
    assert people.credentials("lima@example.org").password_hash == "new"
    part(other)
    assert people.credentials("lima@example.org").password_hash not in ("new", None)
    assert people.credentials("lima@example.org").person_id == other


def test_sessions_of_the_merged_record_end_and_stay_ended(two, db_app):
    theirs = sign_in(db_app.test_client(), two.other)
    assert theirs.get("/today").status_code == 200
    merge(two.kept, two.other)
    assert theirs.get("/today").status_code == 303
    kept = sign_in(db_app.test_client(), two.kept)
    part(two.other)
    assert theirs.get("/today").status_code == 303
    assert kept.get("/today").status_code == 303, "a session may have been begun with an address of the other"


def test_new_rows_go_to_the_kept_record_also_by_the_id_of_the_merged_one(two):
    with db.write():
        elsewhere, second = organisation("Statistics Lunavia", "MD"), cohort("West 4")
    merge(two.kept, two.other)
    with db.write() as s:
        service.start_membership(two.other, elsewhere, clock.today())
        service.grant_role(two.other, "observer", "programme", "", None)
        cohorts_service.add_member(second, two.other)
        assert not cohorts_service.add_member(two.group, two.other)
        s.flush()
        assert s.scalars(select(Membership.person_id).where(Membership.organisation_id == elsewhere)).all() == [
            two.kept
        ]
        assert s.scalars(select(RoleGrant.person_id).where(RoleGrant.role == "observer")).all() == [two.kept]
    assert people.person(two.other).id == two.kept
    db.end_read()
    with db.write():
        cohorts_service.withdraw_member(two.group, two.kept)
    assert two.line.withdrawn


def test_the_address_of_a_merged_record_leads_to_the_kept_one(two, db_app):
    merge(two.kept, two.other, two.admin)
    client = sign_in(db_app.test_client(), two.admin)
    for path in ("/admin/people/{}", f"/cohorts/{two.group}/people/{{}}", "/people/{}/invitation"):
        response = client.get(path.format(two.other))
        assert response.status_code == 302
        assert response.location == path.format(two.kept)
        assert client.get(response.location).status_code == 200


# --- parted ----------------------------------------------------------------------------------------------


def test_after_parting_every_row_is_what_it_was(two):
    earn(two.other)
    with db.write():
        sit(two.kept, answered=4, hand_in=False)
        third = person("Ana Lima", "third@example.org")
        cohorts_service.add_member(cohort("East 1"), third)
    before = dump()
    merge(two.kept, two.other, two.admin)
    assert dump() != before
    merge(third, two.kept, two.admin)
    assert part(two.kept, two.admin) == third
    part(two.other, two.admin)
    assert dump() == before


def test_merging_a_third_time_and_parting_the_middle_one_restores_the_chain(db_app):
    a, b, c = (person("Ana Lima", f"{n}@example.org") for n in "abc")
    merge(b, a)
    merge(c, b)
    into = dict(db.session().execute(select(Person.id, Person.merged_into)).all())
    assert into == {a: c, b: c, c: None}
    assert {line.merged_id for line in merging.merges_of(c)} == {a, b}
    assert len(people.addresses_of(c)) == 3
    assert part(b) == c
    db.end_read()
    assert people.kept(a) == b
    assert {line.merged_id for line in merging.merges_of(b)} == {a}
    merge(c, b)
    assert part(a) == c
    part(b)
    db.end_read()
    assert [people.kept(key) for key in (a, b, c)] == [a, b, c]


@pytest.mark.parametrize("rounds", [3])
def test_merge_work_part_and_merge_again_loses_nothing(two, rounds):
    for number in range(rounds):
        kept, other = (two.kept, two.other) if number % 2 else (two.other, two.kept)
        before = {key: len(rows) for key, rows in dump().items()}
        merge(kept, other)
        lesson = two.lessons[number % len(two.lessons)]
        with db.write():
            for check in lesson.checks:
                assessment.answer_check(kept, lesson, check, answers.right(check))
        done = learning.lessons_done(kept)
        part(other)
        assert learning.lessons_done(kept) | learning.lessons_done(other) == done
        after = {key: len(rows) for key, rows in dump().items()}
        assert all(after[key] >= before[key] for key in before)
    with clock.at(clock.now() + timedelta(days=30)), db.write():
        sit(two.kept, rightly=False)
    merge(two.kept, two.other)
    with clock.at(clock.now() + timedelta(days=60)), db.write():
        sit(two.kept, rightly=False)
    part(two.other)
    with clock.at(clock.now() + timedelta(days=90)), db.write():
        fresh = sit(two.kept, answered=1, hand_in=False)
    assert assessments.sheet(fresh).head.submitted_at is None, "a number that was used is not used again"


def test_an_enrolment_that_the_merge_made_goes_again_unless_something_was_done_in_it(db_app):
    with db.write():
        one, other = person("Ana Lima"), person("Ana Lima")
        cohorts_service.add_member(cohort(), other)
    count = select(func.count()).select_from(Enrolment)
    merge(one, other)
    assert db.session().scalar(count) == 2
    part(other)
    assert db.session().scalar(count) == 1
    merge(one, other)
    with db.write():
        study(one, 1)
    part(other)
    assert db.session().scalar(count) == 2
    assert (len(learning.lessons_done(one)), len(learning.lessons_done(other))) == (1, 0)


def test_a_link_that_went_to_the_others_address_lets_nobody_in_after_parting(two):
    merge(two.kept, two.other)
    with db.write() as s:
        person_row = s.get_one(Person, two.kept)
        line = next(x for x in people.addresses_of(two.kept) if x.address == "lima@example.org")
        from lms.people.service.tokens import make_token

        token, _made = make_token("reset", person_row.id, line.id)
    assert people.link("reset", token).state == "open"
    part(two.other)
    assert people.link("reset", token).state == "used"


def test_letters_to_an_address_of_the_other_go_to_ones_own_again(two):
    merge(two.kept, two.other)
    with db.write():
        theirs = next(x for x in people.addresses_of(two.kept) if x.address == "lima@example.org")
        service.make_primary(theirs.id, two.kept)
    assert people.recipient(two.kept).address == "lima@example.org"
    part(two.other)
    assert people.recipient(two.kept).address == "ana@example.org"
    assert people.recipient(two.other).address == "lima@example.org"


# --- who may, and what cannot be -------------------------------------------------------------------------


def test_what_cannot_be_merged_is_refused(two):
    outsider = person("Ana Lima")
    refused("same_record", merge, two.kept, two.kept)
    refused("reason", merge, two.kept, two.other, two.admin, "  ")
    refused("reason", merge, two.kept, two.other, two.admin, "x" * 501)
    refused("own_record", merge, two.kept, two.admin, two.admin)
    refused("own_record", merge, two.admin, two.kept, two.admin)
    refused("no_person", merge, two.kept, db.new_id())
    refused("beyond_scope", merge, two.kept, two.other, outsider)
    merge(two.kept, two.other, two.admin)
    refused("already_merged", merge, outsider, two.other)
    refused("already_merged", merge, two.other, outsider)
    part(two.other)
    refused("not_merged", part, two.other)
    with db.write() as s:
        s.get_one(Person, two.other).erased_at = clock.now()
    refused("erased", merge, two.kept, two.other)


def test_a_coordinator_merges_nobody_with_a_role_beyond_their_own(two):
    lead = role(person("Lead Lead"), "coordinator", "country", "SN")
    refused("beyond_scope", merge, two.kept, two.admin, lead)
    refused("beyond_scope", merge, two.kept, two.other, lead)
    plain = person("Ana Lima")
    merge(two.kept, plain, lead)
    own = person("Lead Lead")
    merge(lead, own)
    refused("already_merged", merge, own, two.kept, lead)
    refused("own_record", merge, lead, two.kept, lead)
    refused("own_record", part, own, lead)


def test_one_programme_keeps_an_administrator_also_when_two_records_are_one(two):
    other = role(person("Admin Admin"), "administrator")
    merge(two.admin, other)
    grant = people.roles_of(two.admin)
    assert len(grant) == 1
    db.end_read()
    with db.write():
        refused("last_administrator", service.end_role, grant[0].id, None)
    another = role(person("Another Another"), "administrator")
    with db.write():
        service.end_role(grant[0].id, another)
    assert people.roles_of(two.admin) == []


def test_of_eight_that_merge_both_ways_at_once_one_does(two, db_app):
    directions = [(two.kept, two.other), (two.other, two.kept)] * 4
    results = at_once(db_app, 8, lambda: service.merge_records(*directions.pop(), two.admin, "Both ways at once"))
    made = [x for x in results if isinstance(x, UUID)]
    assert len(made) == 1
    assert {x.code for x in results if isinstance(x, Refusal)} == {"already_merged"}
    s = db.session()
    assert s.scalar(select(func.count()).select_from(PersonMerge)) == 1
    assert s.scalar(select(func.count()).where(Person.merged_into.is_not(None))) == 1
    merged = s.scalars(select(Person.id).where(Person.merged_into.is_not(None))).one()
    db.end_read()
    parted = at_once(db_app, 8, lambda: service.part_records(merged, two.admin))
    assert len([x for x in parted if isinstance(x, UUID)]) == 1


def test_both_acts_are_recorded_for_both_records(two):
    merge(two.kept, two.other, two.admin)
    part(two.other, two.admin)
    rows = db.session().execute(
        select(Entry.verb, Entry.object_id).where(Entry.actor_id == two.admin, Entry.object_kind == "person")
    )
    assert {(row.verb, UUID(row.object_id)) for row in rows} >= {
        ("people.merged", two.other),
        ("people.merged_with", two.kept),
        ("people.parted", two.other),
        ("people.parted_from", two.kept),
    }


# --- the pages -------------------------------------------------------------------------------------------


def test_an_administrator_finds_compares_merges_and_parts(two, db_app):
    client = sign_in(db_app.test_client(), two.admin)
    page = client.get(f"/admin/people/{two.kept}/merge").get_data(as_text=True)
    assert f"with={two.other}" in page, "called the same"
    page = client.get(f"/admin/people/{two.kept}/merge?q=lima@").get_data(as_text=True)
    assert f"with={two.other}" in page
    assert f"with={two.kept}" not in page
    page = client.get(f"/admin/people/{two.kept}/merge?with={two.other}").get_data(as_text=True)
    assert "ana@example.org" in page and "lima@example.org" in page and "West 3" in page
    path = f"/admin/people/{two.kept}/merge"
    sent = {"with": two.other, "kept": two.other, "reason": ""}
    assert post(client, path, sent).status_code == 422
    assert post(client, path, {**sent, "kept": two.admin, "reason": "x"}).status_code == 422
    response = post(client, path, {**sent, "reason": "Asked by mail"})
    assert (response.status_code, response.location) == (303, f"/admin/people/{two.other}")
    page = client.get(response.location).get_data(as_text=True)
    assert "Asked by mail" in page
    assert post(client, path, {**sent, "reason": "Pressed twice"}).status_code in (303, 409)
    part_path = f"/admin/people/{two.other}/records/{two.kept}/part"
    assert client.get(part_path).status_code == 200
    assert post(client, part_path).status_code == 303
    assert client.get(part_path).status_code == post(client, part_path).status_code == 404
    assert client.get(f"/admin/people/{two.kept}").status_code == 200


def test_odd_addresses_of_the_merge_page_are_answered(two, db_app):
    client = sign_in(db_app.test_client(), two.admin)
    assert client.get(f"/admin/people/{two.kept}/merge?with=none").status_code == 404
    assert client.get(f"/admin/people/{two.kept}/merge?with={db.new_id()}").status_code == 404
    assert client.get(f"/admin/people/{two.kept}/merge?with={two.kept}").status_code == 303
    own = post(
        client,
        f"/admin/people/{two.kept}/merge",
        {"with": two.admin, "kept": two.admin, "reason": "Mine"},
    )
    assert own.status_code == 403


def test_a_certificate_that_waits_when_records_are_merged_goes_to_the_kept_ones_address(two):
    earn(two.other)
    merge(two.kept, two.other)
    with db.write():
        claimed = issuing.claim("w")
        issuing.issue(claimed, b"%PDF-1.7 test")
    s = db.session()
    assert s.scalar(select(Certificate.state)) == "issued"
    assert s.scalar(select(func.count()).select_from(Completion)) == 1
    from lms.mail.models import OutboxMessage

    assert "ana@example.org" in s.scalars(select(OutboxMessage.address)).all()
