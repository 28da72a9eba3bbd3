"""What a person who knows, or one who does not, would answer: for building the demonstration's past."""

from __future__ import annotations

from typing import Any

from lms.curriculum.content import Question


def right(question: Question) -> dict[str, Any]:
    """The answer that earns everything, in the question's own order (see `lms.assessment.rules`)."""
    match question.kind:
        case "single":
            best = max(range(len(question.options)), key=lambda n: question.options[n].fraction)
            return {"choice": best}
        case "multiple":
            return {"choices": [n for n, option in enumerate(question.options) if option.fraction > 0]}
        case "matching":
            rights = list(dict.fromkeys([pair.right for pair in question.pairs] + list(question.distractors)))
            return {"pairs": [rights.index(pair.right) for pair in question.pairs]}
        case "ordering":
            return {"order": list(range(len(question.items)))}
        case "numerical":
            number = next(number for number in question.numbers if number.fraction == 1)
            return {"text": f"{number.value:.10g}", "language": "en"}
        case "short":
            return {"text": next(text for text in question.accepted if text.fraction == 1).text}


def wrong(question: Question) -> dict[str, Any]:
    """An answer that earns nothing or less than half: a typical mistake where the question names one."""
    match question.kind:
        case "single":
            worst = min(range(len(question.options)), key=lambda n: question.options[n].fraction)
            return {"choice": worst}
        case "multiple":
            return {"choices": [n for n, option in enumerate(question.options) if option.fraction <= 0][:1]}
        case "matching":
            rights = list(dict.fromkeys([pair.right for pair in question.pairs] + list(question.distractors)))
            return {"pairs": [(rights.index(pair.right) + 1) % len(rights) for pair in question.pairs]}
        case "ordering":
            return {"order": list(reversed(range(len(question.items))))}
        case "numerical":
            mistakes = [number for number in question.numbers if number.fraction == 0]
            return {"text": f"{mistakes[0].value:.10g}" if mistakes else "987654321", "language": "en"}
        case "short":
            mistakes_named = [text for text in question.accepted if text.fraction == 0]
            return {"text": mistakes_named[0].text if mistakes_named else "XXX"}
