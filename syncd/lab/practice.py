"""A small connection to practise on: two accounts set up as ``syncd setup`` does it, a dozen people, a daemon at work.

Both stand-ins and the daemon live in this process; whoever practises types the same commands as at work, in another
shell, against the folder that is printed. The verdict comes from both vendors' exports and from the mapping as it was
before anything went wrong (``syncd.lab.judge``), with nothing excused as listed, and from what ``syncd status`` says.

What goes wrong, and how one sees it, is ``syncd.lab.troubles``'.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from sandbox.control import Control
from sandbox.hubspot.kernel import ADMIN_TOKEN
from sandbox.hubspot.limits import HubSpotLimits
from sandbox.salesforce.oauth import ADMIN_APP
from sandbox.server import RunningSandbox
from syncd.bootstrap import Workshop, open_admins, open_world, read_config
from syncd.engine.cycle import sync
from syncd.lab.agreement import agreement, holds
from syncd.lab.exports import Export
from syncd.lab.furnishing import furnish
from syncd.lab.listed import Listed
from syncd.lab.stage import PER_10_SECONDS, SEARCH_PER_SECOND, TOKEN, chosen_folder, configure
from syncd.model.mapping import KindMapping
from syncd.model.run import RunState
from syncd.model.values import Pair, Side
from syncd.observe.log import configure_logs
from syncd.operations.fitting import copies_on, daemon, make, survey
from syncd.operations.serving import serve
from syncd.operations.standing import Standing, standing
from syncd.operations.worker import Daemon
from syncd.settings.accounts import Admin, Loaded, Secret
from syncd.system import SystemClock

POLL: Final = 2
"""Seconds between two cycles: nobody who practises wants to wait."""
DAILY: Final = 1_000_000
"""Salesforce's calls of a day: enough for that pace."""
LAG: Final = 0.2
"""Seconds by which HubSpot's search lags behind at most."""
LISTED: Final = "Product_Interests__c"
"""The one list of the example mapping that is the company's own; Salesforce binds writes to such lists."""
SCOPES: Final = (
    *(f"crm.objects.{name}.{right}" for name in ("contacts", "companies") for right in ("read", "write")),
    *(f"crm.schemas.{name}.read" for name in ("contacts", "companies")),
    "crm.objects.owners.read",
    "communication_preferences.read_write",
)
"""What `syncd doctor` wants of the token, and no more."""
NAMES: Final = (
    "Ann Ashby", "Ben Birch", "Cora Cole", "Dan Dunne", "Eve Ellis", "Finn Frost", "Gwen Gray", "Hugo Hart",
    "Ida Irving", "Jon Jarvis", "Kim Kerr", "Leo Lang",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on both sides: the ids of contact and Lead."""

    contact: str
    lead: str


@dataclass(slots=True)
class Practice:
    """An open practice. ``kinds`` are the mappings as they should be."""

    folder: Path
    marketing: Control
    crm: Control
    loaded: Loaded
    kinds: Sequence[KindMapping]
    people: Sequence[Person] = ()

    def cycle(self, *, full: bool = False) -> None:
        """One cycle by the configuration as it is in the folder now; the first link is approved."""
        with open_world(read_config(self.folder, {}), None, who="demo") as world:
            ended = sync(world, full=full)
            if ended.needs_approval and ended.plan is not None:
                sync(world, approve=ended.plan.digest)
        time.sleep(2 * LAG)  # what was written shows in HubSpot's search

    def agrees(self) -> bool:
        """Whether both exports mean the same in everything, with nothing excused as listed."""
        exports: Pair[Export] = Pair(self.marketing.export(), self.crm.export())
        return holds(agreement(self.kinds, exports, Listed()))


@dataclass(slots=True)
class Shift:
    """A daemon at work on a practice, in a thread of its own."""

    practice: Practice
    shop: Workshop
    worker: Daemon

    def stands(self) -> Standing:
        """What ``syncd status`` would say."""
        (name,) = self.shop.loaded.connections
        now = self.shop.clock.now()
        return standing(
            self.shop.store(name),
            connection=name,
            kinds=[kind.kind for kind in self.practice.kinds],
            now=now,
            turn=self.worker.roster.turns([name], now)[name],
            workers=self.worker.roster.workers(),
            poll=POLL,
        )

    def well(self) -> bool:
        """Whether nothing waits for a person, the last cycle went through, and both systems agree in everything."""
        stands = self.stands()
        last = stands.last_run
        paused = stands.turn is not None and stands.turn.paused is not None
        quiet = not stands.waits and not stands.stale and not paused and not stands.parked
        return quiet and last is not None and last.state in (RunState.DONE, RunState.RUNNING) and self.practice.agrees()


@contextmanager
def open_practice(*, keep: Path | None, seed: int, brake: int) -> Iterator[Practice]:
    """Sets everything up and links a dozen people; all of it stops with the block.

    :param keep: folder for configuration, store and log; a temporary one if none.
    :raises BadUsage: if the folder is not empty, or there is no example configuration.
    """
    with ExitStack() as stack:
        folder = chosen_folder(keep, stack)
        log = stack.enter_context((folder / "daemon.log").open("a", encoding="utf-8"))
        stack.callback(configure_logs, level="info")  # back to standard error, before the file is closed
        configure_logs(level="info", stream=log)
        limits = HubSpotLimits(rolling=PER_10_SECONDS, search_per_second=SEARCH_PER_SECOND)
        running = stack.enter_context(
            RunningSandbox.start(seed=seed, hubspot_limits=limits, salesforce_daily=DAILY, bare=True)
        )
        configure(folder, running.hubspot_url, running.salesforce_url, poll=POLL, brake=brake)
        loaded = read_config(folder, {})
        (settings,) = loaded.connections.values()
        kinds = settings.connection.kinds
        practice = Practice(folder, Control(running.hubspot_url), Control(running.salesforce_url), loaded, kinds)
        practice.marketing.switch(index_lag=[0.0, LAG])
        _set_up(running, practice)
        _meet(practice)
        yield practice


def _set_up(running: RunningSandbox, practice: Practice) -> None:
    """An admin's part: the company's own fields, the token's scopes, and whatever ``syncd setup --apply`` makes."""
    with running.hubspot_server.lock, running.salesforce_server.lock:
        furnish(practice.kinds, running.hubspot, running.salesforce)
        for name in ("Lead", "Contact"):
            definition = running.salesforce.org.schema.require(name).fields[LISTED]
            running.salesforce.add_field(name, replace(definition, restricted=True))
    practice.marketing.do("issue_token", token=TOKEN, scopes=SCOPES)
    admin = Admin(
        token=_secret(ADMIN_TOKEN),
        client_id=ADMIN_APP.client_id,
        client_secret=_secret(ADMIN_APP.client_secret),
        username=None,
        private_key=None,
    )
    with (
        open_admins(practice.loaded, None, admin) as admins,
        open_world(practice.loaded, None, who="demo", read_only=True) as world,
    ):
        user, _ = daemon(world.connectors, admins, world.store.bound())
        fittings = admins.map(lambda connector: connector.fitting())
        more = copies_on(world.connection, world.connectors, Side.MARKETING)
        make(survey(practice.kinds, fittings, user=user, more=more), fittings)


def _secret(value: str) -> Secret:
    return Secret("admin", value=SecretStr(value))


def _meet(practice: Practice) -> None:
    """A dozen people whom marketing has qualified, and their Leads, in step."""
    contacts = practice.marketing.load("contacts", [contact(name, number) for number, name in enumerate(NAMES)])
    practice.cycle()
    practice.cycle()
    leads = {row["Syncd_Marketing_Id__c"]: row["Id"] for row in practice.crm.export()["Lead"]}
    practice.people = [Person(id_, leads[id_]) for id_ in contacts]


def contact(name: str, number: int) -> dict[str, str]:
    """What marketing knows of one of them."""
    first, last = name.split(" ", 1)
    return {
        "email": f"{first}.{last}@example.com".lower(), "firstname": first, "lastname": last, "company": f"{last} Ltd",
        "jobtitle": "Engineer", "salutation": "Dr.", "city": "Berlin", "country": "Germany",
        "phone": f"+49 30 12345{number:02}", "product_interests": "crm", "lifecyclestage": "marketingqualifiedlead",
        "hs_lead_status": "NEW",
    }  # fmt: skip


@contextmanager
def at_work(practice: Practice, *, hangup: threading.Event) -> Iterator[Shift]:
    """A daemon for the length of the block; ``hangup`` has it read its configuration anew, as SIGHUP does."""
    stop = threading.Event()
    shop = Workshop(read_config(practice.folder, {}), stop=stop)
    worker = shop.daemon()

    def wanted() -> bool:
        heard = hangup.is_set()
        hangup.clear()
        return heard

    def reload() -> None:
        shop.replace(read_config(practice.folder, {}))

    words: Mapping[str, Any] = {"reload": reload, "reload_wanted": wanted, "patient": SystemClock()}
    thread = threading.Thread(target=serve, args=(worker,), kwargs=words, name="daemon")
    thread.start()
    try:
        yield Shift(practice, shop, worker)
    finally:
        stop.set()
        thread.join()
        worker.jobs.close()
        shop.close()
