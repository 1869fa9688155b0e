#!/usr/bin/env python3
"""Check an evidence bundle of a ketenledger chain, offline, trusting nobody who made it.

    python3 verify.py bundle.zip [--expect-key KEY] [--expect-checkpoint FILE] [--policy FILE]

Ends with 0: proven against what was given; 2: not proven, with the first break and its kind; 3:
cannot tell, nothing was given to hold it against. Nothing is extracted or executed. The format is
docs/bundle.md: record bytes -> leaf hash -> proof -> root -> checkpoint -> log key and witnesses.
Sources: RFC 9162 (trees), RFC 8032 (Ed25519), RFC 9901 (disclosures); C2SP's signed-note, tlog-*.
"""

import argparse
import base64
import json
import multiprocessing
import os
import re
import signal
import sys
import zipfile
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any, NamedTuple

FORMAT, RANGE, SINGLE = "ketenledger-bundle/1", "ketenledger-range/1", "c2sp.org/tlog-proof@v1"
PROVEN, NOT_PROVEN, CANNOT_TELL, NONE = 0, 2, 3, b"quorum none"
LOG_KEY, COSIGNATURE, ML_DSA_44, KEY_BYTES = 1, 4, 6, {1: 32, 4: 32, 6: 1312}
MAX_MEMBERS, MAX_MEMBER_BYTES, MAX_SIZE, LAST_SECOND = 200_000, 2**26, 2**63 - 1, 253402300799
MANY, MAX_HELPERS, MAX_HANDED, HELPER_SECONDS = 20_000, 8, 2**21, 60  # records; bytes of a tile
NAME = re.compile(r"(?:\w[\w.-]*/)*\w[\w.-]*", re.ASCII)
ASIDE = re.compile(r"disclosures/(0|[1-9][0-9]{0,18})\.json")
AID = re.compile(r"LEESMIJ\.txt|index\.html|verify\.py|(?:consistency|schemas|timestamps)/.*")
DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
SIGNATURE = re.compile(r"— ([^\s+]+) (\S+)\n")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
READER = json.JSONDecoder(parse_float=int, parse_constant=int)  # int refuses what has a fraction
WRITER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
MAKE, QUOTED = getattr(json.encoder, "c_make_encoder", None), json.encoder.encode_basestring
# What WRITER makes anew for every value, which costs a fifth of it; not every Python has it.
PIECES = MAKE and MAKE(None, None, QUOTED, None, ":", ",", True, False, True)
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)
ACT, BY_PEOPLE = b"ketenledger-act/v1\n", ("VoteCast", "AgreementSigned")
Said = dict[str, Any]  # an object of JSON
Key = tuple[str, bytes, bytes]  # a verifier key: name, short id, algorithm byte and public key
Hashes = Iterator[bytes]  # of a proof, last one first; too few or too many prove nothing
Report = tuple[list[str], list[str]]  # what was proven and what was not, in Dutch sentences


class NotProven(Exception):
    """The first break: its kind, a fixed word, and a Dutch sentence."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(f"[{kind}] {sentence}")
        self.kind, self.sentence = kind, sentence


class CannotTell(Exception):
    """The check did not come to its end, by no fault of the bundle; a Dutch sentence says why."""


def require(truth: object, kind: str, sentence: str) -> None:
    """Stop at the first thing that does not hold."""
    if not truth:
        raise NotProven(kind, sentence)


# Ed25519 in its plainest form, in extended coordinates x, y, z, t. Source: RFC 8032, 5.1.
P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def _point(data: bytes) -> tuple[int, ...] | None:
    y, odd = int.from_bytes(data, "little") & (1 << 255) - 1, data[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    x = x if x & 1 == odd else P - x
    return (x, y, 1, x * y % P) if x * x % P == square and max(x, y) < P else None


def _add(p: tuple[int, ...], q: tuple[int, ...]) -> tuple[int, ...]:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * D * p[3] * q[3] % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def ed25519_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether this is the signature of a public key (32 bytes) on a message."""
    base, key = _point((4 * pow(5, -1, P) % P).to_bytes(32, "little")), _point(public)
    s = int.from_bytes(signature[32:], "little")
    if base is None or key is None or len(signature) != 64 or s >= ORDER:
        return False
    k = int.from_bytes(sha512(signature[:32] + public + message).digest(), "little") % ORDER
    point, minus = _add((0, 1, 1, 0), (0, 1, 1, 0)), (P - key[0], key[1], 1, P - key[3])
    for bit in reversed(range(253)):  # [s]B - [k]A, which has to be R
        point = _add(point, point)
        point = _add(point, base) if s >> bit & 1 else point
        point = _add(point, minus) if k >> bit & 1 else point
    x, y = (one * pow(point[2], -1, P) % P for one in point[:2])
    return (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


def tree_hash(*parts: bytes) -> bytes:
    """Return the hash of a leaf (one part: the record) or of a node (two: left and right)."""
    return sha256(b"\0\1"[len(parts) - 1 : len(parts)] + b"".join(parts)).digest()


def range_root(lo: int, hi: int, start: int, leaves: list[bytes], proof: Hashes) -> bytes:
    """Return the hash over [lo, hi): leaves from `start` on; the proof gives what is not there."""
    if hi <= start or start + len(leaves) <= lo:
        return next(proof, b"")
    if hi - lo == 1:
        return leaves[lo - start] or next(proof, b"")
    middle = lo + (1 << (hi - lo - 1).bit_length() - 1)
    left = next(proof, b"") if middle <= start else b""
    right = range_root(middle, hi, start, leaves, proof)
    return tree_hash(left or range_root(lo, middle, start, leaves, proof), right)


def consistency_roots(old: int, size: int, root: bytes, proof: Hashes) -> tuple[bytes, bytes]:
    """Return the old and the new root according to a proof that may begin at the old root."""
    if old == size:
        return (whole := root or next(proof, b"")), whole
    left, beside = 1 << (size - 1).bit_length() - 1, next(proof, b"")
    if old <= left:
        before, after = consistency_roots(old, left, root, proof)
        return before, tree_hash(after, beside)
    before, after = consistency_roots(old - left, size - left, b"", proof)
    return tree_hash(beside, before), tree_hash(beside, after)


def decoded(text: str, kind: str, size: int = 0) -> bytes:
    """Decode base64 in its one canonical form; a size of 0 allows any."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = b""
    same = base64.b64encode(data).decode() == text and size in (0, len(data))
    require(same, kind, f"geen base64 van de goede vorm en lengte: {text[:80]!r}")
    return data


def parsed(data: bytes, kind: str) -> Any:
    """Return what JSON says, in the form of RFC 8785 without fractions: one value, one form."""
    try:
        value = READER.raw_decode(text := data.decode("utf-8"))[0]  # a tail is not written again
        same = ("".join(PIECES(value, 0)) if PIECES else WRITER.encode(value)) == text
    except (ValueError, RecursionError):
        value, same = None, False
    require(same, kind, f"geen JSON in de vorm van RFC 8785: {data[:60]!r}")
    return value


def read_key(text: str, *kinds: int) -> Key:
    """Read a verifier key of these kinds, `name+id+base64`; the base64 may hold a plus as well."""
    name, short, coded = [*text.split("+", 2), "", ""][:3]
    data = decoded(coded, "key")
    made = sha256(name.encode("utf-8", "surrogateescape") + b"\n" + data).digest()[:4]
    named = name and not re.search(r"\s", name) and made.hex() == short
    sized = data and data[0] in kinds and KEY_BYTES[data[0]] == len(data) - 1
    require(named and sized, "key", f"naam, kenmerk of soort klopt niet: {text[:80]!r}")
    return name, made, data


class Checkpoint(NamedTuple):
    """A signed note with the size and the root of a log; `signatures` by name: id and blob."""

    origin: str
    size: int
    root: bytes
    text: bytes
    signatures: list[tuple[str, bytes]]

    @classmethod
    def read(cls, data: bytes) -> "Checkpoint":
        """Read a checkpoint with its signatures, without checking these."""
        text = data.decode("utf-8", "replace")
        head, _, tail = text.rpartition("\n\n")
        plain = text.encode() == data and not re.search(rb"[^\n -\xff]", data)
        signed = plain and re.fullmatch(rf"(?:{SIGNATURE.pattern})+", tail)
        require(signed, "note", "geen goed opgeschreven controlepunt met ondertekening")
        origin, size, root, *more = [*head.split("\n"), "", ""]
        sized = origin and all(more[:-2]) and DECIMAL.fullmatch(size) and int(size) <= MAX_SIZE
        require(sized, "note", "het controlepunt noemt geen logboek, grootte en wortel")
        signatures = [(name, decoded(coded, "note")) for name, coded in SIGNATURE.findall(tail)]
        return cls(origin, int(size), decoded(root, "note", 32), f"{head}\n".encode(), signatures)

    def signed(self, key: Key) -> str:
        """Tell when or how a key signed this; nothing if it did not. A wrong signature breaks."""
        said, (owner, _, (algorithm, *public)) = "", key
        for blob in sorted({b[4:] for name, b in self.signatures if (name, b[:4]) == key[:2]}):
            if algorithm == ML_DSA_44:
                return "ML-DSA-44, hier niet na te gaan"
            time, signature = (blob[:8], blob[8:]) if algorithm == COSIGNATURE else (b"", blob)
            at = int.from_bytes(time, "big")
            message = (b"cosignature/v1\ntime %d\n" % at if time else b"") + self.text
            holds = at <= LAST_SECOND and ed25519_holds(bytes(public), message, signature)
            require(holds, "signature", f"de ondertekening van {owner} klopt niet")
            said = f"{datetime(1970, 1, 1) + timedelta(seconds=at)} UTC"
        return said

    def judged(self, policy: bytes) -> tuple[list[Key], list[str], bool]:
        """Hold this against a tlog-policy: its logs, what its witnesses said, the quorum met."""
        logs, said, met, quorum = list[Key](), dict[bytes, str](), {"none": True}, ""
        for line in policy.split(b"\n"):
            match [word.decode("utf-8", "surrogateescape") for word in line.split()]:
                case ["log", text] | ["log", text, _]:
                    logs.append(read_key(text, LOG_KEY))
                case ["witness", name, text] | ["witness", name, text, _] if name not in met:
                    key = read_key(text, COSIGNATURE, ML_DSA_44)
                    require(key[2][1:] not in said, "policy", f"{name} heeft geen eigen sleutel")
                    when = self.signed(key)
                    said[key[2][1:]] = when and f"{name} ({when})"
                    met[name] = bool(when) and key[2][0] == COSIGNATURE
                case ["group", name, count, *members] if name not in met:
                    least = {"any": "1", "all": str(len(members))}.get(count, count)
                    once = len(members) == len({*members} & met.keys() - {"none"})
                    fits = once and DECIMAL.fullmatch(least) and 1 <= int(least) <= len(members)
                    require(fits, "policy", f"geen geldige groep: {line[:80]!r}")
                    met[name] = sum(met[member] for member in members) >= int(least)
                case ["quorum", name] if name in met and not quorum:
                    quorum = name
                case [word, *_] if not word.startswith("#"):
                    raise NotProven("policy", f"geen geldige regel: {line[:80]!r}")
        require(quorum, "policy", "het beleid noemt geen quorum")
        return logs, [one for one in said.values() if one], met[quorum]


def read_record(chain: str, position: int, data: bytes, after: str) -> tuple[Said, Said]:
    """Return body and header of a record that says itself that it stands here, after a moment."""
    said = parsed(data, "record")
    both = type(said) is dict and type(said.get("body")) is type(said.get("header")) is dict
    at = said["header"].get("at") if both else None
    if type(at) is not str:  # sentences are made only where they are needed
        raise NotProven("record", f"nummer {position} heeft geen inhoud of geen hoofd")
    body, header = said["body"], said["header"]
    if (place := (header.get("chain"), header.get("position"))) != (chain, position):
        raise NotProven("position", f"{place} staat op plaats {position} van {chain}")
    if at < after or not INSTANT.fullmatch(at):
        raise NotProven("time", f"nummer {position} is van {at}, na een van {after}")
    return body, header


class Tile(NamedTuple):
    """An entry bundle of a range: its name and bytes, its places, those with a disclosure."""

    chain: str
    name: str
    data: bytes
    places: range
    chosen: range
    disclosed: set[int]

    def records(self) -> Iterator[tuple[int, bytes]]:
        """Yield what was chosen of it by position; no bytes for what is withheld."""
        data, at = self.data, 0
        for position in self.places:
            begin, at = at + 2, at + 2 + int.from_bytes(data[at : at + 2], "big")
            if position in self.chosen:
                yield position, data[begin:at]
            else:
                require(at == begin, "entries", f"{position} valt buiten het gekozen bereik")
        require(at == len(data), "entries", f"{self.name} is te kort of te lang")


class Sound(NamedTuple):
    """A tile of records that hold by themselves: leaf hashes, and what is held against the rest."""

    leaves: dict[int, bytes]
    first: str
    last: str
    titles: set[str]
    disclosed: dict[int, Said]


def looked_through(tile: Tile) -> Sound | None:
    """Check the records of a tile by themselves; None if one does not hold, or asks for more.

    Who asked then checks that tile, one record after the other, and says what is wrong.
    """
    leaves, moments, types, disclosed = dict[int, bytes](), [""], set[str](), dict[int, Said]()
    try:
        for position, data in tile.records():
            leaves[position] = tree_hash(data) if data else b""
            if data:
                body, header = read_record(tile.chain, position, data, moments[-1])
                if position == 0 or "signature" in header:
                    return None
                moments.append(header["at"])
                types.add(str(body.get("type")))
                if position in tile.disclosed:
                    disclosed[position] = body
    except NotProven:
        return None
    if any(one[:4] == "Sign" for one in types):
        return None
    titles = {one.split(".")[0] for one in types}
    return Sound(leaves, moments[:2][-1], moments[-1], titles, disclosed)


def help_out(pipe: Any, other_end: Any) -> None:
    """Look through the tiles that come, until the process that sends them is gone."""
    other_end.close()  # or it would never be seen to close
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who asked
    with suppress(EOFError, OSError):
        while True:
            pipe.send(looked_through(pipe.recv()))


def helpers(count: int) -> list[tuple[Any, Any]]:
    """Start processes that look through tiles, each with a pipe; fewer where that cannot be."""
    started = list[tuple[Any, Any]]()
    with suppress(ImportError, AttributeError, NotImplementedError, OSError):
        for _ in range(count):
            here, there = multiprocessing.Pipe()
            process = multiprocessing.Process(target=help_out, args=(there, here), daemon=True)
            process.start()
            there.close()
            started.append((process, here))
    return started


def answer(pipe: Any) -> Sound | None:
    """Wait for what a helper found of its tile."""
    with suppress(EOFError, OSError):
        if pipe.poll(HELPER_SECONDS):
            found: Sound | None = pipe.recv()
            return found
    raise CannotTell("een hulpproces viel weg; probeer het opnieuw met --processes 1")


def ahead(tiles: Iterator[Tile], count: int) -> Iterator[tuple[Tile, Sound | None]]:
    """Yield tiles in their order, each with what a helper found; a helper has one at a time."""
    helping = helpers(count)
    idle, under_way, wrong = deque(helping), deque[tuple[Tile, Any]](), None
    try:
        while helping:
            try:
                tile = next(tiles, None)
            except (NotProven, *BROKEN) as error:  # what stands before it has its turn first
                tile, wrong = None, error
            large = tile is not None and len(tile.data) > MAX_HANDED
            while under_way and (tile is None or large or not idle):
                earlier, helper = under_way.popleft()
                idle.append(helper)
                yield earlier, answer(helper[1])
            if tile is None:
                break
            if large:  # a few at once would fill the memory
                yield tile, None
                continue
            under_way.append((tile, idle.popleft()))
            with suppress(OSError):  # who is gone, gives no answer either
                under_way[-1][1][1].send(tile)
    finally:
        for process, pipe in helping:
            pipe.close()
            process.kill()
            process.join(HELPER_SECONDS)
    if wrong:
        raise wrong
    yield from ((tile, None) for tile in tiles)


class Bundle:
    """The members of a bundle; each is read once, whole, and is what the manifest says."""

    def __init__(self, archive: zipfile.ZipFile, processes: int) -> None:
        infos, names = archive.infolist(), set(archive.namelist())
        for info in infos:
            usual = NAME.fullmatch(info.orig_filename) and info.compress_type in (0, 8)
            usual = usual and info.file_size <= MAX_MEMBER_BYTES
            require(usual, "member", f"{info.orig_filename!r} is geen gewoon bestand")
        once = len({name.lower() for name in names}) == len(infos) <= MAX_MEMBERS
        apart = sum(info.compress_size for info in infos) <= archive.start_dir
        require(once and apart, "double", "te veel bestanden, of twee met een plaats of naam")
        require("manifest.json" in names, "missing", "manifest.json ontbreekt")
        manifest = parsed(archive.read("manifest.json"), "manifest")
        known = isinstance(manifest, dict) and manifest.get("format") == FORMAT
        require(known and isinstance(manifest.get("files"), dict), "manifest", f"niet van {FORMAT}")
        self.processes = processes
        self.archive, self.files, self.at, self.shown = archive, manifest["files"], "", 0
        listed = {"manifest.json", *self.files}
        require(listed <= names, "missing", f"{min(listed - names, default='')} ontbreekt")
        require(names <= listed, "extra", f"{min(names - listed, default='')} hoort er niet bij")
        self.note, self.leaves, self.acts = self.read("checkpoint"), list[bytes](), [0, 0]
        self.point, self.chosen = Checkpoint.read(self.note), manifest.get("selection")
        self.chain, self.demo = self.point.origin.rpartition("/log/")[2], False
        self.keys, self.required, self.next = dict[str, Any](), set[str](), self.point.size
        same = {"chain": self.chain, "origin": self.point.origin, "size": self.point.size}
        require(manifest == {**manifest, **same}, "origin", "het manifest is van een ander logboek")

    def read(self, name: str) -> bytes:
        """Return the bytes of a member, which have to be those of the manifest."""
        require(name in self.files, "missing", f"{name} ontbreekt")
        data = self.archive.read(name)
        same = self.files.pop(name) == {"sha256": sha256(data).hexdigest(), "size": len(data)}
        require(same, "digest", f"{name} is niet wat manifest.json zegt")
        return data

    def hashes(self, name: str, *opening: str) -> Hashes:
        """Return the hashes of a proof for this checkpoint, below the lines it opens with."""
        head, _, note = self.read(name).partition(b"\n\n")
        lines = head.decode("latin-1").split("\n")
        right = lines[: len(opening)] == [*opening] and note == self.note
        require(right, "proof", f"{name} is niet van deze plaats of dit controlepunt")
        return reversed([decoded(line, "proof", 32) for line in lines[len(opening) :]])

    def record(self, position: int, data: bytes) -> bytes:
        """Check what a record says of itself, and its disclosures; return its leaf hash."""
        body, header = read_record(self.chain, position, data, self.at)
        if (aside := f"disclosures/{position}.json") in self.files:
            self.disclosed(aside, position, body)
        self.required = self.required if position == self.next else set()  # what lacks may lift it
        if "signature" in header or self.required or str(body.get("type"))[:4] == "Sign":
            self.act(f"nummer {position}", body, header)
        self.demo |= position == 0 and body.get("demo") is True  # what the founding says of itself
        self.at, self.shown, self.next = header["at"], self.shown + 1, position + 1
        return tree_hash(data)

    def act(self, where: str, body: dict[str, Any], header: dict[str, Any]) -> None:
        """Check the signature of an act by the keys and the rule that the records gave so far."""
        title, name = str(body.get("type")).split(".")[0], str(body.get("signingKey"))
        own, by, first = header.get("signature"), header.get("by"), title == "SigningKeyRegistered"
        if first:
            require(name not in self.keys, "act", f"{where} registreert sleutel {name} opnieuw")
            raw = decoded(str(body.get("publicKey")), "act", 32)
            self.keys[name] = raw, body.get("person"), "~"
        if type(own) is not dict:
            free = title not in self.required or (by == "rules" and title not in BY_PEOPLE)
            require(own is None and free, "act", f"{where} ({title}) is niet ondertekend")
        else:
            raw, person, until = self.keys.get(key := str(own.get("key")), (b"", by, "~"))
            said = {one: header.get(one) for one in ("act", "by", "chain", "on")} | {"body": body}
            value, text = decoded(str(own.get("value")), "act", 64), WRITER.encode(said).encode()
            holds = not raw or (header["at"][:10] < until and ed25519_holds(raw, ACT + text, value))
            require(holds and (first or person in (None, by)), "act", f"{key} tekende {where} niet")
            self.acts[raw != b""] += 1
        if title == "SigningKeyRevoked" and name in self.keys:
            self.keys[name] = *self.keys[name][:2], str(body.get("validUntil"))
        if title == "SignatureRuleAdopted":
            self.required = {*re.findall(r"\w+", str(body.get("eventTypes")))}

    def disclosed(self, aside: str, position: int, body: dict[str, Any]) -> None:
        """Check that what is told of sealed fields is what their digests stand for."""
        opened = parsed(self.read(aside), "disclosure")
        require(isinstance(opened, dict), "disclosure", f"{aside} is geen lijst van velden")
        for name, text in opened.items():
            digest = base64.urlsafe_b64encode(sha256(str(text).encode()).digest()).decode()[:43]
            stands: Any = body
            for part in name.split("/"):  # such as effects/0/text: a list is looked into by number
                many = enumerate(stands) if type(stands) is list else ()
                inside = stands if type(stands) is dict else {str(at): one for at, one in many}
                stands = inside.get(part)
            own = stands in (digest, f"sealed:{digest}")
            require(own, "disclosure", f"{name} is niet van nummer {position}")

    def taken_over(self, found: Sound) -> bool:
        """Go on from what was found of a tile, unless what came before asks for each record."""
        shown = [position for position, leaf in found.leaves.items() if leaf]
        if not shown:
            return True
        if found.first < self.at or found.titles & self.required:
            return False
        for position, body in found.disclosed.items():
            self.disclosed(f"disclosures/{position}.json", position, body)
        whole = shown == [*range(self.next, self.next + len(shown))]
        self.required = self.required if whole else set()  # what lacks may lift it
        self.at, self.shown, self.next = found.last, self.shown + len(shown), shown[-1] + 1
        return True

    def tiles(self, chosen: range) -> Iterator[Tile]:
        """Yield the entry bundles of a range."""
        aside = {int(one[1]) for one in map(ASIDE.fullmatch, self.files) if one}
        for number in range(chosen.start >> 8, chosen.stop + 255 >> 8):
            width, digits = min(256, self.point.size - 256 * number), f"{number:015,}"
            path = re.sub(r"(\d+),", r"x\1/", re.sub(r"^(?:000,)+", "", digits))
            data = self.read(f"tile/entries/{path}{f'.p/{width}' * (width < 256)}")
            places = range(256 * number, 256 * number + width)
            path = f"tile/entries/{path}"
            yield Tile(self.chain, path, data, places, chosen, aside.intersection(places))

    def entries(self, start: int, until: int) -> Iterator[bytes]:
        """Yield the leaf hashes of a range; nothing for what is withheld."""
        count = self.processes if until - start >= MANY and self.processes > 1 else 0
        for tile, found in ahead(self.tiles(range(start, until)), count):
            if found and self.taken_over(found):
                yield from found.leaves.values()
            else:
                for position, data in tile.records():
                    yield self.record(position, data) if data else b""

    def included(self, start: int, leaves: list[bytes], name: str, *opening: str) -> None:
        """Prove that these leaves are those of the log from this place on."""
        size, hashes = self.point.size, self.hashes(name, *opening)
        root = range_root(0, size, start, leaves, hashes)
        proven = 0 <= start <= size - len(leaves) and root == self.point.root and not [*hashes]
        require(proven, "inclusion", f"{name} bewijst niet dat dit zo in het logboek staat")
        self.leaves = [] if start else leaves

    def contents(self) -> str:
        """Prove that the records are in the log, and of a range that none is left out."""
        match self.chosen:
            case {"kind": "range", "from": int(lo), "until": int(hi)} if lo < hi <= self.point.size:
                leaves = [*self.entries(lo, hi)]
                self.included(lo, leaves, "proofs/range.txt", RANGE, f"range {lo} {hi}")
                said = f"van nummers {lo} tot en met {hi - 1} is er geen weggelaten"
                return f"{said}; niet getoond: {hi - lo - self.shown}"
            case {"kind": "records", "positions": [_, *_] as places}:
                for at in places:
                    leaf, place = self.record(at, self.read(f"records/{at}.json")), f"index {at}"
                    self.included(at, [leaf], f"proofs/{at}.tlog-proof", SINGLE, place)
                return f"gekozen vastleggingen die er zo in staan: {self.shown}"
        raise NotProven("selection", "manifest.json zegt niet goed wat er is gekozen")

    def consistent(self, early: Checkpoint) -> str:
        """Prove that this log goes on from an earlier checkpoint: by proof or from all records."""
        (origin, size, root), name = early[:3], f"consistency/{early.size}.txt"
        require(origin == self.point.origin, "origin", f"uw controlepunt is van {origin}")
        require(size <= self.point.size, "older", f"uw controlepunt is nieuwer: grootte {size}")
        if size in (0, self.point.size):
            old = self.point.root if size else sha256(b"").digest()
        elif name in self.files:
            proof = self.hashes(name, f"old {size}")
            old, new = consistency_roots(size, self.point.size, root, proof)
            require(new == self.point.root and not [*proof], "consistency", f"{name} klopt niet")
        else:
            require(sum(map(bool, self.leaves[:size])) == size, "missing", f"{name} ontbreekt")
            old = range_root(0, size, 0, self.leaves[:size], iter(()))
        require(old == root, "fork", f"het logboek gaat niet verder waar het bij {size} was")
        return f"het logboek gaat verder op uw controlepunt van grootte {size}"


def verify(
    path: str, *, keys: list[str], earlier: list[bytes], policy: bytes = b"", processes: int = 1
) -> Report:
    """Hold a bundle against keys, earlier checkpoints, a policy; NotProven at the first break.

    The records of a long range are looked through by so many processes; CannotTell if one is lost.
    """
    with open(path, "rb") as file:
        try:
            file.seek(-22, 2)
            require(file.read(4) == b"PK\5\6", "archive", "achter het zipbestand staat nog iets")
            with zipfile.ZipFile(file) as archive:
                bundle = Bundle(archive, processes)
                return _report(bundle, keys, [*map(Checkpoint.read, earlier)], policy)
        except BROKEN as error:
            raise NotProven("archive", f"het zipbestand is niet te lezen: {error}") from error


def _report(bundle: Bundle, keys: list[str], earlier: list[Checkpoint], policy: bytes) -> Report:
    point, given = bundle.point, [read_key(key, LOG_KEY) for key in keys]
    (own, said, _), (logs, seen, met) = map(point.judged, (bundle.read("policy"), policy or NONE))
    known = {key for key in [*own, *given, *logs] if key[0] == point.origin and point.signed(key)}
    for whose in (own, given or own, logs or own):
        require(known & {*whose}, "key", "geen sleutel die daarvoor telt, tekende het controlepunt")
    require(met, "quorum", f"te weinig getuigen van uw beleid: {', '.join(seen) or 'geen'}")
    held = f"in logboek {point.origin} van grootte {point.size}: {bundle.contents()}"
    held += f"; goede handtekeningen: {bundle.acts[1]}" * bool(bundle.acts[1])
    proven = [held, *map(bundle.consistent, earlier)]
    strange = earlier and not [1 for one in earlier for key in known if one.signed(key)]
    for name in [*bundle.files]:
        require(AID.fullmatch(name), "extra", f"{name} hoort niet bij wat er is gekozen")
        bundle.read(name)
    told = [one for one in seen if one.endswith(" UTC)")]
    other = ", ".join(one for one in dict.fromkeys(said + seen) if one not in told)
    proven += ["een sleutel die u opgaf, tekende dit controlepunt"] * bool(given or logs)
    proven += [f"getuigen uit uw beleid tekenden dit controlepunt: {', '.join(told)}"] * bool(told)
    doubts = {
        "van wie dit logboek is: u gaf geen sleutel op": not given and not logs,
        "dat er geen tweede versie van dit logboek is": not earlier and not told,
        "dat uw eerdere controlepunt echt is: het draagt geen sleutel van dit logboek": strange,
        f"wat er van andere getuigen bij staat: {other}": other,
        "dat er niet meer over is vastgelegd: dit is een keuze": bundle.shown < point.size,
        "dat de sleutels onder handelingen zijn van wie erbij staat": bundle.acts[1],
        f"{bundle.acts[0]} handtekeningen: hun sleutel staat hier niet in": bundle.acts[0],
        "dat wat is vastgelegd waar is, en wat leeswijzer, schema's en tijdstempels zeggen": True,
        "wie er handelde: dit is een DEMO": bundle.demo or bundle.chosen.get("demo"),
    }
    return proven, [sentence for sentence, applies in doubts.items() if applies]


def processors() -> int:
    """Return how many processors this process may use, as far as it can know."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(os.getpid())) if allowed else os.cpu_count() or 1


def main() -> int:
    """Check the bundle that the command line names; say in Dutch what was proven and what not."""
    parser = argparse.ArgumentParser(description="Controleert een bewijsbundel van een keten.")
    parser.add_argument("bundle", help="de bundel, een zipbestand")
    parser.add_argument("--expect-key", action="append", default=[], help="sleutel van het logboek")
    parser.add_argument("--expect-checkpoint", action="append", default=[], help="eerder gekregen")
    parser.add_argument("--policy", action="append", default=[], help="wie voor u getuigen zijn")
    many = min(processors(), MAX_HELPERS)
    parser.add_argument("--processes", type=int, default=many, help="die samen een reeks narekenen")
    try:
        given = parser.parse_args()
        earlier = [Path(name).read_bytes() for name in given.expect_checkpoint]
        policy = b"\n".join(Path(name).read_bytes() for name in given.policy)
        proven, doubts = verify(
            given.bundle, keys=given.expect_key, earlier=earlier, policy=policy,
            processes=min(given.processes, MAX_HELPERS),
        )  # fmt: skip
        code = PROVEN if proven[1:] else CANNOT_TELL
        lines = [f"bewezen: {one}" for one in proven] + [f"niet bewezen: {one}" for one in doubts]
        lines += ["NIET TE ZEGGEN: geef op wat u al had" if code else "BEWEZEN tegen wat u opgaf"]
        lines += ["DEMO: in deze keten koos ieder zelf wie hij was"] * ("DEMO" in doubts[-1])
    except SystemExit as stop:
        return CANNOT_TELL if stop.code else PROVEN
    except (OSError, NotProven, CannotTell, KeyboardInterrupt) as error:
        code = NOT_PROVEN if isinstance(error, NotProven) else CANNOT_TELL
        said = "afgebroken" if isinstance(error, KeyboardInterrupt) else error
        lines = [f"NIET {'BEWEZEN' if code == NOT_PROVEN else 'TE ZEGGEN'}: {said}"]
    print(re.sub(r"[^\n -~À-ž]", "?", "\n".join(lines)))
    return code


if __name__ == "__main__":
    sys.exit(main())
