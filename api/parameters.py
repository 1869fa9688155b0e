"""The parameters that routes share: how each is written, and what is refused.

A parameter that no route knows is refused too: a misspelt `validOn` that is silently ignored would
give the answer to another question.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.requests import Request

from ledger.domain.values import DATE_PATTERN, MAX_INTEGER, SLUG_PATTERN, NotFound, instant

MAX_WORDS: Final = 200
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?)([Zz]|[+ -]\d\d:\d\d)")
_POSITION: Final = re.compile(r"\d{1,16}")


def as_instant(text: str) -> str:
    """Return an RFC 3339 moment in the one form of the record; ValueError says what is wrong."""
    found = _MOMENT.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        # An unescaped plus sign in a query arrives as a space.
        zone = found[2].upper().replace(" ", "+")
        return instant(datetime.fromisoformat(found[1] + zone))
    except (ValueError, OverflowError) as error:
        raise ValueError("is geen tijdstip met tijdzone zoals 2026-11-21T20:00:00Z") from error


def as_day(text: str) -> str:
    """Return a calendar day as it was given; ValueError when there is no such day."""
    if re.fullmatch(DATE_PATTERN, text) is None:
        raise ValueError("is geen bestaande datum zoals 2026-11-21")
    return text


def as_slug(text: str) -> str:
    """Return the id of a thing as it was given; ValueError when it can be no id."""
    if re.fullmatch(SLUG_PATTERN, text) is None:
        raise ValueError("is geen kenmerk van 1 tot 64 letters, cijfers, punten of streepjes")
    return text


def as_words(text: str) -> str:
    """Return text to look for in normal form C; ValueError where no record can hold it."""
    if "\0" in text:
        raise ValueError("bevat een NUL-teken")
    return unicodedata.normalize("NFC", text)


def as_position(text: str) -> int:
    """Return a position from a path; NotFound where it can be none."""
    if _POSITION.fullmatch(text) is None or int(text) > MAX_INTEGER:
        raise NotFound(f"{text[:80]!r} is geen positie.")
    return int(text)


def as_known_at(text: str) -> int | str:
    """Return a position as a number, a moment as an instant; ValueError for anything else."""
    if _POSITION.fullmatch(text):
        return min(int(text), MAX_INTEGER)
    try:
        return as_instant(text)
    except ValueError as error:
        raise ValueError("is geen positie en geen tijdstip met tijdzone") from error


def _shown(**schema: Any) -> Any:
    return Field(json_schema_extra=schema)


Moment = Annotated[str, AfterValidator(as_instant), _shown(format="date-time")]
"""An RFC 3339 moment with its zone, as an instant in UTC."""
Day = Annotated[str, AfterValidator(as_day), _shown(format="date")]
"""A calendar day."""
Id = Annotated[str, AfterValidator(as_slug), _shown(pattern=SLUG_PATTERN)]
"""The id of a thing."""
Words = Annotated[str, AfterValidator(as_words), Field(min_length=1, max_length=MAX_WORDS)]
"""Free text to look for."""


class Parameters(BaseModel):
    """The query of one route: names in camelCase, none beside those declared."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, validate_default=False
    )


def in_path(request: Request, name: str) -> str:
    """Return a part of the path that names a thing; NotFound where it can name none."""
    given = str(request.path_params[name])
    try:
        return as_slug(given)
    except ValueError as error:
        raise NotFound(f"{given[:80]!r} {error}.") from error
