"""The evidence of a large chain: a bundle of all of it checked by verify.py, and proofs.

The bundle is made by `ketenledger bundle` and checked by the verifier as anybody would: the file
alone, in a process of its own, against the key of the log.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import ledger.verify
from api.signing import LOG_KEYS
from ledger.log.log_key import KeyFolder
from ledger.log.store import Store
from ledger.log.tree import Tree
from tests.bench.evidence import p95_ms, signed_size
from tests.bench.processes import end

SEED: Final = 42
BUNDLE_SECONDS: Final = 1_800
PROVEN: Final = 0
LOOK_SECONDS: Final = 0.02


class Evidence:
    """What can be proven of one chain; `peak_mb` is the most memory that verify.py had."""

    def __init__(self, conninfo: str, folder: Path, store: Store, chain: str) -> None:
        self._conninfo = conninfo
        self._folder = folder
        self._tree = Tree(store)
        self._chain = chain
        self._chance = random.Random(SEED)
        self.peak_mb = 0.0

    def verified(self) -> float:
        """Check a bundle of the whole chain; return the records a second."""
        bundle = self._bundle()
        signers = KeyFolder(self._folder / LOG_KEYS).key(self._chain).signers
        known = ["--expect-key", str(signers[0].verifier)]
        command = [sys.executable, ledger.verify.__file__, str(bundle), *known]
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            self.peak_mb = _peak_mb(process)
        finally:
            end(process)
        passed = time.perf_counter() - start
        if process.returncode != PROVEN:
            raise RuntimeError(f"the bundle is not proven: verify.py ends {process.returncode}")
        bundle.unlink()
        return signed_size(self._tree, self._chain) / passed

    def inclusion(self) -> float:
        """Return the 95th percentile in milliseconds of proving some record."""
        size = signed_size(self._tree, self._chain)
        return p95_ms(lambda: self._tree.proof(self._chain, self._chance.randrange(size), size))

    def consistency(self) -> float:
        """Return the 95th percentile in milliseconds of proving that the log went on."""
        size = signed_size(self._tree, self._chain)
        return p95_ms(
            lambda: self._tree.consistency(self._chain, self._chance.randrange(1, size), size)
        )

    def _bundle(self) -> Path:
        made = self._folder / "whole.zip"
        program = Path(sys.executable).with_name("ketenledger")
        own = {"DATABASE_URL": self._conninfo, "KETENLEDGER_FOLDER": str(self._folder)}
        subprocess.run(
            [program, "bundle", self._chain, "--all", "-o", str(made)],
            env={**os.environ, **own},
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=BUNDLE_SECONDS,
        )
        return made


def _peak_mb(process: subprocess.Popen[bytes]) -> float:
    """Wait for a process to end; return the most memory it had, with those that it started.

    It is looked at while it runs: what the system tells afterwards counts in the memory that this
    process had when it started the other. What they share is counted for each of them.
    """
    most_kb, over = dict[str, int](), time.monotonic() + BUNDLE_SECONDS
    own = str(process.pid)
    while time.monotonic() < over:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(LOOK_SECONDS)
            return sum(most_kb.values()) / 1024
        started = Path("/proc", own, "task", own, "children").read_text("ascii").split()
        for one in (own, *started):
            most_kb[one] = max(most_kb.get(one, 0), _most_kb(one))
    raise RuntimeError(f"verify.py did not end within {BUNDLE_SECONDS} seconds")


def _most_kb(process: str) -> int:
    """Return the most memory that a process had so far; nothing of one that is gone."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc", process, "status").read_text("ascii"))
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(found[1]) if found else 0
