"""The command line: what it records, what it refuses, what it shows, and how it ends."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api import cli

CHAIN = "keten"
FOUNDING = {
    "body": {
        "type": "ChainEstablished",
        "name": "Proefketen",
        "origin": "chosen",
        "objective": "Samen beter.",
        "partners": [
            {"organisation": name, "name": name, "status": "owner", "representative": f"p-{name}"}
            for name in ("uwv", "cbs")
        ],
        "importAuthority": "importeur",
    },
    "on": "2024-01-01T09:00:00+01:00",
    "by": "p-uwv",
}
PROPOSAL = {
    "type": "ProposalSubmitted",
    "decision": "b-1",
    "body": "stuurgroep",
    "subject": "doel",
    "title": "Een voorstel",
    "chainInterest": "Het dient de keten.",
}
VOTES = [
    {"body": PROPOSAL, "by": "p-uwv"},
    {"body": {"type": "DeliberationOpened", "decision": "b-1"}, "by": "p-uwv"},
    *(
        {
            "body": {
                "type": "VoteCast",
                "decision": "b-1",
                "seat": f"stuurgroep-{name}",
                "choice": "for",
            },
            "by": f"p-{name}",
        }
        for name in ("uwv", "cbs")
    ),
]


@pytest.fixture
def place(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let commands work on a fresh database and in an empty folder."""
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("KETENLEDGER_FOLDER", str(tmp_path / "data"))
    return tmp_path


def file_of(folder: Path, *lines: dict[str, Any] | str) -> str:
    path = folder / "regels.jsonl"
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return str(path)


def answers(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_the_first_line_founds_the_chain_and_the_rest_is_recorded(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["record", CHAIN, file_of(place, FOUNDING, *VOTES), "--json"]) == 0
    told = answers(capsys.readouterr().out)
    assert [one.get("line") for one in told] == [1, 2, 3, 4, 5, None]
    kinds = [one["type"] for one in told[4]["receipt"]["consequences"]]
    assert kinds == ["DecisionAdopted.v1", "DecisionTookForce.v1"]
    assert (told[-1]["recorded"], told[-1]["refused"]) == (5, 0)


def test_the_same_file_again_records_nothing(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = file_of(place, FOUNDING, *VOTES)
    cli.run(["record", CHAIN, file, "--json"])
    size = answers(capsys.readouterr().out)[-1]["size"]
    assert cli.run(["record", CHAIN, file, "--json"]) == 0
    again = answers(capsys.readouterr().out)[-1]
    assert (again["size"], again["recorded"], again["repeated"]) == (size, 0, 5)


def test_recording_stops_at_the_first_refused_line_with_its_number_and_rule(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {"body": {"type": "VoteCast", "decision": "b-1", "seat": "x", "choice": "ja"}}
    assert cli.run(["record", CHAIN, file_of(place, FOUNDING, wrong, *VOTES)]) == 1
    told = capsys.readouterr()
    assert "Regel 2 is geweigerd door regel G13" in told.err
    assert "1 regels vastgelegd, 0 stonden er al, 1 geweigerd" in told.out


def test_keep_going_records_the_lines_after_a_refused_one(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (FOUNDING, "{geen json", VOTES[0], {**VOTES[1], "by": "p-cbs"}, VOTES[1])
    assert cli.run(["record", CHAIN, file_of(place, *lines), "--json", "--keep-going"]) == 1
    told = answers(capsys.readouterr().out)
    assert [one.get("rule") for one in told if "rule" in one] == ["G13", "G5"]
    assert (told[-1]["recorded"], told[-1]["refused"]) == (3, 2)


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ('{"body": {"type": "Onbekend"}, "by": "p-uwv"}', "G13"),
        ('{"body": {"type": "VoteCast.v9"}, "by": "p-uwv"}', "G13"),
        ('{"body": {"type": "PersonRegistered", "extra": 1}, "by": "p-uwv"}', "G13"),
        ('{"body": {"type": "PersonRegistered"}, "by": "p-uwv", "on": "2999-01-01"}', "G13"),
        ('{"body": {"type": "PersonRegistered"}, "by": "p-uwv", "on": "2999-01-01T00:00Z"}', "G2"),
        ('{"body": {"type": "PersonRegistered"}, "by": "p-uwv", "on": "2023-01-01T00:00Z"}', "G3"),
        ('{"body": {"type": "PersonRegistered"}, "by": "@onbekend"}', "G13"),
        ('{"body": {"type": "PersonRegistered"}}', "G13"),
        ('{"body": {"type": "PersonRegistered", "function": "a\\u0000b"}, "by": "p-uwv"}', "G8"),
        ('{"body": {"type": "PersonRegistered", "function": "e\\u0301"}, "by": "p-uwv"}', "G8"),
        ('{"body": {"type": "DecisionAdopted"}, "by": "p-uwv"}', "G13"),
        ("[]", "G13"),
    ],
)
def test_a_line_that_cannot_be_is_refused_and_nothing_of_it_recorded(
    place: Path, capsys: pytest.CaptureFixture[str], line: str, rule: str
) -> None:
    assert cli.run(["record", CHAIN, file_of(place, FOUNDING, line), "--json"]) == 1
    told = answers(capsys.readouterr().out)
    assert told[1]["line"] == 2
    assert told[1]["rule"] == rule, told[1]
    assert told[-1]["recorded"] == 1


def test_an_alias_stands_for_a_person_registered_earlier_in_the_file(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registered = {"type": "PersonRegistered", "person": "@jan", "name": "Jan Jansen"}
    seat = {
        "type": "SeatAssigned",
        "seat": "stuurgroep-cbs",
        "person": "@jan",
        "validFrom": "2024-07-01",
    }
    left = {
        "type": "SeatVacated",
        "seat": "stuurgroep-cbs",
        "validUntil": "2024-07-01",
        "reason": "wisseling",
    }
    lines = (
        FOUNDING,
        {"body": registered, "by": "p-cbs"},
        {"body": left, "by": "p-cbs", "on": "2024-06-30T12:00:00Z"},
        {"body": seat, "by": "p-cbs", "on": "2024-06-30T12:00:00Z"},
        {"body": PROPOSAL, "by": "@jan", "on": "2024-07-02T12:00:00Z"},
    )
    assert cli.run(["record", CHAIN, file_of(place, *lines), "--json"]) == 0
    told = answers(capsys.readouterr().out)
    person = told[1]["receipt"]["created"]
    assert person.startswith("person-")
    assert cli.run(["history", CHAIN, "b-1", "--json"]) == 0
    history = capsys.readouterr().out
    assert person in history
    assert "Jansen" not in history


def test_an_import_is_marked_with_its_source(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    past = {
        "type": "DecisionRecorded",
        "decision": "oud-1",
        "title": "Een oud besluit",
        "status": "in-force",
    }
    cli.run(["record", CHAIN, file_of(place, FOUNDING), "--json"])
    capsys.readouterr()
    file = file_of(place, {"body": past, "by": "importeur", "on": "2024-03-01T00:00:00Z"})
    assert cli.run(["record", CHAIN, file, "--source", "Archief"]) == 0
    capsys.readouterr()
    cli.run(["history", CHAIN, "oud-1", "--json"])
    assert json.loads(capsys.readouterr().out)["imported"]["name"] == "Archief"


def test_who_and_show_answer_as_of_a_day_and_a_position(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.run(["record", CHAIN, file_of(place, FOUNDING, *VOTES), "--json"])
    capsys.readouterr()
    assert cli.run(["who", "representative", CHAIN, "--on", "2024-06-01", "--json"]) == 0
    held = json.loads(capsys.readouterr().out)["items"]
    assert sorted(one["person"] for one in held) == ["p-cbs", "p-uwv"]
    assert cli.run(["who", "representative", CHAIN, "--on", "2023-06-01"]) == 0
    assert "Niemand" in capsys.readouterr().out
    assert cli.run(["show", CHAIN, "--json"]) == 0
    now = json.loads(capsys.readouterr().out)
    assert [one["status"] for one in now["decisions"]] == ["in-force"]
    assert cli.run(["show", CHAIN, "--known-at", "5", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["decisions"] == []


def test_what_is_not_there_ends_with_one_and_a_sentence(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (["show", "nergens"], ["audit", "nergens"], ["history", "nergens", "b-1"]):
        assert cli.run(command) == 1
        assert "nergens" in capsys.readouterr().err


def test_a_command_that_is_written_wrong_ends_with_64(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (["onzin"], ["show"], ["show", CHAIN, "--valid-on", "2024-02-30"]):
        assert cli.run(command) == 64
        assert capsys.readouterr().err


def test_without_a_database_a_command_ends_with_three(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://niemand@127.0.0.1:9/niets")
    assert cli.run(["show", CHAIN]) == 3
    assert capsys.readouterr().err


def test_the_audit_is_clean_and_names_a_changed_record(
    place: Path, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.run(["record", CHAIN, file_of(place, FOUNDING, *VOTES), "--json"])
    assert cli.run(["audit", CHAIN]) == 0
    capsys.readouterr()
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("ALTER TABLE records DISABLE TRIGGER USER")
        conn.execute(
            "UPDATE records SET state = replace(convert_from(state, 'UTF8'), '\"for\"', "
            "'\"against\"')::bytea WHERE topic = 'VoteCast.v1'"
        )
    assert cli.run(["audit", CHAIN, "--json"]) == 2
    findings = json.loads(capsys.readouterr().out)
    assert findings["breaks"]


def test_rebuilding_changes_nothing_that_is_shown(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.run(["record", CHAIN, file_of(place, FOUNDING, *VOTES), "--json"])
    capsys.readouterr()
    cli.run(["show", CHAIN, "--json"])
    before = capsys.readouterr().out
    assert cli.run(["rebuild", "--json"]) == 0
    assert "decisions" in capsys.readouterr().out
    cli.run(["show", CHAIN, "--json"])
    assert capsys.readouterr().out == before


def test_the_reference_pages_in_the_documentation_are_those_of_the_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["docs", str(tmp_path)]) == 0
    docs = Path(__file__).parents[2] / "docs"
    for name in ("events.md", "rules.md"):
        made = (tmp_path / name).read_text(encoding="utf-8")
        assert (docs / name).read_text(encoding="utf-8") == made, f"make docs: {name} is old"


# Written wrongly


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["niets"], "Er is geen opdracht 'niets'."),
        (["record"], "chain: ontbreekt."),
        (["who", "chain-manager", CHAIN], "--on: ontbreekt."),
        (["show", CHAIN, "--onbekend"], "Er is geen optie --onbekend."),
        (["show", CHAIN, "--valid-on"], "Bij optie '--valid-on' ontbreekt de waarde."),
        (["show", CHAIN, "--json=x"], "Optie '--json' heeft geen waarde."),
        (["service-key", "x"], "Te veel opgegeven: x."),
        (["receipt", CHAIN, "x"], "position: is geen geheel getal."),
        (["receipt", CHAIN, "--", "-1"], "position: is te klein: verwacht ten minste 0."),
        (["witness", "serve", "--key", "k", "--log", "l", "--state", "s", "--port", "65536"],
         "--port: is te groot: verwacht hoogstens 65535."),
        (["import-peps", "nergens.json", CHAIN], "file: 'nergens.json' is er niet."),
        (["sign", "show", "/"], "file: '/' is een map en geen bestand."),
        (["bundle", CHAIN, "--all", "-o", "/"], "--output: / is geen bestand in een map die er is"),
    ],
)  # fmt: skip
def test_a_command_that_is_written_wrongly_is_told_so_in_dutch(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == 64
    assert capsys.readouterr().err.strip() == told


@pytest.mark.parametrize("arguments", [["--help"], ["bundle", "--help"], ["key", "new", "--help"]])
def test_a_command_explains_itself_in_dutch(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == 0
    shown = capsys.readouterr().out
    for english in (
        "Usage",
        "OPTIONS",
        "COMMAND",
        "Show this",
        " Options ",
        " Arguments ",
        " Commands ",
        "[required]",
        "default:",
    ):
        assert english not in shown
    assert "Gebruik: ketenledger" in shown
    assert "Toon deze uitleg." in shown


def test_a_file_that_cannot_be_written_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / "bestand"
    there.write_text("")
    assert cli.run(["docs", str(there)]) == 3
    assert cli.run(["docs", str(there / "map")]) == 3
    told = capsys.readouterr().err.splitlines()
    assert told == [f"{there}: dit is er al.", f"{there / 'map'}: dit is geen map."]


def test_what_can_be_no_record_or_chain_is_no_fault(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["record", CHAIN, file_of(place, FOUNDING)]) == 0
    assert cli.run(["show", CHAIN, "--known-at", "9" * 30, "--json"]) == 0
    assert cli.run(["bundles", "bestaat-niet"]) == 1
    assert capsys.readouterr().err.strip().endswith("Keten bestaat-niet bestaat niet.")


def test_what_is_sent_along_is_an_address_and_fields_that_can_be_sent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key, lines = str(tmp_path / "sleutel"), file_of(tmp_path, VOTES[0] | {"act": "a"})
    assert cli.run(["sign", "key", key]) == 0
    asked = ["sign", "act", CHAIN, lines, "--key", key, "--key-id", "k", "--send"]
    for wrong in ("http://[::1", "ftp://x", "http://"):
        assert cli.run([*asked, wrong]) == 64
    assert cli.run([*asked, "http://127.0.0.1:1", "--header", "A: b\nC: d"]) == 64
    capsys.readouterr()
    assert cli.run([*asked, "http://127.0.0.1:1"]) == 3
    assert "er is geen verbinding" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_that_is_taken_leads_to_one_beyond_those_of_the_witnesses(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert cli.run([command, "--port", str(port)]) == 64
    told = capsys.readouterr().err
    assert f"Poort {port} op 127.0.0.1 is niet vrij" in told
    assert f"PORT={port + 10} " in told or f"PORT={port - 10} " in told
