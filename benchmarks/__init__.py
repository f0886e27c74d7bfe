"""Speed and size of syncd, measured against stand-ins that run in another process. See ``__main__``."""
