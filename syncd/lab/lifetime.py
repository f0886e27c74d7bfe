"""The scene of one person's whole story as ``explain`` tells it: turned down, come back, accepted, converted, won.

It plays in a world of its own, weeks long in virtual time, over the example configuration with one field more, which
holds the reasons. Kim works in marketing, Sam qualifies and Ada closes; each acts under their own name in the system
where they work. The proof compares what ``explain`` tells with what the scene itself had them do.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from syncd.engine.cycle import sync
from syncd.engine.world import World, make_ready
from syncd.lab.arena import Arena, open_arena
from syncd.lab.founding import come_to_rest
from syncd.lab.story import Scene, Story
from syncd.model.values import Instant
from syncd.operations.explain import explain
from syncd.operations.finding import find_hits
from syncd.operations.handoffs import Handoffs

ROOT: Final = Path(__file__).resolve().parent.parent.parent
POLL: Final = 30.0
HOURS: Final = 3600.0
DAYS: Final = 24 * HOURS
REASON: Final = "stage_reason"
VENDORS: Final = {"marketing": "HubSpot", "crm": "Salesforce"}


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did: the stage a person came into, by whom, in which system, why and when."""

    stage: str
    by: str
    side: str
    reason: str
    at: Instant


def whole_story(story: Story) -> None:
    """Plays it and adds the scene."""
    with tempfile.TemporaryDirectory(prefix="syncd-story-") as folder:
        arena = open_arena(_with_reasons(Path(folder)), variant=None, folder=Path(folder) / "played")
    life = _Life(arena)
    life.live()
    told = life.told()
    moves = [each for each in told.happened if " -> " in each.what]
    known = [Deed(each.what.partition(" -> ")[2], each.by, each.side, each.reason, each.at) for each in moves]
    right = sum(_alike(one, other) for one, other in zip(life.deeds, known, strict=False))
    whole = len(known) == len(life.deeds) == right
    weeks = (life.deeds[-1].at - life.deeds[0].at).days // 7
    story.add(
        Scene(
            "One person's whole story",
            f"In {weeks} weeks of virtual time marketing handed somebody over twice: turned down with a reason, taken "
            "up again, accepted, converted, won. Three people did it, each in their own system.",
            "Carried every move to the other system in the next cycle and kept the ledger; `syncd explain` tells:",
            f"{right} of {len(life.deeds)} deeds stand there with stage, author, system, reason and the vendor's time; "
            f"{len(told.episodes)} handoffs: {', then '.join(each.state for each in told.episodes)}.",
            whole and [each.state for each in told.episodes] == ["rejected", "won"],
            tuple(_lines(told)),
        )
    )


class _Life:
    """The person, and those who act."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.deeds: list[Deed] = []
        hubspot, salesforce = arena.hubspot, arena.salesforce
        self.kim = hubspot.user_of(hubspot.add_owner("kim@example.com", "Kim", "Roe", teams=("Marketing",)))
        self.sam = salesforce.add_user("sam@example.com", "Sam Poe", role="SDR")
        ada = hubspot.add_owner("ada@example.com", "Ada", "Moe", teams=("Account Executive",))
        self.ada = hubspot.user_of(ada), salesforce.add_user("ada@example.com", "Ada Moe", role="Account Executive")
        come_to_rest(arena)
        self.world: World = arena.start()[0]
        self.contact = self.lead = ""

    def live(self) -> None:
        """Everything that happens to her, in order."""
        hubspot, salesforce = self.arena.hubspot, self.arena.salesforce
        address = {"email": "maria@acme-works.com", "firstname": "Maria", "lastname": "Silva", "company": "Acme Works"}
        self._done("lead", "kim", "marketing")
        self.contact = hubspot.create("contacts", {**address, "lifecyclestage": "lead"}, by=self.kim)
        self._cycle(1 * DAYS)
        self._qualified()
        self.lead = self._crm_id()
        self._cycle(2 * HOURS)
        self._done("disqualified", "sam", "crm", "timing")
        fields = {"Status": "Closed - Not Converted", "Stage_Reason__c": "timing"}
        salesforce.edit("Lead", self.lead, fields, by=self.sam)
        self._cycle(14 * DAYS)
        hubspot.edit("contacts", self.contact, {REASON: ""}, by=self.kim)
        self._cycle(60.0)
        self._qualified()
        self._cycle(1 * HOURS)
        self._done("sql", "sam", "crm")
        salesforce.edit("Lead", self.lead, {"Status": "Working - Contacted"}, by=self.sam)
        self._cycle(3 * DAYS)
        self._done("opportunity", "ada", "crm")
        salesforce.convert(self.lead, status="Closed - Converted", opportunity="Acme Works", by=self.ada[1])
        self._cycle(20 * DAYS)
        self._done("customer", "ada", "marketing")
        hubspot.edit("contacts", self.contact, {"lifecyclestage": "customer"}, by=self.ada[0])
        self._cycle(0.0)

    def told(self) -> Handoffs:
        """What ``explain`` tells of it."""
        make_ready(self.world)
        (hit,) = find_hits(self.world, f"marketing:contacts/{self.contact}")
        told = explain(self.world, hit).handoffs
        assert told is not None, "the example keeps a ledger"
        return told

    def _qualified(self) -> None:
        self._done("mql", "kim", "marketing")
        qualified = {"lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "NEW"}
        self.arena.hubspot.edit("contacts", self.contact, qualified, by=self.kim)
        self._cycle(0.0)

    def _done(self, stage: str, who: str, side: str, reason: str = "") -> None:
        self.deeds.append(Deed(stage, f"{who}@example.com", side, reason, self.arena.clock.now()))

    def _cycle(self, later: float) -> None:
        """The polls in which what was done arrives, and then so much time passes."""
        for _ in range(2):
            self.arena.clock.advance(POLL)
            sync(self.world, steady=True)
        self.arena.clock.advance(later)

    def _crm_id(self) -> str:
        rows = self.arena.hubspot.export()["contacts"]
        return next(str(row["properties"]["syncd_crm_id"]) for row in rows if row["id"] == self.contact)


def _alike(deed: Deed, told: Deed) -> bool:
    """Whether what is told is what was done; Salesforce tells whole seconds."""
    same = (deed.stage, deed.by, deed.side, deed.reason) == (told.stage, told.by, told.side, told.reason)
    return same and abs(deed.at - told.at) < timedelta(seconds=2)


def _lines(told: Handoffs) -> list[str]:
    """The story, a line each."""
    lines = []
    for each in told.happened:
        who = f" by {each.by} ({each.team}) in {VENDORS[each.side]}" if each.by else ""
        why = f": {each.reason}" if each.reason else ""
        lines.append(f"{each.at:%d %b %H:%M}  cycle {each.cycle}  {each.what}{who}{why}")
    return lines


def _with_reasons(folder: Path) -> Path:
    """The example configuration, with a field on both sides that holds the reasons."""
    config = folder / "config"
    config.mkdir()
    for path in sorted((ROOT / "config").rglob("*.yaml")):
        where = config / path.relative_to(ROOT / "config")
        if "optional" in where.parts or "funnel" in where.parts:
            continue
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(path.read_bytes())
    lifecycle = _edited(config / "lifecycle.yaml", {"reason_field": REASON})
    keys = [key for reasons in lifecycle["reasons"].values() for key in reasons]
    mapped = {
        "type": "enum",
        "marketing": REASON,
        "crm": {"Lead": "Stage_Reason__c"},
        "policy": "crm",
        "clear": "both",
        "values": {key: {"marketing": key, "crm": key} for key in keys},
    }
    person = config / "schema" / "person.yaml"
    tree = yaml.safe_load(person.read_text(encoding="utf-8"))
    _edited(person, {"fields": {**tree["fields"], REASON: mapped}})
    return config


def _edited(path: Path, more: dict[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")) | more
    path.write_text(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return tree
