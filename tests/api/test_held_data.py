"""The data report and erasure over HTTP: who may ask, what it tells, what is gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api import cli
from tests.api.doors import Doors

NAME, CONTACT = "Jan van der Gewist", "06-87654321"


class Case:
    """A chain in which jan works for bd; `office` is the chain office, `stranger` nobody."""

    def __init__(self, doors: Doors) -> None:
        self.doors = doors
        self.chain = f"keten-{uuid4().hex[:8]}"
        doors.found(self.chain, direct=["RoleAssigned"])
        today = doors.app.state.ledger.state(self.chain).chains.since[:10]
        for person in ("office", "stranger"):
            self.tell("/people", {"person": person, "function": person})
        self.registered = self.tell(
            "/people", {"person": "jan", "function": "planner", "name": NAME, "contact": CONTACT}
        )
        for role in (
            {"role": "chain-office", "person": "office"},
            {"role": "chain-coordinator", "person": "jan", "organisation": "bd"},
        ):
            self.tell("/roles", {**role, "validFrom": today})
        self.slip = self.tell("/driving-problems", {"text": f"{NAME} weet er meer van."})

    def tell(self, path: str, body: dict[str, Any], actor: str = "p-bd") -> int:
        answer = self.doors.post(f"/v1/chains/{self.chain}{path}", body, actor=actor)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["position"])

    def get(self, path: str, actor: str) -> Any:
        return self.doors.get(f"/v1/chains/{self.chain}{path}", headers=self.doors.acting(actor))

    def report(self, actor: str = "jan") -> Any:
        answer = self.get("/people/jan/data", actor)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def erase(self, *fields: str) -> int:
        digests = [one["digest"] for one in self.report()["values"] if one["field"] in fields]
        body = {"organisation": "bd", "ground": "objection", "digests": digests}
        return self.tell("/people/jan/erasures", body)


@pytest.fixture
def case(doors: Doors) -> Case:
    return Case(doors)


def test_the_report_holds_all_that_is_known_of_somebody(case: Case) -> None:
    found = case.report()
    assert [(one["field"], one["status"], one["value"]) for one in found["values"]] == [
        ("contact", "readable", CONTACT),
        ("name", "readable", NAME),
    ]
    assert {one["position"] for one in found["values"]} == {case.registered}
    assert found["about"]["function"] == "planner"
    assert [one["role"] for one in found["about"]["roles"]] == ["chain-coordinator"]
    assert case.registered in [one["position"] for one in found["records"]]
    assert {one["as"] for one in found["records"]} == {"named"}
    assert found["spelledOutIn"] == [case.slip]
    assert (found["handedOut"], found["recordsNotShown"]) == ([], 0)


@pytest.fixture
def by_place(case: Case) -> Iterator[Case]:
    """A case in which people read by the place they hold, as on a server in production."""
    case.doors.app.state.reads_everything = False
    yield case
    case.doors.app.state.reads_everything = True


def test_the_report_tells_who_read_about_somebody_and_what_they_read(by_place: Case) -> None:
    case = by_place
    assert case.report()["reads"] == []
    case.report("office")
    found = case.report()
    told = [(one["reader"], one["about"], one["as"]) for one in found["reads"]]
    assert told == [("office", ["jan"], "about"), ("jan", ["jan"], "reader")]
    assert {one["path"] for one in found["reads"]} == {f"/v1/chains/{case.chain}/people/jan/data"}
    assert found["readsNotShown"] == 0
    assert len(case.report("office")["reads"]) == 3
    # Who answers for somebody is not told what that person, or another, looked into.
    other = case.report("p-bd")
    assert (other["reads"], other["readsNotShown"]) == ([], 4)
    page = f"/ketens/{case.chain}/personen/jan/gegevens"
    assert "– /v1/chains/" in _page(case, page, "jan")
    assert "– /v1/chains/" not in _page(case, page, "p-bd")
    assert "keer inzage zien alleen de persoon zelf" in _page(case, page, "p-bd")


@pytest.mark.parametrize(
    ("actor", "status"),
    [("jan", 200), ("office", 200), ("p-bd", 200), ("p-uwv", 403), ("stranger", 403), ("", 401)],
)
def test_only_who_it_is_about_and_who_answers_for_it_may_ask(
    case: Case, actor: str, status: int
) -> None:
    for path in ("/people/jan/data", "/people/jan/erasures"):
        answer = case.get(path, actor)
        assert answer.status_code == status, answer.text
        assert (NAME in answer.text) is (status == 200 and path.endswith("data"))


def test_of_nobody_there_is_no_report_and_who_may_not_ask_does_not_learn_that(case: Case) -> None:
    assert case.get("/people/nobody/data", "office").status_code == 404
    for actor in ("p-uwv", "stranger", ""):
        one, nobody = (case.get(f"/people/{name}/data", actor) for name in ("jan", "nobody"))
        assert one.status_code == nobody.status_code
        assert one.json()["detail"] == nobody.json()["detail"]


def test_the_rest_of_the_doors_tell_no_name(case: Case) -> None:
    for path in ("/people", "/people/jan", f"/records/{case.registered}"):
        answer = case.get(path, "office")
        assert answer.status_code == 200
        assert CONTACT not in answer.text


def test_what_was_erased_is_told_with_the_ground_instead_of_the_value(case: Case) -> None:
    position = case.erase("contact")
    found = {one["field"]: one for one in case.report()["values"]}
    assert found["name"]["value"] == NAME
    assert found["contact"]["status"] == "erased"
    assert found["contact"]["erased"]["ground"] == "objection"
    assert "AVG" in found["contact"]["erased"]["groundText"]
    assert "value" not in found["contact"]
    person = case.get("/people/jan", "office").json()
    assert set(person["sealed"]) == {"name"}
    assert person["erased"]["contact"]["position"] == position
    [receipt] = case.get("/people/jan/erasures", "jan").json()["items"]
    assert (receipt["position"], receipt["recorded"]) == (position, True)
    assert [one["field"] for one in receipt["values"]] == ["contact"]


def test_after_erasing_everything_nothing_is_left_to_read(case: Case) -> None:
    case.erase("name", "contact")
    found = case.report()
    assert {one["status"] for one in found["values"]} == {"erased"}
    # What somebody typed into free text stays, and is not found any more: its value is not known.
    assert found["spelledOutIn"] == []
    assert "sealed" not in case.get("/people/jan", "jan").json()
    again = {"organisation": "bd", "ground": "objection", "digests": [found["values"][0]["digest"]]}
    refused = case.doors.post(f"/v1/chains/{case.chain}/people/jan/erasures", again)
    assert (refused.status_code, refused.json()["rule"]) == (409, "U2")


# On the pages and the command line


def test_the_page_of_a_person_says_what_is_sealed_and_leads_on_who_may(case: Case) -> None:
    page = f"/ketens/{case.chain}/personen/jan"
    known = {
        actor: case.doors.get(page, headers=case.doors.acting(actor)).text
        for actor in ("jan", "stranger")
    }
    assert "Naam: verzegeld" in known["jan"]
    assert f"{page}/gegevens" in known["jan"]
    assert f"{page}/gegevens" not in known["stranger"]
    assert NAME not in "".join(known.values())


def test_somebody_without_a_function_has_the_pages_of_anybody_under_their_pseudonym(
    case: Case,
) -> None:
    case.tell("/people", {"person": "functieloos"})
    page = f"/ketens/{case.chain}/personen/functieloos"
    assert "<h1>functieloos</h1>" in _page(case, page, "jan")
    assert "functieloos" in _page(case, f"{page}/gegevens", "office")


def test_the_page_of_what_is_held_shows_it_and_offers_to_erase_it(case: Case) -> None:
    page = f"/ketens/{case.chain}/personen/jan/gegevens"
    own = case.doors.get(page, headers=case.doors.acting("jan"))
    assert own.status_code == 200, own.text
    assert NAME in own.text
    assert "vastleggen/PersonalDataErased" not in own.text
    assert "vastleggen/PersonalDataErased" in _page(case, page, "office")
    assert case.doors.get(page, headers=case.doors.acting("stranger")).status_code == 403
    case.erase("name", "contact")
    after = _page(case, page, "office")
    assert NAME not in after
    assert "gewist op grond van: bezwaar" in after
    assert "vastleggen/PersonalDataErased" not in after


def _page(case: Case, page: str, actor: str) -> str:
    last = {"na": str(case.doors.size(case.chain) - 1)}
    answer = case.doors.get(page, params=last, headers=case.doors.acting(actor))
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_commands_report_and_erase(
    case: Case,
    shared_database: str,
    data_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", shared_database)
    monkeypatch.setenv("KETENLEDGER_FOLDER", str(data_folder))

    def told(*words: str) -> str:
        assert cli.run(["person", *words]) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    case.report()
    shown = told("report", case.chain, "jan")
    assert CONTACT in shown
    assert "Inzage over of door deze persoon" in shown
    erasing = ["erase", case.chain, "jan", "--organisation", "bd", "--by", "office"]
    ground = ["--ground", "no-longer-needed"]
    assert "1 waarden" in told(*erasing, *ground, "--field", "contact")
    assert CONTACT not in told("report", case.chain, "jan")
    assert NAME in told("report", case.chain, "jan", "--json")
    assert '"recorded": true' in told(*erasing, *ground, "--json")
    assert "niet langer nodig" in told("report", case.chain, "jan")
    assert cli.run(["person", *erasing, *ground]) == 1
    assert cli.run(["person", "report", case.chain, "nobody"]) == 1
    assert cli.run(["person", *erasing, "--ground", "onzin"]) == 1


def test_whoever_sees_a_sealed_value_is_noted(case: Case) -> None:
    case.report("office")
    case.doors.get(f"/ketens/{case.chain}/personen/jan/gegevens", headers=case.doors.acting("jan"))
    store = case.doors.app.state.proving
    query = "SELECT reader, subjects FROM reads WHERE chain = %(chain)s ORDER BY number"
    noted = [row for row in store.fetch(query, {"chain": case.chain}) if row[1] == ["jan"]]
    assert [reader for reader, _ in noted] == ["office", "jan"]
    case.erase("name", "contact")
    before = len(store.fetch(query, {"chain": case.chain}))
    assert "Gewist" not in str(case.report("office")["values"])
    assert len(store.fetch(query, {"chain": case.chain})) == before
