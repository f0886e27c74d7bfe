"""The definitions of a configuration, and the store in which those in force are remembered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from syncd.model.values import Pair

if TYPE_CHECKING:
    from syncd.model.values import Instant
    from syncd.operations.definitions import Change, Definitions
    from syncd.operations.page import Page
    from syncd.ports.store import Store
    from syncd.settings.accounts import ConnectionSettings

SYSTEMS: Final = Pair("HubSpot", "Salesforce")
"""What people call the two systems."""


def definitions_of(settings: ConnectionSettings) -> Definitions:
    """What the files of a connection define."""
    from syncd.operations.definitions import definitions  # noqa: PLC0415 - only where it is asked for

    lifecycle = settings.lifecycle
    fields = (each for kind in settings.connection.kinds if lifecycle and kind.kind == lifecycle.kind
              for each in kind.fields if each.name == lifecycle.field)  # fmt: skip
    return definitions(
        lifecycle,
        settings.teams,
        next(fields, None),
        settings.personas,
        settings.rating,
        settings.calendars,
        settings.connection.kinds,
    )


def glossary_of(settings: ConnectionSettings, earlier: Sequence[Change]) -> Page | None:
    """The glossary of a connection; ``None`` where nobody has agreed on anything.

    :param earlier: what definitions said before, oldest first.
    """
    from syncd.operations.glossary import glossary  # noqa: PLC0415 - as above
    from syncd.operations.glossary_profiles import profiles  # noqa: PLC0415

    if settings.lifecycle is None or settings.teams is None:
        return None
    kind = next(each for each in settings.connection.kinds if each.kind == settings.lifecycle.kind)
    more = tuple(profiles(settings.personas, settings.rating))
    files = [name for name, there in (("personas.yaml", settings.personas), ("rating.yaml", settings.rating)) if there]
    return glossary(settings.lifecycle, settings.teams, kind, systems=SYSTEMS, more=more, files=files, history=earlier)


def note_in_force(settings: ConnectionSettings, store: Store, now: Instant) -> None:
    """Remembers that somebody works with these definitions now."""
    from syncd.observe.log import emit  # noqa: PLC0415 - as above
    from syncd.operations.definitions import note_definitions  # noqa: PLC0415

    changed = note_definitions(store, now, definitions_of(settings))
    if changed:
        emit("definitions.changed", connection=settings.connection.name, terms=len(changed))
