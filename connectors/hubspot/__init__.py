"""HubSpot as a side: contacts, companies, owners, associations and communication preferences."""

from connectors.hubspot.client import HubSpotAccount
from connectors.hubspot.connector import HubSpotConnector
from connectors.hubspot.errors import HubSpotRates

__all__ = ["HubSpotAccount", "HubSpotConnector", "HubSpotRates"]
