"""Engine and stand-ins together: the demo, and the programs that judge what syncd did without asking syncd."""
