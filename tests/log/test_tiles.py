"""Tiles: names, which of them exist when, and that they hold the hashes of the definition."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.log.merkle import Node, NotInTree, consistency, inclusion, root
from ledger.log.tiles import (
    ENTRIES,
    Edge,
    FullTile,
    Tile,
    bundle,
    index_path,
    layout,
    node_reader,
    parse_path,
    width_at,
)
from tests.log import tree_oracle as oracle
from tests.log.test_merkle import VECTORS

LARGE = 70_000


def paths(size: int, since: int = 0) -> list[str]:
    return [tile.path for tile in layout(size, since=since)]


# Names


@pytest.mark.parametrize(
    ("index", "path"),
    [
        (0, "000"),
        (255, "255"),
        (999, "999"),
        (1000, "x001/000"),
        (1234067, "x001/x234/067"),
        (2**63 - 1, "x009/x223/x372/x036/x854/x775/807"),
    ],
)
def test_an_index_is_written_in_groups_of_three(index: int, path: str) -> None:
    assert index_path(index) == path
    assert parse_path(f"tile/3/{path}.p/7") == Tile(3, index, 7)


def test_the_paths_of_the_shared_folder_come_out(shared_folder: Path) -> None:
    values = json.loads((shared_folder / "vectors.json").read_text("utf-8"))
    assert {number: index_path(int(number)) for number in values["paths"]} == values["paths"]
    entries = [entry.encode() for entry in values["entries"]]
    assert bundle(entries).hex() == values["bundle5_hex"]


@given(st.integers(ENTRIES, 63), st.integers(0, 2**63 - 1), st.integers(1, 256))
def test_a_path_names_its_tile_and_no_other(level: int, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert parse_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "", "tile", "tile/0", "tile/0/", "/tile/0/000", "tile/0/000/", "tile//000", "Tile/0/000",
        "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/1", "tile/0/-01", "tile/0/+01",
        "tile/00/000", "tile/01/000", "tile/-1/000", "tile/64/000", "tile/100/000", "tile/x/000",
        "tile/0/x000/000", "tile/0/000/000", "tile/0/x001", "tile/0/001/x000", "tile/0/X001/000",
        "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/00", "tile/0/000.p/01",
        "tile/0/000.p/256", "tile/0/000.p/257", "tile/0/000.p/999", "tile/0/000.p/1000",
        "tile/0/000.p/-1", "tile/0/000.p/x", "tile/0/000.p/1/", "tile/0/000.p/1.p/1",
        "tile/0/000.q/1", "tile/0/000 ", "tile/0/000\n", "tile/0/\u0660\u0660\u0660",
        "tile/entries", "tile/entries/0", "tile/entries/000.p/0", "tile/entries/000.p/256",
        "tile/0/x009/x223/x372/x036/x854/x775/808", "tile/0/x001/x000/x000/x000/x000/x000/x000/000",
        "tile/0/../000", "tile/0/%30%30%30", "tile/\u0663/000", "checkpoint",
    ],
)  # fmt: skip
def test_what_is_no_path_of_a_tile_names_none(path: str) -> None:
    with pytest.raises(NotInTree, match="is geen pad van een tegel"):
        parse_path(path)


# Which tiles exist


def test_seventy_thousand_leaves_make_the_tiles_of_the_specification() -> None:
    found = set(paths(70_000))
    assert len([path for path in found if path.startswith("tile/0/")]) == 274
    assert len([path for path in found if path.startswith("tile/entries/")]) == 274
    assert {
        path for path in found if path.startswith(("tile/0/", "tile/entries/")) and "p" in path[-6:]
    } == {
        "tile/0/273.p/112",
        "tile/entries/273.p/112",
    }
    assert {path for path in found if path[5] in "123456789"} == {
        "tile/1/000",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    }


def test_a_full_tile_has_one_hash_above_it() -> None:
    assert paths(256) == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
    assert paths(255) == ["tile/entries/000.p/255", "tile/0/000.p/255"]
    assert paths(0) == []


@pytest.mark.parametrize(
    ("path", "from_size"),
    [
        ("tile/0/000", 256),
        ("tile/0/000.p/1", 1),
        ("tile/0/000.p/255", 255),
        ("tile/0/001.p/1", 257),
        ("tile/entries/000", 256),
        ("tile/entries/000.p/5", 5),
        ("tile/entries/001", 512),
        ("tile/1/000.p/1", 256),
        ("tile/1/000.p/17", 17 * 256),
        ("tile/1/000", 65_536),
        ("tile/1/001.p/1", 65_536 + 256),
        ("tile/2/000.p/1", 65_536),
        ("tile/2/000", 2**24),
        ("tile/63/000.p/1", 256**63),
    ],
)
def test_a_tile_exists_from_the_size_that_completes_it(path: str, from_size: int) -> None:
    tile = parse_path(path)
    assert not tile.exists(0)
    assert not tile.exists(from_size - 1)
    assert tile.exists(from_size)
    assert tile.exists(from_size + 1)
    assert tile.exists(from_size * 1000)


@given(st.integers(0, 2**40), st.integers(0, 5), st.integers(0, 2**34))
def test_a_width_is_that_of_the_specification(size: int, level: int, index: int) -> None:
    at_level = size // 256**level
    if index < at_level // 256:
        assert width_at(level, index, size) == 256
    elif index == at_level // 256:
        assert width_at(level, index, size) == at_level % 256
    else:
        assert width_at(level, index, size) == 0


@settings(deadline=None)
@given(st.integers(0, LARGE), st.integers(0, LARGE))
def test_a_copy_that_grows_has_all_that_a_new_copy_has(one: int, other: int) -> None:
    old, new = sorted((one, other))
    assert set(paths(new)) <= {*paths(old), *paths(new, since=old)}
    assert set(paths(new, since=old)) <= set(paths(new))
    assert set(paths(new, since=old)).isdisjoint(paths(old))
    assert all(parse_path(path).exists(new) for path in paths(new))


# What they hold


@settings(deadline=None, max_examples=40)
@given(st.integers(0, LARGE), st.data())
def test_a_growing_edge_completes_the_tiles_of_the_definition(
    size: int, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, size), max_size=5)))
    edge = Edge()
    made: list[FullTile] = []
    for start, end in zip([0, *cuts], [*cuts, size], strict=True):
        edge, full = edge.extended(oracle.leaves(start, end))
        made += full
    expected = [tile for tile in layout(size) if tile.level != ENTRIES]
    full_tiles = [tile for tile in expected if tile.width == 256]
    assert {(one.level, one.index) for one in made} == {
        (one.level, one.index) for one in full_tiles
    }
    assert len(made) == len(full_tiles)
    assert all(one.hashes == oracle.tile_hashes(Tile(one.level, one.index)) for one in made)
    partial = {one.level: oracle.tile_hashes(one) for one in expected if one.width < 256}
    rows = {level: b"".join(row) for level, row in enumerate(edge.rows) if row}
    assert rows == partial
    assert (edge.size, edge.root()) == (size, oracle.mth(0, size))


def test_an_edge_stays_as_it_is() -> None:
    before, _ = Edge().extended(oracle.leaves(0, 300))
    before.extended(oracle.leaves(300, 700))
    assert before == Edge().extended(oracle.leaves(0, 300))[0]
    assert before.extended([]) == (before, [])


@settings(deadline=None, max_examples=60)
@given(st.integers(1, LARGE), st.data())
def test_proofs_from_tiles_are_those_of_the_definition(size: int, data: st.DataObject) -> None:
    loaded: list[Tile] = []

    def load(tile: Tile) -> bytes:
        assert tile.exists(size)
        loaded.append(tile)
        return oracle.tile_hashes(tile)

    read = node_reader(size, load)
    position = data.draw(st.integers(0, size - 1))
    assert inclusion(position, size, read) == oracle.path(position, 0, size)
    assert len(loaded) == len(set(loaded)) <= 6
    assert sum(tile.width for tile in loaded if tile.level == 0 and tile.width < 256) <= 255
    old = data.draw(st.integers(1, size))
    assert consistency(old, size, read) == oracle.proof(old, size)
    assert root(old, read) == oracle.mth(0, old)


def test_a_node_outside_the_tree_is_not_read() -> None:
    read = node_reader(300, oracle.tile_hashes)
    assert read([Node(0, 299), Node(8, 0)]) == [oracle.leaf(299), oracle.mth(0, 256)]
    for outside in (Node(0, 300), Node(8, 1), Node(9, 0), Node(2, 75)):
        with pytest.raises(NotInTree):
            read([outside])


def test_a_bundle_says_how_long_each_entry_is() -> None:
    assert bundle([]) == b""
    assert bundle([b"", b"abc", b"x" * 258]) == b"\0\0\0\x03abc\x01\x02" + b"x" * 258
    assert len(bundle([b"x" * 65_535])) == 65_537
    with pytest.raises(ValueError, match="at most 65535 bytes"):
        bundle([b"x" * 65_536])


def test_the_known_bundle_comes_out() -> None:
    entries = json.loads(VECTORS.read_text("utf-8"))["entries"]
    assert bundle(entry.encode() for entry in entries).hex() == "".join(
        f"0007{entry.encode().hex()}" for entry in entries
    )
