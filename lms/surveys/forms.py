"""Forms of the surveys' pages; the questionnaire itself is read by `rules.typed`."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from lms.web.forms import TextForm


class SendForm(TextForm):
    """Sending: the choices are what the viewer may reach, so that nothing else passes."""

    version = SelectField(_l("Questionnaire"))
    audience = SelectField(_l("Whom to ask"))
    last_day = DateField(_l("Last day for answers"), [InputRequired(_l("Until when may they answer?"))])
    title = StringField(_l("What you call it"), [Length(max=200, message=_l("Use at most 200 letters."))])


class CopyForm(TextForm):
    """Whose copy it will be; one choice where the viewer coordinates one thing."""

    scope = SelectField(_l("Whose copy"))
