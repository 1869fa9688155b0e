"""Time stamps as others see them: served, exported, shown, and told about when they fail."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from api import cli
from api.anchors import authority
from api.settings import Settings, SettingsRefused, from_environment
from api.signing import ensure_key
from ledger import verify
from ledger.log.anchoring import Anchoring
from ledger.log.store import Store
from tests.api.doors import Doors, open_doors
from tests.api.signed import signed_head
from tests.log.scene import until
from tests.log.signing import by_force
from tests.log.stamping import Tsa, authority_in, openssl

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="no openssl here: no time-stamping authority to ask"
)

CHAIN = "gestempeld"
LOG = f"/log/{CHAIN}"


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tsa]:
    with authority_in(tmp_path_factory.mktemp("tsa")) as tsa:
        yield tsa


@pytest.fixture(scope="module")
def doors(shared_database: str, data_folder: Path, tsa: Tsa) -> Iterator[Doors]:
    """A server with a chain of which two checkpoints were stamped."""
    ensure_key(Settings(folder=data_folder), CHAIN)
    with open_doors(shared_database, data_folder) as doors, Store(shared_database) as store:
        doors.found(CHAIN)
        asking = Anchoring(store, tsa.authority(), interval_seconds=0)
        for person in ("p-1", "p-2"):
            doors.post(f"/v1/chains/{CHAIN}/people", {"person": person})
            signed_head(doors, CHAIN, doors.size(CHAIN))
            asking.anchor(CHAIN)
        yield doors


@pytest.fixture
def settings(
    doors: Doors,
    shared_database: str,
    data_folder: Path,
    tsa: Tsa,
    monkeypatch: pytest.MonkeyPatch,
) -> Tsa:
    """The settings of a command beside that server; the authority works well."""
    tsa.reset()
    monkeypatch.setenv("DATABASE_URL", shared_database)
    monkeypatch.setenv("KETENLEDGER_FOLDER", str(data_folder))
    monkeypatch.setenv("KETENLEDGER_TSA_URL", tsa.url)
    monkeypatch.setenv("KETENLEDGER_TSA_CERTIFICATES", str(tsa.folder / "root.pem"))
    return tsa


def test_each_time_stamp_is_listed_with_what_it_stamps(
    doors: Doors, tsa: Tsa, tmp_path: Path
) -> None:
    listed = doors.get(f"{LOG}/timestamps").json()
    sizes = [doors.size(CHAIN) - 1, doors.size(CHAIN)]
    assert [one["size"] for one in listed["items"]] == sizes
    assert listed["next"] is None
    for one in listed["items"]:
        assert one["authority"] == tsa.url
        token, note = doors.get(one["token"]), doors.get(one["note"])
        assert token.headers["Content-Type"] == "application/timestamp-reply"
        assert note.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert "immutable" in token.headers["Cache-Control"]
        (tmp_path / "token").write_bytes(token.content)
        (tmp_path / "note").write_bytes(note.content)
        checked = ["-in", tmp_path / "token", "-CAfile", tsa.folder / "root.pem"]
        assert "Verification: OK" in openssl("ts", "-verify", "-data", tmp_path / "note", *checked)
    assert doors.get(listed["items"][-1]["note"]).content == doors.get(f"{LOG}/checkpoint").content


def test_the_integrity_of_the_chain_says_how_far_they_reach(doors: Doors, tsa: Tsa) -> None:
    told = doors.get(f"/v1/chains/{CHAIN}/integrity").json()
    last = doors.get(f"{LOG}/timestamps").json()["items"][-1]
    assert told["anchors"] == {
        "status": "pass",
        "covered": last["size"],
        "stampedAt": last["stampedAt"],
        "authority": tsa.url,
        "failing": None,
    }


def test_the_list_comes_in_pages(doors: Doors) -> None:
    first = doors.get(f"{LOG}/timestamps?limit=1").json()
    second = doors.get(first["next"]).json()
    assert len(first["items"]) == len(second["items"]) == 1
    assert first["items"][0]["size"] < second["items"][0]["size"]
    assert second["next"] is None


@pytest.mark.parametrize(
    "path",
    [
        f"{LOG}/timestamps/1-1.tsr",
        f"{LOG}/timestamps/99.note",
        f"{LOG}/timestamps/0.note",
        f"{LOG}/timestamps/x.tsr",
        f"{LOG}/timestamps/99999999999999999999-1.tsr",
        f"{LOG}/timestamps?cursor=vreemd",
        "/log/onbekend/timestamps",
        "/log/onbekend/timestamps/1-1.tsr",
    ],
)
def test_what_was_not_stamped_is_not_found(doors: Doors, path: str) -> None:
    assert doors.get(path).status_code == 404


def test_a_command_has_the_last_checkpoint_stamped_once(
    settings: Tsa, doors: Doors, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = settings.count
    assert cli.run(["anchor", "new", CHAIN, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["size"], told["number"]) == (doors.size(CHAIN), 1)
    assert settings.count == asked
    assert cli.run(["anchor", "new", "onbekend"]) == 1


def test_a_command_shows_that_each_time_stamp_still_holds(
    settings: Tsa, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["anchor", "show", CHAIN, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["timestamps"]
    assert [one["sound"] for one in told] == [True, True]
    assert cli.run(["anchor", "show", CHAIN]) == 0
    assert "klopt" in capsys.readouterr().out
    assert cli.run(["anchor", "show", "onbekend"]) == 1


def test_without_certificates_nothing_is_said_to_hold(
    settings: Tsa, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KETENLEDGER_TSA_URL")
    monkeypatch.delenv("KETENLEDGER_TSA_CERTIFICATES")
    assert cli.run(["anchor", "show", CHAIN, "--json"]) == 0
    assert {one["sound"] for one in json.loads(capsys.readouterr().out)["timestamps"]} == {None}
    assert cli.run(["anchor", "new", CHAIN]) == 64
    assert "KETENLEDGER_TSA_URL" in capsys.readouterr().err


def test_a_time_stamp_that_was_tampered_with_is_named(
    settings: Tsa, shared_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    move = "UPDATE anchors SET stamped = stamped {} interval '1 second' WHERE number = 1"
    for sign, code, sound in (("-", 2, False), ("+", 0, True)):
        by_force(
            shared_database,
            "ALTER TABLE anchors DISABLE TRIGGER anchors_never_change",
            move.format(sign),
            "ALTER TABLE anchors ENABLE ALWAYS TRIGGER anchors_never_change",
        )
        assert cli.run(["anchor", "show", CHAIN, "--json"]) == code
        told = json.loads(capsys.readouterr().out)["timestamps"]
        assert {one["sound"] for one in told} == {sound}


def test_a_copy_of_the_log_holds_its_time_stamps(
    settings: Tsa, doors: Doors, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["export-log", CHAIN, str(tmp_path)]) == 0
    for one in doors.get(f"{LOG}/timestamps").json()["items"]:
        for address in (one["token"], one["note"]):
            copied = tmp_path / address.removeprefix(f"{LOG}/")
            assert copied.read_bytes() == doors.get(address).content


def test_a_bundle_holds_the_first_time_stamp_that_covers_it(
    doors: Doors, data_folder: Path, tsa: Tsa, tmp_path: Path
) -> None:
    key = doors.get(f"{LOG}/key").text.strip()
    first, last = (one["size"] for one in doors.get(f"{LOG}/timestamps").json()["items"])
    for end, stamped in ((1, first), (first, first), (last, last)):
        asked = {"from": "0", "until": str(end)}
        answer = doors.get(f"/v1/chains/{CHAIN}/bundles/records", params=asked)
        assert answer.status_code == 200, answer.text
        bundle = tmp_path / "bundle.zip"
        bundle.write_bytes(answer.content)
        assert verify.verify(str(bundle), keys=[key], earlier=[])
        with zipfile.ZipFile(bundle) as archive:
            found = {name for name in archive.namelist() if name.startswith("timestamps/")}
            assert found == {f"timestamps/{stamped}.note", f"timestamps/{stamped}-1.tsr"}
            archive.extractall(tmp_path / "open")
        note, token = (tmp_path / "open" / name for name in sorted(found, reverse=True))
        checked = ["-in", token, "-CAfile", tsa.folder / "root.pem"]
        assert "Verification: OK" in openssl("ts", "-verify", "-data", note, *checked)
        # An earlier checkpoint is proven to be the beginning of the log of the bundle.
        assert verify.verify(str(bundle), keys=[key], earlier=[note.read_bytes()])


def test_a_server_asks_by_itself_and_tells_how_it_goes(
    database: str, tmp_path: Path, tsa: Tsa
) -> None:
    tsa.reset()
    tsa.status = 500
    ensure_key(Settings(folder=tmp_path), CHAIN)
    told = {"tsa_url": tsa.url, "tsa_certificates": (tsa.folder / "root.pem",)}
    with open_doors(database, tmp_path, **told, tsa_poll_seconds=0.05) as doors:
        doors.found(CHAIN)
        signed_head(doors, CHAIN, doors.size(CHAIN))
        until(lambda: bool(doors.get("/v1/health").json()["anchoring"]["failing"]))
        health = doors.get("/v1/health").json()
        [failing] = health["anchoring"]["failing"]
        assert (health["status"], health["anchoring"]["status"]) == ("warn", "warn")
        assert (failing["chain"], failing["kind"]) == (CHAIN, "unreachable")
        assert tsa.url not in doors.get("/v1/health").text
        assert doors.post(f"/v1/chains/{CHAIN}/people", {"person": "p-9"}).status_code == 201
        signed_head(doors, CHAIN, doors.size(CHAIN))
        assert doors.get("/v1/health/ready").status_code == 200
    tsa.reset()
    # The pause after a failure is longer than a test: it is over.
    with Store(database) as store:
        Anchoring(store, tsa.authority(), interval_seconds=0).anchors.clear(CHAIN)
    with open_doors(database, tmp_path, **told, tsa_poll_seconds=0.05) as doors:
        until(lambda: bool(doors.get(f"{LOG}/timestamps").json()["items"]))
        until(lambda: doors.get("/v1/health").json()["anchoring"]["status"] == "pass")
        assert doors.get("/v1/health").json()["anchoring"]["waiting"] == 0


def test_a_server_without_an_authority_asks_nobody(doors: Doors) -> None:
    assert doors.get("/v1/health").json()["anchoring"] is None


@pytest.mark.parametrize(
    "said",
    [
        {"URL": "https://tsa.example"},
        {"URL": "tsa.example", "CERTIFICATES": "root.pem"},
        {"URL": "ftp://tsa.example", "CERTIFICATES": "root.pem"},
        {"URL": "https://ik:geheim@tsa.example", "CERTIFICATES": "root.pem"},
        {"URL": "https://tsa.example/?sleutel=geheim", "CERTIFICATES": "root.pem"},
        {"URL": "https://", "CERTIFICATES": "root.pem"},
        {"URL": "https://[tsa", "CERTIFICATES": "root.pem"},
        {"URL": "https://tsa.example:acht", "CERTIFICATES": "root.pem"},
        {"INTERVAL_SECONDS": "0"},
        {"INTERVAL_SECONDS": "dagelijks"},
    ],
)
def test_an_authority_that_makes_no_sense_is_refused(said: dict[str, str]) -> None:
    with pytest.raises(SettingsRefused):
        from_environment({f"KETENLEDGER_TSA_{name}": value for name, value in said.items()})


def test_a_server_does_not_start_with_certificates_it_cannot_read(tmp_path: Path) -> None:
    said = {
        "KETENLEDGER_TSA_URL": "https://tsa.example",
        "KETENLEDGER_TSA_CERTIFICATES": str(tmp_path / "nergens.pem"),
    }
    with pytest.raises(SettingsRefused, match=r"nergens\.pem"):
        authority(from_environment(said))
    assert authority(from_environment({})) is None
