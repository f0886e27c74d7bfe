"""HubSpot as a side: contacts, companies, owners, associations and communication preferences."""
