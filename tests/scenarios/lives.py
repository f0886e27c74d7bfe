"""One person's life on both sides, played happening by happening, and the judge of what syncd wrote meanwhile.

The judge knows transitions from the file and what is written from the vendors' own logs, and none of syncd's code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from sandbox.faults.arming import arm
from sandbox.hubspot.history import Source
from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.hubspot.limits import HubSpotLimits
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.kernel import NothingToHit
from sandbox.salesforce.definitions import picklist
from sandbox.salesforce.kernel import SalesforceKernel
from sandbox.salesforce.standard_setup import LEAD_STATUSES
from syncd.engine.cycle import sync
from syncd.model.episode import Moved
from syncd.model.errors import SyncdError
from syncd.model.run import RunState
from syncd.settings.accounts import ConnectionSettings
from syncd.store import open_store
from tests.fakes import FakeChance, FakeClock
from tests.scenarios.steps import HOUR, Steps
from tests.scenarios.stories import (
    CALLS,
    CONTACT_STAGE,
    CONVERTED,
    CRM,
    MARKETING,
    REMEMBERED,
    ROLES,
    STATES,
    Convert,
    Cycle,
    Deal,
    Edit,
    Happening,
    Killed,
    dying,
)
from tests.worlds import SALESFORCE, Both, open_world

_SAYS = {**{text: stage for stage, text in CRM.items()}, CONVERTED: "opportunity"}


@dataclass
class Story:
    """One person on both sides, what people did to her since both last showed one stage, and what syncd wrote."""

    steps: Steps
    settings: ConnectionSettings
    edges: set[tuple[str, str, str]]
    contact: str = ""
    lead: str = ""
    converted: str = ""
    account: str = ""
    deals: dict[str, str] = field(default_factory=dict)
    lately: dict[str, int] = field(default_factory=dict)
    reached: set[str] = field(default_factory=set)
    users: dict[str, tuple[str, str]] = field(default_factory=dict)

    def begin(self) -> None:
        """An MQL that both sides show."""
        both = self.steps.both
        both.salesforce.set_lead_statuses([*LEAD_STATUSES, {"MasterLabel": CRM["lead"]}])
        words = [*CRM.values(), CONVERTED]
        both.salesforce.add_field("Contact", picklist(CONTACT_STAGE, "Stage", words, custom=True))
        both.salesforce.track_fields("Contact", [CONTACT_STAGE])
        for role in ("Marketing", "SDR", "Facilities"):
            self.users[role] = self.steps.marketer(role), self.steps.seller(role)
        stage, status = MARKETING["mql"]
        address = {"email": "ann@acme-works.com", "company": "Acme", "firstname": "Ann"}
        self.contact = self.steps.contact(**address, lifecyclestage=stage, hs_lead_status=status)
        self.lead = self.steps.lead(Email="ann@acme-works.com", FirstName="Ann", Status=CRM["mql"])
        self.steps.cycle()
        assert not self.steps.conflicts()
        self.reached = {"mql"}

    # -- what happens --------------------------------------------------------------------------------------------------
    def edit(self, edit: Edit) -> None:
        """Somebody moves her."""
        both = self.steps.both
        both.clock.advance(60.0)
        if edit.stage == self.shows()[0 if edit.side == "marketing" else 1]:
            return
        if edit.side == "crm" and self.converted:
            if not self.on_contacts:
                return
            by = self.users[edit.role][1]
            self.steps.sell(self.converted, object_name="Contact", by=by, **{CONTACT_STAGE: CRM[edit.stage]})
        elif edit.side == "crm":
            self.steps.sell(self.lead, by=self.users[edit.role][1], Status=CRM[edit.stage])
        else:
            stage, status = MARKETING[edit.stage]
            now = {"hs_lead_status": status} if edit.stage == "disqualified" else {
                "lifecyclestage": stage, "hs_lead_status": status,
            }  # fmt: skip
            if edit.role == "workflow":
                portal = both.hubspot.portal
                store = portal.store("contacts")
                portal.update(store, store.records[int(self.contact)], now, source=Source("WORKFLOWS", "9"))
            else:
                self.steps.market(self.contact, by=self.users[edit.role][0], **now)
        self.moved(edit.stage, ROLES[edit.role])

    def convert(self, happening: Convert) -> None:
        """A Contact and an Account are made of the Lead; its last status counts for whoever converted it."""
        if self.converted:
            return
        both = self.steps.both
        both.clock.advance(60.0)
        name = "Big one" if happening.opportunity else None
        by = self.users[happening.role][1]
        found = both.salesforce.convert(self.lead, status=CONVERTED, opportunity=name, by=by)
        self.converted, self.account = found[:2]
        self.moved("opportunity", ROLES[happening.role])
        if found[2] is not None:
            self.deals[found[2]] = "open"
            self.called("open")

    def deal(self, happening: Deal) -> None:
        """An Opportunity comes to be in a state."""
        if not self.converted:
            return
        both = self.steps.both
        both.clock.advance(60.0)
        stage = STATES[happening.state]
        if happening.another or not self.deals:
            fields = {"Name": f"Deal {len(self.deals)}", "StageName": stage, "CloseDate": "2026-03-31"}
            made = both.salesforce.insert("Opportunity", {**fields, "AccountId": self.account})
            role = {"OpportunityId": made, "ContactId": self.converted, "IsPrimary": True}
            both.salesforce.insert("OpportunityContactRole", role)
        else:
            made = list(self.deals)[-1]
            self.steps.sell(made, object_name="Opportunity", StageName=stage)
        self.deals[made] = happening.state
        self.called(happening.state)

    def moved(self, stage: str, team: str) -> None:
        """A move that somebody made may lead on from wherever she may be."""
        self.reached |= {stage for start in self.reached if (start, stage, team) in self.edges}
        self.call()

    def called(self, state: str) -> None:
        """What a deal calls for may be carried out in one of the next cycles."""
        self.lately[state] = REMEMBERED
        self.call()

    def call(self) -> None:
        """Whatever happens to one deal, the best of all of them decides, each as it stands or stood lately."""
        wanted = {CALLS[state] for state in (*self.lately, *self.deals.values())} if self.lately else set()
        while more := {
            stage for stage in wanted - self.reached for start in self.reached if (start, stage, "system") in self.edges
        }:
            self.reached |= more

    def cycle(self, cycle: Cycle) -> None:
        """One cycle, and what it wrote is judged."""
        both = self.steps.both
        both.clock.advance(HOUR)
        self.alike()
        mark = both.clock.now()
        kernels = {"hubspot": both.hubspot, "salesforce": both.salesforce}
        whole = cycle.fault is None
        if cycle.fault is not None:
            with suppress(NothingToHit):
                arm(kernels[cycle.fault[0]], cycle.fault[1], times=2)
        try:
            with dying(list(kernels.values()), cycle):
                whole = sync(both.world).run.state is RunState.DONE and whole
        except SyncdError:
            whole = False
        except Killed:
            whole = False
            world = open_world(both.hubspot, both.salesforce, both.clock, both.store, self.settings)
            self.steps = Steps(replace(both, world=world))
        for kernel in kernels.values():
            kernel.faults.clear()
        both.clock.advance(30.0)  # what comes late has come
        both.hubspot.export()
        both.salesforce.export()
        for side, stage in self.written(mark):
            assert stage in self.reached, f"{stage} was written on the {side} side; declared are {self.reached}"
        agreed, crm_ref = self.booked()
        marketing, crm = self.shows()
        if self.converted and not self.on_contacts:  # then no stage is shown there, and the agreed one stands for it
            crm = agreed if crm_ref == self.converted else None
        if marketing == crm and crm is not None:  # only a whole cycle is sure to know it
            self.reached = {crm} if whole else self.reached | {crm}
        if whole:
            self.lately = {state: left - 1 for state, left in self.lately.items() if left > 1}
        self.call()

    def alike(self) -> None:
        """What both sides show is agreed on, whoever may have brought her there: syncd has not. A Lead that was
        converted shows its last status for as long as nobody decided about it.
        """
        marketing, crm = self.shows()
        if marketing is not None and (marketing == crm or (self.converted and marketing == "opportunity")):
            self.reached.add(marketing)
            self.call()

    def booked(self) -> tuple[str | None, str]:
        """The stage that both agreed on last, which is one that she may be in and the last that the ledger heard of;
        and whom the link names in the CRM.
        """
        store = self.steps.both.store
        (link,) = store.links("person")
        base = store.by_link([link.id])[link.id].base
        moves = [event for event in store.ledger_of([link.id]) if isinstance(event, Moved)]
        if base is None:
            return None, link.refs.crm.id
        agreed = str(base.agreed["stage"])
        assert agreed in self.reached, f"{agreed} is what both agreed on; declared are {self.reached}"
        if moves:
            assert max(moves, key=lambda move: (move.cycle, move.at)).stage == agreed
        return agreed, link.refs.crm.id

    @property
    def on_contacts(self) -> bool:
        """Whether the stage stands on Contacts, too."""
        (kind,) = [each for each in self.settings.connection.kinds if each.kind == "person"]
        (stage,) = [each for each in kind.fields if each.name == "stage"]
        return "Contact" in stage.slots.crm

    # -- what stands there ---------------------------------------------------------------------------------------------
    def shows(self) -> tuple[str | None, str | None]:
        """The stage on each side now."""
        contact = (
            self.steps.marketed(self.contact, "lifecyclestage"),
            self.steps.marketed(self.contact, "hs_lead_status"),
        )
        place = (self.converted, "Contact", CONTACT_STAGE) if self.converted else (self.lead, "Lead", "Status")
        return _stage_of(*contact), _SAYS.get(str(self.steps.sold(place[0], place[2], object_name=place[1])))

    def written(self, since: Any) -> Iterator[tuple[str, str]]:
        """Each stage into which syncd has brought her since, by the vendors' own histories."""
        both = self.steps.both
        record = both.hubspot.portal.store("contacts").records[int(self.contact)]
        changes = [
            (change.at, name, change)
            for name in ("lifecyclestage", "hs_lead_status")
            for change in record.history.get(name, ())
        ]
        held: dict[str, str] = {}
        entered: list[tuple[str, str]] = []
        ms = int(since.timestamp() * 1000)
        for at in sorted({at for at, _, _ in changes}):
            before = _stage_of(held.get("lifecyclestage"), held.get("hs_lead_status"))
            here = [(name, change) for when, name, change in changes if when == at]
            held.update((name, change.value) for name, change in here)
            after = _stage_of(held.get("lifecyclestage"), held.get("hs_lead_status"))
            if at < ms or not any(change.source.kind in {"INTEGRATION", "API"} for _, change in here):
                continue
            if not held.get("lifecyclestage"):
                entered.clear()  # the first step of a move backward, which HubSpot takes in no other way
            elif after is not None and after != before:
                entered.append(("marketing", after))
        yield from entered
        org = both.salesforce.org
        for name, ref, wanted in (("Lead", self.lead, "Status"), ("Contact", self.converted, CONTACT_STAGE)):
            for row in org.schema.entities[f"{name}History"].table.by_id():
                ours = row["CreatedById"] == org.integration_user and row[f"{name}Id"] == ref
                if ours and row["Field"] == wanted and row["NewValue"] and _later(str(row["CreatedDate"]), since):
                    yield "crm", _SAYS[str(row["NewValue"])]


def _later(text: str, since: Any) -> bool:
    return text[:19] >= since.strftime("%Y-%m-%dT%H:%M:%S")


def _stage_of(lifecycle: str | None, status: str | None) -> str | None:
    """The stage of two properties, as the table of the example says."""
    if status == "UNQUALIFIED":
        return "disqualified"
    return next((stage for stage, (name, _) in MARKETING.items() if name == lifecycle), None)


def told(config: ConnectionSettings, story: Sequence[Happening]) -> Story:
    """Plays a story in a world of its own."""
    steps = Steps(_fresh(config))
    tree = yaml.safe_load((config.directory / "lifecycle.yaml").read_text(encoding="utf-8"))
    edges = {
        (start, end, team)
        for each in tree["transitions"]
        for start in _listed(each["from"])
        for end in _listed(each["to"])
        for team in _listed(each["by"])
    }
    played = Story(steps, config, edges)
    played.begin()
    for happening in (*story, Cycle(), Cycle()):
        match happening:
            case Edit():
                played.edit(happening)
            case Convert():
                played.convert(happening)
            case Deal():
                played.deal(happening)
            case Cycle():
                played.cycle(happening)
    return played


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _fresh(config: ConnectionSettings) -> Both:
    clock = FakeClock()
    limits = HubSpotLimits(rolling=100_000, search_per_second=1_000)
    hubspot = HubSpotKernel(clock=clock, seed=7, limits=limits, switches=HubSpotSwitches(deals_move_stages=False))
    salesforce = SalesforceKernel(clock=clock, seed=7, instance_url=SALESFORCE, daily_calls=1_000_000)
    store = open_store("sqlite://", config.connection.name, clock=clock, chance=FakeChance(7))
    return Both(hubspot, salesforce, clock, open_world(hubspot, salesforce, clock, store, config), store, config)
