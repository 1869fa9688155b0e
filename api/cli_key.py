"""Commands about the signed log of a chain: its keys, and a copy of it as files.

    ketenledger key new CHAIN      the first key; from then on the chain is signed
    ketenledger key show CHAIN     the verifier keys, to hand to whoever checks
    ketenledger key rotate CHAIN   a new key that signs beside the old one
    ketenledger key retire CHAIN   an old key signs no more; what it signed still counts

A running server sees a key file that changes by itself. The record of a chain names its keys too:
its founding the one that is there then, an announcement every later one. Whoever makes a key is
told what to record.
"""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from api import cli_output
from api.log_policy import policy_of
from api.parameters import as_slug
from api.settings import Settings, from_environment
from api.signing import default_origin, log_keys
from api.witnesses import Witnessing
from api.workplace import Workplace, opened
from ledger.domain.events.evidence import LogKeyAnnounced
from ledger.domain.values import NotFound, instant
from ledger.ledger import BrokenLog
from ledger.log.anchor import Anchors
from ledger.log.export import Exported, export
from ledger.log.feeder import PolicyUnknown
from ledger.log.log_key import KeyFolder, LogKey
from ledger.log.merkle import NotInTree
from ledger.log.store import Store
from ledger.log.tree import Tree
from ledger.log.tree_tables import TreeTables

Chain = Annotated[str, typer.Argument(help="Het kenmerk van de keten.")]
Json = Annotated[bool, typer.Option("--json", help="Antwoord als JSON.")]

keys_app = typer.Typer(help="De sleutels waarmee het log van een keten wordt getekend.")


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(keys_app, name="key", no_args_is_help=True)
    app.command("export-log")(export_log)


@keys_app.command()
def new(
    chain: Chain,
    origin: Annotated[
        str, typer.Option(help="De naam van het log; zonder keuze: adres/log/keten.")
    ] = "",
    json: Json = False,
) -> None:
    """Maak de eerste sleutel van een keten; vanaf dan wordt zij getekend."""
    settings = from_environment()
    named = origin or default_origin(settings, _slug(chain))
    key = log_keys(settings).make(_slug(chain), named)
    _tell(chain, log_keys(settings), key, json=json)
    if not json:
        cli_output.say("De oprichting van de keten noemt deze sleutel vanzelf.")
        _tell_announcement(chain, key, "Bestaat de keten al, laat haar dan bekendmaken")


@keys_app.command()
def show(chain: Chain, json: Json = False) -> None:
    """Toon de sleutels waarmee anderen het log controleren; er is niets geheims bij."""
    keys = _keys_of(chain)
    _tell(chain, keys, keys.key(chain), json=json)


@keys_app.command()
def rotate(chain: Chain, json: Json = False) -> None:
    """Maak een nieuwe sleutel, die naast de oude tekent tot die is ingetrokken."""
    keys = _keys_of(chain)
    key = keys.rotate(chain)
    _tell(chain, keys, key, json=json)
    if not json:
        _tell_announcement(chain, key, "Maak de nieuwe sleutel bekend")


@keys_app.command()
def retire(
    chain: Chain,
    key_id: Annotated[str, typer.Argument(help="Het kenmerk van de sleutel, acht tekens.")],
    json: Json = False,
) -> None:
    """Laat een oude sleutel niet meer tekenen; wat ermee getekend is, blijft geldig."""
    keys = _keys_of(chain)
    _tell(chain, keys, keys.retire(chain, key_id), json=json)


def export_log(
    chain: Chain,
    folder: Annotated[Path, typer.Argument(help="De map van de kopie; een eerdere groeit aan.")],
    json: Json = False,
) -> None:
    """Schrijf het getekende log als bestanden: elke vastlegging, ongeacht wie haar mag lezen."""
    settings = from_environment()
    keys = log_keys(settings)
    also = {}
    if keys.path(_slug(chain)).exists():
        also["key"] = "".join(f"{key}\n" for key in keys.key(chain).verifiers).encode()
    with opened(settings) as work:
        also |= _time_stamps(work.store, chain)
        if "key" in also:
            also |= _policy(work, settings, chain, keys.key(chain))
        tree = _handed_out(work, keys, chain)
        try:
            done = export(tree, chain, folder, also=also)
        except NotInTree as error:
            raise NotFound(str(error)) from error
    _tell_export(chain, folder, done, json=json)


def _policy(work: Workplace, settings: Settings, chain: str, key: LogKey) -> dict[str, bytes]:
    """Return the policy as it is served; none of a chain whose record is broken."""
    try:
        return {"policy": str(policy_of(work.ledger, chain, key, settings)).encode()}
    except (NotFound, BrokenLog):
        return {}


def _time_stamps(store: Store, chain: str) -> dict[str, bytes]:
    """Return the time stamps of a chain, and what each of them stamps, by where they are served."""
    tables, files = TreeTables(store), {}
    for anchor in Anchors(store).all(chain):
        files[f"timestamps/{anchor.file}"] = anchor.token
        if (checkpoint := tables.checkpoint(chain, anchor.size)) is not None:
            files[f"timestamps/{anchor.size}.note"] = checkpoint.note.encode()
    return files


def _handed_out(work: Workplace, keys: KeyFolder, chain: str) -> Tree:
    """Return the tree up to what its witnesses saw; all that is signed where nobody can tell."""
    witnessing = Witnessing(work.store, keys, work.ledger)
    try:
        witnessing.policies(chain)
    except PolicyUnknown:
        # The record is broken: then a copy of all that was signed is wanted most.
        return Tree(work.store)
    return witnessing.tree


def _tell_export(chain: str, folder: Path, done: Exported, *, json: bool) -> None:
    if json:
        cli_output.as_json({"chain": chain, **done._asdict()})
        return
    cli_output.say(
        f"Het log van keten {chain} staat in {folder} tot en met {done.size} vastleggingen "
        f"(eerder {done.before}); {done.files} bestanden geschreven."
    )


def _keys_of(chain: str) -> KeyFolder:
    """Return the key folder, which has a key of this chain."""
    keys = log_keys(from_environment())
    if not keys.path(_slug(chain)).exists():
        raise NotFound(f"Keten {chain} heeft geen sleutel; maak er een met `ketenledger key new`.")
    return keys


def _tell(chain: str, keys: KeyFolder, key: LogKey, *, json: bool) -> None:
    signing = [str(one.verifier) for one in key.signers]
    retired = [str(one) for one in key.retired]
    if json:
        cli_output.as_json(
            {"chain": chain, "origin": key.origin, "signing": signing, "retired": retired}
        )
        return
    cli_output.say(f"Log {key.origin}; bewaar {keys.path(chain)} buiten de database.")
    for said, verifiers in (("tekent", signing), ("ingetrokken", retired)):
        for verifier in verifiers:
            cli_output.say(f"{said}: {verifier}")


def _tell_announcement(chain: str, key: LogKey, introduced: str) -> None:
    """Say what to record, so that the record of the chain itself names the newest key."""
    announced = LogKeyAnnounced(
        log_key=str(key.signers[0].verifier),
        effective_on=instant(datetime.now(UTC))[:10],
        reason="Nieuwe sleutel voor het log.",
    )
    line = msgspec.json.encode({"body": announced}).decode()
    cli_output.say(f"{introduced} (PERSOON is de ketenmanager of iemand van het ketenbureau):")
    cli_output.say(f"  echo {shlex.quote(line)} | ketenledger record {chain} - --by PERSOON")


def _slug(chain: str) -> str:
    try:
        return as_slug(chain)
    except ValueError as error:
        raise typer.BadParameter(f"{chain[:80]!r} {error}") from error
