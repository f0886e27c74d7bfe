"""The Salesforce connector: one org, read by SOQL and Collections, written by Collections inside Composite calls."""
