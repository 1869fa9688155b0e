"""In which language a page is told: Dutch by default, English by a switch.

The templates and the event sentences are written in Dutch; the catalogues in `locale/en` hold what
they read in English: `records.po` the sentences and words of records, `rules.po` the numbered
rules, the others the pages. They are read once, as the text files they are. A sentence that they do
not know stays Dutch; a test holds that there is none.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from babel.dates import format_date, format_datetime
from babel.lists import format_list
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal
from msgspec import Struct
from starlette.requests import Request

from projections.words import WORDS, Speech

Code = Literal["nl", "en"]
LANGUAGES: Final[dict[Code, str]] = {"nl": "Nederlands", "en": "English"}
DEFAULT: Final[Code] = "nl"
COOKIE: Final = "taal"
CATALOGUES: Final = (
    "ketenledger.po",
    "records.po",
    "items.po",
    "holders.po",
    "meetings.po",
    "signing_in.po",
    "forms.po",
    "rules.po",
    "evidence.po",
    "figures.po",
    "privacy.po",
    "reviews.po",
    "tour.po",
    "service_accounts.po",
)
_DAY_FORM: Final[dict[Code, str]] = {"nl": "d MMMM y", "en": "d MMMM y"}
_MOMENT_FORM: Final[dict[Code, str]] = {
    "nl": "d MMMM y 'om' H.mm 'uur (UTC)'",
    "en": "d MMMM y 'at' HH:mm '(UTC)'",
}


class Language(Struct, frozen=True):
    """One language: how texts, counted texts, words, days, moments and numbers read in it."""

    code: Code
    text: Callable[[str], str]
    counted: Callable[[str, str, int], str]

    def word(self, choice: str) -> str:
        """Return the word for a choice or status; one that is not known stays as it is."""
        return self.text(WORDS[choice]) if choice in WORDS else choice

    def day(self, day: str) -> str:
        """Return `2026-11-21` as people say it, empty for an empty day."""
        if not day:
            return ""
        return format_date(date.fromisoformat(day[:10]), _DAY_FORM[self.code], locale=self.code)

    def month(self, month: str, *, short: bool = False) -> str:
        """Return `2026-11` as people say it, the year left out where it is short."""
        form = "MMM" if short else "MMMM y"
        return format_date(date.fromisoformat(f"{month}-01"), form, locale=self.code)

    def moment(self, instant: str) -> str:
        """Return an instant as people say it, in UTC; empty for an empty one."""
        if not instant:
            return ""
        at = datetime.fromisoformat(instant).astimezone(UTC)
        return format_datetime(at, _MOMENT_FORM[self.code], locale=self.code)

    def number(self, number: float) -> str:
        """Return a number with the decimal sign and the grouping of this language."""
        return format_decimal(number, locale=self.code)

    def money(self, cents: int) -> str:
        """Return an amount in whole cents as euros."""
        return format_currency(Decimal(cents) / 100, "EUR", locale=self.code)

    def listed(self, parts: list[str]) -> str:
        """Return parts as people list them: a, b and c."""
        return format_list(parts, locale=self.code) if parts else ""

    def speech(self) -> Speech:
        """Return how the sentences of records are said in this language."""
        return Speech(
            template=self.text,
            word=self.word,
            day=self.day,
            moment=self.moment,
            listed=self.listed,
        )


def chosen(request: Request) -> Language:
    """Return the language that the reader chose before, or Dutch."""
    return language(request.cookies.get(COOKIE, DEFAULT))


@cache
def _languages() -> dict[str, Language]:
    english = _catalogue("en")
    return {
        "nl": Language("nl", _same, _same_counted),
        "en": Language("en", _looked_up(texts("en")), _looked_up_counted(english)),
    }


def language(code: str) -> Language:
    """Return a language by its code; Dutch for a code that is none of ours."""
    return _languages().get(code, _languages()[DEFAULT])


def _same(text: str) -> str:
    return text


def _same_counted(one: str, many: str, count: int) -> str:
    return one if count == 1 else many


def texts(code: Code) -> dict[str, str]:
    """Return every text that a language knows, by what it is in Dutch; counted texts apart."""
    return {
        message.id: str(message.string)
        for message in _catalogue(code)
        if isinstance(message.id, str) and message.id and message.string
    }


def _looked_up(known: dict[str, str]) -> Callable[[str], str]:
    return lambda text: known.get(text, text)


def _looked_up_counted(catalogue: Catalog) -> Callable[[str, str, int], str]:
    which = gettext.c2py(catalogue.plural_expr)
    forms = {
        message.id[0]: message.string
        for message in catalogue
        if isinstance(message.id, tuple) and isinstance(message.string, tuple)
    }

    def counted(one: str, many: str, count: int) -> str:
        found = forms.get(one)
        return str(found[which(count)]) if found else _same_counted(one, many, count)

    return counted


@cache
def _catalogue(code: Code) -> Catalog:
    """Return what all catalogues of a language hold together."""
    found = Catalog(locale=code)
    for name in CATALOGUES:
        with files("api").joinpath("locale", code, name).open("rb") as file:
            part = read_po(file, locale=code)
        for message in part:
            if message.id:
                found.add(message.id, message.string)
    return found
