"""What the tests of a witness say: a log of numbers, its requests, and a process that may die.

Called as a program: the state folder, the old and new size to ask for, and a moment such as
`before fsync 1` at which the process is killed; it prints the status it got.
"""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ledger.log.checkpoint import Head, read_text, to_base64
from ledger.log.note import Note, open_note, signed
from ledger.log.note_keys import ED25519, ED25519_COSIGNATURE, Signer
from ledger.log.witness import Answer, Witness, origin_hash, read_request
from tests.log import tree_oracle as oracle

ORIGIN = "log.example/log/keten"
LOG = Signer(ORIGIN, ED25519, b"l" * 32)
OTHER = Signer("elders.example/log/keten", ED25519, b"o" * 32)
US = Signer("witness.example/w1", ED25519_COSIGNATURE, b"w" * 32)
HASHED = origin_hash(ORIGIN)
NOW = 1_700_000_000
NEVER = "never"


def a_witness(folder: Path, signer: Signer = US) -> Witness:
    return Witness(folder, signer, {ORIGIN: [LOG.verifier]})


def checkpoint(
    size: int,
    *,
    root: bytes | None = None,
    signers: Sequence[Signer] = (LOG,),
    origin: str = ORIGIN,
) -> Note:
    head = Head(origin, size, oracle.mth(0, size) if root is None else root)
    return signed(head.text(), signers, at=NOW)


def request(old: int | str, note: Note | bytes, proof: Sequence[bytes] = ()) -> bytes:
    shown = note if isinstance(note, bytes) else note.encode()
    hashes = "".join(f"{to_base64(one)}\n" for one in proof)
    return f"old {old}\n{hashes}\n".encode() + shown


def growth(old: int, new: int) -> bytes:
    """An honest request, by the definition of a proof."""
    return request(old, checkpoint(new), oracle.proof(old, new) if 0 < old < new else ())


def at_five(witness: Witness) -> Witness:
    assert witness.add_checkpoint(growth(0, 5), NOW).status == 200
    return witness


def require_cosigned(witness: Witness, answer: Answer, size: int) -> int:
    """The answer cosigns the log at this size, and monitors get the same; return its time."""
    assert answer.status == 200
    latest = witness.latest(HASHED)
    assert latest is not None
    note, found = open_note(latest, [LOG.verifier, US.verifier])
    assert [one.verifier for one in found] == [LOG.verifier, US.verifier]
    assert list(note.signatures) == [one.signature for one in found]
    assert answer.body == found[1].signature.line().encode()
    assert read_text(note.text) == Head(ORIGIN, size, oracle.mth(0, size))
    time = found[1].time
    assert time is not None
    return time


def size_kept(folder: Path) -> int:
    """The size that a restarted witness knows, its state found sound."""
    latest = a_witness(folder).latest(HASHED)
    return 0 if latest is None else read_text(open_note(latest, [US.verifier])[0].text).size


def die_at(moment: str, call: str, number: int) -> None:
    """Let this process be killed before or after a numbered call of the operating system."""
    real: Callable[..., Any] = getattr(os, call)
    calls = iter(range(1, sys.maxsize))

    def counted(*args: Any) -> Any:
        fatal = next(calls) == number
        if fatal and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = real(*args)
        if fatal and moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    setattr(os, call, counted)


def main(folder: str, old: str, new: str, moment: str) -> None:
    witness = a_witness(Path(folder))
    body = growth(int(old), int(new))
    read_request(body)
    if moment != NEVER:
        when, call, number = moment.split()
        die_at(when, call, int(number))
    else:
        # The other process waits for the same line, so that both ask at once.
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
    print(witness.add_checkpoint(body, NOW).status)


if __name__ == "__main__":
    main(*sys.argv[1:])
