"""A store with a million made-up linked people, as a process of its own: filled, and served by the console.

``fill FOLDER LINKS LETTERS`` puts them into ``FOLDER/syncd.db``, ``serve FOLDER`` opens the console of a daemon that is
never told to begin: its port and a one-time invitation are the first line, and it ends with standard input. Everybody
has a name of two or three words, a company and an address; names come from few first and many last ones.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from syncd.bootstrap import Workshop, open_entrance, read_config, read_outline
from syncd.model.link import VERSION, Base, DeadLetter, Link, Proof
from syncd.model.operator import Role
from syncd.model.remote import RemoteRef
from syncd.model.run import Run, RunState
from syncd.model.values import Pair, Side
from syncd.ports.store import Settlement
from syncd.store import open_store
from syncd.system import SystemChance, SystemClock

CONFIG: Final = Path(__file__).resolve().parent.parent / "config"
LOT: Final = 5_000
BEGAN: Final = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CAUSES: Final = (
    ("REQUIRED_FIELD_MISSING", "Last name is missing", "fill the field, or give it a create_default"),
    ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Phone must begin with +", "mend the rule or the value"),
    ("DUPLICATES_DETECTED", "A rule found another Lead", "merge them in Salesforce"),
    ("INVALID_EMAIL_ADDRESS", "The address is none", "correct it at marketing"),
    ("STRING_TOO_LONG", "The value is too long", "shorten it at marketing"),
)
RUNS: Final = 200
_FIRST: Final = ("an", "bel", "cor", "da", "el", "fio", "ga", "hen", "il", "jo", "ka", "lu", "mar", "ni", "ol", "pe")
_LAST: Final = (
    "berg",
    "burg",
    "dale",
    "field",
    "ford",
    "ham",
    "land",
    "ley",
    "man",
    "ner",
    "quist",
    "son",
    "ton",
    "wick",
)


def first_name(number: int) -> str:
    """One of 768 first names."""
    return f"{_FIRST[number % 16]}{_FIRST[number // 16 % 16]}{('a', 'o', 'is')[number // 256 % 3]}".capitalize()


def last_name(number: int) -> str:
    """One of some 50,000 last names, by chance that is the same each time."""
    chance = random.Random(number)
    return f"{chance.choice(_FIRST)}{chance.choice(_FIRST)}{chance.choice(_FIRST)}{chance.choice(_LAST)}".capitalize()


def person(number: int) -> dict[str, str]:
    """What both sides agree on."""
    first, last = first_name(number * 7_919), last_name(number)
    return {
        "email": f"{first}.{last}{number}@example{number % 211}.com".lower(),
        "first_name": first,
        "last_name": last,
        "company_name": f"{last_name(number % 20_011)} {_LAST[number % 14].capitalize()}",
        "title": "Head of Department",
        "phone": f"+1212{2_000_000 + number % 7_000_000}",
        "city": "Springfield",
        "country": "US",
    }


NAMES: Final = {
    "email": ("email", "Email"),
    "first_name": ("firstname", "FirstName"),
    "last_name": ("lastname", "LastName"),
    "company_name": ("company", "Company"),
    "title": ("jobtitle", "Title"),
    "phone": ("phone", "Phone"),
    "city": ("city", "City"),
    "country": ("country", "Country"),
}


def linked(number: int) -> tuple[Link, Base]:
    """One person's link and base."""
    refs = Pair(RemoteRef("contacts", str(1_000_000 + number)), RemoteRef("Lead", f"00Q{number:015d}"))
    agreed = person(number)
    sides = [{names[at]: agreed[field] for field, names in NAMES.items()} for at in (0, 1)]
    for each in sides:
        each[VERSION] = "2026-03-02T09:30:00.000Z"
    link = Link(
        id=f"{number * 2_654_435_761 % 2**64:032x}",
        kind="person",
        refs=refs,
        proof=Proof.KEY,
        since=BEGAN,
        keyed=Pair(marketing=True, crm=True),
    )
    return link, Base(agreed, Pair(*sides))


def letters(count: int) -> Iterator[DeadLetter]:
    """So many records that are refused, for a few causes."""
    for number in range(count):
        code, reason, advice = CAUSES[number % len(CAUSES)]
        since = BEGAN + timedelta(seconds=number)
        origin = RemoteRef("contacts", str(1_000_000 + number))
        yield DeadLetter(f"d{number:08d}", "person", Side.CRM, origin, "f", code, reason, advice, since, 3)


def fill(folder: Path, links: int, refused: int) -> None:
    """Fills the store."""
    store = open_store(f"sqlite:///{folder}/syncd.db", "main", clock=SystemClock(), chance=SystemChance())
    now = datetime.now(UTC)
    for start in range(0, links, LOT):
        made = [linked(number) for number in range(start, min(start + LOT, links))]
        bases = [(link.id, base) for link, base in made]
        store.settle(Settlement(links=[link for link, _ in made], bases=bases), now)
    waiting = list(letters(refused))
    for start in range(0, refused, LOT):
        store.settle(Settlement(dead=waiting[start : start + LOT]), now)
    for number in range(RUNS):
        at = now - timedelta(minutes=RUNS - number)
        run = Run(f"r{number:06d}", "main", "sync", "daemon", at, state=RunState.DONE, finished_at=at,
                  counts={"updated.crm": number % 17})  # fmt: skip
        store.save_run(run)
    store.close()


def settings(folder: Path) -> Mapping[str, str]:
    """The environment of the example configuration over that store."""
    prefix = "SYNCD_CONNECTIONS__MAIN__"
    return {
        **os.environ,
        "SYNCD_STORE__URL": f"sqlite:///{folder}/syncd.db",
        f"{prefix}MARKETING__ACCESS_TOKEN": "pat-na1-sandbox",  # not a secret
        f"{prefix}CRM__CLIENT_SECRET": "sandbox-secret",  # not a secret
    }


def serve(folder: Path) -> None:
    """Serves the console until standard input ends."""
    loaded = read_config(CONFIG, settings(folder))
    workshop = Workshop(loaded, stop=threading.Event())
    daemon = workshop.daemon()
    console = workshop.console(daemon, "127.0.0.1:0")
    console.start()
    with open_entrance(read_outline(CONFIG, settings(folder))) as entrance:
        invitation = entrance.invite("bench", role=Role.ADMIN, who="bench")
    print(json.dumps({"port": console.port, "invitation": invitation}), flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    verb, where, *numbers = sys.argv[1:]
    if verb == "fill":
        fill(Path(where), *map(int, numbers))
    else:
        serve(Path(where))
