"""How far each chain has come, asked again and again at the cost of what is new.

Which chains there are is an index of its own with an entry for each. How far one is, is asked once
from its end, and from then on from where it was found the last time. So a statement never walks
along the rows of all chains, and never jumps from one chain to the next either: that cannot be
asked of a database whose chains are spread over several machines.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

Fetch = Callable[[str, dict[str, Any]], list[tuple[Any, ...]]]

MOST_AT_ONCE: Final = 100_000
"""A chain that grew by more than this since the last look is asked from its end."""


class Questions(NamedTuple):
    """What is asked of a table: each chain's name, how far those known have come, and one chain.

    `grown` answers only for chains whose row at the known place is still there.
    """

    chains: str
    grown: str
    one: str


# Across chains: one entry of the index `records_first` for each.
FIRST_RECORDS = "SELECT originator_id FROM records WHERE originator_version = 1"

# Across chains: for each that is known, only the rows from there on. The upper bound tells the
# planner that they are few.
GROWN_RECORDS = """
    SELECT r.originator_id, max(r.originator_version)
    FROM unnest(%(chains)s::text[], %(sizes)s::int8[]) AS known (chain, size)
    JOIN records AS r ON r.originator_id = known.chain
        AND r.originator_version BETWEEN known.size AND known.size + %(most)s::int8
    GROUP BY r.originator_id
"""

LAST_RECORD = """
    SELECT coalesce(max(originator_version), 0)
    FROM records
    WHERE originator_id = %(chain)s
"""

# Across chains: one entry of the index `checkpoints_first` for each.
FIRST_CHECKPOINTS = "SELECT chain FROM checkpoints WHERE previous = 0"

# Across chains: for each that is known, only the rows from there on.
GROWN_CHECKPOINTS = """
    SELECT c.chain, max(c.size)
    FROM unnest(%(chains)s::text[], %(sizes)s::int8[]) AS known (chain, size)
    JOIN checkpoints AS c ON c.chain = known.chain
        AND c.size BETWEEN known.size AND known.size + %(most)s::int8
    GROUP BY c.chain
"""

LAST_CHECKPOINT = "SELECT coalesce(max(size), 0) FROM checkpoints WHERE chain = %(chain)s"

RECORDS: Final = Questions(FIRST_RECORDS, GROWN_RECORDS, LAST_RECORD)
CHECKPOINTS: Final = Questions(FIRST_CHECKPOINTS, GROWN_CHECKPOINTS, LAST_CHECKPOINT)


class Growth:
    """The sizes of all chains in one table, remembered to ask the less; safe between threads."""

    def __init__(self, fetch: Fetch, questions: Questions) -> None:
        self._fetch = fetch
        self._ask = questions
        self._known: dict[str, int] = {}

    def sizes(self) -> dict[str, int]:
        """Return how far every chain is now; a chain without rows is not in it."""
        known = self._known
        grown = self._grown(known) if known else {}
        named = {chain for (chain,) in self._fetch(self._ask.chains, {})}
        # New ones, those that grew much, and those whose rows somebody removed by force.
        for chain in sorted((named | set(known)) - set(grown)):
            if size := self._one(chain):
                grown[chain] = size
        self._known = grown
        return dict(grown)

    def _grown(self, known: dict[str, int]) -> dict[str, int]:
        asked = {"chains": list(known), "sizes": list(known.values()), "most": MOST_AT_ONCE}
        found: dict[str, int] = dict(self._fetch(self._ask.grown, asked))
        return {chain: size for chain, size in found.items() if size < known[chain] + MOST_AT_ONCE}

    def _one(self, chain: str) -> int:
        [(size,)] = self._fetch(self._ask.one, {"chain": chain})
        return int(size)
