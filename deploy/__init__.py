"""What builds, checks and documents the project; no part of it is installed."""
