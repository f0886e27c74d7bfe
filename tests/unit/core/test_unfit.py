"""A value that a side has no word for: it is asked about once, and neither side is written meanwhile."""

from __future__ import annotations

from dataclasses import replace

from syncd.core.planner import Known
from syncd.model.link import Conflict, Topic
from syncd.model.mapping import FieldMapping, Policy, TableRow
from syncd.model.plan import Hold
from syncd.model.values import FieldType, Pair, Side
from tests.unit.core.test_planner import CONTACT, KIND, LINK, NOW, contact, decide, lead, nothing, slots

STAGE = FieldMapping(
    "stage",
    FieldType.ENUM,
    slots("stage", "Status"),
    policy=Policy.CRM,
    table=(TableRow("new", Pair((("new",),), (("new",),)), Pair(("new",), ("new",))),),
)
KIND_WITH_TABLE = replace(KIND, fields=tuple(STAGE if each.name == "stage" else each for each in KIND.fields))
LOST = Conflict("lost1", "person", Topic.LOST, LINK.id, ((Side.MARKETING, CONTACT),), "stage", Pair("gone", "new"),
                "new", "overwritten", NOW, resolution="marketing")  # fmt: skip


def test_what_neither_side_can_say_is_asked_once_with_both_reasons() -> None:
    """A person wants back what was overwritten, and the table has no row for it."""
    (action,) = decide(contact(), lead(), Known(conflicts=[LOST]), kind=KIND_WITH_TABLE).actions
    assert isinstance(action, Hold)
    assert "marketing: " in action.conflict.reason
    assert "crm: " in action.conflict.reason
    again = decide(contact(), lead(), Known(conflicts=[LOST, action.conflict]), kind=KIND_WITH_TABLE)
    assert (nothing(again), again.closes) == (True, ())
