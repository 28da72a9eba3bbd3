"""Markdown to html that templates may print as it is.

The order makes it safe: Markdown is turned into html, that html is sanitised with lists of our own, and only
then are the parts put in that we made ourselves (formulas as MathML, figures as SVG, each sanitised by a
list of its own). What stands in for a figure or a check until then is a random word that no author can
know.

Nothing here knows files: a complaint is a line and a sentence, and a figure is asked for by its name.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from html import escape, unescape
from html.parser import HTMLParser
from typing import Any, NamedTuple

from lms.text import one_line


class Complaint(NamedTuple):
    """Something wrong, by its line in the file, in words for its author."""

    line: int
    message: str


class Check(NamedTuple):
    """A question as it stands in a lesson's text: GIFT that is still to be read, and its first line."""

    text: str
    line: int


class Link(NamedTuple):
    """A link to a lesson by its file, relative to this one (empty: this lesson), and to a heading in it."""

    target: str
    anchor: str
    line: int


@dataclass
class Rendered:
    """A text as html. `whole` is false where something of it could not be drawn and is missing."""

    parts: list[str | Check] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    anchors: tuple[str, ...] = ()
    words: int = 0
    whole: bool = True

    @property
    def html(self) -> str:
        return "".join(part for part in self.parts if isinstance(part, str))


# A figure's SVG by its name in the lesson's folder; None where there is no such file.
Figures = Callable[[str], str | None]

# Words that the renderer itself puts into a lesson, in the lesson's language (not the reader's).
_WORDS = {
    "en": {
        "sources": "Sources",
        "back": "Back to the text",
        "table": "Table",
        "mistake": "A common mistake",
        "desk": "Try it at your desk",
        "example": "Example",
        "note": "Note",
    },
    "fr": {
        "sources": "Sources",
        "back": "Retour au texte",
        "table": "Tableau",
        "mistake": "Une erreur fréquente",
        "desk": "À faire à votre bureau",
        "example": "Exemple",
        "note": "Remarque",
    },
    "ar": {
        "sources": "المصادر",
        "back": "العودة إلى النص",
        "table": "جدول",
        "mistake": "خطأ شائع",
        "desk": "جرّب في مكتبك",
        "example": "مثال",
        "note": "ملاحظة",
    },
}
# How an office learns of migrants (people.models.INFRASTRUCTURES): a case of each kind may stand in a lesson, and
# whoever works with that kind of data reads theirs first.
CASES = ("case-register", "case-permits", "case-census", "case-mixed")
NOTES = ("mistake", "desk", "example", "note", *CASES)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TAGS = _names("""
    p h2 h3 h4 ul ol li strong em b i code pre blockquote a sup sub hr br abbr kbd s del ins mark small cite
    q span table caption thead tbody tfoot tr th td div section details summary figure figcaption dl dt dd
    """)
# Without the paragraph that Markdown puts around a line: it goes, and nobody is told.
_INLINE_TAGS = _names("strong em b i code a sup sub br abbr kbd s del ins mark small cite q span")
_ATTRIBUTES = {
    "*": {"lang", "dir", "class", "id", "title"},
    "a": {"href", "aria-label"},
    "div": {"role", "tabindex", "aria-label"},
    "section": {"aria-labelledby"},
    "th": {"scope", "colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
    "ol": {"start"},
}
_CLASSES = _names(
    "num note mistake desk example figure scroll sources footnote-ref footnote-backref arithmatex formula"
) | set(CASES)
_VALUES = {  # the values that an attribute may have, where not every value may stand there
    "id": re.compile(r"s-[\w-]*|fn(ref\d*)?:[\w.-]+|sources"),
    "role": re.compile("region"),
    "tabindex": re.compile("0"),
    "scope": re.compile("col|row"),
    "dir": re.compile("ltr|rtl|auto"),
    "lang": re.compile("[A-Za-z0-9-]{1,35}"),
}
_GONE_WITH_CONTENT = _names("script style title desc foreignObject template noscript iframe object")

_MATH_TAGS = _names("""
    math mrow mi mo mn ms mtext mspace msup msub msubsup mfrac msqrt mroot mover munder munderover mstyle
    mpadded mphantom mtable mtr mtd mmultiscripts mprescripts none menclose """)
_MATH_ATTRIBUTES = _names("""
    display mathvariant stretchy fence form largeop movablelimits accent accentunder lspace rspace minsize
    maxsize symmetric separator displaystyle scriptlevel linethickness width height depth columnalign
    rowspacing columnspacing columnlines rowlines notation """)
_SVG_TAGS = _names("""
    svg g path rect circle ellipse line polyline polygon text tspan defs marker linearGradient
    radialGradient stop clipPath mask pattern """)
_SVG_ATTRIBUTES = _names("""
    class id viewBox d x y x1 x2 y1 y2 dx dy cx cy r rx ry width height points transform fill fill-opacity
    fill-rule stroke stroke-width stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin
    stroke-opacity opacity text-anchor dominant-baseline alignment-baseline font-size font-weight font-style
    font-family letter-spacing textLength lengthAdjust marker-start marker-mid marker-end markerWidth
    markerHeight markerUnits refX refY orient offset stop-color stop-opacity gradientUnits gradientTransform
    spreadMethod clip-path clip-rule clipPathUnits mask maskUnits maskContentUnits patternUnits
    patternContentUnits patternTransform preserveAspectRatio vector-effect rotate direction unicode-bidi
    lang """)
# What drawing programs write and what draws nothing: it goes, and nobody needs to be told.
_SVG_IDLE = re.compile(r"(xmlns|version|role|aria-[a-z]+|focusable|xml:[a-z]+|xmlns:[a-z]+)\Z")

_LOCK = threading.RLock()  # Markdown's own object is not made for two threads


def lesson(source: str, language: str, figures: Figures, first_line: int = 1) -> Rendered:
    """A lesson's body. `first_line` is the line of the file on which `source` begins."""
    done = Rendered()
    lines = source.split("\n")
    nonce = f"x{secrets.token_hex(16)}x"
    prose, checks = _take_checks(lines, nonce, first_line, done)
    done.complaints += _read_lines(prose, first_line)
    page = _Page(language, nonce, figures, prose, first_line, done, _TAGS)
    with _LOCK:
        html = _convert(_lesson_markdown(), "\n".join(prose), page)
        done.anchors = tuple(page.anchors)
    for part in re.split(rf"<p>{nonce}c(\d+)</p>", html):
        # The split leaves html, number, html, number, … and each stretch of html is sanitised alone, so that
        # what an author left open cannot reach over a check.
        if len(done.parts) % 2:
            done.parts.append(checks[int(part)])
        else:
            done.parts.append(page.finish(part))
    done.words = sum(_word_count(part) for part in done.parts if isinstance(part, str))
    done.parts = [part for part in done.parts if isinstance(part, Check) or part.strip()]
    return done


def inline(source: str, language: str, first_line: int = 1) -> Rendered:
    """Markdown that stays in its line: an option, a feedback, a caption. Blocks in it are not read."""
    return _short(source, language, first_line, _inline_markdown, _INLINE_TAGS)


def block(source: str, language: str, first_line: int = 1) -> Rendered:
    """Markdown of several paragraphs with tables and formulas: the stem of a question marked `[markdown]`."""
    return _short(source, language, first_line, _block_markdown, _TAGS)


def _short(source: str, language: str, first_line: int, markdown: Callable[[], Any], tags: frozenset[str]) -> Rendered:
    done = Rendered()
    lines = source.split("\n")
    page = _Page(language, "", lambda name: None, lines, first_line, done, tags)
    done.complaints += [Complaint(first_line + n, message) for n, message in _lone_dollars(lines)]
    if markdown is _inline_markdown:
        source = one_line(source)
    with _LOCK:
        html = _convert(markdown(), source, page)
    done.parts = [page.finish(html).strip()]
    return done


def _convert(markdown: Any, source: str, page: _Page) -> str:
    markdown.reset()
    markdown.page = page
    try:
        html = str(markdown.convert(source))
    except Exception:  # RecursionError, where something is nested a thousand deep: the parser is spoilt
        for made in (_lesson_markdown, _block_markdown, _inline_markdown):
            made.cache_clear()
        raise
    page.anchors = [token["id"].removeprefix("s-") for token in _flat(getattr(markdown, "toc_tokens", []))]
    return html


def _flat(tokens: list[Any]) -> Iterator[Any]:
    for token in tokens:
        yield token
        yield from _flat(token["children"])


def _word_count(html: str) -> int:
    """The words that are read as text: no tables, figures, formulas, sources."""
    html = re.sub(r"<(table|svg|math|sup)\b.*?</\1>", " ", SOURCES.split(html)[0], flags=re.DOTALL)
    return len(re.findall(r"\w+(?:[’'.,-]\w+)*", unescape(re.sub(r"<[^>]*>", " ", html))))


# --- Reading the source by its lines: what Markdown forgets and an author needs is the line ---


def _fences(lines: list[str]) -> Iterator[tuple[int, str, str]]:
    """Each line with its number from 0 and what it is: `open`, `in` or `close` of a fenced block, or `text`.

    The info of the fence that is open follows `open` after a space.
    """
    fence = ""
    for n, line in enumerate(lines):
        if fence:
            closes = re.fullmatch(r"\s*(`{3,}|~{3,})\s*", line)
            if closes and closes[1].startswith(fence):
                fence = ""
                yield n, line, "close"
            else:
                yield n, line, "in"
        elif opens := re.match(r"\s*(`{3,}|~{3,})\s*([^`]*)$", line):
            fence = opens[1]
            yield n, line, f"open {opens[2].strip()}"
        else:
            yield n, line, "text"


def _take_checks(lines: list[str], nonce: str, first_line: int, done: Rendered) -> tuple[list[str], list[Check]]:
    """The lines without the fenced checks (as many as before), and the checks; a paragraph stands in for
    each."""
    prose: list[str] = []
    checks: list[Check] = []
    inside: list[str] | None = None
    for n, line, what in _fences(lines):
        if what == "open check":
            inside = []
            if line[0].isspace():
                done.complaints.append(Complaint(first_line + n, "A check begins at the margin, not indented."))
                done.whole = False
            prose.append("")
            checks.append(Check("", first_line + n + 1))
        elif inside is None:
            prose.append(line)
        elif what == "close":
            checks[-1] = Check("\n".join(inside), checks[-1].line)
            prose.append(f"\n{nonce}c{len(checks) - 1}\n")
            inside = None
        else:
            inside.append(line)
            prose.append("")
    if inside is not None:
        done.complaints.append(Complaint(checks[-1].line - 1, "The check is not closed: ``` is missing after it."))
        done.whole = False
        checks.pop()
    return prose, checks


def _plain(lines: list[str]) -> list[str]:
    """The lines with code taken out, blocks and spans, so that what is left is text."""
    kept = [line if what == "text" else "" for _, line, what in _fences(lines)]
    return [re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", line) for line in kept]


def _read_lines(lines: list[str], first_line: int) -> list[Complaint]:
    """What the text itself tells: headings, notes, sources that are cited and given, money signs."""
    found: list[tuple[int, str]] = []
    cited: dict[str, int] = {}
    given: dict[str, int] = {}
    level = 1
    for n, text in enumerate(_plain(lines)):
        line = text
        if heading := re.match(r"(#{1,6})\s+\S", line):
            depth = len(heading[1])
            if depth == 1:
                found.append((n, "A heading begins with ##: the only one of the first level is the title."))
            elif depth > min(level + 1, 4):
                found.append((n, f"A heading of level {depth} follows one of level {level}."))
            level = max(depth, 2)
        if note := re.match(r"\s*!!!\s*([\w-]*)", line):
            if note[1] not in NOTES:
                found.append((n, f"There is no note of the kind “{note[1]}”; there are {', '.join(NOTES)}."))
            if level == 1:
                found.append((n, "A note stands before the first heading (##), so that headings skip a level."))
        if (details := re.match(r"\s*\?\?\?\+?\s*([\w-]*)", line)) and details[1] != "figure":
            found.append((n, "??? opens only the table of a figure: ??? figure “The figure as a table”."))
        if source := re.match(r" {0,3}\[\^([^\]\s]+)\]:(.*)", line):
            name, line = source[1], source[2]
            if name in given:
                found.append((n, f"The source [^{name}] is given twice."))
            if not line.strip():
                found.append((n, f"The source [^{name}] is empty."))
            given.setdefault(name, n)
        for name in re.findall(r"\[\^([^\]\s]+)\]", line):
            cited.setdefault(name, n)
    found += [(cited[name], f"[^{name}] is cited, but no such source is given.") for name in cited.keys() - given]
    found += [(given[name], f"The source [^{name}] is never cited.") for name in given.keys() - cited]
    found += _lone_dollars(lines)
    return [Complaint(first_line + n, message) for n, message in found]


_INLINE_FORMULA = re.compile(r"(?<!\\)\$(?!\s)(?:\\.|[^\\$])+?(?<!\s)\$", re.DOTALL)
_BLOCK_FORMULA = re.compile(r"\s*\$\$(?:\\.|[^\\$])+?\$\$\s*", re.DOTALL)


def _lone_dollars(lines: list[str]) -> Iterator[tuple[int, str]]:
    """The $ signs that open no formula, by line from 0."""
    plain = _plain(lines)
    start = 0
    for end in [*(n for n, line in enumerate(plain) if not line.strip()), len(plain)]:
        paragraph = "\n".join(plain[start:end])
        if "$" in paragraph and not _BLOCK_FORMULA.fullmatch(paragraph):
            rest = _INLINE_FORMULA.sub(lambda m: "\n" * m[0].count("\n"), paragraph.replace(r"\$", ""))
            if (at := rest.find("$")) >= 0:
                line = start + rest.count("\n", 0, at)
                if rest.startswith("$$", at):
                    yield line, "A formula between $$ and $$ stands in a paragraph of its own."
                else:
                    yield line, r"A $ stands alone: a formula has two, and the sign for money is written \$."
        start = end + 1


# --- One text on its way through Markdown ---


class _Page:
    """What one conversion needs to know and leaves behind."""

    def __init__(
        self,
        language: str,
        nonce: str,
        figures: Figures,
        lines: list[str],
        first_line: int,
        done: Rendered,
        tags: frozenset[str],
    ) -> None:
        self.words = _WORDS.get(language, _WORDS["en"])
        self.nonce = nonce  # empty where no figures, checks or links to lessons can stand
        self.figures = figures
        self.lines = lines
        self.first_line = first_line
        self.done = done
        self.tags = tags
        self.anchors: list[str] = []
        self._drawings: list[str] = []

    def line_of(self, pattern: str) -> int:
        """The line on which the pattern is first found; else the first."""
        found = (n for n, line in enumerate(self.lines) if re.search(pattern, line, re.IGNORECASE))
        return self.first_line + next(found, 0)

    def complain(self, line: int, message: str, whole: bool = True) -> None:
        self.done.complaints.append(Complaint(line, message))
        self.done.whole = self.done.whole and whole

    def draw(self, name: str, alt: str) -> str:
        """Draw the figure of that file and its narrow form; the word that stands for them until the end."""
        line = self.line_of(re.escape(f"]({name}"))
        if not alt.strip():
            self.complain(line, f"{name} has no alt text: ![what the figure shows]({name}).")
        if not re.fullmatch(r"[\w-][\w.-]*\.svg", name):
            self.complain(line, f"{name} is not shown: a figure is an SVG file in the lesson's folder.", False)
            return ""
        wide, narrow = self.figures(name), self.figures(name.removesuffix(".svg") + ".narrow.svg")
        if wide is None:
            self.complain(line, f"There is no file {name} in the lesson's folder.", False)
            return ""
        drawn = ""
        for svg, shape in ((wide, " wide" if narrow else ""), (narrow, " narrow")):
            if svg is not None:
                prefix = f"f{len(self._drawings)}{shape.strip()[:1]}-"
                html, complaints = drawing(svg, alt, f"chart{shape}", prefix)
                drawn += html
                for message in complaints:
                    self.complain(line, f"{name}: {message}", bool(html))
        self._drawings.append(drawn)
        return f"{self.nonce}f{len(self._drawings) - 1}x"

    def finish(self, html: str) -> str:
        """Sanitise the html and put our own drawings and formulas into it."""
        import nh3

        for pattern, message in _Seen(self.tags | {"p"}, _ATTRIBUTES, None).read(html):
            self.complain(self.line_of(pattern), message)
        html = nh3.clean(
            html,
            tags=set(self.tags),
            attributes=_ATTRIBUTES,
            attribute_filter=self._value,
            clean_content_tags=set(_GONE_WITH_CONTENT),
            url_schemes={"http", "https", "mailto"},
            link_rel=None,
        )
        html = html.replace("<pre>", '<pre tabindex="0">')  # its long lines scroll, for a keyboard too
        html = _FORMULA.sub(self._formula, html)
        for n, drawn in enumerate(self._drawings):
            html = html.replace(f"{self.nonce}f{n}x", drawn)
        return html

    def _value(self, tag: str, name: str, value: str) -> str | None:
        if name == "class":
            return " ".join(word for word in value.split() if word in _CLASSES) or None
        if name == "href" and tag == "a":
            return self._link(value)
        allowed = _VALUES.get(name)
        return value if allowed is None or allowed.fullmatch(value) else None

    def _link(self, address: str) -> str | None:
        """A link as it is printed. One to a lesson still names the file: the index knows its address."""
        if re.match(r"(https?://|mailto:|#fn(ref\d*)?:)", address):
            return address
        line = self.line_of(re.escape(address))
        target, _, anchor = address.partition("#")
        if target.startswith("/") or ":" in target:
            self.complain(line, f"The link {address} is not allowed: link to a lesson by its file, 02-name.md.")
            return None
        if not self.nonce:
            self.complain(line, f"A question cannot link to a lesson ({address}): it names one by its tag.")
            return None
        self.done.links.append(Link(target, anchor, line))
        return (f"{LINK}{target}" if target else "") + (f"#s-{anchor}" if anchor else "") or None

    def _formula(self, found: re.Match[str]) -> str:
        latex = unescape(found["latex"]).strip()
        html, complaint = formula(latex, block=found["tag"] == "div")
        if complaint:
            first = latex.split("\n")[0]
            self.complain(self.line_of(re.escape(first)), f"The formula {first} cannot be drawn: {complaint}.", False)
        return html


SOURCES = re.compile(r'<section [^>]*class="sources"')
LINK = "lesson-file:"  # begins the address of a link that the index still has to fill in
_FORMULA = re.compile(r'<(?P<tag>span|div) class="arithmatex">\\[(\[](?P<latex>[^<]*?)\\[)\]]</(?P=tag)>')


def formula(latex: str, block: bool = False) -> tuple[str, str]:
    """LaTeX as MathML, and what is wrong with it (empty: nothing). What cannot be drawn is shown as
    written."""
    import nh3
    from latex2mathml.converter import convert

    as_written = f"<code>{escape(latex)}</code>"
    bare = re.sub(r"\\.", "", latex)
    if bare.count("{") != bare.count("}"):
        return as_written, "its braces do not close"
    try:
        mathml = convert(latex, display="block" if block else "inline")
    except Exception as error:  # its errors have no base of their own, and no text
        return as_written, re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__.removesuffix("Error")).lower()
    if unknown := re.search(r"<m[ion]>(\\[A-Za-z]+)", mathml):
        return as_written, f"{unknown[1]} is not known"
    # The converter does not escape what stands in \text{…}, and knows \href and \style: hence the sanitiser.
    mathml = nh3.clean(
        mathml,
        tags=set(_MATH_TAGS),
        attributes={"*": set(_MATH_ATTRIBUTES)},
        clean_content_tags=set(_GONE_WITH_CONTENT),
        link_rel=None,
    )
    mathml = mathml.replace("<math", '<math dir="ltr"', 1)
    return (f'<div class="formula" tabindex="0">{mathml}</div>' if block else mathml), ""


def drawing(svg: str, alt: str, css_class: str, prefix: str) -> tuple[str, list[str]]:
    """An SVG file as an element of the page, and what was taken out of it. Empty when it is no SVG file.

    Its root is made anew (class, size, alt text); `prefix` goes before its ids, so that two figures on a page
    do not share one.
    """
    import nh3

    complaints = []

    def value(_tag: str, name: str, value: str) -> str | None:
        if name == "id":
            return prefix + value
        if name != "class" and re.search(r"url\s*\(", value, re.IGNORECASE):
            if not re.fullmatch(r"url\(#[\w-]+\)", value):
                complaints.append(f"{name}=“{value}” points out of the file and was taken out.")
                return None
            return value.replace("#", f"#{prefix}")
        return value

    start = svg.find("<svg")
    dropped = _Seen(_SVG_TAGS | {"title", "desc"}, {"*": set(_SVG_ATTRIBUTES)}, _SVG_IDLE).read(svg[max(start, 0) :])
    clean = nh3.clean(
        svg[max(start, 0) :],
        tags=set(_SVG_TAGS),
        attributes={"*": set(_SVG_ATTRIBUTES)},
        attribute_filter=value,
        clean_content_tags=set(_GONE_WITH_CONTENT),
        link_rel=None,
    ).strip()
    root = re.fullmatch(r"<svg\b([^>]*)>(.*)</svg>", clean, re.DOTALL)
    box = re.search(r'viewBox="([^"]*)"', root[1]) if root else None
    size = re.fullmatch(r"\s*-?[\d.]+[\s,]+-?[\d.]+[\s,]+([\d.]+)[\s,]+([\d.]+)\s*", box[1]) if box else None
    if start < 0 or root is None:
        return "", ["this is not an SVG file."]
    if box is None or size is None:
        return "", ["it has no viewBox, so that its size is not known."]
    complaints += [message for _, message in dropped]
    return (
        f'<svg class="{css_class}" viewBox="{box[1]}" width="{size[1]}" height="{size[2]}" role="img" '
        f'aria-label="{escape(alt)}">{root[2].strip()}</svg>'
    ), complaints


# --- What is taken out, so that it can be said ---


class _Seen(HTMLParser):
    """Lists the elements and attributes that a sanitiser with these lists takes out. It tells; nh3 acts."""

    def __init__(self, tags: frozenset[str], attributes: dict[str, set[str]], idle: re.Pattern[str] | None) -> None:
        super().__init__()
        self._tags = {tag.lower() for tag in tags}
        self._attributes = {tag: {name.lower() for name in names} for tag, names in attributes.items()}
        self._idle = idle
        self.dropped: list[tuple[str, str]] = []  # a pattern that finds it in the source, and the message

    def read(self, html: str) -> list[tuple[str, str]]:
        try:
            self.feed(html)
            self.close()
        except AssertionError:  # its answer to a declaration that it does not know
            self.dropped.append((r"<!\[", "A declaration <![…] is not allowed and was taken out."))
        return list(dict.fromkeys(self.dropped))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            say = 'A figure stands in a paragraph of its own, by its file: ![alt text](name.svg "caption").'
            self.dropped.append((r"<\s*img|!\[", say))
            return
        if tag not in self._tags:
            self.dropped.append((rf"<\s*{re.escape(tag)}", f"<{tag}> is not allowed and was taken out."))
            return
        known = self._attributes.get("*", set()) | self._attributes.get(tag, set())
        for name, value in attrs:
            if name not in known and not (self._idle and self._idle.match(name)):
                where = rf"\b{re.escape(name)}\s*="
                self.dropped.append((where, f"The attribute {name} is not allowed in <{tag}> and was taken out."))
            elif name == "href" and not _relative_or_web(value or ""):
                where = re.escape((value or "")[:20])
                self.dropped.append((where, f"The link {value} is not allowed and was taken out."))


def _relative_or_web(address: str) -> bool:
    scheme = re.match(r"\s*([A-Za-z][A-Za-z0-9+.-]*)\s*:", re.sub(r"[\x00-\x20]", "", address))
    return scheme is None or scheme[1].lower() in ("http", "https", "mailto")


# --- Markdown itself, made once a process and only when something has to be rendered ---


@cache
def _lesson_markdown() -> Any:
    from markdown import Markdown
    from markdown.extensions.toc import slugify_unicode

    md = Markdown(
        extensions=[
            "tables",
            "footnotes",
            "admonition",
            "def_list",
            "abbr",
            "sane_lists",
            "fenced_code",
            "toc",
            "pymdownx.details",
            "pymdownx.arithmatex",
        ],
        extension_configs={
            "tables": {"use_align_attribute": True},
            "footnotes": {"BACKLINK_TEXT": "↑"},
            "toc": {"marker": "", "slugify": lambda text, separator: f"s-{slugify_unicode(text, separator)}"},
            "pymdownx.arithmatex": {"generic": True},
        },
    )
    md.parser.blockprocessors.register(_figure_processor()(md.parser), "figure", 18)
    md.treeprocessors.register(_shape_processor()(md), "shape", 4)
    return md


@cache
def _block_markdown() -> Any:
    from markdown import Markdown

    md = Markdown(
        extensions=["tables", "sane_lists", "pymdownx.arithmatex"],
        extension_configs={"tables": {"use_align_attribute": True}, "pymdownx.arithmatex": {"generic": True}},
    )
    for name in ("hashheader", "setextheader", "hr", "reference"):
        md.parser.blockprocessors.deregister(name)
    md.treeprocessors.register(_shape_processor()(md), "shape", 4)
    return md


@cache
def _inline_markdown() -> Any:
    from markdown import Markdown

    md = Markdown(extensions=["pymdownx.arithmatex"], extension_configs={"pymdownx.arithmatex": {"generic": True}})
    for name in (
        "indent",
        "code",
        "hashheader",
        "setextheader",
        "hr",
        "olist",
        "ulist",
        "quote",
        "reference",
    ):
        md.parser.blockprocessors.deregister(name)
    return md


@cache
def _figure_processor() -> Any:
    from markdown.blockprocessors import BlockProcessor
    from markdown.util import AtomicString

    class FigureProcessor(BlockProcessor):  # type: ignore[misc]
        """A paragraph that is one image: a figure with its caption."""

        IMAGE = re.compile(r'!\[(?P<alt>.*?)\]\((?P<name>\S+?)(?:\s+"(?P<caption>.*)")?\s*\)', re.DOTALL)

        def test(self, parent: Any, block: str) -> bool:
            return self.IMAGE.fullmatch(block.strip()) is not None

        def run(self, parent: Any, blocks: list[str]) -> None:
            from xml.etree.ElementTree import SubElement

            page: _Page = self.parser.md.page
            image = self.IMAGE.fullmatch(blocks.pop(0).strip())
            assert image is not None  # noqa: S101 - test() said so
            figure = SubElement(parent, "figure")
            figure.text = AtomicString(page.draw(image["name"], image["alt"]))
            if image["caption"]:
                SubElement(figure, "figcaption").text = one_line(image["caption"])
            if not (blocks and re.match(r"\s*\?\?\?\+?\s*figure\b", blocks[0])):
                line = page.line_of(re.escape(f"]({image['name']}"))
                say = "The figure has no table as its twin: ??? figure “The figure as a table” after it."
                page.complain(line, say)

    return FigureProcessor


@cache
def _shape_processor() -> Any:
    from markdown.treeprocessors import Treeprocessor

    class ShapeProcessor(Treeprocessor):  # type: ignore[misc]
        """Gives Markdown's elements the shape and classes of the look."""

        def run(self, root: Any) -> None:
            self.words = self.md.page.words
            self.label = self.words["table"]
            self.labels: list[str] = []
            self.walk(root)

        def walk(self, parent: Any) -> None:
            for place, child in enumerate(list(parent)):
                if child.tag == "h1":
                    child.tag = "h2"
                if child.tag in ("h2", "h3", "h4", "summary"):
                    self.label = _spoken("".join(child.itertext())) or self.label
                kinds = child.get("class", "").split()
                if child.tag == "table":
                    parent[place] = self.framed(child)
                elif child.tag == "div" and kinds[:1] == ["admonition"]:
                    self.note(child, kinds[1:])
                elif child.tag == "div" and kinds == ["footnote"]:
                    self.sources(child)
                elif child.tag == "a" and kinds == ["footnote-backref"]:
                    child.attrib.pop("title", None)
                    child.set("aria-label", self.words["back"])
                label = self.label
                self.walk(child)
                if child.tag in ("div", "details"):  # a heading in a note is none of what follows the note
                    self.label = label

        def framed(self, table: Any) -> Any:
            """A table in a frame that scrolls and that a keyboard reaches; numbers at the end of their
            cells."""
            for cell in table.iter():
                if cell.attrib.pop("align", "") == "right":
                    cell.set("class", "num")
                if cell.tag == "thead":
                    for head in cell.iter("th"):
                        head.set("scope", "col")
            self.labels.append(self.label)
            count = self.labels.count(self.label)  # two regions of a page do not have one name
            label = self.label if count == 1 else f"{self.label} ({count})"
            frame = table.makeelement("div", {"class": "scroll", "tabindex": "0", "role": "region"})
            frame.set("aria-label", label)
            frame.append(table)
            frame.tail, table.tail = table.tail, None
            return frame

        def note(self, note: Any, kinds: list[str]) -> None:
            kind = kinds[0] if kinds else "note"
            note.set("class", "note" if kind == "note" else f"note {kind}")
            title = note[0] if len(note) and note[0].get("class") == "admonition-title" else None
            if title is not None:
                title.tag = "h3"
                del title.attrib["class"]
                if title.text == kind.capitalize():  # what the extension writes where the author wrote none
                    title.text = self.words.get(kind, title.text)

        def sources(self, footnotes: Any) -> None:
            footnotes.tag = "section"
            footnotes.attrib.clear()
            footnotes.set("class", "sources")
            footnotes.set("aria-labelledby", "sources")
            for rule in footnotes.findall("hr"):
                footnotes.remove(rule)
            heading = footnotes.makeelement("h2", {"id": "sources"})
            heading.text = self.words["sources"]
            footnotes.insert(0, heading)

    return ShapeProcessor


def _spoken(text: str) -> str:
    """A heading as a label: without what Markdown keeps aside, and without the marks of a formula."""
    return " ".join(re.sub(r"\x02.*?\x03|\\[()\[\]]", "", text).split())
