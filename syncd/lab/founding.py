"""The world that a simulated scenario begins in: a few people and companies on both sides, linked and in step."""

from __future__ import annotations

import gc
import random
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

from syncd.engine.cycle import sync
from syncd.lab.arena import Arena, open_arena
from syncd.lab.scenario import Scenario, expand
from syncd.lab.simulation import play
from syncd.model.errors import Bug
from syncd.observe.log import reset_logs

PEOPLE: Final = (5, 8)
CYCLES: Final = 12


def found(config: Path, *, variant: int, connection: str | None = None) -> Arena:
    """An arena with its first people, their first link approved and everything quiet.

    :raises Bug: if it does not come to rest, though nobody disturbs it.
    """
    with tempfile.TemporaryDirectory(prefix="syncd-arena-") as folder:
        arena = open_arena(config, variant=variant, folder=Path(folder), connection=connection)
    _people(arena, random.Random(f"people {variant}"))
    come_to_rest(arena)
    return arena


def warm_up(config: Path, *, variant: int, connection: str | None = None) -> None:
    """Plays people and their operator in a world that is thrown away, without a fault: what a process imports, compiles
    and works out once it has then, and no fork of it does it again, which is a thirtieth of a seed.
    """
    play(found(config, variant=variant, connection=connection), _quiet("warm-up"))
    reset_logs()
    gc.collect()


def _quiet(seed: str) -> Scenario:
    return replace(expand(seed), armed=(), kills=(), failing=())


def come_to_rest(arena: Arena) -> None:
    """Approves the first link of what is there, and plays cycles until nothing is left to do.

    :raises Bug: if something always is, though nobody disturbs it.
    """
    arena.clock.advance(60)
    world, _ = arena.start()
    ended = sync(world)
    if ended.needs_approval and ended.plan is not None:
        ended = sync(world, approve=ended.plan.digest)
    for _ in range(CYCLES):
        arena.clock.advance(600)
        ended = sync(world, steady=True)
        if not ended.run.counts:
            return
    raise Bug(f"a world does not come to rest by itself: {dict(ended.run.counts)}")


def _people(arena: Arena, chance: random.Random) -> None:
    """Companies with people at them, most known to both sides by their address, some to one side alone."""
    companies = arena.hubspot.load(
        "companies", [{"name": f"Firm {number}", "domain": f"firm{number}.com"} for number in range(2)]
    )
    accounts = [
        arena.salesforce.insert("Account", {"Name": f"Firm {number}", "Website": f"https://firm{number}.com"})
        for number in range(2)
    ]
    for number in range(chance.randint(*PEOPLE)):
        address, name = f"p{number}@firm{number % 2}.com", f"Person {number}"
        where = chance.choice(("both", "both", "marketing", "contact", "crm"))
        if where != "crm":
            contact = arena.hubspot.create(
                "contacts",
                {"email": address, "firstname": "Ann", "lastname": name, "company": f"Firm {number % 2}",
                 "lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "NEW", "jobtitle": "Buyer"},
            )  # fmt: skip
            if chance.random() < 0.5:
                arena.hubspot.associate(contact_id=contact, company_id=companies[number % 2], primary=True)
        if where in ("both", "crm"):
            lead = {"Email": address, "FirstName": "Ann", "LastName": name, "Company": f"Firm {number % 2}"}
            arena.salesforce.insert("Lead", {**lead, "Title": "Buyer"})
        elif where == "contact":
            row = {"Email": address, "FirstName": "Ann", "LastName": name, "AccountId": accounts[number % 2]}
            arena.salesforce.insert("Contact", row)
