"""The certificate as a PDF: one page, everything on it, in the right places, made alike again."""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import segno
from flask import Flask
from pypdf import PdfReader
from settings import make_config

from lms import create_app, db
from lms.certificates import queries, rendering

AT = datetime(2026, 3, 15, 12, tzinfo=UTC)
ADDRESS = "https://training.example.org"
LESSONS = ["Who is a migrant?", "Stocks, flows, moves, people", "Birth, citizenship, background"]
MORE = [
    *LESSONS,
    "Refugees, stateless, workers",
    "The balance must close",
    "Rates and SDG indicators",
    "To data",
    "End",
]
PAGE = (841.9, 595.3)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    app = create_app(make_config(tmp_path_factory.mktemp("pdf")), TESTING=True)
    with app.app_context():
        yield app
    db.engine().dispose()


def snapshot(**given: Any) -> dict[str, Any]:
    lessons = given.pop("titles", LESSONS)
    return {
        "language": "en",
        "time_zone": "UTC",
        "name": "Amina Diallo",
        "name_latin": "",
        "course": "Foundations of migration statistics",
        "what": "lessons 1 to 3 of Concepts",
        "whole": False,
        "lessons": [{"number": n, "title": title, "minutes": 20} for n, title in enumerate(lessons, 1)],
        "minutes": 20 * len(lessons),
        "percent": 88,
        "completed_on": "2026-03-15",
        "valid_until": "2029-03-14",
        "organisations": ["Statistics Tavara"],
        "programme": "Global programme of capacity building on migration statistics",
        "code": "DRM-7F4K-QX2M-9TC1",
        **given,
    }


def made(**given: Any) -> PdfReader:
    return PdfReader(io.BytesIO(rendering.pdf(snapshot(**given), AT, ADDRESS)))


def pieces(file: PdfReader) -> list[tuple[float, float, str]]:
    """Every piece of text with where it begins, in points from the left and from the bottom."""
    found: list[tuple[float, float, str]] = []

    def visit(text: str, cm: list[float], tm: list[float], *_font: Any) -> None:
        x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
        y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
        if text.strip():
            found.append((x, y, text.strip()))

    file.pages[0].extract_text(visitor_text=visit)
    return found


def plain(text: str) -> str:
    return re.sub(r"\s+", "", text)


def text_of(file: PdfReader) -> str:
    return plain(file.pages[0].extract_text())


NAMES = {
    "short": "Li Na",
    "apostrophe": "N'Guessan d'Almeida-Ouédraogo",
    "cyrillic": "Александра Владимировна Кириллова-Ющенко",
    "greek": "Ελένη Παπαδοπούλου",
    "vietnamese": "Đặng Thị Hồng Phượng",
    "georgian": "ნინო კაპანაძე",
    "200 letters in words": ("Maria-Magdalena Wilhelmina " * 8)[:200].strip(),
    "200 letters in one word": "W" * 200,
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_every_printed_field_stands_on_the_one_page_and_inside_of_it(app: Flask, name: str):
    given = {"name": name, "name_latin": "Her Name In Latin", "titles": MORE}
    file = made(**given)
    assert len(file.pages) == 1
    printed = queries.printed(snapshot(**given))
    text = text_of(file)
    fields = [
        printed.kind,
        printed.name,
        printed.name_latin,
        printed.sentence,
        printed.programme,
        printed.code,
    ]
    fields += [field for fact in printed.facts + printed.places for field in (fact.label, fact.value)]
    fields += [field for lesson in printed.lessons for field in (lesson.number, lesson.title, lesson.length)]
    for field in fields:
        assert plain(field) in text
    for x, y, piece in pieces(file):
        assert 0 < x < PAGE[0] and 0 < y < PAGE[1], piece


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("titles", [LESSONS, MORE, ["A lesson with a long title that says much " * 2] * 12])
def test_nothing_is_printed_over_anything_else(app: Flask, name: str, titles: list[str]):
    found = pieces(made(name=name, name_latin="W" * 150 if name.startswith("W") else "", titles=titles))
    facts = next(y for _x, y, piece in found if piece.startswith("Completed"))
    last_lesson = min(y for _x, y, piece in found if "20 min" in piece.replace("\u00a0", " "))
    assert last_lesson > facts + 12
    left_column = [piece for x, y, piece in found if y < facts - 40 and x < 300]
    assert any("Statistics Tavara" in piece for piece in left_column)


def test_an_arabic_certificate_is_laid_out_from_the_right(app: Flask):
    file = made(
        language="ar",
        name="ليلى عبد الرحمن حدّاد",
        name_latin="Layla Haddad",
        what="الدروس ١ إلى ٣ من المفاهيم",
        course="أسس إحصاءات الهجرة",
        titles=["من هو المهاجر؟", "الأرصدة والتدفقات"],
        organisations=["مرصا نور للإحصاء"],
    )
    code = next(x for x, _y, piece in pieces(file) if "DRM-7F4K" in piece)
    latin = next(x for x, _y, piece in pieces(file) if piece.startswith("Layla"))
    assert code < 300 < 500 < latin
    assert file.trailer["/Root"]["/Lang"] == "ar"
    # Amina's stands on the other side.
    assert next(x for x, _y, piece in pieces(made()) if "DRM-7F4K" in piece) > 500


def test_every_font_on_the_page_is_one_of_ours_and_embedded(app: Flask):
    file = made(name="Élise Уедраого ليلى ნინო")
    fonts = file.pages[0]["/Resources"]["/Font"]
    assert len(fonts) >= 4
    for font in fonts.values():
        descendant = font["/DescendantFonts"][0]
        assert "Noto-" in descendant["/BaseFont"]
        assert "/FontFile2" in descendant["/FontDescriptor"] or "/FontFile3" in descendant["/FontDescriptor"]


def test_the_qr_code_carries_the_address_of_the_verification_page(app: Flask):
    image = next(iter(made().pages[0].images)).image
    expected = segno.make(
        f"{ADDRESS}/verify/DRM-7F4K-QX2M-9TC1", error="m", micro=False, mask=3, boost_error=False
    ).matrix
    assert image.size == (len(expected[0]), len(expected))
    dark = [[image.convert("L").getpixel((x, y)) < 128 for x in range(image.width)] for y in range(image.height)]
    assert dark == [[bool(module) for module in row] for row in expected]


def test_the_same_snapshot_makes_the_same_bytes(app: Flask):
    assert rendering.pdf(snapshot(), AT, ADDRESS) == rendering.pdf(snapshot(), AT, ADDRESS)
    assert rendering.pdf(snapshot(), AT, ADDRESS) != rendering.pdf(snapshot(percent=87), AT, ADDRESS)


def test_it_says_that_it_is_pdf_a_and_pdf_ua_and_has_what_they_ask_for(app: Flask):
    file = made()
    root = file.trailer["/Root"]
    metadata = root["/Metadata"].get_data().decode()
    assert metadata.count("<rdf:RDF") == 1
    for said in ('part="3"', 'conformance="A"', 'pdfuaid:part="1"', "pdfaExtension:schemas"):
        assert said in metadata or said.replace('="', ">").replace('"', "<") in metadata
    assert root["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"
    assert root["/MarkInfo"]["/Marked"] and "/StructTreeRoot" in root and root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert file.metadata.title == "Certificate: Amina Diallo"
    assert "/ID" in file.trailer and file.pages[0]["/Tabs"] == "/S"


def test_the_rings_are_drawn_under_the_text_as_an_artifact(app: Flask):
    under, _text = (part.get_object().get_data() for part in made().pages[0]["/Contents"])
    assert under.startswith(b"/Artifact BMC") and under.rstrip().endswith(b"EMC")
    assert under.count(b" s\n") >= 10 and b"BT" not in under


def test_letters_that_no_font_has_are_named(app: Flask):
    assert rendering.missing_letters(snapshot()) == ""
    assert rendering.missing_letters(snapshot(name="Amina 🙂 ⵣⵉ 🙂")) == "🙂ⵣⵉ"
    assert rendering.missing_letters(snapshot(organisations=["統計局"])) == "統計局"
    for name in NAMES.values():
        assert rendering.missing_letters(snapshot(name=name)) == ""


def test_what_is_needed_in_the_languages_of_the_interface_is_there(app: Flask):
    for language in ("en", "fr", "ar"):
        assert rendering.missing_letters(snapshot(language=language)) == ""


@pytest.mark.parametrize("address", ["file:///etc/passwd", "http://127.0.0.1/", "data:text/plain,x", "//host/x"])
def test_nothing_is_fetched_from_anywhere(address: str):
    with pytest.raises(ValueError, match="fetches nothing"):
        rendering._OurBytes(b"").fetch(address)


def test_a_name_is_never_markup(app: Flask):
    name = "<img src=file:///etc/passwd> & <style>*{display:none}</style>"
    file = made(name=name)
    assert plain(name) in text_of(file)
    assert len(list(file.pages[0].images)) == 1
