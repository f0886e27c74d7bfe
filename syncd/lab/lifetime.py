"""The scene of one person's whole story as ``explain`` tells it: turned down, taken up again, accepted, converted, won.

It plays in a world of its own, weeks long in virtual time, over the example configuration with both of its packs:
deals, and the handoff. Kim works in marketing, Sam qualifies and Ada closes; each acts under their own name in the
system where they work, and what is won is an Opportunity. The proof compares what ``explain`` tells with what the scene
itself had them do, and looks at what both vendors hold in the end.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sandbox.hubspot.switches import HubSpotSwitches
from syncd.engine.cycle import sync
from syncd.engine.resync import Met, asked_for, carry_on
from syncd.engine.world import World, make_ready
from syncd.lab.arena import Arena, open_arena
from syncd.lab.founding import come_to_rest
from syncd.lab.story import Scene, Story
from syncd.model.values import Instant
from syncd.operations.explain import explain
from syncd.operations.finding import find_hits
from syncd.operations.handoffs import DEAL, Handoffs, Happening

ROOT: Final = Path(__file__).resolve().parent.parent.parent
PACKS: Final = ("handoff", "deals")
POLL: Final = 30.0
HOURS: Final = 3600.0
DAYS: Final = 24 * HOURS
ADDRESS: Final = "maria@acme-works.com"
AMOUNT: Final = 48_000
SALE: Final = "Acme Works, 40 seats"
VENDORS: Final = {"marketing": "HubSpot", "crm": "Salesforce"}
HABITS: Final = HubSpotSwitches(deals_move_stages=False)
"""HubSpot leaves people where they are when a deal is won, as docs/deals.md advises: the transitions decide."""
DONE: Final = " -> ", DEAL
"""What is told of somebody's doing has one of these; the rest are marks of the ledger itself."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did: in words as ``explain`` has them, by whom (nobody: by itself), in which system, why, when."""

    what: str
    by: str
    team: str
    side: str
    reason: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Lived:
    """A story that was played: the scene, what ``explain`` told, and the folder it was kept in, if it was."""

    scene: Scene
    told: Handoffs
    config: Path | None

    @property
    def command(self) -> tuple[str, ...]:
        """What a person types to read it once more; nothing if it was not kept."""
        words = "explain", ADDRESS, "--offline"
        return () if self.config is None else ("syncd", "--config", str(self.config), *words)


def whole_story(story: Story, *, keep: Path | None = None) -> Lived:
    """Plays it and adds the scene.

    :param keep: a folder that is not there yet, for the configuration and the store, so that ``syncd explain``
        tells it afterwards (``--offline``, as the vendors are gone by then); nothing is kept if none is given.
    """
    with ExitStack() as stack:
        there = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="syncd-story-")))
        example = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="syncd-example-")))
        store = "sqlite://" if keep is None else f"sqlite:///{keep}/syncd.db"
        there.mkdir(parents=True, exist_ok=True)
        arena = open_arena(_with_packs(example), variant=None, folder=there, store=store, habits=HABITS)
        stack.callback(arena.store.close)
        life = _Life(arena)
        life.live()
        told = life.told()
        proven = life.proven()
    known = [each for each in told.happened if any(sign in each.what for sign in DONE)]
    right = sum(_alike(one, other) for one, other in zip(life.deeds, known, strict=False))
    ended = [each.state.value for each in told.episodes]
    weeks = (life.deeds[-1].at - life.deeds[0].at).days // 7
    scene = Scene(
        "One person's whole story",
        f"In {weeks} weeks of virtual time marketing handed somebody over twice: turned down with a reason, taken "
        "back, qualified again, accepted, converted, won. Three people did it, each in their own system; the win is an "
        "Opportunity that sales closed.",
        "Carried every move to the other system in the next cycle, the Opportunity as a deal with its amount, and the "
        "person's stage after the win; kept the ledger. `syncd explain` tells:",
        f"{right} of {len(life.deeds)} deeds stand there with author, team, system, reason and the vendor's time; "
        f"{len(told.episodes)} handoffs: {', then '.join(ended)}. Both systems hold one person and one deal that "
        f"is won, worth {AMOUNT:,} USD.",
        len(known) == len(life.deeds) == right and ended == ["rejected", "won"] and proven,
        tuple(_lines(told)),
    )
    story.add(scene)
    return Lived(scene, told, None if keep is None else there / "config")


class _Life:
    """The person, and those who act."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.deeds: list[Deed] = []
        hubspot, salesforce = arena.hubspot, arena.salesforce
        self.kim = hubspot.user_of(hubspot.add_owner("kim@example.com", "Kim", "Roe", teams=("Marketing",)))
        self.sam = salesforce.add_user("sam@example.com", "Sam Poe", role="SDR")
        self.ada = salesforce.add_user("ada@example.com", "Ada Moe", role="Account Executive")
        come_to_rest(arena)
        self.world: World = arena.start()[0]
        self.contact = ""

    def live(self) -> None:
        """Everything that happens to her, in order."""
        hubspot, salesforce = self.arena.hubspot, self.arena.salesforce
        person = {"email": ADDRESS, "firstname": "Maria", "lastname": "Silva", "company": "Acme Works"}
        self._marketing_moves("new", "lead")
        self.contact = hubspot.create("contacts", {**person, "lifecyclestage": "lead"}, by=self.kim)
        self._cycle(1 * DAYS)
        self._qualified()
        lead = self._counterpart()
        self._cycle(2 * HOURS)
        self._sales_does("mql -> disqualified", "sam", "timing")
        no = {"Status": "Closed - Not Converted", "Stage_Reason__c": "Timing"}
        salesforce.edit("Lead", lead, no, by=self.sam)
        self._cycle(14 * DAYS)
        self._marketing_moves("disqualified", "lead")
        back = {"lifecyclestage": "lead", "hs_lead_status": "", "stage_reason": ""}
        hubspot.edit("contacts", self.contact, back, by=self.kim)
        self._cycle(7 * DAYS)
        self._qualified()
        self._cycle(1 * HOURS)
        self._sales_does("mql -> sql", "sam")
        salesforce.edit("Lead", lead, {"Status": "Working - Contacted"}, by=self.sam)
        self._cycle(3 * DAYS)
        self._sales_does("sql -> opportunity", "ada")
        _, _, sale = salesforce.convert(lead, status="Closed - Converted", opportunity=SALE, by=self.ada)
        assert sale is not None, "a name was given for it"
        self._by_itself("deal open")
        self._cycle(2 * DAYS)
        self._by_itself(f"deal open, {AMOUNT:,.2f} USD")
        offer = {"Amount": AMOUNT, "StageName": "Proposal/Price Quote"}
        salesforce.edit("Opportunity", sale, offer, by=self.ada)
        self._cycle(18 * DAYS)
        self._sales_does(f"deal won, {AMOUNT:,.2f} USD", "ada")
        self._by_itself("opportunity -> customer", team="system", side="crm")
        salesforce.edit("Opportunity", sale, {"StageName": "Closed Won"}, by=self.ada)
        self._cycle(0.0)

    def told(self) -> Handoffs:
        """What ``explain`` tells of it."""
        make_ready(self.world)
        (hit,) = find_hits(self.world, ADDRESS)
        told = explain(self.world, hit).handoffs
        assert told is not None, "the example keeps a ledger"
        return told

    def proven(self) -> bool:
        """Whether both vendors hold what came of it, and nothing twice."""
        marketing, crm = self.arena.hubspot.export(), self.arena.salesforce.export()
        (contact,), (deal,) = marketing["contacts"], marketing["deals"]
        (person,), (account,), (sale,) = crm["Contact"], crm["Account"], crm["Opportunity"]
        shown = contact["properties"]["lifecyclestage"], deal["properties"]["dealstage"]
        linked = contact["properties"]["syncd_crm_id"], deal["properties"]["syncd_crm_id"]
        return bool(
            shown == ("customer", "closedwon")
            and linked == (person["Id"], sale["Id"])
            and float(deal["properties"]["amount"]) == AMOUNT
            and [each["id"] for each in deal["associations"]["contacts"]] == [contact["id"]]
            and person["AccountId"] == account["Id"] == sale["AccountId"]
        )

    # -- inside ------------------------------------------------------------------------------------------------------
    def _qualified(self) -> None:
        self._marketing_moves("lead", "mql")
        qualified = {"lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "NEW"}
        self.arena.hubspot.edit("contacts", self.contact, qualified, by=self.kim)
        self._cycle(0.0)

    def _marketing_moves(self, start: str, stage: str) -> None:
        now = self.arena.clock.now()
        self.deeds.append(Deed(f"{start} -> {stage}", "kim@example.com", "marketing", "marketing", "", now))

    def _sales_does(self, what: str, who: str, reason: str = "") -> None:
        now = self.arena.clock.now()
        self.deeds.append(Deed(what, f"{who}@example.com", "sales", "crm", reason, now))

    def _by_itself(self, what: str, *, team: str = "", side: str = "") -> None:
        self.deeds.append(Deed(what, "", team, side, "", self.arena.clock.now()))

    def _cycle(self, later: float) -> None:
        """The polls in which what was done arrives, and then so much time passes."""
        for _ in range(3):
            self.arena.clock.advance(POLL)
            sync(self.world, steady=True)
            for request in asked_for(self.world.store):  # what a pause of weeks has left to be compared
                carry_on(self.world, request, Met(), leave_off=lambda: False)
        self.arena.clock.advance(later)

    def _counterpart(self) -> str:
        rows: list[dict[str, Any]] = self.arena.hubspot.export()["contacts"]
        return next(str(row["properties"]["syncd_crm_id"]) for row in rows if row["id"] == self.contact)


def _alike(deed: Deed, told: Happening) -> bool:
    """Whether what is told is what was done; Salesforce tells whole seconds."""
    same = (deed.what, deed.by, deed.team, deed.side, deed.reason) == (
        told.what, told.by, told.team, told.side, told.reason,
    )  # fmt: skip
    return same and abs(deed.at - told.at) < timedelta(seconds=2)


def _lines(told: Handoffs) -> list[str]:
    """The story, a line each."""
    lines = []
    for each in told.happened:
        who = f" by {each.by}" if each.by else ""
        team = f" ({each.team})" if each.team else ""
        where = f" in {VENDORS[each.side]}" if each.side else ""
        why = f": {each.reason}" if each.reason else ""
        lines.append(f"{each.at:%d %b %H:%M}  cycle {each.cycle or '-'}  {each.what}{who}{team}{where}{why}")
    return lines


def _with_packs(folder: Path) -> Path:
    """The example configuration with its packs, as its users switch them on."""
    config = folder / "config"
    shutil.copytree(ROOT / "config", config, ignore=shutil.ignore_patterns("optional", "funnel"))
    for pack in PACKS:
        shutil.copytree(ROOT / "config" / "optional" / pack, config, dirs_exist_ok=True)
    return config
