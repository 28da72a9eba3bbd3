"""Which language a page speaks, and how it writes numbers and dates.

`?lang=fr` on any address chooses; the choice stays in a cookie; else the person's own language; else what the
browser asks for; else the first language of the installation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from flask import Flask, Response, current_app, has_request_context, request
from flask_babel import get_locale
from jinja2 import pass_context
from markupsafe import Markup

from lms import clock
from lms.extensions import babel
from lms.web import viewer

NAMES = {"en": "English", "fr": "Français", "ar": "العربية"}
CATALOGUES = Path(__file__).resolve().parents[1] / "translations"
# Short dates name the month too: figures alone are read differently from country to country.
_FORMS = {"long": "d MMMM y", "medium": "d MMM y", "short": "d MMM y"}
_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def choose() -> str:
    """The language of this request (flask-babel's selector; it also runs where there is no request)."""
    offered: tuple[str, ...] = current_app.config["LMS"].languages
    if not has_request_context():
        return offered[0]
    for asked in (request.args.get("lang"), request.cookies.get("lang")):
        if asked in offered:
            return asked
    if (person := viewer.current()) is not None and person.language in offered:
        return person.language
    return request.accept_languages.best_match(offered) or offered[0]


def code() -> str:
    """The language in use, as the two letters that content and catalogues are filed under."""
    locale = get_locale()
    return locale.language if locale else "en"


def name_of(tongue: str) -> str:
    """What a language is called in the page's own; its code where that is not known."""
    return str(Locale.parse(code()).languages.get(tongue, tongue))


def address_in(language: str) -> str:
    """This page in another language: the same address, whatever else it asks for."""
    return "?" + urlencode({**request.args.to_dict(flat=False), "lang": language}, doseq=True)


def direction(language: str = "") -> str:
    """`rtl` or `ltr`, of a language or of the page."""
    return _direction(language or code())


@cache
def _direction(language: str) -> str:
    return str(Locale.parse(language).text_direction)


@cache
def _attributes(language: str) -> Markup:
    return Markup(' lang="{}" dir="{}"').format(language, _direction(language))


def foreign(thing: Any) -> Markup:
    """On an element whose text is content: its language and direction, where they are not the page's."""
    return Markup() if thing.language == code() else _attributes(thing.language)


def home(thing: Any) -> Markup:
    """On an element within such content that speaks the page's language again."""
    here = code()
    return Markup() if thing.language == here else _attributes(here)


def digits(text: str) -> str:
    """Western digits as the page's language writes them."""
    return text.translate(_ARABIC) if code() == "ar" else text


def number(value: float, decimals: int | None = None) -> str:
    """A number as this language writes it: 12.5, 12,5, ١٢٫٥."""
    return _number(value, decimals, code())


@lru_cache(4096)  # a page of hundreds of rows writes the same few numbers
def _number(value: float, decimals: int | None, spoken: str) -> str:
    pattern = None if decimals is None else "#,##0" + ("." + "0" * decimals if decimals else "")
    written = format_decimal(
        value, format=pattern, locale=spoken, numbering_system="arab" if spoken == "ar" else "default"
    )
    return str(written.translate(_ARABIC) if spoken == "ar" else written)


def percent(share: float) -> str:
    """A share of 0 to 1 as whole per cent, rounded down, so that 69.9 is never shown as a pass at 70."""
    whole = number(int(share * 100 + 1e-9), 0)
    return f"{whole}٪" if code() == "ar" else f"{whole}\xa0%"


def isolated(text: str) -> str:
    """A text of another language within a sentence: its direction moves nothing around it (U+2068 … U+2069)."""
    return f"\u2068{text}\u2069"


def listed(items: Iterable[str]) -> str:
    """Several in a row, as this language joins them: a, b and c."""
    return str(format_list([str(item) for item in items], locale=code()))


def day(value: date | datetime | None, form: str = "long") -> str:
    """A date as this language writes it; a moment in the person's own zone."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.astimezone(_zone()).date()
    return digits(_day(value, _FORMS.get(form, form), _dates()))


@lru_cache(4096)
def _day(value: date, form: str, locale: str) -> str:
    return str(format_date(value, form, locale=locale))


def moment(value: datetime | None, form: str = "long") -> str:
    """A date and a time, in the person's own zone."""
    if value is None:
        return ""
    comma = "،" if code() == "ar" else ","
    return digits(format_datetime(value.astimezone(_zone()), f"{_FORMS[form]}{comma} HH:mm", locale=_dates()))


def _dates() -> str:
    """How dates are written: English as most of the world reads it, the day before the month."""
    return {"en": "en_GB"}.get(code(), code())


def _zone() -> Any:
    person = viewer.current() if has_request_context() else None
    return clock.zone(person.time_zone if person else "UTC")


def _compile(target: Path) -> None:
    """Write the catalogues' binary form beside our data, where their text is newer."""
    for source in CATALOGUES.glob("*/LC_MESSAGES/messages.po"):
        made = target / source.parent.relative_to(CATALOGUES) / "messages.mo"
        if made.exists() and made.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parts[-3])
        buffer = BytesIO()
        write_mo(buffer, catalogue)
        made.parent.mkdir(parents=True, exist_ok=True)
        new = made.with_suffix(f".{id(buffer)}.tmp")
        new.write_bytes(buffer.getvalue())
        new.replace(made)


def _when_shown(act: Callable[..., str]) -> Callable[..., str]:
    """A filter for templates that is asked each time. Jinja works one that takes no context out once, as it compiles:
    `{{ 5|number }}` would stay in the language of whoever came first."""

    @pass_context
    def shown(_context: Any, *given: Any, **named: Any) -> str:
        return act(*given, **named)

    return shown


def init_app(app: Flask) -> None:
    target = app.config["LMS"].data_dir / "cache" / "translations"
    _compile(target)
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(target)
    babel.init_app(app, locale_selector=choose)
    filters: dict[str, Callable[..., str]] = {
        "isolated": isolated, "number": number, "percent": percent, "listed": listed, "date": day, "moment": moment,
        "digits": digits,
    }  # fmt: skip
    app.jinja_env.filters.update({name: _when_shown(act) for name, act in filters.items()})
    app.jinja_env.globals.update(
        language=code, direction=direction, address_in=address_in, foreign=foreign, home=home, language_names=NAMES
    )

    @app.after_request
    def keep_choice(response: Response) -> Response:
        asked = request.args.get("lang", "")
        if asked in app.config["LMS"].languages:
            response.set_cookie(
                "lang", asked, max_age=31536000, samesite="Lax", secure=not app.config["LMS"].demo, httponly=True
            )
        return response
