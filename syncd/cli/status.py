"""``syncd status`` and ``syncd runs``: how things stand and how they went, from the store alone."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final

import typer

from syncd.cli.call import Call
from syncd.cli.held import BRAKED
from syncd.model.errors import NoStore, RetryLater

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncd.bootstrap import StorePlace
    from syncd.model.run import Run, Turn, Worker
    from syncd.operations.standing import Standing
    from syncd.ports.store import Store

PAGE: Final = 500
"""Runs that are looked through at once."""


def status(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Says how each connection stands; needs no credentials and no network.

    Exit 1 if something waits for a person, as the first sync does where there is no store yet; 3 if a daemon is there
    and has not polled a side for three intervals, or if there is none and the last run failed; 4 if the brake holds
    something. Makes no store.

    JSON: store {place, there}, connections [{connection, at, waits, stale [text], failed, first_link_awaits_approval,
    restored {since, why, compared} or null, not_itself {SIDE: text}, accounts {SIDE: vendor, account, name}, links
    {KIND: n}, person_accounts {KIND: {OBJECT: n}}, cursors [{kind, side, stream, moved_at, age_seconds}], last_run (as
    in `runs`), open_intents, parked_fields, quarantined, quarantined_since (the oldest) or null, calls {SIDE: {used,
    limit, counted_at, per_hour, known, exhausted_at or null, lasts, reserve (percent), lanes {LANE: {up_to (percent),
    waits}}}}, lanes {opt_out, handoff, ordinary, bulk: {waiting, since or null}}, conflicts {open, decided},
    dead_letters {open, retrying}, remnants, held (as in `held list`), resting [{kind, field, side, place, change,
    since, native}], lease {holder, epoch, until} or null, paused {who, at, reason} or null, next_turn, workers [{id,
    began, beat, version}], waiting {conflicts [{id, kind, topic, field, refs [SIDE:OBJECT/ID]}], parked [{kind, side,
    ref OBJECT/ID, record, field}], held [{kind, measure, field, refs}], dead_letters [{kind, side (refusing), origin
    OBJECT/ID}]}}].
    """
    from syncd.bootstrap import Absent, open_memory, open_roster, store_place
    from syncd.cli.out import print_json
    from syncd.operations.standing import standing, standing_document, waiting_document
    from syncd.system import SystemClock

    call: Call = context.obj
    outline = call.outlined()
    names = [outline.chosen(call.connection)] if call.connection else list(outline.connections)
    all_of_them, documents = [], []
    now, there = SystemClock().now(), True
    turns: Mapping[str, Turn] = {}
    workers: Sequence[Worker] = ()
    with suppress(NoStore), open_roster(outline) as roster:
        turns, workers = roster.turns(outline.connections, now), roster.workers()
    for name in names:
        with open_memory(outline, name, absent=Absent.SPARED) as store:
            there = store.lasts
            kinds = outline.connections[name]
            stands = standing(
                store,
                connection=name,
                kinds=kinds,
                now=now,
                turn=turns.get(name),
                workers=workers,
                poll=outline.polls[name],
            )
            all_of_them.append(stands)
            if as_json:
                documents.append(standing_document(stands, waiting_document(store)))
    place = replace(store_place(outline), there=there)
    if as_json:
        print_json({"store": {"place": place.where, "there": place.there}, "connections": documents})
    elif there:
        for each in all_of_them:
            _print(each, call)
    else:
        _print_absent(names, place, call)
    if not there:
        raise typer.Exit(1)
    if any(each.stale or each.failed for each in all_of_them):
        raise typer.Exit(RetryLater.exit_code)
    if any(each.waits.braked for each in all_of_them):
        raise typer.Exit(BRAKED)
    raise typer.Exit(1 if any(each.waits for each in all_of_them) else 0)


def runs(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many, newest first.")] = 20,
    busy: Annotated[bool, typer.Option("--busy", help="Leave out those that were done with nothing to write.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Lists the latest runs; needs no credentials and no network.

    JSON: runs [{id, connection, command, who, state, started_at, finished_at, seconds, digest, counts, calls,
    trouble}].
    """
    from syncd.cli.out import print_json, say, shown, table, when
    from syncd.operations.standing import run_document

    call: Call = context.obj
    with call.memory() as store:
        latest = _busy(store, limit) if busy else store.runs(limit)
    if as_json:
        print_json({"runs": [run_document(run) for run in latest]})
        return
    if not latest:
        say("no run yet")
    rows = [
        (
            run.id,
            when(run.started_at),
            _took(run),
            run.state.value,
            run.who,
            counts_text(run),
            shown(run.trouble or None),
        )
        for run in latest
    ]
    table("", ("run", "started (UTC)", "took", "state", "who", "what", "trouble"), rows)


def _busy(store: Store, limit: int) -> Sequence[Run]:
    """The latest runs that did something or ended otherwise: a daemon that polls by the minute buries them."""
    found: list[Run] = []
    before = None
    while len(found) < limit and (page := store.runs(PAGE, before)):
        found += [run for run in page if run.counts or run.trouble or run.state != "done"]
        before = page[-1].id
    return found[:limit]


def counts_text(run: Run) -> str:
    """What a run did, in words and figures."""
    nothing = "waits for approval" if run.state == "held" else "nothing to write"
    return ", ".join(f"{name} {number:,}" for name, number in sorted(run.counts.items())) or nothing


def _took(run: Run) -> str:
    return "-" if run.finished_at is None else f"{(run.finished_at - run.started_at).total_seconds():.1f} s"


def _print(stands: Standing, call: Call) -> None:
    from syncd.cli.out import age, count, say, table, when
    from syncd.model.values import Side

    say(stands.connection, style="bold")
    for side in Side:
        identity = stands.bound.get(side)
        known = (
            "not bound to an account yet"
            if identity is None
            else f"{identity.vendor} {identity.account} {identity.name}"
        )
        say(f"  {side}: {known.rstrip()}")
    say("  linked: " + ", ".join(f"{kind} {number:,}" for kind, number in stands.links.items()))
    left_out = [
        f"{name} {number:,}"
        for counted in stands.person_accounts.values()
        for name, number in counted.items()
        if number
    ]
    if left_out:
        say(f"  left out, since they belong to person accounts: {', '.join(left_out)}")
    run = stands.last_run
    if run is None:
        say("  never synced")
    else:
        say(f"  last run: {run.state}, {when(run.started_at)} UTC, {counts_text(run)}")
        if run.trouble:
            say(f"  trouble: {run.trouble}", style="yellow")
        if stands.failed:
            say(f"  nobody tries again by itself: mend what it says, then {call.again('sync')}", style="red")
    paused = stands.turn.paused if stands.turn else None
    if paused is not None:
        why = f": {paused.reason}" if paused.reason else ""
        resume = call.again("resume")
        say(f"  paused by {paused.who} on {when(paused.at)} UTC{why}; go on with {resume}", style="yellow")
    for sentence in stands.stale:
        say(f"  stale: {sentence}", style="red")
    for worker in stands.workers:
        say(f"  {worker.id} works, last seen {age(worker.beat, stands.at)} ago")
    if stands.lease is not None:
        say(f"  {stands.lease.holder} is writing for it until {when(stands.lease.until)} UTC")
    if stands.intents:
        say(f"  {count(stands.intents, 'write')} without a known ending, settled by the next cycle")
    if stands.parked:
        say(f"  {count(stands.parked, 'parked field')}: `{call.again('parked', 'list')}` says why")
    _print_calls(stands)
    _print_lanes(stands)
    rows = [
        (row.kind, row.side.value, row.stream, when(row.moved_at), age(row.moved_at, stands.at))
        for row in sorted(stands.cursors, key=lambda row: (row.kind, row.side, row.stream))
    ]
    table("", ("kind", "side", "stream", "read up to (UTC)", "age"), rows)
    print_waits(stands, call)


def _print_absent(names: Sequence[str], place: StorePlace, call: Call) -> None:
    """Before the first sync; or from a folder, or with a path, that leads past the store there is."""
    from syncd.cli.out import say

    for name in names:
        say(name, style="bold")
        say("  never synced")
    say(f"there is no store yet at {place.where}; {call.again('sync')} makes it")
    say("if something was synced already: mind `store.url` and, where that is a relative path, the folder you are in")


def _print_calls(stands: Standing) -> None:
    from syncd.cli.out import age, say
    from syncd.operations.calls import outlook_words, reserve_words

    for side, told in stands.calls.items():
        if told.last is not None:
            used = f"{told.last.used:,} of {told.last.limit:,} calls of the day"
            told_at = f"told {age(told.last.at, stands.at)} ago"
            say(f"  {side.value}: {used}, {told_at}; {outlook_words(told, stands.at)}")
            if kept := reserve_words(told):
                say(f"    {kept}", style="yellow" if told.waits else "")


def _print_lanes(stands: Standing) -> None:
    from syncd.cli.out import age, say

    for lane, told in stands.lanes.items():
        if told.waiting:
            since = "" if told.since is None else f", the oldest for {age(told.since, stands.at)}"
            say(f"  waits to be carried out: {lane.value.replace('_', '-')} {told.waiting:,}{since}")


def print_waits(stands: Standing, call: Call) -> None:
    """What waits, each with the command to type; or that nothing does."""
    from syncd.cli.out import age, count, say
    from syncd.operations.restoring import restored_sentence

    waits = stands.waits
    if waits.restored is not None:
        again = call.again("sync") if waits.restored.compared is None else call.again("store", "accept-restored")
        say(f"  {restored_sentence(waits.restored)}: {again}", style="red")
    for why in waits.strange.values():
        say(f"  not itself: {why}", style="red")
    if waits.approval:
        say(f"  the first link waits for approval: {call.again('sync')}", style="yellow")
    if waits.conflicts:
        say(f"  {count(waits.conflicts, 'conflict')} to decide: {call.again('conflicts', 'list')}", style="yellow")
    if waits.dead_letters:
        say(f"  {count(waits.dead_letters, 'dead letter')}: {call.again('dead-letters', 'list')}", style="yellow")
    if waits.quarantined_since is not None:
        oldest = f"{'' if waits.quarantined == 1 else 'the oldest '}for {age(waits.quarantined_since, stands.at)}"
        told = f"  {count(waits.quarantined, 'field')} in quarantine, put back again and again, {oldest}"
        say(f"{told}: {call.again('parked', 'list')}", style="yellow")
    if waits.remnants:
        say(
            f"  {count(waits.remnants, 'record')} of forgotten people to delete: {call.again('privacy')}",
            style="yellow",
        )
    for part in waits.held:
        kind, measure, _, name, _ = part.lot.key
        what = ".".join(filter(None, (kind, name)))
        told = f"  {part.stands}: {len(part.lot.changes):,} {what} {measure} held by the brake"
        say(f"{told}: {call.again('held', 'show', part.digest)}", style="yellow" if part.asks else None)
    for each in waits.resting:
        say(f"  at rest: {each}; {call.again('drift', 'accept', each.name)}", style="yellow")
    if stands.decided or stands.retrying:
        say(f"  {stands.decided + stands.retrying:,} decided, carried out by the next cycle: {call.again('sync')}")
    if not waits and not stands.broke_off:
        say("  nothing waits for a person")
