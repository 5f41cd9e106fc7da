"""The pure part of lci: what is decided, never done. Nothing here reads a clock, a file or a socket."""
