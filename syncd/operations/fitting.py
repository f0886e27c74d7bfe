"""What the mappings of a connection need of each side, and what ``setup`` would make of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from syncd.engine.lost import UNJUDGED
from syncd.model.derived import Derivation, Derived
from syncd.model.errors import NeedsOperator, RetryLater
from syncd.model.fitting import Fitted, Needs, ObjectNeeds, OwnField, Step
from syncd.model.mapping import Confirm, Connection, Direction, FieldMapping, KindMapping
from syncd.model.remote import AccountIdentity
from syncd.model.signal import ActivityForm
from syncd.model.values import SIDES, FieldType, Pair, Side
from syncd.observe.log import emit
from syncd.ports.connector import Connector
from syncd.ports.fitting import Fitting

WORDS: Final = {
    Derived.PERSONA: "Which persona the person is.",
    Derived.GRADE: "The grade that both teams' rating gives.",
    Derived.POINTS: "The points that the grade comes from.",
    Derived.GRADE_REASONS: "Why the grade is what it is, rule by rule.",
    Derived.STAGE: "The stage that both teams have agreed on; it stays after a conversion.",
    Derived.CYCLE: "How many times the person has come round, from 1.",
    Derived.STAGE_ENTERED: "When the person came into the stage they are in.",
    Derived.FIRST_ENTERED: "When the person first came into the stage they are in.",
    Derived.TIMES_ENTERED: "In how many cycles the person came into the stage they are in.",
    Derived.STAGE_HISTORY: "Which stages the person came into and when (UTC), cycle by cycle, the latest first.",
    Derived.WON_AMOUNT: "What the person's won deals are worth together.",
    Derived.LOSS_REASON: "Why the person's deal was lost, if it was.",
    Derived.RESPOND_BY: "When sales' time to answer is over; empty when nobody is waited for.",
    Derived.LAST_TOUCH: "When sales last did something about the person.",
    Derived.IN_SALES_HANDS: "Sales works on the person: leave them out of nurture.",
}
"""What a derived field says, for the vendor's own pages."""
KEPT: Final = "Computed by syncd; an edit is written over."

PERSON: Final = "person"
NOTHING_MORE: Final[Mapping[str, ObjectNeeds]] = {}


def copies_on(connection: Connection, connectors: Pair[Connector], side: Side) -> dict[str, ObjectNeeds]:
    """The objects that copied activities become on one side, with the key by which a copy is found again; none at the
    CRM, where a field of activities is made by hand.
    """
    return copies_as(connection, connectors.of(side).capabilities.copied_as, side) if side is Side.MARKETING else {}


def copies_as(connection: Connection, forms: Iterable[ActivityForm], side: Side) -> dict[str, ObjectNeeds]:
    """The same for a side whose copies have these forms."""
    keys = [kind.key.of(side) for kind in connection.kinds if kind.kind == PERSON]
    rules = [rule for rule in connection.signals.activities if rule.side is not side]
    becomes = {sort for rule in rules for sort in rule.sorts.values()}
    found: dict[str, ObjectNeeds] = {}
    for form in forms if keys else ():
        if form.sort in becomes:
            written = {*keys, *form.also, *form.starts, form.subject, form.body, form.at, form.until, form.owner} - {""}
            found[form.object] = ObjectNeeds(frozenset(written), frozenset(written), keys[0])
    return found


def needs_of(kinds: Iterable[KindMapping], side: Side, *, more: Mapping[str, ObjectNeeds] = NOTHING_MORE) -> Needs:
    """Everything that is read and written of one side; pseudo-fields and associations are no fields.

    :param more: objects that are used beside the mappings.
    """
    read: defaultdict[str, set[str]] = defaultdict(set)
    written: defaultdict[str, set[str]] = defaultdict(set)
    guarded: defaultdict[str, set[str]] = defaultdict(set)
    derived: defaultdict[str, dict[str, OwnField]] = defaultdict(dict)
    own: dict[str, tuple[str, str | None]] = {}
    homes: list[Mapping[str, tuple[str, ...]]] = []
    opt_outs = owners = gives = False
    for kind in kinds:
        for name in kind.objects.of(side):
            own[name] = (kind.key.of(side), kind.origin.of(side))
            read[name].add(kind.key.of(side))
            written[name].add(kind.key.of(side))
        for field in kind.fields:
            flows = kind.writes(field, side)
            opt_outs |= field.type is FieldType.OPT_OUT and flows
            owners |= field.type is FieldType.OWNER
            gives |= field.type is FieldType.OWNER and flows
            if field.derive is None and len(field.slots.of(side)) > 1:
                homes.append({name: tuple(_plain(field, each, side)) for name, each in field.slots.of(side).items()})
            for name, fields in field.slots.of(side).items():
                plain = _plain(field, fields, side)
                read[name].update(plain)
                if flows:
                    written[name].update(plain)
                if _looked_up(field):
                    guarded[name].update(plain)
                if field.derive is not None:
                    derived[name].update(dict.fromkeys(plain, _own(kind, field, field.derive, side)))
    objects = dict(more)
    for name, (key, origin) in own.items():
        kept = {key, *([origin] if origin else [])}
        objects[name] = ObjectNeeds(
            frozenset(read[name] | kept),
            frozenset(written[name] | kept),
            key,
            origin,
            frozenset(guarded[name]),
            derived[name],
        )
    return Needs(objects, opt_outs=opt_outs, owners=owners, gives_owners=gives, homes=tuple(homes))


def _own(kind: KindMapping, field: FieldMapping, derive: Derivation, side: Side) -> OwnField:
    """What a derived field is to look like on a side; a persona or stage shown by its key is read by its name."""
    personas = kind.definitions.personas if kind.definitions is not None else ()
    names = {each.key: each.name for each in personas}
    if derive.sort is Derived.STAGE and kind.definitions is not None:
        names = dict(kind.definitions.stages)
    forms = [(row.value, str(form[0])) for row in field.table if (form := row.writes.of(side)) is not None]
    options = tuple((form, names.get(key, form) if form == key else form) for key, form in forms)
    words = WORDS[derive.sort]
    if derive.stage is not None:
        words = words.replace("the stage they are in", f"the stage {derive.stage}")
    return OwnField(field.type, f"{words} {KEPT}", options)


def _looked_up(field: FieldMapping) -> bool:
    """Whether overwritten edits of it are looked for in the history (``engine.lost``)."""
    return field.confirm is not Confirm.NONE and field.direction is Direction.BOTH and field.type not in UNJUDGED


def _plain(field: FieldMapping, names: Sequence[str], side: Side) -> list[str]:
    """The vendor fields of a slot that are fields: no pseudo-field, no association."""
    if field.type is FieldType.REFERENCE and side is Side.MARKETING:
        return []
    return [name for name in names if not name.startswith("@")]


@dataclass(frozen=True, slots=True)
class Offer:
    """What ``setup`` found and would make, per side."""

    sides: Pair[Fitted]

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, in their order."""
        return (*self.sides.marketing.steps, *self.sides.crm.steps)

    @property
    def by_hand(self) -> tuple[tuple[Side, str], ...]:
        """What only a person can do."""
        return tuple((side, what) for side in SIDES for what in self.sides.of(side).by_hand)


def daemon(
    own: Pair[Connector], admins: Pair[Connector], bound: Mapping[Side, AccountIdentity]
) -> tuple[str | None, tuple[str, ...]]:
    """Who the daemon acts as at the CRM, and what keeps its own credentials from working, in words.

    :param bound: the accounts that the store is bound to, for a daemon that cannot log in at the moment.
    :raises NeedsOperator: if the administrator's credentials lead to another account than the daemon's.
    """
    troubles: list[str] = []
    for side in SIDES:
        ours = bound.get(side)
        try:
            ours = own.of(side).identity()
        except (NeedsOperator, RetryLater) as why:
            troubles.append(f"{side}: the daemon's own credentials do not work yet: {why}")
        if ours is None:
            continue
        theirs = admins.of(side).identity()
        if (ours.vendor, ours.account) != (theirs.vendor, theirs.account):
            raise NeedsOperator(
                f"{side}: the administrator's credentials lead to {theirs.vendor} account {theirs.account}, the "
                f"daemon's to {ours.account}; nothing was made: give those of an administrator of {ours.account}"
            )
    crm_works = not any(trouble.startswith(str(Side.CRM)) for trouble in troubles)
    return own.crm.fitting().user() if crm_works else None, tuple(troubles)


def survey(
    kinds: Sequence[KindMapping],
    admins: Pair[Fitting],
    *,
    user: str | None,
    more: Mapping[str, ObjectNeeds] = NOTHING_MORE,
) -> Offer:
    """What is there and what is lacking on both sides; nothing is made.

    :param user: who the daemon acts as at the CRM, if it can log in.
    :param more: objects of the marketing side that are used beside the mappings.
    """
    marketing = admins.marketing.survey(needs_of(kinds, Side.MARKETING, more=more), user=None)
    return Offer(Pair(marketing, admins.crm.survey(needs_of(kinds, Side.CRM), user=user)))


def make(offer: Offer, admins: Pair[Fitting]) -> None:
    """Makes every step; what was made stays when a later one fails, and running again goes on there.

    :raises NeedsOperator, RetryLater: the vendor's word on the first step that failed.
    """
    for step in offer.steps:
        admins.of(step.side).make(step)
        emit("setup.made", side=str(step.side), step=step.what)
