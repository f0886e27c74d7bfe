"""What is remembered of both vendors beside their records: users and schemas, each asked for as seldom as will do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

import orjson

from syncd.core.normalize import shape_of
from syncd.model.mapping import KindMapping
from syncd.model.remote import RemoteField, RemoteOption, RemoteRecordType, RemoteSchema, RemoteUser, UserSort
from syncd.model.values import Instant, Side
from syncd.observe.log import emit
from syncd.ports.memory import PERSON_ACCOUNTS
from syncd.ports.store import Store

if TYPE_CHECKING:
    from syncd.engine.world import World

FRESH = timedelta(minutes=10)
"""What was asked for less long ago is not asked for again."""


def users_of(world: World, side: Side) -> Sequence[RemoteUser]:
    """A side's users and queues, inactive ones too."""
    name = f"users:{side}"
    remembered = world.store.recall(name)
    if remembered is not None and world.clock.now() - remembered[1] < FRESH:
        return _read_users(remembered[0])
    users = world.connectors.of(side).users()
    world.store.remember(name, orjson.dumps(users), world.clock.now())
    return users


def remembered_users(store: Store, side: Side) -> Sequence[RemoteUser]:
    """Users and queues of a side as they were last asked for; none before that."""
    remembered = store.recall(f"users:{side}")
    return () if remembered is None else _read_users(remembered[0])


@lru_cache(maxsize=16)
def _read_users(content: bytes) -> tuple[RemoteUser, ...]:
    """Remembered users, as ``_read_schema``."""
    return tuple(RemoteUser(**{**row, "sort": UserSort(row["sort"])}) for row in orjson.loads(content))


def schema_of(world: World, side: Side, kind: KindMapping, at_least: timedelta) -> tuple[RemoteSchema, Instant]:
    """A side's schema and when it was read."""
    name = f"schema:{kind.kind}:{kind.hash}:{side}"
    remembered = world.store.recall(name)
    if remembered is not None and world.clock.now() - remembered[1] < at_least:
        known = _read_schema(remembered[0])
        world.connectors.of(side).remember(known)
        return known, remembered[1]
    schema = world.connectors.of(side).schema(shape_of(kind, side))
    if remembered is not None and _read_schema(remembered[0]).fingerprint != schema.fingerprint:
        emit(
            "schema.changed",
            connection=world.connection.name,
            kind=kind.kind,
            side=str(side),
            fingerprint=schema.fingerprint,
        )
    now = world.clock.now()
    content = orjson.dumps(schema)
    world.store.remember(name, content, now)
    if schema.person_accounts:
        counted = orjson.dumps(schema.person_accounts)
        world.store.remember(PERSON_ACCOUNTS.format(kind=kind.kind), counted, now)
    return _read_schema(content), now


@lru_cache(maxsize=16)
def _read_schema(content: bytes) -> RemoteSchema:
    """A remembered schema; what many turns remember alike is one and the same."""
    read = orjson.loads(content)
    return RemoteSchema(
        objects={
            name: {
                field_name: RemoteField(
                    **{
                        **row,
                        "options": tuple(RemoteOption(**option) for option in row["options"]),
                        "points": tuple(row["points"]),
                    }
                )
                for field_name, row in fields.items()
            }
            for name, fields in read["objects"].items()
        },
        fingerprint=read["fingerprint"],
        record_types={
            name: tuple(
                RemoteRecordType(**{**row, "offers": {field: tuple(each) for field, each in row["offers"].items()}})
                for row in rows
            )
            for name, rows in read.get("record_types", {}).items()  # not in what an earlier version remembered
        },
        person_accounts=read.get("person_accounts", {}),
    )
