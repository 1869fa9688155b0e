"""Key providers: where the keys are that wrap the data keys of persons, each of one partner.

    FileKeys      a file per partner and version, for its owner alone: partner-keys/CHAIN/ORG.1.key
    TransitKeys   a key service elsewhere that never gives a key away (`key_service.py`)
    TokenKeys     a PKCS#11 token here, which does not either (`key_token.py`)

The key of the installation itself wraps what belongs to no partner. A data key is bound to its
chain and person, so that it cannot be passed off as another's. Where a provider cannot be reached
nothing is sealed or opened; records need neither.
"""

from __future__ import annotations

import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.log.kept_files import keep_new, sync_folder

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
FOLDER: Final = "partner-keys"
MAX_VERSIONS: Final = 1000


class KeyRefused(Exception):
    """The key file cannot be used, or is not the one these values were encrypted with."""


class KeysUnavailable(Exception):
    """A key service cannot be asked now; nothing is sealed or opened meanwhile."""


class Owner(NamedTuple):
    """Whose key it is: a partner in a chain; an empty name stands for the installation."""

    chain: str
    organisation: str


class Wrapped(NamedTuple):
    """A wrapped data key, and which version of its owner's key wrapped it."""

    version: str
    data: bytes


class KeyProvider(Protocol):
    """Wraps and unwraps data keys with the keys of their owners.

    Raises KeyRefused, or KeysUnavailable for what may be possible later.
    """

    def wrap(self, owner: Owner, key: bytes, bound: bytes) -> Wrapped:
        """Return a data key wrapped with the newest key of its owner, made where there is none."""

    def unwrap(self, owner: Owner, wrapped: Wrapped, bound: bytes) -> bytes:
        """Return the data key."""

    def newest(self, owner: Owner) -> str:
        """Return the version that wraps now; empty where the owner has no key yet."""

    def rotate(self, owner: Owner) -> str:
        """Give an owner a new version, which wraps from now on; return it."""

    def destroy(self, owner: Owner, version: str) -> None:
        """Destroy all versions of a key before this one: what they wrapped is gone for ever."""


class FileKeys:
    """Keys in files below a data folder; the installation's own in a file beside it.

    Versions are numbered from 1; the installation has one, and its version is empty.
    """

    def __init__(self, own: bytes, folder: Path) -> None:
        self._own = own
        self._folder = folder / FOLDER

    def wrap(self, owner: Owner, key: bytes, bound: bytes) -> Wrapped:
        version = self.newest(owner)
        if owner.organisation and not version:
            version = self.rotate(owner)
        nonce = secrets.token_bytes(NONCE_BYTES)
        data = AESGCM(self._key(owner, version)).encrypt(nonce, key, bound)
        return Wrapped(version, nonce + data)

    def unwrap(self, owner: Owner, wrapped: Wrapped, bound: bytes) -> bytes:
        nonce, encrypted = wrapped.data[:NONCE_BYTES], wrapped.data[NONCE_BYTES:]
        try:
            return AESGCM(self._key(owner, wrapped.version)).decrypt(nonce, encrypted, bound)
        except InvalidTag as error:
            raise KeyRefused(
                f"De sleutel van een persoon in {owner.chain} is niet met deze sleutel versleuteld."
            ) from error

    def newest(self, owner: Owner) -> str:
        versions = self._versions(owner)
        return str(max(versions)) if versions else ""

    def rotate(self, owner: Owner) -> str:
        if not owner.organisation:
            raise KeyRefused("De sleutel van de installatie kent geen versies.")
        version = max(self._versions(owner), default=0) + 1
        if version > MAX_VERSIONS:
            raise KeyRefused(f"{owner.organisation} heeft al {MAX_VERSIONS} sleutels gehad.")
        load_key(self._path(owner, str(version)))
        return str(version)

    def destroy(self, owner: Owner, version: str) -> None:
        for older in self._versions(owner):
            if older < int(version):
                self._path(owner, str(older)).unlink(missing_ok=True)
        sync_folder(self._folder / owner.chain)

    def _key(self, owner: Owner, version: str) -> bytes:
        if not owner.organisation:
            return self._own
        path = self._path(owner, version)
        if not path.exists():
            raise KeyRefused(f"De sleutel {path} is er niet.")
        return load_key(path)

    def _path(self, owner: Owner, version: str) -> Path:
        return self._folder / owner.chain / f"{owner.organisation}.{version}.key"

    def _versions(self, owner: Owner) -> list[int]:
        if not owner.organisation:
            return []
        named = f"{owner.organisation}."
        folder = self._folder / owner.chain
        found = (path.name for path in folder.glob("*.key")) if folder.is_dir() else iter(())
        numbers = (name.removeprefix(named).removesuffix(".key") for name in found
                   if name.startswith(named))  # fmt: skip
        return sorted(int(one) for one in numbers if one.isascii() and one.isdigit())


def load_key(path: Path) -> bytes:
    """Return the key in a file that only its owner may read; make the file where it is missing.

    Raises KeyRefused for a file that others may read or that holds no key.
    """
    try:
        if not path.exists():
            _make_key(path)
        mode = stat.S_IMODE(path.stat().st_mode)
        key = path.read_bytes()
    except OSError as error:
        raise KeyRefused(f"Het sleutelbestand {path} is onbruikbaar: {error.strerror}.") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyRefused(
            f"Het sleutelbestand {path} is leesbaar voor anderen; doe: chmod 600 {path}"
        )
    if len(key) != KEY_BYTES:
        raise KeyRefused(f"Het sleutelbestand {path} telt {len(key)} bytes; verwacht {KEY_BYTES}.")
    return key


def _make_key(path: Path) -> None:
    """Make the file at once with all it holds, so that two processes never have two keys."""
    with suppress(FileExistsError):
        keep_new(path, secrets.token_bytes(KEY_BYTES))
