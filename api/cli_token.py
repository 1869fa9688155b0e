"""The command that prints a token of a server in development mode."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

import msgspec
import typer

from api import cli_output, settings
from api.issuer import IssuerUnavailable, over_http
from api.mini_issuer import GRANT, TOKEN
from ledger.domain.values import Refused
from ledger.log.asking import NoAnswer


def add_to(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(token)


def token(
    person: Annotated[str, typer.Argument(help="Het pseudoniem van de persoon.")],
    url: Annotated[str, typer.Option(help="De server; anders die op de ingestelde poort.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Antwoord als JSON.")] = False,
) -> None:
    """Druk een token van een persoon af, voor een server in ontwikkelmodus."""
    address = (url or settings.from_environment().address).rstrip("/")
    form = urlencode({"grant_type": GRANT, "person": person}).encode()
    try:
        answer = over_http(address + TOKEN, form)
        told = msgspec.json.decode(answer.body)
    except (NoAnswer, msgspec.DecodeError) as error:
        raise IssuerUnavailable(f"{address} antwoordt niet bruikbaar: {error}") from error
    if answer.status == 400:
        raise Refused("G13", f"{person[:80]!r} is geen kenmerk van een persoon")
    if answer.status != 200:
        raise IssuerUnavailable(f"{address} is geen server in ontwikkelmodus en geeft geen tokens")
    if json:
        cli_output.as_json(told)
    else:
        cli_output.say(told["access_token"])
