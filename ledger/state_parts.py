"""A chain's state as bytes and back, part by part: what a snapshot is made of.

    chain                         what the chain itself knows: its size, its last moment
    acts, decisions.all, …        the maps, some hundreds of entries a part
    decisions.taking_force, …     every other field of a capability

The maps of the states are written as ordinary maps. What is read is held against the types
of the states as strictly as a record is; nothing in it is ever run. Alarms are made again of what
waits, so the shape of their heap is nobody's business.

`FORMAT` is a digest of the code of the rules: a state that other rules made is never read.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache, reduce
from itertools import chain, groupby, islice
from operator import itemgetter, or_
from pathlib import Path
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct
from msgspec.structs import astuple
from rpds import HashTrieMap

from ledger import domain
from ledger.domain.acts import Acts
from ledger.domain.alarms import Alarms
from ledger.domain.chain import ChainState
from ledger.domain.maps import Map, map_of
from ledger.faults import FAULTS

ENTRIES: Final = 500
"""How many entries of a map stand in one part."""

HEAD: Final = ("name", "size", "at", "wakes")
OWN_MAPS: Final = ("acts", "sealed", "secrets")
"""The maps of a chain that belong to no capability."""

Made = Callable[[Any], Any]


def _digest_of_rules() -> str:
    files = sorted(Path(domain.__path__[0]).rglob("*.py"))
    whole = hashlib.sha256(b"".join(file.read_bytes() for file in files))
    return f"parts-1-{whole.hexdigest()[:32]}"


FORMAT: Final = _digest_of_rules()


class Damaged(ValueError):
    """Parts that are no state of these rules."""


def parts(state: ChainState) -> Iterator[bytes]:
    """Yield a state in parts, each small enough that nobody waits for its making."""
    yield _part("chain", {name: getattr(state, name) for name in HEAD})
    for name, hint in _fields():
        value = _at(state, name)
        if name in _MAPS:
            entries = iter((value.moments if hint is Alarms else value).items())
            while some := list(islice(entries, ENTRIES)):
                yield _part(name, some)
        else:
            yield _part(name, value)


def restored(found: Iterable[bytes]) -> ChainState:
    """Return the state that these parts hold, each used as it comes. Raises Damaged."""
    values: dict[str, Any] = {}
    try:
        for name, group in groupby(map(_PART.decode, found), key=itemgetter(0)):
            if name in values:
                raise Damaged(f"{name} staat er op twee plaatsen")
            values[name] = _value(name, (value for _, value in group))
        return _whole(values)
    except FAULTS as error:
        raise Damaged(f"geen toestand van een keten ({error})") from error


def _value(name: str, values: Iterator[msgspec.Raw]) -> Any:
    """Return what stands under a name: a map of many parts, or what one part holds."""
    if name == "chain":
        [value] = values
        return msgspec.msgpack.decode(value, type=dict[str, str | int])
    hint, reader = dict(_fields())[name], _reader(name)
    if name not in _MAPS:
        [value] = values
        make = _maker(hint)
        return make(reader.decode(value)) if make else reader.decode(value)
    entries = chain.from_iterable(map(reader.decode, values))
    if hint in _MADE:
        return _MADE[hint](entries)
    make = _maker(get_args(hint)[1])
    return map_of(((key, make(value)) for key, value in entries) if make else entries)


def _whole(values: dict[str, Any]) -> ChainState:
    capabilities: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, hint in _fields():
        if name in _MAPS and name not in values:
            values[name] = hint() if hint in _MADE else _EMPTY
        capability, _, field = name.partition(".")
        capabilities[capability][field] = values[name]
    own_maps = {name: capabilities.pop(name)[""] for name in OWN_MAPS}
    kinds = _hints(ChainState)
    own = {name: kinds[name](**fields) for name, fields in capabilities.items()}
    head = values["chain"]
    return ChainState(**{name: head[name] for name in HEAD}, **own_maps, **own)


_PART: Final = msgspec.msgpack.Decoder(tuple[str, msgspec.Raw])


def _part(name: str, value: object) -> bytes:
    return msgspec.msgpack.encode((name, value), enc_hook=_plain_map)


def _plain_map(value: object) -> object:
    if isinstance(value, HashTrieMap):
        return dict(value.items())
    raise TypeError(f"a state holds no {type(value).__name__}")


@cache
def _fields() -> tuple[tuple[str, Any], ...]:
    """Return the name and type of every part but the head: OWN_MAPS, and capability.field."""
    found: list[tuple[str, Any]] = []
    for name, hint in _hints(ChainState).items():
        if name in OWN_MAPS:
            found.append((name, hint))
        elif name not in HEAD:
            found += [(f"{name}.{field}", inner) for field, inner in _hints(hint).items()]
    return tuple(found)


def _at(state: ChainState, name: str) -> Any:
    capability, _, field = name.partition(".")
    own = getattr(state, capability)
    return getattr(own, field) if field else own


@cache
def _hints(kind: type) -> dict[str, Any]:
    """Return the types of a Struct's fields, in the order in which they stand."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in msgspec.structs.fields(_without_maps(kind))}


def _without_maps(kind: type) -> type:
    """msgspec tells a Struct's fields only where it can read all their types; names suffice."""
    return msgspec.defstruct(kind.__name__, list(kind.__struct_fields__))  # type: ignore[attr-defined]  # every Struct has them


@cache
def _reader(name: str) -> msgspec.msgpack.Decoder[Any]:
    hint = dict(_fields())[name]
    hint = _HELD_AS.get(hint, hint)
    if get_origin(hint) is Map:
        key, value = get_args(hint)
        return msgspec.msgpack.Decoder(list[tuple[_plain(key), _plain(value)]])  # type: ignore[misc]  # made while running
    return msgspec.msgpack.Decoder(_plain(hint))


@cache
def _plain(hint: Any) -> Any:
    """Return the type to read for a type of the states: the same, with ordinary maps."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Map:
        return dict[_plain(args[0]), _plain(args[1])]  # type: ignore[misc]  # made while running
    if origin in (Union, UnionType):
        return reduce(or_, map(_plain, args))
    if _maker(hint) is None:
        return hint
    fields = [(name, _plain(inner)) for name, inner in _hints(hint).items()]
    return msgspec.defstruct(hint.__name__, fields, forbid_unknown_fields=True)


@cache
def _maker(hint: Any) -> Made | None:
    """Return what makes a value of the states of what was read; None where it is one already."""
    origin, args = get_origin(hint), get_args(hint)
    if hint is Alarms:
        return Alarms.waiting
    if origin is Map:
        return _map_maker(_maker(args[1]))
    if origin in (Union, UnionType):
        makers = [make for make in map(_maker, args) if make is not None]
        return _unless_none(makers[0]) if makers else None
    if isinstance(hint, type) and issubclass(hint, Struct):
        return _struct_maker(hint)
    return None


_EMPTY: Final[Map[Any, Any]] = Map()


def _map_maker(make: Made | None) -> Made:
    if make is None:
        return lambda read: map_of(read.items()) if read else _EMPTY
    return lambda read: map_of((key, make(value)) for key, value in read.items())


def _unless_none(make: Made) -> Made:
    return lambda value: None if value is None else make(value)


def _struct_maker(kind: type) -> Made | None:
    if not _own_state(kind):
        return None
    makers = {name: own for name, hint in _hints(kind).items() if (own := _maker(hint))}
    if not makers:
        return None
    names = tuple(_hints(kind))

    def make(read: Any) -> Any:
        values = dict(zip(names, astuple(read), strict=True))
        for name, made in makers.items():
            values[name] = made(values[name])
        return kind(**values)

    return make


def _own_state(kind: type) -> bool:
    """Whether a Struct belongs to the states; events and what stands in them hold no maps."""
    return ".events." not in kind.__module__


_HELD_AS: Final[dict[Any, Any]] = {Acts: Map[str, int], Alarms: Map[str, str]}
_MADE: Final[dict[Any, Made]] = {Acts: Acts, Alarms: lambda entries: Alarms.waiting(dict(entries))}
"""What is no map itself but holds one: as which it is read, and how it is made of its entries."""

_MAPS: Final = frozenset(
    name for name, hint in _fields() if get_origin(hint) is Map or hint in _MADE
)
