"""A monitor against a real server: it grows, changes its key, is away, or was tampered with."""

from __future__ import annotations

from pathlib import Path
from typing import LiteralString
from uuid import uuid4

import psycopg
import pytest

from api import cli
from api.settings import Settings
from api.signing import ensure_key, log_keys
from tests.api.doors import FOUNDER, Doors, open_doors
from tests.api.monitoring import BROKEN, SOUND, UNKNOWN, Partner
from tests.api.signed import signed_head
from tests.log.signing import DISARM
from tests.log.static_host import hosting

REPLACE = """
    UPDATE records
    SET state = convert_to(replace(convert_from(state, 'UTF8'), %(old)s, %(new)s), 'UTF8')
    WHERE originator_id = %(chain)s AND originator_version = 1
"""
FORGET_CHECKPOINTS = "DELETE FROM checkpoints WHERE chain = %(chain)s AND size > %(size)s"
FORGET_RECORDS = """
    DELETE FROM records WHERE originator_id = %(chain)s AND originator_version > %(size)s
"""


@pytest.fixture
def partner(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Partner:
    return Partner(tmp_path, capsys)


# Against a real server


@pytest.fixture
def chain(doors: Doors, data_folder: Path) -> str:
    """A signed chain of its own for each test."""
    name = f"keten-{uuid4().hex[:8]}"
    ensure_key(Settings(folder=data_folder), name)
    doors.found(name, direct=["LogKeyAnnounced"])
    signed_head(doors, name, doors.size(name))
    return name


@pytest.fixture
def visitor(partner: Partner, doors: Doors, chain: str) -> Partner:
    partner.url = f"{str(doors.client.base_url).rstrip('/')}/log/{chain}"
    return partner


def token_of(doors: Doors) -> str:
    return doors.known_as(FOUNDER)["Authorization"].removeprefix("Bearer ")


def register(doors: Doors, chain: str, *people: str) -> int:
    """Record people and wait until that is signed; return the size."""
    for one in people:
        told = doors.post(f"/v1/chains/{chain}/people", {"person": one})
        assert told.status_code == 201, told.text
    return signed_head(doors, chain, doors.size(chain)).size


def test_a_server_is_followed_while_it_grows(visitor: Partner, doors: Doors, chain: str) -> None:
    first = doors.size(chain)
    assert visitor.look("--token", token_of(doors)) == SOUND
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


def test_a_key_that_the_chain_announces_is_followed_by_itself(
    visitor: Partner, doors: Doors, chain: str, data_folder: Path
) -> None:
    assert visitor.look("--quiet") == SOUND
    keys = log_keys(Settings(folder=data_folder))
    old, new = keys.key(chain).verifiers[0], keys.rotate(chain).verifiers[0]
    body = {"logKey": str(new), "effectiveOn": "2026-01-01", "reason": "Elk jaar een nieuwe."}
    told = doors.post(f"/v1/chains/{chain}/log-keys", body)
    assert told.status_code == 201, told.text
    register(doors, chain, "p-1")
    assert visitor.look("--quiet") == SOUND
    assert visitor.told.strip() == f"De keten kondigde een sleutel aan, die voortaan geldt: {new}."
    keys.retire(chain, old.key_id.hex())
    register(doors, chain, "p-2")
    assert visitor.look("--quiet") == SOUND
    assert visitor.look("--quiet") == SOUND
    assert visitor.told == ""


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
        assert visitor.look("--token", token_of(doors)) == UNKNOWN


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


def by_owner(database: str, *changes: LiteralString, **given: object) -> None:
    """Change what stands as the owner of the tables can, with all triggers off."""
    with psycopg.connect(database) as owner:
        for statement in DISARM:
            owner.execute(statement)
        for change in changes:
            owner.execute(change, given)


def test_a_record_that_the_owner_of_the_database_changed_is_found(
    visitor: Partner, doors: Doors, chain: str, shared_database: str
) -> None:
    assert visitor.look() == SOUND
    by_owner(shared_database, REPLACE, chain=chain, old="Samen doen", new="Samen laten")
    assert visitor.look() == SOUND
    code, told = visitor.look_json("--again")
    assert (code, told["break"]["kind"], told["break"]["position"]) == (BROKEN, "entry", 0)
    by_owner(shared_database, REPLACE, chain=chain, old="Samen laten", new="Samen doen")
    assert visitor.look("--again") == SOUND


def test_a_log_that_was_put_back_to_an_earlier_state_is_found(
    visitor: Partner, doors: Doors, chain: str, shared_database: str
) -> None:
    before = doors.size(chain)
    size = register(doors, chain, "p-1", "p-2", "p-3")
    assert visitor.look() == SOUND
    by_owner(shared_database, FORGET_CHECKPOINTS, FORGET_RECORDS, chain=chain, size=before)
    code, told = visitor.look_json()
    assert (code, told["break"]["kind"], told["break"]["position"]) == (BROKEN, "smaller", before)
    assert f"eerder {size} tekende" in told["sentence"]


def test_a_chain_that_was_made_anew_and_signed_with_the_same_key_is_found(
    visitor: Partner, doors: Doors, chain: str, database: str, data_folder: Path
) -> None:
    assert visitor.look() == SOUND
    with open_doors(database, data_folder) as elsewhere:
        elsewhere.found(chain)
        register(elsewhere, chain, "p-1", "p-2")
        visitor.url = f"{str(elsewhere.client.base_url).rstrip('/')}/log/{chain}"
        visitor.finds("fork", position=0)
        fresh = Partner(visitor.folder / "vers", visitor.capsys, visitor.url)
        assert fresh.look() == SOUND
