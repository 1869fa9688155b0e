"""A good bundle of each kind, ways to tamper with it, and what the verifier says of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.verify import NotProven, Report, verify
from tests.log import bundle_maker as maker
from tests.log.bundle_maker import LOG, NAMED, Log, Members, Signer, canonical, chain_of

Tamper = Callable[[Members], object]
SIZE = 7
GOOD = Log(chain_of(SIZE).records, signers=[LOG])
STRANGER = Signer(LOG.name, seed=bytes(32))
RANGE = maker.entries_name(0, SIZE)
NOTE = GOOD.note()
TEXT = NOTE.partition(b"\n\n")[0] + b"\n"


def some() -> Members:
    """A bundle of records 2 and 4, with the name that record 4 holds sealed."""
    told = {"disclosures/4.json": canonical({"name": NAMED})}
    return {**GOOD.selected([2, 4]), **told, **GOOD.since(3), "index.html": b"<p>"}


def whole() -> Members:
    """A bundle of the whole log."""
    return GOOD.spanned(0, SIZE)


def stretch() -> Members:
    """A bundle of records 1 to 5, of which 3 is withheld."""
    return GOOD.spanned(1, 6, [3])


def checked(folder: Path, members: Members, selection: dict, **given: object) -> Report:
    path = maker.write(folder / "bundle.zip", members, selection)
    wanted = {"keys": [LOG.vkey], "earlier": [], **given}
    return verify(str(path), **wanted)


def kind_of(folder: Path, members: Members, selection: dict, **given: object) -> str:
    with pytest.raises(NotProven) as broken:
        checked(folder, members, selection, **given)
    assert broken.value.sentence
    return broken.value.kind


def flip(name: str, place: int = -1, bit: int = 1) -> Tamper:
    def tamper(members: Members) -> None:
        data = bytearray(members[name])
        data[place] ^= bit
        members[name] = bytes(data)

    return tamper


def swap(name: str, old: bytes, new: bytes, count: int = -1) -> Tamper:
    def tamper(members: Members) -> None:
        assert old in members[name]
        members[name] = members[name].replace(old, new, count)

    return tamper


def put(**members: bytes) -> Tamper:
    return lambda all_members: all_members.update(members)


def set_to(name: str, data: bytes) -> Tamper:
    return lambda members: members.__setitem__(name, data)


def without(name: str) -> Tamper:
    return lambda members: members.pop(name)


def exchanged(one: str, other: str) -> Tamper:
    return lambda members: members.update({one: members[other], other: members[one]})
