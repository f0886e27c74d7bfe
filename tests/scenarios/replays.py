"""What tests ask a replayed funnel: the two CSV files read by themselves, and what became of each lead by its id."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Final

from sandbox.funnel import Script, script_of
from sandbox.olist_files import read_olist
from syncd.lab.replay import Replay, open_replay
from syncd.model.episode import Event
from syncd.operations.report import Report
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
