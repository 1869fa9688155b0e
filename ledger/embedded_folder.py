"""The files of one data folder of the embedded PostgreSQL, and who owns them.

    pgdata/      the data; there only once initdb has finished
    password     of the one role, 0600
    socket/      the only way in, 0700; when its path is too long for a socket, a private folder
                 elsewhere, written down in socket-folder
    start.lock   held while the server is started or stopped
    users.lock   shared by the processes of ours that use the server
    server.lock  held by every process of the server, see embedded_process
    server.log   what the server says

Nothing but the folder itself need be reachable by its path: when the server runs as another user
than we, it gets the folders as open descriptors. So a data folder below /root works as well.
"""

import contextlib
import errno
import fcntl
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO
from urllib.parse import quote

from ledger.embedded_binaries import EmbeddedError, ServerUser, user_name

ROLE = "ketenledger"
DATABASE = "ketenledger"
PORT = 5432  # only a part of the socket's name
SOCKET = f".s.PGSQL.{PORT}"
SOCKET_PATH_BYTES = 107
CONNECT_SECONDS = 10
LOG_BYTES = 10_000_000


class DataFolder:
    """Paths, secrets and locks of one data folder."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.pgdata = self.path / "pgdata"
        self.password = self.path / "password"
        self.log = self.path / "server.log"
        self._note = self.path / "socket-folder"

    def conninfo(self, database: str = DATABASE) -> str:
        """Return the URL of a database; raises EmbeddedError when the password is lost."""
        try:
            password = self.password.read_text()
        except FileNotFoundError as error:
            raise EmbeddedError(f"Het wachtwoordbestand {self.password} ontbreekt.") from error
        host = quote(str(self.socket_folder()), safe="")
        return (
            f"postgresql://{ROLE}:{quote(password, safe='')}@/{database}"
            f"?host={host}&port={PORT}&connect_timeout={CONNECT_SECONDS}"
        )

    def make_password(self, user: ServerUser | None) -> None:
        """Write a random password, once; the server's user must be able to read it for initdb."""
        if not self.password.exists():
            self._write(self.password, secrets.token_urlsafe(32))
        give(self.password, user)

    def socket_folder(self) -> Path:
        """Return where the socket is, or would be once the server has been started."""
        near = self.path / "socket"
        # libpq takes a comma for the border between two hosts.
        if _fits(near) and "," not in str(near):
            return near
        return Path(self._note.read_text()) if self._note.exists() else near

    def make_socket_folder(self, user: ServerUser | None) -> Path:
        """Return the socket's folder, made where needed, for the server's user alone."""
        near = self.path / "socket"
        if _fits(near) and "," not in str(near):
            near.mkdir(mode=0o700, exist_ok=True)
            if near.is_symlink():  # root must not be led elsewhere
                raise EmbeddedError(f"{near} is een verwijzing in plaats van een map.")
            give(near, user)
            near.chmod(0o700)
            return near
        if self._note.exists() and _private(noted := self.socket_folder(), user):
            return noted
        made = _short_private_folder()
        give(made, user)
        self._write(self._note, str(made))
        return made

    def remove_far_socket_folder(self) -> None:
        """Leave nothing behind outside the data folder, once the server is down."""
        if self._note.exists():
            with contextlib.suppress(OSError):  # not empty, so not ours alone: let it be
                self.socket_folder().rmdir()
            self._note.unlink()

    def open_log(self) -> IO[bytes]:
        """Return the log, to append to; a big one is put aside first, over the one before it."""
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_name("server.log.1"))
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        return open(os.open(self.log, flags, 0o600), "ab")

    def lock(self, name: str, kind: int) -> int | None:
        """Return a descriptor that holds the lock of this name, None while another holds it."""
        lock = os.open(self.path / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return lock

    def _write(self, path: Path, text: str) -> None:
        """Write a file that is whole or absent, readable by its owner alone."""
        descriptor, name = tempfile.mkstemp(prefix="new-", dir=self.path)
        with open(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
        sync(self.path)


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / SOCKET)) <= SOCKET_PATH_BYTES


def _short_private_folder() -> Path:
    for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 # nosec B108 # made ours
        if _fits(Path(parent, "ketenledger-12345678")):
            return Path(tempfile.mkdtemp(prefix="ketenledger-", dir=parent))
    raise EmbeddedError("Er is geen map met een kort genoeg pad voor de socket van PostgreSQL.")


def _private(folder: Path, user: ServerUser | None) -> bool:
    """Return whether this is a true folder that only the server's user can enter."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    owner = os.geteuid() if user is None else user.uid
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner and not found.st_mode & 0o077


def give(path: Path, user: ServerUser | None) -> None:
    """Make the server's user the owner of a file, or of a folder and all that is in it."""
    if user is None or path.lstat().st_uid == user.uid:
        return
    for inner in path.rglob("*") if path.is_dir() else ():
        os.chown(inner, user.uid, user.gid, follow_symlinks=False)
    os.chown(path, user.uid, user.gid, follow_symlinks=False)


@contextlib.contextmanager
def named(path: Path, user: ServerUser | None) -> Iterator[tuple[str, Sequence[int]]]:
    """Give the name by which the server finds a path, and the descriptors it must inherit.

    Another user may not be able to walk the path; what we have opened, it can open again.
    """
    if user is None:
        yield str(path), ()
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{descriptor}", (descriptor,)
    finally:
        os.close(descriptor)


def works_in(pid: int, pgdata: Path) -> bool:
    """Return whether this process is a living postgres at work in this data folder."""
    process = Path("/proc", str(pid))
    try:
        # "12 (postgres) S ...": the name may hold anything, so read from the last bracket.
        name, _, rest = (process / "stat").read_text().rpartition(") ")
        here = os.path.samestat((process / "cwd").stat(), pgdata.stat())
    except OSError:  # gone meanwhile, or another user's: ours would have let us look
        return False
    return name.partition("(")[2] == "postgres" and rest[0] not in "ZX" and here


def sync(folder: Path) -> None:
    """Make new names in a folder outlive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def told_in_dutch(folder: Path) -> Iterator[None]:
    """Turn what the operating system refuses into one Dutch line."""
    try:
        yield
    except OSError as error:
        place = error.filename or folder
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise EmbeddedError(f"De schijf van {folder} is vol.") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            who = user_name(os.geteuid())
            raise EmbeddedError(
                f"Geen toegang tot {place} voor gebruiker {who}: maak de map schrijfbaar of kies"
                " een andere."
            ) from error
        raise EmbeddedError(
            f"De ingebouwde PostgreSQL kan niet werken in {folder}: {error.strerror} ({place})."
        ) from error
