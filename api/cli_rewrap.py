"""The command that wraps the keys of persons anew, when a partner's own key changes.

    ketenledger key rewrap CHAIN                          after somebody changed partner
    ketenledger key rewrap CHAIN --rotate bd              bd gets a new key first
    ketenledger key rewrap CHAIN --rotate bd --destroy    and the old ones are destroyed afterwards

What was wrapped with a key that is destroyed is gone, also in backups: make a new backup then. And
let no server record meanwhile, which might just be using the old key.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from api import cli_output
from api.settings import from_environment
from api.workplace import opened, provider
from ledger.domain.values import NotFound
from ledger.key_owners import owner_of
from ledger.key_provider import Owner
from ledger.log.database import rewrite

Chain = Annotated[str, typer.Argument(help="Het kenmerk van de keten.")]


def add_to(keys_app: typer.Typer) -> None:
    """Add this command to those of keys."""
    keys_app.command("rewrap")(rewrap)


def rewrap(
    chain: Chain,
    rotate: Annotated[str, typer.Option(help="Geef deze partner eerst een nieuwe sleutel.")] = "",
    destroy: Annotated[
        bool, typer.Option("--destroy", help="Vernietig daarna de oude sleutels van die partner.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Antwoord als JSON.")] = False,
) -> None:
    """Versleutel de sleutels van personen opnieuw, met de sleutel van de partner van nu."""
    if destroy and not rotate:
        raise typer.BadParameter("--destroy hoort bij --rotate PARTNER")
    settings = from_environment()
    keys, owner = provider(settings), Owner(chain, rotate)
    with opened(settings) as work:
        state = work.ledger.state(chain)
        if rotate and not state.chains.partner_on(rotate, state.at[:10]):
            raise NotFound(f"{rotate} is geen partner van keten {chain}.")
        version = keys.rotate(owner) if rotate else ""
        count = work.vault.rewrap(chain, partial(owner_of, state))
        hindered = rewrite(work.conninfo, "subject_keys")
        if destroy:
            keys.destroy(owner, version)
    if json:
        cli_output.as_json({"chain": chain, "rewrapped": count, "version": version})
        return
    cli_output.say(f"{count} sleutels van personen in keten {chain} opnieuw versleuteld.")
    if hindered:
        cli_output.say(f"De tabel van sleutels is niet herschreven: {hindered}.")
    if destroy:
        cli_output.say(
            f"De oude sleutels van {rotate} zijn vernietigd. Een back-up van eerder opent geen "
            "namen meer van wie voor deze partner optrad: maak nu een nieuwe."
        )
