"""The HubSpot stand-in: ``kernel.HubSpotKernel`` and the values it is set up with."""
