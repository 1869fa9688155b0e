"""Which logs and witnesses are trusted, and how many must cosign, after C2SP tlog-policy.

    log example.org/log/chain-1+3b8bfde4+AQOh… https://example.org/log/chain-1
    witness uwv witness.uwv.example/w1+98dcc85e+BCms… https://witness.uwv.example
    witness cbs witness.cbs.example/w1+0c1f5a77+BG2Q… https://witness.cbs.example
    group partners 1 uwv cbs
    quorum partners

A group has witnessed a checkpoint when at least so many of its members have: `any` is one of them,
`all` is every one. A group names witnesses and groups above it, the quorum one of either, or
`none`. Whoever is named counts in one place only, so that no witness is ever counted twice.

Space and tab part the words of a line. Bytes above 127 mean nothing here: in what was decoded they
stand as they came. The verifier of a bundle reads policies by itself and shares nothing with this.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ledger.log.checkpoint import BadCheckpoint, read_text
from ledger.log.note import MalformedNote, Note, verified
from ledger.log.note_keys import ED25519, BadKey, Verifier, read_verifier

MAX_POLICY_BYTES: Final = 524_288
MAX_OF_A_KIND: Final = 100
"""The most logs, witnesses or groups in one policy; the specification wants at least 32."""

NONE: Final = "none"
"""The quorum that asks for no cosignature."""

_WORD: Final = re.compile(r"[^\x00-\x20\x7f]+")
_UNUSABLE: Final = re.compile(r"[^\t\n -~\x80-\U0010ffff]")
_SPACE: Final = re.compile(r"[ \t]+")
_COUNT: Final = re.compile(r"[1-9][0-9]{0,3}")


class BadPolicy(ValueError):
    """A policy that says nothing, or something that cannot be; says in Dutch what is wrong."""


@dataclass(frozen=True)
class Log:
    """A log whose checkpoints are accepted: its key, named after its origin, and where it is."""

    verifier: Verifier
    url: str = ""


@dataclass(frozen=True)
class Witness:
    """A witness by its name within the policy: its key, and where it is asked to cosign."""

    name: str
    verifier: Verifier
    url: str = ""


@dataclass(frozen=True)
class Group:
    """Witnesses and earlier groups of which at least `least` must have witnessed."""

    name: str
    least: int
    members: tuple[str, ...]


class Witnessed(NamedTuple):
    """A witness of the policy that cosigned, and when (seconds since 1970), the last time."""

    witness: Witness
    time: int


class Judgement(NamedTuple):
    """What a policy makes of a checkpoint: which logs signed, who witnessed, and whether it holds.

    `met` says that a log of the policy signed, where it names any, and that the quorum is there.
    """

    logs: tuple[Verifier, ...]
    witnessed: tuple[Witnessed, ...]
    met: bool


@dataclass(frozen=True)
class Policy:
    """A policy that can be: every name is there once, every count can be reached.

    Raises BadPolicy otherwise. Groups stand in an order in which each comes after its members.
    """

    logs: tuple[Log, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    groups: tuple[Group, ...] = ()
    quorum: str = NONE

    def __post_init__(self) -> None:
        for kind in (self.logs, self.witnesses, self.groups):
            _require(len(kind) <= MAX_OF_A_KIND, f"Er staan er meer dan {MAX_OF_A_KIND} in.")
        _require_keys(self.logs)
        _require_keys(self.witnesses)
        _require_names(self)
        for one in self.logs:
            _require(one.verifier.algorithm == ED25519, "Een log tekent met Ed25519.")
        for other in self.witnesses:
            cosigns = other.verifier.cosigns
            _require(cosigns, f"De sleutel van getuige {other.name} is er geen van een getuige.")

    def __str__(self) -> str:
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterable[str]:
        for log in self.logs:
            yield f"log {log.verifier} {log.url}".rstrip(" ")
        for witness in self.witnesses:
            yield f"witness {witness.name} {witness.verifier} {witness.url}".rstrip(" ")
        for group in self.groups:
            yield f"group {group.name} {group.least} {' '.join(group.members)}"
        yield f"quorum {self.quorum}"

    def met(self, witnessed: Collection[str]) -> bool:
        """Tell whether the quorum is there when the witnesses of these names have cosigned."""
        there = {one.name: one.name in witnessed for one in self.witnesses}
        for group in self.groups:
            there[group.name] = sum(there[name] for name in group.members) >= group.least
        return self.quorum == NONE or there[self.quorum]

    @property
    def needed(self) -> int:
        """How many witnesses it takes at least to meet the quorum; 0 where it asks for none."""
        fewest = dict.fromkeys((one.name for one in self.witnesses), 1)
        for group in self.groups:
            costs = sorted(fewest[name] for name in group.members)
            fewest[group.name] = sum(costs[: group.least])
        return 0 if self.quorum == NONE else fewest[self.quorum]

    def judge(self, note: Note) -> Judgement:
        """Hold a checkpoint against this policy; cosignatures of others say nothing here.

        Raises MalformedNote for a note that is no checkpoint, UntrustedNote where a key of this
        policy did not sign as the note says.
        """
        origin = _origin(note)
        own = [log.verifier for log in self.logs if log.verifier.name == origin]
        logs = {one.verifier for one in verified(note, own)}
        times: dict[Verifier, int] = {}
        for one in verified(note, [witness.verifier for witness in self.witnesses]):
            times[one.verifier] = max(one.time or 0, times.get(one.verifier, 0))
        said = tuple(
            Witnessed(witness, times[witness.verifier])
            for witness in self.witnesses
            if witness.verifier in times
        )
        met = self.met({one.witness.name for one in said})
        known = tuple(verifier for verifier in own if verifier in logs)
        return Judgement(known, said, met and (bool(known) or not self.logs))


def parse(data: bytes | str) -> Policy:
    """Return the policy in a file or text; raises BadPolicy, which names the line."""
    text = data if isinstance(data, str) else data.decode("utf-8", "surrogateescape")
    _require(len(text) <= MAX_POLICY_BYTES, f"Het beleid telt meer dan {MAX_POLICY_BYTES} bytes.")
    _require(not _UNUSABLE.search(text), "Het beleid bevat een stuurteken.")
    reading = _Reading()
    for number, line in enumerate(text.split("\n"), start=1):
        words = [word for word in _SPACE.split(line) if word]
        if not words or words[0].startswith("#"):
            continue
        try:
            reading.take(words)
        except (BadPolicy, BadKey, UnicodeEncodeError) as error:
            raise BadPolicy(f"Regel {number} van het beleid: {error}") from error
    return reading.policy()


class _Reading:
    """What was read of a policy so far."""

    def __init__(self) -> None:
        self.logs: list[Log] = []
        self.witnesses: list[Witness] = []
        self.groups: list[Group] = []
        self.quorum = ""

    def take(self, words: Sequence[str]) -> None:
        match words:
            case ["log", key, *url] if len(url) <= 1:
                self.logs.append(Log(read_verifier(key), *url))
            case ["witness", name, key, *url] if len(url) <= 1:
                self.witnesses.append(Witness(name, read_verifier(key), *url))
            case ["group", name, least, *members]:
                self._require_defined(members)
                self.groups.append(Group(name, _count(least, len(members)), tuple(members)))
            case ["quorum", name]:
                _require(not self.quorum, "er is al een quorum")
                self._require_defined([] if name == NONE else [name])
                self.quorum = name
            case _:
                raise BadPolicy("dit is geen log, getuige, groep of quorum")

    def _require_defined(self, names: Iterable[str]) -> None:
        known = {one.name for one in self.witnesses} | {one.name for one in self.groups}
        for name in names:
            _require(name in known, f"{name[:100]!r} staat er niet boven")

    def policy(self) -> Policy:
        _require(self.quorum, "Het beleid noemt geen quorum.")
        return Policy(tuple(self.logs), tuple(self.witnesses), tuple(self.groups), self.quorum)


def _count(text: str, members: int) -> int:
    if text in ("any", "all"):
        return 1 if text == "any" else members
    _require(_COUNT.fullmatch(text), f"{text[:100]!r} is geen any, all of aantal")
    return int(text)


def _origin(note: Note) -> str:
    try:
        return read_text(note.text).origin
    except BadCheckpoint as error:
        raise MalformedNote(str(error)) from error


def _require_keys(given: Sequence[Log | Witness]) -> None:
    """Refuse a key that is there twice, also under another name, and an address that is none."""
    seen: set[bytes | tuple[str, bytes]] = set()
    for one in given:
        key = one.verifier
        marks: set[bytes | tuple[str, bytes]] = {key.public, (key.name, key.key_id)}
        _require(not marks & seen, f"De sleutel van {key.name} staat er twee keer in.")
        seen |= marks
        word = not one.url or _WORD.fullmatch(one.url)
        _require(word, f"{one.url[:100]!r} kan geen adres zijn.")


def _require_names(policy: Policy) -> None:
    """Refuse names that are there twice or not at all, and groups that cannot be met."""
    named = {NONE}
    free: set[str] = set()
    parts: tuple[Witness | Group, ...] = (*policy.witnesses, *policy.groups)
    for one in parts:
        usable = _WORD.fullmatch(one.name) and one.name not in named
        _require(usable, f"De naam {one.name[:100]!r} is al gebruikt of kan geen naam zijn.")
        if isinstance(one, Group):
            once = len(set(one.members)) == len(one.members) and free >= {*one.members}
            _require(once, f"Groep {one.name} noemt wie er niet boven staat of al meetelt.")
            reached = 1 <= one.least <= len(one.members)
            _require(reached, f"Groep {one.name} wil er {one.least} van de {len(one.members)}.")
            free.difference_update(one.members)
        named.add(one.name)
        free.add(one.name)
    _require(policy.quorum in named, f"Het quorum {policy.quorum[:100]!r} is niemand.")


def _require(truth: object, reason: str) -> None:
    if not truth:
        raise BadPolicy(reason)
