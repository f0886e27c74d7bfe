"""A world as it is when a soak begins: many people on both sides, linked through their keys, in a store that is a file.

Everything is real but time and sockets: the arena of ``syncd.lab``, with the engine, both connectors and a SQLite file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from syncd.lab.arena import Arena, open_arena
from syncd.lab.founding import come_to_rest
from syncd.lab.lives import Effects, Life, LifeClock
from syncd.lab.virtual import SeededChance
from syncd.store import open_store

LOT: Final = 5_000
VARIANT: Final = 3
"""Which of the arena's worlds: one whose brake is the configuration's own."""
DAILY_CALLS: Final = 100_000
"""Salesforce's calls a day, as an Enterprise org has them."""


def settle(config: Path, folder: Path, *, records: int) -> Arena:
    """An arena with so many people known to both sides, first link made, everything quiet.

    :raises Bug: if it does not come to rest, though nobody disturbs it.
    """
    arena = open_arena(config, variant=VARIANT, folder=folder)
    arena.store.close()
    nobody = Life(Effects(), number=0, trace=lambda _what: None)
    arena.store = open_store(
        f"sqlite:///{folder}/soak.db",
        arena.settings.connection.name,
        clock=LifeClock(arena.clock, nobody),
        chance=SeededChance("soak"),
    )
    arena.salesforce.limits.maximum = DAILY_CALLS
    for start in range(0, records, LOT):
        _people(arena, range(start, min(start + LOT, records)))
    come_to_rest(arena)
    return arena


def _people(arena: Arena, numbers: range) -> None:
    """People whose records name each other already, as an import from another tool would have left them."""
    contacts = arena.hubspot.load("contacts", [_contact(number) for number in numbers])
    leads = [_lead(number, key=key) for number, key in zip(numbers, contacts, strict=True)]
    for key, lead in zip(contacts, arena.salesforce.load("Lead", leads), strict=True):
        arena.hubspot.edit("contacts", key, {"syncd_crm_id": lead})


def _contact(number: int) -> dict[str, str]:
    return {
        "email": f"p{number}@firm{number % 997}.example.com",
        "firstname": f"Ann{number % 311}",
        "lastname": f"Person {number}",
        "company": f"Firm {number % 997}",
        "jobtitle": "Buyer",
        "city": "Springfield",
        "country": "Germany",
        "lifecyclestage": "marketingqualifiedlead",
        "hs_lead_status": "NEW",
    }


def _lead(number: int, *, key: str) -> dict[str, str]:
    held = _contact(number)
    return {
        "Email": held["email"],
        "FirstName": held["firstname"],
        "LastName": held["lastname"],
        "Company": held["company"],
        "Title": held["jobtitle"],
        "City": held["city"],
        "Country": held["country"],
        "Status": "Open - Not Contacted",
        "Syncd_Marketing_Id__c": key,
    }
