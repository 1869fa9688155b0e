"""The evidence over HTTP, as far as it was adopted: who witnesses the log of a chain, and who did.

What the policy in force comes to as text for other programs is at `/log/{chain}/policy`.
"""

from __future__ import annotations

from api.reading import a_list, an_item
from projections import evidence

ROUTES = (
    a_list(
        "/witness-policies",
        "witnessPolicy",
        "Witness policies; with `validOn` the one in force on that day.",
        evidence.witness_policies,
    ),
    an_item(
        "/witness-policies/{witnessPolicy}",
        "One policy, by the position that adopted it.",
        evidence.witness_policy,
    ),
)
