"""What a demo tells: scenes of three lines, figures at the end, and the pairs of records that play in scenes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from syncd.lab.stage import Stage


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene: what happened, what syncd did, and the proof, which ``holds`` or does not; and ``lines`` to show."""

    title: str
    happened: str
    did: str
    proof: str
    holds: bool
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Couple:
    """A contact and its Lead, as both exports hold them: ids and values by vendor name."""

    contact: str
    lead: str
    properties: Mapping[str, Any]
    fields: Mapping[str, Any]


@dataclass(slots=True)
class Story:
    """All scenes so far, who has played in one already, and the figures of the end."""

    scenes: list[Scene] = field(default_factory=list)
    cast: set[str] = field(default_factory=set)
    figures: dict[str, str] = field(default_factory=dict)

    def add(self, scene: Scene) -> Scene:
        """One more scene."""
        self.scenes.append(scene)
        return scene

    @property
    def holds(self) -> bool:
        """Whether every proof holds."""
        return all(scene.holds for scene in self.scenes)


def couples(stage: Stage) -> list[Couple]:
    """All contacts and Leads that point to each other, in id order, with nothing that waits for a person."""
    marketing, crm = stage.exports()
    held = {ref.id for conflict in stage.world.store.conflicts() for _, ref in conflict.refs}
    held |= {parked.ref.id for parked in stage.world.store.parked()}
    leads = {row["Id"]: row for row in crm["Lead"] if not row["IsDeleted"] and not row["IsConverted"]}
    return [
        Couple(row["id"], lead["Id"], row["properties"], lead)
        for row in marketing["contacts"]
        if not row["archived"]
        and (lead := leads.get(row["properties"].get("syncd_crm_id"))) is not None
        and lead["Syncd_Marketing_Id__c"] == row["id"]
        and not {row["id"], lead["Id"]} & held
    ]


def pick(stage: Stage, story: Story, *, needs: Sequence[str], wants: Mapping[str, Any]) -> Couple:
    """The first couple that has played in no scene, whose contact has the properties and whose Lead the values.

    :raises LookupError: if there is none, which only a very small population can bring about.
    """
    for couple in couples(stage):
        fits = all(couple.properties.get(name) for name in needs)
        if fits and couple.contact not in story.cast and all(couple.fields[name] == wants[name] for name in wants):
            story.cast.add(couple.contact)
            return couple
    raise LookupError("no pair of a contact and a Lead is left for this scene; take more people")


def look(stage: Stage, couple: Couple) -> Couple:
    """The same couple as it stands now."""
    marketing, crm = stage.exports()
    properties = next(row["properties"] for row in marketing["contacts"] if row["id"] == couple.contact)
    fields = next(row for row in crm["Lead"] if row["Id"] == couple.lead)
    return Couple(couple.contact, couple.lead, properties, fields)


def partners(stage: Stage) -> dict[tuple[str, str], str]:
    """For both sides the id of the record that each linked one points to."""
    return dict(_partners(stage))


def _partners(stage: Stage) -> Iterator[tuple[tuple[str, str], str]]:
    marketing, crm = stage.exports()
    alive = {
        row["Id"]: row["Syncd_Marketing_Id__c"]
        for name in ("Lead", "Contact")
        for row in crm[name]
        if not row["IsDeleted"] and not row.get("IsConverted")
    }
    for row in marketing["contacts"]:
        other = row["properties"].get("syncd_crm_id")
        if not row["archived"] and other and alive.get(other) == row["id"]:
            yield ("marketing", row["id"]), other
            yield ("crm", other), row["id"]
