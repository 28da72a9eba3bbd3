"""Editing a copy in a plain form, in one language at a time. Pure: texts of other languages stay as they are.

Fields: `title`, `intro`; for section n `s<n>-title`, `s<n>-intro` and a new question `s<n>-new`, `s<n>-kind`,
`s<n>-options` (a line each); for a question `q-<id>`, `q-<id>-hint`, `-low`, `-high`, `-unit`, `-required`, `-drop`,
`-add` (new options, a line each); for an option `q-<id>-o-<option>` and `-drop`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lms.surveys.questionnaire import LONGEST, OTHER, Option, Question, Questionnaire, Section, Texts

NEW_KINDS = ("one", "several", "scale", "text")

Fields = Mapping[str, str]


@dataclass(frozen=True)
class Edited:
    """What came of a form; `wrong` has a code by field: missing, long, two, ends, empty."""

    questionnaire: Questionnaire
    wrong: dict[str, str]


def edited(before: Questionnaire, fields: Fields, language: str) -> Edited:
    """The questionnaire as the form says it. A text that is emptied in its only language is missing."""
    return _Editor(fields, language).whole(before)


def fields_of(questionnaire: Questionnaire, language: str) -> dict[str, str]:
    """The form's fields as they stand before anybody typed."""
    made = {"title": questionnaire.title.get(language, ""), "intro": questionnaire.intro.get(language, "")}
    for n, section in enumerate(questionnaire.sections):
        made |= {f"s{n}-title": section.title.get(language, ""), f"s{n}-intro": section.intro.get(language, "")}
        for q in section.questions:
            made[f"q-{q.id}"] = q.text.get(language, "")
            made |= {f"q-{q.id}-{part}": getattr(q, part).get(language, "") for part in ("hint", "low", "high", "unit")}
            made |= {f"q-{q.id}-o-{option.id}": option.texts.get(language, "") for option in q.options}
            if q.required:
                made[f"q-{q.id}-required"] = "1"
    return made


class _Editor:
    def __init__(self, fields: Fields, language: str) -> None:
        self.fields, self.language = fields, language
        self.wrong: dict[str, str] = {}
        self.ids: set[str] = set()

    def whole(self, before: Questionnaire) -> Edited:
        self.ids = {question.id for question in before.questions}
        made = replace(
            before,
            title=self.text("title", before.title, needed=True),
            intro=self.text("intro", before.intro),
            sections=tuple(self.section(n, section) for n, section in enumerate(before.sections)),
        )
        made = replace(made, sections=tuple(section for section in made.sections if section.questions))
        if not made.sections:
            self.wrong["title"] = "empty"
            return Edited(before, self.wrong)
        return Edited(made, self.wrong)

    def section(self, n: int, before: Section) -> Section:
        questions = [self.question(q) for q in before.questions if not self.fields.get(f"q-{q.id}-drop")]
        if (added := self.added(n)) is not None:
            questions.append(added)
        title, intro = self.text(f"s{n}-title", before.title), self.text(f"s{n}-intro", before.intro)
        return Section(title, tuple(questions), intro)

    def question(self, before: Question) -> Question:
        name = f"q-{before.id}"
        made = replace(
            before,
            text=self.text(name, before.text, needed=True),
            hint=self.text(f"{name}-hint", before.hint),
            required=bool(self.fields.get(f"{name}-required")),
            unit=self.text(f"{name}-unit", before.unit),
        )
        if before.kind == "scale":
            low = self.text(f"{name}-low", before.low, needed=True)
            made = replace(made, low=low, high=self.text(f"{name}-high", before.high, needed=True))
        if before.kind in ("one", "several"):
            made = replace(made, options=self.options(name, before))
            if len(made.options) < 2:
                self.wrong[name] = "two"
        return made

    def options(self, name: str, before: Question) -> tuple[Option, ...]:
        kept = [
            replace(option, texts=self.text(f"{name}-o-{option.id}", option.texts, needed=True))
            for option in before.options
            if not self.fields.get(f"{name}-o-{option.id}-drop")
        ]
        # New ones stand before those that exclude the others: none, do not know.
        at = next((n for n, option in enumerate(kept) if option.alone), len(kept))
        taken = {option.id for option in before.options}
        return (*kept[:at], *self.lines(f"{name}-add", taken), *kept[at:])

    def added(self, n: int) -> Question | None:
        """The new question at a section's end, if one was typed."""
        name = f"s{n}-new"
        text, kind = self.fields.get(name, "").strip(), self.fields.get(f"s{n}-kind", "")
        options = self.lines(f"s{n}-options", set())
        if not text:
            if options:
                self.wrong[name] = "missing"
            return None
        kind = kind if kind in NEW_KINDS else "text"
        id = _free("own", self.ids)
        self.ids.add(id)
        made = Question(id, kind, self.checked(name, {self.language: text}))
        if kind in ("one", "several"):
            if len(options) < 2:
                self.wrong[f"s{n}-options"] = "two"
            return replace(made, options=tuple(options))
        if kind == "scale":
            if len(options) != 2:
                self.wrong[f"s{n}-options"] = "ends"
                return made
            return replace(made, low=options[0].texts, high=options[1].texts)
        return made

    def lines(self, name: str, taken: set[str]) -> list[Option]:
        made, ids = [], taken | {OTHER}
        for line in self.fields.get(name, "").splitlines():
            if line.strip():
                ids.add(id := _free("own", ids))
                made.append(Option(id, self.checked(name, {self.language: line.strip()})))
        return made

    def text(self, name: str, before: Texts, needed: bool = False) -> Texts:
        """A text with this language's version as it was typed; a field that was not sent changes nothing."""
        if name not in self.fields:
            return before
        typed = self.fields[name].replace("\r\n", "\n").strip()
        made = {**before, self.language: typed} if typed else {k: v for k, v in before.items() if k != self.language}
        if needed and not made:
            self.wrong[name] = "missing"
            return before
        return self.checked(name, made)

    def checked(self, name: str, texts: Texts) -> Texts:
        if len(texts.get(self.language, "")) > LONGEST:
            self.wrong[name] = "long"
        return texts


def _free(stem: str, taken: set[str]) -> str:
    number = 1
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"
