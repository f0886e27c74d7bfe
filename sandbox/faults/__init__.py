"""Everything a vendor can do wrong, by name: a catalogue of faults that are armed at a stand-in.

``arming.arm(kernel, "ghost-write", probability=0.1)`` does it; ``catalogue`` says which there are and which numbers of
the fault model have none, ``reference`` prints them. An *answer* hits calls, a *deed* is done
by somebody at the vendor, once and to records that exist. Under one seed everything happens again in the same way.
"""
