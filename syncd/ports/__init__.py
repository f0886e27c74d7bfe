"""Protocols between the decisions and the world: connector, store, budget, system."""
