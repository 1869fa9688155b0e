"""How much is tried: a little and always the same in `make test`, more and other in `make fuzz`."""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, settings

TIMES: Final = int(os.environ.get("KETENLEDGER_FUZZ", "1"))
"""How many times as much; 1 is what belongs to the suite."""


def trying(examples: int) -> settings:
    """Return how to try so many examples, times the effort; in the suite always the same."""
    return settings(
        max_examples=examples * TIMES,
        derandomize=TIMES == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
