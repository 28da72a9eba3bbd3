"""Forms of the cohort pages."""

from __future__ import annotations

from typing import Any

from babel.numbers import get_currency_name
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    IntegerField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError

from lms.cohorts.service import currencies
from lms.people.forms import Form
from lms.web import language
from lms.web.forms import TextForm


def _currencies() -> list[tuple[str, str]]:
    named = ((code, str(get_currency_name(code, locale=get_locale()))) for code in currencies())
    return [("", ""), *((code, f"{code} – {name}") for code, name in named)]


def _how_many(most: int = 1_000_000) -> list[Any]:
    return [Optional(), NumberRange(1, most, _l("Write a whole number of at least one."))]


class CohortForm(Form):
    """A cohort; a date field for each module's target is added by the view."""

    name = StringField(_l("Name"), [DataRequired(_l("Give the cohort a name.")), Length(max=200)])
    course = SelectField(_l("Course"))
    scope = SelectField(_l("Belongs to"))
    starts_on = DateField(_l("First day"), [InputRequired(_l("When does it begin?"))])
    ends_on = DateField(_l("Last day"), [InputRequired(_l("When does it end?"))])
    time_zone = SelectField(_l("Time zone"))
    organisers = TextAreaField(_l("Organisers"), [Length(max=2000)])
    funders = TextAreaField(_l("Funders"), [Length(max=2000)])
    project_code = StringField(_l("Project code"), [Length(max=60)])
    people_wanted = IntegerField(_l("People it is for"), _how_many())
    graduates_wanted = IntegerField(_l("People who should finish"), _how_many())
    cost = DecimalField(
        _l("Cost"), [Optional(), NumberRange(0, 10**12, _l("Write an amount of at least zero."))], places=None
    )
    currency = SelectField(_l("Currency"), choices=_currencies, default="")


class CopyForm(Form):
    """A cohort like another one."""

    name = StringField(_l("Name"), [DataRequired(_l("Give the cohort a name.")), Length(max=200)])
    starts_on = DateField(_l("First day"), [InputRequired(_l("When does it begin?"))])
    staff = BooleanField(_l("The same staff"))


class CallForm(Form):
    """A call; a field for the seats of each office is added by the view."""

    opens_on = DateField(_l("First day"), [InputRequired(_l("From when can offices nominate?"))])
    closes_on = DateField(_l("Last day"), [InputRequired(_l("Until when can offices nominate?"))])
    seats = IntegerField(
        _l("Seats in all"),
        [
            InputRequired(_l("How many people can be selected?")),
            NumberRange(1, 10_000, _l("Write a whole number of at least one.")),
        ],
    )
    message = TextAreaField(_l("What offices should know"), [Length(max=4000)])


class SeatsField(IntegerField):
    """The seats of one office; empty where the call does not invite it."""

    def __init__(self, label: str = "", **given: Any) -> None:
        super().__init__(label, _how_many(10_000), **given)


class NominationForm(Form):
    """Somebody of the staff, or somebody new."""

    person = SelectField(_l("Who"), default="", validate_choice=False)  # the service says why not
    name = StringField(_l("Name"), [Length(max=200)])
    address = StringField(_l("Mail address"), [Length(max=254)])
    language = SelectField(_l("Language"), choices=lambda: list(language.NAMES.items()), default="en")
    supervisor = StringField(_l("Supervisor"), [DataRequired(_l("Whose agreement do you have?")), Length(max=200)])
    supervisor_agreed = BooleanField(_l("The supervisor agrees that the course takes working time"))
    motivation = TextAreaField(_l("Why this person"), [Length(max=2000)])

    def validate_person(self, _field: Any) -> None:
        if not (self.person.data or (self.name.data or "").strip() or (self.address.data or "").strip()):
            raise ValidationError(_("Who is it?"))


class MemberForm(Form):
    """One person for the cohort: known by their address, or new."""

    address = StringField(
        _l("Mail address"), [DataRequired(_l("The invitation goes to this address.")), Length(max=254)]
    )
    name = StringField(_l("Name"), [DataRequired(_l("Who is it?")), Length(max=200)])
    organisation = SelectField(_l("Office"), default="")
    language = SelectField(_l("Language"))


class StaffForm(Form):
    """A coordinator or facilitator of this cohort, known by their address."""

    address = StringField(_l("Mail address"), [DataRequired(_l("Whose address?")), Length(max=254)])
    role = SelectField(_l("Role"), choices=[("facilitator", _l("Facilitator")), ("coordinator", _l("Coordinator"))])


class ReasonForm(TextForm):
    """Opening another attempt: an override, so a reason is asked and kept."""

    module = SelectField(_l("Assessment"))
    reason = TextAreaField(
        _l("Why"), [DataRequired(_l("A reason is needed: it is kept with the override.")), Length(min=5, max=500)]
    )
