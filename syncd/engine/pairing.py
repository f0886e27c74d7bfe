"""Finds counterparts for records without a link, on both sides, and turns the matching into decisions.

For every match rule each value that a stray has is looked for on *both* sides, so that a duplicate on either side
shows; key fields and the ids of the vendor's own connector are followed too. What stands alone is made on the other
side if a create rule, the scope and the tombstones allow it. An address of somebody who was forgotten is nobody's.

Length: one matching from its candidates to its decisions, whose steps share what was gathered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from syncd.core.creation import CompiledRule, Made, NotMade, choose_made
from syncd.core.domains import bare, match_keys, narrowed
from syncd.core.expressions import Expression, Unclear, compile_expression
from syncd.core.match import SAID_APART, Ambiguous, Candidate, Choose, Match, Matching, SidedRef, ask, match
from syncd.core.planner import Planner, digest
from syncd.engine.choosing import Choosing
from syncd.engine.gathered import Gathered, link_id, older, seen_again
from syncd.engine.merged import lives_on
from syncd.engine.references import learn_references
from syncd.engine.second import note_second
from syncd.engine.world import World
from syncd.model.link import Conflict, DeadLetter, Link, Linked, LinkState, Proof, Topic
from syncd.model.plan import Action, Adopt, Create, Decision, Hold, Nothing
from syncd.model.remote import MatchKey, RemoteRecord, RemoteRef
from syncd.model.run import LOOK
from syncd.model.values import SIDES, Canonical, Pair, Side

NOT_READY = "entry criteria are not met"
"""Why nobody is made for a record that is listed as waiting already."""


@dataclass(slots=True)
class Paired:
    """What became of the strays: pairs to adopt, and decisions on everything else."""

    adopts: list[tuple[Link, Pair[RemoteRecord], Adopt]] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)


class Pairing:
    """Decides on the strays of one kind. ``arrived`` are records that links moved to in this cycle: the store does not
    know that yet, and they are nobody's counterpart but their own link's.
    """

    def __init__(self, world: World, planner: Planner, gathered: Gathered, *, arrived: Mapping[SidedRef, Link]) -> None:
        self.world = world
        self.arrived = arrived
        self.planner = planner
        self.kind = planner.kind
        self.gathered = gathered
        self.held_before: set[str] = set()
        self.ended: dict[SidedRef, Link] = {}
        self.reserved: list[set[str]] = [set() for _ in self.kind.match]
        self.forgotten: list[tuple[Side, RemoteRecord]] = []
        self.shapes = Pair(*(planner.lens.shape(side) for side in SIDES))
        names = frozenset(mapping.name for mapping in self.kind.fields)
        self.scopes: Pair[Expression | None] = self.kind.scope.map(
            lambda text: compile_expression(text, names) if text else None
        )
        self.rules = self.kind.create.map(lambda rules: [CompiledRule.of(rule, names) for rule in rules])
        self.deciding = Pair(*(frozenset(self._names_deciding(side)) for side in SIDES))

    def pair(self) -> Paired:
        """All strays, each in exactly one decision."""
        paired = Paired()
        self._follow_apart(paired)
        self._note_apart(paired)
        if not any(self.gathered.strays) and not self._chosen():
            self._close_settled(Matching(), paired)
            return paired
        found, candidates = self._candidates()
        matching = self._landed(self._match(candidates), paired)
        for side, record in self.forgotten:
            link = self._new_link(side, record.ref, Proof.MATCHED)
            paired.decisions.append(self._not_made(link, side, record, "forgotten"))
        for pair in matching.pairs:
            paired.adopts.append(self._adopt(pair))
        fresh = {link.id: link.refs for link, _, _ in paired.adopts}
        note_second(self.world, self.planner, self.gathered, candidates, fresh)
        for group in matching.ambiguous:
            paired.decisions.extend(self._hold(group))
        for group in matching.twins:
            paired.decisions.extend(self._twins(group, found))
        self._close_settled(matching, paired)
        for candidate in matching.alone:
            if candidate.who in found:
                paired.decisions.append(self._no_longer(self._alone(candidate)))
        for candidate in matching.passed:
            if candidate.who in found:
                link = self._new_link(*candidate.who, Proof.CHOSEN)
                paired.decisions.append(self._not_made(link, candidate.side, candidate.record, "another was chosen"))
        return paired

    def _match(self, candidates: list[Candidate]) -> Matching:
        """The matching; where something is ambiguous and rules choose among several, once more with these."""

        def matched(choose: Choose) -> Matching:
            return match(
                candidates,
                rules=len(self.kind.match),
                suggests=frozenset(number for number, rule in enumerate(self.kind.match) if rule.suggests),
                choose=choose,
                chosen=self._chosen(),
                apart=self._apart(),
            )

        plain = matched(ask)
        if not plain.ambiguous or not any(self.kind.several):
            return plain
        return matched(Choosing(self.world, self.planner, plain.ambiguous).choose)

    def _landed(self, matching: Matching, paired: Paired) -> Matching:
        """Less the pairs of which a record may yet get a counterpart by a create whose ending nobody knows: joined by
        its key now, the other one would be written over by it. They are looked at again once that is known.
        """
        pairs: list[Match] = []
        for pair in matching.pairs:
            members = (pair.marketing, pair.crm)
            if self.gathered.flying.isdisjoint(self._link_id(*each.who) for each in members):
                pairs.append(pair)
                continue
            for each in members:
                self.gathered.again.append(each.who)
                link = self._new_link(*each.who, pair.proof)
                paired.decisions.append(self._nothing(link, each.side, each.record, "write in flight"))
        return replace(matching, pairs=tuple(pairs))

    # -- candidates ------------------------------------------------------------------------------------------
    def _candidates(self) -> tuple[set[SidedRef], list[Candidate]]:
        """The strays and everything that shares a value or a key with one of them; the first set names the strays."""
        records: dict[SidedRef, RemoteRecord] = {
            (side, ref): record for side in SIDES for ref, record in self.gathered.strays.of(side).items()
        }
        strays = set(records)
        values: dict[SidedRef, tuple[tuple[str, ...], ...]] = {
            who: self._values(who[0], record) for who, record in records.items()
        }
        for who in self._forgotten(values):
            self.forgotten.append((who[0], records.pop(who)))
            strays.discard(who)
            del values[who]
        for who, pointed in list(self._pointed_at(records)):
            records.setdefault(who, pointed)
        by_hand = dict.fromkeys(who for pair in self._chosen().items() for who in pair)
        for who, record in self._read(who for who in by_hand if who not in records):
            records.setdefault(who, record)
        for who, sharing in self._sharing(values.values()):
            first = records.setdefault(who, sharing)
            # Asked for by its address a record may be newer than it was when it was polled; an edit in between counts.
            if sharing.stamp > first.stamp and values.get(who) == self._values(who[0], sharing):
                records[who] = sharing
        for side in SIDES:
            learn_references(
                self.world, self.planner, side, [record for (each, _), record in records.items() if each is side]
            )
        linked = {
            side: self.world.store.linked(
                self.kind.kind, side, [ref for (each, ref) in records if each is side and (each, ref) not in strays]
            )
            for side in SIDES
        }
        behind = [
            (side, ref)
            for (side, ref), record in records.items()
            if (side, ref) not in strays and ref in linked[side] and older(linked[side][ref], side, record)
        ]
        records.update(self._read(behind))  # a search shows them as they were: that may hide an edit, and is none
        candidates: list[Candidate] = []
        for (side, ref), record in records.items():
            moved = self.arrived.get((side, ref))
            link = Linked(moved, None) if moved else linked[side].get(ref)
            if link is not None and (side, ref) not in strays:
                seen_again(self.gathered, link.link.id, side, record)
            left_over = link is not None and link.link.state is LinkState.TOMBSTONE
            if link is not None and (link.link.state is LinkState.FORGOTTEN or (left_over and link.link.gone is side)):
                continue
            # A record whose counterpart left is held like a linked one, until a person gives it a new counterpart.
            free = link is None or (left_over and (side, ref) in by_hand)
            if free and link is not None and link.link.unlinked:
                self.ended[side, ref] = link.link
            candidates.append(
                Candidate(
                    side=side,
                    record=record,
                    link=None if free or link is None else link.link.id,
                    points_to=str(record.fields.get(self.kind.key.of(side)) or "") or None,
                    native=self._native(side, record),
                    values=values.get((side, ref)) or self._values(side, record),
                )
            )
        return strays, candidates

    def _sharing(self, values: Collection[tuple[tuple[str, ...], ...]]) -> Iterable[tuple[SidedRef, RemoteRecord]]:
        """All records that share a match value with one of the strays; values of those left apart are reserved."""
        for number in range(len(self.kind.match)):
            wanted = sorted({bare(value) for keys in values for value in keys[number]})
            for side in SIDES if wanted else ():
                key = self._match_key(side, number)
                for several in self.world.seen(side).find(self.shapes.of(side), key, wanted).values():
                    for record in several:
                        if record.apart:
                            self.reserved[number].update(self._values(side, record)[number])
                        else:
                            yield (side, record.ref), record

    def _forgotten(self, values: Mapping[SidedRef, tuple[tuple[str, ...], ...]]) -> list[SidedRef]:
        """Strays with an address of somebody who was forgotten: they are nobody's counterpart and get none."""
        by_email = [number for number, rule in enumerate(self.kind.match) if rule.by == "email"]
        told = {who: {each for number in by_email for each in keys[number]} for who, keys in values.items()}
        asked = sorted(set().union(*told.values()))
        known = self.gathered.forgotten | self.world.store.suppressed(asked)
        return [who for who, each in told.items() if not known.isdisjoint(each)] if known else []

    def _read(self, unread: Iterable[SidedRef]) -> Iterable[tuple[SidedRef, RemoteRecord]]:
        asked = list(unread)
        for side in SIDES:
            refs = [ref for each, ref in asked if each is side]
            for answer in self.world.seen(side).fetch(self.shapes.of(side), refs) if refs else ():
                if isinstance(answer, RemoteRecord):
                    yield (side, answer.ref), answer

    def _pointed_at(self, records: Mapping[SidedRef, RemoteRecord]) -> Iterable[tuple[SidedRef, RemoteRecord]]:
        """Records of the other side that a key field or a native id names, or whose key field names one of these."""
        for side in SIDES:
            other = side.other
            connector = self.world.seen(other)
            own = [(ref, record) for (each, ref), record in records.items() if each is side]
            if not own:
                continue
            refs = {native for _, record in own if (native := self._native(side, record)) is not None}
            refs |= {ref for _, record in own for ref in self._keyed_refs(side, record)}
            refs = {ref for ref in refs if (other, ref) not in records}
            for answer in connector.fetch(self.shapes.of(other), sorted(refs)) if refs else ():
                if isinstance(answer, RemoteRecord):
                    yield (other, answer.ref), answer
            if self.gathered.full:  # which has seen every record that could point here
                named = {ref.id for ref, _ in own}
                for record in self.gathered.misnamed.of(other):
                    if record.fields[self.kind.key.of(other)] in named:
                        yield (other, record.ref), record
                continue
            for object_name in self.kind.objects.of(other):
                found = connector.keyed(self.shapes.of(other), object_name, [ref.id for ref, _ in own])
                for several in found.values():
                    for record in several:
                        yield (other, record.ref), record

    def _keyed_refs(self, side: Side, record: RemoteRecord) -> list[RemoteRef]:
        key = record.fields.get(self.kind.key.of(side))
        return [RemoteRef(object_name, str(key)) for object_name in self.kind.objects.of(side.other)] if key else []

    def _native(self, side: Side, record: RemoteRecord) -> RemoteRef | None:
        if side is Side.CRM:
            return None
        for name, object_name in self.kind.native.items():
            id_ = record.fields.get(name)
            if id_:
                return RemoteRef(object_name, str(id_))
        return None

    def _match_key(self, side: Side, number: int) -> MatchKey:
        rule = self.kind.match[number]
        mapping = next(each for each in self.kind.fields if each.name == rule.field)
        return MatchKey(rule.by, mapping.slots.of(side))

    def _values(self, side: Side, record: RemoteRecord) -> tuple[tuple[str, ...], ...]:
        shared = self.planner.values(side, record)
        excluded = frozenset(self.kind.partner_domains)
        aliases = {"email": record.aliases}
        return tuple(
            narrowed(
                match_keys(rule.by, [shared.get(rule.field), *aliases.get(rule.by, ())], excluded=excluded),
                [shared.get(name) for name in rule.also],
            )
            for rule in self.kind.match
        )

    # -- what people chose -----------------------------------------------------------------------------------
    def _chosen(self) -> dict[SidedRef, SidedRef]:
        """Which records a person said to be one, as they are called now: said of whoever was merged or converted since,
        it is about whom they live on in.
        """
        chosen: dict[SidedRef, SidedRef] = {}
        for conflict in self.gathered.matches:
            if conflict.resolution and conflict.resolution.startswith("link:"):
                marketing, _, crm = conflict.resolution.removeprefix("link:").partition("=")
                chosen[self._now(_who(marketing))] = self._now(_who(crm))
        return chosen

    def _apart(self) -> list[frozenset[SidedRef]]:
        said = [frozenset(conflict.refs) for conflict in self.gathered.matches if conflict.resolution == "apart"]
        ended = [link for link in self.gathered.recreate.values() if link.unlinked]
        return said + [frozenset((side, link.refs.of(side)) for side in SIDES) for link in ended]

    def _follow_apart(self, paired: Paired) -> None:
        """What a person said to be apart is so as well in what its records have become."""
        for place, conflict in enumerate(self.gathered.matches):
            if conflict.resolution != "apart":
                continue
            now = [self._now(who) for who in conflict.refs]
            if now != list(conflict.refs):
                self.gathered.matches[place] = followed = replace(conflict, refs=tuple(dict.fromkeys(now)))
                paired.decisions.append(self._remembered(followed))

    def _now(self, who: SidedRef) -> SidedRef:
        """The record that one lives on in after what left in this cycle; itself if it stays, or was deleted."""
        side, ref = who
        return side, lives_on(self.gathered, side, ref) or ref

    def _note_apart(self, paired: Paired) -> None:
        """What a person said to be apart is read once more, in this cycle, and remembered as carried out."""
        for conflict in self.gathered.matches:
            if conflict.resolution == "apart" and conflict.reason != SAID_APART:
                paired.decisions.append(self._remembered(replace(conflict, reason=SAID_APART)))

    def _remembered(self, conflict: Conflict) -> Decision:
        link = self._new_link(*conflict.refs[0], Proof.MANUAL)
        return Decision(self.kind.kind, link, None, Pair(None, None), (Hold(conflict),))

    def _close_settled(self, matching: Matching, paired: Paired) -> None:
        """Closes the questions that were asked again and did not come up again, or one of whose records is paired, and
        what was listed of a lone record that is gone, or lone no more.
        """
        held = {
            action.conflict.id
            for decision in paired.decisions
            for action in decision.actions
            if isinstance(action, Hold)
        } | self.held_before
        paired_refs = {who for pair in matching.pairs for who in (pair.marketing.who, pair.crm.who)}
        fresh = {link.id for link, _, _ in paired.adopts}  # which are decided on with what is listed of them
        over = [
            conflict
            for conflict in self.gathered.matches
            if conflict.resolution != "apart"
            and conflict.id not in held
            and (conflict.id in self.gathered.examined or any(who in paired_refs for who in conflict.refs))
        ]
        over += [
            conflict
            for link, rows in self.gathered.conflicts.items()
            for conflict in rows
            if len(conflict.refs) == 1
            and (conflict.refs[0] in self.gathered.departed or (conflict.refs[0] in paired_refs and link not in fresh))
        ]
        if over:
            nobody: Pair[RemoteRecord | None] = Pair(None, None)
            link = self._new_link(*over[0].refs[0], Proof.MATCHED)
            closes = tuple(conflict.id for conflict in over)
            action = Nothing("match settled")
            paired.decisions.append(Decision(self.kind.kind, link, None, nobody, (action,), closes=closes))

    # -- decisions -------------------------------------------------------------------------------------------
    def _adopt(self, pair: Match) -> tuple[Link, Pair[RemoteRecord], Adopt]:
        records = Pair(pair.marketing.record, pair.crm.record)
        refs = records.map(lambda record: record.ref)
        holds = Pair(*(records.of(side).fields.get(self.kind.key.of(side)) == refs.other(side).id for side in SIDES))
        recreate = self.gathered.recreate
        tombstone = recreate.get(pair.marketing.who) or recreate.get(pair.crm.who)
        link = Link(
            id=_again(tombstone, ref=refs.marketing) if tombstone else self._joined_id(pair),
            kind=self.kind.kind,
            refs=refs,
            proof=pair.proof,
            since=self.world.clock.now(),
            keyed=holds,
        )
        return link, records, Adopt(refs, pair.proof)

    def _hold(self, group: Ambiguous) -> list[Decision]:
        refs = tuple(member.who for member in group.members)
        # Once some of them are linked, the same records are another question.
        linked = tuple(member.who for member in group.members if member.link is not None)
        conflict = Conflict(
            id=digest(self.world.connection.name, self.kind.kind, Topic.MATCH, *refs, *linked),
            kind=self.kind.kind,
            topic=Topic.MATCH,
            link=None,
            refs=refs,
            field=None,
            values=Pair(None, None),
            base=None,
            reason=group.reason,
            since=self.world.clock.now(),
        )
        known = conflict.id in {row.id for row in self.gathered.matches}
        if known:
            self.held_before.add(conflict.id)
        action: Action = Nothing("match held") if known else Hold(conflict)
        first = group.members[0]
        link = self._new_link(first.side, first.record.ref, Proof.MATCHED)
        nobody: Pair[RemoteRecord | None] = Pair(None, None)
        return [Decision(self.kind.kind, link, None, nobody.replacing(first.side, first.record), (action,))]

    def _twins(self, group: Ambiguous, found: set[SidedRef]) -> list[Decision]:
        """Records of one side that share an identity: held together, if a counterpart of one of them would be made."""
        decisions: list[Decision] = []
        asked = False
        for member in group.members:
            if member.who in found and member.link is None:
                unmade = self._unmade(member, self.planner.values(member.side, member.record))
                if isinstance(unmade, Decision):
                    decisions.append(self._no_longer(unmade))
                else:
                    asked = True
        return decisions + (self._hold(group) if asked else [])

    def _alone(self, candidate: Candidate) -> Decision:
        side, record = candidate.side, candidate.record
        values = self.planner.values(side, record)
        tombstone = self.gathered.recreate.get(candidate.who)
        if tombstone is None:
            made = self._unmade(candidate, values)
            link = self._new_link(side, record.ref, Proof.CREATED)
        else:  # a person asked for what was there before
            made = Made(tombstone.refs.of(side.other).object)
            link = replace(self._new_link(side, record.ref, Proof.CREATED), id=_again(tombstone, ref=record.ref))
            if link.id in self.gathered.flying:
                return self._nothing(link, side, record, "write in flight")
        if isinstance(made, Decision):
            return made
        decision = self.planner.create(link, side, record, made, values)
        letter = self.gathered.dead.get(record.ref)
        if letter is not None and not letter.retry and letter.fingerprint == self._fingerprint(decision, letter):
            return self._nothing(link, side, record, "dead letter")
        return decision

    def _unmade(self, candidate: Candidate, values: Mapping[str, Canonical]) -> Decision | Made:
        """What to make for a record, or the decision to make nothing."""
        side, record = candidate.side, candidate.record
        link = self._new_link(side, record.ref, Proof.CREATED)
        if self._waits_for_more(side, record):
            return self._nothing(link, side, record, "a field was left out")
        made = self._to_create(side, values)
        if isinstance(made, NotMade):
            told = self._nothing if made.unclear else self._not_made
            return told(link, side, record, made.reason)
        if any(not kept.isdisjoint(own) for kept, own in zip(self.reserved, candidate.values, strict=True)):
            return self._not_made(link, side, record, "a person account stands for it")
        if link.id in self.gathered.flying:
            return self._nothing(link, side, record, "write in flight")
        if self.world.clock.now() - record.stamp < timedelta(seconds=made.after):
            self.gathered.again.append((side, record.ref))
            return self._nothing(link, side, record, "made later")
        return self._entered(link, side, record, values) or made

    def _waits_for_more(self, side: Side, record: RemoteRecord) -> bool:
        """Whether nothing is decided on a record yet since its answer left something out: without its address it would
        be a stranger, and without its stage nobody whom a rule wants. It is looked at once more; what is left out then,
        too, is waited for only where it says who that is, or whether somebody is made.
        """
        untold = self.planner.looking.untold(side, record) | (record.missing & {self.shapes.of(side).key})
        if untold and f"{self.kind.kind} {side}:{record.ref}" not in self._looked_at():
            self.gathered.again.append((side, record.ref))
            return True
        return not untold.isdisjoint(self.deciding.of(side))

    def _looked_at(self) -> Iterator[str]:
        return (request.argument for request in self.gathered.carried if request.wish == LOOK)

    def _names_deciding(self, side: Side) -> Iterator[str]:
        """What tells of a record who it is, and whether and as what its counterpart is made."""
        yield self.shapes.of(side).key
        for match_rule in self.kind.match:
            yield from (match_rule.field, *match_rule.also)
        rules = self.rules.of(side.other)
        types = (when for rule in rules for _, when in rule.record_types)
        for asked in (self.scopes.of(side), *(rule.when for rule in rules), *types):
            yield from () if asked is None else asked.names

    def _entered(
        self, link: Link, side: Side, record: RemoteRecord, values: Mapping[str, Canonical]
    ) -> Decision | None:
        """Whom a stage's entry criteria keep from being made in it: listed like a move that waits, until they are met,
        or a person lets this one through.
        """
        stages = self.planner.stages
        lacking = "" if stages is None else stages.unready(values)
        if stages is None or not lacking:
            return None
        known = next((each for each in self._waiting(link) if len(each.refs) == 1), None)
        if known is not None and known.resolution == side.value:
            return None
        reason = f"waits: {lacking}; until then nobody is made on the {side.other} side"
        if known is not None and known.reason == reason:
            return self._nothing(link, side, record, NOT_READY)
        nobody: Pair[RemoteRecord | None] = Pair(None, None)
        no_value: Pair[Canonical] = Pair(None, None)
        conflict = Conflict(
            id=digest(self.world.connection.name, self.kind.kind, Topic.WAITS, link.id, stages.name),
            kind=self.kind.kind,
            topic=Topic.WAITS,
            link=link.id,
            refs=((side, record.ref),),
            field=stages.name,
            values=no_value.replacing(side, values[stages.name]),
            base=None,
            reason=reason,
            since=known.since if known is not None else self.world.clock.now(),
        )
        return Decision(self.kind.kind, link, None, nobody.replacing(side, record), (Hold(conflict),))

    def _waiting(self, link: Link) -> Sequence[Conflict]:
        """What is listed of a record that has no counterpart yet."""
        return self.gathered.conflicts.get(link.id, ())

    def _no_longer(self, decision: Decision) -> Decision:
        """A decision on a lone record, which closes what was listed of it unless that still waits."""
        waiting = self._waiting(decision.link)
        if not waiting or any(isinstance(each, Hold) or each == Nothing(NOT_READY) for each in decision.actions):
            return decision
        if any(isinstance(each, Create) for each in decision.actions):  # until it is made, a person's word stands there
            return replace(decision, closes_with={str(each.field): (each.id,) for each in waiting})
        return replace(decision, closes=(*decision.closes, *(each.id for each in waiting)))

    def _fingerprint(self, decision: Decision, letter: DeadLetter) -> str:
        create = decision.write_to(letter.side)
        return self.planner.parking.fingerprint(letter.side, create.fields if create else {})

    def _to_create(self, side: Side, values: Mapping[str, Canonical]) -> Made | NotMade:
        """What the first create rule that holds makes."""
        scope = self.scopes.of(side)
        if scope is not None:
            within = scope.holds(values)
            if isinstance(within, Unclear):
                return NotMade("the scope cannot be decided", unclear=True)
            if not within:
                return NotMade("out of scope")
        return choose_made(self.rules.of(side.other), values)

    def _new_link(self, side: Side, ref: RemoteRef, proof: Proof) -> Link:
        nowhere = RemoteRef("", "")
        return Link(
            id=self._link_id(side, ref),
            kind=self.kind.kind,
            refs=Pair(nowhere, nowhere).replacing(side, ref),
            proof=proof,
            since=self.world.clock.now(),
        )

    def _link_id(self, side: Side, ref: RemoteRef) -> str:
        """What this record's link is called; anew where the one it had has moved on without it."""
        former = self.gathered.former.get((side, ref))
        return _again(former) if former else link_id(self.world, self.kind.kind, side, ref)

    def _joined_id(self, pair: Match) -> str:
        """What the link of a pair is called: as before where a person joins again what was unlinked. Another pair
        leaves the tombstone its id, since it goes on telling that its records stay apart.
        """
        refs = Pair(pair.marketing.record.ref, pair.crm.record.ref)
        before = self.ended.get(pair.marketing.who)
        if before is not None and before.refs == refs:
            return before.id
        id_ = self._link_id(*pair.marketing.who)
        if pair.proof is Proof.MANUAL:
            known = self.world.store.by_link([id_]).get(id_)
            if known is not None and known.link.unlinked and known.link.refs != refs:
                return digest("joined", id_, *refs)
        return id_

    def _not_made(self, link: Link, side: Side, record: RemoteRecord, reason: str) -> Decision:
        """Nothing is wanted for a record: whatever is listed of a try to make it is over."""
        self.gathered.unmade.add((side, record.ref))
        return self._nothing(link, side, record, reason)

    def _nothing(self, link: Link, side: Side, record: RemoteRecord, reason: str) -> Decision:
        nobody: Pair[RemoteRecord | None] = Pair(None, None)
        return Decision(self.kind.kind, link, None, nobody.replacing(side, record), (Nothing(reason),))


def _again(tombstone: Link, *, ref: RemoteRef | None = None) -> str:
    """The id of the link that follows a tombstone; the tombstone keeps its own, and its history.

    :param ref: whose it is, where either record of one that was unlinked may get another counterpart.
    """
    return digest("again", tombstone.id, tombstone.since, *([ref] if ref is not None and tombstone.unlinked else ()))


def _who(text: str) -> SidedRef:
    side, _, ref = text.partition(":")
    object_name, _, id_ = ref.partition("/")
    return Side(side), RemoteRef(object_name, id_)
