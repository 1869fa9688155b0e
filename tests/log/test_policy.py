"""Policies: what is read and written, who counts, and what the verifier makes of the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.log.note import MalformedNote, UntrustedNote, read_note, signed
from ledger.log.note_keys import ED25519, ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE
from ledger.log.policy import (
    MAX_OF_A_KIND,
    MAX_POLICY_BYTES,
    NONE,
    BadPolicy,
    Group,
    Log,
    Policy,
    Witness,
    parse,
)
from ledger.verify import Checkpoint, NotProven
from tests.log.notes import AT, TEXT, key, note, witness

LOG = key()
NAMES = tuple(f"w{number}" for number in range(1, 5))
SIGNERS = dict(zip(NAMES, map(witness, range(1, 5)), strict=True))
WITNESSES = tuple(
    Witness(name, signer.verifier, f"https://{signer.name}") for name, signer in SIGNERS.items()
)
LOGS = (Log(LOG.verifier, "https://log.example/chain"),)


def of(least: int, *, among: int = 3) -> Policy:
    """Return the policy that wants so many of the first witnesses."""
    group = Group("partners", least, NAMES[:among])
    return Policy(LOGS, WITNESSES[:among], (group,), "partners")


# What is written and read


def test_a_policy_is_written_line_by_line_with_the_addresses() -> None:
    assert str(of(2)).split("\n") == [
        f"log {LOG.verifier} https://log.example/chain",
        *(f"witness {one.name} {one.verifier} {one.url}" for one in WITNESSES[:3]),
        "group partners 2 w1 w2 w3",
        "quorum partners",
        "",
    ]
    assert str(Policy()) == "quorum none\n"


def test_what_the_specification_leaves_free_is_read() -> None:
    text = (
        f"\t# wie telt\n\n witness\tw1  {WITNESSES[0].verifier} \n"
        f"witness w\N{KELVIN SIGN} {WITNESSES[1].verifier}\t\xa0\nlog {LOG.verifier}\n"
        "group een any w1\ngroup alle all een w\N{KELVIN SIGN}\n#\nquorum alle"
    )
    found = parse(text)
    assert [one.name for one in found.witnesses] == ["w1", "w\N{KELVIN SIGN}"]
    assert found.witnesses[1].url == "\xa0"
    assert found.groups == (
        Group("een", 1, ("w1",)),
        Group("alle", 2, ("een", "w\N{KELVIN SIGN}")),
    )
    assert parse(text.encode()) == found == parse(str(found))


def test_bytes_that_are_no_text_are_kept_as_they_are() -> None:
    line = b"witness \xff %s\nquorum \xff\n" % str(WITNESSES[0].verifier).encode()
    assert str(parse(line)).encode("utf-8", "surrogateescape") == line
    with pytest.raises(BadPolicy, match="Regel 1"):
        parse(b"log \xff+3b8bfde4+AQ==\nquorum none\n")


W1, W2 = (f"witness {one.name} {one.verifier}\n" for one in WITNESSES[:2])


@pytest.mark.parametrize(
    "text",
    [
        "", W1, W1 + "quorum w2", W1 + "quorum w1\nquorum w1", W1 + W1 + "quorum w1",
        W1 + W1.replace("w1", "w2", 1) + "quorum w1", W1 + "group g 2 w1\nquorum g",
        W1 + "group g 0 w1\nquorum g", W1 + "group g any\nquorum g", "quorum w1\n" + W1,
        "group g any w1\n" + W1 + "quorum g", W1 + W2 + "group g 2 w1 w1\nquorum g",
        W1 + "group g any none\nquorum g", W1 + "group none any w1\nquorum none",
        W1 + "group g 01 w1\nquorum g", W1 + "group w1 any w1\nquorum w1",
        W1 + "group g any g\nquorum g", f"log {WITNESSES[0].verifier}\nquorum none",
        f"witness w1 {LOG.verifier}\nquorum w1", "iets\nquorum none", "quorum none none",
        f"log {LOG.verifier} url meer\nquorum none", "witness w1\nquorum none",
        W1.replace("+", "+0", 1) + "quorum w1", W1.replace("witness", "WITNESS") + "quorum w1",
        "witness none" + W1[10:] + "quorum none", W1 + "group g \u0661 w1\nquorum g",
    ],
)  # fmt: skip
def test_a_policy_that_is_not_right_is_refused_here_and_by_the_verifier(text: str) -> None:
    with pytest.raises(BadPolicy):
        parse(text)
    with pytest.raises(NotProven):
        Checkpoint.read(note()).judged(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        f"log {LOG.verifier}\nlog {LOG.verifier}\nquorum none", "quorum none\r\n", "quorum none\0",
        "quorum none\x7f", W1 + "group a any w1\ngroup b any w1\nquorum b",
        f"log {LOG.verifier}\nlog {key('ander').verifier}\nquorum none",
        "#" * MAX_POLICY_BYTES + "\nquorum none", f"witness w\x0bx{W1[10:]}quorum none",
    ],
)  # fmt: skip
def test_what_the_specification_forbids_is_refused_where_the_verifier_looks_less(text: str) -> None:
    with pytest.raises(BadPolicy):
        parse(text)


def test_a_witness_counts_in_one_place_only() -> None:
    both = (Group("a", 1, ("w1", "w2")), Group("b", 1, ("w1", "w3")), Group("c", 2, ("a", "b")))
    with pytest.raises(BadPolicy, match="al meetelt"):
        Policy(LOGS, WITNESSES[:3], both, "c")
    apart = (Group("a", 1, ("w1", "w2")), Group("b", 1, ("w3",)), Group("c", 2, ("a", "b")))
    assert Policy(LOGS, WITNESSES[:3], apart, "c").met({"w1", "w3"})


@pytest.mark.parametrize(
    ("name", "url"),
    [("", ""), ("een naam", ""), ("w\n", ""), ("w", "https://een adres"), ("w", "\n")],
)
def test_a_name_or_address_that_would_not_stay_one_word_is_refused(name: str, url: str) -> None:
    good = WITNESSES[0].verifier
    assert parse(str(Policy((), (Witness("w", good),)))).witnesses == (Witness("w", good),)
    with pytest.raises(BadPolicy):
        Policy((), (Witness(name, good, url),))


def test_a_policy_has_room_for_what_the_specification_wants_and_an_end() -> None:
    many = [Witness(f"w{n}", key(f"w.example/{n}", 4, n).verifier) for n in range(101)]
    groups = tuple(Group(f"g{n}", 1, (f"w{n}",)) for n in range(MAX_OF_A_KIND))
    full = Policy((), tuple(many[:MAX_OF_A_KIND]), groups, "g99")
    assert parse(str(full)) == full
    with pytest.raises(BadPolicy, match="meer dan 100"):
        Policy((), tuple(many))


# Who counts


@pytest.mark.parametrize("least", [1, 2, 3])
def test_a_quorum_is_met_by_as_many_witnesses_as_it_asks(least: int) -> None:
    policy = of(least)
    assert policy.needed == least
    for count in range(4):
        signers = (LOG, *list(SIGNERS.values())[:count])
        found = policy.judge(read_note(note(*signers)))
        assert found.logs == (LOG.verifier,)
        assert [(one.witness.name, one.time) for one in found.witnessed] == [
            (name, AT) for name in NAMES[:count]
        ]
        assert found.met == (count >= least)


def test_no_quorum_is_met_by_the_log_alone_but_not_by_another_log() -> None:
    policy = Policy(LOGS)
    assert policy.judge(read_note(note(LOG))).met
    assert policy.needed == 0
    other = policy.judge(read_note(note(key(seed=2))))
    assert (other.logs, other.met) == ((), False)
    assert Policy().judge(read_note(note(key(seed=2)))).met


def test_a_key_of_another_log_says_nothing_about_this_one() -> None:
    elsewhere = key("log.example/ander")
    policy = Policy((Log(elsewhere.verifier),))
    assert not policy.judge(read_note(note(LOG, elsewhere))).met
    moved = TEXT.replace("log.example/chain", "log.example/ander")
    assert policy.judge(read_note(note(elsewhere, text=moved))).met


def test_a_witness_outside_the_policy_does_not_count() -> None:
    found = of(1, among=2).judge(read_note(note(LOG, SIGNERS["w3"])))
    assert (found.witnessed, found.met) == ((), False)


def test_who_cosigned_twice_counts_once_with_the_last_time() -> None:
    later = signed(TEXT, [SIGNERS["w1"]], at=AT + 60).signatures
    both = read_note(note(LOG, SIGNERS["w1"])).with_signatures(later)
    for lines in (both.signatures, tuple(reversed(both.signatures))):
        found = of(2).judge(both._replace(signatures=lines))
        assert [(one.witness.name, one.time) for one in found.witnessed] == [("w1", AT + 60)]
        assert not found.met


def test_an_ml_dsa_cosignature_counts_as_one() -> None:
    signer = key("witness.example/pq", ML_DSA_44_COSIGNATURE)
    policy = Policy(LOGS, (Witness("pq", signer.verifier),), (), "pq")
    assert policy.judge(read_note(note(LOG, signer))).met
    assert not policy.judge(read_note(note(LOG))).met


@pytest.mark.parametrize("at", [0, 1], ids=["log", "witness"])
def test_a_signature_that_a_known_key_did_not_make_spoils_the_checkpoint(at: int) -> None:
    good = read_note(note(LOG, SIGNERS["w1"]))
    data = good.signatures[at].data
    bad = good.signatures[at]._replace(data=data[:-1] + bytes([data[-1] ^ 1]))
    lines = (*good.signatures[:at], bad, *good.signatures[at + 1 :])
    assert of(1).judge(good).met
    with pytest.raises(UntrustedNote):
        of(1).judge(good._replace(signatures=lines))


def test_a_note_that_is_no_checkpoint_is_not_judged() -> None:
    with pytest.raises(MalformedNote):
        of(1).judge(signed("zomaar\n", [LOG]))


def test_keys_of_another_kind_are_refused() -> None:
    cosigner, signer = key(kind=ED25519_COSIGNATURE).verifier, key(kind=ED25519).verifier
    with pytest.raises(BadPolicy, match="Ed25519"):
        Policy((Log(cosigner),))
    with pytest.raises(BadPolicy, match="getuige"):
        Policy((), (Witness("w", signer),))


# Properties


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Draw a policy of up to four witnesses in a tree of groups."""
    free = list(NAMES[: draw(st.integers(0, 4))])
    witnesses = WITNESSES[: len(free)]
    groups: list[Group] = []
    for number in range(draw(st.integers(0, 3)) if free else 0):
        members = draw(st.lists(st.sampled_from(free), min_size=1, unique=True))
        least = draw(st.integers(1, len(members)))
        groups.append(Group(f"g{number}", least, tuple(members)))
        free = [one for one in free if one not in members] + [f"g{number}"]
    names = [NONE, *(one.name for one in witnesses), *(one.name for one in groups)]
    logs = LOGS if draw(st.booleans()) else ()
    return Policy(logs, witnesses, tuple(groups), draw(st.sampled_from(names)))


@given(policies())
def test_what_is_written_is_read_back(policy: Policy) -> None:
    assert parse(str(policy)) == parse(str(policy).encode()) == policy


@settings(max_examples=60, deadline=None)
@given(policies(), st.sets(st.sampled_from(NAMES)))
def test_the_verifier_judges_the_same(policy: Policy, there: set[str]) -> None:
    data = note(LOG, *(SIGNERS[name] for name in sorted(there)))
    found = policy.judge(read_note(data))
    logs, said, met = Checkpoint.read(data).judged(str(policy).encode())
    assert [one.split()[0] for one in said] == [one.witness.name for one in found.witnessed]
    assert {one[0] for one in logs} == {one.verifier.name for one in policy.logs}
    assert met == found.met == policy.met(there)


@given(policies(), st.sets(st.sampled_from(NAMES)))
def test_one_more_witness_never_breaks_a_quorum_and_fewer_than_needed_never_meets_it(
    policy: Policy, there: set[str]
) -> None:
    known = {one.name for one in policy.witnesses}
    if policy.met(there):
        assert all(policy.met(there | {name}) for name in NAMES)
        assert len(there & known) >= policy.needed
    assert policy.met(NAMES)
