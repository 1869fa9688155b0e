"""Receipts: what somebody who recorded an act gets back, the first time and every time after.

A receipt is made of records that are committed to disk, never before. Made from the stored records
it is the same as made at once: the act's own record, then those that follow with a cause, up to the
next record without one. What time made happen just ahead of the act is not part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from ledger import catalogue
from ledger.domain.values import Refused
from ledger.log import canonical
from ledger.log.store import Store
from ledger.recording import Act, Entry, Recorded, repeats

PAGE = 32
"""Most acts and their consequences fit in one page of this many records."""


class Consequence(Struct, frozen=True, kw_only=True, rename="camel"):
    """A record that the rules added: its event type, such as `DecisionAdopted.v1`, and position."""

    type: str
    position: int


class Receipt(Struct, frozen=True, kw_only=True, rename="camel"):
    """An act is recorded: where, with which leaf hashes, and what followed from it.

    `position` is the act's own record; `positions` and `leaf_hashes` (hexadecimal) count it and its
    consequences, in order. `created` is the id of the thing the act made, if it makes one.
    `repeated` tells that the act had been recorded before under the same key.
    """

    chain: str
    act: str
    position: int
    positions: tuple[int, ...]
    leaf_hashes: tuple[str, ...]
    consequences: tuple[Consequence, ...]
    at: str
    created: str = ""
    repeated: bool = False
    state: Literal["committed"] = "committed"


class Trial(Struct, frozen=True, kw_only=True):
    """What an act would come to if it were recorded now: its entries, or the refusal.

    `first` is the position the act itself would get; what time makes happen stands ahead of it.
    """

    entries: tuple[Entry, ...] = ()
    first: int = -1
    refusal: Refused | None = None
    texts: Mapping[str, str] = {}
    """By digest what this caller sealed, to show them their own words."""


def receipt_of(recorded: Recorded, *, repeated: bool = False) -> Receipt:
    """Return the receipt of an act that was recorded just now."""
    ahead = recorded.first - recorded.entries[0].header.position
    return _receipt(recorded.entries[ahead:], repeated=repeated)


def consequences_of(entries: Sequence[Entry]) -> tuple[Consequence, ...]:
    """Return the type and position of each of these records."""
    return tuple(
        [
            Consequence(type=catalogue.type_name(type(one.event)), position=one.header.position)
            for one in entries
        ]
    )


def first_receipt(act: Act, entries: Iterable[Entry], *, offered: bytes) -> Receipt:
    """Return the receipt of the record at the head of these, where it is this very act.

    Raises Refused (G6) where its key was used for another act. `offered` are the bytes this caller
    tried to store: found again, they are no repeat but the outcome of that try.
    """
    own = tuple(_of_one_act(entries))
    head = own[0]
    if not repeats(act, catalogue.Record(body=head.event, header=head.header)):
        position = head.header.position
        raise Refused("G6", f"{act.act} hoort bij een andere handeling (gebeurtenis {position})")
    return _receipt(own, repeated=head.data != offered)


def stored_entries(store: Store, chain: str, start: int) -> Iterator[Entry]:
    """Yield the stored records of a chain from a position on, read page by page as asked for."""
    for row in store.tail(chain, start, PAGE):
        record = catalogue.decode(row.data)
        yield Entry(record.body, record.header, row.data)


def _of_one_act(entries: Iterable[Entry]) -> Iterator[Entry]:
    for number, entry in enumerate(entries):
        if number and entry.header.cause is None:
            return
        yield entry


def _receipt(entries: Sequence[Entry], *, repeated: bool) -> Receipt:
    head, followed = entries[0], entries[1:]
    field, header = head.event.CREATES, head.header
    return Receipt(
        chain=header.chain,
        act=header.act,
        position=header.position,
        positions=tuple([entry.header.position for entry in entries]),
        leaf_hashes=tuple([canonical.leaf_hash(entry.data).hex() for entry in entries]),
        consequences=consequences_of(followed) if followed else (),
        at=header.at,
        created=str(getattr(head.event, field)) if field else "",
        repeated=repeated,
    )
