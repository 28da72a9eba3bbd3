"""A small content folder without a fault, to be changed by the tests that want one."""

from pathlib import Path

WHO = "en/concepts/01-who.md"
STOCKS = "en/concepts/02-stocks.md"
PAGE = "en/concepts/module.md"
BANKED = "en/concepts/bank.gift"

COURSES = """\
[[course]]
id = "foundations"
title.en = "Foundations"
title.fr = "Fondements"
title.ar = "أسس"
modules = ["concepts"]
"""

COMPETENCIES = """\
[C1]
title.en = "apply a rule"
title.fr = "appliquer"
title.ar = "تطبيق"
short.en = "Rules"
short.fr = "Règles"
short.ar = "قواعد"
module = "concepts"
gsbpm = ["1.4", "overarching"]
level = 1

[C2]
title.en = "close a balance"
title.fr = "équilibrer"
title.ar = "إقفال"
short.en = "Balance"
short.fr = "Bilan"
short.ar = "الموازنة"
module = "all"
gsbpm = ["5.7"]
level = 2
"""

MODULE = """\
+++
title = "Concepts: who counts"
short = "Concepts"
summary = "Define."

[assessment]
draw = 2
pass = 70
+++
"""


def check_block(n: str) -> str:
    return f"```check\n// [id:{n}]\n::{n}::Which?{{\n=right#yes\n~wrong#no\n}}\n```\n"


def lesson(id: str = "who", competency: str = "C1", checks: int = 5) -> str:
    questions = "\n".join(check_block(f"{id}-c{n}") for n in range(1, checks + 1))
    return f"""\
+++
id = "{id}"
title = "Who is a migrant?"
short = "Who"
minutes = 20
competencies = ["{competency}"]
objectives = ["define"]
+++

A lead.[^a]

## Rules

![Three stays](stays.svg "**Figure 1.** Stays.")

??? figure "The figure as a table"
    | a | b |
    |---|--:|
    | 1 | 2 |

!!! mistake "A common mistake"
    Counting entries.

!!! desk "Try it at your desk"
    Ask.

{questions}
[^a]: The source.
"""


BANK = """\
// [id:b1] [tag:lesson=who] [tag:competency=C1]
::b1::Which?{=a#f ~b#g}

// [id:b2] [tag:lesson=who] [tag:competency=C1]
::b2::Which?{=a#f ~b#g}
"""

UNWRITTEN = """\
+++
id = "stocks"
title = "Stocks and flows"
minutes = 20
competencies = ["C2"]
objectives = ["tell"]
+++
"""

GOOD = {
    "courses.toml": COURSES,
    "competencies.toml": COMPETENCIES,
    "en/concepts/module.md": MODULE,
    "en/concepts/01-who.md": lesson(),
    "en/concepts/02-stocks.md": UNWRITTEN,
    "en/concepts/bank.gift": BANK,
    "en/concepts/stays.svg": '<svg viewBox="0 0 6 4"><path d="M0 0"/></svg>',
}


def write(folder: Path, files: dict[str, str | bytes | None]) -> Path:
    """The good content with these files over it; None takes one away."""
    for path, text in {**GOOD, **files}.items():
        if text is not None:
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder
