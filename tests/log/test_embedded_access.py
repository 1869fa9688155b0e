"""Who gets in: nobody over the network, nobody without the password, no other user."""

import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ledger import embedded_binaries
from ledger.embedded import EmbeddedError, running
from ledger.embedded_binaries import programs_for, server_user
from ledger.embedded_folder import SOCKET_PATH_BYTES, DataFolder

from .embedded_holder import (
    BECOME,
    HOLD,
    WAIT_SECONDS,
    Holder,
    ask,
    postmaster,
    server_processes,
)

pytestmark = pytest.mark.slow

ORDINARY = "daemon"  # a user of every system, who is not the one that runs our server
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture(scope="module")
def held() -> Iterator[Holder]:
    """One running server for all who only look; for root it lies in a private folder."""
    with tempfile.TemporaryDirectory(prefix="kl-") as place, Holder(Path(place, "data")) as holder:
        assert holder.url
        yield holder


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can walk into, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="kl-") as place:
        Path(place).chmod(0o755)
        yield Path(place)


def test_the_server_listens_on_no_network_port(held: Holder) -> None:
    listening = {
        fields[9]
        for table in ("tcp", "tcp6")
        for line in Path("/proc/net", table).read_text().splitlines()[1:]
        if (fields := line.split())[3] == "0A"
    }
    inodes = set()
    for pid in server_processes(held.folder):
        for descriptor in Path("/proc", str(pid), "fd").iterdir():
            inodes.add(os.readlink(descriptor).removeprefix("socket:[").removesuffix("]"))
    assert inodes
    assert not inodes & listening
    assert ask(held.url, "SHOW listen_addresses") == [("",)]


def test_every_way_in_asks_for_a_scram_password(held: Holder) -> None:
    lines = (held.folder / "pgdata" / "pg_hba.conf").read_text().splitlines()
    methods = [line.split()[-1] for line in lines if line.strip() and not line.startswith("#")]
    assert len(methods) >= 1
    assert set(methods) == {"scram-sha-256"}


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_wrong_password_is_refused(held: Holder, password: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(held.url, password=password)


def test_the_right_password_is_accepted_and_kept_as_a_scram_secret(held: Holder) -> None:
    secret = "SELECT left(rolpassword, 14) FROM pg_authid WHERE rolname = 'ketenledger'"
    assert ask(held.url, secret) == [("SCRAM-SHA-256$",)]


def test_nothing_in_the_folder_is_open_to_others(held: Holder) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in held.folder.iterdir()}
    assert modes["password"] == 0o600
    assert modes["pgdata"] == modes["socket"] == 0o700
    assert all(mode & 0o077 == 0 for mode in modes.values())
    assert stat.S_IMODE(held.folder.stat().st_mode) == 0o700


@as_root
def test_for_root_the_server_is_another_user(held: Holder) -> None:
    assert Path("/proc", str(postmaster(held.folder))).stat().st_uid != 0
    assert held.folder.stat().st_uid == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root never runs the server itself")
def test_for_an_ordinary_user_the_server_is_that_user(held: Holder) -> None:
    assert Path("/proc", str(postmaster(held.folder))).stat().st_uid == os.geteuid()


@as_root
def test_an_ordinary_user_runs_a_server_of_their_own(open_folder: Path) -> None:
    entry = pwd.getpwnam(ORDINARY)
    os.chown(open_folder, entry.pw_uid, entry.pw_gid)
    folder = open_folder / "data"
    with Holder(folder, script=BECOME + HOLD, arguments=[ORDINARY], **readable()) as holder:
        assert ask(holder.url, "SELECT current_user") == [("ketenledger",)]
        assert Path("/proc", str(postmaster(folder))).stat().st_uid == entry.pw_uid
    assert holder.process.returncode == 0
    assert server_processes(folder) == []
    # Root goes on with the same folder as the user it belongs to.
    with running(folder) as url:
        assert ask(url, "SELECT 1") == [(1,)]
        assert Path("/proc", str(postmaster(folder))).stat().st_uid == entry.pw_uid


def readable() -> dict[str, str]:
    """Return the setting with programs that an ordinary user can read, wherever ours are."""
    user = server_user(Path("/nowhere"))
    return {embedded_binaries.OVERRIDE: str(programs_for(user).folder)}


CONNECT = """
try:
    psycopg.connect(sys.argv[1])
except psycopg.OperationalError as error:
    sys.exit("Permission denied" if "Permission denied" in str(error) else str(error))
"""


@as_root
def test_another_user_cannot_connect_even_with_the_password(held: Holder) -> None:
    arguments = [ORDINARY, held.url]
    with Holder(held.folder, script=BECOME + CONNECT, arguments=arguments) as stranger:
        said = stranger.process.communicate(timeout=WAIT_SECONDS)
    assert said == ("", "Permission denied\n")


@as_root
def test_programs_in_a_private_folder_are_copied_once(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = open_folder / "private"
    private.mkdir(mode=0o700)
    package = embedded_binaries._carried()[0].parent.parent
    for name in (package.name, f"{package.name}.libs"):
        shutil.copytree(package.with_name(name), private / name)
    monkeypatch.syspath_prepend(private)
    monkeypatch.setattr(embedded_binaries, "SHARED_COPIES", open_folder / "copies")
    with running(private / "data") as url:
        assert ask(url, "SELECT 1") == [(1,)]
    first = programs_for(server_user(private / "data" / "pgdata"))
    assert first.folder.is_relative_to(open_folder / "copies")
    made = first.folder.stat().st_mtime_ns
    assert programs_for(server_user(private / "data" / "pgdata")) == first
    assert first.folder.stat().st_mtime_ns == made
    assert len(list((open_folder / "copies").iterdir())) == 1


@as_root
def test_programs_are_not_copied_to_where_others_can_write(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = open_folder / "copies"
    copies.mkdir()
    copies.chmod(0o777)
    monkeypatch.setattr(embedded_binaries, "SHARED_COPIES", copies)
    with pytest.raises(EmbeddedError, match="schrijfbaar"):
        embedded_binaries._shared_copy(embedded_binaries._carried()[0])


@pytest.mark.parametrize("name", ["x" * 120, "Jansen, de"])
def test_a_path_no_socket_can_have_gets_a_private_folder_elsewhere(
    tmp_path: Path, name: str
) -> None:
    folder = tmp_path / name
    with running(folder) as url, running(folder) as again:
        assert again == url
        assert ask(url, "SELECT 1") == [(1,)]
        sockets = DataFolder(folder).socket_folder()
        assert not sockets.is_relative_to(folder)
        assert len(os.fsencode(sockets)) < SOCKET_PATH_BYTES
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert not sockets.exists()
    with running(folder) as url:
        assert ask(url, "SELECT 1") == [(1,)]


def test_a_noted_socket_folder_that_others_can_enter_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    trap = tmp_path / "trap"
    trap.mkdir()
    trap.chmod(0o755)
    (folder / "socket-folder").write_text(str(trap))
    with running(folder) as url:
        assert ask(url, "SELECT 1") == [(1,)]
        assert DataFolder(folder).socket_folder() != trap
        assert list(trap.iterdir()) == []
