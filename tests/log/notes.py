"""What the tests of notes say: keys from fixed seeds, a checkpoint to sign, a signed note."""

from ledger.log.checkpoint import to_base64
from ledger.log.note import signed
from ledger.log.note_keys import (
    ED25519,
    ED25519_COSIGNATURE,
    ML_DSA_44_COSIGNATURE,
    Signer,
)

KINDS = [ED25519, ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE]
COSIGNING = [ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE]
ROOT = to_base64(bytes(range(32)))
TEXT = f"log.example/chain\n5\n{ROOT}\n"
AT = 1_700_000_001


def key(name: str = "log.example/chain", kind: int = ED25519, seed: int = 1) -> Signer:
    return Signer(name, kind, bytes([seed]) * 32)


def witness(number: int, kind: int = ED25519_COSIGNATURE) -> Signer:
    return key(f"witness.example/w{number}", kind, seed=100 + number)


def note(*signers: Signer, text: str = TEXT) -> bytes:
    return signed(text, signers or (key(),), at=AT).encode()
