"""How many SQL statements a page asks: four for a lesson, ten for any page, however many people are in it."""

from __future__ import annotations

import json

import pytest
from addresses import PAGES, build_worlds
from make import sign_in
from sqlalchemy import event

from lms import db

BUDGETS = {"learning.lesson": 4}
TEN = 10


@pytest.fixture
def worlds(db_app):
    return build_worlds()


def counted(app, client, path: str) -> int:
    statements: list[str] = []

    def note(_connection, _cursor, statement, *_rest):
        if not statement.startswith(("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE")):
            statements.append(statement)

    event.listen(db.engine(), "before_cursor_execute", note)
    try:
        response = client.get(path)
        response.get_data()
    finally:
        event.remove(db.engine(), "before_cursor_execute", note)
    assert response.status_code < 500, path
    return len(statements)


def test_every_page_keeps_its_budget_of_statements(db_app, worlds, place):
    over = []
    for endpoint, page in sorted(PAGES.items()):
        budget = BUDGETS.get(endpoint, TEN)
        worst = 0
        for state in ("empty", "usual", "extreme"):
            client = db_app.test_client()
            if (who := worlds.who(page.role, state)) is not None:
                sign_in(client, who)
            worst = max(worst, counted(db_app, client, page.path(worlds.sides[state], state)))
        if place.kind == "sqlite":
            print("statements: " + json.dumps({"page": endpoint, "statements": worst, "budget": budget}))
        if worst > budget:
            over.append((endpoint, worst, budget))
    assert not over


def test_a_cohort_of_four_hundred_asks_no_more_than_one_of_three(db_app, worlds):
    counts = []
    for state in ("usual", "extreme"):
        side = worlds.sides[state]
        client = sign_in(db_app.test_client(), side.coordinator)
        counts.append(counted(db_app, client, f"/cohorts/{side.cohort}"))
    assert counts[1] <= counts[0] + 1  # one more where somebody has used all attempts
