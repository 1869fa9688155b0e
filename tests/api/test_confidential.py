"""Free text of what is confidential: sealed in the record, told to who may see it, erasable."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from api import cli
from api.settings import Settings
from api.signing import ensure_key, log_keys
from ledger import verify
from ledger.domain.values import MAX_INTEGER
from ledger.log.read_log import ReadLog
from ledger.log.store import Store
from projections.rebuild import rebuild
from tests.api.doors import Doors, open_doors
from tests.api.signed import signed_head
from tests.log.bundle_maker import canonical

BODY = "stuurgroep"
TEXTS = {
    "problem": "Afdeling Zeewolde zwijgt over 14 zaken.",
    "text": 'Wij vragen het "waarom"; na één week:\nniets.',
    "chainInterest": "Vertrouwen gaat voor.",
}
OPTIONS = [{"text": "Een brief aan de minister.", "whyNot": "Te vroeg voor de minister."}]
PROPOSAL = {
    "decision": "B-1", "body": BODY, "subject": "zwijgen", "title": "Gesprek",
    "options": OPTIONS, **TEXTS,
}  # fmt: skip
SAID = [*TEXTS.values(), *OPTIONS[0].values()]
EVERY_TEXT = """
    SELECT string_agg(t::text, ' ') FROM (
        SELECT convert_from(state, 'UTF8') AS t FROM records
        UNION ALL SELECT d::text FROM disclosures AS d
        UNION ALL SELECT r::text FROM read_texts AS r
        UNION ALL SELECT r::text FROM read_decisions AS r
        UNION ALL SELECT r::text FROM read_statuses AS r
    ) AS everything
"""


class Case:
    """A chain with a body of bd and uwv that was asked something confidential; cbs sits apart."""

    def __init__(self, doors: Doors, chain: str) -> None:
        self.doors, self.chain = doors, chain
        answer = self.post("/decisions", PROPOSAL, key="vraag", scope="confidential")
        self.position = int(answer["position"])

    def post(self, path: str, body: dict[str, Any], *, status: int = 201, **more: Any) -> Any:
        answer = self.doors.post(f"/v1/chains/{self.chain}{path}", body, **more)
        assert answer.status_code == status, answer.text
        return answer.json()

    def get(self, path: str, person: str = "p-uwv", *, status: int = 200, **asked: Any) -> Any:
        base = path if path.startswith("/ketens") else f"/v1/chains/{self.chain}{path}"
        answer = self.doors.get(base, headers=self.doors.acting(person), params=asked or None)
        assert answer.status_code == status, answer.text
        return answer

    def take_part(self, role: str) -> None:
        """Give a new person, named after it, a role in the chain and a seat nowhere."""
        today = self.doors.app.state.ledger.state(self.chain).chains.since[:10]
        self.post("/people", {"person": role})
        self.post("/roles", {"role": role, "person": role, "validFrom": today})

    def erase(self, *fields: str) -> None:
        held = self.get("/people/p-bd/data", "p-bd").json()["values"]
        digests = [one["digest"] for one in held if one["field"] in fields]
        assert len(digests) == len(fields)
        body = {"organisation": "bd", "ground": "objection", "digests": digests}
        self.post("/people/p-bd/erasures", body)


@pytest.fixture(scope="module")
def doors(shared_database: str, data_folder: Path) -> Iterator[Doors]:
    """A server that reads by the policy."""
    with open_doors(shared_database, data_folder) as opened:
        opened.app.state.reads_everything = False
        yield opened


@pytest.fixture
def case(doors: Doors) -> Case:
    name = f"keten-{uuid4().hex[:8]}"
    doors.found(name, direct=["RoleAssigned"])
    return Case(doors, name)


def stored(database: str) -> str:
    with psycopg.connect(database) as connection:
        [found] = connection.execute(EVERY_TEXT).fetchone() or [""]
    return str(found)


def escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


# In the record, and in the database


def test_what_is_confidential_stands_nowhere_in_the_clear(case: Case, shared_database: str) -> None:
    everything = stored(shared_database)
    assert "Gesprek" in everything
    for said in SAID:
        assert said not in everything
        assert escaped(said) not in everything
    open_ = {**PROPOSAL, "decision": "B-2", "subject": "anders", "problem": "Dit mag open."}
    case.post("/decisions", open_)
    assert "Dit mag open." in stored(shared_database)


def test_the_record_holds_a_seal_for_each_text_and_opens_it_beside(case: Case) -> None:
    record = case.get(f"/records/{case.position}").json()
    body = record["body"]
    for name, said in TEXTS.items():
        assert body[name].startswith("sealed:")
        assert record["opened"][name] == said
    assert body["options"][0]["whyNot"].startswith("sealed:")
    assert record["opened"]["options/0/whyNot"] == OPTIONS[0]["whyNot"]
    raw = case.get(f"/records/{case.position}/raw").content
    assert json.loads(raw)["body"] == body


def test_what_is_confidential_by_its_body_is_sealed_as_well(
    doors: Doors, shared_database: str
) -> None:
    name = f"keten-{uuid4().hex[:8]}"
    doors.found(name, direct=["BodyEstablished", "SeatCreated", "SeatAssigned"])
    base = f"/v1/chains/{name}"
    team = {"body": "kernteam", "name": "Kernteam", "kind": "core-team", "level": "strategic"}
    seat = {"seat": "k-bd", "organisation": "bd"}
    for path, body in (
        ("/bodies", {**team, "recordsScope": "confidential"}),
        ("/bodies/kernteam/seats", seat),
        ("/seats/k-bd/assignments", {"person": "p-bd", "validFrom": "2020-01-01"}),
        ("/decisions", {**PROPOSAL, "body": "kernteam", "problem": "Besloten kring."}),
    ):
        answer = doors.post(base + path, body)
        assert answer.status_code == 201, answer.text
    assert "Besloten kring." not in stored(shared_database)
    told = doors.get(f"{base}/decisions/B-1", headers=doors.acting("p-bd")).json()
    assert told["problem"] == "Besloten kring."


def test_a_repeat_gives_the_first_receipt_and_other_words_are_refused(case: Case) -> None:
    again = case.post("/decisions", PROPOSAL, status=200, key="vraag", scope="confidential")
    assert again["position"] == case.position
    other = {**PROPOSAL, "problem": "Iets anders."}
    refused = case.post("/decisions", other, status=409, key="vraag", scope="confidential")
    assert refused["rule"] == "G6"


def test_a_dry_run_keeps_nothing(case: Case, shared_database: str) -> None:
    def kept() -> Any:
        with psycopg.connect(shared_database) as connection:
            return connection.execute("SELECT count(*) FROM disclosures").fetchone()

    before = kept()
    body = {**PROPOSAL, "decision": "B-3", "cites": [{"decision": "B-1", "relation": "confirms"}]}
    case.post("/decisions", body, status=200, scope="confidential", dryRun="true")
    assert kept() == before


# To readers


def test_who_may_see_it_reads_it_everywhere_and_nobody_else_knows(case: Case) -> None:
    pages = ("", "/tijdlijn", "/besluiten", "/besluiten/B-1", f"/gebeurtenissen/{case.position}")
    addresses = [f"/ketens/{case.chain}{one}" for one in pages]
    addresses += ["/decisions", "/decisions/B-1", "/timeline", "/records"]
    shown = "".join(case.get(one).text for one in addresses)
    for said in (TEXTS["problem"], TEXTS["chainInterest"], OPTIONS[0]["whyNot"]):
        assert said in shown
    assert "sealed:" not in case.get("/decisions/B-1").text
    for person in ("niemand", ""):
        case.get("/decisions/B-1", person, status=404)
        for one in addresses:
            answer = case.doors.get(
                one if one.startswith("/ketens") else f"/v1/chains/{case.chain}{one}",
                headers=case.doors.acting(person),
            )
            assert not [said for said in SAID if said in answer.text], one


def test_lists_and_names_made_of_a_sealed_text_are_opened_for_who_may_see_it(case: Case) -> None:
    subject = "Zeewolde levert niet; " + "en dat al heel lang, " * 8
    signalled = {"bottleneck": "K-1", "subject": subject, "organisations": ["bd", "uwv"]}
    case.post("/bottlenecks", signalled, scope="confidential")
    raised = {
        "escalation": "E-1", "bottleneck": "K-1", "subject": "Levering", "jointlyBy": ["bd", "uwv"],
        "reason": "Samen lukt het niet.", "fromRung": 0, "toRung": 1,
    }  # fmt: skip
    case.post("/escalations", raised, scope="confidential")
    for path, said in (
        ("/bottlenecks", subject.strip()),
        ("/bottlenecks/K-1", subject.strip()),
        ("/escalations/E-1", raised["reason"]),
        ("/timeline", "Zeewolde levert niet"),
        (f"/ketens/{case.chain}/knelpunten/K-1", "Zeewolde levert niet"),
        (f"/ketens/{case.chain}/vastleggen/EscalationRaised", "Zeewolde levert niet"),
    ):
        text = case.get(path).text
        assert said in text, path
        assert "sealed:" not in text, path
    [thing] = [
        one
        for entry in case.get("/timeline").json()["items"]
        for one in entry["things"]
        if one["kind"] == "bottleneck" and "BottleneckSignalled" in entry["type"]
    ]
    assert len(thing["name"]) <= 80
    assert thing["name"].startswith("Zeewolde levert niet")


def test_a_seal_in_a_title_opens_nothing_and_breaks_no_page(case: Case) -> None:
    long = "Zeewolde zwijgt nog steeds. " * 20
    more = {**PROPOSAL, "decision": "B-4", "subject": "nogmaals", "problem": long}
    asked = case.post("/decisions", more, scope="confidential")
    seal = case.get(f"/records/{asked['position']}").json()["body"]["problem"]
    case.take_part("archivist")
    noted = {"target": 0, "label": seal, "text": "Wat staat daar?"}
    for scope in ("confidential", "chain"):
        made = case.post("/records/0/annotations", noted, actor="archivist", scope=scope)
        for path in (f"/records/{made['position']}", "/timeline", f"/ketens/{case.chain}/tijdlijn"):
            assert long[:20] not in case.get(path, "archivist").text
        assert case.get("/timeline").json()["items"]


def test_a_text_that_is_told_elsewhere_is_a_read_of_the_record_it_was_sealed_in(
    case: Case, shared_database: str
) -> None:
    seal = case.get(f"/records/{case.position}").json()["body"]["problem"]
    case.post("/decisions", {**PROPOSAL, "decision": "B-5", "subject": "etiket", "title": seal})
    assert TEXTS["problem"] in case.get("/decisions", subject="etiket").text
    with Store(shared_database) as store:
        [last] = ReadLog(store).noted(case.chain, before=MAX_INTEGER, most=1)
    said = json.loads(last.entry)["attributes"]
    assert said["ketenledger.path"].endswith("/decisions")
    assert str(case.position) in said["ketenledger.positions"]


def test_what_is_sealed_is_not_found_by_searching(case: Case) -> None:
    assert case.get("/search", text="Gesprek").json()["items"]
    for said in ("Zeewolde", "sealed"):
        assert case.get("/search", text=said).json()["items"] == []


def test_read_models_made_anew_tell_the_same(case: Case, shared_database: str) -> None:
    before = case.get("/decisions/B-1").json()
    rebuild(shared_database, None)
    after = case.get("/decisions/B-1").json()
    assert before["problem"] == after["problem"] == TEXTS["problem"]


def test_a_correction_quotes_the_text_and_records_its_seal(case: Case) -> None:
    body = {
        "target": case.position, "field": "/problem", "was": TEXTS["problem"],
        "becomes": "Afdeling Lelystad zwijgt.", "reason": "Verkeerde afdeling.",
    }  # fmt: skip
    case.take_part("chain-office")
    wrong = {**body, "was": "Afdeling Urk zwijgt."}
    refused = case.post(
        f"/records/{case.position}/corrections", wrong, status=409, actor="chain-office"
    )
    assert refused["rule"] == "L7"
    made = case.post(f"/records/{case.position}/corrections", body, actor="chain-office")
    record = case.get(f"/records/{made['position']}").json()
    assert record["header"]["scope"] == "confidential"
    original = case.get(f"/records/{case.position}").json()["body"]["problem"]
    assert record["body"]["was"] == original
    assert "Lelystad" not in json.dumps(record["body"])
    assert "Afdeling Lelystad zwijgt" in record["sentence"]
    assert TEXTS["problem"].rstrip(".") in record["sentence"]


# Erased


def test_an_erased_text_is_gone_and_says_why_and_the_rest_stays(case: Case) -> None:
    case.erase("problem", "options/0/whyNot")
    told = case.get("/decisions/B-1").json()
    assert told["problem"] == "[gewist op grond van: bezwaar (AVG, artikel 17 lid 1 onder c)]"
    assert told["text"] == TEXTS["text"]
    page = case.get(f"/ketens/{case.chain}/besluiten/B-1").text
    assert TEXTS["problem"] not in page
    assert OPTIONS[0]["whyNot"] not in page
    assert "gewist op grond van" in page
    found = case.doors.app.state.ledger.audit(case.chain)
    assert found.sound, found.breaks


def test_the_command_erases_what_somebody_wrote_by_its_event_alone(
    case: Case, shared_database: str, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", shared_database)
    monkeypatch.setenv("KETENLEDGER_FOLDER", str(data_folder))
    asked = ["person", "erase", case.chain, "p-bd", "--organisation", "bd", "--by", "p-bd"]
    asked += ["--ground", "unlawful"]
    # Without more only details of the person go, and there are none.
    assert cli.run(asked) == 1
    assert cli.run([*asked, "--event", str(case.position), "--field", "text"]) == 0
    erased = case.get("/people/p-bd/erasures", "p-bd").json()["items"]
    assert [[one["field"] for one in each["values"]] for each in erased] == [["text"]]


def test_the_report_on_a_person_lists_their_own_words(case: Case) -> None:
    values = case.get("/people/p-bd/data", "p-bd").json()["values"]
    assert {TEXTS["problem"], OPTIONS[0]["text"]} <= {one.get("value") for one in values}


# In a bundle


def members(case: Case, person: str, *redact: str) -> tuple[dict[str, str], bytes]:
    data = case.get("/bundles/records", person, redact=list(redact)).content
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        return {name: archive.read(name).decode(errors="replace") for name in names}, data


def test_a_bundle_opens_the_texts_for_who_may_read_them_and_proves_them(
    doors: Doors, data_folder: Path, tmp_path: Path
) -> None:
    settings, name = Settings(folder=data_folder), f"keten-{uuid4().hex[:8]}"
    ensure_key(settings, name)
    doors.found(name)
    case = Case(doors, name)
    signed_head(doors, name, doors.size(name))
    key = str(log_keys(settings).key(name).signers[0].verifier)

    def proven(data: bytes) -> verify.Report:
        path = tmp_path / "bundle.zip"
        path.write_bytes(data)
        return verify.verify(str(path), keys=[key], earlier=[])

    found, data = members(case, "p-uwv")
    opened = json.loads(found[f"disclosures/{case.position}.json"])
    assert set(opened) == {*TEXTS, "options/0/text", "options/0/whyNot"}
    assert TEXTS["problem"] in found["index.html"]
    proven(data)
    swapped = opened | {"problem": opened["text"], "text": opened["problem"]}
    with pytest.raises(verify.NotProven, match="problem is niet van"):
        proven(changed(data, f"disclosures/{case.position}.json", canonical(swapped).decode()))

    found, data = members(case, "p-uwv", f"{case.position}/options/0/text=5.2", "problem=5.1.2e")
    opened = json.loads(found[f"disclosures/{case.position}.json"])
    assert set(opened) == {"text", "chainInterest", "options/0/whyNot"}
    assert all(SAID[0] not in one and OPTIONS[0]["text"] not in one for one in found.values())
    proven(data)

    found, data = members(case, "niemand")
    assert f"disclosures/{case.position}.json" not in found
    assert not [said for said in SAID if any(said in one for one in found.values())]
    proven(data)


def changed(data: bytes, name: str, text: str) -> bytes:
    """Return a bundle in which one member, and the manifest with it, says something else."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        found = {one: old.read(one) for one in old.namelist()} | {name: text.encode()}
    manifest = json.loads(found["manifest.json"])
    manifest["files"][name] = {"sha256": sha256(text.encode()).hexdigest(), "size": len(text)}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as new:
        for one, content in (found | {"manifest.json": canonical(manifest)}).items():
            new.writestr(one, content)
    return made.getvalue()
