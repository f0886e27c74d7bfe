"""Vendors behind the connector Protocol; no mapping and no policy lives here."""
