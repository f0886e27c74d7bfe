"""What may stand in ``signals.yaml``, and the campaigns and activities it makes once it is sound.

Found without a vendor: two campaigns of one key, a status that a rule gives and the order does not know, one that
stands in the order twice. Whether a campaign, a status or a property exists is for the vendors to say.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from syncd.model.signal import ActivityRule, ActivitySort, Campaign, CampaignRule, ListRule, Signals
from syncd.model.values import Side
from syncd.settings.names import Name
from syncd.settings.tree import Loc, Tree
from syncd.settings.validate import Section, Text

Status = Annotated[Text, Field(min_length=1, max_length=40)]
SAME: Final = {sort: sort for sort in (ActivitySort.CALL, ActivitySort.MEETING)}
"""What is copied where nothing else is said."""


class CampaignRuleSection(Section):
    """Who becomes a member, and with which status: by a property and its values, or by a list."""

    property: Text | None = Field(None, min_length=1, description="Marketing property that decides.")
    values: dict[Text, Status] = Field(
        default_factory=dict,
        description='Status by value of the property, letter by letter; `"*"` stands for any other value. '
        "Of a property with several values each counts.",
    )
    list: Annotated[Text, Field(pattern="^[0-9]+$")] | None = Field(
        None, description="Id of a list of contacts instead: whoever joins it."
    )
    status: Status | None = Field(None, description="Status of those in the list.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_property = self.property is not None and bool(self.values)
        by_list = self.list is not None and self.status is not None
        if by_property == by_list or (by_property and (self.list or self.status)) or (by_list and self.values):
            raise ValueError("this rule is not whole; write `property` with `values`, or `list` with `status`")
        return self


class CampaignSection(Section):
    """One campaign of the CRM that marketing fills; it is never created."""

    key: Name = Field(description="Key by which logs know it.")
    campaign: Text = Field(min_length=1, description="Its name in the CRM, or its id where several have that name.")
    statuses: list[Status] = Field(min_length=1, description="Member statuses in the order in which they follow.")
    rules: list[CampaignRuleSection] = Field(
        min_length=1, description="Who becomes a member; of several rules that hold the furthest status counts."
    )


class CampaignsSection(Section):
    """People who are added to campaigns of the CRM."""

    per_day: int = Field(
        2_000, ge=1, description="How many people join or advance in a day, all campaigns together; others wait."
    )
    campaigns: list[CampaignSection] = Field(min_length=1, description="The campaigns.")


class ActivitiesSection(Section):
    """Activities of one side that are copied to the other."""

    sorts: dict[ActivitySort, ActivitySort] = Field(
        default_factory=lambda: dict(SAME),
        min_length=1,
        description="Which sorts are copied, and what each becomes: `call`, `meeting`, `email`, `task`, `note`.",
    )
    per_person: int = Field(5, ge=1, le=1_000, description="How many a person gets for one day; others are left out.")
    per_day: int = Field(2_000, ge=1, description="How many are copied in a day for all people; others wait.")
    since: date | None = Field(
        None, description="First day (UTC) whose activities are copied. Default: from the first cycle on."
    )
    bodies: bool = Field(False, description="Whether their texts go along, not only their subjects.")


class ActivitySections(Section):
    """Activities by direction."""

    to_marketing: ActivitiesSection | None = Field(None, description="What sales did, to the marketing side.")
    to_crm: ActivitiesSection | None = Field(None, description="What marketing did, to the CRM.")


class SignalsFile(Section):
    """A file ``signals.yaml``."""

    campaign_members: CampaignsSection | None = Field(None, description="People who are added to campaigns.")
    activities: ActivitySections | None = Field(None, description="Activities that are copied.")


def signals_of(section: SignalsFile, tree: Tree) -> Signals:
    """The signals of a file; what is wrong is noted in the tree."""
    members = section.campaign_members
    given = [] if members is None else members.campaigns
    both = section.activities or ActivitySections()
    rules = ((both.to_marketing, Side.CRM), (both.to_crm, Side.MARKETING))
    return Signals(
        campaigns=tuple(_campaign(given, number, tree) for number in range(len(given))),
        per_day=Signals().per_day if members is None else members.per_day,
        activities=tuple(_activity_rule(rule, side, tree) for rule, side in rules if rule is not None),
    )


def _campaign(given: list[CampaignSection], number: int, tree: Tree) -> Campaign:
    section = given[number]
    loc: Loc = ("campaign_members", "campaigns", number)
    for key in ("key", "campaign"):
        first = [getattr(each, key) for each in given].index(getattr(section, key))
        if first != number:
            line = tree.at(("campaign_members", "campaigns", first, key)).line
            what = f"the {key} {getattr(section, key)!r} is that of the campaign in line {line}"
            tree.flaw((*loc, key), what, "put the rules of one campaign together")
    for place, status in enumerate(section.statuses):
        if status in section.statuses[:place]:
            tree.flaw((*loc, "statuses", place), f"the status {status!r} stands there twice", "remove one of them")
    for place, rule in enumerate(section.rules):
        given_ = {("values", value): status for value, status in rule.values.items()}
        for where, status in (given_ | ({("status",): rule.status} if rule.status else {})).items():
            if status not in section.statuses:
                what = f"the status {status!r} is none of this campaign's"
                tree.flaw((*loc, "rules", place, *where), what, "add it to `statuses`, where it belongs")
    rules = tuple(CampaignRule(rule.property, dict(rule.values)) for rule in section.rules if rule.property)
    lists = tuple(ListRule(rule.list, rule.status) for rule in section.rules if rule.list and rule.status)
    return Campaign(section.key, section.campaign, tuple(section.statuses), rules, lists)


def _activity_rule(section: ActivitiesSection, side: Side, tree: Tree) -> ActivityRule:
    loc: Loc = ("activities", f"to_{side.other}", "sorts")
    for sort, becomes in section.sorts.items():
        if becomes is ActivitySort.EMAIL:
            tree.flaw((*loc, sort), "nothing becomes an e-mail, which nobody sent", "make it a `note`")
    since = section.since
    return ActivityRule(
        side=side,
        sorts=dict(section.sorts),
        per_person=section.per_person,
        per_day=section.per_day,
        since=None if since is None else datetime(since.year, since.month, since.day, tzinfo=UTC),
        bodies=section.bodies,
    )
