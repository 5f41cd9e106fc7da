"""The command line: the service itself, and commands that work on one over its API or on its data directory."""
