"""Events of signing keys: with which key somebody signs acts, and which acts have to be signed."""

from typing import Annotated, get_args

from msgspec import Meta

from ledger.domain.values import (
    Date,
    Event,
    Label,
    NewSlug,
    OptionalSlug,
    Prose,
    PublicKey,
    Slug,
)


class SigningKeyRegistered(Event, frozen=True, kw_only=True):
    """A partner, or a person of that partner, has a key to sign acts with.

    `publicKey` is an Ed25519 public key (RFC 8032) as base64. Without a `person` it is the key of
    the partner itself. The act is signed with this very key, which shows that whoever registers it
    holds the private half. It signs nothing else until the partner has accepted it.
    """

    SENTENCE = "Sleutel {signing_key} van {organisation} ({person}) is geregistreerd."
    WHO = ("self", "partner")
    SCOPE = "public"
    CREATES = "signing_key"

    signing_key: NewSlug = ""
    public_key: PublicKey
    organisation: Slug
    person: OptionalSlug = ""
    valid_from: Date


class SigningKeyAccepted(Event, frozen=True, kw_only=True):
    """The partner says that a key is its own, or that of its person: from now on it counts.

    A partner that has a key that counts signs this with such a key.
    """

    SENTENCE = "Sleutel {signing_key} is aanvaard."
    WHO = ("partner",)
    SCOPE = "public"

    signing_key: Slug


class SigningKeyRevoked(Event, frozen=True, kw_only=True):
    """A key signs nothing more from a day on; what it signed before stays signed.

    The partner or the person signs this with a key of that partner, which may be this one. Where
    none is left, the chain decides it.
    """

    SENTENCE = "Sleutel {signing_key} is ingetrokken per {valid_until}: {reason}"
    WHO = ("self", "partner", "decision")
    SCOPE = "public"

    signing_key: Slug
    valid_until: Date
    reason: Prose


class SignatureRuleAdopted(Event, frozen=True, kw_only=True):
    """Which event types are recorded only when signed, from now on; it replaces the rule before.

    `eventTypes` names them without version, such as `VoteCast`; none lifts the rule.
    """

    SENTENCE = "Voortaan ondertekend vast te leggen: {event_types}. {reason}"
    WHO = ("decision",)
    SCOPE = "public"

    event_types: Annotated[tuple[Label, ...], Meta(max_length=200)] = ()
    reason: Prose


SigningKeyEvent = (
    SigningKeyRegistered | SigningKeyAccepted | SigningKeyRevoked | SignatureRuleAdopted
)
EVENTS: tuple[type[Event], ...] = get_args(SigningKeyEvent)
BY_RULES: tuple[type[Event], ...] = ()
