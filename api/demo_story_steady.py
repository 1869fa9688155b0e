"""Chapter seven of the demonstration: the chain is stable and keeps itself (2012 to 2014)."""

from __future__ import annotations

from api.demo_story_buildup import BOARD, MANAGERS, TWO_THIRDS
from api.demo_story_script import FOR, OWNERS, Script, document
from ledger.domain.events.actions import ActionAssigned
from ledger.domain.events.agreements import AgreementAmended, AgreementSigned
from ledger.domain.events.bodies import BodyRemitChanged, SeatAssigned, SeatCreated
from ledger.domain.events.chains import (
    ChainConditionDeclared,
    GovernanceModelAdopted,
    ObjectiveRevised,
    PartnerAdmitted,
)
from ledger.domain.events.decision_rules import (
    DecisionRule,
    DecisionRuleAdopted,
    Quorum,
)
from ledger.domain.events.decisions import ProposalSubmitted
from ledger.domain.events.mandates import OverrideAuthorityWithdrawn
from ledger.domain.events.memory import LessonRecorded
from ledger.domain.events.outcomes import Citation
from ledger.domain.events.reviews import (
    EvidenceRequestAnswered,
    EvidenceRequested,
    ReviewAccessProposed,
    ReviewAccessSupported,
)

SOFTWARE = "salarissoftware"
REVIEW, REVIEWER = "T-2014-01", "beoordelaar"


def ecosystem(s: Script) -> None:
    """The chain is stable and opens up: makers of payroll software join as a participant.

    First the owners set an objective for quiet times and let participants be heard. An objective
    asks all of them: the founding rule counts, whatever the board's own rule says. Then the
    newcomer, who consented in writing, is admitted and gets a seat with a voice.
    """
    s.on("2012-01-09").act(
        "ketenmanager",
        ChainConditionDeclared(
            condition="stable",
            reason="Al jaren zonder noodgeval; de ketenmanager doet een stap naar achteren.",
        ),
        _open_to_others(s),
    )
    s.on("2012-01-23").open("B-2012-01", by="ketenmanager")
    s.vote("B-2012-01", uwv=FOR, cbs=FOR, belastingdienst=FOR)
    s.on("2012-02-06").act(
        "ketenmanager",
        BodyRemitChanged(
            body=MANAGERS,
            remit="Strategische keuzes omzetten in werk, met de softwareleveranciers aan tafel.",
        ),
    )
    s.on("2012-03-05").register(
        "ketenbureau", vertegenwoordiger_software="vertegenwoordiger leveranciers salarissoftware"
    )
    s.act("ketenmanager", _admission())
    s.on("2012-03-19").open("B-2012-02", by="ketenmanager")
    s.vote("B-2012-02", belastingdienst=FOR, cbs=FOR)


def _open_to_others(s: Script) -> ProposalSubmitted:
    (first,) = (name for name, in_force in s.state.chains.objectives.items() if in_force)
    current = s.state.decision_rules.versions[BOARD, ""][-1]
    consent = DecisionRule(
        kind="consent",
        quorum=Quorum(of="seats", fraction=TWO_THIRDS),
        notice_days=7,
        voting_days=21,
        all_partners_invited=False,
    )
    return ProposalSubmitted(
        decision="B-2012-01",
        body=BOARD,
        subject="besluitvormingsmodel",
        title="Van herstel naar onderhoud: nieuwe doelstelling, plaats voor deelnemers",
        problem="Doelstelling en regels zijn van de crisis; zij kennen alleen eigenaren.",
        text="Deelnemers worden gehoord, eigenaren beslissen.",
        chain_interest="De keten kan groeien zonder dat besluiten blijven liggen.",
        cites=(Citation(decision="B-2007-05", relation="departs-from"),),
        effects=(
            ObjectiveRevised(
                objective="doelstelling-2012",
                supersedes=first,
                text="Gegevens over lonen kloppen in één keer; wie ze nodig heeft, bouwt erop.",
                targets=("aangiften in één keer goed", "correcties binnen een maand verwerkt"),
                supported_by=OWNERS,
            ),
            DecisionRuleAdopted(
                body=BOARD,
                name="instemming van de eigenaren",
                rule=consent,
                replaces=current.position,
            ),
            GovernanceModelAdopted(
                direct=("BodyRemitChanged",),
                reason="Een werkopdracht bijstellen vraagt geen bestuursbesluit meer.",
            ),
        ),
    )


def _admission() -> ProposalSubmitted:
    seat = f"{BOARD}-ecosysteem"
    return ProposalSubmitted(
        decision="B-2012-02",
        body=BOARD,
        subject="ecosysteem",
        title="De leveranciers van salarissoftware treden toe als deelnemer",
        problem="Negen van de tien aangiften ontstaan in hun software (voorbeeldcijfer).",
        chain_interest="Een fout die in de software niet ontstaat, hoeft niemand te herstellen.",
        effects=(
            PartnerAdmitted(
                organisation=SOFTWARE,
                name="Leveranciers van salarissoftware (voorbeeld)",
                status="participant",
                representative="vertegenwoordiger-software",
                consent=document("Instemming van de leveranciers (voorbeeld)"),
                effective_on="2012-05-01",
            ),
            SeatCreated(seat=seat, body=BOARD, advisory=True),
            SeatAssigned(seat=seat, person="vertegenwoordiger-software", valid_from="2012-05-01"),
        ),
    )


def steady(s: Script) -> None:
    """The end of doorzettingsmacht, a convenant signed anew, a review, and memory for later.

    Nothing is left open in the convenant any more. What is left to do is to hand over the archive,
    many years from now.
    """
    s.on("2013-04-08").act(
        "ketenmanager",
        ProposalSubmitted(
            decision="B-2013-01",
            body=BOARD,
            subject="doorzettingsmacht",
            title="De doorzettingsmacht teruggeven",
            chain_interest="Macht voor noodgevallen hoort niet bij een keten die stabiel is.",
            cites=(
                Citation(decision="B-2007-03", relation="departs-from"),
                Citation(decision="B-2008-01", relation="confirms"),
            ),
            effects=(
                OverrideAuthorityWithdrawn(
                    authority="DM-2007-01",
                    valid_until="2013-07-01",
                    reason="Sinds 2008 niet meer gebruikt; de gewone ladder volstaat.",
                ),
            ),
        ),
    )
    s.on("2013-04-22").open("B-2013-01", by="ketenmanager")
    s.vote("B-2013-01", cbs=FOR, belastingdienst=FOR)
    _signed_anew(s)
    _looked_into(s)
    s.on("2014-11-03").act("ketenbureau", *_for_who_comes_next())


def _signed_anew(s: Script) -> None:
    s.on("2014-03-03").act(
        "ketenmanager",
        AgreementAmended(
            agreement="CV-2008",
            reason="De verdeling van gemeenschappelijke kosten staat niet meer open (B-2010-02).",
            text="De partners sturen samen, verdelen gemeenschappelijke kosten in derden en "
            "evalueren elk jaar hun samenwerking.",
            document=document("Convenant loonaangifteketen, tweede versie (voorbeeld)"),
            parties=OWNERS,
            valid_from="2014-05-01",
        ),
    )
    s.on("2014-03-17")
    for name in OWNERS:
        signed = AgreementSigned(agreement="CV-2008", organisation=name, version=2)
        s.act(s.holder(f"{BOARD}-{name}"), signed)


def _looked_into(s: Script) -> None:
    """Somebody from outside evaluates the chain: let in by two owners, for a summer, answered."""
    s.on("2014-05-12").register("ketenbureau", beoordelaar="beoordelaar van de evaluatiecommissie")
    s.act(
        s.holder(f"{BOARD}-uwv"),
        ReviewAccessProposed(
            review=REVIEW,
            organisation="uwv",
            reviewer=REVIEWER,
            commission="Evaluatiecommissie ketensturing (voorbeeld)",
            classification="chain",
            record_until="2014-05-12",
            valid_from="2014-05-19",
            valid_until="2014-09-01",
            reason="Een buitenstaander beoordeelt of de keten zonder doorzettingsmacht kan.",
        ),
    )
    supported = ReviewAccessSupported(review=REVIEW, organisation="cbs")
    s.act(s.holder(f"{BOARD}-cbs"), supported)
    s.on("2014-06-16").act(
        REVIEWER,
        EvidenceRequested(
            evidence_request="BV-2014-01",
            review=REVIEW,
            question="Hoe vaak is de doorzettingsmacht gebruikt, en wat vond men er achteraf van?",
        ),
    )
    s.on("2014-06-23").act(
        "ketenbureau",
        EvidenceRequestAnswered(
            evidence_request="BV-2014-01",
            text="Eén keer: DG-2008-01, op 21 januari 2008. Drie weken later is dat gebruik "
            "beoordeeld als terecht. Beide vastleggingen vallen binnen uw toegang.",
        ),
    )


def _for_who_comes_next() -> tuple[LessonRecorded, ActionAssigned]:
    return (
        LessonRecorded(
            lesson="L-2014-01",
            subject="ketensturing",
            problem="Een keten zonder baas viel in 2006 stil: drie goede lijnen, geen geheel.",
            approach="Eén beeld van het probleem, iemand voor het geheel, regels per onderwerp.",
            solution="Geef macht voor de nood, beoordeel elk gebruik, en geef haar op tijd terug.",
            decisions=("B-2006-02", "B-2007-02", "B-2007-03", "B-2007-05", "B-2013-01"),
        ),
        ActionAssigned(
            action="A-2014-01",
            title="Het archief van de opbouwjaren overdragen",
            organisation="belastingdienst",
            role="archivaris",
            due_on="2034-12-31",
        ),
    )
