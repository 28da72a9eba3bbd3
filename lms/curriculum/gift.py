"""GIFT, the text format of questions, read into `Question`s. One that cannot be read is a problem; the
others are.

The dialect: questions are paragraphs; a comment line before one carries its id and tags,

    // [id:who-c1] [tag:competency=C1] [tag:lesson=who-is-a-migrant] [tag:difficulty=2] [tag:unit=days]
    ::name::stem {…}

and between the braces stand, by kind: `=right ~wrong` (single), `~%50%right ~%-50%wrong` (multiple),
`=left -> right` (matching, `= -> distractor`), `>` and items line by line (ordering), `# =value:tolerance`
(numerical), `=text` (short). Each answer may be followed by `#feedback`, the whole by `####feedback`.
`\\= \\~ \\# \\{ \\} \\:` are the signs themselves. Stem, options, left sides and feedback are inline
Markdown; a stem that begins with `[markdown]` has paragraphs and tables; right sides, items and accepted
texts are plain.

What Moodle's own files have beyond that is read: true or false, `$CATEGORY`, a range `1..5`, text after the
braces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lms.curriculum import markup
from lms.curriculum.content import KINDS, Accepted, Kind, Number, Option, Pair, Problem, Question
from lms.text import one_line

_ESCAPED = "=~#{}:"
# An escaped sign is hidden, while the text is cut, as a character of the area that Unicode leaves to nobody.
_HIDDEN = {sign: chr(0xE000 + n) for n, sign in enumerate(_ESCAPED)}
_SHOWN = {ord(hidden): sign for sign, hidden in _HIDDEN.items()}
_TRUE_FALSE = {"en": ("True", "False"), "fr": ("Vrai", "Faux"), "ar": ("صواب", "خطأ")}

ID = re.compile(r"[A-Za-z0-9][\w.-]{0,79}", re.ASCII)


@dataclass(frozen=True)
class Found:
    """A question and where it stands: the line of its stem, and the line of its id and tags."""

    question: Question
    line: int
    tags_line: int


@dataclass
class Parsed:
    """What was read; `left_out` counts the questions that could not be."""

    found: list[Found] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    left_out: int = 0

    @property
    def questions(self) -> tuple[Question, ...]:
        return tuple(found.question for found in self.found)


class _Unreadable(Exception):
    """This question cannot be used; where and why."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass
class _Chunk:
    """The lines of one question (comments as empty lines, so that counting stays right) and its tags."""

    line: int = 0  # of the first line of text
    tags_line: int = 0
    lines: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    opened: bool = False
    closed: bool = False

    def add(self, number: int, text: str) -> None:
        if self.lines or text.strip():
            self.line = self.line or number
            self.lines.append(text)
            _, brace, after = text.partition("{")
            self.closed = self.closed or "}" in (text if self.opened else after)
            self.opened = self.opened or bool(brace)

    def tag(self, number: int, comment: str) -> None:
        id = re.search(r"\[id:([^\]]*)\]", comment)
        tags = re.findall(r"\[tag:([^\]=]*)=([^\]]*)\]", comment)
        if id or tags:
            self.tags_line = self.tags_line or number
            self.tags.update({name.strip(): value.strip() for name, value in tags})
        if id:
            self.tags["id"] = id[1].strip()


def parse(text: str, file: str = "", language: str = "en", first_line: int = 1) -> Parsed:
    """Read the GIFT `text`, which begins on `first_line` of `file`. Never raises."""
    parsed = Parsed()
    for chunk in _chunks(text, first_line):
        reader = _Reader(chunk, language)
        try:
            parsed.found.append(reader.read())
        except _Unreadable as error:
            parsed.left_out += 1
            reader.complain(error.line, error.message)
        parsed.problems += [Problem(file, line, message) for line, message in dict.fromkeys(reader.complaints)]
    return parsed


@dataclass(frozen=True)
class Piece:
    """A question as it stands in a file: the name its author gave it, its tags (`id` among them), its lines without
    them."""

    name: str
    tags: dict[str, str]
    body: str


def pieces(text: str) -> list[Piece]:
    """The questions of a file one by one, whether they can be read or not."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found = []
    for chunk in _chunks(text, 1):
        own = lines[chunk.line - 1 : chunk.line - 1 + len(chunk.lines)] if chunk.lines else []
        kept = [line for line in own if not line.strip().startswith(("//", "$CATEGORY"))]
        body = "\n".join(kept).strip()
        if body or chunk.tags:
            name = re.match(r"::(.*?)::", body, re.DOTALL)
            found.append(Piece(_plain(name[1]) if name else "", dict(chunk.tags), body))
    return found


def composed(id: str, tags: Mapping[str, str], body: str) -> str:
    """A question as a file has it: its id and tags in the line before it."""
    said = "".join(f" [tag:{name}={value}]" for name, value in tags.items() if value and name != "id")
    return f"// [id:{id}]{said}\n{body}"


def _chunks(text: str, first_line: int) -> Iterator[_Chunk]:
    """One chunk a question.

    A new one begins at a comment with an id, and after an empty line at any comment or `::name::`, whether or
    not the one before was closed, so that a question without its brace does not swallow the others; after a
    closed one any text begins a new one.
    """
    text = re.sub("[\ue000-\ue0ff]", "", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = re.sub(rf"\\([{_ESCAPED}])", lambda m: _HIDDEN[m[1]], text)
    chunk = _Chunk()
    after_blank = False
    for number, line in enumerate(text.split("\n"), first_line):
        start = line.strip()
        named = start.startswith("//") and "[id:" in start
        begins = start.startswith(("//", "::", "$CATEGORY"))
        if (named and (chunk.lines or "id" in chunk.tags)) or (
            chunk.lines and ((begins and (chunk.closed or after_blank)) or (start and chunk.closed and after_blank))
        ):
            yield chunk
            chunk = _Chunk()
        after_blank = not start
        if start.startswith("//"):
            chunk.tag(number, _show(start))
            line = ""
        chunk.add(number, "" if start.startswith("$CATEGORY") else line)
    if chunk.lines or chunk.tags:
        yield chunk


def _show(text: str) -> str:
    """Escaped signs as themselves."""
    return text.translate(_SHOWN)


def _plain(text: str) -> str:
    return one_line(_show(text))


@dataclass
class _Answer:
    """One answer between the braces: its sign, its weight in per cent if it has one, text, feedback, line."""

    sign: str
    weight: float | None
    text: str
    feedback: str
    line: int


class _Reader:
    """Reads one chunk."""

    def __init__(self, chunk: _Chunk, language: str) -> None:
        self.chunk = chunk
        self.text = "\n".join(chunk.lines)
        self.language = language
        self.complaints: list[tuple[int, str]] = []

    def complain(self, line: int, message: str) -> None:
        self.complaints.append((line, message))

    def read(self) -> Found:
        chunk = self.chunk
        if not self.text.strip():
            raise _Unreadable(chunk.tags_line, f"No question follows the id “{chunk.tags.get('id', '')}”.")
        head, brace, rest = self.text.partition("{")
        body, close, tail = rest.partition("}")
        if not brace:
            raise _Unreadable(chunk.line, "The question has no answers: they stand between { and }.")
        if not close:
            raise _Unreadable(self.line(len(head)), "The answers are not closed: } is missing.")
        if "}" in head or "{" in body or "{" in tail or "}" in tail:
            raise _Unreadable(
                chunk.line, r"There are braces beside those of the answers: a brace in a text is \{ or \}."
            )
        parts = re.fullmatch(
            r"\s*(?:::(?P<name>.*?)::)?\s*(?:\[(?P<format>html|markdown|plain|moodle)\])?(?P<stem>.*)",
            head,
            re.DOTALL,
        )
        assert parts is not None  # noqa: S101 - every part of the pattern may be empty
        name, form, stem = parts["name"], parts["format"], parts["stem"]
        key = chunk.tags.get("id") or _plain(name or "")
        if not ID.fullmatch(key):
            say = "The question has no id: // [id:…] before it" if not key else f"“{_show(key)}” is no id"
            raise _Unreadable(chunk.tags_line or chunk.line, f"{say} (letters, digits, - and .; at most 80).")
        if tail.strip():
            stem = f"{stem.rstrip()} _____ {tail.strip()}"
        if not stem.strip():
            raise _Unreadable(chunk.line, "The question is empty: nothing stands before the answers.")
        where = len(head) - len(head.lstrip())
        question = self.answers(body, len(head) + 1)
        return Found(
            Question(
                id=key,
                stem=self.html(stem, self.line(where), block=form in ("markdown", "html")),
                language=self.language,
                unit=chunk.tags.get("unit", ""),
                lesson=chunk.tags.get("lesson", ""),
                competency=chunk.tags.get("competency", ""),
                difficulty=self.difficulty(),
                **question,
            ),
            self.line(where),
            chunk.tags_line or chunk.line,
        )

    def line(self, offset: int) -> int:
        return self.chunk.line + self.text.count("\n", 0, offset)

    def html(self, text: str, line: int, block: bool = False) -> str:
        if not text.strip():
            return ""
        done = (markup.block if block else markup.inline)(_show(text).strip(), self.language, line)
        for _, message in done.complaints:
            self.complain(line, message)
        if not done.whole:
            raise _Unreadable(line, "The question is left out: a part of it cannot be drawn.")
        return done.html

    def difficulty(self) -> int:
        given = self.chunk.tags.get("difficulty", "1")
        if given not in ("1", "2", "3"):
            self.complain(self.chunk.tags_line, f"The difficulty is 1, 2 or 3, not “{given}”.")
            return 1
        return int(given)

    # --- Between the braces. Each returns the fields of a Question that its kind fills. ---

    def answers(self, body: str, offset: int) -> dict[str, Any]:
        body, general, feedback = body.partition("####")
        start = body.lstrip()
        at = offset + len(body) - len(start)
        line = self.line(at)
        read = self.kind(start, line)
        fields = read(start, at)
        fields["feedback"] = self.html(feedback, self.line(offset + len(body)), block=False) if general else ""
        if fields["kind"] in ("numerical", "short", "ordering") and not fields["feedback"]:
            self.complain(line, "No feedback is given for an answer that is not foreseen: ####feedback at the end.")
        if fields["kind"] == "matching" and not fields["feedback"] and not all(p.feedback for p in fields["pairs"]):
            self.complain(line, "A pair has no feedback: =left -> right#feedback.")
        return fields

    def kind(self, body: str, line: int) -> Callable[[str, int], dict[str, Any]]:
        if not body:
            raise _Unreadable(line, f"The kind of this question is not known; there are {', '.join(KINDS)}.")
        if body[0] == "#":
            return self.numerical
        if body[0] == ">":
            return self.ordering
        if re.match(r"(T|TRUE|F|FALSE)\s*(#|\Z)", body):
            return self.true_or_false
        if body[0] not in "=~":
            raise _Unreadable(line, f"An answer begins with = or ~, not with “{_show(body[:12]).strip()}”.")
        pieces = re.split("[=~]", body)[1:]
        if "~" in body:
            return self.choice
        return self.matching if any("->" in piece for piece in pieces) else self.short

    def listed(self, body: str, offset: int) -> list[_Answer]:
        """The answers that begin with = or ~."""
        found = []
        for piece in re.finditer(r"([=~])\s*(?:%(-?[\d.]+)%)?([^=~]*)", body):
            text, _, feedback = piece[3].partition("#")
            line = self.line(offset + piece.start())
            weight = self.number(piece[2], line) if piece[2] else None
            if weight is not None and not -100 <= weight <= 100:
                raise _Unreadable(line, f"A weight is between -100 and 100 per cent, not {weight:g}.")
            found.append(_Answer(piece[1], weight, text.strip(), feedback.strip(), line))
        return found

    def option(self, answer: _Answer, fraction: float) -> Option:
        if not answer.text:
            raise _Unreadable(answer.line, "An answer is empty.")
        if not answer.feedback:
            self.complain(answer.line, f"The answer “{_plain(answer.text)}” has no feedback: #feedback after it.")
        return Option(self.html(answer.text, answer.line), fraction, self.html(answer.feedback, answer.line))

    def choice(self, body: str, offset: int) -> dict[str, Any]:
        answers = self.listed(body, offset)
        weights = [100.0 if a.sign == "=" and a.weight is None else a.weight or 0.0 for a in answers]
        rights = sum(a.sign == "=" for a in answers)
        line = self.line(offset)
        kind: Kind
        if rights == 1 and not any(w for a, w in zip(answers, weights, strict=True) if a.sign == "~"):
            kind = "single"
            if 100.0 not in weights:
                raise _Unreadable(line, "The one right answer of a single choice earns the whole: = without a weight.")
        elif all(a.weight is not None for a in answers if a.sign == "="):
            kind = "multiple"
            whole = sum(w for w in weights if w > 0)
            if not whole:
                raise _Unreadable(line, "No answer is right.")
            if abs(whole - 100) > 0.05:  # a third is written 33.333
                raise _Unreadable(line, f"The weights of the right answers add to {whole:g} per cent, not to 100.")
            weights = [w * 100 / whole if w > 0 else w for w in weights]
        else:
            say = "One = makes a single choice, where no ~ has a weight; a multiple choice has ~%weight%."
            raise _Unreadable(line, say)
        if len(answers) < 2:
            raise _Unreadable(line, "There is only one answer to choose.")
        self.no_twins([a.text for a in answers], line)
        pairs = zip(answers, weights, strict=True)
        return {"kind": kind, "options": tuple(self.option(a, round(w / 100, 6)) for a, w in pairs)}

    def no_twins(self, texts: list[str], line: int) -> None:
        keys = [_plain(text).casefold() for text in texts]
        if twins := {key for key in keys if keys.count(key) > 1}:
            raise _Unreadable(line, f"“{sorted(twins)[0]}” stands here twice.")

    def true_or_false(self, body: str, offset: int) -> dict[str, Any]:
        """Moodle's {TRUE#said when wrong#said when right}, as a single choice."""
        answer, *feedback = [part.strip() for part in body.split("#")] + ["", ""]
        line = self.line(offset)
        words = _TRUE_FALSE.get(self.language, _TRUE_FALSE["en"])
        truth = answer.startswith("T")
        options = [
            _Answer("=" if is_true == truth else "~", None, word, feedback[1 if is_true == truth else 0], line)
            for word, is_true in zip(words, (True, False), strict=True)
        ]
        return {"kind": "single", "options": tuple(self.option(a, float(a.sign == "=")) for a in options)}

    def matching(self, body: str, offset: int) -> dict[str, Any]:
        pairs, distractors = [], []
        for answer in self.listed(body, offset):
            left, arrow, right = answer.text.partition("->")
            if not arrow or not right.strip():
                raise _Unreadable(answer.line, "A pair is written =left -> right.")
            if left.strip():
                feedback = self.html(answer.feedback, answer.line)
                pairs.append(Pair(self.html(left, answer.line), _plain(right), feedback))
            else:
                distractors.append(_plain(right))
        line = self.line(offset)
        if len(pairs) < 2:
            raise _Unreadable(line, "Matching needs two pairs at least.")
        self.no_twins([pair.left for pair in pairs], line)
        if both := {pair.right for pair in pairs} & set(distractors):
            raise _Unreadable(line, f"“{sorted(both)[0]}” is the right side of a pair and a distractor.")
        return {"kind": "matching", "pairs": tuple(pairs), "distractors": tuple(dict.fromkeys(distractors))}

    def ordering(self, body: str, offset: int) -> dict[str, Any]:
        first, _, rest = body[1:].partition("\n")
        # Moodle writes settings after the sign: >ALL VERTICAL ABSOLUTE_POSITION 1
        items = ([] if re.fullmatch(r"[A-Z0-9_ \t]*", first) else [first]) + rest.split("\n")
        texts = [_plain(item) for item in items if item.strip()]
        line = self.line(offset)
        if len(texts) < 2:
            raise _Unreadable(line, "Ordering needs two items at least, each on a line of its own.")
        self.no_twins(texts, line)
        return {"kind": "ordering", "items": tuple(texts)}

    def numerical(self, body: str, offset: int) -> dict[str, Any]:
        inner = body[1:]
        if "=" not in inner and inner.strip():  # Moodle's short form: {#3:0.5}
            inner = f"={inner}"
            offset -= 1
        if not re.match(r"\s*(=|\Z)", inner) or "~" in inner:
            raise _Unreadable(self.line(offset), "A number is written =value:tolerance.")
        numbers = []
        lines = []
        for answer in self.listed(inner, offset + 1):
            value, tolerance = self.interval(answer)
            if not answer.feedback:
                self.complain(answer.line, f"The number {answer.text} has no feedback: #feedback after it.")
            fraction = self.fraction(answer)
            numbers.append(Number(value, tolerance, fraction, self.html(answer.feedback, answer.line)))
            lines.append(answer.line)
        if not any(number.fraction == 1 for number in numbers):
            raise _Unreadable(self.line(offset), "No answer is right.")
        for n, one in enumerate(numbers):
            for other in numbers[:n]:
                reach = one.tolerance + other.tolerance
                near = abs(one.value - other.value) <= reach + 1e-9 * max(abs(one.value), abs(other.value))
                if near and one.fraction != other.fraction:
                    say = f"{one.value:g} and {other.value:g} overlap by their tolerances and earn differently."
                    self.complain(lines[n], say)
        return {"kind": "numerical", "numbers": tuple(numbers)}

    def interval(self, answer: _Answer) -> tuple[float, float]:
        """A value and its tolerance, of `12.5:0.1` or of `12..13`."""
        low, dots, high = answer.text.partition("..")
        if dots:
            ends = sorted((self.number(low, answer.line), self.number(high, answer.line)))
            return (ends[0] + ends[1]) / 2, (ends[1] - ends[0]) / 2
        value, colon, tolerance = answer.text.partition(":")
        within = self.number(tolerance, answer.line) if colon else 0.0
        if within < 0:
            raise _Unreadable(answer.line, "A tolerance is not negative.")
        return self.number(value, answer.line), within

    def number(self, text: str, line: int) -> float:
        if not re.fullmatch(r"\s*[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})([eE][+-]?\d{1,2})?\s*", text, re.ASCII):
            raise _Unreadable(line, f"“{_plain(text)}” is not a number; it is written with a point, as 12.5.")
        return float(text)

    def fraction(self, answer: _Answer) -> float:
        weight = 100.0 if answer.weight is None else answer.weight
        if weight < 0:
            raise _Unreadable(answer.line, "A weight is not negative here: 0 names a mistake.")
        return round(weight / 100, 6)

    def short(self, body: str, offset: int) -> dict[str, Any]:
        accepted = []
        answers = self.listed(body, offset)
        for answer in answers:
            if not answer.text:
                raise _Unreadable(answer.line, "An answer is empty.")
            if not answer.feedback:
                self.complain(answer.line, f"The answer “{_plain(answer.text)}” has no feedback: #feedback after it.")
            feedback = self.html(answer.feedback, answer.line)
            accepted.append(Accepted(_plain(answer.text), self.fraction(answer), feedback))
        if not any(one.fraction == 1 for one in accepted):
            raise _Unreadable(self.line(offset), "No answer is right.")
        self.no_twins([answer.text for answer in answers], self.line(offset))
        return {"kind": "short", "accepted": tuple(accepted)}
