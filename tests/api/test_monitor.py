"""The command of a monitor: against a real server, against forged logs, and how it ends."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from api import cli
from api.settings import Settings
from api.signing import ensure_key, log_keys
from ledger.log.note import read_note, signature
from ledger.log.note_keys import ED25519_COSIGNATURE, Signer
from ledger.log.policy import Group, Policy, Witness
from ledger.recording import Entry
from tests.api.doors import FOUNDER, Doors, open_doors
from tests.api.signed import signed_head
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

SOUND, BROKEN, UNKNOWN, USAGE = 0, 2, 3, 64
SERVER = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[")
WITNESS = Signer("getuige.example/w1", ED25519_COSIGNATURE, b"w" * 32)
OTHER = Signer("getuige.example/w2", ED25519_COSIGNATURE, b"v" * 32)


@dataclass
class Partner:
    """Somebody who runs the command, from his own folder."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    url: str = ""
    said: str = ""
    told: str = ""

    def look(self, *more: str) -> int:
        state = str(self.folder / "keten.json")
        code = cli.run(["monitor", self.url, "--state", state, *more])
        printed = self.capsys.readouterr()
        # The server of the test runs in this process and tells of each request.
        lines = printed.out.splitlines(keepends=True)
        self.said = "".join(line for line in lines if not SERVER.match(line))
        self.told = printed.err
        return code

    def look_json(self, *more: str) -> tuple[int, dict[str, Any]]:
        code = self.look("--json", *more)
        found: dict[str, Any] = json.loads(self.said)
        return code, found

    def serve(self, entries: Sequence[Entry], **more: Any) -> None:
        """Let a folder show the log of these records."""
        files = files_of([entry.data for entry in entries], **more)
        put(self.folder / "log", files)
        self.url = str(self.folder / "log")

    def finds(self, kind: str, *, rule: str = "", position: int | None = None) -> None:
        code, told = self.look_json()
        assert (code, told["outcome"]) == (BROKEN, "broken"), told
        found = told["break"]
        assert (found["kind"], found["rule"], found["position"]) == (kind, rule, position), told


@pytest.fixture
def partner(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Partner:
    return Partner(tmp_path, capsys)


# Against a real server


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("monitored")


@pytest.fixture(scope="module")
def doors(shared_database: str, data_folder: Path) -> Iterator[Doors]:
    with open_doors(shared_database, data_folder) as doors:
        yield doors


@pytest.fixture
def chain(doors: Doors, data_folder: Path) -> str:
    """A signed chain of its own for each test."""
    name = f"keten-{uuid4().hex[:8]}"
    ensure_key(Settings(folder=data_folder), name)
    doors.found(name)
    signed_head(doors, name, doors.size(name))
    return name


@pytest.fixture
def visitor(partner: Partner, doors: Doors, chain: str) -> Partner:
    partner.url = f"{str(doors.client.base_url).rstrip('/')}/log/{chain}"
    return partner


def register(doors: Doors, chain: str, *people: str) -> int:
    """Record people and wait until that is signed; return the size."""
    for one in people:
        told = doors.post(f"/v1/chains/{chain}/people", {"person": one})
        assert told.status_code == 201, told.text
    return signed_head(doors, chain, doors.size(chain)).size


def test_a_server_is_followed_while_it_grows(visitor: Partner, doors: Doors, chain: str) -> None:
    first = doors.size(chain)
    assert visitor.look("--act-as", FOUNDER) == SOUND
    assert f"{first} vastleggingen" in visitor.said
    assert "alles volgens de regels" in visitor.said
    assert "overgenomen van het log zelf" in visitor.told
    size = register(doors, chain, "p-1", "p-2", "p-3")
    code, told = visitor.look_json()
    assert (code, told["outcome"]) == (SOUND, "sound")
    assert (told["before"], told["size"], told["replayed"]) == (first, size, size)
    assert told["notices"] == []
    assert visitor.look("--quiet") == SOUND
    assert (visitor.said, visitor.told) == ("", "")


def test_a_key_that_was_rotated_is_followed_when_it_is_given(
    visitor: Partner, doors: Doors, chain: str, data_folder: Path
) -> None:
    assert visitor.look("--quiet") == SOUND
    keys = log_keys(Settings(folder=data_folder))
    old, new = keys.key(chain).verifiers[0], keys.rotate(chain).verifiers[0]
    register(doors, chain, "p-1")
    assert visitor.look("--quiet") == SOUND
    assert new.key_id.hex() in visitor.told
    assert visitor.look("--quiet", "--key", str(new)) == SOUND
    assert visitor.told == ""
    keys.retire(chain, old.key_id.hex())
    register(doors, chain, "p-2")
    assert visitor.look("--quiet") == SOUND
    assert str(old) in visitor.told


def test_a_key_that_was_rotated_unseen_is_not_followed(
    visitor: Partner, doors: Doors, chain: str, data_folder: Path
) -> None:
    assert visitor.look() == SOUND
    keys = log_keys(Settings(folder=data_folder))
    old, new = keys.key(chain).verifiers[0], keys.rotate(chain).verifiers[0]
    keys.retire(chain, old.key_id.hex())
    register(doors, chain, "p-1")
    visitor.finds("unsigned")
    assert visitor.look("--key", str(new)) == SOUND


def test_who_may_not_read_everything_cannot_tell(
    visitor: Partner, doors: Doors, chain: str, shared_database: str, data_folder: Path
) -> None:
    with open_doors(shared_database, data_folder, development=False) as public:
        visitor.url = f"{str(public.client.base_url).rstrip('/')}/log/{chain}"
        assert visitor.look() == UNKNOWN
        assert "niet te lezen (antwoord 403)" in visitor.told
        assert visitor.look("--act-as", FOUNDER) == UNKNOWN


def test_a_server_that_is_away_says_nothing_about_the_log(
    visitor: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert visitor.look() == SOUND
    before = (visitor.folder / "keten.json").read_bytes()
    monkeypatch.setattr("ledger.log.remote_http.time.sleep", lambda _: None)
    with hosting() as gone:
        visitor.url = f"{gone.url}/log/x"
    code, told = visitor.look_json("--quiet")
    assert (code, told["outcome"]) == (UNKNOWN, "unknown")
    assert visitor.look("--quiet") == UNKNOWN
    assert "Niet te zeggen" in visitor.told
    assert (visitor.folder / "keten.json").read_bytes() == before


def test_an_export_on_any_web_server_is_as_good(
    visitor: Partner,
    chain: str,
    shared_database: str,
    data_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert visitor.look() == SOUND
    monkeypatch.setenv("DATABASE_URL", shared_database)
    monkeypatch.setenv("KETENLEDGER_FOLDER", str(data_folder))
    copy = visitor.folder / "kopie"
    assert cli.run(["export-log", chain, str(copy)]) == 0
    visitor.capsys.readouterr()
    with hosting("/x") as host:
        host.take(copy)
        host.packs = True
        visitor.url = host.url
        assert visitor.look() == SOUND, visitor.told
        assert visitor.look("--again") == SOUND, visitor.told
    visitor.url = f"file://{copy}"
    assert visitor.look() == SOUND


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
        ("--act-as", "een\ntwee"),
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
