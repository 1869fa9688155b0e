"""Commands of a witness, which any partner can run: it cosigns that logs only grow.

    ketenledger witness key FILE --name NAME                        the key it signs with
    ketenledger witness serve --key FILE --log KEY --state FOLDER   cosign for these logs
    ketenledger witness show --state FOLDER                         what it cosigned, and evidence

It needs no database, only a folder that is never put back to an earlier state: a witness that
forgets is no witness.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
import uvicorn

from api import cli_output
from api.listening import listening
from api.witness import create_app
from ledger.log.note_keys import Verifier, read_verifier
from ledger.log.witness import Shown, Witness, WitnessUnavailable, read_state
from ledger.log.witness_key import make_witness_key, read_witness_key

UNAVAILABLE: Final = 3
"""The exit code of a state folder that cannot be used, as of a database that cannot."""

MAX_REQUESTS: Final = 64
"""How many requests are dealt with at once; one more is told to come back."""

KEEP_ALIVE_SECONDS: Final = 30
STOP_SECONDS: Final = 20

Json = Annotated[bool, typer.Option("--json", help="Antwoord als JSON.")]
State = Annotated[Path, typer.Option(help="De map waarin de getuige onthoudt wat hij zag.")]

witness_app = typer.Typer(help="Een getuige, die medeondertekent dat een log alleen groeit.")


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(witness_app, name="witness", no_args_is_help=True)


@witness_app.command()
def key(
    file: Annotated[Path, typer.Argument(help="Het bestand van de sleutel; het is er nog niet.")],
    name: Annotated[str, typer.Option(help="De naam van de getuige, als een adres zonder https.")],
    json: Json = False,
) -> None:
    """Maak de sleutel van een getuige; getoond wordt de sleutel waarmee anderen controleren."""
    verifier = str(make_witness_key(file, name).verifier)
    if json:
        cli_output.as_json({"name": name, "key": verifier})
    else:
        cli_output.say(f"controleert: {verifier}")


@witness_app.command()
def serve(
    key: Annotated[Path, typer.Option(help="Het bestand met de sleutel van de getuige.")],
    log: Annotated[list[str], typer.Option(help="De sleutel van een log; herhaal per sleutel.")],
    state: State,
    host: Annotated[str, typer.Option(help="Het adres waarop de getuige luistert.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="De poort waarop de getuige luistert.")
    ] = 8100,
) -> None:
    """Start een getuige voor deze logs; Ctrl-C of SIGTERM stopt hem netjes."""
    signer = read_witness_key(key)
    try:
        witness = Witness(state, signer, logs_of(log))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    except WitnessUnavailable as error:
        raise typer.Exit(cli_output.problem(str(error), UNAVAILABLE)) from error
    with listening(host, port) as listener:
        where = listener.getsockname()[1]
        cli_output.say(f"Getuige {signer.name} luistert op {host}, poort {where}.")
        _run(witness, listener)


@witness_app.command()
def show(state: State, json: Json = False) -> None:
    """Toon per log wat het laatst is medeondertekend, en of een log twee geschiedenissen toonde."""
    if not state.is_dir():
        raise typer.Exit(cli_output.problem(f"Er is geen map {state}.", UNAVAILABLE))
    try:
        found = read_state(state)
    except WitnessUnavailable as error:
        raise typer.Exit(cli_output.problem(str(error), UNAVAILABLE)) from error
    rows = [_row(one) for one in found]
    if json:
        cli_output.as_json(rows)
        return
    columns = ("log", "omvang", "wortel", "medeondertekend", "strijdig", "onbewezen")
    cli_output.table("Wat deze getuige zag", columns, [tuple(row.values()) for row in rows])


def logs_of(keys: list[str]) -> dict[str, list[Verifier]]:
    """Return these verifier keys by the log they sign for, which is their name; raises BadKey."""
    logs: dict[str, list[Verifier]] = {}
    for verifier in map(read_verifier, keys):
        logs.setdefault(verifier.name, []).append(verifier)
    return logs


def _row(one: Shown) -> dict[str, str | int]:
    return {
        "origin": one.head.origin,
        "size": one.head.size,
        "root": one.head.root.hex(),
        "time": datetime.fromtimestamp(one.time, UTC).isoformat(),
        "conflicts": one.conflicts,
        "unproven": one.unproven,
    }


def _run(witness: Witness, listener: socket.socket) -> None:
    config = uvicorn.Config(
        create_app(witness),
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=MAX_REQUESTS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    # Ctrl-C is how a person stops a server, so it is a good end and no failure.
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])
