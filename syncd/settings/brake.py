"""``connections.NAME.brake``: how much may change before a person is asked."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from syncd.model.brake import LIMITED, Limit, Limits, Measure
from syncd.settings.validate import Section

MOST: Final = 100_000_000


class WindowSection(Section):
    """A limit of its own for one window."""

    records: int | None = Field(None, ge=0, le=MOST, description="Records. Not given: as for the day.")
    share: float | None = Field(None, ge=0, le=1, description="Share of the linked records. Not given: as for the day.")


class LimitSection(Section):
    """How many records may change so within an hour, and within a day."""

    records: int | None = Field(None, ge=0, le=MOST, description="So many records; what is not given is the default.")
    share: float | None = Field(
        None, ge=0, le=1, description="Or that share of the linked records of the kind, whichever is more."
    )
    hour: WindowSection | None = Field(None, description="The trailing hour, if it is to have a limit of its own.")


class BrakeSection(Section):
    """What may change by itself, on one side, in the trailing hour and in the trailing day; more is held.

    Per kind and, but for creates and unlinks, per field.
    """

    creates: LimitSection | None = Field(None, description="Records that are made. Default: 100 or 3 %.")
    updates: LimitSection | None = Field(None, description="Records in which a field is changed. Default: 200 or 5 %.")
    stages: LimitSection | None = Field(
        None, description="Records whose stage is changed; the excess waits in line. Default: 200 or 5 %."
    )
    clears: LimitSection | None = Field(None, description="Records in which a field is emptied. Default: 25 or 1 %.")
    same_value: LimitSection | None = Field(
        None,
        description="Records that get the same new value of a field; of a field with listed values, a value that is "
        "new to it. Default: 50 or 2 %.",
    )
    backward: LimitSection | None = Field(None, description="Records whose stage is set back. Default: 50 or 1 %.")
    unlinks: LimitSection | None = Field(
        None, description="Links that end because a record left. Default: 10 or 0.5 %."
    )


def raised(records: int) -> dict[str, dict[str, int]]:
    """The section as plain values with limits that are never reached: for trials, said in the open."""
    return {measure.value: {"records": records} for measure in LIMITED}


def limits(section: BrakeSection) -> Limits:
    """The limits of a connection; what is not given is the default's."""
    default = Limits()
    day: dict[Measure, Limit] = {}
    hour: dict[Measure, Limit] = {}
    for measure in LIMITED:
        given: LimitSection | None = getattr(section, measure.value)
        day[measure] = _limit(given, default.day[measure])
        hour[measure] = _limit(given.hour, day[measure]) if given and given.hour else day[measure]
    return Limits(hour=hour, day=day)


def _limit(given: LimitSection | WindowSection | None, default: Limit) -> Limit:
    if given is None:
        return default
    return Limit(
        default.records if given.records is None else given.records,
        default.share if given.share is None else given.share,
    )
