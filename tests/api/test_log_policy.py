"""The key in the founding and the policy of a log: what the doors add, refuse and serve."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from api import cli, demo_chain
from api.demo_clock import StoryClock
from api.record_lines import Recorder
from api.settings import Settings
from api.signing import ensure_key, log_keys
from ledger import catalogue
from ledger.domain.events.chains import ChainEstablished
from ledger.domain.values import Refused
from ledger.ledger import Ledger
from ledger.log.log_key import KeyFolder
from ledger.log.note import signature
from ledger.log.note_keys import ED25519_COSIGNATURE, Signer
from ledger.log.policy import parse
from ledger.log.store import Store
from ledger.verify import Checkpoint, NotProven, verify
from tests.api.doors import Doors, founding, open_doors
from tests.log.scene import until

DIRECT = {"direct": ["WitnessPolicyAdopted", "LogKeyAnnounced"]}
ORGANISATIONS = ("bd", "uwv", "cbs")
SIGNERS = {
    name: Signer(f"getuige.{name}.example", ED25519_COSIGNATURE, name.encode().ljust(32))
    for name in ORGANISATIONS
}


@pytest.fixture(scope="module")
def keys(data_folder: Path) -> KeyFolder:
    return log_keys(Settings(folder=data_folder))


def made(data_folder: Path, chain: str) -> str:
    """Make the key of a chain; return its verifier key."""
    settings = Settings(folder=data_folder)
    ensure_key(settings, chain)
    return str(log_keys(settings).key(chain).signers[0].verifier)


def founded(doors: Doors, chain: str) -> ChainEstablished:
    """Return the founding of a chain as it is stored."""
    [row] = doors.app.state.proving.read(chain, limit=1)
    event = catalogue.decode(row.data).body
    assert isinstance(event, ChainEstablished)
    return event


def witnesses(*names: str) -> list[dict[str, str]]:
    return [
        {
            "organisation": name,
            "name": f"getuige-{name}",
            "verifierKey": str(SIGNERS[name].verifier),
            "url": f"https://getuige.{name}.example",
        }
        for name in names
    ]


def adopt(doors: Doors, chain: str, quorum: int, *names: str, replaces: int | None = None) -> int:
    """Adopt a witness policy; return its position."""
    body = {"witnesses": witnesses(*names), "quorum": quorum, "reason": "Zo zien wij hetzelfde."}
    if replaces is not None:
        body["replaces"] = replaces
    told = doors.post(f"/v1/chains/{chain}/witness-policies", body)
    assert told.status_code == 201, told.text
    return int(told.json()["position"])


# The founding


def test_a_founding_names_the_key_that_is_kept_for_the_chain(
    doors: Doors, data_folder: Path
) -> None:
    key = made(data_folder, "met-sleutel")
    doors.found("met-sleutel")
    doors.found("zonder-sleutel")
    assert founded(doors, "met-sleutel").log_key == key
    assert founded(doors, "zonder-sleutel").log_key == ""


def test_asked_again_a_founding_gives_its_first_receipt_also_with_another_key(
    doors: Doors, data_folder: Path, keys: KeyFolder
) -> None:
    made(data_folder, "tweemaal")
    first = doors.found("tweemaal").json()
    keys.rotate("tweemaal")
    body = founding()
    again = doors.post("/v1/chains/tweemaal/establishments", body, key="founding")
    assert (again.status_code, again.json()["position"]) == (200, first["position"])
    later = doors.found("later").json()
    made(data_folder, "later")
    again = doors.post("/v1/chains/later/establishments", body, key="founding")
    assert (again.status_code, again.json()["position"]) == (200, later["position"])


def test_a_founding_with_another_key_than_is_kept_is_refused(
    doors: Doors, data_folder: Path
) -> None:
    key, other = made(data_folder, "eigen"), made(data_folder, "ander")
    path = "/v1/chains/{}/establishments"
    for chain in ("eigen", "geen"):
        told = doors.post(path.format(chain), founding() | {"logKey": other})
        assert (told.status_code, told.json()["rule"]) == (409, "C16")
        assert doors.size(chain) == 0
    broken = doors.post(path.format("eigen"), founding() | {"logKey": "geen sleutel"})
    assert broken.json()["rule"] == "C16"
    told = doors.post(path.format("eigen"), founding() | {"logKey": key})
    assert told.status_code == 201
    assert founded(doors, "eigen").log_key == key


def test_a_founding_waits_for_a_key_that_cannot_be_used(doors: Doors, data_folder: Path) -> None:
    made(data_folder, "open")
    path = log_keys(Settings(folder=data_folder)).path("open")
    path.chmod(0o644)
    told = doors.post("/v1/chains/open/establishments", founding(), key="founding")
    assert told.status_code == 503
    assert str(data_folder) not in told.text
    path.chmod(0o600)
    doors.found("open")


def test_a_dry_run_shows_the_key_and_records_nothing(doors: Doors, data_folder: Path) -> None:
    key = made(data_folder, "proef")
    told = doors.post("/v1/chains/proef/establishments", founding(), dryRun="true")
    assert told.json()["records"][0]["body"]["logKey"] == key
    assert doors.size("proef") == 0


def test_lines_that_found_a_chain_name_the_key_too(database: str, tmp_path: Path) -> None:
    key = made(tmp_path, "regels")
    body = founding() | {"type": "ChainEstablished"}
    line = json.dumps({"body": body, "by": "p-bd"}).encode()
    other = json.dumps({"body": body | {"logKey": "iets"}, "by": "p-bd"}).encode()
    keys = log_keys(Settings(folder=tmp_path))
    with Store(database, pool_size=4) as store, Ledger(store) as ledger:
        [refused] = Recorder(ledger, "regels", keys=keys).run([(1, other)])
        assert isinstance(refused.outcome, Refused)
        assert refused.outcome.rule == "C16"
        for _ in range(2):
            [told] = Recorder(ledger, "regels", keys=keys).run([(1, line)])
            assert not isinstance(told.outcome, Refused)
        assert ledger.state("regels").chains.log_key == key
        [row] = store.read("regels", limit=1)
        assert key.encode() in row.data


@pytest.mark.slow
def test_the_demonstration_names_its_key_and_is_the_same_story(
    database: str, tmp_path: Path
) -> None:
    key = made(tmp_path, demo_chain.CHAIN)
    keys = log_keys(Settings(folder=tmp_path))
    clock = StoryClock()
    with Store(database, pool_size=4) as store, Ledger(store, clock=clock) as ledger:
        first = demo_chain.record_demo(ledger, keys, clock=clock)
        assert ledger.state(demo_chain.CHAIN).chains.log_key == key
        keys.rotate(demo_chain.CHAIN)
        assert demo_chain.record_demo(ledger, keys, clock=clock).recorded == 0
        assert first.recorded == first.size == len(demo_chain.told().entries)


# The policy


def test_a_policy_names_the_key_and_as_long_as_nothing_is_adopted_no_witness(
    doors: Doors, data_folder: Path
) -> None:
    key = made(data_folder, "alleen")
    doors.found("alleen")
    answer = doors.get("/log/alleen/policy")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.text == f"log {key} http://127.0.0.1:8000/log/alleen\nquorum none\n"


def test_the_policy_in_force_names_the_witnesses_with_their_addresses(
    doors: Doors, data_folder: Path
) -> None:
    key = made(data_folder, "getuigd")
    doors.found("getuigd", *ORGANISATIONS, **DIRECT)
    first = adopt(doors, "getuigd", 2, *ORGANISATIONS)
    lines = [
        f"witness getuige-{name} {SIGNERS[name].verifier} https://getuige.{name}.example"
        for name in ORGANISATIONS
    ]
    assert doors.get("/log/getuigd/policy").text.split("\n") == [
        f"log {key} http://127.0.0.1:8000/log/getuigd",
        *lines,
        "group witnesses 2 getuige-bd getuige-uwv getuige-cbs",
        "quorum witnesses",
        "",
    ]
    second = adopt(doors, "getuigd", 0, "bd", replaces=first)
    told = doors.get("/log/getuigd/policy").text
    assert told.split("\n")[1:] == [lines[0], "quorum none", ""]
    shown = doors.get(f"/v1/chains/getuigd/witness-policies/{second}", params={"atLeast": second})
    assert shown.json()["replaces"] == str(first)
    listed = doors.get("/v1/chains/getuigd/witness-policies", params={"validOn": "2999-01-01"})
    [item] = listed.json()["items"]
    assert (item["witnessPolicy"], item["quorum"]) == (str(second), 0)


def test_while_two_keys_sign_the_policy_names_both(
    doors: Doors, data_folder: Path, keys: KeyFolder
) -> None:
    old = made(data_folder, "wisseling")
    doors.found("wisseling", **DIRECT)
    new = str(keys.rotate("wisseling").signers[0].verifier)
    told = doors.get("/log/wisseling/policy").text.splitlines()
    assert [line.split()[1] for line in told[:-1]] == [new, old]
    # A key that signs and that the record does not name is told, until the record names it.
    signed = doors.get("/v1/chains/wisseling/integrity").json()["signed"]
    assert signed["unnamed"] == [new]
    doors.post("/v1/chains/wisseling/people", {"person": "p-nieuw"})
    until(lambda: doors.get("/v1/health").json()["signing"]["unnamed"] == ["wisseling"])
    body = {"logKey": new, "effectiveOn": "2026-01-01", "reason": "Jaarlijks."}
    position = doors.post("/v1/chains/wisseling/log-keys", body).json()["position"]
    chain = doors.get("/v1/chains/wisseling", params={"atLeast": position}).json()
    assert [one["logKey"] for one in chain["logKeys"]] == [old, new]
    until(lambda: doors.get("/v1/health").json()["signing"]["unnamed"] == [])
    assert doors.get("/v1/chains/wisseling/integrity").json()["signed"]["unnamed"] == []
    keys.retire("wisseling", old.split("+")[1])
    told = doors.get("/log/wisseling/policy").text.splitlines()
    assert [line.split()[1] for line in told[:-1]] == [new]


def test_what_the_log_signs_meets_its_own_policy_only_with_its_witnesses(
    doors: Doors, data_folder: Path
) -> None:
    made(data_folder, "volledig")
    doors.found("volledig", *ORGANISATIONS, **DIRECT)
    adopt(doors, "volledig", 2, *ORGANISATIONS)
    tree = doors.app.state.tree
    until(lambda: tree.heads().get("volledig") == doors.size("volledig"))
    # As it is signed: it is published only when two of them cosigned it, and nobody is there.
    note = tree.published("volledig")
    text = doors.get("/log/volledig/policy").content
    policy = parse(text)
    for count in range(4):
        by = [SIGNERS[name] for name in ORGANISATIONS[:count]]
        cosigned = note.with_signatures(
            signature(note.text, signer, at=1_700_000_000) for signer in by
        )
        assert policy.judge(cosigned).met == (count >= 2)
        assert Checkpoint.read(cosigned.encode()).judged(text)[2] == (count >= 2)


def test_a_bundle_has_the_policy_as_it_is_served(doors: Doors, data_folder: Path) -> None:
    key = made(data_folder, "bundel")
    doors.found("bundel", *ORGANISATIONS, **DIRECT)
    tree = doors.app.state.tree
    until(lambda: tree.heads().get("bundel") == doors.size("bundel"))
    # What was published before its witnesses were asked stays so; the bundle is of that size.
    adopt(doors, "bundel", 1, "bd", "uwv")
    answer = doors.get("/v1/chains/bundel/bundles/records")
    assert answer.status_code == 200, answer.text
    bundle = data_folder / "bundel.zip"
    bundle.write_bytes(answer.content)
    served = doors.get("/log/bundel/policy").content
    with zipfile.ZipFile(bundle) as archive:
        assert archive.read("policy") == served
    proven, _ = verify(str(bundle), keys=[key], earlier=[])
    assert proven
    with pytest.raises(NotProven) as broken:
        verify(str(bundle), keys=[], earlier=[], policy=served)
    assert broken.value.kind == "quorum"


def test_a_copy_of_the_log_has_the_policy_as_it_is_served(
    doors: Doors,
    shared_database: str,
    data_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made(data_folder, "kopie")
    doors.found("kopie")
    tree = doors.app.state.tree
    until(lambda: tree.heads().get("kopie") == doors.size("kopie"))
    monkeypatch.setenv("DATABASE_URL", shared_database)
    monkeypatch.setenv("KETENLEDGER_FOLDER", str(data_folder))
    assert cli.run(["export-log", "kopie", str(tmp_path / "kopie")]) == 0
    served = doors.get("/log/kopie/policy").content
    assert (tmp_path / "kopie" / "policy").read_bytes() == served


def test_a_policy_is_for_everybody_and_only_of_a_signed_chain(
    shared_database: str, doors: Doors, data_folder: Path
) -> None:
    made(data_folder, "openbaar")
    doors.found("openbaar")
    doors.found("niet-getekend")
    made(data_folder, "niet-gesticht")
    for chain in ("niet-getekend", "onbekend", "niet-gesticht", "geen%20kenmerk"):
        assert doors.get(f"/log/{chain}/policy").status_code == 404
    with open_doors(shared_database, data_folder, development=False) as public:
        assert public.get("/log/openbaar/policy").text == doors.get("/log/openbaar/policy").text
