"""Questions of all six kinds, a bank, a lesson and a module to ask them in; forms as a browser sends them."""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from dataclasses import replace
from html import unescape
from uuid import UUID

from sqlalchemy import event

from lms import db
from lms.assessment import queries, service
from lms.curriculum.content import Accepted, AssessmentRule, Lesson, Module, Number, Option, Pair, Question
from lms.policy import Refusal

# Every word that only the key knows begins so: none of them may reach a browser before the answer.
SECRET = "zqkey"  # long enough that no random token of a page holds it


def single(key: str = "single", **values) -> Question:
    options = (
        Option("Tavara", 1.0, f"{SECRET}-yes"),
        Option("Lunavia", 0.0, f"{SECRET}-no"),
        Option("Maneerat", 0.0, f"{SECRET}-neither"),
        Option("Marsa Nour", 0.0, ""),
    )
    return Question(
        **{
            "id": key,
            "kind": "single",
            "stem": "Where?",
            "options": options,
            "feedback": f"{SECRET}-g",
            **values,
        }
    )


def multiple(key: str = "multiple", **values) -> Question:
    options = (
        Option("A window", 0.5, f"{SECRET}-m1"),
        Option("Adding up", 0.5, f"{SECRET}-m2"),
        Option("Citizenship", -0.5, f"{SECRET}-m3"),
        Option("Crossings", -0.5, f"{SECRET}-m4"),
    )
    return Question(**{"id": key, "kind": "multiple", "stem": "Which two?", "options": options, **values})


def matching(key: str = "matching", **values) -> Question:
    pairs = (
        Pair("A nurse", "migration", f"{SECRET}-p1"),
        Pair("A picker", "mobility", f"{SECRET}-p2"),
        Pair("A cook", "mobility", f"{SECRET}-p3"),
        Pair("A flood", "neither", f"{SECRET}-p4"),
    )
    return Question(
        **{
            "id": key,
            "kind": "matching",
            "stem": "What is it?",
            "pairs": pairs,
            "distractors": ("tourism",),
            **values,
        }
    )


def ordering(key: str = "ordering", **values) -> Question:
    items = ("Collect", "Clean", "Link", "Publish")
    return Question(
        **{
            "id": key,
            "kind": "ordering",
            "stem": "In which order?",
            "items": items,
            "feedback": f"{SECRET}-o",
            **values,
        }
    )


def numerical(key: str = "numerical", **values) -> Question:
    numbers = (Number(12.5, 0.05, 1.0, f"{SECRET}-n1"), Number(25.0, 0.0, 0.0, f"{SECRET}-twice"))
    return Question(
        **{
            "id": key,
            "kind": "numerical",
            "stem": "How many?",
            "numbers": numbers,
            "unit": "days",
            "feedback": f"{SECRET}-nf",
            **values,
        }
    )


def short(key: str = "short", **values) -> Question:
    accepted = (Accepted("QMA", 1.0, f"{SECRET}-s1"), Accepted("QMB", 0.0, f"{SECRET}-s2"))
    return Question(
        **{
            "id": key,
            "kind": "short",
            "stem": "Which code?",
            "accepted": accepted,
            "feedback": f"{SECRET}-sf",
            **values,
        }
    )


KINDS = (single, multiple, matching, ordering, numerical, short)

# For each kind an answer that is all right, and one that is all wrong.
RIGHT = {
    "single": {"choice": 0},
    "multiple": {"choices": [0, 1]},
    "matching": {"pairs": [0, 1, 1, 2]},
    "ordering": {"order": [0, 1, 2, 3]},
    "numerical": {"text": "12.5", "language": "en"},
    "short": {"text": "qma"},
}
WRONG = {
    "single": {"choice": 2},
    "multiple": {"choices": [2]},
    "matching": {"pairs": [3, 3, 3, 3]},
    "ordering": {"order": [3, 2, 1, 0]},
    "numerical": {"text": "7", "language": "en"},
    "short": {"text": "no"},
}


def all_kinds(**values) -> tuple[Question, ...]:
    return tuple(make(**values) for make in KINDS)


def bank(lessons: tuple[str, ...] = ("l1", "l2", "l3"), each: int = 10) -> tuple[Question, ...]:
    """Ten questions a lesson, of all kinds, two competencies and three levels."""
    return tuple(
        KINDS[n % 6](f"{lesson}-{n}", lesson=lesson, competency=f"C{n % 2 + 1}", difficulty=n % 3 + 1)
        for lesson in lessons
        for n in range(each)
    )


def lesson(*checks: Question, key: str = "l1") -> Lesson:
    body = ("<p>Text</p>", *checks)
    return Lesson(key, "concepts", 1, "en", "A lesson", "A lesson", 12, ("C1",), (), body, 100)


def module(*questions: Question, **rule) -> Module:
    """The module `concepts` with this bank; by default all of it is drawn."""
    questions = questions or all_kinds(lesson="l1", competency="C1")
    rule = AssessmentRule(**{"draw": len(questions), **rule})
    return Module("concepts", "en", "Concepts", "Concepts", "", (lesson(),), rule, questions)


def form_of(question: Question, answer: dict, order: tuple[int, ...], name: str = "answer") -> dict:
    """The fields that a browser sends for an answer, when the question is shown in that order."""
    if question.kind == "single":
        return {name: str(order.index(answer["choice"]))}
    if question.kind == "multiple":
        return {name: [str(order.index(choice)) for choice in answer["choices"]]}
    if question.kind == "matching":
        pairs = enumerate(answer["pairs"])
        return {f"{name}-{n}": "" if p is None else str(order.index(p)) for n, p in pairs}
    if question.kind == "ordering":
        places = [answer["order"][item] for item in order]
        return {f"{name}-{n}": "" if p is None else str(p) for n, p in enumerate(places)}
    return {name: answer["text"]}


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", html)))


def renamed(question: Question, stem: str) -> Question:
    return replace(question, stem=stem)


# --- What a person does with them ---


def begin(person: UUID, assessed: Module | None = None) -> UUID:
    with db.write():
        return service.start(person, assessed or module())


def save(attempt: UUID, position: int, answer, seq=None):
    with db.write():
        return service.save_answer(attempt, position, answer, seq)


def hand_in(attempt: UUID):
    with db.write():
        return service.submit(attempt)


def answer_all(attempt: UUID, answers) -> None:
    for one in queries.sheet(attempt).asked:
        save(attempt, one.position, answers[one.question.kind])


def at_once(app, times: int, call) -> list:
    """The results of `call` in so many threads that begin together."""
    gate, results = threading.Barrier(times), []

    def run():
        with app.app_context():
            try:
                gate.wait()
                with db.write():
                    result = call()
                results.append(result)
            except Refusal as refusal:
                results.append(refusal)
            finally:
                db.forget()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == times
    return results


@contextmanager
def heard(signal):
    """What the signal sent meanwhile."""
    sent = []
    signal.connect(9, sent.append)
    try:
        yield sent
    finally:
        signal._receivers[:] = [pair for pair in signal._receivers if pair[1] != sent.append]


@contextmanager
def statements():
    """The statements that were sent to the database meanwhile."""
    seen = []

    def note(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    event.listen(db.engine(), "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine(), "before_cursor_execute", note)


def position_of(attempt: UUID, kind: str) -> int:
    return next(one.position for one in queries.sheet(attempt).asked if one.question.kind == kind)
