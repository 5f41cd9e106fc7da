from __future__ import annotations

import docker.errors
import pytest
import requests

from lci_app.adapters.docker.errors import mapped
from lci_app.interfaces import OutsideError, Refusal, Trouble

WHERE = "unix:///engine.sock"


def said(words: str, status: int) -> docker.errors.APIError:
    answer = requests.Response()
    answer.status_code = status
    return docker.errors.APIError("said", response=answer, explanation=words)


@pytest.mark.parametrize(
    ("words", "status", "kind", "code"),
    [
        (
            "driver failed programming external connectivity on endpoint x (1f): "
            "Bind for 127.0.0.1:9001 failed: port is already allocated",
            500,
            Trouble,
            "PORT_TAKEN",
        ),
        (
            "driver failed programming external connectivity on endpoint x (1f): Error starting userland proxy: "
            "listen tcp4 127.0.0.1:9001: bind: address already in use",
            500,
            Trouble,
            "PORT_TAKEN",
        ),
        (
            'OCI runtime create failed: runc create failed: unable to start container process: exec: "make": '
            "executable file not found in $PATH: unknown",
            400,
            Refusal,
            "COMMAND_NOT_FOUND",
        ),
        (
            'OCI runtime create failed: unable to start container process: exec: "/app/run": permission denied',
            400,
            Refusal,
            "COMMAND_NOT_FOUND",
        ),
        (
            'OCI runtime create failed: exec: "docker-init": executable file not found in $PATH',
            400,
            Trouble,
            "DOCKER_ERROR",
        ),
        ("No such image: shop:1", 404, Refusal, "IMAGE_NOT_FOUND"),
        (
            'invalid mount config for type "bind": bind source path does not exist: /data/output/7',
            400,
            Trouble,
            "MOUNT_MISSING",
        ),
        ("mkdir /var/lib/docker/overlay2/x: no space left on device", 500, Trouble, "DISK_FULL"),
        ("Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available", 400, Refusal, "CONTAINER_REFUSED"),
        ("driver failed to remove root filesystem: device or resource busy", 500, Trouble, "DOCKER_ERROR"),
    ],
)
def test_the_words_of_the_engine_are_told_apart(words: str, status: int, kind: type[OutsideError], code: str) -> None:
    with pytest.raises(OutsideError) as caught, mapped(WHERE, "start a container"):
        raise said(words, status)
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert caught.value.__cause__ is not None


def test_a_port_that_is_taken_is_named() -> None:
    with pytest.raises(Trouble, match=r"port 9001 on 127\.0\.0\.1 is taken"), mapped(WHERE, "start a container"):
        raise said("Bind for 127.0.0.1:9001 failed: port is already allocated", 500)


def test_a_socket_that_may_not_be_opened_says_what_helps() -> None:
    with pytest.raises(Trouble, match=r"permission denied.*group docker"), mapped(WHERE, "start a container"):
        raise requests.ConnectionError from PermissionError(13, "Permission denied")
