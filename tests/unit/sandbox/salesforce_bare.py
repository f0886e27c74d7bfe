"""An org before anybody set it up, spoken to by its daemon and by its admin."""

from __future__ import annotations

from typing import Any

from sandbox.salesforce import ADMIN_APP, ConnectedApp, SalesforceKernel
from sandbox.salesforce.switches import SalesforceSwitches
from tests.unit.sandbox.salesforce_client import Client


class BareOrg:
    """One bare org; ``daemon`` and ``admin`` are clients of the same kernel with sessions of the two apps."""

    def __init__(self, **switches: Any) -> None:
        self.daemon, self.admin = Client(), Client()
        chosen = SalesforceSwitches(**switches)
        self.kernel = SalesforceKernel(clock=self.daemon.clock, seed=7, switches=chosen, bare=True)
        self.admin.clock = self.daemon.clock
        for client, app in ((self.daemon, ConnectedApp()), (self.admin, ADMIN_APP)):
            client.kernel = self.kernel
            client.token = token_of(client, app)

    def permission_set(self, **permissions: bool) -> str:
        """A permission set that the admin makes and gives to the integration user; returns its id."""
        made = self.make("PermissionSet", {"Name": "Syncd", "Label": "Syncd", **permissions})
        self.make("PermissionSetAssignment", {"AssigneeId": self.kernel.org.integration_user, "PermissionSetId": made})
        return made

    def make(self, object_name: str, row: dict[str, Any]) -> str:
        """A row that the admin makes by API; returns its id."""
        status, answer = self.admin.call("POST", f"/sobjects/{object_name}", row)
        assert status == 201, answer
        return str(answer["id"])

    def allow(self, set_id: str, object_name: str, *rights: str) -> str:
        """Rights to an object; returns the id of the row."""
        given = {f"Permissions{right}": True for right in rights}
        return self.make("ObjectPermissions", {"ParentId": set_id, "SobjectType": object_name, **given})

    def show(self, set_id: str, object_name: str, field: str, *, edit: bool = True) -> str:
        """Read, and edit too, of a field; returns the id of the row."""
        row = {"ParentId": set_id, "SobjectType": object_name, "Field": f"{object_name}.{field}"}
        return self.make("FieldPermissions", row | {"PermissionsRead": True, "PermissionsEdit": edit})


def token_of(client: Client, app: ConnectedApp) -> str:
    """A session by client credentials."""
    query = f"?grant_type=client_credentials&client_id={app.client_id}&client_secret={app.client_secret}"
    status, answer = client.call("POST", f"/services/oauth2/token{query}")
    assert status == 200, answer
    return str(answer["access_token"])


def code_of(answer: Any) -> str:
    """The error code of a refused request."""
    return str(answer[0]["errorCode"])


def described(client: Client, object_name: str) -> dict[str, dict[str, Any]]:
    """The fields of a describe by name."""
    status, answer = client.call("GET", f"/sobjects/{object_name}/describe")
    assert status == 200, answer
    return {field["name"]: field for field in answer["fields"]}
