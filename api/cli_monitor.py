"""The command of a monitor: a partner checks, from outside and by himself, what a log shows.

    ketenledger monitor URL --state FILE        from cron, as often as one likes

    exit 0   all is well; with --quiet nothing is printed
    exit 2   the log broke: it is not what it signed or showed before, or a rule was broken
    exit 3   it cannot be told: the log cannot be reached or read, or the state not be used
    exit 64  the command was not written as it should be

It needs no database and no key, only this program and a folder. What must be told although all is
well, such as a key that was taken over, goes to standard error once, also with --quiet.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from api import cli_output
from ledger.log.mirror import Mirror, MirrorDamaged
from ledger.log.monitor import (
    CannotTell,
    Followed,
    LogBroken,
    Round,
    follow,
    remember_replay,
)
from ledger.log.monitor_keys import stranger_said
from ledger.log.monitor_state import Kept, Replayed
from ledger.log.note import BadNote
from ledger.log.note_keys import BadKey, Verifier, read_verifier
from ledger.log.policy import MAX_POLICY_BYTES, BadPolicy, Policy, parse
from ledger.log.remote import AddressRefused, LogUnreachable, RemoteLog, open_log
from ledger.mirror_audit import audit_mirror

BROKEN, UNKNOWN = 2, 3
MAX_SECONDS: Final = 3000
"""How long a round takes at most by itself: less than an hour, the usual time between two."""

Url = Annotated[
    str,
    typer.Argument(help="Waar het log staat: een adres (…/log/keten), of de map van een kopie."),
]
StateFile = Annotated[
    Path, typer.Option("--state", help="Het bestand waarin staat wat hier eerder is gezien.")
]
Keys = Annotated[
    list[str] | None,
    typer.Option("--key", help="De sleutel van het log, langs een andere weg verkregen; herhaal."),
]
Copy = Annotated[
    Path | None, typer.Option("--mirror", help="De map van de eigen kopie; anders naast --state.")
]
PolicyFile = Annotated[
    Path | None, typer.Option("--policy", help="Welke getuigen moeten hebben meegetekend.")
]
NoRules = Annotated[
    bool, typer.Option("--no-rules", help="Speel de regels niet na; voor een log van iets anders.")
]
Again = Annotated[
    bool, typer.Option("--again", help="Haal alles opnieuw op, ook wat al is gecontroleerd.")
]
Token = Annotated[
    str,
    typer.Option(
        "--token",
        envvar="KETENLEDGER_TOKEN",
        help="Waarmee u mag lezen; als variabele staat het niet in de lijst van processen.",
    ),
]
Seconds = Annotated[
    int, typer.Option("--max-seconds", min=1, help="Zo lang duurt ophalen ten hoogste.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Zeg niets als alles goed is.")]
Json = Annotated[bool, typer.Option("--json", help="Antwoord als JSON.")]


def add_to(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(monitor)


def monitor(
    url: Url,
    state: StateFile,
    key: Keys = None,
    mirror: Copy = None,
    policy: PolicyFile = None,
    no_rules: NoRules = False,
    again: Again = False,
    token: Token = "",
    max_seconds: Seconds = MAX_SECONDS,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Kijk mee: reken een log na en houd het naast wat het eerder toonde; 2 als het niet klopt."""
    wanted = _policy(policy)
    given = (*map(_verifier, key or ()), *(one.verifier for one in wanted.logs))
    kept = Kept(state)
    work = Round(
        log=_log(url, token),
        kept=kept,
        mirror=Mirror(mirror or kept.beside("mirror")),
        given=given,
        again=again,
        until=time.monotonic() + max_seconds,
        now=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    told: dict[str, Any] = {"outcome": "unknown", "log": url}
    try:
        with kept.locked():
            code = _round(work, wanted, told, rules=not no_rules)
    except LogBroken as broken:
        code = _broken(told, broken.kind, str(broken), broken.position)
        told["break"]["evidence"] = broken.evidence
    except (LogUnreachable, CannotTell, MirrorDamaged) as error:
        code, told["sentence"] = UNKNOWN, str(error)
    _tell(told, code, quiet=quiet, json=json)
    if code:
        raise typer.Exit(code)


def _round(work: Round, policy: Policy, told: dict[str, Any], *, rules: bool) -> int:
    """Follow the log, hold it against the policy, replay the rules; return the exit code."""
    followed = follow(work)
    head = followed.seen.head
    told.update(
        origin=head.origin,
        size=head.size,
        before=followed.before,
        root=head.root.hex(),
        keys=[one.key for one in followed.seen.state.keys if not one.retired],
        notices=list(followed.notices),
        strangers=list(followed.strangers),
    )
    code = _replayed(work, followed, told) if rules else 0
    if code == 0 and policy.witnesses:
        code = _witnessed(policy, followed, told)
    if code == 0:
        told["outcome"] = "sound"
    return code


def _replayed(work: Round, followed: Followed, told: dict[str, Any]) -> int:
    """Replay the rules where there is something new under them, or they are new themselves."""
    seen = followed.seen
    ours = version("ketenledger")
    last = seen.state.replayed
    standing = (seen.head.size, ours)
    if last is not None and last.sound and (last.size, last.version) == standing and not work.again:
        if last.pending:
            what = (
                "De gevolgen van de laatste handeling staan nog altijd niet in het getekende log."
            )
            return _broken(told, "missing-consequence", what, seen.head.size)
        told["replayed"] = seen.head.size
        return 0
    replay = audit_mirror(work.mirror, seen.head)
    told["replayed"] = replay.findings.records
    done = Replayed(size=seen.head.size, version=ours, sound=replay.sound, pending=replay.pending)
    named = replay.log_keys if replay.sound else ()
    _announced(told, remember_replay(work.kept, followed, done, named))
    if replay.sound:
        told["pending"] = replay.pending
        return 0
    first = replay.findings.breaks[0]
    told["breaks"] = len(replay.findings.breaks)
    return _broken(told, first.kind, first.sentence, first.position, rule=first.rule)


def _announced(told: dict[str, Any], keys: Sequence[Verifier]) -> None:
    """Tell of keys that the chain itself announced; they are no strangers any more."""
    for key in keys:
        told["keys"].append(str(key))
        told["notices"].append(f"De keten kondigde een sleutel aan, die voortaan geldt: {key}.")
    found = {key.key_id.hex() for key in keys}
    told["strangers"] = [one for one in told["strangers"] if one not in found]


def _witnessed(policy: Policy, followed: Followed, told: dict[str, Any]) -> int:
    try:
        judged = policy.judge(followed.note)
    except BadNote as error:
        return _broken(told, "quorum", f"De medeondertekening klopt niet: {error}")
    names = [one.witness.name for one in judged.witnessed]
    told["witnessed"] = names
    if judged.met:
        return 0
    what = f"Meegetekend hebben {', '.join(names) or 'geen getuigen'}; het beleid vraagt er meer"
    return _broken(told, "quorum", f"{what} (ten minste {policy.needed}), of een ander log.")


def _broken(
    told: dict[str, Any], kind: str, sentence: str, position: int | None = None, *, rule: str = ""
) -> int:
    told["outcome"] = "broken"
    told["sentence"] = sentence
    told["break"] = {"kind": kind, "position": position, "rule": rule}
    return BROKEN


def _tell(told: dict[str, Any], code: int, *, quiet: bool, json: bool) -> None:
    for notice in (*told.get("notices", ()), *map(stranger_said, told.get("strangers", ()))):
        cli_output.problem(notice, 0)
    if json:
        if code or not quiet:
            cli_output.as_json(told)
        return
    if code == BROKEN:
        found = told["break"]
        rule = f", regel {found['rule']}" if found["rule"] else ""
        cli_output.problem(f"BREUK ({found['kind']}{rule}) in {told['log']}: {told['sentence']}", 0)
        if found.get("evidence"):
            cli_output.problem(f"Wat het log toonde is bewaard in {found['evidence']}.", 0)
    elif code == UNKNOWN:
        cli_output.problem(f"Niet te zeggen: {told['sentence']}", 0)
    elif not quiet:
        cli_output.say(_sound(told))


def _sound(told: dict[str, Any]) -> str:
    """Say what was found to be well, and no more than that."""
    new = told["size"] - told["before"]
    past = (
        "eerste keer gezien"
        if not told["before"]
        else "het bouwt voort op wat hier eerder is gezien"
    )
    said = [
        f"Log {told['origin']} is getekend tot en met {told['size']} vastleggingen, {new} nieuw",
        past,
    ]
    if "replayed" in told:
        said.append("alles volgens de regels")
    if "witnessed" in told:
        said.append(f"meegetekend door {', '.join(told['witnessed'])}")
    return f"{'; '.join(said)}."


# What the command was given


def _log(url: str, token: str) -> RemoteLog:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        return open_log(url, headers=headers)
    except AddressRefused as error:
        raise typer.BadParameter(str(error)) from error


def _verifier(text: str) -> Verifier:
    try:
        verifier = read_verifier(text.strip())
    except BadKey as error:
        raise typer.BadParameter(f"--key: {error}") from error
    if verifier.cosigns:
        raise typer.BadParameter(f"--key: de sleutel van {verifier.name} is die van een getuige.")
    return verifier


def _policy(path: Path | None) -> Policy:
    if path is None:
        return Policy()
    try:
        with path.open("rb") as file:
            return parse(file.read(MAX_POLICY_BYTES + 1))
    except OSError as error:
        raise typer.BadParameter(
            f"--policy: {path} is niet te lezen ({error.strerror})."
        ) from error
    except (BadPolicy, BadKey) as error:
        raise typer.BadParameter(f"--policy: {error}") from error
