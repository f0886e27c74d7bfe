"""What waits for a person: listed, decided and counted from the store alone, with no credential anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from syncd.core.merge import HELD
from syncd.lab.listed import read_listed
from syncd.model.link import DeadLetter, Parked, Topic
from syncd.model.remote import RemoteRef
from syncd.model.run import Run as Past
from syncd.model.run import RunState, Worker
from syncd.model.values import Pair, Side
from syncd.ports.store import Settlement
from syncd.store import SqlRoster, SqlStore
from syncd.store.database import Database
from tests.unit.cli.conftest import AT, Run, clash, keep, letter


@pytest.mark.usefixtures("store")
def test_status_of_a_new_connection(run: Run) -> None:
    """Status answers without secrets, network or an earlier run, with every key there."""
    said = run("status", "--json")
    assert said.code == 0
    (stands,) = said.json["connections"]
    assert stands["connection"] == "main"
    assert stands["links"] == {"person": 0}
    assert stands["conflicts"] == {"open": 0, "decided": 0}
    assert stands["dead_letters"] == {"open": 0, "retrying": 0}
    assert stands["last_run"] is None
    assert stands["lease"] is None
    assert stands["accounts"] == {}
    assert stands["waits"] is False


def test_status_after_a_run_that_failed(run: Run, store: SqlStore) -> None:
    """Exit 3, and not a word that nothing waits: nobody tries again. With a daemon at work the next cycle does."""
    refused = Past("r1", "main", "sync", "ann", AT, state=RunState.FAILED, trouble="the token lacks the scope owners")
    store.save_run(refused)
    said = run("status")
    assert said.code == 3
    assert "the token lacks the scope owners" in said.out
    assert "nobody tries again by itself" in said.out
    assert "nothing waits" not in said.out
    assert run("status", "--json").json["connections"][0]["failed"] is True
    SqlRoster(Database(store.engine)).beat(Worker("ann on h:1:x", datetime.now(UTC), datetime.now(UTC), "1"))
    said = run("status")
    assert said.code == 0, said.out
    assert "nothing waits" not in said.out
    store.save_run(replace(refused, id="r2", started_at=AT + timedelta(minutes=1), state=RunState.DONE, trouble=""))
    assert "nothing waits" in run("status").out


def test_status_counts_what_person_accounts_leave_out(run: Run, store: SqlStore) -> None:
    """The last count of each object is told to people and in JSON; without one there is nothing to tell."""
    assert run("status", "--json").json["connections"][0]["person_accounts"] == {}
    assert "person accounts" not in run("status").out
    store.remember("person_accounts:person", b'{"Contact": 1234}', AT)
    assert run("status", "--json").json["connections"][0]["person_accounts"] == {"person": {"Contact": 1234}}
    assert "left out, since they belong to person accounts: Contact 1,234" in run("status").out


def test_status_exits_1_while_something_waits(run: Run, store: SqlStore) -> None:
    """An open conflict makes the exit code 1 until a person decides; then only the next cycle is awaited."""
    keep(store, conflicts=[clash("c1")])
    assert run("status").code == 1
    assert run("conflicts", "resolve", "c1", "--take", "crm").code == 0
    said = run("status", "--json")
    assert said.code == 0
    assert said.json["connections"][0]["conflicts"] == {"open": 0, "decided": 1}


def test_status_for_people_counts_and_reads_no_list(run: Run, store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be a hundred thousand dead letters: their number is enough, unless somebody asks for the lists."""
    keep(store, dead=[letter("11"), letter("12")])
    read: list[str] = []
    dead_letters = SqlStore.dead_letters

    def watched(self: SqlStore) -> Sequence[DeadLetter]:
        read.append("dead letters")
        return dead_letters(self)

    monkeypatch.setattr(SqlStore, "dead_letters", watched)
    assert "2 dead letters" in run("status").out
    assert read == []
    assert len(run("status", "--json").json["connections"][0]["waiting"]["dead_letters"]) == 2
    assert read == ["dead letters"]


def test_status_names_the_records_of_all_that_waits(run: Run, store: SqlStore) -> None:
    """The lists of `status --json` hold refs and no values, and are what the agreement program reads."""
    keep(store, conflicts=[clash("c1"), clash("m1", Topic.MATCH)], dead=[letter("11")])
    said = run("status", "--json")
    waiting = said.json["connections"][0]["waiting"]
    assert waiting == {
        "conflicts": [
            {"id": "c1", "kind": "person", "topic": "field", "field": "title",
             "refs": ["marketing:contacts/51", "crm:Lead/00Q1"]},
            {"id": "m1", "kind": "person", "topic": "match", "field": None,
             "refs": ["marketing:contacts/51", "crm:Lead/00Q1", "crm:Lead/00Q2"]},
        ],
        "parked": [],
        "dead_letters": [{"kind": "person", "side": "crm", "origin": "contacts/11"}],
        "held": [],
    }  # fmt: skip
    listed = read_listed(said.json)
    assert listed.fields == {
        ((Side.MARKETING, RemoteRef("contacts", "51")), "title"): "conflict",
        ((Side.CRM, RemoteRef("Lead", "00Q1")), "title"): "conflict",
    }
    assert listed.records[Side.MARKETING, RemoteRef("contacts", "11")] == "dead letter"
    assert listed.records[Side.CRM, RemoteRef("Lead", "00Q2")] == "held duplicate"


def test_duplicates_of_one_side_say_what_to_do(run: Run, store: SqlStore) -> None:
    """Where no counterpart is known, merging there or setting apart is offered, and no link."""
    contacts = tuple((Side.MARKETING, RemoteRef("contacts", id_)) for id_ in ("51", "52"))
    keep(store, conflicts=[replace(clash("m1", Topic.MATCH), refs=contacts)])
    said = run("conflicts", "list")
    assert said.code == 1
    assert "merge them in that system" in said.out
    assert "--apart" in said.out
    assert "--link" not in said.out


def test_conflicts_are_listed_with_both_values(run: Run, store: SqlStore) -> None:
    """Both values, base and the command to decide are shown; a value cannot steer the terminal."""
    keep(store, conflicts=[clash("c1")])
    said = run("conflicts", "list")
    assert said.code == 1
    assert "CSO" in said.out
    assert "conflicts resolve c1 --take" in said.out
    assert "\x1b" not in said.out
    listed = run("conflicts", "list", "--json").json["conflicts"]
    assert listed[0]["values"] == {"marketing": "Head of\x1b[31m Sales", "crm": "CSO"}


@pytest.mark.parametrize(
    ("topic", "says"), [(Topic.MOVE, "declare it: a transition"), (Topic.WAITS, "complete it: it")]
)
def test_a_move_says_what_can_be_done(run: Run, store: SqlStore, topic: Topic, says: str) -> None:
    """Both values and the ways out; a person's word settles it, and the agreement program knows it for listed."""
    keep(store, conflicts=[clash("c1", topic)])
    said = run("conflicts", "list")
    assert said.code == 1
    assert says in said.out
    assert "CSO" in said.out
    listed = read_listed(run("status", "--json").json)
    assert listed.fields[(Side.CRM, RemoteRef("Lead", "00Q1")), "title"] == "conflict"
    assert run("conflicts", "resolve", "c1", "--take", "crm").code == 0
    assert [row.resolution for row in store.conflicts()] == ["crm"]


def test_a_match_is_linked_or_set_apart(run: Run, store: SqlStore) -> None:
    """The choice is stored in the words that the engine carries out."""
    keep(store, conflicts=[clash("m1", Topic.MATCH), clash("m2", Topic.MATCH)])
    assert run("conflicts", "resolve", "m1", "--link", "contacts/51", "crm:Lead/00Q2").code == 0
    assert run("conflicts", "resolve", "m2", "--apart").code == 0
    chosen = {row.id: row.resolution for row in store.conflicts()}
    assert chosen == {"m1": "link:marketing:contacts/51=crm:Lead/00Q2", "m2": "apart"}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("c1",), "choose one of"),
        (("c1", "--take", "crm", "--apart"), "choose one of"),
        (("c1", "--take", "sales"), "no side 'sales'"),
        (("c1", "--apart"), "use --take"),
        (("m1", "--take", "crm"), "use --link or --apart"),
        (("m1", "--link", "contacts/51", "Lead/00Q9"), "Lead/00Q1, Lead/00Q2"),
        (("g1", "--apart"), "merges nothing"),
        (("zzz", "--apart"), "no conflict 'zzz'"),
        (("", "--apart"), "no conflict ''"),
    ],
)
def test_choices_that_do_not_fit(run: Run, store: SqlStore, words: tuple[str, ...], expected: str) -> None:
    """A choice that does not fit is refused with exit 2, says what would fit, and stores nothing."""
    keep(store, conflicts=[clash("c1"), clash("m1", Topic.MATCH), clash("g1", Topic.GONE)])
    said = run("conflicts", "resolve", *words)
    assert said.code == 2
    assert expected in said.failure["what"]
    assert all(row.resolution is None for row in store.conflicts())


def test_no_choice_clears_an_opt_out(run: Run, store: SqlStore, folder: Path) -> None:
    """Exit 2 with what can be done instead, also where secrets are not there; any other field goes as it is chosen."""
    file = folder / "schema" / "person.yaml"
    text = file.read_text(encoding="utf-8")
    line = '  out: { type: opt_out, marketing: "@unsubscribed", crm: HasOptedOutOfEmail }\n'
    file.write_text(text.replace("fields:\n", f"fields:\n{line}", 1), encoding="utf-8")
    out = replace(clash("o1"), field="out", values=Pair(False, True), base=True)
    keep(store, conflicts=[out, replace(out, id="o2"), replace(out, id="y1", field="title")])
    for words in (("--take", "marketing"), ("--take", "marketing", "--alike")):
        said = run("conflicts", "resolve", "o1", *words)
        assert said.code == 2
        assert "would clear the opt-out of the crm side" in said.failure["what"]
        assert "take crm" in said.failure["what"]
    assert all(row.resolution is None for row in store.conflicts())
    assert run("conflicts", "resolve", "o1", "--take", "crm", "--alike").code == 0
    assert run("conflicts", "resolve", "y1", "--take", "marketing").code == 0


def test_an_id_may_be_cut_short(run: Run, store: SqlStore) -> None:
    """The beginning of an id is enough if it is the only one; otherwise both are named."""
    keep(store, conflicts=[clash("abc1"), clash("abd2")])
    assert "abc1, abd2" in run("conflicts", "resolve", "ab", "--take", "crm").failure["what"]
    assert run("conflicts", "resolve", "abc", "--take", "crm").code == 0
    assert {row.id for row in store.conflicts() if row.resolution} == {"abc1"}


def test_dead_letters_are_retried_and_dropped(run: Run, store: SqlStore) -> None:
    """One is retried, one dropped, all retried; what is only to be retried no longer waits for a person."""
    keep(store, dead=[letter("11"), letter("22")])
    said = run("dead-letters", "list")
    assert said.code == 1
    assert "LastName is missing" in said.out
    assert run("dead-letters", "retry", "11").code == 0
    assert {row.id: row.retry for row in store.dead_letters()} == {"11": True, "22": False}
    assert run("dead-letters", "drop", "22").code == 0
    assert [row.id for row in store.dead_letters()] == ["11"]
    assert run("dead-letters", "retry", "--all").code == 0
    assert run("dead-letters", "list", "--json").code == 0
    said = run("dead-letters", "list")
    assert (said.code, "retried next cycle" in said.out, "mend the cause" in said.out) == (0, True, False)
    assert run("dead-letters", "retry").code == 2
    assert run("dead-letters", "retry", "11", "--all").code == 2


@pytest.mark.parametrize("words", [("drop",), ("retry",)])
def test_a_dead_letter_that_is_not_there(run: Run, store: SqlStore, words: tuple[str, ...]) -> None:
    """Among none and among others: exit 2 and the command that lists those there are; nothing changes."""
    assert "there is no dead letter 'zzz'" in run("dead-letters", *words, "zzz").failure["what"]
    keep(store, dead=[letter("11")])
    said = run("dead-letters", *words, "zzz")
    assert said.code == 2
    assert "`syncd dead-letters list`" in said.failure["what"]
    assert [row.retry for row in store.dead_letters()] == [False]


@pytest.mark.usefixtures("store")
def test_a_conflict_that_is_not_there(run: Run) -> None:
    """With no conflict at all a choice is refused in words, with exit 2."""
    said = run("conflicts", "resolve", "zzz", "--apart")
    assert said.code == 2
    assert "there is no conflict 'zzz'" in said.failure["what"]


@pytest.mark.usefixtures("store")
def test_runs_of_a_new_connection(run: Run) -> None:
    """No run is an answer, not an error."""
    assert run("runs").code == 0
    assert run("runs", "--json").json == {"runs": []}


def test_a_run_is_found_among_those_that_had_nothing_to_write(
    run: Run, store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--busy` looks on, page by page, for runs that wrote, and for such as ended otherwise; `--limit` is of these."""
    monkeypatch.setattr("syncd.cli.status.PAGE", 4)
    ended = {3: {"counts": {"updated.crm": 900}}, 7: {"state": RunState.FAILED, "trouble": "no answer"}}
    for minute in range(30):
        began = AT + timedelta(minutes=minute)
        idle = Past(f"r{minute}", "main", "run", "ada", began, state=RunState.DONE, finished_at=began)
        store.save_run(replace(idle, **ended.get(minute, {})))  # type: ignore[arg-type]  # keys of a Run
    assert not {"r3", "r7"} & {each["id"] for each in run("runs", "--json").json["runs"]}
    assert [each["id"] for each in run("runs", "--busy", "--json").json["runs"]] == ["r7", "r3"]
    assert [each["id"] for each in run("runs", "--busy", "--limit", "1", "--json").json["runs"]] == ["r7"]
    assert "updated.crm 900" in run("runs", "--busy").out


# -- parked fields -----------------------------------------------------------------------------------------------------
def _parked(name: str, code: str) -> Parked:
    ref = RemoteRef("Lead", "00Q1")
    return Parked("L1", "person", Side.CRM, ref, name, "f-1", code, "why", "do this", AT)


def test_parked_fields_are_listed_and_let_go(run: Run, store: SqlStore) -> None:
    """One in quarantine waits for a person (exit 1, also of status); a retry lets exactly that one go."""
    assert run("parked", "list").out.strip() == "no field is parked"
    store.settle(Settlement(parked=[_parked("city", "KEPT")]), AT)
    assert run("parked", "list").code == run("status").code == 0
    store.settle(Settlement(parked=[_parked("title", "QUARANTINED")]), AT)
    (stands,) = run("status", "--json").json["connections"]
    assert (stands["quarantined"], datetime.fromisoformat(stands["quarantined_since"])) == (1, AT)
    days = round((datetime.now(UTC) - AT).total_seconds() / 86_400)
    assert f"1 field in quarantine, put back again and again, for {days} days" in run("status").out
    assert "2026-" in run("parked", "list").out, "each says since when"
    said = run("parked", "list", "--json")
    assert said.code == run("status").code == 1
    rows = {row["field"]: row for row in said.json["parked"]}
    assert (rows["title"]["code"], rows["title"]["ref"], rows["title"]["advice"]) == (
        "QUARANTINED", "Lead/00Q1", "do this",
    )  # fmt: skip
    assert run("parked", "retry").code == run("parked", "retry", "zzz").code == 2
    assert run("parked", "retry", rows["title"]["id"][:8]).code == 0
    assert [row.field for row in store.parked()] == ["city"]
    assert [request.argument for request in store.requests()] == ["person link:L1"]
    assert run("parked", "retry", "--all").code == 0
    assert not store.parked()


def test_an_overwritten_edit_says_how_to_bring_it_back(run: Run, store: SqlStore) -> None:
    """The side that lost it is named; either side may be taken."""
    lost = replace(clash("l1", Topic.LOST), refs=((Side.CRM, RemoteRef("Lead", "00Q1")),))
    keep(store, conflicts=[lost])
    said = run("conflicts", "list")
    assert said.code == 1
    (line,) = (line for line in said.out.splitlines() if "bring it back, on both sides" in line)
    assert line.endswith("conflicts resolve l1 --take crm")
    assert run("conflicts", "resolve", "l1", "--take", "crm").code == 0
    assert store.conflicts()[0].resolution == "crm"


def test_the_lines_that_make_it_a_rule(run: Run, store: SqlStore) -> None:
    """Shown and not written; of what no line settles that is said."""
    keep(store, conflicts=[replace(clash("h1"), field="email", reason=HELD), clash("o1")])
    said = run("conflicts", "rules", "h1")
    assert said.code == 0
    assert "schema/person.yaml, fields, email" in said.out
    assert "policy: crm  # in place of hold" in said.out
    (first, *_) = run("conflicts", "rules", "h1", "--json").json["rules"]
    assert set(first) == {"words", "file", "place", "lines"}
    assert "no line of the configuration" in run("conflicts", "rules", "o1").out
    assert run("conflicts", "rules", "x1").code == 2


def test_one_answer_for_all_that_ask_the_same(run: Run, store: SqlStore) -> None:
    """Those of another reason, and what was decided before, keep what they have; who is who is never answered alike."""
    told = [replace(clash(f"u{n}", Topic.UNDONE), link=f"b{n}", reason="taken back") for n in range(3)]
    others = [
        replace(clash("o1", Topic.UNDONE), link="b9"),
        replace(told[0], id="d1", link="b8", resolution="marketing"),
    ]
    keep(store, conflicts=[*told, *others, clash("m1", Topic.MATCH)])
    assert "rollback" in run("conflicts", "list", "--help").out
    assert "--alike: for all that were taken back with it" in run("conflicts", "list").out
    said = run("conflicts", "resolve", "u0", "--take", "crm", "--alike")
    assert said.code == 0
    assert "u0 and 2 others alike: crm" in said.out
    now = {row.id: row.resolution for row in store.conflicts()}
    assert now == {"u0": "crm", "u1": "crm", "u2": "crm", "o1": None, "d1": "marketing", "m1": None}
    assert run("conflicts", "resolve", "m1", "--apart", "--alike").code == 2
