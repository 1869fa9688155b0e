"""The command line `ketenledger`: every command, how it ends, and how it says what went wrong.

    exit 0   done
    exit 1   refused by a rule, or not found
    exit 2   an audit, check or monitor found a break, a copy of the log differs from it, or a
             witness knows better
    exit 3   the database, a key or another file cannot be used, or a monitor cannot tell
    exit 64  the command was not written as it should be

Every command takes `--json` for one JSON document (or JSON lines) on standard output; the servers
(`serve`, `demo`, `witness serve`) log JSON lines as it is, and `generate` writes them. Progress and
problems go to standard error.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, cast

import typer

from api import (
    cli_anchor,
    cli_bundle,
    cli_evidence,
    cli_key,
    cli_monitor,
    cli_person,
    cli_read,
    cli_record,
    cli_rewrap,
    cli_serve,
    cli_service_key,
    cli_sign,
    cli_token,
    cli_verify,
    cli_witness,
    settings,
)
from api.cli_output import as_json, problem
from api.cli_usage import help_in_dutch, in_dutch, of_system
from api.issuer import IssuerUnavailable
from ledger import reference
from ledger.domain.values import NotFound, Refused
from ledger.embedded import EmbeddedError
from ledger.erasure_list import ListRefused
from ledger.ledger import BrokenLog, Overloaded
from ledger.log import log_key
from ledger.log.anchoring import AnchorRefused
from ledger.log.bundle import CannotBundle
from ledger.log.database_roles import RoleRefused
from ledger.log.export import CopyDiffers
from ledger.log.feeder import PolicyUnknown
from ledger.log.store import MigrationRefused, StoreUnavailable
from ledger.log.tree import TreeDamaged
from ledger.vault import KeyRefused, KeysUnavailable
from projections.progress import ReadModelsDiffer

REFUSED, BROKEN, UNAVAILABLE, USAGE = 1, 2, 3, 64
NOT_NOW = (
    StoreUnavailable,
    EmbeddedError,
    MigrationRefused,
    RoleRefused,
    Overloaded,
    PolicyUnknown,
    KeyRefused,
    KeysUnavailable,
    ListRefused,
    log_key.KeyRefused,
    ReadModelsDiffer,
    cli_verify.NotUsable,
    AnchorRefused,
    cli_sign.ServerUnavailable,
    IssuerUnavailable,
)
"""What keeps a command from working here and now, whatever was asked."""
USAGE_ERROR = cast("type[Exception]", typer.BadParameter.__bases__[0])
"""What every complaint of typer about the command itself is; it has no public name for it."""

app = typer.Typer(
    name="ketenledger",
    help="Ketenledger: het geheugen van een keten, dat niemand stil kan veranderen.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli_serve.add_to(app)
cli_record.add_to(app)
cli_read.add_to(app)
cli_key.add_to(app)
cli_sign.add_to(app)
cli_witness.add_to(app)
cli_bundle.add_to(app)
cli_verify.add_to(app)
cli_monitor.add_to(app)
cli_anchor.add_to(app)
cli_evidence.add_to(app)
cli_person.add_to(app)
cli_rewrap.add_to(cli_key.keys_app)
cli_token.add_to(app)
cli_service_key.add_to(app)


@app.command()
def docs(
    folder: Annotated[Path, typer.Argument(help="De map voor de pagina's.")],
    json: Annotated[bool, typer.Option("--json", help="Antwoord als JSON.")] = False,
) -> None:
    """Schrijf docs/events.md en docs/rules.md uit de code zelf."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "events.md").write_text(reference.events_page(), encoding="utf-8")
    (folder / "rules.md").write_text(reference.rules_page(), encoding="utf-8")
    if json:
        as_json({"written": ["events.md", "rules.md"]})


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; errors become one line on standard error."""
    command = typer.main.get_command(app)
    help_in_dutch(command)
    try:
        ended = command.main(arguments, prog_name="ketenledger", standalone_mode=False)
    except USAGE_ERROR as error:
        # Where nothing was asked, the help has been shown and there is no more to say.
        return problem(in_dutch(error), USAGE) if str(error) else USAGE
    except typer.Abort:
        return 130
    except Refused as refusal:
        return problem(f"Geweigerd door regel {refusal.rule}: {refusal.reason}.", REFUSED)
    except (NotFound, CannotBundle) as error:
        return problem(str(error), REFUSED)
    except (BrokenLog, CopyDiffers, TreeDamaged) as error:
        return problem(str(error), BROKEN)
    except NOT_NOW as error:
        return problem(str(error), UNAVAILABLE)
    except settings.SettingsRefused as error:
        return problem(str(error), USAGE)
    except OSError as error:
        return problem(of_system(error), UNAVAILABLE)
    return ended if isinstance(ended, int) else 0


if __name__ == "__main__":
    main()
