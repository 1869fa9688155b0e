"""The questions that the demonstration answers, each with the page that does.

In Dutch; the first page of a server gives them as links, `make demo` prints the first six.
"""

from __future__ import annotations

from typing import Final

from api.demo_story_script import CHAIN

QUESTIONS: Final = (
    (
        "Wie besloot tot het noodherstel, in welke rol en onder welk mandaat?",
        "/besluiten/B-2008-04",
    ),
    ("Wat verving het besluit dat ieder de eigen kosten draagt?", "/besluiten/B-2006-01"),
    ("Wie was ketenmanager op 1 juni 2009?", "/rollen?rol=chain-manager&dag=2009-06-01"),
    ("Wat stond er eind 2008 nog in dit verslag?", "/vergaderingen/V-2008-01?bekend_op=2008-12-31"),
    ("Hoe klom het knelpunt met correctieberichten de ladder op?", "/escalaties/E-2009-01"),
    ("Is dit alles nog wat het was?", "/controle"),
    ("Hoe ging deze keten van crisis naar rust?", "/tijdlijn"),
    ("Waarom kwam er in 2006 geen gezamenlijk herstelteam?", "/besluiten/B-2006-02"),
    ("Wie mocht in 2007 niet voor een ander meepraten?", "/vergaderingen/V-2007-01"),
    ("Wie bedacht zich bij de benoeming van de ketenmanager?", "/besluiten/B-2007-03"),
    ("Was het gebruik van doorzettingsmacht terecht?", "/besluiten/B-2008-01"),
    ("Welke mandaten golden op 1 november 2008?", "/mandaten?geldig_op=2008-11-01"),
    ("Is de afspraak over de levering nagekomen?", "/afspraken/SLA-2008-01"),
    ("De stemmen staakten; wie besliste, en wie betwist dat?", "/besluiten/B-2009-02"),
    ("Waar ging het over correctieberichten?", "/zoeken?zoek=correctiebericht"),
    ("Wat is er eerder over de financiering besloten?", "/onderwerpen/financiering"),
    (
        "Wie zat op 1 januari 2011 in het bestuur?",
        "/overleggen/ketenbestuur?geldig_op=2011-01-01",
    ),
    ("Waarom bleef het jaarplan 2011 liggen?", "/besluiten/B-2010-03"),
    ("Wat staat nog open?", "/acties"),
)
"""What to look up, and the path below the chain that answers it."""
FIRST: Final = 6
"""How many of them a newcomer is given at once: one of each sort that a register must answer."""


def tour(base_url: str = "") -> list[tuple[str, str]]:
    """Return questions in Dutch, each with the address of the page that answers it."""
    chain = f"{base_url.rstrip('/')}/ketens/{CHAIN}"
    return [(question, chain + path) for question, path in QUESTIONS]
