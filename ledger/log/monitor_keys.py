"""Which keys of a log a monitor trusts, how they came to be trusted, and when they stop to be.

    given        somebody brought the key from elsewhere
    first-use    it signed what was seen first, and nothing else was known
    announced    a sound record of the chain names it, under a checkpoint that a trusted key signed

A key that only signs beside a trusted one is told of and not trusted by that: anybody who can
change what is on its way could put it there. A key that signed and stops, while another trusted one
signs, does not count any more, and is not trusted again.
"""

from collections.abc import Sequence

import msgspec

from ledger.log.checkpoint import Head, read_text
from ledger.log.monitor_breaks import LogBroken
from ledger.log.monitor_state import CannotTell, Seen, Trusted
from ledger.log.note import BadNote, Note, open_note, verified
from ledger.log.note_keys import ED25519, BadKey, Verifier, read_verifier
from ledger.log.remote import RemoteLog


def trusted_now(
    log: RemoteLog, given: Sequence[Verifier], seen: Seen | None, note: Note
) -> list[Trusted]:
    """Return the keys that are remembered and given; where there are none, those that sign now."""
    known = [] if seen is None else list(seen.state.keys)
    named = {one.key for one in known}
    known += [Trusted(key=str(one), how="given") for one in given if str(one) not in named]
    if known:
        return known
    origin = read_text(note.text).origin
    said = [key for key in log.verifiers() if key.name == origin and _signed(note, key)]
    if not said:
        raise CannotTell(
            "Het log noemt geen sleutel die dit controlepunt tekende; geef de sleutel met --key."
        )
    return [Trusted(key=str(one), how="first-use") for one in said]


def _signed(note: Note, key: Verifier) -> bool:
    try:
        return key.algorithm == ED25519 and bool(list(verified(note, [key])))
    except BadNote:
        return False


def signing_now(shown: bytes, head: Head, trusted: Sequence[Trusted]) -> set[str]:
    """Return the trusted keys that signed; raises LogBroken where none did, or one did badly."""
    try:
        keys = [read_verifier(one.key) for one in trusted if not one.retired]
        _, found = open_note(shown, keys)
    except BadKey as error:
        raise CannotTell(f"De vertrouwde sleutels zijn niet te gebruiken: {error}") from error
    except BadNote as error:
        what = f"Het controlepunt is niet te vertrouwen: {error}"
        raise LogBroken("unsigned", what) from error
    names = {one.verifier.name for one in found}
    if names != {head.origin}:
        what = f"Dit is het controlepunt van {head.origin}, niet van {', '.join(sorted(names))}."
        raise LogBroken("other-log", what)
    return {str(one.verifier) for one in found}


def keys_after(
    trusted: Sequence[Trusted], signing: set[str], origin: str
) -> tuple[list[Trusted], list[str]]:
    """Return the keys after a round, and what to say about those that are new or stopped."""
    notices: list[str] = []
    keys: list[Trusted] = []
    for one in trusted:
        signs = one.key in signing
        if signs and not one.signed and one.how == "first-use":
            notices.append(
                f"De sleutel van {origin} is bij dit eerste bezoek overgenomen van het log zelf: "
                f"{one.key}. Ga langs een andere weg na dat zij klopt."
            )
        stops = one.signed and not signs and not one.retired
        if stops:
            notices.append(f"Een sleutel tekent niet meer en geldt niet langer: {one.key}.")
        keys.append(
            msgspec.structs.replace(one, signed=one.signed or signs, retired=one.retired or stops)
        )
    return keys, notices


def strangers(note: Note, origin: str, trusted: Sequence[Trusted]) -> list[str]:
    """Return the ids of keys that sign in the name of the log and are not known."""
    known = {read_verifier(one.key).key_id for one in trusted}
    own = (one for one in note.signatures if one.name == origin)
    return sorted({one.key_id.hex() for one in own if one.key_id not in known})


def stranger_said(key_id: str) -> str:
    """Return what the owner is told of a key that signs and is not trusted."""
    return (
        f"Het log tekent ook met een sleutel die u nog niet vertrouwt, kenmerk {key_id}. Ga langs "
        "een andere weg na of zij echt is, en neem haar dan op met --key, voordat de oude ophoudt."
    )


def announced(
    trusted: Sequence[Trusted], named: Sequence[tuple[int, str]], note: Note, before: int
) -> list[Verifier]:
    """Return the keys that records of the log name, each at a position, and are not trusted yet.

    Those records stand under a checkpoint that a trusted key signed. What came since the round
    before counts, and what signs now: an older key may have been retired for a reason.
    """
    origin = read_text(note.text).origin
    known = {one.key for one in trusted}
    found: dict[str, Verifier] = {}
    for position, text in named:
        try:
            key = read_verifier(text)
        except BadKey:
            # A record can name a kind of key that this version does not know.
            continue
        fresh = 0 < before <= position or _signed(note, key)
        if fresh and key.name == origin and key.algorithm == ED25519 and str(key) not in known:
            found[str(key)] = key
    return list(found.values())


def trust_announced(key: Verifier, note: Note) -> Trusted:
    """Return an announced key as it is remembered."""
    return Trusted(key=str(key), how="announced", signed=_signed(note, key))
