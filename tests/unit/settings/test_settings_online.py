"""A mapping held against the vendors' schemas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from syncd.model.mapping import KindMapping
from syncd.model.remote import RemoteField, RemoteOption, RemoteSchema
from syncd.model.values import Pair
from syncd.settings.kinds import MappingSource
from syncd.settings.online import check_schema, converted_targets
from tests.unit.settings.conftest import PERSON, Folder

Fields = Mapping[str, RemoteField]


def remote(name: str, type: str = "string", **more: object) -> RemoteField:
    """A writable field."""
    return replace(RemoteField(name=name, type=type, label=name, writable=True), **more)  # type: ignore[arg-type]


def schemas(**changes: RemoteField | None) -> Pair[RemoteSchema]:
    """Schemas that the small mapping fits; ``contacts__email=...`` changes a field, ``None`` takes it away."""
    marketing = {
        "syncd_crm_id": remote("syncd_crm_id", unique=True),
        "email": remote("email"),
        "lifecyclestage": remote("lifecyclestage", "enumeration"),
        "hs_lead_status": remote("hs_lead_status", "enumeration"),
    }
    key = {"Syncd_Marketing_Id__c": remote("Syncd_Marketing_Id__c", unique=True), "Email": remote("Email", "email")}
    objects = {
        "contacts": marketing,
        "Lead": {**key, "Status": remote("Status", "picklist")},
        "Contact": dict(key),
    }
    for place, field in changes.items():
        object_name, _, name = place.partition("__")
        if field is None:
            del objects[object_name][name]
        else:
            objects[object_name][name] = field
    return Pair(
        RemoteSchema({"contacts": objects["contacts"]}, "m"),
        RemoteSchema({"Lead": objects["Lead"], "Contact": objects["Contact"]}, "c"),
    )


def source(folder: Folder) -> MappingSource:
    """The mapping of people as loaded."""
    return folder.load().connection("main").sources["person"]


def check(folder: Folder, found: Pair[RemoteSchema]) -> tuple[KindMapping, list[str], tuple[str, ...]]:
    """The answer, flaws as text with short paths."""
    mapping = source(folder)
    kind, flaws, notices = check_schema(mapping.kind, found, source=mapping)
    return kind, [str(flaw).replace(f"{folder.path}/", "") for flaw in flaws], notices


def test_a_fitting_schema_has_nothing_to_say(folder: Folder) -> None:
    """No flaws, no notices, the mapping unchanged."""
    kind, flaws, notices = check(folder, schemas())
    assert (kind, flaws, notices) == (source(folder).kind, [], ())


OPTIONS = (RemoteOption("Open", "Open"), RemoteOption("Working", "Working", active=False))


@pytest.mark.parametrize(
    ("changes", "start", "advice"),
    [
        ({"contacts__syncd_crm_id": None}, "2:36: the key field contacts.syncd_crm_id does not exist", "unique text"),
        ({"Contact__Syncd_Marketing_Id__c": None}, "3:38: the key field Contact.Syncd_", "let syncd's user read"),
        (
            {"contacts__syncd_crm_id": remote("syncd_crm_id")},
            "2:36: the key field contacts.syncd_crm_id is not unique",
            "make it",
        ),
        ({"contacts__email": None}, "7:35: contacts.email does not exist or is hidden", "optional: true"),
        (
            {"Lead__Email": remote("Email", "email", writable=False)},
            "7:47: Lead.Email is read-only",
            "direction: to_marketing",
        ),
        (
            {"Lead__Email": remote("Email", "boolean")},
            "7:47: Lead.Email is of type boolean, which cannot be",
            "another type",
        ),
        (
            {"Lead__Status": remote("Status", "picklist", restricted=True, options=OPTIONS)},
            "14:56: Lead.Status does not allow 'Working'",
            "use one of Open",
        ),
        (
            {"Lead__Status": remote("Status", "picklist", options=(RemoteOption("Open", "", converted=True),))},
            "13:60: 'Open' is a converted status",
            "never_written: [crm]",
        ),
        ({"Lead__LastName": remote("LastName", required=True)}, "5:16: Lead cannot be made without LastName", "map it"),
    ],
)
def test_what_does_not_fit(folder: Folder, changes: dict[str, RemoteField | None], start: str, advice: str) -> None:
    """Each misfit is one flaw at its place in the mapping file, with advice."""
    _, flaws, _ = check(folder, schemas(**changes))
    assert len(flaws) == 1
    assert flaws[0].startswith(f"schema/person.yaml:{start}")
    assert advice in flaws[0]


def test_optional_fields_are_left_out_with_a_notice(folder: Folder) -> None:
    """A missing optional field changes the mapping and its hash, and is told."""
    folder.field("hobby: {type: string, marketing: hobby, crm: Hobby__c, optional: true}")
    kind, flaws, notices = check(folder, schemas())
    assert flaws == []
    assert [field.name for field in kind.fields] == ["email", "stage"]
    assert kind.hash != source(folder).kind.hash
    assert len(notices) == 1
    assert "person.hobby is left out: contacts.hobby, Lead.Hobby__c, Contact.Hobby__c" in notices[0]


def test_what_syncd_computes_stays_where_its_field_is(folder: Folder) -> None:
    """On one side, or on one object of it, with a notice for the other; where it is nowhere, it is left out like any
    other optional field.
    """
    folder.rated()
    folder.field("grade: {type: enum, derive: grade, marketing: syncd_grade, crm: Syncd_Grade__c, optional: true}")
    kind, flaws, notices = check(folder, schemas(Lead__Syncd_Grade__c=remote("Syncd_Grade__c", "picklist")))
    assert flaws == []
    (grade,) = [field for field in kind.fields if field.name == "grade"]
    assert grade.slots == Pair({}, {"Lead": ("Syncd_Grade__c",)})
    assert kind.hash != source(folder).kind.hash
    (notice,) = notices
    assert notice.startswith("person.grade is left out on contacts, Contact: contacts.syncd_grade, Contact.Syncd_")
    assert notice.endswith("; `syncd setup` makes it")
    kind, flaws, (notice,) = check(folder, schemas())
    assert flaws == []
    assert "grade" not in [field.name for field in kind.fields]
    assert notice.startswith("person.grade is left out: contacts.syncd_grade, Lead.Syncd_Grade__c, Contact.")


def test_required_without_a_default_is_a_notice(folder: Folder) -> None:
    """A mapped required field may be empty: that is told, and a default silences it."""
    required = {"Lead__Name": remote("Name", required=True), "contacts__name": remote("name")}
    folder.field("name: {type: string, marketing: name, crm: {Lead: Name}}")
    _, flaws, notices = check(folder, schemas(**required))
    assert flaws == []
    assert "Lead.Name is required" in notices[0]
    folder.field("name: {type: string, marketing: name, crm: {Lead: Name}, create_default: {crm: unknown}}")
    assert check(folder, schemas(**required))[1:] == ([], ())


def test_a_converted_status_that_is_never_written_is_fine(folder: Folder) -> None:
    """Reading a converted status is what the row is for."""
    found = schemas(Lead__Status=remote("Status", "picklist", options=(RemoteOption("Open", "Open", converted=True),)))
    assert len(converted_targets(source(folder).kind, found.crm)) == 1
    folder.write("schema/person.yaml", PERSON.replace("crm: Open}", "crm: Open, never_written: [crm]}"))
    assert converted_targets(source(folder).kind, found.crm) == ()


def test_transforms_may_make_another_type_when_only_read(folder: Folder) -> None:
    """An owner reference read as an e-mail address is no misfit; the association of a reference is no field."""
    folder.field(
        "owner_email: {type: email, marketing: owner_email, crm: OwnerId, direction: to_marketing,"
        " transform: {crm: {read: [owner_email]}}}"
    )
    owner = remote("OwnerId", "reference", writable=False)
    found = schemas(Lead__OwnerId=owner, Contact__OwnerId=owner, contacts__owner_email=remote("owner_email"))
    assert check(folder, found)[1] == []


def test_flaws_without_a_source_name_the_kind(folder: Folder) -> None:
    """A mapping made in code has no file; its flaws still say which."""
    _, flaws, _ = check_schema(source(folder).kind, schemas(contacts__email=None))
    assert str(flaws[0]).startswith("schema/person.yaml: contacts.email")
