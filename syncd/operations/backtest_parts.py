"""Which parts of a configuration changed that a backtest does not judge, in words for people.

Every part is compared, and only those are left out that some replay is known to judge (values, records made, moves,
personas and grades, the ledger's meanings and times, routing's rules). So a part that is added to the model is told as
changed and not judged until somebody says otherwise. Words that only people read are no part of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, Final

from syncd.model.handoff import Handoff
from syncd.model.lifecycle import Agreed, HandoffRules, Lifecycle
from syncd.model.mapping import Connection, FieldMapping, KindMapping
from syncd.model.routing import Routing

_JUDGED: Final[Mapping[type, frozenset[str]]] = {
    Connection: frozenset({"name", "config_hash", "kinds", "handoff"}),
    KindMapping: frozenset({"kind", "hash", "fields", "create", "agreed", "routing", "definitions"}),
    FieldMapping: frozenset(
        {
            *("name", "type", "slots", "direction", "policy", "tie", "clear", "table", "unknown", "default", "steps"),
            *("region", "currency", "kind", "create_default"),
        }
    ),
    Agreed: frozenset({"lifecycle", "teams", "fields"}),
    Lifecycle: frozenset({"kind", "field", "stages", "transitions", "undeclared", "changed", "handoff"}),
    Handoff: frozenset({"stage", "fields", "rules", "calendars", "personas", "rating", "sales", "shown"}),
    HandoffRules: frozenset(
        {
            *("qualified", "accepted", "offered", "won", "rejected", "lost", "recycled", "born"),
            *("touch_within", "decide_within"),
        }
    ),
    Routing: frozenset({"owner", "rules", "fallback", "stage", "company", "company_kind", "personas", "rating"}),
}
"""What some replay judges, or what is walked through below, or what decides nothing by itself."""

_WORDS: Final[Mapping[tuple[type, str], str]] = {
    (Connection, "mode"): "the mode (shadow or live)",
    (Connection, "brake"): "the brake",
    (Connection, "horizon"): "the horizon after which an unanswered write may be sent again",
    (Connection, "allow_billable"): "whether billable contacts may be made",
    (Connection, "precondition_rows"): "how many writes go under the vendor's own condition",
    (Connection, "signals"): "signals.yaml: which activities and campaign members are added",
    (KindMapping, "match"): "match: how records of both systems find each other",
    (KindMapping, "several"): "several: which of several records is meant",
    (KindMapping, "scope"): "scope: which records take part",
    (KindMapping, "native"): "native: what the vendor's own connector noted",
    (KindMapping, "outcome"): "outcome: what deals say of people",
    (KindMapping, "partner_domains"): "partner_domains: addresses that match no company",
    (FieldMapping, "confirm"): "confirm: how a write is guarded against lost updates",
    (FieldMapping, "lane"): "lane: what is written first",
    (FieldMapping, "only_on_create"): "only_on_create",
    (FieldMapping, "optional"): "optional: what becomes of it where a vendor field is missing",
    (FieldMapping, "derive"): "derive: what syncd computes it from",
    (Lifecycle, "reasons"): "reasons of lifecycle.yaml",
    (Lifecycle, "reason_field"): "reason_field of lifecycle.yaml",
    (Lifecycle, "first_link"): "first_link of lifecycle.yaml",
    (Handoff, "entry"): "what must be filled when people qualify",
    (Handoff, "reachable"): "by which fields people can be reached",
    (Handoff, "owners"): "which fields hold owners",
    (Handoff, "deals"): "what deals call for",
    (Handoff, "back"): "which stages give people back to marketing",
    (HandoffRules, "facts"): "facts: which fields credit is counted by",
    (HandoffRules, "commitments"): "commitments: what both teams have promised",
    (HandoffRules, "currency"): "currency: what amounts are told in",
    (HandoffRules, "rates"): "rates: what other currencies are worth",
    (Routing, "created"): "routing.yaml, on: when somebody is routed",
    (Routing, "stages"): "routing.yaml, on: when somebody is routed",
    (Routing, "pools"): "routing.yaml, pools: whose turn it is, and how many each may have",
    (Routing, "open_in"): "routing.yaml, open_in: who counts as an open person",
    (Routing, "takes_from"): "routing.yaml, takes_from: whom a person may be taken from",
    (Routing, "late"): "routing.yaml, late: what becomes of people whom nobody touched in time",
    (Routing, "teams"): "teams.yaml: who is in which team, for routing",
    (Routing, "zones"): "calendars.yaml: on which day a limit of a pool counts",
    (Routing, "zone"): "calendars.yaml: on which day a limit of a pool counts",
}


def unjudged(old: Connection, new: Connection) -> tuple[str, ...]:
    """Each part that is not the same and that nothing of a backtest judges, once, in the order of the files."""
    return tuple(dict.fromkeys(_parts(old, new)))


def _parts(old: Connection, new: Connection) -> Iterator[str]:
    yield from _apart(old, new)
    kinds = {each.kind: each for each in new.kinds}
    for kind in old.kinds:
        if kind.kind in kinds:
            yield from _kind(kind, kinds[kind.kind])
    was, now = old.handoff, new.handoff
    if was is not None and now is not None:
        yield from _apart(was, now)
        yield from _apart(was.rules, now.rules)
    elif was is not now:
        yield "handoff of lifecycle.yaml: whether there is a ledger at all"


def _kind(old: KindMapping, new: KindMapping) -> Iterator[str]:
    yield from (f"{old.kind}: {what}" for what in _apart(old, new))
    named = {each.name: each for each in new.fields}
    for field in old.fields:
        if field.name in named:
            yield from (f"{old.kind}.{field.name}: {what}" for what in _apart(field, named[field.name]))
    if old.agreed is not None and new.agreed is not None:
        yield from _apart(old.agreed, new.agreed)
        yield from _apart(old.agreed.lifecycle, new.agreed.lifecycle)
    if old.routing is not None and new.routing is not None:
        yield from _apart(old.routing, new.routing)
    elif old.routing is not new.routing:
        yield "routing.yaml: whether anybody is routed at all"


def _apart(old: object, new: object) -> Iterator[str]:
    """The parts of two values of one class that differ and are not judged."""
    cls: Any = type(old)
    for each in fields(cls):
        if each.name not in _JUDGED[cls] and getattr(old, each.name) != getattr(new, each.name):
            yield _WORDS.get((cls, each.name), each.name)
