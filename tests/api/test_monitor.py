"""The command of a monitor: rules and witnesses, forged logs, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from ledger.log.note import read_note, signature
from ledger.log.note_keys import ED25519_COSIGNATURE, Signer
from ledger.log.policy import Group, Policy, Witness
from tests.api.monitoring import BROKEN, SOUND, UNKNOWN, USAGE, Partner
from tests.domain.forging import (
    ENTRIES,
    LAST,
    VoteCast,
    forged,
    inserted,
    person,
    place,
    with_entry,
    without,
)
from tests.log.log_files import KEY, NEW_KEY, files_of, put
from tests.log.static_host import Host, hosting, status

WITNESS = Signer("getuige.example/w1", ED25519_COSIGNATURE, b"w" * 32)
OTHER = Signer("getuige.example/w2", ED25519_COSIGNATURE, b"v" * 32)


@pytest.fixture
def partner(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Partner:
    return Partner(tmp_path, capsys)


# Rules


def test_a_life_by_the_rules_is_sound(partner: Partner) -> None:
    partner.serve(ENTRIES)
    assert partner.look() == SOUND
    assert partner.look("--again") == SOUND


def test_a_broken_rule_is_named_in_every_round(partner: Partner) -> None:
    extra = forged(ENTRIES[LAST], event=person("intruder"), by="guest", under=())
    partner.serve(inserted(LAST, extra))
    partner.finds("not-lawful", rule="G5", position=LAST)
    partner.finds("not-lawful", rule="G5", position=LAST)
    partner.capsys.readouterr()
    assert partner.look() == BROKEN
    assert f"BREUK (not-lawful, regel G5) in {partner.url}: Gebeurtenis {LAST}" in partner.told
    assert partner.look("--no-rules") == SOUND


def test_a_vote_changed_by_who_holds_the_key_is_found_twice_over(partner: Partner) -> None:
    position = place(VoteCast)
    against = replace(ENTRIES[position].event, choice="against")
    changed = with_entry(position, forged(ENTRIES[position], event=against))
    fresh = Partner(partner.folder / "ander", partner.capsys)
    partner.serve(ENTRIES[:LAST])
    assert partner.look() == SOUND
    partner.serve(changed)
    partner.finds("fork", position=position)
    fresh.url = partner.url
    fresh.finds("not-a-consequence", position=position + 1)


def test_a_record_left_out_in_a_log_made_anew_is_found(partner: Partner) -> None:
    position = place(VoteCast)
    partner.serve(ENTRIES[:LAST])
    assert partner.look() == SOUND
    partner.serve([*without(position), ENTRIES[LAST]])
    partner.finds("fork", position=position)


def test_consequences_that_are_still_to_come_are_waited_for_once(partner: Partner) -> None:
    cut = next(n for n, one in enumerate(ENTRIES) if one.header.cause is not None and n > 30)
    partner.serve(ENTRIES[:cut])
    code, told = partner.look_json()
    assert (code, told["pending"]) == (SOUND, True)
    partner.finds("missing-consequence", position=cut)
    partner.serve(ENTRIES)
    code, told = partner.look_json()
    assert (code, told["pending"]) == (SOUND, False)


def test_consequences_that_never_came_are_a_break(partner: Partner) -> None:
    cut = next(n for n, one in enumerate(ENTRIES) if one.header.cause is not None and n > 30)
    partner.serve(ENTRIES[:cut])
    assert partner.look() == SOUND
    extra = forged(ENTRIES[LAST], event=person("x"), position=cut, at=ENTRIES[cut - 1].header.at)
    partner.serve([*ENTRIES[:cut], extra])
    code, told = partner.look_json()
    assert (code, told["outcome"]) == (BROKEN, "broken")


def test_a_copy_that_was_touched_is_no_break_of_the_log(partner: Partner) -> None:
    partner.serve(ENTRIES[:30])
    assert partner.look() == SOUND
    partner.serve(ENTRIES)
    mirror = partner.folder / "keten.json.mirror"
    assert partner.look() == SOUND
    for path in (mirror / "tile/entries").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes().replace(b"person", b"parson"))
    assert partner.look() == SOUND
    state = partner.folder / "keten.json"
    known = json.loads(state.read_bytes())
    state.write_text(json.dumps(known | {"replayed": None}))
    assert partner.look() == UNKNOWN
    assert "kopie" in partner.told
    assert partner.look("--again") == SOUND


# Witnesses


def cosigned(files: dict[str, bytes], *witnesses: Signer) -> dict[str, bytes]:
    note = read_note(files["checkpoint"])
    made = [signature(note.text, one, at=1_700_000_000) for one in witnesses]
    return files | {"checkpoint": note.with_signatures(made).encode()}


def test_a_policy_asks_for_cosignatures(partner: Partner) -> None:
    witnesses = tuple(
        Witness(name, one.verifier, f"https://{one.name}")
        for name, one in (("uwv", WITNESS), ("cbs", OTHER))
    )
    policy = partner.folder / "beleid"
    policy.write_text(str(Policy((), witnesses, (Group("samen", 2, ("uwv", "cbs")),), "samen")))
    files = files_of([entry.data for entry in ENTRIES])
    partner.url = str(partner.folder / "log")
    for there, wanted in (((WITNESS, OTHER), SOUND), ((WITNESS,), BROKEN), ((), BROKEN)):
        put(partner.folder / "log", cosigned(files, *there))
        code, told = partner.look_json("--policy", str(policy))
        assert (code, len(told["witnessed"])) == (wanted, len(there)), told
        assert code == SOUND or told["break"]["kind"] == "quorum"
        assert partner.look() == SOUND


def test_the_key_of_a_policy_is_trusted(partner: Partner) -> None:
    policy = partner.folder / "beleid"
    policy.write_text(f"log {NEW_KEY.verifier} https://log.example\nquorum none\n")
    partner.serve(ENTRIES)
    code, told = partner.look_json("--policy", str(policy))
    assert (code, told["break"]["kind"]) == (BROKEN, "unsigned")
    policy.write_text(f"log {KEY.verifier} https://log.example\nquorum none\n")
    assert partner.look("--policy", str(policy)) == SOUND


# How it is written


def test_a_damaged_state_is_not_taken_for_a_first_visit(partner: Partner) -> None:
    partner.serve(ENTRIES)
    assert partner.look() == SOUND
    (partner.folder / "keten.json").write_text("{}")
    assert partner.look() == UNKNOWN
    assert "beschadigd" in partner.told


@pytest.mark.parametrize(
    "more",
    [
        ("--key", "onzin"),
        ("--key", str(WITNESS.verifier)),
        ("--policy", "/er/is/hier/niets"),
        ("--max-seconds", "0"),
        ("--token", "een\ntwee"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(partner: Partner, more: tuple[str, str]) -> None:
    with hosting() as host:
        partner.url = host.url
        assert partner.look(*more) == USAGE
        assert host.asked == []


def test_an_address_that_is_none_is_a_usage_error(partner: Partner) -> None:
    for url in ("ftp://h/x", "/er/is/hier/niets", "http://h.example/?x"):
        partner.url = url
        assert partner.look() == USAGE
    partner.url = "http://ketens.example/log/x"
    assert partner.look("--token", "geheim") == USAGE
    assert "geheim" not in partner.told


def test_a_token_goes_along_and_is_told_to_nobody(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    host: Host
    with hosting() as host:
        host.files = files_of([entry.data for entry in ENTRIES])
        partner.url = host.url
        monkeypatch.setenv("KETENLEDGER_TOKEN", "s3cr3t")
        assert partner.look("--json") == SOUND
        assert {one.get("Authorization") for one in host.headers} == {"Bearer s3cr3t"}
        host.bad["checkpoint"] = [status(401)]
        assert partner.look("--json") == UNKNOWN
    kept = b"".join(p.read_bytes() for p in partner.folder.rglob("*") if p.is_file())
    assert b"s3cr3t" not in kept
    assert "s3cr3t" not in partner.said + partner.told
