"""A server and the witnesses of its chains: what is published, told about a record, and refused."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api import cli
from api.settings import Settings
from api.signing import ensure_key, log_keys
from ledger.log.note import open_note
from ledger.log.witness import Witness
from tests.api.doors import Doors, open_doors
from tests.api.signed import leaf_hash, opened, proven, signed_head, split_proof
from tests.log.feeding import Liar, key_of, served
from tests.log.scene import until

pytestmark = pytest.mark.slow

DIRECT = {"direct": ["WitnessPolicyAdopted"]}
ORGANISATIONS = ("bd", "uwv", "cbs")
DEAD = "http://127.0.0.1:9"


@pytest.fixture
def chain(doors: Doors, data_folder: Path) -> str:
    """A signed chain of three partners, which may adopt witnesses without a vote."""
    name = f"keten-{uuid4().hex[:8]}"
    ensure_key(Settings(folder=data_folder), name)
    doors.found(name, *ORGANISATIONS, **DIRECT)
    return name


@contextmanager
def witnesses_of(data_folder: Path, chain: str, count: int) -> Iterator[list[str]]:
    """Serve so many witnesses of a chain; give their addresses."""
    key = log_keys(Settings(folder=data_folder)).key(chain)
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                served(
                    Witness(
                        data_folder / chain / f"w{number}",
                        key_of(number),
                        {key.origin: key.verifiers},
                    )
                )
            )
            for number in range(count)
        ]


def adopt(doors: Doors, chain: str, urls: Sequence[str], quorum: int, **more: Any) -> int:
    """Adopt a policy of witnesses at these addresses; return its position."""
    witnesses = [
        {
            "organisation": ORGANISATIONS[number],
            "name": f"w{number}",
            "verifierKey": str(key_of(number).verifier),
            "url": url,
        }
        for number, url in enumerate(urls)
    ]
    body = {"witnesses": witnesses, "quorum": quorum, "reason": "Zo zien wij hetzelfde.", **more}
    told = doors.post(f"/v1/chains/{chain}/witness-policies", body)
    assert told.status_code == 201, told.text
    return int(told.json()["position"])


def record(doors: Doors, chain: str) -> int:
    """Record something; return its position."""
    told = doors.post(f"/v1/chains/{chain}/people", {"person": f"p-{uuid4().hex[:6]}"})
    assert told.status_code == 201, told.text
    assert told.json()["state"] == "committed"
    return int(told.json()["position"])


def receipt(doors: Doors, chain: str, position: int) -> dict[str, Any]:
    path = f"/v1/chains/{chain}/records/{position}/receipt"
    answer = doors.get(path, params={"atLeast": position})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def troubled(doors: Doors, chain: str) -> list[str]:
    health = doors.get("/v1/health").json()["witnesses"]
    return [one["witness"] for one in health["troubles"] if one["chain"] == chain]


def test_a_record_is_witnessed_and_its_proof_says_by_whom(
    doors: Doors, chain: str, data_folder: Path
) -> None:
    with witnesses_of(data_folder, chain, 3) as urls:
        adopt(doors, chain, urls, 2)
        position = record(doors, chain)
        until(lambda: receipt(doors, chain, position)["witnessed"]["seen"] == 3)
        found = receipt(doors, chain, position)
        assert found["state"] == "witnessed"
        assert found["published"] > position
        assert found["signed"]["size"] == position + 1
        seen = found["witnessed"]
        assert (seen["adopted"], seen["needed"], seen["met"]) == (3, 2, True)
        assert [one["witness"] for one in seen["by"]] == ["w0", "w1", "w2"]
        checkpoint = doors.get(f"/log/{chain}/checkpoint").content
        _, held = open_note(checkpoint, [key_of(number).verifier for number in range(3)])
        assert len(held) == 3
        proof = doors.get(f"/log/{chain}/proof/{position}").text
        index, hashes, note = split_proof(proof)
        assert (index, note) == (position, checkpoint)
        raw = doors.get(f"/v1/chains/{chain}/records/{position}/raw").content
        assert leaf_hash(raw).hex() == found["leafHash"]
        assert proven(leaf_hash(raw), position, hashes, opened(doors, chain, checkpoint))


def test_what_too_few_witnesses_saw_is_signed_but_not_published(
    doors: Doors, chain: str, data_folder: Path
) -> None:
    before = signed_head(doors, chain, doors.size(chain)).size
    with witnesses_of(data_folder, chain, 1) as urls:
        adopted = adopt(doors, chain, [*urls, DEAD], 2)
        position = record(doors, chain)
        until(lambda: receipt(doors, chain, position)["witnessed"]["seen"] == 1)
        found = receipt(doors, chain, position)
        assert (found["state"], found["published"]) == ("signed", None)
        assert found["witnessed"]["met"] is False
        # What was published before the policy stays what is published.
        assert opened(doors, chain, doors.get(f"/log/{chain}/checkpoint").content).size == before
        refused = doors.get(f"/log/{chain}/proof/{position}")
        assert refused.status_code == 404
        assert f"telt {before}" in refused.json()["detail"]
        size = receipt(doors, chain, position)["signed"]["size"]
        asked = doors.get(f"/log/{chain}/proof/{position}", params={"size": size})
        assert asked.status_code == 200
        bundle = doors.get(f"/v1/chains/{chain}/bundles/records")
        assert bundle.status_code == 200, bundle.text
        with zipfile.ZipFile(BytesIO(bundle.content)) as archive:
            assert opened(doors, chain, archive.read("checkpoint")).size == before
        until(lambda: troubled(doors, chain) == [key_of(1).name])
        assert doors.get("/v1/health").json()["status"] == "warn"
        assert doors.get("/v1/health/ready").status_code == 200
        integrity = doors.get(f"/v1/chains/{chain}/integrity").json()["witnesses"]
        assert (integrity["status"], integrity["needed"]) == ("warn", 2)
        assert (integrity["published"], integrity["signed"]) == (before, size)
        there, away = integrity["witnesses"]
        assert (there["standing"], there["cosigned"], there["problem"]) == ("sound", size, "")
        assert (away["standing"], away["cosigned"]) == ("unknown", 0)
        assert "geen verbinding" in away["problem"]
        # The chain does without the one that is away.
        adopt(doors, chain, urls, 1, replaces=adopted)
        until(lambda: receipt(doors, chain, position)["state"] == "witnessed")
        until(lambda: troubled(doors, chain) == [])


def test_a_record_of_an_unsigned_chain_is_committed_and_no_more(doors: Doors) -> None:
    name = f"keten-{uuid4().hex[:8]}"
    doors.found(name)
    found = receipt(doors, name, 0)
    assert (found["state"], found["signed"], found["published"]) == ("committed", None, None)
    assert found["witnessed"] == {"seen": 0, "adopted": 0, "needed": 0, "met": False, "by": []}
    assert doors.get(f"/v1/chains/{name}/records/99/receipt").status_code == 404
    assert doors.get(f"/v1/chains/{name}/records/x/receipt").status_code == 404
    assert doors.get("/v1/chains/geen/records/0/receipt").status_code == 404


def test_a_witness_that_knows_more_ends_the_signing_and_everybody_hears_why(
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    chain = "teruggezet"
    ensure_key(Settings(folder=tmp_path), chain)
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("KETENLEDGER_FOLDER", str(tmp_path))
    with Liar(post=lambda body: (409, b"400\n")) as liar:
        with open_doors(database, tmp_path) as doors:
            doors.found(chain, *ORGANISATIONS, **DIRECT)
            adopt(doors, chain, [liar.url], 0)
            until(lambda: doors.get("/v1/health").json()["status"] == "fail")
            signed = doors.get(f"/log/{chain}/checkpoint").content
            record(doors, chain)
            until(lambda: bool(doors.get("/v1/health").json()["signing"]["refused"]))
            health = doors.get("/v1/health").json()
            [refused] = health["signing"]["refused"]
            assert (refused["chain"], refused["kind"]) == (chain, "gate")
            assert health["witnesses"]["status"] == "fail"
            assert "groter log" in health["witnesses"]["troubles"][0]["problem"]
            assert doors.get(f"/log/{chain}/checkpoint").content == signed
            assert doors.get("/v1/health/ready").status_code == 200
        capfd.readouterr()
        assert cli.run(["integrity", chain, "--json"]) == 2
        told = json.loads(capfd.readouterr().out)
        assert "omvang 400" in told["refused"]
        assert told["witnesses"]["witnesses"][0]["standing"] == "ahead"
        assert told["witnesses"]["refusals"] == 1


def test_the_command_line_tells_how_far_a_record_is(
    doors: Doors,
    chain: str,
    data_folder: Path,
    shared_database: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", shared_database)
    monkeypatch.setenv("KETENLEDGER_FOLDER", str(data_folder))
    with witnesses_of(data_folder, chain, 2) as urls:
        adopt(doors, chain, urls, 2)
        position = record(doors, chain)
        until(lambda: receipt(doors, chain, position)["witnessed"]["seen"] == 2)
        assert cli.run(["receipt", chain, str(position)]) == 0
        assert "gezien: door 2 van 2 getuigen (nodig zijn 2)" in capfd.readouterr().out
        capfd.readouterr()
        assert cli.run(["receipt", chain, str(position), "--json"]) == 0
        assert json.loads(capfd.readouterr().out) == receipt(doors, chain, position)
        assert cli.run(["integrity", chain]) == 0
        assert "nodig zijn 2 van de 2" in capfd.readouterr().out
    assert cli.run(["receipt", chain, "999"]) == 1
    assert cli.run(["receipt", "geen", "0"]) == 1
    assert cli.run(["integrity", "geen"]) == 1
    assert cli.run(["integrity", "Geen Slug"]) == 64
