"""What the browser sends: fields of a form, or a JSON object of the same names."""

from __future__ import annotations

from flask import Request
from werkzeug.datastructures import MultiDict

from lms.assessment.rules import unreadable


def fields(request: Request) -> MultiDict[str, str]:
    """The fields that were sent. Raises `Refusal("unreadable_answer")` for JSON that is no object of them."""
    if not request.is_json:
        return request.form
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise unreadable()
    sent: MultiDict[str, str] = MultiDict()
    for name, value in body.items():
        for one in value if isinstance(value, list) else [value]:
            if type(one) not in (str, int):
                raise unreadable()
            sent.add(name, str(one))
    return sent
