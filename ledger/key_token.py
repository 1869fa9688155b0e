"""Keys in a PKCS#11 token: a hardware security module (HSM), or a token in software.

    pkcs11:token=NAME?module-path=/usr/lib/softhsm/libsofthsm2.so        RFC 7512

The keys are made in the token and never leave it: data keys go in to be wrapped (AES-256-GCM) and
come out. A partner's key is labelled `CHAIN/ORGANISATION`, that of the installation `ketenledger`;
its CKA_ID is the version as text. The PIN stands in a file. One session serves this process, one
question at a time; who waits too long for their turn is told so. A question that the token itself
does not answer has no end: the standard gives no way to break it off.
"""

from __future__ import annotations

import secrets
import threading
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import parse_qs, unquote

from ledger.key_provider import (
    KEY_BYTES,
    MAX_VERSIONS,
    NONCE_BYTES,
    KeyRefused,
    KeysUnavailable,
    Owner,
    Wrapped,
)

SCHEME: Final = "pkcs11:"
OWN: Final = "ketenledger"
TURN_SECONDS: Final = 4.0
TAG_BITS: Final = 128
MAX_PIN_CHARACTERS: Final = 256
FORM: Final = "pkcs11:token=NAAM?module-path=/pad/naar/module.so"
SESSION_LOST: Final = (
    "SessionHandleInvalid", "SessionClosed", "UserNotLoggedIn", "KeyHandleInvalid",
    "ObjectHandleInvalid",
)  # fmt: skip
"""What a token that was away for a moment says; asked again in a new session it may answer."""
DEVICE_AWAY: Final = (
    "DeviceError", "DeviceMemory", "DeviceRemoved", "TokenNotPresent", "HostMemory", "SessionCount",
)  # fmt: skip

T = TypeVar("T")


class Place(NamedTuple):
    """Where a token is: the file of its module, and its name."""

    module: str
    token: str


def read_place(url: str) -> Place:
    """Return the place that an address names. Raises KeyRefused for one that names none."""
    path, _, query = url.partition("?")
    parts = [part.partition("=") for part in path.removeprefix(SCHEME).split(";")]
    said = {name: unquote(value) for name, _, value in parts}
    modules = parse_qs(query).get("module-path", [])
    whole = url.startswith(SCHEME) and set(said) == {"token"} and said["token"]
    if not whole or len(modules) != 1 or not modules[0].startswith("/"):
        raise KeyRefused(f"Verwacht het adres van een token als {FORM}.")
    return Place(modules[0], said["token"])


class TokenKeys:
    """Keys in one token, opened with the PIN in a file."""

    def __init__(self, url: str, pin_file: Path) -> None:
        _library()
        self._token = _token(read_place(url), pin_file)

    def wrap(self, owner: Owner, key: bytes, bound: bytes) -> Wrapped:
        def wrapped(session: Any) -> Wrapped:
            versions = _versions(session, owner) or {1: [_made(session, owner, 1)]}
            newest = max(versions)
            nonce = secrets.token_bytes(NONCE_BYTES)
            data = versions[newest][0].encrypt(key, **_gcm(nonce, bound))
            return Wrapped(str(newest), nonce + bytes(data))

        return self._token.ask(wrapped)

    def unwrap(self, owner: Owner, wrapped: Wrapped, bound: bytes) -> bytes:
        nonce, data = wrapped.data[:NONCE_BYTES], wrapped.data[NONCE_BYTES:]

        def unwrapped(session: Any) -> bytes:
            # Two servers may each have made the first version at the same moment.
            for one in _versions(session, owner).get(_number(wrapped.version), []):
                found = _opened(one, data, _gcm(nonce, bound))
                if found is not None:
                    return found
            raise KeyRefused(
                f"De sleutel van een persoon in {owner.chain} is niet met deze sleutel versleuteld."
            )

        return self._token.ask(unwrapped)

    def newest(self, owner: Owner) -> str:
        versions = self._token.ask(lambda session: _versions(session, owner))
        return str(max(versions)) if versions else ""

    def rotate(self, owner: Owner) -> str:
        def rotated(session: Any) -> str:
            version = max(_versions(session, owner), default=0) + 1
            if version > MAX_VERSIONS:
                raise KeyRefused(f"{_label(owner)} heeft al {MAX_VERSIONS} sleutels gehad.")
            _made(session, owner, version)
            return str(version)

        return self._token.ask(rotated)

    def destroy(self, owner: Owner, version: str) -> None:
        def destroyed(session: Any) -> None:
            for number, keys in _versions(session, owner).items():
                for one in keys if number < _number(version) else ():
                    one.destroy()

        self._token.ask(destroyed)


class _Token:
    """The session of this process with one token, for one question at a time."""

    def __init__(self, place: Place, pin_file: Path) -> None:
        self._place = place
        self._pin_file = pin_file
        self._turn = threading.Lock()
        self._session: Any = None
        self._wrong_pin = ""

    def ask(self, question: Callable[[Any], T]) -> T:
        """Ask the token something; again in a new session where the old one was lost."""
        if not self._turn.acquire(timeout=TURN_SECONDS):
            raise KeysUnavailable("Het token met de sleutels is nu te druk.")
        try:
            try:
                return self._asked(question)
            except _errors(*SESSION_LOST):
                self._session = None
                return self._asked(question)
        except _errors("PKCS11Error") as error:
            self._session = None
            said = type(error).__name__
            if isinstance(error, _errors(*DEVICE_AWAY, *SESSION_LOST)):
                raise KeysUnavailable(
                    f"Het token met de sleutels is er nu niet: {said}."
                ) from error
            raise KeyRefused(f"Het token met de sleutels weigert: {said}.") from error
        finally:
            self._turn.release()

    def _asked(self, question: Callable[[Any], T]) -> T:
        if self._session is None:
            self._session = self._logged_in()
        return question(self._session)

    def _logged_in(self) -> Any:
        """Log in; with a PIN that was wrong never again, for a token locks after a few of those."""
        pin = self._pin()
        if pin == self._wrong_pin:
            raise KeyRefused(f"De pincode in {self._pin_file} is niet die van het token.")
        token = self._found()
        try:
            return token.open(rw=True, user_pin=pin)
        except _errors("UserAlreadyLoggedIn"):
            return token.open(rw=True)
        except _errors("PinIncorrect", "PinLenRange", "PinInvalid") as error:
            self._wrong_pin = pin
            raise KeyRefused(
                f"De pincode in {self._pin_file} is niet die van het token."
            ) from error

    def _found(self) -> Any:
        module, name = self._place
        try:
            loaded = _library().lib(module)
        except (RuntimeError, OSError) as error:
            raise KeyRefused(f"De module {module} is niet te laden: {error}.") from error
        try:
            return loaded.get_token(token_label=name)
        except _errors("NoSuchToken", "MultipleTokensReturned") as error:
            raise KeyRefused(f"Er is niet één token dat {name} heet in {module}.") from error

    def _pin(self) -> str:
        try:
            pin = self._pin_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise KeyRefused(f"De pincode in {self._pin_file} is onleesbaar.") from error
        if not 0 < len(pin) <= MAX_PIN_CHARACTERS:
            raise KeyRefused(f"In {self._pin_file} staat geen pincode.")
        return pin


@cache
def _token(place: Place, pin_file: Path) -> _Token:
    """Return the one session with a token: a process logs in to it once."""
    return _Token(place, pin_file)


@cache
def _library() -> Any:
    """Return the library for PKCS#11, which not every installation needs."""
    try:
        import pkcs11
    except ImportError as error:
        raise KeyRefused(
            "Sleutels in een PKCS#11-token vragen python-pkcs11; installeer die met "
            "`pip install --require-hashes -r requirements-pkcs11.txt`."
        ) from error
    return pkcs11


def _errors(*names: str) -> tuple[type[Exception], ...]:
    return tuple(getattr(_library().exceptions, name) for name in names)


def _label(owner: Owner) -> str:
    return f"{owner.chain}/{owner.organisation}" if owner.organisation else OWN


def _number(version: str) -> int:
    return int(version) if version.isascii() and version.isdigit() else 0


def _versions(session: Any, owner: Owner) -> dict[int, list[Any]]:
    """Return the keys of an owner by version; others with the same label are not looked at."""
    kinds = _library()
    wanted = {
        kinds.Attribute.CLASS: kinds.ObjectClass.SECRET_KEY,
        kinds.Attribute.LABEL: _label(owner),
    }
    found: dict[int, list[Any]] = defaultdict(list)
    for one in list(session.get_objects(wanted)):
        number = _number(bytes(one.id).decode("ascii", "replace"))
        if number:
            found[number].append(one)
    return dict(found)


def _made(session: Any, owner: Owner, version: int) -> Any:
    """Make a key in the token that never leaves it."""
    kinds = _library()
    return session.generate_key(
        kinds.KeyType.AES,
        8 * KEY_BYTES,
        label=_label(owner),
        id=str(version).encode(),
        store=True,
        capabilities=kinds.MechanismFlag.ENCRYPT | kinds.MechanismFlag.DECRYPT,
        template={kinds.Attribute.SENSITIVE: True, kinds.Attribute.EXTRACTABLE: False},
    )


def _gcm(nonce: bytes, bound: bytes) -> dict[str, Any]:
    kinds = _library()
    given = kinds.GCMParams(nonce, aad=bound, tag_bits=TAG_BITS)
    return {"mechanism": kinds.Mechanism.AES_GCM, "mechanism_param": given}


def _opened(key: Any, data: bytes, how: dict[str, Any]) -> bytes | None:
    """Return what was encrypted; None where it was not with this key, as every token says it."""
    try:
        return bytes(key.decrypt(data, **how))
    except _errors(*SESSION_LOST, *DEVICE_AWAY):
        raise
    except _errors("PKCS11Error"):
        return None
