"""A server for each file of tests here: its tests share it, each with chains of its own."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.api.an_issuer import AnIssuer, issuing
from tests.api.doors import Doors, open_doors


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the server of the tests in one file."""
    return tmp_path_factory.mktemp("doors")


@pytest.fixture(scope="module")
def doors(shared_database: str, data_folder: Path) -> Iterator[Doors]:
    """A server in development mode."""
    with open_doors(shared_database, data_folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def issuer() -> Iterator[AnIssuer]:
    """An issuer of tokens elsewhere, as a server in production has one."""
    with issuing() as one:
        yield one


@pytest.fixture
def chain(doors: Doors) -> str:
    """A chain that was just founded by bd and uwv, for whom p-bd and p-uwv speak."""
    name = f"keten-{uuid4().hex[:8]}"
    doors.found(name)
    return name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder of one test."""
    return tmp_path / "data"
