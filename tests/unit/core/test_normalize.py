"""The Lens as the planner uses it: shapes, reading, writing and back, on both sides.

Length: tables of values, type by type.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.core.normalize import Codec, Context, Directory, Inexpressible, Invalid, Lens, Unlinked, vendor_field_count
from syncd.model.mapping import FieldMapping, KindMapping, Steps, TableRow, Transform, Unknown
from syncd.model.remote import RemoteUser, UserSort
from syncd.model.values import Canonical, FieldType, Pair, Side, Wire

CODECS = Pair(Codec.TEXT, Codec.JSON)
SIDES = list(Side)


def field(name: str, type: FieldType, marketing: tuple[str, ...], crm: tuple[str, ...], **more: object) -> FieldMapping:
    """A field on contacts, Lead and Contact."""
    slots = Pair({"contacts": marketing}, {"Lead": crm, "Contact": crm})
    return FieldMapping(name=name, type=type, slots=slots, **more)  # type: ignore[arg-type]


def lens_of(*fields: FieldMapping, context: Context | None = None) -> Lens:
    """A Lens of one kind with these fields."""
    kind = KindMapping(
        kind="person",
        objects=Pair(("contacts",), ("Lead", "Contact")),
        key=Pair("syncd_crm_id", "Syncd_Marketing_Id__c"),
        fields=fields,
        native={"salesforceleadid": "Lead"},
    )
    return Lens(kind, context or Context(), CODECS)


def one(type: FieldType, **more: object) -> Lens:
    """A Lens with the single field ``f``, in the vendor fields ``m`` and ``C``."""
    return lens_of(field("f", type, ("m",), ("C",), **more))


OBJECT = {Side.MARKETING: "contacts", Side.CRM: "Lead"}


def read(lens: Lens, side: Side, *wires: Wire) -> Canonical | Invalid:
    """The field ``f`` of one record."""
    return lens.read(side, OBJECT[side], "f", wires)


def there_and_back(lens: Lens, side: Side, value: Canonical) -> Canonical | Invalid:
    """What a side holds after the value was written to it, read again."""
    wires = lens.write(side, OBJECT[side], "f", value)
    assert not isinstance(wires, Invalid | Inexpressible), wires
    return lens.read(side, OBJECT[side], "f", tuple(wires.values()))


def test_a_shape_asks_for_mapped_fields_keys_and_native_ids_with_references_apart() -> None:
    """Nothing else is read; a reference is no vendor field."""
    lens = lens_of(
        field("email", FieldType.EMAIL, ("email",), ("Email",)),
        field("stage", FieldType.STRING, ("email",), ("Status",)),
        FieldMapping(
            "company",
            FieldType.REFERENCE,
            Pair({"contacts": ("companies",)}, {"Contact": ("AccountId",)}),
            kind="company",
        ),
    )
    marketing, crm = lens.shape(Side.MARKETING), lens.shape(Side.CRM)
    assert marketing.objects == {"contacts": ("email", "syncd_crm_id", "salesforceleadid")}
    assert marketing.refs == {"company": {"contacts": "companies"}}
    assert crm.objects == {
        "Lead": ("Email", "Status", "Syncd_Marketing_Id__c"),
        "Contact": ("Email", "Status", "Syncd_Marketing_Id__c"),
    }
    assert crm.refs == {"company": {"Contact": "AccountId"}}
    assert [slot.field.name for slot in lens.slots(Side.CRM, "Lead")] == ["email", "stage"]
    assert lens.slots(Side.CRM, "Contact")[2].vendor_fields == ("ref:company",)
    assert lens.slots(Side.CRM, "Account") == ()


PLAIN_VALUES: dict[FieldType, st.SearchStrategy[Canonical]] = {
    FieldType.INTEGER: st.integers(-(10**18), 10**18),
    FieldType.BOOLEAN: st.booleans(),
    FieldType.OPT_OUT: st.just(True),
    FieldType.DATE: st.dates().map(lambda day: day.isoformat()),
}
WIRES: st.SearchStrategy[Wire] = st.one_of(
    st.text(),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(allow_nan=False).map(str),
    st.dates().map(str),
    st.datetimes(timezones=st.just(UTC)).map(str),
    st.sampled_from(
        ["a;b", ";c", " A@B.co ", "+49 30 1234567", "030/1234567 ext 5", "acme.com/", "HTTP://A.com:80/x/"]
    ),
)
FREE = [known for known in FieldType if known not in {FieldType.OWNER, FieldType.REFERENCE, FieldType.MONEY}]


@pytest.mark.parametrize("type", FREE)
@pytest.mark.parametrize("side", SIDES)
@given(wire=WIRES)
def test_what_was_read_can_be_written_and_is_read_as_the_same(type: FieldType, side: Side, wire: Wire) -> None:
    """For every type on both sides: a readable value survives its own writing, so an echo is never an edit."""
    lens = one(type, region="DE", unknown=Unknown.PASS)
    value = read(lens, side, wire)
    if isinstance(value, Invalid):
        return
    if (type is FieldType.OPT_OUT and value is not True) or (type is FieldType.BOOLEAN and value is None):
        return
    for written_to in SIDES:
        assert there_and_back(lens, written_to, value) == value


@pytest.mark.parametrize("type", PLAIN_VALUES)
@pytest.mark.parametrize("side", SIDES)
@given(values=st.data())
def test_typed_values_make_the_round_trip(type: FieldType, side: Side, values: st.DataObject) -> None:
    """Canonical values made directly, not through a reader, come back too."""
    value = values.draw(PLAIN_VALUES[type])
    assert there_and_back(one(type), side, value) == value


@pytest.mark.parametrize("side", SIDES)
@given(number=st.decimals(allow_nan=False, allow_infinity=False, places=6), currency=st.sampled_from(["EUR", "USD"]))
def test_money_keeps_amount_and_currency(side: Side, number: Decimal, currency: str) -> None:
    """With a currency field beside the amount, every currency makes the round trip."""
    lens = lens_of(field("f", FieldType.MONEY, ("amount", "currency"), ("Amount", "CurrencyIsoCode")))
    value = read(lens, side, str(number), currency)
    assert isinstance(value, str)
    assert Decimal(value.split()[0]) == number
    assert there_and_back(lens, side, value) == value


def test_money_is_refused_without_or_in_another_currency() -> None:
    """An amount alone means nothing; an amount in dollars is not written into a euro field."""
    assert isinstance(read(one(FieldType.MONEY), Side.CRM, 12.5), Invalid)
    euros = one(FieldType.MONEY, currency="EUR")
    assert read(euros, Side.CRM, 12.50) == "12.5 EUR"
    assert isinstance(euros.write(Side.CRM, "Lead", "f", "12.5 USD"), Invalid)
    both = lens_of(field("f", FieldType.MONEY, ("amount", "currency"), ("Amount", "CurrencyIsoCode")))
    assert both.write(Side.CRM, "Lead", "f", None) == {"Amount": None}


def test_each_vendor_gets_its_own_kind_of_scalar() -> None:
    """HubSpot wants strings, Salesforce JSON; a checkbox of Salesforce has no empty state."""
    truth = one(FieldType.BOOLEAN)
    assert truth.write(Side.MARKETING, "contacts", "f", True) == {"m": "true"}
    assert truth.write(Side.CRM, "Lead", "f", True) == {"C": True}
    assert truth.write(Side.MARKETING, "contacts", "f", None) == {"m": None}
    assert isinstance(truth.write(Side.CRM, "Lead", "f", None), Inexpressible)
    number = one(FieldType.DECIMAL)
    assert number.write(Side.MARKETING, "contacts", "f", "12.5") == {"m": "12.5"}
    assert number.write(Side.CRM, "Lead", "f", "12.5") == {"C": 12.5}
    exact = "9007199254740993.25"
    assert number.write(Side.CRM, "Lead", "f", exact) == {"C": exact}


def test_an_opt_out_is_set_and_never_cleared() -> None:
    """Monotone: only True has a written form."""
    lens = one(FieldType.OPT_OUT)
    assert read(lens, Side.MARKETING, None) is False
    assert lens.write(Side.CRM, "Lead", "f", True) == {"C": True}
    assert isinstance(lens.write(Side.CRM, "Lead", "f", False), Inexpressible)
    assert isinstance(lens.write(Side.CRM, "Lead", "f", None), Inexpressible)


STAGES = (
    TableRow(
        "lead",
        Pair((("lead", None),), (("Open",), ("New",))),
        Pair(("lead", None), ("Open",)),
    ),
    TableRow(
        "recycled",
        Pair((("lead", "RECYCLED"),), (("Recycled",),)),
        Pair(("lead", "RECYCLED"), ("Recycled",)),
    ),
    TableRow("won", Pair((("customer", None),), (("Closed - Converted",),)), Pair(("customer", None), None)),
)


def staged(**more: object) -> Lens:
    """A stage over lifecycle stage and lead status against one CRM status."""
    return lens_of(field("f", FieldType.ENUM, ("lifecyclestage", "hs_lead_status"), ("Status",), table=STAGES, **more))


def test_a_table_over_two_vendor_fields_reads_the_most_exact_row_and_writes_the_canonical_form() -> None:
    """``None`` is anything when reading and "leave it alone" when writing."""
    lens = staged()
    assert read(lens, Side.MARKETING, "lead", "OPEN") == "lead"
    assert read(lens, Side.MARKETING, "lead", "RECYCLED") == "recycled"
    assert read(lens, Side.MARKETING, "", None) is None
    assert read(lens, Side.CRM, "New") == "lead"
    assert lens.write(Side.MARKETING, "contacts", "f", "lead") == {"lifecyclestage": "lead"}
    assert lens.write(Side.MARKETING, "contacts", "f", "recycled") == {
        "lifecyclestage": "lead",
        "hs_lead_status": "RECYCLED",
    }
    assert isinstance(lens.write(Side.CRM, "Lead", "f", "won"), Inexpressible)
    assert lens.write(Side.MARKETING, "contacts", "f", None) == {"lifecyclestage": None, "hs_lead_status": None}


def test_a_value_no_row_knows_follows_the_rule_for_unknown_values() -> None:
    """Hold, default and pass."""
    assert isinstance(read(staged(), Side.CRM, "Nurturing"), Invalid)
    assert read(staged(unknown=Unknown.DEFAULT, default="lead"), Side.CRM, "Nurturing") == "lead"
    passing = staged(unknown=Unknown.PASS)
    assert read(passing, Side.CRM, "Nurturing") == "Nurturing"
    assert passing.write(Side.CRM, "Lead", "f", "Nurturing") == {"Status": "Nurturing"}
    assert isinstance(passing.write(Side.MARKETING, "contacts", "f", "Nurturing"), Invalid)


def test_sets_ignore_order_repeats_and_the_appending_semicolon() -> None:
    """HubSpot's ``;c`` and a double ``b`` are one set; a member with a semicolon cannot be written."""
    lens = one(FieldType.SET)
    assert read(lens, Side.MARKETING, ";b; a ;b") == ("a", "b")
    assert read(lens, Side.CRM, " ; ") is None
    assert lens.write(Side.CRM, "Lead", "f", ("a", "b")) == {"C": "a;b"}
    assert lens.write(Side.CRM, "Lead", "f", None) == {"C": None}
    assert isinstance(lens.write(Side.CRM, "Lead", "f", ("a;b",)), Invalid)


def test_a_set_is_translated_member_by_member() -> None:
    """Labels and keys differ per side; a member that is never written on a side is left out there."""
    table = (
        TableRow("news", Pair((("newsletter",),), (("News",),)), Pair(("newsletter",), ("News",))),
        TableRow("beta", Pair((("beta",),), ()), Pair(("beta",), None)),
    )
    lens = one(FieldType.SET, table=table)
    assert read(lens, Side.MARKETING, "newsletter;beta") == ("beta", "news")
    assert lens.write(Side.CRM, "Lead", "f", ("beta", "news")) == {"C": "News"}
    assert isinstance(lens.write(Side.CRM, "Lead", "f", ("beta",)), Inexpressible)
    assert isinstance(read(lens, Side.CRM, "News;Other"), Invalid)


USERS = Pair(
    Directory.from_users([RemoteUser("7", UserSort.USER, "Ann", "Ann@x.co", active=True)]),
    Directory.from_users(
        [
            RemoteUser("005A", UserSort.USER, "Ann", "ann@x.co", active=True),
            RemoteUser("005B", UserSort.USER, "Bob", "bob@x.co", active=False),
            RemoteUser("005C", UserSort.USER, "Cy 1", "cy@x.co", active=True),
            RemoteUser("005D", UserSort.USER, "Cy 2", "cy@x.co", active=True),
            RemoteUser("00G1", UserSort.QUEUE, "Inbound", None, active=True),
        ]
    ),
)


def test_owners_are_people_or_queues_and_only_what_a_side_has_is_written() -> None:
    """A queue, a stranger, an inactive user and a doubled address have no form; an unknown id is unreadable."""
    lens = lens_of(field("f", FieldType.OWNER, ("m",), ("C",)), context=Context(users=USERS))
    assert read(lens, Side.CRM, "005A") == read(lens, Side.MARKETING, "7") == "user:ann@x.co"
    assert read(lens, Side.CRM, "00G1") == "queue:Inbound"
    assert read(lens, Side.CRM, "005B") == "user:bob@x.co"
    assert isinstance(read(lens, Side.CRM, "005Z"), Invalid)
    assert lens.write(Side.CRM, "Lead", "f", "user:ann@x.co") == {"C": "005A"}
    assert lens.write(Side.CRM, "Lead", "f", "queue:Inbound") == {"C": "00G1"}
    for stranger in ("queue:Inbound", "user:bob@x.co"):
        assert isinstance(lens.write(Side.MARKETING, "contacts", "f", stranger), Inexpressible)
    assert isinstance(lens.write(Side.CRM, "Lead", "f", "user:cy@x.co"), Inexpressible)
    assert isinstance(lens.write(Side.CRM, "Lead", "f", "user:bob@x.co"), Invalid), "who has left is told to a person"


def test_the_owner_of_a_crm_record_can_be_shown_as_text() -> None:
    """``sales_owner_email`` for sales people who have no HubSpot user; a queue has a name and no address."""
    mail = Steps(read=(Transform("owner_email"),))
    name = Steps(read=(Transform("owner_name"),))
    context = Context()
    mail_lens = lens_of(field("f", FieldType.STRING, ("m",), ("C",), steps=Pair(Steps(), mail)), context=context)
    name_lens = lens_of(field("f", FieldType.STRING, ("m",), ("C",), steps=Pair(Steps(), name)), context=context)
    context.users = USERS
    assert read(mail_lens, Side.CRM, "005B") == "bob@x.co"
    assert read(mail_lens, Side.CRM, "00G1") is None
    assert read(name_lens, Side.CRM, "00G1") == "Inbound"
    assert isinstance(read(name_lens, Side.CRM, "005Z"), Invalid)


def test_references_go_through_links_and_see_those_made_within_the_cycle() -> None:
    """Read as link id, written as the other side's ref; what has no ref yet is named by its link."""
    context = Context()
    lens = lens_of(field("f", FieldType.REFERENCE, ("companies",), ("AccountId",)), context=context)
    assert isinstance(read(lens, Side.MARKETING, "companies/55"), Unlinked)
    context.links.marketing["companies/55"] = "L1"
    assert read(lens, Side.MARKETING, "companies/55") == "L1"
    assert read(lens, Side.MARKETING, None) is None
    assert lens.write(Side.CRM, "Lead", "f", "L1") == {"ref:f": "link:L1"}
    context.refs.crm["L1"] = "Account/001"
    assert lens.write(Side.CRM, "Lead", "f", "L1") == {"ref:f": "Account/001"}
    assert lens.write(Side.CRM, "Lead", "f", None) == {"ref:f": None}


def test_places_are_written_as_names_or_as_codes() -> None:
    """The rule: English names, codes where the side's write steps say ``iso_code``; both are read on either side."""
    coded = Pair(Steps(), Steps(write=(Transform("iso_code"),)))
    country = one(FieldType.COUNTRY, steps=coded)
    assert read(country, Side.MARKETING, "Deutschland") == read(country, Side.CRM, "de") == "DE"
    assert country.write(Side.MARKETING, "contacts", "f", "DE") == {"m": "Germany"}
    assert country.write(Side.CRM, "Lead", "f", "DE") == {"C": "DE"}
    assert isinstance(read(country, Side.CRM, "Wonderland"), Invalid)
    state = lens_of(field("f", FieldType.STATE, ("state", "country"), ("StateCode", "CountryCode"), steps=coded))
    assert read(state, Side.MARKETING, "california", "USA") == read(state, Side.CRM, "CA", "US") == "US-CA"
    assert read(state, Side.CRM, "CA", None) == "CA"
    assert state.write(Side.MARKETING, "contacts", "f", "US-CA") == {"state": "California"}
    assert state.write(Side.CRM, "Lead", "f", "US-CA") == {"StateCode": "CA"}
    assert isinstance(state.write(Side.CRM, "Lead", "f", "Somewhere"), Invalid)


def test_steps_change_text_before_reading_and_before_writing() -> None:
    """Read steps see the vendor's text, write steps the text form; JSON numbers stay JSON numbers."""
    amount = one(FieldType.DECIMAL, steps=Pair(Steps(read=(Transform("number", ","),)), Steps()))
    assert read(amount, Side.MARKETING, "1.234,50") == "1234.5"
    assert isinstance(read(amount, Side.MARKETING, "1.23,50"), Invalid)
    doubled = one(FieldType.INTEGER, steps=Pair(Steps(), Steps(write=(Transform("cel", "int(value) * 2"),))))
    assert doubled.write(Side.CRM, "Lead", "f", 4) == {"C": 8}
    digits = one(FieldType.STRING, steps=Pair(Steps(), Steps(write=(Transform("digits"),))))
    assert digits.write(Side.CRM, "Lead", "f", "a1b2") == {"C": "12"}
    assert isinstance(digits.write(Side.CRM, "Lead", "f", "none"), Invalid)
    assert digits.write(Side.CRM, "Lead", "f", None) == {"C": None}


def test_empty_is_one_thing_after_reading() -> None:
    """Null, "" and white space are all empty, for every type."""
    for known in FREE:
        for wire in (None, "", " \t\u00a0"):
            assert read(one(known), Side.MARKETING, wire) in {None, False}, known


def test_a_mapping_with_too_many_vendor_fields_is_refused() -> None:
    """Only tables, money and states span several vendor fields."""
    assert 2 not in vendor_field_count(field("f", FieldType.STRING, ("a",), ("b",)))
    with pytest.raises(ValueError, match="field f: 2 vendor fields are too many for string"):
        lens_of(field("f", FieldType.STRING, ("a", "b"), ("C",)))
    with pytest.raises(ValueError, match="owner_name is for reading only"):
        one(FieldType.STRING, steps=Pair(Steps(write=(Transform("owner_name"),)), Steps()))


def test_reasons_never_hold_the_value() -> None:
    """Reasons go to logs."""
    secret = "s3cret-value"
    for known in FREE:
        answer = read(one(known, table=STAGES[2:] if known is FieldType.ENUM else ()), Side.CRM, secret)
        assert not isinstance(answer, Invalid) or secret not in answer.reason
    assert datetime.fromisoformat(str(read(one(FieldType.DATETIME), Side.CRM, "2024-01-31T18:24:02.000+0000"))) == (
        datetime(2024, 1, 31, 18, 24, 2, tzinfo=UTC)
    )
