"""Cases by type of data: one's own first, nothing else moves."""

from __future__ import annotations

from taught import check_block, lesson, write

from config import ROOT
from lms.curriculum import cases, index
from lms.curriculum.preview import app_for
from lms.people.models import INFRASTRUCTURES

FOUR = "".join(
    f'!!! case-{kind} "The case of {kind}"\n    A text of {kind} with a table.\n\n    | a |\n    |---|\n    | 1 |\n\n'
    for kind in ("register", "permits", "census", "mixed")
)


def order(html: str) -> list[str]:
    found = sorted((html.index(f"The case of {kind}"), kind) for kind in ("register", "permits", "census", "mixed"))
    return [kind for _at, kind in found]


def test_ones_own_case_comes_first_and_the_others_keep_their_order(tmp_path):
    text = lesson().replace("## Rules", "## Rules\n\n" + FOUR + "After them.\n", 1)
    body = index.load(write(tmp_path, {"en/concepts/01-who.md": text})).lesson("who").body
    html = "".join(part for part in body if isinstance(part, str))
    assert order(html) == ["register", "permits", "census", "mixed"]
    own = "".join(part for part in cases.own_first(body, "census") if isinstance(part, str))
    assert order(own) == ["census", "register", "permits", "mixed"]
    assert sorted(own.split()) == sorted(html.split()) and own.index("After them") > own.index("The case of mixed")
    assert cases.own_first(body, "unknown") == tuple(
        part.replace("</div>\n\n<div", "</div>\n<div") if isinstance(part, str) else part for part in body
    )


def test_every_lesson_with_cases_has_one_for_each_type():
    content = index.load(ROOT / "content")
    for module in content.modules:
        for one in module.written:
            html = "".join(part for part in one.body if isinstance(part, str))
            kinds = {kind for kind in INFRASTRUCTURES if f"note case-{kind}" in html}
            assert kinds in (set(), set(INFRASTRUCTURES) - {"unknown"}), one.id


def test_the_preview_shows_lessons_without_a_database_and_says_when_a_file_changed(tmp_path):
    folder = write(tmp_path, {})
    client = app_for(folder).test_client()
    assert "Who is a migrant?" in client.get("/").text
    page = client.get("/en/who").text
    assert "words" in page and "✓" in page and client.get("/fr/who").status_code == 200
    before = client.get("/stamp").text
    write(folder, {"en/concepts/03-new.md": lesson("new") + check_block("n9")})
    assert client.get("/stamp").text != before
    assert client.get("/en/none").status_code == 404 and client.get("/xx/who").status_code == 404
    assert client.get("/static/look.css").status_code == 200 and client.get("/preview.js").status_code == 200
