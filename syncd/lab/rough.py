"""The rough scenes of the demo: a sync killed in the middle of a write, and records that merge, convert and vanish.

The kill is a real one: a ``syncd sync`` in a process of its own gets SIGKILL after the vendor has carried out its write
and before it has heard so. What follows is judged by the vendors' call logs and exports.
"""

from __future__ import annotations

import time
from collections import Counter

from sandbox.people import Deed, Team
from syncd.lab.stage import Stage
from syncd.lab.story import Scene, Story, couples, partners
from syncd.model.errors import NeedsOperator
from syncd.system import SystemClock

CROWD = 40
KILL_WITHIN = 30.0
MERGES, DELETES, CONVERSIONS = 5, 5, 3


def killed_while_writing(stage: Stage, story: Story) -> None:
    """Nobody is lost, nobody is made twice."""
    addresses = [f"crowd{number}@killed-sandbox.com" for number in range(CROWD)]
    contacts = stage.marketing.load(
        "contacts",
        [
            {"email": address, "firstname": "Crowd", "lastname": f"Member {number}", "company": "Killed Ltd",
             "lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "NEW"}
            for number, address in enumerate(addresses)
        ],
    )  # fmt: skip
    before = len(stage.crm.calls()["created"])
    # The vendor carries the write out, but its answer is far too late for the process that waits for it.
    stage.crm.fault(name="late answer", when="after", path_contains="composite", body_contains='"Member 1"', delay=5)
    with stage.worker() as worker:
        deadline = time.monotonic() + KILL_WITHIN
        while "late answer" not in stage.crm.calls()["faults"]:
            if worker.poll() is not None or time.monotonic() > deadline:
                raise NeedsOperator(f"the sync that was to be killed never wrote; see {stage.folder / 'worker.log'}")
            time.sleep(0.02)
        worker.kill()
        code = worker.wait()
    executed = len(stage.crm.calls()["created"]) - before
    stage.crm.clear_faults()
    lease = stage.world.store.lease()
    if lease is not None:
        stage.world.store.release_lease(lease)  # we saw its holder die; without a witness it runs out by itself
    unknown = len(stage.world.store.open_intents())
    stage.cycle()
    made = stage.crm.calls()["created"][before:]
    _, crm = stage.exports()
    leads = Counter(row["Email"] for row in crm["Lead"] if row["Email"] in set(addresses) and not row["IsDeleted"])
    linked = partners(stage)
    whole = sum(1 for contact in contacts if ("marketing", contact) in linked)
    story.add(
        Scene(
            "kill -9 in the middle of a write",
            f"{CROWD} new qualified contacts; a `syncd sync` was killed (exit {code}) after Salesforce had made "
            f"{executed} Leads and before it could hear so.",
            f"The next cycle found {unknown} writes with unknown ending in the store, looked each one up by its key, "
            "and sent none of them again.",
            f"Salesforce logged {len(made)} created Leads in all; {len(leads)} addresses, "
            f"{sum(leads.values()) - len(leads)} of them twice; {whole} of {CROWD} linked both ways.",
            executed == len(made) == len(leads) == whole == CROWD == leads.total() and unknown == CROWD,
        )
    )


def departures_followed(stage: Stage, story: Story, *, seed: int) -> list[Deed]:
    """Merges, deletes and conversions on both sides: relinked or remembered, never made again, never deleted."""
    ready = [couple for couple in couples(stage) if couple.contact not in story.cast]
    half = len(ready) // 2  # one half per side, so that no pair is hit twice
    team = Team(
        stage.marketing,
        stage.crm,
        now=SystemClock().now,
        seed=seed,
        contacts=[couple.contact for couple in ready[:half]],
        crm_records=[("Lead", couple.lead) for couple in ready[half:]],
    )
    before = len(stage.crm.calls()["created"]), len(stage.marketing.calls()["created"])
    # Deletes first and by name, since whoever was merged has no single counterpart any more.
    deeds = [
        team.delete("marketing", ("contacts", ready[number].contact))
        if number % 2
        else team.delete("crm", ("Lead", ready[half + number].lead))
        for number in range(DELETES)
    ]
    deeds += team.work(0, merges=MERGES)
    merged = {id_ for deed in deeds for _, id_ in (*deed.gone, deed.ref)}
    active = {row["Id"] for row in stage.crm.export()["User"] if row["IsActive"]}
    convertible = [
        couple.lead for couple in ready[half:] if couple.lead not in merged and couple.fields["OwnerId"] in active
    ]
    deeds += [team.convert(("Lead", lead)) for lead in convertible[:CONVERSIONS]]
    stage.edited()
    stage.settle()
    marketing, crm = stage.exports()
    linked = partners(stage)
    converted = [deed.ref[1] for deed in deeds if deed.action == "convert"]
    followed = sum(1 for id_ in converted if ("crm", id_) in linked)
    gone = {id_ for deed in deeds for _, id_ in deed.gone}  # a survivor may have been merged again
    survivors = [(deed.side, deed.ref[1]) for deed in deeds if deed.action == "merge" and deed.ref[1] not in gone]
    kept = sum(1 for who in survivors if who in linked)
    alive = {row["id"] for row in marketing["contacts"] if not row["archived"]}
    alive |= {row["Id"] for name in ("Lead", "Contact") for row in crm[name] if not row["IsDeleted"]}
    old = {couple.contact: couple.lead for couple in ready} | {couple.lead: couple.contact for couple in ready}
    deleted = [deed.ref[1] for deed in deeds if deed.action == "delete"]
    left = sum(1 for id_ in deleted if old[id_] in alive)
    made = len(stage.crm.calls()["created"]) - before[0] + len(stage.marketing.calls()["created"]) - before[1]
    story.cast |= gone | {old[id_] for id_ in gone if id_ in old}
    story.add(
        Scene(
            "Merged, deleted, converted: followed, never undone",
            f"Both teams merged {MERGES} pairs of records, deleted {DELETES} and converted {CONVERSIONS} Leads.",
            "Moved the links to the survivors and to the new Contacts; remembered the deleted as such; asked a person "
            "about pairs that are one on one side and still two on the other.",
            f"{kept} of {len(survivors)} last survivors and {followed} of {CONVERSIONS} new Contacts are linked; "
            f"{left} of {len(deleted)} counterparts of the deleted are still there; {made} records were made anew.",
            kept == len(survivors) > 0 and followed == CONVERSIONS and left == DELETES and made == 0,
        )
    )
    return deeds
