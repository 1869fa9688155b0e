"""A life is the same in another process, whatever the order of its hashes there."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.properties.dump import dumped
from tests.properties.lives import seeded

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60
NUMBERS = range(6)
STEPS = 120


def digests() -> list[str]:
    """Return a digest of all bytes of each of some lives, and of the state they lead to."""
    found = []
    for number in NUMBERS:
        story = seeded(number, steps=STEPS)
        said = (*story.data, repr(dumped(story.state)).encode())
        found.append(hashlib.sha256(b"\n".join(said)).hexdigest())
    return found


@pytest.mark.slow
@pytest.mark.parametrize("hash_seed", ["0", "1", "20261121"])
def test_a_life_is_the_same_to_the_byte_in_another_process(hash_seed: str) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.properties.test_replay_elsewhere"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert told.stdout.split() == digests()


if __name__ == "__main__":
    print("\n".join(digests()))
