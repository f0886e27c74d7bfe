"""The vendor's own Salesforce connector: what an account shows of it while it works, and what stays when it is gone.

It keeps the ids of the other side in properties of its own; when it is taken out they stay, with their values (vendor's
knowledge base). What it writes has a source of its own in property history, and each of its rounds sets the time of the
last sync, whether it changed anything or not (published answers of accounts that have it).
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.hubspot.errors import Refusal
from sandbox.hubspot.history import Source
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.records import RecordStore
from sandbox.hubspot.stamps import iso
from sandbox.hubspot.switches import HubSpotSwitches
from sandbox.hubspot.tables import moment, text

#: Object -> the properties in which it keeps ids, and their labels.
IDS: Mapping[str, Mapping[str, str]] = {
    "contacts": {
        "salesforceleadid": "Salesforce Lead ID",
        "salesforcecontactid": "Salesforce Contact ID",
        "salesforceaccountid": "Salesforce Account ID",
    },
    "companies": {"salesforceaccountid": "Salesforce Account ID"},
}
#: When it last looked at a record.
SYNCED = "salesforcelastsynctime"


class NativeConnector:
    """The kernel's methods that concern the vendor's connector."""

    portal: Portal
    switches: HubSpotSwitches
    _linking: bool = False

    def install_native_connector(self) -> None:
        """The admin connects the account to Salesforce; the properties come unless they are there already."""
        self._linking = True
        for kind, properties in IDS.items():
            store = self.portal.store(kind)
            group = next(iter(self.portal.groups[kind]))
            own = [
                text(name, label, group=group, read_only=True, form_field=False) for name, label in properties.items()
            ]
            if self.switches.native_notes_time:
                own.append(moment(SYNCED, "Last Salesforce Sync Time", group=group, read_only=True))
            for definition in own:
                if definition.name not in store.definitions:
                    store.define(definition)

    def remove_native_connector(self) -> None:
        """The admin takes it out again: it writes no more, and everything it wrote stays."""
        self._linking = False

    def link_natively(self, object: str, id: str, ids: Mapping[str, str]) -> None:
        """The connector writes ids of the other side into its properties of one record.

        :raises Refusal: if it is not installed, or for a property that is none of its own.
        """
        store = self.portal.store(object)
        if not self._linking or not ids.keys() <= IDS.get(store.kind.name, {}).keys():
            raise Refusal(400, f"The Salesforce connector cannot write {sorted(ids)} of {object}")
        self._write(store, id, ids)

    def sync_natively(self, object: str, id: str, properties: Mapping[str, str]) -> None:
        """The connector takes a record in step, and what differs in Salesforce into its ``properties``; mostly nothing.

        :raises Refusal: if it is not installed, or for values that nobody could write.
        """
        store = self.portal.store(object)
        if not self._linking:
            raise Refusal(400, "The Salesforce connector is not installed")
        current = self.portal.record(store, id)
        changes = store.check(properties, current=current, source=self._source)
        store.check_unique(changes, own=current.id, claimed={})
        if SYNCED in store.definitions:
            changes[SYNCED] = iso(self.portal.now())
        self._write(store, id, changes)

    def _write(self, store: RecordStore, id: str, changes: Mapping[str, str]) -> None:
        self.portal.update(store, self.portal.record(store, id), changes, source=self._source)

    @property
    def _source(self) -> Source:
        return Source("SALESFORCE", self.switches.native_source_id)
