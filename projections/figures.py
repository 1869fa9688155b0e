"""Figures of a chain over the years: what was decided, what is open, how long things take.

    decisions     how many were taken, and how many were not, in each period
    escalations   how many were solved in each period and after how many days; the last ones by name
    actions       how many were open at the end of each period, and how many of those over their day
    agreements    how many were proposed, in force or ended at the end of each period
    roles         how many terms began and ended in each period, and how many ran at its end

A period is a year, or a month of one year. What ends in a period counts from the day on which it
happened, up to and including the day of the view; an action is over its day from the moment that
the record says so. Pages, drawings, CSV and API all show what `figures` returns.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from psycopg.sql import SQL

from projections import scopes, walks
from projections.names import titles
from projections.views import Conn, Doc, View, fetch

MAX_YEARS: Final = 25
LATEST: Final = 15
"""How many escalations are told by name."""
TAKEN: Final = ("adopted", "in-force", "executed", "superseded", "revoked")
NOT_TAKEN: Final = ("rejected", "lapsed", "withdrawn")
OPEN_ACTION: Final = ("assigned", "delayed", "overdue")
ENDED: Final = ("terminated", "expired")

# A thing counts in the month in which it first had one of the statuses that mean the same.
FIRST_TIMES: Final = SQL("""
    SELECT to_char(f.first AT TIME ZONE 'UTC', 'YYYY-MM') AS month, f.taken, count(*) AS count
    FROM (
        SELECT e.id, e.status = ANY(%(taken)s::text[]) AS taken, min(e.occurred_at) AS first
        FROM read_statuses AS e
        WHERE {visible} AND {walk} AND e.kind = 'decision' AND e.occurred_at < %(day)s::date + 1
            AND e.status = ANY(%(taken)s::text[] || %(not_taken)s::text[])
        GROUP BY e.id, taken
    ) AS f
    GROUP BY month, f.taken
""").format(visible=scopes.entry("e"), walk=walks.along(walks.STATUS, "e"))

# Every status is one more when it begins and one less when the next of that thing does.
CHANGES: Final = SQL("""
    WITH held AS (
        SELECT e.kind, e.status, e.occurred_at AS begun,
            lead(e.occurred_at) OVER (
                PARTITION BY e.kind, e.id ORDER BY e.occurred_at, e.position, e.number
            ) AS ended
        FROM read_statuses AS e
        WHERE {visible} AND e.kind = ANY(%(kinds)s::text[])
            AND e.occurred_at < %(day)s::date + 1
    )
    SELECT c.kind, c.status, to_char(c.moment AT TIME ZONE 'UTC', 'YYYY-MM') AS month,
        sum(c.change)::int8 AS count
    FROM (
        SELECT h.kind, h.status, h.begun AS moment, 1 AS change FROM held AS h
        UNION ALL
        SELECT h.kind, h.status, h.ended, -1 FROM held AS h WHERE h.ended IS NOT NULL
    ) AS c
    GROUP BY c.kind, c.status, month
""").format(visible=scopes.entry("e"))

COURSES: Final = SQL("""
    SELECT e.id, (min(e.occurred_at) AT TIME ZONE 'UTC')::date AS raised,
        (min(e.occurred_at) FILTER (WHERE e.status = 'resolved') AT TIME ZONE 'UTC')::date
            AS resolved
    FROM read_statuses AS e
    WHERE {visible} AND {walk} AND e.kind = 'escalation' AND e.occurred_at < %(day)s::date + 1
    GROUP BY e.id
""").format(visible=scopes.entry("e"), walk=walks.along(walks.STATUS, "e"))
SOLVED: Final = SQL("""
    SELECT to_char(c.resolved, %(form)s) AS period, count(*) AS solved,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY c.resolved - c.raised) AS median,
        max(c.resolved - c.raised) AS longest
    FROM ({courses}) AS c
    WHERE c.resolved IS NOT NULL
    GROUP BY period
""").format(courses=COURSES)
LAST: Final = SQL("""
    SELECT c.id, c.raised::text AS raised, c.resolved::text AS resolved,
        coalesce(c.resolved, %(day)s::date) - c.raised AS days
    FROM ({courses}) AS c
    ORDER BY c.raised DESC, c.id
    LIMIT %(latest)s
""").format(courses=COURSES)

# A term begins on its first day and ends on the first day after it.
TERMS: Final = SQL("""
    SELECT to_char(t.day, 'YYYY-MM') AS month, t.change, count(*) AS count
    FROM (
        SELECT r.valid_from AS day, 1 AS change
        FROM read_roles AS r
        WHERE {visible} AND r.kind = 'assignment'
        UNION ALL
        SELECT r.valid_until, -1
        FROM read_roles AS r
        WHERE {visible} AND r.kind = 'assignment'
    ) AS t
    WHERE t.day <= %(day)s::date
    GROUP BY month, t.change
""").format(visible=scopes.version("r"))

Months = dict[str, int]
"""By month, as in 2026-11, how many or how many more."""
Counts = dict[tuple[object, ...], Months]


def figures(connection: Conn, view: View, *, year: str = "") -> Doc:
    """Return the figures per year, or per month of one year; `years` are those there is data of.

    Durations are in days. At most the last MAX_YEARS years are told.
    """
    asked = view.parameters(
        taken=list(TAKEN),
        not_taken=list(NOT_TAKEN),
        kinds=["action", "agreement"],
        form="YYYY-MM" if year else "YYYY",
        latest=LATEST,
    )
    decided = _by(fetch(connection, FIRST_TIMES, asked), "taken")
    stood = _by(fetch(connection, CHANGES, asked), "kind", "status")
    terms = _by(fetch(connection, TERMS, asked), "change")
    years = _years([*decided.values(), *stood.values(), *terms.values()], view.day)
    periods = _months(year, view.day) if year else years
    solved = {row["period"]: row for row in fetch(connection, SOLVED, asked)}
    return {
        "year": year,
        "years": years,
        "decisions": [
            {"period": one, "taken": _within(decided, one, (True,)),
             "notTaken": _within(decided, one, (False,))}
            for one in periods
        ],
        "escalations": [{"period": one, **_solved(solved.get(one))} for one in periods],
        "latestEscalations": _latest(connection, view, asked),
        "actions": [
            {"period": one, "open": _standing(stood, one, "action", OPEN_ACTION),
             "overdue": _standing(stood, one, "action", ("overdue",))}
            for one in periods
        ],
        "agreements": [
            {"period": one, "proposed": _standing(stood, one, "agreement", ("proposed",)),
             "inForce": _standing(stood, one, "agreement", ("in-force",)),
             "ended": _standing(stood, one, "agreement", ENDED)}
            for one in periods
        ],
        "roles": [_terms(terms, one) for one in periods],
    }  # fmt: skip


def _by(rows: list[Doc], *names: str) -> Counts:
    """Return counts by month, for each of what these columns hold."""
    found: Counts = {}
    for row in rows:
        key = tuple(row[name] for name in names)
        found.setdefault(key, {})[row["month"]] = row["count"]
    return found


def _years(counts: Iterable[Months], day: str) -> list[str]:
    """Return every year from the first of which there is something up to that of the day."""
    last = int(day[:4])
    first = min((int(month[:4]) for months in counts for month in months), default=last)
    return [f"{year:04}" for year in range(max(first, last - MAX_YEARS + 1), last + 1)]


def _months(year: str, day: str) -> list[str]:
    months = [f"{year}-{month:02}" for month in range(1, 13)]
    return [month for month in months if month <= day]


def _within(counts: Counts, period: str, key: tuple[object, ...]) -> int:
    """Return how many there were in a period."""
    months = counts.get(key, {})
    return sum(count for month, count in months.items() if month.startswith(period))


def _standing(counts: Counts, period: str, kind: str, statuses: Iterable[str]) -> int:
    """Return how many things had one of these statuses at the end of a period."""
    return sum(_by_then(counts.get((kind, status), {}), period) for status in statuses)


def _by_then(months: Months, period: str) -> int:
    return sum(count for month, count in months.items() if month[: len(period)] <= period)


def _terms(counts: Counts, period: str) -> Doc:
    begun, ended = (counts.get((change,), {}) for change in (1, -1))
    return {
        "period": period,
        "begun": _within(counts, period, (1,)),
        "ended": _within(counts, period, (-1,)),
        "held": _by_then(begun, period) - _by_then(ended, period),
    }


def _solved(row: Doc | None) -> Doc:
    """Return how many were solved and how long that took; no days where there was none."""
    if row is None:
        return {"solved": 0}
    return {"solved": row["solved"], "medianDays": row["median"], "longestDays": row["longest"]}


def _latest(connection: Conn, view: View, asked: dict[str, object]) -> list[Doc]:
    """Return the last escalations with how many days each took, or is open by now."""
    rows = fetch(connection, LAST, asked)
    known = titles(connection, view, {("escalation", row["id"]) for row in rows})
    return [
        {
            "escalation": row["id"],
            "title": known.get(("escalation", row["id"]), row["id"]),
            "raised": row["raised"],
            **({"resolved": row["resolved"]} if row["resolved"] else {}),
            "days": row["days"],
        }
        for row in rows
    ]
