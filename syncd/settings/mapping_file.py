"""What may stand in ``schema/*.yaml``, one file per kind. The descriptions here are the text of ``docs/config.md``.

Length: the keys of one file, section by section in the order in which they stand there.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from syncd.model.derived import OF_A_STAGE, Derivation, Derived
from syncd.model.mapping import Clear, Confirm, Direction, Policy, Tie, Unknown
from syncd.model.values import FieldType, Lane
from syncd.settings.names import Name
from syncd.settings.sections import ScopeSection, Seconds
from syncd.settings.tree import RealNumber, WholeNumber
from syncd.settings.validate import Section, Text

ANY = "*"
"""In a form of several vendor fields: whatever this one holds."""


def _as_list(value: Any) -> Any:  # noqa: ANN401 - any plain value
    return value if isinstance(value, list) else [value]


def _form(value: Any) -> Any:  # noqa: ANN401 - any plain value
    parts = value if isinstance(value, list) else [value]
    if not parts:
        raise ValueError("an empty list is no form; write the vendor's value")
    if any(isinstance(part, (list, dict)) for part in parts):
        raise ValueError("a form is a value, or a list of one value per vendor field; write it flat")
    return tuple(part.raw if isinstance(part, (WholeNumber, RealNumber)) else part for part in parts)


def _slots(value: Any) -> Any:  # noqa: ANN401 - any plain value
    """One name, a list of names, or either per vendor object (kept under ``*`` where it is for all objects)."""
    given = value if isinstance(value, dict) else {ANY: value}
    read: dict[str, tuple[str, ...]] = {}
    for name, fields in given.items():
        listed = tuple(fields) if isinstance(fields, list) else (fields,)
        if not listed or not all(isinstance(each, str) and each for each in listed):
            raise ValueError("this names no vendor field; write a field name, a list of them, or either per object")
        read[str(name)] = listed
    return read


def _record_types(value: Any) -> Any:  # noqa: ANN401 - any plain value
    return [{"name": value}] if isinstance(value, str) else value


def _step(value: Any) -> Any:  # noqa: ANN401 - any plain value
    if isinstance(value, str):
        return (value, None)
    if isinstance(value, dict) and len(value) == 1:
        ((name, argument),) = value.items()
        raw = argument.raw if isinstance(argument, (WholeNumber, RealNumber)) else argument
        if isinstance(raw, str):
            return (str(name), raw)
    raise ValueError('this is no transform; write its name, or NAME: ARGUMENT such as `cel: "lower(value)"`')


def _derivation(value: Any) -> Any:  # noqa: ANN401 - any plain value
    """One word, or one of what can be asked of a stage, with the stage."""
    if value in list(Derived):
        return Derivation(Derived(value))
    if isinstance(value, dict) and len(value) == 1:
        ((sort, stage),) = value.items()
        if sort in OF_A_STAGE and isinstance(stage, str) and stage:
            return Derivation(Derived(sort), stage)
    known, staged = ", ".join(Derived), ", ".join(f"`{sort}: STAGE`" for sort in sorted(OF_A_STAGE))
    raise ValueError(f"this is nothing that syncd computes; write one of {known}, or {staged}")


Computed = Literal[
    "persona", "grade", "points", "grade_reasons", "stage", "cycle", "stage_entered", "first_entered", "times_entered",
    "stage_history", "respond_by", "last_touch", "in_sales_hands", "won_amount", "loss_reason",
]  # fmt: skip
Derive = Annotated[
    Derivation,
    BeforeValidator(
        _derivation,
        json_schema_input_type=Computed | dict[Literal["stage_entered", "first_entered", "times_entered"], str],
    ),
]
Form = Annotated[
    tuple[str | bool | None, ...],
    BeforeValidator(_form, json_schema_input_type=str | bool | None | list[str | bool | None]),
]
Slots = Annotated[
    dict[str, tuple[str, ...]],
    BeforeValidator(_slots, json_schema_input_type=str | list[str] | dict[str, str | list[str]]),
]
Step = Annotated[tuple[str, str | None], BeforeValidator(_step, json_schema_input_type=str | dict[str, str | float])]
SideName = Literal["marketing", "crm"]
ORIGIN: Final = (
    "Text field (or list of these values) that syncd sets with each write to `live`, `backfill` (the first link) or "
    "`resync`, so that workflows can leave bulk work out. Not given: none is set."
)
Objects = Annotated[list[str], BeforeValidator(_as_list, json_schema_input_type=str | list[str]), Field(min_length=1)]


class MarketingObject(Section):
    """The kind on the marketing side."""

    object: Text = Field(description="Vendor object, e.g. `contacts`.")
    key: Text = Field(description="Unique property that holds the CRM record's id. syncd alone writes it.")
    origin: Text | None = Field(None, description=ORIGIN)


class CrmObjects(Section):
    """The kind in the CRM."""

    objects: Objects = Field(description="Vendor objects, e.g. `[Lead, Contact]`.")
    key: Text = Field(
        description="Unique external id field that holds the marketing record's id. syncd alone writes it."
    )
    origin: Text | None = Field(None, description=ORIGIN)


class MatchSection(Section):
    """One way to recognise an unlinked record on the other side."""

    field: Text = Field(description="Shared field whose values are compared.")
    by: Literal["email", "domain", "value"] = Field(
        "value",
        description="`email`: any address of either record; `domain`: registrable domain, freemail and partner domains "
        "excluded; `value`: the value itself.",
    )
    suggest: bool = Field(
        False,
        description="What matches is not linked but asked of a person (`syncd conflicts`): a name proves nothing.",
    )
    also: list[Text] = Field(
        default_factory=list, description="Further shared fields in which both records must be alike."
    )


class CreateSection(Section):
    """When a record is made on the other side."""

    object: Text = Field(description="Vendor object to make.")
    when: Text | None = Field(None, description="CEL over the shared fields; always, if not given.")
    after: Seconds | None = Field(
        None,
        description="Seconds without a change before the record is made. Default: 0; 300 for a company on the "
        "marketing side, where the vendor itself may be about to make it.",
    )


class RecordTypeSection(Section):
    """When a new CRM record gets a record type."""

    name: Text = Field(description="Developer name of the record type, as in Setup.")
    when: Text | None = Field(None, description="CEL over the shared fields; always, if not given.")


RecordTypes = Annotated[
    list[RecordTypeSection],
    BeforeValidator(_record_types, json_schema_input_type=Text | list[RecordTypeSection]),
]


class CrmCreateSection(CreateSection):
    """When a record is made in the CRM, and as what."""

    record_type: RecordTypes = Field(
        default_factory=list,
        description="Developer name of the new record's type, or rules of which the first that holds is used. Written "
        "on creation only. Where nothing is given or holds: what the CRM gives syncd's user by default.",
    )


class CreateSections(Section):
    """Create rules by the side on which the record is made; the first that holds is used."""

    marketing: list[CreateSection] = Field(default_factory=list, description="Rules for new marketing records.")
    crm: list[CrmCreateSection] = Field(default_factory=list, description="Rules for new CRM records.")


def _choice(value: Any) -> Any:  # noqa: ANN401 - any plain value
    if value in ("owned", "oldest"):
        return (value, "")
    if isinstance(value, dict) and len(value) == 1:
        ((rule, told),) = value.items()
        if rule in ("when", "object") and isinstance(told, str):
            return (rule, told)
    raise ValueError(
        "this chooses nothing; write `owned`, `oldest`, `object: NAME` such as `object: Contact`, or "
        "`when: EXPRESSION` such as `when: \"type == 'x'\"`"
    )


ChoiceRule = Annotated[
    tuple[Literal["owned", "oldest", "when", "object"], str],
    BeforeValidator(_choice, json_schema_input_type=Literal["owned", "oldest"] | dict[Literal["when", "object"], str]),
]


class SeveralSections(Section):
    """How one of several records of a side is chosen, where they all match one record of the other."""

    marketing: list[ChoiceRule] = Field(default_factory=list, description="Of several marketing records.")
    crm: list[ChoiceRule] = Field(
        default_factory=list,
        description="Of several CRM records: `owned` (by an active user), `oldest`, `object: NAME` (a Contact before "
        "a Lead, say), `when: EXPRESSION` (CEL over the shared fields), in the order given until one is left. Without "
        "rules, or if several are left, a person is asked.",
    )


class AlsoSection(Section):
    """Further forms that are read as a value and never written."""

    marketing: list[Form] = Field(default_factory=list, description="Forms on the marketing side.")
    crm: list[Form] = Field(default_factory=list, description="Forms in the CRM.")


class ValueSection(Section):
    """One row of a value table: the form of a shared value on each side.

    A field that spans several vendor fields has a list of one value per vendor field; `"*"` in it means any.
    """

    marketing: Form | None = Field(None, description="Form on the marketing side.")
    crm: Form | None = Field(None, description="Form in the CRM.")
    also: AlsoSection = Field(default_factory=AlsoSection, description="More forms that are read as this value.")
    never_written: list[SideName] = Field(
        default_factory=list, description="Sides on which this value is read and never written."
    )
    way_back: list[SideName] = Field(
        default_factory=list,
        description="Sides on which this row is the one that is read, where several rows are written in one form.",
    )


class StepsSection(Section):
    """Transforms of one side."""

    read: list[Step] = Field(default_factory=list, description="After the vendor's value was read.")
    write: list[Step] = Field(default_factory=list, description="Before the value is written.")


class SidedSteps(Section):
    """Transforms per side."""

    marketing: StepsSection = Field(default_factory=StepsSection, description="On the marketing side.")
    crm: StepsSection = Field(default_factory=StepsSection, description="In the CRM.")


class SidedText(Section):
    """A text per side."""

    marketing: Text | None = Field(None, description="On the marketing side.")
    crm: Text | None = Field(None, description="In the CRM.")


class FieldSection(Section):
    """One field of the shared schema."""

    type: FieldType = Field(description="Canonical type.")
    marketing: Slots = Field(
        default_factory=dict,
        description="Vendor field, or list of fields, on the marketing side. Needed, but for a derived field.",
    )
    crm: Slots = Field(
        default_factory=dict,
        description="Vendor field, list of fields, or either per object (`{Lead: Status}`), in the CRM. Needed, but "
        "for a derived field.",
    )
    derive: Derive | None = Field(
        None,
        description="syncd computes the value and writes it to each side that is mapped: `persona`, `grade`, `points`, "
        "`grade_reasons`, `stage`, `cycle`, `stage_entered`, `first_entered`, `times_entered` (these three also of a "
        "named stage: `stage_entered: STAGE`), `stage_history`, `respond_by`, `last_touch`, `in_sales_hands`, "
        "`won_amount` or `loss_reason`. Beside it stand `type`, the vendor fields, `values`, `optional` and `lane`, "
        "and nothing else: nobody's edit counts.",
    )
    direction: Direction | None = Field(
        None, description="Which way it flows: `both`, `to_crm`, `to_marketing`. Default: both; an owner to_marketing."
    )
    policy: Policy = Field(
        Policy.HOLD,
        description="When both sides changed it: `crm`, `marketing`, `newest`, `union` (sets) or `hold`; `lifecycle` "
        "for the field that `lifecycle.yaml` names, whose transitions decide about every move.",
    )
    tie: Tie | None = Field(None, description="Required with `newest`: who wins when both are equally new.")
    clear: Clear = Field(
        Clear.HOLD, description="Whether an emptied value travels: `hold`, `both`, `to_crm`, `to_marketing`."
    )
    confirm: Confirm | None = Field(
        None,
        description="Guard against lost updates: `none`; `readback` (read again just before the write, history looked "
        "up after it); `precondition` (the vendor's own condition, too). Default: none; readback for e-mail and owner "
        "fields, for the field `stage` and for `policy: lifecycle`.",
    )
    values: dict[str, ValueSection] = Field(default_factory=dict, description="Value table, by shared value.")
    unknown: Unknown = Field(
        Unknown.HOLD, description="A vendor value the table does not know: `hold`, `default` or `pass`."
    )
    default: Text | None = Field(None, description="Shared value for `unknown: default`.")
    transform: list[Step] | SidedSteps = Field(
        default_factory=list,
        description="Transforms: a list applies when reading on both sides; or per side with `read` and `write`.",
    )
    only_on_create: bool = Field(False, description="Written when a record is made, and never again.")
    create_default: SidedText = Field(
        default_factory=SidedText, description="Text for an empty value when a record is made on that side."
    )
    optional: bool = Field(
        False,
        description="Left out with a notice where a vendor field is missing; a derived field only on that side.",
    )
    region: Annotated[Text, Field(pattern="^[A-Z]{2}$")] | None = Field(
        None, description="Country of phone numbers without one, as ISO 3166 code."
    )
    currency: Annotated[Text, Field(pattern="^[A-Z]{3}$")] | None = Field(
        None, description="Currency of a money field that has no currency field, as ISO 4217 code."
    )
    kind: Name | None = Field(None, description="Kind that a reference points to.")
    lane: Lane | None = Field(
        None,
        description="Priority: `opt_out`, `handoff`, `ordinary`, `bulk`. Default: ordinary; opt_out fields opt_out; "
        "the field `stage` and `policy: lifecycle` handoff.",
    )


class OutcomeSection(Section):
    """What a deal says of its primary contact, by shared fields of this file. Every other stage is open."""

    stage: Name = Field(description="The field that holds the stage.")
    won: list[Text] = Field(min_length=1, description="Stages in which a deal is won.")
    lost: list[Text] = Field(min_length=1, description="Stages in which a deal is lost.")
    contact: Name = Field(description="The reference to the one person whom a deal says something of.")
    amount: Name | None = Field(None, description="The field that holds what a deal is worth.")
    reason: Name | None = Field(None, description="The field that holds why a deal was lost.")
    owner: Name | None = Field(None, description="The field that holds who has the deal: whom reports call its AE.")


class MappingFile(Section):
    """A file ``schema/KIND.yaml``."""

    kind: Literal["person", "company", "deal"] = Field(description="Kind of record.")
    marketing: MarketingObject = Field(description="Where it is on the marketing side.")
    crm: CrmObjects = Field(description="Where it is in the CRM.")
    native: dict[str, Text] = Field(
        default_factory=dict,
        description="Id properties of the vendor's own connector, and the CRM object each points to.",
    )
    match: list[MatchSection] = Field(default_factory=list, description="Match rules, tried in order.")
    several: SeveralSections = Field(
        default_factory=SeveralSections, description="Which of several records that match one is meant."
    )
    create: CreateSections = Field(default_factory=CreateSections, description="When records are made.")
    scope: ScopeSection = Field(default_factory=ScopeSection, description="Which unlinked records take part.")
    outcome: OutcomeSection | None = Field(
        None, description="Deals only: what they say of people. Without it they move nobody (docs/deals.md)."
    )
    partner_domains: list[Text] = Field(
        default_factory=list, description="Domains that never match a company: partners, agencies, your own."
    )
    fields: dict[Name, FieldSection] = Field(min_length=1, description="Shared fields by name.")
