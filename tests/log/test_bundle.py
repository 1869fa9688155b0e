"""The side that makes bundles, against the plain maker and the verifier: they share no code."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.log import bundle
from ledger.log.bundle import CannotBundle, Selection, Some, Stretch, make
from ledger.log.merkle import Node, NotInTree, beside, roots
from ledger.log.store import Row, Store
from ledger.log.tree import TreeDamaged
from ledger.verify import NotProven, range_root, tree_hash
from tests.conftest import COPY_TEMPLATE, DROP, _run, _url
from tests.log import bundle_maker as maker
from tests.log.bundle_maker import CHAIN, LOG, Log
from tests.log.bundled import KEY, Anybody, bundled, held, members_of, plain_log, signed_log
from tests.log.signing import by_force, integrator_on

SIZE = 600
LEAVES = [tree_hash(bytes([n])) for n in range(100)]


@pytest.fixture(scope="module")
def store(server: str, template: str) -> Iterator[Store]:
    """A signed log of three tiles, which the tests here only read."""
    name = "test_bundles_" + template.rpartition("_")[2]
    _run(server, COPY_TEMPLATE, name=name, template=template)
    try:
        with signed_log(_url(server, name), SIZE, steps=[3, 300]) as store:
            yield store
    finally:
        _run(server, DROP, name=name)


@pytest.fixture(scope="module")
def plain() -> Log:
    return plain_log(SIZE)


# The proof of a range


def read(nodes: list[Node]) -> list[bytes]:
    return [maker.tree(LEAVES[n.index << n.level : (n.index + 1) << n.level]) for n in nodes]


def proven(size: int, start: int, until: int, hidden: list[int]) -> bool:
    """Tell whether the made proof is the plain one and leads the verifier to the root."""
    hashes = roots([*beside(size, start, until, hidden)], read)
    assert hashes == maker.beside(start, until, LEAVES[:size], hidden)
    shown = [b"" if n in hidden else LEAVES[n] for n in range(start, until)]
    rest = iter(hashes[::-1])
    root = range_root(0, size, start, shown, rest)
    return root == maker.tree(LEAVES[:size]) and not [*rest]


def test_every_range_of_every_small_log_is_proven() -> None:
    for size in range(1, 25):
        for start in range(size):
            for until in range(start + 1, size + 1):
                assert proven(size, start, until, [])
                assert proven(size, start, until, [start])


def test_every_record_of_every_log_up_to_a_hundred_is_proven() -> None:
    for size in range(1, 101):
        for position in range(size):
            assert proven(size, position, position + 1, [])
        assert proven(size, 0, size, [])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_range_with_anything_hidden_is_proven(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 100))
    start = data.draw(st.integers(0, size - 1))
    until = data.draw(st.integers(start + 1, size))
    hidden = data.draw(st.sets(st.integers(start, until - 1)))
    assert proven(size, start, until, sorted(hidden))


def test_a_range_that_is_not_there_has_no_proof() -> None:
    for start, until in ((-1, 2), (2, 2), (3, 2), (0, 6), (5, 6)):
        with pytest.raises(NotInTree):
            list(beside(5, start, until))


# Bundles


def proper(members: dict[str, bytes]) -> dict[str, bytes]:
    """Leave out what the plain maker does not make."""
    return {name: data for name, data in members.items() if name not in MADE_HERE}


MADE_HERE = {"manifest.json", "LEESMIJ.txt", "policy"}


@pytest.mark.parametrize(
    ("start", "until", "hidden"),
    [
        (0, SIZE, []), (0, 1, []), (255, 257, []), (256, 512, [300]), (599, 600, []),
        (1, 599, [*range(40, 60), 598]), (3, 4, [3]), (512, 600, [*range(512, 600)]),
    ],
)  # fmt: skip
def test_a_range_is_what_the_plain_maker_makes_of_it(
    store: Store, plain: Log, tmp_path: Path, start: int, until: int, hidden: list[int]
) -> None:
    data, made = bundled(store, Stretch(start, until), Anybody(hidden, opens=False))
    assert proper(members_of(data)) == proper(plain.spanned(start, until, hidden))
    assert (made.shown, made.hidden) == (until - start - len(hidden), len(hidden))
    assert f"niet getoond: {len(hidden)}" in held(tmp_path, data)[0][0]


@pytest.mark.parametrize("positions", [[0], [599], [7, 8, 9], [0, 255, 256, 511, 512, 599]])
def test_chosen_records_are_what_the_plain_maker_makes_of_them(
    store: Store, plain: Log, tmp_path: Path, positions: list[int]
) -> None:
    data, made = bundled(store, Some(positions[::-1]))
    assert proper(members_of(data)) == proper(plain.selected(positions))
    assert (made.shown, made.hidden, made.size) == (len(positions), 0, SIZE)
    assert held(tmp_path, data)[0][0].endswith(f"die er zo in staan: {len(positions)}")


def test_the_log_goes_on_from_an_earlier_checkpoint(
    store: Store, plain: Log, tmp_path: Path
) -> None:
    data, _ = bundled(store, Some([2]), since=[3, 300, SIZE, 0])
    found = members_of(data)
    for old in (3, 300):
        assert found[f"consistency/{old}.txt"] == plain.since(old)[f"consistency/{old}.txt"]
    said = held(tmp_path, data, plain.note(3), plain.note(300), plain.note())[0]
    assert [one.rpartition(" ")[2] for one in said if "verder op" in one] == ["3", "300", "600"]
    with pytest.raises(NotProven, match="missing"):
        held(tmp_path, data, plain.note(4))


def test_what_a_reader_may_not_see_is_left_out_of_what_was_chosen(
    store: Store, tmp_path: Path
) -> None:
    data, made = bundled(store, Some([5, 6, 7]), Anybody([6]))
    assert (made.shown, made.hidden) == (2, 1)
    assert "records/6.json" not in members_of(data)
    assert held(tmp_path, data)
    with pytest.raises(NotInTree, match="mag u geen"):
        bundled(store, Some([6]), Anybody([6]))


def test_disclosures_go_along_only_of_what_is_shown(store: Store, tmp_path: Path) -> None:
    data, _ = bundled(store, Stretch(0, 40), Anybody([9]))
    told = [name for name in members_of(data) if name.startswith("disclosures/")]
    assert told == [f"disclosures/{n}.json" for n in (19, 29, 39)]
    assert held(tmp_path, data)


def test_the_reader_sees_every_record_once_and_then_what_the_bundle_is(store: Store) -> None:
    reader = Anybody([3, 300])
    bundled(store, Stretch(0, SIZE), reader)
    assert reader.passed == [n for n in range(SIZE) if n not in (3, 300)]
    assert reader.outline is not None
    assert (reader.outline.size, reader.outline.hidden) == (SIZE, 2)


@pytest.mark.parametrize("selection", [Some([1, 2, 299]), Stretch(0, SIZE), Stretch(250, 270)])
def test_the_same_bundle_is_the_same_bytes(store: Store, selection: Selection) -> None:
    assert bundled(store, selection)[0] == bundled(store, selection)[0]


def test_the_manifest_says_what_was_chosen_and_keeps_remarks(store: Store) -> None:
    file = io.BytesIO()
    make(
        store, CHAIN, file, selection=Stretch(1, 2), reader=Anybody(), policy=b"quorum none\n",
        remarks={"about": "keuze", "kind": "onzin"},
    )  # fmt: skip
    said = json.loads(members_of(file.getvalue())["manifest.json"])
    assert said["selection"] == {"kind": "range", "from": 1, "until": 2, "about": "keuze"}
    assert (said["chain"], said["size"]) == (CHAIN, SIZE)


@pytest.mark.parametrize(
    "selection",
    [Some([]), Some([-1]), Some([SIZE]), Stretch(0, 0), Stretch(2, 1), Stretch(-1, 2),
     Stretch(0, SIZE + 1)],
)  # fmt: skip
def test_what_the_signed_log_does_not_have_cannot_be_bundled(
    store: Store, selection: Selection
) -> None:
    with pytest.raises(NotInTree):
        bundled(store, selection)


def test_an_earlier_size_has_to_be_earlier(store: Store) -> None:
    for old in (SIZE + 1, -1):
        with pytest.raises(NotInTree):
            bundled(store, Some([0]), since=[old])


def test_what_does_not_fit_is_refused_and_not_cut_off(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "MAX_CHOSEN", 3)
    with pytest.raises(CannotBundle, match="4 vastleggingen"):
        bundled(store, Some([1, 2, 3, 4]))
    monkeypatch.setattr(bundle, "MAX_MEMBERS", 10)
    assert bundled(store, Some([1, 2, 3]))[1].members == 10
    monkeypatch.setattr(bundle, "MAX_MEMBERS", 9)
    with pytest.raises(CannotBundle, match="hoogstens 9 bestanden"):
        bundled(store, Some([1, 2, 3]))
    monkeypatch.setattr(bundle, "MAX_MEMBER_BYTES", 2000)
    with pytest.raises(CannotBundle, match=r"tile/entries/000 wordt te groot"):
        bundled(store, Stretch(0, SIZE))


def test_a_log_that_is_not_signed_has_no_bundle(database: str) -> None:
    with Store(database) as store, pytest.raises(NotInTree, match="geen getekend log"):
        bundled(store, Some([0]))


def test_what_is_not_signed_yet_is_in_no_bundle(database: str, tmp_path: Path) -> None:
    with signed_log(database, 5) as store:
        store.append([Row(CHAIN, n, "Proef.v1", maker.record(n)) for n in range(5, 8)])
        with pytest.raises(NotInTree):
            bundled(store, Some([5]))
        assert held(tmp_path, bundled(store, Stretch(0, 5))[0])
        assert integrator_on(store, key=KEY).integrate(CHAIN).size == 8
        assert bundled(store, Stretch(0, 8))[1].shown == 3 + 5


def test_a_record_that_is_gone_or_changed_makes_no_sound_bundle(
    database: str, tmp_path: Path
) -> None:
    with signed_log(database, 8) as store:
        by_force(database, "UPDATE records SET state = replace(encode(state, 'escape'), 'Proef', "
                 "'Prees')::bytea WHERE originator_version = 3")  # fmt: skip
        with pytest.raises(NotProven, match="inclusion"):
            held(tmp_path, bundled(store, Some([2]))[0])
        by_force(database, "DELETE FROM records WHERE originator_version = 3")
        with pytest.raises(TreeDamaged, match="Vastlegging 2"):
            bundled(store, Some([1, 2]))


@pytest.mark.slow
def test_a_long_log_is_bundled_a_piece_at_a_time(database: str, tmp_path: Path) -> None:
    with signed_log(database, 20_000) as store:
        tracemalloc.start()
        try:
            with (tmp_path / "long.zip").open("wb") as file:
                make(store, CHAIN, file, selection=Stretch(0, 20_000), reader=Anybody(opens=False),
                     policy=maker.policy([LOG], quorum="none"))  # fmt: skip
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 4_000_000
        assert held(tmp_path, (tmp_path / "long.zip").read_bytes())
