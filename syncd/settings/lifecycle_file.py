"""What may stand in ``lifecycle.yaml`` and ``teams.yaml``. The descriptions here are the text of ``docs/config.md``."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from syncd.model.lifecycle import OTHER, FirstLink, Span, Undeclared, Unit
from syncd.settings.names import Name
from syncd.settings.validate import Section, Text

_SPAN: Final = re.compile(r"([1-9][0-9]{0,3}) (minute|hour|day)s?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _listed(value: Any) -> Any:  # noqa: ANN401 - any plain value
    return value if isinstance(value, list) else [value]


def _span(value: Any) -> Span:  # noqa: ANN401 - any plain value
    found = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("this is no span of business time; write a whole number and hours or days, such as `8 hours`")
    return Span(int(found[1]), Unit(found[2]))


def _spans(value: Any) -> Any:  # noqa: ANN401 - any plain value
    if isinstance(value, dict):
        return {str(grade): _span(each) for grade, each in value.items()}
    return {OTHER: _span(value)}


def _date(value: Any) -> date:  # noqa: ANN401 - any plain value
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError("this is no date; write it as 2026-03-31")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"the calendar has no {value}; write a day that there is") from None


def _said(value: str) -> str:
    if not value:
        raise ValueError("this says nothing; write it in words")
    return value


Several = Annotated[list[Text], BeforeValidator(_listed, json_schema_input_type=str | list[str]), Field(min_length=1)]
Spans = Annotated[dict[str, Any], BeforeValidator(_spans, json_schema_input_type=str | dict[str, str])]
Percent = Annotated[int, Field(ge=1, le=100)]
Day = Annotated[date, BeforeValidator(_date, json_schema_input_type=str)]
Words = Annotated[Text, AfterValidator(_said)]


class EntrySection(Section):
    """What must be so before a person counts as being in a stage."""

    filled: list[Text] = Field(default_factory=list, description="Shared fields that must have a value.")
    when: Text | None = Field(None, description="CEL over the shared fields that must hold as well.")
    words: Text | None = Field(None, description="The same for people who read no CEL; shown in the glossary.")


class StageSection(Section):
    """One stage; its key is a value of the field's table."""

    name: Words = Field(description="What people call it.")
    definition: Words = Field(description="What it means, in words that both teams agree on.")
    owner: Text | None = Field(None, description="Team that has to act while a person is in this stage.")
    entry: EntrySection = Field(default_factory=EntrySection, description="What must be known to enter it.")
    leave_within: Spans = Field(
        default_factory=dict,
        description="Business time to move a person on: `8 hours`, `2 days` (or minutes), for all or by grade; the "
        "grade `other` is everybody else. Not given: no limit.",
    )
    final: bool = Field(False, description="There is no way out of it.")


class TransitionSection(Section):
    """Moves that are allowed: from each of `from` to each of `to`."""

    from_: Several = Field(alias="from", description="Stage, or list of stages; `new` is a person without a stage.")
    to: Several = Field(description="Stage, or list of stages.")
    by: Several = Field(description="Team, or list of teams, that may do it; `system` is the vendors' own automation.")
    reasons: Text | None = Field(None, description="List of `reasons`, one of which must be given.")
    restarts: bool = Field(True, description="The time to leave the stage is counted anew.")
    recycles: bool = Field(False, description="The person's next cycle begins: they were here before.")


class ReasonSection(Section):
    """One reason, in each side's words."""

    marketing: Words = Field(description="What is read on the marketing side.")
    crm: Words = Field(description="What is read in the CRM.")


class CommitmentsSection(Section):
    """What each team has promised the other. Not given: nothing was promised."""

    volume: int | None = Field(
        None,
        ge=1,
        description="Marketing: handoffs qualified in a calendar month, at least; people of one company share one.",
    )
    complete: Percent | None = Field(None, description="Marketing: percent of them with every entry field filled.")
    valid: Percent | None = Field(None, description="Marketing: percent of them that could be reached.")
    touch: Percent | None = Field(None, description="Sales: percent touched within the time agreed.")
    decision: Percent | None = Field(None, description="Sales: percent accepted or rejected within the time agreed.")
    reason: Percent | None = Field(None, description="Sales: percent of rejections with a reason.")


class FactsSection(Section):
    """Which shared field holds each fact that credit is counted by. Not given: nobody tells it."""

    origin: Text | None = Field(None, description="Where the person came from first.")
    last_touch: Text | None = Field(None, description="Marketing's last touch before they were qualified.")
    asset: Text | None = Field(None, description="Asset or landing page that they answered to.")
    sdr: Text | None = Field(None, description="Who in sales development took them up.")
    bdr: Text | None = Field(None, description="Who found them, where sales did; else who made the move.")
    ae: Text | None = Field(None, description="Who closes.")
    owner: Text | None = Field(None, description="Who owns them in the CRM, whose calendar counts.")
    company: Text | None = Field(None, description="Their company: people of one company share an open handoff.")
    contacted: Text | None = Field(None, description="Date of the first contact.")


class HandoffSection(Section):
    """What the stages mean for the handoff from marketing to sales. A stage means one thing."""

    qualified: Several = Field(description="Stages in which marketing asks sales to speak to somebody.")
    accepted: Several = Field(description="Stages in which sales has said yes.")
    rejected: Several = Field(description="Stages in which sales has said no; after a yes: that nothing came of it.")
    won: Several = Field(description="Stages in which somebody bought.")
    offered: Several = Field(default_factory=list, description="Stages in which there is a deal.")
    lost: Several = Field(default_factory=list, description="Stages in which a deal was lost.")
    recycled: Several = Field(default_factory=list, description="Stages in which sales gave somebody back.")
    born: Several = Field(
        default_factory=list, description="Stages in which people begin whom sales found itself; `new` leads to each."
    )
    touch_within: Spans = Field(
        default_factory=dict,
        description="Business time to the first touch, counted from the delivery: for all, or by grade or persona; "
        "`other` is everybody else.",
    )
    decide_within: Spans = Field(
        default_factory=dict,
        description="Business time until sales says yes or no. Not given: `leave_within` of the first `qualified` "
        "stage.",
    )
    work_within: Spans = Field(
        default_factory=dict,
        description="Business time from sales' yes until it does more than to say so: an activity, or a deal. Not "
        "given: nobody waits for that.",
    )
    facts: FactsSection = Field(default_factory=FactsSection, description="Shared fields that hold what credit needs.")
    commitments: CommitmentsSection = Field(
        default_factory=CommitmentsSection, description="What each team has promised the other."
    )
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = Field(
        None, description="Currency that reports tell all amounts in, as ISO 4217 code. Not given: each in its own."
    )
    rates: dict[Annotated[str, Field(pattern="^[A-Z]{3}$")], Annotated[Decimal, Field(gt=0)]] = Field(
        default_factory=dict,
        description="What one unit of each other currency is worth in `currency`, as `USD: 0.92`. An amount without a "
        "rate is left out, and its handoff listed.",
    )


class AmendmentSection(Section):
    """One change of what was agreed."""

    date: Day = Field(description="Day it took effect, as `2026-03-31`.")
    what: Words = Field(description="What changed, in words.")
    who: Words = Field(description="Who decided it.")
    stages: list[Text] = Field(default_factory=list, description="Stages it is about.")


class LifecycleFile(Section):
    """The file ``lifecycle.yaml``."""

    kind: Literal["person", "company"] = Field("person", description="Kind of record that goes through the stages.")
    field: Text = Field(description="Shared field that holds the stage; its value table is what stages look like.")
    undeclared: Undeclared = Field(
        Undeclared.REPORT,
        description="What becomes of a move that is not declared, which is never carried to the other side: `report` "
        "lists it, `hold` asks a person, `revert` puts the side that moved back.",
    )
    first_link: FirstLink = Field(
        FirstLink.HOLD,
        description="Two records linked for the first time stand in different stages: `hold` asks a person, "
        "`marketing` or `crm` says whose stage counts.",
    )
    reason_field: Text | None = Field(
        None,
        description="Shared field that holds the reason of a person's last move: an enum whose values are the keys of "
        "the reasons, or a text. Not given: the lists of reasons are for people, and no move waits for one.",
    )
    stages: dict[Name, StageSection] = Field(min_length=1, description="Stages, in the order they are shown in.")
    reasons: dict[Name, dict[Name, ReasonSection]] = Field(
        default_factory=dict, description="Lists of reasons, each with its reasons by key."
    )
    transitions: list[TransitionSection] = Field(min_length=1, description="Moves that are allowed.")
    changed: list[AmendmentSection] = Field(
        default_factory=list, description="What was agreed and when, oldest first; shown in the glossary."
    )
    handoff: HandoffSection | None = Field(
        None, description="What the stages mean for the handoff. Not given: no ledger is kept and nothing reported."
    )


class TeamSection(Section):
    """One team. Names as either system shows them; case does not matter."""

    name: Words = Field(description="What people call it.")
    users: list[Words] = Field(
        default_factory=list, description="E-mail addresses or logins. Who is named here is in no team by role."
    )
    roles: list[Words] = Field(default_factory=list, description="Roles (Salesforce) and teams (HubSpot).")
    queues: list[Words] = Field(
        default_factory=list,
        description="Queues of the CRM: they count for whoever moves a record that a queue has, where "
        "neither user nor role is named.",
    )
    profiles: list[Words] = Field(
        default_factory=list, description="Profiles; they count where neither user, role nor queue is named."
    )


class AutomationSection(Section):
    """Users that are no people."""

    users: list[Words] = Field(default_factory=list, description="E-mail addresses.")
    roles: list[Words] = Field(default_factory=list, description="Roles (Salesforce) and teams (HubSpot).")
    profiles: list[Words] = Field(default_factory=list, description="Profiles.")


class UnknownSection(Section):
    """Teams for moves whose author a vendor does not tell."""

    marketing: Text | None = Field(None, description="Team for such moves on the marketing side.")
    crm: Text | None = Field(None, description="Team for such moves in the CRM.")


class TeamsFile(Section):
    """The file ``teams.yaml``."""

    teams: dict[Name, TeamSection] = Field(min_length=1, description="Teams by key.")
    automation: AutomationSection = Field(
        default_factory=AutomationSection,
        description="Users whose moves count as the vendors' own automation (`system`): other integrations.",
    )
    unknown: UnknownSection = Field(
        default_factory=UnknownSection,
        description="Team for which a move counts whose author the vendor does not tell, or whom no team names. Not "
        "given: for none.",
    )
