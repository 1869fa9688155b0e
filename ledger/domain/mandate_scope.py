"""The scope of a mandate: comparing how far two of them reach, by subject, amount and level.

In a scope an empty list, or no ceiling, sets no limit. So what two scopes share can be nothing at
all, and that is not the empty scope: it is `None`.
"""

from __future__ import annotations

from typing import TypeVar

from ledger.domain.events.mandates import MandateScope
from ledger.domain.values import LEVEL_NAMES

Name = TypeVar("Name", bound=str)


def covers(
    scope: MandateScope, *, subjects: tuple[str, ...], amount_cents: int | None, level: str
) -> bool:
    """Tell whether a matter lies within a scope; no amount is no money, level "" is not asked.

    A matter without a subject lies only within a scope that is not limited to subjects.
    """
    ceiling = scope.max_amount_cents
    return (
        part(subjects, scope.subjects)
        and (ceiling is None or amount_cents is None or amount_cents <= ceiling)
        and (not scope.levels or not level or level in scope.levels)
    )


def fits(inner: MandateScope, outer: MandateScope) -> bool:
    """Tell whether a scope reaches no further than another in any respect."""
    ceiling, limit = inner.max_amount_cents, outer.max_amount_cents
    return (
        part(inner.subjects, outer.subjects)
        and part(inner.levels, outer.levels)
        and (limit is None or (ceiling is not None and ceiling <= limit))
    )


def part(inner: tuple[str, ...], outer: tuple[str, ...]) -> bool:
    """Tell whether a list reaches no further than another; an empty one sets no limit."""
    return not outer or (bool(inner) and set(inner) <= set(outer))


def common(one: MandateScope, other: MandateScope) -> MandateScope | None:
    """Return what two scopes share, or None when that is nothing."""
    subjects, levels = _shared(one.subjects, other.subjects), _shared(one.levels, other.levels)
    if subjects is None or levels is None:
        return None
    limits = [
        limit for limit in (one.max_amount_cents, other.max_amount_cents) if limit is not None
    ]
    return MandateScope(
        subjects=subjects, max_amount_cents=min(limits, default=None), levels=levels
    )


def _shared(one: tuple[Name, ...], other: tuple[Name, ...]) -> tuple[Name, ...] | None:
    if not one or not other:
        return one or other
    return tuple(name for name in one if name in other) or None


def in_words(scope: MandateScope) -> str:
    """Say a scope in Dutch, for a refusal."""
    ceiling = scope.max_amount_cents
    return "; ".join(
        (
            ", ".join(scope.subjects) or "alle onderwerpen",
            "elk bedrag" if ceiling is None else f"€ {ceiling // 100},{ceiling % 100:02d}",
            ", ".join(LEVEL_NAMES[level] for level in scope.levels) or "alle niveaus",
        )
    )
