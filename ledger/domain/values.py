"""Small frozen types that every rule speaks in: ids, moments, events, headers, refusals.

Moments are text in one fixed form, so that comparing text compares time and a record has exactly
one way to be written. Dates are UTC dates: a rule may not depend on a time-zone table that changes.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, ClassVar, Final, Literal, get_args

import msgspec
from msgspec import Meta, Struct

MAX_INTEGER = 2**53 - 1
"""Largest whole number a record may hold: every JSON reader agrees up to here (RFC 7493)."""

RULES = "rules"
"""Who recorded a consequence: nobody but the agreed rules."""

_END = r"(?!\n)$"
"""The end of a text; a bare `$` would let a line end through."""
_LEAP_DAY = r"(?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29"
_PLAIN_DAY = (
    r"\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|1\d|2[0-8]))"
)
DATE_PATTERN = rf"^(?!0000)(?:{_PLAIN_DAY}|{_LEAP_DAY}){_END}"
INSTANT_PATTERN = (
    rf"^(?!0000)(?:{_PLAIN_DAY}|{_LEAP_DAY})T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{{6}}Z{_END}"
)
SLUG_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?(?!\n)$"

Date = Annotated[str, Meta(pattern=DATE_PATTERN, extra_json_schema={"format": "date"})]
"""A calendar day, `2026-11-21`."""
OptionalDate = Annotated[str, Meta(pattern=rf"^{_END}|{DATE_PATTERN}")]
"""A calendar day, or nothing."""
Instant = Annotated[str, Meta(pattern=INSTANT_PATTERN, extra_json_schema={"format": "date-time"})]
"""A moment in UTC with six fixed digits, `2026-11-21T20:00:00.000000Z`."""
Slug = Annotated[str, Meta(pattern=SLUG_PATTERN)]
"""The short id of a thing, unique per chain and kind: 1 to 64 letters, digits, `.`, `_`, `-`."""
OptionalInstant = Annotated[str, Meta(pattern=rf"^{_END}|{INSTANT_PATTERN}")]
"""A moment, or nothing."""
NewSlug = Annotated[str, Meta(pattern=rf"^{_END}|{SLUG_PATTERN}")]
"""The id of a thing that this event makes; left empty, the ledger makes one from the position."""
PersonId = Annotated[str, Meta(pattern=SLUG_PATTERN)]
"""A pseudonym: never a name."""
OptionalSlug = NewSlug
"""The id of a thing that exists, or nothing."""
Label = Annotated[str, Meta(min_length=1, max_length=200)]
"""A short line of text that people read."""
MAX_TEXT = 20_000
"""The longest free text, in characters."""

_FREE = {"x-free-text": True}
Text = Annotated[str, Meta(max_length=MAX_TEXT, extra_json_schema=_FREE)]
"""Free text of up to 20,000 characters; may be empty. Sealed in what is confidential."""
Prose = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT, extra_json_schema=_FREE)]
"""Free text that must say something."""
Quote = Annotated[str, Meta(max_length=MAX_TEXT)]
"""What stands in another record, letter for letter; of what is sealed there, the seal."""
Url = Annotated[str, Meta(pattern=rf"^https?://[!-~]{{1,500}}{_END}")]
"""An address on the web, in ASCII."""
VerifierKey = Annotated[str, Meta(max_length=2100)]
"""The public half of a key as text, `name+id+base64` (C2SP signed-note); rules check its form."""
Sha256 = Annotated[str, Meta(pattern=rf"^[0-9a-f]{{64}}{_END}")]
"""A SHA-256 digest in lower-case hexadecimal."""
Sealed = Annotated[
    str, Meta(pattern=rf"^{_END}|^[A-Za-z0-9_-]{{43}}{_END}", extra_json_schema={"x-sealed": True})
]
"""The digest of a sealed value (base64url, 43 characters); the value itself lives elsewhere."""
Digest = Annotated[str, Meta(pattern=rf"^[A-Za-z0-9_-]{{43}}{_END}")]
"""The digest of a value that is sealed in another record (base64url, 43 characters)."""
PublicKey = Annotated[str, Meta(pattern=rf"^[A-Za-z0-9+/]{{42}}[AEIMQUYcgkosw048]={_END}")]
"""An Ed25519 public key (32 bytes, RFC 8032) as base64."""
SignatureText = Annotated[str, Meta(pattern=rf"^[A-Za-z0-9+/]{{85}}[AQgw]=={_END}")]
"""An Ed25519 signature (64 bytes) as base64."""
Cents = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
"""An amount of money in euro cents."""
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
"""A number of things."""
Days = Annotated[int, Meta(ge=0, le=3660)]
"""A term in whole days, at most ten years."""
Position = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
"""The place of a record in its chain, counted from 0 without gaps."""

MAX_ACT = 128
"""The longest key of an act, in characters."""

Scope = Literal["public", "chain", "confidential"]
SCOPES = frozenset(get_args(Scope))
Level = Literal["strategic", "tactical", "operational"]

LEVEL_NAMES = {"strategic": "strategisch", "tactical": "tactisch", "operational": "operationeel"}


class Refused(Exception):
    """A rule says no. `rule` is its number, `reason` a Dutch sentence that says what was found."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(f"{rule}: {reason}")
        self.rule = rule
        self.reason = reason


class NotAllowed(Refused):
    """No capacity or mandate makes this act lawful on its date; `reason` names what was missing."""


class NotFound(Exception):
    """The chain, record or thing asked for does not exist."""


class Event(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename="camel",
    tag_field="type",
    tag=lambda name: f"{name}.v1",
):
    """A fact that happened. Optional fields default to nothing, so absence means nothing."""

    SENTENCE: ClassVar[str]
    """One Dutch sentence for people, with the event's fields in braces."""
    WHO: ClassVar[tuple[str, ...]]
    """The capacities that may record it, tried in this order (see `ledger/policy.py`)."""
    SCOPE: ClassVar[Scope] = "chain"
    """Who may read it when neither the caller nor the body says otherwise."""
    CREATES: ClassVar[str] = ""
    """The field that holds the id of the thing this event makes, or nothing."""
    AUTHORISES: ClassVar[bool] = False
    """Whether its consequences are recorded under it, as effects that may fail one by one."""

    def who(self) -> tuple[str, ...]:
        """Return the capacities that may record this event; most types have one answer."""
        return self.WHO


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where an imported act came from: a name, its place, and the SHA-256 of what was read."""

    name: Label
    sha256: Sha256
    reference: Annotated[str, Meta(max_length=500)] = ""


class Signature(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody signed an act with: the id of the key, and what it made of the act."""

    key: Slug
    value: SignatureText


# A header is read with every record and checked with every act. The patterns stand here for the
# schema only; the header itself asks them, and the same few ids and moments come back all the time.
_Slug = Annotated[str, Meta(extra_json_schema={"pattern": SLUG_PATTERN})]
_Instant = Annotated[
    str, Meta(extra_json_schema={"pattern": INSTANT_PATTERN, "format": "date-time"})
]


_A_SLUG: Final = re.compile(SLUG_PATTERN).search
_AN_INSTANT: Final = re.compile(INSTANT_PATTERN).search


@lru_cache(maxsize=16_384)
def is_slug(text: str) -> bool:
    """Tell whether a text has the form of a `Slug`."""
    return _A_SLUG(text) is not None


@lru_cache(maxsize=1024)
def is_instant(text: str) -> bool:
    """Tell whether a text has the form of an `Instant`."""
    return _AN_INSTANT(text) is not None


@lru_cache(maxsize=16_384)
def _are_fit(chain: str, by: str, recorded_by: str, scope: str) -> bool:
    """Tell whether these can stand together in a header; the same few come back all the time."""
    entered = not recorded_by or is_slug(recorded_by)
    return is_slug(chain) and is_slug(by) and entered and scope in SCOPES


@lru_cache(maxsize=1024)
def is_sound(part: Source | Signature) -> bool:
    """Tell whether what stands in a header fits its own description, or raise msgspec's error."""
    return msgspec.convert(msgspec.to_builtins(part), type(part)) == part


class HeaderFields(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename="camel",
):
    """What stands in a header, as it is read where somebody else looks whether it is fit."""

    v: Literal[1]
    chain: _Slug
    position: Position
    at: _Instant
    on: _Instant
    by: _Slug
    scope: Scope
    under: tuple[Position, ...] = ()
    recorded_by: _Slug = ""
    cause: Position | None = None
    act: Annotated[str, Meta(max_length=MAX_ACT)] = ""
    source: Source | None = None
    signature: Signature | None = None

    @property
    def day(self) -> str:
        """The UTC date on which it happened."""
        return self.on[:10]


class Header(HeaderFields, frozen=True):
    """What the ledger knows about a record besides its event (design, section 3)."""

    def __post_init__(self) -> None:
        """Refuse (ValueError) a header that could not be read back, however it was made."""
        if not (
            is_instant(self.at)
            and (self.on == self.at or is_instant(self.on))
            and _are_fit(self.chain, self.by, self.recorded_by, self.scope)
            and len(self.act) <= MAX_ACT
            and (self.source is None or is_sound(self.source))
            and (self.signature is None or is_sound(self.signature))
        ):
            raise ValueError(_misfit(self))


def _misfit(header: Header) -> str:
    """Say in the decoder's own words what is wrong with a header."""
    texts = (
        ("chain", is_slug(header.chain), SLUG_PATTERN),
        ("by", is_slug(header.by), SLUG_PATTERN),
        ("recordedBy", not header.recorded_by or is_slug(header.recorded_by), SLUG_PATTERN),
        ("at", is_instant(header.at), INSTANT_PATTERN),
        ("on", is_instant(header.on), INSTANT_PATTERN),
    )
    for name, fits, pattern in texts:
        if not fits:
            return f"Expected `str` matching regex '{pattern}' - at `$.{name}`"
    if header.scope not in SCOPES:
        return f"Invalid enum value {header.scope!r} - at `$.scope`"
    return f"Expected `str` of length <= {MAX_ACT} - at `$.act`"


class Document(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A document that something rests on, named and fixed by its digest; never stored here."""

    title: Label
    sha256: Sha256


class Due(Struct, frozen=True):
    """Something that time alone makes happen: the event and the moment it fell due."""

    on: str
    event: Event


def instant(moment: datetime) -> str:
    """Write a moment that has a time zone as an `Instant`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """Read an `Instant` back."""
    return datetime.fromisoformat(text)


def later(text: str, *, days: int) -> str:
    """Return the instant so many whole days after this one; the end of time stays the end."""
    try:
        return _day_later(text[:10], days) + text[10:]
    except OverflowError:
        return "9999-12-31T23:59:59.999999Z"


@lru_cache(maxsize=1024)
def _day_later(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def day_start(day: str) -> str:
    """Return the first instant of a date."""
    return f"{day}T00:00:00.000000Z"


def within(day: str, *, start: str, until: str) -> bool:
    """Tell whether a day lies in a term; `until` is the first day outside it, empty is open."""
    return start <= day and (not until or day < until)


def overlap(*, start: str, until: str, other_start: str, other_until: str) -> bool:
    """Tell whether two terms share a day; a term that ends on its first day has none."""
    first = max(start, other_start)
    return all(not end or first < end for end in (until, other_until))


def require(truth: object, rule: str, reason: str) -> None:
    """Refuse under a rule's number unless something holds."""
    if not truth:
        raise Refused(rule, reason)
