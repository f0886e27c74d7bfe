"""Activities of one side are copied to the other: each once, chosen sorts, so many a day for a person.

What is over is copied to whom it is about, if that person is linked by then; what is beyond the cap is remembered as
left out and told as a number. A meeting that is still to come waits for its end, when it is read again.
Every copy is looked for by its key, the original's id, before it is made: after a crash, and where the store was lost,
what is there already is taken as it is, and only tied to its person where that is lacking.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from syncd.core.activity import KEPT, PERSON, Activity, as_written, day_of, read_activity, within_cap
from syncd.core.book import Book
from syncd.core.normalize import USER, owner_name
from syncd.core.planner import digest
from syncd.core.teams import Membership, author_of_user
from syncd.engine.appending import DUE_AT_ONCE, Addition, Appending, Found, intent_name
from syncd.engine.feeding import Feed
from syncd.engine.running import Running
from syncd.engine.world import World
from syncd.model.appended import ACTIVITY, Appended, AppendedState
from syncd.model.episode import Touched
from syncd.model.lifecycle import NOBODY_KNOWN
from syncd.model.link import Intent, IntentKind, Link, LinkState
from syncd.model.remote import MatchKey, RemoteRecord, RemoteRef, Shape
from syncd.model.signal import ActivityForm, ActivityRule, ActivitySort
from syncd.model.values import Instant, Side, instant
from syncd.model.write import CreateRecord, UpdateRecord, Write
from syncd.observe.log import emit
from syncd.ports.store import Settlement

_DEALT_WITH = frozenset({AppendedState.DONE, AppendedState.CAPPED, AppendedState.LEFT})


def copy_activities(at_work: Running, rule: ActivityRule) -> None:
    """Copies what is new of one side's activities, then what was still to come and is over now."""
    world = at_work.world
    can = world.connectors.of(rule.side).capabilities
    forms = [each for each in can.activities if rule.sorts.keys() & {each.sort, *each.sorts.values()}]
    if not forms or PERSON not in world.terms:
        return
    appending = Appending.today(at_work, ACTIVITY, rule.side.other, per_day=rule.per_day)
    for streamed in [forms] if can.joint else [[form] for form in forms]:
        key = world.terms[PERSON].kind.key.of(rule.side)
        objects = {each.object: each.read for each in streamed}
        shape = Shape(ACTIVITY, objects, key, {PERSON: {each.object: each.person for each in streamed}})
        name = digest(rule.side, sorted(shape.objects), rule.since)
        copying = _Copying(appending, rule, {each.object: each for each in streamed}, key, _floor(world, rule, name))
        copying.come_due(shape)
        Feed(world, ACTIVITY, rule.side, name, shape, since=rule.since).read(copying.deal)
        copying.ended()
    appending.ended()


def _copied_as(world: World, side: Side) -> Sequence[ActivityForm]:
    return world.connectors.of(side).capabilities.copied_as


def _floor(world: World, rule: ActivityRule, name: str) -> Instant:
    """Nothing before this is copied: what somebody edits long after it was done is no news."""
    now = world.clock.now()
    remembered = world.store.recall(f"activities:{name}")
    begun = rule.since or (instant(remembered[0].decode()) if remembered else now)
    if remembered is None or now - remembered[1] > timedelta(days=1):
        world.store.remember(f"activities:{name}", begun.isoformat().encode(), now)
        world.store.forget_appended(ACTIVITY, day_of(now - KEPT) - 1)
    return max(begun, now - KEPT)


@dataclass(slots=True)
class _Copying:
    """The activities of one stream being copied in one run; one with a ``key`` is a copy itself."""

    appending: Appending
    rule: ActivityRule
    forms: Mapping[str, ActivityForm]
    key: str
    floor: Instant
    capped: int = 0
    people: set[str] = field(default_factory=set)

    @property
    def _world(self) -> World:
        return self.appending.at_work.world

    def come_due(self, shape: Shape) -> None:
        """Reads again what was still to come and is over by now, what was refused a day ago, and what the brake held
        and a person approved as far as it may go today. What was called off by then, or is about nobody, is not read
        again before it changes; what a person approved and cannot be made any more is over.

        Once the day's bound is spent nothing is read but what the ledger is to hear of, and that once before tomorrow.
        """
        world, side = self._world, self.rule.side
        spent, due = not self.appending.left, []
        if self._hears or not spent:
            mine = [f"{side}:{name}/" for name in self.forms]  # what no stream reads any more is in nobody's way
            waiting = world.store.appended_due(ACTIVITY, world.clock.now(), DUE_AT_ONCE, begins=mine)
            due = [row.origin for row in waiting]
        released = [row.origin for row in self.appending.released(self._reads)]
        refs = [_ref(origin) for origin in (*due, *released)]
        if not refs:
            return
        answers = world.connectors.of(side).fetch(shape, refs)
        settled = self.deal([answer for answer in answers if isinstance(answer, RemoteRecord)])
        rows = world.store.appended(ACTIVITY, [_origin(side, ref) for ref in refs])
        now = world.clock.now()
        over = [
            replace(row, state=AppendedState.LEFT if row.state is AppendedState.HELD else row.state, due=None)
            for ref, answer in zip(refs, answers, strict=True)
            if (row := rows[_origin(side, ref)]).state is AppendedState.HELD or (row.due is not None and row.due <= now)
            if settled or not isinstance(answer, RemoteRecord)
        ]
        gone = {row.origin for row in over}
        tomorrow = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        late = [
            replace(row, due=tomorrow)
            for row in rows.values()
            if spent and row.origin not in gone and row.due is not None and row.due <= now
        ]
        if over or late:
            world.settle(Settlement(appended=[*over, *late]))
        for row in over:
            self.appending.bounding.over(row.origin)

    @property
    def _hears(self) -> bool:
        """Whether the ledger hears of what these activities say that sales has done."""
        return self._world.booking is not None and self.rule.side is Side.CRM

    def _reads(self, origin: str) -> bool:
        """Whether this stream is the one that reads it."""
        return _ref(origin).object in self.forms

    def deal(self, records: Sequence[RemoteRecord]) -> bool:
        """Copies what is to be copied of these; whether each is dealt with."""
        world, settlement = self._world, Settlement()
        found = self._about(records)
        ready = [(link.id, activity) for link, activity in found if activity.over]
        links = {link.id: link for link, _ in found}
        for link, activity in found:
            if not activity.over:
                settlement.appended.append(
                    replace(self._row(link.id, activity, AppendedState.WAITING), due=activity.until)
                )
        given = world.store.appended_days(ACTIVITY, list(dict.fromkeys(person for person, _ in ready)))
        within, beyond = within_cap(ready, given, per_person=self.rule.per_person)
        settlement.appended += [self._row(person, each, AppendedState.CAPPED) for person, each in beyond]
        self.capped += len(beyond)
        self.people.update(person for person, _ in beyond)
        if world.booking is not None and self._hears:
            world.booking.touch(settlement, self._by_sales(ready, world.booking.book), world.store)
        if settlement:
            world.settle(settlement)
        groups: defaultdict[str, list[tuple[Link, Activity]]] = defaultdict(list)
        for person, activity in within:
            groups[self._target(activity.sort).object].append((links[person], activity))
        settled = [self._copy(group) for group in groups.values()]
        return all(settled)

    def ended(self) -> None:
        """Tells what was left out."""
        if self.capped and self.appending.at_work.foreseen is None:
            self.appending.at_work.tally.note("capped", self.appending.side, by=self.capped)
            emit(
                "signals.capped",
                kind=ACTIVITY,
                side=str(self.appending.side),
                records=self.capped,
                people=len(self.people),
            )

    def _about(self, records: Sequence[RemoteRecord]) -> list[tuple[Link, Activity]]:
        """The activities of chosen sorts that are new, with the person they are about: the first who is linked."""
        world, side = self._world, self.rule.side
        now = world.clock.now()
        originals = [each for each in records if not each.fields.get(self.key)]
        read = [activity for each in originals if (activity := read_activity(each, self.forms[each.ref.object], now))]
        chosen = [each for each in read if each.sort in self.rule.sorts and each.people and each.at >= self.floor]
        known = world.store.appended(ACTIVITY, [_origin(side, each.origin) for each in chosen])
        linked = world.store.linked(PERSON, side, list(dict.fromkeys(who for each in chosen for who in each.people)))
        found: dict[RemoteRef, tuple[Link, Activity]] = {}
        for activity in chosen:
            row = known.get(_origin(side, activity.origin))
            if row is not None and (row.state in _DEALT_WITH or self.appending.bounding.holds(row)):
                continue
            links = [linked[who].link for who in activity.people if who in linked]
            live = [link for link in links if link.state is LinkState.LIVE and link.refs.of(side.other).id]
            if live:
                found[activity.origin] = live[0], activity
        return list(found.values())

    def _by_sales(self, done: Sequence[tuple[str, Activity]], book: Book) -> list[Touched]:
        """What sales did, judged like a move by the teams of who did it: what automation logs, or another team, touches
        nobody. The rest the ledger hears of beyond the cap, too: that marketing need not see all does not undo it.
        """
        agreed = self._world.terms[PERSON].kind.agreed
        teams = None if agreed is None else Membership(agreed.teams)
        found: list[Touched] = []
        for person, activity in done:
            owner = self._world.context.users.of(self.rule.side).by_id.get(activity.owner)
            author = NOBODY_KNOWN if owner is None else author_of_user(owner)
            if teams is None or book.by_sales(teams.teams_of(author, self.rule.side)):
                by = "" if owner is None else owner_name(owner).removeprefix(USER)
                found.append(Touched(person, activity.at, by))
        return found

    def _target(self, sort: ActivitySort) -> ActivityForm:
        becomes = self.rule.sorts[sort]
        return next(form for form in _copied_as(self._world, self.rule.side.other) if form.sort is becomes)

    def _copy(self, group: Sequence[tuple[Link, Activity]]) -> bool:
        """Copies activities that become one object."""
        if self.appending.spent(_origin(self.rule.side, each.origin) for _, each in group):
            return False
        world, target = self._world, self.rule.side.other
        group = self._still_there(group)
        if not group:
            return True
        form = self._target(group[0][1].sort)
        shape = copy_shape(world, target, form)
        there = _copies(world, target, form, [copy_key(self.rule.side, each.origin) for _, each in group])
        settlement = Settlement()
        additions: list[Addition] = []
        for link, activity in group:
            row = self._row(link.id, activity, AppendedState.DONE)
            copies = there.get(copy_key(self.rule.side, activity.origin), ())
            if copies and copies[0].refs.get(PERSON):
                settlement.appended.append(replace(row, ref=copies[0].ref))
                continue
            write = self._write(self._target(activity.sort), link, activity, copies[0] if copies else None)
            additions.append(Addition(write, row, activity.origin, f"activities to_{target}"))
        if settlement:
            world.settle(settlement)
        return self.appending.send(shape, additions)

    def _still_there(self, group: Sequence[tuple[Link, Activity]]) -> list[tuple[Link, Activity]]:
        """Without those whose person has left the other side since: a copy that is about nobody would be left there."""
        world, target = self._world, self.rule.side.other
        kind = world.terms[PERSON].kind
        people = {link.refs.of(target): link for link, _ in group}
        shape = Shape(PERSON, dict.fromkeys(kind.objects.of(target), ()), kind.key.of(target))
        answers = world.connectors.of(target).fetch(shape, list(people))
        there = {who for who, answer in zip(people, answers, strict=True) if isinstance(answer, RemoteRecord)}
        return [(link, activity) for link, activity in group if link.refs.of(target) in there]

    def _write(self, form: ActivityForm, link: Link, activity: Activity, copy: RemoteRecord | None) -> Write:
        world, side = self._world, self.rule.side
        who = {PERSON: link.refs.of(side.other)}
        name = intent_name(world, side.other, ACTIVITY, _origin(side, activity.origin), copy.version if copy else "")
        if copy is not None:
            return UpdateRecord(name, copy.ref, {}, who)
        owner = world.context.users.of(side).by_id.get(activity.owner)
        given = world.context.users.of(side.other).ids.get(owner_name(owner), "") if owner else ""
        fields = as_written(activity, form, owner=given, rule=self.rule)
        key = copy_key(side, activity.origin)
        if not form.unique:
            fields[world.terms[PERSON].kind.key.of(side.other)] = key
        return CreateRecord(name, form.object, key, fields, who)

    def _row(self, person: str, activity: Activity, state: AppendedState) -> Appended:
        origin = _origin(self.rule.side, activity.origin)
        return Appended(ACTIVITY, origin, person, state, self._world.clock.now(), day=activity.day)


def copy_key(side: Side, origin: RemoteRef) -> str:
    """What a copy bears in its key field: the original's id, with its object where ids of objects may be the same."""
    return origin.id if side is Side.CRM else str(origin)


def copy_shape(world: World, side: Side, form: ActivityForm) -> Shape:
    """What is written of copies, and read to find one again: its key and whom it is about."""
    key = world.terms[PERSON].kind.key.of(side)
    return Shape(ACTIVITY, {form.object: (key,)}, key if form.unique else "", {PERSON: {form.object: form.person}})


def _copies(world: World, side: Side, form: ActivityForm, keys: Sequence[str]) -> Mapping[str, Sequence[RemoteRecord]]:
    """The copies that are there, by their keys."""
    connector, shape = world.connectors.of(side), copy_shape(world, side, form)
    if form.unique:
        return connector.keyed(shape, form.object, keys)
    field = world.terms[PERSON].kind.key.of(side)
    return connector.find(shape, MatchKey("value", {form.object: (field,)}), keys)


def find_copies(world: World, intents: Sequence[Intent]) -> Found:
    """What became of open writes of copies: found by their keys, and tied to somebody."""
    found: dict[str, RemoteRef | None] = {}
    for intent in intents:
        forms = [each for each in _copied_as(world, intent.side) if each.object == intent.object]
        if not forms or PERSON not in world.terms:
            continue
        shape = copy_shape(world, intent.side, forms[0])
        connector = world.connectors.of(intent.side)
        records: Sequence[object]
        if intent.action is IntentKind.UPDATE and intent.ref is not None:
            records = connector.fetch(shape, [intent.ref])
        else:
            key = copy_key(intent.side.other, intent.origin)
            records = _copies(world, intent.side, forms[0], [key]).get(key, ())
        for record in records:
            if isinstance(record, RemoteRecord) and record.refs.get(PERSON):
                found[intent.id] = record.ref
    return found


def _origin(side: Side, ref: RemoteRef) -> str:
    return f"{side}:{ref}"


def _ref(origin: str) -> RemoteRef:
    object_name, _, id_ = origin.partition(":")[2].partition("/")
    return RemoteRef(object_name, id_)
