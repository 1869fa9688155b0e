"""Time stamps over checkpoints: which are asked for, which answers are kept, and who asks."""

import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from ledger.log.anchor import Anchors
from ledger.log.anchoring import Anchorer, Anchoring, AnchorRefused
from ledger.log.merkle import NotInTree
from ledger.log.note import signature
from ledger.log.note_keys import ED25519_COSIGNATURE, Signer
from ledger.log.store import Store
from ledger.log.tree_tables import TreeTables
from tests.conftest import COPY_TEMPLATE, DROP, _run, _url
from tests.log.scene import until
from tests.log.signing import CHAIN, by_force, grow, integrator_on
from tests.log.stamping import PATIENCE_SECONDS, Tsa, authority_in, openssl

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="no openssl here: no time-stamping authority to ask"
)

DAY_SECONDS = 86_400.0


@pytest.fixture(scope="module")
def running_tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tsa]:
    with authority_in(tmp_path_factory.mktemp("tsa")) as tsa:
        yield tsa


@pytest.fixture
def tsa(running_tsa: Tsa) -> Tsa:
    running_tsa.reset()
    return running_tsa


@pytest.fixture(scope="module")
def shared(server: str, template: str) -> Iterator[Store]:
    """A store of the tests that need no more than a chain of their own."""
    name = f"test_{uuid4().hex[:12]}"
    _run(server, COPY_TEMPLATE, name=name, template=template)
    try:
        with Store(_url(server, name)) as store:
            yield store
    finally:
        _run(server, DROP, name=name)


@pytest.fixture
def chain(shared: Store) -> str:
    """A chain in the shared store, signed at size 3."""
    name = f"keten-{uuid4().hex[:8]}"
    signed(shared, 3, chain=name)
    return name


def signed(store: Store, size: int, *, chain: str = CHAIN) -> None:
    """Let a chain grow to a size and be signed at it."""
    grow(store, size, chain=chain)
    assert integrator_on(store).integrate(chain).size == size


def anchoring(
    store: Store,
    tsa: Tsa,
    *,
    interval: float = DAY_SECONDS,
    pause: float = 3600,
    seconds: float = PATIENCE_SECONDS,
) -> Anchoring:
    return Anchoring(
        store,
        tsa.authority(seconds=seconds),
        interval_seconds=interval,
        first_pause_seconds=pause,
    )


def note_of(store: Store, size: int) -> bytes:
    """The checkpoint of this size as the log alone signed it."""
    found = TreeTables(store).checkpoint(CHAIN, size)
    assert found is not None
    return found.note.encode()


def test_openssl_accepts_the_time_stamp_that_is_kept(
    store: Store, tsa: Tsa, tmp_path: Path
) -> None:
    signed(store, 3)
    anchor = anchoring(store, tsa).anchor(CHAIN)
    assert (anchor.size, anchor.number, anchor.authority) == (3, 1, tsa.url)
    (tmp_path / "3-1.tsr").write_bytes(anchor.token)
    (tmp_path / "3.note").write_bytes(note_of(store, 3))
    ours = ["-in", tmp_path / "3-1.tsr", "-CAfile", tsa.folder / "root.pem"]
    assert "Verification: OK" in openssl("ts", "-verify", "-data", tmp_path / "3.note", *ours)
    (tmp_path / "3.note").write_bytes(note_of(store, 3) + b"\n")
    with pytest.raises(AssertionError, match="imprint mismatch"):
        openssl("ts", "-verify", "-data", tmp_path / "3.note", *ours)


def test_a_later_cosignature_does_not_change_what_is_stamped(store: Store, tsa: Tsa) -> None:
    signed(store, 3)
    before = note_of(store, 3)
    integrator = integrator_on(store)
    witness = Signer("getuige.example", ED25519_COSIGNATURE, b"w" * 32)
    text = before.decode().partition("\n\n")[0] + "\n"
    integrator.tables.put_cosignature(CHAIN, 3, signature(text, witness, at=1_800_000_000))
    assert str(integrator.published(CHAIN)).encode() != before
    anchoring(store, tsa).anchor(CHAIN)
    assert note_of(store, 3) == before


def test_a_checkpoint_is_stamped_once_by_one_authority(store: Store, tsa: Tsa) -> None:
    signed(store, 3)
    first = anchoring(store, tsa).anchor(CHAIN)
    assert anchoring(store, tsa).anchor(CHAIN) == first
    assert tsa.count == 1


def test_two_authorities_may_stamp_one_checkpoint(store: Store, tsa: Tsa) -> None:
    signed(store, 3)
    anchoring(store, tsa).anchor(CHAIN)
    other = tsa.authority()._replace(url=tsa.url.replace("/tsa", "/andere"))
    second = Anchoring(store, other, interval_seconds=0).anchor(CHAIN)
    assert [one.number for one in Anchors(store).all(CHAIN)] == [1, 2]
    assert second.authority.endswith("/andere")


def test_a_chain_that_is_not_signed_is_not_stamped(store: Store, tsa: Tsa) -> None:
    grow(store, 3)
    with pytest.raises(NotInTree):
        anchoring(store, tsa).anchor(CHAIN)
    assert anchoring(store, tsa).look() == []
    assert tsa.count == 0


def test_others_find_the_anchor_that_covers_a_record(store: Store, tsa: Tsa) -> None:
    anchors = Anchors(store)
    assert anchors.latest(CHAIN) is None
    for size in (3, 5, 9):
        signed(store, size)
        anchoring(store, tsa).anchor(CHAIN)
    covering = [anchors.covering(CHAIN, position) for position in (0, 2, 3, 4, 5, 8, 9)]
    assert [one and one.size for one in covering] == [3, 3, 5, 5, 9, 9, None]
    latest = anchors.latest(CHAIN)
    assert latest is not None
    assert latest.size == 9
    assert anchors.latest("andere") is None
    assert [one.size for one in anchors.listed(CHAIN, after=(3, 1))] == [5, 9]
    assert [one.size for one in anchors.listed(CHAIN, limit=1)] == [3]


def test_a_chain_is_stamped_once_an_interval_and_in_the_end_at_its_last_checkpoint(
    store: Store, tsa: Tsa
) -> None:
    daily, at_once = anchoring(store, tsa), anchoring(store, tsa, interval=0)
    signed(store, 3)
    assert daily.look() == [CHAIN]
    signed(store, 4)
    signed(store, 5)
    assert daily.look() == []
    assert tsa.count == 1
    assert at_once.look() == [CHAIN]
    assert at_once.look() == []
    assert [one.size for one in Anchors(store).all(CHAIN)] == [3, 5]


def test_after_a_restart_nothing_is_asked_again(store: Store, database: str, tsa: Tsa) -> None:
    signed(store, 3)
    anchoring(store, tsa).look()
    with Store(database) as again:
        assert anchoring(again, tsa, interval=0).look() == []
        assert anchoring(again, tsa).anchor(CHAIN).size == 3
    assert tsa.count == 1


def test_of_two_processes_one_asks(store: Store, database: str, tsa: Tsa) -> None:
    signed(store, 3)
    asked, go_on = threading.Event(), threading.Event()

    def slowly(query: bytes) -> bytes:
        asked.set()
        assert go_on.wait(PATIENCE_SECONDS)
        return tsa.stamp(query)

    tsa.reply = slowly
    with Store(database) as elsewhere, ThreadPoolExecutor(1) as pool:
        first = pool.submit(anchoring(store, tsa).look)
        assert asked.wait(PATIENCE_SECONDS)
        try:
            assert anchoring(elsewhere, tsa).look() == []
        finally:
            go_on.set()
        assert first.result(PATIENCE_SECONDS) == [CHAIN]
    assert tsa.count == 1
    assert len(list(Anchors(store).all(CHAIN))) == 1


def test_two_that_ask_at_once_keep_one_time_stamp(store: Store, database: str, tsa: Tsa) -> None:
    signed(store, 3)
    both = threading.Barrier(2, timeout=PATIENCE_SECONDS)
    with Store(database) as elsewhere, ThreadPoolExecutor(2) as pool:
        asked = [anchoring(one, tsa) for one in (store, elsewhere)]
        kept = list(pool.map(lambda one: (both.wait(), one.anchor(CHAIN))[1], asked))
    assert kept[0] == kept[1]
    assert list(Anchors(store).all(CHAIN)) == [kept[0]]


def test_a_process_that_died_while_asking_is_succeeded(store: Store, tsa: Tsa) -> None:
    signed(store, 3)
    anchors = Anchors(store)
    assert anchors.claim(CHAIN, 3600) == 0
    assert anchoring(store, tsa).look() == []
    anchors.failed(CHAIN, "unreachable", -1)
    assert anchors.claim(CHAIN, -1) == 1
    assert anchoring(store, tsa).look() == [CHAIN]


FAULTS: dict[str, tuple[Callable[[Tsa], None], str]] = {}


def fault(kind: str) -> Callable[[Callable[[Tsa], None]], Callable[[Tsa], None]]:
    def known(make: Callable[[Tsa], None]) -> Callable[[Tsa], None]:
        FAULTS[make.__name__] = (make, kind)
        return make

    return known


@fault("imprint")
def stamps_something_else(tsa: Tsa) -> None:
    # The nonce stays the same: only the digest, the last 32 bytes before it, is another.
    tsa.reply = lambda query: tsa.stamp(changed(query, after=b"\x04\x20"))


@fault("nonce")
def answers_another_question(tsa: Tsa) -> None:
    tsa.reply = lambda query: tsa.stamp(query[:-4] + bytes([query[-4] ^ 1]) + query[-3:])


@fault("certificate")
def has_a_signer_of_another_root(tsa: Tsa) -> None:
    tsa.reply = tsa.signed_by("strange")


@fault("certificate")
def has_a_signer_that_expired(tsa: Tsa) -> None:
    tsa.reply = tsa.signed_by("ended")


@fault("certificate")
def changed_the_signature(tsa: Tsa) -> None:
    tsa.reply = lambda query: flipped(tsa.stamp(query), -1)


@fault("refused")
def refuses(tsa: Tsa) -> None:
    tsa.reply = lambda query: tsa.stamp(query, digests="sha512")


@fault("malformed")
def answers_garbage(tsa: Tsa) -> None:
    tsa.reply = lambda query: b"<html>welkom</html>"


@fault("malformed")
def answers_nothing(tsa: Tsa) -> None:
    tsa.reply = lambda query: b""


@fault("malformed")
def answers_half(tsa: Tsa) -> None:
    tsa.reply = lambda query: tsa.stamp(query)[:-10]


@fault("malformed")
def answers_more_than_a_token(tsa: Tsa) -> None:
    tsa.reply = lambda query: tsa.stamp(query) + b"\x00"


@fault("malformed")
def answers_a_page(tsa: Tsa) -> None:
    tsa.media_type = "text/html"


@fault("unreachable")
def breaks_off(tsa: Tsa) -> None:
    tsa.cut_bytes = 10


@fault("unreachable")
def answers_far_too_much(tsa: Tsa) -> None:
    tsa.reply = lambda query: bytes(10_000_000)


@fault("unreachable")
def is_broken(tsa: Tsa) -> None:
    tsa.status = 500


@fault("unreachable")
def leads_elsewhere(tsa: Tsa) -> None:
    tsa.status = 307
    tsa.headers = {"Location": tsa.url}


def changed(query: bytes, *, after: bytes) -> bytes:
    place = query.index(after) + len(after)
    return flipped(query, place)


def flipped(data: bytes, place: int) -> bytes:
    made = bytearray(data)
    made[place] ^= 1
    return bytes(made)


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_an_answer_that_proves_nothing_is_not_kept(
    shared: Store, chain: str, tsa: Tsa, name: str
) -> None:
    make, kind = FAULTS[name]
    make(tsa)
    asking = anchoring(shared, tsa, pause=0)
    with pytest.raises(AnchorRefused) as refused:
        asking.anchor(chain)
    assert refused.value.kind == kind
    assert asking.look() == []
    assert (chain, kind, 1) in [one[:3] for one in asking.anchors.failing()]
    assert list(asking.anchors.all(chain)) == []
    tsa.reset()
    assert chain in asking.look()
    assert chain not in [one.chain for one in asking.anchors.failing()]


@pytest.mark.parametrize("drip_seconds", [0.0, 0.05], ids=["silent", "a byte now and then"])
def test_a_slow_authority_is_given_up(
    shared: Store, chain: str, tsa: Tsa, drip_seconds: float
) -> None:
    go_on = threading.Event()
    tsa.drip_seconds = drip_seconds
    if not drip_seconds:
        tsa.reply = lambda query: b"late" * go_on.wait(PATIENCE_SECONDS)
    try:
        with pytest.raises(AnchorRefused, match="te lang gewacht") as refused:
            anchoring(shared, tsa, seconds=0.3).anchor(chain)
    finally:
        go_on.set()
    assert refused.value.kind == "unreachable"


def test_nobody_there_is_a_failure_too(shared: Store, chain: str, tsa: Tsa) -> None:
    nobody = tsa.authority()._replace(url="http://127.0.0.1:9/tsa")
    with pytest.raises(AnchorRefused, match=r"127\.0\.0\.1:9/tsa: "):
        Anchoring(shared, nobody, interval_seconds=0).anchor(chain)


def test_after_a_failure_the_pause_grows(store: Store, tsa: Tsa) -> None:
    signed(store, 3)
    is_broken(tsa)
    asking = anchoring(store, tsa, pause=3600)
    assert asking.look() == []
    assert asking.look() == []
    assert tsa.count == 1
    [failing] = asking.anchors.failing()
    assert (failing.failures, failing.kind) == (1, "unreachable")


def test_one_chain_that_fails_holds_up_no_other(store: Store, tsa: Tsa) -> None:
    signed(store, 3)
    signed(store, 3, chain="andere")
    by_force(
        store.conninfo,
        "UPDATE checkpoints SET note = replace(note, E'\\n3\\n', E'\\n2\\n') WHERE chain = 'keten'",
    )
    asking = anchoring(store, tsa)
    assert asking.look() == ["andere"]
    assert [(one.chain, one.kind) for one in asking.anchors.failing()] == [(CHAIN, "checkpoint")]


def test_a_time_stamp_is_never_changed_nor_removed(store: Store, database: str, tsa: Tsa) -> None:
    signed(store, 3)
    anchoring(store, tsa).anchor(CHAIN)
    for statement in (
        "UPDATE anchors SET stamped = now()",
        "DELETE FROM anchors",
        "TRUNCATE anchors",
    ):
        with psycopg.connect(database) as owner, pytest.raises(psycopg.Error, match="verandert"):
            owner.execute(statement)


def test_the_thread_stamps_what_was_signed_and_stops(store: Store, tsa: Tsa) -> None:
    signed(store, 3)
    asking = anchoring(store, tsa, interval=0)
    with Anchorer(asking, poll_seconds=0.01) as anchorer:
        until(lambda: asking.anchors.latest(CHAIN) is not None)
        signed(store, 5)
        until(lambda: len(list(asking.anchors.all(CHAIN))) == 2)
        assert anchorer.running
    until(lambda: not anchorer.running)
    assert anchorer.failure is None
    assert [one.size for one in asking.anchors.all(CHAIN)] == [3, 5]
