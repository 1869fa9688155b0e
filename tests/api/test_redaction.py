"""Bundles with things left out by choice: what and why is told, and all the rest is proven."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api import cli, redaction
from api.settings import Settings
from api.signing import ensure_key, log_keys
from ledger import verify
from ledger.domain.values import Refused
from tests.api.doors import Doors, open_doors
from tests.api.signed import signed_head
from tests.api.story import CHAIN, ONE_DAY, Story, told

NAME = "Jan Jansen"
GROUND = "de persoonlijke levenssfeer (Woo, artikel 5.1 lid 2 onder e)"


@pytest.fixture(scope="module")
def doors(shared_database: str, data_folder: Path) -> Iterator[Doors]:
    """A server whose chain with a story in it is signed."""
    ensure_key(Settings(folder=data_folder), CHAIN)
    with open_doors(shared_database, data_folder) as doors:
        yield doors


@pytest.fixture(scope="module")
def story(doors: Doors) -> Story:
    story = told(doors)
    signed_head(doors, CHAIN, story.last + 1)
    return story


@pytest.fixture
def key(data_folder: Path) -> str:
    return str(log_keys(Settings(folder=data_folder)).key(CHAIN).signers[0].verifier)


def members(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name).decode(errors="replace") for name in archive.namelist()}


def taken(story: Story, path: str, *redact: str) -> bytes:
    asked = {"redact": list(redact)}
    headers = story.doors.acting("p-uwv")
    answer = story.doors.get(f"/v1/chains/{CHAIN}/bundles/{path}", params=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.content


def proven(folder: Path, data: bytes, key: str) -> verify.Report:
    path = folder / "bundle.zip"
    path.write_bytes(data)
    return verify.verify(str(path), keys=[key], earlier=[])


def withheld(found: dict[str, str]) -> Any:
    return json.loads(found["manifest.json"])["selection"].get("withheld")


def test_a_record_that_is_left_out_is_named_with_its_ground_and_the_rest_is_proven(
    story: Story, key: str, tmp_path: Path
) -> None:
    position = story.positions["proposed"]
    data = taken(story, "records", f"{position}=5.2")
    assert "niet getoond: 1" in proven(tmp_path, data, key)[0][0]
    assert "niet getoond: 0" in proven(tmp_path, taken(story, "records"), key)[0][0]
    found = members(data)
    assert withheld(found) == [{"ground": "5.2", "position": position}]
    assert f"nummer {position}: persoonlijke beleidsopvattingen" in found["index.html"]
    assert f"nummer {position}: persoonlijke beleidsopvattingen" in found["LEESMIJ.txt"]


def test_no_sentence_of_a_redacted_bundle_takes_words_from_elsewhere(story: Story) -> None:
    left_out = [story.positions[name] for name in ("proposed", "correction")]
    found = members(taken(story, "decision/B-1", *(f"{one}=5.2" for one in left_out)))
    assert ONE_DAY not in "".join(found.values())
    assert ONE_DAY in "".join(members(taken(story, "decision/B-1")).values())


@pytest.fixture
def here(
    shared_database: str, data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The file of a bundle that a command makes."""
    monkeypatch.setenv("DATABASE_URL", shared_database)
    monkeypatch.setenv("KETENLEDGER_FOLDER", str(data_folder))
    return tmp_path / "woo.zip"


def made(here: Path, *words: str) -> dict[str, str]:
    assert cli.run(["bundle", CHAIN, "--all", "-o", str(here), *words]) == 0
    return members(here.read_bytes())


def test_what_a_reader_may_not_see_is_not_named_as_left_out(story: Story, here: Path) -> None:
    asked = ("--redact", f"{story.positions['secret']}=5.2")
    assert withheld(made(here, "--scope", "chain", *asked)) == []
    assert len(withheld(made(here, *asked))) == 1


def test_a_sealed_field_stays_closed_where_others_open(story: Story, key: str, here: Path) -> None:
    position = story.positions["manager"]
    for redact in (f"{position}/name=5.1.2e", "name=5.1.2e"):
        found = made(here, "--disclose", "--redact", redact)
        assert NAME not in "".join(found.values())
        assert withheld(found) == [{"field": "name", "ground": "5.1.2e", "position": position}]
        assert f"weggelaten om {GROUND}" in found["index.html"]
        assert verify.verify(str(here), keys=[key], earlier=[])
    assert NAME in made(here, "--disclose", "--redact", "contact=5.1.2e")["index.html"]


@pytest.mark.parametrize(
    "asked",
    ["", "42", "42=", "42=9.9", "=5.2", "42/=5.2", "4 2=5.2", f"{10**16 - 1}=5.2", "-1=5.2"],
)
def test_what_is_no_redaction_is_refused(asked: str) -> None:
    with pytest.raises(Refused, match="verwacht NUMMER=GROND"):
        redaction.read([asked])


def test_a_redaction_is_read_as_it_is_written() -> None:
    read = redaction.read(["42=5.2", "43/name=5.1.2e", "contact=5.1.1e"])
    assert read.records == {42: "5.2"}
    assert read.ground(43, "name") == "5.1.2e"
    assert read.ground(44, "name") == ""
    assert read.ground(44, "contact") == "5.1.1e"
    assert not redaction.read([])
