"""The verifier as people use it: good bundles, its exit codes, what it says, what it costs."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from ledger import verify as verifier
from ledger.verify import Report, verify
from tests.log import bundle_maker as maker
from tests.log.bundle_maker import (
    LOG,
    NAMED,
    ORIGIN,
    WITNESSES,
    Log,
    Members,
    Signer,
    canonical,
    chain_of,
    policy,
    record,
    records,
    span,
)

pytestmark = pytest.mark.fast
PROGRAM = Path(verifier.__file__)
SECONDS = 60
NO_SECOND_VERSION = "dat er geen tweede versie van dit logboek is"
WHOSE = "van wie dit logboek is: u gaf geen sleutel op"
TRUE = "dat wat is vastgelegd waar is, en wat leeswijzer, schema's en tijdstempels zeggen"
NOT_MORE = "dat er niet meer over is vastgelegd: dit is een keuze"


def checked(folder: Path, members: Members, selection: dict, **given: object) -> Report:
    path = maker.write(folder / "bundle.zip", members, selection)
    wanted = {"keys": [], "earlier": [], **given}
    return verify(str(path), **wanted)


# Good bundles


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 8, 33])
def test_every_record_of_a_log_can_be_proven_alone(size: int, tmp_path: Path) -> None:
    log = chain_of(size)
    log.signers = [LOG]
    proven, doubts = checked(tmp_path, log.selected(range(size)), records(*range(size)))
    assert proven == [
        f"in logboek {ORIGIN} van grootte {size}: gekozen vastleggingen die er zo in staan: {size}"
    ]
    assert doubts == [WHOSE, NO_SECOND_VERSION, TRUE]


@pytest.mark.parametrize(
    ("size", "start", "until", "hidden"),
    [
        (1, 0, 1, []), (7, 0, 7, []), (7, 2, 3, []), (7, 6, 7, [6]), (256, 0, 256, []),
        (256, 255, 256, []), (257, 0, 257, [0, 256]), (257, 256, 257, []), (300, 250, 260, [255]),
        (600, 255, 513, [*range(300, 310)]), (600, 512, 600, []), (600, 0, 600, []),
    ],
)  # fmt: skip
def test_every_range_of_a_log_can_be_proven_whole(
    size: int, start: int, until: int, hidden: list[int], tmp_path: Path
) -> None:
    log = Log(chain_of(size).records, signers=[LOG])
    proven, doubts = checked(tmp_path, log.spanned(start, until, hidden), span(start, until))
    assert proven[0].endswith(
        f"van nummers {start} tot en met {until - 1} is er geen weggelaten; "
        f"niet getoond: {len(hidden)}"
    )
    assert (NOT_MORE in doubts) == (until - start - len(hidden) < size)


def test_records_of_one_moment_follow_each_other(tmp_path: Path) -> None:
    moment = "2026-01-01T00:00:00.000000Z"
    log = Log([record(n, at=moment) for n in range(3)], signers=[LOG])
    assert checked(tmp_path, log.spanned(0, 3), span(0, 3))
    assert checked(tmp_path, log.selected([0, 2]), records(0, 2))


def test_what_a_digest_stands_for_is_proven_with_it(tmp_path: Path) -> None:
    told = {f"disclosures/{n}.json": canonical({"name": NAMED}) for n in (4, 9)}
    log = Log(chain_of(12).records, signers=[LOG])
    assert checked(tmp_path, {**log.selected([4, 9]), **told}, records(4, 9))
    assert checked(tmp_path, {**log.spanned(0, 12), **told}, span(0, 12))


def test_a_known_disclosure_belongs_to_the_record_with_its_known_digest(tmp_path: Path) -> None:
    known = "WyJBQUVDQXdRRkJnY0lDUW9MREEwT0R3IiwgImNvbnRhY3RfZW1haWwiLCAiamFuQGV4YW1wbGUub3JnIl0"
    digest = "rKNCpi14woF4OQMQGjfo-du36fuFb1_1NwO_zMr6hpg"
    assert maker.disclosure("contact_email", "jan@example.org") == known
    log = Log([record(0, contact_email=digest)], signers=[LOG])
    told = {"disclosures/0.json": canonical({"contact_email": known})}
    assert checked(tmp_path, {**log.selected([0]), **told}, records(0))


def test_what_goes_along_to_be_read_is_left_unproven(tmp_path: Path) -> None:
    aids = ["LEESMIJ.txt", "index.html", "verify.py", "schemas/Proef.v1.json", "consistency/3.txt",
            "timestamps/7.tsr"]  # fmt: skip
    members = {**chain_of(7).spanned(0, 7), **dict.fromkeys(aids, b"lees dit")}
    _, doubts = checked(tmp_path, members, span(0, 7))
    assert doubts[-1] == TRUE


def test_a_key_witnesses_and_earlier_checkpoints_are_each_said_to_prove(tmp_path: Path) -> None:
    log = chain_of(7)
    given = {"keys": [LOG.vkey], "policy": policy(quorum="all")}
    earlier = [log.note(size) for size in (1, 3, 4, 6, 7)]
    proven, doubts = checked(tmp_path, log.spanned(0, 7), span(0, 7), earlier=earlier, **given)
    assert proven[1:6] == [
        f"het logboek gaat verder op uw controlepunt van grootte {n}" for n in (1, 3, 4, 6, 7)
    ]
    assert proven[6] == "een sleutel die u opgaf, tekende dit controlepunt"
    told = ", ".join(f"w{n} (2023-11-14 22:13:21 UTC)" for n in (1, 2, 3))
    assert proven[7:] == [f"getuigen uit uw beleid tekenden dit controlepunt: {told}"]
    assert len(doubts) == 1


@pytest.mark.parametrize("old", [1, 2, 3, 4, 5, 6])
def test_a_selection_goes_on_from_an_earlier_checkpoint_by_its_proof(
    old: int, tmp_path: Path
) -> None:
    log = chain_of(7)
    members = {**log.selected([5]), **log.since(old)}
    proven, doubts = checked(tmp_path, members, records(5), earlier=[log.note(old)])
    assert proven[1:] == [f"het logboek gaat verder op uw controlepunt van grootte {old}"]
    assert NO_SECOND_VERSION not in doubts
    assert WHOSE in doubts


def test_an_empty_log_is_the_beginning_of_every_log(tmp_path: Path) -> None:
    log = chain_of(3)
    assert checked(tmp_path, log.selected([1]), records(1), earlier=[log.note(0)])


def test_an_earlier_checkpoint_that_nobody_known_signed_is_said_to_be_so(tmp_path: Path) -> None:
    log = chain_of(3)
    strange = Log(log.records, signers=[Signer("vreemd.example/x")]).note(2)
    _, doubts = checked(tmp_path, log.spanned(0, 3), span(0, 3), earlier=[strange])
    assert "dat uw eerdere controlepunt echt is: het draagt geen sleutel van dit logboek" in doubts


def test_a_key_in_the_policy_of_the_reader_is_a_key_that_was_given(tmp_path: Path) -> None:
    members = chain_of(3).spanned(0, 3)
    for given in ({"policy": policy(quorum="none", witnesses=[])}, {"keys": [LOG.vkey]}):
        proven, doubts = checked(tmp_path, members, span(0, 3), **given)
        assert proven[1:] == ["een sleutel die u opgaf, tekende dit controlepunt"]
        assert WHOSE not in doubts


def test_a_log_that_changes_keys_is_signed_with_both(tmp_path: Path) -> None:
    new = Signer(ORIGIN, seed=b"nieuw".ljust(32))
    log = Log(chain_of(3).records, signers=[LOG, new])
    members = {**log.spanned(0, 3), "policy": policy([LOG, new])}
    for key in (LOG, new):
        proven, _ = checked(tmp_path, members, span(0, 3), keys=[key.vkey])
        assert proven[1:] == ["een sleutel die u opgaf, tekende dit controlepunt"]


def test_witnesses_that_only_the_bundle_knows_prove_nothing(tmp_path: Path) -> None:
    proven, doubts = checked(tmp_path, chain_of(3).spanned(0, 3), span(0, 3))
    assert len(proven) == 1
    assert NO_SECOND_VERSION in doubts
    assert any("andere getuigen" in one and "w1" in one for one in doubts)


def test_a_witness_of_the_readers_policy_shows_that_there_is_no_second_version(
    tmp_path: Path,
) -> None:
    _, doubts = checked(tmp_path, chain_of(3).spanned(0, 3), span(0, 3), policy=policy())
    assert NO_SECOND_VERSION not in doubts


def test_a_witness_with_ml_dsa_is_named_but_not_counted(tmp_path: Path) -> None:
    other = Signer("getuige.example/pq", 6, bytes(32))
    log = Log(chain_of(3).records, signers=[LOG, WITNESSES[0], other])
    wanted = policy(witnesses=[WITNESSES[0], other], quorum="any")
    proven, doubts = checked(tmp_path, log.spanned(0, 3), span(0, 3), policy=wanted)
    assert proven[-1].endswith("controlepunt: w1 (2023-11-14 22:13:21 UTC)")
    assert any("w2 (ML-DSA-44, hier niet na te gaan)" in one for one in doubts)
    with pytest.raises(verifier.NotProven, match="ML-DSA-44"):
        checked(
            tmp_path, log.spanned(0, 3), span(0, 3), policy=policy(witnesses=[other], quorum="any")
        )


# The program


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a bundle, the program, and what somebody may have at hand."""
    log = chain_of(7)
    maker.write(tmp_path / "bundle.zip", log.spanned(0, 7), span(0, 7))
    (tmp_path / "earlier.txt").write_bytes(log.note(3))
    (tmp_path / "forked.txt").write_bytes(Log([record(0, extra=1)]).note())
    (tmp_path / "policy").write_bytes(policy())
    (tmp_path / "empty").write_bytes(b"quorum none\n")
    shutil.copy(PROGRAM, tmp_path / "verify.py")
    return tmp_path


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the program alone: without our packages, in an environment that has nothing."""
    command = [sys.executable, "-I", "-W", "error", "verify.py", *arguments]
    done = subprocess.run(
        command, cwd=folder, env={}, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "given",
    [
        ["--expect-key", LOG.vkey], ["--expect-checkpoint", "earlier.txt"], ["--policy", "policy"],
        ["--expect-key", LOG.vkey, "--expect-checkpoint", "earlier.txt", "--policy", "policy"],
    ],
    ids=["key", "earlier checkpoint", "policy", "all three"],
)  # fmt: skip
def test_the_program_ends_with_0_when_all_is_proven(given: list[str], folder: Path) -> None:
    code, said = run(folder, "bundle.zip", *given)
    assert code == 0, said
    assert "bewezen: in logboek keten.example/log/proefketen van grootte 7" in said
    assert said.endswith("BEWEZEN tegen wat u opgaf\n")
    assert (NO_SECOND_VERSION in said) == (given[:1] == ["--expect-key"] and len(given) == 2)


def test_the_program_ends_with_2_at_the_first_break(folder: Path) -> None:
    code, said = run(folder, "bundle.zip", "--expect-checkpoint", "forked.txt")
    assert (code, said) == (
        2, "NIET BEWEZEN: [fork] het logboek gaat niet verder waar het bij 1 was\n",
    )  # fmt: skip
    data = (folder / "bundle.zip").read_bytes()
    (folder / "bundle.zip").write_bytes(data[:-1])
    code, said = run(folder, "bundle.zip", "--expect-key", LOG.vkey)
    assert code == 2
    assert said.startswith("NIET BEWEZEN: [archive]")


@pytest.mark.parametrize("given", [[], ["--policy", "empty"]], ids=["nothing", "empty policy"])
def test_the_program_ends_with_3_when_nothing_was_given(given: list[str], folder: Path) -> None:
    code, said = run(folder, "bundle.zip", *given)
    assert code == 3, said
    assert said.endswith("NIET TE ZEGGEN: geef op wat u al had\n")
    assert f"niet bewezen: {WHOSE}" in said
    assert f"niet bewezen: {NO_SECOND_VERSION}" in said


def test_the_program_ends_with_3_when_it_cannot_begin(folder: Path) -> None:
    for arguments in ([], ["nergens.zip"], ["bundle.zip", "--policy", "nergens"], ["--onzin"]):
        code, said = run(folder, *arguments)
        assert code == 3
        assert "Traceback" not in said
    assert run(folder, "--help")[0] == 0


def test_what_the_program_says_cannot_move_the_cursor(folder: Path) -> None:
    name = "keten.example/\x9b\u202e\u2066/log/proefketen"
    log = Log(chain_of(2).records, origin=name, signers=[Signer(name)])
    maker.write(folder / "bundle.zip", log.spanned(0, 2), span(0, 2))
    code, said = run(folder, "bundle.zip", "--expect-key", LOG.vkey)
    assert code == 2
    assert all(letter.isprintable() or letter == "\n" for letter in said)
    code, said = run(folder, "bundle.zip")
    assert "keten.example/???/log/proefketen" in said
    assert code == 3


# What it costs


def test_a_long_log_is_read_a_piece_at_a_time(tmp_path: Path) -> None:
    log = Log([record(n, text="x" * 500) for n in range(20_000)], signers=[LOG])
    total = sum(len(one) for one in log.records)
    path = maker.write(tmp_path / "long.zip", log.spanned(0, 20_000), span(0, 20_000))
    tracemalloc.start()
    try:
        proven, _ = verify(str(path), keys=[LOG.vkey], earlier=[log.note(12_345)])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "van nummers 0 tot en met 19999 is er geen weggelaten" in proven[0]
    assert total > 10_000_000
    assert peak < total / 2


# Its page


def test_the_page_of_the_format_explains_every_kind_of_break() -> None:
    kinds = {
        said.value
        for call in ast.walk(ast.parse(PROGRAM.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") in {"require", "NotProven", "decoded", "parsed"}
        for said in call.args[:2]
        if isinstance(said, ast.Constant) and str(said.value).isidentifier()
    }
    page = (Path(__file__).parents[2] / "docs" / "bundle.md").read_text("utf-8")
    table = page.partition("| Kind | What is wrong |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == kinds
