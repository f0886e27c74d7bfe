"""A recorded creation held against changed create rules: made or not, as what, and with which values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from syncd.core.replay import NO_FIELD, UNMAPPED, Replay, Replayed, Turn
from syncd.core.replay_creation import DEFAULTED, Creation, Creations, Remade
from syncd.model.lifecycle import Agreed, Entry
from syncd.model.link import FieldChange
from syncd.model.mapping import CreateRule, Direction, FieldMapping, RecordTypeRule
from syncd.model.values import Canonical, FieldType, Pair, Side, Wire
from tests.unit.core.courses import COURSE, TEAMS
from tests.unit.core.lenses import CRM, MARKETING, field, lens, row

EMAIL = field(name="email", marketing=("email",), crm=("Email",))
TITLE = field(name="title", marketing=("jobtitle",), crm=("Title",))
STAGE = field(name="stage", marketing=("stage",), crm=("Status",))
OWNER = field(FieldType.OWNER, name="owner", marketing=("owner",), crm=("OwnerId",))
FIELDS = (EMAIL, TITLE, STAGE, OWNER)
GIVEN = {"email": "a@example.com", "title": "CEO", "stage": "mql"}
LEADS, CONTACTS = CreateRule("Lead"), CreateRule("Contact")
SAME, UNTOLD, HELD = Replayed(Turn.SAME), Turn.UNTOLD, Turn.HELD
OUT = Replayed(Turn.NOT_WRITTEN, "the record it was made of is out of scope")
NO_RULE = Replayed(Turn.NOT_WRITTEN, "no create rule holds: the record would not have been made")
NEVER = "what {} was then is not in the record"


def remade(
    *fields: FieldMapping,
    old: tuple[FieldMapping, ...] = FIELDS,
    rules: tuple[CreateRule, ...] = (LEADS,),
    scope: str | None = None,
    given: Mapping[str, Canonical] = GIVEN,
    defaulted: Mapping[str, Canonical] | None = None,
    confirmed: Mapping[str, Wire] | None = None,
    entry: Entry | None = None,
    side: Side = CRM,
) -> Remade:
    """What would have become of a Lead that was made of a contact."""
    before = lens(*old, create=Pair((LEADS,), (LEADS,)))
    agreed = None
    if entry is not None:
        stages = tuple(replace(each, entry=entry if each.key == "mql" else Entry()) for each in COURSE.stages)
        agreed = Agreed(replace(COURSE, stages=stages), TEAMS, ("email", "title", "owner"))
    made = Pair(rules, rules)
    after = lens(*(fields or FIELDS), create=made, scope=Pair(scope, scope), agreed=agreed)
    changes = (
        *(FieldChange(name, None, value, "create", side.other) for name, value in given.items()),
        *(FieldChange(name, None, value, DEFAULTED, None) for name, value in (defaulted or {}).items()),
    )
    row = Creation(side, Pair("contacts", "Lead"), changes, Pair(confirmed or {}, confirmed or {}))
    return Creations(Replay(before, after)).created(row)


def test_nothing_that_matters_was_changed() -> None:
    """Neither the rules, nor who is in scope, nor a field: everything is the same."""
    assert remade() == Remade(SAME, dict.fromkeys(GIVEN, SAME))
    assert DEFAULTED == "create default"


def test_what_is_judged_alike_is_the_same_though_it_cannot_be_told() -> None:
    """A rule that asks for what was not recorded stands in both; other entry criteria are another judgement."""
    rules: Pair[tuple[CreateRule, ...]] = Pair((), (CreateRule("Lead", "owner == null"),))
    agreed = Agreed(COURSE, TEAMS, ("email", "title", "owner"))
    stages = tuple(replace(each, entry=Entry(("owner",))) for each in COURSE.stages)
    before = lens(*FIELDS, create=rules, agreed=agreed)
    row = Creation(CRM, Pair("contacts", "Lead"), (FieldChange("title", None, "CEO", "create", MARKETING),))
    for other, same in ((COURSE, True), (replace(COURSE, stages=stages), False)):
        after = lens(*FIELDS, create=rules, agreed=replace(agreed, lifecycle=other))
        assert (Creations(Replay(before, after)).created(row) == Remade(SAME, {"title": SAME})) is same
    unscoped = lens(*FIELDS, create=rules, agreed=agreed, scope=Pair("title == 'CEO'", None))
    assert Creations(Replay(before, unscoped)).created(row).whole.turn is UNTOLD


@pytest.mark.parametrize(
    ("rules", "scope", "expected"),
    [
        ((), None, NO_RULE),
        ((CONTACTS,), None, Replayed(Turn.ANOTHER, "a Contact would have been made, not a Lead", "Contact")),
        ((CreateRule("Lead", "title == 'CEO'"),), None, SAME),
        ((CreateRule("Lead", "title == 'Head'"),), None, NO_RULE),
        ((CreateRule("Contact", "title == 'Head'"), LEADS), None, SAME),
        ((CreateRule("Contact", "title == 'CEO'"), LEADS), None,
         Replayed(Turn.ANOTHER, "a Contact would have been made, not a Lead", "Contact")),
        ((LEADS,), "title == 'CEO'", SAME),
        ((LEADS,), "title == 'Head'", OUT),
        ((LEADS,), "size(title) > 'x'", OUT),
        # -- what was not recorded is not guessed
        ((LEADS,), "owner == null", Replayed(UNTOLD, f"a rule asks for owner: {NEVER.format('owner')}")),
        ((CreateRule("Lead", "owner == null"),), None,
         Replayed(UNTOLD, f"a rule asks for owner: {NEVER.format('owner')}")),
        ((CreateRule("Lead", None, record_types=(RecordTypeRule("Big", "owner == null"),)),), None,
         Replayed(UNTOLD, f"a rule asks for owner: {NEVER.format('owner')}")),
        ((CreateRule("Lead", None, record_types=(RecordTypeRule("Big", "title == 'CEO'"),)),), None, SAME),
        ((LEADS, CreateRule("Lead", "owner == null")), None, SAME),
    ],
)  # fmt: skip
def test_whether_it_would_have_been_made(rules: tuple[CreateRule, ...], scope: str | None, expected: Replayed) -> None:
    """By the first rule that holds, of what is in scope; what is not made is given nothing."""
    found = remade(rules=rules, scope=scope)
    assert found.whole == expected
    gone = expected.turn in {Turn.NOT_WRITTEN, UNTOLD}
    assert found.values == dict.fromkeys(GIVEN, expected if gone else SAME)


def test_the_rules_of_its_own_side_count() -> None:
    """A contact that was made of a Lead is in the scope of the CRM, and made by the rules of marketing."""
    before = lens(*FIELDS, create=Pair((LEADS,), (LEADS,)))
    rules = Pair((CreateRule("contacts"),), (CreateRule("Lead", "title == 'Head'"),))
    after = lens(*FIELDS, create=rules, scope=Pair("title == 'Head'", None))
    changes = tuple(FieldChange(name, None, value, "create", CRM) for name, value in GIVEN.items())
    created = Creations(Replay(before, after)).created(Creation(MARKETING, Pair("contacts", "Lead"), changes))
    assert created.whole == SAME
    changes = tuple(FieldChange(name, None, value, "create", MARKETING) for name, value in GIVEN.items())
    created = Creations(Replay(before, after)).created(Creation(CRM, Pair("contacts", "Lead"), changes))
    assert created.whole == OUT


CODES = (row("CEO", ("ceo",)), row("Head", ("head",)))


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        (replace(TITLE, only_on_create=True), SAME),
        (replace(TITLE, direction=Direction.TO_MARKETING), Replayed(Turn.NOT_WRITTEN, "it goes the other way only")),
        (replace(TITLE, name="position"), SAME),
        (field(name="other", marketing=("x",), crm=("X",)), Replayed(Turn.NOT_WRITTEN, UNMAPPED)),
        (replace(TITLE, slots=Pair({"contacts": ("jobtitle",)}, {"Contact": ("Title",)})),
         Replayed(Turn.NOT_WRITTEN, UNMAPPED)),
        (replace(TITLE, slots=Pair({"companies": ("jobtitle",)}, {"Lead": ("Title",)})),
         Replayed(UNTOLD, NEVER.format("title"))),
        (replace(TITLE, slots=Pair({"contacts": ("position",)}, {"Lead": ("Title",)})),
         Replayed(UNTOLD, "what position held was not recorded")),
        (replace(TITLE, slots=Pair({"contacts": ("jobtitle",)}, {"Lead": ("Position",)})),
         Replayed(Turn.ANOTHER, "in another form: Position = CEO", "CEO")),
        (replace(TITLE, type=FieldType.INTEGER), Replayed(UNTOLD, "cannot be read any more")),
        (replace(TITLE, table=(row("CEO", ("CEO",), writes=("Boss",)),)),
         Replayed(Turn.ANOTHER, "in another form: Title = Boss", "CEO")),
    ],
)  # fmt: skip
def test_what_each_value_would_have_been(title: FieldMapping, expected: Replayed) -> None:
    """One field was changed; the others are given as they were."""
    found = remade(EMAIL, title, STAGE, OWNER)
    assert found == Remade(SAME, {"email": SAME, "title": expected, "stage": SAME})


def test_a_value_of_a_field_that_is_not_in_use_is_older() -> None:
    """The record may be of another mapping."""
    found = remade(replace(EMAIL, only_on_create=True), TITLE, given={"email": "a", "gone": "x"}, old=(EMAIL, TITLE))
    assert found.values == {"email": SAME, "gone": Replayed(UNTOLD, NO_FIELD)}


def test_which_of_several_forms_it_was_is_told_by_what_was_confirmed() -> None:
    """Two words meant one value, and mean two now."""
    table = (row("CEO", ("ceo",), ("boss",)), row("Head", ("head",)))
    fields = EMAIL, replace(TITLE, table=(row("CEO", ("ceo",)), row("Boss", ("boss",)))), STAGE, OWNER
    old = EMAIL, replace(TITLE, table=table), STAGE, OWNER
    unclear = Replayed(UNTOLD, "in which form it stood there was not recorded")
    assert remade(*fields, old=old).values["title"] == unclear
    told = remade(*fields, old=old, confirmed={"jobtitle": "boss"}).values["title"]
    assert told == Replayed(Turn.ANOTHER, "", "Boss")


def test_what_was_defaulted_was_empty() -> None:
    """The default is no value of the record it was made of: another default is given now, or none."""
    company = field(name="company", marketing=("company",), crm=("Company",), create_default=Pair(None, "(none)"))
    fields = (*FIELDS, company)
    given = {"defaulted": {"company": "(none)"}, "old": fields}
    changed = replace(company, create_default=Pair(None, "-"))
    assert remade(*FIELDS, changed, **given).values["company"] == Replayed(Turn.ANOTHER, "", "-")  # type: ignore[arg-type]
    none = replace(company, create_default=Pair("(none)", None))
    nothing = Replayed(Turn.NOT_WRITTEN, "there is no value to give it")
    assert remade(*FIELDS, none, **given).values["company"] == nothing  # type: ignore[arg-type]
    rule = CreateRule("Lead", "company == null")
    assert remade(*fields, rules=(rule,), **given).whole == SAME  # type: ignore[arg-type]


NEVER_WRITTEN = replace(row("x", ("x",)), writes=Pair(("x",), None))


@pytest.mark.parametrize(
    ("mapping", "was_empty"),
    [
        (field(name="city"), True),
        (field(name="city", direction=Direction.TO_CRM), True),
        (field(name="city", direction=Direction.TO_MARKETING), False),
        (field(FieldType.OWNER, name="city"), False),
        (field(FieldType.OPT_OUT, name="city"), False),
        (field(FieldType.REFERENCE, name="city"), False),
        (field(name="city", table=CODES), True),
        (field(name="city", table=(*CODES, NEVER_WRITTEN)), False),
        (replace(field(name="city"), slots=Pair({"contacts": ("m",)}, {"Contact": ("C",)})), False),
        (replace(field(name="city"), slots=Pair({"companies": ("m",)}, {"Lead": ("C",)})), False),
    ],
)
def test_whether_what_was_not_given_was_empty(mapping: FieldMapping, *, was_empty: bool) -> None:
    """Only where it flows to that side, has a place on both, and any value has a form there."""
    found = remade(*FIELDS, mapping, old=(*FIELDS, mapping), rules=(CreateRule("Lead", "city == null"),)).whole
    assert found == (SAME if was_empty else Replayed(UNTOLD, f"a rule asks for city: {NEVER.format('city')}"))


@pytest.mark.parametrize(
    ("entry", "given", "expected"),
    [
        (Entry(), GIVEN, SAME),
        (Entry(("title",), "email != null"), GIVEN, SAME),
        (Entry(("title",)), {"email": "a", "stage": "mql"}, Replayed(HELD, "waits: mql needs title to be filled")),
        (Entry((), "title == 'Head'", "A head."), GIVEN, Replayed(HELD, "waits: mql wants: A head.")),
        (Entry(("owner",)), GIVEN,
         Replayed(UNTOLD, f"the entry criteria of mql ask for owner: {NEVER.format('owner')}")),
        (Entry((), "owner != null"), GIVEN,
         Replayed(UNTOLD, f"the entry criteria of mql ask for owner: {NEVER.format('owner')}")),
        (Entry(("title",)), {"email": "a", "stage": "sal"}, SAME),
        (Entry(("title",)), {"email": "a"}, SAME),
    ],
)  # fmt: skip
def test_entry_criteria_keep_it_from_being_made(
    entry: Entry, given: Mapping[str, Canonical], expected: Replayed
) -> None:
    """As far as the record tells what the stage asks for."""
    found = remade(entry=entry, given=given)
    assert found.whole == expected
    assert found.values == dict.fromkeys(given, expected if expected.turn in {HELD, UNTOLD} else SAME)


def test_entry_criteria_of_a_stage_that_was_not_recorded() -> None:
    """They cannot be told; where no stage has any, it is all the same."""
    one_way = replace(STAGE, direction=Direction.TO_MARKETING)
    fields, given = (EMAIL, TITLE, one_way, OWNER), {"email": "a@example.com", "title": "CEO"}
    untold = Replayed(UNTOLD, f"entry criteria ask for stage: {NEVER.format('stage')}")
    for entry, expected in ((Entry(("title",)), untold), (Entry((), "title != null"), untold), (Entry(), SAME)):
        assert remade(*fields, old=fields, entry=entry, given=given).whole == expected
