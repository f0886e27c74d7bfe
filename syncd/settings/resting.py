"""Windows of the day in ``notify``: quiet hours, digests, planned work. As people write them: ``mon``, ``22:00``."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field

from syncd.model.notice import Planned, Window
from syncd.settings.validate import Section, Text

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _clock(value: object) -> object:
    """``07:30``, and nothing that could be another time: ``7``, ``7:5``, ``24:00``."""
    hour, _, minute = str(value).partition(":")
    plain = isinstance(value, str) and value.isascii() and hour.isdigit() and minute.isdigit() and len(value) == 5
    if not plain or int(hour) > 23 or int(minute) > 59:
        raise ValueError(f"{value!r:.40} is no time of the day; write it as '07:30' or '22:00'")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {value!r:.60}; write one as Europe/Berlin or UTC") from None
    return value


ClockText = Annotated[str, BeforeValidator(_clock)]
Zone = Annotated[Text, AfterValidator(_zone)]


class WindowSection(Section):
    """A stretch of the day, on some days of the week or on all."""

    begins: ClockText = Field(description="When it begins, as '20:00', by the clock of the zone.")
    ends: ClockText = Field(
        description="When it ends; if that is not later, on the next day. The same as `begins`: after a whole day."
    )
    days: list[Day] | None = Field(
        None, min_length=1, description="Days on which it begins: mon, tue, wed, thu, fri, sat, sun. Not given: all."
    )


class PlannedSection(WindowSection):
    """Maintenance that is planned again and again."""

    zone: Zone = Field("UTC", description="Time zone of the window, such as Europe/Berlin.")
    reason: Text = Field("planned maintenance", description="What is done then; told when it is over.")
    connections: list[Text] | None = Field(
        None, min_length=1, description="Connections whose alerts rest. Not given: all."
    )


def clock(value: str) -> time:
    """A time of the day as it was checked."""
    return time.fromisoformat(value)


def window(section: WindowSection, zone: str) -> Window:
    """The window of a section."""
    days = frozenset(DAYS.index(day) for day in section.days or ())
    return Window(clock(section.begins), clock(section.ends), days, zone)


def planned(section: PlannedSection) -> Planned:
    """The planned maintenance of a section."""
    return Planned(window(section, section.zone), section.reason, frozenset(section.connections or ()))
