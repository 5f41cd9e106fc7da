"""What the engine's errors mean: the one table from its words to `Trouble` and `Refusal`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import requests
import urllib3
from docker.errors import APIError, DockerException

from lci_app.core.codes import OutsideCode
from lci_app.core.registries import registry_of
from lci_app.interfaces import OutsideError, Refusal, Trouble

UNAVAILABLE: Final = "DOCKER_UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class _Rule:
    """Words of the engine, and what is said instead; `{words}` and the pattern's groups are filled in."""

    pattern: re.Pattern[str]
    kind: type[OutsideError]
    code: OutsideCode
    sentence: str


def _rule(pattern: str, kind: type[OutsideError], code: OutsideCode, sentence: str) -> _Rule:
    return _Rule(re.compile(pattern, re.IGNORECASE | re.DOTALL), kind, code, sentence)


# The first that fits holds.
_CALL_RULES: Final = (
    _rule(
        r"(?:Bind for|listen tcp4?) [\d.]+:(?P<port>\d+).*(?:already allocated|already in use)",
        Trouble,
        "PORT_TAKEN",
        "port {port} on 127.0.0.1 is taken by another program or container",
    ),
    _rule(
        r"docker-init\W+executable file not found",
        Trouble,
        "DOCKER_ERROR",
        "the Docker engine lacks docker-init (Debian's package tini)",
    ),
    _rule(
        r'exec: \\*"(?P<program>[^"\\]+)\\*": (?P<why>executable file not found|.*no such file|permission denied)',
        Refusal,
        "COMMAND_NOT_FOUND",
        "the image cannot run {program!r}: {why}",
    ),
    _rule(r"invalid reference format", Refusal, "IMAGE_NOT_FOUND", "this is no name of an image: {words}"),
    _rule(r"no such image:? *(?P<image>.*)", Refusal, "IMAGE_NOT_FOUND", "the engine does not hold the image {image}"),
    _rule(
        r"bind source path does not exist",
        Trouble,
        "MOUNT_MISSING",
        "a directory to be mounted is not there: {words}",
    ),
    _rule(r"no space left on device", Trouble, "DISK_FULL", "the engine's disk is full: {words}"),
)

# How registries and the engine's own network say no. Trouble of the network comes first: its words hold others'.
_PULL_RULES: Final = (
    _rule(
        r"dial tcp|no such host|time-?out|connection re|tls:|x509|unexpected EOF|toomanyrequests|server error|no space",
        Trouble,
        "PULL_FAILED",
        "the image {image} could not be pulled: {words}",
    ),
    _rule(
        r"repository does not exist|manifest unknown|no matching manifest|invalid reference format|not found",
        Refusal,
        "IMAGE_NOT_FOUND",
        "the image {image} is not there to be pulled: {words}",
    ),
    _rule(
        r"unauthorized|denied|authentication required|no basic auth|forbidden",
        Refusal,
        "IMAGE_DENIED",
        "the registry does not give out the image {image}: {words} (`lci registry set {registry}` stores a login)",
    ),
    _rule(r"", Trouble, "PULL_FAILED", "the image {image} could not be pulled: {words}"),
)


def pull_error(image: str, words: str) -> OutsideError:
    """Return what a failed pull means, whether the registry's words came as an answer or inside the stream."""
    rule = next(rule for rule in _PULL_RULES if rule.pattern.search(words))
    return rule.kind(rule.code, rule.sentence.format(image=image, words=words, registry=registry_of(image)))


@contextmanager
def mapped(where: str, doing: str) -> Iterator[None]:
    """Turn what the SDK raises while the engine at `where` is asked for `doing` into Trouble or Refusal."""
    try:
        yield
    except APIError as error:
        raise _from_answer(error, doing) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise Trouble(UNAVAILABLE, f"no Docker engine answers at {where}: {_reason(error)}") from error
    except (DockerException, LookupError, TypeError, ValueError, AttributeError) as error:
        message = f"what answers at {where} is no Docker engine that lci understands (asked to {doing}): {error!r}"
        raise Trouble(UNAVAILABLE, message) from error


def words_of(error: APIError) -> str:
    return str(error.explanation or error)


def _from_answer(error: APIError, doing: str) -> OutsideError:
    words = words_of(error)
    for rule in _CALL_RULES:
        match = rule.pattern.search(words)
        if match is not None:
            return rule.kind(rule.code, rule.sentence.format(words=words, **match.groupdict()))
    if error.status_code == 400:
        return Refusal("CONTAINER_REFUSED", f"the Docker engine refuses to {doing}: {words}")
    return Trouble("DOCKER_ERROR", f"the Docker engine could not {doing}: {words}")


def _reason(error: BaseException) -> str:
    """Return a few words for people out of the layers that HTTP libraries wrap round an error of the socket."""
    layers = [error]
    while inner := layers[-1].__cause__ or layers[-1].__context__:
        layers.append(inner)
    for layer in layers:
        if isinstance(layer, OSError) and layer.errno:
            hint = " (is this user in the group docker?)" if isinstance(layer, PermissionError) else ""
            return os.strerror(layer.errno).lower() + hint
    if any(isinstance(layer, TimeoutError | requests.Timeout) for layer in layers):
        return "no answer in time"
    return "the connection broke off"
