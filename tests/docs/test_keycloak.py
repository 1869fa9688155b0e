"""The realm that comes with the issuer to try belongs to the settings that come with it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from api import code_flow
from api.mini_issuer import FOUND
from api.settings import Settings, from_environment, require_identity

ROOT = Path(__file__).resolve().parents[2]
GIVEN = re.compile(r"^(\w+)=(.*)$", re.MULTILINE)
TRIED = re.compile(r"^# {3}(\w+)=(.*)$", re.MULTILINE)
NEEDED = ("KETENLEDGER_AUDIENCE",)


@pytest.fixture(scope="module")
def realm() -> dict[str, Any]:
    return json.loads((ROOT / "deploy" / "keycloak" / "ketenledger-realm.json").read_text())


@pytest.fixture(scope="module")
def settings() -> Settings:
    """The settings of the server beside it, filled in as the example says."""
    server = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["server"]
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    given = dict(GIVEN.findall("\n".join(lines)))
    tried = dict(TRIED.findall("\n".join(lines)))
    assert tried.keys() <= server["environment"].keys()
    return from_environment({**{name: given[name] for name in NEEDED}, **tried})


def client(realm: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [one for one in realm["clients"] if one["clientId"] == name]
    return found


def test_the_server_starts_with_them(settings: Settings) -> None:
    require_identity(settings)


def test_the_pages_come_back_to_this_server(realm: dict[str, Any], settings: Settings) -> None:
    pages = client(realm, settings.client_id)
    assert settings.issuer.endswith(f"/realms/{realm['realm']}")
    assert pages["redirectUris"] == [settings.address + code_flow.RETURN]
    assert pages["attributes"]["post.logout.redirect.uris"] == f"{settings.address}/"
    assert pages["attributes"]["pkce.code.challenge.method"] == "S256"


def test_the_operator_gets_tokens_for_this_server(
    realm: dict[str, Any], settings: Settings
) -> None:
    operator = client(realm, "ketenledger-operator")
    meant = [one["config"].get("included.custom.audience") for one in operator["protocolMappers"]]
    assert settings.audience in meant
    assert operator["optionalClientScopes"] == [FOUND]
    assert [one["name"] for one in realm["clientScopes"]] == [FOUND]
    assert "secret" not in json.dumps(realm)
