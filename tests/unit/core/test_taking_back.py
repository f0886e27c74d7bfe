"""One linked record of which something is taken back: what is written, what differs on purpose, what stays and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.core.deriving import RULE as COMPUTED
from syncd.core.known import Known
from syncd.core.merge import Seen
from syncd.core.undoing import UNDONE, befores, is_back, undone, waits
from syncd.model.derived import Derivation, Derived
from syncd.model.link import AuditRow, Conflict, FieldChange, IntentKind, Linked, Parked, Topic
from syncd.model.mapping import FieldMapping
from syncd.model.plan import Decision, Hold, Settle, Update
from syncd.model.remote import RemoteRecord
from syncd.model.undoing import Before, Left, Undo
from syncd.model.values import MISSING, Canonical, FieldType, Pair, Side, Told
from tests.unit.core.laws import field
from tests.unit.core.test_planner import BASE, CONTACT, KIND, LEAD, LINK, LINKED, NOW, PERSON, contact, lead, planner

CRM, MARKETING = Side.CRM, Side.MARKETING
UNDO = Undo(NOW, run="r1")
RULE = "rolled back, run r1"


def taken(
    wanted: Mapping[str, Pair[Before | None]],
    seen: Pair[RemoteRecord | None],
    *,
    linked: Linked = LINKED,
    conflicts: tuple[Conflict, ...] = (),
    parked: tuple[Parked, ...] = (),
) -> tuple[Decision | None, list[Left]]:
    """What is decided on Ann, and what of her stays."""
    made = planner()
    known = replace(Known(), conflicts=conflicts, parked=parked)
    return made.taking_back().decide(linked, seen, known, wanted, UNDO)


def on_crm(value: Canonical, stood: Canonical) -> Pair[Before | None]:
    """What the CRM held, and what was written over it."""
    return Pair(None, Before(value, stood))


def difference(marketing: Canonical, crm: Canonical, name: str = "title") -> Conflict:
    """Both sides differ on purpose."""
    return Conflict(
        id="", kind="person", topic=Topic.UNDONE, link="L1", refs=((MARKETING, CONTACT), (CRM, LEAD)), field=name,
        values=Pair(marketing, crm), base=BASE.agreed[name],
        reason="taken back on purpose (run r1): the other side was left as it is", since=NOW,
    )  # fmt: skip


def test_a_value_goes_back_and_the_difference_is_listed() -> None:
    """On the side it was written to, guarded by what stands there, and held before it is written."""
    found, left = taken({"title": on_crm("Head", "Buyer")}, Pair(contact(), lead()))
    assert (left, found is not None) == ([], True)
    assert found is not None
    update, hold = found.actions
    assert isinstance(update, Update)
    assert isinstance(hold, Hold)
    assert (update.side, update.ref, update.fields, update.key) == (CRM, LEAD, {"Title": "Head"}, None)
    assert update.changes == (FieldChange("title", "Buyer", "Head", RULE, None),)
    assert update.expect == {"Title": "Buyer"}, "a field that is not guarded otherwise is guarded here"
    assert hold.conflict == replace(difference("Buyer", "Head"), id=hold.conflict.id)
    assert found.agreed == {}
    assert UNDONE == "taken back on purpose"


def test_a_value_goes_back_in_marketing() -> None:
    """By what that side shows and confirmed, on its own record, whatever the other one has."""
    wanted: Pair[Before | None] = Pair(Before("Head", "Boss"), None)
    found, left = taken({"title": wanted}, Pair(contact(title="Boss"), lead()))
    assert found is not None
    update, hold = found.actions
    assert isinstance(update, Update)
    assert isinstance(hold, Hold)
    assert (update.side, update.ref, update.fields, left) == (MARKETING, CONTACT, {"jobtitle": "Head"}, [])
    assert update.changes == (FieldChange("title", "Boss", "Head", RULE, None),)
    assert update.expect == {"jobtitle": "Boss"}
    assert (hold.conflict.values, found.base) == (Pair("Head", "Buyer"), BASE)
    changed, stays = taken({"title": wanted}, Pair(contact(), lead(title="Boss")))
    assert changed is None
    assert stays == [Left("person", "L1", MARKETING, CONTACT, "title", GONE)]
    unread, _ = taken({"title": Pair(Before("Head", "Buyer"), None)}, Pair(None, lead(title="Boss")))
    assert unread is not None
    (write,) = (action for action in unread.actions if isinstance(action, Update))
    assert (write.ref, write.fields, write.expect) == (CONTACT, {"jobtitle": "Head"}, {"jobtitle": "Buyer"})
    guarded, _ = taken(
        {"title": wanted, "city": Pair(Before("Ulm", "Bonn"), None)}, Pair(contact(title="Boss"), lead())
    )
    assert guarded is not None
    (both,) = (action for action in guarded.actions if isinstance(action, Update))
    assert both.expect == {"jobtitle": "Boss", "city": "Bonn"}, "each field is guarded"


def test_both_sides_go_back_to_one_value() -> None:
    """Then they agree on it, once that is written; nothing differs."""
    both = Pair(Before("Head", "Buyer"), Before("Head", "Buyer"))
    found, left = taken({"title": both}, Pair(contact(), lead()))
    assert found is not None
    assert [action.side for action in found.actions if isinstance(action, Update)] == [MARKETING, CRM]
    assert (len(found.actions), found.agreed, left) == (2, {"title": "Head"}, [])


def test_what_agrees_by_itself_is_settled() -> None:
    """Both are back already: nothing is written, and what was listed of it is over."""
    shown = Pair(contact(title="Head"), lead(title="Head"))
    listed = replace(difference("Buyer", "Head"), id="u1")
    others = replace(listed, id="u2", field="city"), replace(listed, id="u3", topic=Topic.FIELD)
    found, left = taken({"title": on_crm("Head", "Buyer")}, shown, conflicts=(listed, *others))
    assert found is not None
    assert (found.actions, found.agreed, found.closes, left) == ((Settle(("title",)),), {"title": "Head"}, ("u1",), [])


def test_what_is_written_closes_what_was_listed_once_it_is_done() -> None:
    """Until then the listed difference is all that tells of it."""
    listed = replace(difference("Head", "Buyer"), id="u1")
    found, _ = taken({"title": on_crm("Head", "Buyer")}, Pair(contact(title="Head"), lead()), conflicts=(listed,))
    assert found is not None
    assert (found.closes, found.closes_with) == ((), {"title": ("u1",)})
    assert not [action for action in found.actions if isinstance(action, Settle)]


def test_the_same_difference_is_listed_once() -> None:
    """An earlier try broke off before it wrote, or after."""
    once, _ = taken({"title": on_crm("Head", "Buyer")}, Pair(contact(), lead()))
    assert once is not None
    listed = next(action.conflict for action in once.actions if isinstance(action, Hold))
    again, _ = taken({"title": on_crm("Head", "Buyer")}, Pair(contact(), lead()), conflicts=(listed,))
    assert again is not None
    assert [type(action) for action in again.actions] == [Update]
    back, left = taken({"title": on_crm("Head", "Buyer")}, Pair(contact(), lead(title="Head")))
    assert back is not None
    assert [type(action) for action in back.actions] == [Hold]
    assert left == []


GONE = "changed since: what syncd wrote does not stand there any more"


@pytest.mark.parametrize(
    ("name", "wanted", "shown", "reason"),
    [
        ("title", on_crm("Head", "Boss"), Pair(contact(), lead()), GONE),
        ("title", on_crm("Head", "Buyer"), Pair(contact(), RemoteRecord(LEAD, "1", NOW, {"Email": "x"})),
         "the record does not tell this field now"),
        ("owner", on_crm("user:bo@example.com", "user:ada@example.com"), Pair(contact(), lead()),
         "the owner is no active user of this side, or not the only one of that name"),
        ("stage", on_crm("old", "new"), Pair(contact(), RemoteRecord(PERSON, "1", NOW, {})),
         "Contact has no place for it"),
    ],
)  # fmt: skip
def test_what_stays_and_why(
    name: str, wanted: Pair[Before | None], shown: Pair[RemoteRecord | None], reason: str
) -> None:
    """Nothing is decided where nothing goes back."""
    found, left = taken({name: wanted}, shown)
    assert found is None
    assert left == [Left("person", "L1", CRM, LEAD, name, reason)]


def test_what_a_side_refused_before_is_not_sent_again() -> None:
    """As anywhere else; the other side's value goes back all the same, and then both differ."""
    both = Pair(Before("Head", "Buyer"), Before("Head", "Buyer"))
    print_ = planner().parking.fingerprint(CRM, {"Title": "Head"})
    parked = Parked("L1", "person", CRM, LEAD, "title", print_, "INVALID", "no", "", NOW)
    found, left = taken({"title": both}, Pair(contact(), lead()), parked=(parked,))
    assert found is not None
    refused = "that side refused this very value before; see `syncd parked list`"
    assert left == [Left("person", "L1", CRM, LEAD, "title", refused)]
    update, hold = found.actions
    assert isinstance(update, Update)
    assert isinstance(hold, Hold)
    assert (update.side, hold.conflict.values) == (MARKETING, Pair("Head", "Buyer"))


def test_a_side_that_was_not_read_stands_as_it_confirmed() -> None:
    """It is guarded by what it confirmed, and no key is written beside it."""
    half = Linked(replace(LINK, keyed=Pair(marketing=False, crm=False)), BASE)
    found, _ = taken({"title": on_crm("Head", "Buyer")}, Pair(None, None), linked=half)
    assert found is not None
    (update,) = (action for action in found.actions if isinstance(action, Update))
    assert (update.ref, update.fields, update.expect, update.key) == (LEAD, {"Title": "Head"}, {"Title": "Buyer"}, None)


def test_what_a_side_does_not_tell_is_looked_at_later() -> None:
    """Then neither is it agreed on nor a difference of anybody's."""
    hidden = RemoteRecord(CONTACT, "1", NOW, {"email": "ann@example.com"})
    found, left = taken({"title": on_crm("Head", "Buyer")}, Pair(hidden, lead()))
    assert found is not None
    assert [type(action) for action in found.actions] == [Update]
    assert (found.agreed, left) == ({}, [])


# -- which differences wait ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("conflicts", "marketing", "crm", "waiting"),
    [
        ((), "Buyer", "Head", False),
        ((difference("Buyer", "Head"),), "Buyer", "Head", True),
        ((difference("Buyer", "Head"),), "Buyer", MISSING, True),
        ((difference("Buyer", "Head"),), "Boss", "Head", False),
        ((difference("Buyer", "Head"),), "Buyer", "Boss", False),
        ((replace(difference("Buyer", "Head"), topic=Topic.FIELD),), "Buyer", "Head", False),
        ((replace(difference("a", "b"), topic=Topic.FIELD), difference("Buyer", "Head")), "Buyer", "Head", True),
    ],
)
def test_a_difference_waits_as_long_as_both_sides_show_it(
    conflicts: tuple[Conflict, ...], marketing: Told, crm: Told, *, waiting: bool
) -> None:
    """Once a side shows anything else, somebody has edited it."""
    seen = Pair(Seen(marketing, changed=False), Seen(crm, changed=False))
    assert waits(conflicts, seen) is waiting
    assert undone(conflicts) is any(each.topic is Topic.UNDONE for each in conflicts)


@pytest.mark.parametrize(
    ("before", "shown", "back"),
    [
        (Before("a", "b"), "a", True),
        (Before("a", "b"), "b", False),
        (Before(None, "b"), None, True),
        (None, None, False),
    ],
)
def test_what_is_back_already(before: Before | None, shown: Told, *, back: bool) -> None:
    """By an earlier try, or by somebody's hand."""
    assert is_back(before, Seen(shown, changed=False)) is back


# -- what of the audit goes back -----------------------------------------------------------------------------------
def written(*changes: FieldChange, minutes: int = 0, run: str = "r1", **more: object) -> AuditRow:
    """One write of the CRM."""
    row = AuditRow(
        intent="i", attempt=1, link="L1", kind="person", side=CRM, ref=LEAD, action=IntentKind.UPDATE, changes=changes,
        run=run, at=NOW + timedelta(minutes=minutes), outcome="done",
    )  # fmt: skip
    return replace(row, **more)  # type: ignore[arg-type]  # fields of AuditRow


def change(name: str, before: Canonical = "a", after: Canonical = "b", rule: str = "changed") -> FieldChange:
    """What a write did to one field."""
    return FieldChange(name, before, after, rule, MARKETING)


FIELDS = {each.name: each for each in KIND.fields} | {
    "persona": replace(field(), name="persona", derive=Derivation(Derived.GRADE)),
    "account": replace(field(FieldType.REFERENCE), name="account"),
}
LATER = Undo(NOW + timedelta(minutes=59), run="r1")


def meant(
    *rows: AuditRow, undo: Undo = LATER, only: tuple[str, ...] = (), fields: Mapping[str, FieldMapping] = FIELDS
) -> tuple[Mapping[str, Pair[Before | None]], list[tuple[str, str]]]:
    """What goes back, and of which field what stays, with its reason."""
    found, left = befores(rows, undo, fields, staged="stage", only=only)
    assert all((each.kind, each.link, each.side, each.ref) == ("person", "L1", CRM, LEAD) for each in left)
    return found, [(each.field, each.reason) for each in left]


WHY = {
    "unmapped": "the field is not mapped any more",
    "stage": "stages move as lifecycle.yaml declares; move the person back by hand",
    "opt_out": "an opt-out is never lifted",
    "persona": "syncd computes it; it follows from the rules and the other fields",
    "account": "a reference is never emptied",
}


def test_why_a_write_is_never_taken_back() -> None:
    """In words for people, field by field; the others of the same write go back."""
    changes = (*(change(name, None) for name in WHY), change("title"))
    found, left = meant(written(*changes))
    assert (found, left) == ({"title": on_crm("a", "b")}, list(WHY.items()))
    assert meant(written(change("account", "L0", "L9"))) == ({"account": on_crm("L0", "L9")}, [])
    assert meant(written(change("title", rule=f"{COMPUTED}persona"))) == ({}, [("title", WHY["persona"])])
    unread = replace(change("title"), unread=True)
    over = "what stood there before could not be read when it was written over"
    assert meant(written(unread, change("city"))) == ({"city": on_crm("a", "b")}, [("title", over)])
    forgotten = "the person was forgotten, and what stood there before with them"
    assert meant(written(change("title"), destroyed=True)) == ({}, [("title", forgotten)])
    made = "the record was made by it: delete it by hand where it is not wanted"
    create = written(change("title"), action=IntentKind.CREATE)
    assert meant(create, written(change("city"), minutes=1)) == ({}, [("", made)])
    assert meant(replace(create, outcome="refused X"), written(change("city"), minutes=1))[0] == {
        "city": on_crm("a", "b")
    }


def test_only_the_fields_that_are_wanted() -> None:
    """Neither the others, nor what nobody knows of them."""
    unknown = "nobody knows yet whether it arrived; once that is settled, roll back again"
    rows = written(change("city"), change("title")), written(change("city"), change("title"), minutes=1, outcome="")
    assert meant(*rows, only=("title",)) == ({"title": on_crm("a", "b")}, [("title", unknown)])
    assert meant(*rows)[1] == [("city", unknown), ("title", unknown)]
    assert meant(written(change("stage"), change("title")), only=("title",))[1] == []


def test_what_was_written_since_stays() -> None:
    """By another run, of the same field and side, and done; neither an earlier one nor a taking back."""
    first = written(change("title"))
    since = [("title", GONE)]
    none = {"title": Pair(None, None)}
    assert meant(first, written(change("title"), minutes=60, run="r2")) == (none, since)
    assert meant(first, written(change("title"), minutes=1, run="r2")) == (none, since)
    assert meant(first, written(change("title"), minutes=-1, run="r2"))[1] == []
    assert meant(first, written(change("title"), run="r2"))[1] == [], "at the same moment"
    assert meant(first, written(change("city"), minutes=1, run="r2"))[1] == []
    assert meant(first, written(change("title"), minutes=1, run="r2", outcome="refused X"))[1] == []
    assert meant(first, written(change("title", rule=RULE), minutes=1, run="r2"))[1] == []
    last = written(change("title", "b", "c"), minutes=2)
    assert meant(first, written(change("title"), minutes=1, run="r2"), last) == ({"title": on_crm("a", "c")}, [])


def test_writes_at_one_moment_are_in_the_order_of_their_tries() -> None:
    """The later try of a write tells what stood last."""
    again = written(change("title", "b", "c"), attempt=2)
    assert meant(again, written(change("title")))[0] == {"title": on_crm("a", "c")}
