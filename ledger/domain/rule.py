"""A rule as people read it: its number, its sentence and where it comes from.

Every capability lists its rules in `RULES`; `docs/rules.md` is made from them, and a refusal
carries the number so that a reader can look the sentence up.
"""

from msgspec import Struct


class Rule(Struct, frozen=True):
    """A numbered rule.

    `source` is `[S] K:1006` for a line of the chain-governance dossier, or `default`: a choice of
    this ledger that a chain may replace by its own adopted rules.
    """

    number: str
    sentence: str
    source: str
