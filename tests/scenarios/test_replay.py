"""A made-up funnel of a few leads, replayed: how people and the daemon work together, without any file of others.

What the real files say is compared in ``test_replayed_funnel``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.funnel import Deed, Does, script_of
from sandbox.olist_files import DEAL_COLUMNS, OlistRows
from sandbox.playing import RETRY, Playing
from syncd.lab.replay import PeopledClock, Replay
from syncd.model.episode import Born, Contacted, Delivered, Moved, Oddity, State, Told
from syncd.operations.report import Period
from syncd.operations.report_credit import credit
from tests.scenarios.replays import heard, leads_by_person, listed, opened
from tests.unit.operations.ledgers import figure, value

LATER = datetime(2030, 1, 1, tzinfo=UTC)
"""When everything has happened that these tests tell of."""

LEADS = 12


def made_up() -> OlistRows:
    """Twelve leads of April: four won, one of them before it was met; one without an origin, some `unknown`."""
    origins = ("social", "unknown", "", "email")
    leads = {
        f"lead{number:02}": {
            "mql_id": f"lead{number:02}", "first_contact_date": f"2018-04-{2 + number % 5:02}",
            "landing_page_id": f"page{number % 3}", "origin": origins[number % 4] if number != 6 else "social",
        }
        for number in range(LEADS)
    }  # fmt: skip
    won = {
        "lead00": "2018-04-09 14:00:01", "lead01": "2018-04-03 03:00:00", "lead05": "2018-04-20 23:59:59",
        "lead08": "2018-04-03 19:38:55",
    }  # fmt: skip
    empty = dict.fromkeys(DEAL_COLUMNS, "")
    deals = {
        mql: {**empty, "mql_id": mql, "sdr_id": f"sdr{mql[-1]}", "sr_id": "closer", "won_date": at}
        for mql, at in won.items()
    }
    return OlistRows(leads, deals)


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Replay:
    """Played once for all tests."""
    made = opened(script_of(made_up(), seed=5), tmp_path_factory.mktemp("replay"))
    played = made.play()
    assert played.playing.done == made.script.length
    assert not played.playing.late
    assert played.busy <= played.polls < played.hours
    return made


def test_wins_are_those_of_the_files(replay: Replay) -> None:
    """At their second, with their people and whole days, at midnight's edge too; the impossible one counts as won."""
    report = credit(replay.arena.store, Period(), by=("origin", "sdr", "ae"), top=0, now=LATER)
    known = leads_by_person(replay)
    assert listed(report, "all:won", known) == ["lead00", "lead01", "lead05", "lead08"]
    assert listed(report, "oddity:won_before_contact", known) == ["lead08"]
    assert listed(report, "oddity:no_origin", known) == ["lead02", "lead10"]
    assert value(report, "ae:closer@example.com:won") == 4
    assert value(report, "sdr:sdr5@example.com:won") == 1
    assert (value(report, "origin:unknown:won"), value(report, "origin:social:won")) == (2, 2)
    assert figure(report, "origin:unknown:conversion").of == 3
    assert figure(report, "all:days").of == 3, "without the impossible one"
    assert value(report, "all:days") == 7  # 0, 7 and 18
    won = {(each.person, each.at) for each in heard(replay) if isinstance(each, Moved) and each.stage == "customer"}
    assert ("lead05", datetime(2018, 4, 20, 23, 59, 59, tzinfo=UTC)) in won
    assert ("lead08", datetime(2018, 4, 3, 19, 38, 55, tzinfo=UTC)) in won


def test_every_deed_is_in_the_ledger_by_whoever_did_it(replay: Replay) -> None:
    """Moves at the vendors' stamps, under the names of both teams' people, with reasons; and nothing besides."""
    moved = Counter(
        (each.person, each.at, each.stage, each.by.partition("@")[0])
        for each in heard(replay)
        if isinstance(each, Moved) and each.stage in {"disqualified", "customer"}
    )
    done = Counter(
        (deed.lead, deed.at, "customer" if deed.does is Does.WIN else "disqualified", deed.by)
        for deeds in replay.script.deeds.values()
        for deed in deeds
        if deed.does in {Does.REJECT, Does.RECYCLE, Does.WIN}
    )
    assert moved == done
    assert all(each.reason for each in heard(replay) if isinstance(each, Moved) and each.stage == "disqualified")
    qualified = {each.person for each in heard(replay) if isinstance(each, Moved) and each.stage == "mql"}
    assert qualified == set(replay.script.deeds) - {"lead08"}
    delivered = {each.person: each.at for each in heard(replay) if isinstance(each, Delivered)}
    assert set(delivered) == qualified
    assert {each.person for each in heard(replay) if isinstance(each, Contacted)} == set(replay.script.deeds)


def test_who_was_found_by_sales_is_told_with_what_marketing_knows(replay: Replay) -> None:
    """The facts of somebody who is linked at once with both sides' news reach the ledger by the other write."""
    row = next(
        row
        for row in replay.arena.store.episode_columns(("person", "born", "state", "origin", "asset", "oddities"))
        if leads_by_person(replay)[str(row[0])] == "lead08"
    )
    assert row[1:] == (Born.SALES, State.WON, "social", "page2", Oddity.WON_BEFORE_CONTACT)
    assert any(isinstance(each, Told) and each.person == "lead08" for each in heard(replay))


def test_nobody_is_made_twice_and_nothing_waits(replay: Replay) -> None:
    """Twelve people on each side, four of them converted; no conflict, no refusal."""
    store, crm = replay.arena.store, replay.arena.salesforce.export()
    assert not [*store.conflicts(), *store.parked(), *store.dead_letters()]
    assert len(crm["Lead"]) == len(replay.arena.hubspot.export()["contacts"]) == LEADS
    assert [row["StageName"] for row in crm["Opportunity"]] == ["Closed Won"] * 4
    assert {str(row["Stage__c"]) for row in crm["Contact"]} == {"Closed - Won"}


def test_a_part_of_the_leads_does_what_it_does_among_all() -> None:
    """The first leads' script is the same alone; another seed is another script; a deed follows the one before it."""
    whole, part, other = (script_of(made_up(), seed=seed, only=only) for seed, only in ((5, 0), (5, 7), (6, 0)))
    assert part.deeds == {lead: whole.deeds[lead] for lead in list(whole.deeds)[:7]}
    assert other.deeds != whole.deeds
    assert all(list(deeds) == sorted(deeds, key=lambda deed: deed.at) for deeds in whole.deeds.values())
    for deeds in whole.deeds.values():
        (met,) = (deed for deed in deeds if deed.does is Does.MEET)
        assert f"{met.at:%Y-%m-%d}" == whole.rows.leads[met.lead]["first_contact_date"]


def test_whoever_cannot_work_yet_waits_and_is_listed_as_late() -> None:
    """A deed about a record that is not there is tried again; what follows it waits; the others do not."""
    whole = script_of(made_up(), seed=5)
    tried: list[Deed] = []

    def play(deed: Deed) -> bool:
        tried.append(deed)
        return deed.does is not Does.PICK_UP or tried.count(deed) > 2

    clock = PeopledClock(whole.begins)
    playing = clock.playing = Playing(replace(whole, deeds={"lead00": whole.deeds["lead00"]}), play)
    clock.advance((whole.ends - whole.begins).total_seconds())
    assert [deed.does for deed in dict.fromkeys(tried)] == [deed.does for deed in whole.deeds["lead00"]]
    ((late, at),) = [each for each in playing.late if each[0].does is Does.PICK_UP]
    assert at == late.at + 2 * RETRY
    assert clock.now() == whole.ends
    assert playing.next is None


def test_people_act_at_their_second_in_the_middle_of_a_call() -> None:
    """A clock that moves over a deed stops there: the deed is stamped with its own moment."""
    whole = script_of(made_up(), seed=5)
    clock, seen = PeopledClock(whole.begins), []
    clock.playing = Playing(whole, lambda deed: not seen.append((deed.at, clock.now())))
    for _ in range(60):
        clock.advance(timedelta(hours=11).total_seconds())
    assert len(seen) == whole.length
    assert all(at == now for at, now in seen)
