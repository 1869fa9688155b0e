"""A log as files and a monitor that follows it, for the tests of what a monitor does."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from ledger.log.mirror import Mirror
from ledger.log.monitor import Followed, LogBroken, Round, follow
from ledger.log.monitor_state import Kept
from ledger.log.note_keys import Signer
from ledger.log.remote import open_folder
from tests.log.log_files import files_of, put

NOW = "2026-11-22T01:00:00+00:00"


class Watch:
    """A log as files, and somebody who follows it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept = Kept(folder / "staat.json")
        self.mirror = Mirror(self.kept.beside("mirror"))
        self.log = folder / "log"

    def show(self, entries: Sequence[bytes], **more: object) -> None:
        put(self.log, files_of(entries, **more))  # type: ignore[arg-type]  # as files_of says

    def look(
        self, *, given: Sequence[Signer] = (), again: bool = False, seconds: float = 60
    ) -> Followed:
        return follow(
            Round(
                log=open_folder(self.log),
                kept=self.kept,
                mirror=self.mirror,
                given=[one.verifier for one in given],
                again=again,
                until=time.monotonic() + seconds,
                now=NOW,
            )
        )

    def broken(self, kind: str, position: int | None = None, **more: object) -> LogBroken:
        """Look again; the log is found broken, and what was known stays as it was."""
        before = self.state()
        with pytest.raises(LogBroken) as found:
            self.look(**more)  # type: ignore[arg-type]  # as look says
        assert (found.value.kind, found.value.position) == (kind, position), found.value
        assert self.state() == before
        assert Path(found.value.evidence).is_file()
        return found.value

    def state(self) -> bytes:
        return self.kept.path.read_bytes() if self.kept.path.exists() else b""

    def copied(self) -> list[bytes]:
        seen = self.kept.read()
        assert seen is not None
        return [data for _, data in self.mirror.walk(seen.head)]

    def change(self, path: str, old: bytes, new: bytes) -> None:
        data = (self.log / path).read_bytes()
        assert old in data
        (self.log / path).write_bytes(data.replace(old, new, 1))
