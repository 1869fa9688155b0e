"""What a body may decide about: a strategic body about the whole chain, any other about itself.

Held when a decision is proposed (D20). A body of any level may agree on actions and agreements: the
first are taken up by an organisation, the second bind nobody who does not sign.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from ledger.domain import mandates
from ledger.domain.events.actions import ActionAssigned, ActionCancelled
from ledger.domain.events.agreements import AgreementEvent
from ledger.domain.events.bodies import BodyEstablished
from ledger.domain.events.decisions import Effect
from ledger.domain.events.mandates import (
    MandateGranted,
    MandateRestricted,
    MandateRevoked,
    OverrideAuthorityGranted,
    OverrideAuthorityWithdrawn,
)
from ledger.domain.events.meetings import MinutesAdopted
from ledger.domain.events.outcomes import DecisionRevoked
from ledger.domain.values import require

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

OF_ANY_BODY = (ActionAssigned, ActionCancelled, *get_args(AgreementEvent))


def about_effects(chain: ChainState, body: str, effects: tuple[Effect, ...]) -> None:
    """Refuse (D20) an effect that this body does not decide about."""
    for effect in effects:
        own = _decides(chain, body, effect)
        require(own, "D20", f"{body} gaat niet over {type(effect).__name__}")


def about_decision(chain: ChainState, body: str, decision: str) -> bool:
    """Tell whether a body may replace or revoke a decision: its own, or a strategic body any."""
    known = chain.decisions.all.get(decision)
    return known is None or known.body in ("", body) or _strategic(chain, body)


def _strategic(chain: ChainState, body: str) -> bool:
    return chain.bodies.bodies[body].level == "strategic"


def _decides(chain: ChainState, body: str, effect: Effect) -> bool:
    """A mandate is given by the body whose authority it is, whatever the level of who decides."""
    match effect:
        case MandateGranted():
            return effect.grantor_kind != "body" or effect.grantor == body
        case MandateRestricted() | MandateRevoked():
            given = effect.mandate in chain.mandates.all
            own = given and mandates.root(chain, effect.mandate).grantor == body
            return own or not given or _strategic(chain, body)
        case DecisionRevoked():
            return about_decision(chain, body, effect.decision)
        case _:
            return _strategic(chain, body) or _of_itself(chain, body, effect)


def _of_itself(chain: ChainState, body: str, effect: Effect) -> bool:
    """Tell whether an effect concerns nothing but this body: its seats, rule, chair, minutes."""
    if isinstance(effect, OF_ANY_BODY):
        return True
    if isinstance(effect, BodyEstablished | OverrideAuthorityGranted | OverrideAuthorityWithdrawn):
        return False
    if isinstance(effect, MinutesAdopted):
        meeting = chain.meetings.all.get(effect.meeting)
        return meeting is None or meeting.body == body
    seat = chain.bodies.seats.get(getattr(effect, "seat", ""))
    return getattr(effect, "body", "") == body or (seat is not None and seat.body == body)
