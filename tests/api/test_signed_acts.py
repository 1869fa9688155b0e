"""Signed acts through the doors: a header field over HTTP, `sign` at the desk, lines of a file."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api import cli
from api.record_lines import Recorder, read
from api.signed_lines import Signer, read_key, signed
from ledger import catalogue
from ledger.domain.values import Refused
from ledger.receipts import Receipt
from ledger.sealed import opened, seal
from tests.api.doors import Doors, founding

FOUNDED = "2024-01-01T09:00:00.000000Z"
LATER = "2024-03-01T12:30:00.000000Z"
KEY = {"type": "SigningKeyRegistered", "organisation": "bd", "validFrom": "2024-01-01"}
PERSON = {"type": "PersonRegistered", "person": "p-1", "function": "secretaris"}
Told = pytest.CaptureFixture[str]


@pytest.fixture
def chain(doors: Doors) -> str:
    """A chain that was founded some time ago by bd and uwv."""
    name = f"keten-{uuid4().hex[:8]}"
    body = founding("bd", "uwv")
    assert doors.post(f"/v1/chains/{name}/establishments", body, on=FOUNDED).status_code == 201
    return name


@pytest.fixture
def desk(chain: str, tmp_path: Path) -> Signer:
    """Somebody of bd with a key in a file, not registered yet."""
    path = tmp_path / "bd.pem"
    assert cli.run(["sign", "key", str(path)]) == 0
    return Signer(chain, "bd-1", read_key(path))


@pytest.fixture
def signer(doors: Doors, desk: Signer) -> Signer:
    """Somebody of bd whose key is registered and accepted."""
    assert post(doors, desk, a_line(desk, KEY)).status_code == 201
    path = f"/v1/chains/{desk.chain}/signing-keys/bd-1/acceptances"
    assert doors.post(path, {}).status_code == 201
    return desk


def a_line(signer: Signer, body: dict[str, Any], **more: str) -> dict[str, Any]:
    """Return a signed line, as `sign act` prints it."""
    text = json.dumps({"body": body, "by": "p-bd", "on": LATER, **more})
    return signed(read(text.encode(), number=1), signer)


def post(
    doors: Doors, signer: Signer, line: dict[str, Any], *, actor: str = "", **changes: str
) -> httpx.Response:
    """Record a signed line over HTTP, as the person in it or as another."""
    headers = {
        **doors.known_as(actor or line["by"]),
        "Idempotency-Key": line["act"],
        "Act-Signature": f"{line['signature']['key']} {line['signature']['value']}",
    }
    return doors.client.post(
        f"/v1/chains/{signer.chain}/records",
        json=line["body"],
        params={"on": line["on"]},
        headers=headers | {name.replace("_", "-"): one for name, one in changes.items()},
    )


def stored(doors: Doors, chain: str, position: int) -> catalogue.Record:
    return catalogue.decode(doors.app.state.ledger.records(chain, position, 1)[0].data)


# Over HTTP


def test_a_signed_act_is_recorded_with_its_signature(doors: Doors, signer: Signer) -> None:
    line = a_line(signer, PERSON)
    answer = post(doors, signer, line)
    assert answer.status_code == 201, answer.text
    header = stored(doors, signer.chain, answer.json()["position"]).header
    assert header.signature is not None
    assert (header.signature.key, header.signature.value) == (
        "bd-1", line["signature"]["value"]
    )  # fmt: skip
    again = post(doors, signer, line)
    assert (again.status_code, again.json()["repeated"]) == (200, True)


@pytest.mark.parametrize(
    "changes", [{"Idempotency_Key": "ander"}, {"actor": "p-uwv"}], ids=["key", "person"]
)
def test_a_signature_over_another_act_is_refused_by_number(
    doors: Doors, signer: Signer, changes: dict[str, str]
) -> None:
    size = doors.size(signer.chain)
    answer = post(doors, signer, a_line(signer, PERSON), **changes)
    assert (answer.status_code, answer.json()["rule"]) in [(409, "G16"), (409, "S10")]
    assert doors.size(signer.chain) == size


def test_a_key_nobody_accepted_signs_nothing(doors: Doors, desk: Signer) -> None:
    assert post(doors, desk, a_line(desk, PERSON)).json()["rule"] == "S9"
    post(doors, desk, a_line(desk, KEY))
    assert post(doors, desk, a_line(desk, PERSON)).json()["rule"] == "S9"


@pytest.mark.parametrize("given", ["bd-1", "bd-1 AAAA", "a b c", "bd-1 " + "A" * 88])
def test_a_header_field_that_is_no_signature_is_told_apart(
    doors: Doors, signer: Signer, given: str
) -> None:
    answer = post(doors, signer, a_line(signer, PERSON), Act_Signature=given)
    assert answer.status_code == 400
    assert "Act-Signature" in answer.json()["detail"]


def test_the_keys_can_be_read_by_everybody(doors: Doors, signer: Signer) -> None:
    position = doors.size(signer.chain) - 1
    answer = doors.get(f"/v1/chains/{signer.chain}/signing-keys?atLeast={position}")
    [key] = answer.json()["items"]
    assert (key["signingKey"], key["organisation"], key["accepted"]) == ("bd-1", "bd", True)
    one = doors.get(f"/v1/chains/{signer.chain}/signing-keys/bd-1").json()
    assert one["registered"]["signedWith"] == "bd-1"
    assert [entry["status"] for entry in one["statuses"]] == ["registered", "accepted"]


# Sealed values


def test_a_signature_covers_the_digest_of_a_sealed_value(doors: Doors, signer: Signer) -> None:
    line = a_line(signer, PERSON | {"name": "Jan Jansen"})
    assert opened(line["body"]["name"]).value == "Jan Jansen"
    answer = post(doors, signer, line)
    assert answer.status_code == 201, answer.text
    record = stored(doors, signer.chain, answer.json()["position"])
    [digest] = catalogue.digests_in(record.body)
    vault = doors.app.state.ledger._vault
    assert vault.open(signer.chain, [digest])[digest].value == "Jan Jansen"


def test_a_signed_act_gives_no_sealed_value_in_the_clear(doors: Doors, signer: Signer) -> None:
    line = a_line(signer, PERSON | {"name": "Jan Jansen"})
    other = seal("p-1", "contact", "Jan Jansen").text
    for wrong in ("Jan Jansen", other, line["body"]["name"] + "=", "WyJhIiwgIm5hbWUiLCAiYiJd"):
        body = line["body"] | {"name": wrong}
        assert post(doors, signer, line | {"body": body}).json()["rule"] == "G13"


def test_a_signature_covers_the_seal_of_a_confidential_text(doors: Doors, signer: Signer) -> None:
    note = {"type": "DrivingProblemRecorded", "text": "Onder ons gezegd."}
    line = a_line(signer, note, scope="confidential")
    assert opened(line["body"]["text"].removeprefix("sealed:")).value == "Onder ons gezegd."
    text = json.dumps(line).encode()
    recorder = Recorder(doors.app.state.ledger, signer.chain)
    [first, again] = recorder.run([(1, text), (2, text)])
    assert isinstance(first.outcome, Receipt), first.outcome
    assert isinstance(again.outcome, Receipt)
    assert again.outcome.repeated
    record = stored(doors, signer.chain, first.outcome.position)
    assert record.header.scope == "confidential"
    [digest] = catalogue.digests_in(record.body)
    vault = doors.app.state.ledger._vault
    assert vault.open(signer.chain, [digest])[digest].value == "Onder ons gezegd."


def test_a_text_that_was_signed_open_is_refused_where_it_would_be_confidential(
    doors: Doors, signer: Signer
) -> None:
    line = a_line(signer, {"type": "DrivingProblemRecorded", "text": "Onder ons gezegd."})
    changed = json.dumps(line | {"scope": "confidential"}).encode()
    [refused] = Recorder(doors.app.state.ledger, signer.chain).run([(1, changed)])
    assert isinstance(refused.outcome, Refused)
    assert refused.outcome.rule == "G13"
    assert "als confidential getekend" in refused.outcome.reason


# Lines


def test_lines_with_signatures_are_recorded_and_others_are_told_apart(
    doors: Doors, signer: Signer
) -> None:
    line = a_line(signer, PERSON | {"name": "Jan"})
    false = a_line(signer, PERSON | {"person": "p-2"}) | {"by": "p-uwv"}
    lines = enumerate((json.dumps(one).encode() for one in (line, false)), 1)
    first, second = Recorder(doors.app.state.ledger, signer.chain).run(lines)
    assert isinstance(first.outcome, Receipt)
    assert isinstance(second.outcome, Refused)
    assert second.outcome.rule in ("G16", "S10")


# At the desk


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path, capsys: Told) -> None:
    path = tmp_path / "mijn.pem"
    assert cli.run(["sign", "key", str(path), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert cli.run(["sign", "key", str(path)]) == 3
    assert cli.run(["sign", "show", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == made
    path.chmod(0o640)
    assert cli.run(["sign", "show", str(path)]) == 3


def test_a_file_without_a_key_is_refused(tmp_path: Path, capsys: Told) -> None:
    path = tmp_path / "geheim.pem"
    path.write_text("hoogst geheim")
    path.chmod(0o600)
    assert cli.run(["sign", "show", str(path)]) == 3
    assert "hoogst geheim" not in capsys.readouterr().err


def test_a_line_is_signed_sent_and_recorded(
    doors: Doors, chain: str, tmp_path: Path, capsys: Told
) -> None:
    key, file = tmp_path / "bd.pem", tmp_path / "regels.jsonl"
    cli.run(["sign", "key", str(key)])
    asked = ["sign", "act", chain, str(file), "--key", str(key), "--key-id", "bd-1"]
    [(name, value)] = doors.known_as("p-bd").items()
    known = ["--header", f"{name}: {value}"]
    sent = [*asked, "--send", str(doors.client.base_url), *known, "--json"]
    file.write_text(json.dumps({"body": KEY, "by": "p-bd"}) + "\n")
    capsys.readouterr()
    assert cli.run(sent) == 0
    # The server in this process tells of its requests on the same output.
    printed = [one for one in capsys.readouterr().out.splitlines() if one.startswith("{")]
    receipt = json.loads(printed[0])["receipt"]
    assert stored(doors, chain, receipt["position"]).header.by == "p-bd"
    file.write_text(json.dumps({"body": PERSON, "by": "p-bd"}) + "\n")
    assert cli.run(sent) == 1
    assert "Geweigerd door regel S9" in capsys.readouterr().err
    assert cli.run([*asked, "--send", "file:///etc/passwd"]) == 64
    assert cli.run([*asked, "--send", "http://127.0.0.1:1"]) == 3


def test_without_sending_a_line_is_printed_ready_to_record(
    doors: Doors, signer: Signer, tmp_path: Path, capsys: Told
) -> None:
    key, file = tmp_path / "bd.pem", tmp_path / "regels.jsonl"
    file.write_text(json.dumps({"body": PERSON, "by": "p-bd", "on": LATER}) + "\n")
    capsys.readouterr()
    asked = ["sign", "act", signer.chain, str(file), "--key", str(key), "--key-id", "bd-1"]
    assert cli.run(asked) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed) == a_line(signer, PERSON)
    [result] = Recorder(doors.app.state.ledger, signer.chain).run([(1, printed.encode())])
    assert isinstance(result.outcome, Receipt)
    file.write_text(printed)
    assert cli.run(asked) == 1
    assert "al getekend" in capsys.readouterr().err


def test_a_line_that_leaves_an_id_open_is_not_signed(desk: Signer) -> None:
    with pytest.raises(Refused, match="G17"):
        a_line(desk, {"type": "PersonRegistered", "function": "x"})
    with pytest.raises(Refused, match="G13"):
        a_line(desk, {"type": "PersonRegistered", "person": "p-3"}, by="")
