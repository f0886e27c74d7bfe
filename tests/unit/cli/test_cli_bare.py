"""``syncd sandbox --bare``: what it prints is what docs/first-steps.md says."""

from __future__ import annotations

from pathlib import Path

from sandbox.hubspot.kernel import ADMIN_TOKEN
from sandbox.salesforce.oauth import ADMIN_APP, ConnectedApp
from syncd.cli.stand_ins import _scopes_words

PAGE = (Path(__file__).parents[3] / "docs" / "first-steps.md").read_text(encoding="utf-8")


def test_the_page_has_the_call_that_is_printed() -> None:
    """Word for word, with the address that was printed; the test of the whole page runs it."""
    assert f"\n{_scopes_words('$HUBSPOT')}\n" in PAGE


def test_the_page_tells_every_secret_of_the_stand_ins() -> None:
    """So that all its steps can be walked without an account."""
    for word in (ADMIN_TOKEN, ADMIN_APP.client_id, ADMIN_APP.client_secret, *_daemon()):
        assert f"`{word}`" in PAGE or f": {word}`" in PAGE, word


def _daemon() -> tuple[str, str]:
    app = ConnectedApp()
    return app.client_id, app.client_secret
