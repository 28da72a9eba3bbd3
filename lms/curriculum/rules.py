"""What holds between the files of the content: names that are used exist, ids are used once, banks are
large enough."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator, Mapping

from lms.curriculum.content import AssessmentRule, Problem
from lms.curriculum.source import LESSON_NAME, Document

Documents = Mapping[str, Document]


def resolve(path: str, target: str) -> str:
    """The path that a link in the file `path` names."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def place(path: str) -> tuple[str, str, str]:
    """Language, module and name of a file in a module's folder."""
    language, module, name = path.split("/")
    return language, module, name


def is_lesson(path: str) -> bool:
    return path.count("/") == 2 and LESSON_NAME.fullmatch(place(path)[2]) is not None


def across(documents: Documents) -> list[Problem]:
    """Every problem between files, with the file and line where it is to be mended."""
    problems: list[Problem] = []
    for rule in (
        _courses,
        _modules,
        _lesson_ids,
        _question_ids,
        _competencies,
        _links,
        _banks,
        _taught,
        _figures,
        _translations,
    ):
        problems += rule(documents)
    return problems


def _lessons(documents: Documents) -> Iterator[tuple[str, Document]]:
    return ((path, document) for path, document in documents.items() if is_lesson(path))


def _banked(documents: Documents) -> Iterator[tuple[str, Document]]:
    return ((path, document) for path, document in documents.items() if path.endswith(".gift"))


def _module_names(documents: Documents) -> set[str]:
    return {place(path)[1] for path in documents if path.endswith("/module.md")}


def _courses(documents: Documents) -> Iterator[Problem]:
    file = "courses.toml"
    modules = _module_names(documents)
    for course in documents[file].head["courses"] if file in documents else ():
        for module in course["modules"]:
            if module not in modules:
                line = documents[file].line(f"{course['at']}.modules")
                yield Problem(file, line, f"There is no module {module}: no {module}/module.md in any language.")
    file = "competencies.toml"
    for code, competency in documents[file].head.items() if file in documents else ():
        if competency["module"] and competency["module"] not in modules | {"all"}:
            line = documents[file].line(f"{code}.module")
            yield Problem(file, line, f"{code} belongs to a module that does not exist: {competency['module']}.")


def _modules(documents: Documents) -> Iterator[Problem]:
    modules = _module_names(documents)
    told = set()
    for path in documents:
        if path.count("/") == 2 and (module := place(path)[1]) not in modules and module not in told:
            told.add(module)
            yield Problem(path, 1, f"The folder {module} has no module.md, so that nothing in it is shown.")


def _lesson_ids(documents: Documents) -> Iterator[Problem]:
    first: dict[tuple[str, str], str] = {}
    module_of: dict[str, tuple[str, str]] = {}
    # English first: where a translation disagrees, the translation is told.
    for path, document in sorted(_lessons(documents), key=lambda item: (place(item[0])[0] != "en", item[0])):
        language, module, _ = place(path)
        key = document.head["id"]
        if (language, key) in first:
            say = f"The lesson id {key} is taken by {first[language, key]}."
            yield Problem(path, document.line("id"), say)
        elif module_of.setdefault(key, (module, path))[0] != module:
            say = f"The lesson {key} stands in another module in {module_of[key][1]}."
            yield Problem(path, document.line("id"), say)
        first.setdefault((language, key), path)


def _question_ids(documents: Documents) -> Iterator[Problem]:
    first: dict[tuple[str, str], str] = {}
    for path, document in documents.items():
        for question in document.questions:
            key = (question.language, question.id)
            if key in first:
                line = document.line(f"tags:{question.id}")
                yield Problem(path, line, f"The question id {question.id} is taken in {first[key]}.")
            first.setdefault(key, path)


def _competencies(documents: Documents) -> Iterator[Problem]:
    known = documents["competencies.toml"].head if "competencies.toml" in documents else {}
    for path, document in documents.items():
        if is_lesson(path):
            for code in document.head["competencies"]:
                if code not in known:
                    yield Problem(path, document.line("competencies"), f"There is no competency {code}.")
        for question in document.questions:
            own = document.head.get("competencies", ())
            if question.competency and question.competency not in known and question.competency not in own:
                line = document.line(f"tags:{question.id}")
                yield Problem(path, line, f"There is no competency {question.competency}.")


def lesson_file(documents: Mapping[str, object], path: str, target: str) -> str:
    """The file of the lesson that `target` means in the file `path`: in its own language, else the English
    one."""
    named = resolve(path, target)
    if named in documents or named.count("/") != 2:
        return named
    return "/".join(("en", *named.split("/")[1:]))


def _links(documents: Documents) -> Iterator[Problem]:
    for path, document in documents.items():
        for target, anchor, line in document.links:
            named = lesson_file(documents, path, target) if target else path
            if not is_lesson(named) or named not in documents:
                yield Problem(path, line, f"The link {target} leads nowhere: there is no such lesson.")
            elif anchor and anchor not in documents[named].anchors:
                where = f"{target} has" if target else "The lesson has"
                yield Problem(path, line, f"The link to #{anchor} leads nowhere: {where} no such heading.")


def _banks(documents: Documents) -> Iterator[Problem]:
    lessons: dict[str, bool] = defaultdict(bool)  # id, and whether it is written in any language
    for _, document in _lessons(documents):
        lessons[document.head["id"]] |= bool(document.parts)
    asked: dict[tuple[str, str], list[str]] = defaultdict(list)  # language and module: competencies of questions
    for path, document in _banked(documents):
        language, module, _ = place(path)
        for question in document.questions:
            asked[language, module].append(question.competency)
            line = document.line(f"tags:{question.id}")
            if question.lesson and question.lesson not in lessons:
                yield Problem(path, line, f"There is no lesson {question.lesson}.")
            elif question.lesson and not lessons[question.lesson]:
                yield Problem(path, line, f"The question is about the lesson {question.lesson}, which has no text yet.")
    for path, document in documents.items():
        if not path.endswith("/module.md") or "assessment" not in document.head:
            continue
        language, module, _ = place(path)
        if language != "en" and (language, module) not in asked:
            continue  # the English bank is asked instead
        bank = asked[language, module]
        draw = document.head["assessment"].get("draw", AssessmentRule.draw)
        line = document.line("assessment.draw" if "assessment.draw" in document.lines else "assessment")
        if len(bank) < draw:
            yield Problem(path, line, f"The assessment draws {draw} questions, and the bank has {len(bank)}.")
        taught = {
            code
            for other, lesson in _lessons(documents)
            if place(other)[:2] == (language, module) and lesson.parts
            for code in lesson.head["competencies"]
        }
        for code in sorted(taught - set(bank)):
            yield Problem(
                path, document.line("assessment"), f"The module is assessed, and no question asks for {code}."
            )


TESTED = 4  # questions in its bank that a competency needs, so that a result can say something of it


def _taught(documents: Documents) -> Iterator[Problem]:
    """Of a module whose lessons are all written: every competency of it is taught and tested enough. And no question
    asks for what its lesson does not teach."""
    lessons = [(path, document) for path, document in _lessons(documents) if place(path)[0] == "en"]
    taught: dict[str, set[str]] = defaultdict(set)  # competencies by module
    of_lesson = {document.head["id"]: set(document.head["competencies"]) for _path, document in lessons}
    unwritten = {place(path)[1] for path, document in lessons if not document.parts}
    for path, document in lessons:
        taught[place(path)[1]].update(document.head["competencies"])
    asked: dict[tuple[str, str], int] = defaultdict(int)
    for path, document in _banked(documents):
        if place(path)[0] != "en":
            continue
        for question in document.questions:
            asked[place(path)[1], question.competency] += 1
            if question.lesson in of_lesson and question.competency not in of_lesson[question.lesson]:
                line = document.line(f"tags:{question.id}")
                say = (
                    f"{question.id} asks for {question.competency}, which the lesson {question.lesson} does not teach."
                )
                yield Problem(path, line, say)
    file = "competencies.toml"
    for code, competency in documents[file].head.items() if file in documents else ():
        module = competency["module"]
        if module not in taught or module in unwritten or not any(m == module for m, _c in asked):
            continue
        if code not in taught[module]:
            yield Problem(file, documents[file].line(code), f"{code} is taught by no lesson of {module}.")
        elif asked[module, code] < TESTED:
            say = f"{code} is asked for by {asked[module, code]} questions of {module}; it needs {TESTED}."
            yield Problem(file, documents[file].line(code), say)


def _figures(documents: Documents) -> Iterator[Problem]:
    """Each figure has its data as a table, for those who do not see it."""
    for path, document in _lessons(documents):
        html = "".join(part for part in document.parts if isinstance(part, str))
        drawn, told = html.count("<figure"), html.count('<details class="figure"')
        if drawn > told:
            say = f"{drawn} figures and {told} tables of figures: ??? figure “The figure as a table” follows each."
            yield Problem(path, 1, say)


def _translations(documents: Documents) -> Iterator[Problem]:
    english = {document.head["id"]: document for path, document in _lessons(documents) if place(path)[0] == "en"}
    for path, document in _lessons(documents):
        key = document.head["id"]
        if place(path)[0] == "en":
            continue
        if key not in english:
            yield Problem(path, document.line("id"), f"There is no English lesson {key}, which this would translate.")
        elif document.parts and [q.id for q in document.questions] != [q.id for q in english[key].questions]:
            say = "The checks have other ids or another order than the English ones: answers would be lost."
            yield Problem(path, document.line("id"), say)
