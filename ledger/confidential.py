"""Free text of what is confidential: sealed on its way into the record, like a name.

    act -> is what it records confidential? -> each text a disclosure, in the record only its seal

Whether it is, follows from the act, its type and the body it concerns; of a note or correction,
from what it is about. Whoever signs
an act makes the disclosures, for the seals are part of what is signed. The key is that of the
matter: of the thing that the act is about.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple, get_type_hints

import msgspec
from msgspec.structs import replace

from ledger import catalogue, corrections, recording
from ledger.corrections import Read
from ledger.domain import sealing, secrecy
from ledger.domain.chain import ChainState
from ledger.domain.events.bodies import BodyEstablished
from ledger.domain.events.memory import EventAnnotated, RecordCorrected
from ledger.domain.values import MAX_TEXT, SLUG_PATTERN, Event, is_slug, require
from ledger.recording import Act
from ledger.sealed import Disclosed, seal

CONFIDENTIAL: Final = "confidential"

Told = Callable[[Collection[str]], Mapping[str, str]]
"""Gives the texts behind these digests, of those that can be opened."""


class Closed(NamedTuple):
    """An act as it may be recorded, and the disclosures of what it seals."""

    act: Act
    disclosures: tuple[Disclosed, ...]


def is_plain(chain: ChainState, act: Act) -> bool:
    """Tell whether an act certainly seals no text, as far as this state goes; nothing is read."""
    # Every act comes by here, and hardly any is confidential.
    alone = not isinstance(act.event, corrections.ABOUT_A_RECORD)
    if alone and recording.scope_of(chain, act) != CONFIDENTIAL:
        return True
    return not sealing.texts(act.event)


class Foresight:
    """Tells of acts under way one after another which must wait until those before are recorded.

    Whether an act is confidential may hang on one before it: the body it founds, or the decision.
    """

    def __init__(self, chain: ChainState) -> None:
        bodies = chain.bodies.bodies.values()
        self._secrets = bool(chain.secrets) or any(
            one.records_scope == CONFIDENTIAL for one in bodies
        )

    def waits(self, chain: ChainState, act: Act) -> bool:
        """Tell whether what this act seals can be known only after those before it."""
        unknown = self._secrets and act.scope is None and bool(sealing.texts(act.event))
        events = (act.event, *getattr(act.event, "effects", ()))
        begun = act.scope == CONFIDENTIAL and act.event.CREATES in secrecy.MATTERS
        self._secrets = self._secrets or begun or any(map(_founds_secrecy, events))
        return unknown or not is_plain(chain, act)


def _founds_secrecy(event: Event) -> bool:
    return isinstance(event, BodyEstablished) and event.records_scope == CONFIDENTIAL


def closed(
    chain: ChainState, act: Act, given: Sequence[Disclosed] = (), *, read: Read, told: Told
) -> Closed:
    """Return an act with its free texts sealed, if what it records is confidential.

    `given` are the disclosures that came with it, `read` gives the bytes of a record. Raises
    Refused (G8, G13) for a text that cannot be sealed.
    """
    if is_plain(chain, act) or not _is_secret(chain, act, read):
        known = all(one.subject for one in given)
        require(known, "G13", "een onthulling van tekst in wat niet vertrouwelijk is")
        return Closed(act, tuple(given))
    matter = matter_of(act.event)
    own = tuple(one if one.subject else replace(one, subject=matter) for one in given)
    if act.signature is not None:
        _require_signed(act.event, own)
        return Closed(replace(act, scope=CONFIDENTIAL), own)
    event, made = seal_texts(act.event, matter)
    event = _quoting(event, act.event, read, told)
    return Closed(replace(act, event=event, scope=CONFIDENTIAL, read=False), (*own, *made))


def seal_texts(event: Event, matter: str = "") -> tuple[Event, tuple[Disclosed, ...]]:
    """Return an event with seals instead of its free texts, and their disclosures.

    Raises Refused (G8) for a text that is not normalised.
    """
    made: list[Disclosed] = []

    def close(path: str, text: str) -> str:
        made.append(seal(matter, path, text, most=MAX_TEXT))
        return sealing.seal_of(made[-1].digest)

    return sealing.mapped(event, close), tuple(made)


def with_texts(event: Event, texts: Mapping[str, str]) -> Event:
    """Return an event with these texts, by digest, instead of their seals."""
    return sealing.mapped(event, lambda _, text: texts.get(sealing.sealed_as(text), text))


def _require_signed(event: Event, given: Sequence[Disclosed]) -> None:
    """Refuse a signed act in which a text is open, or sealed without its disclosure."""
    known = {one.digest for one in given}
    for path, text in sealing.texts(event):
        sealed = sealing.sealed_as(text) in known
        require(sealed, "G13", f"{path}: wat vertrouwelijk is, wordt als confidential getekend")


def _is_secret(chain: ChainState, act: Act, read: Read) -> bool:
    """Tell whether what an act records is confidential, looking at the record it is about."""
    if isinstance(act.event, RecordCorrected | EventAnnotated):
        data = read(act.event.target)
        if data is not None and catalogue.decode(data).header.scope == CONFIDENTIAL:
            return True
    return recording.scope_of(chain, act) == CONFIDENTIAL


def _quoting(event: Event, asked: Event, read: Read, told: Told) -> Event:
    """Let a correction quote the seal that stands there, where it quoted the text behind it."""
    if not isinstance(event, RecordCorrected) or not isinstance(asked, RecordCorrected):
        return event
    data = read(event.target)
    body = None if data is None else msgspec.json.decode(data)["body"]
    stands = corrections.found_at(body, event.field)
    digest = sealing.sealed_as(stands) if isinstance(stands, str) else ""
    if not digest or event.was != told([digest]).get(digest):
        return event
    becomes = stands if asked.becomes == asked.was else event.becomes
    return replace(event, was=stands, becomes=becomes)


def matter_of(event: Event) -> str:
    """Return whose key protects the texts of an event: its first id; one of its own without any."""
    if isinstance(event, RecordCorrected | EventAnnotated):
        return f"record:{event.target}"
    for name in _ids(type(event)):
        value = getattr(event, name)
        if isinstance(value, str) and is_slug(value):
            return f"{name}:{value}"
    return f"matter:{secrets.token_hex(16)}"


@cache
def _ids(kind: type[Event]) -> tuple[str, ...]:
    """Return the fields that hold an id, that of the thing an event makes first."""
    hints = get_type_hints(kind, include_extras=True)
    found = [one.name for one in msgspec.structs.fields(kind) if _is_id(hints.get(one.name))]
    return tuple(sorted(found, key=lambda name: name != kind.CREATES))


def _is_id(hint: Any) -> bool:
    return any(
        str(getattr(meta, "pattern", "") or "").endswith(SLUG_PATTERN)
        for meta in getattr(hint, "__metadata__", ())
    )
