"""The demonstration, afterwards: every owner runs a witness of the log, and two of three suffice.

Apart from the other chapters, since the keys and addresses of the witnesses are those of the
machine that shows the demonstration. Their keys are of today, so this alone is recorded today.
"""

from __future__ import annotations

from typing import Final

from api.demo_story_script import FOR, OWNERS, Script
from ledger.domain.events.decisions import ProposalSubmitted
from ledger.domain.events.evidence import Witness, WitnessPolicyAdopted

BOARD: Final = "ketenbestuur"
DECISION: Final = "B-2014-01"
QUORUM: Final = 2


def witnesses(s: Script, listed: tuple[Witness, ...]) -> None:
    """The board lets every owner watch the log, so that none has to take it from the others."""
    s.on("2014-11-10").entered_now().act(
        "ketenmanager",
        ProposalSubmitted(
            decision=DECISION,
            body=BOARD,
            subject="verantwoording",
            title="Elke eigenaar draait een getuige van het log",
            problem="Zolang niemand meekijkt, kan de beheerder het log ongemerkt herschrijven.",
            text="Een controlepunt telt als twee van de drie getuigen het hebben ondertekend.",
            chain_interest="Wat de keten vastlegt, hoeft niemand van de beheerder te geloven.",
            effects=(
                WitnessPolicyAdopted(
                    witnesses=listed,
                    quorum=QUORUM,
                    reason="Eén getuige mag uitvallen zonder dat het bewijs stilstaat.",
                ),
            ),
        ),
    )
    s.on("2014-11-24").entered_now().open(DECISION, by="ketenmanager")
    s.vote(DECISION, **dict.fromkeys(OWNERS, FOR))
