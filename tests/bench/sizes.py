"""How long and how much is measured, in one place; `tiny` only shows whether everything runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Sizes:
    """What every measure of a run asks for."""

    seconds: float = 2.0
    imported: int = 50_000
    chains: int = 1_000
    first_ready: int = 100_000
    least_ready: int = 20_000
    large: int = 1_000_000
    small: int = 10_000
    asked: int = 200
    """How often each question to the read models is asked in a round."""

    def tiny(self) -> None:
        """Make all of it so small that the figures mean nothing and a run takes a minute."""
        self.seconds, self.imported, self.chains = 0.3, 2_000, 20
        self.first_ready, self.least_ready = 20_000, 5_000
        self.large, self.small, self.asked = 4_000, 1_000, 20


SIZES = Sizes()
