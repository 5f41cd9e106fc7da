from __future__ import annotations

import hashlib
import json
import re
import stat

import pytest

from lci_app.adapters.clock import SystemClock
from lci_app.adapters.sqlite import open_store
from lci_app.adapters.vault import open_vault
from lci_app.core.credentials import is_whole
from lci_app.core.model import Scope
from tests.cli.program import Program


def test_a_token_is_printed_alone_and_has_its_shape(lci: Program):
    ran = lci.run("token", "create", "--name", "laptop")
    assert (ran.status, ran.err) == (0, "")
    token = ran.out.removesuffix("\n")
    assert re.fullmatch(r"lci_[0-9A-Za-z]{36}", token)
    assert is_whole(token)


@pytest.mark.parametrize(("options", "scope"), [([], Scope.ADMIN), (["--scope", "read"], Scope.READ)])
async def test_a_new_token_is_in_the_store_as_a_hash_only(lci: Program, options: list[str], scope: Scope):
    token = json.loads(lci.run("token", "create", "--name", "laptop", "--json", *options).out)["token"]
    database = lci.home / "data" / "db" / "lci.db"
    async with open_store(
        database, sealer=open_vault(database.parents[1] / "secret.key"), at=SystemClock().now()
    ) as store:
        kept = await store.token(hashlib.sha256(token.encode()).hexdigest())
    assert kept is not None
    assert (kept.name, kept.scope) == ("laptop", scope)
    assert token.encode() not in database.read_bytes()


def test_a_new_data_directory_is_for_its_user_alone(lci: Program):
    lci.run("webhook-secret")
    assert stat.S_IMODE((lci.home / "data").stat().st_mode) == 0o700
    assert stat.S_IMODE((lci.home / "data" / "db" / "lci.db").stat().st_mode) == 0o600


def test_the_webhook_secret_is_made_once(lci: Program):
    first = lci.run("webhook-secret").out
    assert re.fullmatch(r"[0-9a-f]{64}\n", first)
    assert lci.run("webhook-secret").out == first
    assert json.loads(lci.run("webhook-secret", "--json").out) == {"secret": first.strip()}


async def test_a_token_can_be_made_while_the_store_is_open_elsewhere(lci: Program):
    async with open_store(
        lci.home / "data" / "db" / "lci.db", sealer=open_vault(lci.home / "data" / "secret.key"), at=SystemClock().now()
    ) as store:
        token = lci.run("token", "create", "--name", "late").out.strip()
        assert await store.token(hashlib.sha256(token.encode()).hexdigest()) is not None
