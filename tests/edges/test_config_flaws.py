"""Bad config files: every mistake is named with file, line, column and what to do, before anything else happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.model.errors import BadConfig
from syncd.model.mapping import RecordTypeRule
from syncd.model.values import Side
from tests.unit.settings.conftest import Folder

FIRST_NEW_LINE = 14  # where a field added by Folder.field() stands in person.yaml


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A sound configuration."""
    return Folder(tmp_path)


# changed piece of syncd.yaml, what it becomes, start of the flaw, advice in it
MAIN_FLAWS = [
    ("version: 1", "version: 2", "syncd.yaml:1:10: version 2 was written for a newer syncd", "upgrade syncd"),
    ("version: 1", f"version: {'9' * 5000}", "syncd.yaml:1:10: version", "write one of 1"),
    ("version: 1", "version: ²", "syncd.yaml:1:10: version", "write one of 1"),
    ("version: 1", "version: 0", "syncd.yaml:1:10: there never was a version 0", "write `version: 1`"),
    ("version: 1\n", "", "syncd.yaml:1:1: the key 'version' is missing", "add it"),
    ("version: 1", "version: 1\nversion: 1", "syncd.yaml:2:1: the key 'version' again (first in line 1)", "keep one"),
    ("connections:", "conections:", "syncd.yaml:2:1: unknown key 'conections'", "did you mean 'connections'?"),
    ("{access_token:", "{acess_token:", "syncd.yaml:4:17: unknown key 'acess_token'", "did you mean 'access_token'?"),
    (
        "version: 1",
        "version: 1\nbrake: {}",
        "syncd.yaml:2:1: unknown key 'brake'",
        "known keys here: backup, connections, console, http, jobs, keep, log",
    ),
    ("  main:", "  Main:", "syncd.yaml:3:3: connections.Main: the name 'Main' cannot be used", "lower case letters"),
    (
        "access_token: token",
        "rate: {}",
        "syncd.yaml:4:16: connections.main.marketing: no credential",
        "access_token_file",
    ),
    ("{access_token: token}", "{access_token: t, access_token_file: f}", "syncd.yaml:4:16: ", "keep one of them"),
    ("https://x", "http://x", "syncd.yaml:5:22: connections.main.crm.login_url: plain http", "write https"),
    (
        "https://x.",
        "https://ann:pw@x.",
        "syncd.yaml:5:22: connections.main.crm.login_url: a name or password",
        "own keys",
    ),
    (
        "https://x.my.salesforce.com",
        "x",
        "syncd.yaml:5:22: connections.main.crm.login_url: this is no web",
        "https://HOST",
    ),
    (
        ", client_secret: secret",
        "",
        "syncd.yaml:5:10: connections.main.crm: client_credentials needs",
        "client_secret_file",
    ),
    ("client_secret: secret", "flow: jwt_bearer, private_key: k", "syncd.yaml:5:10: ", "set username"),
    (
        "client_id: id",
        "client_id: true",
        "syncd.yaml:5:64: connections.main.crm.client_id: this is read as true",
        "quotes",
    ),
    ("client_secret: secret", "client_secret_file: nothing", "syncd.yaml:5:88: ", "mend the path"),
    ("version: 1", "version: 1\nhttp: {ca_file: nothing}", "syncd.yaml:2:17: http.ca_file: ", "mend the path"),
    ("version: 1", "version: 1\nhttp: {ca_file: .}", "syncd.yaml:2:17: http.ca_file: ", "name the file itself"),
    ("version: 1", "version: 1\nhttp: {ca_file: syncd.yaml}", "syncd.yaml:2:17: http.ca_file: ", "BEGIN CERTIFICATE"),
    ("version: 1", "version: 1\nlog: {level: loud}", "syncd.yaml:2:14: log.level: input should be", "write one of"),
    ("  main:", "  main:\n    horizon: {crm: -1}", "syncd.yaml:4:20: connections.main.horizon.crm: ", "correct"),
    ("  main:", "  main:\n    directory: no", "syncd.yaml:4:16: ", "add schema/person.yaml"),
    ("  main:", "  main:\n    scope: {crm: 'nme == 1'}", "syncd.yaml:4:18: CEL does not compile", "known are: email"),
    ("  main:", "  main:\n    scope: {crm: 'email == 1'}", "syncd.yaml:4:18: this makes no sense", "of its own sort"),
    ("  main:", "  main:\n    scope: {crm: 'email == '}", "syncd.yaml:4:18: CEL does not compile", "mend the CEL"),
    ("https://x", "${ORG}", "syncd.yaml:5:22: connections.main.crm.login_url: this is no web", "https://HOST"),
]


@pytest.mark.parametrize(("old", "new", "start", "advice"), MAIN_FLAWS)
def test_flaws_of_syncd_yaml(folder: Folder, old: str, new: str, start: str, advice: str) -> None:
    """Each mistake in syncd.yaml is one flaw at its place, with advice."""
    folder.change("syncd.yaml", old, new)
    assert any(flaw.startswith(start) and advice in flaw for flaw in folder.flaws()), folder.flaws()


# changed piece of schema/person.yaml, what it becomes, start of the flaw, advice in it
MAPPING_FLAWS = [
    ("crm: Email}", "crm: Email, polcy: crm}", "7:54: unknown key 'polcy'", "did you mean 'policy'?"),
    ("crm: Email}", "crm: Email, crm: Mail}", "7:54: the key 'crm' again (first in line 7)", "keep one"),
    ("crm: Email}", "crm: Email, policy: newest}", "7:62: newest does not say who wins", "add `tie: crm`"),
    ("crm: Email}", "crm: Email, tie: crm}", "7:59: tie does nothing", "remove it"),
    ("crm: Email}", "crm: Email, policy: union}", "7:62: union cannot join values of type email", "sets only"),
    ("crm: Email}", "crm: Email, region: US}", "7:62: a region does nothing", "type: phone"),
    ("crm: Email}", "crm: Email, currency: EUR}", "7:64: a currency does nothing", "type: money"),
    ("crm: Email}", "crm: Email, kind: person}", "7:60: kind does nothing", "type: reference"),
    ("crm: Email}", "crm: Email, direction: to_crm, clear: to_marketing}", "7:80: clears cannot go", "the same way"),
    ("crm: Email}", "crm: Email, transform: [trimm]}", "7:65: unknown transform trimm", "use one of trim"),
    ("crm: Email}", "crm: Email, transform: [{truncate: 3}]}", "7:65: truncate loses something", "one-way"),
    ("crm: Email}", "crm: Email, transform: [{cel: 'value +'}]}", "7:65: line 1, column", "mend the CEL"),
    ("crm: Email}", "crm: Account.Email}", "7:47: Account.Email reaches into another record", "the object itself"),
    ("crm: Email}", "crm: [Email, Email2]}", "7:47: a field of type email has at most 1 vendor field", "name fewer"),
    ("crm: Email}", "crm: {Led: Email}}", "7:48: Led is no object of this kind", "use one of Lead, Contact"),
    ("crm: Email}", "crm: Syncd_Marketing_ID__c}", "7:47: Syncd_Marketing_ID__c is the key field", "another field"),
    ("crm: Email}", "crm: '@x'}", "7:47: @x is not a vendor field", "opt_out"),
    ("type: email", "type: mail", "7:17: fields.email.type: input should be", "write one of"),
    (", key: syncd_crm_id", "", "2:12: the key 'key' is missing in marketing", "add it"),
    ("field: email", "field: emial", "4:17: there is no shared field 'emial' to match by", "use one of email, stage"),
    ("field: email", "also: [stag], field: email", "4:17: there is no shared field 'stag' to match by", "use one of"),
    ("object: Lead,", "object: Account,", "5:25: Account is no crm object of this kind", "use one of Lead, Contact"),
    (
        "kind: person\n",
        "kind: person\nseveral: {crm: [{object: Led}]}\n",
        "2:26: Led is no crm object of this kind",
        "use one",
    ),
    (
        "kind: person\n",
        "kind: person\nseveral: {crm: [{objekt: Lead}]}\n",
        "2:17: several.crm.0: this chooses nothing",
        "x",
    ),
    ("stage == 'mql'", "stag == 'mql'", "5:37: CEL does not compile: line 1, column 1: unknown", "did you mean"),
    ("stage == 'mql'", "stage == ", "5:37: CEL does not compile", "mend"),
    ("kind: person", "kind: persons", "1:7: kind: input should be", "write one of"),
    (", crm: Open}", "}", "13:7: the value 'mql' cannot be written on the crm side", "never_written: [crm]"),
    (
        "crm: Working}",
        "crm: Open}",
        "14:7: the table has no way back: on the crm side 'Open' stands for mql and sql",
        "way_back",
    ),
    (
        "[marketingqualifiedlead, NEW]",
        "marketingqualifiedlead",
        "13:24: 'mql' has 1 part on",
        "one part per vendor field",
    ),
    ('[salesqualifiedlead, "*"]', '["*", "*"]', "14:24: the value 'sql' has no form to write", "name at least one"),
    ("    values:\n", "    unknown: default\n    values:\n", "12:14: there is no default", "add `default:`"),
    ("    values:\n", "    default: x\n    values:\n", "12:14: the default is never used", "remove it"),
    (
        "crm: {Lead: Status}",
        "crm: {Lead: Status, Contact: [A, B]}",
        "11:10: the objects have different numbers",
        "as many",
    ),
]


@pytest.mark.parametrize(("old", "new", "start", "advice"), MAPPING_FLAWS)
def test_flaws_of_a_mapping(folder: Folder, old: str, new: str, start: str, advice: str) -> None:
    """Each mistake in a mapping file is one flaw at its place, with advice."""
    folder.person(old, new)
    found = folder.flaws()
    assert any(flaw.startswith(f"schema/person.yaml:{start}") and advice in flaw for flaw in found), found


# a further shared field, what is wrong with it, advice
FIELD_FLAWS = [
    (
        "mail: {type: string, marketing: other, crm: email}",
        "email would be written by both email and mail",
        "map it once",
    ),
    ("pay: {type: money, marketing: a, crm: A}", "this money has no currency", "add `currency: EUR`"),
    ("n: {type: integer, marketing: a, crm: A, create_default: {crm: many}}", "cannot be read as integer", "that type"),
    (
        "s: {type: enum, marketing: a, crm: A, unknown: default, default: c, values: {b: {marketing: b, crm: B}}}",
        "'c' is no value of the table",
        "use one of b",
    ),
    ("boss: {type: reference, marketing: a, crm: A}", "does not say what it points to", "add `kind: company`"),
    (
        "boss: {type: reference, kind: robot, marketing: a, crm: A}",
        "no mapping of the kind 'robot'",
        "schema/robot.yaml",
    ),
    ("size: {type: enum, marketing: a, crm: A}", "an enum needs its value table", "unknown: pass"),
    ("out: {type: opt_out, marketing: '@unsubscribed', crm: O, clear: both}", "never taken back", "remove `clear`"),
    ("out: {type: opt_out, marketing: hs_email_optout, crm: O}", "let anybody write hs_email_optout", "@unsubscribed"),
    (
        "out: {type: opt_out, marketing: hs_email_optout_12, crm: O}",
        "let anybody write hs_email_optout_12",
        "@unsubscribed",
    ),
    (
        "at: {type: country, marketing: a, crm: A, values: {de: {marketing: a, crm: b}}}",
        "cannot serve type country",
        "enum",
    ),
]


@pytest.mark.parametrize(("text", "what", "advice"), FIELD_FLAWS)
def test_flaws_of_a_field(folder: Folder, text: str, what: str, advice: str) -> None:
    """Each mistake in one more field is a flaw in its line."""
    folder.read_only = {Side.MARKETING: {"hs_email_optout*": 'use "@unsubscribed"'}}
    folder.field(text)
    found = folder.flaws()
    where = f"schema/person.yaml:{FIRST_NEW_LINE + 1}:"
    assert any(flaw.startswith(where) and what in flaw and advice in flaw for flaw in found), found


RULE = "{object: Lead, when: \"stage == 'mql'\"}"
# what the create rule of line 5 becomes, what is wrong, advice in it
RECORD_TYPE_FLAWS = [
    ("{object: Lead, record_type: [{name: A, when: 'stge == 1'}]}", "CEL does not compile", "stage"),
    ("{object: Lead, record_type: [{name: A}, {name: B}]}", "a rule without `when` hides the rules below it", "last"),
    ("{object: Lead, record_type: [{nme: A}]}", "unknown key 'nme'", "did you mean 'name'?"),
]


@pytest.mark.parametrize(("rule", "what", "advice"), RECORD_TYPE_FLAWS)
def test_flaws_of_a_record_type(folder: Folder, rule: str, what: str, advice: str) -> None:
    """A mistake in the record type of a create rule is a flaw in its line."""
    folder.person(RULE, rule)
    found = folder.flaws()
    assert any(flaw.startswith("schema/person.yaml:5:") and what in flaw and advice in flaw for flaw in found), found


def test_only_crm_records_have_record_types(folder: Folder) -> None:
    """On the marketing side the key does not exist."""
    folder.person("create: {", "create: {marketing: [{object: contacts, record_type: A}], ")
    (flaw,) = folder.flaws()
    assert "unknown key 'record_type'" in flaw


def test_a_record_type_is_a_name_or_rules(folder: Folder) -> None:
    """A name alone is a rule that always holds."""
    folder.person(RULE, "{object: Lead, record_type: Inbound}")
    short = folder.load().connection("main").connection.kinds[0].create.crm
    folder.person("record_type: Inbound", "record_type: [{name: Inbound}]")
    assert short == folder.load().connection("main").connection.kinds[0].create.crm
    assert short[0].record_types == (RecordTypeRule("Inbound"),)


def test_a_read_only_field_may_be_read(folder: Folder) -> None:
    """What nobody can write may still flow away from its side."""
    folder.read_only = {Side.MARKETING: {"hs_email_optout*": 'use "@unsubscribed"'}}
    folder.field("out: {type: opt_out, marketing: hs_email_optout, crm: O, direction: to_crm}")
    assert folder.load().connection("main").connection.kinds[0].fields[-1].name == "out"


def test_all_flaws_of_all_files_at_once(folder: Folder) -> None:
    """A person mends everything in one go: flaws of several files come together, in order."""
    folder.person("crm: Email}", "crm: Email, polcy: crm, region: 1}")
    folder.write("cases/a.yaml", "kind: person\ncases: [{name: x}]\n")
    folder.change("syncd.yaml", "client_secret: secret", "client_secret_file: nothing")
    assert [flaw.split(":")[0] for flaw in folder.flaws()] == [
        "cases/a.yaml",
        "schema/person.yaml",
        "schema/person.yaml",
        "syncd.yaml",
    ]


def test_one_account_in_two_connections(folder: Folder) -> None:
    """An account that two connections share would be written by both."""
    text = folder.path.joinpath("syncd.yaml").read_text()
    folder.write("syncd.yaml", text + text.split("connections:\n")[1].replace("main:", "again:"))
    found = folder.flaws()
    assert len(found) == 2
    assert all("the account of the connection main" in flaw for flaw in found)


def test_one_kind_in_two_files(folder: Folder) -> None:
    """A kind has one mapping."""
    folder.write("schema/second.yaml", folder.path.joinpath("schema/person.yaml").read_text())
    (flaw,) = folder.flaws()
    assert flaw.startswith("schema/second.yaml:1:7: the kind person is mapped in")


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("SYNCD_CONNECTION__MAIN__MODE", "live", "names no setting"),
        ("SYNCD_CONNECTIONS__MAIN__MOD", "live", "did you mean 'mode'?"),
        ("SYNCD_LOG__LEVEL", "loud", "log.level: input should be"),
        ("SYNCD_CONNECTIONS__MAIN__HORIZON", '{"crm": ', "is no JSON"),
        ("SYNCD_ENV", "nowhere", "names no overlay"),
    ],
)
def test_flaws_of_the_environment(folder: Folder, name: str, value: str, what: str) -> None:
    """A misspelt variable is a flaw that names it, and not silently without effect."""
    folder.environ = {name: value}
    (flaw,) = folder.flaws()
    assert name in flaw
    assert what in flaw


@pytest.mark.parametrize("given", ["{a: CANARY}", "[CANARY]", "CANARY, flow: x", "CANARY, client_secret_file: y"])
def test_secrets_never_show_in_flaws(folder: Folder, given: str) -> None:
    """Whatever is wrong with a secret, its value is not in the error."""
    folder.change("syncd.yaml", "client_secret: secret", f"client_secret: {given}")
    with pytest.raises(BadConfig) as caught:
        folder.load()
    assert "CANARY" not in str(caught.value)
    assert "CANARY" not in repr(caught.value.flaws)


@pytest.mark.parametrize("text", ["", "# nothing\n", "null", "[]", "text", "a: [", "\x00", "{" * 2000])
@pytest.mark.parametrize("name", ["syncd.yaml", "schema/person.yaml", "cases/a.yaml"])
def test_any_text_is_a_flaw_and_no_traceback(folder: Folder, name: str, text: str) -> None:
    """Files that hold nothing or anything end in flaws of that file."""
    folder.write(name, text)
    assert any(flaw.startswith(name) for flaw in folder.flaws())


def test_a_file_that_is_not_utf_8(folder: Folder) -> None:
    """Another encoding is named with its line."""
    folder.path.joinpath("schema/person.yaml").write_bytes(b"kind: person\n# M\xfcller\n")
    assert folder.flaws()[0].startswith("schema/person.yaml:2:1: the file is not UTF-8")


@pytest.mark.parametrize("name", ["x" * 5000, "../../../etc/passwd", "/etc/passwd", "..", "a/b", "nobody"])
def test_an_overlay_is_a_file_of_the_folder_env(folder: Folder, name: str) -> None:
    """A name that is a path, or too long for a file, names no overlay; the flaw stays short, and nothing is read."""
    folder.environ["SYNCD_ENV"] = name
    (flaw,) = folder.flaws()
    assert flaw.startswith("env: SYNCD_ENV=")
    assert "names no overlay; there are: none" in flaw
    assert len(flaw) < 200
