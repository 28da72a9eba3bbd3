"""Every route, every role: what is one's own, and what is another's. The table is the policy, tried with real ids."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

import pytest
from make import post, sign_in
from world import Side, World, build

EVERYBODY = [
    "outsider", "observer", "trainee", "graduate", "focal_point", "facilitator", "coordinator", "regional", "admin",
]  # fmt: skip
MANAGERS = {"coordinator", "regional", "admin"}  # of one's own cohort; `regional` coordinates its whole region
STAFF = MANAGERS | {"facilitator"}
COORDINATORS = SENDERS = MANAGERS
OFFICE = {"focal_point", "regional", "admin"}  # of one’s own office
KEEPERS = {"regional", "admin"}  # of offices and of people's records


@dataclass(frozen=True)
class Row:
    """A route: its address, who may with their own, who may with another's. None: nobody needs to sign in."""

    path: str
    own: set[str] | None
    other: set[str] | None = None  # only where the address names something that belongs to somebody


ANYONE = None
ALL = set(EVERYBODY)
ADMIN = {"admin"}

TABLE: dict[tuple[str, str], Row] = {
    ("GET", "desk.first"): Row("/", ANYONE),
    ("GET", "web.health"): Row("/health", ANYONE),
    ("GET", "asset"): Row("/static/none", ANYONE),
    ("GET", "assessment.token"): Row("/token", ANYONE),
    ("GET", "people.sign_in"): Row("/sign-in", ANYONE),
    ("POST", "people.sign_in"): Row("/sign-in", ANYONE),
    ("GET", "people.forgotten"): Row("/password/forgotten", ANYONE),
    ("POST", "people.forgotten"): Row("/password/forgotten", ANYONE),
    ("GET", "people.reset"): Row("/password/none", ANYONE),
    ("POST", "people.reset"): Row("/password/none", ANYONE),
    ("GET", "people.invitation"): Row("/invitation/{token}", ANYONE),
    ("POST", "people.invitation"): Row("/invitation/none", ANYONE),
    ("POST", "people.renew_invitation"): Row("/invitation/none/again", ANYONE),
    ("GET", "people.confirm_address"): Row("/address/none", ANYONE),
    ("POST", "people.confirm_address"): Row("/address/none", ANYONE),
    ("GET", "certificates.verify"): Row("/verify", ANYONE),
    ("GET", "certificates.verify_code"): Row("/verify/{code}", ANYONE),
    ("POST", "people.sign_out"): Row("/sign-out", ALL),
    ("GET", "people.account"): Row("/account", ALL),
    ("POST", "people.save_profile"): Row("/account", ALL),
    ("POST", "people.add_address"): Row("/account/addresses", ALL),
    ("POST", "people.change_password"): Row("/account/password", ALL),
    ("POST", "people.sign_out_everywhere"): Row("/account/sign-out-everywhere", ALL),
    ("POST", "people.send_confirmation"): Row("/account/addresses/{address}/again", {"trainee"}, set()),
    ("POST", "people.make_primary"): Row("/account/addresses/{address}/primary", {"trainee"}, set()),
    ("POST", "people.remove_address"): Row("/account/addresses/{address}/removal", {"trainee"}, set()),
    ("GET", "people.privacy_page"): Row("/account/privacy", ALL),
    ("GET", "people.export_own"): Row("/account/export.zip", ALL),
    ("GET", "people.erasure"): Row("/account/erasure", ALL),
    ("POST", "people.erase"): Row("/account/erasure", ALL),
    ("GET", "people.export_of"): Row("/admin/people/{graduate}/export.zip", ADMIN, ADMIN),
    ("GET", "people.erasure_of"): Row("/admin/people/{graduate}/erasure", ADMIN, ADMIN),
    ("POST", "people.erase_of"): Row("/admin/people/{graduate}/erasure", ADMIN, ADMIN),
    ("GET", "desk.today"): Row("/today", ALL),
    ("GET", "desk.timeline"): Row("/timeline", ALL),
    ("GET", "desk.waiting"): Row("/waiting", STAFF | {"focal_point"}),
    ("GET", "learning.learn"): Row("/learn", ALL),
    ("GET", "curriculum.terms"): Row("/glossary", ALL),
    ("GET", "curriculum.shelf"): Row("/library", ALL),
    ("GET", "certificates.all_competencies"): Row("/competencies", ALL),
    ("GET", "certificates.competency"): Row("/competencies/C1", ALL),
    ("GET", "learning.module"): Row("/learn/modules/concepts", ALL),
    ("GET", "learning.lesson"): Row("/learn/lessons/who-is-a-migrant", ALL),
    ("POST", "learning.check"): Row("/learn/lessons/who-is-a-migrant/checks/who-c1", ALL),
    ("POST", "learning.assess"): Row("/learn/modules/concepts/assessment", {"trainee", "graduate"}),
    ("GET", "assessment.attempt"): Row("/attempts/{attempt}", {"trainee"}, set()),
    ("POST", "assessment.save_answer"): Row("/attempts/{attempt}/answers/1", {"trainee"}, set()),
    ("POST", "assessment.save"): Row("/attempts/{attempt}", {"trainee"}, set()),
    ("GET", "assessment.exercise_list"): Row("/exercises", ALL),
    ("GET", "assessment.exercise"): Row("/exercises/four-groups", ALL),
    ("POST", "assessment.begin_exercise"): Row("/exercises/four-groups", ALL),
    ("GET", "assessment.exercise_task"): Row("/exercises/tasks/{task}", {"trainee"}, set()),
    ("POST", "assessment.try_exercise"): Row("/exercises/tasks/{task}", {"trainee"}, set()),
    ("POST", "assessment.give_back"): Row("/exercises/tasks/{task}/file", {"trainee"}, set()),
    ("GET", "assessment.exercise_found"): Row("/exercises/tasks/{task}/found", {"trainee"}, set()),
    ("GET", "assessment.exercise_csv"): Row("/exercises/tasks/{task}/population.csv", {"trainee"}, set()),
    ("GET", "assessment.exercise_xlsx"): Row("/exercises/tasks/{task}/data.xlsx", {"trainee"}, set()),
    ("GET", "certificates.certificates"): Row("/certificates", ALL),
    ("GET", "certificates.download"): Row("/certificates/{certificate}", {"graduate", "focal_point"} | STAFF, ADMIN),
    ("GET", "surveys.office"): Row("/surveys/{asked}/organisations/{office}", SENDERS | {"focal_point"}, ADMIN),
    ("POST", "surveys.save_office"): Row("/surveys/{asked}/organisations/{office}", {"focal_point"}, set()),
    ("GET", "certificates.organisation_zip"): Row("/organisations/{office}/certificates.zip", OFFICE, ADMIN),
    ("GET", "desk.office"): Row("/office", OFFICE),
    ("GET", "desk.offices"): Row("/offices", OFFICE),
    ("GET", "desk.one_office"): Row("/offices/{office}", OFFICE, ADMIN),
    ("GET", "people.confirm_staff"): Row("/offices/{office}/staff/confirmation", OFFICE, ADMIN),
    ("POST", "people.save_staff"): Row("/offices/{office}/staff/confirmation", OFFICE, ADMIN),
    ("POST", "people.set_successor"): Row("/offices/{office}/memberships/{membership}/successor", OFFICE, ADMIN),
    ("GET", "people.focal_points"): Row("/offices/{office}/focal-points", OFFICE, ADMIN),
    ("POST", "people.name_focal_point"): Row("/offices/{office}/focal-points", OFFICE, ADMIN),
    ("POST", "people.end_focal_point"): Row("/offices/{office}/focal-points/{spare}/end", OFFICE, ADMIN),
    ("GET", "people.question"): Row("/questions/{question}", OFFICE, ADMIN),
    ("POST", "people.answer"): Row("/questions/{question}", OFFICE, ADMIN),
    ("POST", "people.report_move"): Row("/account/moves", ALL),
    ("POST", "people.undo_move"): Row("/account/moves/{question}/undo", {"trainee"}, set()),
    ("GET", "cohorts.cohorts"): Row("/cohorts", STAFF),
    ("GET", "cohorts.new"): Row("/cohorts/new", KEEPERS),
    ("POST", "cohorts.new"): Row("/cohorts/new", KEEPERS),
    ("GET", "cohorts.cohort"): Row("/cohorts/{cohort}", STAFF, ADMIN),
    ("GET", "desk.member"): Row("/cohorts/{cohort}/people/{trainee}", STAFF, ADMIN),
    ("GET", "cohorts.add"): Row("/cohorts/{cohort}/people/new", MANAGERS, ADMIN),
    ("POST", "cohorts.add"): Row("/cohorts/{cohort}/people/new", MANAGERS, ADMIN),
    ("GET", "cohorts.staff"): Row("/cohorts/{cohort}/staff", MANAGERS, ADMIN),
    ("POST", "cohorts.staff"): Row("/cohorts/{cohort}/staff", MANAGERS, ADMIN),
    ("POST", "cohorts.grant_attempt"): Row("/cohorts/{cohort}/people/{trainee}/attempts", STAFF, ADMIN),
    ("POST", "cohorts.withdraw"): Row("/cohorts/{cohort}/people/{graduate}/withdrawal", MANAGERS, ADMIN),
    ("GET", "cohorts.edit"): Row("/cohorts/{cohort}/edit", COORDINATORS, ADMIN),
    ("POST", "cohorts.edit"): Row("/cohorts/{cohort}/edit", COORDINATORS, ADMIN),
    ("GET", "cohorts.copy"): Row("/cohorts/{cohort}/copy", KEEPERS, ADMIN),
    ("POST", "cohorts.copy"): Row("/cohorts/{cohort}/copy", KEEPERS, ADMIN),
    ("GET", "cohorts.call"): Row("/cohorts/{cohort}/call", COORDINATORS, ADMIN),
    ("POST", "cohorts.call"): Row("/cohorts/{cohort}/call", COORDINATORS, ADMIN),
    ("POST", "cohorts.open_call"): Row("/cohorts/{cohort}/call/opening", COORDINATORS, ADMIN),
    ("GET", "cohorts.nominations"): Row("/cohorts/{cohort}/nominations", COORDINATORS, ADMIN),
    ("POST", "cohorts.decide"): Row("/cohorts/{cohort}/nominations", COORDINATORS, ADMIN),
    ("POST", "cohorts.move_waiting"): Row("/cohorts/{cohort}/nominations/{nomination}/place", COORDINATORS, ADMIN),
    ("POST", "cohorts.send_place_again"): Row("/cohorts/{cohort}/nominations/{nomination}/letter", COORDINATORS, ADMIN),
    ("GET", "cohorts.office_call"): Row("/offices/{office}/calls/{cohort}", OFFICE, ADMIN),
    ("POST", "cohorts.nominate"): Row("/offices/{office}/calls/{cohort}", OFFICE, ADMIN),
    ("POST", "cohorts.take_back"): Row("/offices/{office}/calls/{cohort}/{nomination}/withdrawal", OFFICE, ADMIN),
    ("POST", "cohorts.office_decline"): Row("/offices/{office}/calls/{cohort}/{nomination}/decline", OFFICE, ADMIN),
    ("POST", "cohorts.decline"): Row("/cohorts/{cohort}/nominations/{nomination}/decline", COORDINATORS, ADMIN),
    ("POST", "cohorts.make_selection"): Row("/cohorts/{cohort}/nominations/closing", COORDINATORS, ADMIN),
    ("GET", "cohorts.nomination"): Row("/nominations/{place}", {"trainee"}, set()),
    ("POST", "cohorts.answer"): Row("/nominations/{place}", {"trainee"}, set()),
    ("GET", "people.invitation_page"): Row("/people/{newcomer}/invitation", {"focal_point"} | MANAGERS, ADMIN),
    ("POST", "people.send_invitation"): Row("/people/{newcomer}/invitation/letter", {"focal_point"} | MANAGERS, ADMIN),
    ("POST", "people.print_invitation"): Row("/people/{newcomer}/invitation/paper", {"focal_point"} | MANAGERS, ADMIN),
    ("GET", "people.organisations"): Row("/admin/organisations", KEEPERS),
    ("GET", "people.new_organisation"): Row("/admin/organisations/new", KEEPERS),
    ("POST", "people.new_organisation"): Row("/admin/organisations/new", KEEPERS),
    ("GET", "people.organisation"): Row("/admin/organisations/{office}", KEEPERS, ADMIN),
    ("POST", "people.save_organisation"): Row("/admin/organisations/{office}", KEEPERS, ADMIN),
    ("POST", "people.add_focal_point"): Row("/admin/organisations/{office}/focal-points", KEEPERS, ADMIN),
    ("GET", "people.people"): Row("/admin/people", KEEPERS),
    ("GET", "people.new_person"): Row("/admin/people/new", KEEPERS),
    ("POST", "people.new_person"): Row("/admin/people/new", KEEPERS),
    ("GET", "people.person"): Row("/admin/people/{trainee}", KEEPERS, ADMIN),
    ("POST", "people.add_address_of"): Row("/admin/people/{trainee}/addresses", KEEPERS, ADMIN),
    ("POST", "people.start_membership"): Row("/admin/people/{trainee}/memberships", KEEPERS, ADMIN),
    ("POST", "people.end_membership"): Row("/admin/people/{trainee}/memberships/{membership}/end", KEEPERS, ADMIN),
    ("POST", "people.grant_role"): Row("/admin/people/{trainee}/roles", KEEPERS, ADMIN),
    ("POST", "people.end_role"): Row("/admin/people/{focal_point}/roles/{grant}/end", KEEPERS, ADMIN),
    ("GET", "people.merge"): Row("/admin/people/{trainee}/merge", KEEPERS, ADMIN),
    ("POST", "people.merge_records"): Row("/admin/people/{trainee}/merge", KEEPERS, ADMIN),
    ("GET", "people.part"): Row("/admin/people/{facilitator}/records/{twin}/part", ADMIN, ADMIN),
    ("POST", "people.part_records"): Row("/admin/people/{facilitator}/records/{twin}/part", ADMIN, ADMIN),
    ("GET", "mail.outbox"): Row("/admin/mail", ADMIN),
    ("POST", "mail.send_again"): Row("/admin/mail/{letter}/again", ADMIN),
    ("POST", "mail.leave"): Row("/admin/mail/{letter}/leave", ADMIN),
    ("GET", "curriculum.problems"): Row("/admin/content", ADMIN),
    ("GET", "programme.figures"): Row("/figures", {"observer", "regional", "admin"}),
    ("GET", "programme.figures_csv"): Row("/figures.csv", {"observer", "regional", "admin"}),
    ("GET", "cohorts.board_csv"): Row("/cohorts/{cohort}/board.csv", STAFF, ADMIN),
    ("GET", "cohorts.board_xlsx"): Row("/cohorts/{cohort}/board.xlsx", STAFF, ADMIN),
    ("GET", "surveys.surveys"): Row("/surveys", STAFF | {"observer"}),
    ("GET", "surveys.template"): Row("/surveys/templates/reaction", SENDERS),
    ("POST", "surveys.copy"): Row("/surveys/templates/reaction", SENDERS),
    ("GET", "surveys.edit"): Row("/surveys/versions/{version}/edit", SENDERS, ADMIN),
    ("POST", "surveys.save"): Row("/surveys/versions/{version}/edit", SENDERS, ADMIN),
    ("GET", "surveys.new"): Row("/surveys/new", SENDERS),
    ("POST", "surveys.new"): Row("/surveys/new", SENDERS),
    ("GET", "surveys.survey"): Row("/surveys/{survey}", SENDERS, ADMIN),
    ("POST", "surveys.remind"): Row("/surveys/{asked}/reminder", SENDERS, ADMIN),
    ("POST", "surveys.close"): Row("/surveys/{survey}/closing", SENDERS, ADMIN),
    ("GET", "surveys.results"): Row("/surveys/{survey}/results", STAFF | {"observer"}, ADMIN | {"observer"}),
    ("GET", "surveys.results_csv"): Row("/surveys/{survey}/results.csv", STAFF | {"observer"}, ADMIN | {"observer"}),
    ("GET", "surveys.answer"): Row("/s/{name}-person-0", ANYONE),
    ("POST", "surveys.save_answer"): Row("/s/none", ANYONE),
    ("POST", "cohorts.end_staff"): Row("/cohorts/{cohort}/staff/{staff_grant}/end", COORDINATORS, ADMIN),
}


def address(row: Row, of: Side, world: World) -> str:
    return row.path.format(**{**vars(of), "letter": world.letter})


def unknown(row: Row) -> str:
    """The same address with ids that nobody has."""

    class Anything(dict):
        def __missing__(self, key):
            return str(uuid4())

    return row.path.format_map(Anything())


def who(world: World, name: str):
    whole = name in ("admin", "observer", "outsider", "regional")
    return getattr(world, name) if whole else getattr(world.own, name)


def ask(app, person, method: str, path: str):
    client = app.test_client()
    if person is not None:
        sign_in(client, person)
    response = client.get(path) if method == "GET" else post(client, path)
    response.get_data()
    return response


def refused(response) -> bool:
    return response.status_code in (401, 403, 404)


def sends_to_sign_in(response) -> bool:
    return response.status_code == 401 or response.headers.get("Location", "").startswith("/sign-in")


@pytest.fixture
def world(db_app) -> World:
    return build()


def test_the_table_holds_every_route(db_app):
    routes = {
        (method, rule.endpoint)
        for rule in db_app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == set(TABLE)


def test_without_signing_in_only_what_is_public_opens(db_app, world):
    wrong = []
    for (method, endpoint), row in TABLE.items():
        response = ask(db_app, None, method, address(row, world.own, world))
        if (row.own is not None) != sends_to_sign_in(response):
            wrong.append((method, endpoint, response.status_code))
    assert not wrong


def test_each_role_reaches_its_own_and_nothing_else(db_app, world):
    wrong = []
    for (method, endpoint), row in TABLE.items():
        if row.own is None:
            continue
        for name in EVERYBODY:
            if name in row.own:
                continue  # tried below, after everybody who may not
            response = ask(db_app, who(world, name), method, address(row, world.own, world))
            if not refused(response):
                wrong.append(("may", method, endpoint, name, response.status_code))
        for name in sorted(row.own):
            response = ask(db_app, who(world, name), method, address(row, world.own, world))
            if refused(response) or response.status_code >= 500:
                wrong.append(("may not", method, endpoint, name, response.status_code))
    assert not wrong


def test_anothers_is_refused_like_what_does_not_exist(db_app, world):
    wrong = []
    for (method, endpoint), row in TABLE.items():
        if row.other is None:
            continue
        for name in EVERYBODY:
            response = ask(db_app, who(world, name), method, address(row, world.other, world))
            if name in row.other:
                if refused(response) or response.status_code >= 500:
                    wrong.append(("may not", method, endpoint, name, response.status_code))
                continue
            nothing = ask(db_app, who(world, name), method, unknown(row))
            same = (response.status_code, response.data) == (nothing.status_code, nothing.data)
            headers = {k: v for k, v in response.headers if k not in ("Set-Cookie", "Date")}
            if not same or headers != {k: v for k, v in nothing.headers if k not in ("Set-Cookie", "Date")}:
                wrong.append(("tells", method, endpoint, name, response.status_code, nothing.status_code))
            if "Otherside" in response.get_data(as_text=True):
                wrong.append(("names", method, endpoint, name))
    assert not wrong


def test_a_child_of_anothers_parent_is_not_found_under_ones_own(db_app, world):
    own, other = world.own, world.other
    tries = [
        ("coordinator", f"/cohorts/{own.cohort}/people/{other.trainee}"),
        ("coordinator", f"/cohorts/{other.cohort}/people/{own.trainee}"),
        ("admin", f"/cohorts/{own.cohort}/people/{other.trainee}"),
    ]
    for name, path in tries:
        assert ask(db_app, who(world, name), "GET", path).status_code == 404
    for path in (
        f"/admin/people/{own.trainee}/memberships/{other.membership}/end",
        f"/admin/people/{own.trainee}/roles/{other.grant}/end",
        f"/offices/{own.office}/memberships/{other.membership}/successor",
        f"/offices/{own.office}/focal-points/{other.grant}/end",
    ):
        assert ask(db_app, world.admin, "POST", path).status_code == 404


def test_no_form_is_taken_without_its_token(db_app, world):
    for (method, _endpoint), row in TABLE.items():
        if method == "POST":
            client = sign_in(db_app.test_client(), world.admin)
            assert client.post(address(row, world.own, world)).status_code == 400
