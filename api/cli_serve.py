"""Commands that run the server: bring the tables up to date, serve, and show the demonstration."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from api import (
    cli_output,
    demo_chain,
    demo_tour,
    demo_witnesses,
    serving,
    settings,
    signing,
    workplace,
)
from api.anchors import trusted_stamps
from api.app import create_app
from api.checks import OUTCOMES, Checker
from api.demo_clock import StoryClock
from api.demo_story_script import CHAIN
from api.listening import listening
from api.settings import Settings
from api.settling import settle
from ledger.log.database_roles import admit, duties

Json = Annotated[bool, typer.Option("--json", help="Antwoord als JSON.")]
Host = Annotated[str | None, typer.Option(help="Het adres waarop de server luistert.")]
Port = Annotated[int | None, typer.Option(help="De poort waarop de server luistert.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("serve")(serve)
    app.command("migrate")(migrate)
    app.command("demo")(demo)


def migrate(
    server_role: Annotated[
        str, typer.Option(help="De databaserol waarmee de server inlogt, als die geen eigenaar is.")
    ] = "",
    json: Json = False,
) -> None:
    """Maak de tabellen en databaserollen of breng ze bij; herhalen mag."""
    with settings.database(settings.from_environment()) as conninfo:
        workplace.migrate(conninfo)
        if server_role:
            admit(conninfo, server_role)
        apart = duties(conninfo).apart
    if json:
        cli_output.as_json({"migrated": True, "rolesApart": apart})
        return
    cli_output.say("De tabellen zijn bij.")
    if not apart:
        cli_output.say(
            "Lezen, schrijven en wissen gebeurt door één databaserol: deze rol mag geen andere "
            "maken of aannemen."
        )


def serve(
    host: Host = None,
    port: Port = None,
    development: Annotated[
        bool | None, typer.Option("--development", help="De ontwikkelidentiteit, alleen hier.")
    ] = None,
) -> None:
    """Start de server; Ctrl-C of SIGTERM stopt hem netjes."""
    chosen = settings.from_environment(host=host, port=port, development=development)
    with listening(chosen.host, chosen.port) as listener, settings.database(chosen) as conninfo:
        workplace.prepare(conninfo)
        _run(create_app(chosen, conninfo), listener, chosen)


def demo(port: Port = None) -> None:
    """Leg de voorbeeldketen vast (één keer) en start de server om haar te bekijken."""
    chosen = settings.from_environment(host="127.0.0.1", port=port, development=True)
    with listening(chosen.host, chosen.port) as listener:
        signing.ensure_key(chosen, CHAIN)
        keys = signing.log_keys(chosen)
        with contextlib.ExitStack() as stack:
            clock = StoryClock()
            with workplace.opened(chosen, clock=clock) as work:
                posts = stack.enter_context(demo_witnesses.posted(chosen, work.ledger))
                summary = demo_chain.record_demo(work.ledger, keys, posts.listed, clock=clock)
                work.runner.catch_up(summary.chain)
            stack.enter_context(demo_witnesses.serving(chosen, posts))
            conninfo = stack.enter_context(settings.database(chosen))
            app = create_app(chosen, conninfo)
            _run(app, listener, chosen, greeting=lambda: _greeting(summary, chosen, app))


def _greeting(summary: demo_chain.Summary, chosen: Settings, app: FastAPI) -> str:
    """What a newcomer sees first: what there is, who watches it, and what to open."""
    lines = [
        "",
        f"Keten {summary.chain}: {summary.size} gebeurtenissen, "
        f"waarvan {summary.recorded} nu vastgelegd.",
        demo_witnesses.seen(app.state.witnessing, summary.size - 1),
        f"Nagerekend, byte voor byte: {_checked(chosen, app)}",
        "",
        "Een verzonnen verhaal, van 2006 tot en met 2014. De klok is daarvoor gezet: alles is",
        "vastgelegd op zijn dag in het verhaal, en alleen de getuigen vandaag.",
        "",
        f"Open {chosen.address}/ of begin met een vraag:",
        "",
    ]
    asked = demo_tour.tour(chosen.address)[: demo_tour.FIRST]
    lines += [f"  {question}\n    {url}" for question, url in asked]
    lines += [
        "",
        "In een tweede venster:",
        f"  .venv/bin/ketenledger who chain-manager {summary.chain} --on 2009-06-01",
        f"  .venv/bin/ketenledger audit {summary.chain}",
        f"  .venv/bin/ketenledger receipt {summary.chain} {summary.size - 1}",
        "",
        "Ctrl-C stopt alles.",
    ]
    return "\n".join(lines)


def _checked(chosen: Settings, app: FastAPI) -> str:
    """Check the demonstration as it is stored, as every night does; say what was found."""
    state = app.state
    keys, stamps = signing.log_keys(chosen), trusted_stamps(chosen)
    checker = Checker(state.duties.writing, state.writing, state.vault, keys, stamps)
    found: str = OUTCOMES[checker.check(CHAIN).outcome]
    return found[0].lower() + found[1:]


class _Server(uvicorn.Server):
    """A server that says something to people once it answers, and ends its streams to stop."""

    greeting: Callable[[], str] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        settle()
        if self.started and self.greeting is not None:
            cli_output.say(await asyncio.to_thread(self.greeting))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # A stream would otherwise be waited for until the time to stop is over.
        if isinstance(self.config.app, FastAPI):
            await asyncio.to_thread(self.config.app.state.live.stop)
        await super().shutdown(sockets)


def _run(
    app: FastAPI,
    listener: socket.socket,
    chosen: Settings,
    *,
    greeting: Callable[[], str] | None = None,
) -> None:
    server = _Server(serving.config(app, chosen))
    server.greeting = greeting
    # Ctrl-C is how a person stops a server, so it is a good end and no failure.
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
