"""A slip of the words is told with exit 2 before a vendor is asked: at once, and also while neither of them answers."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import Run

SECRETS = {
    "SYNCD_CONNECTIONS__MAIN__MARKETING__ACCESS_TOKEN": "pat-na1-none",
    "SYNCD_CONNECTIONS__MAIN__CRM__CLIENT_SECRET": "none",
}
SLIPS = [
    (("rollback",), "name one run"),
    (("rollback", "zzz"), "'zzz'"),
    (("rollback", "--since", "2h", "--field", "nope"), "there is no field 'nope'"),
    (("resync",), "nothing is asked for"),
    (("rollback", "--since", "999999w"), "'999999w' is no time"),
    (("report", "review", "--month", "9999-12"), "is no month"),
    (("resync", "--all", "--kind", "nope"), "there is no kind 'nope'"),
    (("resync", "--all"), "never linked yet"),
    (("link", "unlink", "ann"), "'ann' names no record"),
    (("link", "show", "crm:Nope/1"), "no kind has the crm object 'Nope'"),
    (("forget", "ann"), "'ann' names no record"),
    (("explain", "marketing:51"), "'marketing:51' is no record"),
]


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(("words", "told"), SLIPS, ids=lambda each: " ".join(each) if isinstance(each, tuple) else "")
def test_a_slip_asks_no_vendor(run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], told: str) -> None:
    """Arguments, and what only the store knows, are looked at first."""
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)

    def asked(_world: object) -> None:
        pytest.fail("both vendors are asked")

    monkeypatch.setattr("syncd.engine.world.make_ready", asked)
    said = run(*words)
    assert said.code == 2, said.err
    assert told in said.failure["what"]
