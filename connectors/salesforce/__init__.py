"""The Salesforce connector: one org, read by SOQL and Collections, written by Collections inside Composite calls."""

from connectors.salesforce.client import SalesforceAccount
from connectors.salesforce.connector import SalesforceConnector

__all__ = ["SalesforceAccount", "SalesforceConnector"]
