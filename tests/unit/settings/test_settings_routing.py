"""Routing from a file: what it becomes, and every mistake with its line and advice."""

from __future__ import annotations

import pytest

from syncd.model.routing import (
    Order,
    Pool,
    Routing,
    RoutingRule,
    TakesFrom,
    ToCompanyOwner,
    ToCrmRules,
    ToOwner,
    ToPool,
)
from tests.unit.settings.conftest import Folder

FIELDS = """\
country: {type: string, marketing: country, crm: Country}
  owner: {type: owner, marketing: hubspot_owner_id, crm: OwnerId}
  company: {type: reference, marketing: companies, crm: {Contact: AccountId}, kind: company}"""
COMPANY = """\
kind: company
marketing: {object: companies, key: syncd_crm_id}
crm: {objects: [Account], key: Syncd_Marketing_Id__c}
match: [{field: site, by: domain}]
fields:
  site: {type: url, marketing: domain, crm: Website}
  owner: {type: owner, marketing: hubspot_owner_id, crm: OwnerId}
"""
CALENDARS = """\
default: boston
calendars:
  boston: {name: Boston, zone: America/New_York, hours: {weekdays: "9:00-17:00"}}
  berlin: {name: Berlin, zone: Europe/Berlin, hours: {weekdays: "9:00-17:00"}, owners: [Kim@example.com]}
"""
PERSONAS = """\
personas: [{key: buyer, name: Buyer, definition: Signs., when: "country == 'DE'", owner: us}]
"""
ROUTING = """\
on: {created: true, stages: [mql]}
takes_from: {users: [Mia@example.com], inactive: true}
open_in: [mql, sql]
pools:
  dach: {members: [Kim@example.com, lou@example.com], per_day: 10, open: 60}
  rest: {members: [pat@example.com], order: least_loaded}
rules:
  - {name: company, to: company_owner}
  - {name: buyers, when: "persona == 'buyer'", to: {owner: Pat@example.com}}
  - {name: german, when: "country == 'DE'", to: {pool: dach}}
  - {name: french, when: "country == 'FR'", to: {queue: France}}
  - {name: swiss, when: "country == 'CH' && grade == 'A'", to: crm_rules}
  - {name: all, to: {pool: rest}}
fallback: New Leads
"""


@pytest.fixture
def routed(folder: Folder) -> Folder:
    """A configuration with all that routing may depend on."""
    folder.field(FIELDS)
    folder.write("schema/company.yaml", COMPANY)
    folder.write("calendars.yaml", CALENDARS)
    folder.write("personas.yaml", PERSONAS)
    folder.write("routing.yaml", ROUTING)
    return folder


def routing_of(folder: Folder) -> Routing | None:
    """The routing of people, as loaded."""
    kinds = folder.load().connection("main").connection.kinds
    return next(kind.routing for kind in kinds if kind.kind == "person")


def test_what_the_file_becomes(routed: Folder) -> None:
    """Owners by their shared names, zones by calendar, what it depends on beside it."""
    settings = routed.load().connection("main")
    kim, lou, pat = "user:kim@example.com", "user:lou@example.com", "user:pat@example.com"
    assert routing_of(routed) == Routing(
        owner="owner",
        rules=(
            RoutingRule("company", ToCompanyOwner()),
            RoutingRule("buyers", ToOwner(pat), "persona == 'buyer'"),
            RoutingRule("german", ToPool("dach"), "country == 'DE'"),
            RoutingRule("french", ToOwner("queue:France"), "country == 'FR'"),
            RoutingRule("swiss", ToCrmRules(), "country == 'CH' && grade == 'A'"),
            RoutingRule("all", ToPool("rest")),
        ),
        pools=(Pool("dach", (kim, lou), per_day=10, open=60), Pool("rest", (pat,), Order.LEAST_LOADED)),
        fallback="queue:New Leads",
        created=True,
        stages=("mql",),
        open_in=("mql", "sql"),
        takes_from=TakesFrom(inactive=True, users=("user:mia@example.com",)),
        stage="stage",
        company="company",
        company_kind="company",
        personas=settings.personas,
        zones={kim: "Europe/Berlin"},
        zone="America/New_York",
    )


def test_the_file_is_part_of_what_was_approved(routed: Folder) -> None:
    """Another rule is another configuration, and kinds are hashed with it."""
    before = routed.load()
    routed.change("routing.yaml", "per_day: 10", "per_day: 11")
    assert routed.load().hash != before.hash


def test_switched_off_it_changes_nothing(routed: Folder) -> None:
    """It is checked, and nothing else knows of it."""
    routed.change("routing.yaml", "on: {created: true, stages: [mql]}", "on: {}")
    assert routing_of(routed) is None
    off = routed.load()
    (routed.path / "routing.yaml").unlink()
    assert routed.load().hash == off.hash
    assert len(off.files) == len(routed.load().files) + 1
    routed.write("routing.yaml", ROUTING.replace("on: {created: true, stages: [mql]}", "on: {}"))
    routed.change("schema/company.yaml", "type: owner", "type: string")
    assert routed.load().files, "who has no company mapped may let the example lie there"


@pytest.mark.parametrize(
    ("old", "new", "flaw"),
    [
        ("{pool: dach}", "{pool: dahc}", "10:56: there is no pool 'dahc'; did you mean 'dach'?"),
        ("[pat@example.com]", "[]", "6:19: the pool rest has no members; name them by their e-mail addresses"),
        ("lou@", "KIM@", "5:37: KIM@example.com is in the pool already; name everybody once"),
        ("lou@example.com", "Lou", "5:37: Lou is no e-mail address"),
        ("{pool: rest}", "{pool: dach}", "6:3: no rule gives anybody to the pool rest; remove it"),
        ("country == 'FR'", "land == 'FR'", "11:26: CEL does not compile: line 1, column 1: unknown field land"),
        ("'buyer'", "'bayer'",
         "9:26: this makes no sense: line 1, column 12: there is no persona 'bayer'; did you mean buyer?"),
        ("fallback: New Leads\n", "", "1:1: the key 'fallback' is missing"),
        ("name: german, when: \"country == 'DE'\"", "name: german",
         "11:5: nobody ever comes to this rule: the one in line 10 takes everybody; put that one last, or give it a"),
        ("\"country == 'DE'\"", "'true'", "11:5: nobody ever comes to this rule: the one in line 10 takes everybody"),
        ("name: french", "name: german", "11:12: the name 'german' is that of the rule in line 10; name it otherwise"),
        ("{queue: France}", "{queue: France, owner: a@b.example}", "11:49: the rule names 2 of owner, pool and queue"),
        ("{queue: France}", "{}", "11:49: the rule names 0 of owner, pool and queue; name one"),
        ("stages: [mql]", "stages: [mlq]", "1:30: there is no stage 'mlq'; did you mean 'mql'?"),
        ("open_in: [mql, sql]", "open_in: [mql, x]", "3:16: there is no stage 'x'; use one of mql, sql"),
        ("per_day: 10", "per_day: 0", "5:64: pools.dach.per_day: "),
        ("order: least_loaded", "order: random", "6:45: pools.rest.order: "),
        ("to: crm_rules", "to: crm_rule", "12:"),
        ("fallback", "fall_back", "14:1: unknown key 'fall_back'; did you mean 'fallback'?"),
    ],
)  # fmt: skip
def test_mistakes_in_routing(routed: Folder, old: str, new: str, flaw: str) -> None:
    """Each is told with line, column and what to do."""
    routed.change("routing.yaml", old, new)
    assert any(each.startswith(f"routing.yaml:{flaw}") for each in routed.flaws()), routed.flaws()


@pytest.mark.parametrize(
    ("file", "old", "new", "flaw"),
    [
        ("schema/person.yaml", "crm: OwnerId}", "crm: OwnerId, direction: to_crm}", "owner goes to the CRM only"),
        ("schema/person.yaml", "type: owner", "type: string", "no shared field of a person holds the owner in the CRM"),
        ("schema/company.yaml", "type: owner", "type: string", "people refer to no company whose owner is mapped"),
    ],
)
def test_mistakes_between_the_files(routed: Folder, file: str, old: str, new: str, flaw: str) -> None:
    """What the mapping lacks is told where it is asked for."""
    routed.change(file, old, new)
    assert any(each.startswith("routing.yaml:") and flaw in each for each in routed.flaws()), routed.flaws()


def test_without_a_stage_nobody_comes_into_one(routed: Folder) -> None:
    """The mapping has no field of stages."""
    routed.person("  stage:", "  status:")
    routed.person("stage == 'mql'", "status == 'mql'")
    assert any("no shared field of a person holds the stage" in each for each in routed.flaws())
