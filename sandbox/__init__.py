"""Stand-ins of the vendors: stateful, deterministic, reached in process or over loopback sockets."""
