"""A witness over HTTP and from the command line: the answers as logs and monitors get them."""

import http.client
import json
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import typer
import uvicorn

from api import cli_witness
from api.settings import SettingsRefused
from api.witness import create_app
from ledger.log.log_key import KeyRefused
from ledger.log.note import open_note
from ledger.log.note_keys import ED25519, Signer, read_verifier
from ledger.log.witness import MAX_BODY_BYTES, Witness, origin_hash
from ledger.log.witness_key import make_witness_key, read_witness_key
from tests.log.witnessing import (
    HASHED,
    LOG,
    NOW,
    OTHER,
    US,
    a_witness,
    checkpoint,
    growth,
    request,
)
from tests.ports import free_port

SECONDS = 30.0
HURRIED_SECONDS = 0.2
NAME = "getuige.example/w1"


@contextmanager
def serving(witness: Witness, *, body_seconds: float = SECONDS) -> Iterator[httpx.Client]:
    """Serve a witness, as the command does, at a clock that stands still."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = create_app(witness, clock=lambda: NOW + 0.9, body_seconds=body_seconds)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, server_header=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        with httpx.Client(base_url=url, timeout=SECONDS, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(SECONDS)
        assert not thread.is_alive()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def client(state: Path) -> Iterator[httpx.Client]:
    with serving(a_witness(state)) as client:
        yield client


def ask(client: httpx.Client, body: bytes) -> httpx.Response:
    return client.post("/add-checkpoint", content=body)


# Over HTTP


def test_a_log_is_cosigned_and_monitors_see_it(client: httpx.Client) -> None:
    assert client.get(f"/{HASHED}/checkpoint").status_code == 404
    answer = ask(client, growth(0, 5))
    assert answer.status_code == 200
    latest = client.get(f"/{HASHED}/checkpoint")
    assert latest.status_code == 200
    assert latest.headers["content-type"] == "text/plain; charset=utf-8"
    assert latest.content.endswith(answer.content)
    _, found = open_note(latest.content, [LOG.verifier, US.verifier])
    assert [one.time for one in found] == [None, NOW]
    assert ask(client, growth(5, 8)).status_code == 200


def test_a_size_is_told_in_its_own_kind_of_text(client: httpx.Client) -> None:
    assert ask(client, growth(0, 5)).status_code == 200
    answer = ask(client, growth(3, 8))
    assert (answer.status_code, answer.content) == (409, b"5\n")
    # Clients compare the whole header, so that no character set may follow.
    assert answer.headers["content-type"] == "text/x.tlog.size"


def test_each_refusal_has_its_status(client: httpx.Client) -> None:
    assert ask(client, growth(0, 5)).status_code == 200
    elsewhere = checkpoint(5, signers=(OTHER,), origin=OTHER.name)
    statuses = {
        "malformed": ask(client, b"old\n").status_code,
        "empty": ask(client, b"").status_code,
        "unknown": ask(client, request(0, elsewhere)).status_code,
        "unsigned": ask(client, request(0, checkpoint(5, signers=(OTHER,)))).status_code,
        "above": ask(client, request(6, checkpoint(5))).status_code,
        "unproven": ask(client, request(5, checkpoint(8))).status_code,
    }
    assert statuses == {
        "malformed": 400,
        "empty": 400,
        "unknown": 404,
        "unsigned": 403,
        "above": 400,
        "unproven": 422,
    }


def test_nothing_else_is_served(client: httpx.Client) -> None:
    for path in ("/", "/docs", "/openapi.json", "/checkpoint", "/add-checkpoint/"):
        assert client.get(path).status_code == 404
    assert client.get("/add-checkpoint").status_code == 405
    assert client.post(f"/{HASHED}/checkpoint").status_code == 405
    assert client.get(f"/{origin_hash('elders')}/checkpoint").status_code == 404
    assert client.get("/..%2F..%2Fsecret/checkpoint").status_code == 404


def test_too_large_a_request_is_not_read(client: httpx.Client) -> None:
    assert ask(client, b"x" * (MAX_BODY_BYTES + 1)).status_code == 413
    pieces = (b"x" * 4096 for _ in range(MAX_BODY_BYTES // 4096 + 1))
    assert client.post("/add-checkpoint", content=pieces).status_code == 413
    assert ask(client, b"x" * MAX_BODY_BYTES).status_code == 400


def test_a_request_that_does_not_come_is_not_waited_for(state: Path) -> None:
    with serving(a_witness(state), body_seconds=HURRIED_SECONDS) as client:
        base = client.base_url
        slow = http.client.HTTPConnection(base.host, base.port, timeout=SECONDS)
        try:
            slow.putrequest("POST", "/add-checkpoint")
            slow.putheader("Content-Length", "100")
            slow.endheaders(b"old ")
            assert slow.getresponse().status == 408
        finally:
            slow.close()


def test_a_state_that_cannot_be_read_is_said(client: httpx.Client, state: Path) -> None:
    assert ask(client, growth(0, 5)).status_code == 200
    (state / f"{HASHED}.checkpoint").write_text("onzin")
    assert ask(client, growth(5, 8)).status_code == 503
    assert client.get(f"/{HASHED}/checkpoint").status_code == 503


# From the command line


def run(*arguments: str) -> int:
    """Run a command of the witness and return its exit code."""
    app = typer.Typer()
    app.callback()(lambda: None)
    cli_witness.add_to(app)
    command = typer.main.get_command(app)
    ended = command.main(["witness", *arguments], prog_name="keten", standalone_mode=False)
    return ended if isinstance(ended, int) else 0


def test_a_key_is_made_once_for_its_owner_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "keys" / "w.key"
    assert run("key", str(path), "--name", NAME, "--json") == 0
    out = capsys.readouterr().out
    assert "PRIVATE" not in out
    assert read_witness_key(path).verifier == read_verifier(json.loads(out)["key"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]
    kept = path.read_bytes()
    with pytest.raises(KeyRefused):
        run("key", str(path), "--name", NAME)
    assert path.read_bytes() == kept
    with pytest.raises(KeyRefused):
        make_witness_key(tmp_path / "v.key", "met spatie")


def test_a_key_that_is_not_safe_or_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.key"
    with pytest.raises(KeyRefused):
        read_witness_key(path)
    made = make_witness_key(path, NAME)
    path.chmod(0o640)
    with pytest.raises(KeyRefused):
        read_witness_key(path)
    path.chmod(0o600)
    assert read_witness_key(path) == made
    of_a_log = Signer(NAME, ED25519, b"s" * 32).private_text()
    for text in ("", "onzin\n", made.private_text() * 2, str(made.verifier), of_a_log, "é\n"):
        path.write_text(text)
        with pytest.raises(KeyRefused) as refused:
            read_witness_key(path)
        assert "PRIVATE" not in str(refused.value)


def test_what_a_witness_saw_is_shown(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    witness = a_witness(state)
    assert witness.add_checkpoint(growth(0, 5), NOW).status == 200
    witness.add_checkpoint(request(5, checkpoint(5, root=b"\x07" * 32)), NOW)
    assert run("show", "--state", str(state), "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["origin"], row["size"], row["conflicts"]) == (LOG.name, 5, 1)
    assert row["time"] == "2023-11-14T22:13:20+00:00"
    assert run("show", "--state", str(state)) == 0
    assert LOG.name in capsys.readouterr().out


def test_a_state_that_is_not_there_is_said(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", "--state", str(state)) == 3
    assert str(state) in capsys.readouterr().err


def test_what_cannot_be_served_is_said_at_the_start(state: Path, tmp_path: Path) -> None:
    key = tmp_path / "w.key"
    make_witness_key(key, NAME)
    given = ["serve", "--key", str(key), "--state", str(state), "--log"]
    for wrong in ("onzin", str(US.verifier)):
        with pytest.raises(typer.BadParameter):
            run(*given, wrong)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(SettingsRefused):
            run(*given, str(LOG.verifier), "--port", port)
    (tmp_path / "file").write_text("x")
    at_file = ["serve", "--key", str(key), "--state", str(tmp_path / "file" / "state")]
    assert run(*at_file, "--log", str(LOG.verifier)) == 3


def test_the_command_serves_until_it_is_told_to_stop(state: Path, tmp_path: Path) -> None:
    key = tmp_path / "w.key"
    verifier = make_witness_key(key, NAME).verifier
    port = free_port()
    given = ["--key", str(key), "--state", str(state), "--port", str(port)]
    program = "import sys; from tests.api.test_witness import run; sys.exit(run(*sys.argv[1:]))"
    served = subprocess.Popen(
        [sys.executable, "-c", program, "serve", *given, "--log", str(LOG.verifier)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert served.stdout is not None
        assert NAME in served.stdout.readline()
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, timeout=SECONDS, trust_env=False) as client:
            before = int(time.time())
            assert ask(client, growth(0, 5)).status_code == 200
            latest = client.get(f"/{HASHED}/checkpoint").content
        (found,) = open_note(latest, [verifier])[1]
        assert found.time is not None
        assert before <= found.time <= time.time()
        served.send_signal(signal.SIGTERM)
        served.wait(SECONDS)
        assert served.returncode in (0, -signal.SIGTERM)
    finally:
        if served.poll() is None:
            served.kill()
        served.communicate(timeout=SECONDS)
