"""The questionnaires that stand as files: `content/surveys/<id>.toml`. A broken one serves its last good version."""

from __future__ import annotations

import re
from pathlib import Path

from config import LANGUAGES
from lms.curriculum.content import Problem
from lms.curriculum.kept import Kept, NotRead, toml
from lms.surveys.questionnaire import Questionnaire, Unreadable, read

FOLDER = "surveys"
_content_dir: Path | None = None


def configure(content_dir: Path) -> None:
    """Say where this process finds its content."""
    global _content_dir
    _content_dir = content_dir
    _kept.clear()


def current() -> dict[str, Questionnaire]:
    """The templates by id. Files are looked at each time and read again where they changed."""
    if _content_dir is None:
        raise RuntimeError("lms.surveys.templates.configure() was not called")
    found = {}
    for path in _files(_content_dir):
        made = _kept.get(path)
        if made is not None:
            found[made.id] = made
    return found


def problems(content_dir: Path) -> list[Problem]:
    """Everything that is wrong with the questionnaires of a content folder, by file and line."""
    return [problem for path in _files(content_dir) for problem in _read(path)[1]]


def _files(content_dir: Path) -> list[Path]:
    return sorted((content_dir / FOLDER).glob("*.toml"))


def _read(path: Path) -> tuple[Questionnaire | None, list[Problem]]:
    file = f"{FOLDER}/{path.name}"
    try:
        text, values = toml(path, file)
        made = read(path.stem, values)
    except NotRead as error:
        return None, [error.problem]
    except Unreadable as unreadable:
        return None, [Problem(file, _line(text, p.place), _sentence(p.place, p.message)) for p in unreadable.problems]
    # A file is for everybody: every text in every language, or none. A coordinator's copy need not be.
    return made, [
        Problem(file, _line_of_text(text, texts), f"This text is missing in {', '.join(missing)}.")
        for texts in made.texts()
        if (missing := [code for code in LANGUAGES if code not in texts])
    ]


_kept = Kept(_read)


def _sentence(place: str, message: str) -> str:
    return f"{place}: {message}." if place else f"{message[0].upper()}{message[1:]}."


def _line(text: str, place: str) -> int:
    """Where the question of that id begins; the first line for what is about the whole file."""
    found = re.search(rf'^\s*id\s*=\s*"{re.escape(place)}"', text, re.M) if place else None
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _line_of_text(text: str, texts: object) -> int:
    first = next(iter(texts.values())) if isinstance(texts, dict) and texts else ""
    at = text.find(first[:60])
    return text.count("\n", 0, at) + 1 if at >= 0 else 1
