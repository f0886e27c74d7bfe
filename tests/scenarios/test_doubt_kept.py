"""What is in doubt after a restored store waits for a person, also where a write of another field meets an edit."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from sandbox.faults.calls import salesforce_write
from sandbox.kernel import Fault, HttpRequest
from syncd.core.doubt import RESTORED
from tests.scenarios.steps import Steps
from tests.scenarios.test_restored_store import Site, in_doubt
from tests.worlds import ROOT, open_both


def guarded(folder: Path) -> Path:
    """The example configuration, of which an e-mail address is written only if nobody touched the record meanwhile."""
    config = folder / "config"
    shutil.copytree(ROOT / "config", config)
    path = config / "schema" / "person.yaml"
    schema = yaml.safe_load(path.read_text(encoding="utf-8"))
    schema["fields"]["email"].update(confirm="precondition", policy="crm")
    path.write_text(yaml.safe_dump(schema, sort_keys=False), encoding="utf-8")
    return config


def test_a_write_that_comes_too_late_decides_nothing_that_is_in_doubt(tmp_path: Path) -> None:
    """The older store cannot know whose city is newer. Marketing changes the address, and sales touches the record in
    the moment of that write: it is decided on once more, but for the city.
    """
    site = Site(Steps(open_both(f"sqlite:///{tmp_path}/state.db", config=guarded(tmp_path))), tmp_path)
    contact, lead = site.steps.pair(city="Old")
    site.until_quiet()
    in_doubt(site, contact, lead)

    def touch(request: HttpRequest) -> HttpRequest:
        site.both.clock.advance(1.2)
        site.steps.sell(lead, Title="Head")
        site.both.clock.advance(1.2)
        return request

    site.steps.market(contact, email="new@example.com")
    site.both.salesforce.faults.arm(Fault("touched", salesforce_write, when="around", prepare=touch))
    assert site.run(after=3_600.0).run.counts["stale.crm"] == 1
    site.until_quiet()
    assert site.steps.sold(lead, "Email") == "new@example.com"
    assert (site.steps.marketed(contact, "city"), site.steps.sold(lead, "City")) == ("New", "Old")
    assert site.steps.conflict().reason == RESTORED
    site.stop()
