"""The realm that comes with the issuer to try belongs to the settings that come with it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from api import code_flow, tokens
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


SCOPE_FIELDS = {"name": str, "description": str, "protocol": str, "attributes": dict}
MAPPER_FIELDS = {"name": str, "protocol": str, "protocolMapper": str, "config": dict}
CLIENT_FIELDS = {
    "clientId": str, "description": str, "protocol": str, "publicClient": bool,
    "standardFlowEnabled": bool, "implicitFlowEnabled": bool, "directAccessGrantsEnabled": bool,
    "serviceAccountsEnabled": bool, "fullScopeAllowed": bool, "redirectUris": list,
    "optionalClientScopes": list, "attributes": dict, "protocolMappers": list,
}  # fmt: skip
REALM_FIELDS = {
    "realm": str, "enabled": bool, "registrationAllowed": bool, "bruteForceProtected": bool,
    "accessTokenLifespan": int, "clientScopes": list, "clients": list,
}  # fmt: skip
"""Of what Keycloak takes in (org.keycloak.representations.idm), as much as is used here."""
MAPPERS = {"oidc-sub-mapper", "oidc-audience-mapper"}


def strange(realm: dict[str, Any]) -> list[str]:
    """Return what Keycloak would not take in: it refuses a field that it does not know."""
    clients = realm.get("clients", [])
    mappers = [one for client in clients for one in client.get("protocolMappers", [])]
    parts = [
        (realm, REALM_FIELDS),
        *((one, SCOPE_FIELDS) for one in realm.get("clientScopes", [])),
        *((one, CLIENT_FIELDS) for one in clients),
        *((one, MAPPER_FIELDS) for one in mappers),
    ]
    found = [
        f"{name}: {value!r}"
        for part, known in parts
        for name, value in part.items()
        if name not in known or type(value) is not known[name]
    ]
    maps = [part[name] for part, _ in parts for name in ("attributes", "config") if name in part]
    found += [
        f"{key}: {value!r}" for one in maps for key, value in one.items() if value != f"{value}"
    ]
    return found + [
        one["protocolMapper"] for one in mappers if one.get("protocolMapper") not in MAPPERS
    ]


def test_the_realm_has_the_fields_that_are_taken_in(realm: dict[str, Any]) -> None:
    assert strange(realm) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"accessTokenLifespan": "28800"},
        {"registrationAlowed": False},
        {"clients": [{"clientId": "x", "publicClient": "true"}]},
        {"clients": [{"clientId": "x", "attributes": {"post.logout.redirect.uris": ["x"]}}]},
        {"clients": [{"clientId": "x", "protocolMappers": [{"protocolMapper": "oidc-sub"}]}]},
        {"clientScopes": [{"scope": "x"}]},
    ],
)
def test_a_field_that_is_not_taken_in_is_noticed(
    realm: dict[str, Any], changes: dict[str, Any]
) -> None:
    assert strange({**realm, **changes}) != []


def test_tokens_of_the_realm_do_not_outlast_what_is_believed(realm: dict[str, Any]) -> None:
    assert realm["accessTokenLifespan"] <= tokens.MAX_LIFE_SECONDS
