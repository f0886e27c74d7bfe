"""The words in which fields at rest are told: what an admin changes, what a person accepts, what is carried out."""

from __future__ import annotations

from dataclasses import replace

from syncd.engine.resync import Met, asked_for, carry_on
from syncd.model.run import Request
from syncd.operations.accepting import Accepted, accept
from syncd.operations.drift import resting
from tests.scenarios.steps import Steps


def retyped(steps: Steps, name: str, type_: str) -> None:
    """An admin changes the type of a field; what does not fit it is gone in every record."""
    org = steps.both.salesforce.org
    for object_name in ("Lead", "Contact"):
        entity = org.schema.entities[object_name]
        field = entity.field(name)
        assert field is not None
        entity.set_field(replace(field, type=type_), changed=org.clock.now())
        for row in list(entity.table.by_id()):
            org.store.put(entity.table, {**row, name: None, "SystemModstamp": org.clock.now()}, now=org.clock.now())
    org.store.commit()


def at_rest(steps: Steps) -> None:
    """The type of the title was changed, and a cycle has seen it."""
    retyped(steps, "Title", "phone")
    steps.cycle()
    assert [each.field for each in resting(steps.both.store)] == ["title"]


def accept_title(steps: Steps) -> Accepted:
    """A person lets the title go on."""
    return accept(steps.both.world, {("person", "title")})


def waiting(steps: Steps) -> Request:
    """The one resync that waits."""
    (request,) = asked_for(steps.both.store)
    return request


def carried_out(steps: Steps) -> None:
    """What a daemon does after a poll, to its end."""
    assert carry_on(steps.both.world, waiting(steps), Met(), leave_off=lambda: False)


def mapped_without(steps: Steps, field: str) -> None:
    """Somebody takes a field out of the mapping."""
    kinds = tuple(
        replace(kind, fields=tuple(each for each in kind.fields if each.name != field), hash=f"{kind.hash}-{field}")
        for kind in steps.both.world.connection.kinds
    )
    steps.both.world.connection = replace(steps.both.world.connection, kinds=kinds)


def only_lead(steps: Steps) -> str:
    """Its id."""
    (lead,) = steps.live("Lead")
    return str(lead["Id"])
