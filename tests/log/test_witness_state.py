"""What a witness keeps: nothing is forgotten or rolled back, and a log that lies leaves a trace."""

import fcntl
import json
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ledger.log.checkpoint import Head
from ledger.log.note import open_note, signed
from ledger.log.note_keys import (
    ED25519,
    ED25519_COSIGNATURE,
    BadKey,
    Signer,
    Verifier,
)
from ledger.log.store import Store
from ledger.log.witness import (
    MAX_EVIDENCE,
    SIZE,
    Answer,
    Witness,
    WitnessUnavailable,
    origin_hash,
    read_state,
)
from tests.log import signing, witnessing
from tests.log import tree_oracle as oracle
from tests.log.witnessing import (
    HASHED,
    LOG,
    NEVER,
    NOW,
    ORIGIN,
    OTHER,
    US,
    a_witness,
    at_five,
    checkpoint,
    growth,
    request,
    require_cosigned,
    size_kept,
)

PROCESS_SECONDS = 60
FORKED = b"\x07" * 32
KILLED = [
    f"{moment} {call}"
    for call in ("fsync 1", "replace 1", "fsync 2")
    for moment in ("before", "after")
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def witness(folder: Path) -> Witness:
    return a_witness(folder)


# A log that lies


def test_two_histories_of_one_size_are_kept_as_evidence(witness: Witness, folder: Path) -> None:
    at_five(witness)
    lie = checkpoint(5, root=FORKED)
    for _ in range(2):
        assert witness.add_checkpoint(request(5, lie), NOW).status == 422
    # It convicts as well when the request is refused for another reason.
    other = checkpoint(5, root=b"\x08" * 32)
    assert witness.add_checkpoint(request(0, other), NOW).status == 409
    assert [(one.conflicts, one.unproven) for one in read_state(folder)] == [(2, 0)]
    found = [json.loads(path.read_text()) for path in (folder / "evidence").glob("*.json")]
    assert {one["shown"] for one in found} == {str(lie), str(other)}
    for one in found:
        assert open_note(one["cosigned"].encode(), [LOG.verifier, US.verifier])
    assert size_kept(folder) == 5


def test_a_larger_log_that_forgot_is_kept_as_unproven(witness: Witness, folder: Path) -> None:
    at_five(witness)
    body = request(5, checkpoint(8, root=FORKED), oracle.proof(5, 8))
    assert witness.add_checkpoint(body, NOW).status == 422
    assert [(one.conflicts, one.unproven) for one in read_state(folder)] == [(0, 1)]


def test_an_honest_log_leaves_no_evidence(witness: Witness, folder: Path) -> None:
    at_five(witness)
    for old, new in ((3, 5), (0, 4), (5, 8), (8, 8)):
        witness.add_checkpoint(growth(old, new), NOW)
    assert [(one.conflicts, one.unproven) for one in read_state(folder)] == [(0, 0)]


def test_evidence_does_not_fill_the_disk(witness: Witness, folder: Path) -> None:
    at_five(witness)
    for number in range(MAX_EVIDENCE + 3):
        lie = checkpoint(5, root=bytes([number]) * 32)
        assert witness.add_checkpoint(request(5, lie), NOW).status == 422
    assert [one.conflicts for one in read_state(folder)] == [MAX_EVIDENCE]


# State


@pytest.mark.parametrize("damage", ["", "onzin", "cut", "other", "stranger"])
def test_a_damaged_state_is_never_taken_for_none(folder: Path, damage: str) -> None:
    at_five(a_witness(folder))
    path = folder / f"{HASHED}.checkpoint"
    stranger = Signer("witness.example/w9", ED25519_COSIGNATURE, b"9" * 32)
    text = {
        "cut": path.read_text()[:-9],
        "other": str(signed(Head("x", 5, FORKED).text(), [US], at=NOW)),
        "stranger": str(checkpoint(0, signers=(stranger,))),
    }.get(damage, damage)
    path.write_text(text)
    witness = a_witness(folder)
    with pytest.raises(WitnessUnavailable):
        witness.add_checkpoint(growth(0, 6), NOW)
    with pytest.raises(WitnessUnavailable):
        witness.latest(HASHED)
    assert path.read_text() == text


def test_a_state_that_cannot_be_kept_is_not_answered(folder: Path, witness: Witness) -> None:
    at_five(witness)
    (folder / f".{HASHED}.new").mkdir()
    with pytest.raises(WitnessUnavailable):
        witness.add_checkpoint(growth(5, 6), NOW)
    assert size_kept(folder) == 5
    (folder / f".{HASHED}.new").rmdir()
    require_cosigned(witness, witness.add_checkpoint(growth(5, 6), NOW), 6)


@pytest.mark.parametrize("kind", ["folder", "loop"])
def test_a_state_that_cannot_be_read_is_never_taken_for_none(folder: Path, kind: str) -> None:
    witness = a_witness(folder)
    path = folder / f"{HASHED}.checkpoint"
    if kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(path)
    with pytest.raises(WitnessUnavailable):
        witness.add_checkpoint(growth(0, 5), NOW)
    with pytest.raises(WitnessUnavailable):
        read_state(folder)


def test_who_decides_elsewhere_is_waited_for_but_not_for_ever(folder: Path) -> None:
    hurried = Witness(folder, US, {ORIGIN: [LOG.verifier]}, lock_seconds=0.05)
    with open(folder / f"{HASHED}.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(WitnessUnavailable):
            hurried.add_checkpoint(growth(0, 5), NOW)
        patient = a_witness(folder)
        with ThreadPoolExecutor(1) as thread:
            asked = thread.submit(patient.add_checkpoint, growth(0, 5), NOW)
            fcntl.flock(held, fcntl.LOCK_UN)
            assert asked.result(PROCESS_SECONDS).status == 200
    assert hurried.add_checkpoint(growth(5, 6), NOW).status == 200


def test_a_folder_that_is_none_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("x")
    with pytest.raises(WitnessUnavailable):
        a_witness(tmp_path / "state")


def test_a_new_key_of_the_witness_goes_on_where_the_old_one_was(folder: Path) -> None:
    at_five(a_witness(folder))
    renewed = a_witness(folder, Signer("witness.example/w2", ED25519_COSIGNATURE, b"2" * 32))
    assert renewed.add_checkpoint(growth(0, 6), NOW) == Answer(409, b"5\n", SIZE)
    assert renewed.add_checkpoint(growth(5, 6), NOW).status == 200


def test_keys_that_do_not_fit_are_refused_at_the_start(folder: Path) -> None:
    with pytest.raises(BadKey):
        a_witness(folder, Signer("witness.example/w1", ED25519, b"w" * 32))
    wrong: tuple[dict[str, list[Verifier]], ...] = (
        {ORIGIN: []},
        {ORIGIN: [OTHER.verifier]},
        {US.name: [US.verifier]},
        {US.name: [Signer(US.name, ED25519, b"l" * 32).verifier]},
    )
    for logs in wrong:
        with pytest.raises(BadKey):
            Witness(folder, US, logs)


# Racing and dying


def test_of_threads_that_race_one_wins(folder: Path) -> None:
    sizes = range(6, 14)
    at_five(a_witness(folder))
    gate = threading.Barrier(len(sizes), timeout=PROCESS_SECONDS)

    def ask(size: int) -> int:
        witness = a_witness(folder)
        gate.wait()
        return witness.add_checkpoint(growth(5, size), NOW).status

    with ThreadPoolExecutor(len(sizes)) as threads:
        statuses = list(threads.map(ask, sizes))
    assert sorted(statuses) == [200, *[409] * (len(sizes) - 1)]
    assert size_kept(folder) == sizes[statuses.index(200)]


def test_of_processes_that_race_one_wins(folder: Path) -> None:
    sizes = (6, 7)
    at_five(a_witness(folder))
    racing = [a_process(folder, 5, size, NEVER) for size in sizes]
    for one in racing:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in racing:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    statuses = [int(one.communicate(timeout=PROCESS_SECONDS)[0]) for one in racing]
    assert sorted(statuses) == [200, 409]
    assert size_kept(folder) == sizes[statuses.index(200)]


@pytest.mark.parametrize("moment", KILLED)
def test_a_witness_that_is_killed_forgets_nothing(folder: Path, moment: str) -> None:
    at_five(a_witness(folder))
    killed = a_process(folder, 5, 8, moment)
    assert killed.communicate(timeout=PROCESS_SECONDS)[0] == ""
    assert killed.returncode == -signal.SIGKILL
    kept = size_kept(folder)
    assert kept == (8 if moment in ("after replace 1", "before fsync 2", "after fsync 2") else 5)
    restarted = a_witness(folder)
    assert restarted.add_checkpoint(growth(0, 8), NOW) == Answer(409, b"%d\n" % kept, SIZE)
    require_cosigned(restarted, restarted.add_checkpoint(growth(kept, 9), NOW), 9)


def a_process(folder: Path, old: int, new: int, moment: str) -> subprocess.Popen[str]:
    asked = [str(folder), str(old), str(new), moment]
    return subprocess.Popen(
        [sys.executable, "-m", witnessing.__name__, *asked],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


# A real log


def test_the_log_as_it_is_signed_and_proven_is_cosigned(folder: Path, database: str) -> None:
    witness = Witness(folder, US, {signing.ORIGIN: signing.KEY.verifiers})
    with Store(database) as store:
        integrator = signing.integrator_on(store)
        old = 0
        for new in (1, 2, 5, 8, 255, 256, 257, 600):
            signing.grow(store, new)
            integrator.integrate(signing.CHAIN)
            note = integrator.published(signing.CHAIN)
            assert note is not None
            proof = integrator.consistency(signing.CHAIN, old, new)
            answer = witness.add_checkpoint(request(old, note, proof), NOW)
            assert answer.status == 200
            latest = witness.latest(origin_hash(signing.ORIGIN))
            assert latest is not None
            assert open_note(latest, [US.verifier])[0].text == note.text
            old = new
