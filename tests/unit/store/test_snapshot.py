"""How bases and single values are stored, without a database in the way where there need not be one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.model.errors import Bug
from syncd.model.link import VERSION, Base
from syncd.model.remote import REF, RemoteRecord, RemoteRef
from syncd.model.values import Pair, Wire
from syncd.store.codec import from_ms, from_us, to_json, to_ms, to_us
from syncd.store.database import Database
from syncd.store.engine import open_engine
from syncd.store.migrate import ensure_schema
from syncd.store.snapshot import Snapshots

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
whole = st.integers(-(2**63), 2**63 - 1)
canonical = st.none() | st.booleans() | whole | text | st.lists(text, max_size=3).map(tuple)
wire = st.none() | st.booleans() | whole | text | st.floats(allow_nan=False, allow_infinity=False)
bases = st.builds(
    Base,
    st.dictionaries(text, canonical, max_size=5),
    st.builds(Pair, st.dictionaries(text, wire, max_size=5), st.dictionaries(text, wire, max_size=5)),
)


@pytest.fixture(scope="module")
def snapshots() -> Snapshots:
    """The snapshots of a store in memory."""
    engine = open_engine("sqlite://")
    ensure_schema(engine)
    return Snapshots(Database(engine))


@settings(max_examples=60)
@given(base=bases)
def test_a_base_reads_back_equal(snapshots: Snapshots, base: Base) -> None:
    """Whatever the names and values: decode(encode(base)) == base, and of the same types."""
    snapshots.prepare([base])
    found = snapshots.decode(*snapshots.encode(base))
    assert found == base
    for before, after in zip((base.agreed, *base.confirmed), (found.agreed, *found.confirmed), strict=True):
        assert {name: type(value) for name, value in before.items()} == {k: type(v) for k, v in after.items()}


def record(confirmed: Mapping[str, Wire], **changed: Wire) -> RemoteRecord:
    """A record that tells what a side confirmed, but for what is given."""
    told = {**confirmed, **changed}
    version = told.pop(VERSION, "1")
    refs = {name[len(REF) :]: told.pop(name) for name in list(told) if name.startswith(REF)}
    ends = {name: (RemoteRef(*str(ref).split("/")),) if ref else () for name, ref in refs.items()}
    return RemoteRecord(RemoteRef("Lead", "1"), str(version), EPOCH, told, ends)


@settings(max_examples=100)
@given(base=bases, changed=st.dictionaries(text, wire, max_size=1))
def test_the_quick_look_says_what_the_values_say(snapshots: Snapshots, base: Base, changed: dict[str, Wire]) -> None:
    """Compared as texts, two records are as they were confirmed exactly if their values are; nothing is decoded."""
    snapshots.prepare([base])
    found = snapshots.decode(*snapshots.encode(base))
    marketing, crm = record(base.confirmed.marketing), record(base.confirmed.crm)
    assert found.retold(marketing, crm) == base.retold(marketing, crm) is True
    other = record(base.confirmed.crm, **changed)
    told = {name: repr(value) for name, value in other.fields.items()}  # 1 is not 1.0 there, and 0.0 not -0.0
    same = all(told[name] == repr(value) for name, value in base.confirmed.crm.items())
    assert found.retold(marketing, other) is same
    assert found == base


REFERRING = Base({}, Pair({VERSION: "7", "a": "x", "ref:company": "companies/9", "z": None}, {VERSION: "8"}))


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({}, True),
        ({VERSION: "9"}, False),
        ({"ref:company": "companies/8"}, False),
        ({"ref:company": None}, False),
        ({"z": 0}, False),
        ({"new": "field"}, True),
    ],
)
def test_versions_and_references_count(snapshots: Snapshots, changed: dict[str, Wire], same: bool) -> None:
    """What is confirmed beside plain fields is compared too; what was never confirmed is not."""
    snapshots.prepare([REFERRING])
    found = snapshots.decode(*snapshots.encode(REFERRING))
    marketing = record(REFERRING.confirmed.marketing, **changed)
    crm = record(REFERRING.confirmed.crm)
    assert found.retold(marketing, crm) is same
    assert REFERRING.retold(marketing, crm) is same


def test_what_a_record_does_not_tell_is_not_as_it_was(snapshots: Snapshots) -> None:
    """A hidden field or an unread reference needs the closer look, even where an enum of ours would read as zero."""
    snapshots.prepare([base := Base({}, Pair({"ref:company": 0, "z": 0}, {}))])
    found = snapshots.decode(*snapshots.encode(base))
    crm = record({})
    for told in (RemoteRecord(RemoteRef("c", "1"), "1", EPOCH, {"z": 0}), record({"ref:company": None})):
        assert not found.retold(told, crm)
        assert not base.retold(told, crm)


def test_the_order_of_names_makes_no_new_set(snapshots: Snapshots) -> None:
    """Two mappings with the same names share a set, and the text of equal bases is equal."""
    one = Base({"a": 1, "b": 2}, Pair({}, {}))
    two = Base({"b": 2, "a": 1}, Pair({}, {}))
    snapshots.prepare([one, two])
    assert snapshots.encode(one) == snapshots.encode(two)


def test_thirty_fields_take_little_room(snapshots: Snapshots) -> None:
    """A base of thirty fields on three sides, values of twelve characters, stays under 1.4 kB."""
    names = [f"field_{n}" for n in range(30)]
    values = dict.fromkeys(names, "twelve chars")
    base = Base(values, Pair(values, values))
    snapshots.prepare([base])
    assert len(snapshots.encode(base)[3]) < 1_400


def test_a_base_that_does_not_fit_its_set(snapshots: Snapshots) -> None:
    """A row that was edited by hand is a bug with the way out, never a base with shifted fields."""
    base = Base({"a": 1, "b": 2}, Pair({}, {}))
    snapshots.prepare([base])
    agreed, marketing, crm, _ = snapshots.encode(base)
    with pytest.raises(Bug, match="does not fit"):
        _ = snapshots.decode(agreed, marketing, crm, "[[1],[],[]]").agreed
    with pytest.raises(Bug, match="does not fit"):
        snapshots.decode(987_654, marketing, crm, "[[1,2],[],[]]")


@pytest.mark.parametrize("value", [2**64, "\ud800", object()])
def test_what_json_cannot_hold(value: object) -> None:
    """Refused with a sentence, not rounded and not cut."""
    with pytest.raises(Bug, match="cannot be stored"):
        to_json([value])


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)))  # noqa: DTZ001 - the zone is put on below
def test_instants_keep_their_milliseconds(moment: datetime) -> None:
    """Milliseconds survive exactly; microseconds of a rate are rounded to the millisecond that is not too early."""
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
    assert from_ms(to_ms(moment)) == moment
    assert from_us(to_us(moment)) == moment
    assert from_us(to_us(moment) + 1) == moment + timedelta(milliseconds=1)
