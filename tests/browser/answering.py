"""Answering in the page what somebody who knows would answer: the shuffled positions are worked out on our side."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

from demo import answers
from lms.assessment import rules
from lms.curriculum.content import Question


def answer(form: Locator, question: Question, seed: str, name: str = "answer", rightly: bool = True) -> None:
    """Fill in one question within `form`, as shown in the seed's order."""
    given = (answers.right if rightly else answers.wrong)(question)
    order = rules.shuffle(question, seed)
    # By place and not by value: Playwright takes a value for a label too, and places are labelled by numbers.
    match question.kind:
        case "single":
            form.locator(f'input[name="{name}"][value="{order.index(given["choice"])}"]').check()
        case "multiple":
            for choice in given["choices"]:
                form.locator(f'input[name="{name}"][value="{order.index(choice)}"]').check()
        case "matching":
            for left, side in enumerate(given["pairs"]):
                form.locator(f'select[name="{name}-{left}"]').select_option(index=order.index(side) + 1)
        case "ordering":
            places = given["order"]
            for position, item in enumerate(order):
                form.locator(f'select[name="{name}-{position}"]').select_option(index=places[item] + 1)
        case _:
            box = form.locator(f'input[name="{name}"]')
            box.fill(given["text"])
            box.press("Tab")


def saved(page: Page, count: int) -> None:
    """Wait until so many questions say *Saved*."""
    page.wait_for_function(
        "n => [...document.querySelectorAll('[data-state]')].filter(e => e.textContent.trim() === 'Saved').length >= n",
        arg=count,
    )
