"""Decision rules over HTTP: how each body decides, version by version."""

from __future__ import annotations

from api.parameters import Id
from api.reading import Listing, a_list, an_item
from projections import decision_rules


class Filters(Listing):
    """Which rules: of this body, on this subject."""

    body: Id | None = None
    subject: Id | None = None


ROUTES = (
    a_list(
        "/decision-rules",
        "decisionRule",
        "Rule versions; with `validOn` those in force on that day.",
        decision_rules.decision_rules,
        Filters,
    ),
    an_item(
        "/decision-rules/{decisionRule}",
        "One version, by the position that adopted it.",
        decision_rules.decision_rule,
    ),
)
