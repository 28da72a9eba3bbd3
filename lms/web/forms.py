"""The form that every form of ours is."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_wtf import FlaskForm


class TextForm(FlaskForm):
    """A form whose fields are words: a file, or a number in JSON, under a field's name is no answer to it."""

    class Meta(FlaskForm.Meta):
        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """What was sent as a form, where Flask-WTF would take files and JSON too."""
            if formdata is None or hasattr(formdata, "getlist"):
                return formdata
            return request.form or None
