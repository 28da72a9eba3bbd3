"""Files of the content folder that rooms above read themselves: again when they change, the last good version kept."""

from __future__ import annotations

import logging
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from lms.curriculum.content import Problem

T = TypeVar("T")
log = logging.getLogger(__name__)


class Kept(Generic[T]):
    """What a file comes to, by `read`, which also says what is wrong with it (None: it cannot be served)."""

    def __init__(self, read: Callable[[Path], tuple[T | None, list[Problem]]]) -> None:
        self._read = read
        self._found: dict[Path, tuple[tuple[int, int], T | None]] = {}

    def get(self, path: Path) -> T | None:
        """The present version, else the last good one. OSError where there is no such file."""
        info = path.stat()
        stamp = (info.st_mtime_ns, info.st_size)
        before_stamp, good = self._found.get(path, (None, None))
        if before_stamp != stamp:
            made, problems = self._read(path)
            for problem in problems:
                log.warning("%s", problem)
            good = made or good
            self._found[path] = stamp, good
        return good

    def clear(self) -> None:
        self._found.clear()


class NotRead(Exception):
    """A file that cannot be read, or is not TOML; `problem` says where and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def toml(path: Path, file: str) -> tuple[str, dict[str, Any]]:
    """The text of a file and its values; `file` is what problems call it. Raises NotRead."""
    try:
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except UnicodeDecodeError:
        raise NotRead(Problem(file, 1, "The file is not in UTF-8.")) from None
    except OSError as error:
        raise NotRead(Problem(file, 1, f"The file cannot be read: {error.strerror}.")) from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        at = int(line[1]) if line else text.count("\n") + 1  # at the end of the file
        raise NotRead(Problem(file, at, f"This is not TOML: {error}.")) from None
