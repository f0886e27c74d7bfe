"""What a plan would do, in figures and samples: the picture a person approves.

Counts every action by kind and side, foresees refusals (creates that only hold by a default, fields parked before,
records that are dead letters), sets the price against the day's quota, and picks samples so that every sort of write
is seen. Reads the store's lists and the connectors' last word on quota; asks no vendor and stores nothing.

Length: one figure after the other, and the same as a document, read together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from syncd.engine.world import World, filled
from syncd.model.link import Conflict, Topic
from syncd.model.plan import (
    Action,
    Adopt,
    Append,
    Create,
    Decision,
    Detach,
    Forget,
    Hold,
    KindPlan,
    Nothing,
    Plan,
    Relink,
    Settle,
    Unlink,
    Update,
)
from syncd.model.remote import Quota
from syncd.model.run import APPROVE
from syncd.model.values import Pair, Side
from syncd.operations.standing import conflict_document, person_accounts

SAMPLES = 20
DOES = {False: "add", True: "go on"}  # an activity or a campaign member


@dataclass(slots=True)
class KindForecast:
    """One kind in figures. ``clears`` are values that would be emptied; ``defaulted`` counts, by shared field, the
    creates that hold only because of its create-only default; ``depending`` counts those creates themselves.
    ``person_accounts`` are, by vendor object, records that are left out for belonging to one.
    """

    kind: str
    creates: Counter[Side] = field(default_factory=Counter)
    updates: Counter[Side] = field(default_factory=Counter)
    keys: Counter[Side] = field(default_factory=Counter)
    clears: Counter[Side] = field(default_factory=Counter)
    links: int = 0
    relinks: int = 0
    tombstones: int = 0
    unlinked: int = 0
    forgotten: int = 0
    settled: int = 0
    conflicts: int = 0
    ambiguous: int = 0
    depending: int = 0
    defaulted: Counter[str] = field(default_factory=Counter)
    parked: int = 0
    dead: int = 0
    person_accounts: Mapping[str, int] = field(default_factory=dict)
    nothing: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """One write of the plan: which decision, which action."""

    decision: Decision
    action: Create | Update


@dataclass(frozen=True, slots=True)
class Forecast:
    """A plan in figures. ``open_conflicts`` wait already; ``approval`` is asked for a first link that has work;
    ``unfilled`` are fields that were added to the mapping since records were linked.
    """

    plan: Plan
    kinds: tuple[KindForecast, ...]
    quota: Pair[Quota]
    open_conflicts: int
    approval: bool
    unfilled: tuple[str, ...]
    samples: tuple[Sample, ...]

    @property
    def waits(self) -> bool:
        """Whether something waits for a person: an approval, or a clash new or old."""
        return self.approval or self.open_conflicts > 0 or any(kind.conflicts or kind.ambiguous for kind in self.kinds)

    def share(self, side: Side) -> float | None:
        """The part of the day's calls this plan needs; ``None`` where the vendor has not told its limit."""
        limit = self.quota.of(side).limit
        return self.plan.cost.calls.of(side) / limit if limit else None


def forecast(world: World, plan: Plan) -> Forecast:
    """Figures of a plan that was just prepared by this world (its connectors have heard the vendors' quota)."""
    parked = Counter(row.kind for row in world.store.parked())
    dead = Counter(row.kind for row in world.store.dead_letters() if not row.retry)
    approved = any(request.wish == APPROVE for request in world.store.requests())
    works = any(isinstance(action, Adopt | Create | Update) for action in plan.actions())
    return Forecast(
        plan=plan,
        kinds=tuple(_kind(world, kind, parked=parked[kind.kind], dead=dead[kind.kind]) for kind in plan.kinds),
        quota=Pair(world.connectors.marketing.quota(), world.connectors.crm.quota()),
        open_conflicts=sum(1 for conflict in world.store.conflicts() if conflict.asks),
        approval=plan.first_link and works and not approved,
        unfilled=() if plan.first_link else _unfilled(world),
        samples=_samples(plan),
    )


def _unfilled(world: World) -> tuple[str, ...]:
    """Mapped fields that not all linked records were compared by: a cycle fills them only where something changes."""
    names: dict[str, None] = {}
    for kind in world.connection.kinds:
        if (known := filled(world, kind.kind)) is not None:
            mapped = world.terms[kind.kind].kind.fields
            names.update((field.name, None) for field in mapped if field.name not in known)
    return tuple(names)


def appended(plan: Plan) -> dict[tuple[str, str], Counter[Side]]:
    """Activities and campaign members by kind and what becomes of them."""
    found: dict[tuple[str, str], Counter[Side]] = {}
    for each in plan.appends:
        found.setdefault((each.kind, DOES[each.advances]), Counter())[each.side] += 1
    return found


def _kind(world: World, plan: KindPlan, *, parked: int, dead: int) -> KindForecast:
    figures = KindForecast(
        plan.kind,
        parked=parked,
        dead=dead,
        person_accounts=person_accounts(world.store, plan.kind),
        nothing=dict(plan.nothing),
    )
    for decision in plan.decisions:
        for action in decision.actions:
            _count(figures, action)
    return figures


def _count(figures: KindForecast, action: Action) -> None:  # noqa: C901 - one line per sort of action
    match action:
        case Create():
            figures.creates[action.side] += 1
            figures.depending += bool(action.defaulted)
            figures.defaulted.update(action.defaulted)
        case Update(changes=()):
            figures.keys[action.side] += 1
        case Update():
            figures.updates[action.side] += 1
            figures.clears[action.side] += sum(1 for change in action.changes if change.after is None)
        case Adopt():
            figures.links += 1
        case Relink():
            figures.relinks += 1
        case Detach():
            figures.tombstones += 1
        case Unlink():
            figures.unlinked += 1
        case Forget():
            figures.forgotten += 1
        case Settle():
            figures.settled += len(action.fields)
        case Hold(conflict=Conflict(topic=Topic.MATCH)):
            figures.ambiguous += 1
        case Hold():
            figures.conflicts += 1
        case Nothing():
            pass


def _samples(plan: Plan) -> tuple[Sample, ...]:
    """Up to twenty writes with content, taken by turns from every sort (kind, side, create or update) there is."""
    sorts: dict[tuple[str, Side, type[Action]], list[Sample]] = {}
    for decision in plan.decisions():
        for action in decision.actions:
            if isinstance(action, Create | Update) and action.changes:
                several = sorts.setdefault((decision.kind, action.side, type(action)), [])
                if len(several) < SAMPLES:
                    several.append(Sample(decision, action))
    by_turns = (sample for turn in zip_longest(*sorts.values()) for sample in turn if sample is not None)
    return tuple(sample for sample, _ in zip(by_turns, range(SAMPLES), strict=False))


# -- as plain values ---------------------------------------------------------------------------------------------------
def forecast_document(told: Forecast) -> dict[str, Any]:
    """The figures and samples as plain values with stable keys."""
    plan = told.plan
    return {
        "connection": plan.connection,
        "digest": plan.digest,
        "first_link": plan.first_link,
        "needs_approval": told.approval,
        "open_conflicts": told.open_conflicts,
        "unfilled": list(told.unfilled),
        "seconds": round(plan.cost.seconds, 1),
        "calls": {
            side.value: {
                "planned": plan.cost.calls.of(side),
                "share_of_today": told.share(side),
                "used_today": told.quota.of(side).used,
                "limit_today": told.quota.of(side).limit,
            }
            for side in Side
        },
        "kinds": {kind.kind: _kind_document(kind) for kind in told.kinds},
        "samples": [_write_document(sample.decision, sample.action) for sample in told.samples],
        "appends": [
            {"kind": kind, "do": does, **{side.value: sides[side] for side in Side}}
            for (kind, does), sides in appended(plan).items()
        ],
        "append_samples": [_append_document(each) for each in plan.appends[:SAMPLES]],
    }


def _append_document(each: Append) -> dict[str, str]:
    told = {"kind": each.kind, "side": each.side.value, "do": DOES[each.advances], "origin": each.origin}
    return {**told, "link": each.person, "status": each.status, "rule": each.rule}


def _kind_document(kind: KindForecast) -> dict[str, Any]:
    sided = {"creates": kind.creates, "updates": kind.updates, "key_updates": kind.keys, "clears": kind.clears}
    return {
        **{name: {side.value: figures[side] for side in Side} for name, figures in sided.items()},
        "links": kind.links,
        "relinks": kind.relinks,
        "tombstones": kind.tombstones,
        "unlinked": kind.unlinked,
        "forgotten": kind.forgotten,
        "settled_fields": kind.settled,
        "conflicts": kind.conflicts,
        "ambiguous": kind.ambiguous,
        "creates_depending_on_defaults": kind.depending,
        "defaults_used": dict(kind.defaulted),
        "parked_fields": kind.parked,
        "dead_letters": kind.dead,
        "person_accounts": dict(kind.person_accounts),
        "nothing": dict(kind.nothing),
    }


def plan_document(plan: Plan) -> dict[str, Any]:
    """The complete plan as plain values: every decision of every kind with all of its actions."""
    return {
        "connection": plan.connection,
        "digest": plan.digest,
        "first_link": plan.first_link,
        "calls": {side.value: plan.cost.calls.of(side) for side in Side},
        "seconds": round(plan.cost.seconds, 1),
        "kinds": {
            kind.kind: {
                "decisions": [_decision_document(decision) for decision in kind.decisions],
                "nothing": dict(kind.nothing),
            }
            for kind in plan.kinds
        },
        "appends": [_append_document(each) for each in plan.appends],
    }


def _decision_document(decision: Decision) -> dict[str, Any]:
    return {
        "link": decision.link.id,
        "refs": {side.value: str(ref) for side in Side if (ref := decision.link.refs.of(side)).id},
        "lane": decision.lane.value,
        "actions": [_action_document(decision, action) for action in decision.actions],
        "closes_conflicts": [*decision.closes, *(each for ids in decision.closes_with.values() for each in ids)],
        "frees_parked": [f"{side.value}:{name}" for side, name in decision.frees],
    }


def _action_document(decision: Decision, action: Action) -> dict[str, Any]:
    match action:
        case Create() | Update():
            return _write_document(decision, action)
        case Adopt():
            refs = {side.value: str(action.refs.of(side)) for side in Side}
            return {"do": "link", "proof": action.proof.value, **refs}
        case Relink():
            names = {"old": str(action.old), "new": str(action.new), "how": action.how.value}
            return {"do": "relink", "side": action.side.value, **names}
        case Detach():
            return {"do": "tombstone", "side": action.side.value, "ref": str(action.ref), "how": action.how.value}
        case Unlink():
            return {"do": "unlink", **{side.value: str(action.refs.of(side)) for side in Side}}
        case Forget():
            remains = [f"{side.value}:{ref}" for side, ref in action.remains]
            return {"do": "forget", "asked": action.asked.value if action.asked else None, "remains": remains}
        case Settle():
            return {"do": "settle", "fields": list(action.fields)}
        case Hold():
            return {"do": "hold", **conflict_document(action.conflict)}
        case Nothing():
            return {"do": "nothing", "reason": action.reason}


def _write_document(decision: Decision, action: Create | Update) -> dict[str, Any]:
    written: dict[str, Any] = {
        "kind": decision.kind,
        "link": decision.link.id,
        "side": action.side.value,
        "lane": action.lane.value,
        "changes": [
            {
                "field": change.field,
                "before": change.before,
                "after": change.after,
                "rule": change.rule,
                "cause": None if change.cause is None else change.cause.value,
            }
            for change in action.changes
        ],
        "fields": dict(action.fields),
        "refs": dict(action.refs),
    }
    if isinstance(action, Create):
        own = {
            "object": action.object,
            "record_type": action.record_type,
            "origin": str(action.origin),
            "defaulted": list(action.defaulted),
        }
        return {"do": "create", **own, **written}
    return {"do": "update", "ref": str(action.ref), "expect": dict(action.expect or {}), "key": action.key, **written}


def written_samples(samples: Sequence[Sample]) -> list[tuple[str, list[tuple[str, str, object, object, str]]]]:
    """Samples for a table: what is written, and its fields with side, before, after and rule."""
    return [
        (
            f"create {sample.action.side} {_made_as(sample.action)} for {sample.action.origin}"
            if isinstance(sample.action, Create)
            else f"update {sample.action.side} {sample.action.ref}",
            [
                (change.field, str(change.cause or "default"), change.before, change.after, change.rule)
                for change in sample.action.changes
            ],
        )
        for sample in samples
    ]


def _made_as(action: Create) -> str:
    return f"{action.object} ({action.record_type})" if action.record_type else action.object
