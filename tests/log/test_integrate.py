"""Integration: what is committed is taken in and signed, once, and served from then on."""

import threading
from random import Random

import psycopg
import pytest
from psycopg import errors

from ledger.log.checkpoint import Head
from ledger.log.integrate import STEP, Integrator, SigningRefused
from ledger.log.log_key import LogKey
from ledger.log.merkle import NotInTree
from ledger.log.note import open_note, signature
from ledger.log.note_keys import ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE, Signer
from ledger.log.store import Store
from ledger.log.tiles import Tile
from ledger.log.tree_tables import TreeTables
from tests.log import tree_oracle as oracle
from tests.log.signing import (
    CHAIN,
    KEY,
    ORIGIN,
    an_integrator,
    fill,
    grow,
    head_of,
    integrator_on,
    require_served,
    sizes_signed,
)

WITNESS = Signer("witness.example/w1", ED25519_COSIGNATURE, b"w" * 32)


@pytest.fixture
def integrator(store: Store) -> Integrator:
    return integrator_on(store)


# Growing


def test_a_chain_without_records_is_not_signed(integrator: Integrator) -> None:
    assert integrator.integrate(CHAIN) == head_of(0)
    assert integrator.checkpoint(CHAIN) is None
    assert integrator.published(CHAIN) is None
    assert integrator.heads() == {}


def test_what_is_committed_is_signed(store: Store, integrator: Integrator, database: str) -> None:
    grow(store, 5)
    assert integrator.integrate(CHAIN) == head_of(5)
    grow(store, 8)
    assert integrator.integrate(CHAIN) == head_of(8)
    assert sizes_signed(database) == [5, 8]
    assert integrator.heads() == {CHAIN: 8}
    found = integrator.checkpoint(CHAIN)
    assert found is not None
    assert (found.size, found.root) == (8, oracle.mth(0, 8))
    assert found.note == str(KEY.sign(8, oracle.mth(0, 8)))


def test_signing_again_adds_nothing(store: Store, integrator: Integrator, database: str) -> None:
    grow(store, 5)
    assert {integrator.integrate(CHAIN) for _ in range(3)} == {head_of(5)}
    with an_integrator(database) as other:
        assert other.integrate(CHAIN) == head_of(5)
    assert sizes_signed(database) == [5]


def test_a_log_of_any_size_is_served_whole(
    store: Store, integrator: Integrator, database: str
) -> None:
    for size in (1, 255, 256, 257, 511, 512, 513, 1000):
        chain = f"keten-{size}"
        grow(store, size, chain=chain)
        assert integrator.integrate(chain) == head_of(size)
        assert sizes_signed(database, chain=chain) == [size]
        require_served(integrator, size, chain=chain)


def test_small_steps_give_the_tree_of_one_large_step(
    store: Store, integrator: Integrator, database: str
) -> None:
    steps = Random(7)
    size = 0
    while size < 1200:
        size += steps.choice([1, 2, 90, 256, 300])
        grow(store, size)
        assert integrator.integrate(CHAIN) == head_of(size)
    assert sizes_signed(database)[-1] == size
    require_served(integrator, size)


def test_a_restart_goes_on_where_the_last_one_ended(store: Store, database: str) -> None:
    sizes = [3, 200, 256, 300, 512, 600, 1100]
    for size in sizes:
        grow(store, size)
        with an_integrator(database) as restarted:
            assert restarted.integrate(CHAIN) == head_of(size)
    assert sizes_signed(database) == sizes


def test_chains_are_apart(store: Store, integrator: Integrator) -> None:
    for chain, size in (("a", 3), ("b", 300), ("één", 1)):
        grow(store, size, chain=chain)
        assert integrator.integrate(chain) == head_of(size)
    assert integrator.heads() == {"a": 3, "b": 300, "één": 1}
    require_served(integrator, 300, chain="b")
    assert integrator.tile("a", "tile/0/000") is None
    assert integrator.tile("c", "tile/0/000.p/1") is None


def test_what_is_not_signed_yet_is_not_served(store: Store, integrator: Integrator) -> None:
    grow(store, 255)
    integrator.integrate(CHAIN)
    grow(store, 300)
    assert integrator.tile(CHAIN, "tile/0/000") is None
    assert integrator.tile(CHAIN, "tile/entries/000") is None
    assert integrator.tile(CHAIN, "tile/entries/001.p/1") is None
    with pytest.raises(NotInTree, match="getekend tot 255"):
        integrator.proof(CHAIN, 0, 256)
    with pytest.raises(NotInTree, match="geen blad op positie 255"):
        integrator.proof(CHAIN, 255)
    integrator.integrate(CHAIN)
    assert integrator.tile(CHAIN, "tile/0/000") is not None


def test_a_large_log_has_three_levels_and_each_tile_it_ever_had(database: str) -> None:
    size = 70_000
    fill(database, 0, size)
    with an_integrator(database) as integrator:
        assert integrator.integrate(CHAIN) == head_of(size)
        assert sizes_signed(database) == [*range(STEP, size, STEP), size]
        dice = Random(1)
        asked = [
            "tile/0/273.p/112", "tile/1/000", "tile/1/000.p/255", "tile/1/001.p/17",
            "tile/2/000.p/1",
        ]  # fmt: skip
        asked += [Tile(0, dice.randrange(273), dice.randint(1, 255)).path for _ in range(10)] + [
            Tile(1, 0, dice.randint(1, 255)).path for _ in range(5)
        ]
        for path in asked:
            level, index, width = _parts(path)
            assert integrator.tile(CHAIN, path) == oracle.tile_hashes(Tile(level, index, width))
        for absent in (
            "tile/0/273",
            "tile/1/001",
            "tile/1/001.p/18",
            "tile/2/000",
            "tile/3/000.p/1",
        ):
            assert integrator.tile(CHAIN, absent) is None
        for _ in range(10):
            total = dice.randint(1, size)
            position, old = dice.randrange(total), dice.randint(1, total)
            assert integrator.proof(CHAIN, position, total) == oracle.path(position, 0, total)
            assert integrator.consistency(CHAIN, old, total) == oracle.proof(old, total)
            assert integrator.root(CHAIN, total) == oracle.mth(0, total)
    with an_integrator(database) as restarted:
        assert restarted.integrate(CHAIN) == head_of(size)


def _parts(path: str) -> tuple[int, int, int]:
    level, rest = path.removeprefix("tile/").split("/", 1)
    number, _, width = rest.partition(".p/")
    return int(level), int(number), int(width or 256)


# Serving


def test_a_record_can_be_proven_in_each_size(store: Store, integrator: Integrator) -> None:
    for size in (1, 2, 3, 7, 255, 256, 257, 300, 513):
        grow(store, size)
        integrator.integrate(CHAIN)
        for total in {1, size // 2, size - 1, size} - {0}:
            for position in {0, total // 3, total - 1}:
                assert integrator.proof(CHAIN, position, total) == oracle.path(position, 0, total)
            assert integrator.consistency(CHAIN, total, size) == oracle.proof(total, size)
            assert integrator.root(CHAIN, total) == oracle.mth(0, total)
        assert integrator.proof(CHAIN, 0) == oracle.path(0, 0, size)


def test_a_proof_file_holds_the_checkpoint_of_its_size(
    store: Store, integrator: Integrator
) -> None:
    for size in (3, 5):
        grow(store, size)
        integrator.integrate(CHAIN)
    note = str(KEY.sign(3, oracle.mth(0, 3)))
    proof = integrator.tlog_proof(CHAIN, 2, 3)
    assert proof.startswith("c2sp.org/tlog-proof@v1\nindex 2\n")
    assert proof.endswith(f"\n\n{note}")
    assert integrator.tlog_proof(CHAIN, 2) != proof
    with pytest.raises(NotInTree, match="geen controlepunt van deze omvang"):
        integrator.tlog_proof(CHAIN, 2, 4)
    with pytest.raises(NotInTree):
        integrator.tlog_proof(CHAIN, 3, 3)
    with pytest.raises(NotInTree):
        integrator.tlog_proof("other", 0)


def test_a_tile_that_is_not_there_is_not_found(store: Store, integrator: Integrator) -> None:
    grow(store, 5)
    integrator.integrate(CHAIN)
    for absent in (
        "", "tile/0/000.p/0", "tile/0/000.p/256", "tile/1/000.p/1", "tile/63/000.p/1", "tile/0/000",
        "tile/entries/000", "tile/0/001.p/1", "tile/0/000.p/6", "../checkpoint",
    ):  # fmt: skip
        assert integrator.tile(CHAIN, absent) is None
    assert integrator.tile(CHAIN, "tile/0/000.p/5") is not None
    assert integrator.tile(CHAIN, "tile/entries/000.p/5") is not None


def test_cosignatures_are_published_with_the_checkpoint(
    store: Store, integrator: Integrator
) -> None:
    grow(store, 5)
    integrator.integrate(CHAIN)
    text = head_of(5).text()
    newer = Signer("witness.example/w1", ML_DSA_44_COSIGNATURE, b"w" * 32)
    for signer, at in ((WITNESS, 10), (newer, 11), (WITNESS, 12)):
        integrator.tables.put_cosignature(CHAIN, 5, signature(text, signer, at=at))
    published = integrator.published(CHAIN)
    assert published is not None
    keys = [*KEY.verifiers, WITNESS.verifier, newer.verifier]
    _, good = open_note(published.encode(), keys)
    assert sorted((one.verifier.algorithm, one.time) for one in good) == [
        (1, None),
        (4, 12),
        (6, 11),
    ]
    found = integrator.checkpoint(CHAIN)
    assert found is not None
    assert found.note == str(KEY.sign(5, oracle.mth(0, 5)))
    with pytest.raises(errors.ForeignKeyViolation):
        integrator.tables.put_cosignature(CHAIN, 4, signature(text, WITNESS, at=1))


def test_what_is_signed_never_changes(store: Store, integrator: Integrator, database: str) -> None:
    grow(store, 300)
    integrator.integrate(CHAIN)
    for table in ("tiles", "checkpoints"):
        for change in ("UPDATE {} SET root = root", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
            with (
                psycopg.connect(database) as owner,
                pytest.raises(errors.RestrictViolation, match="Wat is vastgelegd verandert niet"),
            ):
                owner.execute(change.format(table).encode())
    assert sizes_signed(database) == [300]


# Keys


def test_both_keys_sign_while_a_key_is_rotated(store: Store, database: str) -> None:
    rotated = KEY.rotated()
    retired = rotated.without(KEY.signers[0].verifier.key_id.hex())
    for size, key in ((3, KEY), (5, rotated), (7, retired)):
        grow(store, size)
        with an_integrator(database, key=key) as integrator:
            assert integrator.integrate(CHAIN) == head_of(size)
    assert sizes_signed(database, key=retired) == [3, 5, 7]
    with an_integrator(database) as reader:
        notes = [reader.published(CHAIN, size) for size in (3, 5, 7)]
    assert [len(note.signatures) for note in notes if note] == [1, 2, 1]


def test_a_key_that_is_not_there_stops_this_chain_alone(store: Store) -> None:
    integrator = integrator_on(store, key=None)
    grow(store, 3)
    with pytest.raises(SigningRefused, match=r"wordt niet getekend.*is er niet") as refused:
        integrator.integrate(CHAIN)
    assert refused.value.kind == "key"
    assert {name: one.kind for name, one in integrator.refusals.items()} == {CHAIN: "key"}


def test_a_gate_keeps_a_log_from_being_signed_until_it_allows(store: Store, database: str) -> None:
    asked: list[Head] = []
    reasons: list[str | None] = ["getuige w1 is verder.", None, None]

    def gate(chain: str, head: Head) -> str | None:
        assert chain == CHAIN
        asked.append(head)
        return reasons[len(asked) - 1]

    integrator = integrator_on(store, gate=gate)
    grow(store, 3)
    with pytest.raises(SigningRefused, match="getuige w1 is verder") as refused:
        integrator.integrate(CHAIN)
    assert refused.value.kind == "gate"
    assert sizes_signed(database) == []
    assert integrator.integrate(CHAIN) == head_of(3)
    assert integrator.refusals == {}
    grow(store, 4)
    integrator.integrate(CHAIN)
    assert asked == [head_of(0), head_of(0), head_of(3)]


# Two at once


class Overtaken(TreeTables):
    """Lets another process sign, once, right after the leaves were read."""

    def __init__(self, store: Store, other: Integrator) -> None:
        super().__init__(store)
        self._other: Integrator | None = other

    def leaves(self, chain: str, start: int, limit: int) -> list[tuple[int, bytes]]:
        found = super().leaves(chain, start, limit)
        other, self._other = self._other, None
        if other is not None:
            other.integrate(chain)
        return found


@pytest.mark.parametrize(("first", "then"), [(5, 9), (300, 310), (256, 600)])
def test_of_two_processes_one_signs_and_the_other_reads_on(
    store: Store, database: str, first: int, then: int
) -> None:
    grow(store, first)
    with an_integrator(database) as other:
        slower = integrator_on(store, tables=Overtaken(store, other))
        assert slower.integrate(CHAIN) == head_of(first)
        assert sizes_signed(database) == [first]
        grow(store, then)
        assert slower.integrate(CHAIN) == head_of(then)
        assert other.integrate(CHAIN) == head_of(then)
    assert sizes_signed(database) == [first, then]


def test_many_processes_and_a_writer_make_one_row_of_checkpoints(database: str) -> None:
    size = 1500
    done = threading.Event()
    broken: list[BaseException] = []

    def sign() -> None:
        try:
            with an_integrator(database) as integrator:
                while not done.is_set():
                    integrator.integrate(CHAIN)
                assert integrator.integrate(CHAIN) == head_of(size)
        except BaseException as error:
            broken.append(error)
            raise

    threads = [threading.Thread(target=sign) for _ in range(3)]
    for thread in threads:
        thread.start()
    with Store(database) as store:
        steps = Random(3)
        while (now := store.size(CHAIN)) < size:
            grow(store, min(size, now + steps.randint(1, 60)))
    done.set()
    for thread in threads:
        thread.join(60)
    assert broken == []
    assert sizes_signed(database)[-1] == size


def test_threads_share_one_integrator(store: Store, integrator: Integrator, database: str) -> None:
    grow(store, 700)
    heads: list[Head] = []
    threads = [
        threading.Thread(target=lambda: heads.append(integrator.integrate(CHAIN))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert heads == [head_of(700)] * 4
    assert sizes_signed(database) == [700]


def test_another_origin_is_another_log(store: Store, database: str) -> None:
    grow(store, 3)
    with an_integrator(database) as integrator:
        integrator.integrate(CHAIN)
    moved = LogKey((Signer("elsewhere.example/log/keten", 1, b"k" * 32),))
    grow(store, 4)
    with an_integrator(database, key=moved) as integrator:
        with pytest.raises(SigningRefused) as refused:
            integrator.integrate(CHAIN)
        assert refused.value.kind == "checkpoint"
    assert KEY.origin == ORIGIN
