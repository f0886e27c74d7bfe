"""``webhooks`` of a marketing account, and every mistake in it by its place."""

from __future__ import annotations

import pytest

from syncd.bootstrap.hooks import hooks
from syncd.settings.webhooks import hook_path
from tests.unit.settings.conftest import MAIN, Folder

URL = "https://hooks.example.com/webhooks/main"
PLACE = "    marketing: {access_token: pat}\n"


def with_hooks(webhooks: str) -> str:
    """The main file with webhooks."""
    assert MAIN.count("marketing:") == 1
    before, _, rest = MAIN.partition("    marketing:")
    line, _, after = rest.partition("\n")
    inner = line.strip().removeprefix("{").removesuffix("}")
    return f"{before}    marketing: {{{inner}, webhooks: {webhooks}}}\n{after}"


def test_where_the_vendor_calls(folder: Folder) -> None:
    """By path and query; the secret is read at every use and shows nowhere; without the section there is nothing."""
    assert hooks(folder.load()) == {}
    assert folder.load().connection(None).marketing.hinted == 0
    folder.write("secret", "geheim\n").chmod(0o600)
    folder.write("syncd.yaml", with_hooks(f"{{url: '{URL}?a=%3A', client_secret_file: secret}}"))
    loaded = folder.load()
    ((path, hook),) = hooks(loaded).items()
    assert (path, hook.connection, hook.url) == ("/webhooks/main?a=%3A", "main", f"{URL}?a=%3A")
    assert (hook.secret(), loaded.connection(None).marketing.hinted) == ("geheim", 20)
    folder.write("secret", "neu\n")
    assert hook.secret() == "neu"
    assert "neu" in set(loaded.secrets())
    assert "neu" not in repr(loaded)
    assert "contacts" in hook.objects


def test_what_writes_nothing_takes_none(folder: Folder) -> None:
    """A connection in shadow mode."""
    folder.write("secret", "geheim\n").chmod(0o600)
    folder.write("syncd.yaml", with_hooks(f"{{url: '{URL}', client_secret_file: secret}}"))
    folder.environ = {**folder.environ, "SYNCD_CONNECTIONS__MAIN__MODE": "shadow"}
    assert hooks(folder.load()) == {}


@pytest.mark.parametrize(
    ("webhooks", "flaw"),
    [
        (f"{{url: '{URL}'}}", "no secret is given; set client_secret_file"),
        (f"{{url: '{URL}', client_secret: a, client_secret_file: secret}}", "both client_secret and"),
        (f"{{url: '{URL}', client_secret_file: absent}}", "absent does not exist; make it, or mend the path"),
        (f"{{url: '{URL}', client_secret_file: secret, calls: 5}}", "calls"),
        ("{url: 'http://hooks.example.com/x', client_secret_file: secret}", "write the app's target URL"),
        ("{url: 'https://u:p@hooks.example.com/x', client_secret_file: secret}", "write the app's target URL"),
        ("{url: 'https://hooks.example.com', client_secret_file: secret}", "give the address a path"),
        ("{url: 'https://hooks.example.com/a b', client_secret_file: secret}", "ASCII letters only"),
        (f"{{url: '{URL}', client_secret_file: secret, call: 9}}", "call"),
    ],
)
def test_mistakes(folder: Folder, webhooks: str, flaw: str) -> None:
    """With file, line and advice."""
    folder.write("secret", "geheim\n").chmod(0o600)
    folder.write("syncd.yaml", with_hooks(webhooks))
    (found,) = folder.flaws()
    assert flaw in found
    assert found.startswith("syncd.yaml:")
    assert int(found.split(":")[1]) > 1
    assert "geheim" not in found


def test_a_path_belongs_to_one_connection() -> None:
    """A call says by nothing else which one it is for."""
    assert hook_path("https://a.example.com/x?y") == hook_path("https://b.example.com/x?y") == "/x?y"
