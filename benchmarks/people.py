"""The people of the benchmarks: thirty fields each, the same person on both sides in each side's own notation."""

from __future__ import annotations

CUSTOM = 16
"""Plain texts beside the fourteen standard fields."""


def contact(number: int) -> dict[str, str]:
    """One person as HubSpot holds it."""
    line = f"{2_000_000 + number % 7_000_000:07}"
    return {
        "email": f"person{number}@example.com",
        "firstname": f"First{number % 997}",
        "lastname": f"Last{number}",
        "company": f"Company {number % 5_003}",
        "jobtitle": "Head of Department",
        "phone": f"+1 212-{line[:3]}-{line[3:]}",
        "mobilephone": f"+1 646-{line[:3]}-{line[3:]}",
        "fax": f"+1 718-{line[:3]}-{line[3:]}",
        "website": f"https://www.company{number % 5_003}.example.com",
        "address": f"{number % 900 + 1} Main Street",
        "city": "Springfield",
        "zip": f"{number % 90_000 + 10_000}",
        "country": "Germany",
        "industry": "Banking",
        **{f"bench_{index:02}": f"text {index} of person {number}" for index in range(1, CUSTOM + 1)},
    }


def lead(number: int, *, key: str) -> dict[str, str]:
    """The same person as Salesforce holds it; ``key`` is the id of the HubSpot contact."""
    held = contact(number)
    line = held["phone"][7:]
    return {
        "Email": held["email"],
        "FirstName": held["firstname"],
        "LastName": held["lastname"],
        "Company": held["company"],
        "Title": held["jobtitle"],
        "Phone": f"(212) {line}",
        "MobilePhone": f"(646) {line}",
        "Fax": f"(718) {line}",
        "Website": held["website"],
        "Street": held["address"],
        "City": held["city"],
        "PostalCode": held["zip"],
        "Country": held["country"],
        "Industry": held["industry"],
        **{f"Bench_{index:02}__c": held[f"bench_{index:02}"] for index in range(1, CUSTOM + 1)},
        "Syncd_Marketing_Id__c": key,
    }


def changed_contact(number: int, *, turn: int) -> dict[str, str]:
    """What a person changes in HubSpot: a text always, the phone every second time, the address every tenth."""
    edits = {"bench_01": f"changed {turn} of {number}"}
    if number % 4 == 0:
        edits["phone"] = f"+44 20 79{turn:02} {number % 10_000:04}"
    elif number % 2 == 0:
        edits["phone"] = f"(917) {200 + turn}-{number % 10_000:04}"
    if number % 10 == 0:
        edits["email"] = f"Person{number}.{turn}@example.com"
    return edits


def changed_lead(number: int, *, turn: int) -> dict[str, str]:
    """The same change as Salesforce's people would make it."""
    names = {"bench_01": "Bench_01__c", "phone": "Phone", "email": "Email"}
    return {names[name]: value for name, value in changed_contact(number, turn=turn).items()}
