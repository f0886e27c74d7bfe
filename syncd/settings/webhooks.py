"""``webhooks`` of a marketing account: where the vendor calls, what signs the calls, and what they may cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from syncd.settings.names import one_of
from syncd.settings.tree import Tree
from syncd.settings.validate import SecretText, Section, Text

if TYPE_CHECKING:
    from syncd.settings.accounts import ConnectionSettings


def _target(value: str) -> str:
    """The address as the vendor has it, to the letter: it is what is signed."""
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise ValueError("write the app's target URL as it stands at the vendor, https://HOST/PATH")
    if not value.isascii() or any(each.isspace() for each in value):
        raise ValueError("an address has ASCII letters only and no space; write others as the vendor has them, as %C3")
    if not parts.path:
        raise ValueError("give the address a path, as in https://HOST/webhooks/main; a bare host is told by nothing")
    return value


class WebhooksSection(Section):
    """Webhooks of the vendor: they make a record be looked at early, and nothing else (docs/webhooks.md)."""

    url: Annotated[Text, AfterValidator(_target)] = Field(
        description="Target URL of the app, letter by letter as it stands at the vendor; its path and query are what "
        "the listener (`syncd run --webhooks ADDRESS`) answers to."
    )
    client_secret: SecretText | None = Field(None, description="Client secret of the app, which signs the calls.")
    client_secret_file: Text | None = Field(None, description="File that holds the secret; read again for every call.")
    calls: int = Field(
        20,
        ge=6,
        le=1_000,
        description="API calls that a cycle may spend at most, for each kind, on what webhooks told of.",
    )

    @model_validator(mode="after")
    def _secret(self) -> WebhooksSection:
        one_of(self, "client_secret")
        if self.client_secret is None and self.client_secret_file is None:
            raise ValueError("no secret is given; set client_secret_file (or client_secret in the environment)")
        return self


def hook_path(url: str) -> str:
    """Path and query of an address, as a listener hears them."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def hooks_apart(connections: Mapping[str, ConnectionSettings | None], tree: Tree) -> None:
    """A call says by its path alone which connection it is for."""
    seen: dict[str, str] = {}
    for name, each in connections.items():
        if each is None or each.marketing.webhooks is None:
            continue
        path = hook_path(each.marketing.webhooks.url)
        first = seen.setdefault(path, name)
        if first != name:
            tree.flaw(
                ("connections", name, "marketing", "webhooks", "url"),
                f"the path {path} is that of the connection {first}",
                "give each connection's target URL a path of its own",
            )
