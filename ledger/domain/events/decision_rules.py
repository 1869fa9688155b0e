"""Events of decision rules: how a body decides, as a versioned set of exact parameters."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from ledger.domain.values import Count, Days, Event, Label, OptionalSlug, Position, Slug

RuleKind = Literal[
    "unanimity", "consent", "majority", "qualified-majority", "tacit", "under-mandate"
]


class Fraction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An exact fraction: two thirds is num 2, den 3."""

    num: Annotated[int, Meta(ge=0, le=1_000_000)]
    den: Annotated[int, Meta(ge=1, le=1_000_000)]


class Quorum(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What must take part before an outcome counts.

    `of` says what is counted: seats that took part, their weight, or the weight in favour. At least
    `absolute` of it, or at least `fraction` of all seats or weight in the electorate.
    """

    of: Literal["seats", "weight", "weight-in-favour"]
    absolute: Count | None = None
    fraction: Fraction | None = None


class DecisionRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The parameters by which an outcome is computed; all written out in the record.

    `base` is what votes in favour are compared with: votes cast, seats present, or all seats.
    `early_closing` ends voting before the deadline never, when all seats voted, or when no further
    vote can change the outcome. `notice_days` lie between convening or submitting and opening,
    `voting_days` is the voting window, `late_quorum_extension_days` is added once when the deadline
    finds no quorum, `reflection_days` pass before an adopted decision takes force.
    """

    kind: RuleKind
    threshold: Fraction | None = None
    base: Literal["cast", "present", "all-seats"] = "cast"
    weight: Literal["equal", "seat"] = "equal"
    abstentions_for_quorum: bool = True
    abstentions_in_base: bool = False
    quorum: Quorum | None = None
    notice_days: Days = 0
    voting_days: Days = 14
    early_closing: Literal["never", "all-voted", "outcome-fixed"] = "all-voted"
    late_quorum_extension_days: Days = 0
    reflection_days: Days = 0
    tie: Literal["rejected", "revote", "chair"] = "rejected"
    substitution: bool = False
    all_partners_invited: bool = True


class DecisionRuleAdopted(Event, frozen=True, kw_only=True):
    """How a body decides from now on, on all subjects or on one.

    `replaces` is the position of the version it takes the place of. Changing a rule is itself a
    decision under the rule in force; the first is the founding rule: unanimity of the partners.
    """

    SENTENCE = "{body} beslist voortaan volgens regel {name} ({subject})."
    WHO = ("decision",)

    body: Slug
    subject: OptionalSlug = ""
    name: Label
    rule: DecisionRule
    replaces: Position | None = None


DecisionRuleEvent = DecisionRuleAdopted
EVENTS: tuple[type[Event], ...] = (DecisionRuleAdopted,)
BY_RULES: tuple[type[Event], ...] = ()
