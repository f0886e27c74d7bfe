"""Personas and grades of the linked people as they stand, by two configurations.

Each is computed from what both sides last confirmed, by either configuration's own mapping, at one moment. Values that
the changed mapping needs and nobody ever read have no answer: the person is counted as in doubt, not as changed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from syncd.core.normalize import Lens
from syncd.core.rating import Profiles
from syncd.core.replay_profiles import standing_values
from syncd.core.replay_values import counterparts, reads_as
from syncd.model.link import LinkState
from syncd.model.values import SIDES, Canonical, Instant, Pair
from syncd.ports.store import Store

PERSON: Final = "person"
LISTED: Final = 1_000
LOT: Final = 500
NOBODY: Final = "(none)"
"""What somebody without a persona or a grade is called."""
DOUBT: Final = "(in doubt)"


@dataclass(slots=True)
class ProfileTally:
    """``people`` are those who were looked at. ``personas`` and ``grades`` count them by what they are and would be."""

    people: int = 0
    personas: Counter[tuple[str, str]] = field(default_factory=Counter)
    grades: Counter[tuple[str, str]] = field(default_factory=Counter)
    links: dict[tuple[str, str, str], dict[str, None]] = field(default_factory=lambda: defaultdict(dict))

    @property
    def differs(self) -> bool:
        """Whether anybody would have been another."""
        return any(was != now for each in (self.personas, self.grades) for was, now in each)

    def add(self, what: str, link: str, was: str, now: str) -> None:
        """Counts one person. :param what: ``persona`` or ``grade``."""
        (self.personas if what == "persona" else self.grades)[was, now] += 1
        links = self.links[what, was, now]
        if was != now and len(links) < LISTED:
            links[link] = None


def profiles_apart(
    store: Store,
    old: Mapping[str, Lens],
    new: Mapping[str, Lens],
    profiles: Pair[Profiles],
    *,
    now: Instant,
    told: ProfileTally,
) -> None:
    """Counts persona and grade of every linked person by both configurations.

    :param profiles: those of the configuration in use, and the changed ones.
    """
    in_use, changed = profiles
    if PERSON not in old or PERSON not in new or not (in_use.declared or changed.declared):
        return
    matching = alike(old[PERSON], new[PERSON])
    own = {each.name: each.name for each in old[PERSON].kind.fields}
    last = ""
    while links := store.links_after(PERSON, last, LOT):
        last = links[-1].id
        for linked in store.by_link([link.id for link in links if link.state is LinkState.LIVE]).values():
            if linked.base is None:
                continue
            objects = linked.link.refs.map(lambda ref: ref.object)
            told.people += 1
            was, would = (
                _named(each, *standing_values(lenses[PERSON], objects, linked.base, agreed), now)
                for each, lenses, agreed in ((in_use, old, own), (changed, new, matching))
            )
            told.add("persona", linked.link.id, was[0], would[0])
            told.add("grade", linked.link.id, was[1], would[1])


def _named(
    profiles: Profiles, values: Mapping[str, Canonical], unsettled: Mapping[str, str], now: Instant
) -> tuple[str, str]:
    """Persona and grade; in doubt where one hangs on a value that is not known."""
    profile = profiles.of(values, now, unsettled=unsettled)
    persona, rated = NOBODY, NOBODY
    if profile.persona is not None:
        asked = any(_hangs(doubt.reason, unsettled) for doubt in profile.persona.doubts)
        persona = DOUBT if asked else profile.persona.key or NOBODY
    if profile.rated is not None:
        asked = any(
            _hangs(doubt, unsettled) for doubt in (profile.rated.reason, *(p.doubt for p in profile.rated.parts))
        )
        rated = DOUBT if asked else profile.rated.grade or NOBODY
    return persona, rated


def _hangs(doubt: str, unsettled: Mapping[str, str]) -> bool:
    """Whether an answer is lacking since a value is not known, and not since it is empty."""
    return any(doubt.startswith(f"{name} {why}") or f"; {name} {why}" in doubt for name, why in unsettled.items())


def alike(old: Lens, new: Lens) -> dict[str, str]:
    """Fields of the changed mapping that read as those in use do, and what they are called there."""
    found: dict[str, str] = {}
    matched = counterparts(old.kind, new.kind)
    for each in old.kind.fields:
        other = matched.get(each.name)
        if other is not None and all(
            (each.slots.of(side), reads_as(each, side)) == (other.slots.of(side), reads_as(other, side))
            for side in SIDES
        ):
            found[other.name] = each.name
    return found
