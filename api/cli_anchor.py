"""Commands about time stamps over the checkpoints of a chain.

    ketenledger anchor new CHAIN     have the last checkpoint stamped now, if it is not yet
    ketenledger anchor show CHAIN    which time stamps there are, each verified anew

A server with an authority in its settings asks by itself, once an interval.
"""

from __future__ import annotations

from datetime import UTC
from typing import Annotated, Any, Final

import typer

from api import cli_output
from api.anchors import anchoring, trusted_stamps
from api.settings import Settings, SettingsRefused, from_environment
from api.workplace import opened
from ledger.domain.values import NotFound, instant
from ledger.log.anchor import Anchor, Anchors
from ledger.log.anchoring import fault_of
from ledger.log.merkle import NotInTree
from ledger.log.store import Store
from ledger.log.tree_tables import TreeTables

BROKEN: Final = 2
UNCHECKED: Final = "niet nagekeken: KETENLEDGER_TSA_CERTIFICATES is niet gezet"

Chain = Annotated[str, typer.Argument(help="Het kenmerk van de keten.")]
Json = Annotated[bool, typer.Option("--json", help="Antwoord als JSON.")]

anchor_app = typer.Typer(help="Tijdstempels van een ander over de controlepunten van een keten.")


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(anchor_app, name="anchor", no_args_is_help=True)


@anchor_app.command()
def new(chain: Chain, json: Json = False) -> None:
    """Laat het laatste controlepunt nu stempelen; een dat er al een heeft, houdt die."""
    settings = from_environment()
    with opened(settings) as work:
        asking = anchoring(work.store, settings)
        if asking is None:
            raise SettingsRefused("Er is geen tijdstempelautoriteit: zet KETENLEDGER_TSA_URL.")
        try:
            anchor = asking.anchor(chain)
        except NotInTree as error:
            raise NotFound(str(error)) from error
    if json:
        cli_output.as_json({"chain": chain, **_told(anchor)})
        return
    cli_output.say(
        f"Keten {chain} is tot en met {anchor.size} vastleggingen gestempeld: "
        f"{_told(anchor)['stampedAt']} volgens {anchor.authority}."
    )


@anchor_app.command()
def show(chain: Chain, json: Json = False) -> int:
    """Toon de tijdstempels van een keten, elk opnieuw nagekeken; 2 als er een niet deugt."""
    settings = from_environment()
    with opened(settings) as work:
        if TreeTables(work.store).checkpoint(chain) is None:
            raise NotFound(f"Keten {chain} heeft geen getekend log.")
        rows = _checked(work.store, settings, chain)
    if json:
        cli_output.as_json({"chain": chain, "timestamps": rows})
    else:
        cli_output.table(
            f"Tijdstempels van keten {chain}",
            ("omvang", "moment", "autoriteit", "oordeel"),
            [(one["size"], one["stampedAt"], one["authority"], _verdict(one)) for one in rows],
        )
    return BROKEN if any(one["sound"] is False for one in rows) else 0


def _checked(store: Store, settings: Settings, chain: str) -> list[dict[str, Any]]:
    tables = TreeTables(store)
    known = trusted_stamps(settings)
    rows = []
    for anchor in Anchors(store).all(chain):
        fault = None if known is None else fault_of(chain, anchor, tables, known)
        sound = None if known is None else fault is None
        rows.append({**_told(anchor), "sound": sound, "fault": fault})
    return rows


def _told(anchor: Anchor) -> dict[str, Any]:
    return {
        "size": anchor.size,
        "number": anchor.number,
        "authority": anchor.authority,
        "stampedAt": instant(anchor.stamped.astimezone(UTC)),
        "storedAt": instant(anchor.at.astimezone(UTC)),
    }


def _verdict(row: dict[str, Any]) -> str:
    if row["sound"] is None:
        return UNCHECKED
    return "klopt" if row["sound"] else f"klopt niet: {row['fault']}"
