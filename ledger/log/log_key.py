"""The keys of a log, kept in files outside the database: one file per chain, for its owner alone.

A file holds a key a line. A line PRIVATE+KEY+… signs; a verifier key by itself is a retired key,
whose old signatures still count. All have the origin of the log as their name:

    made      one key signs
    rotated   a new key signs, and so does the old one, until all readers know the new
    retired   the old key is only remembered

Whoever reads the file must not be able to be anybody else: with any right for group or others it is
refused. A file is replaced as a whole and is on disk before it counts.
"""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

from ledger.log.checkpoint import Head
from ledger.log.kept_files import make_folder, sync_folder, written
from ledger.log.note import Note, signed
from ledger.log.note_keys import ED25519, BadKey, Signer, Verifier, read_signer, read_verifier

MAX_KEY_FILE_BYTES: Final = 65_536
NOT_THE_OWNER: Final = stat.S_IRWXG | stat.S_IRWXO

HEADER: Final = (
    "# Sleutels van een log. Geheim: wie een regel PRIVATE+KEY heeft, tekent als het log.\n"
)


class KeyRefused(Exception):
    """A key that is not there, cannot be used or is not safe; says in Dutch why."""


@dataclass(frozen=True)
class LogKey:
    """What a log signs with, the newest key first, and the retired keys it signed with before."""

    signers: tuple[Signer, ...]
    retired: tuple[Verifier, ...] = ()

    def __post_init__(self) -> None:
        if not self.signers:
            raise KeyRefused("Een log heeft ten minste één sleutel om mee te tekenen.")
        if len({key.name for key in self.verifiers}) != 1:
            raise KeyRefused("De sleutels van een log hebben allemaal dezelfde naam.")
        # Witnesses and readers of tiles count on this kind; it must not be absent from any.
        if any(key.algorithm != ED25519 for key in self.verifiers):
            raise KeyRefused("Een log tekent met Ed25519.")

    @property
    def origin(self) -> str:
        """The name of the log, which is the first line of its checkpoints."""
        return self.signers[0].name

    @property
    def verifiers(self) -> tuple[Verifier, ...]:
        """Every key whose signature counts as that of the log, those that sign first."""
        return (*(signer.verifier for signer in self.signers), *self.retired)

    def sign(self, size: int, root: bytes) -> Note:
        """Return the checkpoint that says that the log has this size and root."""
        return signed(Head(self.origin, size, root).text(), self.signers)

    def rotated(self) -> "LogKey":
        """Return this with a new key in front; the older ones go on signing beside it."""
        return LogKey((Signer.made(self.origin), *self.signers), self.retired)

    def without(self, key_id: str) -> "LogKey":
        """Return this with the key of this id (hexadecimal) retired."""
        gone = tuple(key for key in self.signers if key.verifier.key_id.hex() == key_id)
        if not gone:
            raise KeyRefused(f"Geen sleutel met kenmerk {key_id} tekent voor {self.origin}.")
        left = tuple(key for key in self.signers if key not in gone)
        return LogKey(left, (*(key.verifier for key in gone), *self.retired))


class Keys(Protocol):
    """Whoever knows the key of each log."""

    def key(self, chain: str) -> LogKey:
        """Return the key of a chain's log; raises KeyRefused."""


class KeyFolder:
    """A folder with a key file per chain. A file that changes is read again, without a restart."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, tuple[tuple[int, ...], LogKey]] = {}

    def path(self, chain: str) -> Path:
        """Return where the key of a chain is kept; any name makes one safe file name."""
        return self._folder / f"{quote(chain, safe='')}.key"

    def key(self, chain: str) -> LogKey:
        path = self.path(chain)
        try:
            # Without waiting, should somebody have put a pipe there.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError as error:
            raise KeyRefused(f"De sleutel van keten {chain} is er niet: {path}.") from error
        try:
            return self._read_open(chain, path, descriptor)
        finally:
            os.close(descriptor)

    def _read_open(self, chain: str, path: Path, descriptor: int) -> LogKey:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode) or state.st_mode & NOT_THE_OWNER:
            raise KeyRefused(f"{path} moet een bestand zijn met rechten 0600, voor niemand anders.")
        seen = (state.st_dev, state.st_ino, state.st_mtime_ns, state.st_size)
        known = self._read.get(chain)
        if known is None or known[0] != seen:
            known = (seen, read_key(os.read(descriptor, MAX_KEY_FILE_BYTES + 1), path))
            self._read[chain] = known
        return known[1]

    def make(self, chain: str, origin: str) -> LogKey:
        """Make and keep the first key of a chain; raises KeyRefused where there is one."""
        try:
            key = LogKey((Signer.made(origin),))
        except BadKey as error:
            raise KeyRefused(str(error)) from error
        # A link refuses where the name is taken; a rename would replace.
        self._keep(chain, key, os.link)
        return key

    def rotate(self, chain: str) -> LogKey:
        """Make a new key, which signs beside the old one from now on."""
        return self._replace(chain, self.key(chain).rotated())

    def retire(self, chain: str, key_id: str) -> LogKey:
        """Let a key sign no more; what it signed still counts."""
        return self._replace(chain, self.key(chain).without(key_id))

    def _replace(self, chain: str, key: LogKey) -> LogKey:
        self._keep(chain, key, os.replace)
        return key

    def _keep(self, chain: str, key: LogKey, put: Callable[[Path, Path], None]) -> None:
        """Write the file of a key beside its place, to disk, and put it there whole."""
        path = self.path(chain)
        try:
            make_folder(self._folder)
            with written(path, write_key(key)) as fresh:
                put(fresh, path)
            sync_folder(self._folder)
        except FileExistsError as error:
            raise KeyRefused(f"Keten {chain} heeft al een sleutel: {path}.") from error
        except OSError as error:
            raise KeyRefused(f"{path} kan niet worden bewaard: {error.strerror}.") from error


def read_key(data: bytes, path: Path) -> LogKey:
    """Return what a key file says; `path` only names it in what a reader is told.

    What is told quotes nothing of the file, whatever it holds.
    """
    if len(data) > MAX_KEY_FILE_BYTES:
        raise KeyRefused(f"{path} is te groot voor een sleutelbestand.")
    signers: list[Signer] = []
    retired: list[Verifier] = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        try:
            if line.startswith(b"PRIVATE+KEY+"):
                signers.append(read_signer(line.decode("utf-8")))
            elif line and not line.startswith(b"#"):
                retired.append(read_verifier(line.decode("utf-8")))
        except (BadKey, UnicodeDecodeError):
            raise KeyRefused(f"{path} is onbruikbaar: regel {number} is geen sleutel.") from None
    try:
        return LogKey(tuple(signers), tuple(retired))
    except KeyRefused as error:
        raise KeyRefused(f"{path} is onbruikbaar: {error}") from error


def write_key(key: LogKey) -> bytes:
    """Return a key as its file."""
    lines = [*(one.private_text() for one in key.signers), *map(str, key.retired)]
    return (HEADER + "".join(f"{line}\n" for line in lines)).encode()
