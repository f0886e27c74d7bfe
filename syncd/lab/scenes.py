"""The first scenes of the demo: the first link, its price, a duplicate, a bad field, every policy, a conflict resolved.

Each scene plays people at the stand-ins' control plane, lets syncd work, and proves its claim from the vendors' own
exports and call logs, not from what syncd says. Edits of several scenes are made before one common cycle, since every
wait for HubSpot's search index costs three seconds.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from syncd.lab.stage import DAILY, Stage
from syncd.lab.story import Couple, Scene, Story, look, pick
from syncd.model.link import Topic
from syncd.model.plan import Create, Plan, Update
from syncd.model.values import Side

LONG = "Chief " * 30
LATER = 1.2
"""Seconds between two edits of which the second is surely the newer one: Salesforce's stamps are whole seconds."""


def first_link(stage: Stage, story: Story) -> None:
    """Nothing is written before exactly the plan that was shown is approved."""
    before = _written(stage)
    preview = stage.cycle()
    plan = preview.plan
    if not preview.needs_approval or plan is None:
        raise LookupError("the first link of two filled systems was not held for approval")
    untouched = _written(stage) == before
    marks = [log["count"] for log in stage.calls()]
    started = time.monotonic()
    stage.cycle(approve=plan.digest)
    seconds = time.monotonic() - started
    lines = [*stage.marketing.calls(since=marks[0])["lines"], *stage.crm.calls(since=marks[1])["lines"]]
    made = sum(1 for line in lines for id_ in line["created"] if id_.startswith("00Q"))
    numbers = Counter(type(action).__name__ for action in plan.actions())
    links = sum(stage.world.store.count_links(kind.kind) for kind in stage.loaded.connection(None).connection.kinds)
    known = stage.made
    everybody = known["shared"] + known["only_marketing"] + known["ambiguous"]
    story.add(
        Scene(
            "First link: shown first, written after approval",
            f"{everybody:,} contacts and {known['shared'] + known['only_crm']:,} Leads and Contacts meet for the first "
            "time; no record knows the other side's id.",
            f"Previewed {numbers['Adopt']:,} links, {numbers['Create']:,} creates and {numbers['Hold']:,} questions; "
            f"wrote them once digest {plan.digest[:12]} was approved, in waves of 10, 100 and the rest.",
            f"The vendors logged 0 writes before the approval; after it {links:,} pairs are linked, "
            f"{made:,} Leads were made.",
            untouched and links >= numbers["Adopt"] > 0,
        )
    )
    wrote = sum(1 for line in lines if line["written"])
    story.add(_price(plan, wrote=wrote, read=len(lines) - wrote, seconds=seconds))


def _price(plan: Plan, *, wrote: int, read: int, seconds: float) -> Scene:
    writes = sum(1 for action in plan.actions() if isinstance(action, Create | Update))
    cost = plan.cost.calls
    foreseen = cost.marketing + cost.crm
    return Scene(
        "A plan with its price",
        f"The plan of that first link would write {writes:,} records.",
        f"Before writing anything it named its price: {cost.marketing:,} HubSpot and {cost.crm:,} Salesforce calls to "
        f"write ({cost.crm / DAILY:.3%} of the org's day), some {plan.cost.seconds:.0f} s.",
        f"The vendors logged {wrote:,} calls that wrote ({foreseen:,} foreseen; waves of 10 and 100 split what fits "
        f"into fewer) and {read:,} that read both systems once more; the run took {seconds:.1f} s.",
        wrote > 0 and foreseen > 0,
    )


def duplicate_held(stage: Stage, story: Story) -> None:
    """Two Leads with one address: nobody guesses."""
    held = next(
        each
        for each in stage.world.store.conflicts()
        if each.topic is Topic.MATCH and each.kind == "person" and {side for side, _ in each.refs} == set(Side)
    )
    members = {ref.id for _, ref in held.refs}
    crm_members = [ref for side, ref in held.refs if side is Side.CRM]
    marketing, crm = stage.exports()
    keys = [record["properties"].get("syncd_crm_id") for record in marketing["contacts"] if record["id"] in members]
    rows = [row for name in ("Lead", "Contact") for row in crm[name]]
    keys += [row["Syncd_Marketing_Id__c"] for row in rows if row["Id"] in members]
    addresses = {str(row["Email"]).casefold() for row in rows if row["Id"] in members}
    sharing = sum(1 for row in rows if str(row["Email"]).casefold() in addresses)
    waiting = sum(1 for each in stage.world.store.conflicts() if each.topic is Topic.MATCH)
    story.add(
        Scene(
            "A duplicate is held, not guessed",
            f"One contact shares its e-mail address with {len(crm_members)} CRM records "
            f"({', '.join(str(ref) for ref in crm_members)}).",
            f"Linked none of them and listed the question for a person (such questions in all: {waiting}).",
            f"All {len(keys)} records are still without a key, and {sharing} CRM records have the address, as before.",
            len(keys) == len(members) > 2 and not any(keys) and sharing == len(crm_members),
        )
    )


@dataclass(frozen=True, slots=True)
class Both:
    """What both sides changed on one couple, to see every policy at work."""

    couple: Couple
    email: tuple[str, str]


def edit_for_scenes(stage: Stage, story: Story) -> tuple[Couple, Both]:
    """The edits of the bad field and of the policies, on two couples."""
    bad = pick(stage, story, needs=("jobtitle", "city"), wants={})
    stage.marketing.do("edit", object="contacts", id=bad.contact, properties={"jobtitle": LONG, "city": "Parkville"})
    both = pick(stage, story, needs=("jobtitle", "website", "firstname", "email"), wants={})
    addresses = (f"m.{both.properties['email']}", f"c.{both.properties['email']}")
    stage.crm.do(
        "edit",
        object="Lead",
        id=both.lead,
        fields={
            "Title": "Title by sales",
            "Website": "https://sales.example.com",
            "FirstName": "Earlier",
            "Product_Interests__c": "Analytics;Support",
            "Email": addresses[1],
        },
    )
    time.sleep(LATER)
    stage.marketing.do(
        "edit",
        object="contacts",
        id=both.contact,
        properties={
            "jobtitle": "Title by marketing",
            "website": "https://marketing.example.com",
            "firstname": "Later",
            "product_interests": "operations;crm",
            "email": addresses[0],
        },
    )
    stage.edited()
    stage.wait_for_index()
    return bad, Both(both, addresses)


def bad_field_parked(stage: Stage, story: Story, bad: Couple) -> None:
    """One value a vendor refuses; the rest of the person arrives."""
    now = look(stage, bad)
    parked = [row for row in stage.world.store.parked() if row.ref.id == bad.lead]
    story.add(
        Scene(
            "One bad field is parked, the person is delivered",
            f"Marketing gave a contact a job title of {len(LONG.strip())} characters and a new city; Salesforce takes "
            "128 characters.",
            f"Wrote the city, parked the title with the vendor's reason ({parked[0].code if parked else 'none'}); it "
            "is tried again only when the value, the mapping or the vendor's schema changes.",
            f"The Lead now has the city {now.fields['City']!r} and kept its title {bad.fields['Title']!r}.",
            [row.field for row in parked] == ["title"]
            and now.fields["City"] == "Parkville"
            and now.fields["Title"] == bad.fields["Title"],
        )
    )


def every_policy(stage: Stage, story: Story, both: Both) -> None:
    """Both sides changed five fields of one person; each policy answers in its own way."""
    now = look(stage, both.couple)
    told = now.properties, now.fields
    united = set(told[0]["product_interests"].split(";")), set(told[1]["Product_Interests__c"].split(";"))
    right = {
        "crm": told[0]["jobtitle"] == told[1]["Title"] == "Title by sales",
        "marketing": "marketing." in told[0]["website"] and "marketing." in told[1]["Website"],
        "newest": told[0]["firstname"] == told[1]["FirstName"] == "Later",
        "union": united == ({"crm", "operations", "service"}, {"Analytics", "Consulting", "Support"}),
        "hold": (told[0]["email"], told[1]["Email"]) == both.email,
    }
    story.add(
        Scene(
            "Both sides change one field, under each policy",
            "Marketing and sales both changed title, website, first name, interests and e-mail of one person.",
            "Title: the CRM's stands (policy crm). Website: marketing's (marketing). First name: the later one "
            "(newest). Interests: both together (union). E-mail: held.",
            _told(right, now),
            all(right.values()),
        )
    )


def _told(right: Mapping[str, bool], now: Couple) -> str:
    """What both exports hold after the policies, and which of them is not as told."""
    wrong = " and ".join(name for name, holds in right.items() if not holds)
    title, first, interests = (now.fields[name] for name in ("Title", "FirstName", "Product_Interests__c"))
    return (
        f"Both exports hold what each policy says{f', but NOT {wrong}' if wrong else ''}: title {title!r}, "
        f"first name {first!r}, interests {interests!r}, and two different e-mail addresses."
    )


def conflict_resolved(stage: Stage, story: Story, both: Both) -> None:
    """The e-mail clash of the scene before: both values are shown, a person chooses, the next cycle carries it out."""
    store = stage.world.store
    conflict = next(
        row
        for row in store.conflicts()
        if row.field == "email" and any(ref.id == both.couple.lead for _, ref in row.refs)
    )
    values = conflict.values
    store.resolve_conflict(conflict.id, "crm")
    stage.cycle()
    now = look(stage, both.couple)
    gone = not store.conflicts([conflict.id])
    story.add(
        Scene(
            "A conflict with both values, resolved",
            f"E-mail {values.marketing} on the marketing side, {values.crm} on the CRM side, {conflict.base} before.",
            "Held both values for a person; told `crm`, it wrote the CRM's address to HubSpot in the next cycle.",
            f"Both exports now say {now.properties['email']}; the conflict is off the list.",
            now.properties["email"] == now.fields["Email"] == both.email[1] and gone,
        )
    )


def _written(stage: Stage) -> int:
    return sum(log["written"] for log in stage.calls())
