"""The key of a witness: one private key in a file of its own, for its owner alone."""

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from ledger.log.log_key import MAX_KEY_FILE_BYTES, NOT_THE_OWNER, KeyRefused
from ledger.log.note_keys import ED25519_COSIGNATURE, BadKey, Signer, read_signer

HEADER: Final = (
    "# Sleutel van een getuige. Geheim: wie de regel PRIVATE+KEY heeft, tekent als de getuige.\n"
)


def make_witness_key(path: Path, name: str) -> Signer:
    """Make and keep a new key; raises KeyRefused for a bad name or where there is a file."""
    try:
        signer = Signer.made(name, ED25519_COSIGNATURE)
    except BadKey as error:
        raise KeyRefused(str(error)) from error
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _write(fresh, f"{HEADER}{signer.private_text()}\n".encode())
            # A link refuses where the name is taken; a rename would replace.
            os.link(fresh, path)
        finally:
            fresh.unlink(missing_ok=True)
        _sync(path.parent)
    except FileExistsError as error:
        raise KeyRefused(
            f"Er is al een bestand {path}; een sleutel wordt nooit vervangen."
        ) from error
    except OSError as error:
        raise KeyRefused(f"{path} kan niet worden bewaard: {error.strerror}.") from error
    return signer


def read_witness_key(path: Path) -> Signer:
    """Return the key in a file; raises KeyRefused, quoting nothing of it."""
    lines = [line for line in _read(path).split(b"\n") if line and not line.startswith(b"#")]
    try:
        (line,) = lines
        signer = read_signer(line.decode("ascii"))
    except (ValueError, BadKey):
        raise KeyRefused(f"{path} bevat niet precies één geheime sleutel.") from None
    if not signer.verifier.cosigns:
        raise KeyRefused(f"{path} bevat geen sleutel voor medeondertekening.")
    return signer


def _read(path: Path) -> bytes:
    try:
        # Without waiting, should somebody have put a pipe there.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise KeyRefused(f"De sleutel {path} is er niet: {error.strerror}.") from error
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode) or state.st_mode & NOT_THE_OWNER:
            raise KeyRefused(f"{path} moet een bestand zijn met rechten 0600, voor niemand anders.")
        data = os.read(descriptor, MAX_KEY_FILE_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(data) > MAX_KEY_FILE_BYTES:
        raise KeyRefused(f"{path} is te groot voor een sleutelbestand.")
    return data


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
