"""The definitions of a configuration, and the store in which those in force are remembered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncd.model.values import Instant
    from syncd.operations.definitions import Definitions
    from syncd.ports.store import Store
    from syncd.settings.accounts import ConnectionSettings
    from syncd.settings.main_file import Outline


def definitions_of(settings: ConnectionSettings) -> Definitions:
    """What the files of a connection define."""
    from syncd.operations.definitions import definitions  # noqa: PLC0415 - only where it is asked for

    lifecycle = settings.lifecycle
    fields = (each for kind in settings.connection.kinds if lifecycle and kind.kind == lifecycle.kind
              for each in kind.fields if each.name == lifecycle.field)  # fmt: skip
    return definitions(
        lifecycle, settings.teams, next(fields, None), settings.personas, settings.rating, settings.calendars
    )


def note_in_force(settings: ConnectionSettings, store: Store, now: Instant) -> None:
    """Remembers that somebody works with these definitions now."""
    from syncd.observe.log import emit  # noqa: PLC0415 - as above
    from syncd.operations.definitions import note_definitions  # noqa: PLC0415

    changed = note_definitions(store, now, definitions_of(settings))
    if changed:
        emit("definitions.changed", connection=settings.connection.name, terms=len(changed))


@contextmanager
def open_memory_if_there(outline: Outline, connection: str | None) -> Iterator[Store | None]:
    """The store of one connection; ``None`` where its file is not there yet, which is not made."""
    from syncd.bootstrap import open_memory  # noqa: PLC0415 - it imports this package
    from syncd.store.engine import read_url  # noqa: PLC0415 - heavy, see the package

    url = read_url(outline.store_url().get_secret_value())
    if url.drivername == "sqlite" and not (url.database and Path(url.database).exists()):
        yield None
        return
    with open_memory(outline, connection) as store:
        yield store
