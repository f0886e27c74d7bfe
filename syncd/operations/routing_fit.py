"""Routing held against who there is in the CRM: pools with nobody active, users and queues there are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from syncd.core.routing import Standing, standings
from syncd.engine.world import World
from syncd.model.errors import Bug, NeedsOperator, RetryLater
from syncd.model.fitting import Finding, Severity, Topic
from syncd.model.routing import QUEUE, USER, Routing, ToOwner
from syncd.model.values import Side

HERE = "routing.yaml"


def routing_findings(world: World) -> Iterator[Finding]:
    """What of a routing nobody can be given to."""
    for kind in world.connection.kinds:
        if kind.routing is None:
            continue
        try:
            users = standings(world.connectors.crm.users(), kind.routing)
        except (NeedsOperator, RetryLater, Bug) as why:
            yield _finding(Severity.NOTICE, f"routing could not be looked at: {why}", "nobody knows who is active", "")
            return
        yield from _named(kind.routing, users)
        for pool in kind.routing.pools:
            if not any(users.get(member) is Standing.ACTIVE for member in pool.members):
                yield _finding(
                    Severity.BROKEN,
                    f"nobody of the pool {pool.key} is active: {', '.join(map(_shown, pool.members))}",
                    f"everybody who is to go there goes to the queue {_shown(kind.routing.fallback)}",
                    f"{HERE}, pools.{pool.key}.members: name users who are active",
                )


def _named(routing: Routing, users: Mapping[str, Standing]) -> Iterator[Finding]:
    """Everybody who is named one by one, each told once with the place."""
    places: dict[str, str] = {}
    for pool in routing.pools:
        places |= {member: f"pools.{pool.key}.members" for member in pool.members if member not in places}
    for rule in routing.rules:
        if isinstance(rule.to, ToOwner):
            places.setdefault(rule.to.owner, f"the rule {rule.name!r}")
    places.setdefault(routing.fallback, "fallback")
    for owner, place in places.items():
        standing = users.get(owner, Standing.UNKNOWN)
        if standing is Standing.ACTIVE:
            continue
        left = standing is Standing.INACTIVE
        yield _finding(
            Severity.NOTICE if left else Severity.BROKEN,
            f"{_shown(owner)} {standing.value}",
            "nobody is given to them" if owner != routing.fallback else "whom nobody has room for stays where they are",
            f"{HERE}, {place}: name somebody else, or see that this is one active user or queue of the CRM",
        )
    for owner in routing.takes_from.users:
        if owner not in users:
            where = f"{HERE}, takes_from.users: correct the address"
            yield _finding(Severity.NOTICE, f"{_shown(owner)} is no user of the CRM", "it changes nothing", where)


def _finding(severity: Severity, what: str, breaks: str, where: str) -> Finding:
    return Finding(Side.CRM, Topic.OWNERS, severity, f"routing: {what}", breaks, where)


def _shown(owner: str) -> str:
    return owner.removeprefix(USER).removeprefix(QUEUE)
