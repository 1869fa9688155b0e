"""Bundles through the doors: sound, of what the reader may see, and noted before they leave."""

from __future__ import annotations

import io
import json
import re
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest

from api import cli, signing
from api.settings import Settings
from api.signing import ensure_key
from ledger import verify
from ledger.log.anchor import Anchors
from ledger.log.handed_out import Register
from ledger.verify import Report
from tests.api.doors import Doors, open_doors
from tests.api.signed import signed_head
from tests.api.story import CHAIN, Story, told

BASE = f"/v1/chains/{CHAIN}/bundles"
NAME = "Jan Jansen"
SECRET = "Vertrouwelijk."


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
    return str(signing.log_keys(Settings(folder=data_folder)).key(CHAIN).signers[0].verifier)


def proven(folder: Path, data: bytes, key: str) -> Report:
    path = folder / "bundle.zip"
    path.write_bytes(data)
    return verify.verify(str(path), keys=[key], earlier=[])


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def taken(story: Story, path: str, **params: Any) -> httpx.Response:
    answer = story.doors.get(f"{BASE}/{path}", params=params, headers=story.doors.known_as("p-uwv"))
    assert answer.status_code == 200, answer.text
    return answer


def manifest(data: bytes) -> Any:
    return json.loads(members(data)["manifest.json"])


@pytest.mark.parametrize("thing", ["decision/B-1", "agreement/A-1", "escalation/E-1"])
def test_the_bundle_of_a_thing_is_proven(
    story: Story, key: str, tmp_path: Path, thing: str
) -> None:
    data = taken(story, thing).content
    said, doubts = proven(tmp_path, data, key)
    chosen = manifest(data)["selection"]
    assert said[0].endswith(f"die er zo in staan: {len(chosen['positions'])}")
    assert "dat er niet meer over is vastgelegd: dit is een keuze" in doubts
    assert chosen["about"].endswith(thing.partition("/")[2])
    assert {"LEESMIJ.txt", "index.html", "verify.py"} <= members(data).keys()


def test_a_decision_comes_with_its_votes_its_authority_and_its_correction(story: Story) -> None:
    chosen = set(manifest(taken(story, "decision/B-1").content)["selection"]["positions"])
    own = {"proposed", "opened", "hesitated", "voted", "adopted", "correction", "note", "role"}
    assert {story.positions[name] for name in own} <= chosen
    assert story.positions["secret"] not in chosen
    assert 0 in chosen


def test_the_whole_chain_is_proven_to_be_whole(story: Story, key: str, tmp_path: Path) -> None:
    data = taken(story, "records").content
    said = proven(tmp_path, data, key)[0][0]
    assert f"van nummers 0 tot en met {story.last} is er geen weggelaten; niet getoond: 0" in said


def test_a_range_goes_by_positions_or_by_days(story: Story, key: str, tmp_path: Path) -> None:
    data = taken(story, "records", **{"from": "3", "until": "6"}).content
    assert "nummers 3 tot en met 5" in proven(tmp_path, data, key)[0][0]
    data = taken(story, "records", **{"from": "2001-01-01", "until": "2999-01-01"}).content
    assert f"nummers 0 tot en met {story.last}" in proven(tmp_path, data, key)[0][0]


def test_a_bundle_proves_on_request_that_the_log_goes_on(
    story: Story, key: str, tmp_path: Path
) -> None:
    assert "consistency/4.txt" in members(taken(story, "decision/B-1", since=4).content)


def test_who_reads_less_gets_less_and_it_is_still_proven(
    story: Story, key: str, shared_database: str, data_folder: Path, tmp_path: Path
) -> None:
    doors = story.doors
    path = f"/v1/chains/{CHAIN}/driving-problems"
    answer = doors.post(path, {"text": "Voor iedereen."}, scope="public")
    assert answer.status_code == 201, answer.text
    signed_head(doors, CHAIN, doors.size(CHAIN))
    with open_doors(shared_database, data_folder, development=False) as public:
        data = public.get(f"{BASE}/records").content
        assert SECRET.encode() not in b"".join(members(data).values())
        page = members(data)["index.html"].decode()
        assert "Voor iedereen." in page
        listed = public.get(f"/v1/chains/{CHAIN}/records", params={"limit": 200}).json()["items"]
        assert 0 < page.count("<article") == len(listed) < doors.size(CHAIN)
        hidden = doors.size(CHAIN) - len(listed)
        assert f"niet getoond: {hidden}" in proven(tmp_path, data, key)[0][0]
        # A demonstration is open to everybody but for what is confidential in it.
        decision = public.get(f"{BASE}/decision/B-1")
        assert decision.status_code == 200
        assert SECRET.encode() not in b"".join(members(decision.content).values())


def test_the_answer_is_a_file_that_no_cache_keeps(story: Story) -> None:
    answer = taken(story, "decision/B-1")
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="{CHAIN}-decision-B-1.zip"'
    )
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert answer.content == taken(story, "decision/B-1").content


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("decision/B-0", 404), ("agreement/B-1", 404), ("besluit/B-1", 404),
        ("records?from=5&until=5", 404), ("records?from=6&until=5", 404),
        ("records?until=99999", 404), ("records?from=gisteren", 404), ("records?from=-1", 404),
        ("decision/B-1?since=99999", 404), ("decision/B-1?since=-1", 400),
        ("decision/B-1?vanaf=3", 400), ("decision/%00", 404),
    ],
)  # fmt: skip
def test_what_cannot_be_bundled_is_said(story: Story, path: str, status: int) -> None:
    answer = story.doors.get(f"{BASE}/{path}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (
        status, "application/problem+json",
    )  # fmt: skip


def test_a_chain_that_is_not_signed_has_no_bundle(doors: Doors) -> None:
    doors.found("ongetekend")
    answer = doors.get("/v1/chains/ongetekend/bundles/records")
    assert answer.status_code == 404
    assert "geen getekend log" in answer.json()["detail"]


def test_only_so_many_bundles_are_made_at_once(story: Story) -> None:
    turns: threading.BoundedSemaphore = story.doors.app.state.bundling
    assert turns.acquire(timeout=10)
    assert turns.acquire(timeout=10)
    try:
        answer = story.doors.get(f"{BASE}/records")
        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    finally:
        turns.release(2)
    assert taken(story, "records")


def test_who_took_what_is_noted(story: Story) -> None:
    answer = taken(story, "decision/B-1")
    last = Register(story.doors.app.state.proving).of(CHAIN)[0]
    assert (last.taken_by, last.door, last.selection) == ("p-uwv", "http", "besluit B-1")
    assert f'"{last.sha256.hex()}"' == answer.headers["ETag"]
    assert (last.bytes, last.disclosed) == (len(answer.content), [])


# The page


class Page(HTMLParser):
    """What a page holds: its text, its elements, and every address it names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_page_tells_each_record_and_asks_nothing_of_a_network(story: Story) -> None:
    found = members(taken(story, "decision/B-1").content)
    page = Page(found["index.html"].decode())
    assert not {"script", "link", "img", "iframe", "object"} & {*page.tags}
    assert all(re.fullmatch(r"#v\d+", one) for one in page.addresses)
    assert "url(" not in found["index.html"].decode()
    positions = json.loads(found["manifest.json"])["selection"]["positions"]
    assert page.tags.count("article") == len(positions)
    for position in positions:
        leaf = verify.tree_hash(found[f"records/{position}.json"]).hex()
        assert leaf in page.words
    assert "krachtens" in page.words
    assert "houder van zetel" in page.words
    assert "python3 verify.py" in page.words
    assert "niet dat er verder niets over is vastgelegd" in page.words


def test_text_of_a_record_cannot_become_part_of_the_page(story: Story) -> None:
    doors = story.doors
    sly = "<script>alert(1)</script>"
    answer = doors.post(f"/v1/chains/{CHAIN}/driving-problems", {"text": sly})
    assert answer.status_code == 201
    signed_head(doors, CHAIN, doors.size(CHAIN))
    page = members(taken(story, "records").content)["index.html"].decode()
    assert sly not in page
    assert "&lt;script&gt;" in page


def test_the_schemas_are_those_of_the_types_that_occur(story: Story) -> None:
    found = members(taken(story, "agreement/A-1").content)
    types = {json.loads(data)["body"]["type"] for name, data in found.items() if "records/" in name}
    assert {name for name in found if "schemas/" in name} == {f"schemas/{t}.json" for t in types}


def test_the_verifier_in_a_bundle_is_the_verifier(story: Story) -> None:
    found = members(taken(story, "agreement/A-1").content)
    assert found["verify.py"] == Path(verify.__file__).read_bytes()


def test_the_time_stamps_that_cover_what_was_chosen_go_along(
    story: Story, key: str, tmp_path: Path
) -> None:
    doors = story.doors
    signed_head(doors, CHAIN, doors.size(CHAIN))
    store, size = doors.app.state.writing, doors.size(CHAIN)
    stamped = datetime(2026, 1, 1, tzinfo=UTC)
    anchors = Anchors(store)
    assert anchors.keep(CHAIN, size, authority="ts.example", stamped=stamped, token=b"stempel")
    data = taken(story, "decision/B-1").content
    found = members(data)
    assert found[f"timestamps/{size}-1.tsr"] == b"stempel"
    assert found[f"timestamps/{size}.note"].startswith(found["checkpoint"].partition(b"\n\n")[0])
    assert proven(tmp_path, data, key)


def test_no_name_leaves_over_http_and_a_text_to_who_may_read_it(story: Story) -> None:
    found = members(taken(story, "records").content)
    assert NAME.encode() not in b"".join(found.values())
    secret = f"disclosures/{story.positions['secret']}.json"
    assert [name for name in found if name.startswith("disclosures/")] == [secret]
    assert SECRET in found["index.html"].decode()
    assert "verzegeld" in found["index.html"].decode()


# The command line


@pytest.fixture
def here(
    story: Story, shared_database: str, data_folder: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:  # fmt: skip
    monkeypatch.setenv("DATABASE_URL", shared_database)
    monkeypatch.setenv("KETENLEDGER_FOLDER", str(data_folder))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_makes_a_bundle_that_the_verifier_proves(
    here: Path, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["bundle", CHAIN, "--decision", "B-1", "-o", "besluit.zip"]) == 0
    assert f"--expect-key '{key}'" in capsys.readouterr().out
    assert verify.verify(str(here / "besluit.zip"), keys=[key], earlier=[])
    assert [path.name for path in here.iterdir()] == ["besluit.zip"]


def test_the_command_can_open_what_is_sealed_and_that_is_noted(
    here: Path, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["bundle", CHAIN, "--all", "-o", "open.zip", "--disclose", "--for", "p-bd", "--json"]
    assert cli.run(command) == 0
    said = json.loads(capsys.readouterr().out)
    found = members((here / "open.zip").read_bytes())
    assert NAME in found["index.html"].decode()
    assert [name for name in found if name.startswith("disclosures/")]
    assert verify.verify(str(here / "open.zip"), keys=[key], earlier=[])
    assert cli.run(["bundles", CHAIN, "--json"]) == 0
    [last, *_] = json.loads(capsys.readouterr().out)["bundles"]
    assert (last["takenBy"], last["door"], last["sha256"]) == ("p-bd", "command", said["sha256"])
    assert len(last["disclosed"]) == 2
    assert cli.run(["bundles", CHAIN]) == 0
    assert "p-bd" in capsys.readouterr().out


def test_the_register_finds_who_holds_a_value(here: Path, story: Story) -> None:
    assert cli.run(["bundle", CHAIN, "--all", "-o", "a.zip", "--disclose", "--for", "p-uwv"]) == 0
    register = Register(story.doors.app.state.proving)
    [digest, _] = register.of(CHAIN)[0].disclosed
    assert register.holding(CHAIN, [digest])[0].taken_by == "p-uwv"
    assert register.holding(CHAIN, ["A" * 43]) == []
    assert register.holding("ongetekend", [digest]) == []


def test_a_bundle_for_who_reads_less_withholds_the_rest(
    here: Path, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["bundle", CHAIN, "--all", "--scope", "chain", "-o", "keten.zip", "--json"]
    assert cli.run(command) == 0
    said = json.loads(capsys.readouterr().out)
    data = (here / "keten.zip").read_bytes()
    assert said["hidden"] == 1
    assert SECRET.encode() not in b"".join(members(data).values())
    assert "niet getoond: 1" in proven(here, data, key)[0][0]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ([], 64), (["--all", "--decision", "B-1"], 64), (["--all", "--from", "3"], 64),
        (["--decision", "B-0"], 1), (["--decision", "../B"], 64), (["--until", "0"], 1),
        (["--all", "--scope", "alles"], 64), (["--all", "--since", "99999"], 1),
    ],
)  # fmt: skip
def test_what_the_command_cannot_make_leaves_nothing_behind(
    here: Path, more: list[str], code: int
) -> None:
    (here / "oud.zip").write_bytes(b"oud")
    assert cli.run(["bundle", CHAIN, "-o", "oud.zip", *more]) == code
    assert [(path.name, path.read_bytes()) for path in here.iterdir()] == [("oud.zip", b"oud")]


def test_the_command_needs_a_key_of_the_chain(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["bundle", "ongetekend", "--all", "-o", "x.zip"]) == 1
    assert "key new" in capsys.readouterr().err
