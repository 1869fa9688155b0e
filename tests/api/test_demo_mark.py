"""A chain founded in development mode says so for ever: it proves nothing about people."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from api import cli
from api.record_lines import Recorder
from api.settings import Settings
from api.signing import ensure_key
from ledger import verify
from ledger.domain.values import Refused
from tests.api.doors import Doors, founding, open_doors
from tests.api.signed import signed_head

PERSON = {"function": "medewerker"}
LINE = {"by": "p-bd", "body": {"type": "ChainEstablished", **founding()}}


def recorded(doors: Doors, chain: str, *, demo: bool) -> Refused | None:
    """Found a chain as the command line does; return the refusal, if any."""
    recorder = Recorder(doors.app.state.ledger, chain, demo=demo)
    [result] = recorder.run([(1, json.dumps(LINE).encode())])
    return result.outcome if isinstance(result.outcome, Refused) else None


def test_a_chain_of_a_development_server_is_a_demonstration_everywhere(
    doors: Doors, chain: str
) -> None:
    body = doors.get(f"/v1/chains/{chain}/records/0").json()["body"]
    assert body["demo"] is True
    assert doors.get(f"/v1/chains/{chain}").json()["demo"] is True
    listed = doors.get("/v1/chains", params={"limit": 200}).json()["items"]
    assert {one["demo"] for one in listed if one["chain"] == chain} == {True}
    for path in ("", "/tijdlijn", "/vastleggen"):
        assert "DEMO – " in doors.get(f"/ketens/{chain}{path}").text
    assert "DEMO" in doors.get("/").text


def test_nobody_asks_for_it_or_takes_it_away(doors: Doors, chain: str) -> None:
    assert recorded(doors, "geen-proef", demo=False) is None
    assert recorded(doors, "wel-proef", demo=True) is None
    state = doors.app.state.ledger.state
    assert (state("geen-proef").chains.demo, state("wel-proef").chains.demo) == (False, True)
    asked = {"type": "ChainEstablished", **founding(), "demo": True}
    line = json.dumps({"by": "p-bd", "body": asked}).encode()
    [result] = Recorder(doors.app.state.ledger, "verzonnen").run([(1, line)])
    assert isinstance(result.outcome, Refused)
    assert result.outcome.rule == "G13"


def test_asked_again_elsewhere_a_founding_stays_what_it_was(doors: Doors) -> None:
    assert recorded(doors, "eerst-proef", demo=True) is None
    assert recorded(doors, "eerst-proef", demo=False) is None
    assert recorded(doors, "eerst-echt", demo=False) is None
    assert recorded(doors, "eerst-echt", demo=True) is None
    state = doors.app.state.ledger.state
    assert (state("eerst-proef").chains.demo, state("eerst-echt").chains.demo) == (True, False)


def test_a_chain_that_is_no_demonstration_believes_no_development_server(doors: Doors) -> None:
    assert recorded(doors, "echt", demo=False) is None
    answer = doors.post("/v1/chains/echt/people", PERSON)
    assert answer.status_code == 401
    assert "van niemand" in answer.json()["detail"]
    assert "DEMO – " not in doors.until("/ketens/echt", 200).text


def test_a_bundle_of_a_demonstration_says_so(doors: Doors, data_folder: Path) -> None:
    ensure_key(Settings(folder=data_folder), "bundel")
    doors.found("bundel")
    signed_head(doors, "bundel", doors.size("bundel"))
    answer = doors.get("/v1/chains/bundel/bundles/records")
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert json.loads(archive.read("manifest.json"))["selection"]["demo"] is True
        for page in ("index.html", "LEESMIJ.txt"):
            assert "DEMO – bewijsbundel" in archive.read(page).decode()
            assert "niet nagegaan" in archive.read(page).decode()
    bundle = data_folder / "demonstratie.zip"
    bundle.write_bytes(answer.content)
    _, doubts = verify.verify(str(bundle), keys=[], earlier=[])
    assert doubts[-1] == "wie er handelde: dit is een DEMO"


def test_the_check_of_a_demonstration_says_so(
    database: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_doors(database, folder) as opened:
        opened.found("keten")
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("KETENLEDGER_FOLDER", str(folder))
    capsys.readouterr()
    # Nothing to hold it against: no signature, so it cannot be told (3).
    assert cli.run(["verify", "keten"]) == 3
    assert "DEMO: " in capsys.readouterr().out
