"""Every lesson of the curriculum as its reader sees it: on a phone nothing is cut off, in a figure least of all."""

from __future__ import annotations

import threading

import pytest
from werkzeug.serving import make_server

from config import ROOT
from lms.curriculum import index
from lms.curriculum.preview import app_for

CONTENT = ROOT / "content"
INDEX = index.load(CONTENT)
WRITTEN = [
    (code, lesson.id)
    for code in ("en", "fr", "ar")
    for module in INDEX.modules
    for lesson in module.written
    if INDEX.lesson(lesson.id, code).body_language == code
]
# The texts of a figure that reach beyond its drawing, or lie on one another; the page where it scrolls sideways.
CUT = """() => {
  const found = [];
  for (const svg of document.querySelectorAll('svg.chart')) {
    if (getComputedStyle(svg).display === 'none') continue;
    const box = svg.getBoundingClientRect();
    for (const text of svg.querySelectorAll('text')) {
      const own = text.getBoundingClientRect();
      if (own.left < box.left - 1 || own.right > box.right + 1 || own.bottom > box.bottom + 1)
        found.push(text.textContent);
    }
  }
  const page = document.documentElement;
  if (page.scrollWidth > page.clientWidth) found.push('the page scrolls sideways');
  return found;
}"""


@pytest.fixture(scope="module")
def preview():
    server = make_server("127.0.0.1", 0, app_for(CONTENT), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_of_a_lesson_is_cut_off(preview, browser, width):
    page = browser.new_page(viewport={"width": width, "height": 800})
    wrong = {}
    for code, lesson in WRITTEN:
        page.goto(f"{preview}/{code}/{lesson}")
        if found := page.evaluate(CUT):
            wrong[code, lesson] = found
    page.close()
    assert WRITTEN and wrong == {}
