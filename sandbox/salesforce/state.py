"""What is special about saving a Salesforce org: what follows from its definitions, and rules that are code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.freezing import Frame, Thawer
from sandbox.salesforce.entity import Entity
from sandbox.salesforce.kernel import SalesforceKernel
from sandbox.salesforce.org import Org
from sandbox.salesforce.queries import Queries

RULES = ("validation_rules", "workflows", "assignment_rules")
"""Parts of the org that hold Python functions."""


def frame(kernel: SalesforceKernel) -> Frame:
    """What a picture of the kernel leaves out.

    The org's address is that of the server that runs it; cursors end, since what they show is a function.
    """
    return Frame(
        outside={"clock": kernel.clock},
        left_out={
            SalesforceKernel: ("clock", "faults"),
            Org: ("clock", "instance_url", "background", *RULES),
            Queries: ("_cursors",),
            Entity: (
                "definition", "converters", "_by_lower", "_by_relationship", "required", "never_null", "defaults",
                "unique", "references", "compounds", "composed_name",
            ),
        },
    )  # fmt: skip


def beside(kernel: SalesforceKernel) -> dict[str, Any]:
    """What must be known before the picture is read: nothing."""
    return {}


def prepare(kernel: SalesforceKernel, beside: Mapping[str, Any]) -> None:
    """A fresh org has every object that a saved one can have."""


def finish(kernel: SalesforceKernel, beside: Mapping[str, Any], thawer: Thawer) -> None:
    """Makes anew what follows from the fields of each object."""
    for entity in thawer.known(Entity):
        entity.refresh()


def left_behind(kernel: SalesforceKernel) -> list[str]:
    """The rules of the org that are functions, in words."""
    return [f"{part} of {name}" for part in RULES for name, rules in getattr(kernel.org, part).items() if rules]
