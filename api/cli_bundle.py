"""Commands about evidence: make a bundle that anybody can check, and see who took one.

    ketenledger bundle CHAIN --decision B-2009-01 -o besluit.zip
    ketenledger bundle CHAIN --from 2009-01-01 --until 2010-01-01 -o jaar.zip
    ketenledger bundle CHAIN --all -o keten.zip
    ketenledger bundles CHAIN

Whoever can run these has the database in hand and reads everything; `--scope` makes the bundle for
somebody who reads less, `--disclose` opens the sealed values in it, `--redact` leaves things out of
what is published, each with its ground (redaction.py).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, BinaryIO, cast

import typer
from msgspec.structs import replace

from api import cli_output, redaction
from api.bundle_making import Asked, Handed, Log, Taker, hand_out
from api.bundles import log_of
from api.parameters import as_slug
from api.settings import from_environment
from api.signing import log_keys
from api.witnesses import Witnessing
from api.workplace import opened
from ledger.domain.values import NotFound, instant
from ledger.log.handed_out import HandedOut, Register
from projections.scopes import RANKS, of_scopes

Chain = Annotated[str, typer.Argument(help="Het kenmerk van de keten.")]
Json = Annotated[bool, typer.Option("--json", help="Antwoord als JSON.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("bundle")(bundle)
    app.command("bundles")(bundles)


def bundle(
    chain: Chain,
    output: Annotated[Path, typer.Option("--output", "-o", help="Het zipbestand.")],
    decision: Annotated[str, typer.Option(help="Over dit besluit.")] = "",
    agreement: Annotated[str, typer.Option(help="Over deze afspraak.")] = "",
    escalation: Annotated[str, typer.Option(help="Over deze escalatie.")] = "",
    start: Annotated[str, typer.Option("--from", help="Vanaf dit nummer of deze dag.")] = "",
    until: Annotated[str, typer.Option(help="Tot, niet tot en met, dit nummer of deze dag.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="De hele keten.")] = False,
    since: Annotated[
        list[int] | None,
        typer.Option(help="Bewijs ook dat het log verdergaat op een controlepunt van deze omvang."),
    ] = None,
    scope: Annotated[
        str, typer.Option(help="Voor wie tot hier leest: public, chain of confidential.")
    ] = "confidential",
    disclose: Annotated[bool, typer.Option("--disclose", help="Open verzegelde waarden.")] = False,
    redact: Annotated[
        list[str] | None,
        typer.Option(help="Laat weg bij openbaarmaking: 42=5.1.2e, 42/name=5.1.2e of name=5.1.2e."),
    ] = None,
    taker: Annotated[str, typer.Option("--for", help="Voor wie: een pseudoniem.")] = "",
    json: Json = False,
) -> None:
    """Maak een bewijsbundel, die iedereen zonder netwerk kan controleren."""
    asked = _asked(
        {"decision": decision, "agreement": agreement, "escalation": escalation},
        (start, until),
        everything=everything,
        since=tuple(since or ()),
    )
    asked = replace(asked, redaction=redaction.read(redact or ()))
    if output.is_dir() or not output.parent.is_dir():
        raise typer.BadParameter(f"--output: {output} is geen bestand in een map die er is")
    settings = from_environment()
    keys = log_keys(settings)
    if not keys.path(_slug(chain)).exists():
        raise NotFound(f"Keten {chain} heeft geen sleutel; maak er een met `ketenledger key new`.")
    with opened(settings) as work:
        work.runner.catch_up(chain)
        vault = work.vault if disclose else None
        reads = of_scopes(_scopes(scope))
        who = Taker(person=taker, door="command", access=reads, vault=vault, names=True)
        log = log_of(work.ledger, chain, settings)
        tree = Witnessing(work.store, keys, work.ledger).tree
        made = partial(hand_out, work.store, tree, chain, asked=asked, taker=who, log=log)
        handed = _into(output, partial(made, reading=work.reading))
    _tell(chain, output, handed, log, json=json)


def bundles(chain: Chain, json: Json = False) -> None:
    """Toon wie welke bundels van een keten meenam, de laatste eerst."""
    with opened(from_environment()) as work:
        found = Register(work.store).of(_slug(chain))
        if not work.store.size(chain):
            raise NotFound(f"Keten {chain} bestaat niet.")
    if json:
        cli_output.as_json({"chain": chain, "bundles": [_doc(one) for one in found]})
        return
    rows = [
        (_moment(one), one.taken_by or "onbekend", one.selection, one.size, len(one.disclosed))
        for one in found
    ]
    columns = ("meegenomen", "door", "wat", "controlepunt", "geopende waarden")
    cli_output.table(f"Bundels van keten {chain}", columns, rows)


def _asked(
    things: dict[str, str], ends: tuple[str, str], *, everything: bool, since: tuple[int, ...]
) -> Asked:
    """Return the one thing that is asked for; a usage error for none or more of them."""
    named = [(kind, name) for kind, name in things.items() if name]
    if len(named) + any(ends) + everything != 1:
        raise typer.BadParameter(
            "kies precies een van --decision, --agreement, --escalation, --from/--until en --all"
        )
    if named:
        [(kind, name)] = named
        return Asked(kind=kind, name=_slug(name), since=since)
    return Asked(start=ends[0], until=ends[1], since=since)


def _into(output: Path, make: Callable[[BinaryIO], Handed]) -> Handed:
    """Make a bundle beside its place and put it there when it is whole."""
    with tempfile.NamedTemporaryFile(dir=output.parent, prefix=f".{output.name}.") as file:
        handed = make(cast("BinaryIO", file))
        file.flush()
        os.fsync(file.fileno())
        # A link of its own keeps the file when the temporary name goes.
        output.unlink(missing_ok=True)
        os.link(file.name, output)
    return handed


def _tell(chain: str, output: Path, handed: Handed, log: Log, *, json: bool) -> None:
    made = handed.made
    if json:
        said = {"chain": chain, "file": str(output), "selection": handed.selection}
        own = {"size": made.size, "shown": made.shown, "hidden": made.hidden}
        cli_output.as_json({**said, **own, "sha256": handed.sha256, "bytes": handed.bytes})
        return
    hidden = f", {made.hidden} niet getoond" if made.hidden else ""
    cli_output.say(
        f"{output}: {made.shown} vastleggingen over {handed.selection}{hidden}, bij het "
        f"controlepunt van {made.size}; {handed.bytes} bytes, SHA-256 {handed.sha256}."
    )
    cli_output.say(f"Controleer: python3 verify.py {output.name} --expect-key '{log.key}'")


def _scopes(scope: str) -> frozenset[str]:
    """Return every scope up to this one."""
    if scope not in RANKS:
        raise typer.BadParameter(f"--scope is {', '.join(RANKS)}, niet {scope[:40]!r}")
    return frozenset(one for one, rank in RANKS.items() if rank <= RANKS[scope])


def _doc(one: HandedOut) -> dict[str, object]:
    return {
        "takenBy": one.taken_by,
        "door": one.door,
        "selection": one.selection,
        "size": one.size,
        "sha256": one.sha256.hex(),
        "bytes": one.bytes,
        "disclosed": one.disclosed,
        "at": _moment(one),
    }


def _moment(one: HandedOut) -> str:
    return "" if one.at is None else instant(one.at)


def _slug(text: str) -> str:
    try:
        return as_slug(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text[:80]!r} {error}") from error
