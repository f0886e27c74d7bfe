"""Ten prepared troubles: what is done to a healthy connection, what people notice of it, and how it shows.

Each is prepared while no daemon is at work and shows within its first cycles. ``docs/troubles.md`` has a section of the
same name with the commands that solve it; a test holds that it stays unsolved without them and is solved by them alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from syncd.lab.practice import DAILY, Practice, Shift, contact
from syncd.lab.stage import BRAKE, TOKEN
from syncd.model.errors import BadUsage
from syncd.model.run import RunState

RENEWED: Final = "pat-na1-renewed"
USUAL: Final = 5
"""Records that may change in an hour where the brake is to hold the rest of twelve."""
RIGHT_LINE: Final = "marketing: jobtitle, crm: Title"
WRONG_LINE: Final = "marketing: salutation, crm: Title"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One trouble. ``what`` is for the list, ``noticed`` what somebody calls about; ``brake`` as in ``configure``."""

    name: str
    what: str
    noticed: str
    prepare: Callable[[Practice], None]
    shows: Callable[[Shift], bool]
    brake: int = BRAKE


def find(name: str) -> Trouble:
    """The trouble of this name. :raises BadUsage: naming the nearest, and how to list them."""
    if name not in TROUBLES:
        near = get_close_matches(name, TROUBLES, n=1)
        meant = f"; did you mean {near[0]}?" if near else ";"
        raise BadUsage(f"--trouble: there is no {name}{meant} `syncd demo --trouble list` shows all")
    return TROUBLES[name]


def _promote(practice: Practice, *, title: str, number: int = 2) -> None:
    """Marketing learns of new job titles."""
    for person in practice.people[:number]:
        practice.marketing.do("edit", object="contacts", id=person.contact, properties={"jobtitle": title})


# -- what is done ------------------------------------------------------------------------------------------------------
def _expire(practice: Practice) -> None:
    """The key was rotated, and the old one's time of grace is over."""
    practice.marketing.do("issue_token", token=RENEWED)
    practice.marketing.do("revoke_token", token=TOKEN)
    practice.crm.do("edit", object="Lead", id=practice.people[0].lead, fields={"Title": "Head of Design"})


def _take_right(practice: Practice) -> None:
    practice.crm.do("take_field_right", object="Lead", field="Title", right="edit")
    _promote(practice, title="Head of Design")


def _retire_value(practice: Practice) -> None:
    practice.crm.do("retire_value", object="Lead", field="Product_Interests__c", value="Support")
    for person in practice.people[:2]:
        properties = {"product_interests": "crm;service"}
        practice.marketing.do("edit", object="contacts", id=person.contact, properties=properties)


def _add_rule(practice: Practice) -> None:
    practice.crm.do(
        "add_validation_rule",
        object="Lead",
        name="Titles_of_the_board",
        field="Title",
        pattern="Chief .*",
        message="Titles of the board are entered by the sales desk.",
    )
    _promote(practice, title="Chief Designer")


def _block_duplicates(practice: Practice) -> None:
    """Sales has met her at a fair, and typed in her private address; then she fills in marketing's form."""
    practice.crm.do(
        "add_duplicate_rule", object="Lead", name="Same_name_and_company", fields=["FirstName", "LastName", "Company"]
    )
    met = {"FirstName": "Nora", "LastName": "North", "Company": "North Ltd", "Email": "nora@home.example"}
    practice.crm.do("insert", object="Lead", fields=met)
    practice.marketing.do("create", object="contacts", properties=contact("Nora North", len(practice.people)))


def _burn_calls(practice: Practice) -> None:
    practice.crm.do("spend_calls", calls=DAILY)
    _promote(practice, title="Head of Design")


def _change_many(practice: Practice) -> None:
    for person in practice.people:
        practice.marketing.do("edit", object="contacts", id=person.contact, properties={"city": "Hamburg"})


def _merge(practice: Practice) -> None:
    first, second = practice.people[:2]
    practice.crm.do("merge", object="Lead", winner=first.lead, losers=[second.lead])


def _disagree(practice: Practice) -> None:
    for number, person in enumerate(practice.people[:3]):
        mine, theirs = f"work{number}@example.com", f"home{number}@example.com"
        practice.marketing.do("edit", object="contacts", id=person.contact, properties={"email": mine})
        practice.crm.do("edit", object="Lead", id=person.lead, fields={"Email": theirs})


def _map_wrongly(practice: Practice) -> None:
    """Somebody pointed the title at another property, and compared everything by it."""
    file = practice.folder / "schema" / "person.yaml"
    text = file.read_text(encoding="utf-8")
    if RIGHT_LINE not in text:
        raise BadUsage(f"{file} does not map the title as the example does; run it from an unchanged checkout")
    file.write_text(text.replace(RIGHT_LINE, WRONG_LINE), encoding="utf-8")
    practice.cycle(full=True)


# -- how it shows ------------------------------------------------------------------------------------------------------
def _fails(shift: Shift) -> bool:
    last = shift.stands().last_run
    return last is not None and last.state is RunState.FAILED


def _parks(shift: Shift) -> bool:
    return shift.stands().parked > 0


def _dead(shift: Shift) -> bool:
    return shift.stands().waits.dead_letters > 0


def _brakes(shift: Shift) -> bool:
    return shift.stands().waits.braked


def _asks(shift: Shift) -> bool:
    return shift.stands().waits.conflicts > 0


def _quietly(shift: Shift) -> bool:
    """Nothing of it is to be seen in syncd, which did what it was told."""
    last = shift.stands().last_run
    return last is not None and last.who == "daemon" and last.state is RunState.DONE


TROUBLES: Final[Mapping[str, Trouble]] = {
    trouble.name: trouble
    for trouble in (
        Trouble(
            name="expired-credentials",
            what="the key to HubSpot has run out",
            noticed="Sales gave somebody a new title, and marketing still sees the old one.",
            prepare=_expire,
            shows=_fails,
        ),
        Trouble(
            name="removed-permission",
            what="syncd may no longer edit a field in Salesforce",
            noticed="Marketing learned two new job titles, and the Leads have the old ones.",
            prepare=_take_right,
            shows=_parks,
        ),
        Trouble(
            name="retired-picklist-value",
            what="a list in Salesforce lost a value that marketing goes on using",
            noticed="Two people are interested in a service contract, and sales does not see it.",
            prepare=_retire_value,
            shows=_parks,
        ),
        Trouble(
            name="validation-rule",
            what="a new rule in Salesforce refuses values of marketing's",
            noticed="Two people were promoted to the board, and the Leads do not show it.",
            prepare=_add_rule,
            shows=_parks,
        ),
        Trouble(
            name="duplicate-rule",
            what="a rule in Salesforce takes somebody new for somebody known",
            noticed="Nora North qualified this morning, and sales has not got her.",
            prepare=_block_duplicates,
            shows=_dead,
        ),
        Trouble(
            name="quota-burned",
            what="another program used up Salesforce's calls of the day",
            noticed="Nothing has arrived for a while, in either system.",
            prepare=_burn_calls,
            shows=_fails,
        ),
        Trouble(
            name="mass-change",
            what="the brake holds most of an import",
            noticed="Marketing imported new cities for everybody, and sales sees only some of them.",
            prepare=_change_many,
            shows=_brakes,
            brake=USUAL,
        ),
        Trouble(
            name="merge",
            what="sales merged two people, whom marketing still has twice",
            noticed="Two contacts stand for one Lead.",
            prepare=_merge,
            shows=_asks,
        ),
        Trouble(
            name="stuck-conflict",
            what="both teams changed the address of the same people",
            noticed="Three people have one address in marketing and another one in sales.",
            prepare=_disagree,
            shows=_asks,
        ),
        Trouble(
            name="wrong-mapping",
            what="a mapping pointed at the wrong field, and was carried out",
            noticed="All Leads have the title 'Dr.' since somebody changed the mapping.",
            prepare=_map_wrongly,
            shows=_quietly,
        ),
    )
}
