"""``syncd held`` and ``syncd expect``: what the mass-change brake holds, and telling it that a wave comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.call import Call

if TYPE_CHECKING:
    from syncd.operations.braking import Part

BRAKED = 4
VALUES_SHOWN = 10

app = typer.Typer(help="What the mass-change brake holds.", rich_markup_mode=None)


@app.command("list")
def list_held(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Lists what is held, oldest first; needs no credentials and no network. Exit 4 if something waits for a person.

    JSON: held [{digest, stands (waits, in_line, second, approved, rejected), kind, measure, side, field, records, rule
    (hour, day, new_value, rate), limit, used, linked, people (who must approve), since, likely_cause, samples [record],
    answer {word, who [name], reason, at} or null}].
    """
    from syncd.cli.out import print_json, say
    from syncd.operations.braking import part_document, parts
    from syncd.system import SystemClock

    call: Call = context.obj
    with call.memory() as store:
        found = parts(store, SystemClock().now())
    if as_json:
        print_json({"held": [part_document(part) for part in found]})
    elif not found:
        say("the brake holds nothing")
    for part in () if as_json else found:
        print_part(part, call)
    raise typer.Exit(BRAKED if any(part.asks for part in found) else 0)


@app.command("show")
def show(
    context: typer.Context,
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="Digest of a held lot, or how it begins.")],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON; without values and without the vendors.")
    ] = False,
) -> None:
    """Shows one held lot: counts, likely cause, twenty records, and the new values as they stand at the vendors now.

    Values are read for this screen alone; they are in no log and not in the JSON, which is one item of `held list`.
    """
    from syncd.cli.out import print_json, say, shown, table
    from syncd.model.errors import SyncdError
    from syncd.operations.braking import SAMPLES, named, part_document, parts
    from syncd.operations.showing_held import shown as read_shown
    from syncd.system import SystemClock

    call: Call = context.obj
    with call.memory() as store:
        part = named(parts(store, SystemClock().now()), digest)
    if as_json:
        print_json(part_document(part))
        return
    print_part(part, call)
    try:
        with call.looking() as world:
            found, values = read_shown(world, part.lot)
    except SyncdError as trouble:
        say(f"  the values could not be read: {trouble}", style="yellow")
        say(*(f"  {each.record}" for each in part.lot.changes[:SAMPLES]))
        return
    rows = [(each.record, shown(each.before), shown(each.after)) for each in found[:SAMPLES]]
    table("samples", ("record", "before", "after"), rows)
    counted = [(shown(value), f"{number:,}") for value, number in values.most_common(VALUES_SHOWN)]
    table(f"new values of the first {len(found):,}: {len(values):,} different", ("value", "records"), counted)


@app.command("approve")
def approve(
    context: typer.Context,
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="Digest of a held lot, or how it begins.")],
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it is right.")],
) -> None:
    """Lets exactly these changes go; the next cycle writes them. Good for 24 hours.

    What was held since it was shown is not among them: it has a digest of its own. More than ten times of what is
    allowed needs a second person.
    """
    from syncd.cli.call import who
    from syncd.cli.out import count, say
    from syncd.operations.braking import Stands
    from syncd.operations.braking import approve as approved
    from syncd.system import SystemClock

    call: Call = context.obj
    with call.memory() as store:
        part = approved(store, digest, who=who(), reason=_said(reason), now=SystemClock().now())
    changes = count(len(part.lot.changes), "change")
    if part.stands is Stands.SECOND:
        say(f"{changes}, more than ten times what is allowed: a second person must approve too, as a user of their own")
        say(f"  {call.again('held', 'approve', part.digest, '--reason', '...')}", style="bold")
        raise typer.Exit(BRAKED)
    call.hasten()
    say(f"{changes} approved; written by the next cycle", f"next: {call.again('sync')}")


@app.command("reject")
def reject(
    context: typer.Context,
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="Digest of a held lot, or how it begins.")],
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it is wrong.")],
) -> None:
    """Leaves exactly these changes unwritten. Nothing is undone: both sides stay as they are, and stay listed.

    Put the records right where they were changed: what agrees again leaves the list by itself.
    """
    from syncd.cli.call import who
    from syncd.cli.out import count, say
    from syncd.operations.braking import reject as rejected
    from syncd.system import SystemClock

    call: Call = context.obj
    with call.memory() as store:
        part = rejected(store, digest, who=who(), reason=_said(reason), now=SystemClock().now())
    say(f"{count(len(part.lot.changes), 'change')} rejected and not written; listed until the records agree again")


def expect(
    context: typer.Context,
    *,
    creates: Annotated[int | None, typer.Option("--creates", metavar="N", help="So many new records.")] = None,
    updates: Annotated[int | None, typer.Option("--updates", metavar="N", help="So many changed records.")] = None,
    clears: Annotated[int | None, typer.Option("--clears", metavar="N", help="So many emptied fields.")] = None,
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="Only of this kind.")] = "",
    field: Annotated[str, typer.Option("--field", metavar="FIELD", help="Only in this field.")] = "",
    until: Annotated[str, typer.Option("--until", metavar="T", help="ISO 8601; a week ahead at most.")] = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why so much will change.")] = "",
    listing: Annotated[bool, typer.Option("--list", help="List the waves that are expected.")] = False,
    cancel: Annotated[str, typer.Option("--cancel", metavar="ID", help="Take one back.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tells the brake that a wave is no accident: so many records flow beside what is usual, once, until a time.

    A wave of updates is not held for many equal values either, but a stage that goes back is. Give --kind and --field
    where you can: whatever fits uses it up.

    JSON: expected [{id, wave (creates, updates, clears), records, used, kind, field, until, reason, who, at}], without
    --list the one that was told; with --cancel: cancelled (one of them).
    """
    from syncd.cli.call import who
    from syncd.cli.out import print_json, say, table, when
    from syncd.model.brake import Wave
    from syncd.model.errors import BadUsage
    from syncd.operations import braking
    from syncd.system import SystemClock

    call: Call = context.obj
    now = SystemClock().now()
    numbers = {Wave.CREATES: creates, Wave.UPDATES: updates, Wave.CLEARS: clears}
    if listing or cancel:
        if any(number is not None for number in numbers.values()) or (listing and cancel):
            raise BadUsage("say either --list, or --cancel ID, or what is expected")
        with call.memory() as store:
            waves = [braking.cancel_expectation(store, cancel, now)] if cancel else braking.expected(store, now)
            used = braking.used_of(store, waves)
        documents = [braking.expectation_document(each, used=used[each.id]) for each in waves]
        if cancel and as_json:
            print_json({"cancelled": documents[0]})
            return
        if cancel:
            say(f"{cancel} is not expected any more")
            return
        if as_json:
            print_json({"expected": documents})
            return
        rows = [
            (
                each.id,
                f"{each.records:,} {each.wave}",
                f"{used[each.id]:,}",
                ".".join(filter(None, (each.kind or "any kind", each.field))),
                when(each.until),
                each.who,
                each.reason,
            )
            for each in waves
        ]
        table("", ("id", "expected", "came", "of", "until (UTC)", "who", "why"), rows)
        if not rows:
            say("no wave is expected")
        return
    words = braking.Words(numbers, kind=kind, field=field, until=until, reason=reason)
    loaded, _ = call.loaded_without_secrets()
    connection = loaded.connection(call.connection).connection
    fields = braking.fields_of(connection)
    with call.memory() as store:
        told = braking.expect(store, words, connection=connection.name, fields=fields, who=who(), now=now)
    if as_json:
        print_json({"expected": [braking.expectation_document(told, used=0)]})
        return
    say(f"{told.records:,} {told.wave} are expected until {when(told.until)} UTC", f"  {told.id}")


def print_part(part: Part, call: Call) -> None:
    """One held lot for a person, and what to type next."""
    from syncd.cli.out import say, when
    from syncd.operations.braking import Stands

    lot = part.lot
    kind, measure, side, name, _ = lot.key
    about = f"{len(lot.changes):,} {'.'.join(filter(None, (kind, name)))} {measure} to {side}"
    say(f"{part.digest}  {about}  since {when(lot.since)} UTC", style="bold")
    say(
        f"  allowed:      {lot.limit:,} ({lot.why}); {lot.used:,} had changed before, {lot.linked:,} records are linked"
    )
    say(f"  likely cause: {lot.cause}")
    if part.answer is not None:
        answer = part.answer
        say(f"  {answer.word} by {', '.join(answer.who)} on {when(answer.at)} UTC: {answer.reason}")
    match part.stands:
        case Stands.APPROVED:
            say(f"  written by the next cycle: {call.again('sync')}")
        case Stands.REJECTED:
            say(f"  not written; after all: {call.again('held', 'approve', part.digest, '--reason', '...')}")
        case Stands.IN_LINE:
            say("  goes on by itself, the best grade first, as fast as the limit allows", style="yellow")
        case _:
            second = " (a second person)" if part.stands is Stands.SECOND else ""
            say(f"  look:         {call.again('held', 'show', part.digest)}", style="yellow")
            say(f"  decide{second}: {call.again('held', 'approve', part.digest, '--reason', '...')}", style="yellow")


def _said(reason: str) -> str:
    from syncd.model.errors import BadUsage

    if not reason.strip():
        raise BadUsage("--reason: say why, for those who look at it later")
    return reason.strip()
