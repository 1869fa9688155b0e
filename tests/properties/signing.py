"""Signing in random lives: every id has one key, and whoever has to sign mostly does it well."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from ledger import policy, signatures
from ledger.domain import signing_keys
from ledger.domain.events.signing_keys import SigningKeyRegistered
from ledger.domain.values import Header, Refused, Signature
from ledger.recording import Act
from ledger.signatures import Statement
from tests.properties.world import NOTHING, World


@cache
def key_of(name: str) -> Ed25519PrivateKey:
    """Return the key that goes by an id, the same in every process."""
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


def registration(world: World) -> dict[str, object]:
    """Register a key under an id that is free, of a partner and half the time of a person."""
    name = f"sleutel-{world.state.size}"
    person = {"person": world.person()} if world.chance(50) else {}
    public = signatures.public_text(key_of(name))
    starts = world.date(least=-30, most=2)
    return {"signingKey": name, "publicKey": public, "validFrom": starts, **person}


def signed(world: World, act: Act, header: Header) -> Act:
    """Sign an act where it has to be, and now and then where it need not."""
    if not _has_to(world, act, header) and not world.chance(3):
        return act
    name = _key(world, act, header)
    act = replace(act, act=act.act or f"getekend-{world.state.size}", on=act.on or world.now)
    said = act if world.chance(97) else replace(act, by=f"{act.by}x")
    statement = Statement(
        act=said.act, body=said.event, by=said.by, chain=world.state.name, on=said.on
    )
    try:
        value = signatures.sign(key_of(name), statement)
    except Refused:
        return act
    return replace(act, signature=Signature(key=name, value=value))


def _has_to(world: World, act: Act, header: Header) -> bool:
    try:
        signing_keys.unsigned(world.state, act.event, header)
    except Refused:
        return True
    return False


def _key(world: World, act: Act, header: Header) -> str:
    """Take a key that could do, where there is one."""
    if isinstance(act.event, SigningKeyRegistered):
        return act.event.signing_key or NOTHING
    keys = world.state.signing_keys.all
    partners = policy.acts_for(world.state, act.event, header)
    good = [
        name
        for name in sorted(keys)
        if signing_keys.counts(world.state, name, header.at[:10])
        and (
            keys[name].person == act.by
            if keys[name].person
            else keys[name].organisation in partners
        )
    ]
    return world.one(good) if good else world.name("signing_key")
