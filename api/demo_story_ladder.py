"""Chapter five of the demonstration: promises break, and a matter climbs the ladder (2009)."""

from __future__ import annotations

from api.demo_story_buildup import BOARD, MANAGERS
from api.demo_story_script import ABSTAIN, FOR, Script, document
from ledger.domain.events.agreements import (
    BreachExcused,
    NonComplianceSignalled,
    ServiceLevelMeasured,
)
from ledger.domain.events.bodies import ChairTermStarted
from ledger.domain.events.decisions import (
    DissentRecorded,
    Option,
    ProposalSubmitted,
)
from ledger.domain.events.escalations import (
    BottleneckSignalled,
    EscalationClosed,
    EscalationForwarded,
    EscalationRaised,
    EscalationReceived,
    EscalationResolved,
    HorizontalResolutionAttempted,
)
from ledger.domain.events.mandates import (
    MandateRestricted,
    MandateRevoked,
    MandateScope,
)
from ledger.domain.events.meetings import MeetingHeld
from ledger.domain.events.memory import EventAnnotated, RecordCorrected
from ledger.domain.events.outcomes import OutcomeDisputed, TieBroken


def breach(s: Script) -> None:
    """The service level is met, then missed, and excused by who suffered from it.

    Meanwhile the office sets a slip of the pen right: both readings stay. And the mandate that was
    passed on becomes narrower.
    """
    s.on("2009-01-05").act(
        "ketenbureau",
        _measured("2008-Q3", 985),
        RecordCorrected(
            target=s.position(MeetingHeld, meeting="V-2008-01"),
            field="/summary",
            was="Het bestuur beoordeelt het gebruik van 21 januari 2007 als terecht.",
            becomes="Het bestuur beoordeelt het gebruik van 21 januari 2008 als terecht.",
            reason="Verschrijving in het jaartal.",
        ),
    )
    s.act(
        "bestuurder-belastingdienst",
        ChairTermStarted(body=BOARD, seat=f"{BOARD}-belastingdienst"),
    )
    _narrowed(s)
    s.on("2009-02-09").act("ketenbureau", _measured("2008-Q4", 942))
    s.act(
        "ketenmanager",
        NonComplianceSignalled(
            agreement="SLA-2008-01",
            organisation="belastingdienst",
            finding="In december bleef de doorlevering drie dagen liggen (voorbeeld).",
        ),
    )
    s.on("2009-02-16").act(
        "bestuurder-uwv",
        BreachExcused(
            agreement="SLA-2008-01",
            organisation="uwv",
            indicator="tijdig-geleverd",
            reason="De oorzaak was de jaarovergang, op verzoek van de afnemer zelf.",
        ),
    )


def _narrowed(s: Script) -> None:
    s.on("2009-02-02").act(
        "ketenmanager",
        MandateRestricted(
            mandate="MD-2008-03",
            scope=MandateScope(
                subjects=("productieverstoring",),
                max_amount_cents=1_000_000,
                levels=("operational",),
            ),
            valid_from="2009-02-02",
            reason="Grotere storingen lopen voortaan langs de ketenmanager zelf.",
        ),
    )


def _measured(period: str, value: int) -> ServiceLevelMeasured:
    """All measurements are made up, and say so."""
    return ServiceLevelMeasured(
        agreement="SLA-2008-01",
        indicator="tijdig-geleverd",
        period=f"{period} (voorbeeldcijfer)",
        measured=value,
    )


def silence_and_a_tie(s: Script) -> None:
    """Two ways to decide among line managers: nobody objects, and nobody wins.

    Silence adopts the release calendar when its term is over. On the test environment the votes
    are equal; the chair decides, the loser puts its dissent on record, and somebody disputes it.
    """
    s.on("2009-03-02").act(
        "ketenbureau",
        ProposalSubmitted(
            decision="B-2009-01",
            body=MANAGERS,
            subject="releasekalender",
            title="Releasekalender 2009 en 2010",
            chain_interest="Alle schakels wijzigen op dezelfde vier dagen per jaar.",
            documents=(document("Releasekalender 2009-2010 (voorbeeld)"),),
        ),
    )
    s.open("B-2009-01", by="ketenbureau")
    _equal_votes(s)
    _afterwards(s)


def _equal_votes(s: Script) -> None:
    s.on("2009-03-23").act(
        "lijnmanager-belastingdienst",
        ProposalSubmitted(
            decision="B-2009-02",
            body=MANAGERS,
            subject="testomgeving",
            title="Eén gedeelde testomgeving voor de hele keten",
            problem="Fouten tussen schakels komen pas in productie aan het licht.",
            chain_interest="Fouten vinden voordat werkgevers ze merken.",
            options=(
                Option(
                    text="Ieder een eigen testomgeving met afgesproken berichten",
                    why_not="Dan test niemand de overgang van schakel naar schakel.",
                ),
            ),
        ),
    )
    s.on("2009-04-06").open("B-2009-02", by="lijnmanager-belastingdienst")
    s.vote(
        "B-2009-02",
        belastingdienst=FOR,
        uwv="against: er is net een eigen omgeving gebouwd",
        cbs=f"{ABSTAIN}: het CBS levert geen berichten aan",
    )
    s.on("2009-04-07").act(
        "lijnmanager-cbs",
        TieBroken(
            decision="B-2009-02",
            choice="for",
            reason="Het ketenbelang weegt het zwaarst: fouten zitten tussen de schakels.",
        ),
    )


def _afterwards(s: Script) -> None:
    s.on("2009-04-08").act(
        "lijnmanager-uwv",
        DissentRecorded(
            decision="B-2009-02",
            seat=f"{MANAGERS}-uwv",
            reason="UWV voert het uit, maar de kosten van de eigen omgeving zijn verloren.",
        ),
    )
    s.act(
        "regisseur-uwv",
        OutcomeDisputed(
            decision="B-2009-02",
            claimed="verworpen",
            reason="De voorzitter onthield zich eerst; dan hoort staken verworpen te zijn.",
        ),
    )
    s.on("2009-04-14").act(
        "ketenbureau",
        EventAnnotated(
            target=s.position(OutcomeDisputed, decision="B-2009-02"),
            label="Toelichting van het ketenbureau",
            text="De regel 'meerderheid' zegt dat bij staken de voorzitter beslist. "
            "Beide lezingen blijven staan.",
        ),
    )


def ladder(s: Script) -> None:
    """The service level is restored, but another bottleneck climbs the ladder up to the board.

    First talks on the floor, then coordinators, chain manager and line managers.
    One term runs out and the matter moves up by itself. Voting at the board closes with its term:
    two seats agree, the third keeps silent, nobody objects. What was learned goes into memory.
    """
    s.on("2009-05-04").act("ketenbureau", _measured("2009-Q1", 988))
    _raised(s)
    for day, rung, receiver, reason in (
        ("2009-06-29", 3, "lijnmanager-cbs", "De oplossing vraagt werk in twee lijnen tegelijk."),
        ("2009-07-13", 4, "bestuurder-cbs", "De lijnen zijn het eens over wat, niet over wie."),
    ):
        s.on(day).act(
            "ketenmanager",
            EscalationForwarded(escalation="E-2009-01", to_rung=rung, reason=reason),
        )
        s.act(receiver, EscalationReceived(escalation="E-2009-01", rung=rung))
    _solved(s)


def _raised(s: Script) -> None:
    s.on("2009-05-18").act(
        "regisseur-cbs",
        BottleneckSignalled(
            bottleneck="K-2009-01",
            subject="Correctieberichten van werkgevers halen eerdere aangiften ongemerkt in.",
            interface="polisadministratie - statistiek",
            organisations=("uwv", "cbs"),
            impact="Loonsommen in de statistiek verspringen per kwartaal (voorbeeld).",
        ),
    )
    s.on("2009-05-28").act(
        "regisseur-cbs",
        HorizontalResolutionAttempted(
            bottleneck="K-2009-01",
            organisations=("uwv", "cbs"),
            result="Eens over de oorzaak; de oplossing ligt eerder in de keten.",
        ),
        EscalationRaised(
            escalation="E-2009-01",
            bottleneck="K-2009-01",
            subject="Correctieberichten",
            reason="Het volgnummer van een correctie gaat onderweg verloren.",
            from_rung=0,
            to_rung=1,
            jointly_by=("uwv", "cbs"),
        ),
    )
    s.on("2009-06-02").act(
        "regisseur-belastingdienst", EscalationReceived(escalation="E-2009-01", rung=1)
    )
    s.on("2009-06-22").act("ketenmanager", EscalationReceived(escalation="E-2009-01", rung=2))


def _solved(s: Script) -> None:
    s.on("2009-07-20").act(
        "ketenmanager",
        ProposalSubmitted(
            decision="B-2009-03",
            body=BOARD,
            subject="correctieberichten",
            title="Elke correctie houdt het volgnummer van de aangifte",
            problem="Zie escalatie E-2009-01.",
            chain_interest="Elke schakel kan zien welke aangifte het laatst geldt.",
            escalation="E-2009-01",
            prepared_by=MANAGERS,
        ),
    )
    s.on("2009-07-27").open("B-2009-03", by="ketenmanager")
    s.vote("B-2009-03", uwv=FOR, cbs=FOR)
    s.on("2009-08-20").act(
        "bestuurder-cbs", EscalationResolved(escalation="E-2009-01", decision="B-2009-03")
    )
    s.act(
        "ketenmanager",
        EscalationClosed(
            escalation="E-2009-01",
            lesson="Geef een bericht bij de bron een nummer dat alle schakels bewaren.",
        ),
    )
    s.on("2009-12-14").act(
        "ketenmanager",
        MandateRevoked(
            mandate="MD-2008-03",
            valid_until="2010-01-01",
            reason="De storingsdienst werkt nu voor de hele keten.",
        ),
    )
