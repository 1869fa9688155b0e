"""Settings come from the environment, and a server that must not start does not."""

from pathlib import Path
from typing import Any

import pytest

from api.settings import (
    Settings,
    SettingsRefused,
    database,
    from_environment,
    require_identity,
)

URL = "postgresql://ketenledger:geheim@db.example.org/ketenledger"


def test_without_an_environment_the_server_listens_on_loopback_only() -> None:
    settings = from_environment({})
    assert (settings.host, settings.port, settings.development) == ("127.0.0.1", 8000, False)
    assert settings.folder == Path(".ketenledger")


def test_the_environment_is_read() -> None:
    settings = from_environment(
        {
            "DATABASE_URL": URL,
            "KETENLEDGER_FOLDER": "elders",
            "KETENLEDGER_HOST": "0.0.0.0",
            "KETENLEDGER_PORT": "9000",
            "KETENLEDGER_BASE_URL": "https://keten.example.org/",
        }
    )
    assert settings.database_url == URL
    assert (settings.host, settings.port, settings.folder) == ("0.0.0.0", 9000, Path("elders"))
    assert settings.address == "https://keten.example.org"


def test_who_runs_the_server_can_be_named() -> None:
    for contact in ("https://voorbeeld.nl/vraag", "keten@voorbeeld.nl", ""):
        said = {"KETENLEDGER_ORGANISATION": "Voorbeeld", "KETENLEDGER_CONTACT": contact}
        settings = from_environment(said)
        assert (settings.organisation, settings.contact) == ("Voorbeeld", contact)


@pytest.mark.parametrize("contact", ["javascript:alert(1)", "http://voorbeeld.nl", "bel ons", "@"])
def test_a_contact_that_is_no_address_is_refused(contact: str) -> None:
    with pytest.raises(SettingsRefused, match="KETENLEDGER_CONTACT"):
        from_environment({"KETENLEDGER_CONTACT": contact})


def test_the_command_line_goes_before_the_environment() -> None:
    said = {"KETENLEDGER_HOST": "0.0.0.0", "KETENLEDGER_PORT": "9000"}
    settings = from_environment(said, host="::1", port=0, development=True)
    assert (settings.host, settings.port, settings.development) == ("::1", 0, True)
    assert settings.address == "http://[::1]:0"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "localhost", "::1"])
def test_development_is_allowed_on_loopback(host: str) -> None:
    assert Settings(host=host, development=True).development


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "keten.example.org"])
def test_development_is_refused_elsewhere_at_start(host: str) -> None:
    with pytest.raises(SettingsRefused, match="ontwikkelmodus"):
        from_environment({"KETENLEDGER_DEVELOPMENT": "1", "KETENLEDGER_HOST": host})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KETENLEDGER_PORT", "acht"),
        ("KETENLEDGER_PORT", "-1"),
        ("KETENLEDGER_PORT", "70000"),
        ("KETENLEDGER_DEVELOPMENT", "misschien"),
        ("KETENLEDGER_BASE_URL", "keten.example.org"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsRefused):
        from_environment({name: value})


def test_settings_do_not_print_the_database_url() -> None:
    assert "geheim" not in repr(Settings(database_url=URL))


def test_a_database_that_is_named_is_used_as_it_is(tmp_path: Path) -> None:
    with database(Settings(database_url=URL, folder=tmp_path / "leeg")) as conninfo:
        assert conninfo == URL
    assert not (tmp_path / "leeg").exists()


TRUSTED = {"issuer": "https://login.example", "audience": "https://ketens.example"}
ON_PAGES = {**TRUSTED, "client_id": "ketens-pages"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "KETENLEDGER_ISSUER en KETENLEDGER_AUDIENCE"),
        ({"issuer": TRUSTED["issuer"]}, "KETENLEDGER_AUDIENCE"),
        ({"audience": TRUSTED["audience"]}, "KETENLEDGER_ISSUER"),
        ({**TRUSTED, "issuer": "http://login.example"}, "https://"),
        ({**TRUSTED, "issuer": "https://login.example?tenant=1"}, "https://"),
        ({**TRUSTED, "development": True}, "brengt haar eigen uitgever"),
        ({**TRUSTED, "client_id": TRUSTED["audience"]}, "verschillen"),
        ({**ON_PAGES, "host": "0.0.0.0"}, "zonder https"),
        ({**ON_PAGES, "base_url": "http://keten.example"}, "zonder https"),
    ],
)
def test_a_server_that_cannot_know_who_somebody_is_does_not_start(
    given: dict[str, Any], told: str
) -> None:
    with pytest.raises(SettingsRefused, match=told):
        require_identity(Settings(**given))


@pytest.mark.parametrize(
    "given",
    [
        TRUSTED,
        {**TRUSTED, "host": "0.0.0.0"},
        {**TRUSTED, "issuer": "http://127.0.0.1:8110"},
        ON_PAGES,
        {**ON_PAGES, "host": "0.0.0.0", "base_url": "https://keten.example"},
        {**ON_PAGES, "host": "0.0.0.0", "base_url": "http://127.0.0.1:8000"},
        {"development": True},
    ],
)
def test_a_server_that_knows_whom_to_believe_starts(given: dict[str, Any]) -> None:
    require_identity(Settings(**given))
