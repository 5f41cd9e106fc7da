from __future__ import annotations

from tests.docker_fixtures import engine, instance, make_spec, other_engine, other_instance, sdk

__all__ = ["engine", "instance", "make_spec", "other_engine", "other_instance", "sdk"]
