"""What people type. Rules stand in the services; a form asks them, so that each is said beside its field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from babel.dates import get_day_names
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    DateField,
    EmailField,
    Field,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import DataRequired, InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from lms import places
from lms.mail.service import config
from lms.people import queries, rules, service
from lms.policy import Refusal
from lms.text import search_key
from lms.web import language
from lms.web.forms import TextForm

KIND_NAMES = {
    "producer": _l("produces statistics"),
    "user": _l("uses statistics"),
    "agency": _l("international agency"),
}
INFRASTRUCTURE_NAMES = {
    "register": _l("population register"),
    "permits": _l("permits and borders"),
    "census": _l("census and surveys"),
    "mixed": _l("a mixed system"),
    "unknown": _l("not known yet"),
}
SEX_NAMES = {"unsaid": _l("not said"), "female": _l("female"), "male": _l("male"), "other": _l("other")}
ROLE_NAMES = {
    "administrator": _l("administrator"),
    "coordinator": _l("coordinator"),
    "facilitator": _l("facilitator"),
    "focal_point": _l("focal point"),
    "observer": _l("observer"),
}
REASON_NAMES = {
    "retired": _l("retired"),
    "contract": _l("end of the contract"),
    "offer": _l("a better post"),
    "rotation": _l("moved by the administration"),
    "study": _l("studies"),
    "personal": _l("personal reasons"),
    "other": _l("another reason"),
    "unknown": _l("not known"),
}
DESTINATION_NAMES = {
    "office": _l("an office known here"),
    "national": _l("elsewhere in the country’s service"),
    "agency": _l("an international agency"),
    "abroad": _l("abroad"),
    "private": _l("private business"),
    "none": _l("no other work"),
    "unknown": _l("not known"),
}

FOCAL_POINT_FATES = {
    "named": _l("The focal point is named."),
    "invited": _l("The focal point is named and invited."),
    "held": _l("This role was held already."),
}


class Form(TextForm):
    """A form that can take a service's refusal and say it beside the field that it is about."""

    def refuse(self, refusal: Refusal) -> None:
        field = self._fields.get(refusal.field)
        if field is None:
            self.form_errors.append(refusal.message)
        else:
            field.errors = [*field.errors, refusal.message]


def honours(check: Callable[[str], Any]) -> Callable[[Any, Field], None]:
    """A validator that asks a service's check; the field must be filled."""

    def validate(_form: Any, field: Field) -> None:
        try:
            check(field.data or "")
        except Refusal as refusal:
            raise ValidationError(refusal.message) from None

    validate.field_flags = {"required": True}  # type: ignore[attr-defined]
    return validate


def _languages() -> list[tuple[str, str]]:
    return [(code, language.NAMES[code]) for code in config().languages]


def _zones() -> list[tuple[str, str]]:
    return places.time_zones(language.code())


def _zones_or_usual() -> list[tuple[str, Any]]:
    return [("", _l("the usual one of its country")), *_zones()]


def _countries() -> list[tuple[str, str]]:
    return [("", ""), *places.countries(language.code())]


def _working_languages() -> list[tuple[str, str]]:
    locale = get_locale()
    return [(code, str(locale.languages.get(code, code))) for code in rules.WORKING_LANGUAGES]


def _days() -> list[tuple[int, str]]:
    names = get_day_names("wide", context="stand-alone", locale=get_locale())
    return [(day, names[day - 1]) for day in range(1, 8)]


class Ticks(SelectMultipleField):
    """Several of a few."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class SignInForm(Form):
    address = EmailField(
        _l("Mail address"),
        [DataRequired(_l("Write your mail address."))],
        render_kw={"autocomplete": "username"},
    )
    password = PasswordField(
        _l("Password"),
        [InputRequired(_l("Write your password."))],
        render_kw={"autocomplete": "current-password"},
    )


class AddressForm(Form):
    address = EmailField(_l("Mail address"), [honours(service.checked_address)], render_kw={"autocomplete": "email"})


class PasswordForm(Form):
    """A new password for the person whose names and addresses the view says."""

    password = PasswordField(
        _l("New password"),
        [InputRequired(_l("Choose a password."))],
        render_kw={"autocomplete": "new-password"},
    )
    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    def validate_password(self, field: Field) -> None:
        honours(lambda typed: service.checked_password(typed, self.names, self.addresses))(self, field)


class ChangePasswordForm(PasswordForm):
    current = PasswordField(
        _l("Password until now"),
        [InputRequired(_l("Write your password until now."))],
        render_kw={"autocomplete": "current-password"},
    )


class ProfileForm(Form):
    """What a person says of themselves."""

    name = StringField(
        _l("Your name, as it will be printed"),
        [honours(service.checked_name)],
        render_kw={"autocomplete": "name", "dir": "auto"},
    )
    name_latin = StringField(_l("Your name in Latin letters"), render_kw={"dir": "ltr"})
    sex = SelectField(_l("Sex"), choices=list(SEX_NAMES.items()))
    post = StringField(
        _l("Your post"),
        [Length(max=200, message=_l("Use at most 200 letters."))],
        render_kw={"autocomplete": "organization-title", "dir": "auto"},
    )
    language = SelectField(_l("Language"), choices=_languages)
    time_zone = SelectField(_l("Time zone"), choices=_zones)

    def validate_name_latin(self, field: Field) -> None:
        if not self.name.errors:
            honours(lambda typed: service.checked_latin(self.name.data or "", typed))(self, field)

    def values(self) -> dict[str, Any]:
        """As `change_profile` takes them."""
        names = ("name", "name_latin", "sex", "post", "language", "time_zone")
        return {name: self._fields[name].data or "" for name in names}


class InvitationForm(ProfileForm, PasswordForm):
    """A profile, and a password to begin with."""

    def validate_password(self, field: Field) -> None:
        self.names = (*self.names, self.name.data or "", self.name_latin.data or "")
        super().validate_password(field)


class OfficeForm(Form):
    name = StringField(_l("Name"), [DataRequired(_l("Write the name.")), Length(max=200)])
    name_en = StringField(_l("Name in English"), [Length(max=200)])
    name_fr = StringField(_l("Name in French"), [Length(max=200)])
    name_ar = StringField(_l("Name in Arabic"), [Length(max=200)])
    country = SelectField(_l("Country"), choices=_countries)
    kind = SelectField(_l("What it does with statistics"), choices=list(KIND_NAMES.items()))
    infrastructure = SelectField(
        _l("Where its data on migration come from"),
        choices=list(INFRASTRUCTURE_NAMES.items()),
        default="unknown",
    )
    languages = Ticks(_l("Working languages"), choices=_working_languages)
    time_zone = SelectField(_l("Time zone"), choices=_zones_or_usual)
    weekend = Ticks(_l("Days off"), choices=_days, coerce=int, default=[6, 7])

    def values(self) -> dict[str, Any]:
        """As `create_organisation` takes them."""
        names = {code: self._fields[f"name_{code}"].data for code in ("en", "fr", "ar")}
        fields = ("name", "kind", "country", "languages", "infrastructure", "time_zone", "weekend")
        return {name: self._fields[name].data for name in fields} | {"names": names}


class FocalPointForm(AddressForm):
    name = StringField(_l("Name, if the address is new here"))


class NewPersonForm(AddressForm):
    name = StringField(_l("Name"), [honours(service.checked_name)])
    organisation = SelectField(_l("Office"), [Optional()])
    language = SelectField(_l("Language"), choices=_languages)


class RoleForm(Form):
    """A role; `scope` is the kind of scope and its id with a colon between."""

    role = SelectField(_l("Role"), [DataRequired(_l("Choose a role."))])
    scope = SelectField(_l("Over"))


class MergeForm(Form):
    """Which of two records is kept, and how one knows that they are one human's."""

    kept = RadioField(_l("Keep"), [InputRequired(_l("Choose the record that is kept."))])
    reason = TextAreaField(
        _l("How do you know"),
        [DataRequired(_l("Say how you know.")), Length(max=500, message=_l("At most 500 letters."))],
    )


class MembershipForm(Form):
    organisation = SelectField(_l("Office"), [DataRequired(_l("Choose the office."))])
    starts_on = DateField(_l("First day"), [InputRequired(_l("Write the date."))])


class PartingForm(Form):
    """Somebody leaves an office: from when, where to, why."""

    ends_on = DateField(_l("First day away"), [InputRequired(_l("Write the date."))])
    destination = SelectField(_l("Where to"), choices=list(DESTINATION_NAMES.items()), default="unknown")
    destination_id = SelectField(_l("Which office"), [Optional()])
    reason = SelectField(_l("Why"), choices=list(REASON_NAMES.items()), default="unknown")

    def values(self) -> dict[str, Any]:
        """As `end_membership` and `report_move` take them, but for the date."""
        office = self.destination_id.data
        return {
            "reason": self.reason.data,
            "destination": self.destination.data,
            "destination_id": UUID(office) if office else None,
        }


class EndForm(PartingForm):
    """An administrator enters it."""


class MoveForm(PartingForm):
    """A person says it of themselves, of one of their offices."""

    membership = SelectField(_l("Which office you leave"), [DataRequired(_l("Choose the office."))])
    word = StringField(
        _l("A word to your office"),
        [Length(max=500, message=_l("Use at most 500 letters."))],
        render_kw={"dir": "auto"},
    )


class ArrivalForm(Form):
    starts_on = DateField(_l("First day here"), [InputRequired(_l("Write the date."))])


class WordForm(Form):
    word = StringField(
        _l("A word to them"),
        [DataRequired(_l("Say in a word why: the person reads it.")), Length(max=500)],
        render_kw={"dir": "auto"},
    )


class RepliedForm(AddressForm):
    """An address that works, for somebody whose letters come back."""


class OwnErasureForm(Form):
    """One's password once more, and a word that nobody types by mistake."""

    password = PasswordField(
        _l("Your password"),
        [InputRequired(_l("Write your password."))],
        render_kw={"autocomplete": "current-password"},
    )
    word = StringField(
        _l("The word below, to be sure"), [InputRequired(_l("Write the word."))], render_kw={"autocomplete": "off"}
    )

    def validate_word(self, field: Field) -> None:
        if search_key(field.data or "") not in {search_key(_("erase")), "erase"}:
            raise ValidationError(_("Write the word that stands below."))


class ErasureForm(OwnErasureForm):
    """For an administrator, who also says on what grounds."""

    reason = SelectField(_l("How it was asked for"), choices=[("", ""), *service.ERASURE_REASONS.items()])

    def validate_reason(self, field: Field) -> None:
        if not field.data:
            raise ValidationError(_("Choose a reason."))


class StaffForm:
    """What one page says of a whole office: fields whose names carry the id of what they are about.

    Read by hand: three hundred forms of seven fields each would be three hundred times the work. What was typed is
    kept as it was typed, with what is wrong beside its line.
    """

    ROWS = ("state", "post", "unit", "ends_on", "destination", "office", "reason", "successor")
    NEW = ("name", "address", "starts_on", "invited")

    def __init__(self, sent: Mapping[str, str], staff: list[queries.Staff], offices: dict[str, UUID]) -> None:
        """`sent` is what came (empty for a page that is opened); `offices` are the others by the name shown."""
        self.sent, self.offices = sent, offices
        self.people = labels(staff)
        self.errors: dict[tuple[UUID | int, str], list[str]] = {}  # by line and field
        sent_lines = sum(name.startswith("new-") and name.endswith("-name") for name in sent)
        self.lines = min(60, max(3, sent_lines) + (3 if "more" in sent else 0))

    def typed(self, key: UUID | int, field: str) -> str:
        prefix = f"new-{key}" if isinstance(key, int) else key.hex
        return self.sent.get(f"{prefix}-{field}", "")[:500]

    def refuse(self, key: UUID | int, message: str, field: str = "") -> None:
        self.errors.setdefault((key, field), []).append(message)

    def wrong(self, key: UUID | int, *fields: str) -> list[str]:
        """What is wrong with these fields of a line; with any of them where none is named."""
        return [
            m
            for (line, field), said in self.errors.items()
            if line == key and field in (fields or {field})
            for m in said
        ]

    @property
    def adds(self) -> bool:
        """Whether anybody was typed who is to be added."""
        return any(self.typed(number, field).strip() for number in range(self.lines) for field in ("name", "address"))

    def listed(self) -> list[UUID]:
        """The memberships that stood on the page."""
        keys = (name.removesuffix("-state") for name in self.sent if name.endswith("-state"))
        return [UUID(hex=key) for key in keys if len(key) == 32 and set(key) <= set("0123456789abcdef")]

    def said(self) -> list[service.Said]:
        """What is said of each; what cannot be read is noted beside it."""
        return [self._said(key) for key in self.listed()]

    def _said(self, key: UUID) -> service.Said:
        state = self.typed(key, "state")
        if state != "left":
            return service.Said(key, state, self.typed(key, "post"), self.typed(key, "unit"))
        office, destination = self.typed(key, "office").strip(), self.typed(key, "destination") or "unknown"
        follower = self.typed(key, "successor").strip()
        if office and destination == "unknown":
            destination = "office"
        if office and destination != "office":
            self.refuse(
                key, _("Either an office or another place: choose an office known here, or name none."), "office"
            )
        if destination == "office" and office not in self.offices:
            self.refuse(key, _("Choose one of the offices that are offered."), "office")
        if follower and follower not in self.people:
            self.refuse(key, _("Choose somebody of the staff, as the list offers them."), "successor")
        return service.Said(
            key,
            state,
            ends_on=self._day(key, "ends_on"),
            destination=destination,
            destination_id=self.offices.get(office) if destination == "office" else None,
            reason=self.typed(key, "reason") or "unknown",
            successor_id=self.people.get(follower),
        )

    def missing(self) -> list[tuple[int, service.Missing]]:
        """Those who are added: the lines in which anything was typed."""
        filled = []
        for number in range(self.lines):
            values = {field: self.typed(number, field).strip() for field in self.NEW}
            if values["name"] or values["address"]:
                started = self._day(number, "starts_on")
                filled.append(
                    (number, service.Missing(values["name"], values["address"], started, bool(values["invited"])))
                )
        return filled

    def _day(self, key: UUID | int, field: str) -> date | None:
        typed = self.typed(key, field).strip()
        try:
            return date.fromisoformat(typed) if typed else None
        except ValueError:
            self.refuse(key, _("Write the date as year, month and day: 2026-03-31."), field)
            return None


def labels(staff: list[queries.Staff]) -> dict[str, UUID]:
    """People by what a list of them shows: the name and, of two with one name, the post or a number."""
    shown: dict[str, UUID] = {}
    for line in staff:
        label = line.name
        if label in shown and line.post:
            label = f"{line.name}, {line.post}"
        number = 2
        while label in shown:
            label, number = f"{line.name} ({number})", number + 1
        shown[label] = line.person_id
    return shown
