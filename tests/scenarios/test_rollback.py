"""Taking back what syncd wrote: only where ours still stands, on that side alone, across kills; nothing flows back.

Length: what goes back and what stays are told of the same pairs, in the same few words.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from syncd.engine import resync as engine
from syncd.engine.resync import Met, carry_on, reached_by
from syncd.engine.world import make_ready
from syncd.model.errors import BadUsage
from syncd.model.link import Topic
from syncd.model.run import Run, RunState
from syncd.operations.resyncing import ask
from syncd.operations.rollback import Rollback, Words, plan_rollback
from tests.scenarios.resyncs import PEOPLE, carried_out, linked_people, wanted
from tests.scenarios.steps import HOUR, Fields, Steps, configured
from tests.worlds import open_world

Pairs = list[tuple[str, str]]


@pytest.fixture
def pairs(steps: Steps) -> Pairs:
    """Linked people in step who all have a job title."""
    pairs = linked_people(steps)
    for contact, _ in pairs:
        steps.market(contact, jobtitle="Buyer")
    steps.cycle()
    return pairs


def mass_edit(steps: Steps, pairs: Pairs, title: str = "Oops") -> str:
    """Somebody gives everybody a job title in HubSpot, and a cycle carries it over; the id of its run."""
    for contact, _ in pairs:
        steps.market(contact, jobtitle=title)
    return steps.cycle().run.id


def latest(steps: Steps) -> Run:
    """The latest run of a resync."""
    return next(run for run in steps.both.store.runs(100) if run.command == "resync")


def planned(steps: Steps, **words: object) -> Rollback:
    """What would be taken back."""
    make_ready(steps.both.world)
    return plan_rollback(steps.both.world, Words(**words))  # type: ignore[arg-type]


def taken_back(steps: Steps, **words: object) -> Rollback:
    """The same, carried out to its end."""
    told = planned(steps, **words)
    assert carry_on(steps.both.world, ask(steps.both.world, told.wanted), Met(), leave_off=lambda: False)
    return told


def titles(steps: Steps, pairs: Pairs) -> set[object]:
    """The job titles that Salesforce shows."""
    return {steps.sold(lead, "Title") for _, lead in pairs}


def test_a_run_is_taken_back_on_the_side_that_it_wrote_and_nothing_flows(steps: Steps, pairs: Pairs) -> None:
    """Salesforce has what stood there before, HubSpot what somebody typed, and a person is asked which is right."""
    run = mass_edit(steps, pairs)
    assert titles(steps, pairs) == {"Oops"}
    told = taken_back(steps, run=run)
    assert not told.left
    assert titles(steps, pairs) == {"Buyer"}
    assert {steps.marketed(contact, "jobtitle") for contact, _ in pairs} == {"Oops"}
    assert latest(steps).counts["updated.crm"] == PEOPLE
    conflicts = steps.conflicts()
    assert [each.topic for each in conflicts] == [Topic.UNDONE] * PEOPLE
    assert {(each.values.marketing, each.values.crm) for each in conflicts} == {("Oops", "Buyer")}
    assert conflicts[0].reason == f"taken back on purpose (run {run}): the other side was left as it is"
    steps.quiet()
    rows = steps.both.store.audit_of(conflicts[0].link or "", 1)
    assert [(row.before, row.after, row.rule) for row in rows[0].changes] == [
        ("Oops", "Buyer", f"rolled back, run {run}")
    ]


@pytest.mark.parametrize(("side", "title"), [("crm", "Buyer"), ("marketing", "Oops")])
def test_a_person_says_which_value_is_right(steps: Steps, pairs: Pairs, side: str, title: str) -> None:
    """That value goes to the other side, and nothing waits any more."""
    taken_back(steps, run=mass_edit(steps, pairs))
    for conflict in steps.conflicts():
        steps.both.store.resolve_conflict(conflict.id, side)
    steps.cycle()
    assert titles(steps, pairs) == {title} == {steps.marketed(contact, "jobtitle") for contact, _ in pairs}
    assert steps.conflicts() == []
    steps.quiet()


def test_the_next_edit_is_an_edit_like_any_other(steps: Steps, pairs: Pairs) -> None:
    """Whoever types something new on either side after that is heard, and the question is over."""
    taken_back(steps, run=mass_edit(steps, pairs[:2]))
    steps.market(pairs[0][0], jobtitle="Head of Buying")
    steps.sell(pairs[1][1], Title="Purchaser")
    steps.cycle()
    assert steps.sold(pairs[0][1], "Title") == "Head of Buying"
    assert steps.marketed(pairs[1][0], "jobtitle") == "Purchaser"
    assert steps.conflicts() == []
    steps.quiet()


def test_what_was_changed_since_is_somebodys_and_stays(steps: Steps, pairs: Pairs) -> None:
    """By a person, or by a later run of ours: listed by record and field, and not touched."""
    run = mass_edit(steps, pairs)
    steps.sell(pairs[0][1], Title="Typed since")
    steps.market(pairs[1][0], jobtitle="Carried since")
    steps.cycle()
    told = taken_back(steps, run=run)
    assert [(each.link, each.field) for each in told.left.shown] == [
        (each.link, "title") for each in told.left.shown if each.reason.startswith("changed since")
    ]
    assert told.left.numbers.total() == 2
    assert steps.sold(pairs[0][1], "Title") == "Typed since"
    assert steps.sold(pairs[1][1], "Title") == "Carried since"
    assert titles(steps, pairs[2:]) == {"Buyer"}


def test_what_a_later_run_wrote_is_not_ours_to_take_back_though_it_is_the_same(steps: Steps, pairs: Pairs) -> None:
    """Sales changed the title, and then marketing chose that very one: it stands there because of them."""
    run = mass_edit(steps, pairs)
    contact, lead = pairs[0]
    steps.sell(lead, Title="Working")
    steps.cycle()
    steps.market(contact, jobtitle="Oops")
    steps.cycle()
    told = taken_back(steps, run=run)
    assert [(each.field, each.reason.partition(":")[0]) for each in told.left.shown] == [("title", "changed since")]
    assert (steps.sold(lead, "Title"), steps.marketed(contact, "jobtitle")) == ("Oops", "Oops")
    assert titles(steps, pairs[1:]) == {"Buyer"}
    taken_back(steps, run=run)
    assert titles(steps, pairs) == {"Buyer", "Oops"}
    steps.quiet()


def test_an_edit_between_the_look_and_the_write_is_not_overwritten(
    steps: Steps, pairs: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every value is read again just before, whatever `confirm` says of its field."""
    told = planned(steps, run=mass_edit(steps, pairs[:1]))
    real = engine.carry_out

    def late(*args: object, **kwargs: object) -> None:
        steps.sell(pairs[0][1], Title="Just now")
        real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(engine, "carry_out", late)
    carry_on(steps.both.world, ask(steps.both.world, told.wanted), Met(), leave_off=lambda: False)
    monkeypatch.undo()
    assert steps.sold(pairs[0][1], "Title") == "Just now"
    assert latest(steps).state is RunState.PARTIAL
    steps.cycle()
    assert steps.marketed(pairs[0][0], "jobtitle") == "Just now"
    assert steps.conflicts() == []
    steps.quiet()


def test_a_span_of_time_goes_back_to_what_stood_before_it(steps: Steps, pairs: Pairs) -> None:
    """Two runs of it are one step; what was written before and after it is not meant."""
    contact, lead = pairs[0]
    steps.both.clock.advance(HOUR)
    begin = steps.both.clock.now()
    mass_edit(steps, pairs[:1], "First")
    mass_edit(steps, pairs[:1], "Second")
    taken_back(steps, since=begin.isoformat(), records=[f"crm:Lead/{lead}"])
    assert (steps.sold(lead, "Title"), steps.marketed(contact, "jobtitle")) == ("Buyer", "Second")


def test_records_and_fields_narrow_it(steps: Steps, pairs: Pairs) -> None:
    """Nothing else of that run is touched."""
    for contact, _ in pairs[:2]:
        steps.market(contact, jobtitle="Oops", industry="Oops too")
    run = steps.cycle().run.id
    taken_back(steps, run=run, records=[f"marketing:contacts/{pairs[0][0]}"], fields=["title"])
    assert titles(steps, pairs[:1]) == {"Buyer"}
    assert titles(steps, pairs[1:2]) == {"Oops"}
    assert steps.sold(pairs[0][1], "Industry") == "Oops too"


def test_what_can_never_go_back_says_why(steps: Steps, pairs: Pairs) -> None:
    """A record that was made, an opt-out, a stage: each listed with its reason."""
    steps.contact(email="new@example.com", company="New")
    steps.both.hubspot.unsubscribe("p0@example.com")
    steps.market(pairs[1][0], hs_lead_status="IN_PROGRESS", lifecyclestage="salesqualifiedlead")
    run = steps.cycle().run.id
    before = steps.written()
    told = planned(steps, run=run)
    reasons = {reason for reason, _, _ in told.reasons()}
    assert {
        "an opt-out is never lifted",
        "the record was made by it: delete it by hand where it is not wanted",
    } <= reasons
    assert any(reason.startswith("stages move as lifecycle.yaml declares") for reason in reasons)
    assert told.empty
    assert steps.written() == before


def test_it_goes_on_after_a_kill_and_nothing_flows_in_between(
    steps: Steps, pairs: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies between a write and its settlement; a cycle runs before anybody goes on; nothing doubles."""
    told = planned(steps, run=mass_edit(steps, pairs))
    request = ask(steps.both.world, told.wanted)

    class Killed(BaseException):
        pass

    settle, seen = steps.both.store.settle, []

    def dying(settlement: object, *rest: object, **more: object) -> object:
        seen.append(settlement)
        if any(str(ending) == "done" for ending in getattr(settlement, "endings", {}).values()):
            raise Killed
        return settle(settlement, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(type(steps.both.store), "settle", lambda _self, *args, **kwargs: dying(*args, **kwargs))
    with pytest.raises(Killed):
        carry_on(steps.both.world, request, Met(), leave_off=lambda: False)
    monkeypatch.undo()
    steps.both.clock.advance(HOUR)
    steps.cycle()
    assert {steps.marketed(contact, "jobtitle") for contact, _ in pairs} == {"Oops"}, "nothing may flow back"
    assert carry_on(steps.both.world, request, Met(), leave_off=lambda: False)
    assert titles(steps, pairs) == {"Buyer"}
    assert {steps.marketed(contact, "jobtitle") for contact, _ in pairs} == {"Oops"}
    assert [each.topic for each in steps.conflicts()] == [Topic.UNDONE] * PEOPLE
    assert reached_by(steps.both.store, request.id).checked == 0, "its place is forgotten once it is over"
    steps.quiet()


def test_a_rollback_is_taken_back_as_well(steps: Steps, pairs: Pairs) -> None:
    """It is a run like any other: both sides show again what they showed before it, and nobody is asked any more."""
    taken_back(steps, run=mass_edit(steps, pairs))
    taken_back(steps, run=latest(steps).id)
    assert titles(steps, pairs) == {"Oops"} == {steps.marketed(contact, "jobtitle") for contact, _ in pairs}
    assert steps.conflicts() == []
    steps.quiet()


def test_whoever_left_is_listed(steps: Steps, pairs: Pairs) -> None:
    """One known to have left, and one of whom nobody has heard yet: both are told, and the others go back."""
    run = mass_edit(steps, pairs)
    steps.both.salesforce.delete("Lead", pairs[0][1])
    steps.cycle()
    steps.both.salesforce.delete("Lead", pairs[1][1])
    told = taken_back(steps, run=run)
    assert {each.ref.id for each in told.left.shown if each.ref is not None} == {pairs[0][1], pairs[1][1]}
    assert all("left" in each.reason for each in told.left.shown)
    assert titles(steps, pairs[2:]) == {"Buyer"}


def test_a_one_way_field_is_not_written_again(tmp_path: Path) -> None:
    """It comes from HubSpot only; taken back in Salesforce it stays so, until marketing says something new."""

    def one_way(fields: Fields) -> None:
        fields["title"]["direction"] = "to_crm"

    steps = Steps(configured(tmp_path, one_way))
    contact, lead = steps.pair(jobtitle="Buyer")
    steps.market(contact, jobtitle="Oops")
    taken_back(steps, run=steps.cycle().run.id)
    assert steps.sold(lead, "Title") == "Buyer"
    steps.quiet()
    steps.resolve("crm")
    steps.cycle()
    assert (steps.sold(lead, "Title"), steps.conflicts()) == ("Buyer", []), "left so by a person"
    steps.quiet()
    steps.market(contact, jobtitle="Head of Buying")
    steps.cycle()
    assert steps.sold(lead, "Title") == "Head of Buying"
    steps.quiet()


def test_the_brake_lets_through_what_a_person_has_seen_whole(steps: Steps, pairs: Pairs) -> None:
    """A rollback is approved by its digest; the same digest as long as nothing changed."""
    run = mass_edit(steps, pairs)
    first, second = planned(steps, run=run), planned(steps, run=run)
    assert first.plan is not None
    assert second.plan is not None
    assert first.plan.digest == second.plan.digest
    taken_back(steps, run=run)
    again = planned(steps, run=run)
    assert again.empty, "what is back already is not written once more"


def test_a_wrong_mapping_is_undone_for_good(tmp_path: Path) -> None:
    """Taken back, then mended: both sides show what they showed before, and nobody is asked any more."""

    def crossed(fields: Fields) -> None:
        fields["title"]["crm"] = {"Lead": "Industry"}
        del fields["industry"]

    both = configured(tmp_path / "right", lambda _: None)
    right = both.world
    steps = Steps(both)
    contact, lead = steps.pair(jobtitle="Buyer", industry="Steel")
    wrong = configured(tmp_path / "wrong", crossed)
    both.world = open_world(both.hubspot, both.salesforce, both.clock, both.store, wrong.settings)
    steps.sell(lead, Industry="Coal")
    run = steps.cycle().run.id
    assert steps.marketed(contact, "jobtitle") == "Coal", "so it went wrong"
    taken_back(steps, run=run)
    assert steps.marketed(contact, "jobtitle") == "Buyer"
    assert steps.conflict().topic is Topic.UNDONE
    both.world = replace(right, terms={}, verified={})
    assert carried_out(
        steps, wanted(steps, everything=True, kinds=["person"], fields=["title"]), leave_off=lambda: False
    )
    assert (steps.marketed(contact, "jobtitle"), steps.sold(lead, "Title")) == ("Buyer", "Buyer")
    assert steps.sold(lead, "Industry") == "Coal"
    assert steps.conflicts() == []
    steps.quiet()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({}, "name one run"),
        ({"run": "nosuch"}, "there is no run 'nosuch'"),
        ({"since": "1h", "run": "x"}, "there is no run"),
        ({"since": "1h", "fields": ["nosuch"]}, "there is no field 'nosuch'"),
        ({"since": "1h"}, "wrote nothing"),
        ({"since": "1h", "until": "2h"}, "is not before"),
    ],
)
def test_what_cannot_be_meant_is_refused(steps: Steps, words: dict[str, object], told: str) -> None:
    """With what to do instead; nothing is stored."""
    steps.pair()
    steps.both.clock.advance(2 * HOUR)
    with pytest.raises(BadUsage, match=told):
        planned(steps, **words)
    assert steps.both.store.requests() == []


@pytest.mark.parametrize("settled", [True, False])
def test_an_opt_out_goes_along_when_an_address_goes_back(steps: Steps, settled: bool) -> None:
    """Somebody opts out under the address that goes. HubSpot ties that to the address and knows nothing of the old one:
    the person is out there, too, whether the CRM was told already or not.
    """
    contact, lead = steps.pair(email="ann@example.com")
    steps.sell(lead, Email="ann.lee@example.com")
    run = steps.cycle().run.id
    assert steps.marketed(contact, "email") == "ann.lee@example.com"
    steps.both.hubspot.unsubscribe("ann.lee@example.com")
    if settled:
        steps.cycle()
    taken_back(steps, run=run)
    assert steps.marketed(contact, "email") == "ann@example.com"
    assert steps.marketed(contact, "hs_email_optout") == "true"
    steps.cycle()
    assert steps.sold(lead, "HasOptedOutOfEmail") is True
    assert {each.topic for each in steps.conflicts()} == {Topic.UNDONE}
    steps.quiet()
