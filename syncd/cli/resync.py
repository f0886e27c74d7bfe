"""``syncd resync``: compares again what somebody doubts; shown as a plan first, carried out durably."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncd.cli.call import Call

if TYPE_CHECKING:
    from syncd.model.run import Request
    from syncd.ports.store import Store

LOOK = 0.5
"""Seconds between two looks at how far a resync has come."""


def resync(
    context: typer.Context,
    records: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RECORD]...", help="a@b.c, marketing:contacts/51, crm:Lead/00Q..., or link:ID."),
    ] = None,
    *,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="Records, one a line; # begins a comment.")
    ] = None,
    where: Annotated[
        str | None, typer.Option("--where", metavar="CEL", help="Records whose shared fields hold this.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Changed since: 30m, 2h, 3d, 1w, or ISO 8601.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Changed before.")] = None,
    side: Annotated[
        str | None, typer.Option("--side", metavar="SIDE", help="Records of this side only: marketing or crm.")
    ] = None,
    kind: Annotated[list[str] | None, typer.Option("--kind", metavar="KIND", help="Only this kind.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every record of both sides.")] = False,
    fields: Annotated[
        str | None, typer.Option("--fields", metavar="A,B", help="Look at these shared fields only.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Wait until it is over and show how far it is.")] = False,
    waiting: Annotated[bool, typer.Option("--list", help="List resyncs that wait or are under way.")] = False,
    cancel: Annotated[str | None, typer.Option("--cancel", metavar="ID", help="Stop one after its share.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compares records again, three ways as always, and writes what differs; shows the plan first.

    Nothing is written without a yes. A daemon carries it out between its polls, slowly enough that fresh changes
    overtake it; without a daemon this command does. It survives a kill and goes on where it was. Exit 1 if nothing was
    stored because nobody said yes.

    JSON: resync {id, who, at, asked, checked, of} (null: not stored), plan (as in `plan`), done; with --list: resyncs
    [resync]; with --cancel: cancelled (a resync).
    """
    from syncd.cli.out import print_json, say, table, when
    from syncd.operations.resyncing import cancel_resync, resync_document, waiting_resync
    from syncd.system import SystemClock

    call: Call = context.obj
    if waiting or cancel:
        with call.memory() as store:
            if cancel:
                request = waiting_resync(store, cancel)
                document = resync_document(store, request)  # how far it had come is forgotten with it
                cancel_resync(store, request, SystemClock().now())
                if as_json:
                    print_json({"cancelled": document})
                else:
                    say(f"resync {request.id} is cancelled; what it has settled stays")
                return
            rows = _waiting(store)
        if as_json:
            print_json({"resyncs": rows})
        else:
            shown = [(row["id"], when(row["at"]), row["who"], f"{row['checked']:,} of {row['of']:,}") for row in rows]
            table("", ("resync", "asked (UTC)", "by", "compared"), shown)
            if not rows:
                say("no resync waits")
        return
    words = {
        "records": records or [],
        "file": file,
        "where": where,
        "since": since,
        "until": until,
        "kinds": kind or [],
        "fields": [name.strip() for name in (fields or "").split(",") if name.strip()],
        "everything": everything,
    }
    asked, plan, daemon = _ask(call, words, side=side, yes=yes, as_json=as_json)
    if asked is None:
        if as_json:
            print_json({"resync": None, "plan": plan, "done": False})
        raise typer.Exit(1)
    call.tell(asked.id)
    if daemon:
        call.hasten()
        done = watched(call, asked, quiet=as_json) if watch else False
    else:
        done = carried_out(call, asked)
    with call.memory() as store:
        document = resync_document(store, asked)
    if as_json:
        print_json({"resync": document, "plan": plan, "done": done})
    elif done:
        say(f"resync {asked.id} is over: {outcome(call, asked)}")
    else:
        say(f"resync {asked.id} waits for the daemon; watch it with {call.again('resync', '--list')}")


def _ask(
    call: Call, words: dict[str, Any], *, side: str | None, yes: bool, as_json: bool
) -> tuple[Request | None, object, bool]:
    """The Request, if somebody said yes, and the plan; whether a daemon is there to carry it out."""
    from syncd.bootstrap import Absent
    from syncd.cli.out import progress, say
    from syncd.cli.plan import print_forecast
    from syncd.engine.resync import plan_resync
    from syncd.engine.world import make_ready
    from syncd.model.errors import BadUsage
    from syncd.model.values import Side
    from syncd.operations.forecast import forecast, forecast_document
    from syncd.operations.resyncing import Words, ask, meant, understood

    if side is not None and side not in {each.value for each in Side}:
        raise BadUsage(f"there is no side {side!r}; say marketing or crm")
    call.not_paused()
    with call.world(read_only=True, absent=Absent.REFUSED) as world:
        if world.connection.mode == "shadow":
            raise BadUsage(f"{world.connection.name} is in shadow mode and writes nothing; see `syncd plan --full`")
        said = Words(**words, side=Side(side) if side else None)
        meant(world, said)
        make_ready(world)
        wanted = understood(world, said)
        with progress("comparing") as told:
            plan = plan_resync(world, wanted, told=told)
        told_plan = forecast(world, plan)
        if not as_json:
            print_forecast(told_plan, call)
        if not yes:
            if as_json:
                return None, forecast_document(told_plan), False
            if not sys.stdin.isatty():
                say("nothing was stored; call again with --yes to carry it out", style="yellow")
                return None, None, False
            if not typer.confirm("carry it out?", default=False):
                return None, None, False
        request = ask(world, wanted)
    return request, forecast_document(told_plan), call.daemon_works()


def _waiting(store: Store) -> list[dict[str, Any]]:
    from syncd.engine.resync import asked_for
    from syncd.operations.resyncing import resync_document

    return [resync_document(store, request) for request in asked_for(store)]


def watched(call: Call, request: Request, *, quiet: bool) -> bool:
    """Waits until a daemon has carried a resync out; ``False`` if no daemon is left to do it."""
    from syncd.cli.out import progress
    from syncd.operations.resyncing import resync_document
    from syncd.system import SystemClock

    clock = SystemClock()
    with call.memory() as store, progress("" if quiet else "comparing") as told:
        while any(row["id"] == request.id for row in _waiting(store)):
            document = resync_document(store, request)
            told(document["checked"], document["of"])
            if not call.daemon_works():
                return False
            clock.sleep(LOOK)
    return True


def carried_out(call: Call, request: Request) -> bool:
    """Carries a resync out in this process, since no daemon works."""
    from syncd.cli.out import progress
    from syncd.engine.resync import Met, carry_on

    with call.world(read_only=False) as world, progress("comparing") as told:
        return carry_on(world, request, Met(), leave_off=lambda: False, told=told)


def outcome(call: Call, request: Request) -> str:
    """How its run ended, in words."""
    from syncd.cli.status import counts_text

    with call.memory() as store:
        run = store.run(request.id)
    return "nothing is known of its run" if run is None else f"{run.state}, {counts_text(run)}"
