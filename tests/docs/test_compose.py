"""docker-compose.yml is whole: what a service names is there, and no secret stands in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import yaml
from psycopg.sql import SQL, Identifier

from ledger.log.database import connect

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text("utf-8")
FILE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
CLUSTER = {"coordinator", "worker-1", "worker-2", "cluster", "scale-migrate", "scale-server"}
VARIABLE = re.compile(r"\$\{(\w+)")
CONDITIONS = {"service_healthy", "service_completed_successfully", "service_started"}


def missing(services: dict[str, dict[str, Any]], file: dict[str, Any]) -> list[str]:
    """Return what services name that is not there, or that cannot be waited for."""
    found = []
    for name, service in services.items():
        for other, wanted in service.get("depends_on", {}).items():
            if other not in services or wanted["condition"] not in CONDITIONS:
                found.append(f"{name} waits for {other}")
            elif wanted["condition"] == "service_healthy" and "healthcheck" not in services[other]:
                found.append(f"{name} waits for the health of {other}")
            elif not set(services[other].get("profiles", [])) <= set(service.get("profiles", [])):
                found.append(f"{name} waits for {other}, which its profile does not start")
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            there = (
                (ROOT / source).exists() if source.startswith("./") else source in file["volumes"]
            )
            if not there:
                found.append(f"{name} uses volume {volume}")
        found += [
            f"{name} uses network {one}"
            for one in service.get("networks", [])
            if one not in file["networks"]
        ]
        if not {"image", "build"} & set(service) or "restart" not in service:
            found.append(f"{name} has no image or says nothing of starting again")
    return found


def test_what_a_service_names_is_there() -> None:
    assert missing(SERVICES, FILE) == []


@pytest.mark.parametrize(
    "broken",
    [
        {"image": "x", "restart": "no", "depends_on": {"y": {"condition": "service_healthy"}}},
        {"image": "x", "restart": "no", "volumes": ["elsewhere:/data"]},
        {"image": "x", "restart": "no", "volumes": ["./elsewhere:/data:ro"]},
        {"image": "x", "restart": "no", "networks": ["nowhere"]},
        {"restart": "no"},
    ],
)
def test_what_is_missing_is_noticed(broken: dict[str, Any]) -> None:
    assert missing({"x": broken}, FILE) != []


def test_the_profile_scale_is_a_coordinator_two_workers_and_a_server_on_it() -> None:
    scaled = {name for name, one in SERVICES.items() if one.get("profiles") == ["scale"]}
    assert scaled == CLUSTER
    images = {SERVICES[name]["image"] for name in ("coordinator", "worker-1", "worker-2")}
    assert len(images) == 1
    told = " ".join(SERVICES["cluster"]["entrypoint"])
    assert "citus_set_coordinator_host('coordinator'" in told
    for worker in ("worker-1", "worker-2"):
        assert f"citus_add_node('{worker}'" in told
    for name in ("scale-migrate", "scale-server"):
        assert "@coordinator:5432/" in SERVICES[name]["environment"]["DATABASE_URL"]
    plain, scaled_out = (SERVICES[name]["environment"] for name in ("server", "scale-server"))
    assert set(plain) == set(scaled_out), "the server on a cluster is told what the other is"
    assert scaled_out["PGPASSWORD"] == SERVICES["scale-migrate"]["environment"]["PGPASSWORD"]
    volumes = [one for name in CLUSTER for one in SERVICES[name].get("volumes", [])]
    assert len(volumes) == len(set(volumes)), "two services on one data folder"


def test_without_the_profile_nothing_of_the_cluster_starts() -> None:
    plain = {name for name, one in SERVICES.items() if not one.get("profiles")}
    assert plain == {"postgres", "role", "migrate", "server"}


def test_the_server_logs_in_as_a_role_that_is_not_the_owner() -> None:
    owner = SERVICES["postgres"]["environment"]["POSTGRES_USER"]
    admitted = SERVICES["migrate"]["command"][-2:]
    login = urlsplit(SERVICES["server"]["environment"]["DATABASE_URL"]).username
    assert admitted == ["--server-role", login]
    assert urlsplit(SERVICES["migrate"]["environment"]["DATABASE_URL"]).username == owner != login
    passwords = [SERVICES[name]["environment"]["PGPASSWORD"] for name in ("migrate", "server")]
    assert len({one.partition(":")[0] for one in passwords}) == 2
    [script] = SERVICES["role"]["command"]
    assert f"ALTER ROLE {login} LOGIN NOINHERIT PASSWORD :'password';" in script
    assert "role" in SERVICES["migrate"]["depends_on"]
    assert "migrate" in SERVICES["server"]["depends_on"]


@pytest.mark.skipif(shutil.which("psql") is None, reason="no psql here")
def test_the_role_is_made_once_and_its_password_can_be_changed(server: str) -> None:
    """What stands in the file is what is run, on another host and for another name."""
    role = f"role_{uuid4().hex[:12]}"
    [script] = SERVICES["role"]["command"]
    own = script.replace("ketenledger_server", role)
    own = re.sub(r"psql --host=.*? --quiet", f"psql --dbname='{server}' --quiet", own)
    attributes = "SELECT rolcanlogin, rolinherit, rolsuper FROM pg_roles WHERE rolname = %(role)s"
    with connect(server) as conn:
        try:
            for password in ("eerste 'geheim'", "tweede"):
                told = {**os.environ, "SERVER_PASSWORD": password}
                subprocess.run(
                    ["sh", "-ec", own], env=told, check=True, capture_output=True, timeout=60
                )
            found = conn.execute(attributes, {"role": role}).fetchone()
            assert found is not None
            assert tuple(found.values()) == (True, False, False)
        finally:
            conn.execute(SQL("DROP ROLE IF EXISTS {}").format(Identifier(role)))
            conn.commit()


def test_the_profile_keycloak_is_an_issuer_beside_the_server_in_its_network() -> None:
    beside = [name for name, one in SERVICES.items() if one.get("profiles") == ["keycloak"]]
    assert beside == ["keycloak"]
    assert SERVICES["keycloak"]["network_mode"] == "service:server"
    [port] = [one for one in SERVICES["keycloak"]["command"] if one.startswith("--http-port=")]
    inside = {one.rpartition(":")[2] for one in SERVICES["server"]["ports"]}
    assert port.partition("=")[2] in inside, "who owns the network opens its ports"


def test_no_secret_stands_in_it_and_every_variable_is_told() -> None:
    for name, service in SERVICES.items():
        for key, value in service.get("environment", {}).items():
            if "PASSWORD" in key:
                assert str(value).startswith("${"), f"{name}: {key}"
    told = (ROOT / ".env.example").read_text("utf-8")
    for variable in VARIABLE.findall(TEXT):
        assert re.search(rf"^{variable}=", told, re.MULTILINE), variable


def test_who_is_behind_a_proxy_can_be_told_apart_and_who_runs_it_can_be_named() -> None:
    environment = SERVICES["server"]["environment"]
    for one in ("PROXIES", "BASE_URL", "ORGANISATION", "CONTACT"):
        assert environment[f"KETENLEDGER_{one}"] == f"${{KETENLEDGER_{one}:-}}"


def test_nothing_is_open_to_other_machines() -> None:
    ports = [port for one in SERVICES.values() for port in one.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
