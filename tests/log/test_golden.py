"""Released bytes stay readable for ever: two records of every event type, kept as they were.

`tests/data/golden.jsonl` is added to and never changed. A type that is not in it is not released
yet: `python -m tests.log.test_golden` adds it.
"""

from pathlib import Path

import msgspec

from ledger import catalogue
from ledger.log import canonical
from tests import samples

GOLDEN = Path(__file__).parent.parent / "data" / "golden.jsonl"


def kept() -> list[bytes]:
    return GOLDEN.read_bytes().splitlines() if GOLDEN.exists() else []


def names(lines: list[bytes]) -> set[str]:
    return {msgspec.json.decode(line)["body"]["type"] for line in lines}


def test_kept_bytes_are_read_and_written_the_same() -> None:
    for line in kept():
        record = catalogue.decode(line)
        assert catalogue.encode(record.body, record.header) == line
        assert canonical.is_canonical(line)


def test_every_event_type_has_its_bytes_kept() -> None:
    assert names(kept()) == set(catalogue.TYPES)


def test_a_sample_differs_when_a_definition_changes() -> None:
    assert samples.lines() != []
    assert len(set(samples.lines())) == 2 * len(catalogue.TYPES)


def add_new_types() -> None:
    """Keep the bytes of types that are not in the file yet; what stands is not touched."""
    known = names(kept())
    fresh = [line for line in samples.lines() if not names([line]) <= known]
    with GOLDEN.open("ab") as file:
        file.writelines(line + b"\n" for line in fresh)


if __name__ == "__main__":
    add_new_types()
