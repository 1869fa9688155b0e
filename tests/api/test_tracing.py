"""Traces: the caller's where it is a sound one, a new one where not; in answers and in the log."""

import json
import re
import subprocess
import sys

import pytest
import structlog

from api.tracing import request_id, trace_of
from ledger.log import trace_context
from tests.api.doors import Doors

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SOUND = f"00-{TRACE}-{PARENT}-01"
ANSWERED = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])")


@pytest.mark.parametrize("given", [SOUND, f" {SOUND} ", f"01-{TRACE}-{PARENT}-03-more"])
def test_a_sound_trace_goes_on_in_a_span_of_our_own(given: str) -> None:
    found = trace_of(given)
    assert (found.trace, found.parent, found.flags) == (TRACE, PARENT, "01")
    assert found.span != PARENT
    assert ANSWERED.fullmatch(str(found))


@pytest.mark.parametrize(
    "given",
    [
        "",
        "onzin",
        SOUND.upper(),
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"{SOUND}-more",
        f"00-{TRACE[1:]}-{PARENT}-01",
        f"01-{TRACE}-{PARENT}-01-" + "x" * 300,
    ],
)
def test_an_unsound_trace_is_not_gone_on_with(given: str) -> None:
    found = trace_of(given)
    assert found.trace != TRACE
    assert found.parent == ""
    assert ANSWERED.fullmatch(str(found))
    assert trace_of(given).trace != found.trace


def test_the_answer_and_the_log_name_the_trace(doors: Doors) -> None:
    with structlog.testing.capture_logs(
        processors=[structlog.contextvars.merge_contextvars]
    ) as lines:
        answer = doors.get("/v1/chains", headers={"traceparent": SOUND})
    found = ANSWERED.fullmatch(answer.headers["traceresponse"])
    assert found is not None
    assert found[1] == TRACE
    [line] = [line for line in lines if line["event"] == "request"]
    assert (line["trace_id"], line["parent_id"], line["span_id"]) == (TRACE, PARENT, found[2])


def test_work_that_no_request_asked_for_is_asked_and_logged_in_one_trace() -> None:
    assert trace_context.told() == {}
    with trace_context.own():
        found = ANSWERED.fullmatch(trace_context.passed_on()[trace_context.HEADER])
        assert found is not None
        told = trace_context.told()
        assert told == {"trace_id": found[1], "span_id": found[2]}
        with trace_context.own():
            assert trace_context.told()["trace_id"] != found[1]
        assert trace_context.told() == told
    assert trace_context.told() == {}


LINES = """
import logging
from api import access_log
from ledger.log import trace_context

access_log.start()
logging.getLogger("ledger").warning("voor")
with trace_context.own():
    logging.getLogger("ledger").warning(trace_context.passed_on()["traceparent"])
"""


def test_a_line_about_such_work_names_its_trace() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LINES], check=True, capture_output=True, text=True, timeout=60
    )
    before, line = (json.loads(one) for one in done.stderr.splitlines())
    assert "trace_id" not in before
    assert line["event"] == f"00-{line['trace_id']}-{line['span_id']}-00"


def test_ids_of_our_own_differ_and_have_the_form_of_the_standard() -> None:
    made = [trace_of("") for _ in range(2000)]
    assert len({one.trace for one in made} | {one.span for one in made}) == 4000
    assert all(re.fullmatch(r"[0-9a-f]{32}", one.trace) for one in made)
    assert all(re.fullmatch(r"[0-9a-f]{16}", one.span) for one in made)
    assert len({request_id() for _ in range(2000)}) == 2000


def test_two_processes_do_not_make_the_same_ids() -> None:
    command = [sys.executable, "-c", "from api.tracing import request_id; print(request_id())"]
    made = {subprocess.check_output(command, text=True, timeout=60) for _ in range(2)}
    assert len(made) == 2
