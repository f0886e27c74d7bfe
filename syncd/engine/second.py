"""Opt-outs on the second CRM record of somebody who is a Lead and a Contact at once.

A second record is one without a live link of its own that shares an e-mail address with somebody who is linked: passed
over by ``several``, set apart by a person, still in question, or what is left of a tombstone. Of all it tells the
opt-outs alone count, since consent is a matter of the address and of law: they are carried to marketing and to the
primary record, before everything else. Nothing is ever written to the second record, and an opt-out that is taken back
there takes back none.

HubSpot has no second record in this sense: its opt-outs belong to the address already.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from syncd.core.domains import match_keys
from syncd.core.match import Candidate
from syncd.core.planner import EMPTY_BASE, Planner
from syncd.engine.gathered import Gathered, Meeting, look_again, seen_again
from syncd.engine.wishing import BESIDE
from syncd.engine.world import World
from syncd.model.link import Link, Linked, LinkState
from syncd.model.mapping import FieldMapping
from syncd.model.plan import Decision, Update
from syncd.model.remote import MatchKey, RemoteRecord, RemoteRef
from syncd.model.values import SIDES, FieldType, Pair, Side

ComeTo = Callable[[Planner, Gathered, str], Iterable[str]]
"""Tells whose addresses in one field are to be looked for."""
Opted = Mapping[str, RemoteRef]
"""By shared field the second record that says a person has opted out."""


def note_second(
    world: World,
    planner: Planner,
    gathered: Gathered,
    candidates: Sequence[Candidate],
    fresh: Mapping[str, Pair[RemoteRef]],
) -> None:
    """Notes what second records among the candidates say, and lets the people whom it concerns be met in this cycle.

    :param fresh: the links that this matching makes, by id.
    """
    fields = _opt_outs(planner)
    by_email = [n for n, rule in enumerate(planner.kind.match) if rule.by == "email" and not rule.suggests]
    if not (fields and by_email):
        return
    taken = {(side, ref): link for link, refs in fresh.items() for side, ref in zip(Side, refs, strict=True)}
    people: dict[str, set[str]] = defaultdict(set)
    unlinked: list[Candidate] = []
    for each in candidates:
        link = each.link or taken.get(each.who)
        if link is not None:
            for value in _addresses(each, by_email):
                people[value].add(link)
        elif each.side is Side.CRM:
            unlinked.append(each)
    said: dict[str, dict[str, RemoteRef]] = defaultdict(dict)
    for each in unlinked:
        links = {link for value in _addresses(each, by_email) for link in people.get(value, ())}
        values = planner.values(each.side, each.record) if links else {}
        told = [name for name in fields if values.get(name) is True]
        for link in links if told else ():
            said[link].update(dict.fromkeys(told, each.record.ref))
    _meet(world, planner, gathered, said, fresh)


def hear_what_is_left(
    world: World,
    planner: Planner,
    gathered: Gathered,
    fresh: Mapping[str, Pair[RemoteRecord]],
    arrived: Mapping[tuple[Side, RemoteRef], Link],
    now: Sequence[RemoteRef],
) -> None:
    """Notes what the records say that are left of tombstones and were read in this cycle, for whoever is linked and has
    their address now.

    :param fresh: the links that this matching makes, by id.
    :param arrived: records that links moved to in this cycle.
    :param now: what is left as of this cycle, which nothing needs to have touched: read here.
    """
    fields = _opt_outs(planner)
    if fields and now:
        answers = world.seen(Side.CRM).fetch(planner.lens.shape(Side.CRM), now)
        gathered.left.update((answer.ref, answer) for answer in answers if isinstance(answer, RemoteRecord))
    left = {ref: planner.values(Side.CRM, record) for ref, record in gathered.left.items() if fields}
    out = {ref: told for ref, values in left.items() if (told := [each for each in fields if values.get(each) is True])}
    said: dict[str, dict[str, RemoteRef]] = defaultdict(dict)
    for mapping in _addressing(planner) if out else ():
        at = {ref: match_keys("email", [left[ref].get(mapping.name)]) for ref in out}
        people: dict[str, set[str]] = defaultdict(set)
        for address, link in _people(world, planner, gathered, mapping, sorted({*chain(*at.values())}), arrived):
            people[address].add(link)
        for link, records in fresh.items():
            for address in _told(planner, records, mapping.name):
                people[address].add(link)
        for ref, addresses in at.items():
            for link in sorted({link for address in addresses for link in people[address]}):
                said[link].update(dict.fromkeys(out[ref], ref))
    _meet(world, planner, gathered, said, fresh)


def _people(
    world: World,
    planner: Planner,
    gathered: Gathered,
    mapping: FieldMapping,
    wanted: Sequence[str],
    arrived: Mapping[tuple[Side, RemoteRef], Link],
) -> Iterator[tuple[str, str]]:
    """Addresses in one field with the links that have them: by what was read, which a search may not know yet, and by a
    search on both sides.
    """
    for id_, meeting in gathered.meetings.items():
        yield from ((address, id_) for address in _told(planner, meeting.seen, mapping.name))
    for side in SIDES if wanted else ():
        key = MatchKey("email", mapping.slots.of(side))
        found = world.seen(side).find(planner.lens.shape(side), key, wanted)
        records = {each.ref: each for several in found.values() for each in several}
        linked = world.store.linked(planner.kind.kind, side, list(records)) if records else {}
        links = {ref: each.link for ref, each in linked.items()}
        links.update((ref, link) for (each, ref), link in arrived.items() if each is side)
        for ref in linked:
            seen_again(gathered, links[ref].id, side, records[ref])
        for address, several in found.items():
            yield from ((address, links[each.ref].id) for each in several if each.ref in links)


def _told(planner: Planner, seen: Pair[RemoteRecord | None] | Pair[RemoteRecord], name: str) -> tuple[str, ...]:
    """The addresses in one field of those of two records that were read."""
    read = ((side, record) for side, record in zip(Side, seen, strict=True) if record is not None)
    return match_keys("email", [planner.values(side, record).get(name) for side, record in read])


def _opt_outs(planner: Planner) -> list[str]:
    return [mapping.name for mapping in planner.kind.fields if mapping.type is FieldType.OPT_OUT]


def _addressing(planner: Planner) -> list[FieldMapping]:
    """The fields whose addresses say who is who."""
    rules = {rule.field for rule in planner.kind.match if rule.by == "email" and not rule.suggests}
    return [mapping for mapping in planner.kind.fields if mapping.name in rules]


def seek_second(world: World, planner: Planner, gathered: Gathered, come_to: ComeTo) -> None:
    """Lets the next cycle look at records without a live link that had opted out at an address before somebody came to
    it: nobody touches those any more, so no stream tells of them. What the search shows of linked records counts, so it
    goes before anything is decided on these.
    """
    fields, addressing = _opt_outs(planner), _addressing(planner)
    for mapping in addressing if fields else ():
        wanted = sorted(set(come_to(planner, gathered, mapping.name)))
        key = MatchKey("email", mapping.slots.crm)
        found = world.seen(Side.CRM).find(planner.lens.shape(Side.CRM), key, wanted) if wanted else {}
        records = {each.ref: each for several in found.values() for each in several}
        linked = world.store.linked(planner.kind.kind, Side.CRM, list(records)) if records else {}
        for ref, record in records.items():
            link = linked[ref].link if ref in linked else None
            if link is not None and link.state is LinkState.LIVE:
                seen_again(gathered, link.id, Side.CRM, record)
            elif not (record.apart or _looked_at(gathered, ref) or _is_over(link)):
                values = planner.values(Side.CRM, record)
                if any(values.get(each) is True for each in fields):
                    gathered.again.append((Side.CRM, ref))


def _looked_at(gathered: Gathered, ref: RemoteRef) -> bool:
    """Whether what a record says is known in this cycle already; whoever looked once more would do so in every one."""
    return ref in gathered.strays.crm or ref in gathered.left


def _is_over(link: Link | None) -> bool:
    """Whether nothing that a record says is heard: its person is forgotten, or it is what has left."""
    return link is not None and (link.state is LinkState.FORGOTTEN or link.gone is Side.CRM)


def edited_addresses(planner: Planner, gathered: Gathered, name: str) -> Iterator[str]:
    """The addresses in one field that linked people have now, and had not when both sides agreed."""
    for meeting in gathered.meetings.values():
        base = meeting.linked.base or EMPTY_BASE
        for side in SIDES:
            record, confirmed = meeting.seen.of(side), base.confirmed.of(side)
            slots = () if record is None else planner.slots(side, record.ref.object).get(name, ())
            if record is not None and any(record.fields.get(slot) != confirmed.get(slot) for slot in slots):
                now = match_keys("email", [planner.values(side, record).get(name)])
                yield from set(now).difference(match_keys("email", [base.agreed.get(name)]))


def restored_addresses(planner: Planner, gathered: Gathered, name: str) -> Iterator[str]:
    """The addresses in one field of whoever comes out of the bin."""
    for _, side, record in gathered.back:
        yield from match_keys("email", [planner.values(side, record).get(name), *record.aliases])


def _addresses(candidate: Candidate, by_email: Iterable[int]) -> Iterable[str]:
    return (value for number in by_email for value in candidate.values[number])


def _meet(
    world: World,
    planner: Planner,
    gathered: Gathered,
    said: Mapping[str, dict[str, RemoteRef]],
    fresh: Collection[str],
) -> None:
    """Of whom both sides agree on the opt-out already there is nothing to say. Whose own record left, is back or became
    another one in this cycle is decided on by that; what the second one says waits for the next cycle.
    """
    unread: list[Linked] = []
    known = world.store.by_link([link for link in said if link not in fresh]) if said else {}
    leaving = {found.link.id for found, _, _ in (*gathered.gone, *gathered.moved, *gathered.back)}
    for link, told in said.items():
        found = known.get(link)
        if link in leaving:
            gathered.again.extend((Side.CRM, ref) for ref in told.values())
            continue
        if link in fresh:
            gathered.opted[link] = gathered.opted.get(link, {}) | told
            continue
        if found is None or found.link.state is not LinkState.LIVE:
            continue
        agreed = {} if found.base is None else found.base.agreed
        if news := {name: ref for name, ref in told.items() if agreed.get(name) is not True}:
            gathered.opted[link] = gathered.opted.get(link, {}) | news
            if link not in gathered.meetings:
                unread.append(found)
    for found, seen in _read(world, planner, unread):
        if seen is None:  # it has left or moved, which the next cycle finds
            gathered.again.extend((Side.CRM, ref) for ref in gathered.opted.pop(found.link.id).values())
        else:
            gathered.meetings[found.link.id] = Meeting(found, seen)


def _read(
    world: World, planner: Planner, people: Sequence[Linked]
) -> Iterator[tuple[Linked, Pair[RemoteRecord | None] | None]]:
    """Their own two records as they are now: an opt-out goes where an address is, and what waits for somebody must not
    be judged by what was confirmed last. ``None`` for whom one of them is not there any more.
    """
    if not people:
        return
    told = [
        world.seen(side).fetch(planner.lens.shape(side), [found.link.refs.of(side) for found in people])
        for side in SIDES
    ]
    for found, marketing, crm in zip(people, *told, strict=True):
        there = isinstance(marketing, RemoteRecord) and isinstance(crm, RemoteRecord)
        yield found, Pair(marketing, crm) if there else None


def read_again(world: World, gathered: Gathered, decisions: Iterable[Decision]) -> None:
    """Lets the next cycle read the second records whose opt-outs are under way: a write that comes to nothing is
    planned anew by what the records show, and the links themselves do not know of it. What a vendor refuses waits until
    the link is looked at again, as somebody changed it or asks for it; until then it would be refused once more.
    """
    if not gathered.opted:
        return
    written = {
        (decision.link.id, change.field)
        for decision in decisions
        for action in decision.actions
        if isinstance(action, Update)
        for change in action.changes
    }
    for link, told in gathered.opted.items():
        parked = {row.field for row in gathered.parked.get(link, ())}
        for name, ref in told.items():
            if link in gathered.flying or (link, name) in written:
                gathered.again.append((Side.CRM, ref))
            elif name in parked:
                gathered.wishes.append(look_again(world, gathered.kind, f"{BESIDE}:{link} {ref}"))
