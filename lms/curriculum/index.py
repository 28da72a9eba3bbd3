"""All that is taught, as one immutable index, and the folder it is read from.

The folder is looked at every two seconds at most, when somebody asks; only files that changed are read
again. What was rendered is kept on disk under the hash of its source, so that a warm start renders nothing.
That cache is also the last good version: a file that breaks goes on serving what it said before, and its
problems are told.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from html import unescape
from importlib import metadata
from pathlib import Path
from typing import Any

from config import LANGUAGES
from lms.curriculum import rules, source
from lms.curriculum.advice import Translation, translations
from lms.curriculum.content import AssessmentRule, Competency, Course, Lesson, Module, Problem, Question
from lms.curriculum.markup import LINK
from lms.curriculum.source import Document

ROOT_FILES = {"courses.toml", "competencies.toml"}
EVERY = 2.0  # seconds between two looks at the folder
LESSON_ADDRESS = "/learn/lessons/{}"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Record:
    """A file as it was last read, by the hash of what it was read from, and the last version that was
    whole."""

    key: str
    latest: Document | None
    good: Document | None
    problems: tuple[Problem, ...] = ()
    whole: bool = True

    @property
    def served(self) -> Document | None:
        return self.latest if self.whole else self.good or self.latest

    @property
    def older(self) -> bool:
        return not self.whole and self.good is not None

    def to_data(self) -> dict[str, Any]:
        return {
            "format": source.FORMAT,
            "key": self.key,
            "whole": self.whole,
            "latest": self.latest and self.latest.to_data(),
            "good": self.good.to_data() if self.good and not self.whole else None,
            "problems": [[p.file, p.line, p.message] for p in self.problems],
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Record:
        if data["format"] != source.FORMAT:
            raise ValueError("written by another version")
        latest, good = (data[name] and Document.from_data(data[name]) for name in ("latest", "good"))
        problems = tuple(Problem(*problem) for problem in data["problems"])
        return cls(data["key"], latest, latest if data["whole"] else good, problems, data["whole"])


@dataclass(frozen=True)
class _Tongue:
    """Everything in one language, each text in the best version that there is for it."""

    courses: Mapping[str, Course]
    modules: Mapping[str, Module]
    lessons: Mapping[str, Lesson]
    competencies: Mapping[str, Competency]


@dataclass(frozen=True)
class Index:
    """What is taught. A language that nobody wrote in is answered in English; `.language` of a value says
    which."""

    _tongues: Mapping[str, _Tongue]
    problems: tuple[Problem, ...] = ()
    translations: tuple[Translation, ...] = ()  # how lessons stand in other languages
    older: tuple[str, ...] = ()  # files that serve a version from before, because the present one is not whole

    def _in(self, language: str) -> _Tongue:
        return self._tongues.get(language) or self._tongues["en"]

    @property
    def courses(self) -> tuple[Course, ...]:
        """All courses, in English, in the order of their file."""
        return tuple(self._tongues["en"].courses.values())

    @property
    def modules(self) -> tuple[Module, ...]:
        """All modules, in English: those of the courses in their order, then the others."""
        return tuple(self._tongues["en"].modules.values())

    def course(self, id: str, language: str = "en") -> Course:
        """Raises KeyError, as the three below."""
        return self._in(language).courses[id]

    def module(self, id: str, language: str = "en") -> Module:
        return self._in(language).modules[id]

    def lesson(self, id: str, language: str = "en") -> Lesson:
        return self._in(language).lessons[id]

    def competency(self, code: str, language: str = "en") -> Competency:
        return self._in(language).competencies[code]

    def competencies(self, language: str = "en") -> tuple[Competency, ...]:
        """All competencies, in the order of their file."""
        return tuple(self._in(language).competencies.values())

    def lesson_or_none(self, id: str, language: str = "en") -> Lesson | None:
        return self._in(language).lessons.get(id)


# --- The index out of documents ---


def build(records: Mapping[str, Record], also: Iterable[Problem] = ()) -> Index:
    """Put the index together from what was read."""
    served = {path: record.served for path, record in records.items() if record.served is not None}
    # Rules speak of what an author sees now, so that their lines are right; a file that gave nothing is
    # what it was.
    latest = {path: record.latest or record.served for path, record in records.items()}
    problems = [*also, *(problem for record in records.values() for problem in record.problems)]
    problems += rules.across({path: document for path, document in latest.items() if document is not None})
    return Index(
        _tongues(served),
        tuple(sorted(set(problems), key=lambda p: (p.file, p.line, p.message))),
        tuple(translations({path: document for path, document in latest.items() if document is not None})),
        tuple(path for path, record in records.items() if record.older),
    )


def _tongues(documents: dict[str, Document]) -> dict[str, _Tongue]:
    courses = documents["courses.toml"].head["courses"] if "courses.toml" in documents else []
    competencies = documents["competencies.toml"].head if "competencies.toml" in documents else {}
    heads: dict[str, dict[str, Document]] = {}
    banks: dict[str, dict[str, dict[str, Question]]] = {}
    lessons: dict[str, dict[str, Document]] = {}
    languages = {"en", *LANGUAGES}
    for path, document in documents.items():
        if path.count("/") != 2:
            continue
        language, module, name = rules.place(path)
        languages.add(language)
        if name == "module.md":
            heads.setdefault(module, {})[language] = document
        elif name.endswith(".gift"):
            bank = banks.setdefault(module, {}).setdefault(language, {})
            for question in document.questions:
                bank.setdefault(question.id, question)
        else:
            lessons.setdefault(document.head["id"], {}).setdefault(language, document)
    order = dict.fromkeys([m for c in courses for m in c["modules"] if m in heads] + sorted(heads))
    known = _lessons(documents, lessons, order)
    return {
        language: _tongue(language, courses, competencies, {m: heads[m] for m in order}, banks, known)
        for language in languages
    }


def _best(versions: Mapping[str, Any], language: str) -> Any:
    """The version in that language, else the English one, else any."""
    return versions.get(language) or versions.get("en") or next(iter(versions.values()))


def _lessons(
    documents: Mapping[str, Document], found: dict[str, dict[str, Document]], modules: Iterable[str]
) -> dict[str, dict[str, list[dict[str, Lesson]]]]:
    """By module the lessons in their order, each with its versions by language; those of no module are left
    out."""
    homes: dict[str, list[dict[str, Document]]] = {module: [] for module in modules}
    for versions in found.values():
        module = rules.place(_best(versions, "en").path)[1]
        if module in homes:
            homes[module].append(versions)
    known: dict[str, Any] = {}
    for module, all_versions in homes.items():
        all_versions.sort(key=lambda versions: rules.place(_best(versions, "en").path)[2])
        known[module] = [
            {language: _lesson(documents, document, module, number) for language, document in versions.items()}
            for number, versions in enumerate(all_versions, 1)
        ]
    return known


def _lesson(documents: Mapping[str, Document], document: Document, module: str, number: int) -> Lesson:
    head = document.head

    def fill_in(link: re.Match[str]) -> str:
        named = documents.get(rules.lesson_file(documents, document.path, unescape(link[1])))
        if named is None or "id" not in named.head:
            return ""
        return f' href="{LESSON_ADDRESS.format(named.head["id"])}{link[2]}"'

    body = document.parts
    if any(link.target for link in document.links):
        pattern = re.compile(rf' href="{LINK}([^"#]*)(#?[^"]*)"')
        body = tuple(pattern.sub(fill_in, part) if isinstance(part, str) else part for part in body)
    return Lesson(
        id=head["id"],
        module=module,
        number=number,
        language=rules.place(document.path)[0],
        title=head["title"],
        short=head["short"],
        minutes=head["minutes"],
        competencies=tuple(head["competencies"]),
        objectives=tuple(head["objectives"]),
        body=body,
        words=document.words,
        body_language=rules.place(document.path)[0],
    )


def _in_language(versions: Mapping[str, Lesson], language: str) -> Lesson:
    """The best version of a lesson: one that is written before one that is not, so that the lessons that
    are asked of a person are the same in every language. Title and objectives are in that language where they are
    translated before the text is."""
    written = {code: lesson for code, lesson in versions.items() if lesson.written}
    chosen: Lesson = _best(written or versions, language)
    own = versions.get(language, chosen)
    heading = {name: getattr(own, name) for name in ("language", "title", "short", "objectives")}
    return replace(chosen, **heading)


def _tongue(
    language: str,
    courses: list[dict[str, Any]],
    competencies: dict[str, Any],
    heads: Mapping[str, Mapping[str, Document]],
    banks: Mapping[str, Mapping[str, Mapping[str, Question]]],
    lessons: Mapping[str, Any],
) -> _Tongue:
    modules: dict[str, Module] = {}
    for module, versions in heads.items():
        head: Document = _best(versions, language)
        bank = banks.get(module, {})
        asked = _best(bank, "en") if bank else {}
        own = bank.get(language, {})
        modules[module] = Module(
            id=module,
            language=rules.place(head.path)[0],
            title=head.head["title"],
            short=head.head["short"],
            summary=head.head["summary"],
            lessons=tuple(_in_language(versions, language) for versions in lessons[module]),
            assessment=_assessment(_best(versions, "en").head.get("assessment")),
            bank=tuple(own.get(key, question) for key, question in asked.items()),
        )
    return _Tongue(
        courses={
            course["id"]: Course(
                course["id"],
                *_title(course["title"], language),
                tuple(modules[m] for m in course["modules"] if m in modules),
            )
            for course in courses
        },
        modules=modules,
        lessons={lesson.id: lesson for module in modules.values() for lesson in module.lessons},
        competencies={
            code: Competency(
                code,
                *_title(one["title"], language),
                one["short"].get(language, one["short"]["en"]),
                one["module"],
                tuple(one["gsbpm"]),
                one["level"],
            )
            for code, one in competencies.items()
        },
    )


def _title(titles: dict[str, str], language: str) -> tuple[str, str]:
    """The language that there is, and the title in it."""
    code = language if language in titles else "en"
    return code, titles[code]


def _assessment(values: dict[str, int] | None) -> AssessmentRule | None:
    """One rule for all languages: the English file has it."""
    if values is None:
        return None
    return AssessmentRule(**{("pass_percent" if key == "pass" else key): value for key, value in values.items()})


# --- The folder ---

_Stamp = tuple[int, int, int, int]


class Library:
    """A content folder that is read again as it changes. Several threads may ask at once; one of them
    looks."""

    def __init__(self, content_dir: Path, cache_dir: Path | None, every: float = EVERY) -> None:
        self.content_dir = content_dir
        self.cache_dir = cache_dir
        self.every = every
        self._index: Index | None = None
        self._records: dict[str, Record] = {}
        self._stamps: dict[str, _Stamp] = {}
        self._next_look = 0.0
        self._lock = threading.Lock()

    def documents(self) -> dict[str, Document]:
        """What an author has written, by its file: for advice, which reads whole texts."""
        self.index()
        return {path: record.latest for path, record in self._records.items() if record.latest is not None}

    def index(self) -> Index:
        """The index as of now, two seconds ago at most. While one thread reads, the others have the one
        before."""
        index = self._index
        if index is not None and time.monotonic() < self._next_look:
            return index
        if not self._lock.acquire(blocking=index is None):
            return index  # type: ignore[return-value] # it is None only where we waited
        try:
            if self._index is None or time.monotonic() >= self._next_look:
                self._next_look = time.monotonic() + self.every
                self._index = self._look()
            return self._index
        except Exception:
            if self._index is None:
                raise
            log.exception("the content could not be read again; what was read before is served")
            return self._index
        finally:
            self._lock.release()

    def _look(self) -> Index:
        try:
            stamps = _stamps(self.content_dir)
        except OSError as error:
            say = f"The content folder cannot be read ({error.strerror}); what was read before is served."
            self._stamps = {}
            return build(self._records, [Problem(".", 1, say)])
        if self._index is not None and stamps == self._stamps:
            return self._index
        changed = {path for path, stamp in stamps.items() if self._stamps.get(path) != stamp}
        # A figure that came, went or changed concerns the lessons beside it.
        drawn = {
            path.rpartition("/")[0] for path in changed | (self._stamps.keys() - stamps.keys()) if _is_figure(path)
        }
        records = {}
        for path in sorted(stamps.keys() | ROOT_FILES):
            if _is_figure(path):
                continue
            before = self._records.get(path)
            folder = path.rpartition("/")[0]
            if before is None or path in changed or path not in stamps or folder in drawn:
                before = self._read(path, before)
            records[path] = before
        index = build(records)
        self._records, self._stamps = records, stamps
        return index

    def _read(self, path: str, before: Record | None) -> Record:
        file = self.content_dir / path
        try:
            data = file.read_bytes()
            key, drawings = self._key(path, data)
        except OSError as error:
            problem = Problem(path, 1, f"The file cannot be read: {error.strerror}.")
            return Record("", None, _last_good(before, self._kept(path)), (problem,), whole=False)
        if before is not None and before.key == key:
            return before
        kept = self._kept(path)
        if kept is not None and kept.key == key:
            return kept
        try:
            reading = source.read(path, data.decode(), drawings.get)
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            reading = source.Reading(None, (Problem(path, line, "The file is not in UTF-8."),), whole=False)
        good = reading.document if reading.whole else _last_good(before, kept)
        record = Record(key, reading.document, good, reading.problems, reading.whole)
        self._keep(path, record)
        return record

    def _key(self, path: str, data: bytes) -> tuple[str, dict[str, str]]:
        """The hash of all that a file is made from, and the figures that it names."""
        digest = hashlib.sha256(f"{_renderer()}\n{path}\n".encode() + data)
        drawings: dict[str, str] = {}
        if path.endswith(".md"):
            for name in sorted(set(re.findall(rb"\]\(([\w-][\w.-]*)\.svg", data))):
                for figure in (f"{name.decode()}.svg", f"{name.decode()}.narrow.svg"):
                    try:
                        drawings[figure] = (self.content_dir / path).with_name(figure).read_text("utf-8", "replace")
                    except FileNotFoundError:
                        continue
                    digest.update(f"\n{figure}\n{drawings[figure]}".encode())
        return digest.hexdigest(), drawings

    def _kept(self, path: str) -> Record | None:
        """The file's record of an earlier process; None where there is none, or one that we cannot read."""
        if self.cache_dir is None:
            return None
        try:
            return Record.from_data(json.loads((self.cache_dir / f"{path}.json").read_bytes()))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def _keep(self, path: str, record: Record) -> None:
        """Write the record beside its place and move it there, so that nobody ever reads half of one."""
        if self.cache_dir is None:
            return
        file = self.cache_dir / f"{path}.json"
        new = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}.tmp")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            new.write_text(json.dumps(record.to_data(), ensure_ascii=False, separators=(",", ":")), "utf-8")
            new.replace(file)
        except OSError as error:
            log.warning("a rendered text cannot be kept, %s: it is rendered again at the next start", error)
            with suppress(OSError):
                new.unlink()


def _last_good(*records: Record | None) -> Document | None:
    return next((record.good for record in records if record is not None and record.good is not None), None)


def _is_figure(path: str) -> bool:
    return path.endswith(".svg")


def _stamps(content_dir: Path) -> dict[str, _Stamp]:
    """The files that are content, in order, and what tells that one of them changed."""
    found: dict[str, _Stamp] = {}

    def enter(entry: os.DirEntry[str], path: str) -> None:
        try:
            info = entry.stat()
        except FileNotFoundError:  # gone since the folder was listed: an editor that saves
            return
        found[path] = (info.st_mtime_ns, info.st_ctime_ns, info.st_size, info.st_ino)

    with os.scandir(content_dir) as top:
        for entry in top:
            if entry.name in ROOT_FILES:
                enter(entry, entry.name)
            elif re.fullmatch("[a-z]{2,3}", entry.name) and entry.is_dir():
                for folder in os.scandir(entry.path):
                    if folder.is_dir() and not folder.name.startswith("."):
                        for file in os.scandir(folder.path):
                            if re.fullmatch(r"[\w-][\w.-]*\.(md|gift|svg)", file.name):
                                enter(file, f"{entry.name}/{folder.name}/{file.name}")
    return dict(sorted(found.items()))


@cache
def _renderer() -> str:
    """Which program renders: our own files and the libraries under them. Another one renders everything
    again."""
    digest = hashlib.sha256()
    for name in ("content.py", "gift.py", "markup.py", "source.py"):
        digest.update((Path(__file__).parent / name).read_bytes())
    for library in ("Markdown", "pymdown-extensions", "nh3", "latex2mathml"):
        digest.update(metadata.version(library).encode())
    return digest.hexdigest()


# --- The library of this process ---

_library: Library | None = None


def load(content_dir: Path, cache_dir: Path | None = None) -> Index:
    """Read the folder once. Without a cache folder everything is rendered and nothing is kept."""
    return Library(content_dir, cache_dir).index()


def configure(content_dir: Path, cache_dir: Path | None) -> None:
    """Say where this process finds its content. It is read when it is first asked for."""
    global _library
    _library = Library(content_dir, cache_dir)


def current() -> Index:
    """The content of this process."""
    if _library is None:
        raise RuntimeError("lms.curriculum.index.configure() was not called")
    return _library.index()
