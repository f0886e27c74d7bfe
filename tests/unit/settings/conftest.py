"""A small sound configuration in a temporary folder, to be broken by each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.model.errors import BadConfig
from syncd.settings.accounts import Loaded
from syncd.settings.kinds import ReadOnly
from syncd.settings.loading import load

MAIN = """\
version: 1
connections:
  main:
    marketing: {access_token: token}
    crm: {login_url: "https://x.my.salesforce.com", client_id: id, client_secret: secret}
"""
PERSON = """\
kind: person
marketing: {object: contacts, key: syncd_crm_id}
crm: {objects: [Lead, Contact], key: Syncd_Marketing_Id__c}
match: [{field: email, by: email}]
create: {crm: [{object: Lead, when: "stage == 'mql'"}]}
fields:
  email: {type: email, marketing: email, crm: Email}
  stage:
    type: enum
    marketing: [lifecyclestage, hs_lead_status]
    crm: {Lead: Status}
    values:
      mql: {marketing: [marketingqualifiedlead, NEW], crm: Open}
      sql: {marketing: [salesqualifiedlead, "*"], crm: Working}
"""
PERSONAS = """\
personas:
  - {key: leader, name: Leads, definition: Decides., when: "email != null", owner: Kim}
  - {key: student, name: Learns, definition: Does not., when: "stage == 'mql'", owner: Kim}
"""
RATING = """\
rules: [{name: decides, words: Can say yes., when: "persona == 'leader'", points: 40}]
grades: [{grade: A, at_least: 30}, {grade: C}]
"""


class Folder:
    """A configuration folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.environ: dict[str, str] = {}
        self.read_only: ReadOnly = {}
        self.write("syncd.yaml", MAIN)
        self.write("schema/person.yaml", PERSON)

    def write(self, name: str, text: str) -> Path:
        """Writes a file of the configuration."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def change(self, name: str, old: str, new: str) -> None:
        """Replaces a piece of a file that must be there."""
        text = (self.path / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def person(self, old: str, new: str) -> None:
        """Changes the mapping of people."""
        self.change("schema/person.yaml", old, new)

    def field(self, text: str) -> None:
        """Adds a shared field."""
        self.write("schema/person.yaml", PERSON + f"  {text}\n")

    def rated(self) -> None:
        """Two personas and two grades."""
        self.write("personas.yaml", PERSONAS)
        self.write("rating.yaml", RATING)

    def load(self) -> Loaded:
        """Loads it."""
        return load(self.path, self.environ, read_only=self.read_only)

    def flaws(self) -> list[str]:
        """Every flaw, with paths cut to the folder."""
        with pytest.raises(BadConfig) as caught:
            self.load()
        return [str(flaw).replace(f"{self.path}/", "") for flaw in caught.value.flaws]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A sound configuration."""
    return Folder(tmp_path)
