"""``syncd sync``: one cycle now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncd.cli.call import Call
from syncd.cli.held import BRAKED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.engine.cycle import Ended
    from syncd.engine.world import World
    from syncd.model.values import Side

PARTIAL = 3


def sync(
    context: typer.Context,
    *,
    approve: Annotated[
        str | None, typer.Option("--approve", metavar="DIGEST", help="Write the first link previewed under it.")
    ] = None,
    wait: Annotated[
        float, typer.Option("--wait", metavar="S", min=0, help="Seconds to wait for another worker to end.")
    ] = 60.0,
    full: Annotated[bool, typer.Option("--full", help="Compare every record, not only what changed.")] = False,
    recreate: Annotated[
        list[str] | None,
        typer.Option(
            "--recreate",
            metavar="RECORD",
            help="Make the counterpart of this record that was deleted, or unlinked, anew.",
        ),
    ] = None,
    waiting: Annotated[
        bool, typer.Option("--list", help="List first links and counterparts that wait for a daemon's next turn.")
    ] = False,
    cancel: Annotated[str | None, typer.Option("--cancel", metavar="ID", help="Take one of them back.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Carries out one cycle: reads both sides, decides, writes, remembers.

    The first link of two filled systems is only previewed, and written once its digest is approved. Exit 1 if something
    waits for a person, 3 if part is left for the next run or another worker holds the connection, 4 if the
    brake holds something. With --list and --cancel no cycle is carried out: they are about what was asked of a daemon
    over the API.

    JSON: run (as in `runs`), calls {SIDE: n}, needs_approval, waits {conflicts, dead_letters, remnants, held}, preview
    (as in `plan`) or null; with --list: wishes [{id, wish (link_first, recreate), who, at, digest, link, side}]; with
    --cancel: cancelled (a wish, and at_work: a turn is under way that may have begun with it).
    """
    from syncd.cli.out import print_json, progress
    from syncd.engine.cycle import sync as cycle
    from syncd.model.run import RunState
    from syncd.model.values import Side
    from syncd.operations.forecast import forecast, forecast_document
    from syncd.operations.recreating import tombstones
    from syncd.operations.standing import run_document, standing

    call: Call = context.obj
    if cancel is not None:
        _withdraw(call, cancel, as_json=as_json)
        return
    if waiting:
        _list(call, as_json=as_json)
        return
    call.not_paused()
    with call.world(read_only=False) as world:
        with progress("reading both systems") as told:
            ended = cycle(
                world, approve=approve, wait=wait, full=full, recreate=tombstones(world, recreate), progress=told
            )
        call.tell(ended.run.id)
        preview = forecast(world, ended.plan) if ended.needs_approval and ended.plan is not None else None
        kinds = [kind.kind for kind in world.connection.kinds]
        stands = standing(world.store, connection=world.connection.name, kinds=kinds, now=world.clock.now())
        calls = {side: world.connectors.of(side).quota().calls for side in Side}
        if as_json:
            print_json(
                {
                    "run": run_document(ended.run),
                    "calls": {side.value: number for side, number in calls.items()},
                    "needs_approval": ended.needs_approval,
                    "waits": {
                        "conflicts": stands.waits.conflicts,
                        "dead_letters": stands.waits.dead_letters,
                        "remnants": stands.waits.remnants,
                        "held": sum(len(part.lot.changes) for part in stands.waits.held if part.asks),
                    },
                    "preview": None if preview is None else forecast_document(preview),
                }
            )
        elif preview is not None:
            from syncd.cli.drift import print_resting
            from syncd.cli.out import say
            from syncd.cli.plan import print_forecast

            print_forecast(preview, call)
            print_resting(stands.waits.resting, call)
            if approve is not None:
                say("The digest given is not that of what would be written now: look at this preview.", style="yellow")
        else:
            _print(world, ended, calls)
            from syncd.cli.status import print_waits

            print_waits(stands, call)
    if approve is not None and not ended.needs_approval:
        call.hasten()  # a daemon that found the first link unapproved waits long
    if ended.run.state is RunState.PARTIAL:
        raise typer.Exit(PARTIAL)
    if stands.waits.braked:
        raise typer.Exit(BRAKED)
    raise typer.Exit(1 if ended.needs_approval or stands.waits else 0)


def _list(call: Call, *, as_json: bool) -> None:
    """What waits for a daemon's next turn; needs no credentials and no network."""
    from syncd.cli.out import print_json, say, table, when
    from syncd.operations.wishes import MADE, wish_document, wishes

    with call.memory() as store:
        rows = [wish_document(each) for each in wishes(store, *MADE)]
    if as_json:
        print_json({"wishes": rows})
        return
    shown = [(row["id"], when(row["at"]), row["who"], _wanted(row)) for row in rows]
    table("", ("wish", "asked (UTC)", "by", "what"), shown)
    if not rows:
        say("nothing waits for a daemon's next turn")


def _wanted(row: Mapping[str, Any]) -> str:
    """What a wish is about, in words."""
    if row["digest"]:
        return f"first link {row['digest']}"
    return f"counterpart of link:{row['link']}" + (f", for its {row['side']} record" if row["side"] else "")


def _withdraw(call: Call, prefix: str, *, as_json: bool) -> None:
    """Takes one back, and says whether a turn may have begun with it."""
    from syncd.cli.out import print_json, say
    from syncd.operations.wishes import waiting_wish, withdraw
    from syncd.system import SystemClock

    with call.memory() as store:
        done = withdraw(store, waiting_wish(store, prefix), call.leases, SystemClock().now())
    if as_json:
        print_json({"cancelled": done.document()})
        return
    say(f"wish {done.wish.id} is taken back")
    if done.at_work:
        say(f"a turn is under way and may have begun with it; look at {call.again('runs')}", style="yellow")


def _print(world: World, ended: Ended, calls: dict[Side, int]) -> None:
    from syncd.cli.out import say, table
    from syncd.model.run import RunState

    run = ended.run
    seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0.0
    shadow = " (shadow: nothing was written)" if world.connection.mode == "shadow" else ""
    say(f"{run.connection}: {run.state} in {seconds:.1f} s{shadow}", style="bold")
    table("", ("what", "how many"), [(name, f"{number:,}") for name, number in sorted(run.counts.items())])
    if not run.counts:
        say("  see `syncd plan` for what would be written" if shadow else "  nothing to write")
    say("  API calls: " + ", ".join(f"{side} {number:,}" for side, number in calls.items()))
    if run.state is RunState.PARTIAL:
        say("  part of it is left and taken up by the next run", style="yellow")
