"""The example configuration in config/: sound, complete, current, and its cases pass."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from syncd.core.hours import Hours
from syncd.core.normalize import Codec, Context, Lens
from syncd.model.mapping import Clear, Direction, Policy
from syncd.model.rating import LETTERS
from syncd.model.values import FieldType, Lane, Pair, Side
from syncd.settings.accounts import Loaded
from syncd.settings.cases import run_cases
from syncd.settings.loading import load
from syncd.settings.profiles import profiles_of
from syncd.settings.reference import config_reference
from syncd.settings.schema import schema_files, stale_schemas, write_schemas
from tests.unit.settings.conftest import Folder

CONFIG = Path(__file__).parents[3] / "config"
SECRETS = {
    "SYNCD_CONNECTIONS__MAIN__MARKETING__ACCESS_TOKEN": "token",
    "SYNCD_CONNECTIONS__MAIN__CRM__CLIENT_SECRET": "secret",
}
READ_ONLY = {Side.MARKETING: {"hs_email_optout*": "", "hs_marketable_status": ""}}


@pytest.fixture
def example() -> Loaded:
    """The example with credentials from the environment."""
    return load(CONFIG, SECRETS, read_only=READ_ONLY)


def lenses(loaded: Loaded) -> dict[str, Lens]:
    """A reader per kind, with HubSpot's texts and Salesforce's JSON values."""
    kinds = loaded.connection("main").connection.kinds
    return {kind.kind: Lens(kind, Context(), Pair(Codec.TEXT, Codec.JSON)) for kind in kinds}


def test_the_example_is_sound(example: Loaded) -> None:
    """It loads, companies first, and asks for nothing of the vendors but its two kinds."""
    assert [kind.kind for kind in example.connection("main").connection.kinds] == ["company", "person"]
    assert load(CONFIG, {**SECRETS, "SYNCD_ENV": "example"}).connection("main").connection.mode == "shadow"


def test_the_cases_of_the_example_pass(example: Loaded) -> None:
    """What `syncd check` runs."""
    settings = example.connection("main")
    assert len(settings.cases) >= 8
    kinds = {kind.kind: kind for kind in settings.connection.kinds}
    assert run_cases(settings.cases, kinds, lenses(example), profiles_of(settings)) == ()


def test_the_example_declares_personas_rating_and_calendars(example: Loaded) -> None:
    """Every grade can be reached, and each calendar counts a week."""
    settings = example.connection("main")
    assert len(settings.personas) == 3
    assert settings.rating is not None
    assert [each.grade for each in settings.rating.grades] == list(LETTERS)
    most = sum(max(0, rule.points) for rule in settings.rating.rules)
    assert most >= max(each.at_least or 0 for each in settings.rating.grades)
    week = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC)
    hours = {key: Hours(each).between(*week) for key, each in settings.calendars.by_key.items()}
    assert hours == {"us_east": timedelta(hours=42.5), "berlin": timedelta(hours=38), "hotline": timedelta(hours=66)}


def test_the_defaults_that_cannot_hurt(example: Loaded) -> None:
    """Nobody is made in marketing, owners are sales', e-mail clashes are held, clears do not travel."""
    person = example.connection("main").connection.kinds[1]
    fields = {field.name: field for field in person.fields}
    assert person.create.marketing == ()
    assert fields["owner"].direction is Direction.TO_MARKETING
    assert fields["email"].policy is Policy.HOLD
    assert fields["opt_out"].lane is Lane.OPT_OUT
    both_ways = [field for field in person.fields if field.direction is Direction.BOTH]
    assert {field.clear for field in both_ways} == {Clear.HOLD}
    assert {field.policy for field in person.fields} == set(Policy)
    assert all(
        field.optional
        for field in person.fields
        if any("__c" in name for slot in field.slots.crm.values() for name in slot)
    )


def test_a_stage_survives_the_way_there_and_back(example: Loaded) -> None:
    """Every stage that is written on a side is read there as itself."""
    lens = lenses(example)["person"]
    for kind in example.connection("main").connection.kinds:
        for field in kind.fields:
            if field.type is not FieldType.ENUM or field.name != "stage":
                continue
            for row in field.table:
                crm = lens.write(Side.CRM, "Lead", "stage", row.value)
                if isinstance(crm, dict):
                    assert lens.read(Side.CRM, "Lead", "stage", (crm["Status"],)) == row.value
                marketing = lens.write(Side.MARKETING, "contacts", "stage", row.value)
                assert isinstance(marketing, dict)
                wires = (marketing.get("lifecyclestage", "lead"), marketing.get("hs_lead_status", ""))
                assert lens.read(Side.MARKETING, "contacts", "stage", wires) == row.value


def test_a_case_that_fails_says_where(folder: Folder) -> None:
    """A wrong expectation is a flaw at its line, with what is the case instead."""
    folder.write(
        "cases/a.yaml",
        "kind: person\ncases:\n  - name: wrong\n"
        "    given: {side: crm, object: Lead, fields: {Status: Open, Nope: 1}}\n"
        "    expect: {stage: sql, phone: x}\n"
        "    written: {object: contacts, fields: {lifecyclestage: lead, email: x}}\n"
        "  - name: other\n    given: {side: crm, object: Account, fields: {}}\n",
    )
    loaded = folder.load()
    settings = loaded.connection("main")
    flaws = run_cases(settings.cases, {kind.kind: kind for kind in settings.connection.kinds}, lenses(loaded))
    assert [f"{flaw.line}:{flaw.column}: {flaw.what}" for flaw in flaws] == [
        "4:67: no shared field reads Nope",
        "5:21: wrong: stage is 'mql'",
        "5:33: there is no shared field phone",
        "6:58: wrong: lifecyclestage would be 'marketingqualifiedlead'",
        "6:71: wrong: email is not written",
        "8:32: Account is no crm object of this kind",
    ]


def test_schemas_are_current_and_can_be_written(tmp_path: Path) -> None:
    """config/*.schema.json are what the models say; a stale one is found and written."""
    assert stale_schemas(CONFIG) == ()
    written = write_schemas(tmp_path)
    assert {path.name for path in written} == set(schema_files())
    (tmp_path / "schema.json").write_text("{}")
    assert stale_schemas(tmp_path) == (tmp_path / "schema.json",)


def test_examples_name_their_schema() -> None:
    """Editors find the schema by a line in each file."""
    for path in [*CONFIG.glob("*.yaml"), *CONFIG.glob("schema/*.yaml"), *CONFIG.glob("cases/*.yaml")]:
        found = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text(encoding="utf-8"))
        assert found, path
        assert (path.parent / found[1]).is_file()


def test_reference_lists_every_key() -> None:
    """docs/config.md tells type, default, variable and meaning of each key."""
    page = config_reference()
    assert (
        "| `connections.NAME.horizon.crm` | number | `600` | `SYNCD_CONNECTIONS__NAME__HORIZON__CRM` "
        "| Seconds for the CRM: a call may run for ten minutes there. |"
    ) in page
    for key in ("fields.NAME.values.NAME.way_back", "create.crm.N.when", "cases.N.given.fields", "store.url_file"):
        assert f"| `{key}` |" in page
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert all(row.rstrip(" |").rpartition("|")[2].strip() for row in rows)


def test_connection_values_do_not_show_secrets(example: Loaded) -> None:
    """Neither repr nor str of the settings holds a credential."""
    assert "'token'" not in repr(example)
    assert "'secret'" not in repr(example)
