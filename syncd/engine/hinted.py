"""What webhooks told of, taken into one cycle: which ids are read, and which need not be.

A hint is no truth. Whoever is known in the version that it tells of, or was seen in it by this cycle's stream, is not
read. What is read costs at most ``World.hinted`` calls of the marketing side's API in a cycle, whoever sent the hints:

* Records of live links are read 100 a call, the longest waiting first.
* Strangers, who are no record of a live link, are few in a cycle. An id that is nowhere costs a call of its own, and
  ids can be made up; a real new record is found by the poll as well. One that is nowhere is nothing to us.

Hints that found no room wait for the next cycle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from syncd.model.hint import Noted
from syncd.model.link import VERSION, Linked, LinkState
from syncd.model.remote import RemoteRecord, RemoteRef
from syncd.model.values import Side

IN_A_CALL: Final = 100
LOOKED_THROUGH: Final = 4_000
"""So many hints are held against what is known in one cycle; that costs the store alone."""


@dataclass(slots=True)
class Taken:
    """What becomes of the hints of a cycle: ids to read, and all that are dealt with once it is settled."""

    live: list[RemoteRef] = field(default_factory=list)
    strangers: list[RemoteRef] = field(default_factory=list)
    done: list[Noted] = field(default_factory=list)


def take(
    waiting: Sequence[Noted],
    linked: Mapping[RemoteRef, Linked],
    seen: Mapping[RemoteRef, RemoteRecord],
    *,
    calls: int,
) -> Taken:
    """Sorts hints, those first that wait longest.

    :param linked: what is known of those that are linked. :param seen: records that this cycle's stream showed.
    :param calls: calls that reading may cost.
    """
    taken = Taken()
    half = calls // 2
    few = max(1, half - 2 * -(-half // IN_A_CALL))  # a read, one in the bin, and then one for each that is in neither
    many = IN_A_CALL * (calls - half)
    for each in waiting:
        ref, found = each.hint.ref, linked.get(each.hint.ref)
        if (found is not None and found.link.state is LinkState.FORGOTTEN) or _is_known(each, found, seen.get(ref)):
            taken.done.append(each)
        elif found is not None and found.link.state is LinkState.LIVE:
            if len(taken.live) < many:
                taken.live.append(ref)
                taken.done.append(each)
        elif len(taken.strangers) < few:
            taken.strangers.append(ref)
            taken.done.append(each)
    return taken


def _is_known(each: Noted, found: Linked | None, seen: RemoteRecord | None) -> bool:
    told = each.hint.version
    if told is None:
        return False
    if seen is not None and seen.version >= told:
        return True
    known = found.base.confirmed.of(Side.MARKETING).get(VERSION) if found is not None and found.base else None
    return isinstance(known, str) and known >= told
