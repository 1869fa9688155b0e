"""The command that makes a key for a service account, and nothing else with it."""

from __future__ import annotations

from typing import Annotated

import typer

from api import cli_output, service_keys


def add_to(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command("service-key")(service_key)


def service_key(
    json: Annotated[bool, typer.Option("--json", help="Antwoord als JSON.")] = False,
) -> None:
    """Maak een sleutel voor een dienstaccount; hij wordt nergens bewaard."""
    key = service_keys.make()
    digest = service_keys.digest_of(key)
    if json:
        cli_output.as_json({"key": key, "keyDigest": digest})
        return
    cli_output.say(f"sleutel   {key}")
    cli_output.say(f"keyDigest {digest}")
