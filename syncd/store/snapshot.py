"""How bases are stored: value lists in the order of a field set, so that no name is stored twice.

A base is three lists (agreed, marketing's, the CRM's) in one JSON text, and three ids of ``field_set`` rows that name
the columns. Names are sorted, so that the order of a mapping's keys makes no new set. Sets are written once in a
transaction of their own *before* the one that uses them: an id that was rolled back would later name other fields.

Promises: ``decode(encode(base)) == base``; tuples stay tuples. The cache is filled from committed rows only.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import orjson
from sqlalchemy import select

from syncd.model.errors import Bug
from syncd.model.link import Base
from syncd.model.values import Pair
from syncd.store.codec import to_json
from syncd.store.database import Database
from syncd.store.dialects import insert_new
from syncd.store.tables import field_set

Names: TypeAlias = tuple[str, ...]


class Snapshots:
    """Encodes and decodes bases; knows the field sets of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids: dict[Names, int] = {}
        self._names: dict[int, Names] = {}
        self._sorted: dict[Names, Names] = {}

    def prepare(self, bases: Iterable[Base]) -> None:
        """Makes the field sets that these bases need; its own transaction, and none if all are known."""
        unknown = set()
        for base in bases:
            for values in (base.agreed, base.confirmed.marketing, base.confirmed.crm):
                names = tuple(values)
                if names not in self._sorted:
                    in_order = tuple(sorted(names))
                    if in_order not in self._ids:
                        unknown.add(in_order)
                    self._sorted[names] = in_order
        missing = [names for names in unknown if names not in self._ids]
        if missing:
            with self._database.writing("store field names") as tx:
                tx.execute(insert_new(tx, field_set), [{"names": to_json(names)} for names in missing])
            self._load()

    def encode(self, base: Base) -> tuple[int, int, int, str]:
        """The ids of the three field sets and the text; ``prepare`` was called with this base before."""
        agreed_set, agreed = self._listed(base.agreed)
        marketing_set, marketing = self._listed(base.confirmed.marketing)
        crm_set, crm = self._listed(base.confirmed.crm)
        return agreed_set, marketing_set, crm_set, to_json((agreed, marketing, crm))

    def decode(self, agreed_set: int, marketing_set: int, crm_set: int, text: str) -> Base:
        """The base that was stored."""
        names = self._names
        if agreed_set not in names or marketing_set not in names or crm_set not in names:
            self._load()
        agreed, marketing, crm = orjson.loads(text)
        if list in map(type, agreed):
            agreed = [tuple(value) if value.__class__ is list else value for value in agreed]
        try:
            return Base(
                dict(zip(names[agreed_set], agreed, strict=True)),
                Pair(
                    dict(zip(names[marketing_set], marketing, strict=True)), dict(zip(names[crm_set], crm, strict=True))
                ),
            )
        except (KeyError, ValueError) as error:
            raise Bug(
                f"{self._database.where}: a base does not fit its field set ({agreed_set}, {marketing_set}, {crm_set});"
                " the store was edited by hand or restored in parts: restore a whole backup"
            ) from error

    def _listed(self, values: Mapping[str, Any]) -> tuple[int, list[Any]]:
        names = tuple(values)
        in_order = self._sorted[names]
        listed = list(values.values()) if in_order == names else [values[name] for name in in_order]
        return self._ids[in_order], listed

    def _load(self) -> None:
        with self._database.reading("read field names") as tx:
            for number, text in tx.execute(select(field_set.c.id, field_set.c.names)):
                names = tuple(sys.intern(name) for name in orjson.loads(text))
                self._ids[names] = number
                self._names[number] = names
