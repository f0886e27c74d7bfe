"""Holds the HubSpot stand-in to contracts that nobody here wrote: a folder of OpenAPI documents judges its traffic."""

from __future__ import annotations

from sandbox.contracts.judging import Difference
from sandbox.contracts.known import KNOWN, Known
from sandbox.contracts.layer import ContractLayer, Strictness, hold
from sandbox.contracts.reading import BadContracts, Contracts

__all__ = ["KNOWN", "BadContracts", "ContractLayer", "Contracts", "Difference", "Known", "Strictness", "hold"]
