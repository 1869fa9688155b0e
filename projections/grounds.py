"""Grounds: the earlier records by which somebody acted for a partner, or in a role.

A record says `under` which positions it was lawful, so what it was done for is told as it was at
the time, whoever holds the role now. For a partner these are the positions that gave one of its
roles, a seat of its own, or a mandate from it; for a role every assignment of it.

A reader finds by a ground only where they may see the ground itself.
"""

from __future__ import annotations

from typing import Final, get_args

from psycopg.sql import SQL, Composed, Identifier, Placeholder

from ledger.domain.events.roles import RoleKind
from projections import scopes

OF_A_PARTNER: Final = SQL("""
    SELECT g.position FROM read_links AS g
    JOIN read_roles AS a ON a.chain = g.chain AND a.kind = g.kind AND a.id = g.id
    WHERE {visible_role} AND {visible_link} AND a.organisation = {name}
    UNION
    SELECT g.position FROM read_links AS g
    JOIN read_bodies AS s ON s.chain = g.chain AND s.kind = g.kind AND s.id = g.id
    WHERE {visible_seat} AND {visible_link} AND s.kind = 'seat'
        AND s.organisation = {name}
    UNION
    SELECT g.position FROM read_links AS g
    JOIN read_mandates AS m ON m.chain = g.chain AND m.kind = g.kind AND m.id = g.id
    WHERE {visible_mandate} AND {visible_link} AND m.kind = 'mandate'
        AND m.grantor = {name}
""")

OF_A_ROLE: Final = SQL("""
    SELECT g.position FROM read_links AS g
    JOIN read_roles AS a ON a.chain = g.chain AND a.kind = g.kind AND a.id = g.id
    WHERE {visible_role} AND {visible_link} AND a.{heading} = {name}
""")


def of_partner(parameter: str) -> Composed:
    """Return the question which positions gave a capacity for the partner in this parameter."""
    return OF_A_PARTNER.format(
        name=Placeholder(parameter),
        visible_role=scopes.version("a"),
        visible_seat=scopes.version("s"),
        visible_mandate=scopes.version("m"),
        visible_link=scopes.entry("g"),
    )


def of_role(role: str, parameter: str) -> Composed:
    """Return the question which positions gave this role, the value of this parameter."""
    return OF_A_ROLE.format(
        name=Placeholder(parameter),
        heading=Identifier(heading(role)),
        visible_role=scopes.version("a"),
        visible_link=scopes.entry("g"),
    )


def heading(role: str) -> str:
    """Return under which column a role stands: its kind, or a name of the chain's own making."""
    return "role" if role in get_args(RoleKind) else "label"
