"""The board: a cohort's people with what they need, filtered; the page and its exports show the same rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from lms import clock
from lms.cohorts import queries
from lms.cohorts.queries import CohortView, Line
from lms.cohorts.rules import LONG_DAYS
from lms.learning.rules import STATES
from lms.policy import Target, Viewer, allows
from lms.web import language
from lms.web.sheets import Share, Table, Value

STATE_NAMES = {
    "stuck": _l("stuck"),
    "slowing": _l("slowing"),
    "on_track": _l("on track"),
    "ahead": _l("ahead"),
    "finished": _l("finished"),
    "not_begun": _l("not begun"),
}
STATE_CHIPS = {"stuck": "late", "slowing": "due", "on_track": "ok", "ahead": "info", "finished": "ok", "not_begun": ""}
# The colour and shape of each state in the bar and beside its figure.
STATE_MARKS = STATE_CHIPS | {"finished": "full", "not_begun": "idle"}
# What can be asked for beside the states of the rule: figures that cross them.
CROSSING: dict[str, Callable[[Line], bool]] = {
    "no_attempt": lambda line: bool(line.used_up),
    "not_joined": lambda line: not line.active,
    "needing": lambda line: bool(line.need),
    "long": lambda line: line.pace.state == "stuck" and line.pace.days >= LONG_DAYS,
}
NAMES = STATE_NAMES | {
    "no_attempt": _l("no attempt left"),
    "not_joined": _l("not joined yet"),
    "needing": _l("who need you"),
    "long": _l("stuck for three weeks or more"),
}
SHOWN_FIRST = 8


@dataclass(frozen=True)
class Figure:
    """A number that opens the people behind it: `key` is a state of the rule, a crossing one, or an office's id."""

    key: str
    name: str
    count: int
    pressed: bool


@dataclass(frozen=True)
class Board:
    """A cohort's page under a filter: of a state ("" for all), of an office (None for all)."""

    view: CohortView
    state: str
    office: UUID | None
    as_of: datetime

    @cached_property
    def present(self) -> list[Line]:
        return [line for line in self.view.lines if not line.withdrawn]

    @cached_property
    def need(self) -> int:
        """How many of the whole cohort need its staff."""
        return sum(bool(line.need) for line in self.present)

    def lines(self) -> list[Line]:
        """The rows: those who are in the cohort by name, then, where no state is asked for, those who were."""
        gone = [] if self.state else [line for line in self.view.lines if line.withdrawn]
        return [line for line in [*self.present, *gone] if self._of_office(line) and _is(self.state, line)]

    def waiting(self) -> list[Line]:
        """Those who need the staff, of the chosen office, the longest waiting first."""
        return sorted((x for x in self.present if x.need and self._of_office(x)), key=lambda x: -x.waits)

    def states(self) -> list[Figure]:
        """How many are in each state, of the chosen office, those who need somebody first; nobody's are left out."""
        counts = Counter(line.pace.state for line in self.present if self._of_office(line))
        return self._figures(STATES, counts)

    def crossing(self) -> list[Figure]:
        """The figures that cross the states; those that only a link leads to are there when pressed."""
        counts = Counter(
            key for key, holds in CROSSING.items() for line in self.present if self._of_office(line) and holds(line)
        )
        return self._figures([k for k in CROSSING if k in ("no_attempt", "not_joined") or k == self.state], counts)

    def offices(self) -> list[Figure]:
        """How many of the chosen state each office has; who is of two counts in both."""
        names = {key: name for line in self.view.lines for key, name in line.offices}
        counts = Counter(key for line in self.present if _is(self.state, line) for key, _name in line.offices)
        pressed = {self.office} if self.office in names else set()
        return sorted(
            (Figure(str(k), names[k], counts[k], k in pressed) for k in names if counts[k] or k in pressed),
            key=lambda figure: (-figure.count, figure.name),
        )

    def said(self) -> str:
        """The filter in words; nothing where there is none."""
        office = next((f.name for f in self.offices() if f.pressed), _("an office that nobody is of"))
        parts = [str(NAMES[self.state])] if self.state else []
        return str(_(" · ")).join([*parts, office] if self.office else parts)

    def _figures(self, keys: list[str] | tuple[str, ...], counts: Counter[str]) -> list[Figure]:
        return [
            Figure(key, str(NAMES[key]), counts[key], key == self.state)
            for key in keys
            if counts[key] or key == self.state
        ]

    def _of_office(self, line: Line) -> bool:
        return self.office is None or any(key == self.office for key, _name in line.offices)


def _is(state: str, line: Line) -> bool:
    return not state or (CROSSING[state](line) if state in CROSSING else line.pace.state == state)


def board(cohort_id: UUID, state: str, office: str) -> Board:
    """The board of a cohort under what its address asks for: the statements of `queries.view`.

    A state that there is none of asks for nothing; an office that nobody is of holds nobody.
    """
    try:
        key = UUID(office) if office else None
    except ValueError:
        key = None
    return Board(queries.view(cohort_id), state if state in NAMES else "", key, clock.now())


def table(board: Board) -> Table:
    """The rows of the board for a spreadsheet: what the screen shows, a column for each lesson, and the dates."""
    modules = {module.id: module.short for module in board.view.course.modules}
    lessons = [lesson for module in board.view.course.modules if module.written for lesson in module.written]
    marks = {"done": _("done"), "now": _("begun"), "": ""}

    def row(line: Line) -> list[Value]:
        return [
            line.name,
            line.office,
            *(marks[mark] for mark in line.marks),
            line.done,
            line.required,
            None if line.best is None else Share(line.best),
            line.last_on,
            _("withdrawn") if line.withdrawn else str(STATE_NAMES[line.pace.state]),
            line.pace.days if line.pace.state == "stuck" and not line.withdrawn else None,
            language.listed(modules.get(key, key) for key in line.used_up) if line.used_up else None,
            _("yes") if line.active else _("no"),
            line.joined_on,
        ]

    heads = [
        _("Trainee"),
        _("Office"),
        *(lesson.title for lesson in lessons),
        _("Lessons done"),
        _("Lessons in all"),
        _("Best result"),
        _("Last answer"),
        _("State"),
        _("Stuck for days"),
        _("No attempt left"),
        _("Invitation accepted"),
        _("In the cohort since"),
    ]
    said = board.said()
    title = str(_(" · ")).join([board.view.cohort.name, said] if said else [board.view.cohort.name])
    return Table(title, board.as_of, heads, [row(line) for line in board.lines()])


def may_invite(viewer: Viewer, cohort: Target, line: Line) -> bool:
    """Whether this viewer may send that person's invitation again: by the cohort, or by an office of theirs."""
    offices = {("organisation", str(key)) for key, _name in line.offices}
    return allows("people.invite", viewer, Target(scopes=cohort.scopes | offices))
