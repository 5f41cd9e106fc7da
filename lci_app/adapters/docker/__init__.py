"""The Docker engine, through the SDK in threads; `open_engine` is the way in."""

from lci_app.adapters.docker.engine import open_engine

__all__ = ["open_engine"]
