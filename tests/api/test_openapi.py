"""The OpenAPI document: all routes, nothing of the framework, no error under the design rules."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from jsonschema import Draft202012Validator

from ledger import catalogue
from tests.api.doors import Doors

SPECTRAL = "@stoplight/spectral-cli@6.16.3"
CACHE = Path(__file__).resolve().parents[2] / "build" / "spectral"
INSTALL_SECONDS = 300
LINT_SECONDS = 150


@pytest.fixture(scope="module")
def document(doors: Doors) -> dict:
    return doors.get("/v1/openapi.json").json()


@pytest.fixture(scope="session")
def spectral() -> str:
    """The linter: from the path, from the cache, or installed there."""
    own = CACHE / "node_modules" / ".bin" / "spectral"
    if found := shutil.which("spectral") or (own.exists() and str(own)):
        return found
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("no node and npm on this machine: the design rules are not checked")
    command = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(CACHE), SPECTRAL]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=INSTALL_SECONDS
    )
    if done.returncode != 0 or not own.exists():
        pytest.skip("Spectral cannot be installed here: the design rules are not checked")
    return str(own)


@pytest.mark.slow
@pytest.mark.timeout(INSTALL_SECONDS + LINT_SECONDS + 60)
def test_the_dutch_design_rules_find_no_error(
    document: dict, spectral: str, shared_folder: Path, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.yaml"
    shutil.copy(shared_folder / "vendor" / "adr-linter.yaml", rules)
    linted, clean = lint(spectral, rules, document, tmp_path / "openapi.json")
    assert clean, linted


@pytest.mark.slow
@pytest.mark.timeout(INSTALL_SECONDS + LINT_SECONDS + 60)
def test_the_linter_does_find_a_breach_of_the_design_rules(
    document: dict, spectral: str, shared_folder: Path, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.yaml"
    shutil.copy(shared_folder / "vendor" / "adr-linter.yaml", rules)
    short = {"/health": document["paths"]["/health"]}
    flawed = {**document, "paths": short, "components": {**document["components"], "schemas": {}}}
    flawed["info"] = {name: one for name, one in document["info"].items() if name != "contact"}
    linted, clean = lint(spectral, rules, flawed, tmp_path / "openapi.json")
    assert not clean
    assert "info-contact" in linted


def lint(spectral: str, rules: Path, document: dict, file: Path) -> tuple[str, bool]:
    file.write_text(json.dumps(document, indent=1), "utf-8")
    command = [spectral, "lint", "--quiet", "-r", str(rules), str(file)]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=LINT_SECONDS,
        env={**os.environ, "NO_COLOR": "1"},
    )
    return done.stdout + done.stderr, done.returncode == 0


def test_every_route_is_described_once(doors: Doors, document: dict) -> None:
    routes = {
        (method.lower(), re.sub(r"^/v1", "", route.path))
        for route in doors.app.routes
        if isinstance(route, APIRoute)
        for method in route.methods
        if route.include_in_schema
    }
    described = {(method, path) for path, one in document["paths"].items() for method in one}
    assert described == routes
    assert document["servers"] == [{"url": "/v1"}]
    operations = [
        one["operationId"] for path in document["paths"].values() for one in path.values()
    ]
    assert len(set(operations)) == len(operations)


def test_every_answer_is_declared_as_it_comes(document: dict) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert "422" not in operation["responses"], path
            assert {"400", "404", "503"} <= set(operation["responses"])
            if method == "post":
                assert {"201", "200", "401", "403", "409", "413", "415"} <= set(
                    operation["responses"]
                )
            named = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
            assert named == set(re.findall(r"\{(\w+)\}", path))


def test_nothing_of_the_framework_is_left_in_the_document(document: dict) -> None:
    assert not {"HTTPValidationError", "ValidationError"} & set(document["components"]["schemas"])
    assert "#/$defs" not in json.dumps(document)


def test_every_reference_leads_somewhere(document: dict) -> None:
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))):
        found = document
        for part in reference.split("/"):
            found = found[part]


def test_every_recordable_event_is_a_body_and_every_event_a_schema(document: dict) -> None:
    schemas = document["components"]["schemas"]
    assert {one.kind.__name__ for one in catalogue.TYPES.values()} <= set(schemas)
    vote = document["paths"]["/chains/{chain}/decisions/{decision}/votes"]["post"]
    body = vote["requestBody"]["content"]["application/json"]["schema"]
    assert body["required"] == ["seat", "choice"]
    assert "decision" in body["properties"]


def test_a_sealed_field_takes_its_value_in_a_request(document: dict) -> None:
    people = document["paths"]["/chains/{chain}/people"]["post"]
    fields = people["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert fields["name"]["maxLength"] == 2000
    assert "pattern" not in fields["name"]


def test_every_event_type_has_its_own_schema(doors: Doors) -> None:
    listed = doors.get("/v1/event-types").json()
    assert listed["next"] is None
    assert {one["eventType"] for one in listed["items"]} == set(catalogue.TYPES)
    for one in listed["items"]:
        answer = doors.get(f"/v1/event-types/{one['eventType']}")
        assert answer.headers["Content-Type"] == "application/schema+json"
        Draft202012Validator.check_schema(answer.json())
        assert bool(one.get("recordedAt")) is not one["byRules"]
