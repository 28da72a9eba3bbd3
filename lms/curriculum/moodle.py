"""Moodle's XML of questions, turned into GIFT: https://docs.moodle.org/en/Moodle_XML_format

What cannot be taken whole is not taken: a question then has a reason in place of its text. Entities, document types and
whatever lies outside of the file are refused; so are pictures and files, since a question here is text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from xml.etree.ElementTree import Element, ParseError

import nh3
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

LONGEST = 20_000  # characters of a text

# What may stand in a text; everything else goes, its words stay.
_TAGS = {"strong", "em", "b", "i", "code", "sub", "sup"}
_BLOCKS = re.compile(r"</?(?:p|div|br|li|ul|ol|tr|h\d)\b[^>]*>", re.IGNORECASE)
_SIGNS = re.compile(r"([=~#{}:])")
_NOT_TEXT = re.compile(r"<\s*(?:img|video|audio|iframe|object|embed|svg|table|script)\b|@@PLUGINFILE@@", re.IGNORECASE)
_KINDS = {
    "multichoice": "multiple choice",
    "truefalse": "true or false",
    "shortanswer": "short answer",
    "numerical": "numerical",
    "matching": "matching",
    "ordering": "ordering",
}
_SAYS = {
    "essay": "an essay is read by a person; nobody would grade it here",
    "description": "it is a text and no question",
    "cloze": "its answers stand inside its text",
    "calculated": "its numbers are drawn by a formula",
}


@dataclass
class Converted:
    """A question of the file: `number` from 1, its author's `name`, GIFT or why there is none, what was left out."""

    number: int
    name: str
    gift: str = ""
    unit: str = ""
    key: str = ""  # Moodle's own id number
    why: str = ""
    notes: list[str] = field(default_factory=list)


class NotRead(Exception):
    """The file as a whole is refused; the message says why."""


class _Refused(Exception):
    """This question cannot be taken."""


def convert(data: bytes) -> list[Converted]:
    """Every question of a file, in its order. Raises NotRead."""
    try:
        root = fromstring(data.lstrip(), forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except DefusedXmlException:
        say = "It declares a document type or entities, which are refused: save it again without them."
        raise NotRead(say) from None
    except ParseError as error:
        line, _column = error.position
        raise NotRead(f"It is not well-formed XML (line {line}).") from None
    except (LookupError, ValueError):
        raise NotRead("It names an encoding that is not known here: save it again as UTF-8.") from None
    if root.tag != "quiz":
        raise NotRead(f"It is no Moodle XML: it begins with <{root.tag}>, not with <quiz>.")
    questions = (q for q in root.iter("question") if q.get("type") != "category")
    return [_converted(number, question) for number, question in enumerate(questions, 1)]


def _converted(number: int, question: Element) -> Converted:
    kind = question.get("type", "")
    done = Converted(number, " ".join(unescape(_raw(question.find("name"))).split()))
    done.key = (question.findtext("idnumber") or "").strip()
    try:
        if kind not in _KINDS:
            raise _Refused(_SAYS.get(kind, f"questions of the kind “{kind}” are not known here"))
        stem = _text(question.find("questiontext"), "its text")
        if not stem:
            raise _Refused("its text is empty")
        answers = {
            "multichoice": _choice, "truefalse": _true_or_false, "shortanswer": _short, "numerical": _numerical,
            "matching": _matching, "ordering": _ordering,
        }[kind](question, done)  # fmt: skip
        general = _text(question.find("generalfeedback"), "its general feedback")
        if not general and kind in ("matching", "ordering"):
            general = _text(question.find("incorrectfeedback"), "a feedback")
        closing = f"####{general}" if general and "####" not in answers else ""
        done.gift = f"{stem} {{{answers}{closing}}}"
    except _Refused as refused:
        done.why = str(refused)
    if question.find("hint") is not None:
        done.notes.append("its hints are left out: a check here may be tried again at once")
    return done


# --- Texts ----------------------------------------------------------------------------------------


def _raw(element: Element | None) -> str:
    return "" if element is None else (element.findtext("text") or "")


def _text(element: Element | None, what: str) -> str:
    """A text as GIFT: one line, the signs escaped, emphasis kept."""
    text = _raw(element)
    if len(text) > LONGEST:
        raise _Refused(f"{what} is longer than {LONGEST} characters")
    if element is not None and element.get("format", "html") in ("html", "moodle_auto_format", ""):
        if _NOT_TEXT.search(text) or element.find("file") is not None:
            raise _Refused(f"{what} holds a picture, a table or a file")
        text = nh3.clean(_BLOCKS.sub(" ", text), tags=_TAGS, attributes={}, link_rel=None)
        text = re.sub(r"&(?!(?:lt|gt|amp);)\w+;", lambda entity: unescape(entity[0]), text)
        text = text.replace("&amp;", "&")
    return _escaped(_formulas(" ".join(text.replace("\xa0", " ").split())))


def _plain(element: Element | None, what: str) -> str:
    """A text without any markup: what stands in a list to choose from."""
    return _escaped(" ".join(unescape(re.sub(r"<[^>]*>", "", _show(_text(element, what)))).split()))


def _show(text: str) -> str:
    return re.sub(r"\\([=~#{}:])", r"\1", text)


def _formulas(text: str) -> str:
    r"""`\(…\)` and `$$…$$` as `$…$`; a money sign beside no other is written `\$`."""
    kept: list[str] = []

    def keep(formula: re.Match[str]) -> str:
        kept.append((formula[1] or formula[2] or formula[3]).strip())
        return f"\ufdd0{len(kept) - 1}\ufdd1"

    text = re.sub(r"\\\((.+?)\\\)|\\\[(.+?)\\\]|\$\$(.+?)\$\$", keep, text)
    text = text.replace("$", r"\$")
    return re.sub("\ufdd0(\\d+)\ufdd1", lambda found: f"${kept[int(found[1])]}$", text)


def _escaped(text: str) -> str:
    """A backslash at the end would take the sign that follows for a part of the text."""
    return _SIGNS.sub(r"\\\1", text) + (" " if text.endswith("\\") else "")


# --- Answers --------------------------------------------------------------------------------------


def _answers(question: Element) -> Iterator[tuple[Element, float]]:
    """The answers with what each earns, in per cent."""
    for answer in question.findall("answer"):
        try:
            weight = float(answer.get("fraction", "0"))
        except ValueError:
            weight = math.nan
        if not math.isfinite(weight):
            raise _Refused(f"an answer earns “{answer.get('fraction')}”, which is no number")
        yield answer, weight


def _said(answer: Element, fallback: str = "") -> str:
    said = _text(answer.find("feedback"), "a feedback") or fallback
    return f"#{said}" if said else ""


def _choice(question: Element, done: Converted) -> str:
    answers = list(_answers(question))
    if len(answers) < 2:
        raise _Refused("a choice needs two answers")
    single = (question.findtext("single") or "true").strip() in ("true", "1")
    right = _text(question.find("correctfeedback"), "a feedback")
    wrong = _text(question.find("incorrectfeedback"), "a feedback")
    if single and any(0 < weight < 100 for _answer, weight in answers):
        raise _Refused("an answer to a single choice earns a part; here one answer is right and the others are not")
    if single and sum(weight == 100 for _answer, weight in answers) != 1:
        raise _Refused("not exactly one answer is right")
    pieces = []
    for answer, weight in answers:
        text = _text(answer, "an answer")
        if not text:
            raise _Refused("an answer is empty")
        if single:
            sign = "=" if weight == 100 else "~"
        else:
            sign = f"~%{weight:.5f}%".replace(".00000", "")
        pieces.append(f"{sign}{text}{_said(answer, right if weight > 0 else wrong)}")
    return " ".join(pieces)


def _true_or_false(question: Element, done: Converted) -> str:
    """GIFT has `TRUE#said when wrong#said when right`, in the words of its language."""
    right = [answer for answer, weight in _answers(question) if weight == 100]
    wrong = [answer for answer, weight in _answers(question) if weight == 0]
    if len(right) != 1 or len(wrong) != 1:
        raise _Refused("not exactly one answer is right")
    truth = _raw(right[0]).strip().upper()
    return f"{truth}{_said(wrong[0]) or '#'}{_said(right[0])}"


def _short(question: Element, done: Converted) -> str:
    pieces, rest = [], ""
    for answer, weight in _answers(question):
        text = _plain(answer, "an answer")
        if text == "*":
            rest = _text(answer.find("feedback"), "a feedback")
        elif "*" in text:
            raise _Refused("an answer holds *, which stands for any text")
        else:
            pieces.append(f"={'' if weight == 100 else f'%{weight:g}%'}{text}{_said(answer)}")
    if (question.findtext("usecase") or "0").strip() == "1":
        done.notes.append("small and capital letters count alike here")
    return " ".join(pieces) + (f"####{rest}" if rest else "")


def _numerical(question: Element, done: Converted) -> str:
    units = [unit.findtext("unit_name") or "" for unit in question.findall("units/unit")]
    if len(units) > 1:
        raise _Refused("it takes several units; here a number has one")
    done.unit = units[0].strip() if units else ""
    pieces, rest = [], ""
    for answer, weight in _answers(question):
        text = (answer.findtext("text") or "").strip()
        if text == "*":
            rest = _text(answer.find("feedback"), "a feedback")
            continue
        tolerance = (answer.findtext("tolerance") or "0").strip() or "0"
        pieces.append(f"={'' if weight == 100 else f'%{weight:g}%'}{text}:{tolerance}{_said(answer)}")
    return "#" + " ".join(pieces) + (f"####{rest}" if rest else "")


def _matching(question: Element, done: Converted) -> str:
    pieces = []
    for pair in question.findall("subquestion"):
        left, right = _text(pair, "a pair"), _plain(pair.find("answer"), "a pair")
        pieces.append(f"={left} -> {right}")
    if not any(piece.startswith("= ->") for piece in pieces) and len(pieces) < 2:
        raise _Refused("matching needs two pairs")
    return " ".join(pieces)


def _ordering(question: Element, done: Converted) -> str:
    items = [_plain(answer, "an item") for answer, _weight in sorted(_answers(question), key=lambda one: one[1])]
    return ">\n" + "\n".join(items) + "\n"
