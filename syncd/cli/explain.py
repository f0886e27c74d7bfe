"""``syncd explain``: why a record or a field is what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncd.cli.call import Call
from syncd.cli.handoffs import print_handoffs
from syncd.cli.profile import print_profile
from syncd.cli.readings import note
from syncd.cli.routing import print_routing

if TYPE_CHECKING:
    from syncd.operations.explain import Explanation, FieldStory, Told
    from syncd.operations.finding import Hit
    from syncd.operations.rating import ProfileStory
    from syncd.operations.routing import RoutingStory

LATEST = 20


def explain(
    context: typer.Context,
    record: Annotated[
        str, typer.Argument(metavar="RECORD", help="a@b.c, marketing:contacts/51, crm:Lead/00Q..., or link:ID.")
    ],
    field: Annotated[str | None, typer.Argument(metavar="[FIELD]", help="One shared field.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask neither vendor: what the store knows, for when one does not answer.")
    ] = False,
) -> None:
    """Says why a record is what it is and what the next cycle does with it; writes to nobody.

    Both values now, Base, who changed what when, the rule, and what comes next or why nothing does; of a person also
    persona and grade, rule by rule, who got them by routing, with everybody who was passed over and why, and every move
    between the teams with its author. --offline leaves out what only the vendors know: both values now, their own
    history, persona, grade, routing and what comes next; the values are those both sides agreed on last. Exit 1 if
    several records are meant (they are listed) or something waits for a person.

    JSON: hits [{kind, link, refs {SIDE}}], and for one hit: record {kind, link, refs, departed, next [text],
    fields {NAME: direction, policy, now {SIDE: wires, value, trouble}, base, confirmed {SIDE}, next, journey (of a
    stage: cycle, entered [{cycle, stage, at}]; else null)}, history [{at,
    side, field, before, after, author, rule, run, outcome}], conflicts [id], parked [{side, field, code, reason,
    advice}], dead_letters [{id, code, reason, advice}], open_intents [id], persona {key, name, owner, doubts [{persona,
    reason}]}, rating {grade, points, reason, at, rules [{name, words, holds, points, days, doubt}]}, unsettled {FIELD:
    reason}}, happened [{at, what, cycle, by, team, side, reason}], handoffs [{id, state, born, opened_at, ..., system,
    touch, decision (milliseconds), touch_due, decision_due, ...}], routing {picked_up {owner, from}, next and given
    [{how, owner, rule, pool, passed [{rule, owner, why}], and of those given at, outcome}]}; persona and rating are
    null where none is declared, and where FIELD is given; routing where nobody was or will be routed, and where FIELD
    is not the owner.
    """
    from syncd.cli.out import print_json
    from syncd.engine.world import make_ready
    from syncd.model.errors import BadUsage
    from syncd.model.values import Side
    from syncd.operations.explain import explain as explained
    from syncd.operations.explain_document import explanation_document, hit_document
    from syncd.operations.finding import find_hits, named_by
    from syncd.operations.handoffs import handoffs_document
    from syncd.operations.rating import profile_document, profile_of
    from syncd.operations.recalling import recall, recalled_hits
    from syncd.operations.routing import routing_document, story_of
    from syncd.settings.profiles import profiles_of

    call: Call = context.obj
    loaded = call.loaded_without_secrets()[0] if offline else call.loaded()
    with call.looking(loaded=loaded) as world:
        if not offline:
            named_by(world, record)
            make_ready(world)
        hits = recalled_hits(world, record) if offline else find_hits(world, record)
        if not hits:
            where = "no link remembers" if offline else "neither side has"
            raise BadUsage(f"{where} a record {record}; look for another spelling")
        explaining = recall if offline else explained
        told = explaining(world, hits[0], field=field) if len(hits) == 1 else None
        if told is not None:
            own = " ".join(f"{side}:{told.refs.of(side)}" for side in Side if told.refs.of(side) is not None)
            about = own if told.link is None else told.link.id
            note(world.store, "people.explained", world.connection.name, about)
        profile = None
        routing = None if told is None or offline else story_of(world, told)
        if told is not None and field is None and not offline:
            profiles = profiles_of(loaded.connection(call.connection))
            profile = profile_of(told, profiles, world.clock.now())
    if as_json:
        document = None
        if told is not None:
            document = {**explanation_document(told), **profile_document(profile), **routing_document(routing)}
            document |= handoffs_document(told.handoffs)
        print_json({"hits": [hit_document(hit) for hit in hits], "record": document})
    elif told is None:
        print_hits(hits, call.again("explain", "RECORD", *([field] if field else [])))
    else:
        _print(told, profile, routing, detailed=field is not None, offline=offline)
        if told.handoffs is not None:
            print_handoffs(told.handoffs)
    waits = told is None or any(row.asks for row in told.conflicts) or bool(told.dead)
    raise typer.Exit(1 if waits else 0)


# -- for people --------------------------------------------------------------------------------------------------------
def print_hits(hits: list[Hit], again: str) -> None:
    """Prints the records that may be meant, and the command line that names one of them."""
    from syncd.cli.out import count, say, table
    from syncd.model.values import Side

    rows = [
        (
            hit.kind,
            "" if hit.link is None else f"link:{hit.link.id}",
            *(f"{side}:{hit.refs.of(side)}" if hit.refs.of(side) else "-" for side in Side),
        )
        for hit in hits
    ]
    table(f"{count(len(hits), 'record')} may be meant", ("kind", "link", "marketing", "crm"), rows)
    say(f"name one of them: {again}")


def _print(
    told: Explanation, profile: ProfileStory | None, routing: RoutingStory | None, *, detailed: bool, offline: bool
) -> None:
    from syncd.cli.out import say, table, when
    from syncd.model.values import Side

    refs = "  ".join(f"{side}:{told.refs.of(side) or '(none)'}" for side in Side)
    say(f"{told.kind}  {refs}", style="bold")
    if told.link is None:
        say("  not linked")
    else:
        say(f"  link:{told.link.id}  {told.link.state}, {told.link.proof.words}, since {when(told.link.since)} UTC")
    for line in told.departed:
        say(f"  {line}")
    for line in told.next:
        say(f"  next: {line}")
    if detailed:
        for story in told.fields:
            _print_field(story)
    elif offline:
        agreed = [(story.mapping.name, _agreed(story, longest=60)) for story in told.fields]
        table("", ("field", "agreed on by both sides last"), agreed)
    else:
        rows = [(story.mapping.name, *_values(story), story.next) for story in told.fields]
        table("", ("field", "marketing", "crm", "base", "next"), rows)
    if profile is not None:
        print_profile(profile)
    if routing is not None:
        print_routing(routing)
    _print_history(told, latest=None if detailed else LATEST)
    for row in told.conflicts:
        say(f"  conflict {row.id}: {row.reason if row.asks else row.resolution}", style="yellow")
    for letter in told.dead:
        say(f"  dead letter {letter.id}: {letter.code} {letter.reason}; {letter.advice}", style="yellow")
    for intent in told.intents:
        say(f"  a write to {intent.side} of {when(intent.sent_at)} UTC has no known ending; the next cycle settles it")


def _values(story: FieldStory) -> tuple[str, str, str]:
    marketing, crm = (_value(told) for told in story.now)
    return marketing, crm, _agreed(story, longest=30)


def _agreed(story: FieldStory, *, longest: int) -> str:
    from syncd.cli.out import shown
    from syncd.model.values import MISSING

    return "(never agreed)" if story.base is MISSING else shown(story.base, longest=longest)


def _value(told: Told | None, *, longest: int = 30) -> str:
    from syncd.cli.out import shown

    if told is None:
        return "(no record)"
    if told.trouble:
        wires = ", ".join(shown(wire, longest=longest) for wire in told.wires.values())
        return f"{wires} (?)" if wires else "(not told)"
    return shown(told.value, longest=longest)


def _print_field(story: FieldStory) -> None:
    from syncd.cli.out import say, shown, when
    from syncd.model.values import MISSING, Side

    mapping = story.mapping
    tie = f", tie {mapping.tie}" if mapping.tie else ""
    say(
        "",
        f"  {mapping.name} ({mapping.type}; {mapping.direction}; policy {mapping.policy}{tie}; clear {mapping.clear})",
    )
    for side in Side:
        told = story.now.of(side)
        wires = "" if told is None else _wires(told.wires)
        trouble = f"; {told.trouble}" if told is not None and told.trouble else ""
        say(f"    {side + ' now':16} {_value(told, longest=200)}{wires}{trouble}")
    say(f"    {'base':16} {'(never agreed)' if story.base is MISSING else shown(story.base, longest=200)}")
    for side in Side:
        if story.confirmed.of(side):
            say(f"    {side + ' confirmed':16}{_wires(story.confirmed.of(side))}")
    if story.journey is not None:
        entered = (f"{each.stage} {when(each.at)} (cycle {each.cycle})" for each in story.journey.entered)
        say(f"    {'cycle':16} {story.journey.cycle}", f"    {'entered':16} {', '.join(entered)}")
    say(f"    {'next':16} {story.next}", "")


def _wires(wires: Any) -> str:  # noqa: ANN401 - a mapping of vendor fields
    from syncd.cli.out import shown

    return "  [" + ", ".join(f"{name} = {shown(wire, longest=100)}" for name, wire in wires.items()) + "]"


def _print_history(told: Explanation, *, latest: int | None) -> None:
    from syncd.cli.out import shown, table, when
    from syncd.model.values import MISSING

    events = told.events if latest is None else told.events[-latest:]
    left = len(told.events) - len(events)
    title = "who changed what" + (f" (the latest {latest}; {left:,} more with --json)" if left else "")
    rows = [
        (
            when(event.at),
            event.side.value,
            event.field,
            event.author,
            "" if event.before is MISSING else shown(event.before, longest=30),
            shown(event.after, longest=50),
            " ".join(part for part in (event.rule, event.outcome, f"run {event.run}" if event.run else "") if part),
        )
        for event in events
    ]
    table(title, ("at (UTC)", "side", "field", "by", "before", "after", "because"), rows)
