"""The log: JSON lines, with what went wrong and without what people typed."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from api import access_log

SCRIPT = """
import logging
import structlog
from api import access_log

def fail(name):
    raise ValueError("stuk")

access_log.start()
structlog.contextvars.bind_contextvars(request="vraag-1")
access_log.LOG.info("request", method="GET", path="/")
logging.getLogger("uvicorn.error").warning("let op %s", "dit")
logging.getLogger("uvicorn.access").info("GET /?text=Jansen")
try:
    fail("Jansen")
except ValueError:
    logging.getLogger("projections.runner").exception("gestopt")
"""


def test_every_line_is_json_and_says_which_request_it_is_about() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == ""
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["request", "let op dit", "gestopt"]
    assert {line["request"] for line in lines} == {"vraag-1"}
    assert all(line["timestamp"].endswith("Z") for line in lines)
    assert lines[2]["level"] == "error"
    [trace] = lines[2]["exception"]
    assert (trace["exc_type"], trace["exc_value"]) == ("ValueError", "stuk")
    assert "Jansen" not in done.stderr


GATHERED = """
import asyncio
import sys
import structlog
from api import access_log

class Watched:
    def __init__(self):
        self.writes = []

    def write(self, text):
        self.writes.append(text)

    def flush(self):
        pass

async def answered():
    structlog.contextvars.bind_contextvars(request="vraag-1")
    for number in range(3):
        access_log.tell({"method": "GET", "path": "/", "status": 200 + number})
    assert stream.writes == []
    await asyncio.sleep(20 * access_log.GATHER_SECONDS)
    assert len(stream.writes) == 1
    access_log.tell({"status": 203, "path": "/é/eyJhbGciOiJFUzI1NiJ9.eyJzdWIi.geheim"})
    access_log.LOG.warning("let op")
    assert len(stream.writes) == 3
    access_log.tell({"status": 204})
    for number in range(access_log.MAX_GATHERED):
        access_log.tell({"status": 205})
    assert len(stream.writes) == 4
    access_log.tell({"status": 206})

stream = Watched()
access_log.start(stream)
asyncio.run(answered())
access_log.flush()
sys.stdout.write("".join(stream.writes))
"""


def test_lines_of_requests_are_written_together_and_none_is_lost_or_late() -> None:
    done = subprocess.run(
        [sys.executable, "-c", GATHERED], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    said = [line.get("status", line["event"]) for line in lines]
    assert said[:6] == [200, 201, 202, 203, "let op", 204]
    assert said.count(205) == 1000
    assert said[-1] == 206
    assert all(line["timestamp"].endswith("Z") and line["level"] == "info" for line in lines[:3])
    assert {line["request"] for line in lines} == {"vraag-1"}
    assert lines[3]["path"] == "/é/[…]"
    assert set(lines[0]) == {
        "event", "method", "path", "status", "request", "level", "logger", "timestamp",
    }  # fmt: skip


def test_a_log_that_goes_nowhere_any_more_stops_nobody(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as stream:
        lines = access_log.Lines(stream)

    async def answered() -> None:
        lines.gather("een regel")

    asyncio.run(answered())
    lines.flush()
