"""The Salesforce stand-in: an org in memory that answers like the REST API."""

from sandbox.salesforce.errors import Refusal
from sandbox.salesforce.kernel import SalesforceKernel
from sandbox.salesforce.oauth import ADMIN_APP, ConnectedApp
from sandbox.salesforce.switches import SalesforceSwitches

__all__ = ["ADMIN_APP", "ConnectedApp", "Refusal", "SalesforceKernel", "SalesforceSwitches"]
