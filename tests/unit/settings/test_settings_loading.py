"""From files and environment to frozen settings."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.certificates import Authority
from syncd.model.brake import Limit, Limits, Measure
from syncd.model.errors import BadConfig, BadUsage, Flaw, NeedsOperator
from syncd.model.mapping import Confirm, Direction, TableRow
from syncd.model.values import Lane, Pair, Side
from syncd.settings.loading import load
from syncd.settings.main_file import outline
from tests.unit.settings.conftest import PERSON, Folder


def test_defaults(folder: Folder) -> None:
    """What is not said is the choice that cannot hurt."""
    loaded = folder.load()
    settings = loaded.connection(None)
    connection = settings.connection
    assert (connection.name, connection.mode, connection.allow_billable) == ("main", "live", False)
    assert connection.horizon == Pair(120, 600)
    assert settings.marketing.base_url == "https://api.hubapi.com"
    assert settings.crm.api_version == "64.0"
    assert loaded.store_url().get_secret_value() == "sqlite:///var/syncd.db"
    email, stage = connection.kinds[0].fields
    assert (email.direction, email.confirm, email.lane) == (Direction.BOTH, Confirm.READBACK, Lane.ORDINARY)
    assert (stage.confirm, stage.lane) == (Confirm.READBACK, Lane.HANDOFF)
    assert email.slots == Pair({"contacts": ("email",)}, {"Lead": ("Email",), "Contact": ("Email",)})
    assert stage.slots.crm == {"Lead": ("Status",)}


def test_table_rows(folder: Folder) -> None:
    """A row reads its form and the further ones, and writes the first; ``*`` is any, empty is empty."""
    folder.person("crm: Open}", 'crm: Open, also: {marketing: [[marketingqualifiedlead, ""]], crm: [Offen]}}')
    mql, sql = folder.load().connection("main").connection.kinds[0].fields[1].table
    assert mql == TableRow(
        "mql",
        reads=Pair((("marketingqualifiedlead", "NEW"), ("marketingqualifiedlead", "")), (("Open",), ("Offen",))),
        writes=Pair(("marketingqualifiedlead", "NEW"), ("Open",)),
    )
    assert sql.writes.marketing == ("salesqualifiedlead", None)


def test_way_back_takes_the_form_from_the_other_rows(folder: Folder) -> None:
    """Two values in one CRM word: both write it, one is read from it."""
    folder.person("crm: Working}", "crm: Open}")
    folder.person("crm: Open}\n      sql", "crm: Open, way_back: [crm]}\n      sql")
    mql, sql = folder.load().connection("main").connection.kinds[0].fields[1].table
    assert (mql.reads.crm, sql.reads.crm) == ((("Open",),), ())
    assert (mql.writes.crm, sql.writes.crm) == (("Open",), ("Open",))


def test_constants_are_canonical(folder: Folder) -> None:
    """A default is kept as its type keeps values, whatever the file looks like."""
    folder.field(
        "size: {type: integer, marketing: a, crm: A, create_default: {crm: 007}}\n"
        "  name: {type: string, marketing: b, crm: B, create_default: {marketing: ' (unknown) '}}"
    )
    size, name = folder.load().connection("main").connection.kinds[0].fields[2:]
    assert size.create_default == Pair(None, 7)
    assert name.create_default == Pair("(unknown)", None)


def test_environment_over_overlay_over_file(folder: Folder) -> None:
    """The nearest to the process wins, and only for the keys it names."""
    folder.write("env/stage.yaml", "log: {level: debug}\nconnections: {main: {mode: shadow, horizon: {crm: 5}}}\n")
    folder.environ = {
        "SYNCD_ENV": "stage",
        "SYNCD_CONNECTIONS__MAIN__HORIZON__CRM": "7",
        "SYNCD_CONNECTIONS__MAIN__CRM__CLIENT_SECRET": "0123e4",
        "SYNCD_STORE__URL": "sqlite:///other.db",
        "PATH": "/bin",
    }
    loaded = folder.load()
    settings = loaded.connection("main")
    assert (loaded.log_level, settings.connection.mode, settings.connection.horizon) == (
        "debug",
        "shadow",
        Pair(120, 7),
    )
    assert settings.crm.client_secret is not None
    assert settings.crm.client_secret().get_secret_value() == "0123e4"
    assert loaded.store_url().get_secret_value() == "sqlite:///other.db"


def test_environment_alone_can_hold_syncd_yaml(folder: Folder) -> None:
    """Every value may come from the environment, nested ones and JSON too."""
    folder.write("syncd.yaml", "version: 1\nconnections: {main: {}}\n")
    prefix = "SYNCD_CONNECTIONS__MAIN__"
    folder.environ = {
        f"{prefix}MARKETING": '{"access_token": "t", "base_url": "http://127.0.0.1:8081"}',
        f"{prefix}CRM__LOGIN_URL": "http://[::1]:8082",
        f"{prefix}CRM__CLIENT_ID": "0012",
        f"{prefix}CRM__CLIENT_SECRET": "s",
        f"{prefix}SCOPE": "all",
    }
    settings = folder.load().connection("main")
    assert settings.marketing.base_url == "http://127.0.0.1:8081"
    assert (settings.crm.login_url, settings.crm.client_id) == ("http://[::1]:8082", "0012")


def test_secret_files_are_read_again_and_guarded(folder: Folder) -> None:
    """A new secret is in use at once; a file that everybody can read is refused at load and at use."""
    file = folder.write("secrets/token", "first\n")
    file.chmod(0o600)
    folder.change("syncd.yaml", "access_token: token", "access_token_file: secrets/token")
    token = folder.load().connection("main").marketing.access_token
    assert token().get_secret_value() == "first"
    file.write_text("second")
    assert token().get_secret_value() == "second"
    assert "second" not in repr(token)
    file.chmod(0o644)
    with pytest.raises(NeedsOperator, match="can be read by everybody"):
        token()
    (flaw,) = folder.flaws()
    assert flaw.startswith("syncd.yaml:4:")
    assert "access_token_file" in flaw
    assert "chmod o-rwx" in flaw
    file.unlink()
    with pytest.raises(NeedsOperator, match="does not exist"):
        token()


def test_authorities_of_a_file(folder: Folder, tmp_path: Path) -> None:
    """Relative to the folder of syncd.yaml; without the key only the public ones are trusted."""
    assert folder.load().connection("main").ca_file is None
    file = Authority(now=datetime.now(UTC)).write(tmp_path / "elsewhere")
    folder.write("ca/own.pem", file.read_text())
    folder.change("syncd.yaml", "version: 1", "version: 1\nhttp: {ca_file: ca/own.pem}")
    used = folder.load().connection("main").ca_file
    assert used is not None
    assert Path(used).read_bytes() == file.read_bytes()


def test_scope_of_the_connection(folder: Folder) -> None:
    """``all`` takes the mapping's scope away; an expression narrows it, on the kinds that have its fields."""
    folder.person("match:", 'scope: {marketing: "email != null"}\nmatch:')
    own = folder.load().connection("main").connection
    assert own.kinds[0].scope == Pair("email != null", None)
    folder.environ = {"SYNCD_CONNECTIONS__MAIN__SCOPE": "all"}
    every = folder.load().connection("main").connection
    assert every.kinds[0].scope == Pair(None, None)
    folder.environ = {"SYNCD_CONNECTIONS__MAIN__SCOPE": '{"marketing": "stage == \'mql\'"}'}
    narrow = folder.load().connection("main").connection
    assert narrow.kinds[0].scope.marketing == "(email != null) && (stage == 'mql')"
    assert len({own.config_hash, every.config_hash, narrow.config_hash}) == 3


@pytest.mark.parametrize(
    ("scope", "flaw"),
    [
        (
            "country == 'DE'",
            """each side; write `scope: {marketing: "country == 'DE'", crm: "country == 'DE'"}`""",
        ),
        ('{"markting": "true"}', "unknown key 'markting'; did you mean 'marketing'?"),
    ],
)
def test_a_scope_that_is_none(folder: Folder, scope: str, flaw: str) -> None:
    """One flaw, which shows how it is written, and none that it is no `all`."""
    folder.environ = {"SYNCD_CONNECTIONS__MAIN__SCOPE": scope}
    (told,) = folder.flaws()
    assert told.endswith(flaw)


@pytest.mark.parametrize(
    ("file", "text", "flaw"),
    [
        ("syncd.yaml", "hello", "the file: must be keys with values (`version:`, `connections:`), and is text"),
        ("syncd.yaml", "- a", "the file: must be keys with values (`version:`, `connections:`), and is a list"),
        ("schema/person.yaml", "4", "the file: must be keys with values (`kind:`, `marketing:`, ...), and is a number"),
        ("syncd.yaml", "version: 1\nconnections: main", "connections: must be keys with values, and is text"),
        (
            "syncd.yaml", "version: 1\nconnections: {main: hello}",
            "connections.main: must be keys with values (`marketing:`, `crm:`), and is text",
        ),
        (
            "syncd.yaml", "version: 1\nhttp: true\nconnections: {}",
            "http: must be keys with values (`ca_file:`), and is true or false",
        ),
        ("schema/person.yaml", "match: {field: email}", "match: must be a list, and is keys with values"),
    ],
)  # fmt: skip
def test_what_is_no_keys_with_values(folder: Folder, file: str, text: str, flaw: str) -> None:
    """What must stand there and what does, in words of YAML: no name of a class of ours."""
    folder.write(file, text)
    found = folder.flaws()
    assert any(flaw in each for each in found), found
    assert not any("Section" in each or "instance" in each or "File" in each for each in found)


def test_an_origin_needs_a_field_of_its_own(folder: Folder) -> None:
    """A mapped field, or the key, would be overwritten by the mark."""
    folder.person("key: syncd_crm_id}", "key: syncd_crm_id, origin: Email}")
    folder.person("key: Syncd_Marketing_Id__c}", "key: Syncd_Marketing_Id__c, origin: syncd_marketing_id__c}")
    assert [flaw.split(": ", 1)[1] for flaw in folder.flaws()] == [
        "Email is mapped as well, or is the key field; give the origin a field of its own",
        "syncd_marketing_id__c is mapped as well, or is the key field; give the origin a field of its own",
    ]


def test_hash_follows_decisions_only(folder: Folder) -> None:
    """A comment does not change the hash; a policy does."""
    before = folder.load()
    folder.write("schema/person.yaml", "# a comment\n" + PERSON)
    assert folder.load().hash == before.hash
    folder.person("crm: Email}", "crm: Email, policy: crm}")
    assert folder.load().hash != before.hash


def test_kinds_are_in_order_of_reference(folder: Folder) -> None:
    """What is referred to is synced first."""
    folder.write(
        "schema/company.yaml",
        "kind: company\nmarketing: {object: companies, key: k}\ncrm: {objects: Account, key: K__c}\n"
        "fields: {name: {type: string, marketing: name, crm: Name}}\n",
    )
    folder.field("company: {type: reference, kind: company, marketing: companies, crm: {Contact: AccountId}}")
    assert [kind.kind for kind in folder.load().connection("main").connection.kinds] == ["company", "person"]


def test_choosing_a_connection(folder: Folder) -> None:
    """A name that is not there is answered with those that are."""
    with pytest.raises(BadUsage, match="no connection 'x'; use one of main"):
        folder.load().connection("x")


def test_no_configuration(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody is in another folder: the sentence says which one was looked in, and how to name another."""
    folder.path.joinpath("syncd.yaml").unlink()
    (flaw,) = folder.flaws()
    assert flaw.startswith("syncd.yaml: there is no configuration at syncd.yaml; go to the folder")
    monkeypatch.chdir(folder.path)
    with pytest.raises(BadConfig, match=rf"there is no configuration at {folder.path}/config; .*--config or SYNCD_CON"):
        load(Path("config"), {})


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("mysql://u:hush@h/d", "store.url names a 'mysql' database, and syncd knows sqlite and postgresql"),
        ("var/hush.db", "store.url is no address of a database"),
        ("sqlite://var/hush.db", "store.url names a host, and SQLite has none: a path begins after the third slash"),
    ],
)
def test_a_store_address_that_cannot_work(folder: Folder, url: str, wrong: str) -> None:
    """Found when the configuration is read, by whatever reads it, at its line and without what may be a password."""
    main = folder.path / "syncd.yaml"
    main.write_text(f"store: {{url: '{url}'}}\n{main.read_text(encoding='utf-8')}", encoding="utf-8")
    for reading in (folder.flaws, lambda: [str(flaw) for flaw in outline_flaws(main)]):
        (flaw,) = reading()
        assert f"syncd.yaml:1:14: {wrong}" in flaw
        assert "give `sqlite:///FOLDER/syncd.db`" in flaw
        assert "hush" not in flaw


def outline_flaws(main: Path) -> tuple[Flaw, ...]:
    """What commands find that only look at the store."""
    with pytest.raises(BadConfig) as caught:
        outline(main, {})
    return caught.value.flaws


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:////var/x.db", "postgres://h/d", "postgresql+psycopg://u:p@h/d"])
def test_store_addresses_that_work(folder: Folder, url: str) -> None:
    """Files, databases with or without a driver, and a store in memory."""
    folder.environ["SYNCD_STORE__URL"] = url
    assert folder.load().store_url().get_secret_value() == url


def test_reading_only_a_side_is_no_second_writer(folder: Folder) -> None:
    """Two shared fields may read one vendor field, if neither or only one writes it."""
    folder.field(
        "owner: {type: owner, marketing: hubspot_owner_id, crm: OwnerId}\n"
        "  owner_name: {type: string, marketing: owner_name, crm: OwnerId, direction: to_marketing,"
        " transform: {crm: {read: [owner_name]}}}"
    )
    fields = folder.load().connection("main").connection.kinds[0].fields
    assert [each.direction for each in fields[2:]] == [Direction.TO_MARKETING, Direction.TO_MARKETING]
    assert fields[2].confirm is Confirm.READBACK
    assert Side.CRM not in [side for side in Side if fields[2].direction.flows_to(side)]


def test_limits_of_the_brake(folder: Folder) -> None:
    """What is not given is the default's; the hour may have a limit of its own; nonsense is a flaw at its place."""
    default = folder.load().connection(None).connection.brake
    assert default == Limits()
    assert default.day[Measure.CLEARS].of(10_000) == 100
    brake = "brake: {updates: {records: 7}, clears: {share: 0.5, hour: {records: 1, share: 0}}}"
    folder.change("syncd.yaml", "  main:", f"  main:\n    {brake}")
    limits = folder.load().connection(None).connection.brake
    assert limits.day[Measure.UPDATES] == limits.hour[Measure.UPDATES] == Limit(7, 0.05)
    assert (limits.day[Measure.CLEARS], limits.hour[Measure.CLEARS]) == (Limit(25, 0.5), Limit(1, 0.0))
    for wrong in ("updates: {records: -1}", "updates: {share: 2}", "update: {records: 1}", "off: true"):
        folder.change("syncd.yaml", brake, f"brake: {{{wrong}}}")
        with pytest.raises(BadConfig):
            folder.load()
        folder.change("syncd.yaml", f"brake: {{{wrong}}}", brake)
