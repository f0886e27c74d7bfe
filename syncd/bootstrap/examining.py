"""``doctor`` for a connection: holds what the files ask for against what both accounts are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.model.fitting import Diagnosis
from syncd.model.values import Pair
from syncd.operations.doctor import Account, examine
from syncd.settings.calendar import sunsets, versions
from syncd.settings.online import check_schema

if TYPE_CHECKING:
    from syncd.engine.world import World
    from syncd.model.errors import Flaw
    from syncd.model.mapping import KindMapping
    from syncd.model.remote import RemoteSchema
    from syncd.settings.accounts import ConnectionSettings


def examined(settings: ConnectionSettings, world: World) -> Diagnosis:
    """Everything about both accounts that breaks something, may break it, or will one day. Writes to nobody."""

    def check(kind: KindMapping, schemas: Pair[RemoteSchema]) -> tuple[tuple[Flaw, ...], tuple[str, ...]]:
        _, flaws, notices = check_schema(kind, schemas, source=settings.sources.get(kind.kind))
        return flaws, notices

    used = versions(settings)
    accounts = Pair(
        Account(*used.marketing, settings.marketing.base_url),
        Account(*used.crm, settings.crm.login_url),
    )
    return examine(world, check=check, accounts=accounts, sunsets=sunsets(), poll=settings.poll)
