"""From records to decisions: one write per side at most, only what differs, and what waits ends when it is over.

Length: one small world of records, fields and owners carries every topic of planning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from syncd.core.creation import Made
from syncd.core.former import Former
from syncd.core.layout import Layouts
from syncd.core.normalize import Codec, Context, Directory, Lens
from syncd.core.parking import Parking
from syncd.core.planner import Known, Planner, Times
from syncd.model.beside import former_of
from syncd.model.link import Base, Conflict, Link, Linked, LinkState, Parked, Proof, Topic
from syncd.model.mapping import Clear, Confirm, Direction, FieldMapping, KindMapping, Policy, Tie
from syncd.model.plan import Create, Decision, Hold, Nothing, Settle, Update
from syncd.model.remote import RemoteRecord, RemoteRef, RemoteUser, UserSort
from syncd.model.values import Canonical, FieldType, Lane, Pair, Side, Wire

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
CONTACT, LEAD, PERSON = RemoteRef("contacts", "51"), RemoteRef("Lead", "00Q1"), RemoteRef("Contact", "0031")
ADA, QUEUE = "005A", "00GQ"


def slots(marketing: str, lead: str, contact: str | None = None) -> Pair[Mapping[str, tuple[str, ...]]]:
    """Where a field stands; without ``contact`` a Contact does not have it."""
    crm = {"Lead": (lead,)} | ({"Contact": (contact,)} if contact else {})
    return Pair({"contacts": (marketing,)}, crm)


KIND = KindMapping(
    kind="person",
    objects=Pair(("contacts",), ("Lead", "Contact")),
    key=Pair("crm_id", "Marketing_Id__c"),
    fields=(
        FieldMapping("email", FieldType.EMAIL, slots("email", "Email", "Email"), confirm=Confirm.READBACK),
        FieldMapping("title", FieldType.STRING, slots("jobtitle", "Title", "Title"), policy=Policy.CRM),
        FieldMapping("city", FieldType.STRING, slots("city", "City", "MailingCity"), policy=Policy.CRM),
        FieldMapping("stage", FieldType.STRING, slots("stage", "Status"), policy=Policy.NEWEST, tie=Tie.HOLD),
        FieldMapping("owner", FieldType.OWNER, slots("owner", "OwnerId", "OwnerId"), direction=Direction.TO_MARKETING),
        FieldMapping(
            "company", FieldType.STRING, slots("company", "Company"), create_default=Pair(None, "(not given)")
        ),
        FieldMapping("source", FieldType.STRING, slots("source", "LeadSource"), only_on_create=True),
        FieldMapping("opt_out", FieldType.OPT_OUT, slots("@out", "Out", "Out"), lane=Lane.OPT_OUT),
    ),
    hash="h1",
)
VALUES: dict[str, tuple[Wire, Wire]] = {
    "email": ("ann@example.com", "ann@example.com"),
    "title": ("Buyer", "Buyer"),
    "city": ("Bonn", "Bonn"),
    "stage": ("new", "new"),
    "owner": ("7", ADA),
    "company": ("Acme", "Acme"),
    "opt_out": ("false", False),
}


def planner(kind: KindMapping = KIND, *, schemas: Pair[str] = Pair("m1", "c1")) -> Planner:
    """A planner whose owners are Ada on both sides and one queue of the CRM."""
    ada = RemoteUser("7", UserSort.USER, "Ada", "ada@example.com", active=True)
    crm = [replace(ada, id=ADA), RemoteUser(QUEUE, UserSort.QUEUE, "West", None, active=True)]
    context = Context(users=Pair(Directory.from_users([ada]), Directory.from_users(crm)))
    return Planner(
        Layouts(Lens(kind, context, Pair(Codec.TEXT, Codec.JSON))),
        connection="main",
        parking=Parking(kind, schemas, Pair(NOW, NOW)),
        now=NOW,
    )


def vendor_fields(side: Side, object_name: str, **changed: Wire) -> dict[str, Wire]:
    """The wires of a record in step, with some shared fields told differently."""
    found: dict[str, Wire] = {}
    for mapping in KIND.fields:
        names = mapping.slots.of(side).get(object_name)
        if names is not None and mapping.name in VALUES:
            number = 0 if side is Side.MARKETING else 1
            found[names[0]] = changed.get(mapping.name, VALUES[mapping.name][number])
    return found


def contact(**changed: Wire) -> RemoteRecord:
    """The contact as HubSpot tells it."""
    return RemoteRecord(CONTACT, "1", NOW, vendor_fields(Side.MARKETING, "contacts", **changed))


def lead(**changed: Wire) -> RemoteRecord:
    """The Lead as Salesforce tells it."""
    return RemoteRecord(LEAD, "1", NOW, vendor_fields(Side.CRM, "Lead", **changed))


AGREED: dict[str, Canonical] = {
    "email": "ann@example.com", "title": "Buyer", "city": "Bonn", "stage": "new", "owner": "user:ada@example.com",
    "company": "Acme", "opt_out": False,
}  # fmt: skip
BASE = Base(AGREED, Pair(vendor_fields(Side.MARKETING, "contacts"), vendor_fields(Side.CRM, "Lead")))
LINK = Link("L1", "person", Pair(CONTACT, LEAD), Proof.MATCHED, NOW, keyed=Pair(marketing=True, crm=True))
LINKED = Linked(LINK, BASE)


def decide(
    marketing: RemoteRecord | None,
    crm: RemoteRecord | None,
    known: Known | None = None,
    *,
    linked: Linked = LINKED,
    kind: KindMapping = KIND,
) -> Decision:
    """One decision."""
    decided = planner(kind).linked(linked, Pair(marketing, crm), known or Known())
    assert isinstance(decided, Decision), f"asked for the times of {decided}"
    return decided


def written(decision: Decision, side: Side) -> Mapping[str, Wire] | None:
    """What a decision writes to one side."""
    action = decision.write_to(side)
    return action.fields if action else None


def nothing(decision: Decision) -> bool:
    """Whether a decision does nothing at all."""
    return all(isinstance(action, Nothing) for action in decision.actions)


# -- what is written ---------------------------------------------------------------------------------------------------
def test_a_record_in_step_needs_nothing() -> None:
    """Nothing told differently: nothing to do, by the quick look and by the close one."""
    assert planner().unchanged(LINKED, Pair(contact(), None))
    assert planner().unchanged(LINKED, Pair(None, lead()))
    assert planner().unchanged(LINKED, Pair(contact(), lead()))
    assert not planner().unchanged(LINKED, Pair(contact(), lead(city="Köln")))
    assert nothing(decide(contact(), lead()))


def test_only_the_field_that_differs_is_sent() -> None:
    """One write to the other side, with one field; the Base learns nothing more."""
    decision = decide(contact(title="Head"), None)
    assert written(decision, Side.CRM) == {"Title": "Head"}
    assert decision.write_to(Side.MARKETING) is None
    assert decision.agreed == {"title": "Head"}


def test_what_is_kept_of_a_field_that_is_gone_asks_for_nothing() -> None:
    """A vendor's admin deleted the field since: what a Lead had told last of it stays kept, and nobody looks for it."""
    kept = Former(Side.CRM, RemoteRecord(LEAD, "1", NOW, {"Interests__c": "Support"})).text
    base = Base({**AGREED, former_of("interests"): kept}, BASE.confirmed)
    decision = decide(contact(title="Head"), None, linked=Linked(LINK, base))
    assert decision.agreed == {"title": "Head"}


def test_both_sides_get_at_most_one_write_each() -> None:
    """Four fields changed, two on each side: two writes, no field in both."""
    decision = decide(contact(title="Head", company="Beta"), lead(city="Köln", owner=ADA, email="a@b.example"))
    updates = [action for action in decision.actions if isinstance(action, Update)]
    assert [action.side for action in updates] == [Side.MARKETING, Side.CRM]
    assert updates[0].fields == {"city": "Köln", "email": "a@b.example"}
    assert updates[1].fields == {"Title": "Head", "Company": "Beta"}


def test_a_value_in_other_words_is_settled_without_a_write() -> None:
    """Another case of an address: remembered, so that the quick look is enough next time."""
    decision = decide(None, lead(email="Ann@Example.COM"))
    assert not [action for action in decision.actions if isinstance(action, Update)]
    assert Settle(("email",)) in decision.actions


def test_the_guard_carries_what_the_written_side_held() -> None:
    """Only a field that asks for it is read again, against what was read now or last confirmed."""
    read_now = decide(contact(email="new@example.com", title="Head"), lead()).write_to(Side.CRM)
    assert isinstance(read_now, Update)
    assert read_now.expect == {"Email": "ann@example.com"}
    not_read = decide(contact(email="new@example.com"), None).write_to(Side.CRM)
    assert isinstance(not_read, Update)
    assert not_read.expect == {"Email": "ann@example.com"}
    unguarded = decide(contact(title="Head"), lead()).write_to(Side.CRM)
    assert isinstance(unguarded, Update)
    assert unguarded.expect is None


def test_the_change_tells_before_after_rule_and_cause() -> None:
    """What the audit will say."""
    action = decide(contact(title="Head"), lead(title="Chief")).write_to(Side.MARKETING)
    assert isinstance(action, Update)
    (change,) = action.changes
    assert (change.before, change.after, change.rule, change.cause) == ("Head", "Chief", "policy crm", Side.CRM)


def test_the_key_is_written_where_it_is_missing() -> None:
    """A link that one side does not know yet: the key goes along with the fields, or alone."""
    half = Linked(replace(LINK, keyed=Pair(marketing=True, crm=False)), BASE)
    assert not planner().unchanged(half, Pair(None, lead()))
    alone = decide(contact(), lead(), linked=half).write_to(Side.CRM)
    assert isinstance(alone, Update)
    assert (alone.fields, alone.key, alone.changes) == ({"Marketing_Id__c": "51"}, "51", ())
    along = decide(contact(title="Head"), None, linked=half)
    assert written(along, Side.CRM) == {"Title": "Head", "Marketing_Id__c": "51"}


def test_an_opt_out_travels_first() -> None:
    """The lane of a decision is that of its most urgent field."""
    decision = decide(contact(opt_out="true", title="Head"), None)
    assert written(decision, Side.CRM) == {"Out": True, "Title": "Head"}
    assert decision.lane is Lane.OPT_OUT


def test_a_one_way_field_is_never_written_against_its_direction() -> None:
    """An owner changed in marketing is put back there; the CRM's is not touched, not even by a person's choice."""
    decision = decide(contact(owner="9"), lead())
    assert decision.write_to(Side.CRM) is None
    conflict = replace(held("owner", resolution="marketing"), values=Pair(None, AGREED["owner"]))
    chosen = decide(contact(owner=""), lead(), Known(conflicts=[conflict]))
    assert chosen.write_to(Side.CRM) is None


def test_an_owner_that_has_no_counterpart_writes_nothing() -> None:
    """A queue is no owner in marketing: settled with its reason, and quiet afterwards."""
    decision = decide(None, lead(owner=QUEUE))
    assert not [action for action in decision.actions if isinstance(action, Update | Hold)]
    assert Settle(("owner",)) in decision.actions
    assert decision.agreed == {"owner": "queue:West"}


def test_a_field_that_is_not_told_is_left_alone() -> None:
    """Hidden by field-level security: no clear, no write over it, no conflict."""
    hidden = lead()
    hidden = replace(hidden, fields={name: wire for name, wire in hidden.fields.items() if name != "Title"})
    assert nothing(decide(None, hidden))
    assert written(decide(contact(title="Head"), hidden), Side.CRM) is None


def test_a_converted_record_has_its_values_under_other_names() -> None:
    """City is MailingCity on a Contact and was never confirmed there: told by the agreed value, it has not changed."""
    link = replace(LINK, refs=Pair(CONTACT, PERSON), keyed=Pair(marketing=False, crm=False))
    person = RemoteRecord(PERSON, "1", NOW, vendor_fields(Side.CRM, "Contact"))
    decision = decide(contact(), person, linked=Linked(link, BASE))
    assert written(decision, Side.MARKETING) == {"crm_id": "0031"}
    assert written(decision, Side.CRM) == {"Marketing_Id__c": "51"}
    moved = decide(contact(city="Köln"), person, linked=Linked(link, BASE))
    assert written(moved, Side.CRM) == {"MailingCity": "Köln", "Marketing_Id__c": "51"}
    elsewhere = replace(person, fields={**person.fields, "MailingCity": "Ulm"})
    assert written(decide(contact(), elsewhere, linked=Linked(link, BASE)), Side.MARKETING) == {
        "city": "Ulm",
        "crm_id": "0031",
    }


def test_a_tombstone_is_never_written() -> None:
    """Whatever its records say."""
    gone = Linked(replace(LINK, state=LinkState.TOMBSTONE, gone=Side.CRM), BASE)
    assert nothing(decide(contact(title="Head"), None, linked=gone))
    assert not planner().unchanged(gone, Pair(contact(), None))


def test_the_first_link_fills_and_agrees() -> None:
    """No Base: equal values are agreed, gaps filled, differences go by the policy."""
    new = Linked(replace(LINK, keyed=Pair(marketing=True, crm=True)), None)
    decision = decide(contact(city="", title="Head"), lead(email="ANN@example.com"), linked=new)
    assert written(decision, Side.MARKETING) == {"city": "Bonn", "jobtitle": "Buyer"}
    assert decision.write_to(Side.CRM) is None
    (settled,) = [action for action in decision.actions if isinstance(action, Settle)]
    assert {"email", "stage", "company", "opt_out", "owner"} <= set(settled.fields)


def test_planning_twice_says_the_same() -> None:
    """The same input gives the same decision."""
    one = decide(contact(title="Head", email="x@example.com"), lead(email="y@example.com"))
    assert one == decide(contact(title="Head", email="x@example.com"), lead(email="y@example.com"))


# -- newest ------------------------------------------------------------------------------------------------------------
def test_newest_asks_for_times_and_then_decides() -> None:
    """The planner reads nothing: it names the fields whose times it needs."""
    asked = planner().linked(LINKED, Pair(contact(stage="hot"), lead(stage="cold")), Known())
    assert asked == ("stage",)
    earlier = NOW.replace(hour=11)
    known = Known(times={"stage": Times(Pair(NOW, earlier), "history")})
    assert written(decide(contact(stage="hot"), lead(stage="cold"), known), Side.CRM) == {"Status": "hot"}
    tie = Known(times={"stage": Times(Pair(NOW, NOW), "record stamp")})
    assert [type(action) for action in decide(contact(stage="hot"), lead(stage="cold"), tie).actions] == [Hold]


# -- conflicts ---------------------------------------------------------------------------------------------------------
def held(field: str, *, topic: Topic = Topic.FIELD, resolution: str | None = None, id_: str = "c1") -> Conflict:
    """An open conflict of one field."""
    return Conflict(
        id=id_, kind="person", topic=topic, link="L1", refs=((Side.MARKETING, CONTACT), (Side.CRM, LEAD)), field=field,
        values=Pair("x", "y"), base=None, reason="r", since=NOW, resolution=resolution,
    )  # fmt: skip


def clash() -> tuple[RemoteRecord, RemoteRecord, Conflict]:
    """Both addresses changed, and the conflict that comes of it."""
    one, two = contact(email="x@example.com"), lead(email="y@example.com")
    (action,) = decide(one, two).actions
    assert isinstance(action, Hold)
    return one, two, action.conflict


def test_a_conflict_shows_both_values_and_is_held_once() -> None:
    """The first time it is held; seen again as it is, nothing needs to be stored."""
    one, two, conflict = clash()
    assert (conflict.values, conflict.base) == (Pair("x@example.com", "y@example.com"), "ann@example.com")
    assert nothing(decide(one, two, Known(conflicts=[conflict])))
    moved_on = decide(contact(email="z@example.com"), two, Known(conflicts=[conflict]))
    (action,) = moved_on.actions
    assert isinstance(action, Hold)
    assert action.conflict.id == conflict.id
    assert action.conflict.values.marketing == "z@example.com"


@pytest.mark.parametrize(("choice", "side", "wires"), [
    ("crm", Side.MARKETING, {"email": "y@example.com"}),
    ("marketing", Side.CRM, {"Email": "x@example.com"}),
])  # fmt: skip
def test_a_choice_is_carried_out_and_closes(choice: str, side: Side, wires: dict[str, Wire]) -> None:
    """What a person chose is written on the other side, guarded as ever."""
    one, two, conflict = clash()
    decision = decide(one, two, Known(conflicts=[replace(conflict, resolution=choice)]))
    assert written(decision, side) == wires
    assert decision.write_to(side.other) is None
    assert (decision.closes, decision.closes_with) == ((), {"email": (conflict.id,)}), "once it is written"


def test_a_conflict_is_closed_when_it_is_no_longer_true() -> None:
    """Both agree now, or one went back to what was agreed: closed."""
    *_, conflict = clash()
    known = Known(conflicts=[conflict])
    agreed = decide(contact(email="y@example.com"), lead(email="y@example.com"), known)
    assert (agreed.closes, agreed.agreed) == ((conflict.id,), {"email": "y@example.com"})
    one_left = decide(contact(), lead(email="y@example.com"), known)
    assert one_left.closes_with == {"email": (conflict.id,)}
    assert written(one_left, Side.MARKETING) == {"email": "y@example.com"}
    none_left = decide(contact(), lead(), known)
    assert none_left.closes == (conflict.id,)


def test_a_conflict_that_nobody_can_see_stays() -> None:
    """The field is hidden now: that does not make the conflict untrue."""
    one, two, conflict = clash()
    hidden = replace(two, fields={name: wire for name, wire in two.fields.items() if name != "Email"})
    assert decide(one, hidden, Known(conflicts=[conflict])).closes == ()


def test_one_field_has_one_conflict() -> None:
    """A held clear that becomes a clash of two changes is replaced, not joined."""
    cleared = decide(None, lead(email=None))
    (action,) = cleared.actions
    assert isinstance(action, Hold)
    assert action.conflict.topic is Topic.CLEAR
    now = decide(contact(email="x@example.com"), lead(email=None), Known(conflicts=[action.conflict]))
    (second,) = [each for each in now.actions if isinstance(each, Hold)]
    assert second.conflict.topic is Topic.FIELD
    assert now.closes == (action.conflict.id,)


def test_a_choice_that_cannot_be_carried_out_stays_held() -> None:
    """The chosen address cannot be read, or the choice would clear an opt-out: held with a reason, nothing written."""
    email = replace(held("email", resolution="marketing"), values=Pair("no address", AGREED["email"]))
    unreadable = decide(contact(email="no address"), lead(), Known(conflicts=[email]))
    (action,) = unreadable.actions
    assert isinstance(action, Hold)
    assert "marketing was chosen" in action.conflict.reason
    out = Base({**AGREED, "opt_out": True}, BASE.confirmed)
    opted = replace(held("opt_out", resolution="marketing"), values=Pair(False, True))
    known = Known(conflicts=[opted])
    consent = decide(contact(opt_out="false"), lead(opt_out=True), known, linked=Linked(LINK, out))
    assert [type(each) for each in consent.actions] == [Hold]


def test_a_chosen_clear_is_written() -> None:
    """A person may choose the empty side: that is how a held clear is let through."""
    conflict = replace(held("title", topic=Topic.CLEAR, resolution="crm"), values=Pair(AGREED["title"], None))
    assert written(decide(contact(), lead(title=None), Known(conflicts=[conflict])), Side.MARKETING) == {
        "jobtitle": None
    }


# -- parked ------------------------------------------------------------------------------------------------------------
def parked(value: str, *, with_: Planner | None = None) -> Parked:
    """The title, refused by the CRM with this value."""
    return Parked(
        link="L1", kind="person", side=Side.CRM, ref=LEAD, field="title",
        fingerprint=(with_ or planner()).parking.fingerprint(Side.CRM, {"Title": value}),
        code="TOO_LONG", reason="r", advice="a", since=NOW,
    )  # fmt: skip


def test_a_parked_value_is_not_sent_again_and_the_rest_is() -> None:
    """The same title is left out; another title is another try."""
    known = Known(parked=[parked("King")])
    assert nothing(decide(contact(title="King"), lead(), known))
    assert written(decide(contact(title="King", company="Beta"), lead(), known), Side.CRM) == {"Company": "Beta"}
    assert written(decide(contact(title="Queen"), lead(), known), Side.CRM) == {"Title": "Queen"}


def test_a_key_that_was_refused_is_not_sent_again_and_the_rest_is() -> None:
    """The link stands without it, until it is another key, another record, or written after all."""
    half = Linked(replace(LINK, keyed=Pair(marketing=True, crm=False)), BASE)
    row = replace(
        parked(""),
        field="Marketing_Id__c",
        fingerprint=planner().parking.fingerprint(Side.CRM, {"Marketing_Id__c": "51"}),
    )
    known = Known(parked=[row])
    assert nothing(decide(contact(), lead(), known, linked=half))
    assert written(decide(contact(title="Head"), lead(), known, linked=half), Side.CRM) == {"Title": "Head"}
    elsewhere = Known(parked=[replace(row, ref=RemoteRef("Lead", "00QX"))])
    another = Known(
        parked=[replace(row, fingerprint=planner().parking.fingerprint(Side.CRM, {"Marketing_Id__c": "5"}))]
    )
    for other in (elsewhere, another):
        assert written(decide(contact(), lead(), other, linked=half), Side.CRM) == {"Marketing_Id__c": "51"}
    assert decide(contact(), lead(), known).frees == ((Side.CRM, "Marketing_Id__c"),)


def test_a_parked_value_is_tried_again_under_another_mapping_or_schema() -> None:
    """The fingerprint holds all three: value, mapping, the vendor's schema."""
    known = Known(parked=[parked("King")])
    other_mapping = replace(KIND, hash="h2")
    assert written(decide(contact(title="King"), lead(), known, kind=other_mapping), Side.CRM) == {"Title": "King"}
    other_schema = planner(schemas=Pair("m1", "c2")).linked(LINKED, Pair(contact(title="King"), lead()), known)
    assert isinstance(other_schema, Decision)
    assert written(other_schema, Side.CRM) == {"Title": "King"}
    marketing_only = planner(schemas=Pair("m2", "c1")).linked(LINKED, Pair(contact(title="King"), lead()), known)
    assert isinstance(marketing_only, Decision)
    assert nothing(marketing_only)


def test_a_parked_field_is_freed_when_there_is_nothing_left_to_write() -> None:
    """The value was taken back, or the other side came to it by itself."""
    known = Known(parked=[parked("King")])
    assert decide(contact(), lead(), known).frees == ((Side.CRM, "title"),)
    assert decide(contact(title="King"), lead(title="King"), known).frees == ((Side.CRM, "title"),)


# -- creates -----------------------------------------------------------------------------------------------------------
def create(record: RemoteRecord, kind: KindMapping = KIND) -> tuple[Create, Decision]:
    """The Lead that is made for a contact."""
    made = planner(kind)
    link = replace(LINK, refs=Pair(CONTACT, RemoteRef("", "")), keyed=Pair(marketing=False, crm=False))
    decision = made.create(link, Side.MARKETING, record, Made("Lead"), made.values(Side.MARKETING, record))
    (action,) = decision.actions
    assert isinstance(action, Create)
    return action, decision


def test_a_create_sends_what_flows_and_leaves_the_rest_to_the_vendor() -> None:
    """No owner against its direction, no empty values, no consent; create-only fields included."""
    record = contact(city="")
    action, decision = create(replace(record, fields={**record.fields, "source": "Web"}))
    assert action.fields == {
        "Email": "ann@example.com", "Title": "Buyer", "Status": "new", "Company": "Acme", "LeadSource": "Web",
    }  # fmt: skip
    assert decision.agreed["city"] is None
    assert decision.agreed["owner"] == "user:ada@example.com"


def test_a_create_default_is_sent_but_not_agreed_on() -> None:
    """The filler says nothing about the person: it is counted, and it never flows back."""
    action, decision = create(contact(company=""))
    assert action.fields["Company"] == "(not given)"
    assert action.defaulted == ("company",)
    assert decision.agreed["company"] is None
    base = Base({**AGREED, "company": None}, Pair(
        vendor_fields(Side.MARKETING, "contacts", company=""), vendor_fields(Side.CRM, "Lead", company="(not given)")
    ))  # fmt: skip
    assert nothing(decide(contact(company=""), lead(company="(not given)"), linked=Linked(LINK, base)))
    later = decide(contact(company="Acme"), lead(company="(not given)"), linked=Linked(LINK, base))
    assert written(later, Side.CRM) == {"Company": "Acme"}


def test_what_cannot_be_read_is_not_created_and_stays_undecided() -> None:
    """An address that is none is left out, and not agreed on."""
    action, decision = create(contact(email="no address"))
    assert "Email" not in action.fields
    assert "email" not in decision.agreed


def test_a_clear_that_may_travel_is_written_as_nothing() -> None:
    """A clear is a wire of ``None`` on either side; how a vendor wants to be told is its connector's business."""
    fields = tuple(replace(each, clear=Clear.BOTH) if each.name == "title" else each for each in KIND.fields)
    kind = replace(KIND, fields=fields)
    assert written(decide(contact(title=""), None, kind=kind), Side.CRM) == {"Title": None}
    assert written(decide(None, lead(title=None), kind=kind), Side.MARKETING) == {"jobtitle": None}
