"""Finding words in Dutch text: one way of reading words, for what is indexed and for what is asked.

A text is found by its words in any Dutch form (fietsen finds fiets), by a word exactly as
written, and by a part of a longer word (loonaangifte finds loonaangifteketen; correctieberichten,
by its stem, finds correctieberichtproces). Accents and capitals make no difference.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct
from psycopg.sql import SQL, Composed, Identifier, Placeholder

from projections.spelling import plain
from projections.views import Conn, fetch

MAX_WORDS: Final = 8
SHORTEST_PART: Final = 4
"""A shorter piece of text is in too many words to mean anything."""
WORD: Final = re.compile(r"\w+")
OPERATOR: Final = re.compile(r'"|\bor\b|(?:^|\s)-', re.IGNORECASE)
"""Whoever writes quotes, OR or a minus sign means words, not parts of them."""

# The Dutch stem of each word; a word that says nothing (de, het, een) has none.
STEMS = SQL("""
    SELECT coalesce((ts_lexize('pg_catalog.dutch_stem', asked.word))[1], '') AS stem
    FROM unnest(%(words)s::text[]) WITH ORDINALITY AS asked (word, place)
    ORDER BY asked.place
""")

QUERY = SQL("""(
    websearch_to_tsquery('public.ketenledger', %(words)s)
    || websearch_to_tsquery('simple', %(plain_words)s)
)""")
IN_ANY_FORM = SQL("{alias}.found_by @@ {query}")
AS_A_PART = SQL("{alias}.plain LIKE {part}")


class Words(Struct, frozen=True):
    """What is looked for: the text as given, and the parts that must all be in it.

    `silent` are the words in it that say nothing. What is looked for as written is looked for
    without them: nearly every text has them, and an index would walk along all of those.
    """

    text: str = ""
    parts: tuple[str, ...] = ()
    silent: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.text)

    def parameters(self) -> dict[str, str]:
        """Return what a query with `condition` needs."""
        patterns = {f"part_{number}": f"%{part}%" for number, part in enumerate(self.parts)}
        written = plain(self.text)
        telling = " ".join(word for word in written.split() if word not in self.silent)
        return {"words": self.text, "plain_words": telling or written, **patterns}

    def condition(self, alias: str) -> Composed:
        """Return the condition that a row of texts under this alias has the words."""
        found, parts = self.in_any_form(alias), self.as_parts(alias)
        return found if parts is None else SQL("({} OR ({}))").format(found, parts)

    def in_any_form(self, alias: str) -> Composed:
        """Return the condition that a row of texts has the words, in whatever form."""
        return IN_ANY_FORM.format(alias=Identifier(alias), query=QUERY)

    def as_parts(self, alias: str) -> Composed | None:
        """Return the condition that it has them as parts of words; None where that is not asked."""
        parts = [
            AS_A_PART.format(alias=Identifier(alias), part=Placeholder(f"part_{number}"))
            for number, _ in enumerate(self.parts)
        ]
        return SQL(" AND ").join(parts) if parts else None


def words(connection: Conn, text: str) -> Words:
    """Read what somebody looks for; nothing is nothing."""
    asked = WORD.findall(plain(text))[:MAX_WORDS]
    if not asked:
        return Words()
    stems = [row["stem"] for row in fetch(connection, STEMS, {"words": asked})]
    meant = [stem for stem in stems if stem]
    if OPERATOR.search(text):
        return Words(text)
    silent = frozenset(word for word, stem in zip(asked, stems, strict=True) if not stem)
    if any(len(stem) < SHORTEST_PART for stem in meant):
        return Words(text, silent=silent)
    return Words(text, tuple(stem.replace("_", r"\_") for stem in meant), silent)
