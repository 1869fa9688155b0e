"""A signed log in a real database whose records the plain maker of bundles knows too."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ledger.log.bundle import Made, Outline, Rows, Selection, make
from ledger.log.log_key import LogKey
from ledger.log.note_keys import ED25519, Signer
from ledger.log.store import Row, Store
from ledger.verify import Report, verify
from tests.log import bundle_maker as maker
from tests.log.bundle_maker import CHAIN, LOG, NAMED, ORIGIN, Log, Members, record
from tests.log.signing import integrator_on

KEY = LogKey((Signer(ORIGIN, ED25519, LOG.seed),))
SEALED_EVERY, SEALED_AT = 5, 4


@dataclass
class Anybody:
    """A reader who may see all but what is hidden; every other sealed name is opened."""

    hidden: Collection[int] = ()
    opens: bool = True
    outline: Outline | None = None
    passed: list[int] = field(default_factory=list)

    def visible(self, positions: Sequence[int]) -> set[int]:
        return {one for one in positions if one not in self.hidden}

    def disclosures(self, rows: Rows) -> Mapping[int, Mapping[str, str]]:
        self.passed += [position for position, _ in rows]
        named = [one for one, _ in rows if self.opens and one % SEALED_EVERY == SEALED_AT]
        return {one: {"name": NAMED} if one % 2 else {} for one in named}

    def aids(self, outline: Outline) -> Iterator[tuple[str, bytes]]:
        self.outline = outline
        yield "LEESMIJ.txt", b"lees mij\n"


@contextmanager
def signed_log(database: str, size: int, *, steps: Sequence[int] = ()) -> Iterator[Store]:
    """Give a store with a log of this size, signed at each step and at the end."""
    with Store(database) as store:
        start = 0
        for end in (*steps, size):
            rows = [Row(CHAIN, n, "Proef.v1", record(n)) for n in range(start, end)]
            store.append(rows)
            assert integrator_on(store, key=KEY).integrate(CHAIN).size == end
            start = end
        yield store


def bundled(
    store: Store,
    selection: Selection,
    reader: Anybody | None = None,
    *,
    since: Sequence[int] = (),
) -> tuple[bytes, Made]:
    """Make a bundle; return its bytes and what the maker says of it."""
    file = io.BytesIO()
    made = make(
        store, CHAIN, file, selection=selection, reader=reader or Anybody(opens=False),
        policy=maker.policy([LOG], quorum="none"), since=since,
    )  # fmt: skip
    return file.getvalue(), made


def members_of(data: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def held(folder: Path, data: bytes, *earlier: bytes) -> Report:
    """Let the verifier hold a bundle against the key of the log."""
    path = folder / "bundle.zip"
    path.write_bytes(data)
    return verify(str(path), keys=[LOG.vkey], earlier=[*earlier])


def plain_log(size: int) -> Log:
    """The same log as the plain maker has it."""
    return Log([record(n) for n in range(size)], signers=[LOG])
