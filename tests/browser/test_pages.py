"""Every page, empty, usual and extreme, in English and Arabic: accessible, within its width, without an error."""

from __future__ import annotations

import os
from pathlib import Path

import axe_playwright_python
import pytest
from addresses import NOT_PAGES, PAGES, STATES

pytestmark = pytest.mark.browser

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"
SHOTS = os.environ.get("SHOTS")  # a folder: write a picture of every page there


def test_every_page_has_its_three_addresses(site):
    routes = {rule.endpoint for rule in site.app.url_map.iter_rules() if "GET" in (rule.methods or set())}
    assert routes - NOT_PAGES == set(PAGES)


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("endpoint", sorted(PAGES))
def test_a_page_is_accessible_and_fits(site, worlds, browser, endpoint, language):
    found = []
    for state in STATES:
        page_of = PAGES[endpoint]
        path = page_of.path(worlds.sides[state], state)
        with site.context(browser, worlds.who(page_of.role, state), locale=language) as context:
            page = context.new_page()
            page.on(
                "console",
                lambda m, s=state: m.type == "error" and "status of 4" not in m.text and found.append((s, m.text)),
            )
            page.on("pageerror", lambda e, s=state: found.append((s, str(e))))
            response = page.goto(path + ("&" if "?" in path else "?") + f"lang={language}")
            assert response is not None
            if response.status >= 500 or ("/sign-in" in page.url and "sign-in" not in path):
                found.append((state, response.status, page.url))
            page.evaluate(AXE)
            for violation in page.evaluate(f"axe.run({RULES})")["violations"]:
                nodes = [node["html"][:200] for node in violation["nodes"][:3]]
                found.append((state, violation["id"], violation["help"], nodes))
            for width in (1280, 360):
                page.set_viewport_size({"width": width, "height": 800})
                over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                if over > 0:
                    found.append((state, f"{over} px wider than {width}"))
                if SHOTS:
                    page.screenshot(path=f"{SHOTS}/{endpoint}-{state}-{language}-{width}.png", full_page=True)
    assert not found
