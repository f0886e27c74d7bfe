"""The ledger as whole cycles keep it: who was handed over, when sales saw them, and what became of it.

Stamps are the vendors'; nobody tells syncd anything but through the two systems.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from syncd.engine.cycle import plan_only
from syncd.engine.world import make_ready
from syncd.model.episode import Delivered, Moved, Oddity, State, Told
from syncd.model.link import Topic
from syncd.operations.explain import explain
from syncd.operations.finding import find_hits
from tests.scenarios.handoffs import ANN, episodes, events, killed_at_each_effect, moves, qualified
from tests.scenarios.lifecycles import CLOSED, MQL, NEW, OPPORTUNITY, SQL, WORKING
from tests.scenarios.steps import HOUR, Schema, Steps, relived
from tests.worlds import agreed, open_both


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """Two empty stand-ins that were in step before, and both teams have agreed on who may move whom."""
    both = open_both(config=agreed(tmp_path / "agreed"))
    steps = Steps(both)
    steps.cycle()
    yield steps
    both.store.close()


def test_a_handoff_from_qualified_to_won(steps: Steps) -> None:
    """Qualified in HubSpot at its time, delivered when Salesforce confirmed, accepted by whoever works on it, won."""
    contact, lead, moment = qualified(steps)
    assert moves(steps) == [(1, "new", "lead", "marketing"), (1, "lead", "mql", "marketing")]
    ((state, at, delivered, system, complete, valid),) = episodes(
        steps, "state", "qualified_at", "delivered_at", "system", "complete", "valid"
    )
    assert (state, complete, valid) == (State.DELIVERED, "yes", "yes")
    assert abs(at - moment.timestamp() * 1000) < 1000
    assert delivered - at == system >= 3_000_000  # the next cycle was an hour later
    seller = steps.seller("SDR")
    steps.sell(lead, by=seller, Status=WORKING)
    steps.cycle()
    ((state, touch, sdr),) = episodes(steps, "state", "touch", "sdr")
    assert (state, touch is not None) == (State.ACCEPTED, True)
    assert "sdr" in str(sdr)
    steps.market(contact, by=steps.marketer("SDR"), **OPPORTUNITY)
    steps.cycle()
    steps.market(contact, by=steps.marketer("SDR"), lifecyclestage="customer", hs_lead_status="")
    steps.cycle()
    ((state, oddities),) = episodes(steps, "state", "oddities")
    assert (state, oddities) == (State.WON, Oddity.NO_ORIGIN)
    known = events(steps)
    steps.quiet()
    assert events(steps) == known


def test_marketing_takes_somebody_back_unanswered(tmp_path: Path) -> None:
    """Marketing withdraws its MQL before sales has said anything: that is no touch and no rejection of sales."""

    def may_withdraw(lifecycle: Schema) -> None:
        lifecycle["transitions"].append({"from": "mql", "to": "disqualified", "by": "marketing"})

    steps = Steps(relived(tmp_path, may_withdraw))
    steps.cycle()
    contact, _, _ = qualified(steps)
    steps.market(contact, by=steps.marketer("Marketing"), lifecyclestage="other", hs_lead_status="UNQUALIFIED")
    steps.cycle()
    assert moves(steps)[-1] == (1, "mql", "disqualified", "marketing")
    names = ("state", "delivered_at", "touched_at", "accepted_at", "rejected_at")
    ((state, seen, *answers),) = episodes(steps, *names)
    assert (state, seen is not None, answers) == (State.WITHDRAWN, True, [None, None, None])
    steps.quiet()
    steps.both.store.close()


def test_explain_tells_what_happened_between_the_teams(steps: Steps) -> None:
    """Every move with author, team and system, and the handoffs with their clocks."""
    contact, lead, moment = qualified(steps)
    steps.sell(lead, by=steps.seller("SDR"), Status=CLOSED)
    steps.cycle()
    make_ready(steps.both.world)
    (hit,) = find_hits(steps.both.world, f"marketing:contacts/{contact}")
    told = explain(steps.both.world, hit).handoffs
    assert told is not None
    assert [(each.what, each.by, each.team, each.side) for each in told.happened] == [
        ("new -> lead", "", "marketing", "marketing"),
        ("lead -> mql", "0.marketing@example.com", "marketing", "marketing"),
        ("visible to sales", "", "", ""),
        ("mql -> disqualified", "2.sdr@example.com", "sales", "crm"),
    ]
    assert abs((told.happened[1].at - moment).total_seconds()) < 1
    (episode,) = told.episodes
    assert (episode.state, episode.touch is not None, episode.decision is not None) == (State.REJECTED, True, True)


@pytest.mark.slow
def test_sales_is_late(steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a grade: a working day to the first touch, two to a decision; each step is told once."""
    heard: list[tuple[str, object]] = []

    def hear(event: str, **keys: object) -> None:
        heard.append((event, keys["clock"]))

    monkeypatch.setattr("syncd.engine.lateness.emit", hear)
    _, lead, _ = qualified(steps)
    for _ in range(4 * 12):
        steps.cycle(after=2 * HOUR)
    steps.sell(lead, by=steps.seller("SDR"), Status=WORKING)
    for _ in range(6):
        steps.cycle(after=4 * HOUR)
    steps_of = [(event, clock) for clock in ("touch", "decision") for event in ("handoff.due", "handoff.overdue")]
    assert heard == steps_of


def test_back_to_marketing_and_handed_over_again(steps: Steps) -> None:
    """A no in Salesforce ends the episode; qualified again is the second cycle, and an episode of its own."""
    contact, lead, _ = qualified(steps)
    steps.sell(lead, by=steps.seller("SDR"), Status=CLOSED)
    steps.cycle()
    assert episodes(steps, "state") == [(State.REJECTED,)]
    steps.market(contact, by=steps.marketer("Marketing"), **MQL)
    steps.cycle()
    assert moves(steps)[-1] == (2, "disqualified", "mql", "marketing")
    assert episodes(steps, "state", "delivered_at")[1][0] == State.DELIVERED
    assert steps.sold(lead, "Status") == NEW


def test_what_sales_finds_by_itself(tmp_path: Path) -> None:
    """Somebody new whom sales works on was born in sales, and is credited to whoever found them."""

    def both_ways(schema: Schema) -> None:
        schema["create"]["marketing"] = [{"object": "contacts"}]

    steps = Steps(relived(tmp_path, lambda _: None, person=both_ways))
    steps.cycle()
    seller = steps.seller("BDR")
    lead = steps.lead(Email=ANN, Status=NEW)
    steps.sell(lead, by=seller, Status=WORKING)
    steps.cycle()
    assert moves(steps) == [(1, "new", "sql", "sales")]
    assert episodes(steps, "born", "state", "bdr") == [("sales", State.ACCEPTED, "2.bdr@example.com")]
    steps.both.store.close()


def test_an_import_into_marketing_was_not_found_by_sales(tmp_path: Path) -> None:
    """Somebody new in a stage of sales' whom an integration made in HubSpot: taken up without being qualified."""
    steps = Steps(open_both())
    steps.cycle()
    steps.contact(email=ANN, company="Acme", **SQL)
    steps.cycle()
    assert [move[1:3] for move in moves(steps)] == [("new", "sql")]
    assert episodes(steps, "born", "bdr", "oddities") == [("unasked", None, "never_qualified no_origin")]
    steps.both.store.close()


def test_the_owner_at_the_delivery_and_after_it(steps: Steps) -> None:
    """Who owns them is a fact: the ledger hears of another owner without a move."""
    _, lead, _ = qualified(steps)
    before = episodes(steps, "owner")
    seller = steps.seller("SDR")
    mail = next(user.email for user in steps.both.world.connectors.crm.users() if user.id.startswith(seller[:15]))
    steps.both.hubspot.add_owner(str(mail), "U", "S")
    steps.both.world.checked.clear()
    steps.both.clock.advance(HOUR)
    steps.sell(lead, OwnerId=seller)
    steps.cycle()
    assert episodes(steps, "owner") == [(mail,)] != before
    assert isinstance(events(steps)[-1], Told)


def test_the_first_link_tells_of_those_who_are_between_the_teams(tmp_path: Path) -> None:
    """Who is an MQL then was made one by somebody at some time, as HubSpot tells; subscribers are no news."""
    both = open_both(config=agreed(tmp_path / "agreed"))
    steps = Steps(both)
    steps.contact(email="sub@acme-works.com", lifecyclestage="subscriber", hs_lead_status="")
    contact = steps.contact(email=ANN, lifecyclestage="lead", hs_lead_status="", company="Acme")
    both.clock.advance(24 * HOUR)
    moment = both.clock.now()
    steps.market(contact, by=steps.marketer("Marketing"), **MQL)
    steps.lead(Email=ANN, Status=NEW)
    both.clock.advance(24 * HOUR)
    steps.cycle()
    told = [each for each in events(steps) if isinstance(each, Moved)]
    assert {each.stage for each in told} == {"lead", "mql"}
    (mql,) = (each for each in told if each.stage == "mql")
    assert abs((mql.at - moment).total_seconds()) < 1
    assert [each.at for each in events(steps) if isinstance(each, Delivered)] == [mql.at]  # sales had the Lead
    both.store.close()


def test_looking_books_nothing(steps: Steps) -> None:
    """A plan tells nobody."""
    steps.contact(email=ANN, company="Acme")
    steps.both.clock.advance(HOUR)
    plan_only(steps.both.world)
    assert not list(steps.both.store.links("person"))
    assert not episodes(steps, "id")


@pytest.mark.slow
def test_killed_at_any_effect_the_ledger_is_as_whole_as_the_records(tmp_path: Path) -> None:
    """Whatever effect a cycle dies before or after: once all is quiet the ledger tells the same moves, each once, and
    one delivery; and no Base keeps what was told.
    """

    def begin(steps: Steps) -> Callable[[], object]:
        _, lead, _ = qualified(steps)
        return lambda: steps.sell(lead, by=steps.seller("SDR"), Status=WORKING)

    for steps, effect in killed_at_each_effect(tmp_path, begin, config=agreed(tmp_path / "agreed")):
        assert [each[1:] for each in moves(steps)] == [
            ("new", "lead", "marketing"), ("lead", "mql", "marketing"), ("mql", "sql", "sales"),
        ], f"killed at effect {effect}"  # fmt: skip
        assert sum(isinstance(each, Delivered) for each in events(steps)) == 1
        assert episodes(steps, "state") == [(State.ACCEPTED,)]
        (link,) = steps.both.store.links("person")
        base = steps.both.store.by_link([link.id])[link.id].base
        assert base is not None
        assert not [name for name in base.agreed if name.startswith("@news")]


# -- after the conversion ----------------------------------------------------------------------------------------------
CONVERTED = "Closed - Converted"


def accepted(steps: Steps) -> tuple[str, str]:
    """An MQL on whom sales works; the contact and its Lead."""
    contact, lead, _ = qualified(steps)
    steps.sell(lead, by=steps.seller("SDR"), Status=WORKING)
    steps.cycle()
    return contact, lead


def test_a_conversion_says_that_there_is_an_opportunity(steps: Steps) -> None:
    """Within the cycle that follows the Lead to its Contact HubSpot learns the stage: a move of whoever converted."""
    contact, lead = accepted(steps)
    steps.both.salesforce.convert(lead, status=CONVERTED)
    steps.cycle()
    assert steps.marketed(contact, "lifecyclestage") == "opportunity"
    assert steps.marketed(contact, "syncd_crm_id") == steps.live("Contact")[0]["Id"]
    assert moves(steps)[-1] == (1, "sql", "opportunity", "sales")
    assert episodes(steps, "state") == [(State.OFFERED,)]
    steps.quiet()
    assert not steps.conflicts()


def test_what_hubspot_says_of_a_converted_person_is_heard(steps: Steps) -> None:
    """A Contact has no status; HubSpot's own automation makes a customer of whoever bought, and nothing is written."""
    contact, lead = accepted(steps)
    steps.both.salesforce.convert(lead, status=CONVERTED)
    steps.cycle()
    before = steps.written()
    steps.market(contact, by=steps.marketer("SDR"), lifecyclestage="customer")
    steps.cycle()
    assert moves(steps)[-1] == (1, "opportunity", "customer", "sales")
    assert episodes(steps, "state") == [(State.WON,)]
    assert steps.written() == before
    steps.market(contact, by=steps.marketer("SDR"), lifecyclestage="evangelist")
    steps.cycle()
    assert steps.conflict().topic is Topic.MOVE  # only marketing may
    steps.quiet()


def test_a_conversion_that_nobody_may_make_is_listed(tmp_path: Path) -> None:
    """The stage stays where both agreed to be, and the listed move goes once it is declared."""

    def nobody(tree: Schema) -> None:
        tree["transitions"] = [each for each in tree["transitions"] if each["to"] != "opportunity"]
        tree["transitions"].append({"from": "mql", "to": "opportunity", "by": "sales"})

    steps = Steps(relived(tmp_path, nobody))
    steps.cycle()
    contact, lead = accepted(steps)
    steps.both.salesforce.convert(lead, status=CONVERTED)
    steps.cycle()
    assert steps.conflict().topic is Topic.MOVE
    assert steps.marketed(contact, "lifecyclestage") == "salesqualifiedlead"
    steps.quiet()
    steps.resolve("crm")
    steps.cycle()
    assert steps.marketed(contact, "lifecyclestage") == "opportunity"
    steps.quiet()
    assert not steps.conflicts()
    steps.both.store.close()


@pytest.mark.slow
def test_killed_at_any_effect_of_a_conversion_its_stage_arrives(tmp_path: Path) -> None:
    """The link may have moved to the Contact before anything was written: what the Lead told last is not forgotten."""
    contacts: list[str] = []

    def begin(steps: Steps) -> Callable[[], object]:
        contact, lead = accepted(steps)
        contacts.append(contact)
        return partial(steps.both.salesforce.convert, lead, status=CONVERTED)

    for steps, effect in killed_at_each_effect(tmp_path, begin, config=agreed(tmp_path / "agreed")):
        assert steps.marketed(contacts[-1], "lifecyclestage") == "opportunity", f"killed at effect {effect}"
        assert moves(steps)[-1][1:3] == ("sql", "opportunity")
