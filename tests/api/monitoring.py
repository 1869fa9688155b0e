"""What the tests of a monitor say: a partner who runs the command, and what he is told."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api import cli
from ledger.recording import Entry
from tests.log.log_files import files_of, put

SOUND, BROKEN, UNKNOWN, USAGE = 0, 2, 3, 64
SERVER = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[")


@dataclass
class Partner:
    """Somebody who runs the command, from his own folder."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    url: str = ""
    said: str = ""
    told: str = ""

    def look(self, *more: str) -> int:
        state = str(self.folder / "keten.json")
        code = cli.run(["monitor", self.url, "--state", state, *more])
        printed = self.capsys.readouterr()
        # The server of the test runs in this process and tells of each request.
        lines = printed.out.splitlines(keepends=True)
        self.said = "".join(line for line in lines if not SERVER.match(line))
        self.told = printed.err
        return code

    def look_json(self, *more: str) -> tuple[int, dict[str, Any]]:
        code = self.look("--json", *more)
        found: dict[str, Any] = json.loads(self.said)
        return code, found

    def serve(self, entries: Sequence[Entry], **more: Any) -> None:
        """Let a folder show the log of these records."""
        files = files_of([entry.data for entry in entries], **more)
        put(self.folder / "log", files)
        self.url = str(self.folder / "log")

    def finds(self, kind: str, *, rule: str = "", position: int | None = None) -> None:
        code, told = self.look_json()
        assert (code, told["outcome"]) == (BROKEN, "broken"), told
        found = told["break"]
        assert (found["kind"], found["rule"], found["position"]) == (kind, rule, position), told
