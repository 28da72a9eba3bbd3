"""Everything that is wrong with a content folder, in one run."""

from __future__ import annotations

from pathlib import Path

from lms.curriculum import index
from lms.curriculum.content import Problem


def problems(content_dir: Path) -> list[Problem]:
    """All problems of the folder as it is now, by file and line."""
    return list(index.load(content_dir).problems)
