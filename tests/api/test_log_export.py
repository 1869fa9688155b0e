"""A copy of the log as files: the same bytes as are served, growing, never made to forget."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from api import cli
from ledger.log.checkpoint import Head, read_text
from ledger.log.export import CopyDiffers, export
from ledger.log.merkle import NotInTree
from ledger.log.note import open_note, signed
from ledger.log.store import Store
from ledger.log.tiles import layout
from ledger.log.tree import Tree
from tests.log.signing import CHAIN, KEY, fill, head_of, integrator_on


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with Store(database) as store:
        yield store


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def grown(database: str, store: Store, start: int, size: int) -> Tree:
    """The signed log of numbers, grown from one size to another."""
    fill(database, start, size)
    integrator = integrator_on(store)
    assert integrator.integrate(CHAIN) == head_of(size)
    return integrator


def test_a_copy_holds_every_tile_and_the_checkpoint(
    database: str, store: Store, tmp_path: Path
) -> None:
    tree = grown(database, store, 0, 600)
    done = export(tree, CHAIN, tmp_path, also={"key": b"sleutel\n"})
    found = files_in(tmp_path)
    assert set(found) == {"checkpoint", "key", *(tile.path for tile in layout(600))}
    assert all(found[tile.path] == tree.tile(CHAIN, tile.path) for tile in layout(600))
    note, _ = open_note(found["checkpoint"], KEY.verifiers)
    assert read_text(note.text) == head_of(600)
    assert (done.before, done.size, done.files) == (0, 600, len(found))


def test_a_second_export_writes_only_what_is_new(
    database: str, store: Store, tmp_path: Path
) -> None:
    export(grown(database, store, 0, 600), CHAIN, tmp_path)
    before = files_in(tmp_path)
    stamps = {path: (tmp_path / path).stat().st_mtime_ns for path in before}
    done = export(grown(database, store, 600, 1000), CHAIN, tmp_path)
    after = files_in(tmp_path)
    assert set(after) - set(before) == {tile.path for tile in layout(1000, since=600)}
    assert done.files == len(after) - len(before) + 1
    changed = [path for path in before if (tmp_path / path).stat().st_mtime_ns != stamps[path]]
    assert changed == ["checkpoint"]
    assert set(after) >= {tile.path for tile in layout(1000)}


def test_an_export_without_anything_new_writes_nothing(
    database: str, store: Store, tmp_path: Path
) -> None:
    tree = grown(database, store, 0, 5)
    export(tree, CHAIN, tmp_path)
    assert export(tree, CHAIN, tmp_path).files == 0


def test_an_export_that_broke_off_is_made_whole_by_the_next(
    database: str, store: Store, tmp_path: Path
) -> None:
    tree = grown(database, store, 0, 300)
    export(tree, CHAIN, tmp_path)
    whole = files_in(tmp_path)
    for path in ("checkpoint", "tile/0/000", "tile/entries/001.p/44"):
        (tmp_path / path).unlink()
    assert export(tree, CHAIN, tmp_path).files == 3
    assert files_in(tmp_path) == whole


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (head_of(3)._replace(origin="log.example/log/ander"), "De kopie is van log"),
        (head_of(3)._replace(size=4), "niet die van de kopie"),
        (head_of(3)._replace(root=bytes(32)), "niet die van de kopie"),
        (head_of(9), "telt 9 vastleggingen, het log nog 5"),
    ],
    ids=["another log", "another size", "another root", "further than the log"],
)
def test_a_copy_of_something_else_is_left_as_it_is(
    database: str, store: Store, tmp_path: Path, head: Head, why: str
) -> None:
    note = signed(head.text(), KEY.signers).encode()
    (tmp_path / "checkpoint").write_bytes(note)
    with pytest.raises(CopyDiffers, match=why):
        export(grown(database, store, 0, 5), CHAIN, tmp_path)
    assert files_in(tmp_path) == {"checkpoint": note}


def test_a_file_that_is_no_checkpoint_is_not_replaced(
    database: str, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "checkpoint").write_bytes(b"mijn eigen bestand\n")
    with pytest.raises(CopyDiffers, match="geen controlepunt"):
        export(grown(database, store, 0, 5), CHAIN, tmp_path)


def test_a_log_that_is_not_signed_has_no_copy(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotInTree):
        export(Tree(store), CHAIN, tmp_path / "kopie")
    assert not (tmp_path / "kopie").exists()


def test_the_command_says_what_it_wrote_and_how_it_ended(
    database: str,
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("KETENLEDGER_FOLDER", str(tmp_path / "data"))
    copy = tmp_path / "kopie"
    assert cli.run(["export-log", CHAIN, str(copy)]) == 1
    grown(database, store, 0, 5)
    assert cli.run(["export-log", CHAIN, str(copy), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {"chain": CHAIN, "before": 0, "size": 5, "files": 3}
    assert "PRIVATE" not in "".join(map(str, files_in(copy).values()))
    (copy / "checkpoint").write_bytes(signed(head_of(9).text(), KEY.signers).encode())
    assert cli.run(["export-log", CHAIN, str(copy)]) == 2
    assert "het log nog 5" in capsys.readouterr().err
