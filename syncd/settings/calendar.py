"""The sunsets that vendors have announced: ``syncd/vendor_calendar.yaml``, part of the package."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import yaml

from syncd.model.fitting import Sunset
from syncd.model.values import Pair, Side
from syncd.settings.accounts import ConnectionSettings

FILE = Path(__file__).parents[1] / "vendor_calendar.yaml"


@cache
def sunsets() -> tuple[Sunset, ...]:
    """All of them, in the order of the file."""
    return tuple(Sunset(**row) for row in yaml.safe_load(FILE.read_text(encoding="utf-8")))


def versions(settings: ConnectionSettings) -> Pair[tuple[str, str]]:
    """Vendor and version of its API that are in use on each side."""
    return Pair(("hubspot", settings.marketing.api_version), ("salesforce", settings.crm.api_version))


def ends(settings: ConnectionSettings) -> dict[Side, date]:
    """When the version in use ends, of the sides where that is announced."""
    found: dict[Side, date] = {}
    for side in Side:
        vendor, version = versions(settings).of(side)
        concerned = (each.ends for each in sunsets() if each.vendor == vendor and each.concerns(version))
        if (end := min(concerned, default=None)) is not None:
            found[side] = end
    return found
