"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# How long an example takes says something of the machine, and nothing of lci. All else stays as it is there: where CI
# is set, examples are the same in each run.
settings.register_profile("unhurried", settings(), deadline=None)
settings.load_profile("unhurried")
