"""The real funnel replayed by people on both sides while the daemon works: the report says what the two files say.

The data is not part of the project; the tests are skipped where it is not beside it. ``TRIAL_LEADS=0`` plays all leads,
as ``make trial`` does, and then the time that it takes counts, too.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median

import pytest

from sandbox.funnel import Does
from syncd.engine import lateness
from syncd.lab.replay import Replay
from syncd.model.episode import Born, Contacted, Moved, State
from syncd.observe.log import configure_logs
from syncd.operations.report import NONE, Period
from syncd.operations.report_credit import credit
from syncd.operations.report_funnel import funnel
from tests.scenarios.replays import OLIST, accounts_settled, heard, leads_by_person, listed, opened, rows, script
from tests.shared import HERE
from tests.unit.operations.ledgers import figure, value

LATER = datetime(2030, 1, 1, tzinfo=UTC)
"""When everything has happened that these tests tell of."""

LEADS = int(os.environ.get("TRIAL_LEADS", "500"))
WITHIN = 300
"""Seconds that all leads may take, of a processor's time."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not HERE, reason=f"no shared material: the Olist data set is not at {OLIST}"),
]


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Replay:
    """The funnel from its first day to its last win, played once for all tests; of all leads, each life reads fields
    and users again and again, as it does.
    """
    made = opened(script(leads=LEADS), tmp_path_factory.mktemp("replay"))
    print(f"seed {made.script.seed}: {made.script.length} deeds for {len(made.script.deeds)} leads")  # noqa: T201
    configure_logs(level="error")  # without thousands of handoffs that are late
    began = time.process_time()
    with accounts_settled() if LEADS else nullcontext():
        played = made.play()
    took = time.process_time() - began  # nothing waits, so that is what a clock shows where nobody else is at work
    configure_logs(level="info")
    print(f"{took:.0f} s: {played.polls} of {played.hours} hourly polls, {played.calls} calls")  # noqa: T201
    assert played.playing.done == made.script.length, "somebody could not do what the script says"
    assert not played.playing.late, "somebody had to wait for syncd"
    assert LEADS or took < WITHIN
    return made


@pytest.mark.always
def test_the_report_says_what_the_files_say(replay: Replay) -> None:
    """Wins, by origin, SDR and AE; conversion by origin; whole days to win; who cannot be and who has no origin."""
    leads = rows("marketing_qualified_leads.csv")[: LEADS or None]
    met = {row["mql_id"]: date.fromisoformat(row["first_contact_date"]) for row in leads}
    deals = [row for row in rows("closed_deals.csv") if row["mql_id"] in met]
    won = {row["mql_id"]: date.fromisoformat(row["won_date"][:10]) for row in deals}
    days = {mql: (day - met[mql]).days for mql, day in won.items()}
    possible = [each for each in days.values() if each >= 0]
    begun = Counter(row["origin"] or NONE for row in leads)
    wins = Counter(row["origin"] or NONE for row in leads if row["mql_id"] in won)

    store, known = replay.arena.store, leads_by_person(replay)
    report = credit(store, Period(), by=("origin", "sdr", "ae"), top=0, now=LATER)
    assert value(report, "all:won") == len(won)
    assert listed(report, "all:won", known) == sorted(won)
    assert begun["unknown"] > 0
    for origin, count in begun.items():
        assert value(report, f"origin:{origin}:won") == wins[origin]
        assert value(report, f"origin:{origin}:conversion") == wins[origin] / count
        assert figure(report, f"origin:{origin}:conversion").of == count
    for name, column in (("sdr", "sdr_id"), ("ae", "sr_id")):
        for who, count in Counter(row[column] for row in deals).items():
            assert value(report, f"{name}:{who}@example.com:won") == count
    assert listed(report, "oddity:no_origin", known) == sorted(row["mql_id"] for row in leads if not row["origin"])
    impossible = sorted(mql for mql, each in days.items() if each < 0)
    figures = {each.key for each in report.figures()}
    assert ("oddity:won_before_contact" in figures) == bool(impossible)
    if impossible:
        assert listed(report, "oddity:won_before_contact", known) == impossible
    report = funnel(store, Period(), now=replay.clock.now(), names={})
    assert value(report, "won") == len(won)
    assert value(report, "days:sum") == sum(possible)
    assert value(report, "days:median") == median(possible)
    assert value(report, "days:mean") == sum(possible) / len(possible)


def test_the_ledger_says_what_people_did(replay: Replay) -> None:
    """Every yes, no, return and win of the script, at its second and by whoever did it; nothing else."""
    played = replay.script
    moved = [event for event in heard(replay) if isinstance(event, Moved)]
    stages = {
        Does.QUALIFY: "mql", Does.REQUALIFY: "mql", Does.ACCEPT: "sql", Does.REJECT: "disqualified",
        Does.RECYCLE: "disqualified", Does.CONVERT: "opportunity", Does.WIN: "customer", Does.ENTER: "sql",
    }  # fmt: skip
    deeds = [deed for each in played.deeds.values() for deed in each if deed.does in stages]
    assert {(deed.lead, stages[deed.does], deed.at) for deed in deeds if deed.does is Does.WIN} == {
        (event.person, event.stage, event.at) for event in moved if event.stage == "customer"
    }
    backs = Counter((deed.lead, deed.at, deed.by) for deed in deeds if deed.does in {Does.REJECT, Does.RECYCLE})
    told = Counter(
        (event.person, event.at, event.by.partition("@")[0]) for event in moved if event.stage == "disqualified"
    )
    assert told == backs
    again = sum(deed.does is Does.REQUALIFY for deed in deeds)
    assert sum(event.stage == "mql" and event.cycle > 1 for event in moved) == again > 0
    assert {event.person for event in heard(replay) if isinstance(event, Contacted)} == set(played.deeds)
    words = {
        "Not a fit": "not_a_fit", "No contact": "no_contact", "Timing": "timing", "Bad data": "bad_contact",
        "Duplicate": "duplicate",
    }  # fmt: skip
    reasons = Counter((event.person, event.at, event.reason) for event in moved if event.stage == "disqualified")
    assert reasons == Counter((deed.lead, deed.at, words[deed.reason]) for deed in deeds if deed.reason)
    states = Counter(row[0] for row in replay.arena.store.episode_columns(("state",)))
    assert states[State.WON] == sum(deed.does is Does.WIN for deed in deeds)
    assert states[State.REJECTED] == sum(deed.does is Does.REJECT for deed in deeds)
    assert states[State.RECYCLED] == sum(deed.does is Does.RECYCLE for deed in deeds)


def test_both_systems_show_the_end(replay: Replay) -> None:
    """Nothing waits for a person, nobody was made twice, and both sides show the same stage of everybody."""
    store = replay.arena.store
    assert not store.conflicts()
    assert not store.parked()
    assert not store.dead_letters()
    contacts = replay.arena.hubspot.export()["contacts"]
    crm = replay.arena.salesforce.export()
    leads = [row for row in crm["Lead"] if not row["IsConverted"]]
    assert len(contacts) == len(leads) + len(crm["Contact"]) == len(replay.script.deeds)
    holds = {str(row["Id"]): row for row in (*leads, *crm["Contact"])}
    shown = Counter(
        (row["properties"]["hs_lead_status"] if status == "Closed - Not Converted" else stage, status)
        for row in contacts
        for stage in [row["properties"]["lifecyclestage"]]
        for held in [holds[row["properties"]["syncd_crm_id"]]]
        for status in [held.get("Stage__c") or held["Status"]]
    )
    assert shown.keys() == {
        ("marketingqualifiedlead", "Open - Not Contacted"), ("salesqualifiedlead", "Working - Contacted"),
        ("UNQUALIFIED", "Closed - Not Converted"), ("customer", "Closed - Won"),
    }  # fmt: skip


def test_what_sales_found_first_is_credited_to_sales(replay: Replay) -> None:
    """Who was won before marketing met them was entered by sales: no qualification of marketing's, and its own win."""
    first = {lead for lead, deeds in replay.script.deeds.items() if deeds[0].does is Does.ENTER}
    known = leads_by_person(replay)
    rows_of = replay.arena.store.episode_columns(("person", "born", "state", "qualified_at"))
    assert {known[str(row[0])] for row in rows_of if row[1] == Born.SALES} == first
    assert all((row[2], row[3]) == (State.WON, None) for row in rows_of if row[1] == Born.SALES)


def test_a_poll_that_is_left_out_would_have_changed_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A week of some March days' leads, with every hourly poll and with idle ones left out: the same ledger, and the
    same handoffs told as late.
    """
    told: list[tuple[object, ...]] = []
    monkeypatch.setattr(lateness, "emit", lambda event, **more: told.append((event, more["clock"], more["until"][:16])))
    played = script(since="2018-03-05", until="2018-03-08")
    until = played.begins + timedelta(days=7)
    ledgers, polls, late = [], [], []
    for every in (True, False):
        folder = tmp_path / str(every)
        folder.mkdir()
        replay = opened(played, folder)
        polls.append(replay.play(every=every, until=until).polls)
        ledgers.append([(type(event), _to_the_minute(event.at), _rest(event)) for event in heard(replay)])
        replay.arena.store.close()
        late.append(sorted(told))
        told.clear()
    assert polls[0] == 7 * 24 + 1
    assert polls[1] < polls[0] / 2
    assert ledgers[0] == ledgers[1]
    assert late[0] == late[1] != []
    assert any(kind is Moved for kind, _, _ in ledgers[0])


def _to_the_minute(at: datetime) -> datetime:
    """Calls take their time, and there are fewer of them."""
    return at.replace(second=0, microsecond=0)


def _rest(event: object) -> str:
    return ", ".join(f"{name}={getattr(event, name)}" for name in event.__slots__ if name != "at")  # type: ignore[attr-defined]
