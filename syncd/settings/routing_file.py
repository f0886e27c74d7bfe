"""What may stand in ``routing.yaml``. The descriptions here are the text of ``docs/config.md``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from syncd.model.routing import LateTo, Order
from syncd.settings.names import Name
from syncd.settings.validate import Section, Text


class WhenSection(Section):
    """When people are routed."""

    created: bool = Field(default=False, description="When a record is made for them in the CRM.")
    stages: list[Text] = Field(
        default_factory=list,
        description="When they come into one of these stages, also by being made in it. Neither: nobody is routed.",
    )


class TakesFromSection(Section):
    """Whom a person may be taken from."""

    queues: bool = Field(default=True, description="From queues.")
    automation: bool = Field(default=True, description="From the users under `automation` in `teams.yaml`.")
    inactive: bool = Field(default=False, description="From owners who are not active any more.")
    users: list[Text] = Field(
        default_factory=list,
        description="From these users, by e-mail address: other integrations, people of marketing.",
    )


class LateSection(Section):
    """People whom nobody touched in time."""

    to: LateTo | None = Field(
        None,
        description="Whom people get whom nobody touched in time. `next`: whom the rules choose, without the owner who "
        "was late. `queue`: the fallback queue. Not given: they stay.",
    )
    accepted: bool = Field(
        False,
        description="Whether those go back to the fallback queue whom sales accepted and did nothing more about within "
        "`work_within` of lifecycle.yaml.",
    )
    per_day: int = Field(
        20, ge=1, le=100_000, description="Most people that are taken away in 24 hours; the others wait their turn."
    )


class PoolSection(Section):
    """Users who take turns."""

    members: list[Text] = Field(description="E-mail addresses, in the order of their first turns.")
    order: Order = Field(
        Order.ROUND_ROBIN,
        description="Who is next: `round_robin`, whoever has waited longest for a turn in this pool; `least_loaded`, "
        "whoever has the fewest open people, and of equals who has waited longest.",
    )
    per_day: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="Most people that routing gives one member on one day, by whatever rule; a day is that of the zone "
        "of their calendar. Not given: no limit.",
    )
    open: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="Most open people of one member: those whom routing gave to anybody, whom this member has now, and "
        "who are still in one of `open_in`. Not given: no limit.",
    )


class TargetSection(Section):
    """Whom a rule gives people to: one of these."""

    owner: Text | None = Field(None, description="One user, by e-mail address.")
    pool: Text | None = Field(None, description="A pool, by its key.")
    queue: Text | None = Field(None, description="A queue, by its name in the CRM.")


class RoutingRuleSection(Section):
    """One rule."""

    name: Text = Field(min_length=1, description="Short name, shown where a decision is explained.")
    when: Text | None = Field(
        None,
        description="CEL over the shared fields of a person, `persona` (its key, or null) and `grade`. Not given: "
        "always. The first rule that holds decides.",
    )
    to: Literal["company_owner", "crm_rules"] | TargetSection = Field(
        description="`company_owner`: the owner of an open handoff of their company, else of its account, where that "
        "is an active user; else the next rule is tried. `crm_rules`: the CRM's own assignment rules, for Leads that "
        "are made. Or one of `owner`, `pool`, `queue`; if nobody there has room, `fallback` has the person."
    )


class RoutingFile(Section):
    """The file ``routing.yaml``."""

    on: WhenSection = Field(default_factory=WhenSection, description="When people are routed.")
    takes_from: TakesFromSection = Field(
        default_factory=TakesFromSection,
        description="Whom a person in the CRM may be taken from, beside nobody. A salesperson is never among them.",
    )
    late: LateSection | None = Field(
        None,
        description="What becomes of people whom nobody touched within `touch_within` of lifecycle.yaml, once for each "
        "handoff. Not given: they stay where they are, and are told.",
    )
    open_in: list[Text] = Field(
        default_factory=list,
        description="Stages in which a person counts as open. Not given: the stages of `on`; without these, all.",
    )
    pools: dict[Name, PoolSection] = Field(default_factory=dict, description="Pools, by key.")
    rules: list[RoutingRuleSection] = Field(min_length=1, description="Rules, in the order they are tried.")
    fallback: Text = Field(min_length=1, description="Queue for whom nobody has room, by its name in the CRM.")
