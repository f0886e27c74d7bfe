"""People become members of campaigns of the CRM by the rules of ``signals.yaml``; a member's status only goes on.

A member is known by campaign and person: the vendor allows one, so that whatever stands there is looked up by both just
before anything is made, and after a crash. The person is the link, so a converted Lead's membership is its Contact's.
Campaigns are never made: one that is not found, or found twice, waits, and its stream stays where it is. Whoever was
taken out by hand stays out, and whoever the rules no longer mean stays in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from syncd.core.membership import goes_on, properties_of, wanted_status
from syncd.core.planner import digest
from syncd.engine.acquainted import FRESH
from syncd.engine.appending import DUE_AT_ONCE, Addition, Appending, Found, intent_name
from syncd.engine.feeding import Feed, ListFeed
from syncd.engine.running import Running
from syncd.engine.world import World
from syncd.model.appended import CAMPAIGN_MEMBER, Appended, AppendedState
from syncd.model.errors import NeedsOperator
from syncd.model.link import Intent, IntentKind, Link, LinkState
from syncd.model.remote import MatchKey, RemoteRecord, RemoteRef, Shape
from syncd.model.signal import Campaign, ListRule, Membership
from syncd.model.values import Side
from syncd.model.write import CreateRecord, Expect, UpdateRecord
from syncd.observe.log import emit
from syncd.ports.store import Settlement

PERSON = "person"
CAMPAIGN = "campaign"


def fill_campaigns(at_work: Running) -> None:
    """Adds people to every campaign that is declared and there."""
    world = at_work.world
    form = world.connectors.crm.capabilities.membership
    signals = world.connection.signals
    if form is None or not signals.campaigns or PERSON not in world.terms:
        return
    appending = Appending.today(at_work, CAMPAIGN_MEMBER, Side.CRM, per_day=signals.per_day)
    for campaign, ref in _campaigns(world, form, signals.campaigns):
        filling = _Filling(appending, form, campaign, ref)
        filling.let_go()
        for rule in campaign.lists:
            _join(at_work, filling, rule)
        properties = properties_of(campaign)
        if not properties:
            continue
        feed = Feed(
            world,
            CAMPAIGN_MEMBER,
            Side.MARKETING,
            digest(
                campaign.key, ref, campaign.statuses, [(r.property, sorted(r.values.items())) for r in campaign.rules]
            ),
            _people_shape(world, properties),
            whole=True,
        )
        filling.try_again(feed.shape)
        feed.read(filling.deal)
    appending.ended()


def _join(at_work: Running, filling: _Filling, rule: ListRule) -> None:
    """Adds those who are in a list. One that cannot be read waits, and nothing else does because of it."""
    reading = ListFeed(at_work.world, CAMPAIGN_MEMBER, digest(filling.ref, rule.list, rule.status), rule.list)
    try:
        reading.read(lambda refs: filling.add(dict.fromkeys(refs, rule.status)))
    except NeedsOperator as why:
        at_work.tally.partial = True
        emit("campaign.list_unread", campaign=filling.campaign.key, error=type(why).__name__)


def _people_shape(world: World, properties: Sequence[str]) -> Shape:
    terms = world.terms[PERSON]
    (name,) = terms.kind.objects.marketing
    return Shape(CAMPAIGN_MEMBER, {name: tuple(properties)}, terms.kind.key.marketing)


def member_shape(form: Membership) -> Shape:
    """What is read and written of members. There is no key field: the vendor keeps them unique itself."""
    people = {name: {form.object: lookup} for name, lookup in form.people.items()}
    return Shape(CAMPAIGN_MEMBER, {form.object: (form.status,)}, "", {CAMPAIGN: {form.object: form.campaign}, **people})


# -- the campaigns -----------------------------------------------------------------------------------------------------
def _campaigns(world: World, form: Membership, campaigns: Sequence[Campaign]) -> Sequence[tuple[Campaign, RemoteRef]]:
    """The campaigns that are there, looked up at most every ten minutes."""
    known: dict[str, RemoteRef] = {}
    for campaign in campaigns:
        remembered = world.store.recall(_name(campaign))
        if remembered is not None and world.clock.now() - remembered[1] < FRESH:
            known[campaign.key] = RemoteRef(form.campaigns, remembered[0].decode())
    asked = [campaign for campaign in campaigns if campaign.key not in known]
    if asked:
        known |= _look_up(world, form, asked)
    return [(campaign, known[campaign.key]) for campaign in campaigns if campaign.key in known]


def _look_up(world: World, form: Membership, campaigns: Sequence[Campaign]) -> dict[str, RemoteRef]:
    shape = Shape(CAMPAIGN, {form.campaigns: (form.name,)}, "")
    crm = world.connectors.crm
    named = crm.find(shape, MatchKey("value", {form.campaigns: (form.name,)}), [each.name for each in campaigns])
    found: dict[str, RemoteRef] = {}
    for campaign in campaigns:
        records = list(named.get(campaign.name, ()))
        if not records:  # then it is an id
            answers = crm.fetch(shape, [RemoteRef(form.campaigns, campaign.name)])
            records = [answer for answer in answers if isinstance(answer, RemoteRecord)]
        if len(records) != 1:
            emit("campaign.waits", campaign=campaign.key, records=len(records))
            continue
        found[campaign.key] = records[0].ref
        world.store.remember(_name(campaign), records[0].ref.id.encode(), world.clock.now())
    return found


def _name(campaign: Campaign) -> str:
    return f"campaign:{digest(campaign.key, campaign.name)}"


# -- the members -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Wanted:
    """Somebody who is to be a member, and what is remembered of it."""

    link: Link
    status: str
    row: Appended | None

    @property
    def who(self) -> RemoteRef:
        """The person's record in the CRM."""
        return self.link.refs.crm


@dataclass(slots=True)
class _Filling:
    """One campaign being filled."""

    appending: Appending
    form: Membership
    campaign: Campaign
    ref: RemoteRef

    def try_again(self, people: Shape) -> None:
        """Looks again at those whom the vendor refused a day ago; one whom no property means any more is let be. Once
        the day's bound is spent nobody is looked at.
        """
        if not self.appending.left:
            return
        world = self.appending.at_work.world
        mine = [f"{self.ref}:"]  # what waits for a campaign that is declared no more is in nobody's way
        due = world.store.appended_due(CAMPAIGN_MEMBER, world.clock.now(), DUE_AT_ONCE, begins=mine)
        rows = {row.person: row for row in due}
        linked = world.store.by_link(list(rows))
        refs = [found.link.refs.marketing for found in linked.values() if found.link.state is LinkState.LIVE]
        answers = world.seen(Side.MARKETING).fetch(people, refs) if refs else ()
        if not self.deal([answer for answer in answers if isinstance(answer, RemoteRecord)]):
            return  # who is left over comes due again
        now = world.store.appended(CAMPAIGN_MEMBER, [row.origin for row in rows.values()])
        over = [replace(row, due=None) for row in now.values() if row == rows[row.person]]
        if over:
            world.settle(Settlement(appended=over))

    def let_go(self) -> None:
        """Adds those whom the brake held and a person approved, as many as may come today and as far as they are meant
        to be by now; whoever is there or gone meanwhile is over.
        """
        world, bounding = self.appending.at_work.world, self.appending.bounding
        mine = f"{self.ref}:"
        held = {row.person: row for row in self.appending.released(lambda origin: origin.startswith(mine))}
        linked = world.store.by_link(list(held))
        people = {
            found.link.refs.marketing: held[link]
            for link, found in linked.items()
            if found.link.state is LinkState.LIVE
        }
        statuses = {ref: row.status for ref, row in people.items()}
        properties = properties_of(self.campaign)
        if properties and people:
            for each in world.seen(Side.MARKETING).fetch(_people_shape(world, properties), list(people)):
                if isinstance(each, RemoteRecord) and (wanted := wanted_status(self.campaign, each.fields)):
                    further = goes_on(self.campaign, held=statuses[each.ref], wanted=wanted)
                    statuses[each.ref] = wanted if further else statuses[each.ref]
        if not (held and self.add(statuses)):
            return
        rows = world.store.appended(CAMPAIGN_MEMBER, [row.origin for row in held.values()]).values()
        over = [replace(row, state=AppendedState.LEFT) for row in rows if row.state is AppendedState.HELD]
        if over:
            world.settle(Settlement(appended=over))
        for row in held.values():
            bounding.over(row.origin)

    def deal(self, people: Sequence[RemoteRecord]) -> bool:
        """Makes or advances what these people's properties call for; whether all of them are dealt with."""
        return self.add({each.ref: status for each in people if (status := wanted_status(self.campaign, each.fields))})

    def add(self, statuses: Mapping[RemoteRef, str]) -> bool:
        """Makes or advances members with these statuses; whether all of them are dealt with."""
        wanted = self._wanted(statuses)
        if not wanted:
            return True
        if self.appending.spent(self._origin(each.link) for each in wanted):
            return False
        world = self.appending.at_work.world
        held = held_members(world, self.form, self.ref, {each.link.id: (each.who, each.row) for each in wanted})
        settlement = Settlement()
        additions: list[Addition] = []
        for each in wanted:
            step = self._step(each, held.get(each.link.id))
            if isinstance(step, Addition):
                additions.append(step)
            else:
                settlement.appended.append(step)
        if settlement:
            world.settle(settlement)
        return self.appending.send(member_shape(self.form), additions)

    def _wanted(self, statuses: Mapping[RemoteRef, str]) -> list[_Wanted]:
        """Who of them are linked to somebody in the CRM, and are not known to be as far already."""
        world = self.appending.at_work.world
        linked = world.store.linked(PERSON, Side.MARKETING, list(statuses))
        links = {
            ref: found.link
            for ref, found in linked.items()
            if found.link.state is LinkState.LIVE and found.link.refs.crm.object in self.form.people
        }
        rows = world.store.appended(CAMPAIGN_MEMBER, [self._origin(link) for link in links.values()])
        wanted: dict[str, _Wanted] = {}
        for ref, link in links.items():
            row = rows.get(self._origin(link))
            known = row is not None and row.state is AppendedState.DONE
            if row is not None and (row.state is AppendedState.LEFT or self.appending.bounding.holds(row)):
                continue
            if not known or goes_on(self.campaign, held=row.status if row else None, wanted=statuses[ref]):
                wanted[link.id] = _Wanted(link, statuses[ref], row)
        return list(wanted.values())

    def _step(self, wanted: _Wanted, member: RemoteRecord | None) -> Addition | Appended:
        """What is to be written, or what is known now without a write."""
        world, form = self.appending.at_work.world, self.form
        origin, row = self._origin(wanted.link), wanted.row
        now = world.clock.now()
        done = Appended(CAMPAIGN_MEMBER, origin, wanted.link.id, AppendedState.DONE, now, status=wanted.status)
        if member is None and row is not None and row.ref is not None:
            return Appended(CAMPAIGN_MEMBER, origin, wanted.link.id, AppendedState.LEFT, now, ref=row.ref)
        rule = f"campaign {self.campaign.key}"
        told = {"person": str(wanted.who)}
        if member is None:
            name = intent_name(world, Side.CRM, CAMPAIGN_MEMBER, origin, wanted.status)
            refs = {CAMPAIGN: self.ref, wanted.who.object: wanted.who}
            create = CreateRecord(name, form.object, origin, {form.status: wanted.status}, refs)
            return Addition(create, done, self.ref, rule, told)
        status = member.fields.get(form.status)
        if not goes_on(self.campaign, held=status, wanted=wanted.status):
            held = str(status) if status in self.campaign.statuses else self.campaign.statuses[-1]
            return replace(done, ref=member.ref, status=held)
        name = intent_name(world, Side.CRM, CAMPAIGN_MEMBER, origin, wanted.status, member.version)
        expect = Expect(member.version, {form.status: status})
        update = UpdateRecord(name, member.ref, {form.status: wanted.status}, expect=expect)
        return Addition(update, done, self.ref, rule, told)

    def _origin(self, link: Link) -> str:
        return f"{self.ref}:{link.id}"


def held_members(
    world: World, form: Membership, campaign: RemoteRef, people: Mapping[str, tuple[RemoteRef, Appended | None]]
) -> dict[str, RemoteRecord]:
    """The member that each of these is now, by link id: of the person's record, else the one remembered."""
    shape, crm = member_shape(form), world.connectors.crm
    by_object: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for link, (who, _) in people.items():
        by_object[who.object][who.id] = link
    held: dict[str, RemoteRecord] = {}
    for name, ids in by_object.items():
        found = crm.find(shape, MatchKey("value", {form.object: (form.people[name],)}), list(ids))
        for id_, records in found.items():
            for record in records:
                if campaign in record.refs.get(CAMPAIGN, ()):
                    held[ids[id_]] = record
    lost = {link: row.ref for link, (_, row) in people.items() if link not in held and row is not None and row.ref}
    answers = crm.fetch(shape, list(lost.values())) if lost else ()  # a conversion may leave it with the Lead
    return held | {link: answer for link, answer in zip(lost, answers, strict=True) if isinstance(answer, RemoteRecord)}


def find_members(world: World, intents: Sequence[Intent]) -> Found:
    """What became of open writes of members: a create is looked for by campaign and person, as both are now."""
    form = world.connectors.crm.capabilities.membership
    if form is None:
        return {}
    found: dict[str, RemoteRef | None] = {}
    linked = world.store.by_link([intent.link for intent in intents])
    for intent in intents:
        if intent.action is IntentKind.UPDATE and intent.ref is not None:
            (answer,) = world.connectors.crm.fetch(member_shape(form), [intent.ref])
            done = isinstance(answer, RemoteRecord) and answer.fields.get(form.status) == intent.fields.get(form.status)
            found[intent.id] = intent.ref if done else None
            continue
        name, _, id_ = str(intent.agreed["person"]).partition("/")
        now = linked[intent.link].link.refs.crm if intent.link in linked else RemoteRef(name, id_)
        for who in dict.fromkeys((now, RemoteRef(name, id_))):
            held = (
                held_members(world, form, intent.origin, {intent.link: (who, None)})
                if who.object in form.people
                else {}
            )
            if intent.link in held:
                found[intent.id] = held[intent.link].ref
    return found
