"""Frozen values, standard library only: what every other layer speaks in."""
