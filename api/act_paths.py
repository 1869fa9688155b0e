"""Where each event type is recorded: its path below `/v1/chains/{chain}`.

An event that makes a thing is posted to the collection of such things, any other below the thing it
is about. The names in braces are fields of the event; the path fills them.
"""

from __future__ import annotations

import re
from typing import Final

BASE: Final = "/v1/chains/{chain}"
IN_BRACES: Final = re.compile(r"\{(\w+)\}")

PATHS: Final[dict[str, str]] = {
    # chains and partners
    "ChainEstablished": "/establishments",
    "GovernanceModelAdopted": "/governance-models",
    "ObjectiveAdopted": "/objectives",
    "ObjectiveRevised": "/objectives/{supersedes}/revisions",
    "PartnerAdmitted": "/partners",
    "PartnerStatusChanged": "/partners/{organisation}/statuses",
    "PartnerWithdrew": "/partners/{organisation}/withdrawals",
    "DrivingProblemRecorded": "/driving-problems",
    "ContributionCommitted": "/partners/{organisation}/contributions",
    "ChainConditionDeclared": "/conditions",
    "ChainDissolved": "/dissolutions",
    # evidence
    "LogKeyAnnounced": "/log-keys",
    "WitnessPolicyAdopted": "/witness-policies",
    # people
    "PersonRegistered": "/people",
    "PersonDetailsGiven": "/people/{person}/details",
    "SignInLinked": "/people/{person}/sign-ins",
    "SignInUnlinked": "/people/{person}/sign-ins/{signIn}/endings",
    "PersonalDataErased": "/people/{person}/erasures",
    # bodies and seats
    "BodyEstablished": "/bodies",
    "BodyRemitChanged": "/bodies/{body}/remits",
    "BodySucceeded": "/bodies/{body}/successions",
    "BodyDissolved": "/bodies/{body}/dissolutions",
    "SeatCreated": "/bodies/{body}/seats",
    "SeatAbolished": "/seats/{seat}/abolitions",
    "SeatAssigned": "/seats/{seat}/assignments",
    "SeatVacated": "/seats/{seat}/vacancies",
    "SeatWeightSet": "/seats/{seat}/weights",
    "ChairRotationAgreed": "/bodies/{body}/chair-rotations",
    "ChairTermStarted": "/bodies/{body}/chair-terms",
    "CommitmentDeclared": "/seats/{seat}/commitments",
    # roles
    "RoleAssigned": "/roles",
    "RoleEnded": "/roles/{assignment}/endings",
    # mandates and doorzettingsmacht
    "MandateGranted": "/mandates",
    "MandateAccepted": "/mandates/{mandate}/acceptances",
    "MandateRestricted": "/mandates/{mandate}/restrictions",
    "MandateRevoked": "/mandates/{mandate}/revocations",
    "OverrideAuthorityGranted": "/override-authorities",
    "OverrideAuthorityExercised": "/override-authorities/{authority}/exercises",
    "OverrideAuthorityWithdrawn": "/override-authorities/{authority}/withdrawals",
    "OverrideReviewed": "/override-exercises/{exercise}/reviews",
    # decision rules
    "DecisionRuleAdopted": "/decision-rules",
    # meetings
    "MeetingConvened": "/meetings",
    "AgendaItemAdded": "/meetings/{meeting}/agenda-items",
    "AttendanceRecorded": "/meetings/{meeting}/attendances",
    "SubstituteRefused": "/meetings/{meeting}/refused-substitutes",
    "MeetingHeld": "/meetings/{meeting}/proceedings",
    "MeetingCancelled": "/meetings/{meeting}/cancellations",
    "MinutesAdopted": "/meetings/{meeting}/minutes",
    # decisions
    "ProposalSubmitted": "/decisions",
    "ProposalAmended": "/decisions/{decision}/amendments",
    "ProposalWithdrawn": "/decisions/{decision}/withdrawals",
    "DeliberationOpened": "/decisions/{decision}/deliberations",
    "VoteCast": "/decisions/{decision}/votes",
    "DissentRecorded": "/decisions/{decision}/dissents",
    "AdviceIssued": "/decisions/{decision}/advice",
    "AdviceAnswered": "/decisions/{decision}/advice/{advice}/answers",
    "TieBroken": "/decisions/{decision}/tie-breaks",
    "DecisionTakenUnderMandate": "/decisions/{decision}/mandate-outcomes",
    "DecisionRevoked": "/decisions/{decision}/revocations",
    "DecisionExecuted": "/decisions/{decision}/executions",
    "DecisionRecorded": "/recorded-decisions",
    "DecisionStatusRecorded": "/decisions/{decision}/statuses",
    "SupersessionRecorded": "/decisions/{decision}/supersessions",
    "OutcomeDisputed": "/decisions/{decision}/disputes",
    "RationaleAdded": "/decisions/{decision}/rationales",
    # agreements
    "AgreementProposed": "/agreements",
    "AgreementSigned": "/agreements/{agreement}/signatures",
    "AgreementAmended": "/agreements/{agreement}/amendments",
    "AgreementTerminated": "/agreements/{agreement}/terminations",
    "ServiceLevelMeasured": "/agreements/{agreement}/measurements",
    "BreachExcused": "/agreements/{agreement}/excuses",
    "ImplementationConfirmed": "/agreements/{agreement}/implementations",
    "NonComplianceSignalled": "/agreements/{agreement}/non-compliances",
    # escalations
    "EscalationLadderAdopted": "/escalation-ladders",
    "BottleneckSignalled": "/bottlenecks",
    "HorizontalResolutionAttempted": "/bottlenecks/{bottleneck}/attempts",
    "EscalationRaised": "/escalations",
    "EscalationReceived": "/escalations/{escalation}/receipts",
    "EscalationSentBack": "/escalations/{escalation}/returns",
    "EscalationForwarded": "/escalations/{escalation}/forwardings",
    "EmergencyBypassInvoked": "/escalations/{escalation}/bypasses",
    "PoliticalDecisionReceived": "/escalations/{escalation}/political-decisions",
    "EscalationResolved": "/escalations/{escalation}/resolutions",
    "EscalationClosed": "/escalations/{escalation}/closures",
    # actions
    "ActionAssigned": "/actions",
    "ActionCompleted": "/actions/{action}/completions",
    "ActionDelayed": "/actions/{action}/delays",
    "ActionCancelled": "/actions/{action}/cancellations",
    # signing keys
    "SigningKeyRegistered": "/signing-keys",
    "SigningKeyAccepted": "/signing-keys/{signingKey}/acceptances",
    "SigningKeyRevoked": "/signing-keys/{signingKey}/revocations",
    "SignatureRuleAdopted": "/signature-rules",
    # review access
    "ReviewAccessProposed": "/reviews",
    "ReviewAccessSupported": "/reviews/{review}/supports",
    "ReviewAccessWithdrawn": "/reviews/{review}/withdrawals",
    "EvidenceRequested": "/reviews/{review}/evidence-requests",
    "EvidenceRequestAnswered": "/evidence-requests/{evidenceRequest}/answers",
    # service accounts
    "ServiceAccountOpened": "/service-accounts",
    "ServiceKeyReplaced": "/service-accounts/{serviceAccount}/keys",
    "ServiceAccountRevoked": "/service-accounts/{serviceAccount}/revocations",
    # chain memory
    "LessonRecorded": "/lessons",
    "RecordCorrected": "/records/{target}/corrections",
    "EventAnnotated": "/records/{target}/annotations",
}
"""The path of every event type that may be recorded from outside, by its name without version."""
