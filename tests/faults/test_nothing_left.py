"""After an erasure nothing of a person is left: not in a dump, a file, a log line or an answer.

Looked for are the values, their salt, the disclosures, the data key, and what of these was stored:
the ciphertext and the wrapped key. The same search finds what was stored before the erasure, so
that finding nothing afterwards means something.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import zipfile
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from api.workplace import KEY_FILE, migrate
from ledger.embedded import running
from ledger.embedded_binaries import programs_for
from ledger.key_provider import FileKeys, Owner, Wrapped, load_key
from ledger.log.store import Store
from ledger.vault import Vault
from tests.api.doors import Doors, open_doors
from tests.api.logs import logged

CHAIN = "wisketen"
TEXT = "Volgens Wilhelmina lag het aan de afdeling Ooijevaar-West."
NAME, CONTACT = "Wilhelmina van Overbeke-Ooijevaar", "06-55512345 of w.ooijevaar@voorbeeld.example"
DUMP_SECONDS = 60
PEOPLE = ("jan", "office", "p-bd", "p-uwv", "")

pytestmark = pytest.mark.slow


class Traces:
    """What could be left of a person: by name, as bytes to look for."""

    def __init__(self, database: str, folder: Path) -> None:
        keys = FileKeys(load_key(folder / KEY_FILE), folder)
        with Store(database) as store:
            rows = store.fetch("SELECT digest, ciphertext FROM disclosures", {})
            texts = Vault(store, keys).texts(CHAIN, [row[0] for row in rows])
            wrapped = store.fetch("SELECT subject, wrapped_key FROM subject_keys", {})
        assert {subject for subject, _ in wrapped} == {"jan", "bottleneck:K-1"}
        opened = [
            keys.unwrap(Owner(CHAIN, "bd"), Wrapped("1", key), f"{CHAIN}|{subject}".encode())
            for subject, key in wrapped
        ]
        said = [json.loads(urlsafe_b64decode(f"{text}==")) for text in texts.values()]
        self.clear = _every_form(NAME.encode(), CONTACT.encode(), TEXT.encode(), *opened)
        self.clear |= {text.encode() for text in texts.values()}
        self.clear |= {salt.encode() for salt, _, _ in said}
        self.clear |= _every_form(*(urlsafe_b64decode(f"{salt}==") for salt, _, _ in said))
        self.stored = _every_form(*(key for _, key in wrapped), *(row[1] for row in rows))

    def all_in(self, data: bytes) -> set[bytes]:
        """Return what of the person is found in these bytes."""
        return {one for one in self.clear | self.stored if one in data}


def _every_form(*secrets: bytes) -> set[bytes]:
    return {*secrets, *(one.hex().encode() for one in secrets)}


def dump(database: str) -> bytes:
    """Return a full dump of the database as text."""
    pg_dump = programs_for(None).folder / "pg_dump"
    said = {name.upper(): str(value) for name, value in conninfo_to_dict(database).items()}
    names = ("USER", "HOST", "PORT", "PASSWORD")
    known = {"DBNAME": "PGDATABASE", **{name: f"PG{name}" for name in names}}
    own = {known[name]: value for name, value in said.items() if name in known}
    made = subprocess.run(
        [str(pg_dump)], env={**os.environ, **own}, capture_output=True, timeout=DUMP_SECONDS,
        check=True,
    )  # fmt: skip
    return made.stdout


def live_files(folder: Path) -> Iterator[bytes]:
    """Give every file in the data folder but the write-ahead log and the keys of the server."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and "pg_wal" not in path.parts:
            yield path.read_bytes()


def write_ahead_log(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in (folder / "pgdata" / "pg_wal").glob("0*"))


def tidied(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("VACUUM (FULL) disclosures")
        owner.execute("CHECKPOINT")


def answers(doors: Doors, **known: str) -> Iterator[tuple[str, int, bytes]]:
    """Ask every address of the OpenAPI document for everybody; give address, status and answer."""
    document = doors.get("/v1/openapi.json").json()
    for path, operations in sorted(document["paths"].items()):
        if "get" not in operations:
            continue
        filled = re.sub(r"{(\w+)}", lambda found: known.get(found[1], "jan"), path)
        elsewhere = operations["get"].get("servers")
        address = filled if elsewhere else f"/v1{filled}"
        for person in PEOPLE:
            answer = doors.get(address, headers=doors.acting(person))
            yield address, answer.status_code, unpacked(answer.content)


def unpacked(data: bytes) -> bytes:
    """Return the members of a zip file after each other; anything else as it is."""
    if not data.startswith(b"PK"):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())


def recorded(doors: Doors) -> dict[str, Any]:
    """Found a chain in which jan works for bd, has a name and a contact, and tells something in
    confidence; return his report."""
    doors.found(CHAIN, direct=["RoleAssigned"])
    today = doors.app.state.ledger.state(CHAIN).chains.since[:10]
    for person in ({"person": "office"}, {"person": "jan", "name": NAME, "contact": CONTACT}):
        assert doors.post(f"/v1/chains/{CHAIN}/people", person).status_code == 201
    for role in (
        {"role": "chain-office", "person": "office"},
        {"role": "chain-coordinator", "person": "jan", "organisation": "bd"},
    ):
        given = {**role, "validFrom": today}
        assert doors.post(f"/v1/chains/{CHAIN}/roles", given).status_code == 201
    told = {"bottleneck": "K-1", "subject": TEXT}
    path = f"/v1/chains/{CHAIN}/bottlenecks"
    assert doors.post(path, told, actor="jan", scope="confidential").status_code == 201
    report: dict[str, Any] = doors.get(
        f"/v1/chains/{CHAIN}/people/jan/data", headers=doors.acting("jan")
    ).json()
    return report


def test_after_an_erasure_nothing_of_a_person_is_left(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data, own = tmp_path / "data", tmp_path / "own"
    with running(data) as database:
        migrate(database)
        with logged(), open_doors(database, own) as doors:
            report = recorded(doors)
            traces = Traces(database, own)
            known = {NAME.encode(), CONTACT.encode(), TEXT.encode()}
            assert traces.all_in(json.dumps(report).encode()) >= known
            page = doors.get(f"/v1/chains/{CHAIN}/bottlenecks/K-1", headers=doors.acting("jan"))
            assert TEXT in page.text
            with psycopg.connect(database, autocommit=True) as owner:
                # As the server does by itself: what it samples of a column it keeps.
                owner.execute("ANALYZE")
                owner.execute("CHECKPOINT")
            before = {*traces.all_in(dump(database)), *traces.all_in(b"".join(live_files(data)))}
            assert before == traces.stored & before
            assert len(before) >= len(traces.stored) // 2

            digests = [one["digest"] for one in report["values"]]
            body = {"organisation": "bd", "ground": "objection", "digests": digests}
            answer = doors.post(f"/v1/chains/{CHAIN}/people/jan/erasures", body)
            assert answer.status_code == 201, answer.text
            tidied(database)

            assert traces.all_in(dump(database)) == set()
            for folder in (data, own):
                assert set().union(*(traces.all_in(one) for one in live_files(folder))) == set()
            found = list(answers(doors, chain=CHAIN, person="jan", position="7"))
            assert {status for _, status, _ in found} >= {200}
            assert [address for address, _, said in found if traces.all_in(said)] == []
            assert [
                address for address, status, _ in found if status >= 500 and status != 503
            ] == []
        # What the write-ahead log still has is encrypted: only the key of the partner opens it.
        assert not traces.clear & traces.all_in(write_ahead_log(data))
    said = capfd.readouterr()
    assert "/people/{person}/erasures" in said.out + said.err
    assert traces.all_in((said.out + said.err).encode()) == set()
