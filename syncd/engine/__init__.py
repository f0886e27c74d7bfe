"""The sync path: gather, decide, act, settle; everything that touches a vendor or the store stands here."""
