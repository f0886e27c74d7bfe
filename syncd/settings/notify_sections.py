"""``notify`` of syncd.yaml, as it is written: who is told, when, and what is called as long as all is well."""

from __future__ import annotations

from pydantic import Field, model_validator

from syncd.settings.names import Name, one_of
from syncd.settings.resting import ClockText, PlannedSection, WindowSection, Zone
from syncd.settings.validate import SecretText, Section, Text


class TargetSection(Section):
    """Somebody who is told of events. Its address holds credentials and stands in no YAML file."""

    url: SecretText | None = Field(
        None,
        description="Address as apprise writes it (`mailtos://...`, `jsons://...`, `slack://...`), from the "
        "environment alone; in a file of its own: `url_file`.",
    )
    url_file: Text | None = Field(None, description="File that holds the address; read again for every message.")
    events: list[Text] | None = Field(
        None, min_length=1, description="Log events that it is told of (docs/notifications.md). Not given: the usual."
    )
    connections: list[Text] | None = Field(
        None, min_length=1, description="Connections that it is told of. Not given: all."
    )

    quiet: list[WindowSection] = Field(
        default_factory=list,
        description="Quiet hours: what can wait is told when they end, in one message. Pages go through.",
    )
    digest: list[ClockText] | None = Field(
        None,
        min_length=1,
        description="Times of the day, as '08:00', at which what can wait is told, in one message. Not given: at once.",
    )
    zone: Zone = Field("UTC", description="Time zone of `quiet` and `digest`, such as Europe/Berlin.")
    incidents: bool = Field(
        False,
        description="Whether each state is a message of its own, by whose key a service opens and closes incidents.",
    )

    @model_validator(mode="after")
    def _address(self) -> TargetSection:
        one_of(self, "url")
        if self.url is None and self.url_file is None:
            raise ValueError("no address is given; set url_file (or url in the environment)")
        return self


class HeartbeatSection(Section):
    """A dead man's switch: an address that is called after good cycles, of a service that notices when it is not."""

    url: SecretText | None = Field(
        None, description="Address, https, from the environment alone; in a file of its own: `url_file`."
    )
    url_file: Text | None = Field(None, description="File that holds the address; read again for every call.")
    connections: list[Text] | None = Field(
        None,
        min_length=1,
        description="It is called when each of these had a good cycle since the last call. Not given: all.",
    )
    every: float = Field(60, ge=1, le=86_400, description="Seconds between two calls at least.")
    private: bool = Field(
        False, description="Whether the address may lead into a private network, such as your own monitoring."
    )

    @model_validator(mode="after")
    def _address(self) -> HeartbeatSection:
        one_of(self, "url")
        if self.url is None and self.url_file is None:
            raise ValueError("no address is given; set url_file (or url in the environment)")
        return self


class NotifySection(Section):
    """Who is told when something needs a person (docs/notifications.md)."""

    targets: dict[Name, TargetSection] = Field(
        default_factory=dict, description="Targets by name (lower case letters, digits, single underscores)."
    )
    repeat: float = Field(
        14_400,
        ge=0,
        le=2_592_000,
        description="Seconds after which what still stands is told once more; 0: never.",
    )
    dead_letters: int = Field(
        10, ge=0, le=1_000_000, description="Records that cannot be written, above which `dead_letters.many` is told."
    )
    pages: list[Text] | None = Field(
        None,
        description="Events that wait for no morning: they go through quiet hours and digests. Not given: the usual "
        "(docs/logs.md).",
    )
    maintenance: list[PlannedSection] = Field(
        default_factory=list, description="Planned work: alerts rest then, and what still is wrong is told at its end."
    )
    heartbeats: dict[Name, HeartbeatSection] = Field(
        default_factory=dict, description="Addresses to call after good cycles, by name."
    )
