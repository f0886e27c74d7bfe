"""The words that scenarios are told in: what people do on both sides, a cycle, and what then stands where."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.hubspot.people import PERSON
from sandbox.hubspot.switches import HubSpotSwitches
from syncd.engine.cycle import Ended, sync
from syncd.model.link import Conflict, Parked
from tests.worlds import ROOT, Both, agreed, open_both

HOUR = 3600.0
Fields = dict[str, dict[str, object]]
"""The fields of one mapping file, as YAML."""
Schema = dict[str, Any]
"""One mapping file, as YAML."""


def configured(folder: Path, change: Callable[[Fields], None], *, kind: str = "person") -> Both:
    """A world over a copy of the example configuration in which ``change`` may edit the fields of one kind."""
    return remapped(folder, lambda schema: change(schema["fields"]), kind=kind)


def remapped(
    folder: Path, change: Callable[[Schema], None], *, kind: str = "person", switches: HubSpotSwitches | None = None
) -> Both:
    """A world over a copy of the example configuration in which ``change`` may edit all of one mapping file."""
    config = folder / "config"
    shutil.copytree(ROOT / "config", config)
    path = config / "schema" / f"{kind}.yaml"
    schema = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(schema)
    path.write_text(yaml.safe_dump(schema, sort_keys=False), encoding="utf-8")
    return open_both(config=config, switches=switches)


def relived(
    folder: Path,
    change: Callable[[Schema], None],
    *,
    teams: Callable[[Schema], None] = lambda _: None,
    person: Callable[[Schema], None] = lambda _: None,
) -> Both:
    """A world in which both teams have agreed (``tests/agreed``), and ``change`` may edit the lifecycle."""
    config = agreed(folder)
    for name, edit in (("lifecycle", change), ("teams", teams), ("schema/person", person)):
        path = config / f"{name}.yaml"
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
        edit(tree)
        path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return open_both(config=config)


@dataclass(frozen=True, slots=True)
class Steps:
    """One world and what can be done in it."""

    both: Both

    # -- time ----------------------------------------------------------------------------------------------------------
    def cycle(self, *, after: float = HOUR) -> Ended:
        """One cycle some time after the last one; a first link is approved."""
        self.both.clock.advance(after)
        ended = sync(self.both.world)
        if ended.needs_approval:
            assert ended.plan is not None
            ended = sync(self.both.world, approve=ended.plan.digest)
        return ended

    def counts(self) -> Mapping[str, int]:
        """What one more cycle did."""
        return self.cycle().run.counts

    def quiet(self) -> None:
        """One more cycle, and a full one, write nothing to anybody."""
        for full in (False, True):
            before = self.written()
            self.both.clock.advance(HOUR)
            ended = sync(self.both.world, full=full)
            assert not ended.run.counts, f"not quiet: {dict(ended.run.counts)}"
            assert self.written() == before

    def written(self) -> int:
        """Calls so far that wrote anything to either vendor."""
        return sum(
            1
            for kernel in (self.both.hubspot, self.both.salesforce)
            for call in kernel.calls
            if call.written or call.created
        )

    # -- marketing -----------------------------------------------------------------------------------------------------
    def contact(self, **properties: str) -> str:
        """A contact that a person makes; qualified, so that a Lead is made of it."""
        made = {"lastname": "Doe", "lifecyclestage": "marketingqualifiedlead", "hs_lead_status": "NEW", **properties}
        return self.both.hubspot.create("contacts", made)

    def market(self, id_: str, *, object_name: str = "contacts", by: str = PERSON, **properties: str) -> None:
        """Somebody edits a record in HubSpot; if nobody else is named, a user whom HubSpot does not list."""
        self.both.hubspot.edit(object_name, id_, properties, by=by)

    def marketer(self, *teams: str) -> str:
        """A HubSpot user of these teams, to edit ``by``."""
        hubspot = self.both.hubspot
        name = f"{len(hubspot.portal.owners)}.{'.'.join(teams) or 'none'}".replace(" ", "-").lower()
        return hubspot.user_of(hubspot.add_owner(f"{name}@example.com", "U", name, teams=teams))

    def marketed(self, id_: str, name: str, *, object_name: str = "contacts") -> str | None:
        """What HubSpot holds now; an empty text is no value."""
        row = next(row for row in self.both.hubspot.export()[object_name] if row["id"] == id_)
        value = row["properties"].get(name)
        return str(value) if value not in (None, "") else None

    # -- sales ---------------------------------------------------------------------------------------------------------
    def lead(self, **fields: object) -> str:
        """A Lead that a person makes."""
        return self.both.salesforce.insert("Lead", {"LastName": "Doe", "Company": "Acme", **fields})

    def sell(self, id_: str, *, object_name: str = "Lead", by: str | None = None, **fields: object) -> None:
        """Somebody edits a record in Salesforce; if nobody else is named, its administrator."""
        self.both.salesforce.edit(object_name, id_, fields, by=by)

    def seller(self, role: str | None = None) -> str:
        """A Salesforce user with a role, to edit ``by``; the profile is Standard User."""
        salesforce = self.both.salesforce
        name = f"{len(salesforce.org.schema.entities['User'].table.rows)}.{role or 'none'}".replace(" ", "-").lower()
        return salesforce.add_user(f"{name}@example.com", f"U {name}", role=role)

    def sold(self, id_: str, name: str, *, object_name: str = "Lead") -> object:
        """What Salesforce holds now."""
        return next(row for row in self.both.salesforce.export()[object_name] if row["Id"] == id_)[name]

    def live(self, object_name: str) -> list[dict[str, object]]:
        """Rows of one object that are not in the recycle bin."""
        return [row for row in self.both.salesforce.export()[object_name] if not row["IsDeleted"]]

    def contacts(self) -> list[str]:
        """Ids of the contacts that are not in the recycle bin."""
        return [row["id"] for row in self.both.hubspot.export()["contacts"] if not row["archived"]]

    # -- both ----------------------------------------------------------------------------------------------------------
    def pair(self, **properties: str) -> tuple[str, str]:
        """A contact and the Lead that a first cycle makes of it."""
        contact = self.contact(**{"email": "ann@example.com", "company": "Acme", **properties})
        self.cycle()
        lead = self.marketed(contact, "syncd_crm_id")
        assert lead is not None, "the contact was not linked"
        return contact, lead

    def conflicts(self) -> Sequence[Conflict]:
        """What waits for a person."""
        return self.both.store.conflicts()

    def conflict(self) -> Conflict:
        """The one conflict there is."""
        (found,) = self.conflicts()
        return found

    def resolve(self, resolution: str) -> None:
        """A person decides the one conflict there is."""
        assert self.both.store.resolve_conflict(self.conflict().id, resolution)


def parked(steps: Steps) -> Parked:
    """The one parked field."""
    (row,) = steps.both.store.parked()
    return row
