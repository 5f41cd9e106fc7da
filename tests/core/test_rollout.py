"""Every path of a rollout, without time and without Docker."""

from __future__ import annotations

import pytest

from lci_app.core.model import HealthAttempt
from lci_app.core.rollout import (
    Answer,
    CleanSlot,
    Command,
    CommitSwitch,
    Committed,
    Down,
    Ending,
    HealthRule,
    Live,
    LookAtCandidate,
    NotHealthy,
    Overruled,
    Probe,
    Probed,
    StartCandidate,
    SwitchTraffic,
    Up,
    Wait,
    Withdrawn,
    rollout,
)
from tests.makers import NOW

RULE = HealthRule("/health", interval=5, retries=3)
NOTHING: Answer = None


def _probed(attempt: int, *, ok: bool, since_start: float = 0.0) -> Probed:
    status = 200 if ok else 503
    return Probed(HealthAttempt(attempt, NOW, "http://x/", ok, status, None, 1.0), since_start)


def walk(rule: HealthRule, *dialogue: tuple[Command, Answer]) -> Ending:
    """Play the driver: each command must come as said, and gets its answer; returns how the rollout ends."""
    machine = rollout(rule)
    answer: Answer = None
    try:
        for expected, reply in dialogue:
            assert machine.send(answer) == expected
            answer = reply
        surplus = machine.send(answer)
    except StopIteration as stop:
        ending: Ending = stop.value
        return ending
    raise AssertionError(f"the rollout goes on with {surplus}")


STARTED: tuple[tuple[Command, Answer], ...] = ((CleanSlot(), NOTHING), (StartCandidate(), NOTHING))


def test_a_healthy_version_is_committed_before_it_gets_the_traffic() -> None:
    ending = walk(
        RULE,
        *STARTED,
        (LookAtCandidate(), Up()),
        (Probe(1), _probed(1, ok=True)),
        (LookAtCandidate(), Up()),
        (CommitSwitch(), Committed()),
        (SwitchTraffic(), NOTHING),
    )
    assert ending == Live()


def test_a_version_that_never_answers_is_given_up_after_its_retries() -> None:
    ending = walk(
        RULE,
        *STARTED,
        (LookAtCandidate(), Up()),
        (Probe(1), _probed(1, ok=False)),
        (Wait(5), NOTHING),
        (LookAtCandidate(), Up()),
        (Probe(2), _probed(2, ok=False)),
        (Wait(5), NOTHING),
        (LookAtCandidate(), Up()),
        (Probe(3), _probed(3, ok=False)),
    )
    assert isinstance(ending, NotHealthy)
    assert ending.code == "HEALTH_CHECK_FAILED"
    assert "HTTP 503" in ending.reason


def test_failures_within_the_start_period_do_not_count() -> None:
    rule = HealthRule("/", interval=1, retries=1, start_period=10)
    ending = walk(
        rule,
        *STARTED,
        (LookAtCandidate(), Up()),
        (Probe(1), _probed(1, ok=False, since_start=3)),
        (Wait(1), NOTHING),
        (LookAtCandidate(), Up()),
        (Probe(2), _probed(2, ok=False, since_start=10)),
    )
    assert isinstance(ending, NotHealthy)


@pytest.mark.parametrize(
    ("down", "code"),
    [(Down(3, out_of_memory=False), "CONTAINER_EXITED"), (Down(137, out_of_memory=True), "OUT_OF_MEMORY")],
)
def test_a_version_that_ends_is_not_asked_again(down: Down, code: str) -> None:
    ending = walk(RULE, *STARTED, (LookAtCandidate(), down))
    assert isinstance(ending, NotHealthy)
    assert (ending.code, ending.exit_code) == (code, down.exit_code)


def test_a_version_that_dies_of_its_first_request_gets_no_traffic() -> None:
    ending = walk(
        RULE,
        *STARTED,
        (LookAtCandidate(), Up()),
        (Probe(1), _probed(1, ok=True)),
        (LookAtCandidate(), Down(1, out_of_memory=False)),
    )
    assert isinstance(ending, NotHealthy)


def test_a_cancellation_before_the_commit_withdraws_it() -> None:
    ending = walk(
        RULE,
        *STARTED,
        (LookAtCandidate(), Up()),
        (Probe(1), _probed(1, ok=True)),
        (LookAtCandidate(), Up()),
        (CommitSwitch(), Overruled()),
    )
    assert ending == Withdrawn()


def test_without_a_health_check_it_has_to_stay_up_for_three_intervals() -> None:
    rule = HealthRule("", interval=2, retries=10)
    waits: list[tuple[Command, Answer]] = [(Wait(2), NOTHING), (LookAtCandidate(), Up())] * 3
    ending = walk(
        rule,
        *STARTED,
        *waits,
        (LookAtCandidate(), Up()),
        (CommitSwitch(), Committed()),
        (SwitchTraffic(), NOTHING),
    )
    assert ending == Live()


def test_without_a_health_check_one_that_ends_is_given_up() -> None:
    rule = HealthRule("", interval=2, retries=10)
    ending = walk(rule, *STARTED, (Wait(2), NOTHING), (LookAtCandidate(), Down(0, out_of_memory=False)))
    assert isinstance(ending, NotHealthy)
