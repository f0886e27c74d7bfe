"""What bootstrap needs to open accounts and the store: frozen values, secrets behind a call.

A secret from a file is read again at every call, so that a new one is in use without a restart. A file that others can
read is refused. A secret never shows in ``repr``.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from syncd.model.calendar import NO_CALENDARS, Calendars
from syncd.model.errors import BadUsage, NeedsOperator
from syncd.model.keeping import FOR_GOOD, Keep
from syncd.model.lifecycle import Lifecycle, Teams
from syncd.model.mapping import Connection
from syncd.model.notice import Telling
from syncd.model.persona import Persona
from syncd.model.rating import Rating
from syncd.model.values import Pair
from syncd.settings.tree import Mark

if TYPE_CHECKING:
    from syncd.settings.cases import Case
    from syncd.settings.kinds import MappingSource

TOKEN: Final = 16
"""A part of an address with so many characters may be a token."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A credential given as a value, or as a file that is read at every call."""

    name: str
    value: SecretStr | None = None
    file: Path | None = None

    @classmethod
    def given(cls, name: str, value: str) -> Secret:
        """One that is at hand as a text."""
        return cls(name, SecretStr(value))

    def __call__(self) -> SecretStr:
        """The secret as it is now.

        :raises NeedsOperator: if its file is gone, empty, or readable by everybody.
        """
        if self.file is None:
            assert self.value is not None
            return self.value
        wrong = trouble_with(self.file)
        if wrong is not None:
            what, advice = wrong
            raise NeedsOperator(f"{self.name}: {self.file} {what}; {advice}")
        return SecretStr(self.file.read_text(encoding="utf-8").strip())


def trouble_with(file: Path) -> tuple[str, str] | None:
    """What is wrong with a secret's file, and what to do; ``None`` if nothing is."""
    try:
        mode = file.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
            return "is no file", "name the file itself"
        if mode & stat.S_IROTH:
            return "can be read by everybody on this machine", f"chmod o-rwx {file}"
        if not file.read_text(encoding="utf-8").strip():
            return "is empty", "write the secret into it"
    except FileNotFoundError:
        return "does not exist", "make it, or mend the path"
    except (OSError, UnicodeDecodeError) as error:
        return f"cannot be read ({type(error).__name__})", "mend its rights; it must be UTF-8 text"
    return None


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Where a portal's webhooks come in, with which secret they are signed, and how many calls a cycle may spend."""

    url: str
    client_secret: Secret
    calls: int


@dataclass(frozen=True, slots=True)
class HubSpotAccount:
    """How to reach a HubSpot portal. Rates are calls, ``overlap`` is seconds; ``daily_calls`` is a ceiling of our own,
    ``None``: the account's. ``reserve`` is percent of the day's calls that are kept for other programs.
    """

    base_url: str
    access_token: Secret
    api_version: str
    per_10_seconds: int
    search_per_second: int
    overlap: float
    webhooks: WebhookSettings | None = None
    daily_calls: int | None = None
    reserve: int = 0

    @property
    def hinted(self) -> int:
        """Calls that a cycle may spend on what webhooks told of; 0 where there are none."""
        return 0 if self.webhooks is None else self.webhooks.calls


@dataclass(frozen=True, slots=True)
class SalesforceAccount:
    """How to reach a Salesforce org. ``overlap`` is seconds, ``daily_calls`` a ceiling for 24 hours, ``reserve``
    percent of the org's calls that are kept for other programs; ``individuals`` says whether
    ``Individual.ShouldForget`` is heard.
    """

    login_url: str
    flow: str
    client_id: str
    client_secret: Secret | None
    username: str | None
    private_key: Secret | None
    api_version: str
    overlap: float
    daily_calls: int
    individuals: bool = False
    reserve: int = 0


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """All that is configured for one connection. ``sources`` knows per kind where each key stands, for later flaws;
    ``poll`` is seconds between cycles, ``ca_file`` certificate authorities that are trusted beside the public ones.
    ``keep`` is how long its history is kept.
    ``lifecycle`` and ``teams`` are what both teams agreed on, ``None`` where there are no such files.
    """

    connection: Connection
    marketing: HubSpotAccount
    crm: SalesforceAccount
    directory: Path
    poll: float
    sources: Mapping[str, MappingSource]
    cases: tuple[Case, ...]
    ca_file: str | None = None
    lifecycle: Lifecycle | None = None
    teams: Teams | None = None
    personas: tuple[Persona, ...] = ()
    rating: Rating | None = None
    calendars: Calendars = NO_CALENDARS
    keep: Keep = FOR_GOOD

    @property
    def reserves(self) -> Pair[int]:
        """Percent of each side's calls of the day that are kept for other programs."""
        return Pair(self.marketing.reserve, self.crm.reserve)


@dataclass(frozen=True, slots=True)
class Admin:
    """An administrator's credentials, given to one command and kept nowhere; ``None`` keeps the daemon's own.

    At the CRM ``client_id`` goes with a secret (client credentials) or with ``username`` and a key (JWT bearer).
    """

    token: Secret | None = None
    client_id: str | None = None
    client_secret: Secret | None = None
    username: str | None = None
    private_key: Secret | None = None

    def in_place_of(self, settings: ConnectionSettings) -> ConnectionSettings:
        """The same accounts with these credentials.

        :raises BadUsage: if those for the CRM are not whole.
        """
        marketing, crm = settings.marketing, settings.crm
        if self.token is not None:
            marketing = replace(marketing, access_token=self.token)
        if self.client_id is not None and self.client_secret is not None:
            crm = replace(crm, flow="client_credentials", client_id=self.client_id, client_secret=self.client_secret)
        elif self.client_id is not None and self.username is not None and self.private_key is not None:
            crm = replace(
                crm, flow="jwt_bearer", client_id=self.client_id, username=self.username, private_key=self.private_key
            )
        elif any((self.client_id, self.client_secret, self.username, self.private_key)):
            raise BadUsage(
                "the administrator's login at the CRM needs --crm-client-id with --crm-client-secret-file, or with "
                "--crm-username and --crm-key-file"
            )
        return replace(settings, marketing=marketing, crm=crm)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """An address that is called after good cycles of all these connections, at most once in ``every`` seconds;
    ``private`` lets it lead into a private network. ``place`` is where it stands.
    """

    name: str
    url: Secret
    connections: frozenset[str]
    every: float
    private: bool
    place: Mark


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """Who is told of what, the address of each target by its name, where that stands, for later flaws, and what is
    called as long as all is well.
    """

    telling: Telling = field(default_factory=Telling)
    urls: Mapping[str, Secret] = field(default_factory=dict)
    places: Mapping[str, Mark] = field(default_factory=dict)
    heartbeats: tuple[Heartbeat, ...] = ()


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """Backups of the store: the ``folder`` they are kept in, seconds between two, how many are kept, what they are
    encrypted under.
    """

    folder: Path
    every: float
    keep: int
    key: Secret


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """Where others reach the console, empty for loopback alone, and the proxies that say who asks."""

    public_url: str = ""
    trusted_proxies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """The whole configuration, sound as far as files can tell. ``files`` are all files read; ``hash`` covers all
    connections. ``jobs_url`` is ``None`` for a queue beside the store, ``threads`` how many connections are polled at
    once.
    """

    store_url: Secret
    jobs_url: Secret | None
    threads: int
    log_level: str
    connections: Mapping[str, ConnectionSettings]
    files: tuple[Path, ...]
    hash: str
    notify: NotifySettings = field(default_factory=NotifySettings)
    console: ConsoleSettings = field(default_factory=ConsoleSettings)
    backup: BackupSettings | None = None

    def secrets(self) -> Iterator[str]:
        """Every secret of it that can be read now, and the passwords within addresses; for whoever makes sure that none
        of them is told.
        """
        for secret in self.configured():
            if secret.file is None or trouble_with(secret.file) is None:
                value = secret().get_secret_value()
                yield value
                yield from _within(value)

    def configured(self) -> Iterator[Secret]:
        """Every secret that is configured, whether it can be read or not; with the addresses that may hold one."""
        given = [self.store_url, self.jobs_url, *self.notify.urls.values(), self.backup.key if self.backup else None]
        given += [each.url for each in self.notify.heartbeats]
        for each in self.connections.values():
            given += [each.marketing.access_token, each.crm.client_secret, each.crm.private_key]
            if each.marketing.webhooks is not None:
                given.append(each.marketing.webhooks.client_secret)
        yield from (secret for secret in given if secret is not None)

    def only(self, name: str) -> Loaded:
        """The same with one connection. :raises BadUsage: as ``connection``."""
        return replace(self, connections={name: self.connection(name)})

    def connection(self, name: str | None) -> ConnectionSettings:
        """A connection by name; the only one if no name is given.

        :raises BadUsage: if there is none of that name, or several to choose from.
        """
        return self.connections[chosen(self.connections, name)]


def _within(address: str) -> Iterator[str]:
    """The password of an address, and the parts of its path that are long enough to be a token."""
    try:
        parts = urlsplit(address)
        password = parts.password
    except ValueError:
        return
    if password:
        yield password
        yield unquote(password)
    yield from (part for part in re.split(r"[/?&=]", f"{parts.path}?{parts.query}") if len(part) >= TOKEN)


def chosen(connections: Collection[str], name: str | None) -> str:
    """The name of a connection; of the only one if no name is given.

    :raises BadUsage: if there is none of that name, or several to choose from.
    """
    known = ", ".join(sorted(connections))
    if name is None:
        if len(connections) > 1:
            raise BadUsage(f"there are several connections; choose one of {known}")
        return known
    if name not in connections:
        raise BadUsage(f"there is no connection {name!r}; use one of {known}")
    return name
