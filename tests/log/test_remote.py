"""Reading a log from elsewhere: what comes is limited, what does not come has an end."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.log.remote import (
    AddressRefused,
    LogUnreachable,
    LogWrong,
    Patience,
    RemoteLog,
    open_log,
    read_bundle,
)
from ledger.log.tiles import ENTRIES, Tile, bundle
from tests.log import notes
from tests.log.static_host import Host, dripping, hosting, raw, silent, status

PREFIX = "/log/keten"
PATIENT = Patience(silence_seconds=30.0, answer_seconds=60.0, tries=3, pause_seconds=0.01)
HURRIED = PATIENT._replace(silence_seconds=0.3, tries=2)
SOME = [b"een", b"", b"drie" * 20_000 + b"x" * 100]
SOME[2] = SOME[2][:65_535]
BUNDLE = Tile(ENTRIES, 0, 3)
FULL = [b"%d" % number for number in range(256)]
HASHES = bytes(range(256)) * 32


@pytest.fixture
def host() -> Iterator[Host]:
    with hosting(PREFIX) as host:
        host.files = {
            "checkpoint": notes.note(),
            "key": f"{notes.key().verifier}\n".encode(),
            BUNDLE.path: bundle(SOME),
            "tile/entries/001": bundle(FULL),
            "tile/0/000": HASHES,
            "tile/0/001.p/2": HASHES[:64],
        }
        yield host


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set when the test is over, so that no answer goes on for longer."""
    ended = threading.Event()
    yield ended
    ended.set()


def log_at(host: Host, **headers: str) -> RemoteLog:
    return open_log(host.url, headers=headers, patience=PATIENT)


def wrong(host: Host, path: str, data: bytes) -> str:
    host.files[path] = data
    with pytest.raises(LogWrong) as found:
        ask(log_at(host), path)
    return found.value.kind


def ask(log: RemoteLog, path: str) -> object:
    if path == "checkpoint":
        return log.checkpoint()
    if path == "key":
        return log.verifiers()
    return log.entries(BUNDLE) if "entries" in path else log.hashes(Tile(0, 0))


@pytest.mark.parametrize("packs", [False, True])
def test_everything_a_log_serves_is_read_packed_or_not(host: Host, packs: bool) -> None:
    host.packs = packs
    log = log_at(host)
    assert log.checkpoint() == notes.note()
    assert log.verifiers() == (notes.key().verifier,)
    assert log.entries(BUNDLE) == SOME
    assert log.hashes(Tile(0, 0)) == HASHES
    assert log.hashes(Tile(0, 1, 2)) == HASHES[:64]


def test_a_folder_is_a_log_too(tmp_path: Path) -> None:
    (tmp_path / "tile/entries").mkdir(parents=True)
    (tmp_path / "checkpoint").write_bytes(notes.note())
    (tmp_path / "tile/entries/001").write_bytes(bundle(FULL))
    for url in (str(tmp_path), f"file://{tmp_path}"):
        log = open_log(url)
        assert log.checkpoint() == notes.note()
        assert log.verifiers() == ()
        assert log.entries(Tile(ENTRIES, 1, 7)) == FULL[:7]
        with pytest.raises(LogWrong):
            log.hashes(Tile(0, 0))


def test_a_partial_tile_that_is_gone_is_cut_from_the_full_one(host: Host) -> None:
    assert log_at(host).entries(Tile(ENTRIES, 1, 7)) == FULL[:7]
    assert log_at(host).hashes(Tile(0, 0, 5)) == HASHES[: 5 * 32]
    assert host.asked[-2:] == ["tile/0/000.p/5", "tile/0/000"]


def test_what_the_log_should_have_and_does_not_give_is_withheld(host: Host) -> None:
    for tile in (Tile(0, 9), Tile(0, 9, 3)):
        with pytest.raises(LogWrong) as found:
            log_at(host).hashes(tile)
        assert found.value.kind == "withheld"
    assert len(host.asked) == 3


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("tile/0/000", HASHES[:-1]),
        ("tile/0/000", HASHES + b"x"),
        ("tile/0/000", b""),
        (BUNDLE.path, bundle(SOME)[:-1]),
        (BUNDLE.path, bundle(SOME) + b"\x00"),
        (BUNDLE.path, bundle(SOME[:2])),
        (BUNDLE.path, bundle([*SOME, b"vier"])),
        ("checkpoint", b"x" * 1_000_001),
        ("key", b"geen sleutel\n"),
        ("key", f"{notes.key().verifier}\n".encode() * 33),
        ("key", b"\xff" * 70_000),
    ],
)
def test_an_answer_of_another_size_or_form_is_wrong(host: Host, path: str, data: bytes) -> None:
    assert wrong(host, path, data) == "malformed"


def test_what_unpacks_to_too_much_or_to_nothing_is_wrong(host: Host) -> None:
    host.packs = True
    assert wrong(host, "tile/0/000", bytes(1_000_000)) == "malformed"
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n"
    host.bad["checkpoint"] = [raw(head + b"onzi")]
    with pytest.raises(LogWrong):
        log_at(host).checkpoint()


def test_what_passes_is_tried_again_and_a_connection_is_used_again(host: Host) -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhalf"
    host.bad["checkpoint"] = [status(503), raw(half)]
    log = log_at(host)
    assert log.checkpoint() == notes.note()
    assert host.asked == ["checkpoint"] * 3
    before = len(host.connections)
    assert log.verifiers() == (notes.key().verifier,)
    assert log.hashes(Tile(0, 0)) == HASHES
    assert len(host.connections) == before


@pytest.mark.parametrize(
    "bad",
    [status(500), status(429), raw(b""), raw(b"onzin\r\n\r\n"), raw(b"HTTP/1.1 200 OK\r\n\r\nx")],
    ids=["500", "429", "hung up", "no HTTP", "no length"],
)
def test_what_does_not_pass_ends_after_so_many_tries(host: Host, bad: object) -> None:
    host.bad["checkpoint"] = [bad] * 10  # type: ignore[list-item]  # each is a way to misbehave
    with pytest.raises(LogUnreachable, match="na 3 pogingen"):
        log_at(host).checkpoint()
    assert host.asked == ["checkpoint"] * 3


@pytest.mark.parametrize("code", [301, 302, 307, 308, 400, 401, 403, 418])
def test_what_will_not_pass_is_asked_once_and_no_redirect_is_followed(
    host: Host, code: int
) -> None:
    host.bad["checkpoint"] = [status(code, Location=f"{host.url}/key")]
    with pytest.raises(LogUnreachable):
        log_at(host).checkpoint()
    assert host.asked == ["checkpoint"]


def test_a_server_that_says_nothing_is_not_waited_for(host: Host, over: threading.Event) -> None:
    host.bad["checkpoint"] = [silent(over)] * 2
    with pytest.raises(LogUnreachable, match="te lang gewacht"):
        open_log(host.url, patience=HURRIED).checkpoint()


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 900000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"y"),
    ],
    ids=["body", "last body", "header"],
)
def test_a_server_that_never_finishes_is_cut_off(
    host: Host, over: threading.Event, head: bytes, drop: bytes
) -> None:
    host.bad["checkpoint"] = [dripping(over, head, drop)] * 2
    patience = PATIENT._replace(answer_seconds=0.3, tries=2)
    with pytest.raises(LogUnreachable):
        open_log(host.url, patience=patience).checkpoint()
    assert host.asked == ["checkpoint"] * 2


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with hosting() as gone:
        url = gone.url
    with pytest.raises(LogUnreachable):
        open_log(url, patience=PATIENT).checkpoint()


def test_no_checkpoint_says_nothing_about_a_log(host: Host) -> None:
    del host.files["checkpoint"]
    with pytest.raises(LogUnreachable, match="geen controlepunt"):
        log_at(host).checkpoint()
    del host.files["key"]
    assert log_at(host).verifiers() == ()


def test_who_asks_is_told_only_where_nobody_listens_in(host: Host) -> None:
    log_at(host, Authorization="Bearer geheim").checkpoint()
    assert host.headers[-1]["Authorization"] == "Bearer geheim"
    with pytest.raises(AddressRefused, match="https"):
        open_log("http://ketens.example/log/keten", headers={"Authorization": "x"})
    with pytest.raises(AddressRefused):
        log_at(host, Authorization="x\r\nHost: elders")
    assert open_log("https://ketens.example/log/keten", headers={"Authorization": "x"}).url


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://h/x", "http://", "https:///pad", "http://h:port/", "http://h:0/", "file://h/x",
        "http://h/log?x=1", "http://h/log#x", "http://naam:wacht@h/log", "/er/is/hier/niets",
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_log_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        open_log(url)


def test_a_proxy_of_the_environment_is_used_but_not_for_this_machine(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hosting("http://ketens.example/log/keten") as proxy:
        proxy.files["checkpoint"] = notes.note()
        monkeypatch.setenv("http_proxy", proxy.url.removesuffix(proxy.prefix))
        monkeypatch.setenv("no_proxy", "")
        log = open_log("http://ketens.example/log/keten", patience=PATIENT)
        assert log.checkpoint() == notes.note()
        assert log_at(host).checkpoint() == notes.note()
        assert (len(proxy.asked), len(host.asked)) == (1, 1)


def test_a_bundle_breaks_off_nowhere() -> None:
    whole = bundle([b"een", b"twee"])
    found = [read_bundle(whole[:size]) for size in range(len(whole) + 1)]
    assert found[0] == []
    assert found[5] == [b"een"]
    assert found[-1] == [b"een", b"twee"]
    assert [size for size, one in enumerate(found) if one is not None] == [0, 5, len(whole)]
