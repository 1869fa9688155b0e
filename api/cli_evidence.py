"""Commands about what others can know of a chain: how its signing and its witnesses are doing.

    ketenledger integrity CHAIN          ask the witnesses now; may the log be signed on?
    ketenledger receipt CHAIN POSITION   how far a record is

Whoever can run these has the database itself in hand.
"""

from __future__ import annotations

from typing import Annotated, Final

import typer

from api import cli_output
from api.parameters import as_slug
from api.receipts import Evidence, RecordReceipt
from api.settings import from_environment
from api.signing import log_keys
from api.witnesses import ChainWitnesses, Witnessing
from api.workplace import Workplace, opened
from ledger.domain.values import NotFound
from ledger.log import canonical

BROKEN: Final = 2
"""The exit code where a witness knows more of the log than we do, or another log."""

Chain = Annotated[str, typer.Argument(help="Het kenmerk van de keten.")]
Json = Annotated[bool, typer.Option("--json", help="Antwoord als JSON.")]

STAGES: Final = {
    "committed": "vastgelegd",
    "signed": "vastgelegd en getekend",
    "witnessed": "vastgelegd, getekend en door genoeg getuigen gezien",
    "anchored": "vastgelegd, getekend, gezien en van een tijdstempel voorzien",
}
STANDINGS: Final = {
    "unknown": "nog niets gehoord",
    "sound": "kent ons log",
    "ahead": "kent een groter log",
    "different": "kent een ander log",
}


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("integrity")(integrity)
    app.command("receipt")(receipt)


def integrity(chain: Chain, json: Json = False) -> None:
    """Vraag de getuigen wat zij van een keten weten, en of zij verder getekend mag worden."""
    settings = from_environment()
    with opened(settings) as work:
        _founded(work, chain)
        witnessing = Witnessing(work.store, log_keys(settings), work.ledger)
        refused = witnessing.feeder.gate(chain)
        found = witnessing.of_chain(chain)
    if json:
        cli_output.as_json({"chain": chain, "refused": refused, "witnesses": found})
    else:
        _tell(chain, found, refused)
    if refused is not None:
        raise typer.Exit(BROKEN)


def receipt(
    chain: Chain,
    position: Annotated[int, typer.Argument(min=0, help="De positie van de gebeurtenis.")],
    json: Json = False,
) -> None:
    """Toon hoe ver een gebeurtenis is: vastgelegd, getekend, gezien door k van n getuigen."""
    settings = from_environment()
    with opened(settings) as work:
        _founded(work, chain)
        rows = work.store.read(chain, start=position, limit=1)
        if not rows:
            raise NotFound(f"Keten {chain} heeft geen gebeurtenis {position}.")
        witnessing = Witnessing(work.store, log_keys(settings), work.ledger)
        leaf = canonical.leaf_hash(rows[0].data)
        found = Evidence(work.store, witnessing).receipt(chain, position, leaf)
    if json:
        cli_output.as_json(found)
    else:
        _tell_receipt(found)


def _founded(work: Workplace, chain: str) -> None:
    try:
        as_slug(chain)
    except ValueError as error:
        raise typer.BadParameter(f"{chain[:80]!r} {error}") from error
    work.ledger.state(chain)


def _tell(chain: str, found: ChainWitnesses, refused: str | None) -> None:
    rows = [
        (one.witness, STANDINGS[one.standing], one.size, one.cosigned, one.problem)
        for one in found.witnesses
    ]
    if rows:
        columns = ("getuige", "stand", "kent tot", "ondertekende tot", "moeilijkheid")
        cli_output.table(f"De getuigen van keten {chain}", columns, rows)
    else:
        cli_output.say(f"Keten {chain} heeft geen getuigen.")
    cli_output.say(
        f"Getekend tot {found.signed} gebeurtenissen, gepubliceerd tot {found.published}; "
        f"nodig zijn {found.needed} van de {len(rows)} getuigen."
    )
    if refused is not None:
        cli_output.problem(f"Keten {chain} mag niet verder worden getekend: {refused}", BROKEN)


def _tell_receipt(found: RecordReceipt) -> None:
    cli_output.say(f"Gebeurtenis {found.position} van keten {found.chain}: {STAGES[found.state]}.")
    cli_output.say(f"bladhash: {found.leaf_hash}")
    if found.signed is not None:
        cli_output.say(f"getekend: in controlepunt {found.signed.size}, {found.signed.at}")
    seen = found.witnessed
    if seen.adopted:
        cli_output.say(
            f"gezien: door {seen.seen} van {seen.adopted} getuigen (nodig zijn {seen.needed})"
        )
    for one in seen.by:
        cli_output.say(f"  {one.witness}: in controlepunt {one.size}, {one.at}")
    if found.anchored is not None:
        anchored = found.anchored
        cli_output.say(f"tijdstempel: {anchored.at} door {anchored.authority}")
