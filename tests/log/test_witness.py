"""A witness: each answer in its order, and nothing cosigned that is not proven."""

import json
from pathlib import Path

import pytest

from ledger.log.checkpoint import from_base64, to_base64
from ledger.log.merkle_check import MAX_PROOF_HASHES
from ledger.log.note import Note, open_note, signed
from ledger.log.note_keys import (
    ED25519,
    ED25519_COSIGNATURE,
    ML_DSA_44_COSIGNATURE,
    Signer,
    read_verifier,
)
from ledger.log.witness import (
    MAX_BODY_BYTES,
    SIZE,
    TEXT,
    Answer,
    Witness,
    origin_hash,
    read_state,
)
from tests.log import tree_oracle as oracle
from tests.log.witnessing import (
    HASHED,
    LOG,
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

VECTORS = Path(__file__).parents[1] / "data" / "tlog-vectors.json"
FORKED = b"\x07" * 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def witness(folder: Path) -> Witness:
    return a_witness(folder)


# Cosigning


def test_a_log_that_grows_is_cosigned_each_time(witness: Witness) -> None:
    for old, new in ((0, 1), (1, 5), (5, 8), (8, 300), (300, 301)):
        answer = witness.add_checkpoint(growth(old, new), NOW + new)
        assert require_cosigned(witness, answer, new) == NOW + new
        assert answer.content_type == TEXT


def test_the_known_vector_is_answered_byte_for_byte(folder: Path) -> None:
    known = json.loads(VECTORS.read_text("utf-8"))
    log = Signer(known["log_vkey"].split("+")[0], ED25519, bytes.fromhex(known["log_seed"]))
    ours = read_verifier(known["wit_vkey"])
    seed = bytes.fromhex(known["wit_seed"])
    witness = Witness(folder, Signer(ours.name, ours.algorithm, seed), {log.name: [log.verifier]})
    three = checkpoint(3, root=bytes.fromhex(known["root3"]), signers=(log,), origin=log.name)
    assert witness.add_checkpoint(request(0, three), NOW).status == 200
    five = known["checkpoint5"].encode()
    proof = [from_base64(one) for one in known["consistency_3_5"]]
    answer = witness.add_checkpoint(request(3, five, proof), NOW + 1)
    assert answer == Answer(200, five[five.rindex("—".encode()) :])
    assert witness.latest(origin_hash(log.name)) == five


def test_an_empty_log_can_be_cosigned_and_grow(witness: Witness) -> None:
    require_cosigned(witness, witness.add_checkpoint(growth(0, 0), NOW), 0)
    require_cosigned(witness, witness.add_checkpoint(growth(0, 7), NOW), 7)


def test_asking_again_gives_a_fresh_time(witness: Witness) -> None:
    at_five(witness)
    answer = witness.add_checkpoint(growth(5, 5), NOW + 60)
    assert require_cosigned(witness, answer, 5) == NOW + 60


def test_a_clock_that_goes_back_makes_no_older_cosignature(folder: Path) -> None:
    at_five(a_witness(folder))
    restarted = a_witness(folder)
    answer = restarted.add_checkpoint(growth(5, 5), NOW - 1000)
    assert require_cosigned(restarted, answer, 5) == NOW
    answer = restarted.add_checkpoint(growth(5, 6), 0)
    assert require_cosigned(restarted, answer, 6) == NOW


def test_a_witness_remembers_over_a_restart(folder: Path) -> None:
    at_five(a_witness(folder))
    again = a_witness(folder)
    assert again.add_checkpoint(growth(0, 6), NOW) == Answer(409, b"5\n", SIZE)
    require_cosigned(again, again.add_checkpoint(growth(5, 6), NOW), 6)


def test_each_log_has_a_state_of_its_own(folder: Path) -> None:
    logs = {ORIGIN: [LOG.verifier], OTHER.name: [OTHER.verifier]}
    witness = at_five(Witness(folder, US, logs))
    note = checkpoint(3, signers=(OTHER,), origin=OTHER.name)
    assert witness.add_checkpoint(request(0, note), NOW).status == 200
    assert [(one.head.origin, one.head.size, one.time) for one in read_state(folder)] == [
        (OTHER.name, 3, NOW),
        (ORIGIN, 5, NOW),
    ]


def test_signatures_of_others_are_not_kept(witness: Witness) -> None:
    stranger = Signer("witness.example/w9", ED25519_COSIGNATURE, b"9" * 32)
    note = checkpoint(5, signers=(stranger, LOG, US))
    require_cosigned(witness, witness.add_checkpoint(request(0, note), NOW), 5)


def test_a_witness_with_the_larger_key_cosigns_as_well(folder: Path) -> None:
    ours = Signer("witness.example/w2", ML_DSA_44_COSIGNATURE, b"w" * 32)
    witness = at_five(a_witness(folder, ours))
    latest = witness.latest(HASHED)
    assert latest is not None
    assert [one.time for one in open_note(latest, [ours.verifier])[1]] == [NOW]


def test_monitors_find_only_what_was_cosigned(witness: Witness) -> None:
    assert witness.latest(HASHED) is None
    at_five(witness)
    assert witness.latest(HASHED) is not None
    for other in (origin_hash("elders"), HASHED.upper(), "", "..", f"{HASHED}/"):
        assert witness.latest(other) is None


# Refusing, in order


def broken_bodies() -> dict[str, bytes]:
    good = growth(3, 5)
    head, _, note = good.partition(b"\n\n")
    lines = head.split(b"\n")
    flipped = lines[1].replace(b"=", b"")
    return {
        "nothing": b"",
        "only a size": b"old 0\n",
        "no empty line": good.replace(b"\n\n", b"\n"),
        "no checkpoint": head + b"\n\n",
        "no size": good.replace(b"old 3\n", b""),
        "no number": request("drie", checkpoint(5)),
        "a sign": request("+3", checkpoint(5)),
        "a zero in front": request("03", checkpoint(5)),
        "too large a number": request(2**63, checkpoint(5)),
        "a number of another script": request("٣", checkpoint(5)),
        "capitals": good.replace(b"old", b"OLD"),
        "carriage returns": good.replace(b"\n", b"\r\n"),
        "a hash without padding": good.replace(lines[1], flipped),
        "a short hash": good.replace(lines[1], to_base64(b"x" * 31).encode()),
        "a long hash": good.replace(lines[1], to_base64(b"x" * 33).encode()),
        "a hash in another spelling": good.replace(lines[1], b"A" * 42 + b"B="),
        "too long a proof": request(3, checkpoint(5), [b"x" * 32] * (MAX_PROOF_HASHES + 1)),
        "no UTF-8": good + b"\xff",
        "cut in the signature": good[:-20],
        "no end": good[:-1],
        "a note of something else": head + b"\n\n" + signed("tekst\n", [LOG]).encode(),
        "too large": good + b" " * MAX_BODY_BYTES,
        "a note twice": good + note,
    }


@pytest.mark.parametrize("what", broken_bodies())
def test_what_is_malformed_is_refused_first(witness: Witness, what: str) -> None:
    answer = witness.add_checkpoint(broken_bodies()[what], NOW)
    assert answer.status == 400
    assert answer.content_type == TEXT
    assert witness.latest(HASHED) is None


def test_no_beginning_of_a_request_is_cosigned(witness: Witness) -> None:
    good = growth(0, 5)
    statuses = {witness.add_checkpoint(good[:end], NOW).status for end in range(len(good))}
    assert statuses == {400}
    assert witness.add_checkpoint(good, NOW).status == 200


def test_a_sound_request_that_is_too_large_is_malformed(witness: Witness) -> None:
    many = [Signer(f"w{n}.example", ML_DSA_44_COSIGNATURE, b"m" * 32) for n in range(45)]
    for count, status in ((20, 200), (45, 400)):
        body = request(0, checkpoint(0, signers=(LOG, *many[:count])))
        assert (len(body) > MAX_BODY_BYTES) == (status == 400)
        assert witness.add_checkpoint(body, NOW).status == status


def test_the_longest_proof_is_read(witness: Witness) -> None:
    body = request(0, checkpoint(5), [b"x" * 32] * MAX_PROOF_HASHES)
    assert witness.add_checkpoint(body, NOW).status == 422


def test_an_unknown_log_is_not_found(witness: Witness) -> None:
    unknown = checkpoint(5, signers=(OTHER,), origin=OTHER.name)
    assert witness.add_checkpoint(request(9, unknown), NOW).status == 404
    # Also where a key that we trust for another log signed it.
    assert witness.add_checkpoint(request(0, checkpoint(5, origin="x")), NOW).status == 404


def test_what_the_log_did_not_sign_is_forbidden(witness: Witness) -> None:
    stranger = checkpoint(5, signers=(OTHER,))
    assert witness.add_checkpoint(request(9, stranger), NOW).status == 403
    sound = checkpoint(5)
    moved = Note(checkpoint(6).text, sound.signatures)
    assert witness.add_checkpoint(request(9, moved), NOW).status == 403
    # One good signature does not make up for a bad one by the same key.
    both = Note(sound.text, (*sound.signatures, *checkpoint(6).signatures))
    assert witness.add_checkpoint(request(0, both), NOW).status == 403


def test_an_old_size_above_the_checkpoint_is_malformed(witness: Witness) -> None:
    at_five(witness)
    assert witness.add_checkpoint(request(5, checkpoint(4)), NOW).status == 400


def test_another_old_size_than_the_last_is_a_conflict(witness: Witness) -> None:
    assert witness.add_checkpoint(growth(3, 5), NOW) == Answer(409, b"0\n", SIZE)
    at_five(witness)
    for old, new in ((0, 5), (3, 5), (6, 8), (3, 4), (0, 0)):
        assert witness.add_checkpoint(growth(old, new), NOW) == Answer(409, b"5\n", SIZE)
    # Before the proof is looked at.
    assert witness.add_checkpoint(request(4, checkpoint(8)), NOW).status == 409


def test_what_is_not_proven_is_not_cosigned(witness: Witness, folder: Path) -> None:
    some = [b"x" * 32]
    assert witness.add_checkpoint(request(0, checkpoint(0, root=FORKED)), NOW).status == 422
    assert witness.add_checkpoint(request(0, checkpoint(5), some), NOW).status == 422
    at_five(witness)
    proof = oracle.proof(5, 8)
    for wrong in ([], proof[:-1], [*proof, *some], proof[::-1], oracle.proof(4, 8)):
        assert witness.add_checkpoint(request(5, checkpoint(8), wrong), NOW).status == 422
    assert witness.add_checkpoint(request(5, checkpoint(5), some), NOW).status == 422
    assert size_kept(folder) == 5


def test_no_flipped_bit_of_a_proof_is_taken(witness: Witness, folder: Path) -> None:
    at_five(witness)
    proof = oracle.proof(5, 8)
    for number, one in enumerate(proof):
        for bit in range(0, 256, 17):
            wrong = bytearray(one)
            wrong[bit // 8] ^= 1 << bit % 8
            flipped = [*proof[:number], bytes(wrong), *proof[number + 1 :]]
            assert witness.add_checkpoint(request(5, checkpoint(8), flipped), NOW).status == 422
    assert size_kept(folder) == 5
    assert witness.add_checkpoint(growth(5, 8), NOW).status == 200
