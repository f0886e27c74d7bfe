"""An explanation as plain values with stable keys, for ``syncd explain --json`` and the API alike."""

from __future__ import annotations

from typing import Any

from syncd.model.values import MISSING, Canonical, Missing, Side, Wire
from syncd.operations.changes import Event
from syncd.operations.explain import Explanation, FieldStory
from syncd.operations.finding import Hit


def hit_document(hit: Hit) -> dict[str, Any]:
    """One record that may be meant."""
    refs = {side.value: str(ref) for side in Side if (ref := hit.refs.of(side)) is not None}
    return {"kind": hit.kind, "link": None if hit.link is None else hit.link.id, "refs": refs}


def explanation_document(told: Explanation) -> dict[str, Any]:
    """Everything there is to say about one record, handoffs, profile and routing apart."""
    return {
        "kind": told.kind,
        "link": None
        if told.link is None
        else {
            "id": told.link.id,
            "state": told.link.state.value,
            "proof": told.link.proof.value,
            "since": told.link.since,
            "gone": None if told.link.gone is None else told.link.gone.value,
        },
        "refs": {side.value: str(ref) for side in Side if (ref := told.refs.of(side)) is not None},
        "departed": list(told.departed),
        "next": list(told.next),
        "fields": {story.mapping.name: _field_document(story) for story in told.fields},
        "history": [_event_document(event) for event in told.events],
        "conflicts": [row.id for row in told.conflicts],
        "parked": [
            {
                "side": row.side.value,
                "field": row.field,
                "code": row.code,
                "reason": row.reason,
                "advice": row.advice,
            }
            for row in told.parked
        ],
        "dead_letters": [
            {"id": row.id, "code": row.code, "reason": row.reason, "advice": row.advice} for row in told.dead
        ],
        "open_intents": [row.id for row in told.intents],
    }


def _field_document(story: FieldStory) -> dict[str, Any]:
    journey = story.journey
    now: dict[str, Any] = {}
    confirmed: dict[str, dict[str, Wire]] = {}
    for side in Side:
        told = story.now.of(side)
        confirmed[side.value] = dict(story.confirmed.of(side))
        now[side.value] = (
            None if told is None else {"wires": dict(told.wires), "value": _plain(told.value), "trouble": told.trouble}
        )
    return {
        "direction": story.mapping.direction.value,
        "policy": story.mapping.policy.value,
        "now": now,
        "base": _plain(story.base),
        "confirmed": confirmed,
        "next": story.next,
        "journey": None
        if journey is None
        else {
            "cycle": journey.cycle,
            "entered": [{"cycle": each.cycle, "stage": each.stage, "at": each.at} for each in journey.entered],
        },
    }


def _event_document(event: Event) -> dict[str, Any]:
    return {
        "at": event.at,
        "side": event.side.value,
        "field": event.field,
        "before": _plain(event.before),
        "after": event.after,
        "author": event.author,
        "rule": event.rule,
        "run": event.run,
        "outcome": event.outcome,
    }


def _plain(value: Canonical | Missing) -> Canonical:
    return None if value is MISSING else value
