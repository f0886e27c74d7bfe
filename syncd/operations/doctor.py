"""``doctor``: what two accounts lack for their mapping, what goes beyond need, what will break one day.

Every finding says what it breaks and where it is mended. A side that cannot be reached is a finding too, and the other
one is looked at all the same. Nothing is written to anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, TypeAlias

from syncd.core.normalize import Lens
from syncd.engine.sparing import urgently
from syncd.engine.world import World
from syncd.model.errors import Bug, Flaw, NeedsOperator, RetryLater, SyncdError
from syncd.model.fitting import Diagnosis, Finding, Severity, Sunset, Topic
from syncd.model.mapping import FieldMapping, KindMapping
from syncd.model.remote import AccountIdentity, RemoteField, RemoteSchema, RemoteUser, UserSort
from syncd.model.values import SIDES, Instant, Lane, Pair, Side
from syncd.operations.fitting import copies_on, needs_of
from syncd.operations.native import native_findings
from syncd.operations.routing_fit import routing_findings
from syncd.operations.sentinel import sentinels

Check: TypeAlias = Callable[[KindMapping, Pair[RemoteSchema]], tuple[tuple[Flaw, ...], tuple[str, ...]]]
"""Holds a mapping against both schemas: flaws, and notices in words."""

SKEW: Final = timedelta(seconds=5)
"""More than a Date header of whole seconds and a slow answer explain."""
TOO_MUCH: Final = timedelta(minutes=2)
"""Beyond it a JWT that was just made is refused as not yet, or no longer, valid."""
SOON: Final = 180
"""Days before a sunset that somebody should begin to plan."""
NEARLY_SPENT: Final = 0.8
IDLE_CALLS: Final = Pair(3, 2)
"""Calls of an idle cycle of both kinds per side, at most (docs/performance.md)."""
FEW_SHOWN: Final = 10
MEND: Final = "as it says there, then `syncd doctor` again"


@dataclass(frozen=True, slots=True)
class Account:
    """What the configuration says of one side: its vendor, the version of its API, its address."""

    vendor: str
    version: str
    url: str


def examine(
    world: World, *, check: Check, accounts: Pair[Account], sunsets: Sequence[Sunset], poll: float
) -> Diagnosis:
    """Looks at both accounts with the daemon's own credentials.

    :param poll: seconds between cycles, for what a day of them costs.
    """
    with urgently(world):  # it is asked for when calls are short, and needs few
        return _examined(world, check=check, accounts=accounts, sunsets=sunsets, poll=poll)


def _examined(
    world: World, *, check: Check, accounts: Pair[Account], sunsets: Sequence[Sunset], poll: float
) -> Diagnosis:
    found: list[Finding] = []
    unreached: set[Side] = set()
    for side in SIDES:
        found += _sandbox(side, accounts.of(side))
        found += _sunsets(side, accounts.of(side), sunsets, world.clock.now().date())
        try:
            found += _side(world, side, poll=poll)
        except (NeedsOperator, RetryLater, Bug) as why:
            unreached.add(side)
            found.append(_unreached(side, why))
    found += _mapping(world, check, unreached)
    if not unreached:
        found += _owners(world)
        found += routing_findings(world)
    found += sentinels(world, unreached)
    clocks = [finding for finding in found if finding.topic is Topic.CLOCK]
    for twin in clocks[1:]:  # one clock, however many vendors saw that it is off
        found.remove(twin)
    order = list(Severity)
    return Diagnosis(tuple(sorted(found, key=lambda finding: order.index(finding.severity))), frozenset(unreached))


def _side(world: World, side: Side, *, poll: float) -> Iterator[Finding]:
    connector = world.connectors.of(side)
    health = connector.check()
    yield from _binding(world, side, health.identity)
    yield from _clock(side, health.clock, world.clock.now())
    yield from _quota(world, side, poll=poll)
    more = copies_on(world.connection, world.connectors, side)
    needs = needs_of(world.connection.kinds, side, more=more)
    lists = side is Side.MARKETING and any(each.lists for each in world.connection.signals.campaigns)
    yield from connector.fitting().rights(replace(needs, lists=lists))


def _binding(world: World, side: Side, identity: AccountIdentity) -> Iterator[Finding]:
    bound = world.store.bound().get(side)
    if bound is not None and (bound.vendor, bound.account) != (identity.vendor, identity.account):
        yield Finding(
            side,
            Topic.CREDENTIALS,
            Severity.BROKEN,
            f"the credentials lead to {identity.vendor} account {identity.account}, but this store is bound to "
            f"{bound.account}",
            "syncd refuses to work: what it knows is about other records",
            "give the credentials of the right account, or this environment a store.url of its own",
        )


def _unreached(side: Side, why: SyncdError) -> Finding:
    later = isinstance(why, RetryLater)
    return Finding(
        side,
        Topic.CREDENTIALS,
        Severity.BROKEN,
        str(why),
        "nothing of this side can be read or written, and nothing else about it could be looked at",
        "try again in a minute; then look at the address in syncd.yaml and at the network" if later else MEND,
    )


def _clock(side: Side, told: Instant | None, now: Instant) -> Iterator[Finding]:
    off = abs(now - told) if told is not None else timedelta(0)
    if off > SKEW:
        ahead = "behind" if told is not None and told > now else "ahead"
        yield Finding(
            side,
            Topic.CLOCK,
            Severity.BROKEN if off > TOO_MUCH else Severity.RISK,
            f"this machine's clock is {off.total_seconds():.0f} s {ahead} of the vendor's",
            "logins with a certificate are refused, and times in the history are wrong",
            "let a time service set the clock (timedatectl set-ntp true)",
        )


def _quota(world: World, side: Side, *, poll: float) -> Iterator[Finding]:
    quota = world.connectors.of(side).quota()
    if quota.limit is None or quota.used is None:
        return
    idle = 86_400 / poll * IDLE_CALLS.of(side)
    left = quota.limit - quota.used
    waits = world.connectors.of(side).waits(Lane.ORDINARY) is not None
    if quota.used > quota.limit * NEARLY_SPENT or waits:
        yield Finding(
            side,
            Topic.QUOTA,
            Severity.RISK,
            f"{quota.used:,} of {quota.limit:,} calls of the day are used, by all integrations together",
            f"what is not urgent waits until some are free: the other {max(0, left):,} are kept for other programs"
            if waits
            else f"syncd waits once the other {max(0, left):,} are used, until some are free again",
            "look for another integration that polls too often, or buy calls",
        )
    if idle > quota.limit * 0.5:
        yield Finding(
            side,
            Topic.QUOTA,
            Severity.RISK,
            f"polling every {poll:g} s takes about {idle:,.0f} calls a day of {quota.limit:,}",
            "the day's calls are used up before night, by syncd or by others",
            "raise connections.NAME.poll",
        )


def _sandbox(side: Side, account: Account) -> Iterator[Finding]:
    if "//127.0.0.1" in account.url or "//[::1]" in account.url:
        yield Finding(
            side,
            Topic.SANDBOX,
            Severity.NOTICE,
            f"{account.url} is this machine: a stand-in, no account of {account.vendor}",
            "nothing; credentials go over plain http there, which is allowed on this machine only",
        )


def _sunsets(side: Side, account: Account, sunsets: Sequence[Sunset], today: date) -> Iterator[Finding]:
    for sunset in sunsets:
        if sunset.vendor != account.vendor or not sunset.concerns(account.version):
            continue
        days = (sunset.ends - today).days
        when = f"ends on {sunset.ends}, in {days} days" if days >= 0 else f"ended on {sunset.ends}"
        severity = Severity.BROKEN if days < 0 else Severity.RISK if days < SOON else Severity.NOTICE
        yield Finding(
            side, Topic.SUNSET, severity, f"{sunset.what} {when}", "every call is refused then", sunset.advice
        )


def _mapping(world: World, check: Check, unreached: Collection[Side]) -> Iterator[Finding]:
    yield from (_unasked(side) for side in SIDES if side in unreached)
    for kind in world.connection.kinds:
        stopped = f"{kind.kind} is not synced at all until this is mended"
        lens = Lens(kind, world.context, world.codecs)
        read: dict[Side, RemoteSchema] = {}
        for side in SIDES:
            if side in unreached:
                continue
            try:
                read[side] = world.connectors.of(side).schema(lens.shape(side))
            except (NeedsOperator, RetryLater, Bug) as why:
                yield Finding(side, Topic.MAPPING, Severity.BROKEN, f"{kind.kind}: {why}", stopped, MEND)
        if len(read) == len(SIDES):
            schemas = Pair(read[Side.MARKETING], read[Side.CRM])
            yield from _held_against(kind, schemas, check, stopped)
            yield from native_findings(world, kind, schemas)
        else:
            yield from _alone(kind, read, stopped)


def _unasked(side: Side) -> Finding:
    return Finding(
        side,
        Topic.MAPPING,
        Severity.NOTICE,
        f"the {side} side could not be asked what fields it has, so no mapping was held against both accounts",
        "whether a field is lacking there, and which optional ones are left out, is not known",
        "mend what is said of its credentials, then `syncd doctor` again; change no field before",
    )


def _alone(kind: KindMapping, read: Mapping[Side, RemoteSchema], stopped: str) -> Iterator[Finding]:
    """What one schema tells while the other cannot be read: fields that are not there and must be. Which optional ones
    are left out depends on both.
    """
    must = replace(kind, fields=tuple(each for each in kind.fields if not each.optional))
    for side, schema in read.items():
        for name, need in needs_of([must], side).objects.items():
            seen = schema.objects.get(name, {})
            gone = sorted(need.read - seen.keys()) if seen else []
            for field in gone:
                what = f"{name}.{field} does not exist or is hidden from syncd"
                yield Finding(side, Topic.MAPPING, Severity.BROKEN, what, stopped, "correct the name or give the right")


def _held_against(kind: KindMapping, schemas: Pair[RemoteSchema], check: Check, stopped: str) -> Iterator[Finding]:
    unseen = [f"{name}." for side in SIDES for name, fields in schemas.of(side).objects.items() if not fields]
    flaws, notices = check(kind, schemas)
    for flaw in flaws:
        if any(name in flaw.what for name in unseen):
            continue  # the whole object is hidden, which the rights say in one line
        place = f"{flaw.file}:{flaw.line}: " if flaw.file else ""
        side, advice = _side_of(kind, flaw.what), flaw.advice or MEND
        yield Finding(side, Topic.MAPPING, Severity.BROKEN, f"{place}{flaw.what}", stopped, advice)
    for notice in notices:
        left_out = "is left out" in notice
        make_it = "run `syncd setup`" if "`syncd setup`" in notice else "make it at the vendor"
        yield Finding(
            _side_of(kind, notice),
            Topic.MAPPING,
            Severity.NOTICE,
            notice,
            "this field is not kept in step" if left_out else f"a new {kind.kind} may be refused there",
            f"{make_it}, or leave it so" if left_out else "map it, or give it a `create_default`",
        )
    yield from _lists(kind, schemas)
    yield from _unusable(kind, schemas)


def _side_of(kind: KindMapping, text: str) -> Side:
    """The side that a flaw or notice names an object of."""
    return Side.MARKETING if any(name in text for name in kind.objects.marketing) else Side.CRM


def _lists(kind: KindMapping, schemas: Pair[RemoteSchema]) -> Iterator[Finding]:
    """Values of tables that a list does not have where the vendor would take them all the same, and values of lists
    that no table reads. Lists that take nothing else are held against the table by ``check``.
    """
    for field in kind.fields:
        for side in SIDES if field.table else ():
            for name, slots in field.slots.of(side).items():
                for position, slot in enumerate(slots):
                    yield from _list(
                        field, side, f"{name}.{slot}", schemas.of(side).objects.get(name, {}).get(slot), position
                    )


def _list(field: FieldMapping, side: Side, where: str, remote: RemoteField | None, position: int) -> Iterator[Finding]:
    known = {option.value for option in remote.options if option.active} if remote else set()
    if remote is None or not known:
        return
    writes = {row.writes.of(side)[position] for row in field.table if row.writes.of(side)}  # type: ignore[index]
    foreign = sorted(str(value) for value in writes if value is not None and value not in known)
    if foreign and not remote.restricted and field.direction.flows_to(side):
        yield Finding(
            side,
            Topic.MAPPING,
            Severity.BROKEN,
            f"the list {where} does not have {', '.join(foreign)}, which the table of {field.name} writes",
            "the vendor takes it, and people find records with a value that nobody chose",
            "correct the table, or add the value to the list at the vendor",
        )
    read = {form[position] for row in field.table for form in row.reads.of(side)}
    unread = sorted(known - {str(value) for value in read if value is not None}) if None not in read else []
    if unread and field.direction.flows_to(side.other):
        yield Finding(
            side,
            Topic.MAPPING,
            Severity.NOTICE,
            f"the table of {field.name} does not read {', '.join(unread[:FEW_SHOWN])} of the list {where}",
            f"records with it: {field.name} is treated as `unknown` says ({field.unknown})",
            "add rows to the table for what should travel",
        )


def _unusable(kind: KindMapping, schemas: Pair[RemoteSchema]) -> Iterator[Finding]:
    for side in SIDES:
        for name, types in schemas.of(side).record_types.items():
            barred = [each.label for each in types if not each.usable]
            if barred and len(barred) == len(types):
                yield Finding(
                    side,
                    Topic.RECORD_TYPES,
                    Severity.NOTICE,
                    f"{name}: no record type may be given by syncd's user ({', '.join(barred[:FEW_SHOWN])})",
                    f"a new {kind.kind} gets the master record type, whose lists may lack values",
                    "Setup > Permission Sets > syncd > Object Settings: assign the record types",
                )


def _owners(world: World) -> Iterator[Finding]:
    """Active users of one side whom nobody on the other side has the address of."""
    if not needs_of(world.connection.kinds, Side.CRM).owners:
        return
    try:
        users = Pair(*(_people(world.connectors.of(side).users()) for side in SIDES))
    except (NeedsOperator, RetryLater, Bug) as why:
        what, breaks = f"owners could not be compared: {why}", "who owns a record is not told to the other side"
        yield Finding(Side.MARKETING, Topic.OWNERS, Severity.NOTICE, what, breaks, MEND)
        return
    for side in SIDES:
        known = {user.email for user in users.of(side.other) if user.active}
        unknown = sorted(user.email or user.name for user in users.of(side) if user.active and user.email not in known)
        if unknown and (side is Side.CRM or needs_of(world.connection.kinds, Side.CRM).gives_owners):
            yield Finding(
                side,
                Topic.OWNERS,
                Severity.NOTICE,
                f"active users who are nobody on the other side ({len(unknown):,}): {', '.join(unknown[:FEW_SHOWN])}"
                + (" ..." if len(unknown) > FEW_SHOWN else ""),
                "records of theirs keep the owner they have on the other side",
                f"give them a seat with the same e-mail address on the {side.other} side, or leave it so",
            )


def _people(users: Sequence[RemoteUser]) -> list[RemoteUser]:
    return [user for user in users if user.sort is UserSort.USER]
