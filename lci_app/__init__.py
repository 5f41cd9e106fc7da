"""lci: a lightweight CI/CD server for one Linux host."""

__version__ = "0.1.0"
