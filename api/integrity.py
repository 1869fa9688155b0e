"""Whether the record of a chain can be relied on, over HTTP: what was checked and what is signed.

    GET /v1/chains/{chain}/integrity

A section for each kind of assurance. `checked` is the last check of the chain as it is stored, in
words and for programs, with breaks of earlier checks that no later one took away; `signed` says how
far the log is signed; `witnesses` who of the witnesses that the chain adopted saw how much of it;
`anchors` how far time stamps of an outside authority reach.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct
from starlette.requests import Request

from api.anchors import ChainAnchors, Stamping
from api.answer_schemas import named
from api.checks import in_words
from api.reading import Asked, AsOf, Route
from api.signing import REASONS, Signing
from api.witnesses import ChainWitnesses, Witnessing
from ledger.log.check_results import Checked, CheckResults
from ledger.log.integrate import RefusalKind
from ledger.log.store import Store
from ledger.log.tree import Tree
from projections.views import Doc

NEVER: Final = "Deze keten is nog niet gecontroleerd."
STANDING: Final = "Een breuk die eerder is gevonden, staat nog:"


class CheckedState(Struct, frozen=True, rename="camel"):
    """The last check of a chain, null before the first, and the breaks that still stand."""

    status: str
    words: list[str]
    last: Checked | None
    standing: list[Checked]


class SignedState(Struct, frozen=True, rename="camel"):
    """How far a log is signed, and why it is not signed further where that is so.

    `unnamed` are keys that sign for it though the record of the chain does not name them.
    """

    size: int
    behind: int
    refused: RefusalKind | None
    reason: str | None
    unnamed: list[str]


class Integrity(Struct, frozen=True, rename="camel"):
    """What is known about the integrity of a chain, a section for each kind of assurance."""

    chain: str
    checked: CheckedState
    signed: SignedState
    witnesses: ChainWitnesses
    anchors: ChainAnchors


def integrity(asked: Asked[AsOf]) -> Doc:
    """Answer what is known about the integrity of a chain."""
    answer: Doc = msgspec.to_builtins(integrity_of(asked.request, asked.view.chain))
    return answer


def integrity_of(request: Request, chain: str) -> Integrity:
    """Return what is known about the integrity of a chain."""
    witnessing: Witnessing = request.app.state.witnessing
    stamping: Stamping = request.app.state.stamping
    return Integrity(
        chain,
        _checked(request, chain),
        _signed(request, chain, witnessing.unnamed_keys(chain)),
        witnessing.of_chain(chain),
        stamping.of_chain(_store(request), chain),
    )


ROUTES: Final = (
    Route(
        "/integrity",
        "getIntegrity",
        "What was checked of the chain as it is stored, how far it is signed, who saw that, when.",
        integrity,
        named(Integrity),
    ),
)


def _checked(request: Request, chain: str) -> CheckedState:
    results = CheckResults(_store(request))
    last, standing = results.last(chain), results.standing(chain)
    if last is None:
        return CheckedState("unknown", [NEVER], None, [])
    words = list(in_words(last))
    for one in standing:
        if one != last:
            words += [STANDING, *in_words(one)]
    return CheckedState("broken" if standing else last.outcome, words, last, standing)


def _signed(request: Request, chain: str, unnamed: list[str]) -> SignedState:
    tree: Tree = request.app.state.tree
    signing: Signing = request.app.state.signing
    committed, last = tree.tables.stands(chain)
    size = 0 if last is None else last.size
    refusal = signing.integrator.refusals.get(chain)
    return SignedState(
        size,
        max(0, committed - size),
        None if refusal is None else refusal.kind,
        None if refusal is None else REASONS[refusal.kind],
        unnamed,
    )


def _store(request: Request) -> Store:
    store: Store = request.app.state.reading
    return store
