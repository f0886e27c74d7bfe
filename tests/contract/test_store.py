"""The promises of ``ports.store.Store``, on SQLite and on PostgreSQL.

Length: one suite, run on both databases in the order of the port.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import text

from syncd.model.brake import Key, Measure
from syncd.model.errors import Bug, LeaseLost, NeedsOperator, NewerStore, NoStore, WrongAccount
from syncd.model.link import (
    AuditRow,
    Base,
    Conflict,
    DeadLetter,
    FieldChange,
    Forgotten,
    Intent,
    IntentKind,
    Link,
    LinkState,
    OptedOut,
    Parked,
    Proof,
    Remnant,
    Topic,
)
from syncd.model.remote import AccountIdentity, Cursor, RemoteRef
from syncd.model.run import Lease, Request, Run, RunState, StoredCursor
from syncd.model.values import Pair, Side
from syncd.ports.store import Settlement, Store
from syncd.store import SqlStore, find_store, migrate, open_store
from syncd.store.engine import open_engine
from syncd.store.tables import metadata
from tests.fakes import START, FakeChance, FakeClock

LATER = START + timedelta(minutes=5)
MIGRATIONS = Path(migrate.__file__).parent / "migrations"
Opening = Callable[..., SqlStore]


def link(id: str, contact: str, lead: str, **other: object) -> Link:
    """A link between a contact and a Lead."""
    refs = Pair(RemoteRef("contacts", contact), RemoteRef("Lead", lead))
    return replace(Link(id, "person", refs, Proof.MATCHED, START), **other)  # type: ignore[arg-type]


def base(**agreed: object) -> Base:
    """A base whose sides confirmed the agreed values."""
    return Base(
        agreed,  # type: ignore[arg-type]
        Pair(
            {f"hs_{name}": str(value) for name, value in agreed.items()}, {"Name": "x", "Score__c": 1.5, "Open": True}
        ),
    )


def intent(id: str, of: str = "L1", **other: object) -> Intent:
    """An update of a Lead."""
    made = Intent(
        id=id,
        kind="person",
        side=Side.CRM,
        action=IntentKind.UPDATE,
        link=of,
        object="Lead",
        ref=RemoteRef("Lead", "00Q1"),
        origin=RemoteRef("contacts", "1"),
        fields={"Email": "a@example.com", "Amount": None},
        agreed={"email": "a@example.com", "topics": ("a", "b")},
        run="r1",
        config="c1",
        sent_at=START,
    )
    return replace(made, **other)  # type: ignore[arg-type]


def audit(id: str, of: str = "L1", **other: object) -> AuditRow:
    """The history of that update."""
    change = FieldChange("email", "old@example.com", "canary@example.com", "newest", Side.MARKETING)
    default = FieldChange("topics", None, ("a", "b"), "default", None)
    row = AuditRow(
        id, 1, of, "person", Side.CRM, RemoteRef("Lead", "00Q1"), IntentKind.UPDATE, (change, default), "r1", START
    )
    return replace(row, **other)  # type: ignore[arg-type]


def take(store: SqlStore, holder: str = "h1") -> Lease:
    """A lease of five minutes."""
    lease = store.take_lease(holder, START, LATER)
    assert lease is not None
    return lease


# -- opening ---------------------------------------------------------------------------------------------------------
def test_it_is_a_store(store: SqlStore) -> None:
    """The type checker and the reader see one Protocol; every method of it is there."""
    as_port: Store = store
    wanted = {name for name in vars(Store) if not name.startswith("_")}
    assert wanted <= set(dir(as_port))


def test_migrations_make_the_tables_of_the_code(store: SqlStore) -> None:
    """What the migrations build is what ``tables.py`` describes: columns, keys and indexes."""
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [d for d in compare_metadata(context, metadata) if "alembic_version" not in str(d)]
    assert differences == []


def test_a_newer_store_is_refused_untouched(store: SqlStore, store_url: str, clock: FakeClock) -> None:
    """A store of a newer syncd ends the command with exit code 2."""
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE meta SET value = '999' WHERE key = 'schema'"))
    with pytest.raises(NewerStore, match="newer syncd") as caught:
        open_store(store_url, "main", clock=clock, chance=FakeChance())
    assert caught.value.exit_code == 2


def test_a_foreign_database_is_refused(store: SqlStore, store_url: str, clock: FakeClock) -> None:
    """A database with somebody else's tables is not ours to fill."""
    with store.engine.begin() as connection:
        connection.execute(text("DROP TABLE meta"))
    with pytest.raises(NeedsOperator, match="not syncd's"):
        open_store(store_url, "main", clock=clock, chance=FakeChance())


def test_a_store_is_found_or_there_is_none(store_url: str, clock: FakeClock) -> None:
    """Whoever only looks makes nothing, neither a file nor a table; what somebody else made is found."""
    with pytest.raises(NoStore, match="there is no store at"):
        find_store(store_url, "main", clock=clock, chance=FakeChance())
    with pytest.raises(NoStore):  # the first look has left no trace that the second could take for one
        find_store(store_url, "main", clock=clock, chance=FakeChance())
    open_store(store_url, "main", clock=clock, chance=FakeChance()).close()
    found = find_store(store_url, "main", clock=clock, chance=FakeChance())
    assert found.runs(1) == []
    found.close()


def test_opening_again_keeps_everything(store: SqlStore, open_test_store: Opening) -> None:
    """A second opening finds the schema made and the rows there."""
    store.settle(Settlement(links=[link("L1", "1", "00Q1")]), START)
    store.close()
    assert open_test_store().count_links("person") == 1


# -- accounts and lease ----------------------------------------------------------------------------------------------
def test_a_side_is_bound_to_one_account(store: SqlStore) -> None:
    """The first account stays; its name may change, the account may not."""
    portal = AccountIdentity("hubspot", "42", "Old name")
    store.bind(Side.MARKETING, portal)
    store.bind(Side.MARKETING, replace(portal, name="New name"))
    assert store.bound() == {Side.MARKETING: replace(portal, name="New name")}
    with pytest.raises(WrongAccount, match="bound to hubspot account 42"):
        store.bind(Side.MARKETING, AccountIdentity("hubspot", "43"))
    assert store.bound()[Side.MARKETING].account == "42"


def test_an_account_is_in_one_connection(store: SqlStore, open_test_store: Opening) -> None:
    """Two connections on one portal would fight over it."""
    store.bind(Side.MARKETING, AccountIdentity("hubspot", "42"))
    other = open_test_store("other")
    with pytest.raises(WrongAccount, match="connection main"):
        other.bind(Side.MARKETING, AccountIdentity("hubspot", "42"))
    assert other.bound() == {}


def test_one_holder_at_a_time(store: SqlStore, open_test_store: Opening) -> None:
    """While a lease runs nobody else gets it; when it ran out, the next one gets a higher epoch."""
    first = take(store)
    assert store.take_lease("h2", START, LATER) is None
    assert store.lease() == first
    assert open_test_store("other").take_lease("h2", START, LATER) is not None
    second = store.take_lease("h2", LATER, LATER + timedelta(minutes=5))
    assert second is not None
    assert second.epoch > first.epoch
    with pytest.raises(LeaseLost):
        store.extend_lease(first, LATER)
    store.release_lease(first)
    assert store.lease() == second


def test_extend_and_release(store: SqlStore) -> None:
    """A lease can be made longer and given back; a later one has a higher epoch all the same."""
    first = take(store)
    longer = store.extend_lease(first, LATER + timedelta(minutes=5))
    assert store.lease() == longer
    store.release_lease(longer)
    assert store.lease() is None
    assert take(store, "h2").epoch > first.epoch


def test_nothing_is_begun_without_the_lease(store: SqlStore) -> None:
    """A lease that ran out or was taken stores no intent: nothing may be sent."""
    lease = take(store)
    with pytest.raises(LeaseLost):
        store.begin(lease, [intent("i1")], [audit("i1")], LATER)
    store.take_lease("h2", LATER, LATER + timedelta(minutes=5))
    with pytest.raises(LeaseLost):
        store.begin(lease, [intent("i1")], [audit("i1")], START)
    assert store.open_intents() == []
    assert store.audit_of("L1", 10) == []


def test_what_writes_count_for_is_stored_with_them(store: SqlStore, open_test_store: Opening) -> None:
    """In the same transaction: without the lease neither; each read once, by number; another connection sees none."""
    key: Key = ("person", Measure.UPDATES, Side.CRM, "title", "")
    lease = take(store)
    with pytest.raises(LeaseLost):
        store.begin(lease, [intent("i1")], [audit("i1")], LATER, [(key, 3)])
    assert store.charges(0) == []
    store.begin(lease, [intent("i1")], [audit("i1")], START, [(key, 3), ((*key[:4], "v"), 2)])
    store.begin(lease, [], [], START)
    store.charge([(key, 1)], START + timedelta(seconds=1))
    (first, at, counts), (second, *_) = store.charges(0)
    assert (at, counts) == (START, [(key, 3), ((*key[:4], "v"), 2)])
    assert [seq for seq, *_ in store.charges(first)] == [second]
    assert open_test_store("other").charges(0) == []
    store.forget_charges(START + timedelta(seconds=1))
    assert [seq for seq, *_ in store.charges(0)] == [second]


# -- links and bases -------------------------------------------------------------------------------------------------
def test_links_and_bases_come_back_equal(store: SqlStore) -> None:
    """Every attribute and every sort of value survives, None, tuples and odd text included."""
    one = link("L1", "1", "00Q1", keyed=Pair(marketing=True, crm=False), proof=Proof.KEY)
    two = link("L2", "2", "00Q2", since=START + timedelta(milliseconds=7))
    of_one = base(b="x", a=None, topics=("a", "b"), n=-(2**63), flag=False, odd="\x00 'quote\" \N{PILE OF POO} é")
    store.settle(Settlement(links=[one, two], bases=[("L1", of_one)]), START)
    asked = [one.refs.crm, two.refs.crm, RemoteRef("Lead", "nobody"), RemoteRef("Contact", "00Q1")]
    found = store.linked("person", Side.CRM, asked)
    assert set(found) == {one.refs.crm, two.refs.crm}
    assert found[one.refs.crm].link == one
    assert found[one.refs.crm].base == of_one
    assert found[two.refs.crm].base is None
    assert store.by_link(["L1", "L2", "L3"]) == {"L1": found[one.refs.crm], "L2": found[two.refs.crm]}
    assert store.linked("company", Side.CRM, asked) == {}
    assert store.linked("person", Side.MARKETING, [one.refs.marketing])[one.refs.marketing].link == one
    assert store.linked("person", Side.CRM, []) == {}


def test_a_base_can_gain_and_lose_fields(store: SqlStore, open_test_store: Opening) -> None:
    """Field sets follow the base; a store that was open before sees the new ones."""
    witness = open_test_store()
    store.settle(Settlement(links=[link("L1", "1", "00Q1")], bases=[("L1", base(a="1"))]), START)
    assert witness.by_link(["L1"])["L1"].base == base(a="1")
    wider = Base({"z": "1", "a": "2"}, Pair({}, {"Only": None}))
    store.settle(Settlement(bases=[("L1", wider)]), START)
    assert witness.by_link(["L1"])["L1"].base == wider
    store.settle(Settlement(links=[link("L1", "1", "00Q9")]), START)
    assert witness.by_link(["L1"])["L1"].base == wider


def test_large_pages(store: SqlStore) -> None:
    """Two thousand refs in one call, more than a SQLite list of one statement holds."""
    many = [link(f"L{n:05}", str(n), f"00Q{n:05}") for n in range(2_100)]
    store.settle(Settlement(links=many, bases=[(each.id, base(n=n)) for n, each in enumerate(many)]), START)
    found = store.linked("person", Side.MARKETING, [each.refs.marketing for each in many])
    assert [found[each.refs.marketing].base for each in many[::700]] == [base(n=n) for n in range(0, 2_100, 700)]
    assert len(found) == 2_100
    assert store.link_ids("person", Side.CRM, [each.refs.crm for each in many])[many[2_000].refs.crm] == "L02000"
    assert [each.id for each in store.links("person")] == [each.id for each in many]
    assert store.count_links("person") == 2_100


def test_one_record_is_in_one_live_link(store: SqlStore) -> None:
    """A second live link on a record is a bug that names both links, and nothing of the page is stored."""
    store.settle(Settlement(links=[link("L1", "1", "00Q1")]), START)
    cursor = StoredCursor("person", Side.CRM, "changes", Cursor("c1"), START)
    with pytest.raises(Bug, match=r"L2 and link L1"):
        store.settle(Settlement(links=[link("L3", "3", "00Q3"), link("L2", "2", "00Q1")], cursors=[cursor]), START)
    assert [each.id for each in store.links("person")] == ["L1"]
    assert store.cursors() == []
    with pytest.raises(Bug, match=r"L5 and link L4"):
        store.settle(Settlement(links=[link("L4", "4", "00Q4"), link("L5", "4", "00Q5")]), START)


def test_tombstones_stay_and_give_way(store: SqlStore) -> None:
    """A tombstone is found until a live link has its record; a merge moves a record between links in one page."""
    store.settle(Settlement(links=[link("L1", "1", "00Q1"), link("L2", "2", "00Q2")]), START)
    dead = link("L1", "1", "00Q1", state=LinkState.TOMBSTONE, gone=Side.CRM)
    store.settle(Settlement(links=[link("L2", "1", "00Q2"), dead]), START)
    contact = RemoteRef("contacts", "1")
    assert store.linked("person", Side.MARKETING, [contact])[contact].link.id == "L2"
    assert store.linked("person", Side.CRM, [dead.refs.crm])[dead.refs.crm].link == dead
    assert store.link_ids("person", Side.CRM, [dead.refs.crm]) == {}
    assert store.count_links("person") == 1


def test_two_links_can_swap_their_records(store: SqlStore) -> None:
    """An exchange in one settlement breaks no rule at its end, whatever the order of its rows."""
    store.settle(Settlement(links=[link("L1", "1", "00Q1"), link("L2", "2", "00Q2")]), START)
    store.settle(Settlement(links=[link("L1", "2", "00Q1"), link("L2", "1", "00Q2")]), START)
    assert {each.id: each.refs.marketing.id for each in store.links("person")} == {"L1": "2", "L2": "1"}
    assert store.count_links("person") == 2


def test_connections_do_not_see_each_other(store: SqlStore, open_test_store: Opening) -> None:
    """The same ids in two connections are two sets of rows."""
    other = open_test_store("other")
    for each in (store, other):
        each.settle(Settlement(links=[link("L1", "1", "00Q1")], bases=[("L1", base(a="main"))]), START)
    other.settle(Settlement(bases=[("L1", base(a="other"))]), START)
    assert store.by_link(["L1"])["L1"].base == base(a="main")


def test_a_base_needs_its_link(store: SqlStore) -> None:
    """A base of nothing is a broken promise of our own, and nothing of the page is stored."""
    with pytest.raises(Bug, match="do not exist: L9"):
        store.settle(Settlement(links=[link("L1", "1", "00Q1")], bases=[("L1", base(a=1)), ("L9", base(a=1))]), START)
    assert store.count_links("person") == 0


# -- intents and audit -----------------------------------------------------------------------------------------------
def test_intents_wait_for_their_ending(store: SqlStore) -> None:
    """An intent is there until it is settled; its audit row gets the outcome, in the same transaction."""
    lease = take(store)
    create = intent("i2", action=IntentKind.CREATE, ref=None, sent_at=START + timedelta(seconds=1))
    store.begin(lease, [create, intent("i1")], [audit("i1"), audit("i2", ref=None)], START)
    assert store.open_intents() == [intent("i1"), create]
    store.settle(Settlement(endings={"i1": "done", "unknown": "done"}), LATER)
    assert store.open_intents() == [create]
    newest, oldest = store.audit_of("L1", 10)
    assert oldest == audit("i1", outcome="done", finished_at=LATER)
    assert newest == audit("i2", ref=None)
    assert store.audit_of("L1", 1) == [newest]


def test_a_second_attempt_is_counted(store: SqlStore) -> None:
    """The same write sent again replaces its intent; the audit keeps both attempts."""
    lease = take(store)
    store.begin(lease, [intent("i1")], [audit("i1")], START)
    again = START + timedelta(minutes=1)
    store.begin(lease, [intent("i1", sent_at=again)], [audit("i1", at=again)], again)
    assert [each.sent_at for each in store.open_intents()] == [again]
    store.settle(Settlement(endings={"i1": "done"}), LATER)
    store.begin(store.extend_lease(lease, LATER + timedelta(1)), [intent("i1")], [audit("i1")], LATER)
    assert [(row.attempt, row.outcome) for row in store.audit_of("L1", 9)] == [(3, ""), (2, "done"), (1, "resent")]


def test_audit_values_are_sealed_until_forgotten(store: SqlStore) -> None:
    """No stored byte tells a value; without the key the values are gone and the history is not."""
    store.begin(take(store), [], [audit("i1"), audit("i2", of="L2")], START)
    with store.engine.connect() as connection:
        rows = connection.execute(text("SELECT changes, sealed FROM audit")).fetchall()
    assert rows
    for changes, sealed in rows:
        assert b"canary" not in bytes(sealed)
        assert "canary" not in changes
    assert store.audit_of("L1", 1)[0].changes == audit("i1").changes
    gone = link("L1", "1", "00Q1", state=LinkState.FORGOTTEN)
    for _ in range(2):
        store.settle(Settlement(links=[gone], forgotten=[Forgotten(gone, (), ())]), START)
    hidden = store.audit_of("L1", 1)[0]
    assert [(c.field, c.before, c.after, c.rule) for c in hidden.changes] == [
        ("email", None, None, "newest"),
        ("topics", None, None, "default"),
    ]
    assert store.audit_of("L2", 1)[0].changes == audit("i1").changes
    lease = store.lease()
    assert lease is not None
    store.begin(lease, [], [audit("i3")], START)
    newest, oldest = store.audit_of("L1", 2)
    assert newest.changes == audit("i3").changes
    assert oldest == hidden


def test_what_was_written_again_and_again(store: SqlStore) -> None:
    """Only fields written so many times since then, in order, with their values; only what is known to be written."""

    def write(n: int, value: str, field: str = "email", *, of: str = "L1", outcome: str = "done") -> None:
        at = START + timedelta(minutes=n)
        change = FieldChange(field, None, value, "changed", Side.MARKETING)
        lease = store.lease()
        assert lease is not None
        store.begin(lease, [], [audit(f"{of}{field}{n}", of=of, changes=(change,), at=at)], START)
        store.settle(Settlement(endings={f"{of}{field}{n}": outcome} if outcome else {}), START)

    take(store)
    for n, value in enumerate(("a", "b", "a", "b")):
        write(n, value)
    for n in range(3):
        write(n, "t", "title")
        write(n, "a", of="L2")
    write(7, "refused", outcome="refused X")
    write(8, "unknown", outcome="")
    write(9, "a", outcome="recovered: done")
    everything = ["L1", "L2", "L3", *(f"x{n}" for n in range(1_000))]
    found = store.written_lately(everything, START, 4)
    assert {key: [(each.side, each.value) for each in rows] for key, rows in found.items()} == {
        ("L1", "email"): [(Side.CRM, value) for value in "ababa"]
    }
    assert found["L1", "email"][1].at == START + timedelta(minutes=1)
    assert set(store.written_lately(["L1", "L2"], START, 3)) == {("L1", "email"), ("L1", "title"), ("L2", "email")}
    assert not store.written_lately(["L1"], START + timedelta(minutes=2), 4)
    gone = link("L1", "1", "00Q1", state=LinkState.FORGOTTEN)
    store.settle(Settlement(links=[gone], forgotten=[Forgotten(gone, (), ())]), START)
    assert not store.written_lately(["L1"], START, 4)


def test_a_moved_audit_value_is_noticed(store: SqlStore) -> None:
    """A sealed value belongs to its row: put into another one it is a bug, not a history."""
    store.begin(take(store), [], [audit("i1"), audit("i2")], START)
    with store.engine.begin() as connection:
        connection.execute(
            text("UPDATE audit SET sealed = (SELECT sealed FROM audit WHERE intent = 'i1') WHERE intent = 'i2'")
        )
    with pytest.raises(Bug, match="altered"):
        store.audit_of("L1", 1)


# -- privacy ---------------------------------------------------------------------------------------------------------
def forgotten(of: Link, *addresses: str, remnants: tuple[Remnant, ...] = ()) -> Settlement:
    """The page that forgets somebody."""
    gone = replace(of, state=LinkState.FORGOTTEN, gone=None)
    return Settlement(links=[gone], forgotten=[Forgotten(gone, addresses, remnants)])


def test_forgetting_takes_all_but_ids(store: SqlStore) -> None:
    """Base, key, intents and all that waits are gone, of this person only; the link says what became of it."""
    one, two = link("L1", "1", "00Q1"), link("L2", "2", "00Q2")
    asked = conflict("c2", link=None, topic=Topic.MATCH, refs=((Side.MARKETING, one.refs.marketing),), field=None)
    others = conflict("c3", link="L2", refs=((Side.CRM, two.refs.crm),))
    parked = Parked("L1", "person", Side.CRM, one.refs.crm, "phone", "f1", "BAD", "why", "mend it", START)
    dead = DeadLetter("d1", "person", Side.CRM, one.refs.marketing, "f", "BAD", "why", "mend", START, 1)
    page = Settlement(
        links=[one, two],
        bases=[("L1", base(a=1)), ("L2", base(a=2))],
        conflicts=[conflict("c1"), asked, others],
        parked=[parked, replace(parked, link="L2")],
        dead=[dead, replace(dead, id="d2", origin=two.refs.marketing)],
    )
    store.settle(page, START)
    store.begin(take(store), [intent("i1"), intent("i2", of="L2")], [audit("i1"), audit("i2", of="L2")], START)
    store.settle(forgotten(one), LATER)
    found = store.by_link(["L1", "L2"])
    assert found["L1"].link.state is LinkState.FORGOTTEN
    assert found["L1"].base is None
    assert found["L2"].base == base(a=2)
    assert [each.id for each in store.conflicts()] == ["c3"]
    assert [each.link for each in store.parked()] == ["L2"]
    assert [each.id for each in store.dead_letters()] == ["d2"]
    assert [each.link for each in store.open_intents()] == ["L2"]
    assert store.audit_of("L1", 9)[0].changes[0].after is None
    assert store.audit_of("L2", 9)[0].changes == audit("i2").changes
    assert store.link_ids("person", Side.CRM, [one.refs.crm]) == {}
    assert store.count_links("person") == 1


def test_forgetting_follows_records_through_links_that_are_over(store: SqlStore) -> None:
    """All that was theirs goes, from link to link; who was parted from them, and who is linked, stays whole."""
    marks = {state: {"state": LinkState.TOMBSTONE, "gone": state} for state in (Side.MARKETING, Side.CRM, None)}
    now = link("L3", "2", "00Q2")
    apart = replace(link("L4", "2", "00Q9"), **marks[None])
    page = [
        replace(link("L1", "1", "00Q1"), **marks[Side.MARKETING]),
        replace(link("L2", "2", "00Q1"), **marks[Side.CRM]),
        now,
        apart,
        replace(link("L5", "9", "00Q9"), **marks[Side.MARKETING]),
        link("L6", "6", "00Q9"),
    ]
    ids = [each.id for each in page]
    letters = [
        DeadLetter(f"d{n}", "person", Side.CRM, RemoteRef("contacts", n), "f", "BAD", "why", "mend", START, 1)
        for n in ("1", "9")
    ]
    store.settle(Settlement(links=page, bases=[(each, base(a=1)) for each in ids], dead=letters), START)
    begun = [f"i{each}" for each in ids]
    writes = [intent(n, of=each) for n, each in zip(begun, ids, strict=True)]
    store.begin(take(store), writes, [audit(n, of=each) for n, each in zip(begun, ids, strict=True)], START)
    store.settle(forgotten(now), LATER)
    found = store.by_link(ids)
    assert [each for each in ids if found[each].base is None] == ["L1", "L2", "L3", "L4"]
    assert found["L4"].link == apart, "what keeps the two apart stands"
    assert {each: store.audit_of(each, 1)[0].outcome for each in ids} == {
        "L1": "forgotten",
        "L2": "forgotten",
        "L3": "forgotten",
        "L4": "forgotten",
        "L5": "",
        "L6": "",
    }
    assert [store.audit_of(each, 1)[0].destroyed for each in ids] == [True] * 4 + [False] * 2
    assert [each.id for each in store.dead_letters()] == ["d9"]
    assert store.verify_audit()
    assert store.linked("person", Side.MARKETING, [now.refs.marketing])[now.refs.marketing].link.id == "L3"


def test_forgotten_addresses_are_known_and_unreadable(store: SqlStore, open_test_store: Opening) -> None:
    """They are recognised for good, under a key of each connection's own; the table holds hashes alone."""
    assert store.suppressed(["ann@example.com"]) == frozenset()
    store.settle(forgotten(link("L1", "1", "00Q1"), "ann@example.com", "a.n@example.com"), START)
    store.settle(forgotten(link("L2", "2", "00Q2"), "ann@example.com", "bob@example.com"), LATER)
    many = [f"p{n}@example.com" for n in range(1_200)]
    assert store.suppressed([*many, "bob@example.com", "ann@example.com"]) == {"ann@example.com", "bob@example.com"}
    other = open_test_store("other")
    other.settle(forgotten(link("L1", "1", "00Q1"), "carl@example.com"), START)
    assert other.suppressed(["ann@example.com", "carl@example.com"]) == {"carl@example.com"}
    with store.engine.connect() as connection:
        hashes = [bytes(row.hash) for row in connection.execute(text("SELECT hash FROM suppressed"))]
    assert len(set(hashes)) == 4
    assert {len(each) for each in hashes} == {32}


def test_what_remains_is_listed_until_it_is_gone(store: SqlStore) -> None:
    """One row a record with its first time; a record that is gone leaves the list."""
    one = link("L1", "1", "00Q1")
    lead = Remnant("person", Side.CRM, one.refs.crm, OptedOut.YES, START)
    contact = Remnant("person", Side.MARKETING, one.refs.marketing, OptedOut.UNMAPPED, LATER)
    store.settle(forgotten(one, remnants=(lead, contact)), START)
    store.settle(Settlement(remnants=[replace(lead, since=LATER)]), LATER)
    assert store.remnants() == [lead, contact]
    store.settle(Settlement(unremnant=[(Side.CRM, one.refs.crm), (Side.CRM, one.refs.marketing)]), LATER)
    assert store.remnants() == [contact]


def test_a_store_of_the_first_version_opens(store_url: str, clock: FakeClock) -> None:
    """Made by the first release: it is brought to this schema, and what stood in it stands."""
    engine = open_engine(store_url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO link (connection, id, kind, marketing_object, marketing_id, crm_object, crm_id, proof,"
                " since, grave, keyed) VALUES"
                " ('main', 'L1', 'person', 'contacts', '1', 'Lead', '00Q1', 'key', 0, '', 3)"
            )
        )
    engine.dispose()
    store = open_store(store_url, "main", clock=clock, chance=FakeChance())
    assert store.count_links("person") == 1
    store.settle(forgotten(store.by_link(["L1"])["L1"].link, "ann@example.com"), START)
    assert store.suppressed(["ann@example.com"]) == {"ann@example.com"}
    store.close()


# -- what waits ------------------------------------------------------------------------------------------------------
def conflict(id: str, **other: object) -> Conflict:
    """A clash over one field."""
    made = Conflict(
        id=id,
        kind="person",
        topic=Topic.FIELD,
        link="L1",
        refs=((Side.CRM, RemoteRef("Lead", "00Q1")),),
        field="topics",
        values=Pair(("a",), "b"),
        base=None,
        reason="both changed",
        since=START,
    )
    return replace(made, **other)  # type: ignore[arg-type]


def test_conflicts_keep_age_and_choice(store: SqlStore) -> None:
    """The same clash again is one row with its first time and the person's choice, and the newest values."""
    match = conflict("c0", topic=Topic.MATCH, link=None, field=None, values=Pair(None, None), since=LATER)
    store.settle(Settlement(conflicts=[conflict("c1"), match]), START)
    assert store.resolve_conflict("c1", "crm")
    assert not store.resolve_conflict("c9", "crm")
    store.settle(Settlement(conflicts=[conflict("c1", since=LATER, reason="still\x00")]), LATER)
    kept = conflict("c1", resolution="crm", reason="still\N{REPLACEMENT CHARACTER}")
    assert store.conflicts() == [kept, match]
    assert store.conflicts(["c0"]) == [match]
    assert store.conflicts_of(["L1", "L2"]) == {"L1": [kept]}
    store.settle(Settlement(unconflict=["c1"]), LATER)
    assert store.conflicts() == [match]


def test_parked_fields(store: SqlStore) -> None:
    """One row per link, side and field, with its first time; removed by that key."""
    store.settle(Settlement(links=[link("L1", "1", "00Q1"), link("L2", "2", "00Q2")]), START)
    one = Parked("L1", "person", Side.CRM, RemoteRef("Lead", "1"), "phone", "f1", "BAD", "why", "mend it", START)
    two = replace(one, link="L2", since=LATER)
    store.settle(Settlement(parked=[one, two]), START)
    store.settle(Settlement(parked=[replace(one, fingerprint="f2", since=LATER)]), LATER)
    assert store.parked() == [replace(one, fingerprint="f2", last=LATER), two]
    store.settle(Settlement(unpark=[("L1", Side.CRM, "phone"), ("L1", Side.MARKETING, "phone")]), LATER)
    assert store.parked(["L1"]) == []
    assert store.parked(["L1", "L2"]) == [two]


def test_dead_letters(store: SqlStore) -> None:
    """The wish to try again lasts until it was tried; dropping and reviving remove the row."""
    one = DeadLetter("d1", "person", Side.CRM, RemoteRef("contacts", "1"), "f", "BAD", "why", "mend", START, 1)
    store.settle(Settlement(dead=[one, replace(one, id="d2", since=LATER)]), START)
    assert store.mark_dead_letter("d1", True)
    store.settle(Settlement(dead=[replace(one, since=LATER)]), START)
    assert store.dead_letters()[0] == replace(one, retry=True, last=LATER)
    store.settle(Settlement(dead=[replace(one, attempts=2)]), START)
    assert store.dead_letters()[0] == replace(one, attempts=2)
    assert store.mark_dead_letter("d1", False)
    assert not store.mark_dead_letter("d1", False)
    store.settle(Settlement(revive=["d2"]), START)
    assert store.dead_letters() == []


def test_requests_and_cursors(store: SqlStore) -> None:
    """The same wish twice is one; a settled page carries it out and moves the cursor."""
    wish = Request("q1", "main", "approve", "digest", "ann", START)
    store.approve(wish)
    store.approve(replace(wish, argument="other"))
    assert store.requests() == [wish]
    cursor = StoredCursor("person", Side.CRM, "changes", Cursor("c1"), START)
    store.settle(Settlement(requests_done=["q1"], cursors=[cursor]), LATER)
    assert store.requests() == []
    moved = replace(cursor, cursor=Cursor("c2"), moved_at=LATER)
    store.settle(Settlement(cursors=[moved]), LATER)
    assert store.cursors() == [moved]


def test_runs_and_counts(store: SqlStore) -> None:
    """Runs come newest first and are updated in place; counts name what waits."""
    first = Run("r1", "main", "sync", "ann", START)
    second = replace(first, id="r2", started_at=LATER)
    store.save_run(first)
    store.save_run(second)
    done = replace(
        first, state=RunState.DONE, finished_at=LATER, counts={"created.crm": 3}, trouble="none", calls=Pair(7, 0)
    )
    store.save_run(done)
    assert store.runs(10) == [second, done]
    assert store.runs(1) == [second]
    store.begin(take(store), [intent("i1")], [], START)
    dead = link("L2", "2", "00Q2", state=LinkState.TOMBSTONE)
    store.settle(Settlement(links=[link("L1", "1", "00Q1"), dead], conflicts=[conflict("c1")]), START)
    assert store.counts() == {"links.person": 1, "conflicts": 1, "parked": 0, "dead_letters": 0, "intents": 1}


def test_what_is_over_is_forgotten(store: SqlStore) -> None:
    """A run that changed nothing is forgotten soon, one that failed without a change and a wish that was carried out
    after long; the latest run, whatever changed something and what still waits stay.
    """
    hour, month = START - timedelta(hours=1), START - timedelta(days=30)
    old, older = START - timedelta(hours=2), month - timedelta(days=1)
    idle = Run("idle", "main", "sync", "ann", old, state=RunState.DONE, finished_at=old, calls=Pair(3, 4))
    store.save_run(idle)
    for name, began in (("lately", old), ("long ago", older)):
        store.save_run(replace(idle, id=f"failed {name}", state=RunState.FAILED, started_at=began))
        store.save_run(replace(idle, id=f"changed {name}", counts={"created.crm": 1}, started_at=began))
        store.approve(Request(f"wish {name}", "main", "resync", "all", "ann", began))
        store.settle(Settlement(requests_done=[f"wish {name}"]), began)
    store.approve(Request("waits", "main", "resync", "all", "ann", older))
    store.save_run(replace(idle, id="latest", started_at=hour - timedelta(minutes=1)))
    assert store.forget_idle_runs(hour, long_before=month) == 2
    assert {each.id for each in store.runs(10)} == {"latest", "failed lately", "changed lately", "changed long ago"}
    with store.engine.connect() as connection:
        left = connection.execute(text("SELECT id FROM request WHERE connection = 'main'")).scalars()
        assert set(left) == {"wish lately", "waits"}


def test_remembered_answers(store: SqlStore, open_test_store: Opening) -> None:
    """Bytes under a name come back with their time; the newest stands, and another connection has its own."""
    assert store.recall("users.crm") is None
    store.remember("users.crm", b"\x00one", START)
    store.remember("users.crm", b"\xfftwo", LATER)
    assert store.recall("users.crm") == (b"\xfftwo", LATER)
    assert open_test_store("other").recall("users.crm") is None


def test_a_worker_whose_lease_another_took_settles_nothing(store: SqlStore) -> None:
    """It slept with an answer in its hands; what it knows is older than what the other has settled since."""
    mine = store.take_lease("mine", START, START + timedelta(seconds=1))
    assert mine is not None
    store.settle(Settlement(links=[link("L1", "1", "00Q1")]), LATER, mine)  # ran out, but nobody took it
    other = store.take_lease("other", LATER, LATER + timedelta(minutes=2))
    assert other is not None
    with pytest.raises(LeaseLost):
        store.settle(Settlement(links=[link("L2", "2", "00Q2")]), LATER, mine)
    assert store.count_links("person") == 1
    store.settle(Settlement(links=[link("L2", "2", "00Q2")]), LATER, other)
    assert store.count_links("person") == 2
