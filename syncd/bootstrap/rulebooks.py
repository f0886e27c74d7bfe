"""A configuration made ready to be asked about what was recorded: no vendor, no schema, only what is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from syncd.operations.backtest import Rulebook
    from syncd.ports.store import Store
    from syncd.settings.accounts import ConnectionSettings


def rulebook(settings: ConnectionSettings, store: Store) -> Rulebook:
    """The mappings of a connection with the users as they were last read, its personas and its rating."""
    from syncd.core.normalize import Codec, Context, Directory, Lens  # noqa: PLC0415 - heavy, see the package
    from syncd.engine.acquainted import remembered_users  # noqa: PLC0415
    from syncd.model.values import SIDES, Pair  # noqa: PLC0415
    from syncd.operations.backtest import Rulebook  # noqa: PLC0415
    from syncd.settings.profiles import profiles_of  # noqa: PLC0415

    users = Pair(*(Directory.from_users(remembered_users(store, side)) for side in SIDES))
    context, codecs = Context(users=users), Pair(Codec.TEXT, Codec.JSON)
    lenses = {kind.kind: Lens(kind, context, codecs) for kind in settings.connection.kinds}
    return Rulebook(settings.connection.config_hash, lenses, profiles_of(settings), settings.connection)
