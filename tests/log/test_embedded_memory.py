"""How much memory the embedded server takes for the pages it holds."""

from pathlib import Path

import psycopg
import pytest

from ledger.embedded import running
from ledger.embedded_memory import memory_bytes, pages_mb

GB = 2**30


@pytest.mark.parametrize(
    ("there_gb", "taken_mb"), [(0.25, 128), (2, 512), (8, 2048), (24, 6144), (512, 8192)]
)
def test_a_quarter_of_the_memory_is_for_pages(there_gb: float, taken_mb: int) -> None:
    assert pages_mb(int(there_gb * GB)) == taken_mb


def test_a_container_has_no_more_than_it_was_given(tmp_path: Path) -> None:
    given = tmp_path / "memory.max"
    given.write_text(f"{GB // 4}\n", "ascii")
    assert memory_bytes([given]) == GB // 4


@pytest.mark.parametrize("said", ["max\n", "9223372036854771712\n", ""])
def test_a_container_without_a_limit_has_all_of_the_machine(tmp_path: Path, said: str) -> None:
    given = tmp_path / "memory.max"
    given.write_text(said, "ascii")
    assert memory_bytes([given, tmp_path / "absent"]) == memory_bytes([])


@pytest.mark.slow
def test_the_server_takes_what_is_reckoned(tmp_path_factory: pytest.TempPathFactory) -> None:
    with (
        running(tmp_path_factory.mktemp("pages") / "data") as url,
        psycopg.connect(url) as connection,
    ):
        row = connection.execute(
            "SELECT setting::int * 8 / 1024 FROM pg_settings WHERE name = 'shared_buffers'"
        ).fetchone()
    assert row == (pages_mb(memory_bytes()),)
