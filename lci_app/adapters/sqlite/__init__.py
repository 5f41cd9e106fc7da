"""The store: one SQLite file, written by one thread at a time and read beside it."""

from lci_app.adapters.sqlite.errors import DatabaseRefused
from lci_app.adapters.sqlite.store import SqliteStore, open_store

__all__ = ["DatabaseRefused", "SqliteStore", "open_store"]
