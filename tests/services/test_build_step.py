"""The project's command in a container of its own."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from lci_app.core import names
from lci_app.core.failures import READ_ONLY_SOURCE
from lci_app.core.model import Build, BuildStatus, Failure, FailureKind, Stream
from lci_app.interfaces import ContainerSpec, Refusal, Trouble
from tests.doubles.engine import Script
from tests.services.house import House


async def failure_of(house: House, **settings: Any) -> Failure:
    build = await house.build(await house.register(**settings))
    assert build.failure is not None
    assert build.failure.stage == "build"
    return build.failure


async def spec_of(house: House, **settings: Any) -> tuple[Build, ContainerSpec]:
    """Build once; returns the build and what its container was made of."""
    specs: list[ContainerSpec] = []

    def look(call: str) -> None:
        specs.extend(
            each.spec
            for each in house.world.containers.values()
            if each.spec.labels[names.LABEL_ROLE] == names.ROLE_BUILD and each.spec not in specs
        )

    house.world.scripts["make"] = Script()
    shop = await house.register(**settings)
    build = await house.order(shop)
    await house.until(build, lambda _: bool(house.world.containers))
    look("")
    for each in list(house.world.containers.values()):
        each.end(0)
    (spec,) = specs
    return await house.ended(build), spec


async def test_the_container_is_what_the_contract_says(house: House) -> None:
    build, spec = await spec_of(house, build_env={"CI": "no", "COLOUR": "red"}, build_memory="64m", build_cpus=2)
    assert (spec.name, spec.image, spec.working_directory) == (f"lci-build-{build.id}", "img", "/build")
    labels = names.labels(instance="ours", role="build", project_id=1, build_id=build.id)
    assert spec.labels == {**labels, "lci.log_line": "4"}
    mounts = {mount.container: (mount.host, mount.read_only) for mount in spec.mounts}
    checkout = house.workspace.path(names.checkout(1, build.id))
    assert mounts["/app"] == (checkout / "app", True)
    assert mounts["/build"] == (checkout / "build", False)
    assert mounts["/output"] == (house.workspace.path(names.output(build.id)), False)
    # What lci promises to set is not the project's to change.
    assert spec.environment["CI"] == "true"
    assert spec.environment["COLOUR"] == "red"
    assert spec.environment["LCI_COMMIT"] == "a" * 40
    assert (spec.memory, spec.cpus) == (64 * 1024**2, 2)


async def test_a_project_in_a_folder_starts_there(house: House) -> None:
    house.source.files["a" * 40] = {"api/main.py": ""}
    _, spec = await spec_of(house, working_directory="api")
    assert spec.working_directory == "/build/api"
    assert next(mount.host for mount in spec.mounts if mount.container == "/app").name == "api"


async def test_caches_are_where_the_package_managers_look(house: House) -> None:
    _, spec = await spec_of(house, cache_type=["npm", "pip"])
    mounts = {mount.container: mount.host for mount in spec.mounts}
    assert mounts["/root/.npm"] == house.workspace.path("cache/npm")
    assert mounts["/root/.cache/pip"] == house.workspace.path("cache/pip")


async def test_what_an_earlier_try_left_is_not_this_ones_output(house: House) -> None:
    left = house.workspace.path(names.output(1))
    left.mkdir(parents=True)
    (left / "old").touch()
    build = await house.build(await house.register())
    assert build.id == 1
    assert list(left.iterdir()) == []


async def test_memory_that_runs_out_is_told_with_its_limit(house: House) -> None:
    house.world.scripts["make"] = Script(exit_code=137, out_of_memory=True)
    failure = await failure_of(house, build_memory="64m")
    assert (failure.code, failure.exit_code) == ("OUT_OF_MEMORY", 137)
    assert "64m (build_memory)" in failure.message


async def test_the_failure_says_the_line_that_caused_it_and_not_the_last_one(house: House) -> None:
    output = [
        (Stream.STDOUT, b"src/cart.ts:\x1b[93m2\x1b[0m:\x1b[93m7\x1b[0m - \x1b[91merror\x1b[0m TS2322: No.\n"),
        (Stream.STDERR, b"npm error Lifecycle script `build` failed with error:\nnpm error code 2\n"),
    ]
    house.world.scripts["make"] = Script(output, exit_code=2)
    build = await house.build(await house.register())
    assert build.failure is not None
    assert build.failure.message == "The build command ended with exit code 2: src/cart.ts:2:7 - error TS2322: No."
    assert "TS2322" in house.log(build)[(build.failure.log_line or 0) - 1]


async def test_a_command_that_says_nothing_fails_with_its_exit_code_alone(house: House) -> None:
    house.world.scripts["make"] = Script(exit_code=3)
    assert (await failure_of(house)).message == "The build command ended with exit code 3."


async def test_a_write_into_the_source_is_told_with_the_way_out(house: House) -> None:
    output = [(Stream.STDERR, b"touch: /app/x: Read-only file system\n")]
    house.world.scripts["make"] = Script(output, exit_code=1)
    assert READ_ONLY_SOURCE in (await failure_of(house)).message


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Refusal("IMAGE_DENIED", "the registry says no"), FailureKind.BUILD),
        (Trouble("PULL_FAILED", "the registry does not answer"), FailureKind.INFRA),
    ],
    ids=["refusal", "trouble"],
)
async def test_an_image_that_cannot_be_had_is_whose_fault_it_is(
    house: House, error: Refusal | Trouble, kind: FailureKind
) -> None:
    house.world.registry["far/away:1"] = error
    failure = await failure_of(house, build_image="far/away:1")
    assert (failure.code, failure.kind) == (error.code, kind)


async def test_a_missing_image_is_pulled_with_its_progress_in_the_log(house: House) -> None:
    house.world.registry["far/away:1"] = "sha256:9"
    build = await house.build(await house.register(build_image="far/away:1"))
    assert build.status is BuildStatus.SUCCESS
    assert "Pulling far/away:1" in house.log(build)


async def test_a_container_that_somebody_removes_is_trouble(house: House) -> None:
    house.world.scripts["make"] = Script()
    shop = await house.register()
    build = await house.order(shop)
    await house.until(build, lambda _: bool(house.world.containers))
    for each in list(house.world.containers.values()):
        each.remove()
    house.world.scripts["make"] = Script(exit_code=0)
    ended = await house.ended(build)
    assert (ended.status, ended.infra_retries) == (BuildStatus.SUCCESS, 1)


async def test_the_first_script_that_the_commit_holds_is_run_instead_of_the_command(house: House) -> None:
    house.source.files["a" * 40] = {"api/ci/dev.sh": "exit 0", "api/ci/any.sh": "exit 0"}
    scripts = ["ci/prod.sh", "ci/dev.sh", "ci/any.sh"]
    house.world.scripts["./ci/dev.sh"] = Script()
    _, spec = await spec_of(house, working_directory="api", build_script=scripts, build_command="make")
    assert spec.command == ["./ci/dev.sh"]


async def test_scripts_of_which_the_commit_holds_none_are_named(house: House) -> None:
    failure = await failure_of(house, build_script=["ci/a.sh", "ci/b.sh"], build_command="")
    assert (failure.kind, failure.code) == (FailureKind.BUILD, "SCRIPT_MISSING")
    assert "ci/a.sh, ci/b.sh" in failure.message


async def test_a_command_of_the_repositorys_file_wins_over_a_stored_script(house: House) -> None:
    house.source.files["a" * 40] = {".lci.toml": '[build]\ncommand = "make"\n', "ci/a.sh": ""}
    _, spec = await spec_of(house, build_script=["ci/a.sh"], build_command="")
    assert spec.command == ["make"]


async def test_only_for_an_image_that_does_not_run_as_root_every_user_is_let_into_the_copy(house: House) -> None:
    shop = await house.register()
    await house.build(shop)
    assert house.workspace.opened == []
    house.world.users["img"] = "node:node"
    build = await house.build(shop)
    assert house.workspace.opened == [f"{names.checkout(shop.id, build.id)}/build"]


async def test_what_a_build_left_running_while_the_engine_was_away_is_gone_before_the_build_is_final(
    house: House,
) -> None:
    shop = await house.register(build_command="hang")
    build = await house.order(shop)
    container = await house.container(build)
    house.world.down = True
    await house.scheduler.cancel(build.id)
    await trio.sleep(1)
    # As after an engine that could not be told to remove it.
    house.world.containers[container.id], container.removed = container, False
    await trio.sleep(600)
    now = await house.store.build(build.id)
    assert now is not None
    assert (now.finished_at, container.removed) == (None, False)
    house.world.down = False
    assert (await house.ended(build)).status is BuildStatus.CANCELLED
    assert container.removed


async def test_where_lci_is_not_root_it_takes_over_what_a_build_has_written(house: House) -> None:
    house.builder.step.owner = (1000, 100)
    shop = await house.register(cache_type="npm")
    taken: list[ContainerSpec] = []

    def look(call: str) -> None:
        taken.extend(
            each.spec for each in house.world.containers.values() if each.name.endswith("-owner") and not taken
        )
        for each in house.world.containers.values():
            if each.name.endswith("-owner") and each.running:
                each.end(0)

    house.faults.always = look
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_keep_looking, look, nursery.cancel_scope)
        assert (await house.build(shop)).status is BuildStatus.SUCCESS
        nursery.cancel_scope.cancel()
    (spec,) = taken
    assert spec.user == "0:0"
    assert spec.entrypoint is not None
    # Not the shared cache, which others are using, and not what was never writable.
    assert spec.entrypoint[-1] == "chown -R -h 1000:100 /build /output"
    assert [mount.container for mount in spec.mounts] == ["/build", "/output"]


async def _keep_looking(look: Any, scope: trio.CancelScope) -> None:
    while not scope.cancel_called:
        look("")
        await trio.sleep(0.1)
