"""How bases and single values are stored, without a database in the way where there need not be one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.model.errors import Bug
from syncd.model.link import Base
from syncd.model.values import Pair
from syncd.store.codec import from_ms, from_us, to_json, to_ms, to_us
from syncd.store.database import Database
from syncd.store.engine import open_engine
from syncd.store.migrate import ensure_schema
from syncd.store.snapshot import Snapshots

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


@settings(max_examples=60, deadline=None)
@given(base=bases)
def test_a_base_reads_back_equal(snapshots: Snapshots, base: Base) -> None:
    """Whatever the names and values: decode(encode(base)) == base, and of the same types."""
    snapshots.prepare([base])
    found = snapshots.decode(*snapshots.encode(base))
    assert found == base
    for before, after in zip((base.agreed, *base.confirmed), (found.agreed, *found.confirmed), strict=True):
        assert {name: type(value) for name, value in before.items()} == {k: type(v) for k, v in after.items()}


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
        snapshots.decode(agreed, marketing, crm, "[[1],[],[]]")
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
