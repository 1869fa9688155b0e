"""Chapters one and two of the demonstration: a start by law, and a crisis (2006 to mid 2007)."""

from __future__ import annotations

from api.demo_story_script import AGAINST, FOR, OWNERS, Script, document
from ledger.domain.events.actions import ActionAssigned
from ledger.domain.events.bodies import ChairTermStarted
from ledger.domain.events.chains import (
    ChainConditionDeclared,
    ChainEstablished,
    DrivingProblemRecorded,
    FoundingPartner,
)
from ledger.domain.events.decisions import Option, ProposalSubmitted
from ledger.domain.events.escalations import BottleneckSignalled
from ledger.domain.events.meetings import (
    AgendaItem,
    MeetingConvened,
    MeetingHeld,
    MinutesAdopted,
    SubstituteRefused,
)
from ledger.domain.events.memory import EventAnnotated
from ledger.domain.events.outcomes import Citation, DecisionRecorded

NAMES = {"belastingdienst": "Belastingdienst", "uwv": "UWV", "cbs": "CBS"}
MADE_UP = (
    "Een voorbeeld in de vorm van de loonaangifteketen. Het verloop, de data, de stemmen en hun "
    "redenen, de documenten, bedragen en meetwaarden zijn verzonnen; personen komen alleen als "
    "functie voor. Ook de klok is die van het verhaal: elke gebeurtenis is vastgelegd op haar dag "
    "daarin."
)


def start(s: Script) -> None:
    """The law makes three organisations a chain. They agree that each pays for itself, no more.

    Unanimity is the founding rule. It carries the easy decision and blocks the hard one: when wage
    returns get lost between intake and the policy administration, a joint team is voted down.
    """
    _founded(s)
    _own_costs(s)
    _no_joint_team(s)


def _founded(s: Script) -> None:
    s.on("2006-01-02").act(
        "bestuurder-belastingdienst",
        ChainEstablished(
            name="Loonaangifteketen (demonstratie)",
            origin="imposed",
            demo=True,
            legal_basis="Wet financiering sociale verzekeringen (Wfsv) en Wet SUWI",
            reasons=(
                "één keer aanleveren, meermaals gebruiken",
                "lagere administratieve lasten voor werkgevers",
                "betere dienstverlening aan burgers",
                "minder fouten",
            ),
            objective=(
                "Werkgevers doen één keer loonaangifte; Belastingdienst, UWV en CBS gebruiken "
                "dezelfde gegevens, tijdig en juist."
            ),
            partners=tuple(
                FoundingPartner(
                    organisation=name,
                    name=NAMES[name],
                    status="owner",
                    representative=f"bestuurder-{name}",
                )
                for name in OWNERS
            ),
        ),
    )
    s.on("2006-01-09").act(
        "bestuurder-belastingdienst",
        EventAnnotated(target=0, label="Demonstratie", text=MADE_UP),
        ChairTermStarted(body="stuurgroep", seat="stuurgroep-belastingdienst"),
        DrivingProblemRecorded(
            text=(
                "Loongegevens van alle werknemers worden op drie plaatsen gevraagd, gecontroleerd "
                "en bewaard. Geen van de drie organisaties kan dat alleen veranderen."
            )
        ),
    )


def _own_costs(s: Script) -> None:
    s.on("2006-02-06").act(
        "bestuurder-belastingdienst",
        ProposalSubmitted(
            decision="B-2006-01",
            body="stuurgroep",
            subject="financiering",
            title="Ieder draagt de eigen kosten van de keten",
            problem="De keten heeft geen eigen begroting.",
            text="Elke partner betaalt het werk in de eigen schakel; er wordt niet verrekend.",
            chain_interest="De invoering kan beginnen zonder eerst over geld te onderhandelen.",
            options=(
                Option(
                    text="Een gezamenlijke pot met geld",
                    why_not="Nog niemand kan zeggen wat de keten als geheel kost of oplevert.",
                ),
            ),
        ),
    )
    s.on("2006-02-20").open("B-2006-01", by="bestuurder-belastingdienst")
    s.vote("B-2006-01", belastingdienst=FOR, uwv=FOR, cbs=FOR)


def _no_joint_team(s: Script) -> None:
    s.on("2006-06-12").act(
        "bestuurder-uwv",
        BottleneckSignalled(
            bottleneck="K-2006-01",
            subject="Loonaangiften stranden tussen de inname en de polisadministratie.",
            interface="inname - polisadministratie",
            organisations=("belastingdienst", "uwv"),
            impact="Van 1 op de 10 dienstverbanden ontbreken maanden (voorbeeldcijfer).",
        ),
    )
    s.on("2006-09-04").act(
        "bestuurder-uwv",
        ProposalSubmitted(
            decision="B-2006-02",
            body="stuurgroep",
            subject="herstelteam",
            title="Eén gezamenlijk team voor het herstel van gestrande aangiften",
            problem="Elke schakel herstelt wat zij zelf ziet; niemand ziet een aangifte helemaal.",
            chain_interest="Een fout wordt één keer gevonden en één keer hersteld.",
        ),
    )
    s.on("2006-09-18").open("B-2006-02", by="bestuurder-uwv").vote(
        "B-2006-02",
        uwv=FOR,
        cbs=FOR,
        belastingdienst=f"{AGAINST}: de mensen zijn nodig voor de inname",
    )


def crisis(s: Script) -> None:
    """The chain declares itself in crisis; politics orders an analysis; a deputy is sent home.

    The order came from outside the steering group. The ledger takes it over as what it is: a
    decision beside the rules, labelled, with who accepted it.
    """
    _declared(s)
    _nobody_sends_a_deputy(s)
    _analysis(s)


def _declared(s: Script) -> None:
    s.on("2006-12-04").act(
        "bestuurder-uwv",
        ChainConditionDeclared(
            condition="crisis",
            reason="De achterstand groeit en de partners verwijten het elkaar.",
        ),
    )
    s.on("2007-01-15").act(
        "bestuurder-belastingdienst",
        DecisionRecorded(
            decision="B-2007-01",
            body="stuurgroep",
            subject="probleemanalyse",
            title="Opdracht tot een integrale probleemanalyse",
            text="De oorzaken worden onderzocht over de schakels heen, van werkgever tot afnemer.",
            status="in-force",
            status_label="opdracht van de bewindspersonen",
            decided_at="2007-01-08T12:00:00.000000Z",
            documents=(document("Opdrachtbrief integrale probleemanalyse (voorbeeld)"),),
            deviation="De politiek verantwoordelijken besloten, niet de stuurgroep zelf.",
            accepted_by=tuple(f"bestuurder-{name}" for name in OWNERS),
        ),
    )


def _nobody_sends_a_deputy(s: Script) -> None:
    s.on("2007-02-05").register("bestuurder-cbs", adviseur_cbs="adviseur van het CBS")
    s.act(
        "bestuurder-belastingdienst",
        MeetingConvened(
            meeting="V-2007-01",
            body="stuurgroep",
            starts_at="2007-02-19T07:30:00.000000Z",
            place="Utrecht",
            agenda=(AgendaItem(subject="Voortgang van de probleemanalyse", decision="B-2007-01"),),
            documents=(document("Tussenstand probleemanalyse (voorbeeld)"),),
        ),
    )
    s.on("2007-02-19").attend("V-2007-01", "belastingdienst", "uwv")
    s.act(
        "bestuurder-belastingdienst",
        SubstituteRefused(
            meeting="V-2007-01",
            seat="stuurgroep-cbs",
            person="adviseur-cbs",
            stayed_as="listener",
            reason="Een bestuurder komt zelf: wie niet kan toezeggen, kan niet meebeslissen.",
        ),
        MeetingHeld(
            meeting="V-2007-01",
            summary="Besproken: de tussenstand van de probleemanalyse. Het CBS zat niet aan tafel.",
            decisions=("B-2007-01",),
        ),
        MinutesAdopted(meeting="V-2007-01", minutes=document("Verslag V-2007-01 (voorbeeld)")),
    )


def _analysis(s: Script) -> None:
    s.on("2007-05-07").act(
        "bestuurder-cbs",
        ProposalSubmitted(
            decision="B-2007-02",
            body="stuurgroep",
            subject="probleemanalyse",
            title="De conclusies van de integrale probleemanalyse overnemen",
            problem="De keten is ingericht als drie lijnen die toevallig op elkaar aansluiten.",
            text="De partners sturen voortaan op de keten als geheel, met twee maatregelen vooraf.",
            chain_interest="Voor het eerst kijken de partners naar hetzelfde beeld.",
            options=(
                Option(
                    text="Terug naar gescheiden aanlevering",
                    why_not="Dat legt de last weer bij de werkgevers en lost de fouten niet op.",
                ),
            ),
            documents=(document("Integrale probleemanalyse 2007 (voorbeeld)"),),
            cites=(Citation(decision="B-2007-01", relation="rests-on"),),
            effects=_first_measures(),
        ),
    )
    s.on("2007-05-21").open("B-2007-02", by="bestuurder-cbs")
    s.vote("B-2007-02", cbs=FOR, uwv=FOR, belastingdienst=FOR)


def _first_measures() -> tuple[ActionAssigned, ...]:
    return (
        ActionAssigned(
            action="A-2007-01",
            title="Afgekeurde aangiften binnen een week terugmelden aan de werkgever",
            organisation="belastingdienst",
            role="lijnmanager",
            due_on="2007-09-30",
            decision="B-2007-02",
        ),
        ActionAssigned(
            action="A-2007-02",
            title="De achterstand in de polisadministratie wegwerken",
            organisation="uwv",
            role="lijnmanager",
            due_on="2007-12-31",
            decision="B-2007-02",
        ),
    )
