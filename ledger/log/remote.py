"""Reading a log that somebody else serves: any log in the form of C2SP tlog-tiles.

    https://ketens.example/log/keten    a server, ours or any other
    file:///srv/kopie, /srv/kopie       a copy as files, made by `ketenledger export-log`

Nothing that comes in is trusted, not even its size: every answer has a limit and every wait an end.
Where a log does not give what it should have, that is either LogUnreachable, from which nothing
follows about the log, or LogWrong, which is about the log itself. Whether what it gives is true to
a signature is for the caller to find out.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from ledger.log.asking import LOOPBACK
from ledger.log.merkle import HASH_BYTES
from ledger.log.note import MAX_NOTE_BYTES
from ledger.log.note_keys import BadKey, Verifier, read_verifier
from ledger.log.remote_faults import AddressRefused, LogUnreachable, LogWrong, within
from ledger.log.remote_http import HttpSource, Patience
from ledger.log.tiles import MAX_ENTRY_BYTES, TILE_WIDTH, Tile

__all__ = [
    "AddressRefused",
    "LogUnreachable",
    "LogWrong",
    "Patience",
    "RemoteLog",
    "open_folder",
    "open_log",
    "read_bundle",
]

MAX_KEYS: Final = 32
MAX_KEYS_BYTES: Final = 65_536
MAX_BUNDLE_BYTES: Final = TILE_WIDTH * (MAX_ENTRY_BYTES + 2)


class Source(Protocol):
    """Where the files of a log come from."""

    def read(self, path: str, limit_bytes: int) -> bytes | None:
        """Return what stands at a path below the log, None if there is nothing.

        Raises LogUnreachable, or LogWrong for more bytes than the limit.
        """


class RemoteLog:
    """The log at one address; for one thread."""

    def __init__(self, url: str, source: Source) -> None:
        self.url = url
        self._source = source

    def checkpoint(self) -> bytes:
        """Return the checkpoint as it is served now: a signed note, of which nothing is checked."""
        data = self._source.read("checkpoint", MAX_NOTE_BYTES)
        if data is None:
            raise LogUnreachable(f"Op {self.url} staat geen log: er is geen controlepunt.")
        return data

    def verifiers(self) -> tuple[Verifier, ...]:
        """Return the keys that the log says are its own; none where it does not say.

        Raises LogWrong for a line that is no key.
        """
        data = self._source.read("key", MAX_KEYS_BYTES)
        lines = [] if data is None else data.decode("utf-8", "replace").splitlines()
        if len(lines) > MAX_KEYS:
            raise LogWrong("malformed", f"Het log noemt meer dan {MAX_KEYS} sleutels.")
        try:
            return tuple(read_verifier(line) for line in lines)
        except BadKey as error:
            raise LogWrong(
                "malformed", f"Het log noemt een onbruikbare sleutel: {error}"
            ) from error

    def hashes(self, tile: Tile) -> bytes:
        """Return the hashes of a tile, one after another, exactly as many as it is wide."""
        served, data = self._tile(tile, TILE_WIDTH * HASH_BYTES)
        if len(data) != served.width * HASH_BYTES:
            what = f"{served.path} telt {len(data)} bytes, verwacht {served.width * HASH_BYTES}."
            raise LogWrong("malformed", what)
        return data[: tile.width * HASH_BYTES]

    def entries(self, tile: Tile) -> list[bytes]:
        """Return the records in a bundle, exactly as many as it is wide."""
        served, data = self._tile(tile, MAX_BUNDLE_BYTES)
        found = read_bundle(data)
        if found is None or len(found) != served.width:
            what = f"{served.path} bestaat niet uit {served.width} hele vastleggingen."
            raise LogWrong("malformed", what)
        return found[: tile.width]

    def _tile(self, tile: Tile, limit_bytes: int) -> tuple[Tile, bytes]:
        """Return what is served: this tile, or the full one that took its place."""
        # A log may throw a partial tile away as soon as there is the full one.
        for wanted in dict.fromkeys((tile, Tile(tile.level, tile.index))):
            data = self._source.read(wanted.path, limit_bytes)
            if data is not None:
                return wanted, data
        raise LogWrong("withheld", f"Het log geeft {tile.path} niet, hoewel het dit tekende.")


def open_log(
    url: str, *, headers: Mapping[str, str] | None = None, patience: Patience | None = None
) -> RemoteLog:
    """Return the log at an address, or in a folder; nothing is read yet.

    `headers` go along with each question, for a log that not everybody may read. Raises
    AddressRefused, also for headers that a plain connection to elsewhere would show to others.
    """
    parts = urlsplit(url)
    if parts.scheme in ("http", "https"):
        _require_safe(parts, headers or {})
        return RemoteLog(url, HttpSource(parts, headers or {}, patience or Patience()))
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return open_folder(Path(unquote(parts.path)), url)
    if url and "://" not in url and Path(url).is_dir():
        return open_folder(Path(url), url)
    raise AddressRefused(
        f"{url[:200]!r} is geen adres (http, https, file) en geen map van een log."
    )


def open_folder(folder: Path, url: str = "") -> RemoteLog:
    """Return the log of which a copy stands in a folder, or will."""
    return RemoteLog(url or str(folder), FolderSource(folder))


def read_bundle(data: bytes) -> list[bytes] | None:
    """Return the entries in a bundle; None where it breaks off inside one."""
    entries: list[bytes] = []
    place = 0
    while place < len(data):
        start = place + 2
        place = start + int.from_bytes(data[place:start], "big")
        if place > len(data) or start > len(data):
            return None
        entries.append(data[start:place])
    return entries


class FolderSource:
    """A copy of a log as files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str, limit_bytes: int) -> bytes | None:
        file = self._folder / path
        try:
            with file.open("rb") as opened:
                data = opened.read(limit_bytes + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise LogUnreachable(f"{file} is niet te lezen: {error.strerror}.") from error
        return within(data, path, limit_bytes)


def _require_safe(address: SplitResult, headers: Mapping[str, str]) -> None:
    try:
        known = bool(address.hostname) and (address.port is None or address.port > 0)
    except ValueError as error:
        raise AddressRefused(f"Het adres heeft geen geldige poort ({error}).") from error
    if not known or address.query or address.fragment or address.username is not None:
        raise AddressRefused("Een adres van een log is http(s)://naam[:poort]/pad, zonder meer.")
    if headers and address.scheme == "http" and address.hostname not in LOOPBACK:
        raise AddressRefused("Wie u bent gaat alleen over https, of naar deze machine zelf.")
    for value in (*headers, *headers.values()):
        if not value.isascii() or not value.isprintable():
            raise AddressRefused("Een kenmerk of token bestaat uit zichtbare ASCII-tekens.")
