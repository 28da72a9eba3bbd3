"""A certificate as a PDF. Imported by the worker alone: WeasyPrint is large, and the web has no use for it.

One file is PDF/A-3a and PDF/UA-1. The same snapshot makes the same bytes again on one machine; other versions
of the libraries make others, which is why a certificate is rendered once and stored.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from flask import render_template
from flask_babel import force_locale

from lms.certificates import queries, rules

FONTS = Path(__file__).parent / "fonts"
# Read by the font library when WeasyPrint first asks it: on every machine, our fonts and no others.
os.environ["FONTCONFIG_FILE"] = str(FONTS / "fonts.conf")

import pydyf  # noqa: E402
import segno  # noqa: E402
from fontTools.ttLib import TTFont  # noqa: E402
from weasyprint import CSS, HTML  # noqa: E402
from weasyprint.text.fonts import FontConfiguration  # noqa: E402
from weasyprint.urls import URLFetcher, URLFetcherResponse  # noqa: E402

PAGE = (297.0, 210.0)  # mm
RING_CENTRE = (262.0, 76.0)  # mm from the left and the top; mirrored where one writes from the right
QR_ADDRESS = "certificate:qr"
_POINTS = 72 / 25.4
_PAPER = (0xFD, 0xFB, 0xF7)
_HEART = (0x8A, 0x3B, 0x12)
_OTHER_SCRIPTS = (
    "NotoSansGeorgian-Bold",
    "NotoSansArmenian-Bold",
    "NotoSansHebrew-Bold",
    "NotoSansThai-Bold",
)
_NAME_FONTS = ("NotoSerif-Bold", "NotoNaskhArabic-Bold", *_OTHER_SCRIPTS)
_TEXT_FONTS = ("NotoSans-Bold", "NotoSansArabic-Bold", *_OTHER_SCRIPTS)  # the bold are the wider ones

# What XMP must say for PDF/UA-1, with its schema, which PDF/A wants described. WeasyPrint says only PDF/A.
_UA = b"""<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" pdfuaid:part="1"/>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA Universal Accessibility Schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name><pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Indicates, which part of ISO 14289 standard is followed</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>
"""


class _OurBytes(URLFetcher):  # type: ignore[misc]
    """Fetches the QR code of this certificate, from memory, and nothing else from anywhere."""

    def __init__(self, qr: bytes) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False, fail_on_errors=True)
        self._qr = qr

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        if url != QR_ADDRESS:
            raise ValueError(f"a certificate fetches nothing: {url}")
        return URLFetcherResponse(url, self._qr, {"Content-Type": "image/png"})


@cache
def _widths(name: str) -> dict[int, float]:
    """The code points that a font has, and how wide each is, in ems."""
    with TTFont(FONTS / f"{name}.ttf", lazy=True) as font:
        metrics, em = font["hmtx"].metrics, font["head"].unitsPerEm
        return {point: metrics[glyph][0] / em for point, glyph in font.getBestCmap().items()}


@cache
def known_characters() -> frozenset[int]:
    """The code points that the fonts in our folder can draw."""
    return frozenset(point for path in FONTS.glob("*.ttf") for point in _widths(path.stem))


def missing_letters(snapshot: dict[str, Any]) -> str:
    """The characters of a certificate that no font of ours has; none where it can be printed."""
    with force_locale(snapshot["language"]):
        printed = queries.printed(snapshot)
    facts = [text for fact in (*printed.facts, *printed.places) for text in (fact.label, fact.value)]
    lessons = [text for lesson in printed.lessons for text in (lesson.title, lesson.length)]
    texts = [printed.name, printed.name_latin, printed.kind, printed.sentence, *lessons, *facts]
    return rules.missing_letters(texts, known_characters())


def _width(text: str, fonts: Sequence[str]) -> float:
    """How wide a text is at most, in ems: letters that join or kern take less."""
    tables = [_widths(name) for name in fonts]
    return 1.02 * sum(next((t[ord(c)] for t in tables if ord(c) in t), 0.6) for c in text)


def _lines(text: str, fonts: Sequence[str], size: float, room: float) -> int:
    """How many lines a text takes at that size in that room (points), broken as the page breaks it."""
    lines, used, space = 1, 0.0, 0.3 * size
    for word in text.split():
        width = _width(word, fonts) * size
        if used and used + space + width > room:
            lines, used = lines + 1, 0.0
        more, rest = divmod(width, room)  # a word that is longer than a line is broken anywhere
        lines += int(more)
        used = rest if more else used + (space if used else 0) + width
    return lines


Item = TypeVar("Item")


@dataclass(frozen=True)
class Sizes:
    """Type sizes in points."""

    name: float
    latin: float
    text: float


# From the largest on: size in points, and how many lines of it are still beautiful.
_NAME_STEPS = (
    (33, 1),
    (30, 1),
    (27, 1),
    (24, 1),
    (22, 1),
    (24, 2),
    (20, 3),
    (16, 4),
    (14, 5),
    (12, 7),
    (10, 9),
)
_TEXT_STEPS = (13.0, 12.0, 11.0, 10.0, 9.0, 8.0, 7.0)
_NAME_ROOM, _TEXT_ROOM, _HEIGHT = 160 * _POINTS, 128 * _POINTS, 79 * _POINTS


def sizes(name: str, latin: str, text: str, lessons: Sequence[str]) -> Sizes:
    """The largest sizes at which everything has room: a name shrinks, then wraps, then the text shrinks."""
    size, _most = next(
        (step for step in _NAME_STEPS if _lines(name, _NAME_FONTS, step[0], _NAME_ROOM) <= step[1]),
        _NAME_STEPS[-1],
    )
    latin_size = next((s for s in (15, 13, 11) if _lines(latin, _TEXT_FONTS, s, _NAME_ROOM) <= 1), 9) if latin else 0
    above = size * 1.25 * _lines(name, _NAME_FONTS, size, _NAME_ROOM)
    if latin:
        above += latin_size * 1.5 * _lines(latin, _TEXT_FONTS, latin_size, _NAME_ROOM)
    for text_size in _TEXT_STEPS:
        taken = 1.55 * _lines(text, _TEXT_FONTS, text_size, _TEXT_ROOM)
        taken += 1.45 * 0.8 * _list_lines(lessons, text_size * 0.8)
        if above + taken * text_size <= _HEIGHT:
            break
    return Sizes(size, latin_size, text_size)


def _columns(lessons: Sequence[Item]) -> list[Sequence[Item]]:
    """The lessons as they stand: one list, or from five on two beside each other."""
    half = (len(lessons) + 1) // 2
    return [lessons[:half], lessons[half:]] if len(lessons) > 4 else [lessons]


def _list_lines(lessons: Sequence[str], size: float) -> int:
    """How many lines high the list of lessons is."""
    columns = _columns(lessons)
    room = (_TEXT_ROOM if len(columns) == 1 else 63 * _POINTS) - 6 * _POINTS
    return max(sum(_lines(lesson, _TEXT_FONTS, size, room) for lesson in column) for column in columns)


@cache
def _style() -> tuple[FontConfiguration, CSS]:
    fonts = FontConfiguration()
    return fonts, CSS(filename=FONTS.parent / "certificate.css", font_config=fonts)


def qr_code(address: str) -> segno.QRCode:
    """The QR code of an address. With a fixed mask: choosing the best of eight costs more than the rest."""
    return segno.make(address, error="m", micro=False, mask=3, boost_error=False)


def _png(code: segno.QRCode) -> bytes:
    out = io.BytesIO()
    code.save(out, kind="png", scale=1, border=0)  # one bit a module; the page enlarges it without smoothing
    return out.getvalue()


def pdf(snapshot: dict[str, Any], created_at: datetime, public_url: str) -> bytes:
    """The certificate of a snapshot, as the bytes of a PDF of one page.

    `created_at` becomes the file's own date. Raises `ValueError` where the page would not hold everything.
    """
    with force_locale(snapshot["language"]):
        printed = queries.printed(snapshot)
        latin = printed.name_latin
        lessons = [f"{lesson.number} {lesson.title} {lesson.length}" for lesson in printed.lessons]
        kinds = sizes(printed.name, latin, printed.sentence, lessons)
        address = f"{public_url}/verify/{printed.code}"
        text = render_template(
            "certificates/certificate.html",
            printed=printed,
            columns=_columns(printed.lessons),
            language=snapshot["language"],
            right_to_left=queries.right_to_left(snapshot["language"]),
            qr=QR_ADDRESS,
            address=address,
            short_address=address.partition("://")[2].rpartition("/")[0],
            created=created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
    fonts, style = _style()
    sized = CSS(
        string=f"h1 {{ font-size: {kinds.name}pt }} .latin {{ font-size: {kinds.latin}pt }} "
        f".body {{ font-size: {kinds.text}pt }}",
        font_config=fonts,
    )
    fetch = _OurBytes(_png(qr_code(address)))
    document = HTML(string=text, url_fetcher=fetch).render(font_config=fonts, stylesheets=[style, sized])
    if len(document.pages) != 1:
        raise ValueError(f"certificate {printed.code} takes {len(document.pages)} pages")
    said = document.metadata.generate_rdf_metadata
    document.metadata.generate_rdf_metadata = lambda *of: said(*of).replace(b"</rdf:RDF>", _UA + b"</rdf:RDF>")
    mirrored = queries.right_to_left(snapshot["language"])
    lines = rules.ring_lines([lesson["minutes"] for lesson in snapshot["lessons"]], printed.code)
    data: bytes = document.write_pdf(
        pdf_variant="pdf/a-3a",
        pdf_identifier=hashlib.sha256(printed.code.encode()).hexdigest()[:32].encode(),
        finisher=lambda _document, file: _draw_under(file, _rings(lines, mirrored)),
    )
    return data


def _rings(lines: Sequence[rules.Line], mirrored: bool) -> list[bytes]:
    """The paper and the rings as PDF operators, marked as an artifact: decoration that is not read aloud.

    Written straight onto the page they cost 1 ms; as SVG they would cost 65.
    """
    x, y = RING_CENTRE[0], PAGE[1] - RING_CENTRE[1]
    operators = [
        "/Artifact BMC q",
        f"{_POINTS:.6f} 0 0 {_POINTS:.6f} 0 0 cm",
        f"{_colour(_PAPER, 0)} rg 0 0 {PAGE[0]:g} {PAGE[1]:g} re f",
        f"{-1 if mirrored else 1} 0 0 1 {PAGE[0] - x if mirrored else x:g} {y:g} cm",
    ]
    for line in lines:
        operators.append(f"{_colour(_HEART, line.strength)} RG {line.width:.2f} w {_closed(line.points)} s")
    operators.append("Q EMC")
    return [operator.encode() for operator in operators]


def _colour(ink: tuple[int, int, int], strength: float) -> str:
    """The ink as it looks on the paper at that strength: opaque, since transparency slows printers."""
    mixed = (paper + (tone - paper) * strength for tone, paper in zip(ink, _PAPER, strict=True))
    return " ".join(f"{value / 255:.3f}" for value in mixed)


def _closed(points: Sequence[tuple[float, float]]) -> str:
    """A smooth closed curve through the points (Catmull-Rom, as Bézier pieces)."""
    count = len(points)
    parts = ["{:.2f} {:.2f} m".format(*points[0])]
    for n in range(count):
        before, here, there, after = (points[(n + step) % count] for step in (-1, 0, 1, 2))
        first = tuple(h + (t - b) / 6 for b, h, t in zip(before, here, there, strict=True))
        second = tuple(t - (a - h) / 6 for h, t, a in zip(here, there, after, strict=True))
        parts.append("{:.2f} {:.2f} {:.2f} {:.2f} {:.2f} {:.2f} c".format(*first, *second, *there))
    return " ".join(parts)


def _draw_under(file: pydyf.PDF, operators: list[bytes]) -> None:
    """Put a stream of operators before everything else on the page."""
    stream = pydyf.Stream(operators, compress=True)
    file.add_object(stream)
    page = next(o for o in file.objects if isinstance(o, dict) and o.get("Type") == "/Page")
    page["Contents"] = pydyf.Array([stream.reference, page["Contents"]])
