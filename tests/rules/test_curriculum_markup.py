"""Markdown comes out in the shape of the look, with nothing in it that an author could hurt a reader with."""

import re
import threading
from html.parser import HTMLParser
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms.curriculum import markup

SVG = '<svg viewBox="0 0 640 190"><rect class="bar" x="1" y="2" width="3" height="4"/></svg>'


def lesson(text, figures=None, language="en"):
    return markup.lesson(dedent(text).lstrip("\n"), language, (figures or {}).get)


def html(text, figures=None, language="en"):
    return lesson(text, figures, language).html


def complaints(text, figures=None):
    return [(c.line, c.message) for c in lesson(text, figures).complaints]


class Elements(HTMLParser):
    """All elements and attributes of a page, and whether its elements close in order."""

    VOID = {"br", "hr", "img", "input"}

    def __init__(self, text):
        super().__init__()
        self.found, self.open, self.balanced = [], [], True
        self.feed(text)
        self.balanced = self.balanced and not self.open

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.balanced = False


# --- the shape ---


def test_tables_scroll_in_a_named_frame_with_numbers_at_the_end():
    out = html("## Three rules\n\n| Rule | N |\n|:--|--:|\n| a | 1 |\n")
    frame = next(attrs for tag, attrs in Elements(out).found if tag == "div")
    assert frame == {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": "Three rules"}
    assert '<th class="num" scope="col">N</th>' in out
    assert '<td class="num">1</td>' in out
    assert "<td>a</td>" in out


def test_no_two_tables_of_a_page_have_one_name():
    table = "\n\n| a |\n|---|\n| b |\n\n"
    out = html(f'## Rules{table}And{table}!!! note "Aside"\n    | a |\n    |---|\n    | b |\n\nMore{table}')
    assert re.findall('aria-label="([^"]*)"', out) == ["Rules", "Rules (2)", "Aside", "Rules (3)"]


def test_no_inline_style_is_ever_written():
    out = html("| a | b | c |\n|:-:|--:|:--|\n| 1 | 2 | 3 |\n\n<p style='color:red'>x</p>\n\n$\\style{color:red}{x}$")
    assert "style" not in out
    assert "align=" not in out


def test_notes_have_the_classes_of_the_look():
    out = html('## A\n\n!!! mistake "A common mistake"\n    Counting **each** entry.\n\n!!! note "So"\n    x\n')
    assert '<div class="note mistake">\n<h3>A common mistake</h3>' in out
    assert '<div class="note">\n<h3>So</h3>' in out


@pytest.mark.parametrize(
    ("language", "kind", "title"),
    [
        ("en", "desk", "Try it at your desk"),
        ("fr", "mistake", "Une erreur fréquente"),
        ("ar", "mistake", "خطأ شائع"),
        ("pt", "example", "Example"),
    ],
)
def test_a_note_without_a_title_is_named_in_the_lesson_s_language(language, kind, title):
    assert f"<h3>{title}</h3>" in html(f"## A\n\n!!! {kind}\n    x\n", language=language)


@pytest.mark.parametrize(("language", "heading"), [("en", "Sources"), ("fr", "Sources"), ("ar", "المصادر")])
def test_footnotes_are_the_sources(language, heading):
    out = html("Text.[^a]\n\n[^a]: The source.\n", language=language)
    assert f'<h2 id="sources">{heading}</h2>' in out
    assert '<sup id="fnref:a"><a class="footnote-ref" href="#fn:a">1</a></sup>' in out
    assert '<li id="fn:a">' in out
    assert "Jump back" not in out


def test_headings_have_ids_that_no_page_uses_itself():
    done = lesson("## Content\n\n## Content\n\n## المقيمون\n")
    assert re.findall('id="([^"]*)"', done.html) == ["s-content", "s-content_1", "s-المقيمون"]
    assert done.anchors == ("content", "content_1", "المقيمون")


def test_definitions_abbreviations_lists_and_code_come_through():
    out = html("Stock\n:   At a moment.\n\n*[UN]: United Nations\nThe UN.\n\n```\na < b\n```\n\n- x\n\n1. y\n")
    for expected in (
        "<dt>Stock</dt>",
        '<abbr title="United Nations">UN</abbr>',
        "<code>a &lt; b",
        "<ul>",
        "<ol>",
    ):
        assert expected in out


def test_formulas_become_mathml_that_is_not_mirrored():
    out = html("Rate $1000\\frac{I-E}{P}$ and\n\n$$\nP_1 = P_0 + B\n$$\n")
    assert '<math dir="ltr" display="inline"><mrow><mn>1000</mn><mfrac>' in out
    assert '<div class="formula" tabindex="0"><math dir="ltr" display="block">' in out


def test_dollars_in_code_and_escaped_dollars_are_no_formulas():
    done = lesson("`$x$` costs \\$5 and \\$6.\n\n```\n$y$\n```\n")
    assert done.complaints == []
    assert "<math" not in done.html
    assert "costs $5 and $6" in done.html


def test_a_figure_is_drawn_in_the_page_with_its_caption():
    done = lesson(
        '![Three "stays"](stays.svg "**Figure 1.** Rule $x$ decides.[^a]")\n\n'
        '??? figure "The figure as a table"\n    | a |\n    |---|\n    | 1 |\n\n[^a]: S.\n',
        {"stays.svg": SVG},
    )
    assert done.complaints == []
    assert (
        '<svg class="chart" viewBox="0 0 640 190" width="640" height="190" role="img" '
        'aria-label="Three &quot;stays&quot;"><rect class="bar"'
    ) in done.html
    assert "<figcaption><strong>Figure 1.</strong> Rule <math" in done.html
    assert '<details class="figure">' in done.html
    assert "<summary>The figure as a table</summary>" in done.html
    assert 'aria-label="The figure as a table"' in done.html


def test_a_figure_with_a_narrow_drawing_has_both():
    out = html("![alt](a.svg)", {"a.svg": SVG, "a.narrow.svg": SVG.replace("640", "320")})
    assert 'class="chart wide" viewBox="0 0 640 190"' in out
    assert 'class="chart narrow" viewBox="0 0 320 190"' in out
    assert out.count('aria-label="alt"') == 2


def test_ids_of_two_drawings_do_not_meet():
    svg = '<svg viewBox="0 0 9 9"><defs><linearGradient id="g"/></defs><path fill="url(#g)" d="M0 0"/></svg>'
    out = html("![a](a.svg)\n\n![b](b.svg)", {"a.svg": svg, "b.svg": svg})
    ids = re.findall('id="([^"]*)"', out)
    assert len(ids) == len(set(ids)) == 2
    assert all(f'fill="url(#{one})"' in out for one in ids)


def test_checks_stand_where_they_are_asked():
    done = lesson("One.\n\n```check\n::a::Q?{=a#f ~b#g}\n```\n\nTwo.\n\n```check\n::b::Q?{=a#f ~b#g}\n```\n")
    assert [type(part) for part in done.parts] == [str, markup.Check, str, markup.Check]
    assert done.parts[1] == markup.Check("::a::Q?{=a#f ~b#g}", 4)
    assert done.parts[3].line == 10
    assert "=a" not in done.html


def test_a_check_shown_inside_another_fence_is_an_example():
    done = lesson("````\n```check\n::a::Q?{}\n```\n````\n")
    assert [type(part) for part in done.parts] == [str]


def test_words_are_counted_without_sources_tables_formulas_and_checks():
    done = lesson("One two three.[^a]\n\n```check\nfour five\n```\n\n## Six\n\n[^a]: Seven eight.\n")
    assert done.words == 4
    assert lesson("It's 12.5 per cent: $x = 1$.\n\n| a | b |\n|---|---|\n| c | d |\n").words == 4


def test_links_to_lessons_are_told_by_file_heading_and_line():
    done = lesson("See [it](02-b.md), [that](../c/01-d.md#why) and\n[here](#top), [web](https://un.org).\n\n## Top\n")
    assert done.links == [("02-b.md", "", 1), ("../c/01-d.md", "why", 1), ("", "top", 2)]
    assert f'href="{markup.LINK}02-b.md"' in done.html
    assert f'href="{markup.LINK}../c/01-d.md#s-why"' in done.html
    assert 'href="#s-top"' in done.html
    assert 'href="https://un.org"' in done.html


def test_a_short_text_has_no_paragraph_around_it():
    assert markup.inline("# not a\n heading, *so*", "en").html == "# not a heading, <em>so</em>"


# --- what is refused, and where ---


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("# One\n", 1, "begins with ##"),
        ("## One\n\n#### Three\n", 3, "level 4 follows one of level 2"),
        ("x\n\n!!! mistake\n    y\n", 3, "before the first heading"),
        ("## A\n\n!!! warning\n    y\n", 3, "no note of the kind “warning”"),
        ("## A\n\n??? tip\n    y\n", 3, "opens only the table"),
        ("x\n\ny[^a] z\n", 3, "[^a] is cited"),
        ("x\n\n[^a]: Source.\n", 3, "never cited"),
        ("x[^a]\n\n[^a]: S.\n[^a]: T.\n", 4, "twice"),
        ("x[^a]\n\n[^a]:\n", 3, "is empty"),
        ("x\ncosts $5\n", 2, "stands alone"),
        ("x\n\nthen $$x$$ so\n", 3, "paragraph of its own"),
        ("x\n\n$\\frac{1}{2$\n", 3, "braces do not close"),
        ("x\n\n$a_$\n", 3, "cannot be drawn"),
        ("x\n\n$\\left( a$\n", 3, "cannot be drawn"),
        ("x\n\n$\\foo$\n", 3, "\\foo is not known"),
        ("x\n\n```check\n::a::Q?{=a#f ~b#g}\n", 3, "not closed"),
        ("x\n\n- y\n\n    ```check\n    q\n    ```\n", 5, "margin"),
        ("x\n\n![alt](no.svg)\n", 3, "no file no.svg"),
        ("x\n\n![alt](a.png)\n", 3, "is an SVG file"),
        ("x\n\n![alt](../a.svg)\n", 3, "is an SVG file"),
        ("x\n\n![](ok.svg)\n", 3, "no alt text"),
        ("x\n\n![alt](ok.svg)\n", 3, "no table as its twin"),
        ("x\n\nin ![alt](ok.svg) line\n", 3, "paragraph of its own"),
        ("x\n\n![alt](bad.svg)\n", 3, "not an SVG"),
        ("x\n\n![alt](bare.svg)\n", 3, "no viewBox"),
        ("x\n\n![alt](evil.svg)\n", 3, "<script> is not allowed"),
        ("x\n\n![alt](evil.svg)\n", 3, "onload is not allowed"),
        ("x\n\n![alt](evil.svg)\n", 3, "points out of the file"),
        ("x\n\ny <script>alert(1)</script>\n", 3, "<script> is not allowed"),
        ("x\n\n<div onclick='x'>y</div>\n", 3, "onclick is not allowed"),
        ("x\n\n[y](javascript:alert(1))\n", 3, "not allowed"),
        ("x\n\n[y](/admin)\n", 3, "not allowed"),
        ("x\n\n[y](//evil.example)\n", 3, "not allowed"),
        ("x\n\n[y](lesson-file:z)\n", 3, "not allowed"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text, line, word):
    files = {
        "ok.svg": SVG,
        "bad.svg": "hello",
        "bare.svg": "<svg><path d='M0 0'/></svg>",
        "evil.svg": '<svg viewBox="0 0 1 1" onload="x()"><script>x()</script><path fill="url(http://e/x)"/></svg>',
    }
    found = complaints(text, files)
    assert (line, True) in [(at, word in message) for at, message in found], found


def test_what_cannot_be_drawn_makes_a_text_that_is_not_whole():
    assert not lesson("$a_$").whole
    assert not lesson("![alt](no.svg)").whole
    assert not lesson("```check\nq").whole
    assert lesson("y <script>alert(1)</script>").whole
    assert "<code>a_</code>" in html("$a_$")


# --- attacks ---

ATTACKS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//e/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</script>",
    '<a href="javascript:alert(1)" onclick="x()">bad</a>',
    '<a href="jav&#x09;ascript:alert(1)">bad</a>',
    '<a href=" javascript:alert(1)">bad</a>',
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:x)",
    "<javascript:alert(1)>",
    "<img src=x onerror=alert(1)>",
    '![x" onerror="alert(1)](a.svg)',
    '![x](a.svg "</figcaption><script>alert(1)</script>")',
    '[x](http://e "title\\" onmouseover=\\"alert(1)")',
    '<svg viewBox="0 0 1 1" onload="alert(1)"><script>alert(1)</script></svg>',
    "<svg><foreignObject><iframe srcdoc='<script>alert(1)</script>'></iframe></foreignObject></svg>",
    "<svg><use href='data:image/svg+xml,x#x'/><animate attributeName=href values=javascript:x /></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext>",
    "<math><mtext></p><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'></style>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'></style></svg>",
    "<math><annotation-xml encoding='text/html'><script>alert(1)</script></annotation-xml></math>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<form action=//e><input name=csrf_token><button formaction=//e>x</button></form>",
    "<iframe src=//e></iframe><object data=//e></object><embed src=//e>",
    "<base href=//e><meta http-equiv=refresh content='0;url=//e'><link rel=stylesheet href=//e>",
    "<style>*{background:url(//e)}</style><p style='background:url(//e)'>x</p>",
    "<template><script>alert(1)</script></template>",
    "<details open ontoggle=alert(1)><summary>x</summary></details>",
    "<div id=content class='bar next'>x</div>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<![foo[<script>alert(1)</script>",
    "<!--><script>alert(1)</script>-->",
    r"$\text{<script>alert(1)</script>}$",
    r"$\text{<img src=x onerror=alert(1)>}$",
    r"$\text{</math><script>alert(1)</script>}$",
    r"$\href{javascript:alert(1)}{x}$",
    r"$\style{background:url(//e)}{x}$",
    r"$\class{bar}{x}$",
    '<span class="arithmatex">\\(\\text{<script>alert(1)</script>}\\)</span>',
    '<div><p><span class="arithmatex">\\(a</span></p></div><p>$b$</p>',
    "| a |\n|---|\n| <script>alert(1)</script> |",
    "x[^a]\n\n[^a]: <script>alert(1)</script>",
    '*[UN]: x" onclick="alert(1)\n\nThe UN.',
    "## <img src=x onerror=alert(1)> heading",
    '!!! mistake "<script>alert(1)</script>"\n    x',
    '??? figure "<img src=x onerror=alert(1)>"\n    x',
    "```check onclick=x\nq\n```",
    "</div></article></main><script>alert(1)</script>",
]

OWN = {"a.svg": SVG}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("render", ["lesson", "inline", "block"])
def test_an_attack_comes_out_harmless(attack, render):
    if render == "lesson":
        out = lesson(f"## A\n\nBefore.\n\n{attack}\n\nAfter.\n", OWN).html
    else:
        out = getattr(markup, render)(attack, "en").html
    page = Elements(out)
    assert page.balanced, out
    for tag, attrs in page.found:
        assert tag not in {
            "script",
            "style",
            "iframe",
            "object",
            "embed",
            "img",
            "form",
            "input",
            "button",
            "base",
        }
        assert tag not in {
            "meta",
            "link",
            "template",
            "foreignobject",
            "use",
            "animate",
            "mglyph",
            "annotation-xml",
        }
        for name, value in attrs.items():
            assert not name.startswith("on")
            assert name not in {"style", "srcdoc", "src", "formaction", "action"}
            assert name != "href" or re.match(r"(https?://|mailto:|#|lesson-file:)", value), value
            assert name != "id" or re.match("s-|fn|sources$", value), value
            assert "url(" not in (value or "") or tag in {"path"}


def test_what_an_author_left_open_does_not_reach_over_a_check():
    done = lesson("<div><b>\n\nOne.\n\n```check\nq\n```\n\nTwo.</b></div></section>\n")
    assert all(Elements(part).balanced for part in done.parts if isinstance(part, str))


def test_the_place_of_a_figure_or_check_cannot_be_written_by_an_author(monkeypatch):
    monkeypatch.setattr(markup.secrets, "token_hex", lambda n: "5" * 2 * n)
    assert "<svg" in html(f"x{'5' * 32}xf0x\n\n![a](a.svg)\n", OWN)  # the word, were it known, would be obeyed …
    monkeypatch.undo()
    first = html(f"x{'5' * 32}xf0x\n\n![a](a.svg)\n", OWN)
    assert first.count("<svg") == 1  # … and it is another one each time
    for word in ("c0", "f0x"):
        assert [type(p) for p in lesson(f"x{'0' * 32}x{word}\n\n```check\nq\n```\n").parts] == [
            str,
            markup.Check,
        ]


def test_a_figure_s_alt_text_cannot_leave_its_attribute():
    out = html('![a"><script>alert(1)</script>](a.svg)', OWN)
    assert 'aria-label="a&quot;&gt;&lt;script&gt;' in out


PIECES = st.sampled_from(
    [
        "<",
        ">",
        "</",
        "/>",
        '"',
        "'",
        "`",
        "```",
        "```check\n",
        "\n",
        "\n\n",
        "    ",
        "$",
        "$$",
        "\\",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
    ]
    + [
        "![",
        "[^a]",
        "[^a]:",
        "!!! mistake",
        "??? figure",
        "|",
        "|--|",
        "#",
        "## ",
        "script",
        "svg",
        "math",
        "a.svg",
        "*",
        "_",
        "*[a]:",
    ]
    + [
        "onclick=",
        "href=",
        "javascript:",
        "<div>",
        "</div>",
        "<b>",
        "&lt;",
        "&#",
        "x",
        "خ",
        "\x00",
        "\x02",
        "\x03",
        "\ue000",
        "- ",
        "1. ",
        ":   ",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, min_size=5, max_size=60).map("".join))
def test_whatever_is_written_comes_out_balanced_and_without_script(text):
    done = markup.lesson(text, "en", OWN.get)
    for part in done.parts:
        if isinstance(part, str):
            page = Elements(part)
            assert page.balanced
            assert not {"script", "style", "img", "iframe"} & {tag for tag, _ in page.found}
            assert not [name for _, attrs in page.found for name in attrs if name.startswith("on")]
    assert all(1 <= c.line <= text.count("\n") + 1 for c in done.complaints)


def test_a_text_that_breaks_the_renderer_does_not_spoil_the_next():
    before = html("## A\n\n- b\n")
    with pytest.raises(RecursionError):
        html("- " * 2000 + "x")
    assert html("## A\n\n- b\n") == before


def test_threads_do_not_mix_their_lessons():
    results = {}

    def render(n):
        for _ in range(5):
            results.setdefault(n, set()).add(html(f"## H{n}\n\nText {n}.[^s]\n\n[^s]: Source {n}.\n"))

    threads = [threading.Thread(target=render, args=(n,)) for n in range(6)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert all(len(found) == 1 and f"Source {n}" in next(iter(found)) for n, found in results.items())
