"""What the pages for the people of operations show is sound, and does what they say.

Each YAML block names its file in its first line and is laid over the example configuration; each command is parsed by
the program itself. The moves that the pages tell of are made.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.salesforce.definitions import text
from syncd.cli.main import main
from syncd.model.link import Topic
from tests.parsed import parse
from tests.scenarios.derivings import fitted
from tests.scenarios.lifecycles import CLOSED, MQL, NEW, SQL, both_show, journey
from tests.scenarios.steps import Steps
from tests.worlds import ROOT, config_environment

PAGES = ("marketing-operations", "sales-operations", "salesforce")
Tree = dict[str, Any]


def blocks(page: str, language: str) -> list[str]:
    """The blocks of a page in one language, in order."""
    words = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", words, re.MULTILINE | re.DOTALL)


class Loader(yaml.SafeLoader):
    """Reads `on` as a word, as the program does."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def laid_over(old: Any, new: Any) -> Any:
    """What a person makes of a file who takes in the lines of a block: entries of a list that are already there,
    by what names them, are replaced; the rest is added.
    """
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {**old, **{key: laid_over(old.get(key), value) for key, value in new.items()}}
    if isinstance(old, list) and isinstance(new, list) and all(isinstance(each, Mapping) for each in (*old, *new)):
        merged = {named(each): each for each in old}
        for each in new:
            merged[named(each)] = each
        return list(merged.values())
    return new


def named(entry: Mapping[str, Any]) -> str:
    """What tells one entry of a list from the others."""
    for key in ("key", "name", "grade", "object", "date"):
        if key in entry:
            return str(entry[key])
    return f"{entry['from']} -> {entry['to']}"


def written(folder: Path, page: str) -> Path:
    """The example configuration with all that a page says to write."""
    config = folder / "config"
    shutil.copytree(ROOT / "config", config)
    for block in blocks(page, "yaml"):
        name, _, more = block.splitlines()[0].removeprefix("# ").partition(", ")
        path = config / name
        known = path.exists() and more != "the whole file"
        old = yaml.load(path.read_text(encoding="utf-8"), Loader) if known else None
        tree = laid_over(old, yaml.load(block, Loader))
        path.write_text(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return config


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[Path], tuple[int, str]]:
    """Calls ``syncd check`` on a configuration that is pointed at the stand-ins; answers exit code and words."""
    for name, value in config_environment().items():
        monkeypatch.setenv(name, value)

    def call(config: Path) -> tuple[int, str]:
        (config / "secrets").mkdir()
        secret = config / "secrets" / "notify_sales_lead"  # the address that a page keeps in a file
        secret.write_text("json://127.0.0.1:9/\n", encoding="utf-8")
        secret.chmod(0o600)
        code = main(["--config", str(config), "check"])
        told = capsys.readouterr()
        return code, told.out + told.err

    return call


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_says_to_write_is_sound(
    page: str, check: Callable[[Path], tuple[int, str]], tmp_path: Path
) -> None:
    """All blocks together, over the example, with the example's cases and those of the page."""
    assert blocks(page, "yaml")
    code, told = check(written(tmp_path, page))
    assert code == 0, told


def test_the_definition_of_the_page_breaks_the_case_that_it_says(
    check: Callable[[Path], tuple[int, str]], tmp_path: Path
) -> None:
    """Without the page's own cases one of the example's is true no more, and no other."""
    config = written(tmp_path, "marketing-operations")
    shutil.copy(ROOT / "config" / "cases" / "person.yaml", config / "cases" / "person.yaml")
    code, told = check(config)
    assert code == 2
    assert "person.yaml:71:105: whoever comes back begins another cycle: the outcome is waits" in told
    assert "1 flaw;" in told


def commands() -> Iterator[tuple[str, str]]:
    """Every command of the pages, with its page."""
    for page in PAGES:
        for block in blocks(page, "sh"):
            yield from ((page, line) for line in block.splitlines() if line.startswith("syncd "))


@pytest.mark.parametrize(("page", "line"), list(commands()))
def test_every_command_is_one_that_the_program_takes(page: str, line: str) -> None:
    """Parsed, and not carried out: commands, options and the number of words."""
    parse(line)


@pytest.fixture
def agreed(tmp_path: Path) -> Iterator[Steps]:
    """Accounts that are set up for what the page for marketing operations says to write."""
    made = fitted(written(tmp_path, "marketing-operations"))
    options = ["Not a fit", "Could not be reached", "Not now", "Is in twice", "Address or number is wrong"]
    more = ["Price", "Bought elsewhere", "Did not decide"]
    values = [{"value": each} for each in (*options, *more)]
    select = {"name": "sales_reason", "type": "enumeration", "fieldType": "select", "options": values}
    made.both.hubspot.add_property("contacts", select)
    made.both.hubspot.add_property("contacts", {"name": "hs_analytics_source"})
    made.both.salesforce.add_field("Lead", text("Reason__c", "Reason", 80, custom=True))
    yield made
    made.both.store.close()


def test_a_person_goes_round_as_the_page_tells(agreed: Steps) -> None:
    """Marketing's word for sales is listed; a no waits for its reason; who comes back is in the second cycle."""
    steps = agreed
    contact, lead = steps.pair(
        email="ann@acme-works.com", company="Acme", hs_analytics_source="PAID_SEARCH", jobtitle="CFO"
    )
    assert steps.sold(lead, "LeadSource") == "PAID_SEARCH"
    assert steps.sold(lead, "Syncd_Persona__c") == "finance"
    steps.market(contact, **SQL)
    steps.cycle()
    (listed,) = steps.both.store.conflicts()
    assert listed.topic is Topic.MOVE
    assert "mql -> sql is declared for sales, system; it was made by marketing" in listed.reason
    steps.market(contact, lifecyclestage="")
    steps.market(contact, **MQL)
    steps.sell(lead, Status=CLOSED)
    steps.cycle()
    (waiting,) = steps.both.store.conflicts()
    assert "needs a reason of the list rejected" in waiting.reason
    steps.sell(lead, Reason__c="Timing")
    steps.cycle()
    assert steps.marketed(contact, "sales_reason") == "Not now"
    assert steps.marketed(contact, "hs_lead_status") == "UNQUALIFIED"
    steps.market(contact, **MQL, sales_reason="")
    steps.cycle()
    assert both_show(steps, contact, lead) == (*MQL.values(), NEW)
    assert journey(steps).cycle == 2
    assert not steps.sold(lead, "Reason__c")


def test_nobody_is_made_whom_the_page_wants_kept_back(agreed: Steps) -> None:
    """An MQL without a company, or with a free address, becomes no Lead."""
    agreed.contact(**MQL, email="cy@corp-works.com")
    agreed.contact(**MQL, email="sue@gmail.com", company="Acme")
    agreed.cycle()
    assert not agreed.live("Lead")
