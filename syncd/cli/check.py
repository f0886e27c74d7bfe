"""``syncd check``: is the configuration sound, and does it fit the vendors?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.call import Call
from syncd.model.errors import BadConfig, Flaw

if TYPE_CHECKING:
    from syncd.bootstrap import StorePlace
    from syncd.settings.accounts import ConnectionSettings, Loaded


def check(
    context: typer.Context,
    *,
    online: Annotated[bool, typer.Option("--online", help="Also hold it against both vendors' schemas.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Reads every file of the configuration, runs its cases, and names every flaw with file, line and advice.

    Notices tell what the lifecycle leaves switched off and what reports will lack for it; they are no flaws.

    Needs no network and no credentials unless --online is given; writes nothing. Exit 2 if there is a flaw.

    JSON: sound, files, cases, hash, store {place, there} or null, flaws [{file, line, column, what, advice}],
    notices [text].
    """
    call: Call = context.obj
    loaded: Loaded | None = None
    flaws: tuple[Flaw, ...]
    notices: tuple[str, ...] = ()
    try:
        loaded, flaws = call.loaded_without_secrets()
    except BadConfig as trouble:
        flaws = trouble.flaws
    if loaded is not None:
        from syncd.bootstrap import unreadable_targets
        from syncd.settings.left_off import left_off

        for settings in loaded.connections.values():
            flaws += _cases(settings)
            notices += left_off(settings)
        flaws += unreadable_targets(loaded)
        if online and not flaws:
            flaws, told = _online(call, loaded)
            notices += told
    _print(loaded, flaws, notices, online=online, as_json=as_json)
    raise typer.Exit(BadConfig.exit_code if flaws else 0)


def _cases(settings: ConnectionSettings) -> tuple[Flaw, ...]:
    """Runs the cases of one connection."""
    from syncd.core.normalize import Codec, Context, Lens
    from syncd.model.values import Pair
    from syncd.settings.cases import run_cases
    from syncd.settings.profiles import profiles_of

    kinds = {kind.kind: kind for kind in settings.connection.kinds}
    codecs = Pair(Codec.TEXT, Codec.JSON)
    lenses = {name: Lens(kind, Context(), codecs) for name, kind in kinds.items()}
    return run_cases(settings.cases, kinds, lenses, profiles_of(settings))


def _online(call: Call, loaded: Loaded) -> tuple[tuple[Flaw, ...], tuple[str, ...]]:
    """Holds every mapping of the chosen connection, or of all, against the schemas as they are now."""
    from syncd.bootstrap import open_world
    from syncd.cli.call import who
    from syncd.core.normalize import Lens
    from syncd.model.values import Pair, Side
    from syncd.settings.online import check_schema, empty_pools

    flaws: list[Flaw] = []
    notices: list[str] = []
    for name in [call.connection] if call.connection else loaded.connections:
        sources = loaded.connection(name).sources
        with open_world(loaded, name, who=who(), read_only=True) as world:
            for side in Side:
                health = world.connectors.of(side).check()
                notices += [f"{name}: {side}: {trouble}" for trouble in health.troubles]
            for kind in world.connection.kinds:
                lens = Lens(kind, world.context, world.codecs)
                schemas = Pair(*(world.connectors.of(side).schema(lens.shape(side)) for side in Side))
                _, found, told = check_schema(kind, schemas, source=sources.get(kind.kind))
                flaws += found
                notices += told
                if kind.routing is not None:
                    flaws += empty_pools(kind.routing, world.connectors.crm.users(), loaded.connection(name).directory)
    return tuple(flaws), tuple(notices)


def _print(
    loaded: Loaded | None, flaws: Sequence[Flaw], notices: Sequence[str], *, online: bool, as_json: bool
) -> None:
    from syncd.cli.out import count, print_json, say

    cases = sum(len(each.cases) for each in loaded.connections.values()) if loaded else 0
    files = [str(path) for path in loaded.files] if loaded else []
    place = _place(loaded)
    if as_json:
        print_json(
            {
                "sound": not flaws,
                "files": files,
                "cases": cases,
                "hash": loaded.hash if loaded else None,
                "store": {"place": place.where, "there": place.there} if place else None,
                "flaws": [
                    {
                        "file": flaw.file,
                        "line": flaw.line,
                        "column": flaw.column,
                        "what": flaw.what,
                        "advice": flaw.advice,
                    }
                    for flaw in flaws
                ],
                "notices": list(dict.fromkeys(notices)),
            }
        )
        return
    for flaw in flaws:
        say(str(flaw), style="red")
    for notice in dict.fromkeys(notices):
        say(f"notice: {notice}", style="yellow")
    if flaws:
        say(f"{count(len(flaws), 'flaw')}; nothing was written anywhere")
    else:
        against = "and fits both vendors" if online else "as far as files can tell (--online asks the vendors)"
        say(f"sound, {against}: {count(len(files), 'file')}, {count(cases, 'case')} passed")
        if place:
            say(f"store: {place.where}{'' if place.there else ' (not there yet)'}")


def _place(loaded: Loaded | None) -> StorePlace | None:
    """Where the store is; unknown while the file that its address is in cannot be read."""
    from syncd.bootstrap import store_place
    from syncd.model.errors import SyncdError

    try:
        return store_place(loaded) if loaded else None
    except SyncdError:
        return None
