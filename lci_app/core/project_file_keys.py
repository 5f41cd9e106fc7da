"""Which keys a project file may hold, and the setting that each gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


def _and_long_names(prefixes: tuple[str, ...], keys: Mapping[str, str]) -> dict[str, str]:
    """Add each setting that has one of `prefixes` under its own name too."""
    return {**keys, **{setting: setting for setting in keys.values() if setting.startswith(prefixes)}}


# Table, then key, to the setting it gives.
KEYS: Final[Mapping[str, Mapping[str, str]]] = {
    "project": {
        name: name
        for name in (
            "name",
            "repo",
            "branch",
            "path_filter",
            "pull_requests",
            "working_directory",
            "domains",
            "strip_prefix",
            "rewrite_redirects",
            "scope_cookies",
            "keep_releases",
            "auto_deploy",
            "pull",
        )
    },
    "build": _and_long_names(
        ("build_",),
        {
            "image": "build_image",
            "command": "build_command",
            "script": "build_script",
            "env": "build_env",
            "timeout": "build_timeout",
            "memory": "build_memory",
            "cpus": "build_cpus",
            "secrets": "build_secrets",
            "cache_type": "cache_type",
            "cache_mode": "cache_mode",
        },
    ),
    "deploy": _and_long_names(
        ("runtime_", "health_check_url"),
        {
            "image": "runtime_image",
            "command": "runtime_command",
            "before": "runtime_before",
            "port": "runtime_port",
            "env": "runtime_env",
            "memory": "runtime_memory",
            "cpus": "runtime_cpus",
            "read_only": "runtime_read_only",
            "secrets": "runtime_secrets",
            "mount_path": "mount_path",
            "health_check": "health_check_url",
            "health_check_status": "health_check_status",
            "health_check_interval": "health_check_interval",
            "health_check_retries": "health_check_retries",
            "health_check_timeout": "health_check_timeout",
            "drain_timeout": "drain_timeout",
            "bake_seconds": "bake_seconds",
            "start_period": "start_period",
            "keep_failed": "keep_failed",
            "enabled": "auto_deploy",
        },
    ),
    "queue": _and_long_names(("queue_",), {"key": "queue_key", "policy": "queue_policy", "limit": "queue_limit"}),
}

# Tables that will mean something.
NOT_YET: Final = frozenset({"steps", "reports", "image", "parameters", "toolchain", "matrix", "artifacts"})

REGISTRATION_ONLY: Final = {
    "name": "is given when the project is registered; take it out of the repository's file",
    "repo": "is given when the project is registered: a repository does not decide what is built; take it out",
    "branch": "is given when the project is registered: a repository does not decide what is built; take it out",
    "pull_requests": "is given when the project is registered: a repository does not decide whom it is built for",
    "auto_deploy": "is the stored project's; `enabled = false` under [deploy] keeps a commit from being deployed",
}
