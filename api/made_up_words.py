"""The words of a made-up chain: subjects, sentences and organisations that exist nowhere.

Everything is put together from short lists by a seeded source of chance, so the same seed gives
the same words for ever. No name of an existing organisation or person is among them.
"""

from __future__ import annotations

import random
from typing import Final

ORGANISATIONS: Final = ("dienst-noord", "dienst-oost", "dienst-zuid")
TOPICS: Final = (
    "aanlevering", "correctiebericht", "gegevenskwaliteit", "herstelplan", "ketentest",
    "kostenverdeling", "leveringstermijn", "opleiding", "planning", "releasekalender",
    "rapportage", "standaard", "storing", "terugkoppeling", "toegang", "verantwoording",
)  # fmt: skip
PLACES: Final = (
    "aan de poort", "bij de bron", "in de afrekening", "in de kern", "in de uitwisseling",
    "op de werkvloer", "tussen de schakels", "voor de burger",
)  # fmt: skip
WHO: Final = (
    "De keten", "Het ketenbureau", "Elke partner", "De werkgroep", "Het overleg", "De afnemer",
    "De leverancier", "Onze lijn",
)  # fmt: skip
DOES: Final = (
    "wil weten hoe vaak het misgaat", "legt vast wat er is afgesproken",
    "vraagt om een termijn die iedereen haalt", "ziet dat het verschil kleiner wordt",
    "rekent op gegevens die in één keer kloppen", "betaalt een gelijk deel van de kosten",
    "meldt elke storing binnen een werkdag", "kijkt na een jaar of het heeft geholpen",
)  # fmt: skip
WHY: Final = (
    "omdat herstel achteraf drie keer zo duur is", "zodat niemand het werk dubbel doet",
    "want een schakel alleen lost dit niet op", "zolang de voorraad fouten niet groeit",
    "ook als dat een van ons meer werk geeft", "zoals in het convenant is afgesproken",
    "en dat weegt zwaarder dan het eigen gemak", "tot de nieuwe standaard overal werkt",
)  # fmt: skip
SENTENCES: Final = 512


class Words:
    """Sentences of one made-up chain, drawn by its own source of chance."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._sentences = [
            f"{chance.choice(WHO)} {chance.choice(DOES)}, {chance.choice(WHY)}."
            for _ in range(SENTENCES)
        ]

    def prose(self, sentences: int) -> str:
        """Return so many sentences, with a space between them."""
        return " ".join(self._chance.choices(self._sentences, k=sentences))

    def matter(self) -> str:
        """Return what something is about, in a few words."""
        return f"{self._chance.choice(TOPICS)} {self._chance.choice(PLACES)}"
