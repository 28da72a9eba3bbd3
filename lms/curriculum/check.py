"""Everything that is wrong with a content folder, in one run.

Rooms above keep files of their own in that folder, such as questionnaires: they enter how these are looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lms.curriculum import advice as told
from lms.curriculum import glossary, index, library
from lms.curriculum.content import Problem

_also: dict[str, Callable[[Path], list[Problem]]] = {"glossary": glossary.problems, "library": library.problems}


def also(look: Callable[[Path], list[Problem]]) -> None:
    """Have another part of the folder looked at too."""
    _also[f"{look.__module__}.{look.__qualname__}"] = look


def problems(content_dir: Path) -> list[Problem]:
    """All problems of the folder as it is now, by file and line."""
    return [*index.load(content_dir).problems, *elsewhere(content_dir)]


def advice(content_dir: Path) -> list[Problem]:
    """What could be better and stops nothing: long sentences, hard texts, translations to bring up to date."""
    return told.advice(index.Library(content_dir, None).documents())


def elsewhere(content_dir: Path) -> list[Problem]:
    """The problems of what rooms above keep there."""
    found = {problem for look in _also.values() for problem in look(content_dir)}
    return sorted(found, key=lambda problem: (problem.file, problem.line, problem.message))
