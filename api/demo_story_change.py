"""Chapter six of the demonstration: money, an undone promise, an empty seat (2010 to 2011)."""

from __future__ import annotations

from api.demo_story_buildup import BOARD
from api.demo_story_script import FOR, Script, document
from ledger.domain.events.actions import ActionAssigned, ActionCompleted
from ledger.domain.events.bodies import (
    ChairTermStarted,
    CommitmentDeclared,
    SeatAssigned,
    SeatVacated,
)
from ledger.domain.events.decisions import (
    DissentRecorded,
    Option,
    ProposalAmended,
    ProposalSubmitted,
)
from ledger.domain.events.memory import RationaleAdded
from ledger.domain.events.outcomes import Citation
from ledger.domain.events.roles import RoleAssigned, RoleEnded


def money(s: Script) -> None:
    """Two thirds of the seats decide on an investment, in overtime.

    Only one seat has voted when the term ends: no quorum, so the rule gives two more weeks, once.
    Then it passes against the vote of the statistics office, which puts its dissent on record.
    """
    s.on("2010-01-11").act("bestuurder-cbs", ChairTermStarted(body=BOARD, seat=f"{BOARD}-cbs"))
    s.on("2010-03-01").act("ketenmanager", _investment())
    s.on("2010-03-15").open("B-2010-01", by="ketenmanager")
    s.vote("B-2010-01", belastingdienst=FOR)
    s.on("2010-04-12").vote(
        "B-2010-01", uwv=FOR, cbs="against: de baten vallen bij de andere twee schakels"
    )
    s.on("2010-04-13").act(
        "bestuurder-cbs",
        DissentRecorded(
            decision="B-2010-01",
            seat=f"{BOARD}-cbs",
            reason="Het CBS betaalt mee aan wat anderen besparen; eerst kosten én baten verdelen.",
        ),
    )


def _investment() -> ProposalSubmitted:
    return ProposalSubmitted(
        decision="B-2010-01",
        body=BOARD,
        subject="investeringen",
        title="Samen investeren in één berichtenstroom",
        problem="Elke schakel onderhoudt een eigen vertaling van dezelfde aangifte.",
        text="Het bedrag van € 1.200.000 is een voorbeeldcijfer.",
        chain_interest="Eén vertaling minder is een bron van fouten minder.",
        options=(
            Option(
                text="De drie vertalingen laten bestaan en beter testen",
                why_not="De gedeelde testomgeving laat zien dat de fouten daar zitten.",
            ),
        ),
        amount_cents=120_000_000,
        effects=(
            ActionAssigned(
                action="A-2010-01",
                title="De berichtenstroom bouwen en in gebruik nemen",
                organisation="uwv",
                role="lijnmanager",
                due_on="2011-06-30",
                decision="B-2010-01",
            ),
        ),
    )


def costs(s: Script) -> None:
    """The question of 2006 comes back, as if it had never been answered. The ledger remembers.

    A proposal on money forgets the decision that each pays for itself, and is flagged. Amended, it
    names that decision and takes its place; afterwards somebody tells why it was right in its time.
    """
    title = "Gemeenschappelijke kosten verdelen"
    interest = "Wie meebetaalt aan wat anderen helpt, moet weten waarom en hoeveel."
    s.on("2010-08-30").act(
        "bestuurder-cbs",
        ProposalSubmitted(
            decision="B-2010-02",
            body=BOARD,
            subject="financiering",
            title=title,
            chain_interest=interest,
        ),
    )
    s.on("2010-09-06").act("bestuurder-cbs", _remembered(title=title, interest=interest))
    s.on("2010-09-13").open("B-2010-02", by="bestuurder-cbs")
    s.vote("B-2010-02", cbs=FOR, uwv=FOR, belastingdienst=FOR)
    s.on("2010-09-20").act(
        "bestuurder-belastingdienst",
        RationaleAdded(
            decision="B-2006-01",
            text="In 2006 wist niemand wat de keten kostte. Ieder voor zich was toen de enige "
            "afspraak waarmee het werk meteen kon beginnen.",
        ),
    )


def _remembered(*, title: str, interest: str) -> ProposalAmended:
    return ProposalAmended(
        decision="B-2010-02",
        reason="Het besluit van 2006 was over het hoofd gezien.",
        title=title,
        problem="Onder B-2006-01 draagt de schakel met de lasten nooit de baten.",
        text="Van gemeenschappelijke posten draagt elke eigenaar een derde; een pot komt er niet. "
        "Al het overige blijft voor eigen rekening.",
        chain_interest=interest,
        cites=(
            Citation(
                decision="B-2006-01",
                relation="supersedes",
                note="Eigen kosten blijven eigen kosten; alleen het gemeenschappelijke deelt.",
            ),
        ),
    )


def vacancy(s: Script) -> None:
    """A board member leaves. The empty seat is visible, and nothing is decided over its head.

    The annual plan is put off by the rules themselves, the chair skips a turn with its reason, and
    only with a successor who has made the same commitment does the board decide.
    """
    s.on("2010-11-15").act(
        "bestuurder-uwv",
        SeatVacated(
            seat=f"{BOARD}-uwv",
            valid_until="2010-12-01",
            reason="De bestuurder vertrekt; de opvolging loopt.",
        ),
    )
    s.on("2010-12-06").act("ketenmanager", _annual_plan())
    s.on("2010-12-13").open("B-2010-03", by="ketenmanager")
    s.on("2011-01-10").act(
        "bestuurder-belastingdienst",
        ChairTermStarted(
            body=BOARD,
            seat=f"{BOARD}-belastingdienst",
            skipped_because="UWV is aan de beurt, maar de zetel is vacant.",
        ),
    )
    _successor(s)
    s.on("2011-02-14").open("B-2010-03", by="ketenmanager")
    s.vote("B-2010-03", uwv=FOR, cbs=FOR)
    s.on("2011-06-20").act(
        "lijnmanager-uwv",
        ActionCompleted(
            action="A-2010-01",
            evidence="Alle aangiften lopen sinds 1 juni door één berichtenstroom.",
            documents=(document("Opleverrapport berichtenstroom (voorbeeld)"),),
        ),
    )


def _annual_plan() -> ProposalSubmitted:
    return ProposalSubmitted(
        decision="B-2010-03",
        body=BOARD,
        subject="ketenjaarplan",
        title="Ketenjaarplan 2011",
        text="Per doelstelling staat wat elke partner op elk niveau inbrengt.",
        chain_interest="Prestaties worden beoordeeld aan wat samen is afgesproken.",
        documents=(document("Ketenjaarplan 2011 (voorbeeld)"),),
    )


def _successor(s: Script) -> None:
    """Until the seat is filled, the one who left still speaks for the partner outside the board."""
    s.on("2011-02-07").register("ketenbureau", bestuurder_uwv_2="bestuurder UWV (opvolger)")
    s.act(
        "bestuurder-uwv",
        SeatAssigned(seat=f"{BOARD}-uwv", person="bestuurder-uwv-2", valid_from="2011-02-07"),
    )
    (left,) = s.state.roles.by_role["representative", "uwv"]
    s.act(
        "bestuurder-uwv-2",
        RoleEnded(assignment=left, valid_until="2011-02-07", reason="Opgevolgd in het bestuur."),
        RoleAssigned(
            assignment="rol-vertegenwoordiger-uwv",
            role="representative",
            person="bestuurder-uwv-2",
            organisation="uwv",
            valid_from="2011-02-07",
        ),
        CommitmentDeclared(
            seat=f"{BOARD}-uwv",
            statement="De toezeggingen van de voorganger gelden onverkort; aanwezig in persoon.",
        ),
    )
