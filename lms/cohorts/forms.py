"""Forms of the cohort pages."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

from lms.web.forms import TextForm


class CohortForm(TextForm):
    """A new cohort; a date field for each module's target is added by the view."""

    name = StringField(_l("Name"), [DataRequired(_l("Give the cohort a name.")), Length(max=200)])
    course = SelectField(_l("Course"))
    starts_on = DateField(_l("First day"), [InputRequired(_l("When does it begin?"))])
    ends_on = DateField(_l("Last day"), [InputRequired(_l("When does it end?"))])
    time_zone = SelectField(_l("Time zone"))


class MemberForm(TextForm):
    """One person for the cohort: known by their address, or new."""

    address = StringField(
        _l("Mail address"), [DataRequired(_l("The invitation goes to this address.")), Length(max=254)]
    )
    name = StringField(_l("Name"), [DataRequired(_l("Who is it?")), Length(max=200)])
    organisation = SelectField(_l("Office"))
    language = SelectField(_l("Language"))


class StaffForm(TextForm):
    """A coordinator or facilitator of this cohort, known by their address."""

    address = StringField(_l("Mail address"), [DataRequired(_l("Whose address?")), Length(max=254)])
    role = SelectField(_l("Role"), choices=[("facilitator", _l("Facilitator")), ("coordinator", _l("Coordinator"))])


class ReasonForm(TextForm):
    """Opening another attempt: an override, so a reason is asked and kept."""

    module = SelectField(_l("Assessment"))
    reason = TextAreaField(
        _l("Why"), [DataRequired(_l("A reason is needed: it is kept with the override.")), Length(min=5, max=500)]
    )
