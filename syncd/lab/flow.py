"""A working day in small: both teams edit, syncd polls, and every edit is timed until it stands on the other side.

Delay is from the edit to the vendor's own log line of the write on the other side; nothing of it is taken from syncd.
An edit counts as delivered when its value stands on the other side at the end. One that somebody overwrote meanwhile,
or that changed nothing that the other side could show, is counted apart.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.people import Deed, Team
from syncd.lab.stage import INDEX_LAG, Stage
from syncd.lab.story import Story, couples, partners
from syncd.system import SystemClock

ROUNDS = 8
EDITS = 12
#: Vendor fields that the teams edit, by the shared field they belong to.
SHARED: Mapping[str, str] = {
    "jobtitle": "title", "Title": "title", "city": "city", "City": "city", "MailingCity": "city", "address": "street",
    "Street": "street", "MailingStreet": "street", "firstname": "first name", "FirstName": "first name",
    "company": "company", "Company": "company", "hs_lead_status": "stage", "Status": "stage",
    "product_interests": "interests", "Product_Interests__c": "interests",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Flow:
    """What became of the edits. ``delays`` are seconds, sorted."""

    edits: int
    delivered: int
    overtaken: int
    unneeded: int
    lost: Sequence[Deed]
    delays: Sequence[float]

    def delay(self, share: float) -> float:
        """The delay that this share of the edits did not exceed."""
        return self.delays[min(len(self.delays) - 1, int(share * len(self.delays)))] if self.delays else 0.0


def both_ways(stage: Stage, story: Story, *, seed: int, rounds: int = ROUNDS) -> Flow:
    """Rounds of edits on linked people, a cycle after each; then cycles until nothing is left to do."""
    ready = [couple for couple in couples(stage) if couple.contact not in story.cast]
    team = Team(
        stage.marketing,
        stage.crm,
        now=SystemClock().now,
        seed=seed,
        contacts=[couple.contact for couple in ready],
        crm_records=[("Lead", couple.lead) for couple in ready],
    )
    marks = stage.marketing.calls()["count"], stage.crm.calls()["count"]
    pairs = partners(stage)
    for _ in range(rounds):
        # Spread over the time between two polls; polled no faster than the search index shows our own writes.
        for _ in range(EDITS):
            team.work(1)
            time.sleep(INDEX_LAG / EDITS)
        stage.edited()
        stage.cycle()
    stage.settle()
    return _told(stage, team.ledger, pairs, marks)


def _told(stage: Stage, deeds: Sequence[Deed], pairs: Mapping[tuple[str, str], str], marks: tuple[int, int]) -> Flow:
    lines = {
        "marketing": stage.marketing.calls(since=marks[0])["lines"],
        "crm": stage.crm.calls(since=marks[1])["lines"],
    }
    writes = {side: _writes(log) for side, log in lines.items()}
    marketing, crm = stage.exports()
    held = {
        "marketing": {row["id"]: set(row["properties"].values()) for row in marketing["contacts"]},
        "crm": {row["Id"]: {str(value) for value in row.values()} for row in crm["Lead"]},
    }
    delays: list[float] = []
    lost: list[Deed] = []
    delivered = overtaken = unneeded = 0
    for number, deed in enumerate(deeds):
        partner = pairs[deed.side, deed.ref[1]]
        other = "crm" if deed.side == "marketing" else "marketing"
        applied = next((at for at in writes[other].get(partner, ()) if at >= deed.at), None)
        later = any(
            SHARED[each.field] == SHARED[deed.field] and each.ref[1] in {deed.ref[1], partner}
            for each in deeds[number + 1 :]
        )
        if applied is not None and (not deed.token or deed.value in held[other][partner]):
            delivered += 1
            delays.append((applied - deed.at).total_seconds())
        elif later:
            overtaken += 1
        elif not deed.token:
            unneeded += 1
        else:
            lost.append(deed)
    return Flow(len(deeds), delivered, overtaken, unneeded, lost, sorted(delays))


def _writes(log: Sequence[Mapping[str, Any]]) -> dict[str, list[datetime]]:
    found: dict[str, list[datetime]] = {}
    for line in log:
        for id_ in line["written"]:
            found.setdefault(id_, []).append(datetime.fromisoformat(line["at"]))
    return found
