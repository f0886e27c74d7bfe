"""What is there for syncd alone, at both vendors and on this machine, in the order in which it is taken away.

Read from the configuration and the store; nobody is asked and nothing is deleted. Fields that an administrator mapped,
and which were there before, are nobody's business here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from syncd.model.sentinel import Planted
from syncd.model.values import SIDES, Side
from syncd.ports.memory import PLANTED

if TYPE_CHECKING:
    from syncd.model.fitting import Needs
    from syncd.ports.store import Store
    from syncd.settings.accounts import ConnectionSettings, Loaded


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing to take away: ``where`` it is (here, marketing, crm), what it is, how."""

    where: str
    what: str
    how: str


def leftovers(loaded: Loaded, connection: str | None, store: Store) -> list[Leftover]:
    """All of it.

    :raises BadUsage: if there is no such connection.
    """
    from connectors.hubspot.known import COPIES  # noqa: PLC0415 - heavy, see the package
    from syncd.operations.fitting import copies_as, needs_of  # noqa: PLC0415 - the same

    settings = loaded.connection(connection)
    kinds = settings.connection.kinds
    copies = copies_as(settings.connection, COPIES, Side.MARKETING)
    return [
        Leftover("here", "what is in flight", "`syncd drain`, then stop the daemon"),
        Leftover("here", "what is known: links, ledger, audit", "`syncd export FOLDER`, if you want to keep it"),
        *_sentinels(store),
        *_hubspot(settings, needs_of(kinds, Side.MARKETING, more=copies)),
        *_salesforce(settings, needs_of(kinds, Side.CRM)),
        *_files(loaded, settings),
    ]


def _sentinels(store: Store) -> Iterator[Leftover]:
    for side in SIDES:
        planted = Planted.read(store.recall(PLANTED.format(side=side)))
        if planted is not None:
            yield Leftover(str(side), f"record {planted.ref}, the sentinel", "delete it")


def _hubspot(settings: ConnectionSettings, needs: Needs) -> Iterator[Leftover]:
    from connectors.hubspot.fitting import own_properties, scopes  # noqa: PLC0415 - heavy, see the package

    for name, field in own_properties(needs):
        yield Leftover("marketing", f"property {name}.{field}", "Settings > Properties: archive it, then delete it")
    if settings.marketing.webhooks is not None:
        yield Leftover("marketing", "the app's webhook subscriptions", "Development > the app > Webhooks: delete them")
    for scope in sorted(scopes(needs)):
        yield Leftover("marketing", f"scope {scope}", "goes with the service key, or the private app, that has it")
    yield Leftover(
        "marketing",
        "the service key or private app whose token is configured",
        "Development > Keys (or Legacy apps): delete it, unless something else uses it",
    )


def _salesforce(settings: ConnectionSettings, needs: Needs) -> Iterator[Leftover]:
    from connectors.salesforce.fitting import NAME, own_fields  # noqa: PLC0415 - heavy, see the package

    for name, field, _ in own_fields(needs):
        yield Leftover(
            "crm", f"field {name}.{field}", f"Setup > Object Manager > {name} > Fields: delete, then erase it"
        )
    who = settings.crm.username or "the user the app runs as"
    yield Leftover("crm", f"assignment of the permission set {NAME} to {who}", "Setup > Permission Sets: remove it")
    yield Leftover("crm", f"permission set {NAME} with its rights", "Setup > Permission Sets: delete it")
    yield Leftover(
        "crm",
        f"external client app with the consumer key {settings.crm.client_id}",
        "Setup > External Client App Manager: delete it, unless something else uses it",
    )
    yield Leftover("crm", f"user {who}", "deactivate it, unless somebody else uses it; its licence is free then")


def _files(loaded: Loaded, settings: ConnectionSettings) -> Iterator[Leftover]:
    databases = (loaded.store_url, loaded.jobs_url)  # an address without a file of its own need be no secret
    for secret in loaded.only(settings.connection.name).configured():
        if secret.file is not None or secret not in databases:
            where = str(secret.file) if secret.file is not None else "in the environment or syncd.yaml"
            yield Leftover("here", f"secret {secret.name}, {where}", "delete it once nothing uses it")
    url = loaded.store_url().get_secret_value()
    if url.startswith("sqlite"):
        from syncd.store.backup import store_file  # noqa: PLC0415 - heavy, see the package

        file = store_file(url)
        jobs = f"{file.with_suffix('')}.jobs.db"
        yield Leftover("here", f"store {file}, {file.name}.generation beside it, and {Path(jobs).name}", "delete them")
    else:
        yield Leftover("here", "the store's tables, and the schema of the daemon's queue", "drop database or schema")
    if loaded.backup is not None:
        yield Leftover("here", f"backups in {loaded.backup.folder}, and their key", "delete them; they hold people")
