"""Whatever people do, however often syncd dies or is not answered: nobody comes into a stage by an undeclared edge.

Judged from what the vendors' own logs say that syncd wrote, with transitions read from the file and none of syncd's
code: a stage that it wrote was the agreed one, or was reached from it by moves that somebody made on either side in
that order, each declared for a team of theirs. What it wrote and took back at once counts, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sandbox.faults.arming import arm
from sandbox.hubspot.history import Source
from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.hubspot.limits import HubSpotLimits
from sandbox.kernel import NothingToHit
from sandbox.salesforce.kernel import SalesforceKernel
from sandbox.salesforce.standard_setup import LEAD_STATUSES
from syncd.engine.cycle import sync
from syncd.model.episode import Moved
from syncd.model.errors import SyncdError
from syncd.model.lifecycle import Undeclared
from syncd.settings.accounts import ConnectionSettings
from syncd.store import open_store
from tests.fakes import FakeChance, FakeClock
from tests.scenarios.steps import HOUR, Schema, Steps, relived
from tests.worlds import SALESFORCE, Both, open_world

CRM = {"lead": "Nurturing", "mql": "Open - Not Contacted", "sql": "Working - Contacted",
       "disqualified": "Closed - Not Converted"}  # fmt: skip
MARKETING = {
    "subscriber": ("subscriber", ""), "lead": ("lead", ""), "mql": ("marketingqualifiedlead", "NEW"),
    "sql": ("salesqualifiedlead", "IN_PROGRESS"), "opportunity": ("opportunity", "OPEN_DEAL"),
    "customer": ("customer", ""), "disqualified": ("lead", "UNQUALIFIED"), "other": ("other", ""),
}  # fmt: skip
ROLES = {"Marketing": "marketing", "SDR": "sales", "Facilities": "", "workflow": "system"}
"""Who moves people, and for which team: none, or the vendor's own automation (in HubSpot alone)."""
FAULTS = [
    *(("hubspot", name) for name in ("ghost-write", "lost-request", "zombie-write", "hubspot-gateway-error")),
    *(("salesforce", name) for name in ("ghost-write", "zombie-write", "salesforce-unavailable", "row-lock")),
]


class Killed(BaseException):
    """The process ends here."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Somebody sets a stage on one side, and perhaps another field on the other."""

    side: str
    role: str
    stage: str


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle: whole, killed at its n-th call (before or after it is carried out), or with a fault of a vendor."""

    dies: int | None = None
    carried_out: bool = False
    fault: tuple[str, str] | None = None


EDITS = st.one_of(
    st.builds(Edit, st.just("crm"), st.sampled_from(["Marketing", "SDR", "Facilities"]), st.sampled_from(sorted(CRM))),
    st.builds(Edit, st.just("marketing"), st.sampled_from(sorted(ROLES)), st.sampled_from(sorted(MARKETING))),
)
CYCLES = st.builds(
    Cycle,
    dies=st.none() | st.integers(0, 12),
    carried_out=st.booleans(),
    fault=st.none() | st.sampled_from(FAULTS),
)
STORIES = st.lists(st.one_of(EDITS, EDITS, CYCLES), min_size=2, max_size=10)


class Configured:
    """One configuration for each way with undeclared moves, read once."""

    def __init__(self, folder: Path) -> None:
        self._settings: dict[Undeclared, ConnectionSettings] = {}
        for way in Undeclared:

            def change(tree: Schema, way: Undeclared = way) -> None:
                tree["undeclared"] = way.value

            both = relived(folder / way.value, change, teams=_by_role, person=_with_a_status_for_leads)
            self._settings[way] = both.settings
            both.store.close()

    def of(self, way: Undeclared) -> ConnectionSettings:
        """The configuration for one of them."""
        return self._settings[way]


def _with_a_status_for_leads(schema: Schema) -> None:
    schema["fields"]["stage"]["values"]["lead"] = {"marketing": ["lead", "*"], "crm": CRM["lead"]}


def _by_role(tree: Schema) -> None:
    tree.pop("unknown")
    for team in tree["teams"].values():
        team.pop("profiles")


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Configured:
    """All of them."""
    return Configured(tmp_path_factory.mktemp("laws"))


@dataclass
class Story:
    """One person on both sides, what people did to her since both last showed one stage, and what syncd wrote."""

    steps: Steps
    settings: ConnectionSettings
    edges: set[tuple[str, str, str]]
    contact: str = ""
    lead: str = ""
    reached: set[str] = field(default_factory=set)
    users: dict[str, tuple[str, str]] = field(default_factory=dict)

    def begin(self) -> None:
        """An MQL that both sides show."""
        both = self.steps.both
        both.salesforce.set_lead_statuses([*LEAD_STATUSES, {"MasterLabel": CRM["lead"]}])
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
        if edit.side == "crm":
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
        self.reached |= {edit.stage for start in self.reached if (start, edit.stage, ROLES[edit.role]) in self.edges}

    def cycle(self, cycle: Cycle) -> None:
        """One cycle, and what it wrote is judged."""
        both = self.steps.both
        both.clock.advance(HOUR)
        mark = both.clock.now()
        kernels = {"hubspot": both.hubspot, "salesforce": both.salesforce}
        whole = cycle.fault is None
        if cycle.fault is not None:
            with suppress(NothingToHit):
                arm(kernels[cycle.fault[0]], cycle.fault[1], times=2)
        try:
            with _dying(list(kernels.values()), cycle):
                sync(both.world)
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
        self.booked()
        marketing, crm = self.shows()
        if marketing == crm and crm is not None:  # only a whole cycle is sure to know it
            self.reached = {crm} if whole else self.reached | {crm}

    def booked(self) -> None:
        """The last move that the ledger heard of led into the stage that both agreed on last."""
        store = self.steps.both.store
        (link,) = store.links("person")
        base = store.by_link([link.id])[link.id].base
        moves = [event for event in store.ledger_of([link.id]) if isinstance(event, Moved)]
        if base is not None and moves:
            assert max(moves, key=lambda move: (move.cycle, move.at)).stage == base.agreed["stage"]

    # -- what stands there ---------------------------------------------------------------------------------------------
    def shows(self) -> tuple[str | None, str | None]:
        """The stage on each side now."""
        status = {text: stage for stage, text in CRM.items()}
        contact = (
            self.steps.marketed(self.contact, "lifecyclestage"),
            self.steps.marketed(self.contact, "hs_lead_status"),
        )
        return _stage_of(*contact), status.get(str(self.steps.sold(self.lead, "Status")))

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
        status = {text: stage for stage, text in CRM.items()}
        org = both.salesforce.org
        for row in org.schema.entities["LeadHistory"].table.by_id():
            ours = row["CreatedById"] == org.integration_user and row["LeadId"] == self.lead
            if ours and row["Field"] == "Status" and _later(str(row["CreatedDate"]), since):
                yield "crm", status[str(row["NewValue"])]


def _later(text: str, since: Any) -> bool:
    return text[:19] >= since.strftime("%Y-%m-%dT%H:%M:%S")


def _stage_of(lifecycle: str | None, status: str | None) -> str | None:
    """The stage of two properties, as the table of the example says."""
    if status == "UNQUALIFIED":
        return "disqualified"
    return next((stage for stage, (name, _) in MARKETING.items() if name == lifecycle), None)


class _dying:  # noqa: N801 - used like a function
    """Ends the process at the n-th call to either vendor."""

    def __init__(self, kernels: Sequence[Any], cycle: Cycle) -> None:
        self.kernels, self.cycle = kernels, cycle
        self.left = cycle.dies

    def __enter__(self) -> None:
        if self.left is None:
            return
        for kernel in self.kernels:
            kernel.handle = self._handle(kernel.handle)

    def _handle(self, whole: Any) -> Any:
        def handle(request: Any) -> Any:
            assert self.left is not None
            self.left -= 1
            if self.left >= 0:
                return whole(request)
            if self.cycle.carried_out and self.left == -1:
                whole(request)
            raise Killed

        return handle

    def __exit__(self, *_: object) -> None:
        for kernel in self.kernels:
            kernel.__dict__.pop("handle", None)


def told(config: ConnectionSettings, story: Sequence[Edit | Cycle]) -> Story:
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
        if isinstance(happening, Edit):
            played.edit(happening)
        else:
            played.cycle(happening)
    return played


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _fresh(config: ConnectionSettings) -> Both:
    clock = FakeClock()
    hubspot = HubSpotKernel(clock=clock, seed=7, limits=HubSpotLimits(rolling=100_000, search_per_second=1_000))
    salesforce = SalesforceKernel(clock=clock, seed=7, instance_url=SALESFORCE, daily_calls=1_000_000)
    store = open_store("sqlite://", config.connection.name, clock=clock, chance=FakeChance(7))
    return Both(hubspot, salesforce, clock, open_world(hubspot, salesforce, clock, store, config), store, config)


@settings(max_examples=40, deadline=None)
@given(way=st.sampled_from(Undeclared), story=STORIES)
@example(way=Undeclared.REVERT, story=[Edit("marketing", "Marketing", "customer"), Edit("crm", "SDR", "sql")])
@example(
    way=Undeclared.REVERT,
    story=[
        Edit("crm", "Marketing", "disqualified"), Edit("marketing", "Facilities", "lead"),
        Edit("marketing", "Facilities", "customer"), Edit("crm", "Marketing", "lead"),
    ],
)  # fmt: skip
@example(way=Undeclared.REPORT, story=[Edit("crm", "Facilities", "sql"), Cycle(dies=6, carried_out=True)])
@example(way=Undeclared.REPORT, story=[Edit("crm", "SDR", "sql"), Cycle(fault=("hubspot", "ghost-write"))])
@pytest.mark.slow
def test_nobody_is_brought_into_a_stage_by_an_undeclared_edge(
    configured: Configured, way: Undeclared, story: list[Edit | Cycle]
) -> None:
    """Edits by anybody on both sides, cycles that die or are not answered: each write of a stage is declared, and
    where the sides differ in the end a person is told.
    """
    played = told(configured.of(way), story)
    marketing, crm = played.shows()
    if marketing != crm and marketing in CRM:
        assert played.steps.conflicts() or played.steps.both.store.parked()
    played.steps.both.store.close()
