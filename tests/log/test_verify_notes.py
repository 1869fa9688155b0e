"""Keys, checkpoints and policies, as the verifier reads them."""

from __future__ import annotations

import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.verify import (
    COSIGNATURE,
    LAST_SECOND,
    LOG_KEY,
    ML_DSA_44,
    Checkpoint,
    NotProven,
    consistency_roots,
    range_root,
    read_key,
    tree_hash,
)
from tests.log import bundle_maker as maker
from tests.log.bundle_maker import (
    COSIGNED_AT,
    LOG,
    ORIGIN,
    WITNESSES,
    Signer,
    policy,
    signature_line,
    signed,
)

pytestmark = pytest.mark.fast
KINDS = (LOG_KEY, COSIGNATURE, ML_DSA_44)
VECTORS = Path(__file__).parents[1] / "data" / "tlog-vectors.json"
TEXT = maker.checkpoint_text(3, maker.tree([maker.leaf(bytes([n])) for n in range(3)]))


@pytest.fixture(scope="module")
def known() -> dict:
    """Known values that others made."""
    return json.loads(VECTORS.read_text("utf-8"))


# Keys and notes


def test_a_known_checkpoint_is_read_and_its_signatures_hold(known: dict) -> None:
    point = Checkpoint.read(known["checkpoint5"].encode())
    assert point[:3] == ("kat.example/chain1", 5, bytes.fromhex(known["root5"]))
    assert point.signed(read_key(known["log_vkey"], LOG_KEY))
    assert point.signed(read_key(known["wit_vkey"], COSIGNATURE)) == "2023-11-14 22:13:21 UTC"


def test_what_others_made_holds_from_the_record_to_the_witness(shared_folder: Path) -> None:
    values = json.loads((shared_folder / "vectors.json").read_text("utf-8"))
    entries = [one.encode() for one in values["entries"]]
    leaves = [tree_hash(one) for one in entries]
    assert [one.hex() for one in leaves] == values["leaf_hashes"]
    assert b"".join(map(maker.entry, entries)).hex() == values["bundle5_hex"]
    head, _, note = values["tlog_proof"].partition("\n\n")
    point = Checkpoint.read(note.encode())
    hashes = [b64decode(one) for one in head.split("\n")[2:]]
    assert range_root(0, point.size, 2, leaves[2:3], iter(hashes[::-1])) == point.root
    assert point.signed(read_key(values["log_vkey"], LOG_KEY))
    assert values["cosigned_message"].encode().endswith(point.text)
    head, _, note = values["add_checkpoint"].partition("\n\n")
    old, hashes = Checkpoint.read(values["checkpoint3"].encode()), head.split("\n")[1:]
    proof = iter([b64decode(one) for one in hashes][::-1])
    assert consistency_roots(3, 5, old.root, proof) == (
        old.root,
        Checkpoint.read(note.encode()).root,
    )


def test_a_key_is_read_also_with_a_plus_in_its_base64() -> None:
    names = (f"getuige.example/{n}" for n in range(1000))
    signer = next(one for name in names if "+" in (one := Signer(name, 4, name.encode().ljust(32)))
                  .vkey.split("+", 2)[2])  # fmt: skip
    assert read_key(signer.vkey, *KINDS) == (signer.name, signer.key_id, signer.public)


def vkey_of(data: bytes) -> str:
    """Return a key whose id is right, whatever it holds."""
    short = sha256(LOG.name.encode() + b"\n" + data).digest()[:4]
    return f"{LOG.name}+{short.hex()}+{maker.base64(data)}"


@pytest.mark.parametrize(
    "text",
    [
        "", "naam", LOG.vkey[1:], LOG.vkey[:-1], LOG.vkey.replace("+", "+0", 1), LOG.vkey.upper(),
        f"{LOG.name} +{LOG.key_id.hex()}+{maker.base64(LOG.public)}", Signer("", 1).vkey,
        Signer("a\u00a0b", 1).vkey, f"{LOG.vkey}=", WITNESSES[0].vkey, vkey_of(LOG.public[:-1]),
        vkey_of(LOG.public + b"\0"), vkey_of(b"\5" + LOG.public[1:]), vkey_of(b""),
    ],
)  # fmt: skip
def test_a_key_that_is_not_right_is_refused(text: str) -> None:
    assert read_key(vkey_of(LOG.public), LOG_KEY) == read_key(LOG.vkey, LOG_KEY)
    with pytest.raises(NotProven) as broken:
        read_key(text, LOG_KEY)
    assert broken.value.kind == "key"


LINE = LOG.line(TEXT)
NOTE = TEXT + b"\n" + LINE


@pytest.mark.parametrize(
    "note",
    [
        b"", TEXT, TEXT + LINE, TEXT + b"\n", NOTE[:-1], NOTE + b"\n", NOTE + b"rest\n",
        NOTE.replace("— ".encode(), b"- "), NOTE.replace("— ".encode(), "—  ".encode()),
        NOTE.replace("— ".encode(), "— \u2003".encode()), TEXT + b"\n" + LINE[:-2] + b"\n",
        NOTE.replace(b"\n", b"\r\n"), b"\0" + NOTE, b"\xff" + NOTE, b"\n" + NOTE[len(ORIGIN) + 1 :],
        NOTE.replace(b"\n3\n", b"\n03\n"), NOTE.replace(b"\n3\n", b"\n-3\n"),
        NOTE.replace(b"\n3\n", b"\n9223372036854775808\n"), NOTE.replace(b"\n3\n", b"\n\xd9\xa3\n"),
        TEXT[:-3] + b"\n\n" + LINE, TEXT + b"\n\n" + LINE,
        b"een\n3\n\n" + LINE, TEXT + b"\nmeer\n\n" + LINE,
    ],
)  # fmt: skip
def test_a_note_that_is_not_well_formed_is_refused(note: bytes) -> None:
    assert Checkpoint.read(NOTE).size == 3
    with pytest.raises(NotProven) as broken:
        Checkpoint.read(note)
    assert broken.value.kind == "note"


def test_a_checkpoint_may_have_more_lines_and_many_signatures() -> None:
    text = TEXT + b"een regel meer\n"
    others = [signature_line(f"ander.example/{n}", bytes(68)) for n in range(40)]
    point = Checkpoint.read(signed(text, [LOG, *WITNESSES]) + b"".join(others))
    assert point.signed(key_of(LOG))
    assert [bool(point.signed(key_of(one))) for one in WITNESSES] == [True] * 3
    assert point.signed(key_of(Signer("ander.example/1"))) == ""


def key_of(signer: Signer) -> tuple[str, bytes, bytes]:
    return read_key(signer.vkey, *KINDS)


@pytest.mark.parametrize("signer", [LOG, WITNESSES[0]], ids=["log", "witness"])
def test_a_wrong_signature_of_a_known_key_breaks_the_note(signer: Signer) -> None:
    blob = signer.key_id + signer.signature(TEXT)
    good = signature_line(signer.name, blob)
    for bad in (blob[:-1] + bytes([blob[-1] ^ 1]), blob[:-1], blob + b"\0", blob[:4],
                blob[:5] + bytes([blob[5] ^ 1]) + blob[6:]):  # fmt: skip
        for lines in (signature_line(signer.name, bad), good + signature_line(signer.name, bad)):
            with pytest.raises(NotProven) as broken:
                Checkpoint.read(TEXT + b"\n" + lines).signed(key_of(signer))
            assert broken.value.kind == "signature"


def test_a_signature_that_is_there_a_thousand_times_is_checked_once() -> None:
    witness = WITNESSES[0]
    lines = witness.line(TEXT) * 5000 + witness.line(TEXT, COSIGNED_AT + 60)
    point = Checkpoint.read(TEXT + b"\n" + lines)
    assert point.signed(key_of(witness)) == "2023-11-14 22:14:21 UTC"


def test_a_key_of_another_name_or_id_is_unknown() -> None:
    blob = LOG.key_id + LOG.signature(TEXT)
    for line in (
        signature_line("ander.example/x", blob),
        signature_line(LOG.name, b"\0" + blob[1:]),
    ):
        assert Checkpoint.read(TEXT + b"\n" + line).signed(key_of(LOG)) == ""


@pytest.mark.parametrize("at", [LAST_SECOND + 1, 2**63, 2**64 - 1])
def test_a_moment_after_the_last_of_calendars_is_a_wrong_signature(at: int) -> None:
    witness = WITNESSES[0]
    note = TEXT + b"\n" + witness.line(TEXT, LAST_SECOND)
    assert Checkpoint.read(note).signed(key_of(witness)) == "9999-12-31 23:59:59 UTC"
    with pytest.raises(NotProven) as broken:
        Checkpoint.read(TEXT + b"\n" + witness.line(TEXT, at)).signed(key_of(witness))
    assert broken.value.kind == "signature"


def test_a_log_may_have_the_largest_size_there_is() -> None:
    note = signed(maker.checkpoint_text(2**63 - 1, bytes(32)), [LOG])
    assert Checkpoint.read(note).size == 2**63 - 1


# Policies


def judged(text: bytes, *signers: Signer) -> tuple[list[str], bool]:
    point = Checkpoint.read(signed(TEXT, signers or [LOG]))
    _, said, met = point.judged(text)
    return [one.split()[0] for one in said], met


@pytest.mark.parametrize(
    ("quorum", "enough"), [("none", 0), ("any", 1), ("1", 1), ("2", 2), ("3", 3), ("all", 3)]
)
def test_a_quorum_is_met_by_as_many_witnesses_as_it_asks(quorum: str, enough: int) -> None:
    for count in range(4):
        said, met = judged(policy(quorum=quorum), LOG, *WITNESSES[:count])
        assert said == ["w1", "w2", "w3"][:count]
        assert met == (count >= enough)


def test_groups_may_hold_groups_and_comments_may_stand_between() -> None:
    lines = [f"witness w{n} {one.vkey}" for n, one in enumerate(WITNESSES, 1)]
    lines += ["\t# wie telt", "", "group een any w1 w2", "group beide all\teen w3", "quorum beide"]
    text = "\n".join(lines).encode()
    assert judged(text, LOG, WITNESSES[0], WITNESSES[2])[1]
    assert not judged(text, LOG, *WITNESSES[:2])[1]


def test_a_cosignature_with_ml_dsa_is_told_but_does_not_count() -> None:
    other = Signer("getuige.example/pq", 6, bytes(32))
    text = policy(witnesses=[other], quorum="any")
    assert judged(text, LOG, other) == (["w1"], False)
    assert judged(text, LOG) == ([], False)


W1 = f"witness w1 {WITNESSES[0].vkey}\n"
W2 = f"witness w2 {WITNESSES[1].vkey}\n"


@pytest.mark.parametrize(
    "text",
    [
        "", W1, W1 + "quorum w2", W1 + "quorum w1\nquorum w1", W1 + W1 + "quorum w1",
        W1 + W2.replace("w2", "w1", 1) + "quorum w1",
        W1 + W1.replace("w1", "w2", 1) + "quorum w1", W1 + "group g 2 w1\nquorum g",
        W1 + "group g 0 w1\nquorum g", W1 + "group g any\nquorum g",
        "group g any w1\n" + W1 + "quorum g", W1 + W2 + "group g 2 w1 w1\nquorum g",
        W1 + "group g any none\nquorum g", W1 + "group none any w1\nquorum none",
        W1 + "group g 01 w1\nquorum g", W1 + "group w1 any w1\nquorum w1",
        W1 + "group g any g\nquorum g", f"log {WITNESSES[0].vkey}\nquorum none",
        f"witness w1 {LOG.vkey}\nquorum w1", "iets\nquorum none", "quorum none none",
        f"log {LOG.vkey} url meer\nquorum none", "witness w1\nquorum none",
    ],
)  # fmt: skip
def test_a_policy_that_is_not_right_is_refused(text: str) -> None:
    with pytest.raises(NotProven) as broken:
        judged(text.encode())
    assert broken.value.kind in ("policy", "key")
