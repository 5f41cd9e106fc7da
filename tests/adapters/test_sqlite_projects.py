"""Projects, their secrets and slots, settings, tokens and remembered answers."""

from __future__ import annotations

import typing
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lci_app.adapters.sqlite import open_store
from lci_app.core import names
from lci_app.core.model import Health, Slot, SlotState, SlotStatus
from lci_app.core.project import NewProject, Project, ProjectSecrets, ProjectSettings
from lci_app.interfaces import Changed, DomainTaken, Gone, NameTaken, PortsTaken, RememberedAnswer
from tests.adapters.sqlite_store import EARLY, LATER, LATEST, SEALER, a_build, a_project, inline_store, new_build
from tests.makers import new_project
from tests.makers import settings as project_settings

SECRETS = ProjectSecrets(webhook_secret="12345678", repo_token="tok", deploy_key="key")


@pytest.fixture
async def store(tmp_path: Path):
    async with open_store(tmp_path / names.DATABASE, sealer=SEALER, at=EARLY) as store:
        yield store


def other_value(annotation: Any, default: Any, name: str) -> Any:
    """Return a value of a field's type that is not its default."""
    special = {
        "repo": "https://example.org/a/b.git",
        "branch": "release/1",
        "working_directory": "services/api",
        "build_cpus": 0.5,
        "runtime_cpus": 2.0,
        "build_memory": "512m",
        "runtime_memory": "1g",
        "mount_path": "/srv",
        "health_check_url": "/up?x=1",
        "health_check_status": "200,204-299",
        "domains": ("a.example", "b.example"),
        "cache_type": ("npm", "pip"),
        "queue_key": "{project}-{branch}",
        "runtime_command": ("sh", "-c", "echo ü"),
        "build_script": ("ci/build.sh", "ci/other.sh"),
        "build_secrets": ("NPM_TOKEN",),
        "runtime_secrets": ("DATABASE_URL",),
        "parameters": {},
    }
    if name in special:
        return special[name]
    if typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return next(each for each in annotation if each != default)
    values: dict[Any, Any] = {str: "näme\n'\"\0", int: 3, float: 7.25, bool: not default}
    return values.get(annotation, {"NAME": "välue"})


async def test_every_field_of_the_settings_comes_back_as_it_was(store):
    given_settings = ProjectSettings.model_validate(
        {
            name: other_value(field.annotation, field.default, name)
            for name, field in ProjectSettings.model_fields.items()
        }
    )
    unchanged = {
        name
        for name, field in ProjectSettings.model_fields.items()
        if getattr(given_settings, name) == field.get_default(call_default_factory=True)
    }
    # Parameters are not supported yet: nothing but their default is valid.
    assert unchanged == {"parameters"}
    created = await store.create_project(
        NewProject(name="shop", settings=given_settings), number=1, port_base=9000, at=EARLY
    )
    assert isinstance(created, Project)
    read = await store.project(created.id)
    assert read is not None
    assert read == created
    assert read.settings == given_settings


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@given(
    command=texts | st.lists(texts, max_size=3).map(tuple),
    environment=st.dictionaries(st.from_regex(r"[A-Z_]{1,5}", fullmatch=True), texts, max_size=3),
    timeout=st.floats(min_value=0.001, max_value=86400),
    cpus=st.none() | st.floats(min_value=0.001, max_value=1024),
)
@settings(max_examples=25)
async def test_settings_of_any_shape_come_back_as_they_were(tmp_path_factory, command, environment, timeout, cpus):
    wanted = project_settings(runtime_command=command, runtime_env=environment, build_timeout=timeout, build_cpus=cpus)
    async with inline_store(tmp_path_factory.mktemp("store")) as store:
        await store.create_project(NewProject(name="any", settings=wanted), number=1, port_base=9000, at=EARLY)
        read = await store.project_by_name("any")
    assert read is not None
    assert read.settings == wanted


async def test_a_project_gets_its_ports_from_its_number(store):
    project = await a_project(store, number=3)
    assert (project.blue_port, project.green_port) == (9021, 9022)
    assert await store.port_numbers() == {3}
    assert (project.created_at, project.updated_at, project.revision) == (EARLY, EARLY, 1)
    assert (project.active_slot, project.stopped) == (None, False)


async def test_names_domains_and_ports_belong_to_one_project_only(store):
    await a_project(store, "shop", domains=["shop.example"])
    create = store.create_project
    assert await create(new_project("shop"), number=2, port_base=9000, at=EARLY) == NameTaken("shop")
    taken = await create(new_project("b", domains=["b.example", "SHOP.example"]), number=2, port_base=9000, at=EARLY)
    assert taken == DomainTaken("shop.example", "shop")
    assert await create(new_project("c"), number=1, port_base=9000, at=EARLY) == PortsTaken()
    total, found = await store.projects()
    assert (total, [project.name for project in found]) == (1, ["shop"])


async def test_projects_are_listed_by_name_and_paged(store):
    for number, name in enumerate(["cc", "aa", "bb"], start=1):
        await a_project(store, name, number=number)
    total, found = await store.projects(limit=2, offset=1)
    assert (total, [project.name for project in found]) == (3, ["bb", "cc"])
    assert await store.project_by_name("nobody") is None
    assert await store.project(10**30) is None


async def test_an_update_replaces_settings_and_domains_and_grows_the_revision(store):
    project = await a_project(store, domains=["old.example"])
    updated = await store.update_project(
        project.id, project_settings(branch="next", domains=["new.example"]), None, if_revision=1, at=LATER
    )
    assert isinstance(updated, Project)
    assert (updated.revision, updated.updated_at, updated.created_at) == (2, LATER, EARLY)
    assert updated.settings.branch == "next"
    assert await store.project(project.id) == updated
    other = await store.create_project(
        new_project("other", domains=["old.example"]), number=2, port_base=9000, at=EARLY
    )
    assert isinstance(other, Project)


async def test_an_update_that_cannot_be_changes_nothing(store):
    project = await a_project(store, domains=["a.example"])
    await a_project(store, "other", number=2, domains=["b.example"])
    change = store.update_project
    stolen = project_settings(domains=["a.example", "b.example"])
    assert await change(99, project.settings, None, if_revision=None, at=LATER) == Gone()
    assert await change(project.id, project.settings, None, if_revision=7, at=LATER) == Changed(1)
    assert await change(project.id, stolen, SECRETS, if_revision=1, at=LATER) == DomainTaken("b.example", "other")
    assert await store.project(project.id) == project
    assert await store.project_secrets(project.id) == ProjectSecrets()


async def test_only_the_secrets_that_were_given_change(store):
    created = await store.create_project(new_project(secrets=SECRETS), number=1, port_base=9000, at=EARLY)
    assert isinstance(created, Project)
    assert await store.project_secrets(created.id) == SECRETS
    given_secrets = ProjectSecrets(repo_token="new", deploy_key=None)
    await store.update_project(created.id, created.settings, given_secrets, if_revision=None, at=LATER)
    assert await store.project_secrets(created.id) == ProjectSecrets(webhook_secret="12345678", repo_token="new")
    await a_project(store, "other", number=2)
    assert await store.webhook_secrets() == {created.id: "12345678"}


async def test_a_deleted_project_takes_every_row_along_and_frees_name_domain_and_ports(store):
    project = await a_project(store, domains=["a.example"])
    await a_build(store, project)
    build = await a_build(store, project)
    await store.set_slot(SlotState(project.id, Slot.BLUE, SlotStatus.RUNNING, container_id="c"))
    await store.begin_deployment(build, Slot.BLUE, requested_by="x", at=EARLY)
    assert await store.delete_project(project.id) == 2
    assert await store.delete_project(project.id) == 0
    assert await store.build(build.id) is None
    assert await store.all_slots() == []
    assert await store.unfinished_deployments() == []
    again = await a_project(store, domains=["a.example"])
    assert again.id > project.id
    assert (await a_build(store, again)).id > build.id


async def test_a_revision_grows_with_every_change_and_only_then(store):
    project = await a_project(store)
    stopped = await store.set_stopped(project.id, stopped=True, at=LATER)
    assert (stopped.stopped, stopped.revision, stopped.updated_at) == (True, 2, LATER)
    assert await store.set_stopped(project.id, stopped=True, at=LATEST) == stopped
    off = await store.set_auto_deploy(project.id, enabled=False, at=LATEST)
    assert (off.settings.auto_deploy, off.revision, off.updated_at) == (False, 3, LATEST)
    assert await store.set_auto_deploy(project.id, enabled=False, at=LATEST) == off
    assert off.settings == project.settings.model_copy(update={"auto_deploy": False})
    paused = await store.set_maintenance(project.id, "", at=LATEST)
    assert (paused.maintenance, paused.revision) == ("", 4)
    assert await store.set_maintenance(project.id, "", at=LATEST) == paused
    served = await store.set_maintenance(project.id, None, at=LATEST)
    assert (served.maintenance, served.revision) == (None, 5)
    assert await store.set_maintenance(99, None, at=LATER) is None
    assert await store.set_stopped(99, stopped=True, at=LATER) is None
    assert await store.set_auto_deploy(99, enabled=True, at=LATER) is None


async def test_a_slot_that_was_never_used_is_empty_with_its_port(store):
    project = await a_project(store)
    blue, green = SlotState(project.id, Slot.BLUE, port=9001), SlotState(project.id, Slot.GREEN, port=9002)
    assert await store.slots(project.id) == {Slot.BLUE: blue, Slot.GREEN: green}
    assert await store.all_slots() == [blue, green]
    assert await store.slots(99) == {slot: SlotState(99, slot) for slot in Slot}


async def test_every_field_of_a_slot_comes_back_as_it_was(store):
    project = await a_project(store)
    state = SlotState(
        project.id,
        Slot.GREEN,
        SlotStatus.DRAINING,
        port=9002,
        container_id="c0ffee",
        build_id=5,
        build_number=4,
        commit_hash="a" * 40,
        started_at=LATER,
        health=Health.HEALTHY,
        deployment_id=6,
    )
    await store.set_slot(state)
    assert (await store.slots(project.id))[Slot.GREEN] == state
    emptied = SlotState(project.id, Slot.GREEN, port=9002)
    await store.set_slot(emptied)
    assert (await store.slots(project.id))[Slot.GREEN] == emptied
    await store.set_slot(replace(state, project_id=99))
    assert len(await store.all_slots()) == 2


async def test_a_setting_is_made_once_and_can_be_replaced(store):
    assert await store.setting("secret") is None
    assert await store.setting_or_create("secret", "one") == "one"
    assert await store.setting_or_create("secret", "two") == "one"
    await store.set_setting("secret", "three")
    assert await store.setting("secret") == "three"


async def test_the_first_answer_to_a_key_is_remembered_until_it_is_forgotten(store):
    first = RememberedAnswer("print", 202, '{"a": 1}', {"ETag": "x"})
    await store.remember("key", first, at=EARLY, forget_before="2026-01-01T00:00:00.000Z")
    await store.remember("key", replace(first, status=500), at=LATER, forget_before="2026-01-01T00:00:00.000Z")
    assert await store.remembered("key", since=EARLY) == first
    assert await store.remembered("key", since=LATER) is None
    await store.remember("key", replace(first, status=201), at=LATEST, forget_before=LATER)
    assert await store.remembered("key", since=EARLY) == replace(first, status=201)
    assert await store.remembered("other", since=EARLY) is None


async def test_text_that_utf8_cannot_hold_is_kept_with_question_marks(store):
    project = await a_project(store)
    build = await a_build(store, project, commit_message="half a \ud83d face", parameters={"a": "\ud83d"})
    assert build.commit_message == "half a ? face"
    assert new_build(project).commit_message == ""
