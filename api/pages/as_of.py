"""For which moment a page is shown: the two dates in its address, kept in every link on it.

    ?geldig_op=<day>                    what held on that day (valid)
    ?bekend_op=<day, moment, position>  as far as it was recorded by then (known); a day may be
                                        written as people do, 31-12-2008
    ?na=<position>                      at least counting this record: where a form leads to

The bar can also be slid to a day (see `slider.py`).

A browser shows a date field in its own way, so the bar repeats the dates in words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from msgspec import Struct

from api.pages.language import Language
from api.parameters import as_day, as_known_at
from api.problems import Problem

VALID_ON: Final = "geldig_op"
KNOWN_AT: Final = "bekend_op"
AT_LEAST: Final = "na"
KEPT: Final = (VALID_ON, KNOWN_AT)
MAX_LENGTH: Final = 40
DAY_FIRST: Final = re.compile(r"([0-9]{1,2})-([0-9]{1,2})-([0-9]{4})")


class AsOf(Struct, frozen=True):
    """What the address of a page asks for; empty is now, and all that is known."""

    valid_on: str = ""
    known_at: str = ""
    at_least: int | None = None

    @property
    def now(self) -> bool:
        """Whether the page shows things as they are, as far as they are known."""
        return not (self.valid_on or self.known_at)

    @property
    def position_or_moment(self) -> int | str | None:
        """Return `known_at` as the read models take it; a day counts to its end."""
        if not self.known_at:
            return None
        if len(self.known_at) == len("2026-11-21") and self.known_at[4] == "-":
            return f"{self.known_at}T23:59:59.999999Z"
        return as_known_at(self.known_at)

    @property
    def fields(self) -> dict[str, str]:
        """Return the dates as fields of an address, without what is empty."""
        kept = {VALID_ON: self.valid_on, KNOWN_AT: self.known_at}
        return {name: value for name, value in kept.items() if value}

    def query(self, **more: str) -> str:
        """Return the query string that keeps these dates, with more fields; empty if none."""
        fields = self.fields | {name: value for name, value in more.items() if value}
        return f"?{urlencode(fields)}" if fields else ""

    def sentence(self, language: Language) -> str:
        """Say for which moment the page is shown."""
        said = language.text
        shown = language.day(self.valid_on) if self.valid_on else said("vandaag")
        known = self._known_in_words(language)
        return said("U bekijkt de stand van %(shown)s, zoals bekend op %(known)s.") % {
            "shown": shown,
            "known": known,
        }

    def _known_in_words(self, language: Language) -> str:
        asked = self.known_at
        if not asked:
            return language.text("dit moment")
        if asked.isdigit():
            return language.text("gebeurtenis %(position)s") % {"position": asked}
        if len(asked) == len("2026-11-21"):
            return language.day(asked)
        return language.moment(asked)


def asked(query: Mapping[str, str]) -> AsOf:
    """Return what a page's address asks for; Problem (malformed) says what was written wrongly."""
    valid_on, known_at = query.get(VALID_ON, ""), _day_first(query.get(KNOWN_AT, "").strip())
    at_least = query.get(AT_LEAST, "")
    try:
        if valid_on:
            as_day(valid_on)
        if known_at:
            _as_known(known_at)
    except ValueError as error:
        name = VALID_ON if valid_on and not _is_day(valid_on) else KNOWN_AT
        raise Problem(
            "malformed", f"{name}: {query.get(name, '')[:MAX_LENGTH]!r} {error}."
        ) from error
    if at_least and not (at_least.isascii() and at_least.isdigit() and len(at_least) <= 16):
        raise Problem("malformed", f"{AT_LEAST}: {at_least[:MAX_LENGTH]!r} is geen positie.")
    return AsOf(valid_on, known_at, int(at_least) if at_least else None)


def _day_first(text: str) -> str:
    """Return a day written as 31-12-2008 in the order of the other days, and the rest as it is."""
    found = DAY_FIRST.fullmatch(text)
    return f"{found[3]}-{found[2]:0>2}-{found[1]:0>2}" if found else text


def _as_known(text: str) -> None:
    if len(text) == len("2026-11-21") and text[4] == "-":
        as_day(text)
    else:
        as_known_at(text)


def _is_day(text: str) -> bool:
    try:
        as_day(text)
    except ValueError:
        return False
    return True
