"""Whether the record can be relied on (S7): what was checked, up to where, when, against what.

    /controle?positie=<n>   the integrity of a chain; the check in the reader's own browser begins
                            with this record

Nothing here is a bare green lock: each kind of assurance says what it rests on and what it leaves
open. The check in the browser is `static/check.js`.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any, Final

from msgspec import Struct, json

from api.integrity import Integrity, integrity_of
from api.log_policy import policy_of
from api.pages.language import Language
from api.pages.site import Asked, Screen
from api.parameters import as_position
from api.signing import log_keys
from api.timestamps import newest_timestamp
from ledger.log.check_results import Checked
from ledger.log.log_key import KeyRefused
from ledger.log.note_keys import ED25519, ED25519_COSIGNATURE, BadKey, Verifier
from projections.chains import chain

BROWSERS_KNOW: Final = (ED25519, ED25519_COSIGNATURE)


class Verdict(Struct, frozen=True):
    """What the last check comes to: a class for its look, and what it says in words."""

    look: str
    sentence: str


def show(asked: Asked) -> dict[str, Any]:
    """Gather all that is known about the integrity of the chain."""
    found = integrity_of(asked.request, asked.chain)
    doc = chain(asked.connection, asked.view)
    last = found.checked.last
    return {
        "integrity": found,
        "verdict": verdict(found, asked.language),
        "looked_at": looked_at(last, asked.language) if last else [],
        "since": max(0, asked.view.known_at + 1 - last.size) if last else 0,
        "breaks": [(one.at, flaw) for one in found.checked.standing for flaw in one.breaks],
        "keys": list(reversed(doc.get("logKeys", []))),
        "stamp": newest_timestamp(asked.request, asked.chain),
        "address": asked.request.app.state.settings.address,
        "standings": standings(asked.language),
        "positie": _position(asked),
    }


def verdict(found: Integrity, language: Language) -> Verdict:
    """Say in one sentence what the last check of the chain as it is stored comes to."""
    said = language.text
    checked = found.checked
    if checked.last is None:
        return Verdict("notice", said("Deze keten is nog niet gecontroleerd."))
    if checked.standing:
        return Verdict("warning", said("Er is een breuk: iets is niet meer zoals het was."))
    if checked.last.outcome == "whole":
        return Verdict("notice", said("Bij de laatste controle klopte alles wat is nagegaan."))
    return Verdict(
        "notice",
        said(
            "Bij de laatste controle klopte er niets niet, maar er was geen handtekening om het "
            "aan te meten."
        ),
    )


def looked_at(checked: Checked, language: Language) -> list[str]:
    """Say what was looked at, each in a few words."""
    said, number = language.text, language.number
    parts = [
        said("de bytes en de volgorde van alle gebeurtenissen: %(count)s")
        % {"count": number(checked.size)},
        said("tegels van het log: %(count)s") % {"count": number(checked.tiles)},
        said("controlepunten, elk met zijn wortel: %(count)s")
        % {"count": number(checked.checkpoints)},
    ]
    if checked.signatures:
        parts.append(said("de handtekeningen van het log"))
    if checked.cosignatures:
        counted = {"count": number(checked.cosignatures)}
        parts.append(said("medeondertekeningen van getuigen: %(count)s") % counted)
    if checked.stamps:
        parts.append(said("tijdstempels: %(count)s") % {"count": number(checked.stamps)})
    if checked.rules:
        parts.append(said("of elke gebeurtenis volgens de regels mocht en tot de gevolgen leidde"))
    if checked.models:
        parts.append(said("de inhoud van de leesmodellen"))
    return parts


def standings(language: Language) -> dict[str, str]:
    """Return what each standing of a witness means."""
    said = language.text
    return {
        "unknown": said("nog niets gehoord"),
        "sound": said("kent dit log"),
        "ahead": said("kent een groter log"),
        "different": said("kent een ander log"),
    }


class BrowserCheck(Struct, frozen=True):
    """What a browser measures a log by: its keys as JSON, and how many witnesses have to sign."""

    keys: str
    needed: int


def browser_check(asked: Asked) -> BrowserCheck | None:
    """Return the keys of the log and of its witnesses, as the log tells them; None without any."""
    state = asked.request.app.state
    try:
        key = log_keys(state.settings).key(asked.chain)
    except (KeyRefused, BadKey):
        return None
    policy = policy_of(state.ledger, asked.chain, key, state.settings)
    seen_by = (one.verifier for one in policy.witnesses)
    keys = [_for_browser(one, own=True) for one in key.verifiers]
    # Of what WebCrypto knows: a witness with another key counts as one that did not sign.
    keys += [_for_browser(one, own=False) for one in seen_by if one.algorithm in BROWSERS_KNOW]
    return BrowserCheck(json.encode(keys).decode(), policy.needed)


def _for_browser(key: Verifier, *, own: bool) -> dict[str, Any]:
    public = urlsafe_b64encode(key.public).decode().rstrip("=")
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": public}
    return {"key": str(key), "name": key.name, "own": own, "jwk": jwk}


def _position(asked: Asked) -> str:
    given = asked.query.get("positie", "")
    return str(as_position(given)) if given else ""


SCREENS: Final = (Screen("/controle", "integrity.html", show),)
