"""The text of exercises: `content/<language>/exercises/<id>.toml`. A broken one serves its last good version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from flask_babel import force_locale

from lms import places
from lms.assessment import exercises
from lms.assessment.exercises.frame import FORMS, Data, Exercise, Value
from lms.curriculum import markup
from lms.curriculum.content import Problem
from lms.curriculum.kept import Kept, NotRead, toml
from lms.web import language as tongue

FOLDER = "exercises"


@dataclass(frozen=True)
class Text:
    """What an exercise says, in one language. `situation` and `tasks` are Markdown with facts in braces."""

    id: str
    language: str
    title: str
    summary: str
    minutes: Mapping[str, int]
    situation: str
    tasks: Mapping[str, str]
    sheets: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # title, note of the code book
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    figures: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # label, unit
    returns: Mapping[str, str] = field(default_factory=dict)
    mistakes: Mapping[str, str] = field(default_factory=dict)

    def html(self, source: str, data: Data) -> str:
        """Sanitised html of one of its Markdown texts, with the facts of these data."""
        filled = re.sub(r"\{(\w+)\}", lambda found: _fact(data.facts.get(found[1]), self.language), source)
        return markup.block(filled, self.language).html


def _fact(value: Value, language: str) -> str:
    """A fact as people read it: a country by its name, numbers and days as the language writes them."""
    if value is None:
        return ""
    if isinstance(value, str):
        return places.name(value, language) if value in places.INVENTED else value
    with force_locale(language):
        if isinstance(value, date):
            return tongue.day(value)
        return number_or_year(value)


def number_or_year(value: int | float) -> str:
    """A number as the language in use writes it; what may be a year without a mark between its digits."""
    return str(value) if isinstance(value, int) and 1900 <= value <= 2100 else tongue.number(value)


_content_dir: Path | None = None


def configure(content_dir: Path) -> None:
    """Say where this process finds its content."""
    global _content_dir
    _content_dir = content_dir
    _kept.clear()


def text(exercise: str, language: str) -> Text:
    """The text in that language, else in English. KeyError where there is none. Read again where its file changed."""
    if _content_dir is None:
        raise RuntimeError("lms.assessment.exercises.texts.configure() was not called")
    for code in dict.fromkeys((language, "en")):
        try:
            found = _kept.get(_content_dir / code / FOLDER / f"{exercise}.toml")
        except OSError:
            continue
        if found is not None:
            return found
    raise KeyError(exercise)


def problems(content_dir: Path) -> list[Problem]:
    """Everything that is wrong with the texts of exercises, by file and line; an exercise without an English one."""
    found = []
    for path in sorted(content_dir.glob(f"*/{FOLDER}/*.toml")):
        found += _read(path)[1]
    for name in exercises.ALL:
        folder = content_dir / "en" / FOLDER
        if folder.exists() and not (folder / f"{name}.toml").exists():
            found.append(Problem(f"en/{FOLDER}", 1, f"The exercise {name} has no text: {name}.toml."))
    return found


def _read(path: Path) -> tuple[Text | None, list[Problem]]:
    language = path.parent.parent.name
    file = f"{language}/{FOLDER}/{path.name}"
    exercise = exercises.ALL.get(path.stem)
    if exercise is None:
        return None, [Problem(file, 1, f"There is no exercise {path.stem}.")]
    try:
        _source, values = toml(path, file)
    except NotRead as error:
        return None, [error.problem]
    missing = _missing(exercise, values)
    if missing:
        return None, [Problem(file, 1, f"{', '.join(missing)}: missing or not a text.")]
    return _text(path.stem, language, values), []


_kept = Kept(_read)


@cache  # the same in every language, and not free: it makes the data of both forms
def _needed(exercise_id: str) -> list[str]:
    """The texts that an exercise cannot do without, as dotted names."""
    exercise = exercises.ALL[exercise_id]
    names = ["title", "summary", "situation", *(f"task.{form}" for form in FORMS)]
    seeds = {form: exercise.generate("texts", form) for form in FORMS}
    for data in seeds.values():
        names += [f"sheets.{sheet.name}.title" for sheet in data.sheets]
        names += [f"columns.{head}.title" for sheet in data.sheets for head in sheet.heads]
    names += [f"figures.{figure.id}.label" for figure in exercise.FIGURES]
    names += [f"returns.{column.id}.title" for column in exercise.RETURNS]
    names += [f"mistakes.{name}.says" for data in seeds.values() for name in exercise.mistakes(data)]
    return list(dict.fromkeys(names))


def _missing(exercise: Exercise, values: dict[str, Any]) -> list[str]:
    wrong = [name for name in _needed(exercise.ID) if not isinstance(_at(values, name), str) or not _at(values, name)]
    return wrong + [f"minutes.{form}" for form in FORMS if not isinstance(_at(values, f"minutes.{form}"), int)]


def _at(values: Any, name: str) -> Any:
    for part in name.split("."):
        values = values.get(part) if isinstance(values, dict) else None
    return values


def _text(id: str, language: str, values: dict[str, Any]) -> Text:
    return Text(
        id,
        language,
        values["title"],
        values["summary"],
        values["minutes"],
        values["situation"],
        values["task"],
        {name: one["title"] for name, one in values.get("sheets", {}).items()},
        {name: (one["title"], one.get("note", "")) for name, one in values.get("columns", {}).items()},
        values.get("codes", {}),
        {name: (one["label"], one.get("unit", "")) for name, one in values.get("figures", {}).items()},
        {name: one["title"] for name, one in values.get("returns", {}).items()},
        {name: one["says"] for name, one in values.get("mistakes", {}).items()},
    )
