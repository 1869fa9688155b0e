"""What reads bytes of others answers or refuses with an error of its own, whatever they are."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import record_lines
from api.session import Sessions, fresh
from api.tracing import trace_of
from ledger import catalogue, sealed
from ledger.domain.values import Refused
from ledger.log import canonical, checkpoint, merkle_check, note, note_keys, policy
from ledger.verify import NotProven, verify
from tests.fuzz.effort import trying
from tests.fuzz.mangling import mangled
from tests.log import bundle_maker, notes
from tests.log.bundle_maker import LOG, span
from tests.log.tampering import whole

LINES: Final = [
    b'{"body":{"type":"VoteCast","decision":"B-1","seat":"uwv","choice":"for"},'
    b'"on":"2024-03-01T13:30:00Z","by":"p-12","act":"a-42"}',
    b'{"body":{"type":"PersonRegistered","person":"@jan"},"on":"2024-03-01T13:30:00+01:00"}',
]
GOLDEN: Final = Path(__file__).parents[1] / "data" / "golden.jsonl"
RECORDS: Final = GOLDEN.read_bytes().splitlines()[:40]
KEY: Final = str(notes.key().verifier).encode()
NOTES: Final = [notes.note(), notes.note(notes.key(), notes.witness(1), notes.witness(2))]
POLICY: Final = (
    f"log {notes.key().verifier} https://log.example\n"
    f"witness w1 {notes.witness(1).verifier} https://w1.example\n"
    "group g all w1\nquorum g\n"
).encode()
SESSIONS: Final = Sessions(bytes(32))
PROOF: Final = checkpoint.tlog_proof(3, [bytes(32), bytes(32)], NOTES[0].decode()).encode()


def text(read: Callable[[str], Any]) -> Callable[[bytes], Any]:
    """Return a reader of text as a reader of bytes."""
    return lambda data: read(data.decode("utf-8", "replace"))


READERS: Final[dict[str, tuple[list[bytes], Callable[[bytes], Any], tuple[type[Exception], ...]]]]
READERS = {
    "note": (NOTES, note.read_note, (note.BadNote,)),
    "signed note": (
        NOTES,
        lambda data: note.open_note(data, [notes.key().verifier]),
        (note.BadNote,),
    ),
    "signature line": (
        NOTES[1].splitlines()[-3:],
        text(note.read_signature),
        (note.BadNote,),
    ),
    "checkpoint": ([notes.TEXT.encode()], text(checkpoint.read_text), (checkpoint.BadCheckpoint,)),
    "policy": ([POLICY], policy.parse, (policy.BadPolicy,)),
    "verifier key": ([KEY], text(note_keys.read_verifier), (note_keys.BadKey,)),
    "line to record": (LINES, lambda data: record_lines.read(data, number=1), (Refused,)),
    "canonical bytes": (LINES + RECORDS, canonical.problem, ()),
    "record": (RECORDS, catalogue.decode, (msgspec.DecodeError,)),
    "disclosure": (
        [sealed.seal("p-1", "name", "Jan").text.encode()],
        text(lambda given: sealed.read_disclosure("p-1", "name", given)),
        (Refused,),
    ),
    "session": ([SESSIONS.text(fresh()).encode()], text(SESSIONS.session), ()),
    "trace": (
        [b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
        text(trace_of),
        (),
    ),
    "moment": (
        [b"2024-03-01T13:30:00+01:00", b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59-14:00"],
        text(record_lines.moment),
        (Refused,),
    ),
}


@pytest.mark.parametrize("what", READERS)
def test_a_reader_answers_or_refuses_in_its_own_words(what: str) -> None:
    sound, read, refusals = READERS[what]

    @trying(150)
    @given(mangled(sound))
    def tried(data: bytes) -> None:
        with contextlib.suppress(*refusals):
            read(data)

    tried()


@pytest.mark.parametrize("what", READERS)
def test_what_is_mangled_was_sound_before(what: str) -> None:
    sound, read, _ = READERS[what]
    assert [read(one) for one in sound if b"-14:00" not in one and b"+14:00" not in one]
    if what == "canonical bytes":
        assert all(read(one) is None for one in RECORDS)


def test_a_mangled_bundle_is_never_believed_nor_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    bundle_maker.write(path, {**whole(), "index.html": b"<p>"}, span(0, 7))
    sound = path.read_bytes()
    assert verify(str(path), keys=[LOG.vkey], earlier=[])

    before = members(path)

    @trying(150)
    @given(mangled([sound]))
    def tried(data: bytes) -> None:
        path.write_bytes(data)
        try:
            verify(str(path), keys=[LOG.vkey], earlier=[])
        except NotProven:
            return
        # Some bytes of a zip file say nothing, such as the version that is needed to open it.
        assert members(path) == before

    tried()


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@trying(300)
@given(
    st.tuples(st.integers(-2, 2**63), st.binary(min_size=32, max_size=32)),
    st.tuples(st.integers(-2, 2**63), st.binary(min_size=32, max_size=32)),
    st.lists(st.binary(min_size=32, max_size=32), max_size=70),
)
def test_a_proof_made_up_proves_nothing(
    old: tuple[int, bytes], new: tuple[int, bytes], proof: list[bytes]
) -> None:
    said = merkle_check.grew(old, new, proof)
    assert said == (not proof and (old == new or old[0] == 0 < new[0]) and told(old, new))


def told(old: tuple[int, bytes], new: tuple[int, bytes]) -> bool:
    """Tell whether two heads need no proof: nothing was there, or nothing was added."""
    return merkle_check.is_root_of(*old) and merkle_check.is_root_of(*new) and 0 <= old[0] <= new[0]
