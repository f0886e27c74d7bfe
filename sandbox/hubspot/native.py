"""The vendor's own Salesforce connector, as far as an account shows that it has or had one.

It keeps the ids of the other side in properties of its own; when it is taken out they stay, with their values (vendor's
knowledge base).
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.hubspot.errors import Refusal
from sandbox.hubspot.history import Source
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.tables import text

#: Object -> the properties in which it keeps ids, and their labels.
IDS: Mapping[str, Mapping[str, str]] = {
    "contacts": {
        "salesforceleadid": "Salesforce Lead ID",
        "salesforcecontactid": "Salesforce Contact ID",
        "salesforceaccountid": "Salesforce Account ID",
    },
    "companies": {"salesforceaccountid": "Salesforce Account ID"},
}
_SOURCE = Source("SALESFORCE", "native")


class NativeConnector:
    """The kernel's methods that concern the vendor's connector."""

    portal: Portal
    _linking: bool = False

    def install_native_connector(self) -> None:
        """The admin connects the account to Salesforce; the properties come unless they are there already."""
        self._linking = True
        for kind, properties in IDS.items():
            store = self.portal.store(kind)
            for name, label in properties.items():
                if name not in store.definitions:
                    group = next(iter(self.portal.groups[kind]))
                    store.define(text(name, label, group=group, read_only=True, form_field=False))

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
        self.portal.update(store, self.portal.record(store, id), ids, source=_SOURCE)
