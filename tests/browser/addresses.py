"""Every page of the demonstration chain: an address for each template and each state of it.

A new page is added here and is then held to all that every page is held to.
"""

BASE = "/ketens/loonaangifteketen"

ADDRESSES = (
    "/",
    "/privacy",
    "/toegankelijkheid",
    "/problems/refused",
    BASE,
    f"{BASE}?geldig_op=2007-10-05",
    f"{BASE}/tijdlijn",
    f"{BASE}/tijdlijn?geldig_op=2008-10-05&bekend_op=200",
    f"{BASE}/tijdlijn?soort=decisions&sinds=2008-01-01",
    f"{BASE}/gebeurtenissen/40",
    f"{BASE}/zoeken",
    f"{BASE}/zoeken?zoek=correctieberichten",
    f"{BASE}/zoeken?zoek=vliegtuig&soort=decision&geldig_op=2009-10-05",
    f"{BASE}/onderwerpen",
    f"{BASE}/onderwerpen/financiering",
    f"{BASE}/lessen",
    f"{BASE}/lessen/L-2014-01",
    f"{BASE}/knelpunten",
    f"{BASE}/knelpunten/K-2009-01",
    f"{BASE}/vastleggen",
    f"{BASE}/vastleggen/ProposalSubmitted?effects.0.type=RoleAssigned.v1&options.0.text=Niets",
    f"{BASE}/vastleggen/DecisionRuleAdopted",
    f"{BASE}/controle",
    f"{BASE}/bewijs",
    f"{BASE}/bewijs?over=decision:B-2009-03",
    f"/aanmelden?keten=loonaangifteketen&terug={BASE}",
    f"{BASE}/besluiten",
    f"{BASE}/besluiten/B-2006-01",
    f"{BASE}/besluiten/B-2008-04",
    f"{BASE}/escalaties",
    f"{BASE}/escalaties/E-2009-01",
    f"{BASE}/rollen?rol=chain-manager&dag=2009-06-01",
    f"{BASE}/rollen/rol-ketenmanager",
    f"{BASE}/acties?geldig_op=2007-10-05",
    f"{BASE}/afspraken",
    f"{BASE}/afspraken/CV-2008?van=2010-01-01&tot=2015-01-01",
    f"{BASE}/afspraken/SLA-2008-01",
)
REFUSED = (
    (f"{BASE}/onzin", 404),
    (f"{BASE}/gebeurtenissen/999999", 404),
    (f"{BASE}?geldig_op=gisteren", 400),
    (f"{BASE}/tijdlijn?soort=onzin", 400),
    ("/ketens/onbekend", 404),
    (f"{BASE}/zoeken?zoek=a&soort=onzin", 400),
    (f"{BASE}/onderwerpen/onzin", 404),
    (f"{BASE}/besluiten?status=onzin", 400),
    (f"{BASE}/rollen?rol=onzin", 400),
    (f"{BASE}/bewijs?over=persoon:p-1", 400),
    (f"{BASE}/bewijs?van=gisteren", 400),
)
