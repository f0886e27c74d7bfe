"""``syncd rollback``: takes back what syncd wrote; shown as a plan first, carried out durably."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.call import Call

if TYPE_CHECKING:
    from syncd.model.run import Request
    from syncd.operations.rollback import Rollback, Words


def rollback(
    context: typer.Context,
    run: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="Id of a run, or how it begins; `syncd runs` lists them.")
    ] = None,
    *,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Written since: 30m, 2h, 3d, 1w, or ISO 8601.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Written before.")] = None,
    record: Annotated[
        list[str] | None,
        typer.Option("--record", metavar="RECORD", help="Only of this one: a@b.c, crm:Lead/00Q..., link:ID."),
    ] = None,
    fields: Annotated[
        list[str] | None, typer.Option("--field", metavar="NAME", help="Only this shared field; may be repeated.")
    ] = None,
    approve: Annotated[
        str | None, typer.Option("--approve", metavar="DIGEST", help="Carry out exactly the plan that was shown.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Wait until it is over and show how far it is.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Takes back what syncd wrote in a run or since a time; shows the plan first.

    A value goes back to what stood there before, on the side it was written to, and only where what syncd wrote still
    stands; all else is listed with the reason. The other side stays as it is: each field in which both differ then
    waits as a conflict (topic undone) until you say which value is right, or somebody edits it. Nothing is deleted, no
    opt-out is lifted, nobody is moved to a stage. It works while the connection is paused, and goes on after a kill.

    Exit 1 if nothing was stored because nobody approved.

    JSON: wanted {kinds, records, fields, undo}, plan (as in `plan`), left [{reason, number, samples [{kind, side,
    record, field}]}], resync {id, who, at, asked, checked, of} (null: not stored), done.
    """
    from syncd.cli.out import print_json, say
    from syncd.cli.resync import carried_out, outcome, watched
    from syncd.operations.resyncing import resync_document
    from syncd.operations.rollback import Words, rollback_document

    call: Call = context.obj
    words = Words(run=run, since=since, until=until, records=record or (), fields=fields or ())
    planned, request = _ask(call, words, approve=approve, as_json=as_json)
    done = False
    if request is not None:
        call.tell(request.id)
        if call.daemon_works():
            call.hasten()
            done = watched(call, request, quiet=as_json) if watch else False
        else:
            done = carried_out(call, request)
    if as_json:
        with call.memory() as store:
            resync = None if request is None else resync_document(store, request)
        print_json({**rollback_document(planned), "resync": resync, "done": done})
    elif done and request is not None:
        say(f"rollback {request.id} is over: {outcome(call, request)}")
    elif request is not None:
        say(f"rollback {request.id} waits for the daemon; watch it with {call.again('resync', '--list')}")
    if request is None and not planned.empty:
        raise typer.Exit(1)


def _ask(call: Call, words: Words, *, approve: str | None, as_json: bool) -> tuple[Rollback, Request | None]:
    """The plan, and the Request where a person has approved it."""
    from syncd.cli.out import progress, say
    from syncd.cli.plan import print_forecast
    from syncd.engine.world import make_ready
    from syncd.operations.rollback import approved, meant, plan_rollback

    with call.world(read_only=True) as world:
        meant(world, words)
        make_ready(world)
        with progress("" if as_json else "reading both systems") as told:
            planned = plan_rollback(world, words, told=told)
        if not as_json:
            if planned.seen is not None:
                print_forecast(planned.seen, call, title="what would be taken back")
            _print_left(planned)
        if planned.empty or planned.plan is None:
            if not as_json:
                say("nothing can be taken back")
            return planned, None
        digest = planned.plan.digest
        if approve is None:
            if as_json:
                return planned, None
            if not sys.stdin.isatty():
                say(f"nothing was stored; call again with --approve {digest} to carry it out", style="yellow")
                return planned, None
            if not typer.confirm("take it back?", default=False):
                return planned, None
        return planned, approved(world, planned, approve or digest)


def _print_left(planned: Rollback) -> None:
    """What stays as it is, by reason."""
    from syncd.cli.out import table

    rows = [
        (f"{number:,}", reason, " ".join(filter(None, (f"{first.side}:{first.ref or first.link}", first.field))))
        for reason, number, first in planned.reasons()
    ]
    table("what stays as it is", ("number", "because", "for instance"), rows)
