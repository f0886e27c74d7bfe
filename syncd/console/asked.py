"""What programs send to the API, as models: anything else is refused before a command begins."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from syncd.model.brake import Wave
from syncd.model.operator import Role
from syncd.model.values import Side
from syncd.operations.braking import MOST

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
MANY = 1_000
"""Ids of one command, at most."""


class Asked(BaseModel):
    """A body: these keys and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Pair(Asked):
    """Two records that are one."""

    marketing: Name
    crm: Name


class Choice(Asked):
    """What to do about a conflict: exactly one of the first three."""

    take: Side | None = Field(None, description="That side's value is right.")
    link: Pair | None = Field(None, description="These two records are one.")
    apart: bool = Field(False, description="None of these records belong together.")
    alike: bool = Field(False, description="The same for all undecided ones of that kind, topic, field and reason.")


class Joined(Pair):
    """Two records that are one from now on."""

    force: bool = Field(False, description="End the links that they are in with others.")


class CauseOf(Asked):
    """What dead letters have in common."""

    kind: Name
    side: Side
    code: Name


class ParkedCauseOf(Asked):
    """What parked fields have in common."""

    kind: Name
    side: Side
    field: Name
    code: Name


class WhichLetters(Asked):
    """Dead letters by id, or all of one cause: exactly one of the two."""

    ids: Annotated[list[Name], Field(max_length=MANY)] = Field(default_factory=list)
    cause: CauseOf | None = None


class WhichParked(Asked):
    """Parked fields by id."""

    ids: Annotated[list[Name], Field(min_length=1, max_length=MANY)]


class WhichResting(Asked):
    """Fields that rest, as KIND.FIELD."""

    fields_: Annotated[list[Name], Field(min_length=1, max_length=200, alias="fields")]


class Reason(Asked):
    """Why; and the password, where a session's is asked for again."""

    reason: Text
    password: Annotated[str, StringConstraints(max_length=1_024)] = ""


class MaybeReason(Asked):
    """Why, if there is something to say."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


class Maintenance(Asked):
    """For how long alerts rest, and why."""

    for_: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,4}[mhd]$")] = Field(
        alias="for", description="As 30m, 2h or 1d; a week at most."
    )
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


class Expected(Asked):
    """A wave that is no accident, in the words of ``syncd expect``."""

    wave: Wave
    records: Annotated[int, Field(ge=1, le=MOST)]
    kind: Annotated[str, StringConstraints(max_length=200)] = Field("", description="Only of this kind.")
    field: Annotated[str, StringConstraints(max_length=200)] = Field("", description="Only in this shared field.")
    until: Annotated[str, StringConstraints(max_length=40)] = Field(description="ISO 8601; a week ahead at most.")
    reason: Text


class Forgotten(Asked):
    """A person to forget for good; and the password, where a session's is asked for again."""

    record: Name = Field(description="a@b.c, marketing:contacts/51, crm:Lead/00Q..., or link:ID.")
    password: Annotated[str, StringConstraints(max_length=1_024)] = ""


class ShownFirstLink(Asked):
    """A first link as it was shown; and the password, where a session's is asked for again."""

    digest: Name
    password: Annotated[str, StringConstraints(max_length=1_024)] = ""


class Recreated(Asked):
    """A record whose counterpart is to be made anew."""

    record: Name = Field(description="a@b.c, marketing:contacts/51, crm:Lead/00Q..., or link:ID.")


class WhichResync(Asked):
    """What to compare again, in the words of ``syncd resync``."""

    records: Annotated[list[Name], Field(max_length=MANY)] = Field(default_factory=list)
    where: Annotated[str, StringConstraints(max_length=1_000)] | None = None
    since: Annotated[str, StringConstraints(max_length=40)] | None = None
    until: Annotated[str, StringConstraints(max_length=40)] | None = None
    side: Side | None = None
    kinds: Annotated[list[Name], Field(max_length=20)] = Field(default_factory=list)
    fields_: Annotated[list[Name], Field(max_length=200)] = Field(default_factory=list, alias="fields")
    everything: bool = False


class WhichRollback(Asked):
    """What to take back, in the words of ``syncd rollback``: a run, or a span of time; the others narrow it."""

    run: Name | None = None
    since: Annotated[str, StringConstraints(max_length=40)] | None = None
    until: Annotated[str, StringConstraints(max_length=40)] | None = None
    records: Annotated[list[Name], Field(max_length=MANY)] = Field(default_factory=list)
    fields_: Annotated[list[Name], Field(max_length=200)] = Field(default_factory=list, alias="fields")


class ShownRollback(WhichRollback):
    """The same, as it was shown; and the password, where a session's is asked for again."""

    digest: Name
    password: Annotated[str, StringConstraints(max_length=1_024)] = ""


class NewToken(Asked):
    """A token for a program of whoever asks."""

    label: Text
    role: Role = Role.VIEWER
    days: Annotated[int, Field(ge=1, le=366)] = 90
    password: Annotated[str, StringConstraints(max_length=1_024)] = ""


class NewOperator(Asked):
    """Somebody to let in."""

    name: Name
    role: Role
    password: Annotated[str, StringConstraints(max_length=1_024)] = ""
