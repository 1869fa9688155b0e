"""The log: JSON lines, with what went wrong and without what people typed."""

import json
import subprocess
import sys

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
