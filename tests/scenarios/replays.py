"""What tests ask a replayed funnel: the two CSV files read by themselves, and what became of each lead by its id."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from sandbox.funnel import Script, script_of
from sandbox.olist_files import read_olist
from syncd.engine.world import World
from syncd.lab.arena import Arena
from syncd.lab.lives import Life
from syncd.lab.replay import Replay, open_replay
from syncd.model.episode import Event
from syncd.model.remote import RemoteSchema, RemoteUser, Shape
from syncd.model.values import Lane
from syncd.operations.report import Report
from syncd.ports.connector import Connector
from tests.shared import SHARED
from tests.unit.operations.ledgers import people
from tests.worlds import ROOT

OLIST: Final = SHARED / "data" / "olist"
CONFIG: Final = ROOT / "config" / "funnel"
SEED: Final = 1


def rows(name: str) -> list[dict[str, str]]:
    """One of the files, as it is."""
    with (OLIST / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def script(*, leads: int = 0, since: str = "", until: str = "9") -> Script:
    """The first so many leads, or those whom marketing met within some days."""
    whole = read_olist(OLIST)
    if since:
        chosen = {mql: row for mql, row in whole.leads.items() if since <= row["first_contact_date"] < until}
        whole = replace(whole, leads=chosen, deals={mql: deal for mql, deal in whole.deals.items() if mql in chosen})
    return script_of(whole, seed=SEED, only=leads)


def opened(played: Script, folder: Path) -> Replay:
    """A replay that has not begun, over the configuration that users are given."""
    return open_replay(CONFIG, played, folder=folder)


def leads_by_person(replay: Replay) -> dict[str, str]:
    """The ids of the file by those of the ledger: who is who is told by the address in HubSpot."""
    addresses = {row["id"]: row["properties"]["email"] for row in replay.arena.hubspot.export()["contacts"]}
    links = replay.arena.store.links("person")
    return {link.id: addresses[link.refs.marketing.id].partition("@")[0] for link in links}


def listed(report: Report, key: str, known: dict[str, str]) -> list[str]:
    """Whom a figure counts, by the ids of the file."""
    return sorted({known[person] for person in people(report, key)})


def heard(replay: Replay) -> list[Event]:
    """The whole ledger, in the ids of the file."""
    known = leads_by_person(replay)
    events = [replace(event, person=known[event.person]) for event in replay.arena.store.ledger_of(list(known))]
    return sorted(events, key=lambda event: (event.person, type(event).__name__, event.at, repr(event)))


class _Settled:
    """A connector to an account in which nobody changes a field or a user: both are read once."""

    def __init__(self, connector: Connector, known: dict[str, Any] | None = None) -> None:
        self._connector = connector
        self._known: dict[str, Any] = {} if known is None else known

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connector, name)

    def for_lane(self, lane: Lane) -> _Settled:
        """The same account for other work: what one lane has read, the others know."""
        return _Settled(self._connector.for_lane(lane), self._known)

    def schema(self, shape: Shape) -> RemoteSchema:
        """As the vendor told it at first."""
        name = f"schema {shape.kind}"
        if name not in self._known:
            self._known[name] = self._connector.schema(shape)
        told: RemoteSchema = self._known[name]
        return told

    def users(self) -> Sequence[RemoteUser]:
        """As the vendor told them at first."""
        if "users" not in self._known:
            self._known["users"] = self._connector.users()
        told: Sequence[RemoteUser] = self._known["users"]
        return told


@contextmanager
def accounts_settled() -> Iterator[None]:
    """Meanwhile each life reads fields and users once; by itself it does at every hourly poll, for most of a year."""
    start = Arena.start

    def settled(arena: Arena) -> tuple[World, Life]:
        world, life = start(arena)
        world.connectors = world.connectors.map(_Settled)  # type: ignore[arg-type]
        return world, life

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Arena, "start", settled)
        yield
