"""The witnesses of the demonstration: one for each owner, with a key and a memory of its own.

They are what `ketenledger witness` runs at a partner, here in threads of the demonstration itself,
so that nothing is left running when it stops. Keys and memories stay in the data folder; where they
listen stands in the policy that the chain adopted the first time.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

import uvicorn
from msgspec import Struct

from api.demo_story_script import CHAIN, OWNERS
from api.settings import Settings
from api.signing import log_keys
from api.witness import create_app
from api.witnesses import Witnessing
from ledger.domain.events.evidence import Witness as Listed
from ledger.domain.values import NotFound
from ledger.ledger import Ledger
from ledger.log.feeder import newest_policy
from ledger.log.note_keys import Signer
from ledger.log.witness import Witness
from ledger.log.witness_key import make_witness_key, read_witness_key

FOLDER: Final = "witnesses"
KEY: Final = "witness.key"
STATE: Final = "state"
HOST: Final = "127.0.0.1"
STOP_SECONDS: Final = 10.0
SEEN_SECONDS: Final = 10.0
AGAIN_SECONDS: Final = 0.05


class Posts(Struct, frozen=True):
    """Where the witnesses listen, by name; one whose port somebody else has is not among them."""

    listeners: dict[str, socket.socket]
    listed: tuple[Listed, ...]
    absent: tuple[str, ...]


def key_of(settings: Settings, name: str) -> Signer:
    """Return the key of a witness, made the first time; raises KeyRefused."""
    path = settings.folder / FOLDER / name / KEY
    if path.exists():
        return read_witness_key(path)
    return make_witness_key(path, f"{name}.getuige.example")


@contextlib.contextmanager
def posted(settings: Settings, ledger: Ledger) -> Iterator[Posts]:
    """Take the ports: those that the policy names, else the ones behind that of the server."""
    before = _adopted(ledger)
    with contextlib.ExitStack() as stack:
        listeners: dict[str, socket.socket] = {}
        listed: list[Listed] = []
        for number, name in enumerate(OWNERS, start=1):
            wanted = before[name].url if name in before else ""
            listener = _listening(wanted, settings.port + number)
            if listener is not None:
                listeners[name] = stack.enter_context(listener)
            listed.append(before.get(name) or _listed(settings, name, listener))
        yield Posts(listeners, tuple(listed), tuple(set(OWNERS) - set(listeners)))


@contextlib.contextmanager
def serving(settings: Settings, posts: Posts) -> Iterator[None]:
    """Run the witnesses on these ports until the end of the block."""
    logs = {CHAIN: log_keys(settings).key(CHAIN)}
    followed = {key.origin: key.verifiers for key in logs.values()}
    with contextlib.ExitStack() as stack:
        for name, listener in posts.listeners.items():
            state = settings.folder / FOLDER / name / STATE
            witness = Witness(state, key_of(settings, name), followed)
            stack.enter_context(_served(witness, listener, name))
        yield


def seen(witnessing: Witnessing, position: int) -> str:
    """Return in a line how many witnesses saw a record, having waited for them a few seconds."""
    policy = newest_policy(witnessing.policies(CHAIN))
    until = time.monotonic() + SEEN_SECONDS
    while len(found := witnessing.published.seen(CHAIN, position)) < len(policy.witnesses):
        if time.monotonic() > until:
            break
        time.sleep(AGAIN_SECONDS)
    names = ", ".join(one.witness.name for one in found)
    count = f"{len(found)} van de {len(policy.witnesses)} getuigen"
    return f"Het log is getekend, en gezien door {count}{names and f': {names}'}."


@contextlib.contextmanager
def _served(witness: Witness, listener: socket.socket, name: str) -> Iterator[None]:
    app = create_app(witness)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name=f"witness-{name}", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(STOP_SECONDS)


def _adopted(ledger: Ledger) -> Mapping[str, Listed]:
    """Return the witnesses that the chain adopted before, by name."""
    try:
        policies = ledger.state(CHAIN).evidence.policies
    except NotFound:
        return {}
    return {one.name: one for one in policies[-1].witnesses} if policies else {}


def _listening(url: str, port: int) -> socket.socket | None:
    """Take the port of an address; without one the port given, or any where that is taken."""
    known = urlsplit(url).port if url else None
    for wanted in [known] if known else [port, 0]:
        with contextlib.suppress(OSError, OverflowError):
            return socket.create_server((HOST, wanted))
    return None


def _listed(settings: Settings, name: str, listener: socket.socket | None) -> Listed:
    if listener is None:
        raise OSError(f"no port for witness {name}")
    key = str(key_of(settings, name).verifier)
    url = f"http://{HOST}:{listener.getsockname()[1]}"
    return Listed(organisation=name, name=name, verifier_key=key, url=url)
