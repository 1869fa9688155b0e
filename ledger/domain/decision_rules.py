"""Decision rules: how a body decides, as versions that each say from when they hold.

Adopted -> replaced by the next version, of the body as a whole or of one subject. A body without a
rule of its own decides by the founding rule. Rules Q1 to Q9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from ledger.domain import bodies
from ledger.domain.events.decision_rules import (
    DecisionRule,
    DecisionRuleAdopted,
    DecisionRuleEvent,
    Quorum,
)
from ledger.domain.maps import Map
from ledger.domain.rule import Rule
from ledger.domain.values import Header, Refused, require

if TYPE_CHECKING:
    from ledger.domain.chain import ChainState

RULES = (
    Rule("Q1", "Een besluitregel geldt voor een werkend overleg.", "[S] K:1118-1129"),
    Rule(
        "Q2",
        "Een gekwalificeerde meerderheid ligt boven de helft en hoogstens op alles.",
        "default",
    ),
    Rule("Q3", "Een nieuwe versie wijst de versie aan die zij vervangt.", "default"),
    Rule("Q4", "Een quorum is een aantal of een breuk, en groter dan nul.", "default"),
    Rule("Q5", "Een quorum is haalbaar met de zetels die er zijn.", "default"),
    Rule(
        "Q6", "Stilzwijgend besluiten sluit niet vervroegd op een voorlopige uitkomst.", "default"
    ),
    Rule("Q7", "Verlenging voor een laat quorum hoort bij een quorum.", "default"),
    Rule("Q8", "Een drempel hoort alleen bij een gekwalificeerde meerderheid.", "default"),
    Rule("Q9", "Een stemtermijn duurt ten minste een dag.", "default"),
)


class Version(Struct, frozen=True):
    """A version of a rule: the position that adopted it and the moment it holds from."""

    position: int
    since: str
    rule: DecisionRule


class DecisionRules(Struct, frozen=True):
    """All versions by (body, subject), oldest first; `founding` is the body that began."""

    versions: Map[tuple[str, str], tuple[Version, ...]] = field(default_factory=Map)
    founding: str = ""


def in_force(chain: ChainState, *, body: str, subject: str, moment: str) -> Version:
    """Return the version by which a body decides on a subject at a moment; Refused (Q1) if none."""
    own = chain.decision_rules
    for key in ((body, subject), (body, ""), (own.founding, "")):
        for version in reversed(own.versions.get(key, ())):
            if version.since <= moment:
                return version
    raise Refused("Q1", f"voor {body} geldt op {moment[:10]} geen besluitregel")


def founding(chain: ChainState) -> Version:
    """Return the first rule of the chain: unanimity of the partners."""
    own = chain.decision_rules
    return own.versions[own.founding, ""][0]


def substitution_allowed(chain: ChainState, body: str, moment: str) -> bool:
    """Tell whether the rule of a body lets somebody else sit for the holder of a seat."""
    return in_force(chain, body=body, subject="", moment=moment).rule.substitution


def check(chain: ChainState, event: DecisionRuleEvent, header: Header) -> None:
    """Refuse parameters that make no sense, and a version that replaces another than it says."""
    body = chain.bodies.bodies.get(event.body)
    working = body is not None and not body.ended
    require(working, "Q1", f"overleg {event.body} bestaat niet of werkt niet meer")
    current = chain.decision_rules.versions.get((event.body, event.subject), ())
    last = current[-1].position if current else None
    named = (event.replaces is None and last is None) or event.replaces == last
    require(named, "Q3", f"geldend is {last}, genoemd is {event.replaces}")
    _sensible(event.rule)
    if event.rule.quorum is not None:
        _reachable(chain, event, event.rule.quorum)


def _sensible(rule: DecisionRule) -> None:
    threshold = rule.threshold
    if rule.kind == "qualified-majority":
        share = threshold is not None and threshold.den < 2 * threshold.num <= 2 * threshold.den
        found = f"{threshold.num}/{threshold.den}" if threshold else "geen drempel"
        require(share, "Q2", f"gevonden {found}; verwacht meer dan 1/2 en hoogstens 1/1")
    else:
        require(threshold is None, "Q8", f"een drempel bij een regel van de soort {rule.kind}")
    hasty = rule.kind == "tacit" and rule.early_closing == "outcome-fixed"
    require(not hasty, "Q6", "zwijgen telt pas als de termijn voorbij is")
    late = rule.late_quorum_extension_days > 0 and rule.quorum is None
    require(not late, "Q7", f"{rule.late_quorum_extension_days} dagen verlenging zonder quorum")
    require(rule.voting_days >= 1, "Q9", f"gevonden {rule.voting_days} dagen")


def _reachable(chain: ChainState, event: DecisionRuleAdopted, quorum: Quorum) -> None:
    one = (quorum.absolute is None) != (quorum.fraction is None)
    require(one, "Q4", "verwacht een aantal of een breuk, niet beide en niet geen van beide")
    if quorum.fraction is not None:
        share = quorum.fraction
        proper = 0 < share.num <= share.den
        require(proper, "Q4", f"gevonden {share.num}/{share.den}; verwacht tussen 0 en 1")
        return
    wanted = quorum.absolute or 0
    require(wanted > 0, "Q4", "gevonden een quorum van nul")
    seats = bodies.voting_seats(chain, chain.bodies.bodies[event.body])
    by_weight = quorum.of != "seats" and event.rule.weight == "seat"
    available = sum(seat.weight for _, seat in seats) if by_weight else len(seats)
    require(wanted <= available, "Q5", f"gevraagd {wanted}, beschikbaar {available}")


def evolve(own: DecisionRules, event: DecisionRuleEvent, header: Header) -> DecisionRules:
    """Remember the version, in the order in which versions came to hold."""
    key = (event.body, event.subject)
    version = Version(position=header.position, since=header.on, rule=event.rule)
    versions = sorted((*own.versions.get(key, ()), version), key=lambda one: one.since)
    return replace(
        own,
        versions=own.versions.insert(key, tuple(versions)),
        founding=own.founding or event.body,
    )
