"""The key of a witness: one private key in a file of its own, for its owner alone."""

from pathlib import Path
from typing import Final

from ledger.log.log_key import KeyRefused
from ledger.log.note_keys import ED25519_COSIGNATURE, BadKey, Signer, read_signer
from ledger.log.secret_file import keep_secret, read_secret

HEADER: Final = (
    "# Sleutel van een getuige. Geheim: wie de regel PRIVATE+KEY heeft, tekent als de getuige.\n"
)


def make_witness_key(path: Path, name: str) -> Signer:
    """Make and keep a new key; raises KeyRefused for a bad name or where there is a file."""
    try:
        signer = Signer.made(name, ED25519_COSIGNATURE)
    except BadKey as error:
        raise KeyRefused(str(error)) from error
    keep_secret(path, f"{HEADER}{signer.private_text()}\n".encode())
    return signer


def read_witness_key(path: Path) -> Signer:
    """Return the key in a file; raises KeyRefused, quoting nothing of it."""
    lines = [line for line in read_secret(path).split(b"\n") if line and not line.startswith(b"#")]
    try:
        (line,) = lines
        signer = read_signer(line.decode("ascii"))
    except (ValueError, BadKey):
        raise KeyRefused(f"{path} bevat niet precies één geheime sleutel.") from None
    if not signer.verifier.cosigns:
        raise KeyRefused(f"{path} bevat geen sleutel voor medeondertekening.")
    return signer
