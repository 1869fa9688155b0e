"""Corrections and notes, held against the record they are about, where its bytes are known.

The rules keep no texts, so that a correction names what really stands there (L7) is looked up at
the door of the ledger. A note on something confidential is as confidential as what it is about.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from ledger import recording
from ledger.domain.chain import ChainState
from ledger.domain.events.memory import EventAnnotated, RecordCorrected
from ledger.domain.values import require
from ledger.recording import Act, Recorded

Read = Callable[[int], bytes | None]
ABOUT_A_RECORD: Final = (RecordCorrected, EventAnnotated)


def record(chain: ChainState, act: Act, *, at: str, read: Read) -> Recorded:
    """Record an act as `recording.record` does, held against the record it is about.

    The rules are asked first: a refusal that tells what stands there is for who may correct it.
    """
    recorded = recording.record(chain, act, at=at)
    held = held_against(act, read)
    return recorded if held is act else recording.record(chain, held, at=at)


def is_about_a_record(act: Act) -> bool:
    """Tell whether an act is held against another record, which may have to be read."""
    return isinstance(act.event, ABOUT_A_RECORD)


def held_against(act: Act, read: Read) -> Act:
    """Return the act as it may be offered, or refuse it (L7); `read` gives a record's bytes.

    An act about no other record, or about one that is not there, is left to the rules.
    """
    event = act.event
    if not isinstance(event, ABOUT_A_RECORD):
        return act
    data = read(event.target)
    if data is None:
        return act
    record = msgspec.json.decode(data)
    if isinstance(event, RecordCorrected):
        _stands(event, record["body"])
    secret = record["header"]["scope"] == "confidential"
    return replace(act, scope="confidential") if secret else act


def _stands(event: RecordCorrected, body: Any) -> None:
    found = found_at(body, event.field)
    there = isinstance(found, str)
    require(there, "L7", f"gebeurtenis {event.target} heeft geen tekst bij {event.field}")
    require(found == event.was, "L7", f"gevonden {found!r}, genoemd {event.was!r}")


def found_at(value: Any, pointer: str) -> Any:
    """Follow a JSON Pointer (RFC 6901); None where it leads nowhere."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value
