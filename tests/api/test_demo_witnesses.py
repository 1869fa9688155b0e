"""The demonstration as a process: three witnesses see it; nothing is recorded twice."""

import os
import re
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from api import cli
from api.demo_story_script import CHAIN
from api.settings import Settings
from api.signing import log_keys
from ledger.log.witness import read_state
from ledger.verify import verify
from tests.ports import free_port

pytestmark = pytest.mark.slow

STOP_SECONDS = 60.0
GREETED = "Ctrl-C stopt alles."


def shown(folder: Path, database: str, port: int) -> tuple[list[str], int]:
    """Run the demonstration until it has greeted, then stop it; return what it said and its end."""
    environment = {**os.environ, "KETENLEDGER_FOLDER": str(folder), "DATABASE_URL": database}
    served = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "demo", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    said: list[str] = []
    try:
        assert served.stdout is not None
        for line in served.stdout:
            said.append(line.rstrip("\n"))
            if GREETED in line:
                break
        served.send_signal(signal.SIGINT)
        return said, served.wait(STOP_SECONDS)
    finally:
        if served.poll() is None:
            served.kill()
        served.communicate(timeout=STOP_SECONDS)


def counts(said: list[str]) -> list[tuple[int, int]]:
    """Return how many records the demonstration says there are, and how many are new."""
    found = re.findall(r"(\d+) gebeurtenissen, waarvan (\d+) nu", "\n".join(said))
    return [(int(size), int(recorded)) for size, recorded in found]


def test_three_witnesses_see_the_demonstration_and_all_of_it_stops(
    database: str, tmp_path: Path
) -> None:
    port = free_port()
    first, ended = shown(tmp_path, database, port)
    assert ended == 0
    [(size, recorded)] = counts(first)
    assert size == recorded > 300
    assert any("gezien door 3 van de 3 getuigen" in line for line in first)
    second, ended = shown(tmp_path, database, port)
    assert ended == 0
    assert counts(second) == [(size, 0)]
    assert any("gezien door 3 van de 3 getuigen" in line for line in second)
    states = sorted(tmp_path.glob("witnesses/*/state"))
    assert [read_state(state)[0].head.size for state in states] == [size] * 3
    proven = held_whole(tmp_path, database)
    assert f"nummers 0 tot en met {size - 1} is er geen weggelaten; niet getoond: 0" in proven[0]
    assert [one.count(" UTC)") for one in proven if "getuigen uit uw beleid" in one] == [3]


def held_whole(folder: Path, database: str) -> list[str]:
    """Make a bundle of the whole demonstration; return what it proves with its key and policy."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DATABASE_URL", database)
        environment.setenv("KETENLEDGER_FOLDER", str(folder))
        path = folder / "demo.zip"
        assert cli.run(["bundle", CHAIN, "--all", "-o", str(path)]) == 0
    key = log_keys(Settings(folder=folder)).key(CHAIN).signers[0].verifier
    with zipfile.ZipFile(path) as archive:
        policy = archive.read("policy")
    return verify(str(path), keys=[str(key)], earlier=[], policy=policy)[0]
