"""``syncd conflicts``: what no policy settles, and a person's choice about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from syncd.cli.call import Call

if TYPE_CHECKING:
    from syncd.model.link import Conflict

app = typer.Typer(help="Clashes that wait for a person.", rich_markup_mode=None)


@app.command("list")
def list_conflicts(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Lists open conflicts, oldest first; needs no credentials and no network. Exit 1 if one waits for a decision.

    A conflict is about a field that both sides changed (or one emptied), about records of which nobody knows which are
    one, duplicates of one side among them, about two records that were merged on one side only, about an edit that a
    write of syncd has overwritten (lost), which the side's history still knows, about a move of stage: one that the
    lifecycle does not declare (move), or one that is not complete yet (waits), or about a value that `syncd rollback`
    took back on one side (undone).

    JSON: conflicts [{id, kind, topic (field, clear, match, gone, lost, move, waits, undone), link, refs
    [SIDE:OBJECT/ID], field, values {SIDE}, base, reason, since, resolution (null: undecided)}].
    """
    from syncd.cli.out import print_json, say
    from syncd.operations.standing import conflict_document

    call: Call = context.obj
    with call.memory() as store:
        rows = store.conflicts()
    if as_json:
        print_json({"conflicts": [conflict_document(row) for row in rows]})
    elif rows:
        for row in rows:
            _print(row, call)
    else:
        say("no conflict is open")
    raise typer.Exit(1 if any(row.asks for row in rows) else 0)


@app.command("resolve")
def resolve(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="Id of the conflict, or how it begins.")],
    *,
    take: Annotated[
        str | None, typer.Option("--take", metavar="SIDE", help="crm or marketing: that side's value is right.")
    ] = None,
    link: Annotated[
        tuple[str, str] | None,
        typer.Option("--link", metavar="MARKETING_REF CRM_REF", help="These two records are one."),
    ] = None,
    apart: Annotated[bool, typer.Option("--apart", help="None of these records belong together.")] = False,
    alike: Annotated[
        bool, typer.Option("--alike", help="The same for all undecided ones of that kind, topic, field and reason.")
    ] = False,
) -> None:
    """Stores your choice; the next cycle carries it out. It may be changed until then.

    Exit 2 if it would clear an opt-out: syncd never does that.
    """
    from syncd.cli.out import count, say
    from syncd.operations.deciding import Choice, decide, named_conflict, opt_outs_of

    call: Call = context.obj

    def opt_outs() -> frozenset[tuple[str, str]]:
        loaded, _ = call.loaded_without_secrets()
        return opt_outs_of(loaded.connection(call.connection).connection)

    choice = Choice(take=take, link=link, apart=apart)
    with call.memory() as store:
        conflict = named_conflict(store.conflicts(), id)
        chosen = decide(store, conflict, choice, alike=alike, opt_outs=opt_outs)
    more = f" and {count(len(chosen) - 1, 'other')} alike" if alike else ""
    say(f"conflict {conflict.id}{more}: {chosen[0][1]}; stored for the next cycle", f"next: {call.again('sync')}")


@app.command("rules")
def rules(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="Id of the conflict, or how it begins.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Shows the lines of the configuration under which nobody would be asked; needs no network, changes no file.

    Each rule stands for itself. It holds for what changes from then on; what waits already is decided with --alike.

    JSON: rules [{words, file, place, lines}].
    """
    from syncd.bootstrap import open_memory
    from syncd.cli.out import print_json, say
    from syncd.operations.deciding import named_conflict
    from syncd.operations.ruling import rule_document, rules_for

    call: Call = context.obj
    loaded, _ = call.loaded_without_secrets()
    with open_memory(call.outlined(), call.connection) as store:
        conflict = named_conflict(store.conflicts(), id)
    kinds = loaded.connection(call.connection).connection.kinds
    found = [rule for kind in kinds if kind.kind == conflict.kind for rule in rules_for(conflict, kind)]
    if as_json:
        print_json({"rules": [rule_document(rule) for rule in found]})
        return
    for rule in found:
        say(f"{rule.words}:", style="bold")
        say(f"  {rule.file}, {rule.place}", *(f"    {line}" for line in rule.lines))
    if not found:
        say("no line of the configuration settles this one")


def _print(conflict: Conflict, call: Call) -> None:
    from syncd.cli.out import say, shown, when
    from syncd.model.link import Topic
    from syncd.model.values import Side

    about = f"{conflict.kind} {conflict.field}" if conflict.field else conflict.kind
    say(f"{conflict.id}  {conflict.topic}  {about}  since {when(conflict.since)} UTC", style="bold")
    say(f"  records: {', '.join(f'{side}:{ref}' for side, ref in conflict.refs)}", f"  reason:  {conflict.reason}")
    if conflict.field is not None:
        for side in Side:
            say(f"  {side.value + ':':10} {shown(conflict.values.of(side))}")
        say(f"  {'base:':10} {shown(conflict.base)}")
    if not conflict.asks:
        say(f"  decided: {conflict.resolution}; carried out by the next cycle")
        return
    match conflict.topic:
        case Topic.UNDONE:
            say("  the value that is right goes to the other side, where it may; until then nothing flows")
            say(f"  decide:  {call.again('conflicts', 'resolve', conflict.id, '--take')} crm|marketing")
            say("  --alike: for all that were taken back with it")
        case Topic.FIELD | Topic.CLEAR:
            say(f"  decide:  {call.again('conflicts', 'resolve', conflict.id, '--take')} crm|marketing")
        case Topic.MOVE:
            say("  declare it: a transition in lifecycle.yaml, or a team for that person in teams.yaml")
            say("  or undo it: where it was made, or by taking the other side; taking this one lets it through once")
            say(f"  decide:     {call.again('conflicts', 'resolve', conflict.id, '--take')} crm|marketing")
        case Topic.WAITS:
            say("  complete it: it travels by itself once that is there")
            sides = "|".join(side.value for side in reversed(Side) if side in {each for each, _ in conflict.refs})
            say(f"  or decide:   {call.again('conflicts', 'resolve', conflict.id, '--take')} {sides}")
        case Topic.LOST:
            (lost, _), *_ = conflict.refs
            resolve = ("conflicts", "resolve", conflict.id, "--take")
            say(f"  bring it back, on both sides: {call.again(*resolve, lost.value)}")
            say(f"  leave it as it is:            {call.again(*resolve, lost.other.value)}")
        case Topic.MATCH:
            if len({side for side, _ in conflict.refs}) > 1:
                say(f"  decide:  {call.again('conflicts', 'resolve', conflict.id, '--link')} MARKETING_REF CRM_REF")
            else:
                say("  decide:  merge them in that system; the next cycle sees it")
            say(f"  or:      {call.again('conflicts', 'resolve', conflict.id, '--apart')}")
        case Topic.GONE:
            say("  decide:  merge them in that system; the next cycle sees it")
