"""The command line: parse, call, print. Each command imports what it needs when it is called, so that help is quick."""
