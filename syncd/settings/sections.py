"""What may stand in ``syncd.yaml``. The descriptions here are the text of ``docs/config.md``.

Length: one section after the other, read as a whole.
"""

from __future__ import annotations

import json
from ipaddress import ip_network
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from syncd.settings.brake import BrakeSection
from syncd.settings.names import Name, one_of
from syncd.settings.notify_sections import NotifySection
from syncd.settings.rates import CrmRateSection, RateSection
from syncd.settings.validate import SecretText, Section, Text
from syncd.settings.webhooks import WebhooksSection

CURRENT = 1
LEAST_KEPT = 30
"""Days that history is kept at least."""


def _url(value: str) -> str:
    """https, or plain http on this machine only."""
    parts = urlsplit(value)
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        raise ValueError("this is no web address; write https://HOST")
    if parts.username or parts.password:
        raise ValueError("a name or password in the address; put credentials in their own keys")
    if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "::1"}:
        raise ValueError(
            "plain http would send credentials in the clear; write https (http only to 127.0.0.1 or [::1])"
        )
    return value.rstrip("/")


Url = Annotated[Text, AfterValidator(_url)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]


class StoreSection(Section):
    """Where syncd remembers: links, bases, history."""

    url: Text = Field(
        "sqlite:///var/syncd.db",
        description="SQLAlchemy address of the state store: `sqlite:///FILE` (a relative file counts from the working "
        "directory) or `postgresql+psycopg://USER@HOST/NAME`.",
    )
    url_file: Text | None = Field(None, description="File that holds `url`, for addresses with a password in them.")


class JobsSection(Section):
    """The daemon's own queue of work."""

    url: Text | None = Field(
        None,
        description="SQLAlchemy address of the job engine's database. Not given: `NAME.jobs.db` beside a SQLite store, "
        "the schema `syncd_jobs` in a PostgreSQL one.",
    )
    url_file: Text | None = Field(None, description="File that holds `url`, for addresses with a password in them.")
    threads: int = Field(8, ge=1, le=64, description="Connections that one daemon polls at the same time.")

    @model_validator(mode="after")
    def _once(self) -> JobsSection:
        one_of(self, "url")
        return self


class KeepSection(Section):
    """How long history is kept (docs/retention.md). What waits, or has no ending, is never pruned."""

    audit: int = Field(
        400,
        ge=0,
        le=36_500,
        description="Days that the audit is kept: who wrote which value, and what stood there before, for `explain`, "
        "`rollback` and proof. At least 30; 0: for good.",
    )
    runs: int = Field(
        400, ge=0, le=36_500, description="Days that runs which changed something are kept. At least 30; 0: for good."
    )

    @field_validator("audit", "runs")
    @classmethod
    def _a_month_at_least(cls, value: int) -> int:
        if 0 < value < LEAST_KEPT:
            raise ValueError(f"{value} days are too few to find out what went wrong; write {LEAST_KEPT} or more, or 0")
        return value


class BackupSection(Section):
    """Backups of the store, made by the daemon, encrypted and proven (docs/backups.md)."""

    folder: Text | None = Field(
        None,
        description="Folder that a daemon keeps backups in, best on another disk; relative to the folder of "
        "syncd.yaml. Not given: none are made.",
    )
    every: float = Field(
        86_400, ge=300, le=2_592_000, description="Seconds between two backups: what may be lost at most."
    )
    keep: int = Field(14, ge=1, le=10_000, description="Backups that are kept; older ones are deleted.")
    key: SecretText | None = Field(
        None, description="What they are encrypted under, of 32 characters at least; from the environment alone."
    )
    key_file: Text | None = Field(
        None, description="File that holds `key`. Keep a copy elsewhere: without it no backup can be opened."
    )

    @model_validator(mode="after")
    def _sealed(self) -> BackupSection:
        one_of(self, "key")
        if self.folder is not None and self.key is None and self.key_file is None:
            raise ValueError("backups are encrypted, and no key is given; set key_file (or key in the environment)")
        return self


class HttpSection(Section):
    """Connections to the vendors."""

    ca_file: Text | None = Field(
        None,
        description="PEM file of certificate authorities that are trusted beside the public ones, such as that of your "
        "network's proxy; relative to the folder of syncd.yaml. Certificates are always checked.",
    )


class LogSection(Section):
    """Log lines on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is written.")


class HorizonSection(Section):
    """How long an unanswered write may still happen at the vendor. Only after it is such a write sent again."""

    marketing: Seconds = Field(120, description="Seconds for the marketing side.")
    crm: Seconds = Field(600, description="Seconds for the CRM: a call may run for ten minutes there.")


def _scope(value: Any) -> Any:  # noqa: ANN401 - any plain value
    """One condition for both is what one writes first: whoever did is shown it for each side, as it has to be."""
    if value is None or value == "all" or isinstance(value, dict):
        return value
    said = isinstance(value, str) and " " in value.strip()
    one = json.dumps(value if said else "country == 'DE'", ensure_ascii=False)
    raise ValueError(f"neither `all` nor a condition for each side; write `scope: {{marketing: {one}, crm: {one}}}`")


class ScopeSection(Section):
    """Which unlinked records take part, per side, as CEL over the shared fields."""

    marketing: Text | None = Field(
        None, description="CEL that must hold for a marketing record, e.g. `country == 'DE'`."
    )
    crm: Text | None = Field(None, description="CEL that must hold for a CRM record.")


class MarketingSection(Section):
    """The marketing account."""

    vendor: Literal["hubspot"] = Field("hubspot", description="Vendor of the marketing side.")
    base_url: Url = Field(
        "https://api.hubapi.com", description="Root of the API; plain http only on 127.0.0.1 and [::1]."
    )
    access_token: SecretText | None = Field(None, description="Token of the service key (`pat-...`).")
    access_token_file: Text | None = Field(None, description="File that holds the token; read again after a refusal.")
    api_version: Literal["2026-09", "2026-03", "v3"] = Field(
        "2026-09", description="Version in the API's paths. `v3` is supported by the vendor until September 2027."
    )
    rate: RateSection = Field(default_factory=RateSection, description="Limits to keep to.")
    overlap: Seconds = Field(
        90, description="Seconds before the cursor that are read once more, because the search index lags behind."
    )
    webhooks: WebhooksSection | None = Field(
        None, description="Webhooks of the vendor, where it is to be heard early of changes."
    )

    @model_validator(mode="after")
    def _credentials(self) -> MarketingSection:
        one_of(self, "access_token")
        if self.access_token is None and self.access_token_file is None:
            raise ValueError("no credential is given; set access_token_file (or access_token in the environment)")
        return self


class CrmPrivacySection(Section):
    """How the CRM tells that a person is to be forgotten."""

    individual: bool = Field(
        False,
        description="Whether `Individual.ShouldForget` of a Lead's or Contact's Individual is heard. Needs Data "
        "Protection and Privacy in Salesforce Setup, and the right to read Individuals.",
    )


class CrmSection(Section):
    """The CRM org."""

    vendor: Literal["salesforce"] = Field("salesforce", description="Vendor of the CRM side.")
    login_url: Url = Field(
        description="Address of the org, `https://NAME.my.salesforce.com` (a sandbox: `https://NAME--BOX.sandbox.my."
        "salesforce.com`)."
    )
    flow: Literal["client_credentials", "jwt_bearer"] = Field(
        "client_credentials", description="OAuth flow of the External Client App."
    )
    client_id: Text = Field(description="Consumer key of the app.")
    client_secret: SecretText | None = Field(None, description="Consumer secret, for `client_credentials`.")
    client_secret_file: Text | None = Field(None, description="File that holds the consumer secret.")
    username: Text | None = Field(None, description="User to act as, for `jwt_bearer`.")
    private_key: SecretText | None = Field(None, description="PEM of the certificate's private key, for `jwt_bearer`.")
    private_key_file: Text | None = Field(None, description="File that holds the private key.")
    api_version: Annotated[Text, Field(pattern=r"^[0-9]{2}\.0$")] = Field(
        "64.0", description="Version of the REST API."
    )
    overlap: Seconds = Field(
        60, description="Seconds before the cursor that are read once more, because rows are committed late."
    )
    daily_calls: int = Field(
        50_000,
        ge=1_000,
        description="API calls in 24 hours that syncd uses at most; other integrations share the org's.",
    )
    rate: CrmRateSection = Field(default_factory=CrmRateSection, description="Limits to keep to.")
    privacy: CrmPrivacySection = Field(default_factory=CrmPrivacySection, description="Wishes to be forgotten.")

    @model_validator(mode="after")
    def _credentials(self) -> CrmSection:
        one_of(self, "client_secret")
        one_of(self, "private_key")
        if self.flow == "client_credentials" and self.client_secret is None and self.client_secret_file is None:
            raise ValueError("client_credentials needs a secret; set client_secret_file (or client_secret)")
        if self.flow == "jwt_bearer" and self.private_key is None and self.private_key_file is None:
            raise ValueError("jwt_bearer needs a key; set private_key_file (or private_key)")
        if self.flow == "jwt_bearer" and self.username is None:
            raise ValueError("jwt_bearer needs a user; set username")
        return self


class ConnectionSection(Section):
    """One marketing account and one CRM org that are kept in step."""

    directory: Text = Field(".", description="Folder of `schema/` and `cases/`; relative to the folder of syncd.yaml.")
    mode: Literal["live", "shadow"] = Field("live", description="`shadow` reads and decides, and writes to nobody.")
    poll: float = Field(
        30,
        ge=1,
        le=86_400,
        description="Seconds from the beginning of one cycle of the daemon to the next.",
    )
    horizon: HorizonSection = Field(
        default_factory=HorizonSection, description="Wait before an unseen write is repeated."
    )
    scope: Annotated[Literal["all"] | ScopeSection | None, BeforeValidator(_scope)] = Field(
        None,
        description="Which unlinked records take part. Not given: what the mapping files say. `all`: every record, "
        "whatever the mapping files say. Per side: CEL, in addition to the mapping files; it applies to each kind that "
        "has all the fields it names.",
    )
    allow_billable: bool = Field(
        False,
        description="Whether syncd may make contacts that the marketing vendor bills for.",
    )
    precondition_rows: int = Field(
        200,
        ge=0,
        le=5_000,
        description="Updates of a cycle that are sent one by one under the vendor's own condition, for fields with "
        "`confirm: precondition` (Salesforce); those beyond are read again just before, as with `readback`.",
    )
    brake: BrakeSection = Field(
        default_factory=BrakeSection, description="How much may change before a person is asked (docs/brake.md)."
    )
    marketing: MarketingSection = Field(description="The marketing account.")
    crm: CrmSection = Field(description="The CRM org.")


class ConsoleSection(Section):
    """How browsers and programs reach the console of a daemon (docs/console.md)."""

    public_url: Text | None = Field(
        None,
        description="Where a proxy that ends TLS shows the console, as in https://syncd.example.com. Without it the "
        "console answers on loopback only.",
    )
    trusted_proxies: list[Text] = Field(
        default_factory=lambda: ["127.0.0.1", "::1"],
        description="Addresses, or networks, of that proxy: from nobody else is X-Forwarded-For believed.",
    )

    @field_validator("public_url")
    @classmethod
    def _https_and_a_host(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value.rstrip("/"))
        plain = parts.hostname and not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
        if parts.scheme != "https" or not plain:
            raise ValueError("write https://HOST or https://HOST:PORT and nothing behind it")
        return f"https://{parts.netloc.lower()}"

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, value: list[str]) -> list[str]:
        for each in value:
            try:
                ip_network(each)
            except ValueError:
                raise ValueError(f"{each!r:.60} is no address and no network such as 10.0.0.0/24") from None
        return value


class SyncdFile(Section):
    """The file ``syncd.yaml``."""

    version: Literal[1] = Field(description="Version of this format.")
    store: StoreSection = Field(default_factory=StoreSection, description="The state store.")
    jobs: JobsSection = Field(default_factory=JobsSection, description="The daemon's queue.")
    keep: KeepSection = Field(default_factory=KeepSection, description="How long history is kept.")
    backup: BackupSection = Field(default_factory=BackupSection, description="Backups of the store.")
    http: HttpSection = Field(default_factory=HttpSection, description="Connections to the vendors.")
    log: LogSection = Field(default_factory=LogSection, description="Logging.")
    notify: NotifySection = Field(default_factory=NotifySection, description="Who is told of events.")
    console: ConsoleSection = Field(default_factory=ConsoleSection, description="The console, as others reach it.")
    connections: dict[Name, ConnectionSection] = Field(
        min_length=1, description="Connections by name (lower case letters, digits, single underscores)."
    )
