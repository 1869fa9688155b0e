"""The log over HTTP: what is served to verifiers, to whom, for how long, and what is not there."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from api import identity
from api.anchors import AnchoringState, NotAnchored
from api.health import CLOSED, InPublic
from api.settings import Settings
from api.signing import Signing, SigningState, ensure_key, log_keys
from api.witnesses import Trouble, WitnessesState
from ledger import catalogue
from ledger.log.store import Store
from ledger.recording import Act
from tests.api.doors import FOUNDER, Doors, founding, open_doors
from tests.api.signed import (
    entries_of,
    leaf_hash,
    opened,
    proven,
    root_over,
    signed_head,
    split_proof,
)
from tests.log.scene import until

SIGNED, UNSIGNED, HIDDEN = "getekend", "ongetekend", "uit-het-zicht"
LOG = f"/log/{SIGNED}"
FULL = 256
EXTRA = 4
FOR_EVER = "max-age=31536000, immutable"


@pytest.fixture(scope="module")
def doors(shared_database: str, data_folder: Path) -> Iterator[Doors]:
    """A server with a signed chain of a full tile and four records, and a chain without a key."""
    ensure_key(Settings(folder=data_folder), SIGNED)
    with open_doors(shared_database, data_folder) as doors:
        for chain in (SIGNED, UNSIGNED):
            doors.found(chain)
        for number in range(FULL + EXTRA - doors.size(SIGNED)):
            told = doors.post(f"/v1/chains/{SIGNED}/people", {"person": f"p-{number}"})
            assert told.status_code == 201, told.text
        signed_head(doors, SIGNED, FULL + EXTRA)
        yield doors


def tiles(doors: Doors, kind: str) -> bytes:
    """The full tile of a kind and the partial one behind it, one after the other."""
    parts = [doors.get(f"{LOG}/tile/{kind}/{path}") for path in ("000", f"001.p/{EXTRA}")]
    assert [part.status_code for part in parts] == [200, 200]
    return b"".join(part.content for part in parts)


def test_the_checkpoint_is_a_text_that_no_cache_answers_for(doors: Doors) -> None:
    answer = doors.get(f"{LOG}/checkpoint")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    head = opened(doors, SIGNED, answer.content)
    assert (head.origin, head.size) == (f"127.0.0.1:8000/log/{SIGNED}", FULL + EXTRA)


def test_the_entries_are_the_records_and_hash_to_the_signed_root(doors: Doors) -> None:
    entries = entries_of(tiles(doors, "entries"))
    rows = doors.app.state.proving.read(SIGNED)
    assert entries == [row.data for row in rows]
    head = signed_head(doors, SIGNED, FULL + EXTRA)
    assert root_over([leaf_hash(entry) for entry in entries]) == head.root
    assert root_over([leaf_hash(entry) for entry in entries[::-1]]) != head.root


def test_the_tiles_hold_the_hashes_of_the_entries(doors: Doors) -> None:
    leaves = [leaf_hash(entry) for entry in entries_of(tiles(doors, "entries"))]
    assert tiles(doors, "0") == b"".join(leaves)
    assert doors.get(f"{LOG}/tile/1/000.p/1").content == root_over(leaves[:FULL])


@pytest.mark.parametrize("kind", ["0", "entries"])
def test_a_partial_tile_of_an_earlier_size_stays(doors: Doors, kind: str) -> None:
    full = doors.get(f"{LOG}/tile/{kind}/000").content
    early = doors.get(f"{LOG}/tile/{kind}/000.p/3")
    assert early.status_code == 200
    assert full.startswith(early.content)
    assert len(early.content) < len(full)


def test_a_full_tile_may_be_kept_for_ever_and_entries_only_by_their_reader(doors: Doors) -> None:
    kept = {
        path: doors.get(f"{LOG}/tile/{path}").headers["Cache-Control"]
        for path in ("0/000", "0/001.p/4", "entries/000", "entries/001.p/4")
    }
    assert kept == {
        "0/000": f"public, {FOR_EVER}",
        "0/001.p/4": "public, no-cache",
        "entries/000": f"private, {FOR_EVER}",
        "entries/001.p/4": "private, no-cache",
    }


def test_a_tile_that_is_already_there_is_not_sent_again(doors: Doors) -> None:
    first = doors.get(f"{LOG}/tile/0/000")
    assert first.headers["Content-Type"] == "application/octet-stream"
    known = {"If-None-Match": first.headers["ETag"]}
    again = doors.get(f"{LOG}/tile/0/000", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert doors.get(f"{LOG}/tile/0/001.p/4", headers=known).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/001",
        "tile/entries/001",
        "tile/0/001.p/5",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/1/000",
        "tile/2/000.p/1",
        "tile/0/0",
        "tile/00/000",
        "tile/0/x000/000",
        "tile/0/000.p/03",
        "tile/-1/000",
        "tile/0/000/",
        "tile/",
        f"proof/{FULL + EXTRA}",
        "proof/-1",
        "proof/x",
        "proof/0?size=261",
        "proof/0?size=0",
        "policies",
        "",
    ],
)
def test_what_the_log_does_not_have_is_not_found(doors: Doors, path: str) -> None:
    answer = doors.get(f"{LOG}/{path}")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("chain", [UNSIGNED, "onbekend", "geen%20kenmerk"])
@pytest.mark.parametrize("path", ["checkpoint", "key", "proof/0", "tile/0/000.p/1"])
def test_a_chain_without_a_key_has_no_log(doors: Doors, chain: str, path: str) -> None:
    assert doors.get(f"/log/{chain}/{path}").status_code == 404


@pytest.mark.parametrize("position", [0, 1, FULL - 1, FULL, FULL + EXTRA - 1])
def test_a_proof_shows_that_a_record_is_in_the_log(doors: Doors, position: int) -> None:
    answer = doors.get(f"{LOG}/proof/{position}")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    index, hashes, checkpoint = split_proof(answer.text)
    head = opened(doors, SIGNED, checkpoint)
    leaf = leaf_hash(doors.app.state.proving.read(SIGNED, start=position, limit=1)[0].data)
    assert index == position
    assert proven(leaf, position, hashes, head)
    assert not proven(leaf, position ^ 1, hashes, head)
    assert not proven(leaf_hash(b"iets anders"), position, hashes, head)


@pytest.mark.parametrize("position", [0, 1, FULL - 1, FULL, FULL + EXTRA - 1])
def test_a_proof_can_be_had_by_leaf_hash(doors: Doors, position: int) -> None:
    leaf = leaf_hash(doors.app.state.proving.read(SIGNED, start=position, limit=1)[0].data)
    by_hash = doors.get(f"{LOG}/proof/{leaf.hex()}")
    assert by_hash.status_code == 200
    assert by_hash.text == doors.get(f"{LOG}/proof/{position}").text
    size = doors.app.state.tree.tables.checkpoint(SIGNED).size
    assert doors.get(f"{LOG}/proof/{leaf.hex()}?size={size}").text == by_hash.text


def test_a_hash_that_is_no_leaf_of_the_log_has_no_proof(doors: Doors) -> None:
    row = doors.app.state.tree.tables.full_tiles(SIGNED, 0, 0, 0)[0].hashes
    for data in (row[1:33], row[-16:] + row[:16], bytes(32)):
        answer = doors.get(f"{LOG}/proof/{data.hex()}")
        assert (answer.status_code, "bladhash" in answer.json()["detail"]) == (404, True)
    for text in (row[:32].hex().upper(), row[:31].hex(), row[:33].hex()):
        assert doors.get(f"{LOG}/proof/{text}").status_code == 404


def test_a_proof_can_be_for_an_earlier_checkpoint(doors: Doors) -> None:
    size = doors.app.state.tree.tables.checkpoint(SIGNED).size
    assert doors.get(f"{LOG}/proof/0?size={size}").text == doors.get(f"{LOG}/proof/0").text
    wrong = doors.get(f"{LOG}/proof/0?size=veel")
    assert (wrong.status_code, doors.get(f"{LOG}/proof/0?omvang=2").status_code) == (400, 400)


def test_hashes_are_for_everybody_and_entries_for_who_may_read_all(
    doors: Doors, shared_database: str, data_folder: Path
) -> None:
    with open_doors(shared_database, data_folder, development=False) as public:
        for path in ("checkpoint", "key", "tile/0/000", "proof/3"):
            answer = public.get(f"{LOG}/{path}")
            assert (answer.status_code, answer.content) == (200, doors.get(answer.url.path).content)
        refused = public.get(f"{LOG}/tile/entries/000")
        assert refused.status_code == 403
        assert b"ChainEstablished" not in refused.content
        assert public.get(f"{LOG}/tile/entries/009").status_code == 404


def test_the_key_file_is_for_its_owner_alone(doors: Doors, data_folder: Path) -> None:
    path = log_keys(Settings(folder=data_folder)).path(SIGNED)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "PRIVATE" not in doors.get(f"{LOG}/key").text


def test_a_key_that_is_there_is_never_made_again(tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path)
    path = ensure_key(settings, SIGNED)
    made = path.read_bytes()
    assert ensure_key(settings, SIGNED).read_bytes() == made


def test_health_tells_how_the_signing_is_doing(doors: Doors) -> None:
    until(lambda: doors.get("/v1/health").json()["signing"]["status"] == "pass")
    assert doors.get("/v1/health").json()["signing"] == {
        "status": "pass",
        "behind": 0,
        "refused": [],
        "unnamed": [],
    }


def test_what_is_not_yet_signed_is_told_and_so_is_a_signer_that_stopped(
    database: str, tmp_path: Path
) -> None:
    with Store(database) as store:
        signing = Signing(store, log_keys(Settings(folder=tmp_path)))
        sizes = {SIGNED: 5, UNSIGNED: 9}
        try:
            assert signing.state(sizes=sizes, signed={}) is None
            behind = signing.state(sizes=sizes, signed={SIGNED: 3})
            assert behind == SigningState("warn", 2, [])
        finally:
            signing.stop()
        assert signing.state(sizes=sizes, signed={SIGNED: 5}) == SigningState("fail", 0, [])


def test_a_key_made_later_is_found_and_one_taken_away_is_told(
    database: str, tmp_path: Path
) -> None:
    with open_doors(database, tmp_path) as doors:
        doors.found(SIGNED)
        assert doors.get("/v1/health").json()["signing"] is None
        path = ensure_key(Settings(folder=tmp_path), SIGNED)
        signed_head(doors, SIGNED, doors.size(SIGNED))
        path.rename(tmp_path / "weg.key")
        doors.post(f"/v1/chains/{SIGNED}/people", {"person": "p-1"})
        until(lambda: doors.get("/v1/health").json()["status"] == "fail")
        [refused] = doors.get("/v1/health").json()["signing"]["refused"]
        assert (refused["chain"], refused["kind"]) == (SIGNED, "key")
        assert str(tmp_path) not in doors.get("/v1/health").text
        assert doors.get("/v1/health/ready").status_code == 200
        (tmp_path / "weg.key").rename(path)
        signed_head(doors, SIGNED, doors.size(SIGNED))
        until(lambda: doors.get("/v1/health").json()["signing"]["status"] == "pass")


def test_a_chain_out_of_sight_is_in_no_shared_cache_and_health_does_not_name_it(
    database: str, tmp_path: Path
) -> None:
    with open_doors(database, tmp_path) as doors:
        key = ensure_key(Settings(folder=tmp_path), HIDDEN)
        ensure_key(Settings(folder=tmp_path), SIGNED)
        doors.found(SIGNED)
        tell(doors, {"type": "ChainEstablished", **founding()})
        for chain, reach in ((HIDDEN, "private"), (SIGNED, "public")):
            size = doors.size(chain)
            signed_head(doors, chain, size)
            note = doors.get(f"/log/{chain}/timestamps/{size}.note")
            assert (note.status_code, note.headers["Cache-Control"]) == (
                200,
                f"{reach}, {FOR_EVER}",
            )
            assert (note.headers.get("Vary") == identity.VARY) is (chain == HIDDEN)
        key.unlink()
        tell(doors, {"type": "PersonRegistered", "person": "p-1"})
        until(lambda: bool(doors.get("/v1/health").json()["signing"]["refused"]))
        health = doors.get("/v1/health")
        [refused] = health.json()["signing"]["refused"]
        assert (refused["chain"], refused["kind"]) == (CLOSED, "key")
        assert HIDDEN not in health.text
        told = InPublic(doors.app.state.proving)
        both = (SIGNED, HIDDEN)
        failing = [NotAnchored(chain, "refused", "", 1, "") for chain in both]
        anchoring = told.of_anchoring(AnchoringState("warn", 0, failing))
        assert anchoring is not None
        assert [one.chain for one in anchoring.failing] == [SIGNED, CLOSED]
        troubles = told.of_witnesses(
            WitnessesState("warn", [Trouble(one, "w", "") for one in both])
        )
        assert troubles.troubles == [Trouble(SIGNED, "w", ""), Trouble(CLOSED, CLOSED, "")]


def tell(doors: Doors, body: dict[str, object]) -> None:
    """Record something in the chain that is out of sight."""
    act = Act(event=catalogue.read_body(body), by=FOUNDER, scope="chain")
    doors.app.state.ledger.submit(HIDDEN, act)
